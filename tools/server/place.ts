/** Where a server lives: its database, and the key that belongs to it. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Trouble } from "../trouble.ts";
import * as keyFile from "./keys.ts";
import * as log from "./log.ts";
import { isSealed } from "./seal.ts";
import { Store } from "./store/store.ts";

/** Return the default path of a key: beside an SQLite file, or in the current folder. */
export function keyBeside(database: string, name = "signet-server.key"): string {
  return /^postgres(ql)?:/.test(database) ? resolve(name) : join(dirname(resolve(database)), name);
}

/** Rows that are read to recognise the key of a database: one damaged row does not stop a server. */
const SAMPLE = 16;

/**
 * Load the key of a database, and make it if the database is new. Throws Trouble if the key file is lost or another one: under another key devices ignore
 * each receipt.
 */
export async function keyOf(store: Store, path: string): Promise<keyFile.ServerKeys> {
  const rows = await store.read.selectFrom("tokens").selectAll().limit(SAMPLE).execute();
  const heads = await store.read.selectFrom("audit_head").selectAll().execute();
  const isNew = rows.length + heads.length === 0;
  const hint = "restore the key file from its backup, or name it with --key: devices trust only that key";
  if (!isNew && !existsSync(path)) throw new Trouble(`the key of this database is not at ${path}`, hint);
  const keys = keyFile.load(path);
  const isSealer =
    heads.some((row) => isSealed(keys.seal, "audit_head", row)) ||
    rows.some((row) => isSealed(keys.seal, "tokens", row));
  if (!isNew && !isSealer) throw new Trouble(`${path} is not the key of this database`, hint);
  if (!(await log.isSignedBy(store.read, keys.signing.publicKey)))
    throw new Trouble(
      `${path} is not the key of this database: another key signs its log`,
      "if `signet key switch` was interrupted, run it again; else restore the newest key file",
    );
  return keys;
}

/** A database and its keys, for work at the machine of a server, beside it or without it. */
export interface Place {
  readonly store: Store;
  readonly keys: keyFile.ServerKeys;
}

/** Do some work on an existing database. Throws Trouble if there is none, or another key. */
export async function at<T>(database: string, key: string | undefined, work: (place: Place) => Promise<T>): Promise<T> {
  const path = key ?? keyBeside(database);
  if (!existsSync(path))
    throw new Trouble(`no server's key is at ${path}`, "name it with --key; the first start of a server makes it");
  const store = await Store.openExisting(database);
  try {
    return await work({ store, keys: await keyOf(store, path) });
  } catch (error) {
    throw store.trouble(error) ?? error;
  } finally {
    await store.close();
  }
}
