/** Threads of this process. */
import { Worker } from "node:worker_threads";

/** Start a thread with a module beside this one, by its name: TypeScript needs a loader first. */
export function startThread(name: "reader_thread" | "audit_thread"): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL(`${name}.js`, import.meta.url));
  return new Worker(new URL("thread.mjs", import.meta.url), { workerData: `./${name}.ts` });
}
