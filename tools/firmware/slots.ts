/** The slots of a function of wasm2c that contain a constant, line by line. */

const LABEL = /^ *var_\w+:/;
const ASSIGNMENT = /^ *(\w+) (?:= (\d+)u;$|\S*= )/;

export type Constants = ReadonlyMap<string, number>;

interface Block {
  readonly constants: Map<string, number>;
  readonly assigned: Set<string>;
}

/**
 * Rewrite each line of a function, given the slots that contain a constant before it. They are read from the lines and the braces alone, so a
 * word that relies on one must let the compiler prove it again.
 */
export function withConstants(text: string, rewrite: (line: string, constants: Constants) => string): string {
  const blocks: Block[] = [{ constants: new Map(), assigned: new Set() }];
  const lines = text.split("\n").map((line) => {
    const { constants, assigned } = blocks.at(-1)!;
    const [, slot, constant] = ASSIGNMENT.exec(line) ?? [];
    const written = rewrite(line, constants);
    if (LABEL.test(line)) constants.clear();
    if (slot !== undefined) {
      assigned.add(slot);
      constants.delete(slot);
      if (constant !== undefined) constants.set(slot, Number.parseInt(constant, 10));
    }
    if (/^ *\}/.test(line)) leave(blocks);
    if (line.endsWith("{")) blocks.push({ constants: new Map(blocks.at(-1)!.constants), assigned: new Set() });
    return written;
  });
  return lines.join("\n");
}

/** After a block, its assignments are unknown. */
function leave(blocks: Block[]): void {
  const inner = blocks.pop()!;
  const outer = blocks.at(-1)!;
  for (const slot of inner.assigned) {
    outer.assigned.add(slot);
    outer.constants.delete(slot);
  }
}
