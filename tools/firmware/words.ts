/**
 * Convert wasm2c's output to our own words. Its prologue is dropped, and with it every macro that decides how memory is
 * accessed. The module's functions remain; in them each access, each trap and each import is a call of
 * boards/common/wasm_words.h or boards/common/guest.c. An unknown construct fails the build, here or in the compiler.
 */
import { Trouble } from "../trouble.ts";
import { type Origins, withLines } from "./origins.ts";

/** An exported function, in C's types. */
export interface Call {
  readonly name: string;
  /** The function behind it. */
  readonly inner: string;
  readonly result: string;
  readonly types: readonly string[];
}

export interface Words {
  /** The module's globals, as fields of the guest. */
  readonly globals: string;
  /** Data, functions, and `guest_begin`, which sets globals and data. */
  readonly module: string;
  readonly calls: readonly Call[];
}

function unexpected(near: string): Trouble {
  const line = near.trimStart().split("\n")[0] ?? "";
  return new Trouble(`wasm2c's output is not as expected near: ${line}`, "is this the wabt of package-lock.json?");
}

/** Names as C spells them: each byte that wasm2c escaped becomes `_`. Two names that become one fail. */
class Names {
  private readonly spelled = new Map<string, string>();

  plain(prefix: string, name: string): string {
    const plain = prefix + name.replaceAll(/0x[0-9A-F]{2}/g, "_");
    if ((this.spelled.get(plain) ?? name) !== name)
      throw new Trouble(`two names of the module are ${plain} in C`, "rename one");
    this.spelled.set(plain, name);
    return plain;
  }
}

/** `feMul` in C's spelling, `fe_mul`. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The body of a function: each rule is one spelling of wasm2c's, and ours. */
function body(text: string, names: Names): string {
  return text
    .replaceAll(/^ *FUNC_(?:PROLOGUE|EPILOGUE);\n/gm, "")
    .replaceAll(
      /\b(i(?:32|64)_(?:load|store)\w*)_default32\(&instance->w2c_memory, \(u64\)\((\w+)\)(?: \+ (\w+))?/g,
      (_, word: string, base: string, offset = "0u") => `${word}(${base}, ${offset}`,
    )
    .replaceAll("memory_copy(&instance->w2c_memory, &instance->w2c_memory, ", "memory_copy(")
    .replaceAll("memory_fill(&instance->w2c_memory, ", "memory_fill(")
    .replaceAll(
      /\bw2c_([a-z]+)_(\w+)\(instance->w2c_\1_instance(?:, )?/g,
      (_, port: string, name: string) => `import_${port}_${snake(name)}(`,
    )
    .replaceAll(/\bw2c_guest_(\w+)\(instance(?:, )?/g, (_, name: string) => `${names.plain("w2c_", name)}(`)
    .replaceAll(/\binstance->w2c_(\w+)/g, (_, name: string) => `guest.${names.plain("", name)}`);
}

/** With the braces of blocks, the lines that decide which slots contain a constant. */
const ACCESS = /(i(?:32|64)_(?:load|store)\w*)\((\w+), (\w+)/g;
const LABEL = /^ *var_\w+:/;
const ASSIGNMENT = /^ *(\w+) (?:= (\d+)u;$|\S*= )/;

/**
 * Name the address of each access whose base is a slot that holds a constant. What is found here is read from the lines
 * alone; the compiler proves it again, and the build fails where it does not come to the same.
 */
function known(text: string): string {
  const blocks = [{ constants: new Map<string, string>(), assigned: new Set<string>() }];
  const lines = text.split("\n").map((line) => {
    const { constants, assigned } = blocks.at(-1)!;
    const [, slot, constant] = ASSIGNMENT.exec(line) ?? [];
    const written = line.replaceAll(ACCESS, (access, word: string, base: string, offset: string) => {
      const at = constants.get(base);
      if (at === undefined) return access;
      return `at_${word}(${Number.parseInt(at, 10) + Number.parseInt(offset, 10)}u, ${base}, ${offset}`;
    });
    if (LABEL.test(line)) constants.clear();
    if (slot !== undefined) {
      assigned.add(slot);
      constants.delete(slot);
      if (constant !== undefined) constants.set(slot, constant);
    }
    if (/^ *\}/.test(line)) leave(blocks);
    if (line.endsWith("{")) blocks.push({ constants: new Map(blocks.at(-1)!.constants), assigned: new Set() });
    return written;
  });
  return lines.join("\n");
}

/** After a block, its assignments are unknown. */
function leave(blocks: { readonly constants: Map<string, string>; readonly assigned: Set<string> }[]): void {
  const inner = blocks.pop()!;
  const outer = blocks.at(-1)!;
  for (const slot of inner.assigned) {
    outer.assigned.add(slot);
    outer.constants.delete(slot);
  }
}

/** In functions that are to be small, accesses are calls. */
function far(text: string): string {
  return text.replaceAll(/\b(i(?:32|64)_(?:load|store)\w*)\(/g, "far_$1(");
}

/**
 * Treatment of a function by the compiler, in words of boards/common/words.h: a function that runs a few times an exchange is
 * made small.
 */
function temperature(name: string): "HOTTEST" | "HOT" | "COLD" {
  if (/^w2c_assembly_crypto_(?:_poly1305|_chacha20|aead)_/.test(name)) return "HOTTEST";
  return /^w2c_assembly_(?:crypto_|lib_|tls_record_)/.test(name) ? "HOT" : "COLD";
}

function definition(
  result: string,
  name: string,
  parameters: string,
  text: string,
  origins: Origins[number] | undefined,
): string {
  const words = temperature(name) === "COLD" ? far(known(text)) : known(text);
  const whole = `static ${result} ${name}(${parameters || "void"}) {\n${words}}\n`;
  return origins === undefined ? whole : withLines(whole, origins);
}

/** The forms of which wasm2c's output consists behind its prologue, in their order. */
const ITEM = {
  declaration: /static (\w+) w2c_guest_(\w+)\(w2c_guest\*((?:, \w+)*)\);\n/y,
  /** A type of functions, for calls through tables: there are none. */
  type: /FUNC_TYPE_T\(.*\n/y,
  segment: /static const u8 data_segment_data_w2c_guest_(d\d+)\[\] = \{([^}]*)\};\n/y,
  function: /(?:static )?([\w*]+) (\w+)\(w2c_guest ?\* ?instance(?:, )?([^)]*)\) \{\n([\s\S]*?)^\}\n/my,
  /** The runtime function that a host with typed exports calls. */
  query: /wasm_rt_func_type_t wasm2c_guest_get_func_type\([\s\S]*?^\}\n/my,
  comment: /\/\*.*\*\/\n/y,
  blank: /\n/y,
};

type Item = { readonly form: keyof typeof ITEM; readonly parts: readonly string[] };

/** Take wasm2c's output apart, from its first declaration on. */
function items(c: string): Item[] {
  const found: Item[] = [];
  let at = c.search(/^static \w+ w2c_guest_\w+\(w2c_guest\*/m);
  while (at >= 0 && at < c.length) {
    const from = at;
    for (const [form, pattern] of Object.entries(ITEM)) {
      pattern.lastIndex = from;
      const match = pattern.exec(c);
      if (match === null) continue;
      found.push({ form: form as keyof typeof ITEM, parts: match.slice(1).map((part) => part ?? "") });
      at = pattern.lastIndex;
      break;
    }
    if (at === from) throw unexpected(c.slice(from));
  }
  if (found.length === 0) throw unexpected(c);
  return found;
}

/** The data segments as one array, and where each run of it goes. */
function data(init: string, segments: ReadonlyMap<string, string>): string {
  const loads = [
    ...init.matchAll(/LOAD_DATA\(instance->w2c_memory, (\d+)u, data_segment_data_w2c_guest_(d\d+), (\d+)\);\n/g),
  ];
  const lines = init.split("\n").filter((line) => line.trim() !== "" && !line.includes("wasm_rt_allocate_memory("));
  if (loads.length !== lines.length) throw unexpected(init);
  const bytes = loads.map(([, , segment]) => `  ${segments.get(segment ?? "")!.trim()}\n`).join("");
  const runs = loads.map(([, at, , len]) => `  {${at}, ${len}},\n`).join("");
  return `static const u8 data_bytes[] = {\n${bytes}};\nstatic const struct data_run data_runs[] = {\n${runs}};\n`;
}

/** Parse wasm2c's output for a module with the name `guest`; with the origins of its functions, write `#line`. */
export function parse(c: string, header: string, origins: Origins = []): Words {
  const names = new Names();
  const [prototypes, functions]: string[][] = [[], []];
  const segments = new Map<string, string>();
  const callers = new Map<string, string>();
  const inits = new Map<string, string>();
  const declared = new Set<string>();
  for (const { form, parts } of items(c)) {
    if (form === "declaration") {
      const name = names.plain("w2c_", parts[1]!);
      declared.add(parts[1]!);
      prototypes!.push(`${temperature(name)} static ${parts[0]} ${name}(${parts[2]!.slice(2) || "void"});\n`);
    } else if (form === "segment") {
      segments.set(parts[0]!, parts[1]!);
    } else if (form === "function") {
      const [result, name, parameters, text] = parts as [string, string, string, string];
      const own = name.replace(/^w2c_guest_/, "");
      if (declared.has(own))
        functions!.push(
          definition(result, names.plain("w2c_", own), parameters, body(text, names), origins[functions!.length]),
        );
      else if (own === name) inits.set(name, text);
      else callers.set(own, text);
    }
  }
  const globals = [...header.matchAll(/^  (u32|u64) w2c_(\w+);$/gm)].map(
    ([, type, name]) => `${type} ${names.plain("", name!)};`,
  );
  const starts = body(inits.get("init_globals") ?? "", names).replaceAll(/^.* = 0u;\n/gm, "");
  return {
    globals: globals.join(" "),
    module: [
      ...prototypes!,
      data(inits.get("init_memories") ?? "", segments),
      `static void guest_begin(void) {\n${starts}  load_data(data_bytes, data_runs, sizeof data_runs / sizeof *data_runs);\n}\n`,
      ...functions!,
    ].join("\n"),
    calls: calls(header, callers, names),
  };
}

/** The exported functions, read from wasm2c's header, and the function that each calls. */
function calls(header: string, callers: ReadonlyMap<string, string>, names: Names): Call[] {
  const found = [...header.matchAll(/^(u32|u64|void) w2c_guest_(\w+)\(w2c_guest\*((?:, \w+)*)\);$/gm)];
  return found.flatMap(([line, result, name, types]) => {
    if (name === undefined || name.includes("0x5Fend")) return [];
    const inner = /\bw2c_guest_(\w+)\(instance/.exec(callers.get(name) ?? "")?.[1];
    if (inner === undefined) throw unexpected(line);
    return [{ name, inner: names.plain("w2c_", inner), result: result!, types: types!.split(", ").slice(1) }];
  });
}
