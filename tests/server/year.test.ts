// weight: 80 s, 0.6 cores
/** The guide through the first year of a server, `tools/server/YEAR.md`: its blocks run as one script, in an empty folder. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

const ROOT = new URL("../..", import.meta.url).pathname;
const LIMIT_MS = 600_000;

/** Return a port that is free now: the server of the guide keeps its port when it starts again. */
async function freePort(): Promise<string> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return String(port);
}

void test("the commands of the first year run as they are written, and nothing is lost", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "signet-year-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [bin, empty] = [join(folder, "bin"), join(folder, "empty")];
  for (const made of [bin, empty]) mkdirSync(made);
  const program = `#!/bin/sh\nexec "${process.execPath}" --import "${ROOT}tools/load.mjs" "${ROOT}tools/signet.ts" "$@"\n`;
  writeFileSync(join(bin, "signet"), program, { mode: 0o755 });
  const guide = readFileSync(join(ROOT, "tools/server/YEAR.md"), "utf-8");
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  assert.ok(blocks.length > 10);

  const child = spawn("bash", ["-euo", "pipefail", "-x", "-c", blocks.join("")], {
    cwd: empty,
    env: { ...process.env, PORT: await freePort(), PATH: `${bin}${delimiter}${process.env.PATH}` },
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
