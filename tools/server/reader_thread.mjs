/** The start of a reader's thread: a thread does not inherit the loader of TypeScript that the process was started with. */
import "../load.mjs";

await import("./reader_thread.ts");
