/** The guest's exports, and nothing else. */

/** Begin a life; once after reset. */
export function init(): void {}

/** Do what there is to do; returns in how many milliseconds to call again. */
export function poll(): u32 {
  return 1000;
}
