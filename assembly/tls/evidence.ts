/**
 * The proofs about the server on this connection. The schedule hands out application keys only when the evidence is complete,
 * and only the lines that performed a check add to it: a handler that is skipped, reordered or left early cannot lead to keys.
 *
 * Each proof is a word that is Ok only if its check found nothing missing. It is written before the check's own branch, or from
 * a second comparison, so a branch that is skipped or inverted does not make a proof.
 */
import { Status } from "../lib/status";
import { WIDE } from "./profile";

export const enum Proof {
  /** The server's key is a pinned one, or a chain of signatures leads from it to a pinned root. */
  Anchor = 0,
  /** That key signed this handshake's transcript. */
  Signature = 1,
  /** The server chose the pre-shared key that only it and this device know. */
  PreShared = 2,
  /** The server's Finished matches. */
  Finished = 3,
  /** The tag of each protected record so far matches: what was read of one that was opened in pieces is the server's. */
  Record = 4,
}

const PROOFS: u32 = WIDE ? 5 : 4;


@lazy
const proofs = memory.data(PROOFS * 4, 4);

/** Forget everything: a connection begins or ends. */
export function reset(): void {
  for (let i: u32 = 0; i < PROOFS; i++) store<u32>(proofs + (i << 2), Status.Unexpected);
}

/** Set down what a check found: `off` is 0 if nothing is missing. */
export function add(proof: Proof, off: u32): void {
  store<u32>(proofs + ((<u32>proof) << 2), <u32>Status.Ok + off);
}

/** True if `proof` was given. */
export function has(proof: Proof): bool {
  return load<u32>(proofs + ((<u32>proof) << 2)) == Status.Ok;
}

/** True if the server is proven: Finished, under either a pre-shared key or an anchored key's signature. */
export function complete(): bool {
  if (WIDE && !has(Proof.Record)) return false;
  return has(Proof.Finished) && (has(Proof.PreShared) || (has(Proof.Anchor) && has(Proof.Signature)));
}
