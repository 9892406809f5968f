/** The firmware as WebAssembly for this process: portable code for everything, made again only if a source changed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asc, NODE_LEVEL, sourcesOf } from "../firmware/asc.ts";
import { digest, exclusively, isFresh } from "../firmware/cache.ts";
import { BUILD } from "../firmware/root.ts";

/** Compile `entry`, a file of AssemblyScript, and its imports, with these `--use` choices; an application of the folder `app`, if it is given. */
export async function firmware(entry: string, use: readonly string[] = [], app?: string): Promise<WebAssembly.Module> {
  const folder = join(BUILD, "wasm");
  const name = [entry, ...use].join("-").replaceAll(/[^A-Za-z]+/g, "-");
  const out = join(folder, `${name}${app === undefined ? "" : digest([app], []).slice(0, 8)}.wasm`);
  return exclusively(`${out}.lock`, async () => {
    mkdirSync(folder, { recursive: true });
    const wanted = digest([entry, ...use], sourcesOf({ entry, app }));
    if (!isFresh(`${out}.stamp`, wanted)) {
      const choices = use.flatMap((choice) => ["--use", choice]);
      await asc([entry, NODE_LEVEL, ...choices, "--outFile", out], app);
      writeFileSync(`${out}.stamp`, wanted);
    }
    return WebAssembly.compile(readFileSync(out));
  });
}
