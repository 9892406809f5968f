/** A program with an export in it, in QEMU between the emulated module and the server. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  /** The board in its place. */
  readonly device: Emulator;
  /** How many events of a name that board had. */
  count(name: string): number;
  /** Wait for a condition; fails if the board ends. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void>;
  /** Post to the server as an operator; returns its answer. */
  post(path: string, body: object, method?: "POST" | "PATCH"): Promise<unknown>;
  /** Put another board in the place: with a factory page of its own, or with the flash of a board. */
  replace(flash?: Uint8Array): Promise<void>;
}

/** Start everything for the program `elf`, let `scene` play, and end it all; `args` are QEMU's. */
export async function play(
  elf: string,
  board: string,
  scene: (play: Play) => Promise<void>,
  args: readonly string[] = [],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "signet-play-"));
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
  try {
    const database = join(folder, "signet.db");
    const about = { port: 0, tls: { port: 0 }, database, audience: "own.example", policy: "claim" } as const;
    const server = await startServer(about);
    ends.push(() => server.close());
    const token = await server.operator("play");
    const post = async (path: string, body: object, method: "POST" | "PATCH" = "POST"): Promise<unknown> => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const answer = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
      assert.ok(answer.ok, `${path}: ${answer.status}`);
      return answer.json();
    };
    const modem = await startModem({ listen: { host: "127.0.0.1", port: 0 }, baud: 0 });
    ends.push(() => modem.close());
    const module = "unix" in modem.address ? modem.address : { tcp: modem.address };
    const flash = join(folder, "flash");

    /** Write the flash of a new board, with a claim and a seed of its own. */
    const make = async (): Promise<void> => {
      const later = Date.now() + 3_600_000;
      const { claims } = (await post("/v1/claims", { count: 1, expiresAt: later })) as { claims: string[] };
      const page = factory.write({
        link: "esp-at",
        host: "127.0.0.1",
        port: server.tls!.port,
        audience: "own.example",
        serverKeys: [server.publicKey],
        tlsKeys: [server.tls!.publicKey],
        claim: Buffer.from(claims[0]!, "hex"),
        seed: new Uint8Array(randomBytes(48)),
        reportIntervalMs: 100,
      });
      await writeFlash(flash, board, page);
    };
    const start = (): Promise<Emulator> =>
      startEmulator({ board, elf, module, flash, timeoutMs: 0, semihosting: false, args });

    await make();
    let device = await start();
    ends.push(() => device.kill());
    await scene({
      server,
      post,
      get device() {
        return device;
      },
      count: (name) => device.events.filter((event) => event.name === name).length,
      async until(condition, what) {
        for (const end = Date.now() + PATIENCE_MS; !(await condition()); await sleep(20))
          assert.ok(device.running && Date.now() < end, `never ${what}:\n${device.lines.slice(-20).join("\n")}`);
      },
      async replace(bytes) {
        await device.kill();
        if (bytes === undefined) await make();
        else writeFileSync(flash, bytes);
        device = await start();
      },
    });
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}
