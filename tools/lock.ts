/** A thing for one process at a time: a file that names the process which has it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Trouble } from "./trouble.ts";

/** Take it; returns what gives it back. Throws Trouble while another process that lives has it. */
export function keep(file: string, what: string): () => void {
  const holder = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  if (runs(holder)) throw new Trouble(`${what} is already running (process ${holder})`, "end it first, or use another");
  rmSync(file, { force: true });
  // Of two that come at the same moment the second fails here.
  writeFileSync(file, String(process.pid), { flag: "wx" });
  return () => rmSync(file, { force: true });
}

function runs(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
