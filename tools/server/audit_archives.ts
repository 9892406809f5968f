/** The audit's fifth part, if archives are given: that they have every report that left the database, and was not erased. */
import { hex } from "../wire/bytes.ts";
import { contentsOf } from "./archive_file.ts";
import type { Search } from "./audit_findings.ts";
import type { Told } from "./audit_log.ts";
import { isAt, type Base, type Range } from "./base.ts";
import * as log from "./log.ts";

/** Verify archives, and check that they join to the bases. Return the number of their reports. Throws Trouble if a file is no archive of this server. */
export async function checkArchives(search: Search, told: Told, files: readonly string[]): Promise<number> {
  const accepts = await log.signers(search.db, search.keys);
  const ranges = new Map([...told.erased].map(([device, erased]) => [device, [...erased]]));
  let reports = 0;
  for (const file of files) {
    const contents = contentsOf(file, accepts);
    reports += contents.reports;
    for (const { device, from, to, isErased } of contents.sections) {
      const name = hex(device);
      if (isErased && !told.erased.has(name)) search.found("archive", name, "altered: the log says no erasure");
      ranges.set(name, [...(ranges.get(name) ?? []), { after: from.counter, from, to }]);
    }
  }
  for (const [device, base] of told.bases) checkJoins(search, device, base, ranges.get(device) ?? []);
  return reports;
}

/** Check that the ranges of a chain leave none of its reports out, from the first to the base, and fit together. */
function checkJoins(search: Search, device: string, base: Base, ranges: readonly Range[]): void {
  let last: Base | undefined;
  for (const range of [...ranges].toSorted((a, b) => a.after - b.after)) {
    const covered = last?.counter ?? 0;
    if (range.after > covered)
      search.found("archive", device, `missing: no archive has the reports after ${covered} up to ${range.after}`);
    if (last !== undefined && range.from?.counter === covered && !isAt(range.from, last))
      search.found("archive", device, `altered: the archives contradict each other at ${covered}`);
    if (range.to.counter > covered) last = range.to;
  }
  const covered = last?.counter ?? 0;
  if (covered < base.counter)
    search.found("archive", device, `missing: no archive has the reports after ${covered} up to ${base.counter}`);
  if (last !== undefined && covered === base.counter && !isAt(last, base))
    search.found("archive", device, `altered: the archives end at another report than the log says`);
}
