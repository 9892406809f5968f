// weight: 60 s, 0.8 cores
/** The image of the Pico, in rp2040js, at a baud rate that its factory page names. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { writeFactoryPage } from "../../tools/demo/flash.ts";
import { type Emulator, startEmulator } from "../../tools/emulator/qemu.ts";
import { loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { symbols } from "../../tools/firmware/symbols.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { startServer } from "../../tools/server/server.ts";
import * as factory from "../../tools/wire/factory.ts";

const BOARD = "pico";
const STEP_MS = 180_000;
const AUDIENCE = "pico.example";

const folder = mkdtempSync(join(tmpdir(), "signet-baud-"));
after(() => rmSync(folder, { recursive: true }));

/** A file name in the tests' folder. */
const at = (name: string): string => join(folder, name);

test(
  "another baud rate of the module, which keeps it over a restart of the device",
  { timeout: 2 * STEP_MS },
  async () => {
    const { elf } = await buildImage({ board: BOARD, image: SIGNET, choices: ["baud"] });
    // The other optional ports can be a board's own, too.
    for (const port of ["module_power", "module_reset"]) assert.ok((await symbols(elf))(port).address);
    const server = await startServer({ port: 0, database: at("baud.db"), audience: AUDIENCE });
    let device: Emulator | undefined;
    const modem = await startModem({
      listen: { host: "127.0.0.1", port: 0 },
      deviceBaud: () => device?.baud ?? 115_200,
    });
    try {
      const told = factory.write({
        link: "esp-at",
        host: "127.0.0.1",
        port: server.port,
        audience: AUDIENCE,
        serverKeys: [server.publicKey],
        seed: randomBytes(48),
        reportIntervalMs: 200,
        baud: 460_800,
        flow: 2,
      });
      writeFactoryPage(at("baud-flash"), await loadBoard(BOARD), told);
      for (let life = 0; life < 2; life++) {
        const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
        device = await startEmulator({
          board: BOARD,
          elf,
          module,
          flash: at("baud-flash"),
          timeoutMs: 0,
          anyBaud: true,
        });
        await device.waitFor("accepted", STEP_MS);
        const { baud } = device;
        await device.kill();
        assert.equal(device.complaint, "", "the chip's model has something to say");
        assert.ok(Math.abs(baud / 460_800 - 1) < 0.01, `${baud} baud`);
      }
    } finally {
      await device?.kill();
      await modem.close();
      await server.close();
    }
  },
);
