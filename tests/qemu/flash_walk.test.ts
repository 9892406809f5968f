// weight: 23 s, 1 core
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import * as browser from "../server/page/browser.ts";
import { ROOT } from "../../tools/check/tree.ts";
import { freePort } from "../../tools/line/port.ts";

const STEP_MS = 240_000;

/** The commands of a document, block by block, as a reader copies them. */
function blocks(path: string): { terminal: boolean; text: string }[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/^```sh( terminal)?\n(.*?)^```$/gms)].map(([, terminal, commands]) => ({
    terminal: terminal !== undefined,
    text: commands!,
  }));
}

describe("tools/flash/README.md: from a bare board to the first verified report", () => {
  const folder = mkdtempSync(join(tmpdir(), "signet-walk-"));
  const running: ChildProcess[] = [];
  let said = "";
  /** The command that watches the device's console. */
  let watching = "";

  after(() => {
    for (const child of running) {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    rmSync(folder, { recursive: true });
    return browser.close();
  });

  /** Give commands to a shell; resolves with its exit code. */
  function shell(commands: string): Promise<number | null> {
    const child = spawn("/bin/sh", ["-e", "-c", commands], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.push(child);
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    return new Promise((resolve) => child.once("close", resolve));
  }

  async function until(wanted: RegExp): Promise<void> {
    for (const end = Date.now() + STEP_MS; !wanted.test(said);) {
      assert.ok(Date.now() < end, said);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  it("works command by command", { timeout: 2 * STEP_MS }, async () => {
    // Another folder and other ports than a reader's, who may have the very same running.
    let all = blocks("tools/flash/README.md");
    for (const port of [8080, 7000, 3333, 4444]) {
      const free = String(await freePort());
      all = all.map(({ terminal, text }) => ({ terminal, text: text.replaceAll(String(port), free) }));
    }
    all = all.map(({ terminal, text }) => ({ terminal, text: text.replaceAll("build/walk", folder) }));
    assert.deepEqual(
      all.map(({ terminal }) => terminal),
      [true, true, true, false, false, false],
    );
    for (const [i, { terminal, text }] of all.entries()) {
      if (!terminal) assert.equal(await shell(text), 0, `${text}\n${said}`);
      else {
        void shell(text);
        await until([/^server key [0-9a-f]{64}$/m, /^esp-at module at /m, /^bare mps2-an386: /m][i]!);
      }
    }
    watching = all.map(({ text }) => /^.* console .* --until accepted$/m.exec(text)?.[0]).find(Boolean)!;
    assert.match(said, /^number 1: [0-9a-f]{64}$/m);
    assert.match(said, /^has the receipt for report \d+$/m);
    assert.match(
      said.trimEnd().split("\n").at(-1)!,
      /^audit: 1 devices, [1-9]\d* reports, \d+ log entries: nothing was altered$/,
    );
    assert.ok(existsSync(join(folder, "labels", "label-0001.svg")));
  });

  it(
    "ends on the operator's page: readings; the device revoked there receives the decision, and stops sending",
    {
      skip: browser.missing,
      timeout: 2 * STEP_MS,
    },
    async (t) => {
      const [, url] = /^operator's page (\S+)$/m.exec(said)!;
      const [, token] = /^admin token, shown only once: (\S+)$/m.exec(said)!;
      const [, id] = /^number 1: ([0-9a-f]{64})$/m.exec(said)!;
      const tab = await browser.open(t, url!);
      await browser.signIn(tab, token!);
      const { page } = tab;
      await page.getByRole("link", { name: id!.slice(0, 8) }).click();
      await page.getByRole("img", { name: /^temperature, °C: [1-9]\d* readings/ }).waitFor();
      await page
        .getByRole("row", { name: /temperature \d+\.\d{3} °C, uptime \d+ s/ })
        .first()
        .waitFor();
      await browser.picture(tab, "walk");
      // Only who listens when it is said hears it.
      said = "";
      const heard = shell(watching.replace("accepted", "silenced"));
      await until(/^has the receipt for report \d+$/m);
      await page.getByRole("button", { name: "Revoke…" }).click();
      await page.getByRole("button", { name: "Revoke permanently" }).click();
      await page.getByRole("heading", { name: /revoked$/ }).waitFor();
      assert.equal(await heard, 0, said);
      assert.match(said, /^is revoked: it tries again once a day$/m);
      await page.getByText("1 × revoked: the device is revoked, or was replaced").waitFor();
      await browser.leave(tab);
    },
  );
});
