// @ts-check
/** Readings over time, drawn by uPlot in the page's own colours. */
import { el } from "./dom.js";
import { STEPS_S, decimals, times } from "./axis.js";
import { fullTime } from "./format.js";
import uPlot from "./uplot.js";

const HEIGHT = 260;

/** @typedef {{ at: number, value: number }} Point */

/** @param {string} name */
function colour(name) {
  return () => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A plot that fits its place and follows the page's colours. */
export class Plot {
  element = el("div", { class: "plot", role: "img" });
  /** @type {uPlot | undefined} */
  #drawn;
  /** @type {string | undefined} */
  #label;
  /** The time range that this code set last. If the axis shows another, the user has zoomed in. */
  #span = { min: 0, max: 0 };
  #resized = new ResizeObserver(() => this.#drawn?.setSize({ width: this.#width(), height: HEIGHT }));
  #recoloured = matchMedia("(prefers-color-scheme: dark)");
  #redraw = () => this.#drawn?.redraw();

  constructor() {
    this.#resized.observe(this.element);
    this.#recoloured.addEventListener("change", this.#redraw);
  }

  #width() {
    return Math.max(200, this.element.clientWidth);
  }

  /**
   * Draw points, the oldest first, of so many readings.
   *
   * @param {string} label
   * @param {string} unit
   * @param {readonly Point[]} points
   * @param {number} [readings]
   */
  draw(label, unit, points, readings = points.length) {
    const data = /** @type {uPlot.AlignedData} */ ([
      points.map(({ at }) => at / 1000),
      points.map(({ value }) => value),
    ]);
    const named = unit ? `${label}, ${unit}` : label;
    const isNew = this.#drawn === undefined || this.#label !== named;
    if (this.#drawn === undefined || isNew) {
      this.#drawn?.destroy();
      this.#drawn = new uPlot(options(named, this.#width()), data, this.element);
      this.#label = named;
    } else this.#drawn.setData(data, false);
    const { x } = this.#drawn.scales;
    if (isNew || (x?.min === this.#span.min && x.max === this.#span.max)) {
      this.#span = span(data[0]);
      this.#drawn.setScale("x", this.#span);
    } else this.#drawn.redraw();
    let [least, most] = [Infinity, -Infinity];
    for (const { value } of points) [least, most] = [Math.min(least, value), Math.max(most, value)];
    const text = `${named}: ${readings} readings, from ${least} to ${most}, the last ${points.at(-1)?.value}`;
    this.element.setAttribute("aria-label", text);
    this.element.dataset["points"] = String(points.length);
  }

  close() {
    this.#resized.disconnect();
    this.#recoloured.removeEventListener("change", this.#redraw);
    this.#drawn?.destroy();
  }
}

/**
 * @param {string} label
 * @param {number} width
 * @returns {uPlot.Options}
 */
function options(label, width) {
  const axis = {
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line") },
  };
  return {
    width,
    height: HEIGHT,
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    scales: { x: { time: true } },
    series: [
      { label: "received", value: (_plot, at) => (at === null ? "–" : fullTime(at * 1000)) },
      { label, stroke: colour("--accent"), width: 2, points: { size: 5, fill: colour("--accent") } },
    ],
    axes: [
      { ...axis, incrs: STEPS_S, space: 90, values: (_plot, at) => times(at) },
      { ...axis, size: 76, values: (_plot, at, _axis, _space, step) => decimals(at, step) },
    ],
  };
}

/** The least that the axis of time shows. */
const SPAN_S = 10;

/**
 * The span of times, widened if it is too short to draw.
 *
 * @param {ArrayLike<number>} times
 */
function span(times) {
  const [first, last] = [times[0] ?? 0, times[times.length - 1] ?? 0];
  const lacking = Math.max(0, SPAN_S - (last - first)) / 2;
  return { min: first - lacking, max: last + lacking };
}
