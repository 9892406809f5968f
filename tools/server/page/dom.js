// @ts-check
/** Elements, made so that nothing a device says can become markup: text is only ever a text node. */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element. Attributes whose names begin with "on" are listeners; false, null and undefined leave one out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, unknown>>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  fill(node, ...children);
  return node;
}

/**
 * Put children into an element, in place of what was there.
 *
 * @param {Element} node
 * @param {...Child} children
 */
export function fill(node, ...children) {
  const kept = children.filter((child) => child !== undefined && child !== null && child !== false);
  node.replaceChildren(...kept.map((child) => (child instanceof Node ? child : String(child))));
}

/**
 * Put elements into another, but keep equal ones, so that a selection of text survives.
 *
 * @param {Element} node
 * @param {...Element} children
 */
export function renew(node, ...children) {
  children.forEach((child, i) => {
    const there = node.children[i];
    if (there === undefined) node.append(child);
    else if (!there.isEqualNode(child)) there.replaceWith(child);
  });
  while (node.children.length > children.length) node.lastElementChild?.remove();
}

/**
 * Set an element's text, if it is another.
 *
 * @param {Element} node
 * @param {string | number} text
 */
export function say(node, text) {
  if (node.textContent !== String(text)) node.textContent = String(text);
}

/**
 * Find an element of index.html.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function get(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * Show text from a device, isolated from the surrounding direction of writing.
 *
 * @param {string} text
 */
export function foreign(text) {
  return el("bdi", { class: "foreign" }, text);
}

/**
 * Make a table that becomes a list of cards where there is no room for columns.
 *
 * @param {string} name
 * @param {readonly string[]} columns
 * @param {readonly HTMLElement[]} rows
 */
export function table(name, columns, rows) {
  const heads = columns.map((column) => el("th", { scope: "col", role: "columnheader" }, column));
  return el(
    "table",
    { role: "table", "aria-label": name },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
    el("tbody", { role: "rowgroup" }, ...rows),
  );
}

/**
 * Make a row; each cell is told its column, for the cards.
 *
 * @param {readonly string[]} columns
 * @param {readonly (Child | Child[])[]} cells
 * @param {Readonly<Record<string, unknown>>} [attributes]
 */
export function row(columns, cells, attributes = {}) {
  const made = cells.map((cell, i) =>
    el("td", { role: "cell", "data-label": columns[i] }, ...(Array.isArray(cell) ? cell : [cell])),
  );
  return el("tr", { role: "row", ...attributes }, ...made);
}
