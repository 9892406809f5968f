import { isHost, lineAt, type Finding, type Rule } from "../tree.ts";

/** A sentence that begins so names its subject by a question; CONTRIBUTING.md has the rule. */
const QUESTION = /^(Who|Whom|Whose|What|Whatever|Whether|Whoever|Nobody|Somebody|Anybody|Everybody|So that)\b/;

/** The same of a text that a program prints, which may begin with a small letter. */
const PRINTED = new RegExp(QUESTION.source, "i");

/** The same of a later sentence, unless it is a question, and two forms with the verb before the subject. */
const INVERTED = /(?<=[\w)`"]{2}[.:;]\s+)(Who|Whom|Whose|What|Whatever|Whether|So that|Nor|Only then)\b(?![^.:;?]*\?)/;

/** The verb before its subject, after "so", "nor" or "neither". */
const TURNED =
  /\b([Ss]o|[Nn]or|[Nn]either) (is|are|was|were|does|do|did|has|have|can|may|must|will) (the|a|an|any|each|every|one|two|it|they|that|those|this|these|its|their|all|other|others|code|[A-Z]\w+|`)/;

/** Words that hide the subject, anywhere. */
const HIDDEN = /\b([Ww]hoever|[Nn]obody|[Ss]omebody|[Ee]verybody)\b/;

/** One word, which is easy to read as two that mean the opposite. */
const SPLIT = /\bcan\s+not\b/;

/** Texts on one line of a program, and titles of tests; a text has three words at least. */
const TEXT = /"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`/g;
const TITLE = /^ *(?:void )?(?:it|test|describe)\(\s*(?:"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`)/gm;
const WORDS = /\w+ \w+ \w+/;

/** Comments that begin a line: a block, or a run of line comments. Comments behind code may be parts of a string. */
const COMMENT = /^[ \t]*(?:\/\*+[ \t\n*]*([^]*?)\*\/|(\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*))/gm;

/** Comments, the text of a README, texts that a program prints and titles of tests begin each sentence with its subject or a verb; "cannot" is one word. */
export const language: Rule = {
  name: "language",
  find(tree) {
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      // CONTRIBUTING.md quotes the forms that it forbids.
      if (path.endsWith(".md") && path !== "CONTRIBUTING.md") found.push(...inMarkdown(path, text));
      if (!/\.(ts|mts|mjs|js|c|h|S)$/.test(path)) continue;
      for (const match of text.matchAll(COMMENT)) {
        const words = (match[1] ?? match[2]!).replaceAll(/^[ \t]*(?:\/\/|\*)[ \t]?/gm, "");
        const line = lineAt(text, match.index);
        found.push(...faults(words.trim()).map((message) => ({ path, line, message })));
      }
      if (isHost(path)) found.push(...inTexts(path, text));
    }
    return found;
  },
};

/** Check what a program prints, and the titles of tests. */
function inTexts(path: string, text: string): Finding[] {
  const code = text.replaceAll(COMMENT, (comment) => comment.replaceAll(/[^\n]/g, " "));
  return [...code.matchAll(path.startsWith("tests/") ? TITLE : TEXT)].flatMap((match) => {
    const words = (match[1] ?? match[2]!).trim();
    if (!WORDS.test(words)) return [];
    return faults(words, true, PRINTED).map((message) => ({ path, line: lineAt(code, match.index), message }));
  });
}

/** Check the lines of a README that begin a paragraph, an item or a cell; code blocks and headings are exempt. */
function inMarkdown(path: string, text: string): Finding[] {
  let isCode = false;
  let before = "";
  return text.split("\n").flatMap((line, at) => {
    if (line.startsWith("```")) isCode = !isCode;
    const begins = before.trim() === "" || /^\s*([-*|]|\d+\.) ?/.test(line);
    const seam = `${before.split(" ").slice(-2).join(" ")} ${line.trim().split(" ").slice(0, 2).join(" ")}`;
    before = line;
    if (isCode || line.startsWith("#")) return [];
    const pieces = line.startsWith("|") ? line.split("|") : [line.replace(/^\s*([-*]|\d+\.) /, "")];
    const messages = pieces.flatMap((piece) => faults(piece.trim(), begins));
    const turned = begins ? undefined : TURNED.exec(seam)?.[0];
    if (turned !== undefined) messages.push(reversed(turned));
    return messages.map((message) => ({ path, line: at + 1, message }));
  });
}

function faults(words: string, begins = true, start = QUESTION): string[] {
  const question = begins && !words.split(/[.:;]/)[0]!.endsWith("?") ? start.exec(words)?.[0] : undefined;
  const plain = words.replaceAll(/`[^`]*`/g, "``");
  const inverted = INVERTED.exec(plain)?.[0];
  const turned = TURNED.exec(words.replaceAll(/\s+/g, " "))?.[0];
  const hidden = HIDDEN.exec(plain)?.[0];
  return [
    ...(question === undefined ? [] : [`begins with "${question}": name the subject, or begin with a verb`]),
    ...(inverted === undefined ? [] : [`a sentence begins with "${inverted}": put the subject first`]),
    ...(turned === undefined ? [] : [reversed(turned)]),
    ...(SPLIT.test(plain) ? ['"cannot" is one word'] : []),
    ...(hidden === undefined ? [] : [`"${hidden}" hides the subject: name it`]),
  ];
}

const reversed = (words: string): string => `"${words}": put the subject before its verb`;
