/**
 * What a device can ask of the server, whatever carries it: bytes in, an answer out. The order of the checks is the
 * protocol's; each refusal has its name there.
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import { concat, equal, hex } from "../wire/bytes.ts";
import { encode } from "../wire/cbor.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id as keyId } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import { Reason, type ReasonName } from "../wire/messages.ts";
import { Malformed, open, openSequence, verify, type Sign1 } from "../wire/sign1.ts";
import * as chain from "./chain.ts";
import type { ServerKeys } from "./keys.ts";
import { Limiter } from "./limits.ts";
import * as log from "./log.ts";
import * as nonces from "./nonce.ts";
import * as rotation from "./rotation.ts";
import * as policies from "./policy.ts";
import { RecentRefusals, STATUS, none, type Refusals } from "./refusal.ts";
import { sealed } from "./seal.ts";
import type { DeviceRow, DownlinkRow, Move, ReportRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

export const REPORTS_MAX = 32;
export const BODY_MAX = 32 * 1024;

/** Devices remembered, each about 3 KB. */
const KNOWN_MAX = 50_000;

/** What one device's key can make the log and the evidence grow by: beyond it, what it signs is refused and counted, and not kept. */
const ALARMS_PER_SECOND = 1 / 60;
const ALARMS_AT_ONCE = 20;

export interface Answer {
  readonly status: number;
  readonly type: "application/cbor" | "application/cose" | "application/cbor-seq";
  readonly body: Uint8Array;
}

export interface Rates {
  /** Requests a second and at once, for each device that signed correctly. */
  readonly device: readonly [number, number];
  /** Requests a second and at once, for each address, before anything is verified. */
  readonly address: readonly [number, number];
  /**
   * Failures a second and at once, for each address: unknown devices, bad signatures, sign-ups that come to nothing. Who has no more is told
   * to come later, and nothing is looked up or verified. A device that was right from its address before is counted by itself.
   */
  readonly failures: readonly [number, number];
}

export interface IntakeOptions {
  readonly store: Store;
  readonly keys: ServerKeys;
  readonly audience: string;
  readonly policy: policies.Policy;
  /** Whether a proof of two holders of a key suspends the device. */
  readonly suspendForks: boolean;
  readonly rates: Rates;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Told of what nobody foresaw: the database failed. The device is told to come again. */
  readonly onError: (error: unknown) => void;
}

export type Asked = "challenge" | "enrol" | "report";

/** What happened, for whoever watches: told after the commit. A device is told of only if its signature was verified. */
export type Happening =
  | {
      readonly kind: Asked;
      readonly verdict: "accepted" | "repeated" | ReasonName;
      readonly device?: string;
      /** Whom a message names that its signature does not prove. */
      readonly claimed?: string;
      readonly counter?: number;
      readonly data?: Uint8Array;
      readonly at: number;
    }
  /** `device` is whom an alarm is about, null if that is none of ours. */
  | { readonly kind: "alarm"; readonly device: string | null; readonly what: string; readonly at: number }
  | { readonly kind: "state"; readonly device: string; readonly state: string; readonly at: number };

/** A request that ends here. What is signed is about one message of one device; `kid` is whom it names in any case. */
class Refused extends Error {
  readonly kid: Uint8Array | undefined;

  constructor(
    readonly reason: ReasonName,
    readonly about?: Sign1,
    readonly status = STATUS[reason],
    kid = about?.kid,
  ) {
    super(reason);
    this.kid = kid;
  }
}

/** A refusal that is not signed, of a message that names a device. */
function refused(reason: ReasonName, kid: Uint8Array, status = STATUS[reason]): Refused {
  return new Refused(reason, undefined, status, kid);
}

/** A report whose signature was verified, with its claims or their fault. */
interface Candidate extends chain.Link {
  readonly message: Sign1;
  readonly claims: messages.Report | undefined;
}

/** A device that this instance heard of. */
interface Known {
  /** An id is the hash of its key, so this is right for ever. */
  readonly key: ed25519.VerifyKey;
  /** The row as it was last seen. It may be stale: what is decided on it holds only if its seal is still the stored one's. */
  row: DeviceRow | undefined;
  /** Whether a move of it is under way. */
  moving: boolean;
  /** From where its last right signature came. */
  address: string | undefined;
}

/** What a transaction decided; the answer is made outside of it. */
type Outcome =
  | {
      readonly kind: "receipt";
      readonly stored: number;
      readonly downlink: Uint8Array | undefined;
      readonly row: DeviceRow;
    }
  | { readonly kind: "refused"; readonly reason: ReasonName; readonly about: Sign1; readonly alarm?: string };

export class Intake {
  readonly refusals: Refusals = none();
  readonly recent = new RecentRefusals();
  readonly accepted = { enrolments: 0, reports: 0, resent: 0 };
  readonly happenings = new EventEmitter<{ happening: [Happening] }>();
  private readonly options: IntakeOptions;
  /** Devices by id. */
  private readonly known = new Map<string, Known>();
  private readonly perDevice: Limiter;
  private readonly perAddress: Limiter;
  private readonly alarms = new Limiter(ALARMS_PER_SECOND, ALARMS_AT_ONCE);
  private readonly failures: Limiter;

  constructor(options: IntakeOptions) {
    this.options = options;
    this.perDevice = new Limiter(...options.rates.device);
    this.perAddress = new Limiter(...options.rates.address);
    this.failures = new Limiter(...options.rates.failures);
    this.happenings.setMaxListeners(0);
  }

  /** Give out a nonce. */
  challenge(address: string): Answer {
    const { keys, audience, clock } = this.options;
    if (!this.perAddress.take(address, clock())) return this.refuse("challenge", new Refused("busy", undefined, 429));
    return { status: 200, type: "application/cbor", body: encode(nonces.make(keys.nonce, audience, clock())) };
  }

  /** Register a device, or recognise it. `peer` is the id that TLS proved, where there is TLS: it has to be the message's. */
  enrol(body: Uint8Array, address: string, peer?: Uint8Array): Promise<Answer> {
    return this.answered("enrol", address, () => this.tryEnrol(body, address, peer));
  }

  /** Take reports of one device; `peer` as in `enrol`. */
  reports(body: Uint8Array, address: string, peer?: Uint8Array): Promise<Answer> {
    return this.answered("report", address, () => this.tryReports(body, address, peer));
  }

  /** Answer a request that was refused before its body was looked at. */
  unread(asked: Asked, reason: "too-large" | "malformed"): Answer {
    return this.refuse(asked, new Refused(reason));
  }

  private async answered(asked: Asked, address: string, attempt: () => Promise<Answer>): Promise<Answer> {
    try {
      if (!this.perAddress.take(address, this.options.clock())) throw new Refused("busy", undefined, 429);
      return await attempt();
    } catch (error) {
      if (error instanceof Malformed) return this.refuse(asked, new Refused("malformed"));
      if (error instanceof Refused) return this.refuse(asked, error);
      this.options.onError(error);
      return this.refuse(asked, new Refused("busy"));
    }
  }

  private refuse(asked: Asked, { reason, about, status, kid }: Refused): Answer {
    this.refusals[reason]++;
    const at = this.options.clock();
    const named = kid === undefined ? null : hex(kid);
    const whom = named === null ? {} : reason === "bad-signature" ? { claimed: named } : { device: named };
    this.tell({ kind: asked, verdict: reason, ...whom, at });
    // Keys that anybody can make by the thousand share one record.
    const record = kid !== undefined && this.known.has(nameOf(kid)) ? named : null;
    const begun = this.recent.note(record, { device: named, asked, reason, at });
    if (begun) this.alarm(record, `burst of refusals, first ${reason}`);
    if (about === undefined) {
      return { status, type: "application/cbor", body: messages.unsignedRefusal(Reason[reason]) };
    }
    const body = messages.sealRefusal(this.options.keys.signing, {
      ...this.answerTo(about.kid),
      about: hash(about.bytes),
      reason: Reason[reason],
    });
    return { status, type: "application/cose", body };
  }

  private answerTo(device: Uint8Array): { issuer: string; issuedAt: number; device: Uint8Array } {
    return { issuer: this.options.audience, issuedAt: Math.floor(this.options.clock() / 1000), device };
  }

  /** Refuse whoever at `source` had too many failures already, before any more is done for them. */
  private mayFail(source: string): void {
    if (!this.failures.has(source, this.options.clock())) throw new Refused("busy", undefined, 429);
  }

  /** Count a failure of whoever is at `source`. */
  private failed(source: string): void {
    this.failures.take(source, this.options.clock());
  }

  private async tryEnrol(body: Uint8Array, address: string, peer: Uint8Array | undefined): Promise<Answer> {
    const { store, keys, audience, clock } = this.options;
    const message = open(body);
    const publicKey = messages.enrolKey(message);
    if (!equal(keyId(publicKey), message.kid)) throw new Malformed("kid is not the key's id");
    fromPeer(message.kid, peer);
    this.mayFail(address);
    const key = ed25519.importKey(publicKey);
    if (key === undefined || !verify(message, key)) {
      this.failed(address);
      throw new Refused("bad-signature");
    }
    this.limitDevice(message.kid);
    const known = await store.read
      .selectFrom("devices")
      .select("state")
      .where("id", "=", message.kid)
      .executeTakeFirst();
    if (known !== undefined && !this.known.has(nameOf(message.kid))) await this.find(message.kid);
    if (known !== undefined && known.state !== "active") throw new Refused("revoked", message);
    const enrol = verified(message, messages.readEnrol);
    if (enrol.audience !== audience) throw new Refused("wrong-audience", message);
    const expiresAt = nonces.expiry(keys.nonce, audience, enrol.nonce, clock());
    if (expiresAt === undefined) throw refused("stale-nonce", message.kid);
    const { handover: bytes } = enrol;
    const handover = bytes === undefined ? undefined : verified(message, () => rotation.read(bytes));
    const outcome = await store.write((tx) => this.register(tx, message, enrol, expiresAt, handover));
    if ("refused" in outcome) {
      this.failed(address);
      if (outcome.alarm !== undefined) this.alarm(hex(handover?.message.kid ?? message.kid), outcome.alarm);
      const isSigned = outcome.refused === "revoked" || (handover !== undefined && outcome.refused !== "stale-nonce");
      throw isSigned ? new Refused(outcome.refused, message) : refused(outcome.refused, message.kid);
    }
    if (handover !== undefined) this.tellReplaced(handover);
    this.accepted.enrolments++;
    const verdict = outcome.row.epoch === 1 ? "accepted" : "repeated";
    this.tell({ kind: "enrol", verdict, device: hex(message.kid), at: clock() });
    const enrolled = messages.sealEnrolled(keys.signing, {
      ...this.answerTo(message.kid),
      about: hash(message.bytes),
      head: { counter: outcome.row.head_counter, hash: outcome.row.head_hash },
    });
    return { status: 200, type: "application/cose", body: enrolled };
  }

  /** Register or recognise a key, its nonce used up, in one transaction. */
  private async register(
    tx: Tx,
    message: Sign1,
    enrol: messages.Enrol,
    expiresAt: number,
    handover: rotation.Offered | undefined,
  ): Promise<{ row: DeviceRow } | { refused: ReasonName; alarm?: string }> {
    const { store, keys, clock, policy } = this.options;
    const now = clock();
    const id = message.kid.slice();
    const model = printable(Buffer.from(enrol.model).toString("latin1"));
    const find = tx.selectFrom("devices").selectAll().where("id", "=", id);
    const known = handover === undefined ? await store.locked(find).executeTakeFirst() : undefined;
    if (known !== undefined && known.state !== "active") return { refused: "revoked" };
    const used = await tx
      .insertInto("used_nonces")
      .values({ nonce: enrol.nonce.slice(), expires_at: expiresAt })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (used.numInsertedOrUpdatedRows === 0n) return { refused: "stale-nonce" };
    const described = {
      model,
      software: printable(enrol.software),
      version: printable(enrol.version),
      boot_count: enrol.bootCount,
      last_seen: now,
    };
    if (handover !== undefined) {
      const taken = await rotation.take(tx, this.options, handover, id, enrol, described);
      if ("alarm" in taken) await this.logAlarm(tx, now, handover.message.kid.slice(), taken.alarm!);
      return taken;
    }
    if (known !== undefined) {
      const contradiction = policies.contradiction(known, enrol, model);
      if (contradiction !== undefined) {
        const what = `duplicate key: ${contradiction}`;
        await this.logAlarm(tx, now, id, what);
        return { refused: "not-invited", alarm: what };
      }
      const row = sealed(keys.seal, "devices", { ...known, ...described, epoch: known.epoch + 1 });
      await tx.updateTable("devices").set(row).where("id", "=", id).execute();
      return { row };
    }
    const admission = await policies.admit(policy, store, keys.seal, tx, id, enrol, now);
    if ("denied" in admission) {
      await tx.deleteFrom("used_nonces").where("nonce", "=", enrol.nonce.slice()).execute();
      return { refused: "not-invited" };
    }
    const row: DeviceRow = sealed(keys.seal, "devices", {
      ...described,
      id,
      key: enrol.key.slice(),
      state: "active" as const,
      epoch: 1,
      first_seen: now,
      head_counter: messages.NO_HEAD.counter,
      head_hash: messages.NO_HEAD.hash,
      report_count: 0,
      gap_count: 0,
      downlink_counter: 0,
      acknowledged: 0,
      claim: admission.claim,
      successor: null,
    });
    await tx.insertInto("devices").values(row).execute();
    await log.append(store, keys, tx, now, { action: "enrol", actor: "device", device: id, detail: { policy, model } });
    return { row };
  }

  private limitDevice(kid: Uint8Array): void {
    if (!this.perDevice.take(hex(kid), this.options.clock())) throw refused("busy", kid, 429);
  }

  private async tryReports(body: Uint8Array, address: string, peer: Uint8Array | undefined): Promise<Answer> {
    const sequence = openSequence(body, REPORTS_MAX);
    const kid = sequence[0]!.kid;
    if (!sequence.every((message) => message.kind === "report" && equal(message.kid, kid))) {
      throw new Malformed("not reports of one device");
    }
    const name = nameOf(kid);
    const familiar = this.known.get(name);
    const source = familiar?.address === address ? `${name} ${address}` : address;
    this.mayFail(source);
    const known = familiar ?? (await this.find(kid));
    if (known === undefined) {
      this.failed(source);
      throw new Refused("unknown-device");
    }
    fromPeer(kid, peer);
    if (!sequence.every((message) => verify(message, known.key))) {
      this.failed(source);
      throw refused("bad-signature", kid);
    }
    known.address = address;
    this.limitDevice(kid);
    const candidates = sequence.map(candidate);
    const outcome =
      (await this.advance(known, candidates)) ?? (await this.options.store.write((tx) => this.accept(tx, candidates)));
    if (outcome.kind === "receipt") known.row = outcome.row;
    if (outcome.kind === "refused") {
      if (outcome.alarm !== undefined) this.alarm(hex(kid), outcome.alarm);
      throw new Refused(outcome.reason, outcome.about);
    }
    this.told(candidates, outcome.stored, kid);
    const last = candidates.at(-1)!;
    const receipt = messages.sealReceipt(this.options.keys.signing, {
      ...this.answerTo(kid),
      counter: last.counter,
      about: last.hash,
    });
    const answer = outcome.downlink === undefined ? receipt : concat(receipt, outcome.downlink);
    return { status: 200, type: "application/cbor-seq", body: answer };
  }

  /** Tell of the reports of a request: those that were stored, or the last if all were stored before. */
  private told(candidates: readonly Candidate[], stored: number, kid: Uint8Array): void {
    if (stored === 0) this.accepted.resent++;
    this.accepted.reports += stored;
    if (this.happenings.listenerCount("happening") === 0) return;
    const [device, at] = [hex(kid), this.options.clock()];
    const verdict = stored === 0 ? "repeated" : "accepted";
    for (const { counter, claims } of candidates.slice(-(stored || 1))) {
      this.tell({ kind: "report", verdict, device, counter, data: claims!.data, at });
    }
  }

  /** Log an alarm about a device, unless its key caused too many. */
  private async logAlarm(tx: Tx, now: number, device: Uint8Array, what: string): Promise<void> {
    if (!this.alarms.take(hex(device), now)) return;
    const { store, keys } = this.options;
    await log.append(store, keys, tx, now, { action: "alarm", actor: "server", device, detail: { what } });
  }

  private tellReplaced({ message }: rotation.Offered): void {
    this.tell({ kind: "state", device: hex(message.kid), state: "replaced", at: this.options.clock() });
  }

  private alarm(device: string | null, what: string): void {
    this.tell({ kind: "alarm", device, what, at: this.options.clock() });
  }

  /** Tell whoever watches what happened. */
  tell(happening: Happening): void {
    this.happenings.emit("happening", happening);
  }

  /** Look a device up, and remember it. */
  private async find(kid: Uint8Array): Promise<Known | undefined> {
    const row = await this.options.store.find(kid);
    // A key that some hand put into the database under another's id speaks for nobody.
    if (row === undefined || !equal(keyId(row.key), kid)) return undefined;
    const key = ed25519.importKey(row.key);
    if (key === undefined) return undefined;
    const name = nameOf(kid);
    // Two that asked at once share what the first found.
    const found = this.known.get(name) ?? { key, row, moving: false, address: undefined };
    if (this.known.size >= KNOWN_MAX) this.known.delete(this.known.keys().next().value!);
    this.known.set(name, found);
    return found;
  }

  /**
   * Store reports that follow the head of a row as it was last seen, which is what nearly all do. Undefined if they do not, if the row is
   * another by now, or if the database fails: `accept` decides then, and says what is wrong.
   */
  private async advance(known: Known, candidates: readonly Candidate[]): Promise<Outcome | undefined> {
    const { row } = known;
    if (row === undefined || known.moving || row.state !== "active" || row.downlink_counter > row.acknowledged)
      return undefined;
    const { audience, store } = this.options;
    if (!candidates.every(({ claims }) => claims?.audience === audience)) return undefined;
    const ruling = chain.rule({ counter: row.head_counter, hash: row.head_hash }, candidates);
    // A repetition writes nothing, so nothing would tell that the row is stale.
    if (ruling.kind === "stray" || ruling.from === candidates.length) return undefined;
    const move = this.move(row, candidates.slice(ruling.from));
    known.moving = true;
    try {
      if (!(await store.move(move))) return undefined;
      return { kind: "receipt", stored: move.reports.length, downlink: undefined, row: move.after };
    } catch {
      return undefined;
    } finally {
      known.moving = false;
    }
  }

  /** Accept the reports of one request or refuse one of them: state, form, audience, chain. The device's row is locked first. */
  private async accept(tx: Tx, candidates: readonly Candidate[]): Promise<Outcome> {
    const { store, audience } = this.options;
    const first = candidates[0]!.message;
    const query = tx.selectFrom("devices").selectAll().where("id", "=", first.kid.slice());
    const device = await store.locked(query).executeTakeFirst();
    if (device === undefined) throw new Refused("unknown-device");
    if (device.state !== "active") return { kind: "refused", reason: "revoked", about: first };
    for (const { message, claims } of candidates) {
      if (claims === undefined) return { kind: "refused", reason: "malformed", about: message };
      if (claims.audience !== audience) return { kind: "refused", reason: "wrong-audience", about: message };
    }
    const ruling = chain.rule({ counter: device.head_counter, hash: device.head_hash }, candidates);
    if (ruling.kind === "stray") return this.stray(tx, device, candidates[ruling.at]!);
    const fresh = candidates.slice(ruling.from);
    if (fresh.length === 0)
      return { kind: "receipt", stored: 0, downlink: await this.downlink(tx, device), row: device };
    const move = this.move(device, fresh);
    await this.store(tx, move);
    return { kind: "receipt", stored: fresh.length, downlink: await this.downlink(tx, move.after), row: move.after };
  }

  /** The rows of reports that follow a device's head, and of the device after them. */
  private move(before: DeviceRow, fresh: readonly Candidate[]): Move {
    const { keys, clock } = this.options;
    const now = clock();
    const reports: ReportRow[] = fresh.map(({ counter, hash: own, message }) =>
      sealed(keys.seal, "reports", {
        device: before.id,
        counter,
        hash: own,
        message: message.bytes.slice(),
        epoch: before.epoch,
        received_at: now,
      }),
    );
    const last = fresh.at(-1)!;
    const acknowledged = Math.max(0, ...fresh.map(({ claims }) => claims!.ack ?? 0));
    const after = sealed(keys.seal, "devices", {
      ...before,
      head_counter: last.counter,
      head_hash: last.hash,
      report_count: before.report_count + fresh.length,
      gap_count: before.gap_count + (last.counter - before.head_counter - fresh.length),
      acknowledged: Math.max(before.acknowledged, Math.min(acknowledged, before.downlink_counter)),
      last_seen: now,
    });
    return { before, after, reports };
  }

  /** Make a move in a transaction that locked the device's row. */
  private async store(tx: Tx, { after, reports }: Move): Promise<void> {
    await tx.insertInto("reports").values(reports).execute();
    const { head_counter, head_hash, report_count, gap_count, acknowledged, last_seen, seal } = after;
    await tx
      .updateTable("devices")
      .set({ head_counter, head_hash, report_count, gap_count, acknowledged, last_seen, seal })
      .where("id", "=", after.id)
      .execute();
  }

  /** Find the next downlink that the device did not act upon yet. */
  private async downlink(tx: Tx, device: DeviceRow): Promise<Uint8Array | undefined> {
    if (device.downlink_counter <= device.acknowledged) return undefined;
    const row: Pick<DownlinkRow, "message"> | undefined = await tx
      .selectFrom("downlinks")
      .select("message")
      .where("device", "=", device.id)
      .where("counter", ">", device.acknowledged)
      .where("expires_at", ">", this.options.clock())
      .orderBy("counter")
      .limit(1)
      .executeTakeFirst();
    return row?.message;
  }

  /** Name a report that does not follow its chain; keep the evidence if it was never stored. */
  private async stray(tx: Tx, device: DeviceRow, candidate: Candidate): Promise<Outcome> {
    const about = candidate.message;
    const { same, parent, sibling } = await this.surroundings(tx, device, candidate);
    const kind = chain.classify(candidate, same, parent, sibling);
    if (kind === "replayed") return { kind: "refused", reason: "replayed", about };
    const { store, keys, clock, suspendForks } = this.options;
    const now = clock();
    const suspends = suspendForks && chain.isProof(kind);
    if (!suspends && !this.alarms.take(hex(device.id), now)) return { kind: "refused", reason: "forked", about };
    const evidence = sealed(keys.seal, "evidence", {
      id: candidate.hash,
      device: device.id,
      kind,
      message: about.bytes.slice(),
      rival: (same ?? sibling)?.hash ?? null,
      received_at: now,
    });
    const { numInsertedOrUpdatedRows: added } = await tx
      .insertInto("evidence")
      .values(evidence)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (added === 0n) return { kind: "refused", reason: "forked", about };
    const detail = { kind, counter: candidate.counter };
    await log.append(store, keys, tx, now, { action: "fork", actor: "server", device: device.id, detail });
    if (suspends) {
      const suspended = sealed(keys.seal, "devices", { ...device, state: "suspended" as const });
      await tx.updateTable("devices").set(suspended).where("id", "=", device.id).execute();
      await log.append(store, keys, tx, now, { action: "suspend", actor: "server", device: device.id, detail });
    }
    return { kind: "refused", reason: "forked", about, alarm: `fork: ${kind}` };
  }

  /** Find the stored reports that tell what a stray one is. */
  private async surroundings(
    tx: Tx,
    device: DeviceRow,
    { counter, prev }: chain.Link,
  ): Promise<{
    same?: chain.Stored | undefined;
    parent?: chain.Stored | "start" | undefined;
    sibling?: chain.Stored | undefined;
  }> {
    const stored = tx.selectFrom("reports").select(["hash", "counter", "epoch"]).where("device", "=", device.id);
    const same = await stored.where("counter", "=", counter).executeTakeFirst();
    if (same !== undefined) return { same };
    const start = equal(prev, messages.NO_HEAD.hash);
    const parent = start ? "start" : await stored.where("hash", "=", prev.slice()).executeTakeFirst();
    if (parent === undefined) return {};
    const parentCounter = parent === "start" ? 0 : parent.counter;
    const sibling = await stored.where("counter", ">", parentCounter).orderBy("counter").limit(1).executeTakeFirst();
    return { parent, sibling };
  }
}

/** A key for maps: bytes as text, one character each. */
function nameOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString("latin1");
}

/** Read claims of a message whose signature was verified: if they are malformed, the refusal is signed. */
function verified<T>(message: Sign1, read: (message: Sign1) => T): T {
  try {
    return read(message);
  } catch (error) {
    if (error instanceof Malformed) throw new Refused("malformed", message);
    throw error;
  }
}

function candidate(message: Sign1): Candidate {
  let claims: messages.Report | undefined;
  try {
    claims = messages.readReport(message);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  return {
    message,
    claims,
    hash: hash(message.bytes),
    counter: claims?.counter ?? 0,
    prev: (claims?.prev ?? messages.NO_HEAD.hash).slice(),
  };
}

/** Whoever TLS proved at the other end speaks for itself only. */
function fromPeer(kid: Uint8Array, peer: Uint8Array | undefined): void {
  if (peer !== undefined && !equal(peer, kid)) throw refused("bad-signature", kid);
}

/**
 * Make a name that a device gives fit to be stored and shown: control characters are spelled out. A database may cut a text at NUL,
 * or refuse it.
 */
function printable(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return name.replace(/[\x00-\x1f\x7f-\x9f]/g, (found) => `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
