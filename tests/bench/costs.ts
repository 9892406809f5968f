/** The figures of `signet tls`, measured and written: of operations, for its estimates, to `tools/tls/cost.table.js`; of profiles, which a README shows too, to `tools/facts/profiles.table.js`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tools/firmware/root.ts";
import { measure } from "./bench.ts";
import { benchProfile, benchProfiles, benchTls } from "./tls.ts";

const COMMAND = "npm run bench -- costs";
/** The cores, each on its board of QEMU. The first has room for every profile. */
const CORES = { "Cortex-M4": "mps2-an386", "Cortex-M0": "microbit" } as const;
/** The operations of a handshake. */
const NAMES = /^(ed25519\.sign|.*\.verify|p256\.keygen|ecdh256)$/;

const thousands = (instructions: number): number => Math.round(instructions / 1000);

/** Write a generated table. */
function write(path: string, name: string, value: object): string {
  const text = `// ${COMMAND}\n// prettier-ignore\nexport const ${name} = ${JSON.stringify(value, null, 2)};\n`;
  writeFileSync(join(ROOT, path), text);
  return text;
}

/** Measure the operations on both cores and the profiles on the first, and write them, instructions in thousands. */
export async function writeCosts(): Promise<string> {
  const cores: Record<string, Record<string, number>> = {};
  for (const [core, board] of Object.entries(CORES)) {
    const counts = [...(await measure(board))].filter(([name]) => NAMES.test(name));
    const { "tls.resume": resume } = await benchTls(board);
    // An image with `own` verifies in another way; its first handshake has one such verification more than a resumption.
    const lean = await benchProfile(board, "own");
    const all: [string, number][] = [
      ["tls.resume", resume!.instructions],
      ["ecdsa256.verify.lean", lean.handshake.instructions - lean.resume.instructions],
      ...counts.map(([name, { instructions }]): [string, number] => [name, instructions]),
    ];
    cores[core] = Object.fromEntries(all.map(([name, instructions]) => [name, thousands(instructions)]));
  }
  const profiles = Object.entries(await benchProfiles(CORES["Cortex-M4"])).map(([name, { handshake, resume }]) => {
    const { flash, longest } = handshake;
    const ram = Math.max(handshake.ram, resume.ram);
    const instructions = [handshake.instructions, resume.instructions, longest].map(thousands);
    return [name, { flash, ram, handshake: instructions[0], resume: instructions[1], longest: instructions[2] }];
  });
  return (
    write("tools/tls/cost.table.js", "costs", cores) +
    write("tools/facts/profiles.table.js", "profiles", Object.fromEntries(profiles))
  );
}
