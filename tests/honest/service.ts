/** The server without its sockets: one database, one or two instances on it, each with a clock of its own, and who operates it. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { duplexPair, type Duplex } from "node:stream";
import { join } from "node:path";
import { sql } from "kysely";
import * as decisions from "../../tools/server/decisions.ts";
import * as http from "../../tools/server/http.ts";
import type { Answer } from "../../tools/server/gate.ts";
import { Intake } from "../../tools/server/intake.ts";
import * as keyFile from "../../tools/server/keys.ts";
import type { AuditRow, DeviceRow, EvidenceRow } from "../../tools/server/store/schema.ts";
import { Store } from "../../tools/server/store/store.ts";
import * as tls from "../../tools/server/tls.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open } from "../../tools/wire/sign1.ts";
import type { Kind } from "./history.ts";

export const AUDIENCE = "signet.test";
const START = Date.UTC(2026, 0, 1);
const OPERATOR = "operator";
/** Data of a command: an order to rotate has others. */
export const COMMAND = Buffer.from("on");

/** The common start of every history, made once: an empty database, the server's key. */
export class Origin {
  readonly folder: string;
  readonly tls: tls.TlsIdentity;
  readonly empty: string;
  readonly keys: keyFile.ServerKeys;

  private constructor(folder: string, identity: tls.TlsIdentity) {
    this.folder = folder;
    this.tls = identity;
    this.empty = join(folder, "empty.db");
    this.keys = keyFile.load(join(folder, "server.key"));
  }

  static async make(): Promise<Origin> {
    const folder = mkdtempSync(join(process.env["HISTORIES_FOLDER"] ?? tmpdir(), "signet-histories-"));
    const origin = new Origin(folder, await tls.load(join(folder, "tls.key"), AUDIENCE, START));
    await (await Store.open(origin.empty)).close();
    return origin;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** A report as it is stored: whose, its counter, and the reading in it. */
export interface StoredReport {
  readonly device: string;
  readonly counter: number;
  readonly reading: string;
  readonly hash: string;
}

export interface Alarm {
  readonly at: number;
  readonly what: string;
}

export class Service {
  /** Error of each instance's clock. */
  readonly skewsMs: number[];
  /** The events as they were emitted, whatever happened to the database since. */
  readonly alarms: Alarm[] = [];
  /** A device's request was answered. */
  onAnswer: (instance: number, kind: Kind, answer: Answer) => void = () => {};
  /** Requests that are being answered. */
  underWay = 0;
  /** Unexpected errors of the instances. */
  readonly errors: unknown[] = [];
  /** Reports that a restore of the database took away. */
  readonly lost: StoredReport[] = [];
  /** Keys that were refused as unknown when they wanted to sign up, and how many of them an operator let in. */
  readonly #unknown = new Set<string>();
  invited = 0;
  /** When the database was put back last. */
  restoredAt = -Infinity;
  readonly #origin: Origin;
  readonly #now: () => number;
  readonly #policy: "open" | "claim";
  readonly #file: string;
  readonly #saved: string;
  #intakes: Intake[] = [];
  readonly #doors: (http.Unbound | undefined)[] = [];
  #store!: Store;

  private constructor(origin: Origin, name: string, instances: number, policy: "open" | "claim", now: () => number) {
    this.#origin = origin;
    this.#now = now;
    this.#policy = policy;
    this.#file = join(origin.folder, `${name}.db`);
    this.#saved = join(origin.folder, `${name}.saved`);
    this.skewsMs = Array.from({ length: instances }, () => 0);
  }

  static async start(
    origin: Origin,
    name: string,
    instances: number,
    policy: "open" | "claim",
    now: () => number,
  ): Promise<Service> {
    const service = new Service(origin, name, instances, policy, now);
    copyFileSync(origin.empty, service.#file);
    copyFileSync(origin.empty, service.#saved);
    await service.#open();
    return service;
  }

  async #open(): Promise<void> {
    this.#store = await Store.open(this.#file);
    this.#intakes = this.skewsMs.map((_, instance) => this.#intake(instance));
  }

  #intake(instance: number): Intake {
    const intake = new Intake({
      store: this.#store,
      keys: this.#origin.keys,
      audience: AUDIENCE,
      clock: () => this.#clock(instance),
      ticks: this.#now,
      policy: this.#policy,
      suspendForks: true,
      rates: { device: [50, 500], address: [2000, 4000], failures: [20, 200] },
      onError: (error) => void this.errors.push(error),
    });
    intake.happenings.on("happening", (happening) => {
      if (happening.kind === "alarm") this.alarms.push({ at: this.#now(), what: happening.what });
      if (happening.kind === "enrol" && happening.verdict === "unknown-device") this.#unknown.add(happening.device!);
    });
    return intake;
  }

  /** Ask an instance what a device asks. */
  async ask(instance: number, kind: Kind, body: Uint8Array, address: string, peer?: Uint8Array): Promise<Answer> {
    const intake = this.#intakes[instance]!;
    this.underWay++;
    const answer =
      kind === "challenge"
        ? await intake.challenge(address)
        : await (kind === "enrol" ? intake.enrol(body, address, peer) : intake.reports(body, address, peer));
    this.underWay--;
    this.onAnswer(instance, kind, answer);
    return answer;
  }

  /** Connect to an instance in TLS: what comes back is the client's end, in the clear. */
  connect(instance: number): Duplex {
    // The door is the server's own; what it asks of its intake passes through `ask`.
    const intake = {
      challenge: (address: string) => this.ask(instance, "challenge", new Uint8Array(0), address),
      enrol: (body: Uint8Array, address: string, peer?: Uint8Array) => this.ask(instance, "enrol", body, address, peer),
      reports: (body: Uint8Array, address: string, peer?: Uint8Array) =>
        this.ask(instance, "reports", body, address, peer),
    } as unknown as Intake;
    const nobodyElse = (): never => {
      throw new Error("only devices connect here");
    };
    const door = (this.#doors[instance] ??= http.make(
      { intake, application: nobodyElse, limits: http.LIMITS },
      this.#origin.tls,
    ));
    const [ours, theirs] = duplexPair();
    door.server.emit("connection", theirs);
    return ours;
  }

  #clock(instance: number): number {
    return START + Math.floor(this.#now()) + this.skewsMs[instance]!;
  }

  get publicKey(): Uint8Array {
    return this.#origin.keys.signing.publicKey;
  }

  get tlsKey(): Uint8Array {
    return this.#origin.tls.publicKey;
  }

  /** End an instance and start another in its place: what it had in memory is gone. */
  restartInstance(instance: number): void {
    const at = instance % this.#intakes.length;
    this.#intakes[at] = this.#intake(at);
    this.#doors[at]?.lane.drop();
    this.#doors[at] = undefined;
  }

  /** Copy the database aside. */
  async backup(): Promise<void> {
    rmSync(this.#saved, { force: true });
    await sql.raw(`vacuum into '${this.#saved}'`).execute(this.#store.read);
  }

  /** Put the copy in the database's place: the instances start anew on it. */
  async restore(): Promise<void> {
    const before = await this.reports();
    this.#drop();
    await this.#store.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.#file + suffix, { force: true });
    copyFileSync(this.#saved, this.#file);
    await this.#open();
    this.restoredAt = this.#now();
    this.#unknown.clear();
    const kept = new Set((await this.reports()).map(({ hash }) => hash));
    this.lost.push(...before.filter(({ hash }) => !kept.has(hash)));
  }

  get #desk(): decisions.Desk {
    return {
      store: this.#store,
      keys: this.#origin.keys,
      audience: AUDIENCE,
      clock: () => this.#clock(0),
    };
  }

  /** The device as an operator would pick it: the last that signed up. */
  async #target(): Promise<Uint8Array | undefined> {
    const rows = await this.devices();
    return rows.filter(({ state }) => state !== "replaced").at(-1)?.id;
  }

  async decide(state: decisions.Decided): Promise<boolean> {
    const id = await this.#target();
    if (id === undefined) return false;
    return (await decisions.setState(this.#desk, id, state, OPERATOR, "")) === "changed";
  }

  async command(validMs: number): Promise<void> {
    const id = await this.#target();
    if (id === undefined) return;
    await decisions.queueCommand(this.#desk, id, COMMAND, this.#clock(0) + validMs, OPERATOR);
  }

  async rotate(validMs: number): Promise<void> {
    const id = await this.#target();
    if (id !== undefined) await decisions.orderRotation(this.#desk, id, this.#clock(0) + validMs, OPERATOR);
  }

  /** Make a claim. */
  async claim(): Promise<Uint8Array> {
    const [made] = await decisions.makeClaims(this.#desk, 1, this.#clock(0) + 10 * 365 * 86_400_000, "", OPERATOR);
    return made as Uint8Array;
  }

  /** Let in what is refused as unknown, as an operator does after a restore. */
  async invite(): Promise<void> {
    const ids = [...this.#unknown].map((id) => Buffer.from(id, "hex"));
    this.#unknown.clear();
    if (ids.length > 0) this.invited += await decisions.invite(this.#desk, ids, "", OPERATOR);
  }

  /** The devices, in the order in which they signed up. */
  async devices(): Promise<DeviceRow[]> {
    return this.#store.read.selectFrom("devices").selectAll().orderBy("first_seen").execute();
  }

  async reports(): Promise<StoredReport[]> {
    const rows = await this.#store.read.selectFrom("reports").selectAll().execute();
    return rows.map(({ device, counter, message, hash }) => ({
      device: hex(device),
      counter,
      reading: hex(messages.readReport(open(message)).data),
      hash: hex(hash),
    }));
  }

  async log(): Promise<AuditRow[]> {
    return this.#store.read.selectFrom("audit").selectAll().orderBy("seq").execute();
  }

  async evidence(): Promise<EvidenceRow[]> {
    return this.#store.read.selectFrom("evidence").selectAll().execute();
  }

  /** End every connection. */
  #drop(): void {
    for (const door of this.#doors.splice(0)) door?.lane.drop();
  }

  async close(): Promise<void> {
    this.#drop();
    await this.#store.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(this.#file + suffix, { force: true });
    rmSync(this.#saved, { force: true });
  }
}
