/** Every case of every file of Wycheproof that concerns the firmware, as tests on one backend of the lab. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Lab } from "../lab/lab.ts";
import { VERDICTS } from "./verdicts.ts";
import { type Case, type File, cases } from "./wycheproof.ts";

/** True if a case fits the buffer of the micro:bit's lab, 2 KiB: the longest outputs of HKDF do not. */
export const fitsMicrobit = ({ size }: Case): boolean => typeof size !== "number" || size < 1700;

/** True if a case is quick on a board, or one of every eight of the others: those are signatures and agreements. */
export const isQuick = ({ tcId, group }: Case): boolean => !/^(Rsa|Ecd)/.test(String(group["type"])) || tcId % 8 === 0;

/** Declare them; `open` starts the lab, and only cases that `fits` accepts are run: a board may have too little RAM for some. */
export function everyCase(open: () => Promise<Lab>, name = "wasm", fits: (one: Case) => boolean = () => true): void {
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
        const possible = all.filter(fits);
        for (const one of possible) {
          if (!(await verdict(lab, one))) wrong.push(`${one.tcId} (${one.result}): ${one.comment}`);
        }
        assert.deepEqual(wrong, []);
        context.diagnostic(`${possible.length} of ${all.length} cases`);
      });
    }
  });
}
