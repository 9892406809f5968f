/** The day of an image's build: a device has no clock, and compares the end of certificates with this. */
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { Trouble } from "../trouble.ts";
import { ROOT } from "./root.ts";

const DAY_S = 86_400;

let known: number | undefined;

/**
 * Days since 1970, the same wherever the same commit is built: of SOURCE_DATE_EPOCH if it is set, else of the last commit. None where there
 * is neither, as in an unpacked archive: then the firmware's own constant stands.
 */
export function buildDay(): number | undefined {
  const said = process.env.SOURCE_DATE_EPOCH;
  if (said !== undefined && !/^\d{1,10}$/.test(said))
    throw new Trouble(`SOURCE_DATE_EPOCH is "${said}"`, "set it to a number of seconds since 1970, or unset it");
  known ??= said === undefined ? committed() : Number(said);
  return known === undefined ? undefined : Math.floor(known / DAY_S);
}

/** When the tree's last commit was made, seconds since 1970; a repository around the tree is not the tree's. */
function committed(): number | undefined {
  try {
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(ROOT) };
    const args = ["-C", ROOT, "log", "-1", "--format=%ct"];
    return Number(execFileSync("git", args, { env, stdio: "pipe" }).toString());
  } catch {
    return undefined;
  }
}
