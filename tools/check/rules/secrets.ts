import ts from "typescript";
import type { Finding, Rule } from "../tree.ts";
import { overAssembly } from "./device.ts";

/** A name of a secret condition, or of a widened one. */
const SECRET = /^(bit|mask|\w+(Bit|Mask|Secret))$/;

/** True if an expression contains a secret condition outside of a call's arguments. */
function mentions(node: ts.Node): boolean {
  if (ts.isCallExpression(node)) return false;
  if (ts.isIdentifier(node)) return SECRET.test(node.text);
  return ts.forEachChild(node, (child) => mentions(child) || undefined) ?? false;
}

/** The places where the value of an expression decides about a branch or an address. */
function decides(node: ts.Node): ts.Expression | undefined {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node) || ts.isSwitchStatement(node))
    return node.expression;
  if (ts.isForStatement(node) || ts.isConditionalExpression(node)) return node.condition;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) return node.operand;
  if (ts.isElementAccessExpression(node)) return node.argumentExpression;
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) return node.left;
    if (kind === ts.SyntaxKind.SlashToken || kind === ts.SyntaxKind.PercentToken) return node;
  }
  if (ts.isCallExpression(node) && /^(load|store)$/.test(node.expression.getText())) return node.arguments[0];
  return undefined;
}

/** A secret condition is computed with, and never decided upon. */
export const secrets: Rule = {
  name: "secrets",
  find: (tree) =>
    overAssembly(tree, (node) => {
      const deciding = decides(node);
      if (deciding && mentions(deciding))
        return "a secret bit or mask must not decide what runs or which address is touched";
      const typed =
        ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) ? node : undefined;
      if (typed?.type && SECRET.test(typed.name.getText()) && /^bool(ean)?$/.test(typed.type.getText())) {
        return "a secret condition is a u32: a bool compiles to a compare";
      }
      return undefined;
    }),
};

/**
 * A function that may receive a secret has a statement of leaks: `CT:` in the doc comment of the function, its class or its
 * file.
 */
export const constantTime: Rule = {
  name: "constant-time",
  find(tree) {
    const found: Finding[] = [];
    for (const [path, text] of tree) {
      if (!/^assembly\/(crypto\/[^/]+|lib\/words)\.ts$/.test(path)) continue;
      const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      const head = text.slice(0, source.statements[0]?.getStart() ?? 0);
      if (/CT:/.test(head)) continue;
      for (const node of source.statements) {
        if (
          !ts.isFunctionDeclaration(node) ||
          !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
        )
          continue;
        if (/CT:/.test(text.slice(node.getFullStart(), node.getStart()))) continue;
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        found.push({
          path,
          line,
          message: `${node.name?.text} does not state what leaks (a CT: line in its comment or the file's first)`,
        });
      }
    }
    return found;
  },
};
