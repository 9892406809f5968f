/** Backups: a copy of the database while the server runs, a copy of its log, and the way back. `signet backup`, `signet restore`. */
import { appendFileSync, copyFileSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { sql } from "kysely";
import { Trouble } from "../trouble.ts";
import { equal, fromHex, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { audit } from "./audit.ts";
import * as keyFile from "./keys.ts";
import * as log from "./log.ts";
import { keyBeside, keyOf } from "./place.ts";
import { redo } from "./redo.ts";
import { copyRows } from "./store/copy.ts";
import type { AuditRow } from "./store/schema.ts";
import { Store } from "./store/store.ts";

const PAGE = 500;

export interface BackupOptions {
  readonly database: string;
  readonly key?: string;
  /** A file with a copy of the log, outside of the database. */
  readonly log?: string;
}

function keyPath({ database, key }: BackupOptions): string {
  const path = key ?? keyBeside(database);
  if (!existsSync(path)) throw new Trouble(`no server's key is at ${path}`, "name it with --key");
  return path;
}

/** Check every row of a copy. Throws Trouble if one was altered. */
async function checked(store: Store, keys: keyFile.ServerKeys): Promise<string> {
  const { devices, reports, entries, findings } = await audit(store, keys);
  const [first] = findings;
  if (first !== undefined)
    throw new Trouble(
      `${findings.length} findings in the copy, the first: ${first.table} ${first.row}: ${first.what}`,
      "`signet audit` lists them; keep the older backups",
    );
  return `${devices} devices, ${reports} reports, ${entries} log entries: nothing was altered\n`;
}

/** Copy the database into a new SQLite file, or the newest entries of the log to the end of a file, or both. Return what to print. */
export async function runBackup(file: string | undefined, options: BackupOptions): Promise<string> {
  if (file === undefined && options.log === undefined)
    throw new Trouble("there is nothing to write", "name a file for the database, or one for the log with --log");
  if (file !== undefined && existsSync(file)) throw new Trouble(`${file} exists already`, "name a new file");
  const path = keyPath(options);
  return Store.reading(options.database, async (store) => {
    const keys = await keyOf(store, path);
    const lines = file === undefined ? "" : `backup ${file}: ${await backUp(store, keys, file)}`;
    return options.log === undefined ? lines : lines + (await appendLog(store, options.log));
  });
}

async function backUp(store: Store, keys: keyFile.ServerKeys, file: string): Promise<string> {
  const part = `${file}.part`;
  rmSync(part, { force: true });
  const copy = await Store.open(part);
  try {
    await store.snapshot((db) => copyRows(db, copy));
    const told = await checked(copy, keys);
    // All of it in one file.
    await sql`pragma journal_mode = delete`.execute(copy.read);
    await copy.close();
    renameSync(part, file);
    return told;
  } catch (error) {
    await copy.close();
    rmSync(part, { force: true });
    throw error;
  }
}

/** Append the entries that a file does not have yet, one a line. */
async function appendLog(store: Store, file: string): Promise<string> {
  const known = existsSync(file) ? readLog(file) : [];
  let [seq, count] = [known.at(-1)?.seq ?? 0, 0];
  for (;;) {
    const query = store.read.selectFrom("audit").selectAll().where("seq", ">", seq).orderBy("seq").limit(PAGE);
    const rows = await query.execute();
    if (rows[0] !== undefined && known.length > 0 && count === 0 && !equal(rows[0].prev, known.at(-1)!.hash))
      throw new Trouble(
        `${file} is a copy of another log`,
        "name a new file: after a restore the log continues elsewhere",
      );
    for (const row of rows) appendFileSync(file, `${JSON.stringify(row, shown)}\n`, { mode: 0o600 });
    count += rows.length;
    seq = rows.at(-1)?.seq ?? seq;
    if (rows.length < PAGE) return `log ${file}: ${count} new entries, ${seq} in all\n`;
  }
}

function shown(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  const bytes = value as { type?: unknown; data?: number[] } | null;
  return typeof bytes === "object" && bytes?.type === "Buffer" ? hex(Uint8Array.from(bytes.data!)) : value;
}

/** Read a copy of the log. Throws Trouble if a line is none of its entries, or does not follow the one before. */
function readLog(file: string): AuditRow[] {
  const lines = readFileSync(file, "utf-8")
    .split("\n")
    .filter((line) => line !== "");
  const rows = lines.map((line, i) => {
    const bad = new Trouble(
      `line ${i + 1} of ${file} is no entry of the log`,
      "name a copy that `signet backup --log` wrote",
    );
    const row = parsed(line);
    if (row === undefined) throw bad;
    if (!equal(log.entryHash(row), row.hash)) throw bad;
    return row;
  });
  for (const [i, row] of rows.entries())
    if (i > 0 && !equal(row.prev, rows[i - 1]!.hash))
      throw new Trouble(`entry ${row.seq} of ${file} does not follow the one before`, "entries are missing or altered");
  return rows;
}

function parsed(line: string): AuditRow | undefined {
  try {
    const { seq, at, action, actor, device, detail, ...more } = JSON.parse(line) as Record<string, unknown>;
    const [prev, hash, signature] = ["prev", "hash", "signature"].map((name) => fromHex(String(more[name])));
    if (prev === undefined || hash === undefined || signature === undefined) return undefined;
    if (typeof seq !== "number" || typeof at !== "number") return undefined;
    const of = device === null ? null : fromHex(String(device));
    if (of === undefined) return undefined;
    return {
      seq,
      at,
      action: String(action),
      actor: String(actor),
      device: of,
      detail: String(detail),
      prev,
      hash,
      signature,
    };
  } catch {
    return undefined;
  }
}

/** Put a backup into a new database of either kind, and begin a new generation. Return what to print. Throws Trouble. */
export async function runRestore(file: string, options: BackupOptions, now = Date.now()): Promise<string> {
  if (!existsSync(file)) throw new Trouble(`${file} does not exist`, "name a file that `signet backup` wrote");
  const path = keyPath(options);
  const keys = keyFile.load(path);
  // The upgrade of an older backup must not change it.
  const working = `${file}.restoring`;
  copyFileSync(file, working);
  const [saved, store] = [await Store.open(working), await Store.open(options.database)];
  try {
    const last = (await saved.read.selectFrom("audit").selectAll().orderBy("seq", "desc").limit(1).execute())[0];
    if (last === undefined) throw new Trouble(`${file} is not a backup of a server`, "name another file");
    await keyOf(saved, path);
    const lost = options.log === undefined ? undefined : lostEntries(options.log, last, keys);
    if ((await store.read.selectFrom("audit_head").select("seq").execute()).length > 0)
      throw new Trouble("the database to restore to is in use", "name a new one with --database");
    await saved.snapshot((db) => copyRows(db, store));
    const told = await checked(store, keys);
    const detail = { seq: last.seq, at: last.at, lost: lost?.length ?? "unknown" };
    await store.write((tx) => log.append(store, keys, tx, now, { action: "put-back", actor: log.MACHINE, detail }));
    const day = new Date(last.at).toISOString();
    return `restored ${told}the newest log entry of the backup is ${last.seq}, of ${day}\n${await redo({ store, keys, audience: "", clock: () => now }, lost)}`;
  } catch (error) {
    throw store.trouble(error) ?? error;
  } finally {
    await saved.close();
    await store.close();
    for (const end of ["", "-wal", "-shm"]) rmSync(working + end, { force: true });
  }
}

/** The entries of a copy of the log after the last one of a backup. Throws Trouble if the server did not sign them, or they belong to another log. */
function lostEntries(file: string, last: AuditRow, keys: keyFile.ServerKeys): AuditRow[] {
  const rows = readLog(file);
  const at = rows.findIndex(({ seq }) => seq === last.seq);
  if (at < 0 || !equal(rows[at]!.hash, last.hash))
    throw new Trouble(`${file} is no copy of the log of this backup`, "name its copy, or leave --log out");
  const key = ed25519.importKey(keys.signing.publicKey)!;
  const lost = rows.slice(at + 1);
  for (const row of lost)
    if (!ed25519.verifyWith(row.signature, key, log.signedBytes(row.hash)))
      throw new Trouble(
        `entry ${row.seq} of ${file} was not signed by this server`,
        "it was altered, or another key signed it",
      );
  return lost;
}
