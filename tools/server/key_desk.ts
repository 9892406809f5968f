/** The change of the server's key, at its machine: `signet key`. */
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { Trouble } from "../trouble.ts";
import { equal, hex } from "../wire/bytes.ts";
import * as keyFile from "./keys.ts";
import * as log from "./log.ts";
import { at, keyBeside, keyOf } from "./place.ts";
import { REPORTS_MAX } from "./reporting.ts";
import { Store } from "./store/store.ts";

/** The file of the key that signed before. */
const formerFile = (path: string): string => `${path}.former`;

export interface KeyOptions {
  readonly database: string;
  readonly key?: string;
  /** The file of the key that will sign next; beside the key in use if it is not given. */
  readonly next?: string;
  /** Retire the former key also if devices may still need it. */
  readonly force?: boolean;
}

export type Action = "list" | "make" | "switch" | "retire";

/** Do one step of a change of the key, and return what to print. Throws Trouble. */
export async function runKey(action: Action, options: KeyOptions, now = Date.now()): Promise<string> {
  const path = options.key ?? keyBeside(options.database);
  const next = options.next ?? keyFile.nextFile(path);
  switch (action) {
    case "make":
      if (existsSync(next)) throw new Trouble(`${next} exists already`, "`signet key list` shows it");
      keyFile.make(next);
      return `next server key ${hex(keyFile.publicOf(next)!)}\n`;
    case "list":
      return at(options.database, options.key, ({ store }) => listed(store, path, next));
    case "switch":
      return switched(options.database, path, next, now);
    case "retire":
      return retired(options, path, now);
  }
}

async function listed(store: Store, path: string, next: string): Promise<string> {
  const changes = await log.switches(store.read);
  const rows: [string, Uint8Array | undefined][] = [
    ["in use", keyFile.publicOf(path)],
    ["next", keyFile.publicOf(next)],
    ["former", keyFile.publicOf(formerFile(path))],
  ];
  const lines = rows.map(([role, key]) => `${role}  ${key === undefined ? "no file" : hex(key)}\n`);
  const change = changes.at(-1);
  if (change === undefined) return `${lines.join("")}the key is not changed yet\n`;
  const { knowing, others } = await knowledge(store, change.at);
  const day = new Date(change.at).toISOString().slice(0, 16);
  lines.push(`changed ${day}; ${knowing} devices continued with the key in use, ${others.length} did not yet\n`);
  for (const id of others) lines.push(`  ${hex(id)}\n`);
  return lines.join("");
}

/**
 * Tell which active devices are known to have the key in use. A device sends a report after the next only if it believes the receipt: it has the
 * key if its newest reports arrived at two times since the change.
 */
async function knowledge(store: Store, since: number): Promise<{ knowing: number; others: Uint8Array[] }> {
  const devices = await store.read.selectFrom("devices").select("id").where("state", "=", "active").execute();
  const others: Uint8Array[] = [];
  for (const { id } of devices) {
    const rows = await store.read
      .selectFrom("reports")
      .select("received_at")
      .where("device", "=", id)
      .orderBy("counter", "desc")
      .limit(REPORTS_MAX + 1)
      .execute();
    const times = new Set(rows.map((row) => row.received_at).filter((time) => time > since));
    if (times.size < 2) others.push(id);
  }
  return { knowing: devices.length - others.length, others };
}

/** Make the next key the key in use. An interrupted change is completed by the next call. */
async function switched(database: string, path: string, next: string, now: number): Promise<string> {
  if (!existsSync(path)) throw new Trouble(`no server's key is at ${path}`, "name it with --key");
  const to = keyFile.publicOf(next);
  if (to === undefined)
    throw new Trouble(`${next} does not exist`, "make it by `signet key make`, or name it with --next");
  const keys = keyFile.load(path);
  if (equal(to, keys.signing.publicKey)) throw new Trouble(`${next} is the key in use`, "name another one with --next");
  const store = await Store.openExisting(database);
  try {
    // After an interruption the log names the next key already, and the files do not.
    const isLogged = (await log.switches(store.read)).at(-1)?.to === hex(to);
    if (!isLogged) {
      await keyOf(store, path);
      // Until now the secret of the seals may have been that of the signing key.
      keyFile.write(keyFile.sealFile(path), readFileSync(path, "utf-8"));
      const detail = { from: hex(keys.signing.publicKey), to: hex(to) };
      const signing = keyFile.signingOf(next);
      await store.write((tx) =>
        log.append(store, { ...keys, signing }, tx, now, { action: log.SWITCH, actor: log.MACHINE, detail }),
      );
    }
  } catch (error) {
    throw store.trouble(error) ?? error;
  } finally {
    await store.close();
  }
  if (next === formerFile(path)) renameSync(next, `${path}.moving`);
  renameSync(path, formerFile(path));
  renameSync(next === formerFile(path) ? `${path}.moving` : next, path);
  const following = keyFile.nextFile(path);
  if (!existsSync(following)) keyFile.make(following);
  return `server key ${hex(to)}\nnext server key ${hex(keyFile.publicOf(following)!)}\n`;
}

/** Delete the former key, if every active device continued with the key in use. */
async function retired({ database, key, force = false }: KeyOptions, path: string, now: number): Promise<string> {
  const former = formerFile(path);
  const publicKey = keyFile.publicOf(former);
  if (publicKey === undefined) throw new Trouble(`${former} does not exist`, "there is no former key to retire");
  return at(database, key, async ({ store, keys }) => {
    const change = (await log.switches(store.read)).at(-1);
    const others = change === undefined ? [] : (await knowledge(store, change.at)).others;
    if (others.length > 0 && !force)
      throw new Trouble(
        `${others.length} devices did not continue with the key in use yet`,
        "`signet key list` names them; --force retires the former key anyway",
      );
    const detail = { key: hex(publicKey), others: others.length };
    await store.write((tx) => log.append(store, keys, tx, now, { action: "retire-key", actor: log.MACHINE, detail }));
    rmSync(former);
    return `retired ${hex(publicKey)}\n`;
  });
}
