/** Measurements of the board. */

/** One reading of `channel` in thousandths of its unit; channel 0 is the temperature in degrees Celsius. */
@external("sensor", "read")
export declare function read(channel: u32): i32;
