// @ts-check
/**
 * A transform of the AssemblyScript compiler: text in the firmware's sources becomes static bytes. README.md of this folder has the three forms.
 * It runs after parsing and replaces literals only, so the module is the same as with numbers written by hand.
 */
import * as as from "assemblyscript";

/** @typedef {(message: string, range: as.Range) => undefined} Refuse */

const FORM = /\b(?:memory\s*\.\s*data|bytesOf|fnv1a)\b/;
const USER_DEFINED = as.DiagnosticCode["User_defined_0"];

export default class Text {
  /** @param {as.Parser} parser */
  afterParse(parser) {
    for (const source of parser.sources) {
      if (!FORM.test(source.text) || source.isLibrary) continue;
      /** @type {Refuse} */
      const refuse = (message, range) => void parser.error(USER_DEFINED, range, message);
      spell(source, refuse);
      count(source, refuse);
    }
  }
}

/**
 * Replace each string in `memory.data<u8>([…])` by its UTF-8 bytes, and `fnv1a("…")` by its hash.
 * @param {as.Source} source
 * @param {Refuse} refuse
 */
function spell(source, refuse) {
  visit(source, (call) => {
    const list = listOf(call);
    if (list?.elementExpressions.some(isString)) {
      if (!isOfBytes(call)) refuse("text must be in memory.data<u8>", call.range);
      list.elementExpressions = list.elementExpressions.flatMap((element) =>
        isString(element) ? [...Buffer.from(element.value)].map((byte) => integer(byte, element.range)) : [element],
      );
    }
    if (nameOf(call.expression) !== "fnv1a") return undefined;
    const [text] = call.args;
    if (call.args.length === 1 && isString(text)) return integer(fnv1a(text.value), call.range);
    return refuse("fnv1a takes one string literal", call.range);
  });
}

/**
 * Replace each `bytesOf(NAME)` by the number of bytes of the constant of that name in the same file.
 * @param {as.Source} source
 * @param {Refuse} refuse
 */
function count(source, refuse) {
  /** @type {Map<string, number>} */
  const lengths = new Map();
  for (const statement of source.statements) {
    if (!(statement instanceof as.VariableStatement)) continue;
    for (const { name, initializer } of statement.declarations) {
      const list = isCall(initializer) && isOfBytes(initializer) ? listOf(initializer) : undefined;
      if (list) lengths.set(name.text, list.elementExpressions.length);
    }
  }
  visit(source, (call) => {
    if (nameOf(call.expression) !== "bytesOf") return undefined;
    const length = lengths.get(nameOf(call.args[0]) ?? "");
    if (call.args.length === 1 && length !== undefined) return integer(length, call.range);
    return refuse("bytesOf takes a constant of this file that is memory.data<u8>([…])", call.range);
  });
}

/**
 * Ask of every call below `node`; an answer takes its place.
 * @param {as.Node} node
 * @param {(call: as.CallExpression) => as.Expression | undefined} replacement
 */
function visit(node, replacement) {
  for (const [key, value] of Object.entries(node)) {
    if (key === "range" || key === "source") continue;
    const isList = Array.isArray(value);
    const within = isList ? value : [value];
    within.forEach((child, i) => {
      if (!(child instanceof as.Node)) return;
      visit(child, replacement);
      const other = isCall(child) ? replacement(child) : undefined;
      if (other === undefined) return;
      if (isList) value[i] = other;
      else Object.assign(node, { [key]: other });
    });
  }
}

/** @type {(node: unknown) => node is as.CallExpression} */
function isCall(node) {
  return node instanceof as.CallExpression;
}

/** @type {(node: unknown) => node is as.StringLiteralExpression} */
function isString(node) {
  return node instanceof as.StringLiteralExpression;
}

/**
 * The name that an expression is, if it is one.
 * @param {as.Node | undefined} node
 */
function nameOf(node) {
  return node instanceof as.IdentifierExpression ? node.text : undefined;
}

/**
 * The array of `memory.data([…])`.
 * @param {as.CallExpression} call
 */
function listOf({ expression, args: [list] }) {
  if (!(expression instanceof as.PropertyAccessExpression) || expression.property.text !== "data") return undefined;
  return nameOf(expression.expression) === "memory" && list instanceof as.ArrayLiteralExpression ? list : undefined;
}

/** @param {as.CallExpression} call */
function isOfBytes({ typeArguments }) {
  const [type, ...more] = typeArguments ?? [];
  return type instanceof as.NamedTypeNode && type.name.identifier.text === "u8" && more.length === 0;
}

/**
 * @param {number} value
 * @param {as.Range} range
 */
function integer(value, range) {
  return as.Node.createIntegerLiteralExpression(i64(value), range);
}

/**
 * The compiler's own form of a 64-bit integer.
 * @param {number} value
 */
function i64(value) {
  return /** @type {{ i64_new(low: number, high: number): any }} */ (/** @type {unknown} */ (globalThis)).i64_new(
    value,
    0,
  );
}

/**
 * FNV-1a of 32 bits over UTF-8, as assembly/link/word.ts computes it.
 * @param {string} text
 */
function fnv1a(text) {
  return Buffer.from(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}
