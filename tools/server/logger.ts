/**
 * The server's log: JSON lines (pino) on standard error. They contain ids, names, reasons and times, but no token, claim,
 * nonce, key or report data.
 */
import { pino, type DestinationStream, type Logger } from "pino";
import type { Happening } from "./gate.ts";

export type { Logger };

/** From the quietest to the most verbose: each level includes the ones before it. */
export type Level = "error" | "warn" | "info" | "debug";

/** Make a logger. It writes synchronously: a killed process loses no line. */
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

/**
 * Log an event: as a warning if an operator must look at it, as information if it is rare, for debugging if it comes with each
 * request.
 */
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

/** Log internal errors, each kind at most every few seconds: a full disk fails for every device. */
export function complainer(log: Logger): (error: unknown, request?: string) => void {
  const said = new Map<string, number>();
  return (error, request) => {
    const { message, code } = (error instanceof Error ? error : { message: String(error) }) as NodeJS.ErrnoException;
    // The wall clock may step back.
    const now = performance.now();
    if (now - (said.get(message) ?? -REPEAT_MS) < REPEAT_MS) return;
    if (said.size >= TEXTS_MAX) said.clear();
    said.set(message, now);
    // Log only these: other properties of an error may contain parts of the request.
    log.error({ code, request }, message);
  };
}
