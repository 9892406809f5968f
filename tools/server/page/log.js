// @ts-check
/** The audit log: every decision, the newest first. */
import { ask } from "./api.js";
import { calm } from "./calm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { count, deviceLink, fullTime } from "./format.js";

const COLUMNS = ["Entry", "When", "What", "By", "Device", "Detail"];
const SETTLE_MS = 250;

/**
 * Show the log.
 *
 * @param {import("./main.js").Page} page
 */
export function log(page) {
  const body = el("div");

  async function refresh() {
    const { entries } = await ask("/v1/log?limit=200");
    const rows = entries.map((/** @type {any} */ { seq, at, action, actor, device, detail }) =>
      row(COLUMNS, [
        count(seq),
        fullTime(at),
        action,
        foreign(actor),
        device === null ? "" : deviceLink(device),
        foreign(
          Object.entries(detail)
            .filter(([, value]) => value !== "")
            .map(([name, value]) => `${name} ${value}`)
            .join(", "),
        ),
      ]),
    );
    fill(body, table("Newest entries", COLUMNS, rows));
  }

  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  return {
    title: "Log",
    element: el(
      "section",
      {},
      el("h1", {}, "Log"),
      el(
        "p",
        { class: "soft" },
        "The server chains and signs the entries; ",
        el("code", {}, "signet audit"),
        " checks all of them.",
      ),
      body,
    ),
    refresh: shown.now,
    /** @param {any} happening */
    hear({ kind }) {
      if (kind !== "report") shown.soon();
    },
    close: shown.stop,
  };
}
