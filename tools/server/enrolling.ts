/** Keys registered, and recognised when their devices start again: each `enrolled` begins a session. */
import { Buffer } from "node:buffer";
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id as keyId } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import type { ReasonName } from "../wire/messages.ts";
import { Malformed, open, verify, type Sign1 } from "../wire/sign1.ts";
import * as commands from "./commands.ts";
import * as evidence from "./evidence.ts";
import { Refused, fromPeer, refused, verified, type Answer, type Gate } from "./gate.ts";
import { Limiter } from "./limits.ts";
import * as log from "./log.ts";
import * as nonces from "./nonce.ts";
import * as policies from "./policy.ts";
import { refusalOf } from "./refusal.ts";
import * as rotation from "./rotation.ts";
import { sealed } from "./seal.ts";
import * as sessions from "./session.ts";
import type { DeviceRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

/** Unknown keys that may name a session falsely, of all senders together: 4 bytes of a MAC are then guessed in a century. */
const GUESSES_PER_SECOND = 1;
const GUESSES_AT_ONCE = 100;

/** An enrolment whose signature and form are right. */
interface Asking {
  readonly message: Sign1;
  readonly enrol: messages.Enrol;
  readonly id: Uint8Array;
  readonly model: string;
  /** Until when its nonce is good. */
  readonly expiresAt: number;
  readonly handover: rotation.Offered | undefined;
  /** The epoch of the session it names, if this server gave it. */
  readonly epoch: number | undefined;
}

type Outcome = { readonly alarms?: readonly string[] } & (
  | { readonly row: DeviceRow; readonly isNew: boolean }
  /** `isStranger`: nothing in the database is about it. */
  | { readonly refused: ReasonName; readonly isSigned: boolean; readonly isStranger?: boolean }
);

export class Enrolling {
  private readonly gate: Gate;
  private readonly guesses = new Limiter(GUESSES_PER_SECOND, GUESSES_AT_ONCE);

  constructor(gate: Gate) {
    this.gate = gate;
  }

  /** Register a key, or recognise it. Throws Refused or Malformed. */
  async enrol(body: Uint8Array, address: string, peer: Uint8Array | undefined): Promise<Answer> {
    const { gate } = this;
    const { store, keys, clock } = gate.options;
    const asking = await this.authentic(body, address, peer);
    const { message, handover } = asking;
    const outcome = await store.write((tx) => this.register(tx, asking));
    const isReplacing = "row" in outcome && outcome.isNew && handover !== undefined;
    evidence.tell(gate, "row" in outcome ? message.kid : (handover?.message.kid ?? message.kid), outcome.alarms ?? []);
    if ("refused" in outcome) {
      gate.failed(address);
      throw outcome.isSigned ? new Refused(outcome.refused, message) : refused(outcome.refused, message.kid);
    }
    const at = clock();
    if (isReplacing) gate.tell({ kind: "state", device: hex(handover.message.kid), state: "replaced", at });
    gate.accepted.enrolments++;
    gate.tell({ kind: "enrol", verdict: outcome.isNew ? "accepted" : "repeated", device: hex(message.kid), at });
    const { row } = outcome;
    const enrolled = messages.sealEnrolled(keys.signing, {
      ...gate.answerTo(message.kid, at),
      about: hash(message.bytes),
      head: { counter: row.head_counter, hash: row.head_hash },
      ack: row.passed,
      session: row.session!,
    });
    return { status: 200, type: "application/cose", body: enrolled };
  }

  /** Check the parts that need no transaction: form, signature, state, audience, age of the nonce. */
  private async authentic(body: Uint8Array, address: string, peer: Uint8Array | undefined): Promise<Asking> {
    const { gate } = this;
    const { store, keys, audience } = gate.options;
    const message = open(body);
    const publicKey = messages.enrolKey(message);
    if (!equal(keyId(publicKey), message.kid)) throw new Malformed("kid is not the key's id");
    fromPeer(message.kid, peer);
    gate.mayFail(address);
    const key = ed25519.importKey(publicKey);
    if (key === undefined || !verify(message, key)) {
      gate.failed(address);
      throw new Refused("bad-signature");
    }
    gate.limitDevice(message.kid);
    const id = message.kid.slice();
    const known = await store.read.selectFrom("devices").select("state").where("id", "=", id).executeTakeFirst();
    if (known !== undefined && gate.familiar(id) === undefined) await gate.find(id);
    if (known?.state === "replaced") await this.noteReplaced(message);
    if (known !== undefined && known.state !== "active") throw new Refused(refusalOf(known.state), message);
    const enrol = verified(message, messages.readEnrol);
    if (enrol.audience !== audience) throw new Refused("wrong-audience", message);
    const expiresAt = gate.nonceExpiry(enrol.nonce);
    if (expiresAt === undefined) throw refused("stale-nonce", id);
    const { handover } = enrol;
    return {
      message,
      enrol,
      id,
      model: printable(Buffer.from(enrol.model).toString("latin1")),
      expiresAt,
      handover: handover === undefined ? undefined : verified(message, () => rotation.read(handover)),
      epoch: sessions.epochOf(keys.session, id, enrol.session),
    };
  }

  /** Alarm if a key that was replaced still speaks: it answers a nonce that was made after the handover, so it is no late copy. */
  private async noteReplaced(message: Sign1): Promise<void> {
    const { gate } = this;
    const { store, clock } = gate.options;
    const { nonce } = verified(message, messages.readEnrol);
    const id = message.kid.slice();
    if (gate.nonceExpiry(nonce) === undefined || (await this.isLate(store.read, id, nonce, "rotate"))) return;
    await store.write((tx) => gate.logAlarm(tx, clock(), id, evidence.REPLACED));
    evidence.tell(gate, id, [evidence.REPLACED]);
  }

  /**
   * True if a handover of the key was logged after the nonce was made. Compare the order in the log, because the clocks of
   * instances may differ.
   */
  private isLate(db: Store["read"], id: Uint8Array, nonce: Uint8Array, action: "rotate" | "orphan"): Promise<boolean> {
    return log.hasSince(db, nonces.seqOf(this.gate.options.keys.nonce, nonce), action, id);
  }

  /** Register or recognise a key, its nonce used up, in one transaction. */
  private async register(tx: Tx, asking: Asking): Promise<Outcome> {
    const { store } = this.gate.options;
    const find = tx.selectFrom("devices").selectAll().where("id", "=", asking.id);
    const known = await store.locked(find).executeTakeFirst();
    if (known !== undefined && known.state !== "active") return { refused: refusalOf(known.state), isSigned: true };
    const nonce = asking.enrol.nonce.slice();
    const used = await tx
      .insertInto("used_nonces")
      .values({ nonce, expires_at: asking.expiresAt })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (used.numInsertedOrUpdatedRows === 0n) return { refused: "stale-nonce", isSigned: false };
    const outcome =
      known !== undefined
        ? await this.recognise(tx, asking, known)
        : await this.welcome(tx, asking, this.fresh(asking));
    // Roll back a failed enrolment, so that strangers cannot fill the table.
    if ("refused" in outcome && (!outcome.isSigned || outcome.isStranger === true))
      await tx.deleteFrom("used_nonces").where("nonce", "=", nonce).execute();
    return outcome;
  }

  /**
   * Begin the next session of a registered key. Contradictions do not refuse it: they are doubts until the device reports.
   */
  private async recognise(tx: Tx, asking: Asking, known: DeviceRow): Promise<Outcome> {
    const { gate } = this;
    const { keys, clock } = gate.options;
    const { enrol, id, model } = asking;
    const now = clock();
    const doubts = [
      ...sessions.doubt(known, enrol.session, asking.epoch, await namedHead(tx, asking, known)),
      ...policies.contradictions(known, enrol, model),
    ];
    const begun = this.session(asking, known.epoch);
    const { passed, isForeign } = await commands.acknowledge(tx, known, enrol.ack);
    const row = sealed(keys.seal, "devices", {
      ...known,
      ...passed,
      ...begun,
      // Keep the details of the registration: another board is then doubted at each enrolment, not only at the first.
      software: printable(enrol.software),
      version: printable(enrol.version),
      boot_count: enrol.bootCount,
      last_seen: now,
      doubt: sessions.written(known, begun.session, doubts),
    });
    await tx.updateTable("devices").set(row).where("id", "=", id).execute();
    if (!isForeign) return { row, isNew: false };
    const alarm = evidence.foreignCommand(enrol.ack!.counter);
    await gate.logAlarm(tx, now, id, alarm);
    return { row, isNew: false, alarms: [alarm] };
  }

  private session({ id, message, epoch: named }: Asking, known: number): { epoch: number; session: Uint8Array } {
    const epoch = sessions.nextEpoch(known, named);
    return { epoch, session: sessions.make(this.gate.options.keys.session, id, epoch, hash(message.bytes)) };
  }

  /** The row of a key that is not registered yet. */
  private fresh(asking: Asking): Omit<DeviceRow, "seal"> {
    const { enrol, id, model } = asking;
    const now = this.gate.options.clock();
    const passed = Math.min(enrol.ack?.counter ?? 0, messages.COUNTER_END - 1);
    const begun = this.session(asking, 0);
    return {
      ...begun,
      id,
      key: enrol.key.slice(),
      state: "active",
      model,
      software: printable(enrol.software),
      version: printable(enrol.version),
      boot_count: enrol.bootCount,
      first_seen: now,
      last_seen: now,
      head_counter: messages.NO_HEAD.counter,
      head_hash: messages.NO_HEAD.hash,
      report_count: 0,
      gap_count: 0,
      downlink_counter: passed,
      acknowledged: 0,
      passed,
      void_order: 0,
      claim: null,
      successor: null,
      confirmed: null,
      // A session that this server gave to a key it does not know: a backup was put back.
      doubt: sessions.written({ doubt: null }, begun.session, asking.epoch === undefined ? [] : ["gap"]),
    };
  }

  /** Decide on a key that is not registered: by its handover where it has one, else by a session it had, or by the policy. */
  private async welcome(tx: Tx, asking: Asking, fresh: Omit<DeviceRow, "seal">): Promise<Outcome> {
    const { gate } = this;
    const { store, keys, clock } = gate.options;
    const { handover, id, model } = asking;
    const now = clock();
    if (await rotation.recall(tx, gate.options, fresh)) return this.replacedBefore(tx, asking);
    const taken = handover && (await rotation.take(tx, gate.options, handover, fresh));
    if (taken !== undefined && taken !== "unknown predecessor") return this.handedOver(tx, handover!, taken);
    const { rule, claim } = await this.admission(tx, asking);
    if (claim === undefined) return this.notAdmitted(handover);
    const row: DeviceRow = sealed(keys.seal, "devices", { ...fresh, claim });
    await tx.insertInto("devices").values(row).execute();
    const detail = { policy: rule, model };
    await log.append(store, keys, tx, now, { action: "enrol", actor: "device", device: id, detail });
    if (handover !== undefined && rotation.isOrdered(keys, handover)) await rotation.keep(tx, gate.options, handover);
    return { row, isNew: true };
  }

  /**
   * Refuse a key that is not admitted. After an order of another server it will never be admitted: the refusal says so, and the
   * device continues with its previous key.
   */
  private notAdmitted(handover: rotation.Offered | undefined): Outcome {
    if (handover === undefined) return { refused: "not-invited", isSigned: false };
    if (rotation.isOrdered(this.gate.options.keys, handover)) return { refused: "unknown-device", isSigned: false };
    return { refused: "handover-refused", isSigned: true, isStranger: true };
  }

  /**
   * Admit a key without a handover from a key of this database. Return the rule that admits it and its claim, or undefined. A
   * handover without an order of this server proves nothing; then an operator has to invite the key by its id, which works with
   * each policy.
   */
  private async admission(
    tx: Tx,
    asking: Asking,
  ): Promise<{ readonly rule: string; readonly claim: Uint8Array | null | undefined }> {
    const { store, keys, clock, policy } = this.gate.options;
    const { enrol, id, handover } = asking;
    const isOrdered = handover === undefined || rotation.isOrdered(keys, handover);
    const rules = [...(isOrdered ? [policy] : []), ...(handover === undefined ? [] : ["allowlist" as const])];
    for (const rule of rules) {
      const admission = await policies.admit(rule, store, keys.seal, tx, id, enrol, clock());
      if ("claim" in admission) return { rule, claim: admission.claim };
    }
    return this.wasKnown(asking) ? { rule: "known before", claim: null } : { rule: "none", claim: undefined };
  }

  /** Refuse a key that was replaced before this database learned of it, and raise the alarm for replaced keys. */
  private async replacedBefore(tx: Tx, { enrol, id }: Asking): Promise<Outcome> {
    const refusal = { refused: "revoked", isSigned: true } as const;
    if (await this.isLate(tx, id, enrol.nonce, "orphan")) return refusal;
    await this.gate.logAlarm(tx, this.gate.options.clock(), id, evidence.REPLACED);
    return { ...refusal, alarms: [evidence.REPLACED] };
  }

  /**
   * True if the session named by the device shows that this server registered the key before, so the database is older.
   */
  private wasKnown({ enrol, epoch }: Asking): boolean {
    if (enrol.session === undefined) return false;
    const ticks = this.gate.options.ticks();
    if (!this.guesses.has("", ticks)) return false;
    if (epoch === undefined) this.guesses.take("", ticks);
    return epoch !== undefined;
  }

  private async handedOver(
    tx: Tx,
    { message }: rotation.Offered,
    taken: Exclude<rotation.Taken, string>,
  ): Promise<Outcome> {
    if ("row" in taken) return { row: taken.row, isNew: true };
    const { refused: reason, alarm } = taken;
    if (alarm === undefined) return { refused: reason, isSigned: true };
    await this.gate.logAlarm(tx, this.gate.options.clock(), message.kid.slice(), alarm);
    return { refused: reason, isSigned: true, alarms: [alarm] };
  }
}

/**
 * Find the report that the device names as its head. It counts as stored only if it was signed in the session that the device
 * names: a thief of the server's key can make other sessions of that epoch.
 */
async function namedHead(
  tx: Tx,
  { enrol: { head, session }, id, epoch }: Asking,
  known: DeviceRow,
): Promise<sessions.NamedHead> {
  if (head === undefined || session === undefined || epoch === undefined) return undefined;
  if (head.counter > known.head_counter) return "beyond";
  const query = tx.selectFrom("reports").select(["hash", "message"]).where("device", "=", id);
  const stored = await query.where("counter", "=", head.counter).executeTakeFirst();
  if (stored === undefined || !equal(stored.hash, head.hash)) return undefined;
  const signed = messages.readStoredReport(open(stored.message)).session;
  return signed !== undefined && equal(signed, session) ? "stored" : undefined;
}

/**
 * Make a name that a device gives fit to be stored and shown: control characters are spelled out. A database may cut a text at NUL,
 * or refuse it.
 */
function printable(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return name.replace(/[\x00-\x1f\x7f-\x9f]/g, (found) => `\\x${found.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
