/**
 * Time the queries of the operator's page on a database, warm:
 *
 *     node --import tsx tests/server/pages.ts DATABASE
 *
 * `reconnect.ts --rows 10000000 --database FILE` makes a large one, and leaves it. A figure is the median of seven, in milliseconds of wall time and of
 * processor of this process.
 */
import { QUERIES } from "../../tools/server/reader_thread.ts";
import { Store } from "../../tools/server/store/store.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { ORDERS } from "../../tools/server/devices.ts";
import { median } from "../bench/rounds.ts";

const TIMES = 7;

const store = await Store.openToRead(process.argv[2]!);
const most = await store.read.selectFrom("devices").selectAll().orderBy("report_count", "desc").limit(1).execute();
const [device, now] = [hex(most[0]!.id), most[0]!.last_seen];
const page = { limit: 100, now, since: 0 };
const asked: Record<string, () => Promise<unknown>> = {
  ...Object.fromEntries(
    ORDERS.map((order) => [`devices by ${order}`, () => QUERIES.devices(store, { limit: 100, order })]),
  ),
  "silent devices": () => QUERIES.devices(store, { limit: 100, order: "id", silentSince: now - 5000 }),
  "suspended devices": () => QUERIES.devices(store, { limit: 100, order: "id", state: "suspended" }),
  totals: () => QUERIES.totals(store, { within: null }),
  "100 reports": () => QUERIES.reports(store, { device, limit: 100 }),
  "1,000 reports": () => QUERIES.reports(store, { device, limit: 1000 }),
  series: () => QUERIES.series(store, { device, since: 0, until: now + 1 }),
  history: () => QUERIES.history(store, { device, limit: 100, since: 0 }),
  alarms: () => QUERIES.alarms(store, { limit: 100, isOpen: true, bursts: [] }),
  log: () => QUERIES.entries(store, { limit: 100 }),
  claims: () => QUERIES.claims(store, page),
  commands: () => QUERIES.commands(store, { device, ...page }),
  letters: () => QUERIES.letters(store, { limit: 100 }),
  measured: () => QUERIES.measured(store),
};
for (const [what, query] of Object.entries(asked)) {
  await query();
  const [wall, processor]: [number[], number[]] = [[], []];
  for (let i = 0; i < TIMES; i++) {
    const [before, began] = [process.cpuUsage(), performance.now()];
    await query();
    wall.push(performance.now() - began);
    const { user, system } = process.cpuUsage(before);
    processor.push((user + system) / 1000);
  }
  process.stdout.write(`${what}: ${median(wall).toFixed(1)} ms, processor ${median(processor).toFixed(1)} ms\n`);
}
await store.close();
