import { matches, type Finding, type Rule, type Tree } from "../tree.ts";

const PAGE = "SECURITY.md";

/** `tests/folder/suite`, and after a colon how the title of one of its tests begins. */
const NAMED = /`(tests\/[^`]+)`(?:: ([^;|)]*[^;|) ]))?/g;

/** Each test that the security page names exists. */
export const promises: Rule = {
  name: "promises",
  find(tree) {
    const found: Finding[] = [];
    for (const { line, match } of matches(tree.get(PAGE) ?? "", NAMED)) {
      const [, suite, title] = match;
      const texts = suites(tree, suite!);
      if (texts.length === 0) found.push({ path: PAGE, line, message: `names no suite: ${suite}` });
      else if (title !== undefined && !texts.some((text) => text.includes(`"${title}`) || text.includes(`\`${title}`)))
        found.push({ path: PAGE, line, message: `names no test of ${suite}: ${title}` });
    }
    return found;
  },
};

/** The texts of a suite, or of all suites in a folder. */
function suites(tree: Tree, name: string): string[] {
  const isNamed = (path: string): boolean => path.startsWith(`${name}.`) || path.startsWith(`${name}/`);
  return [...tree].filter(([path]) => isNamed(path) && /\.(test|spec)\.ts$/.test(path)).map(([, text]) => text);
}
