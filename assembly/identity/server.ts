/** The server as the device knows it: its name, and one or two signing keys, so that a key can be replaced. */
import * as bytes from "../lib/bytes";
import * as key from "../cose/key";
import * as ed25519 from "../crypto/ed25519";
import { Algorithm } from "../signer/signer";

export const KEYS_MOST: u32 = 2;
/** The algorithm of the server's keys, and the bytes of one. */
export const ALGORITHM: Algorithm = Algorithm.Ed25519;
export const KEY_BYTES: u32 = ed25519.KEY_BYTES;
const ID_BYTES: u32 = key.THUMBPRINT_BYTES;


@unmanaged
export class Server {
  /** The audience: the required `aud` of messages to it and `iss` of its answers. Kept by pointer. */
  audience: usize;
  audienceLen: u32;
  /** KEYS_MOST keys, one after the other; kept by pointer. */
  keys: usize;
  count: u32;
  /** Their ids, KEYS_MOST of 32 bytes; written by `pin`. */
  ids: usize;
}

/** Work out the ids of the keys, which are all in place. */
export function pin(server: Server): void {
  for (let i: u32 = 0; i < server.count; i++)
    key.thumbprint(server.ids + i * ID_BYTES, ALGORITHM, server.keys + i * KEY_BYTES, KEY_BYTES);
}

/** Return the place of the server's key with the id at `kid`, or 0. */
export function find(server: Server, kid: usize): usize {
  for (let i: u32 = 0; i < server.count; i++) {
    if (bytes.same(server.ids + i * ID_BYTES, kid, ID_BYTES)) return server.keys + i * KEY_BYTES;
  }
  return 0;
}
