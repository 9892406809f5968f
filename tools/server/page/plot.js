// @ts-check
/** Readings over time, drawn by uPlot in the page's own colours. */
import { el } from "./dom.js";
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
   * Draw points, the oldest first.
   *
   * @param {string} label
   * @param {string} unit
   * @param {readonly Point[]} points
   */
  draw(label, unit, points) {
    const data = /** @type {uPlot.AlignedData} */ ([
      points.map(({ at }) => at / 1000),
      points.map(({ value }) => value),
    ]);
    const named = unit ? `${label}, ${unit}` : label;
    if (this.#drawn === undefined || this.#label !== named) {
      this.#drawn?.destroy();
      this.#drawn = new uPlot(options(named, this.#width()), data, this.element);
      this.#label = named;
    } else this.#drawn.setData(data);
    const values = points.map(({ value }) => value);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const text = `${named}: ${points.length} readings, from ${least} to ${most}, the last ${values.at(-1)}`;
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
      { label: "received" },
      { label, stroke: colour("--accent"), width: 2, points: { size: 5, fill: colour("--accent") } },
    ],
    axes: [axis, { ...axis, size: 64 }],
  };
}
