/**
 * What the server says while it runs: JSON lines (pino) on standard error. They hold ids, names, reasons and times: no token, claim,
 * nonce or key, and nothing of what a device reported.
 */
import { pino, type DestinationStream, type Logger } from "pino";
import type { Happening } from "./gate.ts";

export type { Logger };

/** From the quietest: each level has what the ones before it have. */
export type Level = "error" | "warn" | "info" | "debug";

/** Make a logger. What it wrote is out when the call returns: nothing is missing when the process is killed. */
export function make(level: Level, to: DestinationStream = pino.destination({ fd: 2, sync: true })): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: named } }, to);
}

function named(level: string): { level: string } {
  return { level };
}

/** A logger that says nothing. */
export function silent(): Logger {
  return pino({ level: "silent" });
}

/** Note what happened: what operators must see as a warning, what is rare as information, what each request does for debugging. */
export function note(log: Logger, happening: Happening): void {
  switch (happening.kind) {
    case "alarm":
      return log.warn({ device: happening.device, what: happening.what }, "alarm");
    case "state":
      return log.info({ device: happening.device, state: happening.state }, "state");
    default: {
      const { kind, verdict, device, counter } = happening;
      const rare = kind === "enrol" && (verdict === "accepted" || verdict === "repeated");
      log[rare ? "info" : "debug"]({ verdict, device, counter }, kind);
    }
  }
}

const REPEAT_MS = 10_000;
const TEXTS_MAX = 100;

/** Say what fails inside, each thing at most every few seconds: a full disk fails for every device. */
export function complainer(log: Logger): (error: unknown, request?: string) => void {
  const said = new Map<string, number>();
  return (error, request) => {
    const { message, code } = (error instanceof Error ? error : { message: String(error) }) as NodeJS.ErrnoException;
    const now = Date.now();
    if (now - (said.get(message) ?? 0) < REPEAT_MS) return;
    if (said.size >= TEXTS_MAX) said.clear();
    said.set(message, now);
    // Only these: other properties of an error may hold what was asked for.
    log.error({ code, request }, message);
  };
}
