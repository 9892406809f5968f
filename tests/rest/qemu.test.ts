// weight: 52 s, 1 core
/** The key at rest, in the final ELF: between signatures all RAM, the stack included, holds nothing secret of the key. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findSecret } from "../../tools/demo/flash.ts";
import * as roads from "../../tools/demo/road.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { PATHS } from "../../tools/wire/exchange.ts";
import { open, type Sign1 } from "../../tools/wire/sign1.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { remains, secretsOf, type Secret } from "./remains.ts";
import { FULL } from "../full.ts";

const STEP_MS = 120_000;
/** Long enough to read RAM between two reports: the device stands still meanwhile. */
const INTERVAL_MS = 5_000;

/** One device on its road, and the secrets of the keys that it had. */
class Watched {
  readonly road: roads.BoardRoad;
  readonly device: Emulator;
  readonly secrets: Secret[] = [];

  constructor(road: roads.BoardRoad, device: Emulator) {
    this.road = road;
    this.device = device;
  }

  get id(): string {
    return hex(this.device.events.findLast(({ name }) => name === "enrolled")!.data.subarray(0, 32));
  }

  /** Look for all that was ever secret in the RAM of the device, which signs nothing now: also the nonces of `unstored` reports. */
  async look(unstored: readonly Sign1[] = []): Promise<void> {
    const { road, id } = this;
    const { ram, flash } = await this.#betweenTurns();
    const { key } = (await road.server.devices()).find((row) => row.id === id)!;
    const publicKey = fromHex(key)!;
    assert.ok(ram.includes(Buffer.from(publicKey)), "RAM holds the public key");
    const seed = findSecret(flash.subarray(road.board.store.pageBytes), publicKey)!;
    const stored = (await road.server.reports(id)).map(({ message }) => open(fromHex(message)!));
    this.secrets.push(...secretsOf(seed, publicKey, [...stored, ...unstored]));
    assert.deepEqual(remains(ram, this.secrets), []);
  }

  /**
   * RAM and flash where the main loop calls the guest: the turn that signed is over, however slow the machine is. Time stands
   * still for the device while they are read.
   */
  async #betweenTurns(): Promise<{ ram: Buffer; flash: Buffer }> {
    const { road, device } = this;
    const { ram, store } = road.board;
    const turn = (await symbols(road.built.elf))("signet_poll").address;
    const gdb = await device.debug();
    try {
      await gdb.breakAt([turn]);
      assert.ok(await gdb.runToBreak("c", STEP_MS), "the main loop runs");
      await gdb.unbreak([turn]);
      return {
        ram: await gdb.read(ram.origin, ram.bytes),
        flash: await gdb.read(store.origin, store.pageBytes * store.pages),
      };
    } finally {
      await gdb.detach();
    }
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
    ...(FULL ? [["mps2-an386", false] as const] : []),
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
