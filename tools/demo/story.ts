import type { Fields } from "../fields.ts";
import { FIELDS } from "../server/page/fields.js";
import { decode, type Value } from "../wire/cbor.ts";
import { diagnostic } from "../wire/diagnostic.ts";

/** The subject of a line. */
export type Who = "build" | "server" | "module" | "device" | "attack" | "sniff";

const COLOURS: Record<Who, number> = { build: 90, server: 32, module: 90, device: 36, attack: 33, sniff: 35 };

/** The demo as lines: time, subject, event. Colour only on a terminal. */
export class Story {
  private readonly started = performance.now();
  private readonly colour = process.stdout.isTTY && !process.env["NO_COLOR"];

  private muted = false;

  private readonly fields: ReadonlyMap<string, Fields[string]>;

  /** `fields`: those of the device's readings; the product's by default. */
  constructor(fields?: Fields) {
    this.fields = fields ? new Map(Object.entries(fields)) : FIELDS;
  }

  /** Return a reading as text: the fields of its map, or other CBOR. */
  reading(data: Uint8Array): string {
    try {
      const value = decode(data);
      if (!(value instanceof Map)) return diagnostic(value);
      const parts = [...(value as ReadonlyMap<unknown, Value>)].map(([key, sent]) => {
        const field = this.fields.get(String(key));
        if (field === undefined || typeof sent !== "number") return `${String(key)} ${diagnostic(sent)}`;
        return `${field.name} ${(sent / field.per).toFixed(field.digits)} ${field.unit}`.trimEnd();
      });
      return parts.join(", ");
    } catch {
      return Buffer.from(data).toString("hex");
    }
  }

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
