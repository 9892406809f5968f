// weight: 64 s, 1 core
/** The key at rest, in the final ELF: between signatures all RAM, the stack included, holds nothing secret of the key. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "node:test";
import { findSecret } from "../../tools/demo/flash.ts";
import * as roads from "../../tools/demo/road.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import { open, type Sign1 } from "../../tools/wire/sign1.ts";
import { remains, secretsOf, type Secret } from "./remains.ts";

const STEP_MS = 120_000;
/** So long that nothing is signed while RAM is read. */
const INTERVAL_MS = 10_000;
/** What a turn of the main loop takes after it said what it did. */
const TURN_MS = 300;
/** What a device says when it signs, or just did. */
const SIGNS = /^(sent|enrolled|rotating|secured)$/;

/** One device on its road, and the secrets of the keys that it had. */
class Watched {
  readonly road: roads.Road;
  readonly device: Emulator;
  readonly secrets: Secret[] = [];

  constructor(road: roads.Road, device: Emulator) {
    this.road = road;
    this.device = device;
  }

  get id(): string {
    return hex(this.device.events.findLast(({ name }) => name === "enrolled")!.data.subarray(0, 32));
  }

  /** Look for all that was ever secret in the RAM of the device, which signs nothing now: also the nonces of `unstored` reports. */
  async look(unstored: readonly Sign1[] = []): Promise<void> {
    const { road, device, id } = this;
    const events = device.events.length;
    await sleep(TURN_MS);
    const flash = await device.store();
    const gdb = await device.debug();
    const { origin, bytes } = road.board.ram;
    const ram = await gdb.read(origin, bytes).finally(() => gdb.detach());
    const meanwhile = device.events.slice(events).map(({ name }) => name);
    assert.ok(!meanwhile.some((name) => SIGNS.test(name)), `it signed meanwhile: ${meanwhile.join(" ")}`);
    const { key } = (await road.server.devices()).find((row) => row.id === id)!;
    const publicKey = fromHex(key)!;
    assert.ok(ram.includes(Buffer.from(publicKey)), "RAM holds the public key");
    const seed = findSecret(flash.subarray(road.board.store.pageBytes), publicKey)!;
    const stored = (await road.server.reports(id)).map(({ message }) => open(fromHex(message)!));
    this.secrets.push(...secretsOf(seed, publicKey, [...stored, ...unstored]));
    assert.deepEqual(remains(ram, this.secrets), []);
  }

  /** Have the server order another key, and the device report with it. */
  async rotate(): Promise<void> {
    const { road, device } = this;
    const answer = await fetch(`${road.server.url}/v1/devices/${this.id}/rotate`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${road.server.adminToken}`,
        "content-type": "application/json",
        connection: "close",
      },
      body: JSON.stringify({ expiresAt: Date.now() + STEP_MS }),
    });
    assert.equal(answer.status, 200);
    await device.waitFor("rotated", STEP_MS);
    await device.waitFor(
      "accepted",
      STEP_MS,
      device.events.findIndex(({ name }) => name === "rotated"),
    );
  }
}

/** A device that has its first receipt. */
async function begin(board: string, tls: boolean, folder: string): Promise<Watched> {
  const road = await roads.lay({ board, folder, link: "framed", port: 0, tls, reportIntervalMs: INTERVAL_MS });
  const device = await roads.powerOn(road);
  await device.waitFor("accepted", STEP_MS);
  return new Watched(road, device);
}

describe("the key at rest, in all RAM", { concurrency: false }, () => {
  for (const [board, tls] of [
    ["mps2-an386", true],
    ["mps2-an386", false],
    ["microbit", false],
  ] as const) {
    it(`leaves nothing on ${board}${tls ? ", inside TLS" : ""}`, { timeout: 5 * STEP_MS }, async () => {
      const folder = mkdtempSync(join(tmpdir(), "signet-rest-"));
      const watched = await begin(board, tls, folder);
      const { road, device } = watched;
      try {
        await watched.look();
        await watched.rotate();
        await watched.look();
        if (tls) return;
        // Nothing is done after this signature but to wait.
        const { request } = await road.attacker.play("up", PATHS.reports, () => []);
        await watched.look([open(request.body.slice())]);
      } finally {
        await device.kill();
        await roads.close(road);
        rmSync(folder, { recursive: true });
      }
    });
  }
});
