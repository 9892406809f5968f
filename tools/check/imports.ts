import { posix } from "node:path";
import ts from "typescript";
import { isAssembly, lineAt, matches, type Tree } from "./tree.ts";

/** One import of a file by another, both inside the tree. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: number;
  /** Gone after compilation: it makes no cycle. */
  readonly typeOnly: boolean;
}

/** One string in a source: a literal, or the pieces of a `join` of literals with slashes between them. */
export interface Text {
  readonly text: string;
  readonly line: number;
}

/** Every relative import of the TypeScript and AssemblyScript of the tree, resolved to a path of the tree. */
export function imports(tree: Tree): Import[] {
  const found: Import[] = [];
  for (const [path, text] of tree) {
    if (!isSource(path)) continue;
    for (const { specifier, at, typeOnly } of read(text).imports) {
      if (!specifier.startsWith(".")) continue;
      found.push({ from: path, to: resolve(tree, path, specifier), line: lineAt(text, at), typeOnly });
    }
  }
  return found;
}

/**
 * Every `#include "…"` of the C of the tree. A unit is a path without its ending: a `.c` and its header are one. A name that several
 * chips have stands for each of them.
 */
export function includes(tree: Tree): Import[] {
  const headers = new Map<string, string[]>();
  for (const path of tree.keys())
    if (/\.[ch]$/.test(path)) headers.set(posix.basename(path), [...(headers.get(posix.basename(path)) ?? []), path]);
  const found: Import[] = [];
  for (const [path, text] of tree) {
    if (!/\.[ch]$/.test(path)) continue;
    for (const { line, match } of matches(text, /^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm)) {
      const beside = posix.join(posix.dirname(path), match[1]!);
      const targets = tree.has(beside) ? [beside] : (headers.get(posix.basename(match[1]!)) ?? []);
      for (const to of targets)
        if (unit(to) !== unit(path)) found.push({ from: unit(path), to: unit(to), line, typeOnly: false });
    }
  }
  return found;
}

function unit(path: string): string {
  return path.replace(/\.[ch]$/, "");
}

/** Every string of a source that is no module's name. */
export function texts(path: string, text: string): Text[] {
  if (!isSource(path)) return [];
  return read(text).texts.map(({ value, at }) => ({ text: value, line: lineAt(text, at) }));
}

function isSource(path: string): boolean {
  return /\.(ts|mts|mjs|js)$/.test(path) && !path.endsWith(".d.ts");
}

/** Resolve a specifier: AssemblyScript leaves the ending out, Node does not. */
function resolve(tree: Tree, from: string, specifier: string): string {
  const bare = posix.join(posix.dirname(from), specifier);
  if (!isAssembly(from)) return bare;
  return [bare, `${bare}.ts`, `${bare}/index.ts`].find((path) => tree.has(path)) ?? `${bare}.ts`;
}

/** The results of one walk through a source. */
interface Read {
  readonly imports: { specifier: string; at: number; typeOnly: boolean }[];
  readonly texts: { value: string; at: number }[];
}

/** Several rules ask for the same text. */
const known = new Map<string, Read>();

function read(text: string): Read {
  const before = known.get(text);
  if (before) return before;
  const found: Read = { imports: [], texts: [] };
  const walk = (node: ts.Node): void => {
    const named = moduleOf(node);
    if (named) found.imports.push(named);
    else if (ts.isPropertyAssignment(node)) walk(node.initializer);
    else if (ts.isStringLiteralLike(node)) found.texts.push({ value: node.text, at: node.pos });
    else {
      const joined = joinOf(node);
      if (joined !== undefined) found.texts.push({ value: joined, at: node.pos });
      ts.forEachChild(node, walk);
    }
  };
  walk(ts.createSourceFile("source.ts", text, ts.ScriptTarget.Latest));
  known.set(text, found);
  return found;
}

/** The module that a statement or a call imports. */
function moduleOf(node: ts.Node): Read["imports"][number] | undefined {
  const module = (name: ts.Node | undefined, typeOnly: boolean): Read["imports"][number] | undefined =>
    name && ts.isStringLiteralLike(name) ? { specifier: name.text, at: name.pos, typeOnly } : undefined;
  if (ts.isImportDeclaration(node))
    return module(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
  if (ts.isExportDeclaration(node)) return module(node.moduleSpecifier, node.isTypeOnly);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return module(node.argument.literal, true);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return module(node.arguments[0], false);
  return undefined;
}

/** The path that `join(ROOT, "a", "b")` makes, from its first literal to its last in a row. */
function joinOf(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== "join")
    return undefined;
  const first = node.arguments.findIndex((argument) => ts.isStringLiteralLike(argument));
  if (first === -1) return undefined;
  const rest = node.arguments.slice(first);
  const end = rest.findIndex((argument) => !ts.isStringLiteralLike(argument));
  const pieces = rest.slice(0, end === -1 ? undefined : end) as unknown as ts.StringLiteral[];
  return pieces.length > 1 ? posix.join(...pieces.map(({ text }) => text)) : undefined;
}
