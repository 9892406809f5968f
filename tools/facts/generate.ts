/**
 * Write what is generated from the tables of facts: AssemblyScript, C, and the tables in READMEs. TypeScript imports the tables
 * themselves. `npm run check` refuses a generated text that is not what the tables say.
 */
import { readFileSync, writeFileSync } from "node:fs";
import * as device from "./device.ts";
import { drivers } from "./drivers.ts";
import * as protocol from "./protocol.ts";
import { profiles } from "./profiles.table.js";
import { pascal, upper } from "./spelling.ts";
import type { Row, Table } from "./table.ts";

export const COMMAND = "node --import tsx tools/facts/generate.ts";

/** Numbers that are patterns of bits are written as such. */
const digits = (number: number): string =>
  number >= 2 ** 24 ? `0x${number.toString(16).padStart(8, "0")}` : String(number);

/** A member's comment, or nothing. */
const comment = (text: string, indent = ""): string => (text ? `${indent}/** ${text} */\n` : "");

/** A table as an enumeration of AssemblyScript. */
function enumeration(name: string, about: string, table: Table): string {
  const members = Object.entries(table).map(
    ([key, [number, meaning]]: [string, Row]) => `${comment(meaning, "  ")}  ${pascal(key)} = ${digits(number)},\n`,
  );
  return `${comment(about)}export const enum ${name} {\n${members.join("")}}\n`;
}

/** Labels go by their type: the meaning is the README's. */
function bare(table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([key, [number]]) => [key, [number, ""]]));
}

/** A table as constants of AssemblyScript. */
function constants(table: Table): string {
  return Object.entries(table)
    .map(
      ([name, [number, meaning]]) =>
        `${comment(meaning)}export const ${name}: ${number < 0 ? "i32" : "u32"} = ${digits(number)};\n`,
    )
    .join("");
}

const ASSEMBLY: Readonly<Record<string, () => string>> = {
  "assembly/lib/status.ts": () =>
    enumeration(
      "Status",
      "Results of every fallible function: Ok, or the first fault found. Half of the bits of Ok are set, so a register that one fault cleared is not Ok.",
      device.STATUSES,
    ),
  "assembly/device/facts.ts": () =>
    [
      enumeration("Event", "Events on the device's console; numbers among the bytes are big-endian.", device.EVENTS),
      enumeration("Refused", "The numbers of a server that Event.NumberRefused can name.", device.REFUSED_NUMBERS),
      enumeration("State", "States of the device.", device.STATES),
      enumeration("MqttState", "States of the application's client of MQTT.", device.MQTT_STATES),
      enumeration("StreamState", "States of the application's stream.", device.STREAM_STATES),
      enumeration("Death", "Causes for which a device gives up and resets.", device.DEATHS),
      enumeration("Record", "The kinds of record in the store. They never change, and 7 is none.", device.RECORDS),
      enumeration("Factory", "The keys of the factory page's map.", device.FACTORY),
      constants({ ...device.PAGE_LIMITS, ...device.TLS_LIMITS }),
    ].join("\n"),
  "assembly/link/_families.ts": drivers,
  "assembly/link/facts.ts": () =>
    [
      enumeration("FaultStep", "Steps in which the link can fail.", device.LINK_STEPS),
      enumeration("FaultCause", "Causes of a fault of the link.", device.LINK_CAUSES),
      enumeration("TunnelFlag", "Flags of a segment of a tunnel.", device.TUNNEL_FLAGS),
    ].join("\n"),
  "assembly/exchange/facts.ts": () =>
    [
      enumeration(
        "ResponseFault",
        "Reasons to refuse a response: of HTTP up to 9, of MQTT from 10.",
        device.RESPONSE_FAULTS,
      ),
      constants(device.MQTT_LIMITS),
    ].join("\n"),
  "assembly/identity/facts.ts": () =>
    [
      enumeration("Label", "Labels of the claims: CWT's, EAT's, and Signet's own.", bare(protocol.LABELS)),
      enumeration("Cnf", "Members of `cnf`.", protocol.CNFS),
      enumeration(
        "Order",
        "Orders of a downlink to the firmware itself, beside its data for the application.",
        protocol.ORDERS,
      ),
      enumeration("Reason", "Reasons of a refusal. 5 was in use once, and stays free.", bare(protocol.REASONS)),
      constants(protocol.LIMITS),
    ].join("\n"),
};

/** An enumeration of C, each member with its meaning. */
export function cEnumeration(
  name: string,
  prefix: string,
  rows: readonly (readonly [name: string, number: number, meaning: string])[],
): string {
  const members = rows.map(
    ([key, number, meaning]) => `${cComment(meaning, "  ")}  ${prefix}${upper(key)} = ${digits(number)},\n`,
  );
  return `enum ${name} {\n${members.join("")}};\n`;
}

/** A member's comment in C, where it must fit in the width that clang-format wants. */
function cComment(text: string, indent: string): string {
  const line = comment(text, indent);
  if (line.length <= 121) return line;
  throw new Error(`too long for one line of C: ${text}`);
}

function header(): string {
  const rows = (table: Table): [string, number, string][] =>
    Object.entries(table).map(([name, [number, meaning]]) => [name, number, meaning]);
  const results = Object.entries<Row>(device.STATUSES).flatMap(([name, [number, , inC]]): [string, number, string][] =>
    inC ? [[name, number, inC]] : [],
  );
  return [
    `#ifndef SIGNET_FACTS_H_\n#define SIGNET_FACTS_H_\n`,
    `/** States of the device. */\n${cEnumeration("signet_status", "SIGNET_", rows(device.STATES))}`,
    `/** Results of calls that can fail. Errors are negative. */\n${cEnumeration("signet_result", "SIGNET_", results)}`,
    `/** States of a stream. */\n${cEnumeration("signet_stream", "SIGNET_STREAM_", rows(device.STREAM_STATES))}`,
    `/** States of a client of MQTT. */\n${cEnumeration("signet_mqtt_state", "SIGNET_MQTT_", rows(device.MQTT_STATES))}`,
    `/** Steps in which the link can fail. */\n${cEnumeration("signet_link_step", "SIGNET_LINK_STEP_", rows(device.LINK_STEPS))}`,
    `/** Causes of a fault of the link. */\n${cEnumeration("signet_link_cause", "SIGNET_LINK_CAUSE_", rows(device.LINK_CAUSES))}`,
    `/** The longest name of a host, and the most bytes of a report. */\n#define SIGNET_HOST_MOST ${device.HOST_MOST}u\n#define SIGNET_DATA_MOST ${protocol.LIMITS.DATA_MOST[0]}u\n`,
    Object.entries({ ...device.TLS_LIMITS, ...device.MQTT_LIMITS })
      .map(([name, [number, meaning]]) => `/** ${meaning} */\n#define SIGNET_${name} ${number}u\n`)
      .join(""),
    `#endif\n`,
  ].join("\n");
}

/** A table of Markdown. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

const rowsOf = (table: Table, cells: (name: string, row: Row) => string[]): string[][] =>
  Object.entries(table).map(([name, row]) => cells(name, row));
const thousands = (number: number): string => number.toLocaleString("en-US");
const hex = (number: number): string => number.toString(16).padStart(8, "0");

/** The tables in READMEs, each between `<!-- facts: NAME -->` and `<!-- end -->`. */
const TABLES: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  "assembly/tls/README.md": {
    profiles: () =>
      markdown(
        ["profile", "flash, bytes", "RAM, bytes", "first handshake", "resumption", "longest `step`"],
        Object.entries(profiles).map(([name, { flash, ram, handshake, resume, longest }]) => [
          `\`${name}\``,
          thousands(flash),
          thousands(ram),
          ...[handshake, resume, longest].map((instructions) => `${thousands(instructions)} k`),
        ]),
      ),
  },
  "assembly/identity/README.md": {
    labels: () =>
      markdown(
        ["label", "name", "type", "meaning"],
        rowsOf(protocol.LABELS, (name, [number, meaning, type]) => [String(number), name, type!, meaning]),
      ),
    reasons: () =>
      markdown(
        ["reason", "name", "HTTP", "answer"],
        rowsOf(protocol.REASONS, (name, [number, , status, answer]) => [String(number), name, status!, answer!]),
      ),
  },
  "assembly/link/README.md": {
    steps: () =>
      markdown(
        ["step", "name", "the link failed while"],
        rowsOf(device.LINK_STEPS, (name, [number, meaning]) => [String(number), name, meaning]),
      ),
    causes: () =>
      markdown(
        ["cause", "name", "meaning"],
        rowsOf(device.LINK_CAUSES, (name, [number, meaning]) => [String(number), name, meaning]),
      ),
    tunnel: () =>
      markdown(
        ["flag", "name", "meaning"],
        rowsOf(device.TUNNEL_FLAGS, (name, [number, meaning]) => [String(number), name, meaning]),
      ),
  },
  "assembly/device/README.md": {
    events: () =>
      markdown(
        ["number", "event", "says"],
        rowsOf(device.EVENTS, (name, [number, meaning]) => [String(number), `\`${name}\``, meaning]),
      ),
    factory: () =>
      markdown(
        ["key", "field", "value"],
        rowsOf(device.FACTORY, (name, [number, meaning]) => [String(number), name, meaning]),
      ),
    deaths: () =>
      markdown(
        ["epitaph", "why"],
        rowsOf(device.DEATHS, (_, [number, meaning]) => [`\`die ${hex(number)}\``, meaning]),
      ),
  },
};

/** Names of the tables in READMEs. */
export const TABLE_NAMES: readonly string[] = Object.values(TABLES).flatMap((tables) => Object.keys(tables));

/** Every text with generated facts, as a function of its present content; undefined if a table has no place in it. */
export function outputs(): ReadonlyMap<string, (now: string) => string | undefined> {
  const whole = (text: string) => (): string => text;
  return new Map<string, (now: string) => string | undefined>([
    ...Object.entries(ASSEMBLY).map(([path, make]) => [path, whole(`// ${COMMAND}\n${make()}`)] as const),
    ["boards/common/signet_facts.h", whole(`/* ${COMMAND} */\n${header()}`)],
    ...Object.entries(TABLES).map(([path, tables]) => [path, (now: string) => filled(now, tables)] as const),
  ]);
}

function filled(text: string, tables: Readonly<Record<string, () => string>>): string | undefined {
  let result: string | undefined = text;
  for (const [name, make] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- facts: ${name} -->\n)[^]*?(<!-- end -->)`);
    result =
      result !== undefined && place.test(result)
        ? result.replace(place, (_, from: string, to: string) => `${from}\n${make()}\n\n${to}`)
        : undefined;
  }
  return result;
}

if (import.meta.filename === process.argv[1]) {
  for (const [path, make] of outputs()) {
    const now = path.endsWith(".md") ? readFileSync(path, "utf8") : "";
    const made = make(now);
    if (made === undefined) throw new Error(`${path} has no place for a table of facts`);
    writeFileSync(path, made);
  }
}
