/**
 * A transform of the AssemblyScript compiler: text in the firmware's sources becomes static bytes. README.md of this folder has the three forms.
 * It runs after parsing and replaces literals only, so the module is the same as with numbers written by hand.
 */
import { DiagnosticCode, Node } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const FORM = /\b(?:memory\s*\.\s*data|bytesOf|fnv1a)\b/;

export default class Text extends Transform {
  afterParse(parser) {
    for (const source of parser.sources) {
      if (!FORM.test(source.text) || source.isLibrary) continue;
      const refuse = (message, range) => parser.error(DiagnosticCode.User_defined_0, range, message);
      spell(source, refuse);
      count(source, refuse);
    }
  }
}

/** Replace each string in `memory.data<u8>([…])` by its UTF-8 bytes, and `fnv1a("…")` by its hash. */
function spell(source, refuse) {
  visit(source, (call) => {
    const list = listOf(call);
    if (list?.elementExpressions.some(isString)) {
      if (!isOfBytes(call)) refuse("text needs memory.data<u8>", call.range);
      list.elementExpressions = list.elementExpressions.flatMap((element) =>
        isString(element) ? [...Buffer.from(element.value)].map((byte) => integer(byte, element.range)) : [element],
      );
    }
    if (nameOf(call) !== "fnv1a") return undefined;
    if (call.args.length === 1 && isString(call.args[0])) return integer(fnv1a(call.args[0].value), call.range);
    return refuse("fnv1a takes one string literal", call.range);
  });
}

/** Replace each `bytesOf(NAME)` by the number of bytes of the constant of that name in the same file. */
function count(source, refuse) {
  const lengths = new Map();
  for (const statement of source.statements) {
    for (const { name, initializer } of statement.declarations ?? []) {
      const list = initializer && listOf(initializer);
      if (list && isOfBytes(initializer)) lengths.set(name.text, list.elementExpressions.length);
    }
  }
  visit(source, (call) => {
    if (nameOf(call) !== "bytesOf") return undefined;
    const length = lengths.get(call.args[0]?.text);
    if (call.args.length === 1 && length !== undefined) return integer(length, call.range);
    return refuse("bytesOf takes a constant of this file that is memory.data<u8>([…])", call.range);
  });
}

/** Ask of every call below `node`; an answer takes its place. */
function visit(node, replacement) {
  for (const [key, value] of Object.entries(node)) {
    if (key === "range" || key === "source") continue;
    const isList = Array.isArray(value);
    const within = isList ? value : [value];
    within.forEach((child, i) => {
      if (!(child instanceof Node)) return;
      visit(child, replacement);
      const other = isCall(child) ? replacement(child) : undefined;
      if (other === undefined) return;
      if (isList) value[i] = other;
      else node[key] = other;
    });
  }
}

function isCall(node) {
  return node.args !== undefined && node.expression !== undefined;
}

function isString(node) {
  return typeof node.value === "string" && node.literalKind !== undefined && node.parts === undefined;
}

/** The name of the function that is called, if it is a plain one. */
function nameOf(call) {
  return call.expression.text;
}

/** The array of `memory.data([…])`. */
function listOf(node) {
  if (!isCall(node)) return undefined;
  const { expression, property } = node.expression;
  if (expression?.text !== "memory" || property?.text !== "data") return undefined;
  return node.args[0]?.elementExpressions && node.args[0];
}

function isOfBytes(call) {
  return call.typeArguments?.length === 1 && call.typeArguments[0].name?.identifier.text === "u8";
}

function integer(value, range) {
  return Node.createIntegerLiteralExpression(i64(value), range);
}

/** The compiler's own form of a 64-bit integer. */
function i64(value) {
  return globalThis.i64_new(value, 0);
}

/** FNV-1a of 32 bits over UTF-8, as assembly/link/word.ts computes it. */
function fnv1a(text) {
  return Buffer.from(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}
