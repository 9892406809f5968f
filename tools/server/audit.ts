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
import { type Finding, Search } from "./audit_findings.ts";
import { readLog } from "./audit_log.ts";
import { checkProfiles, checkReplacements } from "./audit_profiles.ts";
import { checkRights } from "./audit_rights.ts";
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
}

/** Audit an open database. With `db` it reads a snapshot of it. */
export async function audit(
  store: Store,
  keys: keyFile.ServerKeys,
  { archives = [], checkpoint, progress }: AuditOptions = {},
  db: Store["read"] = store.read,
): Promise<Audited> {
  const search = new Search(db, keys, progress);
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
