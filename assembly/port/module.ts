/** The lines of the network module. A board without them does nothing. Neither call waits. */

/** Switch the module on (1), or off (0). */
@external("module", "power")
export declare function power(on: u32): void;

/** Hold the module in reset (1), or let it run (0). */
@external("module", "reset")
export declare function reset(held: u32): void;
