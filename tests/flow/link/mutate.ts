/** Changes of a byte stream by noise, and by an attacker. */
import type { Random } from "../../../tools/line/random.ts";

function pick(random: Random, bytes: Buffer): number {
  return random.below(bytes.length + 1);
}

/** Change `bytes` once: a bit, a cut, a repetition, noise, or one of `words` where it does not belong. */
export function mutate(random: Random, bytes: Buffer, words: readonly string[]): Buffer {
  const at = pick(random, bytes);
  const to = Math.min(bytes.length, at + random.below(40));
  const [head, piece, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random.below(7)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    }
    case 1:
      return Buffer.concat([head, tail]);
    case 2:
      return Buffer.concat([head, piece, piece, tail]);
    case 3:
      return Buffer.concat([head, Buffer.from(Array.from(piece, () => random.below(256))), tail]);
    case 4:
      return head;
    case 5:
      return Buffer.concat([tail, head]);
    default:
      return Buffer.concat([head, Buffer.from(words[random.below(words.length)] ?? "", "latin1"), piece, tail]);
  }
}

/** Split into pieces of at most `most` bytes. */
export function* pieces(random: Random, bytes: Buffer, most: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + 1 + random.below(most));
    at += piece.length;
    yield piece;
  }
}
