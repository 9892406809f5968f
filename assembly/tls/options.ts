import { Signer } from "../signer/signer";
import * as group from "./group";
import * as scheme from "./scheme";

/**
 * Options of one connection. Everything pointed to belongs to the caller, and must stay there until the connection ends.
 */
@unmanaged
export class Options {
  /** The server's name, for SNI and, under a root, for its certificate; a dotted IPv4 address is never sent as SNI. */
  host: usize;
  hostLen: u32;
  /** The one application protocol to offer (RFC 7301); none if alpnLen is 0. */
  alpn: usize;
  alpnLen: u32;
  /** Pins of the keys the server may have (`key.pin`): `pinCount` times PIN_BYTES, at most two, so that a key can be rotated. */
  pins: usize;
  pinCount: u32;
  /** Pins of the keys that may end a chain of X.509 certificates: `rootCount` times PIN_BYTES, at most two. */
  roots: usize;
  rootCount: u32;
  /** Seconds since 1970 that have certainly passed: a certificate that ended before is expired. */
  floor: u32;
  /** The device's key for client authentication; null: none. Lend it its seed for each step that signs (`client.signs`). */
  signer: Signer;
  /** RANDOM_BYTES of fresh randomness; wiped by `start`. */
  random: usize;
  /** An external PSK for use with SHA-256 and as long as that, and its identity; none if identityLen is 0. */
  psk: usize;
  identity: usize;
  identityLen: u32;
  /** Milliseconds on a clock that goes on while the device sleeps, for the age of a ticket. */
  nowMs: u32;
}

/** Bytes of a hello's random, and of its session id. */
export const ID_BYTES: u32 = 32;
/** The hello's random, the session id, the key share's scalar, the signature's noise. */
export const RANDOM_BYTES: u32 = 2 * ID_BYTES + group.SCALAR_BYTES + scheme.NOISE_BYTES;

/** True if the device has a key to show. */
@inline
export function authenticates(options: Options): bool {
  return changetype<usize>(options.signer) != 0;
}

/** Most pins, and most roots. */
export const ANCHORS: u32 = 2;

/** True if the image verifies chains of certificates. Without them, a server proves itself by a pinned key alone. */
// prettier-ignore
export const CHAINS: bool = !isDefined(WITHOUT_CHAINS);
