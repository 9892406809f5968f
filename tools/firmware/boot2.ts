/** The RP2040's second stage of the boot carries the checksum that its bootrom looks for (RP2040 Datasheet §2.8.1.3.1). */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { run } from "./run.ts";

const STAGE_BYTES = 256;

/** CRC-32 as the bootrom has it: polynomial 0x04c11db7, from all ones, neither reflected nor inverted. */
export function crc32(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1;
  }
  return sum >>> 0;
}

/** Fill the checksum in, if the ELF has a second stage. */
export async function seal(elf: string): Promise<void> {
  if (!/ \.boot2 /.test(await run("arm-none-eabi-objdump", ["-h", elf]))) return;
  const file = `${elf}.boot2`;
  await run("arm-none-eabi-objcopy", ["--dump-section", `.boot2=${file}`, elf]);
  const stage = readFileSync(file);
  if (stage.length !== STAGE_BYTES) throw new Error(`the second stage has ${stage.length} bytes`);
  stage.writeUInt32LE(crc32(stage.subarray(0, STAGE_BYTES - 4)), STAGE_BYTES - 4);
  writeFileSync(file, stage);
  await run("arm-none-eabi-objcopy", ["--update-section", `.boot2=${file}`, elf]);
  rmSync(file);
}
