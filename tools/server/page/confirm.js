// @ts-check
/** A question before something is done: a modal dialog whose safe answer has the focus. */
import { el } from "./dom.js";

/**
 * Ask; resolves with what was entered as a reason, or undefined if the answer is no. Escape is no.
 *
 * @param {{ title: string, text: string, yes: string, danger?: boolean, reason?: boolean }} question
 * @returns {Promise<string | undefined>}
 */
export function confirm({ title, text, yes, danger = false, reason = false }) {
  const before = document.activeElement;
  const entry = el("input", { id: "reason", type: "text", maxlength: 200, autocomplete: "off" });
  const no = el("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "question" }, title),
    el("p", { id: "consequence" }, text),
    reason && el("label", { for: "reason" }, "Reason, for the log"),
    reason && entry,
    el(
      "div",
      { class: "buttons" },
      no,
      el("button", { type: "submit", value: "yes", class: danger ? "danger" : "primary" }, yes),
    ),
  );
  const dialog = el("dialog", { "aria-labelledby": "question", "aria-describedby": "consequence" }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(dialog.returnValue === "yes" ? entry.value.trim() : undefined);
    });
    dialog.showModal();
    (reason ? entry : no).focus();
  });
}
