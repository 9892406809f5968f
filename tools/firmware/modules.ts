/** Modules of the tools and of a project, and the npm packages of a build. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { Trouble } from "../trouble.ts";
import { IS_PACKAGE, ROOT } from "./root.ts";

/** Lets Node import TypeScript, in the working tree. */
const { href: LOADER } = pathToFileURL(join(ROOT, "tools", "load.mjs"));

/** Return Node's arguments that run a module of the tools; `path` is without its extension, from the root. */
export function moduleArguments(path: string): string[] {
  return IS_PACKAGE ? [join(ROOT, `${path}.js`)] : ["--import", LOADER, join(ROOT, `${path}.ts`)];
}

/** Return the folder of a package that a build needs, from the root: the package may lie beside Signet or in it. */
export function packageFolder(name: string): string {
  const [found] = (createRequire(import.meta.url).resolve.paths(name) ?? [])
    .map((folder) => join(folder, name))
    .filter((folder) => existsSync(join(folder, "package.json")));
  if (found === undefined)
    throw new Trouble(`the npm package ${name} is not installed`, `npm install --save-dev ${name}`);
  return relative(ROOT, found);
}

/** Return the path of a module of data, `path` without its extension: compiled or not. */
export function moduleFile(path: string): string | undefined {
  return [`${path}.ts`, `${path}.js`].find((file) => existsSync(file));
}

/** Load a module of data by its path. Node before 22.18 loads TypeScript of a project with the package tsx only. */
export async function loadModule<T>(path: string): Promise<T> {
  const { href } = pathToFileURL(path);
  try {
    return (await import(href)) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
  }
  packageFolder("tsx");
  const { tsImport } = await import("tsx/esm/api");
  return (await tsImport(href, import.meta.url)) as T;
}
