// node --import tsx tools/facts/generate.ts
/** Results of every fallible function: Ok, or the first fault found. Half of the bits of Ok are set, so a register that one fault cleared is not Ok. */
export const enum Status {
  Ok = 0x5a3c96c3,
  /** A buffer or counter of ours is too small for this input; nothing was written past it. */
  TooLong = -1,
  /** The bytes do not follow their format. */
  Malformed = -2,
  /** A signature or tag does not verify, or a key or point is one that must be refused. */
  Forged = -3,
  /** Well formed, but not allowed in the present state. */
  Unexpected = -4,
  /** Nothing to do yet; call again later. */
  Again = -5,
  /** The peer or the module closed, or did not answer in time. */
  Closed = -6,
  /** The noise source gave nothing, or failed a health test. */
  NoEntropy = -7,
  /** Flash could not be erased, programmed, or read back as written. */
  Storage = -8,
  /** No record of that kind. */
  Absent = -9,
}
