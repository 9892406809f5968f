// @ts-check
/** Enrolment: claims, invited ids, and refused devices. */
import { ask, order } from "./api.js";
import { calm } from "./calm.js";
import { confirm } from "./confirm.js";
import { el, fill, row, table } from "./dom.js";
import { count, fullTime, since } from "./format.js";

const COLUMNS = ["When", "Request", "Reason", "Given id"];
const SETTLE_MS = 1000;
const DAY_MS = 86_400_000;

const POLICIES = /** @type {Record<string, string>} */ ({
  open: "Any device may enrol: for development only. The server requires no claims.",
  allowlist: "A device may enrol if its id was invited.",
  claim: "A device may enrol with a one-time claim.",
});

/**
 * Show the rules of enrolment.
 *
 * @param {import("./main.js").Page} page
 */
export function signUp(page) {
  const number = el("input", { id: "count", type: "number", min: 1, max: 1000, value: 1, required: true });
  const days = el("input", { id: "days", type: "number", min: 1, max: 3650, value: 30, required: true });
  const note = el("input", { id: "note", type: "text", maxlength: 200, autocomplete: "off" });
  const made = el("div", { class: "made", role: "status" });
  const ids = el("textarea", { id: "ids", rows: 3, spellcheck: "false", required: true, placeholder: "one id a line" });
  const strangers = el("div");

  /** @param {Event} event */
  async function makeClaims(event) {
    event.preventDefault();
    const expiresAt = Date.now() + Number(days.value) * DAY_MS;
    const many = Number(number.value);
    const text = `${many === 1 ? "It lets" : "Each lets"} one device enrol until ${fullTime(expiresAt)}. The server stores only hashes: the next view shows the claims once.`;
    if (
      (await confirm({ title: `Make ${many === 1 ? "a claim" : `${count(many)} claims`}?`, text, yes: "Make" })) ===
      undefined
    )
      return;
    const { claims } = await order("/v1/claims", { count: many, expiresAt, note: note.value.trim() });
    const list = claims.join("\n");
    fill(
      made,
      el(
        "p",
        {},
        el("strong", {}, claims.length === 1 ? "The claim" : `${count(claims.length)} claims`),
        ", shown this once:",
      ),
      el("pre", { tabindex: 0, class: "claims", "aria-label": "Claims" }, list),
      navigator.clipboard &&
        el("button", { type: "button", onclick: () => void page.attempt(() => copy(list)) }, "Copy"),
    );
  }

  /** @param {string} text */
  async function copy(text) {
    await navigator.clipboard.writeText(text);
    page.announce("Copied.");
  }

  /** @param {Event} event */
  async function invite(event) {
    event.preventDefault();
    const wanted = ids.value
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    const wrong = wanted.find((id) => !/^[0-9a-f]{64}$/.test(id));
    ids.setCustomValidity(
      wrong === undefined ? "" : `${wrong.slice(0, 20)} is no id: it has 64 digits, 0 to 9 and a to f.`,
    );
    if (!ids.reportValidity()) return;
    const title = `Invite ${wanted.length === 1 ? "one id" : `${count(wanted.length)} ids`}?`;
    if ((await confirm({ title, text: "A device with such an id may enrol.", yes: "Invite" })) === undefined) return;
    const { added } = await order("/v1/invitations", { ids: wanted });
    ids.value = "";
    page.announce(`${count(added)} of ${count(wanted.length)} are new on the list.`, true);
  }

  async function refresh() {
    const { recent } = await ask("/v1/refusals");
    const rows = recent.map((/** @type {any} */ { at, asked, reason, device }) =>
      row(COLUMNS, [since(at), asked, reason, device === null ? "none" : el("code", { class: "whole" }, device)]),
    );
    if (rows.length === 0)
      fill(strangers, el("p", { class: "empty" }, "No refusals of unknown devices since the server started."));
    else fill(strangers, table("Refused unknown devices", COLUMNS, rows));
  }

  const may = page.may("operate");
  const shown = calm(SETTLE_MS, () => page.attempt(refresh));
  return {
    title: "Sign-up",
    element: el(
      "section",
      {},
      el("h1", {}, "Sign-up"),
      el("p", { class: page.server.policy === "open" ? "warning" : "" }, POLICIES[page.server.policy] ?? ""),
      !may && el("p", { class: "empty" }, "Your token can only read. To make claims, it needs the scope operate."),
      may && el("h2", {}, "Claims"),
      may &&
        el(
          "form",
          { class: "fields", onsubmit: (/** @type {Event} */ event) => void page.attempt(() => makeClaims(event)) },
          el("div", {}, el("label", { for: "count" }, "How many"), number),
          el("div", {}, el("label", { for: "days" }, "Valid for days"), days),
          el("div", { class: "wide" }, el("label", { for: "note" }, "Note"), note),
          el("button", { type: "submit", class: "primary" }, "Make claims…"),
        ),
      made,
      may && page.server.policy === "allowlist" && el("h2", {}, "Invitations"),
      may &&
        page.server.policy === "allowlist" &&
        el(
          "form",
          { class: "fields", onsubmit: (/** @type {Event} */ event) => void page.attempt(() => invite(event)) },
          el("div", { class: "wide" }, el("label", { for: "ids" }, "Ids"), ids),
          el("button", { type: "submit", class: "primary" }, "Invite…"),
        ),
      el("h2", {}, "Refused"),
      el("p", { class: "soft" }, "Recent refusals of senders that are not devices of this server."),
      strangers,
    ),
    refresh: shown.now,
    hear() {
      shown.soon();
    },
    close: shown.stop,
  };
}
