// weight: 13 s, 0.3 cores
/**
 * The product's ELF in QEMU, through the emulated module, inside TLS to `tools/server`: readings arrive, a connection that was
 * lost is resumed by its ticket, the UART shows none of it, and the device hands over to its next key when it is told to.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Records } from "../../tools/attacker/records.ts";
import { loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { writeFactoryPage } from "../../tools/demo/flash.ts";
import { startEmulator } from "../../tools/emulator/qemu.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { startServer } from "../../tools/server/server.ts";
import * as factory from "../../tools/wire/factory.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const BOARD = "mps2-an386";
const AUDIENCE = "tls.example";

test("enrolment, reports, resumption and rotation of the ELF inside TLS", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "signet-tls-elf-"));
  const board = await loadBoard(BOARD);
  const { elf } = await buildImage({ board: BOARD, image: SIGNET });
  const server = await startServer({
    port: 0,
    tls: { port: 0 },
    database: path.join(folder, "signet.db"),
    audience: AUDIENCE,
  });
  const wire: Buffer[] = [];
  const tap = new Records();
  const modem = await startModem({
    listen: { host: "127.0.0.1", port: 0 },
    baud: 0,
    tap,
    onUart: (_, bytes) => wire.push(Buffer.from(bytes)),
  });
  const flash = path.join(folder, "flash.bin");
  const page = factory.write({
    link: "esp-at",
    host: "127.0.0.1",
    port: server.tls!.port,
    audience: AUDIENCE,
    serverKeys: [server.publicKey],
    reportIntervalMs: 500,
    tlsKeys: [server.tls!.publicKey],
  });
  writeFactoryPage(flash, board, page);
  const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
  const device = await startEmulator({ board: BOARD, elf, module, flash, timeoutMs: 0 });
  try {
    const said = (): string[] => device.events.map(({ name }) => name);
    const accepted = (): number => said().filter((name) => name === "accepted").length;
    const secured = (): number[] =>
      device.events.filter(({ name }) => name === "secured").map(({ data }) => data.readUInt32BE());
    const until = async (condition: () => boolean): Promise<void> => {
      const deadline = Date.now() + 90_000;
      while (!condition()) {
        assert.ok(Date.now() < deadline, said().join(" "));
        await sleep(100);
      }
    };
    await until(() => accepted() >= 3);
    assert.ok(!said().includes("tls-failed"), said().join(" "));
    assert.equal(secured()[0], 0);
    const before = secured().length;
    tap.cutAll();
    await until(() => secured().length > before);
    assert.ok(secured().includes(1));
    const after = accepted();
    await until(() => accepted() >= after + 2);
    const heard = Buffer.concat(wire);
    const [first] = await server.devices();
    for (const secret of ["/v1/", "application/c", AUDIENCE, Buffer.from(first!.id, "hex")]) {
      assert.equal(heard.indexOf(secret), -1);
    }
    const ordered = await fetch(`${server.url}/v1/devices/${first!.id}/rotate`, {
      method: "POST",
      headers: { authorization: `Bearer ${server.adminToken}` },
      body: JSON.stringify({ expiresAt: Date.now() + 300_000 }),
    });
    assert.equal(ordered.status, 200);
    await until(() => said().includes("rotated"));
    const rotated = accepted();
    await until(() => accepted() >= rotated + 2);
    const states = (await server.devices()).map(({ state }) => state);
    assert.deepEqual(states.toSorted(), ["active", "replaced"]);
  } finally {
    await device.kill();
    await modem.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
