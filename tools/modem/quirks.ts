import { type FamilyName, ROWS } from "../facts/family.ts";
import type { Random } from "../line/random.ts";

/** A way to misbehave. */
interface Misbehaviour {
  readonly says: string;
  /** A public report (repository and issue); `manual`: documented; `wire`: what a bad wire does; `derived`: a mixture of the others. */
  readonly source: string;
  /** The families that can do so; else all. */
  readonly of?: readonly Module[];
}

type Module = Exclude<FamilyName, "framed">;
const ESP: readonly Module[] = ["esp-at"];
const MOBILE = ROWS.filter(([, { isMobile }]) => isMobile).map(([name]) => name) as readonly Module[];

/** Misbehaviours of modules. */
export const QUIRKS = {
  echo: { says: "keep echoing after ATE0", source: "wire" },
  busy: { says: "answer `busy p...` and do not execute the command", source: "espressif/esp-at#399", of: ESP },
  "busy-first": {
    says: "answer `busy p...` but execute the command",
    source: "espressif/esp-at#731",
    of: ESP,
  },
  "notice-inside": {
    says: "print +IPD inside other lines, without its own line end",
    source: "espressif/ESP8266_NONOS_SDK#59, espressif/esp-at#280",
    of: ESP,
  },
  "no-send-ok": { says: "leave out SEND OK", source: "espressif/esp-at#154", of: ESP },
  "late-ok": { says: "print SEND OK seconds late", source: "espressif/esp-at#675", of: ESP },
  "send-fail": { says: "lose a send, print SEND FAIL, and keep the connection", source: "manual", of: ESP },
  "late-fail": { says: "lose a send, and print SEND FAIL seconds late", source: "derived", of: ESP },
  "no-send-fail": { says: "lose a send and print nothing", source: "derived", of: ESP },
  "fail-then-ok": {
    says: "print SEND FAIL, then SEND OK for the same send",
    source: "espressif/ESP8266_NONOS_SDK#60",
    of: ESP,
  },
  "idle-verdict": {
    says: "execute other commands before a late SEND OK or SEND FAIL",
    source: "derived",
    of: ESP,
  },
  "double-recv": { says: "print `Recv n bytes` twice", source: "derived", of: ESP },
  "busy-send": { says: "print `busy s...` between the lines of a send", source: "manual", of: ESP },
  "closed-in-send": {
    says: "lose the connection between `Recv n bytes` and the result of the send",
    source: "derived",
    of: ESP,
  },
  "lost-notice": { says: "never announce data", source: "espressif/esp-at#294, espressif/ESP8266_AT#21" },
  "early-closed": {
    says: "print CLOSED before the last data was read",
    source: "espressif/ESP8266_NONOS_SDK#124",
    of: ESP,
  },
  "late-closed": { says: "never print CLOSED", source: "derived", of: ESP },
  active: { says: "forget passive mode: +IPD carries the data", source: "espressif/esp-at#481", of: ESP },
  "old-name": { says: "know AT+CIPRECVMODE only", source: "espressif/esp-at#223", of: ESP },
  "old-data": { says: "answer +CIPRECVDATA,n:data", source: "espressif/esp-at#223", of: ESP },
  "rom-log": {
    says: "print the log of the boot loader in clear text before `ready`",
    source: "espressif/esp-at#101",
    of: ESP,
  },
  "error-code": { says: "say `ERR CODE:…` before ERROR", source: "espressif/esp-at#731", of: ESP },
  "send-full": {
    says: "have no buffer for a send: print SEND FAIL and send nothing",
    source: "manual",
    of: ["quectel"],
  },
  "late-open": { says: "report an open connection seconds late", source: "manual", of: MOBILE },
  "context-lost": { says: "lose the context, and say so", source: "manual, vshymanskyy/TinyGSM#309", of: MOBILE },
  "slow-attach": { says: "take two minutes to find the network", source: "manual", of: MOBILE },
  "sim-busy": { says: "answer only the second query of the SIM", source: "manual", of: MOBILE },
  "send-short": {
    says: "take a part of a send, and drop the connection",
    source: "manual",
    of: ["simcom", "ublox"],
  },
  "no-profile": {
    says: "know no profile of packet data: answer ERROR to AT+UPSD, AT+UPSDA and AT+UPSND",
    source: "manual",
    of: ["ublox"],
  },
  "zero-length": {
    says: "put the length 0 into the answer to an empty read",
    source: "FreeRTOS/FreeRTOS-Cellular-Interface#85",
    of: ["ublox"],
  },
  "result-first": {
    says: "print the result of a command before OK, or before ERROR",
    source: "Xinyuan-LilyGO/LilyGo-Modem-Series#364",
    of: ["simcom"],
  },
  "result-last": {
    says: "print the result of an opened connection behind OK",
    source: "vshymanskyy/TinyGSM, src/TinyGsmClientSIM7080.h",
    of: ["sim7080"],
  },
  "no-report": {
    says: "say nothing about a send after OK",
    source: "vshymanskyy/TinyGSM, src/TinyGsmClientSIM7080.h",
    of: ["sim7080"],
  },
  "report-fail": { says: "lose a send, and say so after OK", source: "manual", of: ["sim7080"] },
  "half-lines": { says: "lose the end of a line", source: "wire" },
  garbage: { says: "print noise between lines", source: "wire" },
  mute: { says: "ignore a command", source: "JAndrassy/WiFiEspAT#11" },
  slow: { says: "take seconds for a command", source: "espressif/esp-at#388" },
  reset: { says: "reset without a command", source: "derived" },
  passthrough: { says: "start in passthrough mode", source: "manual", of: ESP },
} as const satisfies Record<string, Misbehaviour>;

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

/** The quirks of a family. */
export function quirksOf(family: Module): Quirk[] {
  return (Object.keys(QUIRKS) as Quirk[]).filter((name) => {
    const quirk: Misbehaviour = QUIRKS[name];
    return quirk.of === undefined || quirk.of.includes(family);
  });
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
