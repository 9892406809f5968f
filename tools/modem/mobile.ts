/**
 * The common part of emulated modules in a mobile network (3GPP TS 27.007): a SIM, a network that takes its time, an access point, errors with numbers. A
 * family (`quectel.ts`, `simcom.ts`, `nrf91.ts`) adds its own commands.
 */
import { AtModule, parse } from "./module.ts";

/** Time to find the network. */
export const ATTACH_MS = 1500;
const SLOW_ATTACH_MS = 120_000;
/** The connection is reported this late, with the quirk. */
export const LATE_OPEN_MS = 8000;
export const CONNECT_MS = 75_000;
/** Data that wait in the module, at most. */
export const WINDOW_BYTES = 10_240;
/** The byte that ends data of unknown length. */
export const CTRL_Z = 0x1a;

/** Numbers of errors. */
export const CME = { notAllowed: 3, noSim: 10, pinRequired: 11, simBusy: 14, wrongPassword: 16 } as const;

/** Settings of radio technology, bands and power saving: those of 3GPP, of Quectel, of SIMCom, of u-blox, of nRF91. */
const KEPT = [
  "+CPSMS",
  "+CEDRXS",
  "+QCFG",
  "+QPSMS",
  "+CNMP",
  "+CNBP",
  "+CMNB",
  "+CBANDCFG",
  "+URAT",
  "+UBANDMASK",
  "%XSYSTEMMODE",
  "%XBANDLOCK",
];

/** The values of `AT+IPR`, which the next restart forgets. */
const RATES = [9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600];

export type Command = (argument: string, form: "set" | "query" | "run") => void;

export abstract class MobileModule extends AtModule {
  protected readonly busyWord = "";
  /** The SIM's PIN; empty: it asks for none. */
  pin = "";
  /** `AT+CPIN`. */
  protected unlocked = false;
  protected apn = "";
  /** The last error. */
  protected error: number = 0;
  /** Settings without effect, as the device made them. They outlive a restart, as a module's memory does. */
  readonly settings = new Map<string, string>();
  #numbered = false;
  #attachedAt = 0;
  #simSeen = false;
  readonly #commands: Record<string, Command> = {
    "": () => this.done("OK"),
    E0: () => this.set(() => (this.echo = false)),
    E1: () => this.set(() => (this.echo = true)),
    "+GMR": () => this.answer("EMULATED"),
    "+CGSN": () => this.answer("860000000000001"),
    "+CMEE": (argument) => this.oneOf(argument, "012", (value) => (this.#numbered = value !== "0")),
    "+CFUN": (argument, form) => this.#function(argument, form === "query"),
    "+IPR": (argument, form) => this.#rate(argument, form === "query"),
    "+CPIN": (argument, form) => this.unlock(argument, form === "query"),
    "+CSQ": () => this.answer(`+CSQ: ${this.attached ? 21 : 99},99`),
    "+CREG": (_, form) => this.#registered("+CREG", form === "query"),
    "+CGREG": (_, form) => this.#registered("+CGREG", form === "query"),
    "+CEREG": (_, form) => this.#registered("+CEREG", form === "query"),
    "+COPS": () => this.answer(`+COPS: 0${this.attached ? ',0,"Emulated",8' : ""}`),
    "+CGATT": (argument, form) =>
      form === "query" ? this.answer(`+CGATT: ${this.attached ? 1 : 0}`) : this.oneOf(argument, "01"),
    ...Object.fromEntries(KEPT.map((name) => [name, this.#keep(name)])),
    "+CGDCONT": (argument, form) => this.#context(argument, form === "query"),
  };

  /** True if the module has its context in the network. */
  protected abstract get active(): boolean;

  /** Lose the context, and say so. */
  protected abstract loseContext(): void;

  /** Know these commands too. */
  protected learn(commands: Readonly<Record<string, Command>>): void {
    Object.assign(this.#commands, commands);
  }

  /** Greet with this word and the state of the SIM, and look for the network. */
  protected greet(word: string): void {
    this.wake();
    this.say(`\r\n${word}\r\n`);
    this.say(`\r\n+CPIN: ${this.unlocked ? "READY" : "SIM PIN"}\r\n`);
  }

  /** Begin from the state after power-on, and look for the network. */
  protected wake(): void {
    this.unlocked = this.pin === "";
    this.apn = "";
    this.#numbered = false;
    this.#simSeen = false;
    this.search();
  }

  /** Look for the network. */
  protected search(): void {
    this.#attachedAt = this.clock.now() + (this.mischief.has("slow-attach") ? SLOW_ATTACH_MS : ATTACH_MS);
  }

  protected get attached(): boolean {
    return this.unlocked && this.clock.now() >= this.#attachedAt;
  }

  protected execute(line: string): void {
    const match = /^AT(?:(E[01]|I|[A-Z+#%]*)(\?|=\?|=(.*))?)$/s.exec(line);
    const name = match?.[1] ?? "unknown";
    const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (!command) return this.done("ERROR");
    if (match?.[2] === "=?") return this.done("OK");
    if (this.mischief.strikes("context-lost") && this.active) this.loseContext();
    command(match?.[3] ?? "", match?.[2] === "?" ? "query" : match?.[2] ? "set" : "run");
  }

  /** Fail, by number where the device asked for it. */
  protected fail(number: number): void {
    this.error = number;
    this.done(this.#numbered ? `+CME ERROR: ${number}` : "ERROR");
  }

  /** Switch off, with a last word or none. */
  protected powerDown(word?: string): void {
    this.done("OK");
    this.disconnect();
    if (word !== undefined) this.say(`\r\n${word}\r\n`);
    this.mode = "off";
  }

  /** Start again at the device's request. */
  protected restart(): void {
    this.done("OK");
    this.reset();
  }

  #rate(argument: string, query: boolean): void {
    if (query) return this.answer(`+IPR: ${this.baud}`);
    if (!RATES.includes(Number(argument))) return this.fail(CME.notAllowed);
    this.setBaud(Number(argument));
  }

  #function(argument: string, query: boolean): void {
    if (query) return this.answer("+CFUN: 1");
    if (!/^[01](,[01])?$/.test(argument)) return this.fail(CME.notAllowed);
    this.done("OK");
    if (argument.endsWith(",1")) this.reset();
  }

  /** `AT+CPIN`. */
  protected unlock(argument: string, query: boolean): void {
    if (query) {
      if (this.mischief.has("sim-busy") && !this.#simSeen) {
        this.#simSeen = true;
        return this.fail(CME.simBusy);
      }
      return this.answer(`+CPIN: ${this.unlocked ? "READY" : "SIM PIN"}`);
    }
    if (parse(argument)?.[0] !== this.pin) return this.fail(CME.wrongPassword);
    this.unlocked = true;
    this.done("OK");
    this.say("\r\n+CPIN: READY\r\n");
  }

  #registered(name: string, query: boolean): void {
    if (query) this.answer(`${name}: 0,${this.attached ? 1 : 2}`);
    else this.done("OK");
  }

  /** A setting that is kept and has no effect. */
  #keep(name: string): Command {
    return (argument, form) => {
      if (form === "query") return this.answer(`${name}: ${this.settings.get(name) ?? 0}`);
      if (form === "run" || !/^[-0-9A-Za-z",]*$/.test(argument)) return this.fail(CME.notAllowed);
      this.set(() => this.settings.set(name, argument));
    };
  }

  #context(argument: string, query: boolean): void {
    if (query) return this.answer(`+CGDCONT: 1,"IP","${this.apn}"`);
    const [, , apn = ""] = parse(argument) ?? [];
    this.set(() => (this.apn = apn));
  }
}
