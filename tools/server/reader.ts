/**
 * The reader of operators: long lists and exports, on a thread and a connection of their own, so that no query holds the event loop that
 * devices wait for. Servers of one process share the thread; it starts with the first query.
 */
import type { Worker } from "node:worker_threads";
import type { Asked, Queries, Told } from "./reader_thread.ts";
import { startThread } from "./thread.ts";

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

let thread: Thread | undefined;
let last = 0;

function start(): Thread {
  const worker = startThread("reader_thread");
  const started: Thread = { worker, pending: new Map() };
  const ended = (error: unknown): void => {
    if (thread === started) thread = undefined;
    for (const { reject } of started.pending.values()) reject(error);
    started.pending.clear();
  };
  worker.on("message", (told: Told) => {
    const { resolve, reject } = started.pending.get(told.seq)!;
    started.pending.delete(told.seq);
    if (started.pending.size === 0) worker.unref();
    if ("error" in told) reject(told.error);
    else resolve(told.result as never);
  });
  worker.on("error", ended);
  worker.on("exit", () => ended(new Error("the reader ended")));
  return started;
}

function send<T>(asked: Omit<Asked, "seq">): Promise<T> {
  const { worker, pending } = (thread ??= start());
  return new Promise<T>((resolve, reject) => {
    const seq = ++last;
    pending.set(seq, { resolve, reject });
    // The process stays for an answer that is awaited, and for nothing else here.
    worker.ref();
    worker.postMessage({ ...asked, seq }, []);
  });
}

/** Reads one database. */
export class Reader {
  private readonly where: string;
  private isOpen = false;

  constructor(where: string) {
    this.where = where;
  }

  /** Ask a query by its name. Throws what the database throws. */
  ask<Name extends keyof Queries>(
    name: Name,
    given: Parameters<Queries[Name]>[1],
  ): Promise<Awaited<ReturnType<Queries[Name]>>> {
    this.isOpen = true;
    return send({ where: this.where, name, given } as Omit<Asked, "seq">);
  }

  /** Close the connection, if there is one. */
  async close(): Promise<void> {
    if (this.isOpen && thread !== undefined) await send({ where: this.where, close: true } as Omit<Asked, "seq">);
    this.isOpen = false;
  }
}
