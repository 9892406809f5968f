/** A thread of `audit_pool.ts`: it checks pages. */
import { parentPort } from "node:worker_threads";
import { check, type Page } from "./audit_page.ts";

parentPort?.on("message", (page: Page) => parentPort!.postMessage(check(page), []));
