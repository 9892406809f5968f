/** The firmware as WebAssembly for this process: portable code for everything, made again only if a source changed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asc, sourcesOf } from "../firmware/asc.ts";
import { digest, exclusively, isFresh } from "../firmware/cache.ts";
import { ROOT } from "../firmware/root.ts";

/** Compile `entry`, a file of AssemblyScript, and its imports, with these `--use` choices. */
export async function firmware(entry: string, use: readonly string[] = []): Promise<WebAssembly.Module> {
  const folder = join(ROOT, "build", "wasm");
  const out = join(folder, `${[entry, ...use].join("-").replaceAll(/[^A-Za-z]+/g, "-")}.wasm`);
  return exclusively(`${out}.lock`, async () => {
    mkdirSync(folder, { recursive: true });
    const wanted = digest([entry, ...use], sourcesOf(entry));
    if (!isFresh(`${out}.stamp`, wanted)) {
      const choices = use.flatMap((choice) => ["--use", choice]);
      const args = [entry, "--config", "asconfig.json", "--target", "release", ...choices, "--outFile", out];
      await asc(args);
      writeFileSync(`${out}.stamp`, wanted);
    }
    return WebAssembly.compile(readFileSync(out));
  });
}
