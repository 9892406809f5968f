/**
 * Constant time of the TLS client on the final ELFs: whole conversations under PSKs, call by call, give one trace whatever the
 * secrets are, wherever a tag or a Finished is wrong, and whatever the padding of a record is. SIGNET_FULL asks for every
 * board and more secrets.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildImage } from "../../tools/firmware/build.ts";
import { assertAnswer, isSetting, type Kept, requestOf } from "../tls/replay.ts";
import { type Talk, talks } from "./talks.ts";
import { Tracer } from "./tracer.ts";
import TLS from "../tls/image.ts";
import { FULL } from "../full.ts";

const BOARDS = FULL ? ["mps2-an386", "mps2-an385", "microbit", "pico"] : ["mps2-an386"];
/** Random secrets, or places of a flipped bit; on the Pico, which is slow to trace, two runs of each talk have to do. */
const COUNT = FULL ? 16 : 2;
const TALKS = await talks(COUNT);

/** The trace of each call of a conversation that is the client's work. */
async function tracesOf(tracer: Tracer, run: readonly Kept[]): Promise<(string | undefined)[]> {
  const hashes: (string | undefined)[] = [];
  for (const [i, one] of run.entries()) {
    const { answer, hash } = await tracer.trace(requestOf(one));
    assertAnswer(answer, one, `${i} of ${run.length}`);
    hashes.push(isSetting(one) ? undefined : hash);
  }
  return hashes;
}

/** Fail, and say where, unless all runs of a talk do the same; the calls that tell must not. */
async function assertConstant(tracer: Tracer, { name, runs, telling }: Talk): Promise<void> {
  const [first, ...rest] = runs;
  assert(first && rest.length > 0);
  // Each run begins where one of its kind ended: the start of a connection clears what the one before left.
  await tracesOf(tracer, first);
  const reference = await tracesOf(tracer, first);
  let told = false;
  for (const run of rest) {
    assert.deepEqual(
      run.map(({ call }) => call),
      first.map(({ call }) => call),
      `${name}: not the same calls`,
    );
    const traces = await tracesOf(tracer, run);
    const at = traces.findIndex((hash, i) => hash !== reference[i] && run[i]!.call !== telling);
    told ||= traces.some((hash, i) => hash !== reference[i]);
    if (at < 0) continue;
    const upTo = (kept: readonly Kept[]) => kept.slice(0, at + 1).map(requestOf);
    assert.fail(`${name}, call ${at} (${run[at]!.call}): ${await tracer.explain(upTo(first), upTo(run))}`);
  }
  assert.equal(
    told,
    telling !== undefined,
    `${name}: the traces without the hand-over of the content do not depend on its length`,
  );
}

for (const board of BOARDS) {
  describe(`the TLS client's traces on ${board}`, () => {
    let tracer: Tracer;
    before(async () => {
      tracer = await Tracer.start(board, (await buildImage({ board, image: TLS })).elf);
    });
    after(async () => {
      await tracer?.close();
    });
    for (const talk of TALKS) {
      const runs = board === "pico" ? [talk.runs[0]!, talk.runs.at(-1)!] : talk.runs;
      test(`${talk.name}, ${runs.length} runs`, async () => assertConstant(tracer, { ...talk, runs }));
    }
  });
}
