/** Repeatable randomness: equal seeds give equal sequences. */
export interface Random {
  /** A number from 0 (inclusive) to 1. */
  unit(): number;
  /** An integer from 0 to `below - 1`. */
  below(below: number): number;
}

/** A mulberry32 generator: sufficient to vary tests, and for nothing else. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { unit, below: (below) => Math.floor(unit() * below) };
}
