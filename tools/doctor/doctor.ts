/** Installed programs that Signet uses, and the versions with which Signet was run. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, platform, release } from "node:os";
import { isInstalled, missingPackages, PACKAGES } from "../packages.mjs";
import { TRIED } from "./tried.ts";

/** A program may not answer: a version is not worth a longer wait. */
const ANSWER_MS = 10_000;
const ANSWER_MAX = 4096;

/** A line of the table. */
interface Line {
  readonly name: string;
  /** The version, "present" where none can be asked for, or "missing". */
  readonly version: string;
  readonly remark: string;
}

/** True if the suites were run with this version: the versions in `tried` are compared part by part, as far as each goes. */
export function isTried(version: string, tried: readonly string[]): boolean {
  return tried.some((one) => version === one || version.startsWith(`${one}.`));
}

/** The first version number in a program's output. */
export function versionIn(text: string): string | undefined {
  return /\d+(\.\d+)+/.exec(text)?.[0];
}

/** Ask a program for its version; undefined if it cannot be started or prints none. */
function ask([program, ...args]: readonly [string, ...string[]]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`, LC_ALL: "C" },
      timeout: ANSWER_MS,
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, ANSWER_MAX)));
    child.on("error", () => resolve(undefined));
    child.on("close", () => resolve(versionIn(said)));
  });
}

function judged(version: string, tried: readonly string[]): string {
  return isTried(version, tried) ? "tried" : `not tried; tried are ${tried.join(", ")}`;
}

/** The name and version of the operating system. */
function system(): Line {
  const path = "/etc/os-release";
  const facts = existsSync(path) ? readFileSync(path, "utf8") : "";
  const [name, version] = ["NAME", "VERSION_ID"].map((key) => new RegExp(`^${key}="?([^"\n]*)`, "m").exec(facts)?.[1]);
  const known = name !== undefined && version !== undefined;
  const remark = name?.startsWith("Debian") ? judged(version ?? "", TRIED.debian) : "not tried";
  return { name: "system", version: known ? `${name} ${version}, ${arch()}` : `${platform()} ${release()}`, remark };
}

async function line(row: (typeof PACKAGES)[number]): Promise<Line> {
  if (!isInstalled(row)) return { name: row.name, version: "missing", remark: row.why };
  const of = TRIED.packages[row.name];
  const answers = of ? await Promise.all(of.ask.map(ask)) : [];
  const version = answers.find((answer) => answer !== undefined);
  if (of === undefined || version === undefined) return { name: row.name, version: "present", remark: row.why };
  return { name: row.name, version, remark: `${judged(version, of.tried)}; ${row.why}` };
}

/** Print the missing requirements of a command's verb; true if there are none. */
function judge(command: string, verb: "demo" | "test", print: (line: string) => void): boolean {
  const missing = missingPackages(verb).map(({ name }) => name);
  print(missing.length === 0 ? `${command}: everything is there` : `${command}: missing ${missing.join(" ")}`);
  return missing.length === 0;
}

/** Print the table; true if everything is there that `npm start` needs. */
export async function doctor(print: (line: string) => void): Promise<boolean> {
  const node: Line = {
    name: "node",
    version: process.versions.node,
    remark: judged(process.versions.node, TRIED.node),
  };
  const lines = [system(), node, ...(await Promise.all(PACKAGES.map(line)))];
  const width = (of: (line: Line) => string): number => Math.max(...lines.map((one) => of(one).length)) + 2;
  const [names, versions] = [width(({ name }) => name), width(({ version }) => version)];
  for (const { name, version, remark } of lines) print(`${name.padEnd(names)}${version.padEnd(versions)}${remark}`);
  print("");
  const canStart = judge("npm start", "demo", print);
  judge("npm test", "test", print);
  return canStart;
}
