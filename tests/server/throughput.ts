/**
 * Measure what a report costs the server beside what verifying its signature alone costs in the same process, again and again
 * between the reports:
 *
 *     node --import tsx tests/server/throughput.ts [--reports N] [--each N] [--connections N] [--devices N] [--database URL] [--tls] [--flood N]
 *
 * With the address of a broker in SIGNET_BROKER the reports go through it, and its own work is not counted.
 *
 * Both are processor time, threads included, and both meet the same other programs on the machine. The share is the limit's
 * cost divided by the report's. Requests are written beforehand, one is under way on each kept-alive connection, and every
 * answer is awaited: it comes after the commit. With --flood, so many connections from another address send reports with bad
 * signatures all the while, and before it, so that what one of them costs is known as well.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { parseArgs } from "node:util";
import { startServer } from "../../tools/server/server.ts";
import { certify } from "../../tools/server/tls.ts";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import * as mqtt from "../../tools/wire/mqtt.ts";
import { open, toBeSigned } from "../../tools/wire/sign1.ts";
import { send, written } from "./load.ts";

const BROKER = process.env["SIGNET_BROKER"];
const AUDIENCE = "signet.test";
/** Nothing is limited but failures, which are as they are by default. */
const RATES = { device: [1e9, 1e9], address: [1e9, 1e9] } as const;
/** On a busy machine the first connection waits long until the last one is there. */
const LIMITS = { headersTimeoutMs: 600_000, requestTimeoutMs: 600_000, keepAliveTimeoutMs: 600_000 } as const;
/** Verifications in one look at the limit, and the pause between two looks. */
const LIMIT_ROUNDS = 200;
const LIMIT_PAUSE_MS = 400;
/** Bad reports that are sent alone, to know what they cost. */
const FLOOD_ALONE = 5000;

const device = new Device({ audience: AUDIENCE, serverKey: ed25519.fromSeed(new Uint8Array(32)).publicKey });
const deviceKey = ed25519.importKey(device.key.publicKey)!;
const { signature, protectedHeader, payload } = open(device.report(Buffer.from("reading 1 of some device, 21.5 C")));
const message = toBeSigned(protectedHeader, payload);

/** Microseconds of processor time that verifying signatures of reports takes: libsodium alone. */
function limit(): number {
  const before = process.cpuUsage();
  for (let i = 0; i < LIMIT_ROUNDS; i++)
    if (!ed25519.verifyAlone(signature, deviceKey, message)) throw new Error("unverified");
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The server's half, in a process of its own. */
async function serve(database: string, key: string): Promise<void> {
  const tls = { port: 0, key: `${key}.tls` };
  const server = await startServer({
    port: 0,
    database,
    key,
    audience: AUDIENCE,
    rates: RATES,
    limits: LIMITS,
    tls,
    ...(BROKER && { mqtt: BROKER }),
  });
  process.send!({ port: server.port, tlsPort: server.tls!.port, url: server.url, publicKey: hex(server.publicKey) });
  process.on("message", (asked) => {
    if (asked === "limit") process.send!(limit());
    else void server.close().then(() => process.exit());
  });
}

/** Seconds of processor time that a process used, its threads included (proc(5): utime and stime, 100 a second). */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf-8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Megabytes of memory that a process has resident, at most so far. */
function peakMegabytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf-8"))![1]) / 1024;
}

/** Connect, in TLS with a device's own key as its certificate if it is given. */
async function connected(port: number, from: string, own?: Device): Promise<Socket> {
  const key = own?.key.object;
  const socket: Socket =
    key === undefined
      ? connect({ port, host: "127.0.0.1", localAddress: from })
      : connectTls({
          port,
          host: "127.0.0.1",
          rejectUnauthorized: false,
          key: key.export({ format: "pem", type: "pkcs8" }),
          cert: await certify(key, hex(own!.id).slice(0, 16), Date.now()),
        });
  await once(socket, key === undefined ? "connect" : "secureConnect");
  return socket.setNoDelay(true);
}

/** The same through the broker, on a channel of its own. */
async function ask(channel: string, requests: readonly Uint8Array[], tookMs: number[]): Promise<void> {
  const road = await mqtt.connect(BROKER!, channel);
  for (const request of requests) {
    const sentAt = performance.now();
    const answer = await road.carry("reports", request);
    if (answer.type !== "application/cbor-seq") throw new Error(`refused: ${hex(answer.body)}`);
    tookMs.push(performance.now() - sentAt);
  }
  await road.close();
}

interface Plan {
  readonly reports: number;
  readonly each: number;
  readonly connections: number;
  readonly devices: number;
  readonly flood: number;
  readonly isTls: boolean;
  readonly database: string | undefined;
}

async function measure({ reports: total, each, connections, devices, flood, isTls, database }: Plan): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "signet-throughput-"));
  const where = [database ?? join(folder, "signet.db"), join(folder, "server.key")];
  const child = fork(new URL(import.meta.url).pathname, ["serve", ...where], {
    execArgv: ["--import", "./tools/load.mjs"],
  });
  const [{ port, tlsPort, url, publicKey }] = (await once(child, "message")) as [
    { port: number; tlsPort: number; url: string; publicKey: string },
  ];
  const looks: number[] = [];
  child.on("message", (us: number) => looks.push(us));
  const cpu = (): number => processorSeconds(child.pid!) - looks.reduce((sum, us) => sum + us, 0) / 1e6;
  // Connection i speaks for devices i, i + connections, …, a request of each in turn.
  const rounds = Math.ceil(total / each / devices);
  const work: Uint8Array[][] = Array.from({ length: connections }, () => []);
  const owners: Device[] = [];
  const wrap = BROKER === undefined ? written : (body: Uint8Array): Uint8Array => body;
  const enrolOne = async (i: number): Promise<void> => {
    const own = new Device({ audience: AUDIENCE, serverKey: fromHex(publicKey)! });
    await exchange.enrol(own, url);
    const data = Array.from({ length: rounds * each }, (_, n) => Buffer.from(`reading ${n} of some device, 21.5 C`));
    const signed = own.reports(data);
    for (let n = 0; n < rounds; n++)
      work[i % connections]!.push(wrap(concat(...signed.slice(n * each, (n + 1) * each))));
    if (i < connections) owners[i] = own;
  };
  for (let i = 0; i < devices; i += 50)
    await Promise.all(Array.from({ length: Math.min(50, devices - i) }, (_, n) => enrolOne(i + n)));
  const sockets: Socket[] = [];
  for (let i = 0; i < connections; i++)
    sockets.push(await connected(isTls ? tlsPort : port, "127.0.0.1", isTls ? owners[i] : undefined));
  const count = work[0]!.length;
  // A tenth of the work lets the server's code be compiled before anything is counted.
  const warm = Math.ceil(count / 10);
  const run = (from: number, to: number, tookMs: number[]): Promise<void[]> =>
    Promise.all(
      work.map((requests, i) => {
        const part = requests.slice(from, to);
        return BROKER === undefined ? send(sockets[i]!, part, "200", tookMs) : ask(`device-${i}`, part, tookMs);
      }),
    );
  await run(0, warm, []);
  const forged = written(forgery(owners[0]!));
  const flooders = await Promise.all(Array.from({ length: flood }, () => connected(port, "127.0.0.2")));
  const flooding = (go: () => boolean, tookMs: number[]): Promise<void[]> =>
    Promise.all(flooders.map((socket) => send(socket, again(forged, go), "4\\d\\d", tookMs)));
  if (flood > 0) {
    const [took, before] = [[] as number[], cpu()];
    await flooding(() => took.length < FLOOD_ALONE, took);
    console.log(
      `a report with a bad signature: ${(((cpu() - before) / took.length) * 1e6).toFixed(0)} us of processor`,
    );
  }
  const before = cpu();
  const began = performance.now();
  const tookMs: number[] = [];
  const floodMs: number[] = [];
  const looking = setInterval(() => child.send("limit"), LIMIT_PAUSE_MS);
  let going = true;
  const flooded = flooding(() => going, floodMs);
  await run(warm, count, tookMs);
  going = false;
  await flooded;
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1000;
  const spent = cpu() - before;
  const reports = tookMs.length * each;
  const cost = (spent / reports) * 1e6;
  const alone = looks.reduce((sum, us) => sum + us, 0) / looks.length / LIMIT_ROUNDS;
  const quantile = (q: number): string =>
    tookMs.toSorted((a, b) => a - b)[Math.floor(q * (tookMs.length - 1))]!.toFixed(0);
  console.log(
    `${reports} reports of ${devices} devices, ${each} a request, ${connections} connections${isTls ? " in TLS" : ""}: ${cost.toFixed(0)} us of processor each;`,
    `verifying alone ${alone.toFixed(0)} us: ${((alone / cost) * 100).toFixed(0)} % of the limit`,
  );
  console.log(
    `${(reports / seconds).toFixed(0)} reports a second, ${((spent / seconds) * 100).toFixed(0)} % of a core;`,
    `answers after ${quantile(0.5)} ms (half), ${quantile(0.99)} ms (99 %); at most ${peakMegabytes(child.pid!).toFixed(0)} MB resident`,
    flood > 0 ? `; ${floodMs.length} bad ones meanwhile` : "",
  );
  for (const socket of [...sockets, ...flooders]) socket.destroy();
  child.send("stop");
  await once(child, "exit");
  rmSync(folder, { recursive: true });
}

/** A report in a device's name that it did not sign. */
function forgery(victim: Device): Uint8Array {
  const bytes = victim.report(Buffer.from("x")).slice();
  bytes[bytes.length - 40]! ^= 1;
  return bytes;
}

function* again<T>(value: T, go: () => boolean): Iterable<T> {
  while (go()) yield value;
}

if (process.argv[2] === "serve") await serve(process.argv[3]!, process.argv[4]!);
else {
  const text = (value: string) => ({ type: "string", default: value }) as const;
  const { values } = parseArgs({
    options: {
      reports: text("25600"),
      each: text("1"),
      connections: text("256"),
      devices: { type: "string" },
      flood: text("0"),
      database: { type: "string" },
      tls: { type: "boolean", default: false },
    },
  });
  await measure({
    reports: Number(values.reports),
    each: Number(values.each),
    connections: Number(values.connections),
    devices: Number(values.devices ?? values.connections),
    flood: Number(values.flood),
    database: values.database,
    isTls: values.tls,
  });
}
