// @ts-check
/** The tokens of operators: listed, made and ended. */
import { ask, order } from "./api.js";
import { calm } from "./calm.js";
import { confirm } from "./confirm.js";
import { el, fill, foreign, row, table } from "./dom.js";
import { fullTime, since } from "./format.js";

const COLUMNS = ["Name", "Scope", "Label", "State", "Last used", "Made", "Act"];
const SETTLE_MS = 1000;
const DAY_MS = 86_400_000;

/**
 * Show the tokens.
 *
 * @param {import("./main.js").Page} page
 */
export function tokens(page) {
  const may = page.may("admin");
  const list = el("div");
  const made = el("div", { class: "made", role: "status" });
  const name = el("input", { id: "token-name", type: "text", maxlength: 100, required: true, autocomplete: "off" });
  const scope = el(
    "select",
    { id: "token-scope" },
    ...["read", "operate", "admin", "authorize"].map((value) => el("option", { value }, value)),
  );
  const label = el("input", { id: "token-label", type: "text", autocomplete: "off", placeholder: "all devices" });
  const days = el("input", { id: "token-days", type: "number", min: 1, max: 3650, placeholder: "no end" });
  const form = el(
    "form",
    { class: "fields", onsubmit: (/** @type {Event} */ event) => void page.attempt(() => make(event)) },
    el("div", { class: "wide" }, el("label", { for: "token-name" }, "Name"), name),
    el("div", {}, el("label", { for: "token-scope" }, "Scope"), scope),
    el("div", { class: "wide" }, el("label", { for: "token-label" }, "Only devices with the label"), label),
    el("div", {}, el("label", { for: "token-days" }, "Valid for days"), days),
    el("button", { type: "submit", class: "primary" }, "Make a token…"),
  );

  /** @param {Event} event */
  async function make(event) {
    event.preventDefault();
    const wanted = {
      name: name.value.trim(),
      scope: scope.value,
      ...(label.value.trim() && { label: label.value.trim() }),
      ...(days.value && { expiresAt: Date.now() + Number(days.value) * DAY_MS }),
    };
    const text = "The server stores only its hash: the next view shows the token once.";
    if ((await confirm({ title: `Make a token of scope ${wanted.scope}?`, text, yes: "Make" })) === undefined) return;
    const { token } = await order("/v1/tokens", wanted);
    fill(
      made,
      el("p", {}, el("strong", {}, "The token"), ", shown this once:"),
      el("pre", { tabindex: 0, "aria-label": "New token" }, token),
    );
    name.value = "";
    await shown.now();
  }

  /** @param {string} which */
  async function end(which) {
    const text = `All tokens of the name ${which} end at once, and their streams with them.`;
    if ((await confirm({ title: "End this token?", text, yes: "End it", danger: true })) === undefined) return;
    await order("/v1/tokens/end", { name: which });
    page.announce("The token has ended.", true);
    await shown.now();
  }

  async function refresh() {
    const { tokens: all } = await ask("/v1/tokens");
    const rows = all.map((/** @type {any} */ one) =>
      row(COLUMNS, [
        foreign(one.name),
        one.scope,
        one.label === null ? "all devices" : foreign(one.label),
        state(one),
        one.usedAt === null ? "never" : since(one.usedAt),
        fullTime(one.createdAt),
        may && one.isValid && button(one.name),
      ]),
    );
    fill(list, table("Tokens", COLUMNS, rows));
  }

  /** @param {string} which */
  function button(which) {
    const press = () => void page.attempt(() => end(which));
    return el(
      "button",
      { type: "button", class: "danger", "aria-label": `End token ${which}`, onclick: press },
      "End…",
    );
  }

  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  return {
    title: "Tokens",
    element: el(
      "section",
      {},
      el("h1", {}, "Tokens"),
      may
        ? form
        : el("p", { class: "empty" }, "Your token can list tokens. To make and end them, it needs the scope admin."),
      made,
      list,
    ),
    refresh: shown.now,
    hear() {},
    close: shown.stop,
  };
}

/**
 * Describe whether a token is valid, and until when.
 *
 * @param {{ isValid: boolean, endedAt: number | null, expiresAt: number | null }} token
 */
function state({ isValid, endedAt, expiresAt }) {
  if (endedAt !== null) return `ended ${fullTime(endedAt)}`;
  if (!isValid) return "expired";
  return expiresAt === null ? "valid" : `valid until ${fullTime(expiresAt)}`;
}
