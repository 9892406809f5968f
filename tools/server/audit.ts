/**
 * Search the database for rows that were altered, removed or inserted by a writer without the server's key: check every seal,
 * every device's signature and chain, the log, and that these agree.
 */
import { existsSync } from "node:fs";
import { Trouble } from "../trouble.ts";
import { checkAlarms } from "./audit_alarms.ts";
import { checkArchives } from "./audit_archives.ts";
import { checkCheckpoint } from "./audit_checkpoint.ts";
import { checkDevices } from "./audit_devices.ts";
import { Search } from "./audit_findings.ts";
import { readLog } from "./audit_log.ts";
import { checkProfiles, checkReplacements } from "./audit_profiles.ts";
import { checkRights } from "./audit_rights.ts";
import { Pool } from "./audit_pool.ts";
import { type Finding, State } from "./audit_state.ts";
import { checkTree, positions } from "./audit_tree.ts";
import * as keyFile from "./keys.ts";
import { Store } from "./store/store.ts";

export interface Audited {
  readonly devices: number;
  readonly reports: number;
  readonly entries: number;
  /** Reports in the archives that were given. */
  readonly archived: number;
  readonly findings: readonly Finding[];
}

export interface AuditOptions {
  /** Archives that together have every report that left the database. */
  readonly archives?: readonly string[];
  /** A kept checkpoint, which the database must continue. */
  readonly checkpoint?: string | undefined;
  /** Called with the number of reports that were checked until now. */
  readonly progress?: (reports: number) => void;
  /** A file that keeps the progress, and from which an audit that was ended continues. */
  readonly resume?: string | undefined;
  /** Ends the audit: it throws the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Reports that are checked before threads are started. */
  readonly alone?: number;
}

/** Interval in which the progress is written. */
const SAVE_MS = 5000;

/** Audit an open database. With `db` it reads a snapshot of it. */
export async function audit(
  store: Store,
  keys: keyFile.ServerKeys,
  options: AuditOptions = {},
  db: Store["read"] = store.read,
): Promise<Audited> {
  const state = options.resume === undefined ? undefined : new State(options.resume, keys.seal);
  const pool = new Pool(options.alone);
  let [checked, savedAt] = [0, performance.now()];
  const told = (reports: number): void => {
    checked += reports;
    options.progress?.(checked);
    const isEnded = options.signal?.aborted === true;
    if (isEnded || performance.now() - savedAt > SAVE_MS) {
      state?.save();
      savedAt = performance.now();
    }
    options.signal?.throwIfAborted();
  };
  try {
    const audited = await all(new Search(db, keys, { pool, state, told }), options);
    state?.remove();
    return audited;
  } finally {
    await pool.close();
  }
}

async function all(search: Search, { archives = [], checkpoint }: AuditOptions): Promise<Audited> {
  search.findings.push(...(search.state?.findings ?? []));
  const { told, entries } = await readLog(search);
  const numbered = await positions(search);
  const { devices, reports } = await checkDevices(search, told, numbered);
  await checkRights(search, told);
  await checkProfiles(search, told.profiles);
  await checkReplacements(search, told.replacements);
  await checkAlarms(search, told.alarms);
  await checkTree(search, numbered);
  const archived = archives.length === 0 ? 0 : await checkArchives(search, told, archives);
  if (checkpoint !== undefined) await checkCheckpoint(search, checkpoint);
  return { devices, reports, entries, archived, findings: search.findings };
}

/** Audit one snapshot of the database that `where` names with the server's key in a file. Nothing is written: it may be a copy, or in use. */
export async function auditDatabase(where: string, key: string, options: AuditOptions = {}): Promise<Audited> {
  if (!existsSync(key))
    throw new Trouble(`${key} does not exist`, "give the server's key with --key: seals cannot be checked without it");
  const keys = keyFile.load(key);
  return Store.reading(where, (store) => store.snapshot((db) => audit(store, keys, options, db)));
}
