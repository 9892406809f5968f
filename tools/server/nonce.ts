/**
 * Challenges that take no memory until they are used: time, instance, random bytes, the number of the newest log entry, and a
 * MAC over all of it and the audience. Only used ones are stored, until they expire.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { concat, equal } from "../wire/bytes.ts";

export const NONCE_BYTES = 32;
export const LIFETIME_MS = 5 * 60 * 1000;

const TIME_BYTES = 6;
export const INSTANCE_BYTES = 4;
const RANDOM_BYTES = 6;
/** The number of a log entry, masked so that devices cannot count the server's decisions. */
const SEQ_BYTES = 4;
const HEAD_BYTES = TIME_BYTES + INSTANCE_BYTES + RANDOM_BYTES;
const BODY_BYTES = HEAD_BYTES + SEQ_BYTES;
const MAC_BYTES = NONCE_BYTES - BODY_BYTES;

function mac(key: Uint8Array, audience: string, body: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(body).update(audience).digest().subarray(0, MAC_BYTES);
}

function mask(key: Uint8Array, head: Uint8Array): number {
  return createHmac("sha256", key).update("seq").update(head).digest().readUInt32BE(0);
}

/** Make a nonce of one instance for `audience`, when the log's last entry is `seq`. */
export function make(key: Uint8Array, audience: string, instance: Uint8Array, nowMs: number, seq: number): Uint8Array {
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUIntBE(nowMs, 0, TIME_BYTES);
  body.set(instance, TIME_BYTES);
  randomBytes(RANDOM_BYTES).copy(body, TIME_BYTES + INSTANCE_BYTES);
  body.writeUInt32BE((seq ^ mask(key, body.subarray(0, HEAD_BYTES))) >>> 0, HEAD_BYTES);
  return concat(body, mac(key, audience, body));
}

/** Return until when a nonce is good, in ms; undefined if it is not one of ours, or not good any more. */
export function expiry(key: Uint8Array, audience: string, nonce: Uint8Array, nowMs: number): number | undefined {
  if (nonce.length !== NONCE_BYTES) return undefined;
  const body = nonce.subarray(0, BODY_BYTES);
  if (!timingSafeEqual(nonce.subarray(BODY_BYTES), mac(key, audience, body))) return undefined;
  const madeAt = Buffer.from(body).readUIntBE(0, TIME_BYTES);
  const expiresAt = madeAt + LIFETIME_MS;
  // Another instance's clock may be a little ahead.
  return nowMs < expiresAt && madeAt < nowMs + LIFETIME_MS ? expiresAt : undefined;
}

/** Tell whether an instance made a nonce that is one of ours. */
export function isOf(instance: Uint8Array, nonce: Uint8Array): boolean {
  return equal(nonce.subarray(TIME_BYTES, TIME_BYTES + INSTANCE_BYTES), instance);
}

/** The last entry of the log when a nonce that is one of ours was made. */
export function seqOf(key: Uint8Array, nonce: Uint8Array): number {
  return (Buffer.from(nonce).readUInt32BE(HEAD_BYTES) ^ mask(key, nonce.subarray(0, HEAD_BYTES))) >>> 0;
}
