// weight: 22 s, 0.3 cores
/**
 * The functions that the store needs from a database, tested on each one: the interface is `Dialect` of tools/server/store.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, describe, test } from "node:test";
import * as lease from "../../tools/server/lease.ts";
import { type DeviceRow, type Move, MOVED, type ReportRow, STORED } from "../../tools/server/store/schema.ts";
import { Store } from "../../tools/server/store/store.ts";
import { FLAVOURS, type Flavour, folder, missing } from "./harness.ts";
import * as postgres from "./postgres.ts";

/** 32 bytes that differ for each `value`. */
function bytes(value: number): Uint8Array {
  return new Uint8Array(32).fill(value);
}

function device(id: number): DeviceRow {
  return {
    id: bytes(id),
    key: bytes(id + 1),
    state: "active",
    model: "model",
    software: "software",
    version: "1",
    boot_count: 1,
    epoch: 1,
    first_seen: 1e12,
    last_seen: 1e12,
    head_counter: 0,
    head_hash: bytes(0),
    report_count: 0,
    gap_count: 0,
    downlink_counter: 0,
    acknowledged: 0,
    claim: null,
    successor: null,
    session: null,
    confirmed: null,
    doubt: null,
    passed: 0,
    void_order: 0,
    seal: bytes(200),
  };
}

function report(of: DeviceRow, counter: number): ReportRow {
  const hash = bytes(100 + counter);
  const times = { epoch: 2 ** 52 + 1, received_at: 2 ** 41 + counter };
  return { device: of.id, counter, hash, message: new Uint8Array([1, 0, 255]), ...times, seal: bytes(150) };
}

/** A move of a device by one report, in which no two columns have the same value. */
function moved(before: DeviceRow, counter = 1): Move {
  const head = { head_counter: counter, head_hash: bytes(100 + counter), report_count: 7, gap_count: 2 ** 40 };
  return {
    before,
    after: { ...before, ...head, last_seen: 2 ** 50 + 3, seal: bytes(201) },
    reports: [report(before, counter)],
  };
}

/** A store with devices in it. */
async function open(t: TestContext, flavour: Flavour, devices: readonly DeviceRow[]): Promise<Store> {
  const store = await Store.open(flavour === "sqlite" ? join(folder(t), "signet.db") : await postgres.database());
  t.after(() => store.close());
  await store.write(async (tx) => {
    for (const row of devices) await tx.insertInto("devices").values(row).execute();
  });
  return store;
}

async function reportsOf(store: Store): Promise<ReportRow[]> {
  return store.read.selectFrom("reports").selectAll().orderBy("device").orderBy("counter").execute();
}

/** A row with its bytes as plain bytes: one database gives them as Buffer. */
function plain(row: object | undefined): Record<string, unknown> {
  assert.ok(row);
  const fields = Object.entries(row).map(([name, value]) => {
    return [name, value instanceof Uint8Array ? new Uint8Array(value) : (value as unknown)];
  });
  return Object.fromEntries(fields) as Record<string, unknown>;
}

for (const flavour of FLAVOURS) {
  describe(flavour, { skip: missing(flavour) }, () => {
    test("finds a device with every column as it was written, and none that is not there", async (t) => {
      const store = await open(t, flavour, [device(1), device(9)]);
      assert.deepEqual(plain(await store.find(bytes(9))), plain(device(9)));
      assert.equal(await store.find(bytes(5)), undefined);
    });

    test("moves every column that a report moves and no other, and stores the report with all of its own", async (t) => {
      const [first, other] = [device(1), device(9)];
      const store = await open(t, flavour, [first, other]);
      const move = moved(first);
      assert.ok(
        Object.keys(MOVED).every((name) => move.after[name as keyof DeviceRow] !== first[name as keyof DeviceRow]),
      );
      assert.deepEqual(Object.keys(STORED).toSorted(), Object.keys(move.reports[0]!).toSorted());
      assert.equal(await store.move(move), true);
      assert.deepEqual(plain(await store.find(first.id)), plain(move.after));
      assert.deepEqual(plain(await store.find(other.id)), plain(other));
      assert.deepEqual((await reportsOf(store)).map(plain), move.reports.map(plain));
    });

    test("does nothing for a row that has changed since the decision, and makes the other moves of the commit", async (t) => {
      const devices = [device(1), device(9), device(17)];
      const store = await open(t, flavour, devices);
      const stale = { ...devices[1]!, seal: bytes(77) };
      const made = await Promise.all([devices[0]!, stale, devices[2]!].map((row) => store.move(moved(row))));
      assert.deepEqual(made, [true, false, true]);
      assert.deepEqual(plain(await store.find(bytes(9))), plain(devices[1]));
      assert.deepEqual(
        (await reportsOf(store)).map((row) => row.device[0]),
        [1, 17],
      );
    });

    test("makes none of the moves of a commit that fails, and accepts the next", async (t) => {
      const [first, other] = [device(1), device(9)];
      const store = await open(t, flavour, [first, other]);
      const { before, after, reports } = moved(first);
      const twice: Move = { before, after, reports: [...reports, ...reports] };
      const results = await Promise.allSettled([store.move(moved(other)), store.move(twice)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["rejected", "rejected"],
      );
      assert.deepEqual(plain(await store.find(first.id)), plain(first));
      assert.deepEqual(await reportsOf(store), []);
      assert.equal(await store.move(moved(other)), true);
    });

    test("loses no change of works that decide on one row at once", async (t) => {
      const store = await open(t, flavour, [device(1)]);
      const work = (): Promise<void> =>
        store.write(async (tx) => {
          const { boot_count } = await store
            .locked(tx.selectFrom("devices").selectAll().where("id", "=", bytes(1)))
            .executeTakeFirstOrThrow();
          await tx
            .updateTable("devices")
            .set({ boot_count: boot_count + 1 })
            .where("id", "=", bytes(1))
            .execute();
        });
      await Promise.all(Array.from({ length: 20 }, work));
      assert.equal((await store.find(bytes(1)))!.boot_count, 21);
    });

    test("lets one of several concurrent inserts of a row succeed, and the others see it", async (t) => {
      const store = await open(t, flavour, []);
      const insert = (): Promise<boolean> =>
        store.write(async (tx) => {
          const there = await tx.selectFrom("devices").select("id").where("id", "=", bytes(1)).executeTakeFirst();
          if (there) return false;
          await tx.insertInto("devices").values(device(1)).execute();
          return true;
        });
      const done = await Promise.all(Array.from({ length: 8 }, insert));
      assert.equal(done.filter(Boolean).length, 1);
    });

    test("gives a new lease to one of several instances that take it at once", async (t) => {
      const store = await open(t, flavour, []);
      for (let round = 0; round < 5; round++) {
        const holders = ["a", "b", "c", "d"].map((holder) => ({ name: `job ${round}`, holder, sealKey: bytes(3) }));
        const taken = await Promise.all(holders.map((own) => lease.take(store, own, 1e12, 30_000)));
        assert.equal(taken.filter(Boolean).length, 1);
        const kept = await Promise.all(holders.map((own) => lease.take(store, own, 1e12 + 1, 30_000)));
        assert.deepEqual(kept, taken);
      }
    });

    test("undoes a work that fails, and none that waited beside it", async (t) => {
      const store = await open(t, flavour, []);
      const add = (id: number, fails: boolean): Promise<void> =>
        store.write(async (tx) => {
          await tx.insertInto("devices").values(device(id)).execute();
          if (fails) throw new Error("planted");
        });
      const results = await Promise.allSettled([add(1, false), add(9, true), add(17, false)]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      const found = await Promise.all([1, 9, 17].map(async (id) => (await store.find(bytes(id))) !== undefined));
      assert.deepEqual(found, [true, false, true]);
    });
  });
}
