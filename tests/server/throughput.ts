/**
 * Measure what a report costs the server beside what verifying its signature alone costs, both in processor time, so that
 * other programs on the machine do not change the ratio much:
 *
 *     node --import tsx tests/server/throughput.ts [reports] [reports a request]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../tools/server/server.ts";
import { concat } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { open, verify } from "../../tools/wire/sign1.ts";

const AUDIENCE = "signet.test";
const DEVICES = 64;
const UNLIMITED = { device: [1e9, 1e9], address: [1e9, 1e9] } as const;

/** The server's half, in a process of its own. */
async function serve(folder: string): Promise<void> {
  const server = await startServer({
    port: 0,
    database: join(folder, "signet.db"),
    audience: AUDIENCE,
    rates: UNLIMITED,
  });
  process.send!({ url: server.url, publicKey: Buffer.from(server.publicKey).toString("hex") });
  process.on("message", () => void server.close().then(() => process.exit()));
}

/** Seconds of processor time that a process used, its threads included (proc(5): utime and stime, 100 a second). */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf-8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function post(agent: Agent, url: string, body: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/cbor-seq", "content-length": body.length };
    const sent = request(url + exchange.PATHS.reports, { method: "POST", agent, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode!));
    });
    sent.on("error", reject).end(body);
  });
}

async function measure(total: number, each: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "signet-throughput-"));
  const child = fork(new URL(import.meta.url).pathname, ["serve", folder], { execArgv: ["--import", "tsx"] });
  const [{ url, publicKey }] = (await once(child, "message")) as [{ url: string; publicKey: string }];
  const requests = Math.ceil(total / DEVICES / each);
  const work: Uint8Array[][] = [];
  for (let i = 0; i < DEVICES; i++) {
    const device = new Device({ audience: AUDIENCE, serverKey: Buffer.from(publicKey, "hex") });
    await exchange.enrol(device, url);
    const reports = device.reports(
      Array.from({ length: requests * each }, (_, n) => Buffer.from(`reading ${n} of some device, 21.5 C`)),
    );
    work.push(Array.from({ length: requests }, (_, n) => concat(...reports.slice(n * each, (n + 1) * each))));
    if (i === 0) limit(device, reports);
  }
  const agent = new Agent({ keepAlive: true, maxSockets: DEVICES });
  const before = processorSeconds(child.pid!);
  const began = process.hrtime.bigint();
  await Promise.all(
    work.map(async (bodies) => {
      for (const body of bodies) if ((await post(agent, url, body)) !== 200) throw new Error("a report was refused");
    }),
  );
  const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
  const count = DEVICES * requests * each;
  const cost = ((processorSeconds(child.pid!) - before) / count) * 1e6;
  console.log(
    `${count} reports, ${each} a request: ${cost.toFixed(0)} us of processor each, ${(count / elapsed).toFixed(0)} a second`,
  );
  agent.destroy();
  child.send("stop");
  await once(child, "exit");
  rmSync(folder, { recursive: true });
}

/** Print what verifying alone costs. */
function limit(device: Device, reports: readonly Uint8Array[]): void {
  const key = ed25519.importKey(device.key.publicKey)!;
  const messages = reports.slice(0, 100).map((bytes) => open(bytes));
  for (const message of messages) verify(message, key);
  const before = process.cpuUsage();
  for (let round = 0; round < 20; round++) for (const message of messages) verify(message, key);
  const { user, system } = process.cpuUsage(before);
  console.log(`verifying alone: ${((user + system) / 20 / messages.length).toFixed(0)} us of processor each`);
}

const [first = "12800", second = "1"] = process.argv.slice(2);
if (first === "serve") await serve(second);
else await measure(Number(first), Number(second));
