/**
 * A device's side of the protocol, for tools and tests: the same rules as the firmware's, from the same page, and not a line
 * in common with it. Pure but for its randomness; `exchange.ts` carries the messages.
 */
import { randomBytes } from "node:crypto";
import { equal } from "./bytes.ts";
import * as ed25519 from "./ed25519.ts";
import { hash, id } from "./key.ts";
import * as messages from "./messages.ts";
import { COUNTER_END, DOWNLINK_STEP, NO_HEAD, type Ack, type Downlink, type Head, type Report } from "./messages.ts";
import { open, openSequence, verify, type Sign1 } from "./sign1.ts";

/** A receipt and the downlinks of one answer: 1 and 16. */
const ANSWER_MESSAGES_MAX = 17;
/** A session that no server gives: what a device says that reports without having enrolled. */
const NO_SESSION = new Uint8Array(messages.SESSION_MIN);
/** The hash of a downlink that is known by its counter only. */
const NO_ACK_HASH = new Uint8Array(messages.ACK_HASH_BYTES);

export interface Description {
  readonly audience: string;
  readonly serverKey: Uint8Array;
  /** The second key of the factory page, for a change of the server's key. */
  readonly nextServerKey?: Uint8Array | undefined;
  readonly seed?: Uint8Array;
  readonly model?: string;
  readonly software?: string;
  readonly version?: string;
  readonly claim?: Uint8Array;
}

/** The device's verdict on an answer. */
export type Verdict =
  | { readonly kind: "accepted"; readonly downlinks: readonly Downlink[]; readonly issuedAt: number }
  | { readonly kind: "refused"; readonly reason: messages.ReasonName | "unknown"; readonly signed: boolean }
  /** The answer does not verify, or is not about what was sent: as if none had come. */
  | { readonly kind: "ignored"; readonly why: string };

/** The claims of a report that the chain and the session do not give. */
type OptionalClaims = Partial<Omit<Report, "audience" | "counter" | "prev" | "data" | "ack" | "session">>;

export class Device {
  readonly key: ed25519.SigningKey;
  readonly id: Uint8Array;
  readonly audience: string;
  head: Head = NO_HEAD;
  bootCount = 1;
  /** The last downlink that was acted upon. */
  acknowledged: Ack | undefined;
  /** Statements of the server that this device rejects: each by its name. */
  readonly alarms: ("head-ahead" | "head-refused" | "command-refused" | "ack-refused")[] = [];
  /** The last counter signed: the next is above it and above the head's. */
  counter = 0;
  /** The session of the last `enrolled`. */
  session: Uint8Array | undefined;
  /** The session that a report was signed in last: it outlives a restart. */
  reportedIn: Uint8Array | undefined;
  /** The last report that this life has a receipt for, while it is the head. */
  private continuing: Head | undefined;
  private enrolledAt = 0;
  /** The handover, signed by the previous key, if there is one. */
  private handover: Uint8Array | undefined;
  private readonly description: Description;
  /** The keys of its server, with their ids. */
  private readonly serverKeys: readonly { readonly id: Uint8Array; readonly key: ed25519.VerifyKey }[];

  constructor(description: Description) {
    this.description = description;
    this.key = ed25519.fromSeed(description.seed ?? new Uint8Array(randomBytes(32)));
    this.id = id(this.key.publicKey);
    this.audience = description.audience;
    const pinned = [description.serverKey, ...(description.nextServerKey ? [description.nextServerKey] : [])];
    this.serverKeys = pinned.map((publicKey) => {
      const key = ed25519.importKey(publicKey);
      if (key === undefined) throw new RangeError("the server's key is not an Ed25519 public key");
      return { id: id(publicKey), key };
    });
  }

  /** Sign an enrolment that answers `nonce`. */
  enrol(nonce: Uint8Array, epitaph?: Uint8Array, cti: Uint8Array = new Uint8Array(randomBytes(16))): Uint8Array {
    return messages.sealEnrol(this.key, {
      audience: this.audience,
      cti,
      nonce,
      model: new TextEncoder().encode(this.description.model ?? "twin"),
      bootCount: this.bootCount,
      software: this.description.software ?? "signet-twin",
      version: this.description.version ?? "1.0.0",
      claim: this.description.claim,
      head: this.continuing,
      epitaph,
      ack: this.acknowledged,
      handover: this.handover,
      session: this.reportedIn,
    });
  }

  /** Start again: what is only in RAM is gone. */
  restart(): void {
    this.bootCount++;
    this.head = NO_HEAD;
    this.session = undefined;
    this.continuing = undefined;
  }

  /** The device under its next key, which this one hands over to on that order. */
  successor(order: Pick<Downlink, "counter" | "data">, seed: Uint8Array = new Uint8Array(randomBytes(32))): Device {
    const next = new Device({ ...this.description, seed });
    next.handover = messages.sealHandover(this.key, {
      audience: this.audience,
      successor: next.id,
      token: order.data,
      head: this.head,
      order: order.counter,
    });
    next.bootCount = this.bootCount;
    next.counter = this.counter;
    const isLast = this.acknowledged?.counter === order.counter;
    next.acknowledged = isLast ? this.acknowledged : { counter: order.counter, hash: NO_ACK_HASH };
    return next;
  }

  /** Sign the next report; it does not count before its receipt does. */
  report(
    data: Uint8Array,
    more: { readonly after?: Head; readonly counter?: number } & OptionalClaims = {},
  ): Uint8Array {
    const { after = this.head, counter, ...claims } = more;
    this.counter = counter ?? Math.max(this.counter, after.counter) + 1;
    this.reportedIn = this.session;
    return messages.sealReport(this.key, {
      audience: this.audience,
      counter: this.counter,
      prev: after.hash,
      data,
      ack: this.acknowledged,
      session: this.session ?? NO_SESSION,
      ...claims,
    });
  }

  /** Sign a chain of reports, for one request. */
  reports(data: readonly Uint8Array[]): Uint8Array[] {
    let after = this.head;
    return data.map((item) => {
      const bytes = this.report(item, { after });
      after = { counter: this.counter, hash: hash(bytes) };
      return bytes;
    });
  }

  /** Judge the answer to `enrolment`, and adopt the head that it tells. */
  enrolled(answer: Answer, enrolment: Uint8Array): Verdict {
    return this.judge(answer, enrolment, (message) => {
      const enrolled = messages.readEnrolled(message);
      const fault = this.addressed(enrolled, enrolment);
      if (fault !== undefined) return fault;
      if (!messages.isSessionOf(enrolled.session, enrolled.about))
        return { kind: "ignored", why: "a session of another message" };
      if (enrolled.head.counter >= COUNTER_END) {
        this.alarms.push("head-refused");
        return { kind: "ignored", why: "a head beyond the last counter" };
      }
      if (enrolled.head.counter > this.counter && this.counter > 0) this.alarms.push("head-ahead");
      if (!isSame(enrolled.head, this.continuing)) this.continuing = undefined;
      this.head = enrolled.head;
      this.session = enrolled.session;
      this.enrolledAt = enrolled.issuedAt;
      this.pass(enrolled.ack);
      return { kind: "accepted", downlinks: [], issuedAt: enrolled.issuedAt };
    });
  }

  /** Judge the answer to a request whose last report is `report`, and move the head to it. */
  received(answer: Answer, report: Uint8Array): Verdict {
    return this.judge(answer, report, (message, others) => {
      const receipt = messages.readReceipt(message);
      const fault = this.addressed(receipt, report);
      if (fault !== undefined) return fault;
      if (receipt.counter !== messages.readReport(open(report)).counter)
        return { kind: "ignored", why: "another counter" };
      this.head = { counter: receipt.counter, hash: hash(report) };
      this.continuing = this.head;
      const now = Math.max(receipt.issuedAt, this.enrolledAt);
      return { kind: "accepted", downlinks: this.downlinks(others, now), issuedAt: receipt.issuedAt };
    });
  }

  /** Step over the downlinks that the server knows this device to be past. */
  private pass(counter: number): void {
    const last = this.acknowledged?.counter ?? 0;
    if (counter <= last) return;
    const most = Math.min(last + DOWNLINK_STEP, COUNTER_END - 1);
    if (counter > most) this.alarms.push("ack-refused");
    this.acknowledged = { counter: Math.min(counter, most), hash: NO_ACK_HASH };
  }

  /** Take the downlinks that are for this device, in time, and not acted upon before. */
  private downlinks(found: readonly Sign1[], now: number): Downlink[] {
    const out: Downlink[] = [];
    for (const message of found) {
      const downlink = messages.readDownlink(message);
      const last = this.acknowledged?.counter ?? 0;
      const stale = downlink.counter <= last || downlink.expires < now;
      if (stale || !equal(downlink.device, this.id)) continue;
      if (downlink.counter > last + DOWNLINK_STEP || downlink.counter >= COUNTER_END) {
        this.alarms.push("command-refused");
        continue;
      }
      const hashed = hash(message.bytes).subarray(0, messages.ACK_HASH_BYTES);
      this.acknowledged = { counter: downlink.counter, hash: hashed };
      out.push(downlink);
    }
    return out;
  }

  private addressed(
    claims: { device: Uint8Array; about: Uint8Array; issuer: string },
    sent: Uint8Array,
  ): Verdict | undefined {
    if (!equal(claims.device, this.id)) return { kind: "ignored", why: "another device" };
    if (!equal(claims.about, hash(sent))) return { kind: "ignored", why: "another message" };
    if (claims.issuer !== this.audience) return { kind: "ignored", why: "another server" };
    return undefined;
  }

  private judge(
    answer: Answer,
    sent: Uint8Array,
    accept: (message: Sign1, others: readonly Sign1[]) => Verdict,
  ): Verdict {
    try {
      if (answer.type === "application/cbor") {
        const reason = messages.readUnsignedRefusal(answer.body);
        return { kind: "refused", reason: messages.reasonName(reason) ?? "unknown", signed: false };
      }
      const all = openSequence(answer.body, ANSWER_MESSAGES_MAX);
      if (
        !all.every((message) => this.serverKeys.some((own) => equal(message.kid, own.id) && verify(message, own.key)))
      ) {
        return { kind: "ignored", why: "not the server's signature" };
      }
      const [message, ...others] = all;
      if (message!.kind !== "refusal") return accept(message!, others);
      const refusal = messages.readRefusal(message!);
      const reason = messages.reasonName(refusal.reason) ?? "unknown";
      return this.addressed(refusal, sent) ?? { kind: "refused", reason, signed: true };
    } catch (error) {
      return { kind: "ignored", why: (error as Error).message };
    }
  }
}

function isSame(a: Head, b: Head | undefined): boolean {
  return b !== undefined && a.counter === b.counter && equal(a.hash, b.hash);
}

/** The body of an answer and its content type. */
export interface Answer {
  readonly type: string;
  readonly body: Uint8Array;
}
