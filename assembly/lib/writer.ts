/**
 * A bounded writer. The first write that does not fit makes it fail, nothing of it is written, and it stays failed: a
 * builder writes all its fields and asks `ok` once.
 */
@unmanaged
export class Writer {
  start: usize;
  at: usize;
  end: usize;
  failed: u32;

  /** Begin at `out`, with room for `room` bytes. */
  begin(out: usize, room: u32): void {
    this.start = out;
    this.at = out;
    this.end = out + room;
    this.failed = 0;
  }

  /** Bytes written. */
  @inline
  length(): u32 {
    return <u32>(this.at - this.start);
  }

  /** True if every write so far did fit. */
  @inline
  ok(): boolean {
    return this.failed == 0;
  }

  /** Reserve `len` bytes and return where they start; 0 on failure. */
  take(len: u32): usize {
    const out = this.at;
    if (this.failed || len > <u32>(this.end - out)) {
      this.failed = 1;
      return 0;
    }
    this.at = out + len;
    return out;
  }

  /** Write `len` bytes from `from`. */
  bytes(from: usize, len: u32): void {
    const out = this.take(len);
    if (this.failed == 0) memory.copy(out, from, len);
  }

  /** Write one byte. */
  u8(value: u32): void {
    const out = this.take(1);
    if (this.failed == 0) store<u8>(out, <u8>value);
  }

  /** Write a big-endian 16-bit word. */
  u16(value: u32): void {
    const out = this.take(2);
    if (this.failed == 0) store<u16>(out, bswap(<u16>value));
  }

  /** Write a big-endian 24-bit word. */
  u24(value: u32): void {
    const out = this.take(3);
    if (this.failed) return;
    store<u8>(out, <u8>(value >>> 16));
    store<u16>(out + 1, bswap(<u16>value));
  }

  /** Write a big-endian 32-bit word. */
  u32(value: u32): void {
    const out = this.take(4);
    if (this.failed == 0) store<u32>(out, bswap(value));
  }
}
