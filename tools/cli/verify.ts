import type { Command } from "commander";

/** `signet verify`: check stored reports offline. */
export function add(program: Command): void {
  program
    .command("verify")
    .description("check stored reports or an archive with a public key, offline")
    .argument("<file>", "a report, binary or hexadecimal, exported rows, or an archive")
    .requiredOption(
      "--key <key>",
      "the public key, the device's or for an archive the server's: hexadecimal, or a file",
    )
    .action(async (file: string, { key }: { key: string }) => {
      const { verifyArchive, verifyFile } = await import("../server/verify.ts");
      const { isArchive } = await import("../server/archive_file.ts");
      if (isArchive(file)) {
        process.stdout.write(verifyArchive(file, key));
        return;
      }
      for (const { device, counter, audience, data } of verifyFile(file, key)) {
        process.stdout.write(`verified: device ${device} counter ${counter} audience ${audience} data ${data}\n`);
      }
    });
}
