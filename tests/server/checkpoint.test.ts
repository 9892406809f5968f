// weight: 8 s, 0.5 cores
/** `GET /v1/checkpoint`, `signet checkpoint` and the audit with one: a database that was put back as a whole contradicts it. */
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runArchive } from "../../tools/server/archive.ts";
import { auditDatabase } from "../../tools/server/audit.ts";
import { runBackup } from "../../tools/server/backup.ts";
import { runCheckpoint, sign } from "../../tools/server/checkpoint.ts";
import { runErase } from "../../tools/server/erase.ts";
import * as keyFile from "../../tools/server/keys.ts";
import * as merkle from "../../tools/server/merkle.ts";
import { Trouble } from "../../tools/trouble.ts";
import { fromHex, hex } from "../../tools/wire/bytes.ts";
import { encode } from "../../tools/wire/cbor.ts";
import type { Device } from "../../tools/wire/device.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { FLAVOURS, ask, backup, decide, enrolled, missing, serve, text, type Fixture, type Json } from "./harness.ts";

async function report(server: Fixture, device: Device): Promise<void> {
  assert.equal((await exchange.report(device, server.url, text("21.5 C"))).kind, "accepted");
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

/** The root of RFC 9162 §2.1.1 as that section defines it: by halves. */
function rootOf(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0]!);
  let half = 1;
  while (2 * half < entries.length) half *= 2;
  return sha256(Buffer.of(1), rootOf(entries.slice(0, half)), rootOf(entries.slice(half)));
}

/** The heads of all chains, as the leaves of a checkpoint. */
async function leaves({ store }: Fixture): Promise<Uint8Array[]> {
  const rows = await store.read.selectFrom("devices").selectAll().orderBy("id").execute();
  return rows.map((row) => encode([row.id, row.head_counter, row.head_hash]));
}

/** The tree of reports and log entries, from its leaves. */
async function treeOf({ store }: Fixture): Promise<{ size: number; root: string }> {
  const rows = await store.read.selectFrom("leaves").selectAll().orderBy("position").execute();
  return { size: rows.length, root: hex(merkle.root(rows.map(({ hash }) => hash))) };
}

/** Verify the signature of a checkpoint by node:crypto. */
function isSigned({ at, seq, log, chains, root, tree, key, signature }: Json): boolean {
  const x = Buffer.from(key, "hex").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const body = sha256(
    encode([
      at,
      seq,
      Buffer.from(log, "hex"),
      chains,
      Buffer.from(root, "hex"),
      tree.size,
      Buffer.from(tree.root, "hex"),
    ]),
  );
  const bytes = Buffer.concat([Buffer.from("signet checkpoint\n"), body]);
  return verify(null, bytes, publicKey, Buffer.from(signature, "hex"));
}

void test("a file that is no server's database is named, and none is made", async (t) => {
  const server = await serve(t);
  const key = server.options.key!;
  const [absent, empty, foreign] = ["absent.db", "empty.db", "foreign.db"].map((name) => join(server.folder, name));
  writeFileSync(empty!, "");
  writeFileSync(foreign!, "this is a text, and longer than the head of a database file is".repeat(4));
  for (const database of [absent!, empty!, foreign!])
    for (const [verb, run] of [
      ["checkpoint", () => runCheckpoint(join(server.folder, "out.json"), { database, key })],
      ["audit", () => auditDatabase(database, key)],
      ["backup", () => runBackup(join(server.folder, "out.db"), { database, key })],
    ] as const)
      await assert.rejects(run(), (error) => error instanceof Trouble && error.hint !== "", `${verb} ${database}`);
  assert.ok(!existsSync(absent!));
});

for (const flavour of FLAVOURS) {
  const skip = missing(flavour);

  void test(`${flavour}: a checkpoint states the root of all heads, signed`, { skip }, async (t) => {
    const server = await serve(t, {}, flavour);
    for (const count of [0, 1, 2, 3, 7]) {
      while ((await leaves(server)).length < count) await report(server, await enrolled(server));
      const { status, body } = await ask(server, server.adminToken, "/v1/checkpoint");
      assert.equal(status, 200);
      assert.equal(body.chains, count);
      assert.equal(body.root, rootOf(await leaves(server)).toString("hex"), `${count} chains`);
      assert.equal(body.key, hex(server.publicKey));
      assert.ok(isSigned(body));
      assert.ok(!isSigned({ ...body, seq: body.seq + 1 }));
      // The tree has every report and every entry of the log.
      await server.sequencer.look();
      const { tree } = (await ask(server, server.adminToken, "/v1/checkpoint")).body;
      assert.deepEqual(tree, await treeOf(server));
      assert.equal(tree.size, count + body.seq);
      assert.equal(body.heads, undefined);
    }
  });

  void test(`${flavour}: the audit finds a database that was put back behind a checkpoint`, { skip }, async (t) => {
    let server = await serve(t, {}, flavour);
    const [device, other] = [await enrolled(server), await enrolled(server)];
    for (const one of [device, other, device]) await report(server, one);
    const saved = await backup(server);
    server = saved.server;
    await report(server, device);
    assert.equal(await decide(server, other, "revoke"), 200);

    const place = (): { database: string; key: string } => ({
      database: server.options.database,
      key: server.options.key!,
    });
    const findings = async (checkpoint: string): Promise<string> =>
      (await auditDatabase(place().database, place().key, { checkpoint })).findings
        .map(({ table, what }) => `${table}: ${what}`)
        .join("\n");
    const file = join(server.folder, "heads.json");
    assert.match(await runCheckpoint(file, place(), server.clock.now), /^checkpoint: 2 chains, log entry \d+; keep /);
    await assert.rejects(runCheckpoint(file, place()), /exists/);
    const [short, older] = [join(server.folder, "root.json"), join(server.folder, "older.json")];
    await server.sequencer.look();
    const { body } = await ask(server, server.adminToken, "/v1/checkpoint");
    writeFileSync(short, JSON.stringify(body));
    // One of a version without the tree.
    const { at, seq, chains } = body;
    const read = {
      at,
      seq,
      chains,
      log: fromHex(body.log)!,
      root: fromHex(body.root)!,
      tree: undefined,
      heads: undefined,
    };
    writeFileSync(older, JSON.stringify(sign(keyFile.load(server.options.key!).signing, read)));
    const kept = JSON.parse(readFileSync(file, "utf8")) as Json;
    assert.deepEqual(
      kept.heads.map(([id, counter]: [string, number]) => `${id} ${counter}`).toSorted(),
      [`${hex(device.id)} 3`, `${hex(other.id)} 1`].toSorted(),
    );

    // The database continues it: by reports, by an archive, by an erasure.
    for (const path of [file, short, older]) assert.equal(await findings(path), "");
    await report(server, device);
    for (const path of [file, short, older]) assert.equal(await findings(path), "");
    server.clock.pass(24 * 3_600_000);
    await runArchive(join(server.folder, "old.ndjson"), { ...place(), before: server.clock.now });
    await runErase(other.id, { ...place(), reason: "asked" }, server.clock.now);
    for (const path of [file, short, older]) assert.equal(await findings(path), "");

    server = await saved.putBack(server);
    assert.equal((await auditDatabase(place().database, place().key)).findings.length, 0);
    assert.match(
      await findings(short),
      /^audit: put back or removed: the checkpoint of \S+ has another entry\ntree: put back or altered: the checkpoint of \S+ has another tree$/,
    );
    const found = await findings(file);
    assert.match(found, /reports: put back or removed: .* has report 3, and the chain ends at 2/);

    // The device goes on from where it is, and leaves another report 3 behind.
    await decide(server, device, "restore");
    if ((await exchange.enrol(device, server.url)).kind === "accepted") await report(server, device);
    assert.match(await findings(file), /put back or removed/);

    for (const [name, value] of Object.entries(kept)) {
      const changed = structuredClone(kept);
      if (typeof value === "number") changed[name] = value + 1;
      else if (typeof value === "string") changed[name] = (value.startsWith("0") ? "1" : "0") + value.slice(1);
      else if (name === "tree") changed.tree.size++;
      else changed[name][0][1]++;
      const altered = join(server.folder, `${name}.json`);
      writeFileSync(altered, JSON.stringify(changed));
      await assert.rejects(findings(altered), (error) => error instanceof Trouble && error.hint !== "", name);
    }
    for (const nothing of ["", "{}", "[]", "null"]) {
      const altered = join(server.folder, "none.json");
      writeFileSync(altered, nothing);
      await assert.rejects(findings(altered), /this is no checkpoint/);
    }
  });
}
