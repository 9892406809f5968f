/** A listener: stores the bytes that passed and searches them. */

/** The place and direction of recorded bytes. Each is searched as one stream, so pieces are found too. */
export type Place = "uart up" | "uart down" | "network up" | "network down";

/** A value that a listener would look for. */
export interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class Sniffer {
  private readonly heard = new Map<Place, Uint8Array[]>();
  private listening = true;

  /** Keep the bytes. */
  hear(place: Place, bytes: Uint8Array): void {
    if (!this.listening) return;
    const pieces = this.heard.get(place);
    if (pieces) pieces.push(bytes);
    else this.heard.set(place, [bytes]);
  }

  /** Number of bytes on the UART, both ways. */
  get uartBytes(): number {
    return this.stream("uart up").length + this.stream("uart down").length;
  }

  /** Return the names of the values in the traffic: plain, in hex, or in base64 of either alphabet, at any offset. */
  find(wanted: readonly Wanted[]): string[] {
    const found = new Set<string>();
    for (const place of this.heard.keys()) {
      const stream = this.stream(place);
      const text = stream.toString("latin1");
      const lower = text.toLowerCase();
      for (const { name, bytes } of wanted) {
        const raw = Buffer.from(bytes);
        if (
          stream.includes(raw) ||
          lower.includes(raw.toString("hex")) ||
          base64(bytes).some((form) => text.includes(form))
        ) {
          found.add(name);
        }
      }
    }
    return [...found];
  }

  /** Stop listening, and forget all. */
  stop(): void {
    this.listening = false;
    this.heard.clear();
  }

  private stream(place: Place): Buffer {
    const whole = Buffer.concat(this.heard.get(place) ?? []);
    this.heard.set(place, [whole]);
    return whole;
  }
}

/**
 * Return the base64 of bytes inside a longer text: the letters that depend on them alone, for each of three offsets.
 */
function base64(bytes: Uint8Array): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replaceAll("=", "");
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    const form = text.slice(Math.ceil((before * 8) / 6), whole);
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
