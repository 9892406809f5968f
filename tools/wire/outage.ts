/** A fault of the link, as a report and the console carry it: a word of `assembly/link/README.md`, "Faults". */
import { LINK_CAUSES, LINK_STEPS } from "../facts/device.ts";
import { names } from "../facts/table.ts";

/** A step or cause without a name, from later firmware, is its number. */
export interface Outage {
  readonly step: string;
  readonly cause: string;
  /** The number of the error; 0: none. */
  readonly number: number;
  /** Times in a row. */
  readonly times: number;
}

const STEP_NAMES: ReadonlyMap<number, string> = names(LINK_STEPS);
const CAUSE_NAMES: ReadonlyMap<number, string> = names(LINK_CAUSES);

const AT_STEP: Readonly<Record<keyof typeof LINK_STEPS, string>> = {
  none: "an unknown step",
  module: "looking for the module",
  "set-up": "the set-up of the module",
  sim: "unlocking the SIM",
  attach: "registering with the mobile network",
  join: "joining the wireless network",
  context: "getting an address",
  resolve: "resolving the server's name",
  connect: "connecting to the server",
  send: "sending",
  receive: "receiving",
};
const CAME: Readonly<Record<keyof typeof LINK_CAUSES, string>> = {
  none: "no reason known",
  silence: "no answer",
  error: "an error",
  garbage: "bytes that are not an answer (check the baud rate)",
  busy: "the module stayed busy",
  restart: "the module restarted",
};

/** Read the word. */
export function read(word: number): Outage {
  const [step, cause] = [(word >>> 20) & 15, (word >>> 16) & 15];
  return {
    step: STEP_NAMES.get(step) ?? String(step),
    cause: CAUSE_NAMES.get(cause) ?? String(cause),
    number: word & 0xffff,
    times: (word >>> 24) & 127,
  };
}

/** Write it as a sentence. */
export function inWords({ step, cause, number, times }: Outage): string {
  const place = Object.hasOwn(AT_STEP, step) ? AT_STEP[step as keyof typeof AT_STEP] : `step ${step}`;
  const came = Object.hasOwn(CAME, cause) ? CAME[cause as keyof typeof CAME] : `cause ${cause}`;
  const repeated = times > 1 ? `, ${times} times in a row` : "";
  return `the link failed at ${place}: ${came}${number ? ` (number ${number})` : ""}${repeated}`;
}
