/**
 * Scratch memory: one static arena that temporaries are taken from in stack order and given back wiped, so that secrets
 * have one place to be and no lifetime beyond the call that needed them.
 */
import { SCRATCH_BYTES } from "../config";

const arena: usize = memory.data(SCRATCH_BYTES, 16);
let used: u32 = 0;

/** Take `bytes` (rounded up to 8), 8-byte aligned, zero at first use. Running out is a bug of ours and traps. */
export function take(bytes: u32): usize {
  const start = used;
  const next = start + ((bytes + 7) & ~7);
  if (next > SCRATCH_BYTES) unreachable();
  used = next;
  return arena + start;
}

/** Take `bytes` while `before` bytes are in use: a place that the compiler knows. Another count is a bug of ours and traps. */
@inline
export function takeAt(before: u32, bytes: u32): usize {
  if (take(bytes) != arena + before) unreachable();
  return arena + before;
}

/** Count of bytes that can be taken. */
@inline
export function left(): u32 {
  return SCRATCH_BYTES - used;
}

/** End of the allocated part: the place of the next `take`. */
@inline
export function top(): usize {
  return arena + used;
}

/** Wipe and give back `from`, a place that `take` returned, and all that was taken after it. */
export function release(from: usize): void {
  memory.fill(from, 0, top() - from);
  used = <u32>(from - arena);
}
