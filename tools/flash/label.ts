/** The label of a device: its number and its id, as text and as a code. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import qrcode from "qrcode";

export interface Label {
  readonly number: number;
  readonly board: string;
  readonly id: string;
}

const GROUP = 16;

/** The label's lines. The id is public: a reader can only name the device with it. */
export function text({ number, board, id }: Label): string {
  const groups = id.match(new RegExp(`.{${GROUP}}`, "g")) ?? [];
  return [`signet ${String(number).padStart(4, "0")}  ${board}`, ...groups.map((group) => `  ${group}`), ""].join("\n");
}

/** In capitals a QR code holds an id in its denser alphabet. */
function code(id: string): string {
  return id.toUpperCase();
}

/** The label for a terminal. */
export async function onTerminal(label: Label): Promise<string> {
  return `${await qrcode.toString(code(label.id), { type: "utf8", errorCorrectionLevel: "M" })}\n${text(label)}`;
}

/** Write the label to `folder`, as text and as a drawing for a label printer; writing it again changes nothing. */
export async function write(label: Label, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const name = join(folder, `label-${String(label.number).padStart(4, "0")}`);
  writeFileSync(`${name}.txt`, text(label));
  writeFileSync(`${name}.svg`, await qrcode.toString(code(label.id), { type: "svg", errorCorrectionLevel: "M" }));
  return `${name}.svg`;
}
