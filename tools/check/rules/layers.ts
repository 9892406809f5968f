import { posix } from "node:path";
import { imports, includes, type Import, texts } from "../imports.ts";
import { type Finding, isAssembly, type Rule, type Tree } from "../tree.ts";

/**
 * The folders that each folder of the firmware may import: `lib <- crypto <- signer <- cose <- identity` and so on, one way.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  lib: [],
  port: [],
  crypto: ["lib"],
  signer: ["lib", "crypto"],
  cose: ["lib", "crypto", "signer"],
  identity: ["lib", "crypto", "signer", "cose"],
  tls: ["lib", "crypto", "signer"],
  link: ["lib"],
  exchange: ["lib", "link"],
  app: ["lib", "crypto", "cose", "port"],
  device: ["lib", "crypto", "signer", "cose", "identity", "tls", "link", "exchange", "app", "port"],
};

/** The one name by which the firmware reaches the replaceable part. */
const APP = "assembly/app/app.ts";
/** The one file of another room that the application may import as well. */
const CERTIFICATE = "assembly/tls/ordinary.ts";

/** The room of a path of the firmware; the files at its root are rooms of their own. */
function room(path: string): string {
  const [, first, rest] = path.split("/");
  return rest === undefined ? first!.replace(/\.ts$/, "") : first!;
}

/** Judge one import between two files of the firmware. */
function oneWay(from: string, to: string): string | undefined {
  const [importer, imported] = [room(from), room(to)];
  if (importer === imported || importer === "main" || imported === "config") return undefined;
  if (importer === "config") return "config.ts imports nothing";
  if (imported === "app" && to !== APP) return `the user's code is reached as ${APP} only`;
  if (importer === "app" && to === CERTIFICATE) return undefined;
  const allowed = MAY_IMPORT[importer];
  if (!allowed) return `assembly/${importer}/ is not a room of the design`;
  return allowed.includes(imported) ? undefined : `${importer}/ must not depend on ${imported}/`;
}

/**
 * The folders that each folder of the tools may import, lowest first: a folder may only list folders above its own line. A file
 * at the root of `tools/` or a listed folder two levels down counts as a folder.
 */
export const TOOLS_MAY_IMPORT: Record<string, readonly string[]> = {
  trouble: [],
  packages: [],
  load_hooks: [],
  load: ["load_hooks"],
  lock: ["trouble"],
  fields: ["trouble"],
  generate: [],
  facts: [],
  wire: ["facts"],
  line: [],
  modem: ["facts", "line"],
  gdb: ["trouble"],
  bridge: ["trouble", "wire", "line"],
  firmware: ["trouble", "load", "fields", "facts"],
  guest: ["generate", "facts", "firmware"],
  tls: ["trouble", "generate", "facts", "firmware", "guest"],
  export: ["trouble", "facts", "firmware"],
  "emulator/rp2040": ["firmware"],
  emulator: ["trouble", "gdb", "firmware", "emulator/rp2040"],
  "server/page": [],
  "server/store": ["trouble"],
  server: ["trouble", "load", "fields", "facts", "wire", "server/page", "server/store"],
  attacker: ["wire", "line", "tls", "server"],
  flash: ["trouble", "packages", "lock", "facts", "wire", "gdb", "bridge", "firmware", "emulator", "server"],
  fleet: ["wire", "line", "bridge", "firmware", "guest"],
  project: ["trouble", "fields", "wire", "line", "bridge", "firmware", "guest", "server"],
  package: ["firmware", "project"],
  demo: [
    "trouble",
    "lock",
    "fields",
    "facts",
    "wire",
    "line",
    "modem",
    "bridge",
    "firmware",
    "emulator",
    "server/page",
    "server",
    "attacker",
    "flash",
  ],
  check: ["trouble", "generate", "facts", "firmware"],
  test: ["trouble", "load", "generate", "check"],
  doctor: ["packages"],
  cli: [
    "trouble",
    "load",
    "fields",
    "wire",
    "line",
    "modem",
    "bridge",
    "firmware",
    "export",
    "emulator",
    "tls",
    "server",
    "flash",
    "fleet",
    "project",
    "package",
    "demo",
    "check",
    "test",
    "doctor",
  ],
  signet: ["trouble", "firmware", "cli"],
  bootstrap: ["packages", "load", "signet"],
};

/** Rooms whose matter is the tests themselves: they may name paths of `tests/`, and still import none. */
const ABOUT_TESTS = ["check", "test"];

/** The room of a path of the tools. */
function toolsRoom(path: string): string {
  const parts = path.split("/").slice(1);
  if (parts.length === 1) return parts[0]!.replace(/\.\w+$/, "");
  const two = parts.slice(0, 2).join("/");
  return two in TOOLS_MAY_IMPORT ? two : parts[0]!;
}

/** Judge one import between two files of the tools, or a path of one in a string of the other. */
function toolsOneWay(from: string, to: string): string | undefined {
  const [importer, imported] = [toolsRoom(from), toolsRoom(to)];
  if (importer === imported) return undefined;
  const allowed = TOOLS_MAY_IMPORT[importer];
  if (!allowed) return `tools/${importer}/ is not a room of the design`;
  return allowed.includes(imported) ? undefined : `tools/${importer} must not depend on tools/${imported}`;
}

/** Judge one import between the parts of the repository. */
function apart(from: string, to: string): string | undefined {
  const [importer, imported] = [from.split("/")[0], to.split("/")[0]];
  if (importer === "assembly" && imported !== "assembly") return `assembly/ must not import ${imported}/`;
  // The guest of an export is firmware.
  if (imported === "assembly" && (importer === "tools" || importer === "boards") && !isAssembly(from)) {
    return `${importer}/ must not import assembly/: two implementations keep each other honest`;
  }
  if (imported === "tests" && importer !== "tests") return `${importer}/ must not import tests/`;
  return undefined;
}

/** Dependencies point one way. */
export const layers: Rule = {
  name: "layers",
  find(tree) {
    return judge(tree, ({ from, to }) => {
      if (from.startsWith("assembly/") && to.startsWith("assembly/")) return oneWay(from, to);
      if (from.startsWith("tools/") && to.startsWith("tools/")) return toolsOneWay(from, to);
      return apart(from, to);
    });
  },
};

/** A path in a string is a dependency like an import: the same layers hold, and tools do not depend on tests. */
export const named: Rule = {
  name: "named",
  find(tree) {
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      if (!path.startsWith("tools/")) continue;
      for (const { text: string, line } of texts(path, text)) {
        const message = verdict(tree, path, string);
        if (message !== undefined) found.push({ path, line, message });
      }
    }
    return found;
  },
};

/** Judge one string of a tool. */
function verdict(tree: Tree, from: string, string: string): string | undefined {
  if (!/^[\w@.][\w@./-]*$/.test(string)) return undefined;
  if (/^tests(\/|$)/.test(posix.normalize(string)))
    return ABOUT_TESTS.includes(toolsRoom(from))
      ? undefined
      : "names a path of tests/: let the tests pass it as an argument";
  const to = [posix.normalize(string), posix.join(posix.dirname(from), string)].find(
    (path) => path.startsWith("tools/") && tree.has(path),
  );
  return to === undefined ? undefined : toolsOneWay(from, to);
}

/** `_x.ts` is for its siblings, and for the tests of its folder. */
export const siblings: Rule = {
  name: "siblings",
  find(tree) {
    return judge(tree, ({ from, to }) => {
      const isPrivate = posix.basename(to).startsWith("_");
      if (!isPrivate || from.startsWith("tests/") || posix.dirname(from) === posix.dirname(to)) return undefined;
      return `${posix.basename(to)} is private to ${posix.dirname(to)}/`;
    });
  },
};

/** No chain of imports, or of includes of C, returns to its start. An import of types counts. */
export const cycles: Rule = {
  name: "cycles",
  find(tree) {
    const edges = [...imports(tree), ...includes(tree)];
    const next = new Map<string, Import[]>();
    for (const edge of edges) next.set(edge.from, [...(next.get(edge.from) ?? []), edge]);
    const found: Finding[] = [];
    const done = new Set<string>();
    const walk = (path: string, trail: string[]): void => {
      if (done.has(path)) return;
      for (const edge of next.get(path) ?? []) {
        const start = [...trail, path].indexOf(edge.to);
        if (start === -1) walk(edge.to, [...trail, path]);
        else
          found.push({
            path,
            line: edge.line,
            message: `a cycle: ${[...trail, path].slice(start).join(" -> ")} -> ${edge.to}`,
          });
      }
      done.add(path);
    };
    for (const path of next.keys()) walk(path, []);
    return found;
  },
};

/** Apply a judgement to every import. */
function judge(tree: Tree, verdict: (edge: Import) => string | undefined): Finding[] {
  return imports(tree).flatMap((edge) => {
    const message = verdict(edge);
    return message ? [{ path: edge.from, line: edge.line, message }] : [];
  });
}
