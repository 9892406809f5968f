/**
 * Words of a text protocol known by their hash: a running FNV-1a replaces both a buffer for the line and a table of
 * what it may say. An attacker who can forge the hash of a word can send the word itself.
 */

/** The hash of no bytes. */
export const START: u32 = 0x811c9dc5;

/** Go on with `hash` over one byte. */
@inline
export function step(hash: u32, byte: u32): u32 {
  return (hash ^ byte) * 0x01000193;
}

/** The same for case-insensitive words. */
@inline
export function stepLower(hash: u32, byte: u32): u32 {
  return step(hash, byte - 0x41 < 26 ? byte | 0x20 : byte);
}
