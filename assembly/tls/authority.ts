/**
 * The keys of public authorities that the image knows, in flash (`tools/generate/authorities.ts` makes them). A server need not send the certificate of such an authority. The table is no
 * trust: the key counts only if its pin is among the roots.
 */
import { Reader } from "../lib/reader";
import * as key from "./key";
import { Key } from "./key";

/** Word `i` of the table. */
@external("table", "authorities")
declare function word(i: u32): u32;

/** Bytes of the hash of a name, and most bytes of a SubjectPublicKeyInfo. */
const NAME_WORDS: u32 = 8;
const SPKI_MOST_BYTES: u32 = 552;
/** Bytes of room that `read` needs. */
export const ROOM_BYTES: u32 = SPKI_MOST_BYTES;


@lazy
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 8));

/** True if the entry at word `at` is that of the name with this hash. */
function isNamed(at: u32, nameHash: usize): bool {
  for (let i: u32 = 0; i < NAME_WORDS; i++) if (word(at + 1 + i) != load<u32>(nameHash + 4 * i)) return false;
  return true;
}

/** Words of the entry at word `at`. */
function wordsAt(at: u32): u32 {
  return 1 + NAME_WORDS + ((word(at) + 3) >> 2);
}

/** Find the next entry with this name, from word `at` on; END if there is none. */
export function find(at: u32, nameHash: usize): u32 {
  while (word(at) != 0) {
    if (isNamed(at, nameHash)) return at;
    at += wordsAt(at);
  }
  return END;
}

/** Not a place in the table: no entry is left. */
export const END: u32 = u32.MAX_VALUE;

/** Read the key of the entry at word `at` into `room`, which is aligned; returns the place of the next entry. `out` is a key of no length if it is of no row. */
export function read(out: Key, room: usize, at: u32): u32 {
  const len = min<u32>(word(at), SPKI_MOST_BYTES);
  for (let i: u32 = 0; i << 2 < len; i++) store<u32>(room + 4 * i, word(at + 1 + NAME_WORDS + i));
  reader.begin(room, len);
  if (!key.read(out, reader)) out.len = 0;
  return at + wordsAt(at);
}
