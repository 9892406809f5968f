/** An image that does not fit: the choices that make it smaller, and the bytes that each of them saves. */
import { USUAL } from "../facts/family.ts";
import { upper } from "../facts/spelling.ts";
import { join } from "node:path";
import { Trouble } from "../trouble.ts";
import { type Board, loadBoard } from "./board.ts";
import { buildImage, type Request } from "./build.ts";
import { CHOICES, choose, type ChoiceName } from "./choices.ts";
import { BUILD } from "./root.ts";

/** The linker's complaints that a smaller image would mend. */
const COMPLAINT = /over budget: (?:flash|linear memory)|region `?(?:FLASH|RAM)'? overflowed by \d+ bytes/;

/** More than any chip has: the linker places whatever there is. */
const AMPLE_BYTES = 16 * 1024 * 1024;

/** Return the linker's complaint if an error is that an image does not fit; else undefined. */
export function misfit(error: unknown): string | undefined {
  return error instanceof Trouble ? COMPLAINT.exec(error.message)?.[0] : undefined;
}

/** The bytes of an image that one more choice saves. */
export interface Lever {
  readonly choice: ChoiceName;
  readonly flash: number;
  readonly linear: number;
}

/** A board with room for every image. */
function ample({ flash, ram, budget }: Board): Partial<Board> {
  return {
    flash: { origin: flash.origin, bytes: AMPLE_BYTES },
    ram: { origin: ram.origin, bytes: AMPLE_BYTES },
    budget: { flash: AMPLE_BYTES, linear: AMPLE_BYTES, stack: budget.stack },
  };
}

/** The choices that make an image smaller: those that it has not, and of the drivers only if it has more than one. */
function open({ use }: Board, choices: readonly ChoiceName[]): ChoiceName[] {
  const all: readonly ChoiceName[] = ["small", "pins", "no-tls", ...USUAL];
  const hasAll = !USUAL.some((name) => `WITHOUT_${upper(name)}` in use);
  return all.filter((name) => !choices.includes(name) && (hasAll || !USUAL.some((usual) => usual === name)));
}

/** Build the image without limits, then with one more choice, each of `names` or of all; return the savings, the largest of flash first. */
export async function levers(request: Request, names?: readonly ChoiceName[]): Promise<Lever[]> {
  const { board, choices = [], out = join(BUILD, "ample") } = request;
  const data = choose({ ...(await loadBoard(board)), ...request.change }, choices);
  const change = { ...request.change, ...ample(data) };
  const sizeOf = async (chosen: readonly ChoiceName[]): Promise<{ flash: number; linear: number }> =>
    (await buildImage({ ...request, out, change, choices: chosen })).size;
  const whole = await sizeOf(choices);
  const found: Lever[] = [];
  for (const choice of names ?? open(data, choices)) {
    const { flash, linear } = await sizeOf([...choices, choice]);
    found.push({ choice, flash: whole.flash - flash, linear: whole.linear - linear });
  }
  return found.filter(({ flash, linear }) => flash > 0 || linear > 0).toSorted((a, b) => b.flash - a.flash);
}

/** The savings as lines for people. */
export function table(found: readonly Lever[]): string {
  const rows = found.map(
    ({ choice, flash, linear }) =>
      `  ${choice.padEnd(10)}${String(flash).padStart(7)} bytes of flash ${String(linear).padStart(6)} of RAM   ${CHOICES[choice].says}\n`,
  );
  return rows.join("");
}
