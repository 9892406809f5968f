import type { Command } from "commander";

/** `signet verify`: check stored reports offline. */
export function add(program: Command): void {
  program
    .command("verify")
    .description("check stored reports with the device's public key, offline")
    .argument("<file>", "a report, binary or hexadecimal, or exported rows")
    .requiredOption("--key <key>", "the device's public key: hexadecimal, or a file")
    .action(async (file: string, { key }: { key: string }) => {
      const { verifyFile } = await import("../server/verify.ts");
      for (const { device, counter, audience, data } of verifyFile(file, key)) {
        process.stdout.write(`verified: device ${device} counter ${counter} audience ${audience} data ${data}\n`);
      }
    });
}
