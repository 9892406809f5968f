/** A history: what befalls a device, as plain data that fast-check makes, shortens and prints, and that can be played again. */
import * as fc from "fast-check";

/** Which request or answer of a device something befalls. */
export const KINDS = ["challenge", "enrol", "reports"] as const;
export type Kind = (typeof KINDS)[number];

/**
 * The fate of a request: it is lost; lost, and the connection cut; delivered later; delivered twice; answered by a proxy with
 * 504 and delivered later; or delivered right behind the device's next request of a kind, once that was answered.
 */
export type UpFate = "drop" | "cut" | "late" | "twice" | "gateway" | "behind-enrol" | "behind-reports";
/** The fate of an answer: the same, or it comes in place of the next one. */
export type DownFate = "drop" | "cut" | "late" | "twice" | "stale";

/** The subject: the device, or the clone with a copy of its flash. */
export type Who = 0 | 1;

export type Act =
  | { readonly act: "wait" }
  /** The application gives a reading: a report as soon as may be. */
  | { readonly act: "reading"; readonly who: Who }
  | { readonly act: "restart"; readonly who: Who; readonly offMs: number }
  /** The power goes at an operation on the flash, counted from now. */
  | { readonly act: "cut-power"; readonly operation: number; readonly moment: 0 | 1 | 2 }
  /** The fate of the next request or answer of that kind. */
  | { readonly act: "up"; readonly who: Who; readonly kind: Kind; readonly fate: UpFate; readonly ms: number }
  | { readonly act: "down"; readonly who: Who; readonly kind: Kind; readonly fate: DownFate; readonly ms: number }
  /** The connection breaks now. */
  | { readonly act: "hang-up"; readonly who: Who }
  | { readonly act: "suspend" }
  | { readonly act: "resume" }
  | { readonly act: "revoke" }
  | { readonly act: "rotate"; readonly validMs: number }
  | { readonly act: "command"; readonly validMs: number }
  /** An operator makes claims, of which the device has none. */
  | { readonly act: "claims" }
  | { readonly act: "restart-server"; readonly instance: number }
  | { readonly act: "backup" }
  /** The database is what it was at the last backup, or at the start. */
  | { readonly act: "restore" }
  /** The clock of one instance, or of both, is wrong for some time. */
  | { readonly act: "clock"; readonly instance: number | "all"; readonly skewMs: number; readonly forMs: number }
  /** The flash is copied, and what was copied is another device's from now on. */
  | { readonly act: "copy" }
  /** The flash is put back to what it was when it was last kept. */
  | { readonly act: "keep-flash" }
  | { readonly act: "roll-back" };

export type Step = Act & {
  /** Time after the one before. */
  readonly afterMs: number;
};

export const CARRIERS = ["http", "tls", "mqtt"] as const;

export interface History {
  readonly seed: number;
  readonly carrier: (typeof CARRIERS)[number];
  readonly instances: 1 | 2;
  readonly policy: "open" | "claim";
  /** Maximum latency of a message. */
  readonly latencyMs: number;
  readonly steps: readonly Step[];
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const YEAR = 365 * DAY;

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Short waits mostly: what is interesting happens while a message is under way. */
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2 * MINUTE }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 20 * MINUTE }) },
);

const heldMs = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 60_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * HOUR }) },
);

const kind = fc.oneof(
  { weight: 1, arbitrary: pick<Kind>("challenge") },
  { weight: 3, arbitrary: pick<Kind>("enrol") },
  { weight: 4, arbitrary: pick<Kind>("reports") },
);

const validMs = pick(HOUR, DAY, 5_000, 40 * MINUTE);

/** The acts of all parties except a clone, each with its frequency. */
function acts(who: fc.Arbitrary<Who>): { weight: number; arbitrary: fc.Arbitrary<Act> }[] {
  const act = <A extends Act["act"]>(name: A): fc.Arbitrary<A> => fc.constant(name);
  return [
    { weight: 2, arbitrary: fc.record({ act: act("wait") }) },
    { weight: 12, arbitrary: fc.record({ act: act("reading"), who }) },
    { weight: 6, arbitrary: fc.record({ act: act("restart"), who, offMs: pick(0, 300, 5_000, 10 * MINUTE) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        act: act("cut-power"),
        operation: fc.integer({ min: 0, max: 120 }),
        moment: pick<0 | 1 | 2>(0, 1, 2),
      }),
    },
    {
      weight: 14,
      arbitrary: fc.record({
        act: act("up"),
        who,
        kind,
        fate: pick<UpFate>("drop", "cut", "late", "late", "twice", "gateway", "behind-enrol", "behind-reports"),
        ms: heldMs,
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        act: act("down"),
        who,
        kind,
        fate: pick<DownFate>("drop", "cut", "late", "twice", "stale"),
        ms: heldMs,
      }),
    },
    { weight: 2, arbitrary: fc.record({ act: act("hang-up"), who }) },
    { weight: 3, arbitrary: fc.record({ act: act("suspend") }) },
    { weight: 4, arbitrary: fc.record({ act: act("resume") }) },
    { weight: 5, arbitrary: fc.record({ act: act("rotate"), validMs }) },
    { weight: 4, arbitrary: fc.record({ act: act("command"), validMs }) },
    { weight: 1, arbitrary: fc.record({ act: act("claims") }) },
    { weight: 2, arbitrary: fc.record({ act: act("restart-server"), instance: pick(0, 1) }) },
    { weight: 3, arbitrary: fc.record({ act: act("backup") }) },
    { weight: 2, arbitrary: fc.record({ act: act("restore") }) },
    {
      weight: 2,
      arbitrary: fc.record({
        act: act("clock"),
        instance: pick<number | "all">(0, 1, "all"),
        skewMs: pick(HOUR, -HOUR, YEAR, -YEAR),
        forMs: pick(MINUTE, MINUTE, MINUTE, DAY),
      }),
    },
  ];
}

const seldom = [{ weight: 1, arbitrary: fc.record({ act: fc.constant("revoke" as const) }) }];
const rollingBack = [
  { weight: 6, arbitrary: fc.record({ act: fc.constant("keep-flash" as const) }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("roll-back" as const) }) },
];

/** The adversary beside the honest device: none, a clone, or a rollback of its flash. */
export const HALVES = ["honest", "clone", "rollback"] as const;
export type Half = (typeof HALVES)[number];

/** Make histories. A clone is copied in each of its half, at a random moment. */
export function histories(half: Half): fc.Arbitrary<History> {
  const both = half === "clone" ? fc.oneof(pick<Who>(0), pick<Who>(1)) : pick<Who>(0);
  const common = acts(both);
  const all = half === "honest" ? [...common, ...seldom] : half === "rollback" ? [...common, ...rollingBack] : common;
  const step = fc.tuple(fc.oneof(...all), afterMs).map(([act, after]): Step => ({ ...act, afterMs: after }));
  const steps = fc.array(step, { minLength: 1, maxLength: 40, size: "max" });
  const withCopy = fc
    .tuple(steps, fc.nat(), afterMs)
    .map(([list, at, after]) => list.toSpliced(at % (list.length + 1), 0, { act: "copy", afterMs: after }));
  return fc.record({
    seed: fc.nat({ max: 2 ** 31 - 1 }),
    carrier: fc.oneof(
      { weight: 7, arbitrary: pick("http" as const) },
      { weight: 1, arbitrary: pick("tls" as const) },
      { weight: 2, arbitrary: pick("mqtt" as const) },
    ),
    instances: pick<1 | 2>(1, 2),
    policy: pick<"open" | "claim">("open", "claim"),
    latencyMs: pick(20, 20, 300, 3_000),
    steps: half === "clone" ? withCopy : steps,
  });
}

/** A history as one line, for a report and to be played again. */
export function print(history: History): string {
  return JSON.stringify(history);
}
