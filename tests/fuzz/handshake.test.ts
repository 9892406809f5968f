// weight: 14 s, 0.8 cores
/**
 * Coverage-guided flights against the TLS client, compiled for the host with sanitizers: `handshake.c` says what must hold.
 * SIGNET_FUZZ_FLIGHTS says how many; SIGNET_FUZZ_KEEP writes what they found into the kept corpus, as little of it as covers
 * the same.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buildHost } from "../../tools/firmware/host.ts";
import { ROOT } from "../../tools/firmware/root.ts";
import { State } from "../../tools/tls/client.ts";
import { flights } from "./flights.ts";
import { lacking } from "./tools.ts";
import TLS from "../tls/image.ts";
import { HANDSHAKE } from "./kinds.ts";

const FLIGHTS = Number(process.env["SIGNET_FUZZ_FLIGHTS"] ?? 10_000);
const KEEP = process.env["SIGNET_FUZZ_KEEP"] !== undefined;
/** All inputs one after the other, each behind its length. */
const CORPUS = join(ROOT, "tests/fuzz/corpus/handshake.bin");
const LONGEST = 6000;

function unpack(folder: string): number {
  const packed = readFileSync(CORPUS);
  let count = 0;
  for (let at = 0; at < packed.length; count++) {
    const len = packed.readUInt16LE(at);
    writeFileSync(join(folder, String(count)), packed.subarray(at + 2, at + 2 + len));
    at += 2 + len;
  }
  return count;
}

function pack(folder: string): void {
  const parts = readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const input = readFileSync(join(folder, name));
      const len = Buffer.alloc(2);
      len.writeUInt16LE(input.length);
      return [len, input];
    });
  writeFileSync(CORPUS, Buffer.concat(parts));
}

/** The states that the flights of one kind of server came to, by how many did. */
function ends(said: string, who: string): number[] {
  const line = new RegExp(`flights of the ${who}, .*:(( \\d+)+)$`, "m").exec(said)?.[1];
  assert(line !== undefined, said.slice(-2000));
  return line.trim().split(" ").map(Number);
}

describe("the TLS client on the host", { skip: lacking() }, () => {
  let program: string;
  let folder: string;
  const below = (name: string): string => join(folder, name);
  const fuzz = (env: Record<string, string>, ...args: string[]) =>
    spawnSync(program, [...args, `-max_len=${LONGEST}`, `-artifact_prefix=${folder}/`], {
      encoding: "utf8",
      env: { ...process.env, SIGNET_FLIGHTS: below("flights"), ...env },
      maxBuffer: 1 << 28,
    });

  before(async () => {
    program = await buildHost({ image: TLS, kind: HANDSHAKE });
    folder = mkdtempSync(join(tmpdir(), "signet-flights-"));
    mkdirSync(below("corpus"));
    writeFileSync(below("flights"), await flights());
  });
  after(() => rmSync(folder, { recursive: true }));

  test(`${FLIGHTS} mutated flights connect to the server only`, (context) => {
    const kept = unpack(below("corpus"));
    const options = [`-runs=${FLIGHTS}`, "-len_control=0", "-seed=1", "-print_final_stats=1"];
    const { status, stderr } = fuzz({}, ...options, below("corpus"));
    assert.equal(status, 0, stderr.slice(-4000));
    const forged = ends(stderr, "forger");
    const own = ends(stderr, "server itself");
    context.diagnostic(`from ${kept} kept: ${stderr.split("\n").findLast((line) => line.includes("cov:"))}`);
    context.diagnostic(`forger: ${forged.join(" ")}; server itself: ${own.join(" ")}`);
    for (const state of [State.WaitSh, State.WaitEe, State.WaitCertCr, State.WaitCv, State.WaitFinished])
      assert((forged[state] ?? 0) > 0, `no forged flight came to state ${state}`);
    assert((own[State.Connected] ?? 0) > 0, "the server itself never connected");
    if (!KEEP) return;
    mkdirSync(below("least"));
    const merged = fuzz({}, "-merge=1", below("least"), below("corpus"));
    assert.equal(merged.status, 0, merged.stderr.slice(-4000));
    pack(below("least"));
  });

  test("a forger with the key is detected", () => {
    const { status, stderr } = fuzz({ SIGNET_PLANTED: "1" }, "-runs=10000", "-seed=1");
    assert.notEqual(status, 0);
    assert.match(stderr, /^connected to a forger$/m);
  });
});
