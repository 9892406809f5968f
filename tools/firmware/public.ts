/** Numbers that are public where secrets are handled: the data of the static rule in `constant.ts`. */

/** The comparisons that may decide a branch in assembly: of each function, the instruction that sets the flags, and the public number that it counts. */
export const COUNTERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cpu_aes128_encrypt: { "cmp r0, r1": "round keys" },
  cpu_chacha20: {
    "cmp r2, r8": "words of the state",
    "lsls r4, r4, #30": "the alignment of both texts",
    "subs r0, #1": "double rounds",
    "subs r2, #1": "blocks",
    "subs r4, #1": "blocks",
    "subs ip, ip, #1": "double rounds",
  },
  cpu_comb_select: {
    "cmp r2, #1": "rows of the table",
    "cmp r2, #2147516416": "rows of the table",
    "cmp r3, #96": "bytes of the row",
  },
  cpu_fe256_square: { "subs r2, #1": "squarings" },
  cpu_fe_scale: { "cmp r2, #1": "the factor, a constant", "cmp r0, r1": "words of the element" },
  cpu_fe_square: { "subs r2, #1": "squarings" },
  cpu_fe_swap: { "cmp r0, lr": "words of the elements" },
  cpu_ge_add: { "tst r2, #1": "how to add: q has a Z", "tst r2, #2": "how to add: T is wanted" },
  cpu_ge_double: { "cmp r0, #0": "how to double: T is wanted" },
  cpu_ghash: { "cmp r0, ip": "words of the operands", "cmp r7, r6": "words of the operands", "subs r2, #1": "blocks" },
  cpu_inverse_apply: {
    "cmp r1, lr": "limbs of the number",
    "cmp r1, r0": "limbs of the number",
    "cmp r1, r3": "limbs of the number",
    "cmp r2, #0": "the inverse of the modulus, or none",
    "cmp r7, r6": "rows of the matrix",
  },
  cpu_inverse_steps: { "subs ip, ip, #1": "steps", "subs r0, #1": "steps" },
  cpu_ladder: { "subs r0, #1": "bits" },
  cpu_montgomery_row: {
    "cmp r0, lr": "bytes of the element",
    "cmp r7, r1": "bytes of the element",
    "tst r5, #16": "bytes of the element",
    "tst r5, #8": "bytes of the element",
  },
  cpu_p256_select: {
    "cmp r2, #1": "rows of the table",
    "cmp r2, #2147516416": "rows of the table",
    "cmp r3, #64": "bytes of the row",
  },
  cpu_poly1305: {
    "cmp r0, r3": "limbs of the key",
    "cmp r1, r4": "limbs of the key",
    "cmp r1, r9": "limbs of the sum",
    "cmp r4, #32": "bits of the limbs so far",
    "cmp r7, r9": "columns",
    "subs r2, #1": "blocks",
    "subs r3, #4": "bytes of the frame",
    "subs lr, lr, #1": "blocks",
  },
  cpu_sc_montgomery: { "cmp r1, r0": "bytes of the scalar" },
  cpu_rsa_shift: { "cmp r2, r3": "bytes of the modulus" },
  cpu_select: { "cmp r1, r3": "bytes of the rows" },
  half_row: { "cmp r1, r3": "bytes of the rows" },
  scan: { "cmp r0, #1": "rows of the table" },
  sum: { "cmp r0, #0": "the inverse of the modulus, or none" },
  cpu_sha256: {
    "cmp r0, lr": "words of the block",
    "cmp r0, r2": "words of the state",
    "cmp r1, lr": "words of the ring",
    "cmp r3, r2": "words of the block, or of the constants",
    "subs r2, #1": "blocks",
    "subs r7, #1": "rounds",
  },
  cpu_sha512: {
    "cmp ip, lr": "words of the ring",
    "cmp r0, lr": "words of the block",
    "cmp r1, ip": "words of the state",
    "cmp r1, lr": "words of the ring",
    "cmp sl, r0": "words of the constants",
    "subs r2, #1": "blocks",
    "subs r3, #1": "rounds",
  },
};

/**
 * Expressions of AssemblyScript whose value may decide a branch or an address although it is loaded from memory or is the result of a comparison of
 * secrets: of each file, the text in its line, and why it is public.
 */
export const PUBLIC_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "assembly/crypto/_nonce256.ts": {
    "sc.isValid(out, order)": "the decision to draw another nonce: the refused number is not used",
  },
  "assembly/crypto/aead.ts": { "words.equal(expected, tag": "the verdict" },
  "assembly/crypto/aes128gcm.ts": { "words.equal(": "the verdict" },
  "assembly/crypto/blocks.ts": { "load<u64>(ctx + size)": "the count of bytes" },
  "assembly/crypto/drbg.ts": { "ctx.request": "the count of requests" },
  "assembly/crypto/ecdh256.ts": { "take(w, secret)": "the verdict" },
  "assembly/crypto/ecdsa256.ts": {
    "sc.isValid(w + SECRET, w + ORDER)": "the verdict",
    "words.difference(w + NONCE, w + AGAIN": "the verdict",
    "montgomery.isZero(w + POINT": "the verdict",
  },
  "assembly/crypto/ed25519.ts": {
    "words.difference(": "the verdict",
    "stale(w + NONCE, noise)": "the verdict",
    "any |= load<u32>(nonce + i)": "the comparison of the nonce with zero: part of the verdict",
  },
  "assembly/crypto/x25519.ts": { "const zero = fe.isZero(w + X1)": "the verdict" },
};

/** Functions of AssemblyScript, by the beginning of wasm2c's name, in which loaded data may decide, and why. */
export const PUBLIC_DECISIONS: Readonly<Record<string, string>> = {
  w2c_assembly_crypto_health_: "a test of samples has to look at them; its `CT:` line says what leaks",
};
