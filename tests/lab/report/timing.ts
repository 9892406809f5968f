/**
 * Compare the times of an operation with one secret and with random ones, in random order, by Welch's t-test of the two
 * means (dudect, Reparaz, Balasch and Verbauwhede, 2016). It can only find a dependence, not prove that there is none.
 */
import type { Operation } from "../../ct/operations.ts";
import { Stream } from "../field.ts";
import type { Lab } from "../lab.ts";

/** Above this a dependence is taken as found: dudect's own threshold. */
export const LEAK = 10;

export interface Timing {
  readonly samples: number;
  /** Means of cycles, with the one secret and with random ones. */
  readonly means: readonly [fixed: number, random: number];
  /** Welch's t. It is 0 if no sample differs from another, and null if the means differ and no sample does from its mean. */
  readonly t: number | null;
  readonly verdict: "no difference found" | "depends on the secret" | "not measured";
}

function mean(samples: readonly number[]): number {
  return samples.reduce((sum, x) => sum + x, 0) / samples.length;
}

function variance(samples: readonly number[]): number {
  const middle = mean(samples);
  return samples.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (samples.length - 1);
}

/** Welch's t of two lists of samples. */
export function welch(a: readonly number[], b: readonly number[]): number {
  const difference = mean(a) - mean(b);
  const spread = Math.sqrt(variance(a) / a.length + variance(b) / b.length);
  if (spread === 0) return difference === 0 ? 0 : Infinity;
  return difference / spread;
}

/** Time one operation, with `samples` runs of each class. Its first request has the one secret, and those behind `edges` random ones. */
export async function time(lab: Lab, { name, requests }: Operation, samples: number): Promise<Timing> {
  const random = requests.slice(-samples);
  const order = new Stream(name);
  const cycles: [number[], number[]] = [[], []];
  while (cycles[0].length < samples || cycles[1].length < samples) {
    const drawn = order.below(2);
    const kind = cycles[drawn]!.length < samples ? drawn : 1 - drawn;
    const { op, fields } = kind === 0 ? requests[0]! : random[cycles[1].length]!;
    cycles[kind]!.push((await lab.run(op, ...fields)).cycles);
  }
  const means = [mean(cycles[0]), mean(cycles[1])] as const;
  if (cycles.flat().includes(0)) return { samples, means, t: null, verdict: "not measured" };
  const t = welch(...cycles);
  const verdict = Math.abs(t) > LEAK ? "depends on the secret" : "no difference found";
  return { samples, means, t: Number.isFinite(t) ? t : null, verdict };
}
