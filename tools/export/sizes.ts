/** Flash and RAM that an export takes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILD } from "../firmware/root.ts";
import { run } from "../firmware/run.ts";

/** Bytes of a library: of each of its files that is not empty on this core, and of all. */
export interface Sizes {
  readonly files: readonly { readonly name: string; readonly text: number; readonly ram: number }[];
  readonly text: number;
  readonly ram: number;
}

/** Compilation of the library by a host. */
const flags = (core: string): string[] => [`-mcpu=${core}`, "-mthumb", "-std=c11", "-O2"];

/** Compile these sources as a host does, with the headers of the folder `out`. */
export async function measure(out: string, core: string, sources: ReadonlyMap<string, string>): Promise<Sizes> {
  const folder = mkdtempSync(join(BUILD, "export-size-"));
  try {
    const objects: string[] = [];
    for (const [name, text] of sources) {
      const path = join(folder, name);
      writeFileSync(path, text);
      await run("arm-none-eabi-gcc", [...flags(core), `-I${out}`, "-c", path, "-o", `${path}.o`]);
      objects.push(`${path}.o`);
    }
    const lines = (await run("arm-none-eabi-size", objects)).trim().split("\n").slice(1);
    const files = [...sources.keys()].map((name, i) => {
      const [text, data, bss] = lines[i]!.trim().split(/\s+/).map(Number);
      return { name, text: text! + data!, ram: data! + bss! };
    });
    const sum = (of: "text" | "ram"): number => files.reduce((total, file) => total + file[of], 0);
    return { files: files.filter(({ text, ram }) => text + ram > 0), text: sum("text"), ram: sum("ram") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** SIZE.md: the files of the first row, then all rows as a comparison. */
export async function sizeTable(core: string, rows: ReadonlyMap<string, Sizes>): Promise<string> {
  const [name, first] = [...rows][0]!;
  const compiler = (await run("arm-none-eabi-gcc", ["--version"])).split("\n")[0];
  const signed = (bytes: number): string => (bytes > 0 ? `+${bytes}` : String(bytes));
  const others = [...rows].slice(1);
  return [
    `# Bytes on a ${core}`,
    "",
    `\`${compiler}\`, flags \`${flags(core).join(" ")}\`, before the linker drops what is not called.`,
    "",
    "| file | flash | RAM |",
    "|---|---|---|",
    ...first.files.map((file) => `| ${file.name} | ${file.text} | ${file.ram} |`),
    `| ${name} | ${first.text} | ${first.ram} |`,
    "",
    ...(others.length === 0
      ? ["`signet export --sizes` adds what each other choice would take.", ""]
      : [
          "One other choice, and the difference that it makes:",
          "",
          "| choice | flash | RAM | flash, difference | RAM, difference |",
          "|---|---|---|---|---|",
          ...others.map(
            ([choice, { text, ram }]) =>
              `| \`${choice}\` | ${text} | ${ram} | ${signed(text - first.text)} | ${signed(ram - first.ram)} |`,
          ),
          "",
        ]),
  ].join("\n");
}
