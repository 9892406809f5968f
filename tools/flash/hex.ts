/** Intel HEX: written by the build, and read by every programmer. */
import { Trouble } from "../trouble.ts";

/** Bytes that belong at an address. */
export interface Segment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

const ROW_BYTES = 16;
const enum Type {
  Data = 0,
  End = 1,
  Segment = 2,
  StartSegment = 3,
  Linear = 4,
  StartLinear = 5,
}

/** Read a file's rows to segments, neighbours joined. Throws Trouble on a row that is none. */
export function parse(text: string, name: string): Segment[] {
  const rows: Segment[] = [];
  let base = 0;
  let ended = false;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "") continue;
    const row = /^:(?:[0-9a-fA-F]{2}){5,260}$/.test(line) ? Buffer.from(line.slice(1), "hex") : undefined;
    const sound = row && row.length === 5 + row[0]! && row.reduce((sum, byte) => sum + byte, 0) % 256 === 0;
    if (!sound || ended)
      throw new Trouble(`${name}, line ${index + 1}: not a record of Intel HEX`, "build it again: npm run build");
    const data = row.subarray(4, -1);
    const type = row[3] as Type;
    if (type === Type.Data) rows.push({ address: base + row.readUInt16BE(1), bytes: data });
    else if (type === Type.End) ended = true;
    else if (type === Type.Segment && data.length === 2) base = data.readUInt16BE(0) * 16;
    else if (type === Type.Linear && data.length === 2) base = data.readUInt16BE(0) * 0x1_0000;
  }
  if (!ended) throw new Trouble(`${name} is truncated`, "build it again: npm run build");
  return joined(rows);
}

/** Join segments that touch, in the order of their addresses. */
export function joined(segments: readonly Segment[]): Segment[] {
  const out: { address: number; parts: Uint8Array[]; end: number }[] = [];
  for (const { address, bytes } of segments.toSorted((a, b) => a.address - b.address)) {
    const last = out.at(-1);
    if (last && address < last.end) throw new RangeError(`segments overlap at 0x${address.toString(16)}`);
    if (last?.end === address) {
      last.parts.push(bytes);
      last.end += bytes.length;
    } else out.push({ address, parts: [bytes], end: address + bytes.length });
  }
  return out.map(({ address, parts }) => ({ address, bytes: Buffer.concat(parts) }));
}

/** Write segments as a file. */
export function write(segments: readonly Segment[]): string {
  const rows: string[] = [];
  const row = (at: number, type: Type, data: Uint8Array): void => {
    const bytes = Buffer.from([data.length, (at >> 8) & 0xff, at & 0xff, type, ...data]);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    rows.push(`:${bytes.toString("hex")}${(-sum & 0xff).toString(16).padStart(2, "0")}`.toUpperCase());
  };
  let high = 0;
  for (const { address, bytes } of segments) {
    for (let at = 0; at < bytes.length;) {
      const to = address + at;
      if (to >>> 16 !== high) {
        high = to >>> 16;
        row(0, Type.Linear, Uint8Array.of(high >> 8, high & 0xff));
      }
      const count = Math.min(ROW_BYTES - (to % ROW_BYTES), bytes.length - at);
      row(to & 0xffff, Type.Data, bytes.subarray(at, at + count));
      at += count;
    }
  }
  row(0, Type.End, new Uint8Array(0));
  return `${rows.join("\n")}\n`;
}
