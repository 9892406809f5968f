/** A histogram of durations, as Prometheus has it: how many were at most as long as each bound. */

/** Upper bounds of the buckets, in seconds. */
export const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;

export class Histogram {
  private readonly buckets = Array.from({ length: BOUNDS_S.length + 1 }, () => 0);
  private sumS = 0;

  /** Count a duration. */
  observe(seconds: number): void {
    let at = 0;
    while (at < BOUNDS_S.length && seconds > BOUNDS_S[at]!) at++;
    this.buckets[at]!++;
    this.sumS += seconds;
  }

  /** The samples: the suffix of the name, the bound if it is a bucket, the value. */
  samples(): (readonly [suffix: string, bound: string | undefined, value: number])[] {
    let count = 0;
    const buckets = this.buckets.map((own, i) => {
      count += own;
      return ["_bucket", i < BOUNDS_S.length ? String(BOUNDS_S[i]) : "+Inf", count] as const;
    });
    return [...buckets, ["_sum", undefined, Math.round(this.sumS * 1e6) / 1e6], ["_count", undefined, count]];
  }
}
