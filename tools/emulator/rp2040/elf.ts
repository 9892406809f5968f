/** Load the segments of an ELF for 32-bit Arm into memory. */

const LOAD = 1;

/** Copy every loaded part to where it belongs in a memory that begins at `origin`. */
export function load(memory: Uint8Array, origin: number, elf: Buffer): void {
  const [table, size, count] = [elf.readUInt32LE(28), elf.readUInt16LE(42), elf.readUInt16LE(44)];
  for (let i = 0; i < count; i++) {
    const header = elf.subarray(table + i * size);
    const [kind, from, , to, bytes] = [0, 4, 8, 12, 16].map((offset) => header.readUInt32LE(offset));
    if (kind !== LOAD || !bytes) continue;
    const at = (to ?? 0) - origin;
    if (at < 0 || at + bytes > memory.length) throw new RangeError(`the ELF has bytes outside of flash`);
    memory.set(elf.subarray(from, (from ?? 0) + bytes), at);
  }
}
