/**
 * The pages reserved for Signet's data. Page 0 is the factory page; the store uses the others. Programming only clears
 * bits; a page must be erased (all bits set) first, and each unit of 8 bytes is then programmed once at most. Addresses count from the start of the reserved region.
 */

/** Bytes of one erase page: a power of two, at least 512. */
@external("flash", "pageBytes")
export declare function pageBytes(): u32;

/** Return the number of reserved pages, the factory page included: at least 3. */
@external("flash", "pages")
export declare function pages(): u32;

/** Read `len` bytes from `at` to `out`. */
@external("flash", "read")
export declare function read(out: usize, at: u32, len: u32): void;

/** Program `len` bytes (a multiple of 8) at `at` (aligned to 8); returns 0, or 1 if the flash reported a failure. */
@external("flash", "program")
export declare function program(at: u32, data: usize, len: u32): u32;

/** Erase the page that starts at `at`; returns 0, or 1 if the flash reported a failure. */
@external("flash", "erase")
export declare function erase(at: u32): u32;
