/** A ring oscillator that is read at fixed times, as a Pico's is: eight bits a sample, the first one highest. */
import { seeded } from "../../tools/line/random.ts";

export interface Oscillator {
  readonly megahertz: number;
  /** Between two readings. */
  readonly microseconds: number;
  /** Its place in its period at the start: 0 to 1. */
  readonly phase: number;
  /** Part of a period in which it is high. */
  readonly duty: number;
  /** Standard deviation of its phase from reading to reading, in periods: all the entropy that it has. */
  readonly jitter: number;
  /** Return the deviation of the phase, in units of the jitter: needed where there is jitter. */
  readonly normal?: () => number;
}

/** Normal deviates that can be repeated: the sum of four uniform ones, scaled. */
export function normal(seed: number): () => number {
  const { unit } = seeded(seed);
  const uniform = (): number => unit() - 0.5;
  return () => (uniform() + uniform() + uniform() + uniform()) * Math.sqrt(3);
}

/** Samples of it, as many as are asked for. */
export function sampler(oscillator: Oscillator): (count: number) => Uint8Array {
  const { megahertz, microseconds, duty, jitter, normal: deviate = () => 0 } = oscillator;
  const step = megahertz * microseconds;
  let { phase } = oscillator;
  const bit = (): number => {
    phase += step + jitter * deviate();
    phase -= Math.floor(phase);
    return phase < duty ? 1 : 0;
  };
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      let sample = 0;
      for (let i = 0; i < 8; i++) sample = (sample << 1) | bit();
      return sample;
    });
}

/** Frequencies over all that a Pico's oscillator may have (RP2040 datasheet §2.17: 1.8 to 12 MHz). */
export function frequencies(count: number): number[] {
  return Array.from({ length: count }, (_, k) => 1.8 + (k * 10.2) / count + 0.0001234 * (k % 7));
}
