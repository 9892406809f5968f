import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Trouble } from "../trouble.ts";

/**
 * Lock a folder for this process; return a function that unlocks it. Two demos on one database would be two devices on one
 * flash.
 */
export function keep(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "pid");
  if (existsSync(file) && runs(Number(readFileSync(file, "utf8")))) {
    throw new Trouble(
      `a demo is already running (process ${readFileSync(file, "utf8")})`,
      "end it first, or give another --folder",
    );
  }
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

function runs(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
