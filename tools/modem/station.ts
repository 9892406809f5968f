/** The commands of ESP-AT that need no connection: Wi-Fi, settings, names, time. The radio is not emulated: it joins any network. */
import { lookup } from "node:dns/promises";
import { parse, whole } from "./module.ts";

export interface Reply {
  readonly lines: readonly string[];
  readonly result: "OK" | "ERROR";
  /** An unsolicited line that follows. */
  readonly later?: string;
}

const OK: Reply = { lines: [], result: "OK" };
const ERROR: Reply = { lines: [], result: "ERROR" };
const ADDRESS = "192.168.4.2";

/** A setting without effect: its first value, its values, and whether it is kept over a restart: as `AT+SYSSTORE` says, always, or never. */
type Setting = readonly [initial: string, pattern: RegExp, keeps?: "as-told" | "always"];

const SETTINGS: Readonly<Record<string, Setting>> = {
  "+CWMODE": ["1", /^[0-3]$/, "as-told"],
  "+CWAUTOCONN": ["1", /^[01]$/, "always"],
  "+SYSSTORE": ["1", /^[01]$/],
  "+SYSLOG": ["0", /^[01]$/],
  "+SLEEP": ["0", /^[0-3]$/],
  "+CIPSTO": ["180", /^\d{1,4}$/],
  "+CIPTCPOPT": ["0,-1,0,0,0", /^[0-5]?(,-?\d*){0,4}$/, "as-told"],
  "+UART_CUR": ["115200,8,1,0,0", /^\d+,[5-8],[1-3],[0-2],[0-3]$/],
  "+UART_DEF": ["115200,8,1,0,0", /^\d+,[5-8],[1-3],[0-2],[0-3]$/, "always"],
  "+CWDHCP": ["3", /^[01],[0-3]$/, "as-told"],
};

export class Station {
  /** The network. */
  joined = "";
  /** Joins, and writes to the flash, since the module was made. */
  joins = 0;
  flashWrites = 0;
  #values = new Map<string, string>();
  /** The part of the values that is in the flash, and the network there. */
  readonly #flash = new Map<string, string>();
  #sntp = false;

  static readonly names: readonly string[] = [
    ...Object.keys(SETTINGS),
    "+GMR",
    "+CWJAP",
    "+CWQAP",
    "+CWSTATE",
    "+CWLAP",
    "+CIFSR",
    "+CIPSTA",
    "+SYSRAM",
    "+CIPDOMAIN",
    "+PING",
    "+CIPSNTPCFG",
    "+CIPSNTPTIME",
  ];

  /** Forget what a restart forgets, and join the network that is in the flash. */
  restart(): void {
    this.#values = new Map(this.#flash);
    this.joined = this.#flash.get("+CWJAP") ?? "";
    this.#sntp = false;
  }

  /** Forget all that is in the flash. */
  erase(): void {
    this.#flash.clear();
    this.flashWrites++;
  }

  /** Write to the flash, unless the device has said otherwise. */
  #keep(name: string, value: string, keeps: Setting[2]): void {
    if (!keeps || (keeps === "as-told" && this.#values.get("+SYSSTORE") === "0")) return;
    this.#flash.set(name, value);
    this.flashWrites++;
  }

  /** Execute a command; undefined if it is unknown. */
  execute(name: string, argument: string, query: boolean, now: Date): Reply | Promise<Reply> | undefined {
    const setting = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (setting) return this.#set(name, setting, argument, query);
    switch (name) {
      case "+GMR":
        return told("AT version:3.2.0.0(signet)", "SDK version:emulated", "Bin version:3.2.0(EMULATED)");
      case "+CWJAP":
        return this.#join(argument, query);
      case "+CWQAP":
        return this.#leave();
      case "+CWSTATE":
        return told(`+CWSTATE:${this.joined ? 2 : 0},"${this.joined}"`);
      case "+CWLAP":
        return this.joined ? told(`+CWLAP:(3,"${this.joined}",-50,"02:00:00:00:00:02",1)`) : OK;
      case "+CIFSR":
        return told(`+CIFSR:STAIP,"${ADDRESS}"`, '+CIFSR:STAMAC,"02:00:00:00:00:01"');
      case "+CIPSTA":
        return told(`+CIPSTA:ip:"${ADDRESS}"`, '+CIPSTA:gateway:"192.168.4.1"', '+CIPSTA:netmask:"255.255.255.0"');
      case "+SYSRAM":
        return told("+SYSRAM:148408,84044");
      case "+PING":
        return reached(parse(argument)?.[0]);
      case "+CIPDOMAIN":
        return resolved(parse(argument)?.[0]);
      case "+CIPSNTPCFG":
        return this.#time(argument);
      case "+CIPSNTPTIME":
        return told(`+CIPSNTPTIME:${asctime(this.#sntp ? now : new Date(0))}`);
      default:
        return undefined;
    }
  }

  /** Keep a setting of the UART; false if it is none. */
  keepsUart(name: string, argument: string): boolean {
    return this.#set(name, SETTINGS[name]!, argument, false) === OK;
  }

  #set(name: string, [initial, pattern, keeps]: Setting, argument: string, query: boolean): Reply {
    if (query) return told(`${name}:${this.#values.get(name) ?? initial}`);
    if (!pattern.test(argument)) return ERROR;
    this.#values.set(name, argument);
    this.#keep(name, argument, keeps);
    return OK;
  }

  #join(argument: string, query: boolean): Reply {
    if (query) return told(this.joined ? `+CWJAP:"${this.joined}","02:00:00:00:00:02",1,-50,0,1,3,0,1` : "No AP");
    const [name, secret] = parse(argument) ?? [];
    if (name === undefined || secret === undefined || name.length > 32 || secret.length > 64) return ERROR;
    const before = this.joined ? ["WIFI DISCONNECT"] : [];
    this.joined = name;
    this.joins++;
    this.#keep("+CWJAP", name, "as-told");
    return told(...before, "WIFI CONNECTED", "WIFI GOT IP");
  }

  #leave(): Reply {
    const later = this.joined ? { later: "WIFI DISCONNECT" } : {};
    this.joined = "";
    return { ...OK, ...later };
  }

  #time(argument: string): Reply {
    const on = whole(argument.split(",")[0], 0, 1);
    if (Number.isNaN(on)) return ERROR;
    this.#sntp = on === 1;
    return on ? { ...OK, later: "+TIME_UPDATED" } : OK;
  }
}

function told(...lines: string[]): Reply {
  return { lines, result: "OK" };
}

async function resolved(host: string | undefined): Promise<Reply> {
  if (!host) return ERROR;
  try {
    return told(`+CIPDOMAIN:"${(await lookup(host, 4)).address}"`);
  } catch {
    return { lines: ["DNS Fail"], result: "ERROR" };
  }
}

/** There is no ICMP: a host is reached if its name has an address. */
async function reached(host: string | undefined): Promise<Reply> {
  if (!host) return ERROR;
  const began = performance.now();
  try {
    await lookup(host, 4);
    return told(`+PING:${Math.ceil(performance.now() - began)}`);
  } catch {
    return { lines: ["+PING:TIMEOUT"], result: "ERROR" };
  }
}

/** `Mon Jan 02 03:04:05 2006`, as the C library writes a time. */
function asctime(time: Date): string {
  const [, day, date, month, year, clock] = /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(time.toUTCString()) ?? [];
  return `${day} ${month} ${date} ${clock} ${year}`;
}
