import { texts } from "../imports.ts";
import { matches, type Finding, type Rule, type Tree } from "../tree.ts";

const PAGES = ["SECURITY.md", "COMPLIANCE.md"];

/** `tests/folder/suite`, and after a colon how the title of one of its tests begins. */
const NAMED = /`(tests\/[^`]+)`(?:: ([^;|)]*[^;|) ]))?/g;

const VIOLATIONS = "tests/build/guards.test.ts";

/** Each compile-time guard of the firmware, `ERROR("sentence")`, has a violation whose expected sentence begins as the guard's does. */
export const guards: Rule = {
  name: "guards",
  find(tree) {
    const expected = texts(VIOLATIONS, tree.get(VIOLATIONS) ?? "").map(({ text }) => text);
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      if (!path.startsWith("assembly/") || !path.endsWith(".ts")) continue;
      for (const { line, match } of matches(text, /\bERROR\(\s*"([^"]*)"/g))
        if (!expected.some((sentence) => sentence.includes(" ") && match[1]!.startsWith(sentence)))
          found.push({ path, line, message: `a guard without a violation in ${VIOLATIONS}: ${match[1]}` });
    }
    return found;
  },
};

/** The row of a walk in the root README: a decision, the file, the line of code. */
const WALK = /^\| [^|]+ \| \[`([^`]+)`\][^|]* \| `([^`|]+)` \|$/gm;

/** Each walk of the root README ends at a line that exists. */
export const walks: Rule = {
  name: "walks",
  find: (tree) =>
    [...matches(tree.get("README.md") ?? "", WALK)].flatMap(({ line, match: [, path, code] }) =>
      tree.get(path!)?.includes(code!) ? [] : [{ path: "README.md", line, message: `${path} has no line ${code}` }],
    ),
};

/** A file or a folder of the repository, other than a test. */
const FILE = /`((?:assembly|boards|linker|tools)\/[^`\s]*|[A-Z]+\.md)`/g;

/** Each test and each file that the pages on security and compliance name exists. */
export const promises: Rule = {
  name: "promises",
  find: (tree) => PAGES.flatMap((page) => [...promisesOf(tree, page), ...missingFiles(tree, page)]),
};

/** The files and folders that a page names and the tree does not have. */
function missingFiles(tree: Tree, path: string): Finding[] {
  const isThere = (name: string): boolean =>
    tree.has(name) || [...tree.keys()].some((file) => file.startsWith(`${name.replace(/\/$/, "")}/`));
  return [...matches(tree.get(path) ?? "", FILE)].flatMap(({ line, match }) =>
    isThere(match[1]!) ? [] : [{ path, line, message: `names no file: ${match[1]}` }],
  );
}

/** The tests that a page names and the tree does not have. */
function promisesOf(tree: Tree, path: string): Finding[] {
  const found: Finding[] = [];
  for (const { line, match } of matches(tree.get(path) ?? "", NAMED)) {
    const [, suite, title] = match;
    const texts = suites(tree, suite!);
    if (texts.length === 0) found.push({ path, line, message: `names no suite: ${suite}` });
    else if (title !== undefined && !texts.some((text) => text.includes(`"${title}`) || text.includes(`\`${title}`)))
      found.push({ path, line, message: `names no test of ${suite}: ${title}` });
  }
  return found;
}

/** The texts of a suite, or of all suites in a folder. */
function suites(tree: Tree, name: string): string[] {
  const isNamed = (path: string): boolean => path.startsWith(`${name}.`) || path.startsWith(`${name}/`);
  return [...tree].filter(([path]) => isNamed(path) && /\.(test|spec)\.ts$/.test(path)).map(([, text]) => text);
}
