// @ts-check
/** The labels of the axes of a plot: each differs from the one before. */

const DAY_S = 86_400;

/** Possible distances between times on the axis. */
export const STEPS_S = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600].concat(
  [1, 2, 7, 28, 90, 180, 365, 730, 1825].map((days) => days * DAY_S),
);

/** Digits after the point that are useful at most. */
const DIGITS_MAX = 12;

/**
 * Write the times of an axis, in the reader's zone: the day where it is another than before, else the time; days apart also the year.
 *
 * @param {readonly number[]} all
 */
export function times(all) {
  const apart = (all[1] ?? 0) - (all[0] ?? 0);
  const timeStyle = apart < 60 ? "medium" : "short";
  return all.map((at, i) => {
    const time = new Date(at * 1000);
    const before = new Date((all[i - 1] ?? at) * 1000);
    const isOtherYear = before.getFullYear() !== time.getFullYear();
    if (apart >= DAY_S && (isOtherYear || apart > 28 * DAY_S))
      return time.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
    const day = time.toLocaleDateString(undefined, { day: "numeric", month: "short" });
    if (apart >= DAY_S) return day;
    const hour = time.toLocaleTimeString(undefined, { timeStyle });
    return before.toDateString() === time.toDateString() ? hour : `${day}\n${hour}`;
  });
}

/**
 * Write the numbers of an axis that are `step` apart, with the digits that tell them apart.
 *
 * @param {readonly number[]} all
 * @param {number} step
 */
export function decimals(all, step) {
  let digits = 0;
  while (digits < DIGITS_MAX && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-3) digits++;
  return all.map((value) =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
}
