// @ts-check
/** Dead letters: items that the receiver of the webhook refuses, sent again or dropped. */
import { ask, order } from "./api.js";
import { confirm } from "./confirm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { count, deviceLink, since } from "./format.js";

const COLUMNS = ["Item", "Refused", "Answer", "Act"];
const LIMIT = 100;

/**
 * Make the section of the dead letters. It is empty if there are none.
 *
 * @param {import("./main.js").Page} page
 */
export function letters(page) {
  const element = el("section", { "aria-labelledby": "letters" });

  async function refresh() {
    const { letters: found, next } = await ask(`/v1/letters?limit=${LIMIT}`);
    if (found.length === 0) return fill(element);
    const rows = found.map((/** @type {any} */ one) =>
      row(COLUMNS, [
        one.device === null
          ? `entry ${count(one.position)} of the log`
          : [`report ${count(one.position)} of `, deviceLink(one.device)],
        since(one.at),
        one.wantedAt === null ? foreign(one.refused) : "is sent again…",
        page.may("operate") && one.wantedAt === null && acts(one.id),
      ]),
    );
    fill(
      element,
      el("h2", { id: "letters" }, "Dead letters"),
      el(
        "p",
        { class: "soft" },
        "The receiver of the webhook refuses these items and accepts others. The items stay stored here.",
        next !== null && ` These are the first ${count(LIMIT)}.`,
      ),
      table("Dead letters", COLUMNS, rows),
    );
  }

  /** @param {string} id */
  function acts(id) {
    const button = (/** @type {string} */ name, /** @type {(id: string) => Promise<void>} */ act) =>
      el(
        "button",
        { type: "button", "aria-label": `${name} ${id}`, onclick: () => void page.attempt(() => act(id)) },
        name,
      );
    return [button("Send again", send), " ", button("Drop…", drop)];
  }

  /** @param {string} id */
  async function send(id) {
    await order("/v1/letters/send", { ids: [id] });
    page.announce("The server sends it again.");
    await refresh();
  }

  /** @param {string} id */
  async function drop(id) {
    const text = "The webhook does not post it any more. It stays stored here, and the log has the decision.";
    const reason = await confirm({ title: `Drop ${id}?`, text, yes: "Drop", danger: true, reason: true });
    if (reason === undefined) return;
    await order("/v1/letters/drop", { ids: [id], reason });
    page.announce("Dropped.");
    await refresh();
    page.focusTitle();
  }

  return { element, refresh };
}
