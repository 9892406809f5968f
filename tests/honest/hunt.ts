/**
 * Play histories outside of the test runner: `hunt.ts [--as-is] HALF SEED COUNT [FILE]`. Each seed is a shard of 100; with a file, what became
 * of each shard is a line of JSON in it, and shards that it names are not played again. Ends with 1 if a history failed. With `--as-is` it is not
 * shortened, which takes many times as long as finding it.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { check } from "./check.ts";
import { HALVES, type Half } from "./history.ts";
import { Origin } from "./service.ts";

const SHARD = 100;

const { values, positionals } = parseArgs({ options: { "as-is": { type: "boolean" } }, allowPositionals: true });
const [name, first, count, file] = positionals;
const shorten = values["as-is"] !== true;
const half = HALVES.find((known) => known === name) as Half;
if (half === undefined || first === undefined || count === undefined)
  throw new Error("usage: hunt.ts [--as-is] HALF SEED COUNT [FILE]");

const played = new Set<number>();
if (file !== undefined && existsSync(file)) {
  for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const done = JSON.parse(line) as { half: Half; seed: number };
    if (done.half === half) played.add(done.seed);
  }
}

const origin = await Origin.make();
try {
  for (let left = Number(count), seed = Number(first); left > 0; left -= SHARD, seed++) {
    if (played.has(seed)) continue;
    const tally = await check(origin, half, seed, Math.min(SHARD, left), { shorten });
    if (file !== undefined) appendFileSync(file, `${JSON.stringify({ half, seed, ...tally })}\n`);
    if (tally.failure === undefined) continue;
    process.exitCode = 1;
    process.stdout.write(`${tally.failure}\n`);
    if (file === undefined) break;
  }
} finally {
  origin.remove();
}
