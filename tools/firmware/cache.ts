/** The cache of builds: skip what has not changed, and let two processes request the same image at once. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./root.ts";

/** All files below the given files and folders, sorted, relative to the root. Folders that do not exist are empty. */
export function filesBelow(...paths: string[]): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) {
      found.push(relative(ROOT, path));
      return;
    }
    for (const name of readdirSync(path)) walk(join(path, name));
  };
  for (const path of paths) walk(resolve(ROOT, path));
  return found.toSorted();
}

/** A digest of texts and of files' names and contents. */
export function digest(texts: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  for (const file of files) {
    const bytes = readFileSync(join(ROOT, file));
    hash.update(`${file}:${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex");
}

/** True if `stamp` says that the output beside it was made from `wanted`. */
export function isFresh(stamp: string, wanted: string): boolean {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Make the lock file; if it is there and its process is not, take it over. */
function tryLock(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  let holder = "";
  try {
    holder = readFileSync(path, "utf8");
  } catch {
    return false;
  }
  if (holder !== "" && !isAlive(Number(holder))) rmSync(path, { force: true });
  return false;
}

const held = new Map<string, Promise<unknown>>();

/** Run `work` while no other process, and no other call in this one, does so under the same path. */
export async function exclusively<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = held.get(path) ?? Promise.resolve();
  const run = before
    .catch(() => undefined)
    .then(async () => {
      mkdirSync(dirname(path), { recursive: true });
      while (!tryLock(path)) await sleep(50);
      try {
        return await work();
      } finally {
        rmSync(path, { force: true });
      }
    });
  held.set(path, run);
  return run;
}
