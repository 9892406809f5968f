/**
 * Reporting: the requests that carry reports.
 *
 *     parse, look up the key, verify every signature
 *     advance:  the reports follow the head of the cached row     -> one statement, which has no effect if the row has changed
 *     accept:   all other cases, in a transaction that locks the row
 *       stored already                     -> its receipt again
 *       another session than the row's     -> stale-session
 *       contradicted in this session       -> forked
 *       the first in its session           -> the doubts about the session take effect
 *       follows the head                   -> stored; the last word of a key ends it
 */
import { concat, equal, hex } from "../wire/bytes.ts";
import { hash } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import type { ReasonName } from "../wire/messages.ts";
import { Malformed, openSequence, verify, type Sign1 } from "../wire/sign1.ts";
import * as chain from "./chain.ts";
import * as commands from "./commands.ts";
import * as evidence from "./evidence.ts";
import { Refused, fromPeer, nameOf, refused, type Answer, type Gate, type Known } from "./gate.ts";
import * as log from "./log.ts";
import { LIFETIME_MS } from "./nonce.ts";
import { refusalOf } from "./refusal.ts";
import * as rules from "./rules.ts";
import { sealed } from "./seal.ts";
import * as sessions from "./session.ts";
import type { DeviceRow, Move, ReportRow } from "./store/schema.ts";
import type { Tx } from "./store/store.ts";

export const REPORTS_MAX = 32;

/** A report whose signature was verified, with its claims or their fault. */
interface Candidate extends evidence.Seen {
  readonly claims: messages.Report | undefined;
}

/** The decision; the answer is made outside of the transaction. */
type Outcome = { readonly alarms?: readonly string[] } & (
  | {
      readonly kind: "receipt";
      readonly stored: number;
      /** The counter of the head before the first of them. */
      readonly from: number;
      /** When the last report was stored. */
      readonly at: number;
      readonly downlink: Uint8Array | undefined;
      readonly row: DeviceRow;
    }
  | { readonly kind: "refused"; readonly reason: ReasonName; readonly about: Sign1 }
  | { readonly kind: "limited" }
);

export class Reporting {
  private readonly gate: Gate;

  constructor(gate: Gate) {
    this.gate = gate;
  }

  /** Take reports of one device. Throws Refused or Malformed. */
  async reports(body: Uint8Array, address: string, peer: Uint8Array | undefined): Promise<Answer> {
    const { gate } = this;
    const sequence = openSequence(body, REPORTS_MAX);
    const kid = sequence[0]!.kid;
    if (!sequence.every((message) => message.kind === "report" && equal(message.kid, kid))) {
      throw new Malformed("not reports of one device");
    }
    const name = nameOf(kid);
    const familiar = gate.familiar(kid, name);
    const source = familiar?.address === address ? `${name} ${address}` : address;
    gate.mayFail(source);
    const known = familiar ?? (await gate.find(kid));
    this.authentic(sequence, known, source, peer);
    known.address = address;
    gate.limitDevice(kid, name);
    const candidates = sequence.map(candidate);
    const outcome =
      (await this.advance(known, candidates)) ?? (await gate.options.store.write((tx) => this.accept(tx, candidates)));
    evidence.tell(gate, kid, outcome.alarms ?? []);
    if (outcome.kind === "limited") throw refused("busy", kid, 429);
    if (outcome.kind === "refused") throw new Refused(outcome.reason, outcome.about);
    known.row = outcome.row;
    const { stored, from } = outcome;
    if (stored > 0) gate.freshLeaves.note(name, outcome.row.id, from, candidates.slice(-stored));
    this.told(candidates, stored, kid);
    const last = candidates.at(-1)!;
    // The same report has the same receipt, byte for byte: its time is when the report was stored.
    const receipt = messages.sealReceipt(gate.options.keys.signing, {
      ...gate.answerTo(kid, outcome.at),
      counter: last.counter,
      about: last.hash,
    });
    const answer = outcome.downlink === undefined ? receipt : concat(receipt, outcome.downlink);
    return { status: 200, type: "application/cbor-seq", body: answer };
  }

  /** Verify every signature of a request as one of a known device. Throws Refused. */
  private authentic(
    sequence: readonly Sign1[],
    known: Known | undefined,
    source: string,
    peer: Uint8Array | undefined,
  ): asserts known is Known {
    const { gate } = this;
    const kid = sequence[0]!.kid;
    if (known === undefined) {
      gate.failed(source);
      throw new Refused("unknown-device");
    }
    fromPeer(kid, peer);
    if (!sequence.every((message) => verify(message, known.key))) {
      gate.failed(source);
      throw refused("bad-signature", kid);
    }
  }

  /** Emit events for the reports of a request: those stored now, or the last if all were stored before. */
  private told(candidates: readonly Candidate[], stored: number, kid: Uint8Array): void {
    const { accepted, happenings, options } = this.gate;
    if (stored === 0) accepted.resent++;
    accepted.reports += stored;
    if (happenings.listenerCount("happening") === 0) return;
    const [device, at] = [hex(kid), options.clock()];
    const verdict = stored === 0 ? "repeated" : "accepted";
    for (const { counter, claims } of candidates.slice(-(stored || 1))) {
      this.gate.tell({ kind: "report", verdict, device, counter, data: claims!.data, at });
    }
  }

  /**
   * Store reports that follow the head of the cached row, the usual case. Return undefined if more must be decided, if the row
   * has changed, or if the database fails: then `accept` decides, and names the fault.
   */
  private async advance(known: Known, candidates: readonly Candidate[]): Promise<Outcome | undefined> {
    const { row } = known;
    if (row === undefined || known.moving || row.state !== "active" || row.downlink_counter > row.passed)
      return undefined;
    const { audience, store, clock } = this.gate.options;
    const now = clock();
    if (!sessions.isConfirmed(row) || isAhead(row, now)) return undefined;
    const isUsual = ({ claims }: Candidate): boolean =>
      claims !== undefined &&
      claims.last === undefined &&
      claims.damaged === undefined &&
      claims.audience === audience &&
      equal(claims.session, row.session!) &&
      (claims.ack === undefined || claims.ack.counter <= row.passed);
    if (!candidates.every(isUsual)) return undefined;
    if (chain.stray({ counter: row.head_counter, hash: row.head_hash }, candidates) >= 0) return undefined;
    const move = this.move(row, candidates, now);
    known.moving = true;
    try {
      if (!(await store.move(move))) return undefined;
      const { head_counter: from } = row;
      return { kind: "receipt", stored: candidates.length, from, at: now, downlink: undefined, row: move.after };
    } catch {
      return undefined;
    } finally {
      known.moving = false;
    }
  }

  /** Accept the reports of one request or refuse one of them, in the protocol's order. The device's row is locked first. */
  private async accept(tx: Tx, candidates: readonly Candidate[]): Promise<Outcome> {
    const { gate } = this;
    const { store, clock } = gate.options;
    const first = candidates[0]!.message;
    const query = tx.selectFrom("devices").selectAll().where("id", "=", first.kid.slice());
    const device = await store.locked(query).executeTakeFirst();
    if (device === undefined) throw new Refused("unknown-device");
    // A device with a replaced key must enrol: this distinguishes a key in use from a late copy.
    if (device.state === "replaced") return { kind: "refused", reason: "stale-session", about: first };
    if (device.state !== "active") return { kind: "refused", reason: refusalOf(device.state), about: first };
    const now = clock();
    const stored = await storedOf(tx, device.id, candidates);
    const fresh = candidates.slice(stored.length);
    if (fresh.length === 0) {
      const at = stored.at(-1)!.received_at;
      return { kind: "receipt", stored: 0, from: 0, at, downlink: await commands.next(tx, device, now), row: device };
    }
    for (const report of fresh) {
      const reason = this.faultOf(device, report, now);
      if (reason !== undefined) return { kind: "refused", reason, about: report.message };
    }
    // A chain ends with the last word of its key.
    const ending = fresh.findIndex(({ claims }) => claims?.last);
    if (ending >= 0 && ending < fresh.length - 1) return { kind: "refused", reason: "malformed", about: first };
    const doubts = sessions.doubtsOf(device);
    if (doubts.includes("two-lives")) {
      // A proof takes effect once. If the device continues, because forks only raise alarms or an operator restored it, it does
      // so in a new session.
      const proved = { ...device, session: null, confirmed: device.session, doubt: null };
      return this.forked(tx, proved, fresh[0]!, "two-lives", device.head_hash);
    }
    const at = chain.stray({ counter: device.head_counter, hash: device.head_hash }, fresh);
    if (at >= 0) {
      if (!gate.mayStray(device.id)) return { kind: "limited" };
      const found = await evidence.contradiction(tx, device, fresh[at]!);
      if (found !== undefined) return this.forked(tx, device, fresh[at]!, found.proof, found.rival);
      return { kind: "refused", reason: "stale-session", about: fresh[at]!.message };
    }
    return this.follow(tx, device, fresh, doubts, now);
  }

  /** The reason why a report of an active device cannot be stored, independent of its chain. */
  private faultOf(device: DeviceRow, { claims }: Candidate, now: number): ReasonName | undefined {
    if (claims === undefined) return "malformed";
    if (claims.audience !== this.gate.options.audience) return "wrong-audience";
    const isCurrent = device.session !== null && equal(claims.session, device.session) && !isAhead(device, now);
    return isCurrent ? undefined : "stale-session";
  }

  private async forked(
    tx: Tx,
    device: DeviceRow,
    report: Candidate,
    proof: chain.Proof,
    rival: Uint8Array,
  ): Promise<Outcome> {
    const alarm = await evidence.keep(tx, this.gate, device, report, proof, rival);
    return { kind: "refused", reason: "forked", about: report.message, alarms: alarm === undefined ? [] : [alarm] };
  }

  /**
   * Store reports that follow the head, with the other changes that the first report of a session, or a new acknowledgement,
   * brings.
   */
  private async follow(
    tx: Tx,
    device: DeviceRow,
    fresh: readonly Candidate[],
    doubts: readonly sessions.Doubt[],
    now: number,
  ): Promise<Outcome> {
    const { gate } = this;
    const { store, keys } = gate.options;
    const ack = fresh.at(-1)!.claims!.ack;
    const { passed, isForeign } = await commands.acknowledge(tx, device, ack);
    const confirmed = { ...device, ...passed, confirmed: device.session, doubt: null };
    const isLast = fresh.at(-1)!.claims!.last === true;
    const ended: DeviceRow = isLast ? { ...confirmed, state: "revoked" } : confirmed;
    const { after, reports } = this.move(ended, fresh, now);
    await tx.insertInto("reports").values(reports).execute();
    await tx.updateTable("devices").set(after).where("id", "=", after.id).execute();
    if (isLast) await log.append(store, keys, tx, now, { action: "leave", actor: "device", device: after.id });
    const damaged = fresh.reduce((sum, { claims }) => sum + (claims!.damaged ?? 0), 0);
    if (damaged > 0) await rules.noteDamage(tx, keys, after.id, damaged, now);
    const alarms = await evidence.confirm(tx, gate, device, doubts, fresh[0]!.counter);
    if (isForeign) {
      alarms.push(evidence.foreignCommand(ack!.counter));
      await gate.logAlarm(tx, now, device.id, alarms.at(-1)!);
    }
    const downlink = await commands.next(tx, after, now);
    const { head_counter: from } = device;
    return { kind: "receipt", stored: fresh.length, from, at: now, downlink, row: after, alarms };
  }

  /** The rows of reports that follow a device's head, and of the device after them. */
  private move(before: DeviceRow, fresh: readonly Candidate[], now: number): Move {
    const { keys } = this.gate.options;
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
    const after = sealed(keys.seal, "devices", {
      ...before,
      head_counter: last.counter,
      head_hash: last.hash,
      report_count: before.report_count + fresh.length,
      gap_count: before.gap_count + (last.counter - before.head_counter - fresh.length),
      last_seen: now,
    });
    return { before, after, reports };
  }
}

/**
 * True if the clock is behind the last message of the device. The device must then begin a new session, because it checks the
 * expiry of commands against the times in its session's answers.
 */
function isAhead(device: DeviceRow, now: number): boolean {
  return device.last_seen > now + LIFETIME_MS;
}

/** The stored rows of the first reports of a request, as many as are stored. */
async function storedOf(tx: Tx, device: Uint8Array, candidates: readonly Candidate[]): Promise<StoredReport[]> {
  const counters = candidates.map(({ counter }) => counter);
  const query = tx.selectFrom("reports").select(["counter", "hash", "received_at"]).where("device", "=", device);
  const rows = new Map((await query.where("counter", "in", counters).execute()).map((row) => [row.counter, row]));
  const found: StoredReport[] = [];
  for (const { counter, hash: own } of candidates) {
    const row = rows.get(counter);
    if (row === undefined || !equal(row.hash, own)) break;
    found.push(row);
  }
  return found;
}

type StoredReport = Pick<ReportRow, "counter" | "hash" | "received_at">;

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
