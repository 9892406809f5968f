/**
 * The gate: the checks that every request of a device passes on every carrier. Rate limits, lookup of devices, refusals by
 * name, and events.
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash, id as keyId } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import { Reason, type ReasonName } from "../wire/messages.ts";
import { Malformed, type Sign1 } from "../wire/sign1.ts";
import type { TUNNEL_TYPE } from "../wire/tunnel.ts";
import type { ServerKeys } from "./keys.ts";
import { FreshLeaves } from "./fresh_leaves.ts";
import { Histogram } from "./histogram.ts";
import { Limiter } from "./limits.ts";
import * as log from "./log.ts";
import * as nonces from "./nonce.ts";
import type { Policy } from "./policy.ts";
import { RecentRefusals, STATUS, none, type Refusals } from "./refusal.ts";
import type { DeviceRow } from "./store/schema.ts";
import type { Store, Tx } from "./store/store.ts";

/** Devices remembered, each about 3 KB. */
const KNOWN_MAX = 50_000;

/**
 * Rate at which one device's key can add to the log and the evidence. Above it, suspicious messages are refused and counted,
 * but not kept.
 */
const ALARMS_PER_SECOND = 1 / 60;
const ALARMS_AT_ONCE = 20;

/** Rate of the reports of one device that do not follow its chain. Each costs a search; a report that follows is not limited by this. */
const STRAYS_PER_SECOND = 1;
const STRAYS_AT_ONCE = 60;

export interface Answer {
  readonly status: number;
  readonly type: "application/cbor" | "application/cose" | "application/cbor-seq" | typeof TUNNEL_TYPE;
  readonly body: Uint8Array;
}

export interface Rates {
  /** Requests a second and at once, for each device that signed correctly. */
  readonly device: readonly [number, number];
  /** Requests a second and at once, for each address, before anything is verified. */
  readonly address: readonly [number, number];
  /**
   * Failures per second and burst, for each address: unknown devices, bad signatures, failed enrolments. Beyond the limit the
   * answer is _busy_, without lookup or verification. A device whose last valid signature came from this address has its own
   * limit.
   */
  readonly failures: readonly [number, number];
}

export interface IntakeOptions {
  readonly store: Store;
  readonly keys: ServerKeys;
  readonly audience: string;
  readonly policy: Policy;
  /** True if proof of two holders of a key suspends the device. */
  readonly suspendForks: boolean;
  readonly rates: Rates;
  /** Milliseconds since 1970. It may be wrong, and step either way. */
  readonly clock: () => number;
  /** Milliseconds that pass: for rates. */
  readonly ticks: () => number;
  /** Called with unexpected errors, such as a failed database. The device is told to try again later. */
  readonly onError: (error: unknown) => void;
}

export type Asked = "challenge" | "enrol" | "report";

/** An event for observers, emitted after the commit. It names a device only if the device's signature was verified. */
export type Happening =
  | {
      readonly kind: Asked;
      readonly verdict: "accepted" | "repeated" | ReasonName;
      readonly device?: string;
      /** The device named by a message without a valid signature. */
      readonly claimed?: string;
      readonly counter?: number;
      readonly data?: Uint8Array;
      readonly at: number;
    }
  /** `device` is the subject of the alarm, or null if it is not registered here. */
  | { readonly kind: "alarm"; readonly device: string | null; readonly what: string; readonly at: number }
  | { readonly kind: "state"; readonly device: string; readonly state: string; readonly at: number };

/**
 * A refusal, which ends the request. A signed one is about one message of one device; `kid` is the id that the message names,
 * verified or not.
 */
export class Refused extends Error {
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
export function refused(reason: ReasonName, kid: Uint8Array, status = STATUS[reason]): Refused {
  return new Refused(reason, undefined, status, kid);
}

/** A device in the cache of this instance. */
export interface Known {
  /** An id is the hash of its key, so this is right for ever. */
  readonly key: ed25519.VerifyKey;
  /**
   * The row when it was last read. It may be stale: a decision based on it holds only if the stored seal is still the same.
   */
  row: DeviceRow | undefined;
  /** True while a move of the device's head is in progress. */
  moving: boolean;
  /** The address of its last valid signature. */
  address: string | undefined;
}

export class Gate {
  readonly options: IntakeOptions;
  readonly refusals: Refusals = none();
  readonly recent = new RecentRefusals();
  /** Times from a request to its answer. */
  readonly latency: Readonly<Record<Asked, Histogram>> = {
    challenge: new Histogram(),
    enrol: new Histogram(),
    report: new Histogram(),
  };
  /** Requests that wait for their answer. */
  inProgress = 0;
  readonly accepted = { enrolments: 0, reports: 0, resent: 0 };
  /** The leaves of the reports that this instance stored. */
  readonly freshLeaves = new FreshLeaves();
  readonly happenings = new EventEmitter<{ happening: [Happening] }>();
  /** Devices by id. */
  private readonly known = new Map<string, Known>();
  private readonly perDevice: Limiter;
  private readonly perAddress: Limiter;
  private readonly alarms = new Limiter(ALARMS_PER_SECOND, ALARMS_AT_ONCE);
  private readonly strays = new Limiter(STRAYS_PER_SECOND, STRAYS_AT_ONCE);
  private readonly failures: Limiter;
  /** When this instance began, by the clock and in ticks, and the mark of its nonces. */
  private readonly began: { readonly at: number; readonly ticks: number };
  private readonly instance = new Uint8Array(randomBytes(nonces.INSTANCE_BYTES));

  constructor(options: IntakeOptions) {
    this.options = options;
    this.began = { at: options.clock(), ticks: options.ticks() };
    this.perDevice = new Limiter(...options.rates.device);
    this.perAddress = new Limiter(...options.rates.address);
    this.failures = new Limiter(...options.rates.failures);
    this.happenings.setMaxListeners(0);
  }

  /** Answer one question of a sender: `attempt` answers, or throws Refused or Malformed. */
  async answered(asked: Asked, sender: string, attempt: () => Answer | Promise<Answer>): Promise<Answer> {
    const begun = this.options.ticks();
    this.inProgress++;
    try {
      if (!this.perAddress.take(sender, begun)) throw new Refused("busy", undefined, 429);
      return await attempt();
    } catch (error) {
      if (error instanceof Malformed) return this.refuse(asked, new Refused("malformed"));
      if (error instanceof Refused) return this.refuse(asked, error);
      this.options.onError(error);
      return this.refuse(asked, new Refused("busy"));
    } finally {
      this.inProgress--;
      this.latency[asked].observe((this.options.ticks() - begun) / 1000);
    }
  }

  /** Answer with a refusal: signed, if it is about a message whose signature was verified. */
  refuse(asked: Asked, { reason, about, status, kid }: Refused): Answer {
    this.refusals[reason]++;
    const at = this.options.clock();
    const named = kid === undefined ? null : hex(kid);
    const whom = named === null ? {} : reason === "bad-signature" ? { claimed: named } : { device: named };
    this.tell({ kind: asked, verdict: reason, ...whom, at });
    // Unregistered keys cost nothing to make, so they share one record.
    const record = kid !== undefined && this.known.has(nameOf(kid)) ? named : null;
    const begun = this.recent.note(record, { device: named, asked, reason, at }, this.options.ticks());
    if (begun) this.alarm(record, `burst of refusals, first ${reason}`);
    if (about === undefined) {
      return { status, type: "application/cbor", body: messages.unsignedRefusal(Reason[reason]) };
    }
    const body = messages.sealRefusal(this.options.keys.signing, {
      ...this.answerTo(about.kid, at),
      about: hash(about.bytes),
      reason: Reason[reason],
    });
    return { status, type: "application/cose", body };
  }

  /** Fields of every signed answer; `at` in ms. */
  answerTo(device: Uint8Array, at: number): { issuer: string; issuedAt: number; device: Uint8Array } {
    return { issuer: this.options.audience, issuedAt: Math.floor(at / 1000), device };
  }

  /** Throw a refusal if `source` has used up its failures, before any work is done for it. */
  mayFail(source: string): void {
    if (!this.failures.has(source, this.options.ticks())) throw new Refused("busy", undefined, 429);
  }

  /** Count a failure of `source`. */
  failed(source: string): void {
    this.failures.take(source, this.options.ticks());
  }

  /** Refuse a device that asks too often. */
  limitDevice(kid: Uint8Array, name = nameOf(kid)): void {
    if (!this.takesDevice(kid, name)) throw refused("busy", kid, 429);
  }

  /** True if a device may ask once more now. */
  takesDevice(kid: Uint8Array, name = nameOf(kid)): boolean {
    return this.perDevice.take(name, this.options.ticks());
  }

  /** True if one more report of a device that does not follow its chain may be looked into. */
  mayStray(device: Uint8Array): boolean {
    return this.strays.take(hex(device), this.options.ticks());
  }

  /** True if one more alarm about a device may be kept: the number per key is limited. */
  mayAlarm(device: Uint8Array): boolean {
    return this.alarms.take(hex(device), this.options.ticks());
  }

  /** Log an alarm about a device, unless its key caused too many. */
  async logAlarm(tx: Tx, now: number, device: Uint8Array, what: string): Promise<void> {
    if (!this.mayAlarm(device)) return;
    const { store, keys } = this.options;
    await log.append(store, keys, tx, now, { action: "alarm", actor: "server", device, detail: { what } });
  }

  /** Make a nonce. */
  async nonce(): Promise<Uint8Array> {
    const { keys, audience, clock, store } = this.options;
    return nonces.make(keys.nonce, audience, this.instance, clock(), await log.last(store.read));
  }

  /**
   * Return the time in ms until which a nonce is valid, or undefined. A nonce that another instance made before this one
   * started is not valid: the database may be a restored backup without the record of its use. The device then asks again.
   */
  nonceExpiry(nonce: Uint8Array): number | undefined {
    const { keys, audience, clock, ticks } = this.options;
    const expiresAt = nonces.expiry(keys.nonce, audience, nonce, clock());
    if (expiresAt === undefined) return undefined;
    const isYoung = ticks() - this.began.ticks < nonces.LIFETIME_MS;
    const isBefore = isYoung && expiresAt - nonces.LIFETIME_MS < this.began.at && !nonces.isOf(this.instance, nonce);
    return isBefore ? undefined : expiresAt;
  }

  /** Tell of an alarm about a device, null if it is about none of ours. */
  alarm(device: string | null, what: string): void {
    this.tell({ kind: "alarm", device, what, at: this.options.clock() });
  }

  /** Emit an event to observers. */
  tell(happening: Happening): void {
    this.happenings.emit("happening", happening);
  }

  /** A device that was looked up before. */
  familiar(kid: Uint8Array, name = nameOf(kid)): Known | undefined {
    return this.known.get(name);
  }

  /** Look a device up, and remember it. */
  async find(kid: Uint8Array): Promise<Known | undefined> {
    return this.remember(kid, await this.options.store.find(kid));
  }

  /** Remember a device whose row was just read. */
  remember(kid: Uint8Array, row: DeviceRow | undefined): Known | undefined {
    // A row whose key does not match its id was written by hand: ignore it.
    if (row === undefined || !equal(keyId(row.key), kid)) return undefined;
    const key = ed25519.importKey(row.key);
    if (key === undefined) return undefined;
    const name = nameOf(kid);
    // Concurrent lookups share the first result.
    const found = this.known.get(name) ?? { key, row, moving: false, address: undefined };
    if (this.known.size >= KNOWN_MAX) this.known.delete(this.known.keys().next().value!);
    this.known.set(name, found);
    return found;
  }
}

/** A key for maps: bytes as text, one character each. */
export function nameOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString("latin1");
}

/** Read claims of a message whose signature was verified: if they are malformed, the refusal is signed. */
export function verified<T>(message: Sign1, read: (message: Sign1) => T): T {
  try {
    return read(message);
  } catch (error) {
    if (error instanceof Malformed) throw new Refused("malformed", message);
    throw error;
  }
}

/** A device authenticated by TLS may send only its own messages. */
export function fromPeer(kid: Uint8Array, peer: Uint8Array | undefined): void {
  if (peer !== undefined && !equal(peer, kid)) throw refused("bad-signature", kid);
}
