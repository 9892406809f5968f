/** Copies, comparisons and big-endian words over (pointer, length) pairs. */

/** Copy `len` bytes from `from` to `out`; the two may overlap. CT: `len` leaks. */
@inline
export function copy(out: usize, from: usize, len: usize): void {
  memory.copy(out, from, len);
}

/** Set `len` bytes to zero. The last line of a function that handled a secret. CT: `len` leaks. */
@inline
export function wipe(out: usize, len: usize): void {
  memory.fill(out, 0, len);
}

/**
 * Compare two public byte strings of `len` bytes.
 *
 * CT: where they first differ leaks; for secrets use `words.equal`.
 */
export function same(a: usize, b: usize, len: usize): boolean {
  for (let i: usize = 0; i < len; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

/** Load a big-endian 16-bit word; no alignment needed. */
@inline
export function load16be(from: usize): u32 {
  return <u32>bswap(load<u16>(from));
}

/** Load a big-endian 32-bit word; no alignment needed. */
@inline
export function load32be(from: usize): u32 {
  return bswap(load<u32>(from));
}

/** Load a big-endian 64-bit word; no alignment needed. */
@inline
export function load64be(from: usize): u64 {
  return bswap(load<u64>(from));
}

/** Store a big-endian 16-bit word; no alignment needed. */
@inline
export function store16be(out: usize, value: u32): void {
  store<u16>(out, bswap(<u16>value));
}

/** Store a big-endian 32-bit word; no alignment needed. */
@inline
export function store32be(out: usize, value: u32): void {
  store<u32>(out, bswap(value));
}

/** Store a big-endian 64-bit word; no alignment needed. */
@inline
export function store64be(out: usize, value: u64): void {
  store<u64>(out, bswap(value));
}

/** Write `len` bytes as twice as many lower-case hexadecimal digits to `out`; the two must not overlap. CT: not for secrets. */
export function hex(out: usize, from: usize, len: u32): void {
  for (let i: u32 = 0; i < 2 * len; i++) {
    const digit = (load<u8>(from + (i >> 1)) >> (i & 1 ? 0 : 4)) & 15;
    store<u8>(out + i, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}
