/**
 * The one buffered pump: bytes on their way to a layer that takes them as it has room. A Pipe owns no memory. Its bytes stay where they
 * were written until the last one is taken.
 */
@unmanaged
export class Pipe {
  /** The next byte, and how many there are. */
  at: usize;
  left: u32;

  /** Begin with the `len` bytes at `from`, which are kept by pointer. */
  @inline
  hold(from: usize, len: u32): void {
    this.at = from;
    this.left = len;
  }

  /** Step over the first `len` bytes: they were taken. Bounds: `len` is at most `left`. */
  @inline
  drop(len: u32): void {
    this.at += len;
    this.left -= len;
  }

  /** Move up to `max` bytes to `out`; returns how many. */
  move(out: usize, max: u32): u32 {
    const len = min(max, this.left);
    memory.copy(out, this.at, len);
    this.drop(len);
    return len;
  }
}
