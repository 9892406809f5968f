// weight: 15 s, 0.5 cores
/**
 * The overlay (`assembly/lib/overlay.ts`) in a life inside TLS. Each load and store of the firmware is watched: those that reach the
 * overlay come from code of its owner at that moment. So the two that share it are never live together.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { asc, NODE_LEVEL } from "../../tools/firmware/asc.ts";
import { packageFolder } from "../../tools/firmware/modules.ts";
import { run } from "../../tools/firmware/run.ts";
import { Subject, World } from "./world.ts";

const folder = mkdtempSync(join(tmpdir(), "signet-overlay-"));
after(() => rmSync(folder, { recursive: true }));

/** The firmware with an import before each load and store. Copies and fills are loops of them. */
async function instrumented(): Promise<WebAssembly.Module> {
  const [plain, watched] = [join(folder, "plain.wasm"), join(folder, "watched.wasm")];
  await asc(["tests/flow/guest_overlay.ts", NODE_LEVEL, "--disable", "bulk-memory", "--outFile", plain]);
  const optimizer = join(packageFolder("binaryen"), "bin/wasm-opt");
  await run(process.execPath, [optimizer, plain, "-g", "--instrument-memory", "-o", watched]);
  return WebAssembly.compile(readFileSync(watched));
}

interface Exports {
  overlayPlace(): number;
  overlayBytes(): number;
  overlayOwner(): number;
  trespass(): void;
}

/** The owners, in the order of their numbers in assembly/lib/overlay.ts, and the folders of their code. */
const OWNERS: readonly (readonly [name: string, folders: readonly string[]])[] = [
  ["none", []],
  ["handshake", ["tls", "signer"]],
  ["answer", ["exchange", "device", "identity"]],
];

/** Folders whose code serves others: the caller counts. */
const SERVING = new Set(["lib", "crypto", "cose"]);

/** Accesses of the overlay: by owner at that moment and folder of the code, such as `answer device`. */
class Watch {
  readonly met = new Set<string>();
  exports!: () => Exports;
  #place: readonly [from: number, to: number] | undefined;

  readonly imports = (exports: () => WebAssembly.Exports): WebAssembly.Imports => {
    this.exports = exports as () => unknown as () => Exports;
    const same = (_id: number, value: unknown): unknown => value;
    const look = (_id: number, bytes: number, offset: number, address: number): number => {
      this.#look((address >>> 0) + (offset >>> 0), bytes);
      return address;
    };
    const values = ["i32", "i64", "f32", "f64"].flatMap((type) => [`load_val_${type}`, `store_val_${type}`]);
    return { env: { load_ptr: look, store_ptr: look, ...Object.fromEntries(values.map((name) => [name, same])) } };
  };

  #look(at: number, bytes: number): void {
    const { overlayPlace, overlayBytes, overlayOwner } = this.exports();
    const [from, to] = (this.#place ??= [overlayPlace(), overlayPlace() + overlayBytes()]);
    if (at + bytes <= from || at >= to) return;
    const folders = [...new Error().stack!.matchAll(/\bat (?:assembly|tests)\/(\w+)\//g)].map(([, name]) => name!);
    this.met.add(`${OWNERS[overlayOwner()]![0]} ${folders.find((name) => !SERVING.has(name))}`);
  }
}

const ALLOWED = OWNERS.flatMap(([owner, folders]) => folders.map((name) => `${owner} ${name}`));

test("only its owner's code reads and writes the overlay, in handshakes, answers and commands", async (context) => {
  Error.stackTraceLimit = 60;
  const world = await World.start({ tls: true });
  context.after(() => world.close());
  const { port, publicKey } = world.server.tls!;
  const watch = new Watch();
  const subject = await Subject.make(world, {
    module: await instrumented(),
    imports: watch.imports,
    port,
    settings: { tlsKeys: [publicKey] },
    intervalMs: 1_000,
  });
  context.after(() => subject.stop());
  await subject.start();
  await subject.see("accepted", 2);
  await world.operate(subject.id, "downlinks", { data: "6c6564", expiresAt: Date.now() + 3_600_000 });
  await subject.see("command");
  await subject.see("accepted", 1);
  await subject.stop();
  assert.equal(subject.said("tls-failed").length, 0);
  assert.deepEqual([...watch.met].toSorted(), ALLOWED.toSorted());
  subject.guest.boot();
  watch.exports().trespass();
  assert.ok(watch.met.has("none flow"), "the planted access is found");
});
