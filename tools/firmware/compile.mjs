// @ts-check
/**
 * The AssemblyScript compiler as a program, with two differences to its own: the folder of an application may take the place of `assembly/app/`, and
 * static bytes that are not zero lie behind all others, from CONSTANTS_AT on. Nothing writes them, so a board keeps them in flash. Small
 * objects, such as readers, lie before all others: their addresses are passed most often, and one below 256 is one short instruction.
 *
 *     node compile.mjs APP ARGUMENTS…        APP: the folder; "" for the one of the tree
 */
import { readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import * as as from "assemblyscript";
import { main } from "assemblyscript/asc";
import { CONSTANTS_AT, MEMORY_BYTES, SMALL_BYTES, SMALL_END } from "./memory.mjs";

const PLACE = "assembly/app";

const [app = "", ...args] = process.argv.slice(2);

/**
 * Read a source; null if there is none.
 * @param {string} name
 * @param {string} base
 */
async function read(name, base) {
  const path = resolve(base, name);
  const within = relative(resolve(base, PLACE), path);
  const isOfApp = app !== "" && !within.startsWith("..");
  try {
    return await readFile(isOfApp ? join(app, within) : path, "utf8");
  } catch {
    return null;
  }
}

/** The compiler's 64-bit integers. */
const { i64_new, i64_low } =
  /** @type {{ i64_new: (low: number, high: number) => i64, i64_low: (value: i64) => number }} */ (
    /** @type {unknown} */ (globalThis)
  );
const place = as.Compiler.prototype.addAlignedMemorySegment;
/** Where the next constant comes, and the next small object. */
let next = CONSTANTS_AT;
let small = 0;

/**
 * Place a segment of static memory: a small object first, other zeros where the compiler would, anything else behind the constants
 * before it.
 * @this {as.Compiler}
 * @param {Uint8Array} bytes
 * @param {number} alignment
 */
as.Compiler.prototype.addAlignedMemorySegment = function (bytes, alignment) {
  if (small === 0) [small, this.memoryOffset] = [i64_low(this.memoryOffset), i64_new(SMALL_END, 0)];
  const end = this.memoryOffset;
  const isConstant = bytes.some((byte) => byte !== 0);
  const isSmall = !isConstant && bytes.length <= SMALL_BYTES && small + bytes.length + alignment <= SMALL_END;
  if (isConstant) this.memoryOffset = i64_new(next, 0);
  if (isSmall) this.memoryOffset = i64_new(small, 0);
  // The optimizer drops zeros at the end of a segment: a mark behind them keeps them among the constants.
  const kept = isConstant && bytes.at(-1) === 0 ? Uint8Array.of(...bytes, 0xff) : bytes;
  const segment = place.call(this, kept, alignment);
  if (isConstant) [next, this.memoryOffset] = [i64_low(this.memoryOffset), end];
  if (isSmall) [small, this.memoryOffset] = [i64_low(this.memoryOffset), end];
  if (i64_low(this.memoryOffset) > CONSTANTS_AT || next > MEMORY_BYTES) throw new RangeError("static memory is full");
  return segment;
};

const { error, stdout, stderr } = await main(args, { readFile: read });
process.stdout.write(stdout.toString());
// A message names the file that the user can open.
const said = stderr.toString();
process.stderr.write(app === "" ? said : said.replaceAll(`${PLACE}/`, `${app}/`));
if (error) process.exitCode = 1;
