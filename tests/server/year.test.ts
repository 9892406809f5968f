// weight: 80 s, 0.6 cores
/** The guide through the first year of a server, `tools/server/YEAR.md`: its blocks run as one script, in an empty folder. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { freePort } from "../../tools/line/port.ts";
import { folder } from "./harness.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const LIMIT_MS = 600_000;

void test("the commands of the first year run as they are written, and nothing is lost", async (t) => {
  const place = folder(t);
  const [bin, empty] = [join(place, "bin"), join(place, "empty")];
  for (const made of [bin, empty]) mkdirSync(made);
  const program = `#!/bin/sh\nexec "${process.execPath}" --import "${ROOT}tools/load.mjs" "${ROOT}tools/signet.ts" "$@"\n`;
  writeFileSync(join(bin, "signet"), program, { mode: 0o755 });
  const guide = readFileSync(join(ROOT, "tools/server/YEAR.md"), "utf-8");
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  assert.ok(blocks.length > 10);

  const child = spawn("bash", ["-euo", "pipefail", "-x", "-c", blocks.join("")], {
    cwd: empty,
    // The server of the guide keeps its port when it starts again.
    env: { ...process.env, PORT: String(await freePort()), PATH: `${bin}${delimiter}${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  // The script starts a server and a fleet: end the whole group.
  t.after(() => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  });
  const timer = setTimeout(() => child.kill(), LIMIT_MS);
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].on("data", (part: Buffer) => (said[name] += part.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  assert.equal(code, 0, `${said.stdout}\n${said.stderr.slice(-3000)}`);
  assert.match(said.stdout, /4 devices continued with the key in use, 0 did not yet/);
  assert.match(said.stdout, /^repeated: replace-board /m);
  assert.equal(said.stdout.match(/^audit: .*: nothing was altered$/gm)?.length, 3);
});
