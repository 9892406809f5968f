// @ts-check
/** Bytes of a guest's memory in WebAssembly: one page. */
export const MEMORY_BYTES = 0x1_0000;

/** Address of the first constant of a guest. Static memory that is written ends before it. */
export const CONSTANTS_AT = 0xf000;
