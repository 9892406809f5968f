/** Why a device gives up and resets. The board writes `die N` with these numbers where they survive the reset. */
export const enum Death {
  /** The board has no source of noise and was given no seed. */
  NoSource = 1,
  /** The source of noise is stuck: it repeats a sample. */
  Stuck = 2,
  /** The source of noise gives too little. */
  TooSlow = 3,
  /** The flash does not hold what is written to it. */
  Storage = 4,
  /** The source of noise is biased: a sample comes too often. */
  Biased = 5,
  /** The source of noise gives nothing at all. */
  Silent = 6,
  /** The store held a key, and no copy of it can be read. Only erasing the store ends this. */
  IdentityLost = 7,
  /** The source of noise follows a pattern: few different samples, or the same again after a lag. */
  Patterned = 8,
  /** The source of noise is too weak to stand alone, and there is no seed. */
  NoSeed = 9,
  /** The store was written by a later version of the firmware. */
  LaterStore = 10,
}
