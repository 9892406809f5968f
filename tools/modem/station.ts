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

/** A setting without effect, and its values. */
type Setting = readonly [initial: string, pattern: RegExp];

const SETTINGS: Readonly<Record<string, Setting>> = {
  "+CWMODE": ["1", /^[0-3]$/],
  "+CWAUTOCONN": ["1", /^[01]$/],
  "+SYSSTORE": ["1", /^[01]$/],
  "+SYSLOG": ["0", /^[01]$/],
  "+SLEEP": ["0", /^[0-3]$/],
  "+CIPSTO": ["180", /^\d{1,4}$/],
  "+CIPTCPOPT": ["0,-1,0,0,0", /^[0-5]?(,-?\d*){0,4}$/],
  "+UART_CUR": ["115200,8,1,0,0", /^\d+,[5-8],[1-3],[0-2],[0-3]$/],
  "+UART_DEF": ["115200,8,1,0,0", /^\d+,[5-8],[1-3],[0-2],[0-3]$/],
  "+CWDHCP": ["3", /^[01],[0-3]$/],
};

export class Station {
  /** The network. */
  joined = "";
  #values = new Map<string, string>();
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

  /** Forget what a restart forgets. */
  restart(): void {
    this.#values.clear();
    this.#sntp = false;
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

  #set(name: string, [initial, pattern]: Setting, argument: string, query: boolean): Reply {
    if (query) return told(`${name}:${this.#values.get(name) ?? initial}`);
    if (!pattern.test(argument)) return ERROR;
    this.#values.set(name, argument);
    return OK;
  }

  #join(argument: string, query: boolean): Reply {
    if (query) return told(this.joined ? `+CWJAP:"${this.joined}","02:00:00:00:00:02",1,-50,0,1,3,0,1` : "No AP");
    const [name, secret] = parse(argument) ?? [];
    if (name === undefined || secret === undefined || name.length > 32 || secret.length > 64) return ERROR;
    const before = this.joined ? ["WIFI DISCONNECT"] : [];
    this.joined = name;
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
