/**
 * Measure workers on PostgreSQL, and the same job by parts that others made: mosquitto, which authenticates the devices by TLS client certificates, and a
 * writer from it to PostgreSQL.
 *
 * A rate is reports per second of wall time, and says something on an idle machine only: the load generator, the servers and PostgreSQL share its cores. So
 * the processor time of each of them is stated, microseconds a report. Rounds with one worker, two workers and mosquitto alternate; the median counts.
 */
import { fork } from "node:child_process";
import cluster from "node:cluster";
import { generateKeyPairSync, webcrypto, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { connectAsync, type MqttClient } from "mqtt";
import { Pool } from "pg";
import { missing as brokerMissing, startBroker } from "../../tools/demo/broker.ts";
import { freePort } from "../../tools/line/port.ts";
import { runServer } from "../../tools/server/run.ts";
import * as workers from "../../tools/server/workers.ts";
import { fromHex } from "../../tools/wire/bytes.ts";
import { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import * as postgres from "../server/cluster.ts";
import { send, written } from "../server/load.ts";
import { AUDIENCE, CONNECTIONS, REPORTS, ROUNDS, UNLIMITED, WARM_ROUNDS, median } from "./rounds.ts";

interface Round {
  readonly rate: number;
  /** Microseconds of processor a report. */
  readonly server: number;
  readonly database: number;
  readonly generator: number;
}

/** One way to store reports. */
interface Way {
  /** The processes of the server. */
  readonly pids: () => number[];
  /** Connect the devices; what it costs is not counted. */
  ready(): Promise<unknown>;
  /** Store the reports of a round, and return when all are stored. */
  play(round: number): Promise<void>;
  close(): Promise<void>;
}

function children(pid: number): number[] {
  const own = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return [pid, ...own];
}

/** Microseconds of processor of a process and of its children that ended (proc(5): 100 ticks a second). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf-8").split(") ")[1]!.split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 10_000;
}

const sum = (pids: readonly number[]): number => pids.reduce((total, pid) => total + cpuOf(pid), 0);

function own(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function measured(way: Way, database: number, round: number): Promise<Round> {
  await way.ready();
  const look = (): number[] => [sum(way.pids()), sum(children(database)), own()];
  const [before, began] = [look(), performance.now()];
  await way.play(round);
  const seconds = (performance.now() - began) / 1000;
  const reports = CONNECTIONS * REPORTS;
  const [server, stored, generator] = look().map((now, i) => (now - before[i]!) / reports);
  return { rate: reports / seconds, server: server!, database: stored!, generator: generator! };
}

/** A server with so many workers. */
async function signet(count: number, database: string, folder: string): Promise<Way> {
  const port = await freePort();
  const key = join(folder, `server-${count}.key`);
  const child = fork(new URL(import.meta.url).pathname, ["role", "serve", String(count), String(port), database, key], {
    execArgv: ["--import", "./tools/load.mjs"],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let said = "";
  await new Promise<void>((resolve) => {
    child.stdout!.on("data", (part: Buffer) => {
      said += part.toString();
      if (/server key [0-9a-f]{64}[^]*workers serve/.test(said)) resolve();
    });
  });
  const serverKey = fromHex(/^server key ([0-9a-f]{64})$/m.exec(said)![1]!)!;
  const devices = Array.from({ length: CONNECTIONS }, () => new Device({ audience: AUDIENCE, serverKey }));
  for (const device of devices) await exchange.enrol(device, `http://127.0.0.1:${port}`);
  const works = devices.map((device) =>
    device
      .reports(Array.from({ length: (WARM_ROUNDS + ROUNDS) * REPORTS }, (_, n) => Buffer.from(`reading ${n}, 21.5 C`)))
      .map((report) => written(report)),
  );
  let sockets: Socket[] = [];
  return {
    pids: () => children(child.pid!),
    ready() {
      // A server ends a connection that is idle.
      sockets = devices.map(() => connect(port, "127.0.0.1").setNoDelay(true));
      return Promise.all(sockets.map((socket) => once(socket, "connect")));
    },
    async play(round) {
      await Promise.all(
        sockets.map((socket, i) => send(socket, works[i]!.slice(round * REPORTS, (round + 1) * REPORTS), "200", [])),
      );
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** The message of a report of the product, in bytes. */
const MESSAGE_BYTES = 220;
const TABLE =
  "create table messages (id bigserial primary key, device text not null, message bytea not null, at timestamptz not null default now())";
const INSERT = "insert into messages (device, message) select * from unnest($1::text[], $2::bytea[])";

/** The writer: messages of the broker that arrive during a statement share the next one. */
async function write(url: string, database: string): Promise<void> {
  const pool = new Pool({ connectionString: database });
  await pool.query(TABLE);
  const client = await connectAsync(url);
  let waiting: { device: string; message: Buffer }[] = [];
  let isBusy = false;
  const flush = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) {
      const part = waiting;
      waiting = [];
      await pool.query({
        name: "insert",
        text: INSERT,
        values: [part.map(({ device }) => device), part.map(({ message }) => message)],
      });
      process.send!(part.length);
    }
    isBusy = false;
  };
  client.on("message", (topic, message) => {
    waiting.push({ device: topic.slice("reports/".length), message });
    if (!isBusy) setImmediate(() => void (isBusy || flush()));
  });
  await client.subscribeAsync("reports/+", { qos: 1 });
  process.send!(0);
}

interface Certified {
  readonly key: string;
  readonly certificate: string;
}

/** An authority of its own, and certificates from it. */
async function certificates(names: readonly string[]): Promise<{ authority: string; certified: Certified[] }> {
  x509.cryptoProvider.set(webcrypto as never);
  const make = async (name: string, by?: { name: string; key: CryptoKey }): Promise<[Certified, CryptoKey]> => {
    const pair = generateKeyPairSync("ed25519");
    const usable = (object: KeyObject, type: "pkcs8" | "spki", use: "sign" | "verify"): Promise<CryptoKey> =>
      webcrypto.subtle.importKey(type, object.export({ format: "der", type }), "Ed25519", true, [use]) as never;
    const key = await usable(pair.privateKey, "pkcs8", "sign");
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: "01",
      subject: `CN=${name}`,
      issuer: `CN=${by?.name ?? name}`,
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
      publicKey: await usable(pair.publicKey, "spki", "verify"),
      signingKey: by?.key ?? key,
      signingAlgorithm: { name: "Ed25519" } as never,
      extensions: [
        new x509.BasicConstraintsExtension(by === undefined),
        new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]),
      ],
    });
    const text = pair.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    return [{ key: text, certificate: certificate.toString("pem") }, key];
  };
  const [authority, key] = await make("authority");
  const certified: Certified[] = [];
  for (const name of names) certified.push((await make(name, { name: "authority", key }))[0]);
  return { authority: authority.certificate, certified };
}

/** The broker with its writer: devices are known by their certificates, and a message is acknowledged when the broker has it. */
async function mosquitto(database: string, folder: string): Promise<Way> {
  const names = Array.from({ length: CONNECTIONS }, (_, i) => `device-${i}`);
  const { authority, certified } = await certificates(["127.0.0.1", ...names]);
  const [identity, ...devices] = certified;
  writeFileSync(join(folder, "authority.crt"), authority);
  const closed = `cafile ${join(folder, "authority.crt")}\nrequire_certificate true\nuse_identity_as_username true\n`;
  const more = `allow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n`;
  const broker = await startBroker(folder, { more, identity: identity!, closed });
  const writer = fork(new URL(import.meta.url).pathname, ["role", "write", broker.url, database], {
    execArgv: ["--import", "./tools/load.mjs"],
  });
  await once(writer, "message");
  const clients: MqttClient[] = [];
  for (const { key, certificate } of devices)
    clients.push(
      await connectAsync(`mqtts://127.0.0.1:${broker.tlsPort}`, {
        key,
        cert: certificate,
        ca: authority,
        protocolVersion: 5,
      }),
    );
  const message = Buffer.alloc(MESSAGE_BYTES, 1);
  return {
    pids: () => [broker.pid(), writer.pid!],
    ready: () => Promise.resolve(),
    async play() {
      let left = CONNECTIONS * REPORTS;
      const stored = new Promise<void>((resolve) => {
        const count = (part: number): void => {
          left -= part;
          if (left > 0) return;
          writer.off("message", count);
          resolve();
        };
        writer.on("message", count);
      });
      await Promise.all(
        clients.map(async (client, i) => {
          for (let n = 0; n < REPORTS; n++) await client.publishAsync(`reports/${names[i]}`, message, { qos: 1 });
        }),
      );
      await stored;
    },
    async close() {
      await Promise.all(clients.map((client) => client.endAsync(true)));
      writer.kill();
      await once(writer, "exit");
      await broker.stop();
    },
  };
}

/** The medians of rounds. */
function figures(rounds: readonly Round[]): Round {
  const of = (name: keyof Round): number => Math.round(median(rounds.map((round) => round[name])));
  return { rate: of("rate"), server: of("server"), database: of("database"), generator: of("generator") };
}

export interface Workers {
  readonly one: Round;
  readonly two: Round;
  readonly mosquitto: Round;
  /** The rate of two workers by that of one, in rounds that followed each other. */
  readonly speedup: number;
}

/** Measure all ways. Undefined if PostgreSQL or mosquitto is missing. */
export async function benchWorkers(): Promise<Workers | undefined> {
  if (postgres.missing() !== false || brokerMissing() !== false) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "signet-bench-"));
  const cluster = await postgres.start();
  const database = (): Promise<string> => postgres.create(cluster.socket);
  const ways = [
    await signet(1, await database(), folder),
    await signet(2, await database(), folder),
    await mosquitto(await database(), folder),
  ];
  const rounds: [Round[], Round[], Round[]] = [[], [], []];
  for (let n = 0; n < WARM_ROUNDS + ROUNDS; n++)
    for (const [i, way] of ways.entries()) {
      const round = await measured(way, cluster.process.pid!, n);
      if (n >= WARM_ROUNDS) rounds[i]!.push(round);
    }
  for (const way of ways) await way.close();
  await postgres.end(cluster);
  rmSync(folder, { recursive: true });
  const [one, two] = rounds;
  const speedup = Math.round(median(one.map(({ rate }, i) => two[i]!.rate / rate)) * 100) / 100;
  return { one: figures(one), two: figures(two), mosquitto: figures(rounds[2]), speedup };
}

/** A process of a server: the supervisor, or a worker. */
async function serve([count, port, database, key]: readonly string[]): Promise<void> {
  if (cluster.isPrimary) process.exit(await workers.supervise(Number(count)));
  const rates = { device: UNLIMITED, address: UNLIMITED, failures: UNLIMITED };
  await runServer({ level: "error", port: Number(port), database: database!, key: key!, audience: AUDIENCE, rates });
}

if (process.argv[2] === "role") {
  const [role, ...given] = process.argv.slice(3);
  await (role === "serve" ? serve(given) : write(given[0]!, given[1]!));
}
