/** A listener: stores the bytes that passed and searches them. */

/** Where something passed, and which way. Each is searched as one stream: what comes in pieces is found all the same. */
export type Place = "uart up" | "uart down" | "network up" | "network down";

/** Something that a listener would like to know. */
export interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class Sniffer {
  private readonly heard = new Map<Place, Uint8Array[]>();
  private listening = true;

  /** Keep what passed. */
  hear(place: Place, bytes: Uint8Array): void {
    if (!this.listening) return;
    const pieces = this.heard.get(place);
    if (pieces) pieces.push(bytes);
    else this.heard.set(place, [bytes]);
  }

  /** How many bytes passed on the UART, both ways. */
  get uartBytes(): number {
    return this.stream("uart up").length + this.stream("uart down").length;
  }

  /** The names of what is in the traffic: as it is, in hex, or in base64 of either alphabet, wherever in it that begins. */
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
