/** The rounds of the benches of the server: the same devices, reports and limits, so that their figures can be compared. */
export const AUDIENCE = "signet.test";
export const CONNECTIONS = 256;
export const ROUNDS = 5;
/** Rounds before them, in which the code is compiled. */
export const WARM_ROUNDS = 3;
/** Reports of each connection in a round. */
export const REPORTS = 16;
export const UNLIMITED = [1e9, 1e9] as const;

/** The median of some figures. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
