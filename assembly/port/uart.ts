/** The UART to the network module. No call waits. */

/** Read up to `max` received bytes to `out`; returns how many, 0 if there are none. */
@external("uart", "read")
export declare function read(out: usize, max: u32): u32;

/** Queue up to `len` bytes for sending; returns how many were taken, 0 if the queue is full. */
@external("uart", "write")
export declare function write(data: usize, len: u32): u32;

/**
 * Use this baud rate from now on, 0: the board's own. False: the board cannot, and nothing changed. No byte is under way to the module
 * when the firmware calls it.
 */
@external("uart", "baud")
export declare function baud(rate: u32): u32;
