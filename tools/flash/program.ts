/** Run a programmer's program. */
import { type ChildProcess, spawn } from "node:child_process";
import { Trouble } from "../trouble.ts";

/** The output of a program, both streams in order. */
export interface Said {
  readonly code: number | null;
  readonly text: string;
}

const SAID_MAX = 1024 * 1024;

/** Start a program; `text` is called with its output. Reject with Trouble if it is not installed. */
export function start(
  program: string,
  args: readonly string[],
  debianPackage: string,
  text: (said: string) => void = () => undefined,
): { readonly child: ChildProcess; readonly over: Promise<Said> } {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LC_ALL: "C" } });
  let all = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (said: string) => {
      all = (all + said).slice(-SAID_MAX);
      text(said);
    });
  }
  const over = new Promise<Said>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      reject(missing ? new Trouble(`${program} is not installed`, `apt-get install ${debianPackage}`) : error);
    });
    child.once("close", (code) => resolve({ code, text: all }));
  });
  return { child, over };
}
