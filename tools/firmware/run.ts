/** Run one tool of the pipeline; its complaint becomes a Trouble. */
import { spawn } from "node:child_process";
import { Trouble } from "../trouble.ts";
import { ROOT } from "./root.ts";

/** Debian's package for each program, for the hint. */
const PACKAGES: Record<string, string> = {
  "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
  "arm-none-eabi-objcopy": "binutils-arm-none-eabi",
  "arm-none-eabi-nm": "binutils-arm-none-eabi",
  gcc: "gcc",
  clang: "clang",
};

/** Run a program in the working tree's folder and return its standard output. */
export function run(program: string, args: readonly string[], cwd: string = ROOT): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
    const out: Buffer[] = [];
    const complaint: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => complaint.push(bytes));
    child.on("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      const hint = PACKAGES[program] ? `apt-get install ${PACKAGES[program]}` : "is it installed?";
      reject(new Trouble(missing ? `${program} is not installed` : `${program}: ${error.message}`, hint));
    });
    child.on("close", (code) => {
      if (code === 0) return resolve(Buffer.concat(out).toString("utf8"));
      const said = Buffer.concat(complaint).toString("utf8").trim() || `exit code ${code}`;
      reject(new Trouble(`${program} failed:\n${said}`, "the first message above is the cause"));
    });
  });
}
