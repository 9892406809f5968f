import ts from "typescript";
import type { Finding, Rule, Tree } from "../tree.ts";

/** Constructs of AssemblyScript that the device must not use: each needs a heap, or has no target. */
function banned(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node)) return "`new` needs a heap";
  if (
    ts.isStringLiteral(node) &&
    !namesModule(node.parent) &&
    !namesField(node.parent) &&
    !isGuard(node.parent) &&
    !becomesData(node.parent) &&
    !inDecorator(node)
  )
    return "a string needs a heap";
  if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)) return "a string needs a heap";
  if (ts.isRegularExpressionLiteral(node)) return "a regular expression needs a heap";
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return "no closures on the device";
  if (ts.isFunctionDeclaration(node) && !ts.isSourceFile(node.parent)) return "no closures on the device";
  if (ts.isThrowStatement(node) || ts.isTryStatement(node)) return "no exceptions on the device";
  if (ts.isArrayLiteralExpression(node) && !isMemoryData(node.parent))
    return "an array needs a heap; memory.data does not";
  if (ts.isObjectLiteralExpression(node)) return "an object needs a heap";
  if (ts.isClassDeclaration(node) && !decorators(node).includes("unmanaged")) return "a class here is @unmanaged";
  if (ts.isEnumDeclaration(node) && !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ConstKeyword)) {
    return "an enum here is a const enum";
  }
  if (
    ts.isCallExpression(node) &&
    /^(memory\.grow|heap\.\w+|__new|__pin|assert|trace|abort)$/.test(node.expression.getText())
  ) {
    return `${node.expression.getText()} is not allowed on the device`;
  }
  if (ts.isCallExpression(node) && isModuleLevel(node) && !COMPILED.test(node.expression.getText())) {
    return "a call at the level of a module is made at its start: an importer that is compiled first sees 0";
  }
  return undefined;
}

/** Calls whose result the compiler knows. */
const COMPILED = /^(memory\.data|changetype|offsetof|sizeof|isDefined|fnv1a|bytesOf|min|max)$/;

/** True if no function or class surrounds a node, nor a decorator: the module computes it at its start. */
function isModuleLevel(node: ts.Node): boolean {
  return !ts.findAncestor(
    node,
    (above) => ts.isFunctionLike(above) || ts.isClassLike(above) || ts.isDecorator(above) || ts.isIfStatement(above),
  );
}

/** No heap, no strings, no closures, no exceptions on the device. */
export const device: Rule = {
  name: "device",
  find: (tree) => overAssembly(tree, banned),
};

/** The decorators of a declaration, by name. */
function decorators(node: ts.HasModifiers): string[] {
  return [...(node.modifiers ?? [])]
    .filter((modifier) => ts.isDecorator(modifier))
    .map((decorator) => decorator.expression.getText().replace(/\(.*/s, ""));
}

function namesModule(node: ts.Node): boolean {
  return ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
}

/** `offsetof<T>("field")` is a number by the time it is compiled. */
function namesField(node: ts.Node): boolean {
  return ts.isCallExpression(node) && node.expression.getText() === "offsetof";
}

/** The text of a guard, `ERROR("…")`, is in no image. */
function isGuard(node: ts.Node): boolean {
  return ts.isCallExpression(node) && node.expression.getText() === "ERROR";
}

function inDecorator(node: ts.Node): boolean {
  return !!ts.findAncestor(node, ts.isDecorator);
}

/** `memory.data<u8>(["…"])` and `fnv1a("…")` are numbers before they are compiled (tools/firmware/text.mjs). */
function becomesData(node: ts.Node): boolean {
  if (ts.isArrayLiteralExpression(node)) return isMemoryData(node.parent);
  return ts.isCallExpression(node) && node.expression.getText() === "fnv1a";
}

function isMemoryData(node: ts.Node): boolean {
  return ts.isCallExpression(node) && node.expression.getText() === "memory.data";
}

/** Ask a question of every node of the firmware's sources. */
export function overAssembly(tree: Tree, question: (node: ts.Node) => string | undefined): Finding[] {
  const found: Finding[] = [];
  for (const [path, text] of tree) {
    if (!path.startsWith("assembly/") || !path.endsWith(".ts")) continue;
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      const message = question(node);
      if (message) found.push({ path, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, message });
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}
