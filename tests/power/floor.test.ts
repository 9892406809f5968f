// weight: 40 s, 0.7 cores
/** The floor of time, over days of hourly reports: it follows honest servers, and no server that is wrong for a day. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Flash } from "../../tools/guest/flash.ts";
import * as factory from "../../tools/wire/factory.ts";
import * as store from "../../tools/wire/store.ts";
import { live } from "./life.ts";
import { AUDIENCE, Witness } from "./witness.ts";

const SHAPE = { pageBytes: 4096, pages: 4 };
const HOUR_MS = 3_600_000;
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const BEGIN_S = 1_767_225_600;
const YEAR_2106 = 0xffff_ffff;

/** A life of a report an hour; `told` is the server's time at each report. Returns the floor that is stored, if any. */
function stored(reports: number, told: (hour: number) => number, flash = newFlash(), seed = 1): number | undefined {
  const witness = new Witness();
  witness.memory = known.get(flash) ?? witness.memory;
  let hour = 0;
  witness.onReport = () => void hour++;
  witness.time = () => told(hour);
  live(flash, witness, reports, seed);
  known.set(flash, witness.memory);
  const data = store.read(flash.bytes, SHAPE.pageBytes).live.get("time");
  return data && new DataView(data.buffer, data.byteOffset).getUint32(0, true);
}

const known = new WeakMap<Flash, Witness["memory"]>();

function newFlash(): Flash {
  const flash = new Flash(SHAPE);
  flash.provision(
    factory.write({
      link: "framed",
      host: "witness",
      port: 80,
      audience: AUDIENCE,
      serverKeys: [new Witness().key.publicKey],
      reportIntervalMs: HOUR_MS,
    }),
  );
  return flash;
}

const honest = (hour: number): number => BEGIN_S + hour * HOUR_S;

describe("the floor of time", () => {
  it("is set once every answer of 48 hours agreed", () => {
    assert.equal(stored(48, honest), undefined);
    const floor = stored(52, honest)!;
    assert.ok(floor >= honest(47) && floor <= honest(52), `${floor}`);
  });

  it("is not set if one of the answers did not agree", () => {
    for (const wrong of [YEAR_2106, 1, BEGIN_S - 30 * DAY_S])
      assert.equal(
        stored(60, (hour) => (hour === 30 ? wrong : honest(hour))),
        undefined,
        `${wrong}`,
      );
  });

  it("follows the device's own clock, and not a server that is a year off for a day", () => {
    for (const off of [365 * DAY_S, -365 * DAY_S, 2 * HOUR_S]) {
      const told = (hour: number): number => honest(hour) + (hour >= 60 && hour < 84 ? off : 0);
      const floor = stored(130, told)!;
      assert.ok(floor >= honest(104) && floor <= honest(130), `${off}: ${floor}`);
    }
  });

  it("moves an hour further than that at most, however many answers say more", () => {
    const told = (hour: number): number => honest(hour) + (hour >= 60 ? Math.min(hour - 60, 40) * HOUR_S * 0.9 : 0);
    const floor = stored(100, told)!;
    assert.ok(floor <= honest(100) + HOUR_S, `${floor}`);
  });

  it("never goes back over restarts, and is an hour further for each at most", () => {
    const flash = newFlash();
    const first = stored(80, honest, flash)!;
    for (let start = 0; start < 5; start++) {
      const floor = stored(3, () => YEAR_2106, flash, 2 + start)!;
      assert.equal(floor, first);
    }
    const later = stored(30, (hour) => first + hour * HOUR_S, flash, 20)!;
    assert.ok(later >= first && later <= first + 31 * HOUR_S, `${later - first}`);
  });
});
