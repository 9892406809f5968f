/**
 * The format of an archive: NDJSON, the chains in the order of their devices' ids, each with its reports as COSE. The last line has the server's signature
 * over all lines before it.
 *
 *     {"kind":"archive","version":1,"before":…,"at":…}
 *     {"kind":"chain","device":…,"key":…,"counter":…,"hash":…,"count":…}      the base before
 *     {"kind":"report","counter":…,"receivedAt":…,"message":…}                each follows the one before
 *     {"kind":"base","counter":…,"hash":…,"count":…}                          the base after; "erased":true if its reports were erased
 *     {"kind":"end","chains":…,"reports":…,"hash":…,"key":…,"signature":…}    SHA-256 of the lines before, the server's key and signature
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { z } from "zod";
import { Trouble } from "../trouble.ts";
import { compare, concat, equal, fromHex, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import type { Head } from "../wire/messages.ts";
import { MAX_BYTES, Malformed, open, verify } from "../wire/sign1.ts";
import { NO_BASE, isAt, type Base } from "./base.ts";
import { digits, whole } from "./fields.ts";

const VERSION = 1;
/** Keeps the signature of an archive from being one of anything else. */
const CONTEXT = new TextEncoder().encode("signet archive\n");
/** The longest line: a report in hexadecimal, and its other fields. */
const LINE_MAX = 2 * MAX_BYTES + 512;
const CHUNK = 64 * 1024;
const NEWLINE = 10;

const at = { counter: whole, hash: digits(32), count: whole };

const LINE = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("archive"), version: z.literal(VERSION), before: whole, at: whole }).strict(),
  z.object({ kind: z.literal("chain"), device: digits(32), key: digits(32), ...at }).strict(),
  z
    .object({ kind: z.literal("report"), counter: whole, receivedAt: whole, message: z.string().regex(/^[0-9a-f]+$/) })
    .strict(),
  z.object({ kind: z.literal("base"), ...at, erased: z.literal(true).optional() }).strict(),
  z
    .object({
      kind: z.literal("end"),
      chains: whole,
      reports: whole,
      hash: digits(32),
      key: digits(32),
      signature: digits(64),
    })
    .strict(),
]);

export type Line = z.infer<typeof LINE>;

/** Writes an archive. It is on the disk when `end` returns. */
export class Writer {
  private readonly file: number;
  private readonly all = createHash("sha256");
  private waiting = "";
  private isClosed = false;
  private chains = 0;
  private reports = 0;

  constructor(path: string) {
    this.file = openSync(path, "w", 0o600);
  }

  add(line: Line): void {
    if (line.kind === "chain") this.chains++;
    if (line.kind === "report") this.reports++;
    this.waiting += `${JSON.stringify(line)}\n`;
    if (this.waiting.length >= CHUNK) this.flush();
  }

  /** Sign and close. */
  end(signing: ed25519.SigningKey): void {
    this.flush();
    const digest = new Uint8Array(this.all.digest());
    const line: Line = {
      kind: "end",
      chains: this.chains,
      reports: this.reports,
      hash: hex(digest),
      key: hex(signing.publicKey),
      signature: hex(ed25519.sign(signing, concat(CONTEXT, digest))),
    };
    writeSync(this.file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.file);
    this.close();
  }

  private close(): void {
    if (!this.isClosed) closeSync(this.file);
    this.isClosed = true;
  }

  /** Close without an end, and delete the file. */
  abandon(path: string): void {
    this.close();
    rmSync(path, { force: true });
  }

  private flush(): void {
    this.all.update(this.waiting);
    writeSync(this.file, this.waiting);
    this.waiting = "";
  }
}

/** Write a base as the fields of a line. */
export function shown({ counter, hash, count }: Base): { counter: number; hash: string; count: number } {
  return { counter, hash: hex(hash), count };
}

/** The part of one device in an archive. */
export interface Section {
  readonly device: Uint8Array;
  readonly from: Base;
  readonly to: Base;
  /** True if the reports between were erased from the archive. */
  readonly isErased: boolean;
}

/** A part of an archive as it is read. Nothing is certain before the end is reached: the signature is there. */
export type Part =
  | { readonly kind: "archive"; readonly before: number; readonly at: number }
  | { readonly kind: "chain"; readonly device: Uint8Array; readonly key: Uint8Array; readonly from: Base }
  | { readonly kind: "report"; readonly link: Head; readonly receivedAt: number; readonly message: Uint8Array }
  | { readonly kind: "section"; readonly section: Section }
  | { readonly kind: "end"; readonly chains: number; readonly reports: number };

/** Read a file line by line, with the number of each. Bounds: holds one line of LINE_MAX bytes, and a chunk. */
function* linesOf(path: string): Generator<{ text: string; number: number }> {
  const file = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    let number = 0;
    for (;;) {
      const length = readSync(file, chunk);
      if (length === 0) break;
      rest = Buffer.concat([rest, chunk.subarray(0, length)]);
      let begin = 0;
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, begin)) {
        yield { text: rest.toString("latin1", begin, end), number: ++number };
        begin = end + 1;
      }
      rest = rest.subarray(begin);
      if (rest.length > LINE_MAX) break;
    }
    if (rest.length > 0) yield { text: "", number: number + 1 };
  } finally {
    closeSync(file);
  }
}

/** True if a file says that it is an archive. */
export function isArchive(path: string): boolean {
  for (const { text } of linesOf(path)) return parsed(text)?.kind === "archive";
  return false;
}

function parsed(text: string): Line | undefined {
  if (text.length > LINE_MAX) return undefined;
  try {
    return LINE.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const baseOf = (line: { counter: number; hash: string; count: number }): Base => ({
  counter: line.counter,
  hash: fromHex(line.hash)!,
  count: line.count,
});

/** The chain that is read. */
interface Reading {
  readonly device: Uint8Array;
  readonly key: ed25519.VerifyKey;
  readonly from: Base;
  readonly to: Base;
}

/**
 * Read an archive and check it: each report is signed by its device and follows the one before, each chain ends at its base, and a key that `accepts` admits
 * signed the whole. Throws Trouble at the first fault. The signature is checked at the end. With `isVerified` the signatures of the reports were
 * verified before, and are not verified again.
 */
export function* read(path: string, accepts: (serverKey: Uint8Array) => boolean, isVerified = false): Generator<Part> {
  const all = createHash("sha256");
  const counted = { chains: 0, reports: 0 };
  let state: "begin" | "between" | "end" | Reading = "begin";
  let last: Uint8Array | undefined;
  for (const { text, number } of linesOf(path)) {
    const bad = (why: string): Trouble =>
      new Trouble(`line ${number} of ${path}: ${why}`, "the archive was altered, or is cut; use another copy of it");
    const line = parsed(text);
    if (line === undefined || state === "end") throw bad("this is no line of an archive");
    if (line.kind === "end") {
      if (state !== "between") throw bad("the chain before has no end");
      const digest = all.digest();
      const key = ed25519.importKey(fromHex(line.key)!);
      if (line.hash !== digest.toString("hex")) throw bad("the lines before are not those that were signed");
      if (line.chains !== counted.chains || line.reports !== counted.reports) throw bad("its counts are wrong");
      if (key === undefined || !accepts(key.bytes)) throw bad("another server signed the archive");
      if (!ed25519.verifyWith(fromHex(line.signature)!, key, concat(CONTEXT, digest)))
        throw bad("bad-signature: the server did not sign the archive so");
      state = "end";
      yield { kind: "end", ...counted };
      continue;
    }
    all.update(text).update("\n");
    if (line.kind === "archive") {
      if (state !== "begin") throw bad("this line belongs at the beginning");
      state = "between";
      yield { kind: "archive", before: line.before, at: line.at };
    } else if (line.kind === "chain") {
      const [device, publicKey, from] = [fromHex(line.device)!, fromHex(line.key)!, baseOf(line)];
      const key = ed25519.importKey(publicKey);
      if (state !== "between") throw bad("a chain begins inside of another");
      if (key === undefined || !equal(id(publicKey), device)) throw bad("the key is not that of the device");
      if (last !== undefined && compare(last, device) >= 0) throw bad("the devices are not in their order");
      if (from.count === 0 && !isAt(from, NO_BASE)) throw bad("a chain begins after no report");
      [state, last] = [{ device, key, from, to: from }, device];
      counted.chains++;
      yield { kind: "chain", device, key: publicKey, from };
    } else if (typeof state === "string") throw bad("this line belongs into a chain");
    else if (line.kind === "report") {
      const chain: Reading = state;
      const message = fromHex(line.message);
      const fault = message === undefined ? "malformed" : faultOf(message, line.counter, chain, isVerified);
      if (fault !== undefined) throw bad(fault);
      const link = { counter: line.counter, hash: hash(message!) };
      state = { ...chain, to: { ...link, count: chain.to.count + 1 } };
      counted.reports++;
      yield { kind: "report", link, receivedAt: line.receivedAt, message: message! };
    } else {
      const [to, isErased]: [Base, boolean] = [baseOf(line), line.erased === true];
      const isRight = isErased
        ? state.to === state.from && to.counter > state.from.counter && to.count > state.from.count
        : state.to !== state.from && isAt(to, state.to) && to.count === state.to.count;
      if (!isRight) throw bad("the chain does not end here");
      const { device, from } = state;
      state = "between";
      yield { kind: "section", section: { device, from, to, isErased } };
    }
  }
  if (state !== "end") throw new Trouble(`${path} is cut: the archive has no end`, "use another copy of it");
}

/** Name the fault of a report of a chain; undefined if it has none. */
function faultOf(
  bytes: Uint8Array,
  counter: number,
  { device, key, to }: Reading,
  isVerified: boolean,
): string | undefined {
  try {
    const message = open(bytes);
    if (!equal(message.kid, device) || !(isVerified || verify(message, key)))
      return "bad-signature: the device did not sign it";
    const claims = messages.readStoredReport(message);
    if (claims.counter !== counter || counter <= to.counter || !equal(claims.prev, to.hash))
      return `report ${claims.counter} does not follow ${to.counter}`;
    return undefined;
  } catch (error) {
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}

export interface Contents {
  readonly before: number;
  readonly reports: number;
  readonly sections: readonly Section[];
}

/** Check a whole archive, and tell which chains it has. Throws Trouble. */
export function contentsOf(path: string, accepts: (serverKey: Uint8Array) => boolean): Contents {
  const sections: Section[] = [];
  let [before, reports] = [0, 0];
  for (const part of read(path, accepts)) {
    if (part.kind === "archive") ({ before } = part);
    else if (part.kind === "section") sections.push(part.section);
    else if (part.kind === "end") ({ reports } = part);
  }
  return { before, reports, sections };
}
