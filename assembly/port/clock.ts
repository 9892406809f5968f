/** Time since reset. */

/** Milliseconds since reset; wraps after 2^32 ms (49.7 days), so only differences mean anything. */
@external("clock", "ms")
export declare function ms(): u32;
