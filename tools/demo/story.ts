import { decode } from "../wire/cbor.ts";
import { diagnostic } from "../wire/diagnostic.ts";

/** The subject of a line. */
export type Who = "build" | "server" | "module" | "device" | "attack" | "sniff";

const COLOURS: Record<Who, number> = { build: 90, server: 32, module: 90, device: 36, attack: 33, sniff: 35 };

/** The demo as lines: time, subject, event. Colour only on a terminal. */
export class Story {
  private readonly started = performance.now();
  private readonly colour = process.stdout.isTTY && !process.env["NO_COLOR"];

  private muted = false;

  /** Print no more lines. */
  mute(): void {
    this.muted = true;
  }

  /** Print one line. */
  say(who: Who, what: string): void {
    if (this.muted) return;
    const seconds = ((performance.now() - this.started) / 1000).toFixed(1).padStart(6);
    const name = this.colour ? `\u001B[${COLOURS[who]}m${who.padEnd(6)}\u001B[0m` : who.padEnd(6);
    process.stdout.write(`${seconds} s  ${name}  ${what}\n`);
  }

  /** A line by itself. */
  line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}

/** An id, short enough for a line. */
export function short(id: string): string {
  return `${id.slice(0, 8)}…`;
}

/** Return a reading as text: the map of the firmware's `app/app.ts`, or its other CBOR. */
export function reading(data: Uint8Array): string {
  try {
    const value = decode(data);
    const map = value instanceof Map ? (value as ReadonlyMap<unknown, unknown>) : new Map<unknown, unknown>();
    const [temperature, uptime] = [map.get(1), map.get(2)];
    if (map.size === 2 && typeof temperature === "number" && typeof uptime === "number")
      return `${(temperature / 1000).toFixed(3)} °C, up ${uptime} s`;
    return diagnostic(value);
  } catch {
    return Buffer.from(data).toString("hex");
  }
}
