/** `signet inspect`: describe the kind of some bytes, and their contents. Secrets are named and not shown. */
import { DEATHS, type RECORDS } from "../facts/device.ts";
import { FLOWS } from "./device.ts";
import { readFileSync, statSync } from "node:fs";
import { parseEvent } from "../emulator/qemu.ts";
import { readKey } from "../server/verify.ts";
import { Trouble } from "../trouble.ts";
import { equal, fromHex, hex } from "../wire/bytes.ts";
import { CborError, decode } from "../wire/cbor.ts";
import * as ed25519 from "../wire/ed25519.ts";
import * as factory from "../wire/factory.ts";
import { hash, id } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import * as outage from "../wire/outage.ts";
import { Malformed, openFirst, verify, type Kind, type Sign1 } from "../wire/sign1.ts";
import * as store from "../wire/store.ts";
import { PREFIX } from "../wire/topics.ts";
import * as certificate from "./certificate.ts";
import { inWords } from "./events.ts";

/** The largest thing there is: the memory of an emulated board, of which the store is the beginning. */
export const INPUT_MAX = 64 * 1024 * 1024;
/** More than any chip's store. */
const STORE_MAX = 4 * 1024 * 1024;
const TEXT_MAX = 1024 * 1024;
const MESSAGES_MAX = 1000;
/** The displayed value of one field. */
const FIELD_MAX = 200;

const SIGN1 = 0xd2;
const CLAIM_LEAST = 16;
const CLAIM_MOST = 32;

/** A line: a name, and its value. */
type Line = readonly [name: string, value: string];

/** Nothing that could command a terminal, and not too much of it. */
function safe(text: string): string {
  const clean = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
  return clean.length > FIELD_MAX ? `${clean.slice(0, FIELD_MAX)}… (${clean.length} characters)` : clean;
}

function bytesShown(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  const isText = bytes.length > 0 && /^[\x20-\x7e]*$/.test(text);
  const shown = hex(bytes.subarray(0, FIELD_MAX / 2)) + (bytes.length > FIELD_MAX / 2 ? "…" : "");
  return isText ? `${shown} "${safe(text)}"` : shown || "(empty)";
}

function value(field: unknown): string {
  if (field instanceof Uint8Array) return bytesShown(field);
  if (typeof field === "object" && field !== null) {
    return Object.entries(field)
      .map(([name, part]) => `${name} ${value(part)}`)
      .join(", ");
  }
  return safe(String(field));
}

/** The claims of a message, by its kind. */
// prettier-ignore
const READERS: Record<Kind, (message: Sign1) => object> = {
  enrol: messages.readEnrol, enrolled: messages.readEnrolled, report: messages.readReport,
  receipt: messages.readReceipt, refusal: messages.readRefusal, downlink: messages.readDownlink,
  handover: messages.readHandover,
  access: messages.readAccess,
};

/** The verdict on a signature: an enrolment carries its key; for others the user may give one. */
function signature(message: Sign1, claims: object, given: Uint8Array | undefined): string {
  const own = message.kind === "enrol" ? (claims as messages.Enrol).key : undefined;
  const key = given ?? own;
  if (key === undefined) return "not checked: give --key";
  if (!equal(id(key), message.kid)) return "WRONG: this is not the signer's key";
  const imported = ed25519.importKey(key);
  if (imported === undefined || !verify(message, imported)) return "WRONG: the signature does not verify with this key";
  return given ? "valid, by the given key" : "valid, by the key in the message";
}

const SECONDS: ReadonlySet<string> = new Set(["issuedAt", "expires"]);

function claimLine([name, field]: [string, unknown]): Line {
  if (name === "claim" && field instanceof Uint8Array)
    return [name, `${field.length} bytes, not printed: a secret until it is used`];
  if (name === "reason" && typeof field === "number")
    return [name, `${field} (${messages.reasonName(field) ?? "unknown"})`];
  if (SECONDS.has(name) && typeof field === "number" && field < 8_640_000_000_000)
    return [name, `${field} (${new Date(field * 1000).toISOString()})`];
  if (name === "epitaph" && field instanceof Uint8Array) return [name, epitaph(field)];
  if (name === "outage" && typeof field === "number") return [name, `${field} (${outage.inWords(outage.read(field))})`];
  return [name, value(field)];
}

function message(found: Sign1, key: Uint8Array | undefined): Line[] {
  const claims = READERS[found.kind](found);
  const fields = Object.entries(claims).filter(([, field]) => field !== undefined);
  return [
    ["what", `${found.kind}, signed: ${found.bytes.length} bytes`],
    ["signer", hex(found.kid)],
    ["signature", signature(found, claims, key)],
    ["hash", hex(hash(found.bytes))],
    ...fields.map(claimLine),
  ];
}

/** One message, or several one after the other. */
function signed(bytes: Uint8Array, key: Uint8Array | undefined): Line[][] {
  const out: Line[][] = [];
  for (let at = 0; at < bytes.length;) {
    if (out.length === MESSAGES_MAX) throw new Trouble(`more than ${MESSAGES_MAX} messages`, "give fewer at a time");
    const { message: found, end } = openFirst(bytes, at);
    out.push(message(found, key));
    at = end;
  }
  return out;
}

/** The cause of a device's end, in its own words. */
function epitaph(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  const death = /^die (?:0x)?0*([0-9a-f]+)$/.exec(text)?.[1];
  const why = Object.values(DEATHS).find(([number]) => number === parseInt(death ?? "", 16))?.[1];
  return `"${safe(text)}"${why ? `: ${why.charAt(0).toLowerCase()}${why.slice(1, -1)}` : ""}`;
}

function chain(list: Uint8Array): string {
  return safe(certificate.subjects(list)?.join("; ") ?? `${list.length} bytes that are no chain of certificates`);
}

function settings(page: Uint8Array): Line[] {
  const told = factory.read(page);
  const keys = (all: readonly Uint8Array[] | undefined): string => all?.map(hex).join(" ") ?? "none";
  const hidden = (secret: Uint8Array | string | undefined): string =>
    secret === undefined ? "none" : `${Buffer.byteLength(secret)} bytes, not shown`;
  return [
    ["what", "factory page"],
    ["module", told.link],
    ["server", `${safe(told.host)}:${told.port}, audience ${safe(told.audience)}`],
    ["server keys", keys(told.serverKeys)],
    ["TLS keys", keys(told.tlsKeys)],
    ["TLS roots", keys(told.tlsRoots)],
    ["network", told.ssid === undefined ? "none" : `${safe(told.ssid)}, secret: ${hidden(told.networkSecret)}`],
    ["access point", told.apn === undefined ? "none" : `${safe(told.apn)}, password: ${hidden(told.apnPassword)}`],
    ["PIN", hidden(told.pin)],
    ["commands for the module", told.commands?.map(safe).join("; ") ?? "none"],
    [
      "baud rate of the module",
      `${told.baud ?? "the board's"}${told.flow ? `, flow control: ${FLOWS[told.flow - 1] ?? ""}` : ""}`,
    ],
    [
      "broker",
      `${told.mqttUser ?? "no user"}, password: ${hidden(told.mqttPassword)}, prefix ${safe(told.mqttPrefix ?? PREFIX)}`,
    ],
    ["claim", told.claim ? `${hidden(told.claim)}; its hash is ${hex(hash(told.claim))}` : "none"],
    ["seed", hidden(told.seed)],
    ["certificate", told.certificate ? chain(told.certificate) : "none"],
    ["report each", `${told.reportIntervalMs} ms`],
  ];
}

function hiddenKey(seed: Uint8Array): string {
  const { publicKey } = ed25519.fromSeed(seed);
  return `secret, not shown; public key ${hex(publicKey)}, id ${hex(id(publicKey))}`;
}

/** The kinds of record that hold no secret. Any other may be one, also of a later firmware. */
const PUBLIC: ReadonlySet<string> = new Set<keyof typeof RECORDS>([
  "counter",
  "boots",
  "faults",
  "command",
  "time",
  "epitaph",
  "session",
  "damaged",
]);

/** A record, as far as it may be shown. */
function record(name: string, data: Uint8Array): string {
  const isKey = name === "key" || name === "former";
  if (isKey && data.length >= ed25519.SEED_BYTES) return hiddenKey(data.subarray(0, ed25519.SEED_BYTES));
  if (name === "successor" && data.length > ed25519.SEED_BYTES)
    return `${hiddenKey(data.subarray(0, ed25519.SEED_BYTES))}; handover of ${data.length - ed25519.SEED_BYTES} bytes`;
  if (!PUBLIC.has(name)) return `${data.length} bytes, not shown`;
  if (name === "command" && data.length === 4 + messages.ACK_HASH_BYTES)
    return `${record(name, data.subarray(0, 4))}, its hash begins with ${hex(data.subarray(4))}`;
  if (data.length !== 4) return bytesShown(data);
  const number = new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true);
  return name === "time" ? `${number} (${new Date(number * 1000).toISOString()})` : String(number);
}

const RESTS: Readonly<Record<store.StoreDump["state"], string>> = {
  empty: "empty: it was never used",
  "no key yet": "no key yet",
  "in use": "whole",
  "identity lost": "LOST: the pages were written, but no copy of the key can be read",
  "later version": "unknown: a later version wrote it",
};

function dump(bytes: Uint8Array, pageBytes: number): Line[][] {
  const { factoryPage, pages, pair, live, damaged, state } = store.read(bytes, pageBytes);
  const [newest] = pair;
  const lines: Line[] = [
    ["what", `store of a device, pages of ${pageBytes} bytes`],
    [
      "in use",
      newest
        ? `page ${pair.map(({ index }) => index).join(" and ")}, version ${newest.version}, number ${newest.number}`
        : "none",
    ],
    [
      "older",
      pages
        .filter((page) => !pair.includes(page))
        .slice(0, 32)
        .map(({ index, number }) => `page ${index} (${number})`)
        .join(", ") || "none",
    ],
    ["identity", RESTS[state]],
    ["damaged", damaged === 0 ? "nothing" : `${damaged} places`],
    ["records", String(newest?.records.length ?? 0)],
    ...[...live].map(([name, data]): Line => [name, record(name, data)]),
  ];
  const blank = factoryPage.every((byte) => byte === 0xff);
  return blank
    ? [[["what", "factory page, erased"]], lines]
    : [attempt(() => settings(factoryPage), "factory page"), lines];
}

/** Something inside something: that it cannot be read hides nothing else. */
function attempt(task: () => Line[], what: string): Line[] {
  try {
    return task();
  } catch (error) {
    return [["what", `${what}, unreadable: ${safe((error as Error).message)}`]];
  }
}

/** Decode unsigned CBOR, if it is a known kind. */
function unsigned(bytes: Uint8Array): Line[] | undefined {
  try {
    const item = decode(bytes);
    if (item instanceof Uint8Array && item.length >= 8 && item.length <= 64)
      return [
        ["what", "nonce of a server"],
        ["nonce", hex(item)],
      ];
    const reason = messages.readUnsignedRefusal(bytes);
    return [["what", "refusal, not signed"], claimLine(["reason", reason])];
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed) return undefined;
    throw error;
  }
}

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.subarray(0, text.length)).equals(Buffer.from(text));

/** Describe bytes. Throw Trouble if they are of no known kind. */
export function inspect(bytes: Uint8Array, key?: Uint8Array): Line[][] {
  if (bytes.length === 0) throw new Trouble("the input is empty", "give a file, hexadecimal, or - for standard input");
  try {
    if (bytes[0] === SIGN1) return signed(bytes, key);
    const begin = bytes.subarray(0, STORE_MAX);
    const pageBytes = store.pageBytesOf(begin);
    if (pageBytes !== undefined) return dump(begin, pageBytes);
    if (startsWith(bytes, "SGNT")) return [settings(begin)];
    const plain = unsigned(bytes);
    if (plain) return [plain];
    const text = Buffer.from(bytes.subarray(0, TEXT_MAX)).toString("latin1").trim();
    if (bytes.length <= 64 && /^(fault|die|trap|stack|reset|watchdog|brown-out|lockup|irq)\b[\x20-\x7e]*$/.test(text))
      return [
        [
          ["what", "epitaph"],
          ["it says", epitaph(Buffer.from(text, "latin1"))],
        ],
      ];
    if (bytes.length >= CLAIM_LEAST && bytes.length <= CLAIM_MOST) return [shapeless(bytes)];
  } catch (error) {
    if (error instanceof Malformed || error instanceof RangeError || error instanceof CborError)
      throw new Trouble(safe(error.message), "the start has a known format; the rest is damaged or truncated");
    throw error;
  }
  throw new Trouble(
    `${bytes.length} bytes of no known format`,
    "known formats: messages, factory pages, store dumps, claims, epitaphs and console lines",
  );
}

/** Bytes without a form: a claim has none. */
function shapeless(bytes: Uint8Array): Line[] {
  return [
    ["what", `${bytes.length} bytes without a format: maybe a claim`],
    ["hash", `${hex(hash(bytes))}: the hash that the server stores for this claim`],
  ];
}

/** Describe a text: hexadecimal, rows of an export, or lines of a console. */
function inspectText(text: string, key: Uint8Array | undefined): Line[][] {
  const plain = text.replace(/\s/g, "");
  const direct = fromHex(plain);
  if (direct && direct.length > 0) return inspect(direct, key);
  const out: Line[][] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    if (out.length >= MESSAGES_MAX) throw new Trouble(`more than ${MESSAGES_MAX} lines`, "give fewer at a time");
    const event = parseEvent(line.trim());
    if (event) {
      const isEpitaph = event.name === "epitaph";
      out.push([
        ["what", `console: ${event.name}`],
        ["it says", isEpitaph ? epitaph(event.data) : (inWords(event) ?? bytesShown(event.data))],
      ]);
    } else if (line.startsWith("{")) out.push(...inspect(fromRow(line), key));
    else return inspect(Buffer.from(text, "latin1"), key);
  }
  return out;
}

function fromRow(line: string): Uint8Array {
  try {
    const { message: text } = JSON.parse(line) as { message?: unknown };
    const bytes = typeof text === "string" ? fromHex(text) : undefined;
    if (bytes) return bytes;
  } catch {
    // Told below.
  }
  throw new Trouble("a row without a message", "give rows of a server's export");
}

/** Decode an input in any of its forms. */
export function inspectInput(content: Uint8Array, key?: Uint8Array): Line[][] {
  const isText =
    content.length <= TEXT_MAX && content.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return isText && content.length > 0
    ? inspectText(Buffer.from(content).toString("latin1"), key)
    : inspect(content, key);
}

/** Read a file, `-`, or hexadecimal on the command line. */
function input(what: string): Uint8Array {
  if (what === "-") return readFileSync(0);
  const direct = /^([0-9a-fA-F]{2})+$/.test(what) ? fromHex(what) : undefined;
  if (direct) return direct;
  if (statSync(what).size > INPUT_MAX)
    throw new Trouble(`${what} has more than ${INPUT_MAX} bytes`, "give only the relevant part");
  return readFileSync(what);
}

/** The command: print every line. `cut` takes the store out of a dump. */
export function run(what: string, keyText: string | undefined, cut = (dump: Uint8Array): Uint8Array => dump): void {
  const found = inspectInput(cut(input(what)), keyText === undefined ? undefined : readKey(keyText));
  for (const [i, lines] of found.entries()) {
    if (i > 0) process.stdout.write("\n");
    for (const [name, said] of lines) process.stdout.write(`${name.padEnd(12)} ${said}\n`);
  }
}
