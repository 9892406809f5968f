import { execFileSync } from "node:child_process";
import { join, relative, resolve } from "node:path";
import { paths, ROOT } from "./tree.ts";

/** The output of a generator keeps the generator's format. */
const GENERATED = /\.table\.|\/_?table|\/corpus\/|^package-lock\.json$/;

/** List the files for Prettier: TypeScript, AssemblyScript, and the JSON beside them. */
export function prettierFormatted(): string[] {
  return paths().filter((path) => /\.(ts|mts|mjs|js|json)$/.test(path) && !GENERATED.test(path));
}

/** List the files for clang-format: the C written by hand. */
export function clangFormatted(): string[] {
  return paths().filter((path) => /\.(c|h)$/.test(path) && !GENERATED.test(path));
}

/** Write files (all, or those given) the way the check wants them. */
export async function format(only: readonly string[]): Promise<void> {
  const wanted = new Set(only.map((file) => relative(ROOT, resolve(file))));
  const chosen = (files: string[]): string[] => (wanted.size === 0 ? files : files.filter((file) => wanted.has(file)));
  const pretty = chosen(prettierFormatted());
  const clang = chosen(clangFormatted());
  const options = { cwd: ROOT, stdio: "inherit" } as const;
  const prettier = join(ROOT, "node_modules", "prettier", "bin", "prettier.cjs");
  if (pretty.length > 0)
    execFileSync(process.execPath, [prettier, "--write", "--log-level", "warn", ...pretty], options);
  if (clang.length > 0) execFileSync("clang-format", ["-i", ...clang], options);
}
