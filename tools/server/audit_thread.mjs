/** The start of a thread of the audit: a thread does not inherit the loader of TypeScript that the process was started with. */
import "../load.mjs";

await import("./audit_thread.ts");
