// @ts-check
/** Name, labels and note of a device, edited in a form that opens on request. */
import { order } from "./api.js";
import { el } from "./dom.js";

/**
 * Offer the form for the device of a path. `changed` is called after an act.
 *
 * @param {import("./main.js").Page} page
 * @param {string} path
 * @param {() => Promise<void>} changed
 */
export function profile(page, path, changed) {
  const name = el("input", { id: "profile-name", type: "text", maxlength: 100, autocomplete: "off" });
  const labels = el("input", {
    id: "profile-labels",
    type: "text",
    autocomplete: "off",
    placeholder: "site/halle, owner:smith",
  });
  const note = el("input", { id: "profile-note", type: "text", maxlength: 1000, autocomplete: "off" });
  const form = el(
    "form",
    { class: "fields", onsubmit: (/** @type {Event} */ event) => void page.attempt(() => save(event)) },
    el("div", { class: "wide" }, el("label", { for: "profile-name" }, "Name"), name),
    page.label === null &&
      el("div", { class: "wide" }, el("label", { for: "profile-labels" }, "Labels, with commas between"), labels),
    el("div", { class: "wide" }, el("label", { for: "profile-note" }, "Note on the device"), note),
    el("button", { type: "submit", class: "primary" }, "Save"),
  );
  const element = el(
    "details",
    { hidden: !page.may("operate"), ontoggle: begin },
    el("summary", {}, "Edit name, labels and note"),
    form,
  );
  let known = { name: "", note: "", labels: /** @type {string[]} */ ([]) };

  /** Show what is stored when the form opens: later changes by others do not overwrite what is typed. */
  function begin() {
    if (!element.open) return;
    name.value = known.name;
    note.value = known.note;
    labels.value = known.labels.join(", ");
    name.focus();
  }

  /** @param {Event} event */
  async function save(event) {
    event.preventDefault();
    const wanted = labels.value
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean);
    const body = { name: name.value.trim(), note: note.value.trim(), ...(page.label === null && { labels: wanted }) };
    known = await order(path, body, "PATCH");
    element.open = false;
    page.announce("Saved.", true);
    await changed();
  }

  return {
    element,
    /** @param {typeof known} view */
    show(view) {
      known = view;
    },
  };
}
