/** Packets of gdb's remote serial protocol: framed, escaped and taken apart again (gdb manual, appendix E.1). */

/** Longer than any packet of a server known: Black Magic has 1 KiB, QEMU 4 KiB, J-Link 16 KiB. */
export const PACKET_MAX = 64 * 1024;

/** A message of the server. */
export type Item =
  | { readonly kind: "ack" | "nak" | "spoiled" }
  /** A packet with its checksum right, escapes and run lengths undone. */
  | { readonly kind: "packet"; readonly data: Buffer };

/** A server that does not speak the protocol. */
export class ProtocolError extends Error {
  constructor(detail: string) {
    super(`the gdb server violates the protocol: ${detail}`);
    this.name = "ProtocolError";
  }
}

const [DOLLAR, HASH, PLUS, MINUS, PERCENT, ESCAPE, STAR] = Buffer.from("$#+-%}*", "latin1") as unknown as number[];
const ESCAPE_XOR = 0x20;
/** A run length is written as a printable character: this one means no repetition. */
const RUN_BASE = 29;
const RUN_LEAST = 32;
const RUN_MOST = 126;
const CHECKSUM_DIGITS = 2;

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return sum;
}

/** Frame a packet: escaped where it must be, with its checksum. */
export function frame(data: Uint8Array | string): Buffer {
  const plain = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  const body: number[] = [];
  for (const byte of plain) {
    if (byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR) body.push(ESCAPE!, byte ^ ESCAPE_XOR);
    else body.push(byte);
  }
  const escaped = Buffer.from(body);
  const sum = checksum(escaped).toString(16).padStart(CHECKSUM_DIGITS, "0");
  return Buffer.concat([Buffer.from("$"), escaped, Buffer.from(`#${sum}`)]);
}

/** Undo escapes and run lengths. Throws ProtocolError, also on what would grow beyond a packet's bound. */
export function unescape(body: Uint8Array): Buffer {
  const out: number[] = [];
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]!;
    if (byte === ESCAPE) {
      if (++at === body.length) throw new ProtocolError("an escape at the end of a packet");
      out.push(body[at]! ^ ESCAPE_XOR);
    } else if (byte === STAR) {
      const run = body[++at] ?? 0;
      const last = out.at(-1);
      if (last === undefined || run < RUN_LEAST || run > RUN_MOST)
        throw new ProtocolError("a run length without a byte");
      for (let more = run - RUN_BASE; more > 0; more--) out.push(last);
    } else out.push(byte);
    if (out.length > PACKET_MAX) throw new ProtocolError("a packet too long");
  }
  return Buffer.from(out);
}

/** Takes a stream of bytes apart, however it is cut into pieces. Bytes between packets are skipped. */
export class Splitter {
  private rest: Buffer = Buffer.alloc(0);

  /** Take more bytes; returns what they complete. Throws ProtocolError when a packet does not end. */
  take(bytes: Uint8Array): Item[] {
    let rest = Buffer.concat([this.rest, bytes]);
    const items: Item[] = [];
    while (rest.length > 0) {
      const [first] = rest;
      if (first === PLUS || first === MINUS) {
        items.push({ kind: first === PLUS ? "ack" : "nak" });
        rest = rest.subarray(1);
      } else if (first === DOLLAR || first === PERCENT) {
        const hash = rest.indexOf(HASH!);
        const end = hash + 1 + CHECKSUM_DIGITS;
        if (hash === -1 || rest.length < end) {
          if (rest.length > PACKET_MAX) throw new ProtocolError("a packet that does not end");
          break;
        }
        const body = rest.subarray(1, hash);
        const told = rest.toString("latin1", hash + 1, end);
        rest = rest.subarray(end);
        // Notifications are unsolicited and are not acknowledged.
        if (first === PERCENT) continue;
        const whole = /^[0-9a-fA-F]{2}$/.test(told) && Number.parseInt(told, 16) === checksum(body);
        items.push(whole ? { kind: "packet", data: unescape(body) } : { kind: "spoiled" });
      } else rest = rest.subarray(1);
    }
    this.rest = Buffer.from(rest);
    return items;
  }
}
