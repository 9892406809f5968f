// @ts-check
/** Formats of numbers, times and ids. */
import { el, say } from "./dom.js";

const UNITS = /** @type {const} */ ([
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
]);

/**
 * Write how long ago a time is.
 *
 * @param {number} at
 */
function ago(at) {
  const passed = Date.now() - at;
  for (const [length, unit] of UNITS) if (passed >= length) return `${Math.floor(passed / length)} ${unit} ago`;
  return "now";
}

/**
 * Write a time in full, in the reader's zone, which it names.
 *
 * @param {number} at
 */
export function fullTime(at) {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

/** Name the reader's zone. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Show a time as how long ago it is; `tick` keeps it true.
 *
 * @param {number} at
 */
export function since(at) {
  const node = el("time");
  setTime(node, at);
  return node;
}

/**
 * Show another time in an element of `since`.
 *
 * @param {HTMLTimeElement} node
 * @param {number} at
 */
export function setTime(node, at) {
  if (node.dataset["at"] === String(at)) return;
  node.dataset["at"] = String(at);
  node.dateTime = new Date(at).toISOString();
  node.title = fullTime(at);
  say(node, ago(at));
}

/** Bring every time on the page up to date. */
export function tick() {
  for (const node of document.querySelectorAll("time"))
    if (node.dataset["at"]) say(node, ago(Number(node.dataset["at"])));
}

/**
 * Shorten an id or a hash.
 *
 * @param {string} hex
 */
export function short(hex) {
  return `${hex.slice(0, 8)}…`;
}

/**
 * Write a count.
 *
 * @param {number} value
 */
export function count(value) {
  return value.toLocaleString("en");
}

/**
 * Link to a device.
 *
 * @param {string} id
 */
export function deviceLink(id) {
  return el("a", { href: `#/device/${id}`, class: "mono", title: id }, short(id));
}

/**
 * Show a device's state.
 *
 * @param {string} state
 */
export function badge(state) {
  return el("span", { class: "badge", "data-state": state }, state);
}
