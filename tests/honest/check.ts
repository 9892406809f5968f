/** Histories by the hundred: made from a seed, played, judged; the first that fails is told so that it can be played again. */
import * as fc from "fast-check";
import { DAY, HOUR, histories, print, type Half, type History } from "./history.ts";
import { alternations, isParted, judge } from "./judge.ts";
import { Play } from "./play.ts";
import type { Origin } from "./service.ts";

/** Lines of the story that a report ends with: what led to the fault is mostly at its end. */
const STORY_LINES = 60;

export interface Played {
  readonly faults: readonly string[];
  readonly story: readonly string[];
  /** Times that the device and its clone took turns. */
  readonly alternations: number;
  /** Keys that an operator had to let in after a restore. */
  readonly invited: number;
  /** True if nothing tells any more that the device and its clone had one key. */
  readonly parted: boolean;
}

/** Play one history and judge it. */
export async function playOne(origin: Origin, half: Half, history: History): Promise<Played> {
  const play = await Play.begin(origin, half, history);
  try {
    await play.run();
    let faults = await judge(play, half);
    // The holder of a replaced key asks once a day, and a wrong clock can hide it the first time.
    const mayComeLate = half !== "honest" && history.steps.some(({ act }) => act === "clock");
    if (faults.length > 0 && mayComeLate) {
      await play.agenda.pass(DAY + HOUR);
      faults = await judge(play, half);
    }
    return {
      faults,
      story: play.story,
      alternations: alternations(play),
      invited: play.service.invited,
      parted: half === "clone" && (await isParted(play)),
    };
  } finally {
    await play.end();
  }
}

export interface Tally {
  played: number;
  /** Of those with a clone: in how many it and the device took turns, so that it had to be found. */
  qualified: number;
  /** In how many an operator had to let a key in after a restore. */
  invited: number;
  /** Of those with a clone: in how many the two were parted by a restore, so that it need not be found. */
  parted: number;
  /** Why the first that failed did, with the shortest history that still fails. */
  failure?: string;
}

/** Play `count` histories of a half that `seed` tells; ends at the first that fails, and shortens it unless it is wanted as it is. */
export async function check(
  origin: Origin,
  half: Half,
  seed: number,
  count: number,
  { shorten }: { readonly shorten: boolean } = { shorten: true },
): Promise<Tally> {
  const tally: Tally = { played: 0, qualified: 0, invited: 0, parted: 0 };
  let failed = false;
  const property = fc.asyncProperty(histories(half), async (history) => {
    const { faults, alternations, invited, parted } = await playOne(origin, half, history);
    if (!failed) {
      tally.played++;
      if (alternations >= 2) tally.qualified++;
      if (invited > 0) tally.invited++;
      if (parted) tally.parted++;
    }
    failed ||= faults.length > 0;
    if (faults.length > 0) throw new Error(faults.join("\n"));
  });
  const details = await fc.check(property, { seed, numRuns: count, endOnFailure: !shorten });
  if (details.failed && details.counterexample !== null) {
    const [history] = details.counterexample;
    const which = `history ${tally.played} of seed ${seed} (${half})${shorten ? ", shortened" : ""}`;
    tally.failure = `${which}:\n${await tell(origin, half, history)}`;
  }
  return tally;
}

/** Tell a history and what became of it. */
export async function tell(origin: Origin, half: Half, history: History): Promise<string> {
  const { faults, story } = await playOne(origin, half, history);
  return [
    ...faults.map((fault) => `- ${fault}`),
    `HISTORY_HALF=${half} HISTORY='${print(history)}' npm test -- honest`,
    ...history.steps.map((step) => JSON.stringify(step)),
    "what happened, at its end:",
    ...story.slice(-STORY_LINES),
  ].join("\n");
}
