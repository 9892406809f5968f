/**
 * `signet erase`: the data of one device leaves for good, its reports, proofs and commands. The base of its chain moves to its head, and the signed entry `erased`
 * of the log stands for the data: everything else stays verifiable, and an active device goes on.
 */
import { renameSync } from "node:fs";
import { Trouble } from "../trouble.ts";
import { equal, hex } from "../wire/bytes.ts";
import * as archiveFile from "./archive_file.ts";
import * as bases from "./base.ts";
import * as log from "./log.ts";
import { at, type Place } from "./place.ts";
import { PLAIN } from "./text.ts";

export interface EraseOptions {
  readonly database: string;
  readonly key?: string;
  readonly reason: string;
  /** Archives from which the device's reports are erased too. */
  readonly archives?: readonly string[];
}

/** Erase one device's data from the database that `database` names, and from archives. Return the text to print. Throws Trouble. */
export function runErase(device: Uint8Array, options: EraseOptions, now = Date.now()): Promise<string> {
  const { database, key, reason, archives = [] } = options;
  return at(database, key, async (place) => {
    const told = await erase(place, device, reason, now);
    const lines: string[] = [];
    for (const file of archives) lines.push(await eraseFrom(place, file, device));
    return told + lines.join("");
  });
}

/** Erase one device's data from an open database. */
export async function erase(place: Place, device: Uint8Array, reason: string, now: number): Promise<string> {
  const { store, keys } = place;
  if (!PLAIN.test(reason)) throw new Trouble("the reason is no plain text", "leave control characters out");
  const row = await store.read.selectFrom("devices").select("id").where("id", "=", device).executeTakeFirst();
  if (row === undefined)
    throw new Trouble(`there is no device ${hex(device)}`, "give a whole id, as the page shows it");
  let reports = 0;
  for (;;) {
    const base = await bases.of(store.read, device);
    const links = await store.read
      .selectFrom("reports")
      .select(["counter", "hash"])
      .where("device", "=", device)
      .orderBy("counter")
      .limit(bases.PART)
      .execute();
    if (links.length === 0) break;
    await store.write((tx) => bases.leave(place, tx, now, "erase", device, base, links));
    reports += links.length;
  }
  const gone = await store.write(async (tx) => {
    const { passed } = await store
      .locked(tx.selectFrom("devices").selectAll().where("id", "=", device))
      .executeTakeFirstOrThrow();
    const evidence = await tx.deleteFrom("evidence").where("device", "=", device).executeTakeFirst();
    // A command that the device may still obey is not data of the past.
    const downlinks = await tx
      .deleteFrom("downlinks")
      .where("device", "=", device)
      .where((eb) => eb.or([eb("counter", "<=", passed), eb("expires_at", "<=", now)]))
      .executeTakeFirst();
    const detail = { evidence: Number(evidence.numDeletedRows), downlinks: Number(downlinks.numDeletedRows) };
    const entry = { action: log.ERASED, actor: log.MACHINE, device, detail: { ...detail, reason } };
    await log.append(store, keys, tx, now, entry);
    return detail;
  });
  return `erased ${hex(device)}: ${reports} reports, ${gone.evidence} proofs, ${gone.downlinks} commands\n`;
}

/** Write an archive again without one device's reports, and sign it. Return the text to print. Throws Trouble. */
async function eraseFrom({ store, keys }: Place, file: string, device: Uint8Array): Promise<string> {
  const accepts = await log.signers(store.read, keys);
  const part = `${file}.part`;
  const writer = new archiveFile.Writer(part);
  let [isOurs, erased] = [false, 0];
  try {
    for (const read of archiveFile.read(file, accepts)) {
      if (read.kind === "archive") writer.add({ kind: "archive", version: 1, before: read.before, at: read.at });
      else if (read.kind === "chain") {
        isOurs = equal(read.device, device);
        const line = { device: hex(read.device), key: hex(read.key), ...archiveFile.shown(read.from) };
        writer.add({ kind: "chain", ...line });
      } else if (read.kind === "report") {
        const { link, receivedAt, message } = read;
        if (isOurs) erased++;
        else writer.add({ kind: "report", counter: link.counter, receivedAt, message: hex(message) });
      } else if (read.kind === "section") {
        const isErased = isOurs || read.section.isErased;
        writer.add({ kind: "base", ...archiveFile.shown(read.section.to), ...(isErased ? { erased: true } : {}) });
      }
    }
    writer.end(keys.signing);
  } catch (error) {
    writer.abandon(part);
    throw error;
  }
  renameSync(part, file);
  return `erased ${erased} reports from ${file}\n`;
}
