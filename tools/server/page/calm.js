// @ts-check
/** Work that is asked for often and done now and then. */

/**
 * Do `work` when it is asked for, never twice at a time: `now` at once or right after what is under way, `soon` within `ms`,
 * however often it is asked.
 *
 * @param {number} ms
 * @param {() => Promise<void>} work
 */
export function calm(ms, work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let busy = false;
  let wanted = false;

  async function now() {
    clearTimeout(timer);
    timer = undefined;
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      await work();
    }
    busy = false;
  }

  return {
    now,
    soon() {
      timer ??= setTimeout(() => void now(), ms);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
