// weight: 82 s, 1 core
/** An honest device is never lost, and a clone is found: histories made at random, each followed by a quiet hour. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { check, playOne, tell } from "./check.ts";
import type { Half, History } from "./history.ts";
import { Origin } from "./service.ts";
import { FULL } from "../full.ts";

/** Number of histories of each kind; `HISTORIES` sets another, `HISTORIES_SEED` makes others. */
const COUNTS: Readonly<Record<Half, number>> = FULL
  ? { honest: 250, clone: 150, rollback: 50 }
  : { honest: 200, clone: 120, rollback: 30 };
const count = (half: Half): number => Number(process.env["HISTORIES"] ?? COUNTS[half]);
const seed = Number(process.env["HISTORIES_SEED"] ?? 1);

const origin = await Origin.make();
after(() => origin.remove());

const replayed = process.env["HISTORY"];

describe("a history", { skip: replayed !== undefined && "another is played again" }, () => {
  it("leaves an honest device active under one identity, with its readings stored once and no alarm", async () => {
    const { failure } = await check(origin, "honest", seed, count("honest"));
    assert.equal(failure, undefined, failure);
  });

  it("with a clone detects the clone", async (t) => {
    const { failure, qualified, played } = await check(origin, "clone", seed, count("clone"));
    assert.equal(failure, undefined, failure);
    t.diagnostic(`in ${qualified} of ${played} the device and its clone took turns`);
    assert.ok(qualified > played / 2, `${qualified} of ${played}`);
  });

  it("with a restored flash leaves the device active", async () => {
    const { failure } = await check(origin, "rollback", seed, count("rollback"));
    assert.equal(failure, undefined, failure);
  });
});

it("a given history is played again", { skip: replayed === undefined && "HISTORY gives none" }, async () => {
  const history = JSON.parse(replayed!) as History;
  const half = (process.env["HISTORY_HALF"] ?? "honest") as Half;
  const { faults } = await playOne(origin, half, history);
  assert.equal(faults.length, 0, await tell(origin, half, history));
});
