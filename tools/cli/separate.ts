/** A program of the tests, which tools neither import nor name by path: `config` of package.json has its place. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../firmware/root.ts";

/** Run the program `name` and end as it does. */
export async function runSeparate(name: string, args: readonly string[]): Promise<void> {
  const { config } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { config: Record<string, string> };
  const program = ["--import", join(ROOT, "tools", "load.mjs"), join(ROOT, config[name]!)];
  const [code] = (await once(spawn(process.execPath, [...program, ...args], { stdio: "inherit" }), "exit")) as [
    number | null,
  ];
  process.exitCode = code ?? 1;
}
