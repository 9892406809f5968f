/** The programs that run code of a final ELF in Unicorn: each is one C file over `machine.h`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { digest, exclusively, isFresh } from "../../tools/firmware/cache.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { run } from "../../tools/firmware/run.ts";

const FOLDER = join(ROOT, "build", "machine");

/** The files of which a program is made. */
export function sourcesOf(source: string): string[] {
  return [source, "tests/lab/machine.h"];
}

/** Compile a program, if it was changed; returns its path. */
export async function compileMachine(source: string): Promise<string> {
  const out = join(FOLDER, basename(source, ".c"));
  await exclusively(`${out}.lock`, async () => {
    mkdirSync(FOLDER, { recursive: true });
    const wanted = digest([], sourcesOf(source));
    if (isFresh(`${out}.stamp`, wanted)) return;
    await run("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", source, "-o", out, "-lunicorn"]);
    writeFileSync(`${out}.stamp`, wanted);
  });
  return out;
}

let jobs = 0;

/** Run a compiled program on an ELF with a job, the text that the program reads; returns what it prints. */
export async function runJob(program: string, elf: string, job: string): Promise<string> {
  const path = join(FOLDER, `job-${process.pid}-${jobs++}`);
  writeFileSync(path, job);
  const said = await run(program, [elf, path]);
  rmSync(path);
  return said;
}
