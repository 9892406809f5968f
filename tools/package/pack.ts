/**
 * Make the npm package: the tools as JavaScript, the firmware's sources as they are, no tests. Its layout is the repository's, so that
 * every path of the tools holds in both.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { filesBelow } from "../firmware/cache.ts";
import { ROOT } from "../firmware/root.ts";
import { run } from "../firmware/run.ts";
import { FIRMWARE_PACKAGES } from "../project/create.ts";
import { closure, type Lock, table } from "./licences.ts";

/** Folders and files of the package. */
const CONTENTS = ["asconfig.json", "assembly", "boards", "linker", "LICENSE", "tools"];

/** Parts of the tools for a change of Signet itself, the loader of TypeScript, and the thread's start that uses it. */
const LEFT_OUT = [
  /^tools\/(check|package|test)\//,
  /^tools\/cli\/(bench|check|contribute|format|lab|pack|separate|test)\.ts$/,
  /^tools\/(load|load_hooks|server\/thread)\.mjs$/,
];

/** AssemblyScript, which is compiled into firmware and not into the tools. */
const FIRMWARE = [/^assembly\//, /^boards\/library\//, /^tools\/firmware\/guest_\w+\.ts$/];

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** Modules that a project imports, by the name that it imports. */
const EXPORTS: Readonly<Record<string, string>> = {
  "./board": "tools/firmware/board",
  "./testing": "tools/project/testing",
};

/** The type of each board's data. */
const BOARD_TYPES =
  'import type { Board } from "../tools/firmware/board.js";\n\ndeclare const board: Board;\nexport default board;\n';

interface Described {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The package.json of the package. Packages that only a build of firmware needs are optional peers. */
function manifest(described: Described): object {
  const { version, description, license, engines, bin, dependencies, devDependencies } = described;
  const modules = Object.entries(EXPORTS).map(([name, path]) => [
    name,
    { types: `./${path}.d.ts`, default: `./${path}.js` },
  ]);
  return {
    name: "signet-mcu",
    version,
    description,
    license,
    type: "module",
    engines,
    bin,
    exports: {
      ...(Object.fromEntries(modules) as object),
      "./boards/*": { types: "./boards/board.d.ts", default: "./boards/*/board.js" },
      "./package.json": "./package.json",
    },
    files: [...CONTENTS, "LICENSES.md"],
    dependencies,
    peerDependencies: Object.fromEntries(FIRMWARE_PACKAGES.map((name) => [name, devDependencies[name]])),
    peerDependenciesMeta: Object.fromEntries(FIRMWARE_PACKAGES.map((name) => [name, { optional: true }])),
  };
}

/** Write one file of the tree into the package: TypeScript of the tools is compiled. */
function put(folder: string, path: string): void {
  const at = join(folder, path);
  mkdirSync(dirname(at), { recursive: true });
  if (!path.endsWith(".ts") || FIRMWARE.some((pattern) => pattern.test(path)))
    return copyFileSync(join(ROOT, path), at);
  if (path.endsWith(".d.ts")) return;
  const { outputText } = ts.transpileModule(read(path), { compilerOptions: OPTIONS, fileName: path });
  writeFileSync(at.replace(/\.ts$/, ".js"), outputText);
}

/** Write the types of what a project imports. */
function putTypes(folder: string): void {
  for (const path of Object.values(EXPORTS)) {
    const { outputText } = ts.transpileDeclaration(read(`${path}.ts`), { compilerOptions: OPTIONS, fileName: path });
    writeFileSync(join(folder, `${path}.d.ts`), outputText);
  }
  writeFileSync(join(folder, "boards/board.d.ts"), BOARD_TYPES);
}

/** The licences of everything that npm installs with the package, and with a project's firmware. */
function licences(described: Described): string {
  const lock = JSON.parse(read("package-lock.json")) as Lock;
  const runtime = closure(lock, Object.keys(described.dependencies));
  const firmware = closure(lock, FIRMWARE_PACKAGES).filter((path) => !runtime.includes(path));
  return [
    "# Licences",
    "Signet is under the Apache License 2.0: `LICENSE`.",
    `## Dependencies\n\n${table(lock, runtime)}`,
    `## Optional peers: for builds of firmware\n\n${table(lock, firmware)}`,
    "",
  ].join("\n\n");
}

export interface Packed {
  /** The path of the archive. */
  readonly file: string;
  readonly files: number;
  /** Bytes of the archive. */
  readonly bytes: number;
}

/** Make the package in `out`: the folder `package`, and the archive of it that npm publishes. */
export async function pack(out: string): Promise<Packed> {
  const folder = join(out, "package");
  rmSync(folder, { recursive: true, force: true });
  const described = JSON.parse(read("package.json")) as Described;
  for (const path of filesBelow(...CONTENTS)) if (!LEFT_OUT.some((pattern) => pattern.test(path))) put(folder, path);
  putTypes(folder);
  for (const program of Object.values(described.bin)) chmodSync(join(folder, program), 0o755);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(described), null, 2)}\n`);
  writeFileSync(join(folder, "README.md"), read("tools/package/README.md.in"));
  writeFileSync(join(folder, "LICENSES.md"), licences(described));
  const told = await run("npm", ["pack", "--json", "--ignore-scripts", "--offline", "--pack-destination", out], folder);
  const [{ filename, size, entryCount }] = JSON.parse(told) as [{ filename: string; size: number; entryCount: number }];
  return { file: join(out, filename), files: entryCount, bytes: size };
}
