// weight: 30 s, 1 core
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as roads from "../../tools/demo/road.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { importKey, type VerifyKey } from "../../tools/wire/ed25519.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import { readReport } from "../../tools/wire/messages.ts";
import { open, verify } from "../../tools/wire/sign1.ts";
import { seeded } from "../../tools/line/random.ts";

const BOARD = "mps2-an386";
const STEP_MS = 60_000;

/** Number of power cuts; the whole campaign has 100. */
const KILLS = Number(process.env["SIGNET_KILLS"] ?? 12);

/** The longest that a life lasts: beyond the sign-up, into the reports. */
const LIFE_MS = 3_000;

const SEED = 0x5167;

/** True if bytes are a message with the signature of this key. */
function isSigned(bytes: Uint8Array, key: VerifyKey): boolean {
  try {
    return verify(open(bytes), key);
  } catch {
    return false;
  }
}

describe(`power cut ${KILLS} times at random moments (seed ${SEED})`, () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-kills-"));
  /** The reports of all lives: ids, and counters with a receipt. */
  const ids = new Set<string>();
  const accepted: number[] = [];
  let road: roads.Road;
  let device: Emulator | undefined;

  before(async () => {
    road = await roads.lay({ board: BOARD, folder, link: "esp-at", port: 0, reportIntervalMs: 100 });
  });

  after(async () => {
    await device?.kill();
    if (road) await roads.close(road);
    rmSync(folder, { recursive: true });
  });

  /** Note what a life said. */
  function note({ events }: Emulator): void {
    for (const { name, data } of events) {
      if (name === "key-made" || name === "key-loaded") ids.add(hex(data));
      if (name === "enrolled") ids.add(hex(data.subarray(0, 32)));
      if (name === "accepted") accepted.push(data.readUInt32BE(0));
    }
  }

  it("always restarts", { timeout: KILLS * 20_000 + 2 * STEP_MS }, async () => {
    const moments = seeded(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      device = await roads.powerOn(road);
      await sleep(moments.unit() * LIFE_MS);
      await device.kill();
      note(device);
    }
    device = await roads.powerOn(road);
    await device.waitFor("enrolled", STEP_MS);
    for (let more = 0; more < 3; more++) {
      await device.waitFor("accepted", STEP_MS, device.events.length);
    }
    await device.kill();
    note(device);
  });

  it("is one device all along", () => {
    assert.equal(ids.size, 1, [...ids].join(" "));
  });

  it("never used a counter twice", async () => {
    const key = importKey(fromHex((await road.server.devices())[0]!.key)!)!;
    const heard = new Map<number, string>();
    for (const { path, request } of road.attacker.heard) {
      // A request that a cut left unfinished is filled up with whatever the next life says first.
      if (path !== PATHS.reports || !isSigned(request.body, key)) continue;
      const { counter } = readReport(open(request.body));
      const bytes = hex(request.body);
      assert.equal(heard.get(counter) ?? bytes, bytes, `counter ${counter} stands in two reports`);
      heard.set(counter, bytes);
    }
    assert.ok(heard.size >= 3);
  });

  it("lost no accepted report, and left one unbroken chain", async () => {
    const [id] = ids;
    const stored = (await road.server.reports(id!)).toSorted((a, b) => a.counter - b.counter);
    const counters = new Set(stored.map(({ counter }) => counter));
    for (const counter of accepted)
      assert.ok(counters.has(counter), `report ${counter} has a receipt and is not stored`);
    let prev = hex(new Uint8Array(32));
    for (const { message } of stored) {
      const bytes = Buffer.from(message, "hex");
      assert.equal(hex(readReport(open(bytes)).prev), prev);
      prev = hex(hash(bytes));
    }
  });
});
