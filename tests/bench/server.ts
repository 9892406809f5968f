/**
 * Measure a report at the server beside its floor: the parts that no design can leave out, each alone in the same run.
 *
 *     floor = verify (libsodium) + sign (libsodium) + SQL (SQLite, 256 reports a commit) + HTTP (the lane with a constant answer)
 *
 * All figures are microseconds of processor time, threads included. Servers run in processes of their own, whose time is read before and
 * after the requests. Work and looks at the floor alternate, so that other programs on the machine disturb both; the median counts.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lane } from "../../tools/server/lane.ts";
import { sealed } from "../../tools/server/seal.ts";
import { startServer } from "../../tools/server/server.ts";
import type { DeviceRow, Move, ReportRow } from "../../tools/server/store/schema.ts";
import { openSqlite } from "../../tools/server/store/sqlite.ts";
import { Store } from "../../tools/server/store/store.ts";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { hash } from "../../tools/wire/key.ts";
import { readReport } from "../../tools/wire/messages.ts";
import { open, openSequence, toBeSigned } from "../../tools/wire/sign1.ts";
import { send, written } from "../server/load.ts";
import { AUDIENCE, CONNECTIONS, REPORTS, ROUNDS, UNLIMITED, WARM_ROUNDS, median } from "./rounds.ts";

const GROUP = 256;

type Steps = Readonly<Record<"verify" | "sign" | "sql" | "cbor" | "sha256" | "seals", number>>;

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** The processor time of one call, in microseconds. */
async function cost(calls: number, call: () => unknown): Promise<number> {
  const before = cpu();
  for (let i = 0; i < calls; i++) await call();
  return (cpu() - before) / calls;
}

/** Statements as a report needs them, on a database of its own: the hash of each report differs, and nothing else costs. */
async function sqlFloor(folder: string): Promise<() => Promise<number>> {
  const file = join(folder, "floor.db");
  await (await Store.open(file)).close();
  const dialect = openSqlite(file);
  const bytes = (n: number): Uint8Array => hash(Uint8Array.of(n & 255, n >> 8, n >> 16));
  const row: Omit<DeviceRow, "id" | "seal" | "head_hash"> = {
    key: bytes(0),
    state: "active",
    model: "m",
    software: "s",
    version: "1",
    boot_count: 1,
    epoch: 1,
    first_seen: 1,
    last_seen: 1,
    head_counter: 0,
    report_count: 0,
    gap_count: 0,
    downlink_counter: 0,
    acknowledged: 0,
    passed: 0,
    claim: null,
    successor: null,
    session: null,
    confirmed: null,
    doubt: null,
    void_order: 0,
  };
  const devices = Array.from({ length: GROUP }, (_, i) => ({
    ...row,
    id: bytes(i),
    head_hash: bytes(0),
    seal: bytes(0),
  }));
  const { Kysely } = await import("kysely");
  const db = new Kysely<never>({ dialect }) as unknown as Store["read"];
  await db.insertInto("devices").values(devices).execute();
  let counter = 0;
  const message = new Uint8Array(220);
  return async () => {
    counter++;
    const moves = devices.map((before, i): Move => {
      const own = bytes(counter * GROUP + i);
      const report: ReportRow = { device: before.id, counter, hash: own, message, epoch: 1, received_at: 1, seal: own };
      const after = { ...before, head_counter: counter, head_hash: own, seal: own };
      devices[i] = after;
      return { before, after, reports: [report] };
    });
    const began = cpu();
    await dialect.move(moves, db);
    return (cpu() - began) / GROUP;
  };
}

/** The parts of a report's cost, each alone. */
async function stepsOf(folder: string): Promise<() => Promise<Steps>> {
  const device = new Device({ audience: AUDIENCE, serverKey: ed25519.fromSeed(new Uint8Array(32)).publicKey });
  const key = ed25519.importKey(device.key.publicKey)!;
  const bytes = device.report(Buffer.from("reading 1 of some device, 21.5 C"));
  const { signature, protectedHeader, payload } = open(bytes);
  const signed = toBeSigned(protectedHeader, payload);
  const sealKey = new Uint8Array(32);
  const report = { device: device.id, counter: 1, hash: device.id, message: bytes, epoch: 1, received_at: 1 };
  const sql = await sqlFloor(folder);
  return async () => ({
    verify: await cost(200, () => ed25519.verifyWith(signature, key, signed)),
    sign: await cost(200, () => ed25519.sign(device.key, signed)),
    sql: median([await sql(), await sql(), await sql()]),
    cbor: await cost(200, () => readReport(openSequence(bytes, 32)[0]!)),
    sha256: await cost(500, () => hash(bytes)),
    seals: 2 * (await cost(500, () => sealed(sealKey, "reports", report))),
  });
}

/** The server, in a process of its own. */
async function serve(folder: string): Promise<void> {
  const server = await startServer({
    port: 0,
    database: join(folder, "signet.db"),
    key: join(folder, "server.key"),
    audience: AUDIENCE,
    rates: { device: UNLIMITED, address: UNLIMITED, failures: UNLIMITED },
  });
  const steps = await stepsOf(folder);
  answer({ port: server.port, url: server.url, publicKey: hex(server.publicKey) }, steps);
}

/** The lane alone: each request gets an answer of a receipt's size. */
function bare(): void {
  const body = new Uint8Array(230);
  const lane = new Lane({
    headerBytes: 4096,
    bodyBytes: 32768,
    firstMs: 60_000,
    idleMs: 60_000,
    over: (socket: Socket) => socket.destroy(),
    answer: () => Promise.resolve({ status: 200, type: "application/cbor-seq", body }),
  });
  const server = createServer((socket) => lane.enter(socket));
  server.listen(0, "127.0.0.1", () =>
    answer({ port: (server.address() as AddressInfo).port }, () => Promise.resolve({})),
  );
}

/** Tell the parent where the process listens, then answer what it asks. */
function answer(about: object, steps: () => Promise<object>): void {
  process.send!(about);
  process.on("message", (asked) => {
    if (asked === "cpu") process.send!(cpu());
    else void steps().then((found) => process.send!(found));
  });
}

async function ask<T>(child: ChildProcess, what: "cpu" | "steps"): Promise<T> {
  const told = once(child, "message");
  child.send(what);
  return ((await told) as [T])[0];
}

async function start(role: string, folder: string): Promise<{ child: ChildProcess; about: Record<string, string> }> {
  const child = fork(new URL(import.meta.url).pathname, ["role", role, folder], {
    execArgv: ["--import", "./tools/load.mjs"],
  });
  const [about] = (await once(child, "message")) as [Record<string, string>];
  return { child, about };
}

const round = (value: number): number => Math.round(value * 10) / 10;

interface Load {
  readonly child: ChildProcess;
  readonly sockets: readonly Socket[];
}

async function connected(child: ChildProcess, port: number): Promise<Load> {
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(port, "127.0.0.1").setNoDelay(true));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return { child, sockets };
}

/** Send a round of requests: the processor time of one of them, and how many were answered in a second. */
async function play({ child, sockets }: Load, work: readonly (readonly Uint8Array[])[]): Promise<[number, number]> {
  const [before, began] = [await ask<number>(child, "cpu"), performance.now()];
  await Promise.all(sockets.map((socket, i) => send(socket, work[i]!, "200", [])));
  const seconds = (performance.now() - began) / 1000;
  const requests = work.reduce((sum, { length }) => sum + length, 0);
  return [((await ask<number>(child, "cpu")) - before) / requests, requests / seconds];
}

interface Figures {
  readonly report: number;
  readonly floor: number;
  readonly ratio: number;
  readonly reportsPerSecond: number;
  readonly steps: Readonly<Record<string, number>>;
}

/** Measure with so many reports in each request. */
async function measure(each: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "signet-bench-"));
  const [server, http] = [await start("serve", folder), await start("bare", folder)];
  const devices = Array.from(
    { length: CONNECTIONS },
    () => new Device({ audience: AUDIENCE, serverKey: fromHex(server.about["publicKey"]!)! }),
  );
  await Promise.all(devices.map((device) => exchange.enrol(device, server.about["url"]!)));
  const requests = REPORTS / each;
  const works = devices.map((device) => {
    const data = Array.from({ length: (WARM_ROUNDS + ROUNDS) * REPORTS }, (_, n) =>
      Buffer.from(`reading ${n}, 21.5 C`),
    );
    const reports = device.reports(data);
    return Array.from({ length: (WARM_ROUNDS + ROUNDS) * requests }, (_, n) =>
      written(concat(...reports.slice(n * each, (n + 1) * each))),
    );
  });
  const [load, plain] = [
    await connected(server.child, Number(server.about["port"])),
    await connected(http.child, Number(http.about["port"])),
  ];
  const [costs, rates, bares, looks]: [number[], number[], number[], Steps[]] = [[], [], [], []];
  for (let n = 0; n < WARM_ROUNDS + ROUNDS; n++) {
    const part = works.map((work) => work.slice(n * requests, (n + 1) * requests));
    const [[spent, rate], [idle], steps] = [
      await play(load, part),
      await play(plain, part),
      await ask<Steps>(server.child, "steps"),
    ];
    if (n < WARM_ROUNDS) continue;
    costs.push(spent / each);
    rates.push(rate * each);
    bares.push(idle / each);
    looks.push(steps);
  }
  for (const { child, sockets } of [load, plain]) {
    for (const socket of sockets) socket.destroy();
    child.kill();
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
  const step = (name: keyof Steps): number => median(looks.map((look) => look[name]));
  const [report, httpCost] = [median(costs), median(bares)];
  const floor = step("verify") + step("sign") / each + step("sql") + httpCost;
  const names = ["verify", "sign", "sql", "cbor", "sha256", "seals"] as const;
  return {
    report: round(report),
    floor: round(floor),
    ratio: Math.round((floor / report) * 100) / 100,
    reportsPerSecond: Math.round(median(rates)),
    steps: { http: round(httpCost), ...Object.fromEntries(names.map((name) => [name, round(step(name))])) },
  };
}

/** Measure a report alone, and 16 in a request. */
export async function benchServer(): Promise<Figures & { readonly sixteen: Figures; readonly node: string }> {
  return { ...(await measure(1)), sixteen: await measure(16), node: process.version };
}

if (process.argv[2] === "role") await (process.argv[3] === "serve" ? serve(process.argv[4]!) : bare());
