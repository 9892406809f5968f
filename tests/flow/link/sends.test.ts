/**
 * The promise of the link to the layers above: while it says Open, the peer has received a beginning of what was sent,
 * and what was taken arrives. Held over random mixtures of the module's quirks. SENDS_RUNS says how many.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FAMILIES, type FamilyName } from "../../../tools/modem/families.ts";
import { type Quirk, quirksOf } from "../../../tools/modem/quirks.ts";
import { LinkState } from "./device.ts";
import { bench } from "./bench.ts";
import { carry, until } from "./session.ts";

const RUNS = Number(process.env["SENDS_RUNS"] ?? 300);
const SEED = 20_261_127;
/** The driver needs a UART that loses nothing: a loss of SEND FAIL itself cannot be detected. */
const LOSSY: readonly Quirk[] = ["half-lines"];

/** A history of a module: quirks, and connections of these lengths. */
const story = (family: FamilyName): fc.Arbitrary<Story> =>
  fc.record({
    quirks: fc.subarray(
      quirksOf(family).filter((quirk) => !LOSSY.includes(quirk)),
      { maxLength: 6 },
    ),
    rate: fc.constantFrom(0.05, 0.2, 0.5),
    seed: fc.nat(),
    baud: fc.constantFrom(9600, 115_200, 921_600),
    lengths: fc.array(fc.integer({ min: 1, max: 1200 }), { minLength: 1, maxLength: 3 }),
  });

interface Story {
  readonly quirks: Quirk[];
  readonly rate: number;
  readonly seed: number;
  readonly baud: number;
  readonly lengths: number[];
}

describe(`${RUNS} mixtures of quirks (seed ${SEED})`, () => {
  for (const family of Object.keys(FAMILIES) as FamilyName[]) {
    it(`lose, double and reorder no byte over ${family} while the link is Open`, async (test) => {
      let whole = 0;
      let broken = 0;
      let silent = 0;
      await fc.assert(
        fc.asyncProperty(story(family), async ({ quirks, rate, seed, baud, lengths }) => {
          const setting = await bench(quirks, seed, baud, rate, family);
          for (const length of lengths) {
            if (!until(setting, 60_000, () => setting.device.state === LinkState.ready)) silent++;
            else if (carry(setting, length)) whole++;
            else broken++;
          }
        }),
        { numRuns: RUNS, seed: SEED },
      );
      test.diagnostic(
        `${whole} connections carried all, ${broken} ended before, ${silent} times the module had no time for one`,
      );
      assert.ok(whole > RUNS / 4 && broken > RUNS / 20, "both kinds of connection are among them");
    });
  }
});
