/** The audit of the tree: its tiles hold each other and its size, and each leaf is found at its position. `audit_chain.ts` looks up each report. */
import { equal, hex } from "../wire/bytes.ts";
import type { Search } from "./audit_findings.ts";
import * as log from "./log.ts";
import * as merkle from "./merkle.ts";
import type { TileRow } from "./store/schema.ts";
import { LOG, TILE_LEAVES, split } from "./tree.ts";

/** The finding about an entry or a report that the tree should have. */
export const NO_LEAF = "altered or inserted: the tree does not have it";

/** Check the tiles, the positions of the leaves, and that each numbered entry of the log is a leaf. `last` is of `positions`. */
export async function checkTree(search: Search, last: ReadonlyMap<string, number>): Promise<void> {
  const { db } = search;
  const head = await db.selectFrom("tree").selectAll().where("id", "=", 1).executeTakeFirst();
  if (head !== undefined) search.sealed("tree", "1", head);
  const size = head?.size ?? 0;
  let [count, below] = [size, undefined as Uint8Array[] | undefined];
  for (let level = 0; count > 0; level++) {
    below = await checkLevel(search, level, count, below);
    count = Math.floor(count / TILE_LEAVES);
  }
  const tiles = await db
    .selectFrom("tiles")
    .select(({ fn }) => fn.countAll().as("count"))
    .executeTakeFirstOrThrow();
  const leaves = await db
    .selectFrom("leaves")
    .select(({ fn }) => fn.countAll().as("count"))
    .executeTakeFirstOrThrow();
  if (Number(tiles.count) !== tilesOf(size))
    search.found(
      "tiles",
      "",
      `removed or inserted: there are ${tiles.count}, a tree of ${size} leaves has ${tilesOf(size)}`,
    );
  if (Number(leaves.count) !== size)
    search.found("leaves", "", `removed or inserted: there are ${leaves.count}, the tree has ${size}`);
  await checkEntries(search, last.get(hex(LOG)) ?? 0);
}

/** The number of tiles of a tree. */
function tilesOf(size: number): number {
  let tiles = 0;
  for (let count = size; count > 0; count = Math.floor(count / TILE_LEAVES)) tiles += Math.ceil(count / TILE_LEAVES);
  return tiles;
}

/** Check one level of tiles, whose hashes are `expected` above level 0, and return the roots of its full tiles. */
async function checkLevel(
  search: Search,
  level: number,
  count: number,
  expected: readonly Uint8Array[] | undefined,
): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = [];
  for (let number = 0; number * TILE_LEAVES < count; number++) {
    const name = `${level}/${number}`;
    const query = search.db.selectFrom("tiles").selectAll().where("level", "=", level).where("number", "=", number);
    const row: TileRow | undefined = await query.executeTakeFirst();
    if (row === undefined) {
      search.found("tiles", name, "removed");
      continue;
    }
    search.sealed("tiles", name, row);
    const first = number * TILE_LEAVES;
    const hashes = split(row.hashes);
    if (hashes.length !== Math.min(TILE_LEAVES, count - first))
      search.found("tiles", name, `altered: it has ${hashes.length} hashes`);
    if (expected === undefined) await checkLeaves(search, first, hashes);
    else if (!hashes.every((hash, i) => expected[first + i] !== undefined && equal(hash, expected[first + i]!)))
      search.found("tiles", name, "altered: its hashes are not the roots of the tiles below");
    if (hashes.length === TILE_LEAVES) roots.push(merkle.root(hashes));
  }
  return roots;
}

/** Check that the leaves of a tile are found at their positions. */
async function checkLeaves(search: Search, first: number, hashes: readonly Uint8Array[]): Promise<void> {
  const rows = await search.db.selectFrom("leaves").selectAll().where("hash", "in", hashes).execute();
  const found = new Map(rows.map((row) => [hex(row.hash), row.position]));
  for (const [i, hash] of hashes.entries())
    if (found.get(hex(hash)) !== first + i)
      search.found("leaves", hex(hash), `altered or removed: it is leaf ${first + i}`);
}

/** Read the streams of the tree with the position of the last leaf of each, and check their seals. */
export async function positions(search: Search): Promise<Map<string, number>> {
  const rows = await search.db.selectFrom("numbered").selectAll().execute();
  for (const row of rows) search.sealed("numbered", hex(row.stream), row);
  return new Map(rows.map((row) => [hex(row.stream), row.position]));
}

/** Name the entries or reports that are no leaves, although the position of their stream is after them. */
export async function absent(
  search: Search,
  rows: readonly { readonly name: string; readonly leaf: Uint8Array }[],
): Promise<string[]> {
  if (rows.length === 0) return [];
  const hashes = rows.map(({ leaf }) => leaf);
  const found = await search.db.selectFrom("leaves").select("hash").where("hash", "in", hashes).execute();
  const known = new Set(found.map(({ hash }) => hex(hash)));
  return rows.filter(({ leaf }) => !known.has(hex(leaf))).map(({ name }) => name);
}

/** Check the entries of the log up to the seq `last`. */
async function checkEntries(search: Search, last: number): Promise<void> {
  for (let seq = 0; seq < last;) {
    const query = search.db.selectFrom("audit").selectAll().where("seq", ">", seq).where("seq", "<=", last);
    const page = await query.orderBy("seq").limit(TILE_LEAVES).execute();
    if (page.length === 0) return;
    const leaves = page.map((row) => ({ name: String(row.seq), leaf: merkle.leaf(log.entryBytes(row)) }));
    for (const name of await absent(search, leaves)) search.found("audit", name, NO_LEAF);
    seq = page.at(-1)!.seq;
  }
}
