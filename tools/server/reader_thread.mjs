/** The start of a reader's thread: a thread does not inherit the loader of TypeScript that the process was started with. */
import { register } from "tsx/esm/api";

register();
await import("./reader_thread.ts");
