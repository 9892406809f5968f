/**
 * The journal of a batch: each step on each board is a line of JSON, on the disk before the next step begins. A claim is bound
 * to one id here before any board gets it: after any interruption, no other board gets it. The hash of each seed is here before
 * any board gets the seed: none is given twice.
 */
import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { keep } from "../lock.ts";
import { Trouble } from "../trouble.ts";

export const WAYS = ["claim", "allowlist"] as const;
/** The admission of a device. */
export type Way = (typeof WAYS)[number];

const number = z.int().min(1);
const head = z.strictObject({ journal: z.literal("signet provision 1"), board: z.string(), way: z.enum(WAYS) });
const step = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("seed"), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ number, step: z.literal("id"), id: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ number, step: z.literal("claim"), claim: z.string().regex(/^([0-9a-f]{2}){16,32}$/) }),
  z.strictObject({ number, step: z.literal("admitted") }),
  z.strictObject({ number, step: z.literal("done") }),
]);
type Step = z.output<typeof step>;

/** One device of the batch. */
export interface Entry {
  readonly number: number;
  readonly id: string;
  claim?: string;
  admitted: boolean;
  done: boolean;
}

export class Journal {
  readonly entries: Entry[] = [];
  /** Hashes of all seeds that a board was given. */
  private readonly seeds = new Set<string>();
  private readonly file: number;
  private readonly release: () => void;

  private constructor(file: number, release: () => void) {
    this.file = file;
    this.release = release;
  }

  /** Open or begin a journal, for this process alone. A last line that was cut off while it was written never counted. */
  static open(path: string, board: string, way: Way): Journal {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    const release = keep(`${path}.pid`, "a run with this journal");
    try {
      const before = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      const whole = before.lastIndexOf(0x0a) + 1;
      const lines = before.toString("utf8", 0, whole).split("\n").slice(0, -1);
      const file = openSync(path, "a", 0o600);
      ftruncateSync(file, whole);
      const journal = new Journal(file, release);
      if (lines.length === 0) journal.write({ journal: "signet provision 1", board, way });
      else journal.replay(lines, path, { board, way });
      return journal;
    } catch (error) {
      release();
      throw error;
    }
  }

  private replay(lines: readonly string[], path: string, want: { board: string; way: Way }): void {
    const [first, ...rest] = lines.map((line, i) => {
      try {
        return JSON.parse(line) as unknown;
      } catch {
        throw new Trouble(
          `${path}, line ${i + 1}: not a line of a journal`,
          "restore it from a copy, or start another",
        );
      }
    });
    const told = head.safeParse(first).data;
    if (!told) throw new Trouble(`${path} is not a journal of signet provision`, "name another file with --journal");
    if (told.board !== want.board || told.way !== want.way) {
      const is = `${told.board} by ${told.way}`;
      throw new Trouble(`${path} is of a batch of ${is}, not ${want.board} by ${want.way}`, "begin another --journal");
    }
    for (const [i, line] of rest.entries()) {
      const parsed = step.safeParse(line).data;
      if (!parsed || !this.apply(parsed))
        throw new Trouble(`${path}, line ${i + 2}: an impossible step`, "restore it from a copy, or start another");
    }
  }

  /** Record a step; false if it cannot follow the earlier ones. */
  private apply(done: Step): boolean {
    if (done.step === "seed") return !this.seeds.has(done.sha256) && Boolean(this.seeds.add(done.sha256));
    const entry = this.entries.find((one) => one.number === done.number);
    if (done.step === "id") {
      if (entry || done.number !== this.entries.length + 1 || this.byId(done.id)) return false;
      this.entries.push({ number: done.number, id: done.id, admitted: false, done: false });
      return true;
    }
    if (!entry) return false;
    if (done.step === "claim") {
      if (entry.claim !== undefined || this.byClaim(done.claim)) return false;
      entry.claim = done.claim;
    } else if (done.step === "admitted") entry.admitted = true;
    else entry.done = true;
    return true;
  }

  /** Write one step, and have it on the disk. */
  add(done: Step): void {
    if (!this.apply(done)) throw new Error(`the journal cannot store ${JSON.stringify(done)}`);
    this.write(done);
  }

  private write(line: object): void {
    writeSync(this.file, `${JSON.stringify(line)}\n`, null);
    fsyncSync(this.file);
  }

  /** True if a board was given the seed with this hash. */
  hasSeed(sha256: string): boolean {
    return this.seeds.has(sha256);
  }

  byId(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  byClaim(claim: string): Entry | undefined {
    return this.entries.find((entry) => entry.claim === claim);
  }

  /** Number of finished boards. */
  get finished(): number {
    return this.entries.filter(({ done }) => done).length;
  }

  close(): void {
    closeSync(this.file);
    this.release();
  }
}
