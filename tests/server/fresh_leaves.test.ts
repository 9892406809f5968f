/** The leaves that an instance remembers of the reports that it stored: only whole runs of a chain, and no more than fit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FreshLeaves } from "../../tools/server/fresh_leaves.ts";
import * as merkle from "../../tools/server/merkle.ts";
import { text } from "./harness.ts";

const stream = new Uint8Array(32);
const reports = (...counters: number[]): { counter: number; message: { bytes: Uint8Array } }[] =>
  counters.map((counter) => ({ counter, message: { bytes: text(String(counter)) } }));
const hashes = (...counters: number[]): Uint8Array[] => counters.map((counter) => merkle.leaf(text(String(counter))));

void test("runs of a chain are taken out in order, in parts, and continue", () => {
  const leaves = new FreshLeaves();
  leaves.note("a", stream, 0, reports(1, 2, 5));
  leaves.note("b", stream, 7, reports(8));
  leaves.note("a", stream, 5, reports(6));
  assert.deepEqual(leaves.take(3), [{ stream, from: 0, to: 5, hashes: hashes(1, 2, 5) }]);
  leaves.note("a", stream, 6, reports(9));
  assert.deepEqual(leaves.take(10), [
    { stream, from: 5, to: 9, hashes: hashes(6, 9) },
    { stream, from: 7, to: 8, hashes: hashes(8) },
  ]);
  assert.deepEqual(leaves.take(10), []);
});

void test("a run with a hole is forgotten: the database has its reports", () => {
  const leaves = new FreshLeaves();
  leaves.note("a", stream, 0, reports(1));
  leaves.note("a", stream, 2, reports(3));
  assert.deepEqual(leaves.take(10), []);
  leaves.note("a", stream, 3, reports(4));
  assert.deepEqual(leaves.take(10), [{ stream, from: 3, to: 4, hashes: hashes(4) }]);
  leaves.note("a", stream, 4, reports(5));
  leaves.clear();
  assert.deepEqual(leaves.take(10), []);
});

void test("a burst fills no more than its memory, and the rest of a chain is not taken for its next", () => {
  const leaves = new FreshLeaves();
  const many = reports(...Array.from({ length: 32 }, (_, i) => i + 1));
  for (let n = 0; n < 3000; n++) leaves.note(String(n), stream, 0, many);
  leaves.note("0", stream, 32, reports(33));
  const taken = leaves.take(1e6);
  const count = taken.reduce((sum, one) => sum + one.hashes.length, 0);
  assert.ok(count > 50_000 && count <= 60_000, String(count));
  assert.ok(taken.every(({ from, to }) => from === 0 && (to === 32 || to === 33)));
});
