/**
 * Several workers on one port: processes of which each is an instance of the server. The first one migrates the database, makes the keys and prints
 * what an operator must know; the others start when it serves. A worker that ends is replaced. Held by `tests/server/workers.test.ts`.
 */
import cluster, { type Worker } from "node:cluster";
import { Trouble } from "../trouble.ts";
import type { ServerOptions } from "./server.ts";
import { isPostgres } from "./store/store.ts";

/** Pause before a worker that ended is replaced. */
const PAUSE_MS = 1000;

/** A worker sends it when it serves. */
const READY = "ready";

/** True in each worker but the first: it repeats nothing that the first one said. */
export function isFurther(): boolean {
  return cluster.isWorker && cluster.worker!.id > 1;
}

/** Tell the supervisor that this process serves; without effect if there is none. */
export function tellReady(): void {
  cluster.worker?.send(READY);
}

/** Close the channel to the supervisor, which keeps a worker alive; without effect if there is none. */
export function leave(): void {
  cluster.worker?.disconnect();
}

/** Throw Trouble if several workers cannot serve with these options. */
export function check({ database, coap }: Pick<ServerOptions, "database" | "coap">): void {
  if (!isPostgres(database))
    throw new Trouble(
      "several workers need PostgreSQL: SQLite has one writer",
      "give --database postgres://…, or one worker",
    );
  if (coap !== undefined)
    throw new Trouble("several workers cannot share a port of CoAP", "start another server with --coap-port");
}

/** Start workers, and replace each that ends, until SIGINT or SIGTERM. Return the exit code: that of the first worker if it cannot start. */
export async function supervise(count: number): Promise<number> {
  let [isStopping, isServing] = [false, false];
  // `cluster.workers` has a worker until its channel is closed as well, which can be later than its end.
  const alive = new Set<Worker>();
  cluster.on("fork", (worker) => alive.add(worker));
  const stop = (): void => {
    isStopping = true;
    for (const worker of alive) worker.process.kill("SIGTERM");
  };
  // A worker gets the signals of its terminal, or of its service, as well.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  const ended = new Promise<void>((resolve) => {
    cluster.on("exit", (worker: Worker, code: number, signal: string | null) => {
      alive.delete(worker);
      if (isStopping && alive.size === 0) resolve();
      if (isStopping || !isServing) return;
      process.stderr.write(
        `error: worker ${worker.process.pid} ended with ${signal ?? code}; another one replaces it\n`,
      );
      setTimeout(() => void (isStopping || cluster.fork()), PAUSE_MS);
    });
  });
  const failed = await begun(cluster.fork());
  if (failed !== undefined) return failed;
  isServing = true;
  if (!isStopping) {
    await Promise.all(Array.from({ length: count - 1 }, () => begun(cluster.fork())));
    if (!isStopping) process.stdout.write(`${count} workers serve\n`);
  }
  await ended;
  return 0;
}

/** Wait until a worker serves. Return its exit code if it ends before. */
function begun(worker: Worker): Promise<number | undefined> {
  return new Promise((resolve) => {
    worker.once("message", () => resolve(undefined));
    worker.once("exit", (code: number | null) => resolve(code ?? 1));
  });
}
