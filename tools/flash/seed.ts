/** Seeds of factory pages: on a board whose noise is weak or missing, the key follows from one of these. */
import { createHash, createHmac, randomBytes } from "node:crypto";

export const SEED_BYTES = 48;

/**
 * A seed for one board: fresh randomness, with what `device.json` gives mixed in. No two are equal, for any file, journal
 * or command they come from, so no two boards get one key from them.
 */
export function fresh(given: Uint8Array = new Uint8Array(0)): Uint8Array {
  return new Uint8Array(createHmac("sha384", randomBytes(SEED_BYTES)).update(given).digest());
}

/** The part of a seed that a journal may contain: it reveals a repetition and nothing else. */
export function hashOf(seed: Uint8Array): string {
  return createHash("sha256").update(seed).digest("hex");
}
