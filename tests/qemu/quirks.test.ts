// weight: 41 s, 0.6 cores
/** The real image behind a module that misbehaves in every way it can; `attacks.test.ts` has it in an attacker's hands. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { writeFactoryPage } from "../../tools/demo/flash.ts";
import { startEmulator } from "../../tools/emulator/qemu.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { QUIRKS, type Quirk } from "../../tools/modem/quirks.ts";
import { startServer } from "../../tools/server/server.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { importKey } from "../../tools/wire/ed25519.ts";
import * as factory from "../../tools/wire/factory.ts";
import { hash } from "../../tools/wire/key.ts";
import { readReport } from "../../tools/wire/messages.ts";
import { open, verify } from "../../tools/wire/sign1.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

const BOARD = "mps2-an386";
const AUDIENCE = "signet-quirks";
/** Duration of the module's misbehaviour, and time for the device to recover. */
const QUIRKS_MS = 8_000;
const STEP_MS = 60_000;
const SEED = 1122;
/** Those that are a habit, not an accident, would leave nothing to test the others on. */
const HABITS: readonly Quirk[] = ["passthrough"];

it("survives every quirk of the module, and loses nothing", { timeout: 5 * STEP_MS }, async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "signet-quirks-"));
  const board = await loadBoard(BOARD);
  const { elf } = await buildImage({ board: BOARD, image: SIGNET });
  const server = await startServer({ port: 0, database: join(folder, "signet.db"), audience: AUDIENCE });
  const listen = { host: "127.0.0.1", port: 0 };
  const modem = await startModem({ listen, baud: 0, rate: 0.03, seed: SEED });
  const flash = join(folder, "flash.bin");
  const page = factory.write({
    link: "esp-at",
    host: "127.0.0.1",
    port: server.port,
    audience: AUDIENCE,
    serverKeys: [server.publicKey],
    reportIntervalMs: 100,
  });
  writeFactoryPage(flash, board, page);
  assert.ok("port" in modem.address);
  const device = await startEmulator({ board: BOARD, elf, module: { tcp: modem.address }, flash, timeoutMs: 0 });
  const reports = async (): Promise<number> => (await server.reports(id)).length;
  const more = async (wanted: number): Promise<void> => {
    const enough = (await reports()) + wanted;
    const end = Date.now() + STEP_MS;
    while ((await reports()) < enough) {
      assert.ok(Date.now() < end, `the device does not go on: ${device.lines.slice(-5).join("; ")}`);
      await new Promise((later) => setTimeout(later, 200));
    }
  };
  let id = "";
  try {
    id = hex((await device.waitFor("enrolled", STEP_MS)).data.subarray(0, 32));
    await more(3);
    const before = await reports();
    for (const quirk of Object.keys(QUIRKS) as Quirk[]) if (!HABITS.includes(quirk)) modem.quirks.add(quirk);
    await new Promise((later) => setTimeout(later, QUIRKS_MS));
    modem.quirks.clear();
    await more(10);
    test.diagnostic(`seed ${SEED}: ${(await reports()) - before} reports since the module began to misbehave`);

    const row = (await server.devices()).find((one) => one.id === id);
    const key = importKey(fromHex(row?.key ?? "") ?? new Uint8Array());
    assert.ok(key);
    let prev = hex(new Uint8Array(32));
    let counter = 0;
    for (const { message } of (await server.reports(id)).toSorted((a, b) => a.counter - b.counter)) {
      const bytes = Buffer.from(message, "hex");
      const sealed = open(bytes);
      assert.ok(verify(sealed, key));
      const report = readReport(sealed);
      assert.equal(hex(report.prev), prev, "the chain is unbroken");
      assert.ok(report.counter > counter);
      prev = hex(hash(bytes));
      ({ counter } = report);
    }
  } finally {
    await device.kill();
    await modem.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
});
