import { Reason, type ReasonName } from "../wire/messages.ts";

/** The HTTP status of each refusal, from the protocol's table. */
export const STATUS: Readonly<Record<ReasonName, number>> = {
  malformed: 400,
  "unknown-device": 404,
  "bad-signature": 401,
  "wrong-audience": 403,
  replayed: 409,
  forked: 409,
  revoked: 403,
  "stale-nonce": 401,
  "not-invited": 403,
  "too-large": 413,
  busy: 503,
};

/** How often each reason was given since the start. */
export type Refusals = Record<ReasonName, number>;

/** Begin a count of refusals. */
export function none(): Refusals {
  return Object.fromEntries(Object.keys(Reason).map((name) => [name, 0])) as Refusals;
}
