/**
 * The time of the server: the clock of the machine, as long as it runs like the time that passes. After a step the server continues
 * from the time that it had, so that no device gets a signed time that is wrong by more than STEP_MS.
 */
import type { Intake } from "./intake.ts";
import type { ServerKeys } from "./keys.ts";
import * as log from "./log.ts";
import type { Gauge } from "./metrics.ts";
import type { Store } from "./store/store.ts";
import { Trouble } from "../trouble.ts";

/** Maximum error of the clock in one ANCHOR_MS. A device bounds its own time by 1 of 8; this is 1 of 12. */
const STEP_MS = 5 * 60_000;
/** Interval after which the clock counts as right again, with the error that it has. */
const ANCHOR_MS = 60 * 60_000;
/** Interval of the check without a request. */
const CHECK_MS = 1000;
/** Maximum age of the newest row at a start. An older database is more likely a sign of a wrong clock. */
const AGE_MAX_MS = 180 * 86_400_000;

export interface TimeOptions {
  /** Milliseconds since 1970 by the machine. */
  readonly clock: () => number;
  /** Milliseconds that pass. */
  readonly ticks: () => number;
  /** Told of a step, and of its end with 0. `skewMs` is the clock's distance from the time of the server. */
  readonly onStep: (skewMs: number) => void;
  readonly stepMs?: number;
}

export class ServerTime {
  private readonly options: Required<TimeOptions>;
  private anchor: { readonly at: number; readonly ticks: number };
  private skewMs = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(options: TimeOptions) {
    this.options = { stepMs: STEP_MS, ...options };
    this.anchor = { at: options.clock(), ticks: options.ticks() };
    this.timer = setInterval(() => this.now(), CHECK_MS).unref();
  }

  /** Return the milliseconds since 1970 that the server may sign. */
  readonly now = (): number => {
    const { clock, ticks, stepMs, onStep } = this.options;
    const [wall, passed] = [clock(), ticks()];
    const expected = this.anchor.at + (passed - this.anchor.ticks);
    const skewMs = wall - expected;
    const isStep = Math.abs(skewMs) > stepMs;
    const wasStep = this.skewMs !== 0;
    this.skewMs = isStep ? skewMs : 0;
    if (isStep !== wasStep) onStep(this.skewMs);
    if (isStep) return expected;
    if (passed - this.anchor.ticks >= ANCHOR_MS) this.anchor = { at: wall, ticks: passed };
    return wall;
  };

  gauges(): Gauge[] {
    this.now();
    const help = "Distance of the machine's clock from the time that the server signs, after a step.";
    return [["signet_clock_step_seconds", help, this.skewMs / 1000]];
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
  }
}

/** Write and tell the alarm for a step of the clock, or for its end. */
export async function tellStep(
  store: Store,
  keys: ServerKeys,
  intake: Intake,
  now: number,
  skewMs: number,
): Promise<void> {
  const seconds = Math.round(skewMs / 1000);
  const what =
    skewMs === 0
      ? "the clock agrees with the server's time again"
      : `the clock stepped by ${seconds} s: the server continues with its own time; correct the clock, or start the server again`;
  intake.tell({ kind: "alarm", device: null, what, at: now });
  await store.write((tx) => log.append(store, keys, tx, now, { action: "alarm", actor: "server", detail: { what } }));
}

/** Compare the clock with the newest time in the database, at a start. Throws Trouble. */
export async function checkStart(store: Store, now: number): Promise<void> {
  const { newest: seen } = await store.read
    .selectFrom("devices")
    .select((eb) => eb.fn.max("last_seen").as("newest"))
    .executeTakeFirstOrThrow();
  const entry = await store.read.selectFrom("audit").select("at").orderBy("seq", "desc").limit(1).executeTakeFirst();
  const newest = Math.max(Number(seen ?? 0), entry?.at ?? 0);
  if (newest === 0) return;
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
  const told = `the clock says ${day(now)} and the newest row of the database ${day(newest)}`;
  const hint = "correct the clock; if it is right, start once with --trust-clock";
  if (now < newest - STEP_MS) throw new Trouble(`${told}: the clock is behind`, hint);
  if (now > newest + AGE_MAX_MS) throw new Trouble(`${told}: the clock may be ahead`, hint);
}
