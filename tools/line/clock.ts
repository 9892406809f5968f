/** Time as the emulated module sees it, so that a test can run an hour of it in a moment. */
export interface Clock {
  /** Milliseconds since whenever. */
  now(): number;
  /** Call `then` after `ms`; returns what calls it off. */
  after(ms: number, then: () => void): () => void;
}

/** The time there is. */
export const wallClock: Clock = {
  now: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
