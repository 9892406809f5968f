/** The lab's operations, by number: read by the guest, which is AssemblyScript, and by the hosts that drive it. */
export const enum Op {
  /** data -> digest */
  Sha256 = 0x10,
  Sha512 = 0x11,
  /** key, data -> tag */
  Hmac256 = 0x12,
  Hmac512 = 0x13,
  /** ikm, salt, info, length (u16) -> output, or TooLong */
  Hkdf256 = 0x14,
  Hkdf512 = 0x15,
  /** entropy, nonce, personalisation, fresh entropy (or nothing: no reseeding), more, length (u16) -> the second output of that length */
  Drbg = 0x16,
  /** key, nonce, additional data, text -> ciphertext ‖ tag */
  Seal = 0x17,
  /** key, nonce, additional data, ciphertext, tag -> text, or Forged */
  Open = 0x18,

  /** data -> digest */
  Sha384 = 0x19,
  /** key, nonce, additional data, text -> ciphertext ‖ tag, by AES-128-GCM */
  AesSeal = 0x1a,
  /** key, nonce, additional data, ciphertext, tag -> text, or Forged */
  AesOpen = 0x1b,

  /** seed -> public key */
  Ed25519PublicKey = 0x20,
  /** seed, public key, noise (or nothing), head, body -> signature */
  Ed25519Sign = 0x21,
  /** signature, public key, head, body -> Ok or Forged */
  Ed25519Verify = 0x22,
  /** scalar -> public key */
  X25519PublicKey = 0x23,
  /** scalar, point -> shared secret, or Forged */
  X25519 = 0x24,

  /** a, b -> a * b as 256 bits, by what the board has and by the portable twin; so the others in pairs */
  FeMul = 0x30,
  FeMulPortable = 0x31,
  /** a, times (u16) -> a^(2^times) */
  FeSquare = 0x32,
  FeSquarePortable = 0x33,
  /** a, factor (u32), b -> a * factor + b */
  FeScale = 0x34,
  FeScalePortable = 0x35,
  /** a, b -> a - b */
  FeSub = 0x36,
  FeSubPortable = 0x37,
  /** two elements, two elements, bit (u16) -> all four */
  FeSwap = 0x38,
  FeSwapPortable = 0x39,
  /** first word of a table (u16), digit (u16) -> row */
  CombSelect = 0x3a,
  CombSelectPortable = 0x3b,
  /** 64 bytes -> scalar */
  ScReduce = 0x3c,
  /** a, b, c -> a * b + c as a scalar */
  ScMulAdd = 0x3d,
  /** a -> the residue of a, and of 1 / a */
  FeFreeze = 0x3e,
  FeInvert = 0x3f,
  /** first word of a table (u16), index (u16) -> row, by what the board has and by the portable twin */
  CombRow = 0x26,
  CombRowPortable = 0x27,
  /** x1, A, B, C, D, scalar -> A, B of the ladder, by what the board has and by the portable twin */
  Ladder = 0x28,
  LadderPortable = 0x29,
  /** point, whether T is wanted (u16) -> twice the point, by what the board has and by the portable twin */
  GeDouble = 0x2a,
  GeDoublePortable = 0x2b,
  /** point, addend, how (u16) -> their sum, by what the board has and by the portable twin */
  GeAdd = 0x2c,
  GeAddPortable = 0x2d,
  /** a, b -> a * b / 2^256 as a scalar, below 2L */
  ScMontgomery = 0x2e,
  ScMontgomeryPortable = 0x2f,

  /** state, whole blocks -> state, by what the board has and by the portable twin */
  Sha256Blocks = 0x40,
  Sha256BlocksPortable = 0x41,
  Sha512Blocks = 0x42,
  Sha512BlocksPortable = 0x43,
  /** state, whole blocks -> state ‖ blocks */
  ChaCha20Blocks = 0x44,
  ChaCha20BlocksPortable = 0x45,
  /** key, whole blocks -> tag */
  Poly1305Blocks = 0x46,
  Poly1305BlocksPortable = 0x47,
  /** key (16), whole pairs of blocks -> the key again ‖ pairs */
  Aes128Pairs = 0x48,
  Aes128PairsPortable = 0x49,
  /** eight words -> eight words */
  AesSubstitute = 0x4a,
  AesSubstitutePortable = 0x4b,
  /** key (16), whole blocks -> sum */
  GhashBlocks = 0x4c,
  GhashBlocksPortable = 0x4d,
  /** eight words -> eight words */
  Aes128Transpose = 0x4e,
  Aes128TransposePortable = 0x4f,

  /** signature (r ‖ s), public key, digest -> Ok or Forged */
  Ecdsa256Verify = 0x50,
  /** size (u16), DER -> r ‖ s, or Malformed */
  EcdsaFromDer = 0x51,
  /** secret -> public key, or Forged */
  P256PublicKey = 0x52,
  /** secret, point -> shared secret, or Forged */
  Ecdh256 = 0x53,
  /** secret, digest, noise (or nothing) -> signature (r ‖ s), or Forged */
  Ecdsa256Sign = 0x54,
  /** secret, public key, digest, noise (or nothing) -> signature as it leaves the device, or Forged */
  Ecdsa256Issue = 0x55,
  /** signature (r ‖ s), public key, digest -> Ok or Forged, on P-384 */
  Ecdsa384Verify = 0x56,
  /** a, b -> a * b / 2^256 in the field of P-256 */
  Fe256Mul = 0x58,
  /** a, times (u16) -> a^(2^times), in Montgomery's form */
  Fe256Square = 0x59,
  /** a, b -> a + b, a - b */
  Fe256Add = 0x5a,
  Fe256Sub = 0x5b,
  /** a -> a / 2 */
  Fe256Half = 0x57,
  /** mul, square, add and sub by the portable twins */
  Fe256MulPortable = 0x68,
  Fe256SquarePortable = 0x69,
  Fe256AddPortable = 0x6a,
  Fe256SubPortable = 0x6b,
  /** first word of a table (u16), digit (u16) -> x and y of the row or of its negative, by what the board has and by the portable twin */
  P256Select = 0x6c,
  P256SelectPortable = 0x6d,
  /** eight points, index (u16) -> the point, by what the board has and by the portable twin */
  P256Pick = 0x6e,
  P256PickPortable = 0x6f,
  /** a point -> twice that, by what the board has and by the portable twin */
  P256Double = 0x74,
  P256DoublePortable = 0x75,
  /** a point, x, y -> the differences of their coordinates and the point's, and the sum of both points: by what the board has and by the portable twins */
  P256Add = 0x76,
  P256AddPortable = 0x77,
  /** a -> 1 / a, in Montgomery's form */
  Fe256Invert = 0x5c,
  /** zeta (u32), f, g -> a matrix and the new zeta, by what the board has and by the portable twin; f and g are words */
  InverseSteps = 0x70,
  InverseStepsPortable = 0x71,
  /** a matrix and m, x and y in limbs, 1 / m or 0 (4 bytes) -> x and y, by what the board has and by the portable twin */
  InverseApply = 0x72,
  InverseApplyPortable = 0x73,
  /** a, b -> a * b / 2^256 modulo the group's order */
  Sc256Mul = 0x5d,
  /** a -> 2^256 / a, of a secret a and of a public one */
  Sc256Invert = 0x5e,
  Sc256InvertPublic = 0x78,
  /** a -> the bits of its comb */
  Sc256Comb = 0x5f,

  /** signature, modulus, digest -> Ok or Forged */
  Pkcs1Verify = 0x60,
  PssVerify = 0x61,
  /** signature, modulus -> signature^65537, or Forged */
  RsaRaise = 0x62,
  /** sum, word (u32), b, m, inverse (u32), top (u16) -> sum, and what is above it, by what the board has and by the portable twin */
  MontgomeryRow = 0x64,
  MontgomeryRowPortable = 0x65,
  /** x, quotient (u32), m -> 2^32 x - quotient m, and what is above it, by what the board has and by the portable twin */
  RsaShift = 0x63,
  RsaShiftPortable = 0x66,
}
