// weight: 68 s, 0.4 cores
import assert from "node:assert/strict";
import { test } from "node:test";
import { runFleet } from "../../tools/fleet/fleet.ts";
import { AUDIENCE, serve } from "./harness.ts";

void test("a fleet of the firmware's own wasm reports through faults and among attackers, which store nothing", async (t) => {
  const server = await serve(t, { clock: Date.now });
  const tally = await runFleet({
    host: "127.0.0.1",
    port: server.port,
    audience: AUDIENCE,
    serverKey: server.publicKey,
    devices: 12,
    awake: 8,
    rate: 40,
    // On a busy machine it takes as long as it takes.
    seconds: 240,
    isEnough: ({ accepted, lostLinks, powerCuts, attacks }) =>
      accepted >= 60 && lostLinks >= 4 && powerCuts >= 2 && attacks.size >= 6,
    attackers: 2,
    faults: 2,
    seed: 6,
  });
  assert.ok(tally.accepted >= 60, `${tally.accepted} accepted`);
  assert.equal(tally.deaths, 0);
  assert.ok(tally.lostLinks >= 4 && tally.powerCuts >= 2);
  const answers = [...tally.attacks.keys()];
  assert.ok(answers.length >= 6);
  assert.ok(!answers.some((answer) => answer.endsWith("ACCEPTED")), answers.join(", "));
  // Two reports of each attacker are its own and right; a device may miss the answer to its last.
  const stored = (await server.store.read.selectFrom("reports").select("hash").execute()).length;
  assert.ok(stored >= tally.accepted && stored <= tally.accepted + 12 + 4 + tally.lostLinks + tally.powerCuts);
});
