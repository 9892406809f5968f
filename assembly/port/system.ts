/** The chip itself. */

/** Write the board's name (ASCII) to `out`, at most `max` bytes; returns its length. */
@external("system", "board")
export declare function board(out: usize, max: u32): u32;

/**
 * Write the epitaph of the life before this reset to `out`, at most `max` bytes; returns its length, 0 if that life ended
 * in order. It stays, through resets, until `bury`.
 */
@external("system", "epitaph")
export declare function epitaph(out: usize, max: u32): u32;

/** Forget the epitaph: the store has it now. */
@external("system", "bury")
export declare function bury(): void;

/** Report progress of the main loop: the watchdog waits for it. */
@external("system", "progress")
export declare function progress(): void;

/** Leave an epitaph with this code and reset. Does not return. */
@external("system", "die")
export declare function die(code: u32): void;

/** Print an event on the console: its code (see `device/event.ts`) and up to 64 bytes that belong to it. */
@external("system", "event")
export declare function event(code: u32, data: usize, len: u32): void;
