// @ts-check
/** Bytes of a guest's memory in WebAssembly: one page. */
export const MEMORY_BYTES = 0x1_0000;

/** Address of the first constant of a guest. Static memory that is written ends before it. */
export const CONSTANTS_AT = 0xf000;

/** Small objects have up to so many bytes, and lie below this address as long as there is room. */
export const SMALL_BYTES = 12;
export const SMALL_END = 256;
