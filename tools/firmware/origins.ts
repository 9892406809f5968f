/** The origin of each instruction of a module: lines of AssemblyScript, by asc's source map, as `#line` in wasm2c's C. */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join } from "node:path";
import { Trouble } from "../trouble.ts";
import { WASM_FLAGS } from "./asc.ts";
import { packageFolder } from "./modules.ts";
import { run } from "./run.ts";

/** Program of the package `wabt` that lists a module's instructions, each with its offset in the file. */
const OBJDUMP = "bin/wasm-objdump";

/** Instructions for which wasm2c writes one statement each, in their order: they match the C with the module. */
type Mark = "const" | "access" | "call" | "bulk";

/** A mark of the module, and its line: `12 "assembly/lib/bytes.ts"`. */
export interface Origin {
  readonly mark: Mark;
  readonly line: string | undefined;
}

/** The marks of each function, in the module's order. */
export type Origins = readonly (readonly Origin[])[];

const INSTRUCTIONS: readonly (readonly [RegExp, Mark])[] = [
  [/^i(?:32|64)\.const /, "const"],
  [/^i(?:32|64)\.(?:load|store)/, "access"],
  [/^call /, "call"],
  [/^memory\.(?:copy|fill)/, "bulk"],
];

const STATEMENTS: readonly (readonly [RegExp, Mark])[] = [
  [/^ *\w+ = \d+u(?:ll)?;$/, "const"],
  [/i(?:32|64)_(?:load|store)\w*\(/, "access"],
  [/^ *(?:bound_)?memory_(?:copy|fill)\w*\(/, "bulk"],
  [/^ *(?:\w+ = )?(?:w2c|bound|import)_\w+\(/, "call"],
];

function markOf(text: string, table: typeof INSTRUCTIONS): Mark | undefined {
  return table.find(([pattern]) => pattern.test(text))?.[1];
}

/** Bytes up to the operation that an operand without an entry belongs to. */
const OPERAND_BYTES = 16;

/** The line of the instruction at an offset. The load of a field has none in asc's map: it belongs to the operation that follows in its function. */
function lineAt(map: SourceMap, at: number, end: number): string | undefined {
  for (let column = at; column < Math.min(end, at + OPERAND_BYTES); column++) {
    const entry = map.findEntry(0, column);
    if ("originalSource" in entry && entry.originalSource !== undefined)
      return `${entry.originalLine + 1} "${entry.originalSource}"`;
  }
  return undefined;
}

/** Read the origins of a module with a source map beside it. */
export async function originsOf(wasm: string): Promise<Origins> {
  const map = new SourceMap(JSON.parse(readFileSync(`${wasm}.map`, "utf8")));
  const found: Origin[][] = [];
  const listing = await run(process.execPath, [...WASM_FLAGS, join(packageFolder("wabt"), OBJDUMP), "-d", wasm]);
  const starts = [...listing.matchAll(/^([0-9a-f]+) func\[/gm)].map(([, at]) => Number.parseInt(at!, 16));
  for (const line of listing.split("\n")) {
    if (/^[0-9a-f]+ func\[/.test(line)) found.push([]);
    const [, at, text] = /^ ([0-9a-f]+): [0-9a-f ]+\| *(.*)$/.exec(line) ?? [];
    const mark = markOf(text ?? "", INSTRUCTIONS);
    if (at === undefined || mark === undefined) continue;
    const end = starts[found.length] ?? Number.POSITIVE_INFINITY;
    found.at(-1)?.push({ mark, line: lineAt(map, Number.parseInt(at, 16), end) });
  }
  return found;
}

/** Put `#line` before each statement of a function whose origin is another than that of the statement before it. */
export function withLines(text: string, origins: readonly Origin[]): string {
  const statements = text.split("\n");
  const marked = statements.map((statement) => markOf(statement, STATEMENTS));
  const marks = marked.filter((mark) => mark !== undefined);
  if (marks.length !== origins.length || origins.some(({ mark }, i) => mark !== marks[i]))
    throw new Trouble("the statements of wasm2c do not match the instructions of the module", "see origins.ts");
  let next = 0;
  let at = origins[0]?.line;
  const written = statements.map((statement, i) => {
    if (marked[i] !== undefined) at = origins[next++]?.line ?? at;
    return at === undefined || statement === "" ? statement : `#line ${at}\n${statement}`;
  });
  return written.join("\n");
}
