// weight: 43 s, 1 core
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loadBoard } from "../../tools/firmware/board.ts";
import { buildImage } from "../../tools/firmware/build.ts";
import { ROOT } from "../../tools/check/tree.ts";
import { startBare, type Bare, type Place } from "../../tools/emulator/bare.ts";
import * as flash from "../../tools/flash/flash.ts";
import { inspectInput } from "../../tools/flash/inspect.ts";
import * as probes from "../../tools/flash/probes.ts";
import { startServer, type RunningServer } from "../../tools/server/server.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import * as factory from "../../tools/wire/factory.ts";
import { id as idOf } from "../../tools/wire/key.ts";
import * as store from "../../tools/wire/store.ts";
import { SIGNET } from "../../tools/firmware/product.ts";
import { seeded } from "../../tools/line/random.ts";

/** Number of kills of provisioning; the whole campaign has 50. */
const KILLS = Number(process.env["SIGNET_PROVISION_KILLS"] ?? 3);
const SEED = 0x666c6173;
const STEP_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), "signet-flash-"));
const boards: Bare[] = [];

after(async () => {
  for (const board of boards) await board.kill();
  rmSync(folder, { recursive: true });
});

async function freePlace(): Promise<Place> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return { host: "127.0.0.1", port };
}

/** A bare board, and where to reach it. */
async function bare(board: string): Promise<{ gdb: Place; console: Place }> {
  const place = { gdb: await freePlace(), console: await freePlace() };
  boards.push(await startBare({ board, ...place }));
  return place;
}

function config(server: Pick<RunningServer, "port" | "publicKey">): string {
  const path = join(folder, "device.json");
  const told = { host: "127.0.0.1", port: server.port, audience: "signet.local", keys: [hex(server.publicKey)] };
  writeFileSync(path, JSON.stringify({ server: told, module: { family: "esp-at" } }));
  return path;
}

const quiet: flash.Listener = { step: () => undefined, progress: () => undefined, line: () => undefined };

/** Read a stretch of a board's memory. */
async function read(board: string, gdb: Place, from: number, length: number): Promise<Uint8Array> {
  const probe = await probes.open(gdb, await loadBoard(board), board);
  try {
    return await probe.read(from, length);
  } finally {
    probe.close();
  }
}

for (const board of ["mps2-an386", "microbit"]) {
  describe(`signet flash --board ${board}, QEMU as the probe`, () => {
    let place: { gdb: Place; console: Place };
    let first: string | undefined;

    before(async () => {
      await buildImage({ board, image: SIGNET });
      place = await bare(board);
    });

    const run = async (more: Partial<flash.Options>): Promise<string | undefined> => {
      const { consoleByProbe } = (await loadBoard(board)).probe ?? {};
      const { host, port } = place.console;
      const bench = { probe: place.gdb, ...(consoleByProbe ? {} : { console: `tcp:${host}:${port}` }) };
      return flash.flash({ board, bench, ...more }, quiet);
    };

    it("makes a bare board a device, and receives its id", { timeout: STEP_MS }, async () => {
      const seen: number[] = [];
      const lines: string[] = [];
      const { consoleByProbe } = (await loadBoard(board)).probe ?? {};
      const { host, port } = place.console;
      const bench = { probe: place.gdb, ...(consoleByProbe ? {} : { console: `tcp:${host}:${port}` }) };
      const path = config({ port: 8080, publicKey: new Uint8Array(32).fill(7) });
      const steps: string[] = [];
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), seed: "07".repeat(48) }));
      first = await flash.flash(
        { board, bench, config: path },
        {
          step: (text) => steps.push(text),
          progress: (written) => seen.push(written),
          line: (line) => lines.push(line),
        },
      );
      assert.match(first ?? "", /^[0-9a-f]{64}$/);
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      );
      assert.ok(lines.some((line) => line.startsWith("@ key-made ")));
      assert.ok(!lines.includes("@ unconfigured"));
      assert.match(steps[0]!, /^warning: a seed is for one device/);
      const { origin, pageBytes } = (await loadBoard(board)).store;
      assert.notDeepEqual(
        factory.read(await read(board, place.gdb, origin, pageBytes)).seed,
        new Uint8Array(48).fill(7),
      );
    });

    it("keeps key and factory page when it is flashed again", { timeout: STEP_MS }, async () => {
      const { origin, pageBytes } = (await loadBoard(board)).store;
      const page = await read(board, place.gdb, origin, pageBytes);
      assert.equal(await run({}), first);
      assert.deepEqual(await read(board, place.gdb, origin, pageBytes), page);
    });

    it("leaves a readable store, with the key of that id", { timeout: STEP_MS }, async () => {
      const { origin, pageBytes, pages } = (await loadBoard(board)).store;
      const dump = await read(board, place.gdb, origin, pageBytes * pages);
      assert.equal(store.pageBytesOf(dump), pageBytes);
      const { live } = store.read(dump, pageBytes);
      const { publicKey } = ed25519.fromSeed(live.get("key")!);
      assert.equal(hex(idOf(publicKey)), first);
      assert.equal(Buffer.from(live.get("boots")!).readUInt32LE(), 2);
      const told = inspectInput(dump)
        .flat()
        .map(([name, value]) => `${name}: ${value}`)
        .join("\n");
      assert.match(told, new RegExp(`id ${first}`));
      assert.match(told, /audience signet\.local/);
      assert.ok(!told.includes(hex(live.get("key")!)), "the secret is shown");
    });

    it("becomes another device when its store is erased, with another seed", { timeout: STEP_MS }, async () => {
      const { origin, pageBytes } = (await loadBoard(board)).store;
      const before = factory.read(await read(board, place.gdb, origin, pageBytes));
      const other = await run({ erase: true });
      assert.match(other ?? "", /^[0-9a-f]{64}$/);
      assert.notEqual(other, first);
      const after = factory.read(await read(board, place.gdb, origin, pageBytes));
      assert.notDeepEqual(after.seed, before.seed);
      assert.deepEqual({ ...after, seed: before.seed }, before);
    });

    it("asks for an erasure when the store contains other data", { timeout: STEP_MS }, async () => {
      const loaded = await loadBoard(board);
      const { origin, pageBytes } = loaded.store;
      const probe = await probes.open(place.gdb, loaded, board);
      const junk = Uint8Array.from({ length: 4 * pageBytes }, (_, i) => (i * 29) >> 3);
      await probe.write([{ address: origin + pageBytes, bytes: junk }], () => undefined);
      probe.close();
      await assert.rejects(run({}), /no copy of a key can be read/);
      const after = await read(board, place.gdb, origin + pageBytes, junk.length);
      assert.ok(
        junk.every((byte, i) => after[i] === byte),
        "it was written",
      );
      assert.match((await run({ erase: true })) ?? "", /^[0-9a-f]{64}$/);
    });
  });
}

describe(`signet provision on two boards in turn, killed ${KILLS} times (seed ${SEED})`, () => {
  const board = "mps2-an386";
  const journal = join(folder, "batch", "journal.ndjson");
  const benches: { gdb: Place; console: Place }[] = [];
  let server: RunningServer;
  let path: string;

  before(async () => {
    server = await startServer({
      port: 0,
      database: join(folder, "signet.db"),
      audience: "signet.local",
      policy: "claim",
    });
    path = config(server);
    benches.push(await bare(board), await bare(board));
  });

  after(() => server.close());

  /** Run the real program; kill it after so long. */
  function provision(count: number, killAfterMs?: number): Promise<{ code: number | null; said: string }> {
    const args = [
      "provision",
      "--board",
      board,
      "--config",
      path,
      "--count",
      String(count),
      "--server",
      server.url,
      "--journal",
      journal,
    ];
    for (const { gdb, console: terminal } of benches)
      args.push("--probe", `gdb://${gdb.host}:${gdb.port}`, "--console", `tcp:${terminal.host}:${terminal.port}`);
    const env = { ...process.env, SIGNET_TOKEN: server.adminToken, NODE_TEST_CONTEXT: undefined };
    const child = spawn(process.execPath, ["--import", "./tools/load.mjs", "tools/signet.ts", ...args], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
    if (killAfterMs !== undefined) void sleep(killAfterMs).then(() => child.kill("SIGKILL"));
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, said })));
  }

  /** Each board's id and claim, as its own flash has them. */
  async function onBoards(): Promise<{ id: string; claim: string }[]> {
    const { origin, pageBytes, pages } = (await loadBoard(board)).store;
    return Promise.all(
      benches.map(async ({ gdb }) => {
        const dump = await read(board, gdb, origin, pageBytes * pages);
        const { factoryPage, live } = store.read(dump, pageBytes);
        const { claim } = factory.read(factoryPage);
        return { id: hex(idOf(ed25519.fromSeed(live.get("key")!).publicKey)), claim: hex(claim!) };
      }),
    );
  }

  it("finishes both in the end, each with its own claim", { timeout: KILLS * 15_000 + STEP_MS }, async () => {
    const moments = seeded(SEED);
    for (let kill = 0; kill < KILLS; kill++) await provision(2, 800 + moments.unit() * 4500);
    const { code, said } = await provision(2);
    assert.equal(code, 0, said);
    assert.match(said, /provisioned: 2 devices\n$/);
    const found = await onBoards();
    assert.notEqual(found[0]!.id, found[1]!.id);
    assert.notEqual(found[0]!.claim, found[1]!.claim);
    const lines = readFileSync(journal, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line) as Record<string, string>);
    for (const { id, claim } of found) {
      const number = lines.find((line) => line["id"] === id)?.["number"];
      assert.deepEqual(
        lines.flatMap((line) => (line["number"] === number && line["claim"] ? [line["claim"]] : [])),
        [claim],
      );
    }
    for (const { id } of found) {
      const labels = spawnSync("grep", ["-rl", id.slice(0, 16), join(folder, "batch", "labels")], { encoding: "utf8" });
      assert.equal(labels.stdout.trim().split("\n").length, 1);
    }
  });

  it("recognises finished boards, and does not change them", { timeout: STEP_MS }, async () => {
    const before = await onBoards();
    const { code, said } = await provision(3);
    assert.equal(code, 1);
    assert.match(said, /this is number 1, already finished/);
    assert.match(said, /error: the boards on all benches are already finished\nhint: /);
    assert.deepEqual(await onBoards(), before);
  });
});
