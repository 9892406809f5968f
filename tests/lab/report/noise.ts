/** Raw samples of a board's noise, for the estimators of SP 800-90B, and the simplest of these at once. */
import { type Lab, Own } from "../lab.ts";

/** Bytes that one answer of the smallest lab has room for. */
const CHUNK = 1024;
/** The upper 99 % of the normal distribution. */
const Z = 2.576;

export interface Noise {
  readonly samples: number;
  /** The estimate of the most common value (SP 800-90B §6.3.1), in bits of min-entropy for a sample of eight bits. */
  readonly mostCommonValue: number;
  /** The samples, in base64. */
  readonly raw: string;
}

/** The most common value estimate (§6.3.1). */
export function mostCommonValue(samples: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const sample of samples) counts[sample]!++;
  const share = Math.max(...counts) / samples.length;
  const bound = Math.min(1, share + Z * Math.sqrt((share * (1 - share)) / (samples.length - 1)));
  return -Math.log2(bound) || 0;
}

/** Read `count` samples; undefined if the board gives none. */
export async function gather(lab: Lab, count: number): Promise<Noise | undefined> {
  const parts: Buffer[] = [];
  for (let have = 0; have < count; have += CHUNK) {
    const wanted = Buffer.alloc(2);
    wanted.writeUInt16LE(Math.min(CHUNK, count - have));
    const { bytes } = await lab.run(Own.Noise, wanted);
    if (bytes.length === 0) return undefined;
    parts.push(bytes);
  }
  const samples = Buffer.concat(parts);
  return { samples: count, mostCommonValue: mostCommonValue(samples), raw: samples.toString("base64") };
}
