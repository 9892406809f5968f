/**
 * A key in software that answers at a later poll, as a secure element does. Tests choose it, to show that each caller waits for its signature and
 * gives the same bytes again.
 */
import * as sha256 from "../crypto/sha256";
import { Sha256 } from "../crypto/sha256";
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as soft from "./soft";
import { SoftKey } from "./soft";

/** Vain requests before a signature; 0: this signer is not in the image. */
export const POLLS: u32 = isDefined(SIGNER_POLLS) ? SIGNER_POLLS : 0;

/** Requests for the signature at hand. */
let asked: u32 = 0;

/** The hash of the bytes to sign. */
@lazy
const digest: usize = memory.data(sha256.DIGEST_BYTES, 4);

/** Sign head ‖ body as `soft` does, after POLLS calls that return Again. Other bytes while a signature is awaited are a bug, and trap. */
export function sign(
  out: usize,
  key: SoftKey,
  noise: usize,
  head: usize,
  headLen: u32,
  body: usize,
  bodyLen: u32,
): Status {
  const now = scratch.take(sha256.DIGEST_BYTES);
  const hash = changetype<Sha256>(scratch.take(offsetof<Sha256>()));
  sha256.init(hash);
  sha256.update(hash, head, headLen);
  sha256.update(hash, body, bodyLen);
  sha256.final(now, hash);
  if (asked != 0 && !bytes.same(now, digest, sha256.DIGEST_BYTES)) unreachable();
  bytes.copy(digest, now, sha256.DIGEST_BYTES);
  scratch.release(now);
  if (asked++ < POLLS) return Status.Again;
  asked = 0;
  return soft.sign(out, key, noise, head, headLen, body, bodyLen);
}
