// weight: 40 s, 0.9 cores
/** `signet lab`: its reports of two emulated boards, its statistics, and the search for the beginning of a request. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, describe, it } from "node:test";
import { FULL } from "../full.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { Stream } from "./field.ts";
import { ANSWER_BYTES, type Answer, type Lab } from "./lab.ts";
import { mostCommonValue } from "./report/noise.ts";
import type { Report } from "./report/report.ts";
import { synchronise } from "./report/subject.ts";
import { LEAK, time, welch } from "./report/timing.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-lab-"));
after(() => rmSync(folder, { recursive: true }));

function signet(...args: string[]): { status: number | null; out: string; said: string } {
  const run = spawnSync(process.execPath, [join(ROOT, "tools/bootstrap.mjs"), "lab", ...args], { encoding: "utf8" });
  return { status: run.status, out: run.stdout, said: run.stderr };
}

describe("a report", () => {
  // The Pico's emulator counts cycles as a core of its kind takes them; two minutes.
  for (const board of FULL ? ["mps2-an386", "pico"] : ["mps2-an386"])
    it(`of ${board} has answers, cycles, timing and noise`, () => {
      const out = join(folder, `${board}.json`);
      const extent = ["--every", "400", "--runs", "1", "--samples", board === "pico" ? "2" : "4", "--noise", "2000"];
      const { status, out: words, said } = signet("--board", board, "--out", out, ...extent);
      assert.equal(status, 0, said);
      const report = JSON.parse(readFileSync(out, "utf8")) as Report;
      assert.equal(report.facts.machine, "emulator");
      assert.equal(report.facts.counterBits, 24);
      assert.deepEqual(report.different, []);
      assert.ok(report.cycles["ecdsa384.verify"]!.median > 10_000);
      const measured = Object.values(report.timing).filter(({ verdict }) => verdict !== "not measured");
      assert.ok(measured.length >= 20 && measured.every(({ verdict }) => verdict === "no difference found"));
      assert.equal(Buffer.from(report.noise!.raw, "base64").length, 2000);
      assert.match(words, /^timing: no difference found in \d+ operations$/m);
    });

  it("is refused for a board that no emulator runs, without the line to its module", () => {
    const { status, said } = signet("--board", "nrf52840dk", "--out", join(folder, "none.json"));
    assert.equal(status, 1);
    assert.match(said, /^error: no emulator runs nrf52840dk\nhint: give --module/m);
  });
});

describe("timing over secrets", () => {
  /** A lab whose operation takes as long as `cycles` says of its first field. */
  const lab = (cycles: (secret: Uint8Array, noise: Stream) => number): Lab => {
    const noise = new Stream("noise of a chip");
    const answer = (secret: Uint8Array): Answer => ({
      result: 0,
      bytes: Buffer.alloc(0),
      instructions: 0,
      stack: 0,
      cycles: cycles(secret, noise),
    });
    return {
      name: "modelled",
      run: (_, ...fields) => Promise.resolve(answer(fields[0]!)),
      close: () => Promise.resolve(),
    };
  };
  const random = new Stream("secrets");
  const requests = Array.from({ length: 301 }, (_, i) => ({
    op: 1,
    fields: [i === 0 ? Buffer.alloc(32) : random.take(32)],
  }));
  const verdict = async (one: Lab): Promise<string> => (await time(one, { name: "modelled", requests }, 300)).verdict;

  it("finds a cycle for each bit that is set, under noise of a hundred", async () => {
    const leaks = lab(
      (secret, noise) => 1000 + secret.reduce((sum, byte) => sum + (byte & 1), 0) * 8 + noise.below(100),
    );
    assert.equal(await verdict(leaks), "depends on the secret");
  });
  it("finds a difference without any noise", async () =>
    assert.equal(await verdict(lab((secret) => (secret[0] === 0 ? 999 : 1000))), "depends on the secret"));
  it("finds nothing in noise alone", async () =>
    assert.equal(await verdict(lab((_, noise) => 1000 + noise.below(100))), "no difference found"));
  it("finds nothing where all runs are equal", async () =>
    assert.equal(await verdict(lab(() => 1000)), "no difference found"));
  it("states that nothing was measured when the counter is too short", async () =>
    assert.equal(await verdict(lab(() => 0)), "not measured"));
  it("computes Welch's t", () => {
    // By hand: means 2 and 5, variances 1 and 4, three samples each: 3 / sqrt(5 / 3).
    assert.ok(Math.abs(welch([1, 2, 3], [3, 5, 7]) + 3 / Math.sqrt(5 / 3)) < 1e-12);
    assert.ok(LEAK > 4.5);
  });
});

it("the most common value estimate is that of SP 800-90B's example", () => {
  // §6.3.1: 20 samples of which 8 are alike; the upper bound of their share is 0.6895, which gives 0.5363 bits.
  const samples = [0, 1, 1, 2, 0, 1, 2, 2, 0, 1, 0, 1, 1, 0, 2, 2, 1, 0, 2, 1];
  assert.ok(Math.abs(mostCommonValue(Buffer.from(samples)) - 0.5363) < 1e-4);
});

describe("the search for the beginning of a request", () => {
  /** A lab that has read `before`, as boards/common/lab.c reads: a head of four bytes, and as many as it says. */
  const board = (before: Buffer): PassThrough => {
    const stream = new PassThrough();
    const own = new PassThrough();
    let have = before;
    stream.write = ((bytes: Buffer) => {
      have = Buffer.concat([have, bytes]);
      while (have.length >= 4 && have.length >= 4 + have.readUInt16LE(2)) {
        have = have.subarray(4 + have.readUInt16LE(2));
        own.write(Buffer.alloc(ANSWER_BYTES));
      }
      return true;
    }) as PassThrough["write"];
    own.on("data", (bytes: Buffer) => stream.push(bytes));
    Object.defineProperty(stream, "pending", { get: () => have.length });
    return stream;
  };
  for (const before of ["", "01", "0102", "010203", "01020300", "0102ffff", "01020500aa"])
    it(`finds it behind ${before === "" ? "nothing" : before}`, async () => {
      const stream = board(Buffer.from(before, "hex"));
      await synchronise(stream, "here");
      assert.equal((stream as unknown as { pending: number }).pending, 0);
    });
  it("fails by name where nothing answers", async () => {
    const silent = new PassThrough();
    silent.write = (() => true) as PassThrough["write"];
    await assert.rejects(synchronise(silent, "here"), /nothing answers at here/);
  });
});
