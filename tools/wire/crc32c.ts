/** The table of CRC-32C (RFC 3720 appendix B.4): reflected polynomial 0x82F63B78. */
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** Compute the CRC-32C of `bytes`, going on from `seed`, the checksum of what came before. */
export function checksum(bytes: Uint8Array, seed = 0): number {
  let value = ~seed;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
