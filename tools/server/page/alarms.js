// @ts-check
/** Alarms about clones, weak keys, attacks and restored backups, newest first. */
import { ask, order } from "./api.js";
import { calm } from "./calm.js";
import { confirm } from "./confirm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { count, deviceLink, fullTime, since } from "./format.js";
import { letters } from "./letters.js";

const COLUMNS = ["When", "Device", "What", "Meaning", "Acknowledged"];
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
  [/^silent/, "A rule of yours: the device sent nothing for so long. Its alarm ends with its next message."],
  [
    /^outdated/,
    "A rule of yours: the firmware of the device is older. Its alarm ends when the device enrols with a newer one.",
  ],
  [
    /^damaged/,
    "A rule of yours: the flash of the device lost records, which had copies. Replace the board if it continues.",
  ],
  [
    /^dead letters/,
    "The receiver of the webhook refuses items and accepts others. They are listed below: send them again when it is mended, or drop them.",
  ],
  [/^burst/, "Many attempts in a short time: an attack, or a broken device."],
]);

/**
 * An alarm. A burst is no entry of the log: its `seq` is null, and it cannot be acknowledged.
 *
 * @typedef {{ seq: number | null, at: number, device: string | null, what: string, acknowledged: { at: number, by: string, note: string } | null }} Alarm
 */

/**
 * Convert the alarms of all kinds to one form.
 *
 * @param {any} answer
 * @returns {Alarm[]}
 */
export function together({ alarms, gaps, bursts }) {
  const logged = alarms.map((/** @type {any} */ { seq, at, device, action, detail, acknowledged }) => ({
    seq,
    at,
    device,
    acknowledged,
    what: action === "fork" ? `fork: ${detail.kind}, at counter ${detail.counter}` : String(detail.what),
  }));
  const missing = gaps.map((/** @type {any} */ { detail, ...one }) => ({ ...one, what: gap(detail) }));
  const burst = bursts.map((/** @type {any} */ { until, device, reason, count: number }) => ({
    seq: null,
    at: until,
    device,
    acknowledged: null,
    what: `burst of refusals: ${count(number)}, first ${reason}`,
  }));
  return [...logged, ...missing, ...burst].sort((a, b) => b.at - a.at);
}

/**
 * True if an alarm was not acknowledged.
 *
 * @param {Alarm} alarm
 */
export function isOpen({ acknowledged }) {
  return acknowledged === null;
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
  const dead = letters(page);

  async function refresh() {
    const answer = await ask("/v1/alarms?limit=1000");
    const all = together(answer);
    page.countAlarms(all.filter(isOpen).length);
    const rows = all.map((alarm) => {
      const { at, device, what } = alarm;
      return row(COLUMNS, [
        since(at),
        device === null ? (alarm.seq === null ? "unknown device" : "the server") : deviceLink(device),
        foreign(what),
        MEANINGS.find(([pattern]) => pattern.test(what))?.[1] ?? "",
        acknowledgement(alarm),
      ]);
    });
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
    if (page.label === null) await dead.refresh();
  }

  /**
   * Show who acknowledged an alarm, or a button to do it.
   *
   * @param {Alarm} alarm
   */
  function acknowledgement({ seq, what, acknowledged }) {
    if (acknowledged !== null)
      return el(
        "span",
        { title: fullTime(acknowledged.at) },
        "by ",
        foreign(acknowledged.by),
        acknowledged.note !== "" && foreign(`: ${acknowledged.note}`),
      );
    if (seq === null || !page.may("operate") || page.label !== null) return "";
    const label = `Acknowledge entry ${count(seq)}`;
    const press = () => void page.attempt(() => acknowledge(seq, what));
    return el("button", { type: "button", "aria-label": label, onclick: press }, "Acknowledge…");
  }

  /**
   * @param {number} seq
   * @param {string} what
   */
  async function acknowledge(seq, what) {
    const text = `${what}. The alarm stays in the list and in the log, and is counted no more.`;
    const note = await confirm({
      title: "Acknowledge this alarm?",
      text,
      yes: "Acknowledge",
      danger: false,
      reason: true,
    });
    if (note === undefined) return;
    await order("/v1/alarms/acknowledge", { seqs: [seq], note });
    page.announce("Acknowledged.");
    await shown.now();
    page.focusTitle();
  }

  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  return {
    title: "Alarms",
    element: el("section", {}, el("h1", {}, "Alarms"), body, dead.element),
    refresh: shown.now,
    /** @param {any} happening */
    hear({ kind }) {
      if (kind === "alarm") shown.soon();
    },
    close: shown.stop,
  };
}
