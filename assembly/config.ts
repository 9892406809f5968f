/** Every size and timeout of the firmware, each with its reason. */

/** Scratch memory for cryptographic temporaries; the deepest user is Ed25519 verification. */
export const SCRATCH_BYTES: u32 = 1536;
