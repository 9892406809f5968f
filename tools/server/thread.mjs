/** The start of a thread: it does not inherit the loader of TypeScript that the process was started with. */
import { workerData } from "node:worker_threads";
import "../load.mjs";

await import(workerData);
