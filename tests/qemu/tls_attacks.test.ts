// weight: 45 s, 0.5 cores
/** Every attack of `tools/attacker/tls_attacks.ts`, from inside the module, against the product's image inside TLS to `tools/server`. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TLS_ATTACKS, type TlsScene } from "../../tools/attacker/tls_attacks.ts";
import * as roads from "../../tools/demo/road.ts";
import type { Emulator } from "../../tools/emulator/qemu.ts";
import { hex } from "../../tools/wire/bytes.ts";

const BOARD = "mps2-an386";
const STEP_MS = 120_000;

/** The refusing side of each attack, and its reason. */
const REFUSALS: Record<string, [by: string, reason: RegExp]> = {
  "flip-hello": ["device", /^bad_record_mac$/],
  garbage: ["device", /^unexpected_message$/],
  oversize: ["device", /^record_overflow$/],
  downgrade: ["device", /^protocol_version$/],
  "flip-handshake": ["device", /^bad_record_mac$/],
  "repeat-handshake": ["device", /^bad_record_mac$/],
  "skip-handshake": ["device", /^bad_record_mac$/],
  "flip-finished": ["server", /^bad_record_mac$/],
  "false-server": ["device", /^unknown_ca$/],
  "man-in-the-middle": ["device", /^unknown_ca$/],
  "flip-report": ["server", /^bad_record_mac$/],
  "flip-receipt": ["device", /^bad_record_mac$/],
  truncate: ["device", /^bad_record_mac$/],
  "replay-report": ["server", /^bad_record_mac$/],
  "replay-receipt": ["device", /^bad_record_mac$/],
  "false-close": ["device", /^unexpected_message$/],
  drop: ["device", /^sent again over a new connection, stored once$/],
  cut: ["device", /^sent again over a new connection, stored once$/],
  "replay-connection": ["server", /^it closed the connection: /],
  trickle: ["device", /^received every byte$/],
};

describe(`attacks on TLS of ${BOARD}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-tls-road-"));
  let road: roads.Road;
  let device: Emulator;
  let id: string;
  let scene: TlsScene;

  before(async () => {
    road = await roads.lay({ board: BOARD, folder, link: "esp-at", port: 0, tls: true, reportIntervalMs: 200 });
    device = await roads.powerOn(road);
    id = hex((await device.waitFor("enrolled", STEP_MS)).data.subarray(0, 32));
    scene = roads.tlsScene(road, device, id);
    await device.waitFor("accepted", STEP_MS);
  });

  after(async () => {
    await device?.kill();
    if (road) await roads.close(road);
    rmSync(folder, { recursive: true });
  });

  it("are all listed here", () => {
    assert.deepEqual(
      TLS_ATTACKS.map(({ name }) => name),
      Object.keys(REFUSALS),
    );
  });

  for (const { name, perform } of TLS_ATTACKS) {
    it(
      `${name} is refused by name, every report is stored once, and the device continues`,
      { timeout: 3 * STEP_MS },
      async () => {
        const { by, reason } = await perform(scene);
        assert.equal(by, REFUSALS[name]![0]);
        assert.match(reason, REFUSALS[name]![1]);
      },
    );
  }

  it("left one device whose reports are one chain, and nothing readable on the UART", async () => {
    assert.equal((await road.server.devices()).length, 1);
    await roads.unbroken(road, id);
    assert.ok(device.events.every(({ name }) => name !== "epitaph"));
    assert.ok(road.sniffer.uartBytes > 10_000);
    assert.deepEqual(road.sniffer.find(await roads.secrets(road, device, id)), []);
  });
});
