/** A program with an export in it, in QEMU between the emulated module and the server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Emulator, startEmulator, writeFlash } from "../../tools/emulator/qemu.ts";
import { startModem } from "../../tools/modem/modem.ts";
import { type RunningServer, startServer } from "../../tools/server/server.ts";
import * as factory from "../../tools/wire/factory.ts";

const PATIENCE_MS = 180_000;

export interface Play {
  readonly server: RunningServer;
  readonly device: Emulator;
  /** How many events of a name there were. */
  count(name: string): number;
  /** Wait for a condition; fails if the device ends. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>;
}

/** Start everything for the program `elf`, let `scene` play, and end it all. */
export async function play(elf: string, board: string, scene: (play: Play) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "signet-play-"));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
  try {
    const database = join(folder, "signet.db");
    const server = await startServer({ port: 0, tls: { port: 0 }, database, audience: "own.example" });
    ends.push(() => server.close());
    const modem = await startModem({ listen: { host: "127.0.0.1", port: 0 }, baud: 0 });
    ends.push(() => modem.close());
    const page = factory.write({
      link: "esp-at",
      host: "127.0.0.1",
      port: server.tls!.port,
      audience: "own.example",
      serverKeys: [server.publicKey],
      tlsKeys: [server.tls!.publicKey],
      seed: new Uint8Array(randomBytes(48)),
      reportIntervalMs: 100,
    });
    const flash = join(folder, "flash");
    await writeFlash(flash, board, page);
    const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
    const device = await startEmulator({ board, elf, module, flash, timeoutMs: 0, semihosting: false });
    ends.push(() => device.kill());
    await scene({
      server,
      device,
      count: (name) => device.events.filter((event) => event.name === name).length,
      async until(condition, what) {
        for (const end = Date.now() + PATIENCE_MS; !(await condition()); await sleep(20))
          assert.ok(device.running && Date.now() < end, `never ${what}:\n${device.lines.slice(-20).join("\n")}`);
      },
    });
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}
