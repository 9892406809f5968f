import { posix } from "node:path";
import ts from "typescript";
import { isAssembly, lineAt, type Tree } from "./tree.ts";

/** One import of a file by another, both inside the tree. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: number;
  /** Gone after compilation: it makes no cycle. */
  readonly typeOnly: boolean;
}

/** Every relative import of the TypeScript and AssemblyScript of the tree, resolved to a path of the tree. */
export function imports(tree: Tree): Import[] {
  const found: Import[] = [];
  for (const [path, text] of tree) {
    if (!/\.(ts|mts|mjs|js)$/.test(path) || path.endsWith(".d.ts")) continue;
    const typeOnly = typeOnlyOffsets(path, text);
    for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith(".")) continue;
      found.push({ from: path, to: resolve(tree, path, fileName), line: lineAt(text, pos), typeOnly: typeOnly(pos) });
    }
  }
  return found;
}

/** Resolve a specifier: AssemblyScript leaves the ending out, Node does not. */
function resolve(tree: Tree, from: string, specifier: string): string {
  const bare = posix.join(posix.dirname(from), specifier);
  if (!isAssembly(from)) return bare;
  return [bare, `${bare}.ts`, `${bare}/index.ts`].find((path) => tree.has(path)) ?? `${bare}.ts`;
}

/** Tell by the offset of a specifier whether its statement is `import type` or `export type`. */
function typeOnlyOffsets(path: string, text: string): (offset: number) => boolean {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const spans = source.statements
    .filter(
      (node) =>
        (ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) ||
        (ts.isExportDeclaration(node) && node.isTypeOnly),
    )
    .map((node) => [node.pos, node.end] as const);
  return (offset) => spans.some(([start, end]) => start <= offset && offset < end);
}
