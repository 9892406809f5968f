// weight: 4 s, 0.5 cores
/**
 * A driver that is not the firmware's, as a program of its own, on the emulated module. FOREIGN_DRIVER names the program, FOREIGN_FAMILY its family of modules;
 * without them it is `plain_driver.ts`. Its arguments are host and port of the UART, then host and port of an echo server; it ends with 0 if what it sent came back.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, it } from "node:test";
import type { FamilyName } from "../../../tools/modem/families.ts";
import { startModem } from "../../../tools/modem/modem.ts";
import type { Quirk } from "../../../tools/modem/quirks.ts";

const PLAIN = [process.execPath, "--import", "tsx", "tests/flow/link/plain_driver.ts"];
const DRIVER = process.env["FOREIGN_DRIVER"] === undefined ? PLAIN : [process.env["FOREIGN_DRIVER"]];
const FAMILY = (process.env["FOREIGN_FAMILY"] ?? "esp-at") as FamilyName;
/** A driver must be able to live with these habits of a module. */
const HABITS: readonly (readonly Quirk[])[] = [[], ["echo"]];

describe(`a foreign driver on ${FAMILY}`, () => {
  for (const quirks of HABITS) {
    it(`gets its bytes back from a module with ${quirks[0] ?? "no quirk"}`, async (test) => {
      let carried = 0;
      const server = createServer((socket) => {
        socket.on("error", () => socket.destroy()).on("data", (bytes) => (carried += bytes.length));
        socket.pipe(socket);
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const modem = await startModem({ family: FAMILY, listen: { host: "127.0.0.1", port: 0 }, baud: 921_600, quirks });
      const uart = modem.address as { host: string; port: number };
      const [program, ...first] = DRIVER;
      const { port } = server.address() as AddressInfo;
      const driver = spawn(program!, [...first, uart.host, String(uart.port), "127.0.0.1", String(port)]);
      let said = "";
      driver.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
      const [code] = (await once(driver, "close")) as [number | null];
      test.diagnostic(`${carried} bytes reached the server`);
      await modem.close();
      server.close();
      assert.equal(code, 0, said);
      assert.ok(carried > 0, "the driver sent something");
    });
  }
});
