import { CONFIG, generate, vocabularies } from "../../generate/at.ts";
import { COMMAND, outputs } from "../../facts/generate.ts";
import { STATUSES } from "../../facts/device.ts";
import { LABELS, LIMITS } from "../../facts/protocol.ts";
import { numbers } from "../../facts/table.ts";
import type { Finding, Rule, Tree } from "../tree.ts";

const FACTS = outputs();

/** Each generated file matches its source. */
export const generated: Rule = {
  name: "generated",
  find: (tree) => [...families(tree), ...facts(tree)],
};

/** The tables of AT families. */
function families(tree: Tree): Finding[] {
  return vocabularies(tree.keys()).flatMap(([from, to]) => {
    try {
      const made = generate(tree.get(from) ?? "", tree.get(CONFIG) ?? "");
      if (made === tree.get(to)) return [];
      return [{ path: to, line: 0, message: `is not what ${from} says: run \`${made.slice(3, made.indexOf("\n"))}\`` }];
    } catch (error) {
      return [{ path: from, line: 0, message: String(error) }];
    }
  });
}

/** The texts that hold facts. */
function facts(tree: Tree): Finding[] {
  return [...FACTS].flatMap(([path, make]) => {
    const now = tree.get(path) ?? "";
    return make(now) === now ? [] : [{ path, line: 0, message: `is not what tools/facts says: run \`${COMMAND}\`` }];
  });
}

/** Numbers that are Signet's own and mean one thing only, however they are written. */
const OWN: ReadonlyMap<number, string> = new Map([
  ...Object.entries(numbers(LABELS))
    .filter(([, number]) => number < -65_536)
    .map(([name, number]) => [-number, `the label of ${name}`] as const),
  [STATUSES.ok[0], "Status.Ok"],
  [LIMITS.COUNTER_END[0], "COUNTER_END"],
]);

/** A fact is written once: no code repeats a number that is Signet's own. */
export const copies: Rule = {
  name: "copies",
  find: (tree) =>
    [...tree].flatMap(([path, text]) =>
      isCode(path)
        ? text.split("\n").flatMap((line, i) => copied(line).map((message) => ({ path, line: i + 1, message })))
        : [],
    ),
};

function isCode(path: string): boolean {
  const isOurs = /^(assembly|boards|tools)\/.*\.(ts|js|c|h)$/.test(path);
  return isOurs && !path.startsWith("tools/facts/") && !FACTS.has(path);
}

function copied(line: string): string[] {
  const literals = line.match(/\b(0x[0-9a-f_]+|[0-9][0-9_]*)/gi) ?? [];
  return literals.flatMap((literal) => {
    const name = OWN.get(Number(literal.replaceAll("_", "")));
    return name ? [`${literal} is ${name}: take it from tools/facts, or from what is generated of it`] : [];
  });
}
