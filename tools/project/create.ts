/** Write a project of one's own: the files of `template/`, with `@NAME@` and others replaced. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { constants, load } from "../fields.ts";
import { boardNames } from "../firmware/board.ts";
import { ROOT } from "../firmware/root.ts";
import { Trouble } from "../trouble.ts";

export interface Options {
  /** The folder of the project; its name is the product's. */
  readonly folder: string;
  /** The board whose data the project's board begins with. */
  readonly like: string;
}

const TEMPLATE = join(ROOT, "tools/project/template");

/** The name of a product is also that of an npm package, and at most 32 bytes in a message. */
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** The npm packages that compile and emulate firmware; the server needs none of them. */
export const FIRMWARE_PACKAGES = ["@xpack-3rd-party/arm-cmsis-core-m", "assemblyscript", "rp2040js", "tsx", "wabt"];

/** Versions in package.json: the npm package names the packages of firmware as peers, the repository as tools. */
interface Described {
  readonly version: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The npm packages of a project: Signet, and those that compile firmware. */
function dependencies(): Readonly<Record<string, string>> {
  const described = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Described;
  const versions = { ...described.devDependencies, ...described.peerDependencies };
  const firmware = FIRMWARE_PACKAGES.map((name) => [name, versions[name]!]);
  return Object.fromEntries([...firmware, ["signet-mcu", described.version]]) as Readonly<Record<string, string>>;
}

/** The path in the project of a file of the template. */
function target(path: string, name: string): string {
  return path
    .replace(/\.in$/, "")
    .replace(/^gitignore$/, ".gitignore")
    .replace(/^board\//, `boards/${name}/`);
}

/** Write the project; `say` is given its files before they are written. Refuse a folder that is not empty. */
export async function create({ folder, like }: Options, say: (line: string) => void): Promise<void> {
  const place = resolve(folder);
  const name = basename(place);
  if (!NAME.test(name))
    throw new Trouble(`"${name}" is not a valid product name`, "use up to 32 small letters, digits and hyphens");
  if (!boardNames().includes(like))
    throw new Trouble(`there is no board "${like}"`, `boards are: ${boardNames().join(", ")}`);
  if (existsSync(place) && readdirSync(place).length > 0)
    throw new Trouble(`${folder} is not empty`, "name a new folder: nothing is overwritten");
  const texts: Readonly<Record<string, string>> = {
    NAME: name,
    LIKE: like,
    DEPENDENCIES: JSON.stringify(dependencies(), null, 2).replaceAll("\n", "\n  "),
  };
  const files = readdirSync(TEMPLATE, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".in"));
  const written = files.map((path): [string, string] => [
    target(path, name),
    readFileSync(join(TEMPLATE, path), "utf8").replaceAll(/@([A-Z]+)@/g, (_, key: string) => texts[key]!),
  ]);
  const shown = relative(process.cwd(), place) || ".";
  for (const [path] of written) say(`  ${join(shown, path)}`);
  for (const [path, text] of written) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text, { flag: "wx" });
  }
  writeFileSync(join(place, "app/fields.ts"), constants(load(join(place, "fields.json"))), { flag: "wx" });
  say(`\nnext: cd ${shown}, npm install, npm test, npm start`);
}
