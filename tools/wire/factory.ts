/** The factory page: the settings of one device, in page 0 of its storage. */
import { FACTORY, PAGE_LIMITS } from "../facts/device.ts";
import { FAMILIES, ROWS } from "../facts/family.ts";
import { numbers } from "../facts/table.ts";
import { concat } from "./bytes.ts";
import { decode, encode, type Key, type Value } from "./cbor.ts";
import { checksum } from "./crc32c.ts";
import { isChannel, isPrefix } from "./topics.ts";

const MAGIC = Uint8Array.from(Buffer.from("SGNT", "ascii"));
const ENVELOPE_BYTES = 12;

export const LINKS = ROWS.map(([name]) => name);

export interface Factory {
  readonly link: (typeof LINKS)[number];
  readonly host: string;
  readonly port: number;
  readonly audience: string;
  /** One or two Ed25519 public keys of the server: the second for the time of a change. */
  readonly serverKeys: readonly Uint8Array[];
  readonly ssid?: string | undefined;
  readonly networkSecret?: string | undefined;
  readonly claim?: Uint8Array | undefined;
  /** 48 bytes of entropy for boards that have no source of their own. */
  readonly seed?: Uint8Array | undefined;
  readonly reportIntervalMs: number;
  /** One or two Ed25519 public keys that the server may have in TLS: then the device speaks nothing else. */
  readonly tlsKeys?: readonly Uint8Array[] | undefined;
  /** One or two Ed25519 public keys that may end the chain of certificates it shows in TLS. */
  readonly tlsRoots?: readonly Uint8Array[] | undefined;
  /** The access point of a mobile network, what it asks for, and the PIN of the SIM: for images with a driver for one. */
  readonly apn?: string | undefined;
  readonly apnUser?: string | undefined;
  readonly apnPassword?: string | undefined;
  readonly pin?: string | undefined;
  /** The beginning of topics at a broker of MQTT, `signet` without it, and the account there: for images of that road. */
  readonly mqttPrefix?: string | undefined;
  readonly mqttUser?: string | undefined;
  readonly mqttPassword?: string | undefined;
  /** Further commands for a module in a mobile network, without `AT`. */
  readonly commands?: readonly string[] | undefined;
  /** The certificate_list of TLS for the device's key on P-256: for images that have one. */
  readonly certificate?: Uint8Array | undefined;
  /** The baud rate for the UART of the module, and its lines for flow control (1 RTS, 2 CTS, 3 both): for images with the choice `baud`. */
  readonly baud?: number | undefined;
  readonly flow?: number | undefined;
}

const [CHAIN_MOST] = PAGE_LIMITS.CHAIN_MOST;

function check(condition: boolean, what: string): void {
  if (!condition) throw new RangeError(`factory page: ${what}`);
}

function checkText(value: string | undefined, least: number, most: number, what: string): void {
  if (value === undefined) return;
  const bytes = Buffer.byteLength(value);
  check(bytes >= least && bytes <= most, `${what} has ${least} to ${most} bytes`);
}

function checkAll(factory: Factory): void {
  check(LINKS.includes(factory.link), `link is one of ${LINKS.join(", ")}`);
  // 64 bytes is what ESP-AT takes as a host, 32 and 64 are the limits of an SSID and of a WPA pass phrase.
  checkText(factory.host, 1, 64, "host");
  checkText(factory.audience, 1, 64, "audience");
  checkText(factory.ssid, 1, 32, "ssid");
  checkText(factory.networkSecret, 0, 64, "network secret");
  checkText(factory.apn, 1, 63, "apn");
  checkText(factory.apnUser, 1, 64, "apn user");
  checkText(factory.apnPassword, 1, 64, "apn password");
  for (const text of [factory.apn, factory.apnUser, factory.apnPassword])
    check(text === undefined || /^[ !#-~]*$/.test(text), "apn, user and password are printable ASCII without quotes");
  checkText(factory.mqttPrefix, 1, 64, "mqtt prefix");
  checkText(factory.mqttPassword, 1, 64, "mqtt password");
  check(factory.mqttPrefix === undefined || isPrefix(factory.mqttPrefix), "mqtt prefix is the beginning of a topic");
  check(factory.mqttUser === undefined || isChannel(factory.mqttUser), "mqtt user is 1 to 64 of A-Z a-z 0-9 _ . -");
  check(factory.mqttPassword === undefined || factory.mqttUser !== undefined, "mqtt password has a user");
  checkText(factory.commands?.join("\n"), 1, 128, "the commands for the module together");
  for (const command of factory.commands ?? [])
    check(/^[!-~][ -~]*$/.test(command), "a command for the module is printable ASCII, without AT");
  const { baud, flow } = factory;
  check(baud === undefined || (Number.isInteger(baud) && baud >= 300 && baud <= 5_000_000), "baud is 300 to 5000000");
  check(flow === undefined || (baud !== undefined && [0, 1, 2, 3].includes(flow)), "flow is 0 to 3, and has a baud");
  check(factory.pin === undefined || /^\d{4,8}$/.test(factory.pin), "pin has 4 to 8 digits");
  check(Number.isInteger(factory.port) && factory.port > 0 && factory.port < 65536, "port is 1 to 65535");
  check(factory.serverKeys.length === 1 || factory.serverKeys.length === 2, "one or two server keys");
  check(
    factory.serverKeys.every((key) => key.length === 32),
    "a server key has 32 bytes",
  );
  for (const keys of [factory.tlsKeys, factory.tlsRoots]) {
    check(keys === undefined || keys.length === 1 || keys.length === 2, "one or two TLS keys, and TLS roots");
    check(keys?.every((key) => key.length === 32) ?? true, "a TLS key has 32 bytes");
  }
  if (factory.claim) check(factory.claim.length >= 16 && factory.claim.length <= 32, "claim has 16 to 32 bytes");
  if (factory.seed) check(factory.seed.length === 48, "seed has 48 bytes");
  if (factory.certificate) {
    const { length } = factory.certificate;
    check(length >= 1 && length <= CHAIN_MOST, `certificate has 1 to ${CHAIN_MOST} bytes`);
  }
  check(
    Number.isInteger(factory.reportIntervalMs) && factory.reportIntervalMs > 0 && factory.reportIntervalMs < 2 ** 31,
    "report interval is 1 to 2^31 - 1 ms",
  );
}

const isText = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";
const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
const areKeys = (value: unknown): boolean => Array.isArray(value) && value.every(isBytes);
const maybe =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value);

const KEY = numbers(FACTORY);

/** The fields in the order of their keys, and the types of their values; `checkAll` has the bounds. */
const FIELDS: readonly (readonly [name: keyof Factory, key: number, isRight: (value: unknown) => boolean])[] = [
  ["link", KEY.link, isNumber],
  ["host", KEY.host, isText],
  ["port", KEY.port, isNumber],
  ["audience", KEY.audience, isText],
  ["serverKeys", KEY["server-keys"], areKeys],
  ["ssid", KEY.ssid, maybe(isText)],
  ["networkSecret", KEY["network-secret"], maybe(isText)],
  ["claim", KEY.claim, maybe(isBytes)],
  ["seed", KEY.seed, maybe(isBytes)],
  ["reportIntervalMs", KEY["report-interval-ms"], isNumber],
  ["tlsKeys", KEY["tls-keys"], maybe(areKeys)],
  ["tlsRoots", KEY["tls-roots"], maybe(areKeys)],
  ["apn", KEY.apn, maybe(isText)],
  ["apnUser", KEY["apn-user"], maybe(isText)],
  ["apnPassword", KEY["apn-password"], maybe(isText)],
  ["pin", KEY.pin, maybe(isText)],
  ["mqttPrefix", KEY["mqtt-prefix"], maybe(isText)],
  ["mqttUser", KEY["mqtt-user"], maybe(isText)],
  ["mqttPassword", KEY["mqtt-password"], maybe(isText)],
  ["commands", KEY["module-commands"], maybe(isText)],
  ["certificate", KEY.certificate, maybe(isBytes)],
  ["baud", KEY["module-baud"], maybe(isNumber)],
  ["flow", KEY["module-flow"], maybe(isNumber)],
];

/** The value of a field as the page has it. */
function written(factory: Factory, name: keyof Factory): Factory[keyof Factory] | number {
  if (name === "link") return FAMILIES[factory.link].number;
  return name === "commands" ? factory.commands?.join("\n") : factory[name];
}

/** Write a factory page, without the erased bytes that follow it. Throws RangeError on a field out of bounds. */
export function write(factory: Factory): Uint8Array {
  checkAll(factory);
  const map = new Map<Key, Value>();
  for (const [name, key] of FIELDS) {
    const value = written(factory, name);
    if (value !== undefined)
      map.set(key, Array.isArray(value) ? [...(value as readonly Uint8Array[])] : (value as Value));
  }
  const body = encode(map);
  return concat(MAGIC, word(body.length), body, word(checksum(body)));
}

/** Read a factory page back; what follows it is not looked at. Throws RangeError or CborError on anything but a page that `write` made. */
export function read(page: Uint8Array): Factory {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  check(page.length >= ENVELOPE_BYTES && MAGIC.every((byte, i) => page[i] === byte), "no magic");
  const length = view.getUint32(4, true);
  check(length <= page.length - ENVELOPE_BYTES, "length");
  const body = page.subarray(8, 8 + length);
  check(view.getUint32(8 + length, true) === checksum(body), "checksum");
  const map = decode(body) as ReadonlyMap<Key, Value>;
  check(map instanceof Map, "not a map");
  for (const [name, key, isRight] of FIELDS) check(isRight(map.get(key)), `${name} has another type`);
  check(
    [...map.keys()].every((key) => FIELDS.some(([, known]) => known === key)),
    "an unknown key",
  );
  const values = Object.fromEntries(FIELDS.map(([name, key]) => [name, map.get(key)]));
  const commands = (values["commands"] as string | undefined)?.split("\n");
  const factory = {
    ...values,
    commands,
    link: ROWS.find(([, { number }]) => number === map.get(KEY.link))?.[0],
  } as Factory;
  checkAll(factory);
  return factory;
}

function word(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value, true);
  return out;
}
