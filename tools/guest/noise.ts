/** Sources of noise for a virtual device: good ones that can be repeated, and each way to be bad. */
import { createCipheriv, createHash, randomBytes } from "node:crypto";

export interface Noise {
  /** Min-entropy that a sample claims, in 1/256 bit; 0: there is no source. */
  readonly quality: number;
  /** Up to `max` samples; fewer, or none, if there are no more now. */
  read(max: number): Uint8Array;
}

/** The host's own randomness. */
export const real: Noise = { quality: 2048, read: (max) => randomBytes(max) };

/** Good noise that is the same at each run. */
export function seeded(seed: string | number): Noise {
  const key = createHash("sha256").update(String(seed)).digest();
  const cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  return { quality: 2048, read: (max) => cipher.update(Buffer.alloc(max)) };
}

/** No source at all. */
export const none: Noise = { quality: 0, read: () => new Uint8Array(0) };

/** A source that claims to be one and gives nothing. */
export const silent: Noise = { quality: 2048, read: () => new Uint8Array(0) };

/** Always the same sample. */
export function stuck(value: number): Noise {
  return { quality: 2048, read: (max) => new Uint8Array(max).fill(value) };
}

/** Good noise of which every fourth sample is `value`. */
export function biased(value: number, seed: string | number): Noise {
  const good = seeded(seed);
  return { quality: 2048, read: (max) => good.read(max).map((sample) => ((sample & 3) === 0 ? value : sample)) };
}

/** Good noise in which every second sample is `value`, so that it never comes twice in a row. */
export function leaning(value: number, seed: string | number): Noise {
  const good = seeded(seed);
  let turn = 0;
  return { quality: 2048, read: (max) => good.read(max).map((sample) => (turn++ % 2 === 0 ? value : sample ^ 1)) };
}

/** Good noise, one sample at every `reads`-th reading. */
export function slow(reads: number, seed: string | number): Noise {
  const good = seeded(seed);
  let count = 0;
  return { quality: good.quality, read: (max) => good.read(++count % reads === 0 ? Math.min(1, max) : 0) };
}

/** Good noise that turns into something else after `samples`. */
export function failing(samples: number, later: Noise, seed: string | number): Noise {
  const good = seeded(seed);
  let left = samples;
  return {
    quality: good.quality,
    read(max) {
      if (left <= 0) return later.read(max);
      left -= max;
      return good.read(max);
    },
  };
}

/** Good noise, `samples` of it at each reading and no more. */
export function trickling(samples: number, seed: string | number): Noise {
  const good = seeded(seed);
  return { quality: good.quality, read: (max) => good.read(Math.min(max, samples)) };
}
