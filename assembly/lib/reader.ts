/**
 * A bounded reader over bytes of a peer. The first read past the end makes it fail, and it stays failed: a parser reads
 * all its fields and asks `ok` once.
 */
@unmanaged
export class Reader {
  /** The next byte, and how many there are; 0 once failed. */
  at: usize;
  rest: u32;
  failed: u32;

  /** Begin at `from`, with `len` bytes to read. */
  begin(from: usize, len: u32): void {
    this.at = from;
    this.rest = len;
    this.failed = 0;
  }

  /** Bytes that are left; 0 once failed. */
  @inline
  left(): u32 {
    return this.rest;
  }

  /** True if every read so far stayed inside. */
  @inline
  ok(): boolean {
    return this.failed == 0;
  }

  /** True if every read so far stayed inside, and nothing is left. */
  done(): boolean {
    return (this.failed | this.rest) == 0;
  }

  /** Make the reader fail: for a parser that finds a value it must refuse. */
  fail(): void {
    this.failed = 1;
    this.rest = 0;
  }

  /** Step over `len` bytes and return where they start; on failure the next byte, of which nothing may be read. */
  take(len: u32): usize {
    const start = this.at;
    if (len > this.rest) {
      this.fail();
      return start;
    }
    this.at = start + len;
    this.rest -= len;
    return start;
  }

  /** Step back to `from`, where this reader was before. It has not failed. */
  rewind(from: usize): void {
    this.rest += <u32>(this.at - from);
    this.at = from;
  }

  /** Read one byte; 0 on failure. */
  u8(): u32 {
    const from = this.take(1);
    return this.failed ? 0 : <u32>load<u8>(from);
  }

  /** Read a big-endian 16-bit word; 0 on failure. */
  u16(): u32 {
    const from = this.take(2);
    return this.failed ? 0 : <u32>bswap(load<u16>(from));
  }

  /** Read a big-endian 24-bit word; 0 on failure. */
  u24(): u32 {
    const high = this.u8();
    return (high << 16) | this.u16();
  }

  /** Read a big-endian 32-bit word; 0 on failure. */
  u32(): u32 {
    const from = this.take(4);
    return this.failed ? 0 : bswap(load<u32>(from));
  }
}
