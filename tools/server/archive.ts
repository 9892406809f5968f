/**
 * `signet archive`: reports older than a date leave the database, in the order of their chains, into a signed file.
 *
 *     write   the reports into FILE.part, with the server's signature; the file gets its name when it is on the disk
 *     check   the whole file is read back and verified
 *     leave   part by part: delete the reports that the file has, move the base, log it; one transaction for each part
 *
 * An interruption loses nothing: a file with its name is whole, and the next call continues after the bases. The server runs meanwhile.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Trouble } from "../trouble.ts";
import { hex } from "../wire/bytes.ts";
import type { Head } from "../wire/messages.ts";
import * as archiveFile from "./archive_file.ts";
import * as bases from "./base.ts";
import * as log from "./log.ts";
import { at, type Place } from "./place.ts";
import { REPORTS_MAX } from "./reporting.ts";
import { isSealed } from "./seal.ts";
import type { DeviceRow } from "./store/schema.ts";

const PAGE = 500;

export interface ArchiveOptions {
  /** Reports that arrived before leave, in ms since 1970. */
  readonly before: number;
  /** Archive reports as well that the webhook has not posted. */
  readonly undelivered?: boolean;
  /** Called with the number of reports that left until now. */
  readonly progress?: (left: number) => void;
  /** Reports that leave in one transaction. */
  readonly part?: number;
}

/** Archive the database that `database` names. Return the text to print. Throws Trouble. */
export function runArchive(
  file: string,
  { database, key, ...options }: ArchiveOptions & { readonly database: string; readonly key?: string },
  now = Date.now(),
): Promise<string> {
  return at(database, key, (place) => archive(place, file, options, now));
}

/** Archive an open database. */
export async function archive(place: Place, file: string, options: ArchiveOptions, now: number): Promise<string> {
  const waiting = existsSync(file) ? 0 : await write(place, file, options, now);
  const note =
    waiting === 0 ? "" : `${waiting} older reports stay: the receiver of the webhook has not accepted them\n`;
  if (!existsSync(file)) return `${note}no report leaves: of active devices the newest ${REPORTS_MAX} stay\n`;
  const contents = archiveFile.contentsOf(file, await log.signers(place.store.read, place.keys));
  if (contents.before !== options.before)
    throw new Trouble(
      `${file} is an archive before ${new Date(contents.before).toISOString()}`,
      "give its date to complete it, or name a new file",
    );
  const left = await remove(place, file, options, now);
  const date = new Date(options.before).toISOString();
  return `${note}archive ${file}: ${contents.reports} reports of ${contents.sections.length} devices before ${date}; ${left} left the database now\n`;
}

/** Write the archive. Return the number of older reports that wait for the webhook. */
async function write({ store, keys }: Place, file: string, options: ArchiveOptions, now: number): Promise<number> {
  const { before, undelivered = false } = options;
  const part = `${file}.part`;
  const writer = new archiveFile.Writer(part);
  let [chains, waiting] = [0, 0];
  try {
    writer.add({ kind: "archive", version: 1, before, at: now });
    const isPosting = !undelivered && (await store.read.selectFrom("deliveries").select("stream").execute()).length > 0;
    for (let last: Uint8Array = new Uint8Array(0); ;) {
      const query = store.read.selectFrom("devices").selectAll().where("id", ">", last).orderBy("id").limit(PAGE);
      const devices = await query.execute();
      for (const device of devices) {
        const most = await leavingMost({ store, keys }, device);
        const posted = isPosting ? await postedMost({ store, keys }, device.id) : Infinity;
        const found = await writeChain({ store, keys }, writer, device, before, Math.min(most, posted));
        if (found > 0) chains++;
        if (posted < most) waiting += await older({ store, keys }, device.id, before, posted, most);
      }
      if (devices.length < PAGE) break;
      last = devices.at(-1)!.id;
    }
    if (chains === 0) {
      writer.abandon(part);
      return waiting;
    }
    writer.end(keys.signing);
  } catch (error) {
    writer.abandon(part);
    throw error;
  }
  renameSync(part, file);
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
  return waiting;
}

/**
 * The last counter that may leave. A device that can still report repeats the reports of its last request until it has their receipt: the newest ones stay.
 */
async function leavingMost({ store }: Place, { id, state }: DeviceRow): Promise<number> {
  if (state === "revoked" || state === "replaced") return Infinity;
  const query = store.read.selectFrom("reports").select("counter").where("device", "=", id).orderBy("counter", "desc");
  const oldest = await query
    .limit(1)
    .offset(REPORTS_MAX - 1)
    .executeTakeFirst();
  return oldest === undefined ? 0 : oldest.counter - 1;
}

/** The last counter up to which the receiver of the webhook accepted every report. */
async function postedMost({ store, keys }: Place, device: Uint8Array): Promise<number> {
  const row = await store.read.selectFrom("deliveries").selectAll().where("stream", "=", device).executeTakeFirst();
  const posted = row !== undefined && isSealed(keys.seal, "deliveries", row) ? row.position : 0;
  const dead = store.read.selectFrom("dead_letters").select("position").where("stream", "=", device);
  const first = await dead.orderBy("position").limit(1).executeTakeFirst();
  return Math.min(posted, (first?.position ?? Infinity) - 1);
}

/** Count the reports that are older, and after one counter up to another. */
async function older(
  { store }: Place,
  device: Uint8Array,
  before: number,
  after: number,
  most: number,
): Promise<number> {
  let query = store.read.selectFrom("reports").select(({ fn }) => fn.countAll().as("count"));
  query = query.where("device", "=", device).where("counter", ">", after).where("received_at", "<", before);
  if (most < Infinity) query = query.where("counter", "<=", most);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** Write the reports of one device up to the first that is not older, and return their number. */
async function writeChain(
  { store, keys }: Place,
  writer: archiveFile.Writer,
  device: DeviceRow,
  before: number,
  most: number,
): Promise<number> {
  const from = await bases.of(store.read, device.id);
  let to = from;
  for (let isOver = false; !isOver;) {
    const rows = await store.read
      .selectFrom("reports")
      .selectAll()
      .where("device", "=", device.id)
      .where("counter", ">", to.counter)
      .orderBy("counter")
      .limit(PAGE)
      .execute();
    isOver = rows.length < PAGE;
    for (const row of rows) {
      if (row.received_at >= before || row.counter > most) {
        isOver = true;
        break;
      }
      if (!isSealed(keys.seal, "reports", row))
        throw new Trouble(`report ${row.counter} of device ${hex(device.id)} was altered`, "run `signet audit`");
      if (to === from)
        writer.add({ kind: "chain", device: hex(device.id), key: hex(device.key), ...archiveFile.shown(from) });
      writer.add({ kind: "report", counter: row.counter, receivedAt: row.received_at, message: hex(row.message) });
      to = { counter: row.counter, hash: row.hash, count: to.count + 1 };
    }
  }
  if (to !== from) writer.add({ kind: "base", ...archiveFile.shown(to) });
  return to.count - from.count;
}

/** Let the reports of a verified archive leave that are still in the database. Return their number. */
async function remove(place: Place, file: string, options: ArchiveOptions, now: number): Promise<number> {
  const { progress = () => undefined, part = bases.PART } = options;
  let device: Uint8Array = new Uint8Array(0);
  let base = bases.NO_BASE;
  let links: Head[] = [];
  let left = 0;
  const leave = async (): Promise<void> => {
    if (links.length === 0) return;
    const began = performance.now();
    base = await place.store.write((tx) => bases.leave(place, tx, now, "archive", device, base, links));
    left += links.length;
    links = [];
    progress(left);
    // SQLite has one writer: the server gets as much time as this took.
    await pause(performance.now() - began);
  };
  for (const read of archiveFile.read(file, () => true, true)) {
    if (read.kind === "chain") {
      ({ device } = read);
      base = await bases.of(place.store.read, device);
    } else if (read.kind === "report" && read.link.counter > base.counter) {
      links.push(read.link);
      if (links.length === part) await leave();
    } else if (read.kind === "section") await leave();
  }
  return left;
}
