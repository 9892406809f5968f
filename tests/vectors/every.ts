/** Every case of every file of Wycheproof that concerns the firmware, as tests on one backend of the lab. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Lab } from "../lab/lab.ts";
import { VERDICTS } from "./verdicts.ts";
import { type File, cases } from "./wycheproof.ts";

/** Declare them; `open` starts the lab. */
export function everyCase(open: () => Promise<Lab>, name = "wasm"): void {
  describe(`Wycheproof on ${name}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await open();
    });
    after(async () => {
      await lab?.close();
    });
    for (const [file, verdict] of Object.entries(VERDICTS)) {
      test(file, async (context) => {
        const all = await cases(file as File);
        if (typeof all === "string") return context.skip(all);
        const wrong: string[] = [];
        for (const one of all) {
          if (!(await verdict(lab, one))) wrong.push(`${one.tcId} (${one.result}): ${one.comment}`);
        }
        assert.deepEqual(wrong, []);
        context.diagnostic(`${all.length} cases`);
      });
    }
  });
}
