/** A project's firmware in a test: the module as WebAssembly, with modelled ports, against a real server. */
import { once, EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBridge } from "../bridge/bridge.ts";
import { loadImage } from "../firmware/image.ts";
import { firmware } from "../guest/firmware.ts";
import { Flash } from "../guest/flash.ts";
import { Guest } from "../guest/guest.ts";
import * as noises from "../guest/noise.ts";
import { startServer } from "../server/server.ts";
import { decode } from "../wire/cbor.ts";
import * as factory from "../wire/factory.ts";
import type { Fields } from "../fields.ts";

export interface Options {
  /** The value of the board's sensor. */
  readonly sensor?: () => number;
  /** Time between reports. */
  readonly intervalMs?: number;
}

/** A reading: displayed values by the names of `fields.json`; a key that has no name there stands for itself. */
export type Reading = ReadonlyMap<string, unknown>;

export interface Device {
  /** Resolve with the first `count` readings that the server verified and stored; reject after 30 s without a new one. */
  readings(count: number): Promise<Reading[]>;
  /** Sign a command for the device. It is sent with the next receipt. */
  command(data: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

const SHAPE = { pageBytes: 1024, pages: 3 };
const AUDIENCE = "signet.test";
const PATIENCE_MS = 30_000;
const COMMAND_MS = 3_600_000;

/** Give the fields of a reading their names and units. */
function named(data: Uint8Array, fields: Fields): Reading {
  const value = decode(data);
  if (!(value instanceof Map)) return new Map([["", value]]);
  return new Map(
    [...(value as ReadonlyMap<unknown, unknown>)].map(([key, sent]) => {
      const field = fields[String(key)];
      return [field?.name ?? String(key), field && typeof sent === "number" ? sent / field.per : sent];
    }),
  );
}

/** Start the firmware of an image and a server for it. Close the device that is returned. */
export async function start(image: string, { sensor, intervalMs = 100 }: Options = {}): Promise<Device> {
  const { entry, app, fields = {} } = await loadImage(image);
  const module = await firmware(entry, [], app);
  const folder = mkdtempSync(join(tmpdir(), "signet-test-"));
  const server = await startServer({ port: 0, database: join(folder, "signet.db"), audience: AUDIENCE });
  const flash = new Flash(SHAPE, 1);
  flash.provision(
    factory.write({
      link: "framed",
      host: "127.0.0.1",
      port: server.port,
      audience: AUDIENCE,
      serverKeys: [server.publicKey],
      reportIntervalMs: intervalMs,
    }),
  );
  const guest = new Guest({ firmware: module, flash, noise: noises.real, ...(sensor && { sensor }) });
  const bridge = await startBridge({ stream: guest.port(), to: { host: "127.0.0.1", port: server.port } });
  const stored: { device: string; reading: Reading }[] = [];
  const news = new EventEmitter();
  server.intake.happenings.on("happening", (happening) => {
    if (happening.kind !== "report" || happening.verdict !== "accepted" || !happening.data || !happening.device) return;
    stored.push({ device: happening.device, reading: named(happening.data, fields) });
    news.emit("stored");
  });
  const ending = new AbortController();
  const life = guest.run(ending.signal);
  const readings = async (count: number): Promise<Reading[]> => {
    while (stored.length < count) await once(news, "stored", { signal: AbortSignal.timeout(PATIENCE_MS) });
    return stored.slice(0, count).map(({ reading }) => reading);
  };
  return {
    readings,
    async command(data) {
      await readings(1);
      const token = await server.operator("test");
      const answer = await fetch(`${server.url}/v1/devices/${stored[0]!.device}/downlinks`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" },
        body: JSON.stringify({ data: Buffer.from(data).toString("hex"), expiresAt: Date.now() + COMMAND_MS }),
      });
      if (!answer.ok) throw new Error(`the server refuses the command: ${await answer.text()}`);
    },
    async close() {
      ending.abort();
      await life;
      await bridge.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
