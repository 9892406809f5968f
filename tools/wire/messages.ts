// Longer than 400 lines: every message of the protocol, in the order of assembly/identity/README.md.
/** The claims of every kind of message: built from fields, and read back from nothing but their one form. */
import { names, numbers } from "../facts/table.ts";
import { CNFS, LABELS, LIMITS, ORDERS, REASONS } from "../facts/protocol.ts";
import { equal } from "./bytes.ts";
import { encode, type Key, type Value } from "./cbor.ts";
import type * as ed25519 from "./ed25519.ts";
import { HASH_BYTES, ID_BYTES, KEY_BYTES, id } from "./key.ts";
import { Malformed, one, seal, type Sign1 } from "./sign1.ts";

export const Label = numbers(LABELS);
/** Why a server refuses, by number on the wire and by name everywhere else. */
export const Reason = numbers(REASONS);
export type ReasonName = keyof typeof Reason;
/** Orders of a downlink to the firmware itself, beside its data for the application. */
export const Order = numbers(ORDERS);

export const {
  DATA_MOST: DATA_MAX,
  AUDIENCE_MOST: AUDIENCE_MAX,
  CLIENT_MOST: CLIENT_MAX,
  HANDOVER_MOST: HANDOVER_MAX,
  SESSION_LEAST: SESSION_MIN,
  SESSION_MOST: SESSION_MAX,
  SESSION_ABOUT_BYTES,
  ACK_HASH_BYTES,
  TOKEN_BYTES,
  COUNTER_END,
  COMMAND_STEP: DOWNLINK_STEP,
  REPORT_STEP,
} = numbers(LIMITS);
const { CTI_BYTES, NONCE_LEAST, NONCE_MOST, NAME_MOST, ONE_TIME_LEAST, ONE_TIME_MOST, EPITAPH_MOST } = numbers(LIMITS);
const Cnf = numbers(CNFS);

const REASON_NAMES = names(REASONS);

/** Name a reason; undefined if there is none of that number. */
export function reasonName(number: number): ReasonName | undefined {
  return REASON_NAMES.get(number);
}

/** The head of a device's chain of reports. */
export interface Head {
  readonly counter: number;
  readonly hash: Uint8Array;
}

/** The head before the first report. */
export const NO_HEAD: Head = { counter: 0, hash: new Uint8Array(HASH_BYTES) };

/** Which downlink a device acted upon last: its counter, and the first bytes of its hash. */
export interface Ack {
  readonly counter: number;
  readonly hash: Uint8Array;
}

export interface Enrol {
  readonly audience: string;
  readonly cti: Uint8Array;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly model: Uint8Array;
  readonly bootCount: number;
  readonly software: string;
  readonly version: string;
  readonly claim?: Uint8Array | undefined;
  /** The last report with a receipt, from a device that did not restart since. */
  readonly head?: Head | undefined;
  readonly epitaph?: Uint8Array | undefined;
  readonly ack?: Ack | undefined;
  /** The whole `handover` message of the key that this one takes over from. */
  readonly handover?: Uint8Array | undefined;
  /** The session that the device reported in last. */
  readonly session?: Uint8Array | undefined;
}

/** The statement of a key about its successor. */
export interface Handover {
  readonly audience: string;
  /** The token of the order: proof that this server gave it to this device. */
  readonly token: Uint8Array;
  /** The id of the key that takes over. */
  readonly successor: Uint8Array;
  /** The head of the chain that is handed over. */
  readonly head: Head;
  /** Counter of the downlink that ordered it. */
  readonly order: number;
}

export interface Report {
  readonly audience: string;
  readonly counter: number;
  readonly prev: Uint8Array;
  readonly data: Uint8Array;
  readonly epitaph?: Uint8Array | undefined;
  readonly ack?: Ack | undefined;
  /** The session of the `enrolled` that this report follows. */
  readonly session: Uint8Array;
  /** Number of damaged records that the device repaired since its last receipt. */
  readonly damaged?: number | undefined;
  /** The last word of the key. */
  readonly last?: true | undefined;
  /** The last fault of the link since the last receipt: a word of `outage.ts`. */
  readonly outage?: number | undefined;
}

/** The statement of a device to another service, instead of a password. */
export interface Access {
  readonly clientId: string;
  readonly audience: string;
  /** The server's time as the device counts it, in seconds. */
  readonly issuedAt: number;
}

/** The common fields of every answer of a server: issuer, time, and subject. */
interface Answer {
  readonly issuer: string;
  readonly issuedAt: number;
  readonly device: Uint8Array;
}

export interface Enrolled extends Answer {
  readonly about: Uint8Array;
  readonly head: Head;
  /** The highest counter of a downlink that the device is known to be past; 0: none. */
  readonly ack: number;
  readonly session: Uint8Array;
}

export interface Receipt extends Answer {
  readonly counter: number;
  readonly about: Uint8Array;
}

export interface Refusal extends Answer {
  readonly about: Uint8Array;
  readonly reason: number;
}

export interface Downlink extends Answer {
  readonly expires: number;
  readonly counter: number;
  readonly data: Uint8Array;
  readonly order?: number | undefined;
}

/**
 * A reader of claims: each is taken once, by label; a claim that is left over at the end is unknown. That the labels are in
 * order, and each there once, the decoder has seen to.
 */
class Claims {
  private taken = 0;
  private readonly map: ReadonlyMap<Key, Value>;

  constructor(payload: Uint8Array) {
    this.map = asMap(one(payload), "claims");
  }

  private value(label: number): Value | undefined {
    const value = this.map.get(label);
    if (value !== undefined) this.taken++;
    return value;
  }

  has(label: number): boolean {
    return this.map.has(label);
  }

  bytes(label: number, least: number, most: number): Uint8Array {
    return asBytes(this.value(label), least, most, label);
  }

  bytesIf(label: number, least: number, most: number): Uint8Array | undefined {
    return this.map.has(label) ? this.bytes(label, least, most) : undefined;
  }

  text(label: number, most: number): string {
    return asText(this.value(label), most, label);
  }

  uint(label: number, most: number): number {
    return asUint(this.value(label), most, label);
  }

  uintIf(label: number, most: number): number | undefined {
    return this.map.has(label) ? this.uint(label, most) : undefined;
  }

  trueIf(label: number): true | undefined {
    if (!this.map.has(label)) return undefined;
    if (this.value(label) !== true) throw new Malformed(`claim ${label}`);
    return true;
  }

  /** An array of exactly `length` items. */
  array(label: number, length: number): readonly Value[] {
    const value = this.value(label);
    if (!Array.isArray(value) || value.length !== length) throw new Malformed(`claim ${label}`);
    return value as readonly Value[];
  }

  /** Counter and hash of a report. */
  head(): Head {
    const [counter, hash] = this.array(Label.head, 2);
    return {
      counter: asUint(counter, UINT32_MAX, Label.head),
      hash: asBytes(hash, HASH_BYTES, HASH_BYTES, Label.head),
    };
  }

  headIf(): Head | undefined {
    return this.map.has(Label.head) ? this.head() : undefined;
  }

  /** Counter and hash of a downlink. */
  ackIf(): Ack | undefined {
    if (!this.map.has(Label.ack)) return undefined;
    const [counter, hash] = this.array(Label.ack, 2);
    return {
      counter: asUint(counter, UINT32_MAX, Label.ack),
      hash: asBytes(hash, ACK_HASH_BYTES, ACK_HASH_BYTES, Label.ack),
    };
  }

  /** cnf as `{3: id}`. */
  device(): Uint8Array {
    const cnf = asMap(this.value(Label.cnf), "cnf");
    if (cnf.size !== 1) throw new Malformed("cnf");
    return asBytes(cnf.get(Cnf.kid), ID_BYTES, ID_BYTES, Label.cnf);
  }

  /** cnf as `{1: COSE_Key}`. */
  publicKey(): Uint8Array {
    return confirmationKey(this.value(Label.cnf));
  }

  end(): void {
    if (this.taken !== this.map.size) throw new Malformed("a claim that is not allowed here");
  }
}

const UINT32_MAX = 0xffff_ffff;

function asMap(value: Value | undefined, what: string): ReadonlyMap<Key, Value> {
  if (!(value instanceof Map)) throw new Malformed(what);
  return value;
}

function asBytes(value: Value | undefined, least: number, most: number, label: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < least || value.length > most)
    throw new Malformed(`claim ${label}`);
  return value;
}

function asText(value: Value | undefined, most: number, label: number): string {
  if (typeof value !== "string" || value.length === 0 || Buffer.byteLength(value) > most)
    throw new Malformed(`claim ${label}`);
  return value;
}

function asUint(value: Value | undefined, most: number, label: number): number {
  if (typeof value !== "number" || value < 0 || value > most) throw new Malformed(`claim ${label}`);
  return value;
}

function confirmationKey(value: Value | undefined): Uint8Array {
  const cnf = asMap(value, "cnf");
  const key = asMap(cnf.get(Cnf.key), "cnf");
  if (cnf.size !== 1 || key.size !== 3 || key.get(1) !== 1 || key.get(-1) !== 6) throw new Malformed("cnf");
  return asBytes(key.get(-2), KEY_BYTES, KEY_BYTES, Label.cnf);
}

/** Build the payload of claims given as `[label, value]`, leaving out those whose value is undefined. */
function claims(...entries: readonly (readonly [number, Value | undefined])[]): Uint8Array {
  const map = new Map<Key, Value>();
  for (const [label, value] of entries) if (value !== undefined) map.set(label, value);
  return encode(map);
}

function cnfKey(key: Uint8Array): Value {
  return new Map([
    [
      1,
      new Map<Key, Value>([
        [1, 1],
        [-1, 6],
        [-2, key],
      ]),
    ],
  ]);
}

function headClaim(head: Head): Value {
  return [head.counter, head.hash];
}

function ackClaim(ack: Ack | undefined): Value | undefined {
  return ack === undefined ? undefined : [ack.counter, ack.hash];
}

function cnfId(device: Uint8Array): Value {
  return new Map([[Cnf.kid, device]]);
}

/** Ids of keys that sign: one hash for each key, not for each message. */
const ids = new WeakMap<ed25519.SigningKey, Uint8Array>();

function idOf(key: ed25519.SigningKey): Uint8Array {
  const found = ids.get(key) ?? id(key.publicKey);
  ids.set(key, found);
  return found;
}

function of(message: Sign1, kind: Sign1["kind"]): Claims {
  if (message.kind !== kind) throw new Malformed(`${message.kind} in place of ${kind}`);
  return new Claims(message.payload);
}

/** Read the public key out of an enrolment whose signature is still to be verified with it; nothing else is looked at. */
export function enrolKey(message: Sign1): Uint8Array {
  if (message.kind !== "enrol") throw new Malformed(`${message.kind} in place of enrol`);
  return confirmationKey(asMap(one(message.payload), "claims").get(Label.cnf));
}

/** Read the claims of an enrolment. Throws Malformed. */
export function readEnrol(message: Sign1): Enrol {
  const from = of(message, "enrol");
  const enrol: Enrol = {
    audience: from.text(Label.aud, AUDIENCE_MAX),
    cti: from.bytes(Label.cti, CTI_BYTES, CTI_BYTES),
    key: from.publicKey(),
    nonce: from.bytes(Label.nonce, NONCE_LEAST, NONCE_MOST),
    model: from.bytes(Label.hwmodel, 1, NAME_MOST),
    bootCount: from.uint(Label.bootcount, UINT32_MAX),
    software: from.text(Label.swname, NAME_MOST),
    version: asText(from.array(Label.swversion, 1)[0], NAME_MOST, Label.swversion),
    claim: from.bytesIf(Label.claim, ONE_TIME_LEAST, ONE_TIME_MOST),
    head: from.headIf(),
    epitaph: from.bytesIf(Label.epitaph, 1, EPITAPH_MOST),
    ack: from.ackIf(),
    handover: from.bytesIf(Label.handover, 1, HANDOVER_MAX),
    session: from.bytesIf(Label.session, SESSION_MIN, SESSION_MAX),
  };
  from.end();
  return enrol;
}

/** Sign an enrolment with the key it asks to register. */
export function sealEnrol(key: ed25519.SigningKey, enrol: Omit<Enrol, "key">): Uint8Array {
  const payload = claims(
    [Label.aud, enrol.audience],
    [Label.cti, enrol.cti],
    [Label.cnf, cnfKey(key.publicKey)],
    [Label.nonce, enrol.nonce],
    [Label.hwmodel, enrol.model],
    [Label.bootcount, enrol.bootCount],
    [Label.swname, enrol.software],
    [Label.swversion, [enrol.version]],
    [Label.claim, enrol.claim],
    [Label.head, enrol.head && headClaim(enrol.head)],
    [Label.epitaph, enrol.epitaph],
    [Label.ack, ackClaim(enrol.ack)],
    [Label.handover, enrol.handover],
    [Label.session, enrol.session],
  );
  return seal("enrol", idOf(key), key, payload);
}

/** Read the claims of a handover. Throws Malformed. */
export function readHandover(message: Sign1): Handover {
  const from = of(message, "handover");
  const handover: Handover = {
    audience: from.text(Label.aud, AUDIENCE_MAX),
    successor: from.device(),
    token: from.bytes(Label.data, TOKEN_BYTES, TOKEN_BYTES),
    head: from.head(),
    order: from.uint(Label.ack, UINT32_MAX),
  };
  from.end();
  return handover;
}

/** A handover as it was signed before orders carried a token, or after. */
export type StoredHandover = Omit<Handover, "token"> & { readonly token: Uint8Array | undefined };

/** Read the claims of a handover, also of one from before orders carried a token. Throws Malformed. */
export function readStoredHandover(message: Sign1): StoredHandover {
  const from = of(message, "handover");
  if (from.has(Label.data)) return readHandover(message);
  const handover = {
    audience: from.text(Label.aud, AUDIENCE_MAX),
    successor: from.device(),
    token: undefined,
    head: from.head(),
    order: from.uint(Label.ack, UINT32_MAX),
  };
  from.end();
  return handover;
}

/** Sign, with the key that is given up, that another takes over. */
export function sealHandover(key: ed25519.SigningKey, handover: Handover): Uint8Array {
  const payload = claims(
    [Label.aud, handover.audience],
    [Label.cnf, cnfId(handover.successor)],
    [Label.data, handover.token],
    [Label.head, headClaim(handover.head)],
    [Label.ack, handover.order],
  );
  return seal("handover", idOf(key), key, payload);
}

/** Read the claims of a report. Throws Malformed. */
export function readReport(message: Sign1): Report {
  const from = of(message, "report");
  // Every report comes here: spreading one object into another would cost ten times what reading it does.
  const report: Report = {
    audience: from.text(Label.aud, AUDIENCE_MAX),
    counter: from.uint(Label.counter, UINT32_MAX),
    prev: from.bytes(Label.prev, HASH_BYTES, HASH_BYTES),
    data: from.bytes(Label.data, 0, DATA_MAX),
    epitaph: from.bytesIf(Label.epitaph, 1, EPITAPH_MOST),
    ack: from.ackIf(),
    session: from.bytes(Label.session, SESSION_MIN, SESSION_MAX),
    damaged: from.uintIf(Label.damaged, UINT32_MAX),
    last: from.trueIf(Label.last),
    outage: from.uintIf(Label.outage, UINT32_MAX),
  };
  if (report.damaged === 0) throw new Malformed(`claim ${Label.damaged}`);
  if (report.outage === 0) throw new Malformed(`claim ${Label.outage}`);
  from.end();
  return report;
}

/** A report as it was signed before there were sessions, or after. */
export type StoredReport = Omit<Report, "ack" | "session"> & { readonly session?: Uint8Array };

/** Read the claims of a report, also of one from before sessions, whose `ack` is a counter alone. Throws Malformed. */
export function readStoredReport(message: Sign1): StoredReport {
  const from = of(message, "report");
  if (from.has(Label.session)) return readReport(message);
  const report = {
    audience: from.text(Label.aud, AUDIENCE_MAX),
    counter: from.uint(Label.counter, UINT32_MAX),
    prev: from.bytes(Label.prev, HASH_BYTES, HASH_BYTES),
    data: from.bytes(Label.data, 0, DATA_MAX),
    epitaph: from.bytesIf(Label.epitaph, 1, EPITAPH_MOST),
  };
  from.uintIf(Label.ack, UINT32_MAX);
  from.end();
  return report;
}

/** Sign a report. */
export function sealReport(key: ed25519.SigningKey, report: Report): Uint8Array {
  const payload = claims(
    [Label.aud, report.audience],
    [Label.counter, report.counter],
    [Label.prev, report.prev],
    [Label.data, report.data],
    [Label.epitaph, report.epitaph],
    [Label.ack, ackClaim(report.ack)],
    [Label.session, report.session],
    [Label.damaged, report.damaged],
    [Label.last, report.last],
    [Label.outage, report.outage],
  );
  return seal("report", idOf(key), key, payload);
}

/** Read the claims of an access. Throws Malformed. */
export function readAccess(message: Sign1): Access {
  const from = of(message, "access");
  const access: Access = {
    clientId: from.text(Label.sub, CLIENT_MAX),
    audience: from.text(Label.aud, AUDIENCE_MAX),
    issuedAt: from.uint(Label.iat, Number.MAX_SAFE_INTEGER / 1000),
  };
  from.end();
  return access;
}

/** Sign that a client of another service is this device. */
export function sealAccess(key: ed25519.SigningKey, access: Access): Uint8Array {
  const payload = claims([Label.sub, access.clientId], [Label.aud, access.audience], [Label.iat, access.issuedAt]);
  return seal("access", idOf(key), key, payload);
}

function readAnswer(from: Claims): Answer {
  return {
    issuer: from.text(Label.iss, AUDIENCE_MAX),
    issuedAt: from.uint(Label.iat, Number.MAX_SAFE_INTEGER),
    device: from.device(),
  };
}

function answerClaims(answer: Answer): [number, Value][] {
  return [
    [Label.iss, answer.issuer],
    [Label.iat, answer.issuedAt],
    [Label.cnf, cnfId(answer.device)],
  ];
}

/** Read the claims of the answer to an enrolment. Throws Malformed. */
export function readEnrolled(message: Sign1): Enrolled {
  const from = of(message, "enrolled");
  const answer = readAnswer(from);
  const about = from.bytes(Label.about, HASH_BYTES, HASH_BYTES);
  const head = from.head();
  const ack = from.uint(Label.ack, UINT32_MAX);
  const session = from.bytes(Label.session, SESSION_MIN, SESSION_MAX);
  from.end();
  return { ...answer, about, head, ack, session };
}

/** True if a session is one for the answer to the message with this hash. */
export function isSessionOf(session: Uint8Array, about: Uint8Array): boolean {
  return equal(session.subarray(-SESSION_ABOUT_BYTES), about.subarray(0, SESSION_ABOUT_BYTES));
}

/** Sign the answer to an enrolment. */
export function sealEnrolled(key: ed25519.SigningKey, enrolled: Enrolled): Uint8Array {
  const payload = claims(
    ...answerClaims(enrolled),
    [Label.about, enrolled.about],
    [Label.head, headClaim(enrolled.head)],
    [Label.ack, enrolled.ack],
    [Label.session, enrolled.session],
  );
  return seal("enrolled", idOf(key), key, payload);
}

/** Read the claims of a receipt. Throws Malformed. */
export function readReceipt(message: Sign1): Receipt {
  const from = of(message, "receipt");
  const receipt: Receipt = {
    ...readAnswer(from),
    counter: from.uint(Label.counter, UINT32_MAX),
    about: from.bytes(Label.about, HASH_BYTES, HASH_BYTES),
  };
  from.end();
  return receipt;
}

/** Sign a receipt. */
export function sealReceipt(key: ed25519.SigningKey, receipt: Receipt): Uint8Array {
  const payload = claims(...answerClaims(receipt), [Label.counter, receipt.counter], [Label.about, receipt.about]);
  return seal("receipt", idOf(key), key, payload);
}

/** Read the claims of a refusal. Throws Malformed. */
export function readRefusal(message: Sign1): Refusal {
  const from = of(message, "refusal");
  const refusal: Refusal = {
    ...readAnswer(from),
    about: from.bytes(Label.about, HASH_BYTES, HASH_BYTES),
    reason: from.uint(Label.reason, UINT32_MAX),
  };
  from.end();
  return refusal;
}

/** Sign a refusal. */
export function sealRefusal(key: ed25519.SigningKey, refusal: Refusal): Uint8Array {
  const payload = claims(...answerClaims(refusal), [Label.about, refusal.about], [Label.reason, refusal.reason]);
  return seal("refusal", idOf(key), key, payload);
}

/** Encode an unsigned refusal: a hint that changes no state of a device. */
export function unsignedRefusal(reason: number): Uint8Array {
  return encode(new Map([[Label.reason, reason]]));
}

/** Read an unsigned refusal. Throws Malformed. */
export function readUnsignedRefusal(bytes: Uint8Array): number {
  const map = asMap(one(bytes), "refusal");
  if (map.size !== 1) throw new Malformed("refusal");
  return asUint(map.get(Label.reason), UINT32_MAX, Label.reason);
}

/** Read the claims of a downlink. Throws Malformed. */
export function readDownlink(message: Sign1): Downlink {
  const from = of(message, "downlink");
  const downlink: Downlink = {
    ...readAnswer(from),
    expires: from.uint(Label.exp, Number.MAX_SAFE_INTEGER),
    counter: from.uint(Label.counter, UINT32_MAX),
    data: from.bytes(Label.data, 0, DATA_MAX),
    order: from.uintIf(Label.order, UINT32_MAX),
  };
  from.end();
  return downlink;
}

/** Sign a downlink. */
export function sealDownlink(key: ed25519.SigningKey, downlink: Downlink): Uint8Array {
  const payload = claims(
    ...answerClaims(downlink),
    [Label.exp, downlink.expires],
    [Label.counter, downlink.counter],
    [Label.data, downlink.data],
    [Label.order, downlink.order],
  );
  return seal("downlink", idOf(key), key, payload);
}
