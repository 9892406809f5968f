import type { Random } from "../line/random.ts";

/** Misbehaviour of a module; each was seen on real ones, or is the effect of a bad wire. */
export const QUIRKS = {
  echo: "keep echoing after ATE0",
  busy: "say `busy p...` instead of obeying",
  "busy-first": "say `busy p...` and obey all the same",
  "notice-inside": "put +IPD inside other lines, without a line end of its own",
  "no-send-ok": "leave out SEND OK",
  "late-ok": "say SEND OK seconds late",
  "send-fail": "lose a send, say SEND FAIL, and keep the connection",
  "late-fail": "lose a send, and say SEND FAIL seconds late",
  "no-send-fail": "lose a send without a word",
  "fail-then-ok": "say SEND FAIL, then SEND OK for the same send",
  "idle-verdict": "obey other commands before a late SEND OK or SEND FAIL",
  "double-recv": "say `Recv n bytes` twice",
  "busy-send": "say `busy s...` between the lines of a send",
  "closed-in-send": "lose the connection between `Recv n bytes` and what became of the send",
  "lost-notice": "never announce data",
  "early-closed": "say CLOSED before the last data was read",
  "late-closed": "never say CLOSED",
  active: "forget passive mode: +IPD carries the data",
  "old-name": "know AT+CIPRECVMODE only",
  "old-data": "answer +CIPRECVDATA,n:data",
  "half-lines": "lose the end of a line",
  garbage: "put noise between lines",
  mute: "ignore a command",
  slow: "take seconds over a command",
  reset: "reset without being asked",
  passthrough: "start in passthrough mode",
} as const;

export type Quirk = keyof typeof QUIRKS;

/** The fate of the data of a CIPSEND: if the peer gets it, and the module's answer, at once or late. */
export interface Fate {
  readonly sent: boolean;
  readonly says: readonly ("SEND OK" | "SEND FAIL")[];
  readonly late?: true;
}

const FATES: readonly (readonly [Quirk, Fate])[] = [
  ["no-send-ok", { sent: true, says: [] }],
  ["late-ok", { sent: true, says: ["SEND OK"], late: true }],
  ["send-fail", { sent: false, says: ["SEND FAIL"] }],
  ["late-fail", { sent: false, says: ["SEND FAIL"], late: true }],
  ["no-send-fail", { sent: false, says: [] }],
  ["fail-then-ok", { sent: true, says: ["SEND FAIL", "SEND OK"] }],
];

/** True if this is the name of a quirk. */
export function isQuirk(name: string): name is Quirk {
  return Object.hasOwn(QUIRKS, name);
}

/** Decides when a quirk strikes. */
export class Mischief {
  /** May be changed while the module runs. */
  readonly quirks: Set<Quirk>;
  readonly random: Random;
  readonly #rate: number;

  /** Each quirk strikes at `rate` of its occasions; those that are a habit (`has`) always. */
  constructor(quirks: Iterable<Quirk>, random: Random, rate = 0.2) {
    this.quirks = new Set(quirks);
    this.random = random;
    this.#rate = rate;
  }

  has(quirk: Quirk): boolean {
    return this.quirks.has(quirk);
  }

  /** True if it strikes this time. */
  strikes(quirk: Quirk): boolean {
    return this.quirks.has(quirk) && this.random.unit() < this.#rate;
  }

  /** The fate of this send. */
  fate(): Fate {
    return FATES.find(([quirk]) => this.strikes(quirk))?.[1] ?? { sent: true, says: ["SEND OK"] };
  }

  /** Up to 24 bytes of noise, line ends and words of the protocol among them. */
  noise(): Buffer {
    const words = ["\r\n", "+", "O", "\0", "\xff", "AT", "x", ","];
    let noise = "";
    for (let left = this.random.below(8); left >= 0; left--) noise += words[this.random.below(words.length)];
    return Buffer.from(noise, "latin1");
  }
}
