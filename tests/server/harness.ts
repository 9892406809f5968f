/** A server of its own for each test, on a database of its own, and the ways tests look at it. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { sql } from "kysely";
import { z } from "zod";
import { ANSWERS } from "../../tools/server/answers.ts";
import { startServer, type RunningServer, type ServerOptions } from "../../tools/server/server.ts";
import { Store, type Tx } from "../../tools/server/store/store.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { Device, type Description } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import {
  readDownlink,
  readRefusal,
  readUnsignedRefusal,
  reasonName,
  type Downlink,
  type ReasonName,
} from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import * as clusters from "./cluster.ts";
import * as postgres from "./postgres.ts";

export const AUDIENCE = "signet.test";

const { write } = Store.prototype;

/** In every suite: a transaction of SQLite that is open while the event loop turns fails. Another instance in the process would wait for it and hold the loop. */
Store.prototype.write = function <T>(this: Store, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (this.flavour !== "sqlite") return write.call(this, work) as Promise<T>;
  return write.call(this, async (tx: Tx) => {
    let isTurned = false;
    const turn = setImmediate(() => (isTurned = true));
    const result = await work(tx);
    clearImmediate(turn);
    assert.equal(isTurned, false, "a transaction was open while the event loop turned");
    return result;
  }) as Promise<T>;
};

/** Time as a test wants it to be: what the server's clock says, and what passes. */
export class Clock {
  now = Date.UTC(2026, 0, 1);
  private ticks = 0;
  readonly read = (): number => this.now;
  readonly readTicks = (): number => this.ticks;

  /** Let time pass; the clock goes with it. */
  pass(ms: number): void {
    this.now += ms;
    this.ticks += ms;
  }
}

export interface Fixture extends RunningServer {
  readonly folder: string;
  readonly clock: Clock;
  readonly options: ServerOptions;
  /** A device of this server, not enrolled yet. */
  device(more?: Partial<Description>): Device;
  /** End the server and start another one on what it left, or on another database. */
  restart(more?: Partial<ServerOptions>): Promise<Fixture>;
}

/** Make a folder that goes when the test does. */
export function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "signet-test-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Which databases the suites run on: SQLite always, PostgreSQL where it is installed. */
export const FLAVOURS = ["sqlite", "postgres"] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** Why a flavour cannot be tested here; false if it can. */
export function missing(flavour: Flavour): string | false {
  return flavour === "postgres" ? clusters.missing() : false;
}

/** Start a server for one test. */
export async function serve(
  t: TestContext,
  more: Partial<ServerOptions> = {},
  flavour: Flavour = "sqlite",
): Promise<Fixture> {
  const place = folder(t);
  const database = flavour === "sqlite" ? join(place, "signet.db") : await postgres.database();
  const clock = new Clock();
  const options: ServerOptions = {
    port: 0,
    database,
    audience: AUDIENCE,
    key: join(place, "server.key"),
    clock: clock.read,
    ticks: clock.readTicks,
    rates: { device: [1e6, 1e6], address: [1e6, 1e6], failures: [1e6, 1e6] },
    ...more,
  };
  return start(t, place, clock, options);
}

async function start(t: TestContext, place: string, clock: Clock, options: ServerOptions): Promise<Fixture> {
  const server = await startServer(options);
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await server.close();
  };
  t.after(close);
  return {
    ...server,
    folder: place,
    clock,
    options,
    close,
    device: (description) =>
      new Device({
        audience: options.audience,
        serverKey: server.publicKey,
        nextServerKey: server.nextKey,
        ...description,
      }),
    async restart(more) {
      await close();
      return start(t, place, clock, { ...options, ...more });
    },
  };
}

/**
 * Make a backup of a server's database. The server goes on with its own; `putBack` ends it, and starts one on a copy of the backup, as often as it is
 * called.
 */
export async function backup(server: Fixture): Promise<{ server: Fixture; putBack(now: Fixture): Promise<Fixture> }> {
  const { adminToken, store } = server;
  const { database } = server.options;
  const isFile = store.flavour === "sqlite";
  const place = (): string => join(server.folder, `copy-${copies++}.db`);
  let [saved, now] = [place(), server];
  if (isFile) await sql`vacuum into ${saved}`.execute(store.read);
  else {
    // PostgreSQL copies only a database without connections.
    await server.close();
    saved = await postgres.copy(database);
    now = { ...(await server.restart()), adminToken };
  }
  return {
    server: now,
    async putBack(before) {
      await before.close();
      const copy = isFile ? place() : await postgres.copy(saved);
      if (isFile) copyFileSync(saved, copy);
      return { ...(await before.restart({ database: copy })), adminToken };
    },
  };
}

let copies = 0;

/** Make a device and enrol it. */
export async function enrolled(server: Fixture, more?: Partial<Description>): Promise<Device> {
  const device = server.device(more);
  const verdict = await exchange.enrol(device, server.url);
  if (verdict.kind !== "accepted") throw new Error(`not enrolled: ${JSON.stringify(verdict)}`);
  return device;
}

/** Queue a command for a device; returns its counter. */
export async function command(server: Fixture, device: Device, data: string, forMs = 60_000): Promise<number> {
  return queued(server, device, "downlinks", { data, expiresAt: server.clock.now + forMs });
}

/** Order a device to rotate its key; returns the order as the device gets it. */
export async function order(server: Fixture, device: Device, forMs = 1e6): Promise<Downlink> {
  const counter = await queued(server, device, "rotate", { expiresAt: server.clock.now + forMs });
  const row = await server.store.read
    .selectFrom("downlinks")
    .select("message")
    .where("device", "=", device.id)
    .where("counter", "=", counter)
    .executeTakeFirstOrThrow();
  return readDownlink(open(row.message));
}

async function queued(server: Fixture, device: Device, verb: string, body: object): Promise<number> {
  const path = `/v1/devices/${hex(device.id)}/${verb}`;
  const answer = await ask(server, server.adminToken, path, { method: "POST", body: JSON.stringify(body) });
  if (answer.status !== 200) throw new Error(`not queued: ${JSON.stringify(answer.body)}`);
  return (answer.body as { counter: number }).counter;
}

/** Suspend, restore or revoke a device, as an operator. */
export async function decide(server: Fixture, device: Device, verb: "suspend" | "restore" | "revoke"): Promise<number> {
  const path = `/v1/devices/${hex(device.id)}/${verb}`;
  return (await ask(server, server.adminToken, path, { method: "POST", body: "{}" })).status;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

const TABLES = [
  "devices",
  "reports",
  "bases",
  "used_nonces",
  "evidence",
  "invitations",
  "claims",
  "tokens",
  "downlinks",
  "handovers",
  "profiles",
  "labels",
  "replacements",
  "rules",
  "acknowledged",
  "damage",
  "dead_letters",
  "audit",
  "audit_head",
] as const;

/** Every row of every table, to be compared. */
export async function rows({ store }: Pick<RunningServer, "store">): Promise<Record<string, string[]>> {
  const out: Record<string, string[]> = {};
  for (const table of TABLES) {
    const found = await store.read.selectFrom(table).selectAll().execute();
    out[table] = found
      .map((row) => JSON.stringify(row, (_key, value: unknown) => (isBytes(value) ? bytesText(value) : value)))
      .toSorted();
  }
  return out;
}

function isBytes(value: unknown): value is Uint8Array | { type: "Buffer"; data: number[] } {
  return (
    value instanceof Uint8Array ||
    (typeof value === "object" && value !== null && "type" in value && value.type === "Buffer")
  );
}

function bytesText(value: Uint8Array | { data: number[] }): string {
  return hex(value instanceof Uint8Array ? value : Uint8Array.from(value.data));
}

/** The contents of a refusal: its reason, its HTTP status, and if it is signed. */
export interface Refusal {
  readonly reason: ReasonName | undefined;
  readonly status: number;
  readonly signed: boolean;
}

/** Post bytes to a path of a device and read the refusal; reason undefined if it was none. */
export async function refusal(
  server: Pick<RunningServer, "url">,
  path: keyof typeof exchange.PATHS,
  body: Uint8Array,
  type?: string,
): Promise<Refusal> {
  const usual = path === "enrol" ? "application/cose" : "application/cbor-seq";
  const answer = await exchange.post(server.url + exchange.PATHS[path], type ?? usual, body);
  const { status } = answer;
  if (status === 200) return { reason: undefined, status, signed: true };
  if (answer.type === "application/cbor")
    return { reason: reasonName(readUnsignedRefusal(answer.body)), status, signed: false };
  return { reason: reasonName(readRefusal(open(answer.body)).reason), status, signed: true };
}

// oxlint-disable-next-line typescript/no-explicit-any -- whatever the API answers, to be asserted on
export type Json = any;

/** The schemas of the answers, each with the paths that it is for, and the number of answers that were compared with it. */
const SCHEMAS = Object.entries(ANSWERS).map(([name, schema]) => {
  const [method, path] = name.split(" ");
  const pattern = new RegExp(`^${path!.replace(/:\w+/g, "[^/?]+")}(\\?|$)`);
  return { name, schema, isFor: (used: string, where: string) => used.toLowerCase() === method && pattern.test(where) };
});

/** The names of the routes whose answers were compared with their schema by this process. */
export const answered = new Set<string>();

/** Compare an answer with its schema. */
function compare(method: string, path: string, body: unknown): void {
  const found = SCHEMAS.find(({ isFor }) => isFor(method, path));
  if (found === undefined) return;
  const { error } = found.schema.safeParse(body);
  if (error !== undefined) throw new Error(`${found.name}: ${z.prettifyError(error)}`);
  answered.add(found.name);
}

/** Call the API with a token. Each answer must match its schema. */
export async function ask(
  server: Pick<RunningServer, "url">,
  token: string | undefined,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: Json }> {
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(init.headers as Record<string, string>),
  };
  const response = await fetch(server.url + path, { ...init, headers });
  const sent = await response.text();
  const type = response.headers.get("content-type") ?? "";
  const body: unknown = /^application\/(problem\+)?json/.test(type) ? JSON.parse(sent) : sent;
  if (response.status === 200) compare(init.method ?? "GET", path, body);
  return { status: response.status, body };
}

/** Post to the API, by default with the token of its operator. */
export function post(
  server: Pick<RunningServer, "url" | "adminToken">,
  path: string,
  body: object,
  token = server.adminToken,
): ReturnType<typeof ask> {
  return ask(server, token, path, { method: "POST", body: JSON.stringify(body) });
}
