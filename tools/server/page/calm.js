// @ts-check
/** Work that is asked for often and done now and then. */

/**
 * Run `work` on request, never twice at a time: `now` runs it at once or right after the current run, `soon` within `ms`, once
 * for all requests.
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
