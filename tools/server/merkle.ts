/** The tree of RFC 9162 §2.1: its root. */
import { concat } from "../wire/bytes.ts";
import { hash } from "../wire/key.ts";

/** Hash an entry as a leaf. */
export function leaf(entry: Uint8Array): Uint8Array {
  return hash(concat(Uint8Array.of(0), entry));
}

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash(concat(Uint8Array.of(1), left, right));
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
