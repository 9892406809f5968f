/** The delay of the event loop, measured all the time: what holds it delays every device. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Gauge } from "./metrics.ts";

/** The interval of the measuring timer. It is part of every measured value. */
const RESOLUTION_MS = 10;
const ROUND_MS = 60_000;
/** A longer delay is logged, once a round. */
const LONG_MS = 1000;

interface Delay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export class LoopWatch {
  private readonly histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly timer: NodeJS.Timeout;
  private before: Delay | undefined;

  /** Start to measure. `onLong` is told of a round in which the loop was held for more than a second. */
  constructor(onLong: (delay: Delay) => void, roundMs = ROUND_MS) {
    this.histogram.enable();
    this.timer = setInterval(() => {
      this.before = this.read();
      this.histogram.reset();
      if (this.before.maxMs > LONG_MS) onLong(this.before);
    }, roundMs).unref();
  }

  private read(): Delay {
    const ms = (nanoseconds: number): number =>
      this.histogram.count === 0 ? 0 : Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    const { histogram } = this;
    return { p50Ms: ms(histogram.percentile(50)), p99Ms: ms(histogram.percentile(99)), maxMs: ms(histogram.max) };
  }

  /** The delays of this round and the one before, whichever are longer. */
  get delay(): Delay {
    const now = this.read();
    const before = this.before ?? now;
    return {
      p50Ms: Math.max(now.p50Ms, before.p50Ms),
      p99Ms: Math.max(now.p99Ms, before.p99Ms),
      maxMs: Math.max(now.maxMs, before.maxMs),
    };
  }

  gauges(): Gauge[] {
    const { p50Ms, p99Ms, maxMs } = this.delay;
    const help = (what: string): string => `Delay of the event loop, ${what} of the last one to two minutes.`;
    return [
      ["signet_event_loop_delay_p50_seconds", help("median"), p50Ms / 1000],
      ["signet_event_loop_delay_p99_seconds", help("99th percentile"), p99Ms / 1000],
      ["signet_event_loop_delay_max_seconds", help("maximum"), maxMs / 1000],
    ];
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.histogram.disable();
  }
}
