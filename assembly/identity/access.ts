/**
 * The message that a device shows to another service instead of a password (README, "Access"). The suites `unit/identity` and `server/authorize`
 * hold it.
 */
import * as base64url from "../lib/base64url";
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

/** Bytes of the longest access as text. */
export const TEXT_MOST: u32 = (ACCESS_MOST * 8 + 5) / 6;

/** Replace a signed `access`, `len` bytes at `at`, by its text in base64url: what a broker takes as a password; returns its length, at most TEXT_MOST. */
export function toText(at: usize, len: u32): u32 {
  return base64url.spread(at, len);
}
