// @ts-check
/** The readings of a device over time: the newest as they arrive, or a range of which the server gives the extremes. */
import { ask } from "./api.js";
import { el, fill } from "./dom.js";
import { zone } from "./format.js";
import { Plot } from "./plot.js";
import { quantity } from "./reading.js";

const DAY_MS = 86_400_000;

/** The ranges by their length in milliseconds. The newest reports have no length. */
const RANGES = /** @type {const} */ ([
  ["Newest", 0],
  ["Day", DAY_MS],
  ["Week", 7 * DAY_MS],
  ["Month", 30 * DAY_MS],
  ["Year", 365 * DAY_MS],
  ["All", Infinity],
]);

/** Minimum interval between two looks at one range. */
const RANGE_MS = 30_000;

/** @typedef {{ label: string, unit: string, points: import("./plot.js").Point[] }} Series */

/**
 * Show the readings of the device of a path.
 *
 * @param {import("./main.js").Page} page
 * @param {string} path
 */
export function readings(page, path) {
  const plot = new Plot();
  /** @type {readonly any[]} */
  let newest = [];
  let length = 0;
  let askedAt = -Infinity;
  let shownField = "";
  /** @type {{ series: Map<string, Series>, count: number }} */
  let drawn = { series: new Map(), count: 0 };

  const choice = el("div", { class: "choice", role: "group", "aria-label": "Plotted value" });
  const place = el("div");
  const ranges = el(
    "div",
    { class: "choice", role: "group", "aria-label": "Range" },
    ...RANGES.map(([name, ms]) =>
      el(
        "button",
        { type: "button", "aria-pressed": String(ms === 0), onclick: () => void page.attempt(() => reach(ms)) },
        name,
      ),
    ),
  );
  const element = el("div", {}, ranges, choice, place, el("p", { class: "soft" }, `Times are in ${zone()}.`));

  /** @param {number} ms */
  async function reach(ms) {
    length = ms;
    askedAt = -Infinity;
    RANGES.forEach(([, one], i) => {
      ranges.children[i]?.setAttribute("aria-pressed", String(one === ms));
    });
    await update();
  }

  async function update() {
    if (length === 0) {
      drawn = { series: seriesOf(newest), count: newest.length };
      return draw();
    }
    if (performance.now() - askedAt < RANGE_MS) return;
    askedAt = performance.now();
    const wanted = length;
    const since = wanted === Infinity ? 0 : Date.now() - wanted;
    const answer = await ask(`${path}/series?since=${since}`);
    // Another range may have been chosen meanwhile.
    if (wanted !== length) return;
    drawn = { series: scaled(answer.series), count: answer.reports };
    draw();
  }

  function draw() {
    const { series, count } = drawn;
    const first = series.keys().next().value;
    if (first === undefined) {
      fill(
        place,
        el("p", { class: "empty" }, count === 0 ? none() : "Its reports contain no numbers that this page can read."),
      );
      fill(choice);
      return;
    }
    if (!series.has(shownField)) shownField = first;
    const { label, unit, points } = /** @type {Series} */ (series.get(shownField));
    if (!plot.element.isConnected) fill(place, plot.element);
    plot.draw(label, unit, points, length === 0 ? points.length : count);
    const known = [...choice.children].map((one) => /** @type {HTMLElement} */ (one).dataset["key"]);
    if (known.join() !== [...series.keys()].join()) {
      const buttons = [...series].map(([key, { label: name }]) =>
        el("button", { type: "button", "data-key": key, onclick: () => choose(key) }, name),
      );
      fill(choice, ...(buttons.length > 1 ? buttons : []));
    }
    for (const button of choice.children)
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset["key"] === shownField));
  }

  function none() {
    return length === 0 ? "The device has sent no report yet." : "No report of this range is in the database.";
  }

  /** @param {string} key */
  function choose(key) {
    shownField = key;
    draw();
  }

  return {
    element,
    /**
     * Show the newest reports, or look again at the range that was chosen.
     *
     * @param {readonly any[]} reports
     */
    show(reports) {
      newest = reports;
      void page.attempt(update);
    },
    close: () => plot.close(),
  };
}

/**
 * Sort the numbers of reports by their keys.
 *
 * @param {readonly any[]} reports
 */
function seriesOf(reports) {
  /** @type {Map<string, Series>} */
  const series = new Map();
  for (const { receivedAt, fields } of reports) {
    for (const { key, name, unit, value } of fields) {
      if (value === undefined) continue;
      if (!series.has(key)) series.set(key, { label: name || "value", unit, points: [] });
      series.get(key)?.points.push({ at: receivedAt, value });
    }
  }
  return series;
}

/**
 * Name and scale the numbers of the server.
 *
 * @param {readonly { key: string, points: [number, number][] }[]} all
 * @returns {Map<string, Series>}
 */
function scaled(all) {
  return new Map(
    all.map(({ key, points }) => {
      const { name, unit, scale } = quantity(key);
      return [
        key,
        { label: name || "value", unit, points: points.map(([at, value]) => ({ at, value: value / scale })) },
      ];
    }),
  );
}
