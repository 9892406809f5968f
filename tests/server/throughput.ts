/**
 * Measure what a report costs the server beside what verifying its signature alone costs in the same process, again and again
 * between the reports:
 *
 *     node --import tsx tests/server/throughput.ts [reports] [reports a request] [connections] [postgres URL]
 *
 * Both are processor time, threads included, and both meet the same other programs on the machine. The share is the limit's
 * cost divided by the report's. Requests are written beforehand, one is under way on each kept-alive connection, and every
 * answer is awaited: it comes after the commit.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../../tools/server/server.ts";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { open, toBeSigned } from "../../tools/wire/sign1.ts";

const AUDIENCE = "signet.test";
const UNLIMITED = { device: [1e9, 1e9], address: [1e9, 1e9], failures: [1e9, 1e9] } as const;
/** Verifications in one look at the limit, and the pause between two looks. */
const LIMIT_ROUNDS = 200;
const LIMIT_PAUSE_MS = 400;

const device = new Device({ audience: AUDIENCE, serverKey: ed25519.fromSeed(new Uint8Array(32)).publicKey });
const deviceKey = ed25519.importKey(device.key.publicKey)!;
const { signature, protectedHeader, payload } = open(device.report(Buffer.from("reading 1 of some device, 21.5 C")));
const message = toBeSigned(protectedHeader, payload);

/** Microseconds of processor time that verifying signatures of reports takes: node:crypto alone. */
function limit(): number {
  const before = process.cpuUsage();
  for (let i = 0; i < LIMIT_ROUNDS; i++)
    if (!ed25519.verifyAlone(signature, deviceKey, message)) throw new Error("unverified");
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The server's half, in a process of its own. */
async function serve(database: string, key: string): Promise<void> {
  const server = await startServer({ port: 0, database, key, audience: AUDIENCE, rates: UNLIMITED });
  process.send!({ port: server.port, url: server.url, publicKey: hex(server.publicKey) });
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

/** Send requests on one connection, each after the answer to the one before; note how long each took. */
function send(port: number, requests: readonly Uint8Array[], tookMs: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let next = 0;
    let sentAt = 0;
    let received = "";
    const step = (): void => {
      if (next === requests.length) {
        socket.end();
        return resolve();
      }
      sentAt = performance.now();
      socket.write(requests[next++]!);
    };
    socket.setNoDelay(true).on("error", reject).on("connect", step);
    socket.on("data", (bytes: Buffer) => {
      received += bytes.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
      if (received.length < head + 4 + length) return;
      if (!received.startsWith("HTTP/1.1 200")) return reject(new Error(`refused: ${received.slice(0, 40)}`));
      received = "";
      tookMs.push(performance.now() - sentAt);
      step();
    });
  });
}

function written(body: Uint8Array): Uint8Array {
  const head = `POST ${exchange.PATHS.reports} HTTP/1.1\r\nhost: signet\r\ncontent-type: application/cbor-seq\r\ncontent-length: ${body.length}\r\n\r\n`;
  return concat(Buffer.from(head), body);
}

async function measure(total: number, each: number, connections: number, postgres?: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "signet-throughput-"));
  const where = [postgres ?? join(folder, "signet.db"), join(folder, "server.key")];
  const child = fork(new URL(import.meta.url).pathname, ["serve", ...where], { execArgv: ["--import", "tsx"] });
  const [{ port, url, publicKey }] = (await once(child, "message")) as [
    { port: number; url: string; publicKey: string },
  ];
  const looks: number[] = [];
  child.on("message", (us: number) => looks.push(us));
  const count = Math.ceil(total / connections / each);
  const work: Uint8Array[][] = [];
  for (let i = 0; i < connections; i++) {
    const device = new Device({ audience: AUDIENCE, serverKey: fromHex(publicKey)! });
    await exchange.enrol(device, url);
    const data = Array.from({ length: count * each }, (_, n) => Buffer.from(`reading ${n} of some device, 21.5 C`));
    const reports = device.reports(data);
    work.push(Array.from({ length: count }, (_, n) => written(concat(...reports.slice(n * each, (n + 1) * each)))));
  }
  // A tenth of the work lets the server's code be compiled before anything is counted.
  const warm = Math.ceil(count / 10);
  const run = (from: number, to: number, tookMs: number[]): Promise<void[]> =>
    Promise.all(work.map((requests) => send(port, requests.slice(from, to), tookMs)));
  await run(0, warm, []);
  const before = processorSeconds(child.pid!);
  const began = performance.now();
  const tookMs: number[] = [];
  const looking = setInterval(() => child.send("limit"), LIMIT_PAUSE_MS);
  await run(warm, count, tookMs);
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1000;
  const looked = looks.reduce((sum, us) => sum + us, 0) / 1e6;
  const spent = processorSeconds(child.pid!) - before - looked;
  const reports = connections * (count - warm) * each;
  const [cost, alone] = [spent / reports, looked / looks.length / LIMIT_ROUNDS].map((each) => each * 1e6);
  const quantile = (q: number): string =>
    tookMs.toSorted((a, b) => a - b)[Math.floor(q * (tookMs.length - 1))]!.toFixed(0);
  console.log(
    `${reports} reports, ${each} a request, ${connections} connections: ${cost!.toFixed(0)} us of processor each;`,
    `verifying alone ${alone!.toFixed(0)} us: ${((alone! / cost!) * 100).toFixed(0)} % of the limit`,
  );
  console.log(
    `${(reports / seconds).toFixed(0)} reports a second, ${((spent / seconds) * 100).toFixed(0)} % of a core;`,
    `answers after ${quantile(0.5)} ms (half), ${quantile(0.99)} ms (99 %); at most ${peakMegabytes(child.pid!).toFixed(0)} MB resident`,
  );
  child.send("stop");
  await once(child, "exit");
  rmSync(folder, { recursive: true });
}

const [first = "25600", second = "1", third = "256", fourth] = process.argv.slice(2);
if (first === "serve") await serve(second, third);
else await measure(Number(first), Number(second), Number(third), fourth);
