// weight: 12 s, 0.7 cores
/** COSE Receipts (RFC 9942) for reports and log entries, verified by `@transmute/cose` with the signature check of node:crypto. */
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { cbor, receipt } from "@transmute/cose";
import { sql } from "kysely";
import { runArchive } from "../../tools/server/archive.ts";
import { audit } from "../../tools/server/audit.ts";
import { runErase } from "../../tools/server/erase.ts";
import * as keyFile from "../../tools/server/keys.ts";
import * as merkle from "../../tools/server/merkle.ts";
import { REPORTS_MAX } from "../../tools/server/reporting.ts";
import { sealed } from "../../tools/server/seal.ts";
import { Store } from "../../tools/server/store/store.ts";
import * as tree from "../../tools/server/tree.ts";
import { concat, equal, fromHex, hex } from "../../tools/wire/bytes.ts";
import { encode } from "../../tools/wire/cbor.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, enrolled, folder, missing, serve, text, type Fixture, type Json } from "./harness.ts";

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(createHash("sha256").update(Buffer.concat(parts)).digest());
}

/** The root of RFC 9162 §2.1.1 as that section defines it: by halves. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  let half = 1;
  while (2 * half < leaves.length) half *= 2;
  return sha256(Uint8Array.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

/** Checks the signature of a receipt over a root, with node:crypto. */
function verifier(publicKey: Uint8Array): Parameters<typeof receipt.inclusion.verify>[0]["verifier"] {
  const x = Buffer.from(publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return {
    verify: ({ coseSign1, payload }) => {
      const [header, , , signature] = cbor.decode(coseSign1).value as Uint8Array[];
      const signed = encode(["Signature1", new Uint8Array(header!), new Uint8Array(0), new Uint8Array(payload)]);
      return verify(null, signed, key, signature!)
        ? Promise.resolve(payload)
        : Promise.reject(new Error("bad signature"));
    },
  };
}

interface Got {
  readonly status: number;
  readonly body: Json;
}

const receiptOf = (server: Fixture, hash: Uint8Array): Promise<Got> =>
  ask(server, server.adminToken, `/v1/receipts/${hex(hash)}`);
const consistencyOf = (server: Fixture, from: number, to: number): Promise<Got> =>
  ask(server, server.adminToken, `/v1/consistency/${from}/${to}`);

/** Verify that a receipt proves an entry. Returns the root that it yields. */
async function proved(server: Fixture, entry: Uint8Array, made: string): Promise<Uint8Array> {
  const leaf = new Uint8Array(await receipt.leaf(entry));
  const given = { entry: leaf, receipt: bufferOf(made), verifier: verifier(server.publicKey) };
  return new Uint8Array(await receipt.inclusion.verify(given));
}

/** Verify the signature of a receipt over a root. Returns its proof of consistency. */
async function verified(server: Fixture, made: string, root: Uint8Array): Promise<[number, number, Uint8Array[]]> {
  const coseSign1 = bufferOf(made);
  await verifier(server.publicKey).verify({ coseSign1, payload: Uint8Array.from(root).buffer });
  const [, unprotected] = cbor.decode(coseSign1).value as [unknown, Map<number, Map<number, ArrayBuffer[]>>];
  const [from, to, path] = cbor.decode(unprotected.get(396)!.get(-2)![0]!) as [number, number, ArrayBuffer[]];
  return [from, to, path.map((one) => new Uint8Array(one))];
}

/** Verify a proof of consistency as RFC 9162 §2.1.4.2 describes it. */
function isGrown([from, to, path]: [number, number, readonly Uint8Array[]], old: Uint8Array, now: Uint8Array): boolean {
  const all = Number.isInteger(Math.log2(from)) ? [old, ...path] : path;
  let [fn, sn] = [from - 1, to - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr, sr] = [all[0]!, all[0]!];
  for (const c of all.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [sha256(Uint8Array.of(1), c, fr), sha256(Uint8Array.of(1), c, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = sha256(Uint8Array.of(1), sr, c);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 && equal(fr, old) && equal(sr, now);
}

async function isGrownByLibrary(server: Fixture, body: Json, old: Uint8Array): Promise<boolean> {
  const given = { oldRoot: Uint8Array.from(old).buffer, newRoot: bufferOf(body.root) };
  return receipt.consistency.verify({
    ...given,
    receipt: bufferOf(body.receipt),
    verifier: verifier(server.publicKey),
  });
}

function bufferOf(digits: string): ArrayBuffer {
  return Uint8Array.from(fromHex(digits)!).buffer;
}

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(
    `${flavour}: a foreign library verifies each receipt, and refuses each changed one`,
    { skip },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const [device, other] = [await enrolled(server), await enrolled(server)];
      const roots = new Map<number, Uint8Array>();
      for (const one of [device, other, device, device]) {
        assert.equal((await exchange.report(one, server.url, text("21.5 C"))).kind, "accepted");
        const { hash } = one.head;
        assert.equal((await receiptOf(server, hash)).status, 404);
        await server.sequencer.look();
        const { status, body } = await receiptOf(server, hash);
        assert.equal(status, 200);
        roots.set(body.size, fromHex(body.root)!);
      }
      const entries = await server.store.read.selectFrom("audit").selectAll().orderBy("seq").execute();
      const reports = [...(await server.reports(hex(device.id))), ...(await server.reports(hex(other.id)))];
      const indexes = new Set<number>();
      for (const { message } of reports) {
        const report = fromHex(message)!;
        const { body } = await receiptOf(server, sha256(report));
        indexes.add(body.index);
        assert.equal(body.leaf, hex(sha256(Uint8Array.of(0), report)));
        assert.equal(body.entry, null);
        assert.equal(hex(await proved(server, report, body.receipt)), body.root);
        // The same by the hash of the leaf.
        assert.equal((await receiptOf(server, fromHex(body.leaf)!)).body.receipt, body.receipt);
        // The report with its receipt: without it, it is the same byte for byte.
        assert.deepEqual(
          (await receipt.get(bufferOf(body.report))).map((one) => hex(new Uint8Array(one))),
          [body.receipt],
        );
        assert.equal(hex(new Uint8Array(await receipt.remove(bufferOf(body.report)))), message);
        const changed = Uint8Array.from(report);
        changed[changed.length - 1]! ^= 1;
        await assert.rejects(proved(server, changed, body.receipt), /bad signature/);
        for (const at of [8, Math.floor(body.receipt.length / 4) * 2, body.receipt.length - 2]) {
          const digit = body.receipt[at] === "0" ? "1" : "0";
          const wrong = body.receipt.slice(0, at) + digit + body.receipt.slice(at + 1);
          await assert.rejects(proved(server, report, wrong), `digit ${at}`);
        }
      }
      for (const row of entries) {
        const { body } = await receiptOf(server, row.hash);
        const entry = fromHex(body.entry)!;
        indexes.add(body.index);
        assert.equal(hex(sha256(entry)), hex(row.hash));
        assert.equal(body.report, null);
        assert.equal(hex(await proved(server, entry, body.receipt)), body.root);
      }
      assert.equal(indexes.size, reports.length + entries.length);
      // Each tree is the beginning of each later one.
      const sizes = [...roots.keys()];
      let foreign = 0;
      for (const from of sizes)
        for (const to of sizes.filter((one) => one > from)) {
          const { body } = await consistencyOf(server, from, to);
          assert.equal(body.root, hex(roots.get(to)!));
          const made = await verified(server, body.receipt, roots.get(to)!);
          for (const old of [roots.get(from)!, new Uint8Array(32)]) {
            const isOld = old === roots.get(from);
            assert.equal(isGrown(made, old, roots.get(to)!), isOld, `${from} ${to}`);
            // The library lacks step 2 of §2.1.4.2: it refuses each proof from a power of two.
            if (Number.isInteger(Math.log2(from))) continue;
            assert.equal(await isGrownByLibrary(server, body, old), isOld, `${from} ${to}`);
            foreign++;
          }
        }
      assert.ok(foreign >= 4);
      for (const [from, to] of [
        [0, 1],
        [2, 1],
        [1, 1e6],
      ] as const)
        assert.equal((await consistencyOf(server, from, to)).status, 404);
    },
  );

  void test(`${flavour}: receipts and the tree outlive an archive and an erasure`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    const device = await enrolled(server);
    for (let i = 0; i < REPORTS_MAX + 2; i++) await exchange.report(device, server.url, text(`${i}`));
    await server.sequencer.look();
    const [first] = await server.reports(hex(device.id));
    const report = fromHex(first!.message)!;
    const before = (await receiptOf(server, sha256(report))).body;
    server.clock.pass(24 * 3_600_000);
    const { database, key } = server.options;
    const place = { database, key: key! };
    await runArchive(join(server.folder, "old.ndjson"), { ...place, before: server.clock.now }, server.clock.now);
    // One without a leaf gets it when it is erased.
    await exchange.report(device, server.url, text("late"));
    const late = fromHex((await server.reports(hex(device.id))).at(-1)!.message)!;
    await runErase(device.id, { ...place, reason: "asked" }, server.clock.now);
    assert.equal((await server.reports(hex(device.id))).length, 0);
    await server.sequencer.look();
    await exchange.enrol(device, server.url);
    await exchange.report(device, server.url, text("goes on"));
    await server.sequencer.look();
    for (const gone of [report, late]) {
      assert.equal((await receiptOf(server, sha256(gone))).status, 404);
      const { body } = await receiptOf(server, sha256(Uint8Array.of(0), gone));
      assert.equal(body.report, null);
      assert.equal(hex(await proved(server, gone, body.receipt)), body.root);
    }
    const now = (await receiptOf(server, device.head.hash)).body;
    assert.ok(now.size > before.size);
    const { body } = await consistencyOf(server, before.size, now.size);
    assert.ok(await isGrownByLibrary(server, body, fromHex(before.root)!));
    const keys = keyFile.load(key!);
    assert.deepEqual((await audit(server.store, keys)).findings, []);
  });

  void test(
    `${flavour}: two instances number each report once, and under load none is left out`,
    { skip },
    async (t) => {
      const one = await serve(t, {}, flavour);
      const { adminToken, options } = one;
      const second = await serve(t, { database: options.database, key: options.key! }, flavour);
      const two = { ...second, adminToken };
      const devices = await Promise.all([one, two, one, two].map((server) => enrolled(server)));
      await Promise.all([
        ...devices.map(async (device, i) => {
          for (let n = 0; n < 12; n++) await exchange.report(device, [one, two][i % 2]!.url, text(`${n}`));
        }),
        ...[one, two, one, two, one, two].map((server) => server.sequencer.look()),
      ]);
      await Promise.all([one.sequencer.look(), two.sequencer.look()]);
      const seq = (await one.store.read.selectFrom("audit_head").select("seq").executeTakeFirstOrThrow()).seq;
      const rows = await one.store.read.selectFrom("leaves").selectAll().orderBy("position").execute();
      assert.deepEqual(
        rows.map(({ position }) => position),
        Array.from({ length: 48 + seq }, (_, i) => i),
      );
      for (const { head } of devices) assert.equal((await receiptOf(two, head.hash)).status, 200);
      const { body } = await receiptOf(two, devices[0]!.head.hash);
      assert.equal(body.root, hex(rootOf(rows.map(({ hash }) => hash))));
    },
  );

  void test(`${flavour}: no receipt comes of an altered tree, and no leaf of an altered row`, { skip }, async (t) => {
    const first = await serve(t, { onError: () => undefined }, flavour);
    const [device, other] = [await enrolled(first), await enrolled(first)];
    for (const one of [device, other]) await exchange.report(one, first.url, text("x"));
    // The instance that stored a report has its leaf in memory, and another one reads the row.
    const server: Fixture = { ...(await first.restart()), adminToken: first.adminToken };
    const { store } = server;
    const keys = keyFile.load(server.options.key!);
    await sql`update reports set received_at = received_at + 1 where device = ${other.id}`.execute(store.read);
    await server.sequencer.look();
    assert.equal((await receiptOf(server, other.head.hash)).status, 404);
    assert.equal((await receiptOf(server, device.head.hash)).status, 200);
    await sql`update reports set received_at = received_at - 1 where device = ${other.id}`.execute(store.read);
    await server.sequencer.look();
    assert.equal((await receiptOf(server, other.head.hash)).status, 200);
    const tile = await store.read.selectFrom("tiles").selectAll().executeTakeFirstOrThrow();
    const hashes = Uint8Array.from(tile.hashes);
    hashes[0]! ^= 1;
    const size = await store.read.selectFrom("tree").selectAll().executeTakeFirstOrThrow();
    const leaves = await store.read.selectFrom("leaves").selectAll().orderBy("position").execute();
    const { seal } = sealed(new Uint8Array(32), "tiles", { ...tile, hashes });
    for (const [name, change, undo] of [
      ["tile", sql`update tiles set hashes = ${hashes}`, sql`update tiles set hashes = ${tile.hashes}`],
      ["seal", sql`update tiles set seal = ${seal}`, sql`update tiles set seal = ${tile.seal}`],
      ["size", sql`update tree set size = size - 1`, sql`update tree set size = ${size.size}`],
      [
        "position",
        sql`update leaves set position = ${size.size - 1} - position`,
        sql`update leaves set position = ${size.size - 1} - position`,
      ],
      ["leaf", sql`delete from leaves where position = 0`, sql`insert into leaves values (${leaves[0]!.hash}, 0)`],
    ] as const) {
      await change.execute(store.read);
      const found = (await audit(store, keys)).findings;
      assert.ok(found.length > 0, `${name} is found`);
      if (name !== "leaf") assert.equal((await receiptOf(server, device.head.hash)).status, 500, name);
      await undo.execute(store.read);
      assert.deepEqual((await audit(store, keys)).findings, [], name);
    }
    assert.equal((await receiptOf(server, device.head.hash)).status, 200);
  });
}

void test("roots and proofs from tiles are those of the whole tree, over three levels of tiles", async (t) => {
  const store = await Store.open(join(folder(t), "signet.db"));
  t.after(() => store.close());
  const keys = keyFile.load(join(folder(t), "key"));
  const leaves = Array.from({ length: 2 ** 16 + 259 }, (_, i) => sha256(encode(i)));
  const seal = keys.seal;
  for (let from = 0, part = 1; from < leaves.length; from += part, part = Math.min(part * 3 + 1, 8000)) {
    const hashes = leaves.slice(from, from + part);
    const next = { stream: tree.LOG, from, to: from + hashes.length, hashes };
    assert.equal(await store.write((tx) => tree.add({ store, keys }, tx, [next])), hashes.length);
    // A second time it is known.
    assert.equal(await store.write((tx) => tree.add({ store, keys }, tx, [next])), 0);
  }
  assert.equal(await tree.size(seal, store.read), leaves.length);
  const at = tree.subtrees(seal, store.read);
  for (const size of [1, 2, 3, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537, leaves.length]) {
    const root = merkle.root(leaves.slice(0, size));
    assert.ok(equal(await merkle.range(at, 0, size), root), `root of ${size}`);
    for (const index of new Set([0, size >> 1, size - 1])) {
      const path = await merkle.inclusion(at, index, 0, size);
      assert.ok(equal(climbed(leaves[index]!, index, size, path), root), `leaf ${index} of ${size}`);
    }
  }
  for (const from of [1, 255, 256, 300, 65_535, 65_536, 65_537, leaves.length - 1]) {
    const path = await merkle.consistency(at, from, leaves.length);
    const [old, now] = [from, leaves.length].map((size) => merkle.root(leaves.slice(0, size)));
    assert.ok(isGrown([from, leaves.length, path], old!, now!), `from ${from}`);
  }
});

/** Verify a path as RFC 9162 §2.1.3.2 describes it. */
function climbed(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[]): Uint8Array {
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of path) {
    if (fn % 2 === 1 || fn === sn) {
      r = sha256(concat(Uint8Array.of(1), p, r));
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else r = sha256(concat(Uint8Array.of(1), r, p));
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  assert.equal(sn, 0);
  return r;
}

for (const flavour of FLAVOURS) {
  void test(
    `${flavour}: two instances begin an empty tree at once, and no leaf is lost`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const place = { store: server.store, keys: keyFile.load(server.options.key!) };
      const streams = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i + 1));
      const add = (stream: Uint8Array): Promise<number> =>
        server.store.write((tx) => tree.add(place, tx, [{ stream, from: 0, to: 1, hashes: [stream] }]));
      assert.deepEqual(
        await Promise.all(streams.map(add)),
        streams.map(() => 1),
      );
      assert.equal(await tree.size(place.keys.seal, server.store.read), streams.length);
      const at = tree.subtrees(place.keys.seal, server.store.read);
      const leaves = await Promise.all(streams.map((_, i) => at(0, i)));
      assert.deepEqual(new Set(leaves.map(hex)), new Set(streams.map(hex)));
    },
  );
}
