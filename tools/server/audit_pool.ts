/** The pages of an audit, checked by a thread for each core. A small database needs none: they start when many reports were checked. */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { check, type Checked, type Page } from "./audit_page.ts";
import type { ReportRow } from "./store/schema.ts";
import { startThread } from "./thread.ts";

/** Reports that are checked before the threads start: about as long as they take to start. */
const ALONE = 10_000;

/** A row whose values share no memory with others: a view would be sent with all the memory behind it. */
function own({ device, hash, message, seal, ...row }: ReportRow): ReportRow {
  return {
    ...row,
    device: new Uint8Array(device),
    hash: new Uint8Array(hash),
    message: new Uint8Array(message),
    seal: new Uint8Array(seal),
  };
}

interface Waiting {
  readonly page: Page;
  readonly resolve: (checked: Checked) => void;
  readonly reject: (error: unknown) => void;
}

export class Pool {
  /** Pages that are useful to give at once. */
  readonly width = 2 * availableParallelism();
  private readonly alone: number;
  private readonly workers = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly working = new Map<Worker, Waiting>();
  private checked = 0;

  constructor(alone = ALONE) {
    this.alone = alone;
  }

  /** Check a page. Throws if a thread ends. */
  check(page: Page): Promise<Checked> {
    this.checked += page.rows.length;
    if (this.checked <= this.alone) return Promise.resolve(check(page));
    while (this.workers.size < availableParallelism()) this.start();
    return new Promise((resolve, reject) => {
      this.waiting.push({ page, resolve, reject });
      this.next();
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.workers].map((worker) => worker.terminate()));
  }

  private start(): void {
    const worker = startThread("audit_thread");
    this.workers.add(worker);
    this.idle.push(worker);
    worker.on("message", (checked: Checked) => {
      this.working.get(worker)!.resolve(checked);
      this.working.delete(worker);
      this.idle.push(worker);
      this.next();
    });
    worker.on("error", (error) => {
      for (const { reject } of [...this.working.values(), ...this.waiting.splice(0)]) reject(error);
    });
  }

  /** Give the next page to an idle thread. */
  private next(): void {
    if (this.idle.length === 0) return;
    const waiting = this.waiting.shift();
    if (waiting === undefined) return;
    const worker = this.idle.pop()!;
    this.working.set(worker, waiting);
    worker.postMessage({ ...waiting.page, rows: waiting.page.rows.map(own) }, []);
  }
}
