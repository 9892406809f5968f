// weight: 6 s, 1.0 cores
/** The table of families in `assembly/link/README.md`: the quirks that a driver is tested with, and its throughput. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { SERVES } from "../../../tools/firmware/choices.ts";
import { FAMILIES, type FamilyName } from "../../../tools/modem/families.ts";
import { quirksOf } from "../../../tools/modem/quirks.ts";
import { bench } from "./bench.ts";
import { LinkState } from "./device.ts";
import { carry, until } from "./session.ts";

const BYTES = 8000;
const RATES = [9600, 115_200, 921_600];
/** A figure of the table may be off by this part. */
const TOLERANCE = 0.1;

/** The cells behind the name of a family. */
function row(family: FamilyName): string[] {
  const page = readFileSync("assembly/link/README.md", "utf8");
  const line = new RegExp(`^\\| \`${family}\` \\|(.*)\\|$`, "m").exec(page)?.[1];
  assert.ok(line, `the table has no row for ${family}`);
  return line.split("|").map((cell) => cell.trim().replace(",", ""));
}

/** Bytes that the link carries in a second, each way at once. */
async function throughput(family: FamilyName, baud: number): Promise<number> {
  const setting = await bench([], 1, baud, 0, family);
  assert.ok(until(setting, 60_000, () => setting.device.state === LinkState.ready));
  const beganMs = setting.clock.now();
  assert.ok(carry(setting, BYTES));
  return Math.round((1000 * BYTES) / (setting.clock.now() - beganMs));
}

describe("the table of families", () => {
  for (const family of Object.keys(FAMILIES) as FamilyName[]) {
    it(`has the quirks and the throughput of ${family}`, async (test) => {
      const cells = row(family);
      for (const [index, road] of (["tcp", "udp", "http"] as const).entries())
        assert.equal(cells[index] !== "no", SERVES[road].includes(family), `${family} on the road ${road}`);
      assert.equal(Number(cells[4]), quirksOf(family).length, "quirks");
      for (const [index, baud] of RATES.entries()) {
        const measured = await throughput(family, baud);
        test.diagnostic(`${family} at ${baud} baud: ${measured} bytes in a second`);
        const stated = Number(cells[5 + index]);
        assert.ok(
          Math.abs(stated - measured) <= TOLERANCE * measured,
          `${measured} at ${baud}, the table has ${stated}`,
        );
      }
    });
  }
});
