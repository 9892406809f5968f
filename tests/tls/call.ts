/** The calls of `guest.ts`, by number: read by the guest of the lab, which is AssemblyScript, and by the host that drives it. */
export const enum Call {
  /** slot, length; the bytes */
  Set = 1,
  /** ms */
  SetClock = 2,
  Start = 3,
  Step = 4,
  /** length; the bytes */
  FromPeer = 5,
  /** most -> the bytes */
  ToPeer = 6,
  Write = 7,
  Read = 8,
  Update = 9,
  Close = 10,
  State = 11,
  PreShared = 12,
  /** ; as much of the buffer as a ticket takes */
  SetTicket = 13,
  /** -> bytes of linear memory that are the test's */
  Own = 14,
}
