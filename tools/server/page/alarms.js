// @ts-check
/** Alarms about clones, weak keys, attacks and restored backups, newest first. */
import { ask } from "./api.js";
import { calm } from "./calm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { count, deviceLink, since } from "./format.js";

const COLUMNS = ["When", "Device", "What", "Meaning"];
const SETTLE_MS = 250;

const MEANINGS = /** @type {readonly [RegExp, string][]} */ ([
  [
    /^gap/,
    "A backup was restored: the device sent these reports before, and continues without help. The device may skip counters, so fewer may be missing.",
  ],
  [
    /^went back/,
    "The flash of the device was restored or lost pages, or a copy of its key was used first. The device continues. If its flash was not changed on purpose, rotate its key.",
  ],
  [
    /^replaced/,
    "This key was replaced by another. The device that still uses it cannot recover without help: find out which of the two devices is yours.",
  ],
  [
    /^acknowledges command/,
    "The database is an older copy, or another party has a server key and sends commands. Commands continue with higher numbers.",
  ],
  [/^fork/, "Two devices have this key. Find the copy, then revoke the key and enrol the device with a new one."],
  [
    /^duplicate key/,
    "Two devices have one key: it was copied, or made from weak randomness. Check the entropy source of the board.",
  ],
  [/^burst/, "Many attempts in a short time: an attack, or a broken device."],
]);

/**
 * Convert the alarms of all kinds to one form.
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
        device === null ? "unknown device" : deviceLink(device),
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
          "No alarms. This view lists forked chains, duplicate keys, restored backups and bursts of refusals.",
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
