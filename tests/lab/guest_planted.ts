/**
 * Planted faults for the constant-time harness: one honest operation, and the same with what must never be done to a
 * secret. A harness that does not catch them proves nothing.
 */
import * as hmac256 from "../../assembly/crypto/hmac256";
import * as bytes from "../../assembly/lib/bytes";
import * as words from "../../assembly/lib/words";

const CAPACITY: u32 = 512;
const room: usize = memory.data(CAPACITY, 8);
const tag: usize = memory.data(32, 8);
const table: usize = memory.data(256, 8);

export function buffer(): usize {
  return room;
}

export function capacity(): u32 {
  return CAPACITY;
}

/** The request is one field of 32 bytes, the secret; the answer is 32 bytes. */
export function run(op: u32, len: u32): i32 {
  const secret = room + 2;
  hmac256.mac(tag, secret, 32, secret, 32);
  switch (op) {
    case 1:
      break;
    case 2:
      // A branch on one bit of the secret.
      if (load<u8>(secret, 7) & 1) hmac256.mac(tag, tag, 32, tag, 32);
      break;
    case 3:
      // A load whose address is a byte of the secret.
      store<u8>(tag, load<u8>(table + load<u8>(secret, 31)) ^ load<u8>(tag));
      break;
    case 4:
      // A comparison that ends at the first difference.
      store<u8>(tag, <u8>bytes.same(secret, table, 32));
      break;
    case 5:
      // The same comparison as it is to be done.
      store<u8>(tag, <u8>words.equal(secret, table, 32));
      break;
    case 6:
      // A load outside of memory: the lab must name the trap, and must not wait for an answer.
      store<u8>(tag, load<u8>(<u32>op - 7));
      break;
  }
  memory.copy(room, tag, 32);
  return 32;
}
