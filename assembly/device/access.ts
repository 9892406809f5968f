/**
 * The device's proof of itself for another service, such as a broker: a fresh `access` as text (`assembly/identity/README.md`, "Access"). It is made at the
 * caller's request, and belongs to no exchange with the server.
 */
import { ACCESS_MS } from "../config";
import * as access from "../identity/access";
import { Access, ACCESS_MOST } from "../identity/access";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as signers from "../signer/signer";
import * as draft from "./_draft";
import * as floor from "./_floor";
import { Draft, life, peer, writer } from "./_ground";
import { own } from "./_key";

/** Bytes of the message at hand, and the time of the last request for it. */
let len: u32 = 0;
let askedMs: u32 = 0;

/**
 * Make an `access` for the client id of `clientLen` bytes at `client`, as text at `out`, which has TEXT_MOST bytes; returns its length. Else a `Status`:
 * Again, and then call again within ACCESS_MS with the same, and leave `out` as it is; Unexpected: no server has signed a time in this life; TooLong: the client id.
 */
export function make(out: usize, client: usize, clientLen: u32): i32 {
  if (life.draft == Draft.None) {
    const status = write(out, client, clientLen);
    if (status != Status.Ok) return status;
  } else if (!signers.LATE || life.draft != Draft.Access) return Status.Again;
  askedMs = life.nowMs;
  const status = draft.sign();
  if (status != Status.Ok) return status;
  life.draft = Draft.None;
  return access.toText(out, len);
}

/** Write the message, and reserve the signer for it. */
function write(out: usize, client: usize, clientLen: u32): Status {
  const now = floor.now(life.nowMs);
  if (now == 0) return Status.Unexpected;
  const what = changetype<Access>(scratch.take(offsetof<Access>()));
  what.client = client;
  what.clientLen = clientLen;
  what.issuedAt = now;
  writer.begin(out, ACCESS_MOST);
  const status = access.write(draft.draft, writer, own, peer, what);
  scratch.release(changetype<usize>(what));
  if (status != Status.Ok) return status;
  len = writer.length();
  life.draft = Draft.Access;
  return Status.Ok;
}

/** True while a caller waits for its message: the life leaves the signer to it. */
export function isAwaited(): bool {
  return life.draft == Draft.Access && life.nowMs - askedMs < ACCESS_MS;
}
