/** The npm packages that a package brings, and their licences, from package-lock.json. */

interface Entry {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The part of package-lock.json that is used here: entries by their folder. */
export interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}

/** The folder of the package `name` as the package in `from` finds it: the nearest node_modules. */
function find(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const path = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (path in lock.packages) return path;
    if (folder === "") return undefined;
  }
}

/** Return the folders of the packages `names` and of all that they depend on, sorted. */
export function closure(lock: Lock, names: readonly string[]): string[] {
  const found = new Set<string>();
  const walk = (from: string, wanted: readonly string[]): void => {
    for (const name of wanted) {
      const path = find(lock, from, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      const { dependencies = {}, optionalDependencies = {} } = lock.packages[path]!;
      walk(path, [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);
    }
  };
  walk("", names);
  return [...found].toSorted();
}

/** Write packages as a table of Markdown: name, version, licence. */
export function table(lock: Lock, paths: readonly string[]): string {
  const rows = paths.map((path) => {
    const { version, license = "not stated" } = lock.packages[path]!;
    return `| ${path.replace(/^.*node_modules\//, "")} | ${version} | ${license} |`;
  });
  return ["| package | version | licence |", "| --- | --- | --- |", ...rows].join("\n");
}
