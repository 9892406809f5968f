/** The rule of a device's chain, as pure functions of the stored head and the reports of one request. */
import { equal } from "../wire/bytes.ts";
import { COUNTER_END, REPORT_STEP, type Head } from "../wire/messages.ts";

/** The fields of a report that the chain depends on. */
export interface Link {
  readonly hash: Uint8Array;
  readonly counter: number;
  readonly prev: Uint8Array;
}

/** Find the first of the reports of a request, in their order, that does not follow the one before, the first the head; -1 if each does. */
export function stray(head: Head, links: readonly Link[]): number {
  let before = head;
  return links.findIndex((link) => {
    const found = !follows(before, link);
    before = link;
    return found;
  });
}

function follows(before: Head, { counter, prev }: Link): boolean {
  return counter > before.counter && isInReach(before, counter) && equal(prev, before.hash);
}

/**
 * True if a counter is close enough to the head. A device that accepted a counter near the end of the range could never report
 * again.
 */
export function isInReach(head: Head, counter: number): boolean {
  return counter < COUNTER_END && counter <= head.counter + REPORT_STEP;
}

/** A stored report, as far as it tells where another one branched off. */
export interface Stored {
  readonly hash: Uint8Array;
  readonly counter: number;
  readonly epoch: number;
}

/** The kinds of proof that two devices hold one key. */
export type Proof =
  /** Another report with this counter is stored in this session. */
  | "same-counter"
  /** Another successor of its predecessor is stored in this session. */
  | "two-successors"
  /** The device reported in an older session, did not restart since, and a report of a later session is stored. */
  | "two-lives";

/**
 * Decide if a report that does not follow its session's chain proves two holders of the key, and name the stored report that
 * shows it.
 *
 * `same` is the stored report with the same counter, `sibling` the stored successor of the report's predecessor. Only reports
 * of the same session are proof: in one session a device signs each counter, and each successor, once.
 */
export function contradicted(
  { hash }: Link,
  epoch: number,
  same: Stored | undefined,
  sibling: Stored | undefined,
): { readonly proof: Proof; readonly rival: Uint8Array } | undefined {
  const isRival = (stored: Stored | undefined): stored is Stored =>
    stored !== undefined && stored.epoch === epoch && !equal(stored.hash, hash);
  if (isRival(same)) return { proof: "same-counter", rival: same.hash };
  if (isRival(sibling)) return { proof: "two-successors", rival: sibling.hash };
  return undefined;
}
