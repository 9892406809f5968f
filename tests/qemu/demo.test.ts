// weight: 70 s, 0.6 cores
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { CHOSEN } from "../../tools/facts/family.ts";
import { ROADS } from "../../tools/firmware/choices.ts";
import { ROOT } from "../../tools/check/tree.ts";
import { FULL } from "../full.ts";

/** Other demos. On the Pico it takes minutes: its core is emulated in JavaScript. */
const OTHERS: readonly (readonly string[])[] = [
  ["--board", "microbit"],
  ...(FULL
    ? [
        ["--board", "pico"],
        ...CHOSEN.map((link) => ["--link", link]),
        ...ROADS.map((road) => ["--link", "esp-at", "--road", road]),
      ]
    : []),
];

const folder = mkdtempSync(join(tmpdir(), "signet-demo-"));

interface Run {
  readonly child: ChildProcess;
  /** Everything printed so far. */
  said(): string;
  /** Resolves with the exit code. */
  readonly over: Promise<number | null>;
}

/** Start the demo as `npm start` does. */
function start(...args: string[]): Run {
  const command = ["tools/bootstrap.mjs", "demo", "--folder", folder, ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (text += bytes));
  return { child, said: () => text, over: new Promise((resolve) => child.once("close", resolve)) };
}

/** Wait until the demo says something. */
async function until(run: Run, wanted: RegExp): Promise<void> {
  let over = false;
  void run.over.then(() => (over = true));
  while (!wanted.test(run.said())) {
    assert.ok(!over, `ended without a word like ${wanted}:\n${run.said()}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** The processes of a group that are still there. */
function members(group: number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
          .replace(/^.*\) /s, "")
          .split(" ");
        return fields[0] !== "Z" && Number(fields[2]) === group;
      } catch {
        return false;
      }
    });
}

describe("npm start", () => {
  after(() => rmSync(folder, { recursive: true }));

  it("--once ends by itself, and its last line states it", { timeout: 600_000 }, async () => {
    const run = start("--once");
    assert.equal(await run.over, 0, run.said());
    assert.match(
      run.said().trimEnd().split("\n").at(-1)!,
      /^demo ok: 1 device, \d{2,} reports accepted, 12 attacks refused$/,
    );
  });

  for (const others of OTHERS) {
    it(`--once ${others.join(" ")} ends as well`, { timeout: 1_200_000 }, async () => {
      const own = mkdtempSync(join(tmpdir(), "signet-demo-other-"));
      try {
        const run = start("--once", ...others, "--folder", own);
        assert.equal(await run.over, 0, run.said());
        assert.match(run.said().trimEnd(), /\ndemo ok: 1 device, \d{2,} reports accepted, \d{2} attacks refused$/);
      } finally {
        rmSync(own, { recursive: true });
      }
    });
  }

  it("shows the same device again, and Ctrl-C ends everything", { timeout: 300_000 }, async () => {
    const run = start();
    await until(run, /operator's page (http\S+), sign in with (signet_\S+)$/m);
    const [, url, token] = /operator's page (http\S+), sign in with (signet_\S+)$/m.exec(run.said())!;
    const headers = { authorization: `Bearer ${token}` };
    assert.match(await (await fetch(url!)).text(), /<title>Signet<\/title>/);
    assert.equal((await fetch(`${url}/v1/devices`, { headers })).status, 200);
    await until(run, /attack +flip-hello: /);
    assert.match(run.said(), /loaded its key; its id is/);
    assert.match(run.said(), /start number 2$/m);
    process.kill(-run.child.pid!, "SIGINT");
    assert.equal(await run.over, 0, run.said());
    assert.doesNotMatch(run.said(), /error:/);
    assert.deepEqual(members(run.child.pid!), []);
    assert.ok(!existsSync(join(folder, "pid")));
  });

  it("reports in one line that its port is taken", { timeout: 300_000 }, async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, "127.0.0.1", listening));
    const { port } = taken.address() as AddressInfo;
    const run = start("--once", "--port", String(port));
    assert.equal(await run.over, 1);
    assert.match(run.said(), new RegExp(`^error: 127\\.0\\.0\\.1 port ${port} is taken\nhint: .+\n$`, "m"));
    taken.close();
  });
});
