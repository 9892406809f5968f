/** The memory map that a gdb server tells (gdb manual, appendix E.17): a few elements of XML, of which flash matters here. */
import { ProtocolError } from "./packet.ts";

/** Flash that is erased in blocks of one size. */
export interface FlashRegion {
  readonly start: number;
  readonly bytes: number;
  readonly blockBytes: number;
}

/** No server's map is near this long; searching it takes time with the square of its length. */
export const MAP_MAX = 16 * 1024;
const REGIONS_MAX = 64;
const BLOCK_MAX = 16 * 1024 * 1024;
const ADDRESSES = 2 ** 32;

/** Read the flash regions of a map. Throws ProtocolError on a region that cannot be. */
export function memoryMap(xml: string): FlashRegion[] {
  if (xml.length > MAP_MAX) throw new ProtocolError("a memory map that does not end");
  const regions: FlashRegion[] = [];
  for (const [, attributes, body] of xml.matchAll(/<memory\s([^<>]*[^<>/])>(.*?)<\/memory>/gs)) {
    if (attribute(attributes!, "type") !== "flash") continue;
    const blockText = /<property\b[^<>]*\bname\s*=\s*["']blocksize["'][^<>]*>\s*(\w+)\s*<\/property>/.exec(body!)?.[1];
    const start = number(attribute(attributes!, "start"));
    const bytes = number(attribute(attributes!, "length"));
    const blockBytes = number(blockText);
    const sound = bytes > 0 && start + bytes <= ADDRESSES && blockBytes > 0 && blockBytes <= BLOCK_MAX;
    if (!sound || bytes % blockBytes !== 0) throw new ProtocolError("an impossible flash region");
    regions.push({ start, bytes, blockBytes });
    if (regions.length > REGIONS_MAX) throw new ProtocolError("too many flash regions");
  }
  return regions.toSorted((a, b) => a.start - b.start);
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(`\\b${name}\\s*=\\s*["']([^"']*)["']`).exec(text)?.[1];
}

/** A number as C writes it; NaN fails every comparison. */
function number(text: string | undefined): number {
  return text !== undefined && /^(0x[0-9a-fA-F]{1,8}|\d{1,10})$/.test(text) ? Number(text) : Number.NaN;
}
