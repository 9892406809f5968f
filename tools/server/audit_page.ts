/** Stored reports of one chain, checked: pure, so that several threads can do it. It is the part of an audit that costs. */
import { equal, hex } from "../wire/bytes.ts";
import * as ed25519 from "../wire/ed25519.ts";
import { hash } from "../wire/key.ts";
import * as messages from "../wire/messages.ts";
import type { Head } from "../wire/messages.ts";
import { open, verify } from "../wire/sign1.ts";
import * as merkle from "./merkle.ts";
import { isSealed } from "./seal.ts";
import type { ReportRow } from "./store/schema.ts";

export interface Page {
  readonly sealKey: Uint8Array;
  /** The id of the device, and its public key. */
  readonly device: Uint8Array;
  readonly key: Uint8Array;
  /** The report before the first. */
  readonly head: Head;
  readonly rows: readonly ReportRow[];
}

export interface Checked {
  /** The last report. */
  readonly head: Head;
  /** Row and finding. */
  readonly found: readonly (readonly [row: string, what: string])[];
  /** The leaves of the reports, one after the other. */
  readonly leaves: readonly Uint8Array[];
}

/** Check the seal of each report, its signature, and that it follows the report before. */
export function check({ sealKey, device, key, head: before, rows }: Page): Checked {
  const imported = ed25519.importKey(key);
  const found: [string, string][] = [];
  const leaves: Uint8Array[] = [];
  let head = before;
  for (const row of rows) {
    const name = `${hex(device)}/${row.counter}`;
    if (!isSealed(sealKey, "reports", row)) found.push([name, "altered or inserted: its seal is wrong"]);
    const own = hash(row.message);
    if (!equal(own, row.hash)) found.push([name, "altered: its hash is wrong"]);
    try {
      const message = open(row.message);
      const claims = messages.readStoredReport(message);
      if (!equal(message.kid, device) || imported === undefined || !verify(message, imported))
        found.push([name, "altered or inserted: the device did not sign it"]);
      if (claims.counter !== row.counter) found.push([name, `reordered: it says its counter is ${claims.counter}`]);
      if (!equal(claims.prev, head.hash)) found.push([name, "removed: it does not follow the report before it"]);
    } catch (error) {
      found.push([name, `altered: ${(error as Error).message}`]);
    }
    head = { counter: row.counter, hash: own };
    leaves.push(merkle.leaf(row.message));
  }
  return { head, found, leaves };
}
