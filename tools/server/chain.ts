/** The rule of a device's chain, pure: what a stored head and the reports of one request make of each other. */
import { equal } from "../wire/bytes.ts";
import type { Head } from "../wire/messages.ts";

/** What of a report the chain is about. */
export interface Link {
  readonly hash: Uint8Array;
  readonly counter: number;
  readonly prev: Uint8Array;
}

export type Ruling =
  /** Links from `from` on are new and follow the head; none at all if `from` is their number: the answer was lost, say it again. */
  | { readonly kind: "follows"; readonly from: number }
  /** The link at `at` does not follow: replayed if it is stored, forked if not. */
  | { readonly kind: "stray"; readonly at: number };

/** Rule on the reports of one request, at least one, against the head of their device. */
export function rule(head: Head, links: readonly Link[]): Ruling {
  const known = links.findIndex((link) => equal(link.hash, head.hash));
  const from = known + 1;
  // Up to the head the links prove themselves: each names the hash of the one before, the last one is the head.
  for (let i = 1; i < from; i++) if (!follows(links[i - 1]!, links[i]!)) return { kind: "stray", at: i - 1 };
  let before: Head = head;
  for (let i = from; i < links.length; i++) {
    if (!follows(before, links[i]!)) return { kind: "stray", at: i };
    before = links[i]!;
  }
  return { kind: "follows", from };
}

function follows(before: Head, link: Link): boolean {
  return link.counter > before.counter && equal(link.prev, before.hash);
}

/** A stored report, as far as it tells where a stray one branched off. */
export interface Stored {
  readonly hash: Uint8Array;
  readonly counter: number;
  readonly epoch: number;
}

export type StrayKind =
  /** It is stored already. */
  | "replayed"
  /** Another report with this counter is stored: two holders of one key, proved. */
  | "same-counter"
  /** Another successor of its predecessor is stored, and no restart explains it: proved as well. */
  | "two-successors"
  /**
   * Another successor is stored, with a higher counter and after a new enrolment: a device that restarted before its report was answered
   * leaves just this behind, if the network delivers the report late. An alarm, but no proof.
   */
  | "late"
  /** Its predecessor is not stored: the database may be older than the device. An alarm, but no proof. */
  | "orphan";

/**
 * Say what a stray report is.
 *
 * `same` is the stored report with its counter, `parent` the one it names as its predecessor (`"start"` if it names none),
 * `sibling` the one that was stored after the parent.
 */
export function classify(
  link: Link,
  same: Stored | undefined,
  parent: Stored | "start" | undefined,
  sibling: Stored | undefined,
): StrayKind {
  if (same !== undefined) return equal(same.hash, link.hash) ? "replayed" : "same-counter";
  if (parent === undefined || sibling === undefined) return "orphan";
  const parentEpoch = parent === "start" ? 1 : parent.epoch;
  return sibling.counter > link.counter && sibling.epoch > parentEpoch ? "late" : "two-successors";
}

/** Tell whether a stray report proves that two hold one key. */
export function isProof(kind: StrayKind): boolean {
  return kind === "same-counter" || kind === "two-successors";
}
