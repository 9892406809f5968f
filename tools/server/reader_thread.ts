/** The thread of `reader.ts`: it runs the long queries of operators and renders their answers. */
import { parentPort } from "node:worker_threads";
import { fromHex } from "../wire/bytes.ts";
import * as alarms from "./alarms.ts";
import * as checkpoint from "./checkpoint.ts";
import * as csv from "./csv.ts";
import * as deadLetters from "./dead_letters.ts";
import * as devices from "./devices.ts";
import * as history from "./history.ts";
import * as queries from "./queries.ts";
import * as receipt from "./receipt.ts";
import * as rights from "./rights.ts";
import * as rules from "./rules.ts";
import * as series from "./series.ts";
import { unnumbered, type Writers } from "./unnumbered.ts";
import type { RuleRow } from "./store/schema.ts";
import { Store } from "./store/store.ts";
import type { Leaves } from "./tree.ts";

/** Reports in one slice of an export. */
const SLICE = 200;

export interface Slice {
  /** NDJSON, a report a line, or CSV, a number a line. */
  readonly lines: string;
  /** The counter to continue after; undefined at the end. */
  readonly next: number | undefined;
}

interface HistoryAsked {
  readonly device: string;
  readonly limit: number;
  readonly since: number;
}

interface SliceAsked {
  readonly device: string;
  readonly key: string;
  readonly after: number;
  readonly since: number;
  readonly until: number | undefined;
  readonly format: "ndjson" | "csv";
}

/** The queries by name. Ids are hexadecimal; lists are JSON already, so that rendering them holds no other thread. */
export const QUERIES = {
  async devices(store: Store, asked: devices.Asked): Promise<string> {
    return JSON.stringify(await devices.list(store, asked));
  },
  async totals(store: Store, { within }: { within: string | null }): Promise<string> {
    return JSON.stringify(await queries.totals(store, within));
  },
  async measured(store: Store): Promise<queries.Measured> {
    const [bytes, open, raised, letters] = await Promise.all([
      store.size(),
      alarms.countOpen(store),
      rules.countRaised(store),
      deadLetters.count(store),
    ]);
    return { bytes, open, raised, letters };
  },
  async reports(store: Store, { device, ...page }: queries.ReportsPage & { readonly device: string }): Promise<string> {
    return JSON.stringify({ reports: await queries.reports(store, fromHex(device)!, page) });
  },
  async series(store: Store, { device, ...range }: series.Range & { readonly device: string }): Promise<string> {
    return JSON.stringify(await series.of(store, fromHex(device)!, range));
  },
  async history(store: Store, { device, limit, since }: HistoryAsked): Promise<string> {
    return JSON.stringify(await history.of(store, fromHex(device)!, limit, since));
  },
  async claims(store: Store, asked: rights.ClaimsAsked): Promise<string> {
    return JSON.stringify(await rights.claims(store, asked));
  },
  async letters(store: Store, asked: deadLetters.Asked): Promise<string> {
    return JSON.stringify(await deadLetters.list(store, asked));
  },
  async commands(
    store: Store,
    { device, ...asked }: rights.CommandsAsked & { readonly device: string },
  ): Promise<string> {
    return JSON.stringify({ commands: await rights.commands(store, fromHex(device)!, asked) });
  },
  async alarms(store: Store, { bursts, ...asked }: alarms.Asked & { bursts: readonly object[] }): Promise<string> {
    return JSON.stringify({ ...(await alarms.list(store, asked)), bursts });
  },
  due(store: Store, { rule, now }: { rule: RuleRow; now: number }): Promise<rules.Due> {
    return rules.due(store, rule, now);
  },
  async entries(store: Store, { limit }: { limit: number }): Promise<string> {
    return JSON.stringify({ entries: await queries.entries(store, limit) });
  },
  /** Without the heads: they are as many as the devices. */
  async checkpoint(store: Store, { sealKey, at }: { sealKey: Uint8Array; at: number }): Promise<checkpoint.Checkpoint> {
    return { ...(await checkpoint.read(store, sealKey, at)), heads: undefined };
  },
  receipt(store: Store, { sealKey, hash }: { sealKey: Uint8Array; hash: string }): Promise<receipt.Found | undefined> {
    return receipt.find(store, sealKey, fromHex(hash)!);
  },
  consistency(
    store: Store,
    { sealKey, from, to }: { sealKey: Uint8Array; from: number; to: number },
  ): Promise<receipt.Proof | undefined> {
    return receipt.grown(store, sealKey, from, to);
  },
  unnumbered(store: Store, writers: Writers): Promise<Leaves[]> {
    return unnumbered(store, writers);
  },
  async slice(store: Store, { device, key, format, ...range }: SliceAsked): Promise<Slice> {
    const page = await queries.reports(store, fromHex(device)!, { limit: SLICE, ...range });
    const lines =
      format === "csv" ? csv.lines(page) : page.map((report) => `${JSON.stringify({ key, ...report })}\n`).join("");
    return { lines, next: page.length < SLICE ? undefined : page.at(-1)!.counter };
  },
  undelivered(store: Store, { limit }: { limit: number }): Promise<queries.UndeliveredRow[]> {
    return queries.undelivered(store, limit);
  },
};

export type Queries = typeof QUERIES;

export type Asked =
  | { readonly seq: number; readonly where: string; readonly close: true }
  | { readonly seq: number; readonly where: string; readonly name: keyof Queries; readonly given: never };

export type Told = { readonly seq: number } & ({ readonly result: unknown } | { readonly error: unknown });

/** Open databases by their address. */
const stores = new Map<string, Promise<Store>>();

async function answer(asked: Asked): Promise<unknown> {
  const { where } = asked;
  if ("close" in asked) {
    const store = await stores.get(where)?.catch(() => undefined);
    stores.delete(where);
    return store?.close();
  }
  const opening = stores.get(where) ?? Store.openToRead(where);
  stores.set(where, opening);
  try {
    return await QUERIES[asked.name](await opening, asked.given);
  } catch (error) {
    // A database that did not open is tried again with the next query.
    await opening.catch(() => stores.delete(where));
    throw error;
  }
}

parentPort?.on("message", (asked: Asked) => {
  const tell = (told: Told): void => parentPort!.postMessage(told, []);
  answer(asked).then(
    (result) => tell({ seq: asked.seq, result }),
    (error: unknown) => tell({ seq: asked.seq, error }),
  );
});
