/** A bucket a sender: it fills at a steady rate, and a request that finds it empty is told to come later. */
interface Bucket {
  tokens: number;
  at: number;
}

/** Times are milliseconds of a clock that never steps: the wall clock does. */
export class Limiter {
  private readonly buckets = new Map<string, Bucket>();
  private readonly perSecond: number;
  private readonly burst: number;
  private readonly most: number;

  /** Let `perSecond` requests a second pass for each sender, `burst` at once; remember at most `most` senders. */
  constructor(perSecond: number, burst: number, most = 100_000) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.most = most;
  }

  /** Tell whether `sender` has a token. */
  has(sender: string, ticks: number): boolean {
    const bucket = this.buckets.get(sender);
    return bucket === undefined || this.filled(bucket, ticks) >= 1;
  }

  private filled({ tokens, at }: Bucket, ticks: number): number {
    return Math.min(this.burst, tokens + ((ticks - at) / 1000) * this.perSecond);
  }

  /** Take a token of `sender`; false if there is none. */
  take(sender: string, ticks: number): boolean {
    const bucket = this.buckets.get(sender) ?? { tokens: this.burst, at: ticks };
    bucket.tokens = this.filled(bucket, ticks);
    bucket.at = ticks;
    const passes = bucket.tokens >= 1;
    if (passes) bucket.tokens--;
    // A map keeps the order of insertion: remove the least recently used bucket.
    this.buckets.delete(sender);
    this.buckets.set(sender, bucket);
    if (this.buckets.size > this.most) this.buckets.delete(this.buckets.keys().next().value!);
    return passes;
  }
}
