/**
 * Convert wasm2c's output to our own words. Its prologue is dropped, and with it every macro that decides how memory is
 * accessed. The module's functions remain; in them each access, each trap and each import is a call of
 * boards/common/wasm_words.h or boards/common/guest.c. An unknown construct fails the build, here or in the compiler.
 */
import { Trouble } from "../trouble.ts";
import { bind, type CFunction } from "./bound.ts";
import { CONSTANTS_AT } from "./memory.mjs";
import { withConstants } from "./slots.ts";
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
  /** Bytes of the constants. */
  readonly constants: number;
  /** Constants, functions, and `guest_begin`, which sets the globals. */
  readonly module: string;
  readonly calls: readonly Call[];
}

function unexpected(near: string): Trouble {
  const line = near.trimStart().split("\n")[0] ?? "";
  return new Trouble(`wasm2c wrote an unexpected text near: ${line}`, "use the version of wabt in package-lock.json");
}

/** Names as C spells them: each byte that wasm2c escaped becomes `_`. Two names that become one fail. */
class Names {
  private readonly spelled = new Map<string, string>();

  plain(prefix: string, name: string): string {
    const plain = prefix + name.replaceAll(/0x[0-9A-F]{2}/g, "_");
    if ((this.spelled.get(plain) ?? name) !== name)
      throw new Trouble(`two names of the module become ${plain} in C`, "rename one");
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
    .replaceAll(/\binstance->w2c_(\w+)/g, (_, name: string) => `globals.${names.plain("", name)}`);
}

/** An access of memory: word, base, offset. */
const ACCESS = /(i(?:32|64)_(?:load|store)\w*)\((\w+), (\w+)/g;

/** Name the address of each access whose base is a slot that holds a constant; the compiler proves it again. */
function known(text: string): string {
  return withConstants(text, (line, constants) =>
    line.replaceAll(ACCESS, (access, word: string, base: string, offset: string) => {
      const at = constants.get(base);
      if (at === undefined) return access;
      return `at_${word}(${at + Number.parseInt(offset, 10)}u, ${base}, ${offset}`;
    }),
  );
}

/** Name the accesses of a function for its temperature: in functions that are to be small they are calls. */
function prefixed(text: string, prefix: string | undefined): string {
  return prefix === undefined ? text : text.replaceAll(/\b(i(?:32|64)_(?:load|store)\w*)\(/g, `${prefix}_$1(`);
}

/** How the compiler treats a function, in words of boards/common/words.h. */
type Temperature = "HOTTEST" | "HOT" | "WARM" | "COLD";

/** The files of the cryptography whose functions are not small; the first that fits decides. `_` is what only their siblings import. */
const TEMPERATURES: readonly (readonly [files: RegExp, temperature: Temperature])[] = [
  [/^w2c_assembly_crypto_(?:_poly1305|_chacha20|aead)_/, "HOTTEST"],
  [/^w2c_assembly_crypto_(?:_sc25519|_ge25519|_table25519)_/, "WARM"],
  [/^w2c_assembly_crypto_(?:_|x25519_|aes128gcm_)/, "HOT"],
];

/** Treatment of a function by the compiler. All functions are small if the image is to be. */
function temperature(name: string, isSmall: boolean): Temperature {
  return (!isSmall && TEMPERATURES.find(([files]) => files.test(name))?.[1]) || "COLD";
}

/** The prefix of the words of functions that are not hot. */
const PREFIXES: Partial<Record<Temperature, string>> = { COLD: "far", WARM: "warm" };

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

interface Constants {
  readonly bytes: number;
  readonly text: string;
}

/** The data segments as one array of constants: memory that is written begins with zeros. */
function constantsOf(init: string, segments: ReadonlyMap<string, string>): Constants {
  const loads = [
    ...init.matchAll(/LOAD_DATA\(instance->w2c_memory, (\d+)u, data_segment_data_w2c_guest_(d\d+), (\d+)\);\n/g),
  ];
  const lines = init.split("\n").filter((line) => line.trim() !== "" && !line.includes("wasm_rt_allocate_memory("));
  if (loads.length !== lines.length) throw unexpected(init);
  const runs = loads.map(([, at, segment, len]) => ({
    from: Number(at) - CONSTANTS_AT,
    end: Number(at) - CONSTANTS_AT + Number(len),
    text: segments.get(segment ?? "")!.trim(),
  }));
  if (runs.some(({ from }) => from < 0))
    throw new Trouble(
      "static memory that is written begins with bytes that are not zero",
      "put text and lists into memory.data<u8>([…]), which the program never writes",
    );
  const bytes = Math.max(0, ...runs.map(({ end }) => end));
  const text = runs.map((run) => `  [${run.from}] = ${run.text}\n`).join("");
  return { bytes, text: `static const u8 constants[CONSTANTS_BYTES] = {\n${text}};\n` };
}

export interface Choices {
  /** True if all functions are to be small. */
  readonly isSmall?: boolean;
  /** The origins of the instructions of each function, for `#line`. */
  readonly origins?: Origins;
}

/** Parse wasm2c's output for a module with the name `guest`. */
export function parse(c: string, header: string, { isSmall = false, origins = [] }: Choices = {}): Words {
  const names = new Names();
  const prototypes: { readonly name: string; readonly text: string }[] = [];
  const functions: CFunction[] = [];
  const segments = new Map<string, string>();
  const callers = new Map<string, string>();
  const inits = new Map<string, string>();
  const declared = new Set<string>();
  for (const { form, parts } of items(c)) {
    if (form === "declaration") {
      const name = names.plain("w2c_", parts[1]!);
      declared.add(parts[1]!);
      prototypes.push({ name, text: `${parts[0]} ${name}(${parts[2]!.slice(2) || "void"});\n` });
    } else if (form === "segment") {
      segments.set(parts[0]!, parts[1]!);
    } else if (form === "function") {
      const [result, name, parameters, text] = parts as [string, string, string, string];
      const own = name.replace(/^w2c_guest_/, "");
      if (declared.has(own))
        functions.push({ name: names.plain("w2c_", own), result, parameters, text: body(text, names) });
      else if (own === name) inits.set(name, text);
      else callers.set(own, text);
    }
  }
  const globals = [...header.matchAll(/^  (u32|u64) w2c_(\w+);$/gm)].map(
    ([, type, name]) => `${type} ${names.plain("", name!)};`,
  );
  const starts = body(inits.get("init_globals") ?? "", names).replaceAll(/^.* = 0u;\n/gm, "");
  const isCold = ({ name }: CFunction): boolean => temperature(name, isSmall) === "COLD";
  const { thunks, targets, texts } = bind(functions, isCold);
  // A function that others call for its constants is not copied into them.
  const declarations = prototypes.map(
    ({ name, text }) => `${temperature(name, isSmall)} ${targets.has(name) ? "FAR" : "static"} ${text}`,
  );
  const definitions = functions.map(({ name, result, parameters }, i) => {
    const words = prefixed(known(texts[i]!), PREFIXES[temperature(name, isSmall)]);
    const whole = `static ${result} ${name}(${parameters || "void"}) {\n${words}}\n`;
    return origins[i] === undefined ? whole : withLines(whole, origins[i]);
  });
  const { bytes: constants, text: constantsText } = constantsOf(inits.get("init_memories") ?? "", segments);
  return {
    globals: globals.join(" "),
    constants,
    module: [
      ...declarations,
      ...thunks,
      constantsText,
      `static void guest_begin(void) {\n${starts}}\n`,
      ...definitions,
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
