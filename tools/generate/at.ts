/**
 * Generate what a family of AT modules says and hears from its vocabulary: each `assembly/link/at/<family>.json` becomes
 * `_<family>.ts` beside it, its steps as a block of bytes and its words as hashes.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const COMMAND = "node --import tsx tools/generate/at.ts";
const FOLDER = "assembly/link/at";
export const CONFIG = "assembly/config.ts";
/** The unit of a limit, as `assembly/link/at/step.ts` has it; a row keeps it in a byte. */
const UNIT_MS = 500;
const MOST_MS = 255 * UNIT_MS;
/** The commands that every driver has, in their order, and the number of the step behind them: `Phase` in `assembly/link/at/step.ts`. */
const COMMON = ["Sync", "Reset", "HangUp", "Connect", "Send", "Read"];
const SET_UP = 17;

/** A command, its limit (a name of config.ts), and its flags (`Flag` in step.ts). */
type Row = readonly [command: string, limit: string, ...flags: string[]];

interface Vocabulary {
  /** The common start of many commands, behind `AT`; it is stored once. */
  readonly prefix: string;
  /** The command that asks for another baud rate, the fourth argument, and lines for flow control, the first. */
  readonly rate?: Row;
  /**
   * Each command. In it `{1}` to `{4}` stand for arguments, `{1 quoted}` for one within quotes. The first are those of `COMMON`.
   */
  readonly steps: Readonly<Record<string, Row>>;
  /** Rows that are others on the road UDP. */
  readonly udp?: Readonly<Record<string, Row>>;
  /** Lines that a module says, or what such a line begins with. */
  readonly words: Readonly<Record<string, string>>;
}

/** FNV-1a, as `assembly/link/word.ts` has it. */
function hash(word: string): string {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(word)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/** A template as `assembly/link/text.ts` wants it: arguments are bytes 1 to 8, the end is 0. */
function template(text: string): string {
  const holes = text.replace(/\{([1-4])( quoted)?\}/g, (_, number: string, quoted?: string) =>
    String.fromCharCode(Number(number) + (quoted ? 4 : 0)),
  );
  return Array.from(Buffer.from(`${holes}\0`)).join(", ");
}

/** The first steps of a set-up that drivers share, if a table has the last: `mobile.ts` and `wifi.ts` of `assembly/link/at` have them. */
const SHARED = [
  ["Echo", "Errors", "Locked", "Unlock", "Attach", "Extra"],
  ["Echo", "Store", "Joined", "Mode", "Join"],
] as const;

/** Refuse a limit that config.ts does not have, or that a row cannot hold. */
function checkLimit(config: string, name: string): void {
  const ms = Number(new RegExp(`^export const ${name}: u32 = ([0-9_]+);$`, "m").exec(config)?.[1]?.replaceAll("_", ""));
  if (!(ms <= MOST_MS && ms % UNIT_MS === 0)) {
    throw new Error(`${name} must be a number of config.ts, a multiple of ${UNIT_MS} and at most ${MOST_MS}`);
  }
}

/** The file that belongs to a vocabulary, and to the limits of config.ts. */
export function generate(json: string, config: string): string {
  const { prefix, rate, steps, udp, words } = JSON.parse(json) as Vocabulary;
  const rowOf = ([command, limit, ...flags]: Row): string => {
    const behind = command.replace(/^AT/, "");
    const isPrefixed = behind.startsWith(prefix);
    const all = (isPrefixed ? ["Prefix", ...flags] : flags).map((flag) => `Flag.${flag}`).join(" | ") || "0";
    return `  /* ${command} */ <u8>(${all}), <u8>(${limit} / UNIT_MS), ${template(isPrefixed ? behind.slice(prefix.length) : behind)},`;
  };
  const block = (name: string, rows: readonly string[]): string =>
    `// prettier-ignore\n@lazy\nexport const ${name}: usize = memory.data<u8>([\n${rows.join("\n")}\n]);\n`;
  const names = Object.keys(steps);
  if (COMMON.some((name, index) => names[index] !== name)) throw new Error(`the first steps are ${COMMON.join(", ")}`);
  for (const shared of SHARED)
    if (names.includes(shared.at(-1)!) && shared.some((name, index) => names[COMMON.length + index] !== name))
      throw new Error(`the first steps of the set-up are ${shared.join(", ")}`);
  const numbers = names.slice(COMMON.length).map((name, index) => `  ${name} = ${index + SET_UP},`);
  const known = Object.entries(words).map(
    ([name, word]) => `  /** ${JSON.stringify(word)} */\n  ${name} = ${hash(word)},`,
  );
  const all = [...Object.values(steps), ...Object.values(udp ?? {}), ...(rate ? [rate] : [])];
  const table = (name: string, rows: Vocabulary["steps"]): string =>
    block(name, [`  /* ${prefix} */ 0, 0, ${template(prefix)},`, ...Object.values(rows).map(rowOf)]);
  for (const [, limit] of all) checkLimit(config, limit);
  const limits = [...new Set(all.map(([, limit]) => limit))].toSorted();
  return [
    `// ${COMMAND}`,
    `import { ${limits.join(", ")} } from "../../config";`,
    `import { Flag, UNIT_MS } from "./step";\n`,
    `/** The steps of this family, from Phase.SetUp on. */\nexport const enum Step {\n${numbers.join("\n")}\n}\n`,
    ...(rate ? [block("rate", [rowOf(rate)])] : []),
    table("steps", steps),
    ...(udp ? [table("udpSteps", { ...steps, ...udp })] : []),
    `/** Words of a module, by hash. */\nexport const enum Word {\n${known.join("\n")}\n}\n`,
  ].join("\n");
}

/** The vocabularies, each with the file that belongs to it. */
export function vocabularies(paths: Iterable<string>): [from: string, to: string][] {
  return [...paths].flatMap((path): [string, string][] => {
    const name = new RegExp(`^${FOLDER}/(\\w+)\\.json$`).exec(path)?.[1];
    return name ? [[path, `${FOLDER}/_${name}.ts`]] : [];
  });
}

if (import.meta.filename === process.argv[1]) {
  for (const [from, to] of vocabularies(readdirSync(FOLDER).map((name) => `${FOLDER}/${name}`))) {
    writeFileSync(to, generate(readFileSync(from, "utf8"), readFileSync(CONFIG, "utf8")));
  }
}
