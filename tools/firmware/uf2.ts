/** UF2, the format of files dropped on a board that shows itself as a disk (https://github.com/microsoft/uf2). */

const BLOCK_BYTES = 512;
const PAYLOAD_BYTES = 256;
const FIRST_MAGIC = 0x0a32_4655;
const SECOND_MAGIC = 0x9e5d_5157;
const LAST_MAGIC = 0x0ab1_6f30;
const HAS_FAMILY = 0x2000;

/** Families of chips, by the folder of their drivers. */
export const FAMILIES: Readonly<Record<string, number>> = { rp2040: 0xe48b_ff56 };

/** A flash image as UF2: blocks of 512 bytes, each with 256 of the image and where they go. */
export function encode(image: Uint8Array, origin: number, family: number): Buffer {
  const count = Math.ceil(image.length / PAYLOAD_BYTES);
  const file = Buffer.alloc(count * BLOCK_BYTES);
  for (let number = 0; number < count; number++) {
    const at = number * PAYLOAD_BYTES;
    const block = file.subarray(number * BLOCK_BYTES);
    const head = [FIRST_MAGIC, SECOND_MAGIC, HAS_FAMILY, origin + at, PAYLOAD_BYTES, number, count, family];
    for (const [i, word] of head.entries()) block.writeUInt32LE(word, 4 * i);
    block.set(image.subarray(at, at + PAYLOAD_BYTES), 4 * head.length);
    block.writeUInt32LE(LAST_MAGIC, BLOCK_BYTES - 4);
  }
  return file;
}
