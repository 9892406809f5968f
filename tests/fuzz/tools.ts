import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Why the targets that need clang and libsodium cannot run here, or undefined. */
export function lacking(): string | undefined {
  if (spawnSync("clang", ["--version"]).error) return "clang is not installed";
  const found = spawnSync("clang", ["-print-file-name=libsodium.so.23"], { encoding: "utf8" }).stdout.trim();
  return existsSync(found) ? undefined : "libsodium23 is not installed";
}
