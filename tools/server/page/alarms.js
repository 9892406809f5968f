// @ts-check
/** What speaks of clones, weak keys, attacks and restored backups, the newest first. */
import { ask } from "./api.js";
import { calm } from "./calm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { count, deviceLink, since } from "./format.js";

const COLUMNS = ["When", "Device", "What", "What it means"];
const SETTLE_MS = 250;

const MEANINGS = /** @type {readonly [RegExp, string][]} */ ([
  [
    /^gap/,
    "A backup was put back: the device reported these before, and goes on by itself. Counters can be skipped, so fewer may be missing.",
  ],
  [
    /^went back/,
    "Its flash was put back or lost pages; or somebody has a copy of its key, and used it first. It goes on. If nobody touched it, rotate its key.",
  ],
  [
    /^replaced/,
    "This key was handed over to another. The device that still uses it can not come back by itself: find out which of the two is yours.",
  ],
  [
    /^acknowledges command/,
    "The database is an older copy; or somebody else has a server key, and sends commands. Commands go on with higher numbers.",
  ],
  [/^fork/, "Two hold this device's key. Find out who, then revoke the key and sign the device up with another."],
  [/^duplicate key/, "Two devices have one key: copied, or made from weak randomness. Look at the board's entropy."],
  [/^burst/, "Somebody tries over and over: an attack, or a device that is broken."],
]);

/**
 * Bring the alarms of all kinds into one form.
 *
 * @param {any} answer
 * @returns {{ at: number, device: string | null, what: string }[]}
 */
export function together({ alarms, gaps, bursts }) {
  const logged = alarms.map((/** @type {any} */ { at, device, action, detail }) => ({
    at,
    device,
    what: action === "fork" ? `fork: ${detail.kind}, at counter ${detail.counter}` : String(detail.what),
  }));
  const missing = gaps.map((/** @type {any} */ { at, device, detail }) => ({ at, device, what: gap(detail) }));
  const burst = bursts.map((/** @type {any} */ { until, device, reason, count: number }) => ({
    at: until,
    device,
    what: `burst of refusals: ${count(number)}, first ${reason}`,
  }));
  return [...logged, ...missing, ...burst].sort((a, b) => b.at - a.at);
}

/**
 * Write a gap that a restored backup left in a chain, as the log has it.
 *
 * @param {{ after: number, before: number, most: number }} detail
 */
export function gap({ after, before, most }) {
  return `gap after ${count(after)}, before ${count(before)}: at most ${count(most)} reports are missing`;
}

/**
 * Show the alarms.
 *
 * @param {import("./main.js").Page} page
 */
export function alarms(page) {
  const body = el("div");

  async function refresh() {
    const answer = await ask("/v1/alarms?limit=1000");
    const all = together(answer);
    page.countAlarms(all.length);
    const rows = all.map(({ at, device, what }) =>
      row(COLUMNS, [
        since(at),
        device === null ? "none of ours" : deviceLink(device),
        foreign(what),
        MEANINGS.find(([pattern]) => pattern.test(what))?.[1] ?? "",
      ]),
    );
    if (rows.length === 0)
      fill(
        body,
        el(
          "p",
          { class: "empty" },
          "No alarm. Forked chains, duplicate keys, restored backups and bursts of refusals would be here.",
        ),
      );
    else fill(body, table("Alarms", COLUMNS, rows));
  }

  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  return {
    title: "Alarms",
    element: el("section", {}, el("h1", {}, "Alarms"), body),
    refresh: shown.now,
    /** @param {any} happening */
    hear({ kind }) {
      if (kind === "alarm") shown.soon();
    },
    close: shown.stop,
  };
}
