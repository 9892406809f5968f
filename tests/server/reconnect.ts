/**
 * Measure what happens when many devices come back at once, to a server that was just started on a large database:
 *
 *     node --import tsx tests/server/reconnect.ts [--devices 1000] [--known 10000] [--rows 1000000] [--database WHERE]
 *
 * Each device connects and sends a report in its old session (the server was restarted), then each asks for a challenge, enrols and reports
 * (the devices were restarted). The time of a device is from its first connection to its receipt. The rows belong to the other known devices (`large.ts`).
 * The server is a process of its own; the devices share one beside it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startServer } from "../../tools/server/server.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { fill } from "./large.ts";
import { send, written } from "./load.ts";

const AUDIENCE = "signet.test";

/** The server's half. It works with the limits that it has by default, except that all devices have one address. */
async function serve(database: string, key: string): Promise<void> {
  const rates = { address: [1e9, 1e9] } as const;
  const server = await startServer({ port: 0, database, key, audience: AUDIENCE, rates });
  process.send!({ port: server.port, url: server.url, publicKey: hex(server.publicKey) });
  process.on("message", () => void server.close().then(() => process.exit()));
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly publicKey: string;
}

async function start(database: string, key: string): Promise<Server> {
  const execArgv = ["--import", "./tools/load.mjs"];
  const child = fork(new URL(import.meta.url).pathname, ["serve", database, key], { execArgv });
  const [about] = (await once(child, "message")) as [Omit<Server, "child">];
  return { child, ...about };
}

async function stop({ child }: Server): Promise<void> {
  child.send("close");
  await once(child, "exit");
}

/** Seconds of processor time, and megabytes resident at most, of a process (proc(5)). */
function usage({ child }: Server): { seconds: number; megabytes: number } {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf-8").split(") ")[1]!.split(" ");
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf-8"))![1];
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, megabytes: Math.round(Number(peak) / 1024) };
}

/** Play one wave: every device at once. */
async function wave(
  name: string,
  server: Server,
  devices: readonly Device[],
  come: (device: Device) => Promise<boolean>,
): Promise<object> {
  const before = usage(server);
  const began = performance.now();
  let attempts = 0;
  const took = await Promise.all(
    devices.map(async (device) => {
      for (let isDone = false; !isDone;) {
        attempts++;
        // A server that is late ends a connection: the device tries again, as the firmware does.
        isDone = await come(device).catch(() => pause(1000 + 1000 * Math.random(), false));
      }
      return performance.now() - began;
    }),
  );
  const after = usage(server);
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1]!);
  const processorMs = Math.round(((after.seconds - before.seconds) * 1000 * 100) / devices.length) / 100;
  return {
    wave: name,
    attempts,
    ms: { median: at(0.5), p99: at(0.99), last: at(1) },
    processorMs,
    megabytes: after.megabytes,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      devices: { type: "string", default: "1000" },
      known: { type: "string", default: "10000" },
      rows: { type: "string", default: "1000000" },
      database: { type: "string" },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "signet-reconnect-"));
  const [database, key] = [values.database ?? join(folder, "signet.db"), join(folder, "server.key")];
  const first = await start(database, key);
  const serverKey = fromHex(first.publicKey)!;
  const devices = Array.from({ length: Number(values.devices) }, () => new Device({ audience: AUDIENCE, serverKey }));
  for (const device of devices) {
    await exchange.enrol(device, first.url);
    await exchange.report(device, first.url, Buffer.from("reading 0"));
  }
  await stop(first);
  const filling = performance.now();
  await fill(database, Number(values.known) - devices.length, Number(values.rows));
  const fillSeconds = Math.round((performance.now() - filling) / 1000);
  const starting = performance.now();
  const server = await start(database, key);
  const startMs = Math.round(performance.now() - starting);
  const reports = new Map(devices.map((device) => [device, written(device.report(Buffer.from("reading 1")))]));
  const waves = [
    await wave("a report in the old session", server, devices, async (device) => {
      const socket = connect(server.port, "127.0.0.1").setNoDelay(true);
      await once(socket, "connect");
      await send(socket, [reports.get(device)!], "200", []);
      socket.destroy();
      return true;
    }),
    await wave("challenge, enrolment and a report", server, devices, async (device) => {
      const enrolled = await exchange.enrol(device, server.url);
      const verdict = await exchange.report(device, server.url, Buffer.from("reading 2"));
      return enrolled.kind === "accepted" && verdict.kind === "accepted";
    }),
  ];
  await stop(server);
  rmSync(folder, { recursive: true });
  process.stdout.write(`${JSON.stringify({ ...values, fillSeconds, startMs, waves })}\n`);
}

await (process.argv[2] === "serve" ? serve(process.argv[3]!, process.argv[4]!) : main());
