/** Reports as CSV (RFC 4180): a line for each number of a report, so that devices with other fields fit one table. */
import { fromHex } from "../wire/bytes.ts";
import { numbers } from "./page/reading.js";
import type { ReportView } from "./queries.ts";

/** The first line: `field` is the key of the number in the report, `value` the number as it was sent. */
export const HEAD = "device,counter,received_at,field,value\r\n";

/** Write the numbers of reports. A report without numbers has one line, whose field and value are empty. */
export function lines(reports: readonly ReportView[]): string {
  return reports
    .flatMap(({ device, counter, receivedAt, data }) => {
      const found: (readonly [string, number | ""])[] = numbers(fromHex(data)!);
      const rows = found.length === 0 ? [["", ""] as const] : found;
      const begin = `${device},${counter},${new Date(receivedAt).toISOString()}`;
      return rows.map(([field, value]) => `${begin},${cell(field)},${value}\r\n`);
    })
    .join("");
}

/** Write a text of a device. A spreadsheet takes a cell that begins with one of these for a formula: an apostrophe makes it a text. */
function cell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${inert.replaceAll('"', '""')}"`;
}
