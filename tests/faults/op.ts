/** The operations that faults are injected into, by number: read by the guest, which is AssemblyScript, and by its host. */
export const enum Op {
  /** key, signature, head, body -> the verdict */
  Verify = 1,
  /** -> the signature of what was kept, what is kept, and the beginning of memory; or a Status */
  Sign = 2,
  /** server's key, audience, own id, kind that is wanted (one byte), message -> the verdict */
  Read = 3,
  /** seed, key, noise, head, body -> nothing; they are kept for Sign */
  Keep = 6,

  /** As Verify, with one branch between a forgery and its acceptance: the campaign must find it. */
  PlantedVerify = 4,
  /** As Sign, with a nonce that is derived once, into zeros: the campaign must find it. */
  PlantedSign = 5,
}

/** Parts of an answer. */
export const enum Answered {
  /** Length of the beginning of memory behind a signature. */
  LowBytes = 448,
}
