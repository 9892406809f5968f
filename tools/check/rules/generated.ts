import { CONFIG, generate, vocabularies } from "../../generate/at.ts";
import type { Rule } from "../tree.ts";

/** What is generated is what its source says. */
export const generated: Rule = {
  name: "generated",
  find(tree) {
    return vocabularies(tree.keys()).flatMap(([from, to]) => {
      try {
        const made = generate(tree.get(from) ?? "", tree.get(CONFIG) ?? "");
        if (made === tree.get(to)) return [];
        return [
          { path: to, line: 0, message: `is not what ${from} says: run \`${made.slice(3, made.indexOf("\n"))}\`` },
        ];
      } catch (error) {
        return [{ path: from, line: 0, message: String(error) }];
      }
    });
  },
};
