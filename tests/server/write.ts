/**
 * Write the database of this commit for `written/`, so that later ones are tested to upgrade it:
 *
 *     node --import tsx tests/server/write.ts COMMIT
 *
 * It is run at the last commit before a migration. `seals.test.ts` upgrades each file.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { sql } from "kysely";
import * as keyFile from "../../tools/server/keys.ts";
import { KEYS } from "../../tools/server/store/copy.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import { AUDIENCE, enrolled, serve, text } from "./harness.ts";
import { past } from "./past.ts";

const ends: (() => unknown)[] = [];
const scope = { after: (end: () => unknown) => void ends.unshift(end) } as unknown as TestContext;
const server = await serve(scope);
const seed = new Uint8Array(32).fill(9);
const device = await enrolled(server, { seed });
for (let i = 0; i < 2; i++) await exchange.report(device, server.url, text(`reading ${i}`));
await past(server);

const shown = (value: unknown): unknown => (value instanceof Uint8Array ? `\\x${hex(value)}` : value);
const tables: Record<string, object[]> = {};
for (const [table] of KEYS) {
  const { rows } = await sql<object>`select * from ${sql.table(table)}`.execute(server.store.read);
  const plain = rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, shown(value)])));
  if (rows.length > 0) tables[table] = plain;
}
const steps = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(server.store.read);
const path = server.options.key!;
const seal = keyFile.sealFile(path);
const written = {
  written: `by commit ${process.argv[2]}, on SQLite`,
  schema: steps.rows.at(-1)!.name,
  at: server.clock.now,
  audience: AUDIENCE,
  key: readFileSync(path, "utf-8"),
  ...(existsSync(seal) && { seal: readFileSync(seal, "utf-8") }),
  token: server.adminToken,
  seeds: { plain: hex(seed) },
  tables,
};
const file = new URL(`written/${process.argv[2]}.json`, import.meta.url);
writeFileSync(file, `${JSON.stringify(written, undefined, 2)}\n`);
for (const end of ends) await end();
