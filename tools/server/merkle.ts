/** The tree of RFC 9162 §2.1: its root, and its proofs of inclusion and of consistency. */
import { hash, hashOf } from "../wire/key.ts";

/** The first bytes of what is hashed as a leaf and as a node. */
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Hash an entry as a leaf. */
export function leaf(entry: Uint8Array): Uint8Array {
  return hashOf(LEAF, entry);
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hashOf(NODE, left, right);
}

/** Compute the root over leaf hashes. Each level pairs neighbours, and an odd last one goes up as it is: the same tree as by halves. */
export function root(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return hash(new Uint8Array(0));
  let level = leaves;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2)
      above.push(i + 1 < level.length ? node(level[i]!, level[i + 1]!) : level[i]!);
    level = above;
  }
  return level[0]!;
}

/** Reads the root of the subtree over the 2^`level` leaves from `index` * 2^`level` on. */
export type Subtree = (level: number, index: number) => Promise<Uint8Array>;

/** The exponent of the largest power of two below `size`. Bounds: 2 <= size <= 2^32. */
function halving(size: number): number {
  return 31 - Math.clz32(size - 1);
}

/** Compute the root over the leaves from `begin` to `end`. Bounds: a range that the tree has, so a range of 2^n leaves begins at a multiple of 2^n. */
export async function range(at: Subtree, begin: number, end: number): Promise<Uint8Array> {
  const size = end - begin;
  if (size === 0) return root([]);
  if (size === 1) return at(0, begin);
  const level = halving(size);
  const half = 2 ** level;
  if (size === 2 * half) return at(level + 1, begin / size);
  return node(await range(at, begin, begin + half), await range(at, begin + half, end));
}

/** Compute the path from leaf `index` of the leaves from `begin` to `end` to their root (§2.1.3.1). Bounds: begin <= index < end. */
export async function inclusion(at: Subtree, index: number, begin: number, end: number): Promise<Uint8Array[]> {
  if (end - begin === 1) return [];
  const middle = begin + 2 ** halving(end - begin);
  return index < middle
    ? [...(await inclusion(at, index, begin, middle)), await range(at, middle, end)]
    : [...(await inclusion(at, index, middle, end)), await range(at, begin, middle)];
}

/** Compute the proof that the tree of `from` leaves is the beginning of the one of `to` (§2.1.4.1). Bounds: 1 <= from <= to. */
export function consistency(at: Subtree, from: number, to: number): Promise<Uint8Array[]> {
  return subproof(at, from, 0, to, true);
}

async function subproof(
  at: Subtree,
  from: number,
  begin: number,
  end: number,
  isKnown: boolean,
): Promise<Uint8Array[]> {
  if (from === end) return isKnown ? [] : [await range(at, begin, end)];
  const middle = begin + 2 ** halving(end - begin);
  return from <= middle
    ? [...(await subproof(at, from, begin, middle, isKnown)), await range(at, middle, end)]
    : [...(await subproof(at, from, middle, end, false)), await range(at, begin, middle)];
}
