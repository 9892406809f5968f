/** The figures of `signet tls`: what it estimates handshakes with, measured and written to `tools/tls/cost.table.js`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../tools/firmware/root.ts";
import { measure } from "./bench.ts";
import { benchTls } from "./tls.ts";

const COMMAND = "npm run bench -- costs";
/** The cores, each on its board of QEMU. */
const CORES = { "Cortex-M4": "mps2-an386", "Cortex-M0": "microbit" } as const;
/** The operations of a handshake. */
const NAMES = /^(ed25519\.sign|.*\.verify)$/;

/** Measure the operations on both cores, and write them in thousands of instructions. */
export async function writeCosts(): Promise<string> {
  const cores: Record<string, Record<string, number>> = {};
  for (const [core, board] of Object.entries(CORES)) {
    const counts = [...(await measure(board))].filter(([name]) => NAMES.test(name));
    const { "tls.resume": resume } = await benchTls(board);
    const all: [string, number][] = [
      ["tls.resume", resume!.instructions],
      ...counts.map(([name, { instructions }]): [string, number] => [name, instructions]),
    ];
    cores[core] = Object.fromEntries(all.map(([name, instructions]) => [name, Math.round(instructions / 1000)]));
  }
  const text = `// ${COMMAND}\n// prettier-ignore\nexport const costs = ${JSON.stringify(cores, null, 2)};\n`;
  writeFileSync(join(ROOT, "tools/tls/cost.table.js"), text);
  return text;
}
