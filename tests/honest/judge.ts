/** Conditions that must hold after a history and its quiet hour. */
import { REPLACED } from "../../tools/server/evidence.ts";
import type { AuditRow, DeviceRow } from "../../tools/server/store/schema.ts";
import { hex } from "../../tools/wire/bytes.ts";
import type { Half } from "./history.ts";
import { INTERVAL_MS, type Play } from "./play.ts";
import type { StoredReport } from "./service.ts";

/** Alarms that speak of no clone: of a database that is older than the device, and of many refusals. */
const NO_CLONE = /^gap: |^acknowledges command|^burst of refusals/;

/** Entries of the log about a possible second holder of a key. */
interface Suspicion {
  readonly action: string;
  readonly detail: string;
}

/** Judge a history that was played: every fault found, none if all is well. */
export async function judge(play: Play, half: Half): Promise<string[]> {
  const faults: string[] = [];
  const { service, device, clone } = play;
  for (const error of service.errors) faults.push(`the server failed: ${String(error)}`);
  for (const holder of [device, clone]) {
    if (holder !== undefined && holder.guest.deaths > 0) faults.push(`the firmware died: ${holder.guest.epitaph}`);
  }
  if (half === "clone") return [...faults, ...(await found(play))];
  const suspicions = await suspected(play);
  if (half === "honest") {
    for (const { action, detail } of suspicions) faults.push(`suspected of being cloned: ${action} ${detail}`);
  }
  const rows = await service.devices();
  const log = await service.log();
  if (isReplaced(play, rows)) {
    const isNamed = service.alarms.some(({ what }) => what.startsWith(REPLACED));
    if (!isNamed) faults.push("a replaced key is in use, and was not named");
  } else if (!play.wasRevoked) faults.push(...identity(play, rows, log), ...progress(play));
  faults.push(...(await readings(play, rows, log)), ...acknowledgements(play, rows));
  return faults;
}

/** Collect the server's signs of two holders of one key. */
export async function suspected({ service }: Play): Promise<Suspicion[]> {
  const entries = (await service.log()).map(({ action, actor, detail }) => ({ action, actor, detail }));
  const suspicions = entries.filter(
    ({ action, actor, detail }) =>
      action === "fork" ||
      (action === "alarm" && !NO_CLONE.test((JSON.parse(detail) as { what: string }).what)) ||
      (action === "suspend" && actor === "server"),
  );
  return suspicions;
}

/**
 * Find keys of the device that a restore left without a holder: those named by an orphan in the log, which handed over while
 * the database did not know them, and those before them. The database has them in their restored state. An active key is no
 * orphan, since it is known.
 */
function forsaken({ device }: Play, rows: readonly DeviceRow[], log: readonly AuditRow[]): string[] {
  const keys = [...device.formerIds];
  const isOrphan = (id: string): boolean =>
    log.some((entry) => entry.action === "orphan" && entry.device !== null && hex(entry.device) === id) &&
    !active(rows).includes(id);
  const replaced = rows.filter(({ state }) => state === "replaced").map(({ id }) => hex(id));
  return keys.slice(0, keys.findLastIndex(isOrphan) + 1).filter((id) => !replaced.includes(id));
}

function active(rows: readonly DeviceRow[]): string[] {
  return rows.filter(({ state }) => state === "active").map(({ id }) => hex(id));
}

/** One row of the server is active, and it is the device's, except for keys without a holder. */
function identity(play: Play, rows: readonly DeviceRow[], log: readonly AuditRow[]): string[] {
  const { id } = play.device;
  const found = active(rows);
  const excused = forsaken(play, rows, log);
  if (found.includes(id) && found.every((other) => other === id || excused.includes(other))) return [];
  const known = rows.map(({ id, state }) => `${hex(id).slice(0, 8)} ${state}`).join(", ");
  return [`the device is ${id.slice(0, 8)}, and the server has ${known}`];
}

/** Its flash was put back to a key that it had handed over: it is refused for good, at most once a day, and that is an alarm. */
function isReplaced({ device, wasRolledBack }: Play, rows: readonly DeviceRow[]): boolean {
  const isOld = rows.some(({ id, state }) => state === "replaced" && hex(id) === device.id);
  return wasRolledBack && (isOld || device.isSilent);
}

/** It reports: the last time it did is not longer ago than its interval and some tries. */
function progress({ receiptAt, agenda }: Play): string[] {
  const ago = agenda.now() - receiptAt;
  return ago <= INTERVAL_MS * 1.5 ? [] : [`the device is silent: its last receipt is ${Math.round(ago / 1000)} s old`];
}

/** Each reading with a receipt is stored once; what a restore took away may be missing, and is named. A device that restarted since cannot always tell. */
async function readings(play: Play, rows: readonly DeviceRow[], log: readonly AuditRow[]): Promise<string[]> {
  const { device, service, receiptAt } = play;
  const faults: string[] = [];
  const stored = new Map<string, number>();
  for (const { reading } of await service.reports()) stored.set(reading, (stored.get(reading) ?? 0) + 1);
  const canTell = (at: number): boolean => at >= device.startedAt && receiptAt > service.restoredAt;
  const lost = new Map(service.lost.map((report) => [report.reading, report]));
  const excused = forsaken(play, rows, log);
  for (const { at, reading, counter } of device.accepted) {
    const times = stored.get(reading) ?? 0;
    if (times === 1) continue;
    const text = `reading ${Buffer.from(reading, "hex").toString("latin1")}, receipt ${counter},`;
    const taken = times === 0 ? lost.get(reading) : undefined;
    if (taken === undefined) faults.push(`${text} is stored ${times} times`);
    else if (canTell(at) && !excused.includes(taken.device) && !isInGap(taken, log))
      faults.push(`${text} is missing, and no gap says so`);
  }
  return faults;
}

/** The log has a gap in which the report lies. */
function isInGap({ device, counter }: StoredReport, log: readonly AuditRow[]): boolean {
  return log.some((entry) => {
    if (entry.action !== "gap" || entry.device === null || hex(entry.device) !== device) return false;
    const { after, before } = JSON.parse(entry.detail) as { after: number; before: number };
    return counter > after && counter < before;
  });
}

/** The server calls no command obeyed that was not, and none was obeyed twice. */
function acknowledgements({ device }: Play, rows: readonly DeviceRow[]): string[] {
  const faults: string[] = [];
  if (new Set(device.obeyed).size !== device.obeyed.length)
    faults.push(`a command was obeyed twice: ${device.obeyed.join()}`);
  const highest = Math.max(0, ...device.obeyed, ...device.ordered);
  for (const { acknowledged, id } of rows)
    if (acknowledged > highest)
      faults.push(`${hex(id).slice(0, 8)} acknowledged ${acknowledged}, and obeyed ${highest}`);
  return faults;
}

/**
 * Count how often the holders of the key took turns since a moment: in stored reports, and in the quiet hour in all sent ones.
 */
function alternationsSince({ turns, copiedAt }: Play, since: number): number {
  const holders = turns.filter(({ at }) => at >= Math.max(since, copiedAt)).map(({ who }) => who);
  return holders.filter((who, i) => i > 0 && who !== holders[i - 1]).length;
}

/** Count the turns since the flash was copied. */
export function alternations(play: Play): number {
  return alternationsSince(play, 0);
}

/** The device and its clone reported after each other: so it is named. A restore takes the name away, and they are asked to do it again. */
async function found(play: Play): Promise<string[]> {
  const { service, copiedAt } = play;
  if (alternations(play) < 2 || (await suspected(play)).length > 0 || (await isParted(play))) return [];
  const wasNamed = service.alarms.some(({ at, what }) => at >= copiedAt && !NO_CLONE.test(what));
  const isOwed = alternationsSince(play, service.restoredAt) >= 2;
  return wasNamed && !isOwed ? [] : ["the clone was not found"];
}

/**
 * A restore undid two rotations of the one, so that nothing tells whose key the other's was: they are two devices, and the log names the orphan between
 * them, which an operator has to look into.
 */
export async function isParted({ service, device, clone }: Play): Promise<boolean> {
  return device.id !== clone?.id && (await service.log()).some(({ action }) => action === "orphan");
}
