/**
 * The message that a device shows to another service instead of a password (README, "Access"). The suites `unit/identity` and `server/authorize`
 * hold it.
 */
import * as base64url from "../lib/base64url";
import * as bytes from "../lib/bytes";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as cbor from "../cose/cbor";
import * as sign1 from "../cose/sign1";
import { Sign1 } from "../cose/sign1";
import { AUDIENCE_MOST, CLIENT_MOST, Label } from "./facts";
import * as kind from "./kind";
import * as keypair from "./keypair";
import { KeyPair } from "./keypair";
import { Server } from "./server";


@lazy
const NAME = memory.data<u8>(["access"]);
const NAME_BYTES: u32 = bytesOf(NAME);

/** Bytes of the longest `access`: 75 of protected header, 13 of claims beside their texts, 64 of signature, and 9 of heads. */
export const ACCESS_MOST: u32 = 75 + 13 + CLIENT_MOST + AUDIENCE_MOST + 64 + 9;

/** Fields of an `access`. */
@unmanaged
export class Access {
  /** The client id that the service sees: the device's id in hexadecimal, alone or before a hyphen and a suffix; at most CLIENT_MOST bytes. */
  client: usize;
  clientLen: u32;
  /** The server's time as the device counts it, in seconds since 1970. */
  issuedAt: u32;
}

/** Write an `access` without its signature, which `sign1.sign` makes. On TooLong drop the written part. */
export function write(message: Sign1, out: Writer, own: KeyPair, server: Server, what: Access): Status {
  if (what.clientLen > CLIENT_MOST) return Status.TooLong;
  kind.beginNamed(message, out, NAME, NAME_BYTES, own);
  cbor.map(out, 3);
  cbor.int(out, Label.Sub);
  cbor.text(out, what.client, what.clientLen);
  cbor.int(out, Label.Aud);
  cbor.text(out, server.audience, server.audienceLen);
  cbor.int(out, Label.Iat);
  cbor.uint(out, what.issuedAt);
  return sign1.end(message, out, keypair.signer(own));
}

/** Bytes of the longest password. */
export const PASSWORD_MOST: u32 = (ACCESS_MOST * 8 + 5) / 6;

/**
 * Write a signed `access`, `len` bytes at `from`, as a password in base64url to `out`, PASSWORD_MOST bytes; returns its length. The bytes at `from`
 * are wiped: a holder of them is let in. `out` may not overlap them.
 */
export function password(out: usize, from: usize, len: u32): u32 {
  const textLen = base64url.write(out, from, len);
  bytes.wipe(from, len);
  return textLen;
}
