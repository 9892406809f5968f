/** One report of a board: known answers, cycles, timing over secrets, and noise. */
import { randomBytes } from "node:crypto";
import { KiB } from "../../../tools/firmware/board.ts";
import { type Known, OPERATIONS } from "../../bench/bench.ts";
import { operations } from "../../ct/operations.ts";
import { fitsMicrobit } from "../../vectors/every.ts";
import { VERDICTS } from "../../vectors/verdicts.ts";
import { cases, type File } from "../../vectors/wycheproof.ts";
import { type Lab, wasmLab } from "../lab.ts";
import { gather, type Noise } from "./noise.ts";
import type { Facts, Subject } from "./subject.ts";
import { time, type Timing } from "./timing.ts";

export interface Extent {
  /** One case in this many of each file of Wycheproof. */
  readonly every: number;
  /** Runs of each operation, for its cycles. */
  readonly runs: number;
  /** Runs of each operation with one secret, and as many with random ones. */
  readonly samples: number;
  /** Samples of noise. */
  readonly noise: number;
}

interface Cycles {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export interface Report {
  readonly made: string;
  readonly facts: Facts;
  /** Operations whose answer is not that of the same source as wasm; must be empty. */
  readonly different: readonly string[];
  /** Cases of Wycheproof, and those with a wrong verdict; or why there were none. */
  readonly vectors: { readonly cases: number; readonly wrong: readonly string[] } | string;
  /** By operation; null where the counter is too short, or there is none. */
  readonly cycles: Readonly<Record<string, Cycles | null>>;
  readonly timing: Readonly<Record<string, Timing>>;
  /** Null if the board gives no noise. */
  readonly noise: Noise | null;
}

type Step = (text: string) => void;

async function vectors({ lab, board }: Subject, every: number, step: Step): Promise<Report["vectors"]> {
  const wrong: string[] = [];
  let count = 0;
  const isRoomy = board.ram.bytes >= 64 * KiB;
  for (const [file, verdict] of Object.entries(VERDICTS)) {
    const all = await cases(file as File);
    if (typeof all === "string") return all;
    const chosen = all.filter((one, place) => place % every === 0 && (isRoomy || fitsMicrobit(one)));
    step(`${file}: ${chosen.length} cases`);
    for (const one of chosen) if (!(await verdict(lab, one))) wrong.push(`${file} ${one.tcId}: ${one.comment}`);
    count += chosen.length;
  }
  return { cases: count, wrong };
}

function summary(samples: readonly number[]): Cycles | null {
  if (samples.includes(0)) return null;
  const sorted = samples.toSorted((a, b) => a - b);
  return { least: sorted[0]!, median: sorted[sorted.length >> 1]!, most: sorted.at(-1)! };
}

/** Run each operation of the bench, on the board and as wasm. */
async function measure(
  { lab, board }: Subject,
  twin: Lab,
  runs: number,
): Promise<Pick<Report, "different" | "cycles">> {
  const known: Known = { key: randomBytes(32), signature: randomBytes(64) };
  const different: string[] = [];
  const cycles: Record<string, Cycles | null> = {};
  for (const { name, run, isLarge = false } of OPERATIONS) {
    if (isLarge && board.ram.bytes < 64 * KiB) continue;
    const wanted = await run(twin, known);
    const samples: number[] = [];
    for (let i = 0; i < runs; i++) {
      const answer = await run(lab, known);
      if (answer.result !== wanted.result || !answer.bytes.equals(wanted.bytes)) different.push(name);
      samples.push(answer.cycles);
    }
    if (name === "ed25519.keygen") known.key = wanted.bytes;
    if (name === "ed25519.sign") known.signature = wanted.bytes;
    cycles[name] = summary(samples);
  }
  return { different: [...new Set(different)], cycles };
}

/** Examine a board. */
export async function examine(subject: Subject, extent: Extent, step: Step): Promise<Report> {
  const { lab, facts } = subject;
  step("operations: answers and cycles");
  const twin = await wasmLab();
  const measured = await measure(subject, twin, extent.runs);
  const verdicts = await vectors(subject, extent.every, step);
  const timing: Record<string, Timing> = {};
  for (const operation of operations(extent.samples)) {
    step(`timing: ${operation.name}`);
    timing[operation.name] = await time(lab, operation, extent.samples);
  }
  step(`noise: ${extent.noise} samples`);
  const noise = (await gather(lab, extent.noise)) ?? null;
  return { made: new Date().toISOString(), facts, ...measured, vectors: verdicts, timing, noise };
}

/** The report in a few lines. */
export function inWords({ facts, different, vectors: verdicts, cycles, timing, noise }: Report): string {
  const counter = { 0: "it has no counter of cycles", 24: "SysTick", 32: "DWT" }[facts.counterBits];
  const leaks = Object.keys(timing).filter((name) => timing[name]!.verdict === "depends on the secret");
  const measured = Object.values(timing).filter(({ verdict }) => verdict !== "not measured").length;
  const wrong =
    typeof verdicts === "string" ? `skipped: ${verdicts}` : `${verdicts.wrong.length} of ${verdicts.cases} wrong`;
  return [
    `${facts.board}, ${facts.cpu} at ${facts.clockHz / 1e6} MHz; cycles: ${counter}${facts.machine === "emulator" ? ", of an emulator: no chip's" : ""}`,
    `answers: ${different.length === 0 ? "equal to those of the wasm" : `different: ${different.join(", ")}`}`,
    `vectors: ${wrong}`,
    ...Object.entries(cycles).map(([name, figures]) => `  ${name.padEnd(16)} ${figures?.median ?? "not measured"}`),
    `timing: ${leaks.length === 0 ? `no difference found in ${measured} operations` : `depends on the secret: ${leaks.join(", ")}`}`,
    `noise: ${noise ? `${noise.samples} samples, ${noise.mostCommonValue.toFixed(2)} bits each by their most common value` : "none"}`,
    "",
  ].join("\n");
}

/** True if the board did all as it must. */
export function isSound({ different, vectors: verdicts, timing }: Report): boolean {
  return (
    different.length === 0 &&
    (typeof verdicts === "string" || verdicts.wrong.length === 0) &&
    Object.values(timing).every(({ verdict }) => verdict !== "depends on the secret")
  );
}
