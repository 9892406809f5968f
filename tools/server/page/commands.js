// @ts-check
/** The commands of a device: queued, withdrawn, and the order to rotate its key. */
import { ask, order } from "./api.js";
import { confirm } from "./confirm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { count, fullTime, since } from "./format.js";
import { bytesOf, utf8 } from "./reading.js";

const COLUMNS = ["Counter", "Command", "State", "Queued", "Expires", "Act"];
const HOUR_MS = 3_600_000;

const STATES = /** @type {Record<string, string>} */ ({
  waiting: "waiting",
  obeyed: "obeyed",
  past: "not obeyed",
  expired: "expired",
  withdrawn: "withdrawn",
});

/**
 * Show the commands of the device of a path. `changed` is called after an act.
 *
 * @param {import("./main.js").Page} page
 * @param {string} path
 * @param {() => Promise<void>} changed
 */
export function commands(page, path, changed) {
  const list = el("div");
  const text = el("input", { id: "command", type: "text", required: true, autocomplete: "off", spellcheck: "false" });
  const form = el(
    "select",
    { id: "command-form" },
    el("option", { value: "text" }, "text"),
    el("option", { value: "hex" }, "hexadecimal"),
  );
  const hours = el("input", { id: "command-hours", type: "number", min: 1, max: 87_600, value: 24, required: true });
  const rotate = el("button", { type: "button", onclick: () => void page.attempt(rotateKey) }, "Rotate key…");
  const acts = el(
    "form",
    { class: "fields", hidden: true, onsubmit: (/** @type {Event} */ event) => void page.attempt(() => queue(event)) },
    el("div", { class: "wide" }, el("label", { for: "command" }, "Command"), text),
    el("div", {}, el("label", { for: "command-form" }, "Written as"), form),
    el("div", {}, el("label", { for: "command-hours" }, "Valid for hours"), hours),
    el("button", { type: "submit", class: "primary" }, "Send…"),
    rotate,
  );

  /** @param {Event} event */
  async function queue(event) {
    event.preventDefault();
    const data = form.value === "hex" ? text.value.toLowerCase().replace(/\s+/g, "") : hexOf(text.value);
    text.setCustomValidity(/^([0-9a-f]{2})*$/.test(data) ? "" : "A byte has two digits, 0 to 9 and a to f.");
    if (!text.reportValidity()) return;
    const question = `The device obeys it once, when it reports next, until ${fullTime(end())}. It has ${count(data.length / 2)} bytes.`;
    if ((await confirm({ title: "Send this command?", text: question, yes: "Send" })) === undefined) return;
    const { counter } = await order(`${path}/downlinks`, { data, expiresAt: end() });
    text.value = "";
    page.announce(`Command ${count(counter)} waits for the device.`, true);
    await changed();
  }

  async function rotateKey() {
    const question =
      "The device makes another key and hands over to it. It appears under a new id with its name and labels, and this id becomes replaced.";
    if ((await confirm({ title: "Rotate the key of this device?", text: question, yes: "Rotate" })) === undefined)
      return;
    const { counter } = await order(`${path}/rotate`, { expiresAt: end() });
    page.announce(`The order to rotate waits for the device as command ${count(counter)}.`, true);
    await changed();
  }

  /** @param {number} counter */
  async function withdraw(counter) {
    const question = "A device may still obey a command that was sent to it already.";
    const title = `Withdraw command ${count(counter)}?`;
    const reason = await confirm({ title, text: question, yes: "Withdraw", reason: true });
    if (reason === undefined) return;
    const { withdrawn } = await order(`${path}/downlinks/withdraw`, { counter, reason });
    page.announce(
      withdrawn === 0 ? "It waits no more: nothing was withdrawn." : `Command ${count(counter)} is withdrawn.`,
      true,
    );
    await changed();
  }

  function end() {
    return Date.now() + Number(hours.value) * HOUR_MS;
  }

  return {
    element: el("div", {}, acts, list),
    /** @param {boolean} may */
    allow(may) {
      acts.hidden = !may;
    },
    async refresh() {
      const { commands: all } = await ask(`${path}/downlinks?limit=20`);
      const rows = all.map((/** @type {any} */ { counter, isOrder, data, state, createdAt, expiresAt }) =>
        row(COLUMNS, [
          count(counter),
          isOrder ? "rotate the key" : foreign(utf8(bytesOf(data)) ?? data),
          STATES[state] ?? state,
          since(createdAt),
          fullTime(expiresAt),
          state === "waiting" && page.may("operate") && button(counter),
        ]),
      );
      if (rows.length === 0) fill(list, el("p", { class: "empty" }, "No command was queued for this device."));
      else fill(list, table("Newest commands", COLUMNS, rows));
    },
  };

  /** @param {number} counter */
  function button(counter) {
    const press = () => void page.attempt(() => withdraw(counter));
    return el(
      "button",
      { type: "button", "aria-label": `Withdraw command ${count(counter)}`, onclick: press },
      "Withdraw…",
    );
  }
}

/** @param {string} text */
function hexOf(text) {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
