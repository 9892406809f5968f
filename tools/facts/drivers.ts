/** Write the AssemblyScript of the families of modules: numbers, the drivers in an image, and the calls of the one in use. */
import { ROWS } from "./family.ts";
import { pascal, upper } from "./spelling.ts";

/** A condition that the image has the driver, and that this is the family. */
const is = (name: string, family: string): string => `${upper(name)} && ${family} == Family.${pascal(name)}`;

/** The text of `assembly/link/_families.ts`, without its first line. */
export function drivers(): string {
  const names = ROWS.map(([name]) => name);
  const at = ROWS.flatMap(([name, { driver }]) => (driver ? [[name, driver] as const] : []));
  const any = (some: readonly string[]): string => some.map(upper).join(" || ");
  const mobile = ROWS.flatMap(([name, { isMobile }]) => (isMobile ? [name] : []));
  // The driver of the first row needs no comparison: it is the one that remains.
  const call = (what: string): string =>
    at
      .map(([name, driver], row) => `if (${row ? is(name, "family()") : upper(name)}) ${driver}.${what};`)
      .toReversed()
      .join("\n  else ");
  return `${at.map(([, driver]) => `import * as ${driver} from "./at/${driver}";`).join("\n")}
import { Event } from "./at/step";

/** The families of modules; the values are those of the factory page. */
export const enum Family {
${ROWS.map(([name, { number }]) => `  ${pascal(name)} = ${number},`).join("\n")}
}

/** The drivers in the image; a driver that is not in it costs no byte. */
${ROWS.map(
  ([name, { isChosen }]) =>
    `export const ${upper(name)}: bool = ${isChosen ? "isDefined(WITH" : "!isDefined(WITHOUT"}_${upper(name)});`,
).join("\n")}

/** True if the image has a driver for AT modules. */
export const AT: bool = ${any(at.map(([name]) => name))};
/** True if it has one for modules in a mobile network. */
export const MOBILE: bool = ${any(mobile)};

const DRIVERS: u32 = ${names.map((name) => `<u32>${upper(name)}`).join(" + ")};

let chosen: u32 = 0;

/** The family in use: known to the compiler where the image has one driver. */
@inline
export function family(): u32 {
  if (DRIVERS > 1) return chosen;
  // prettier-ignore
  return ${names
    .map((name, row) => (row < names.length - 1 ? `${upper(name)} ? ` : "") + `Family.${pascal(name)}`)
    .join(" : ")};
}

/** True if the image has a driver for this family. */
@inline
export function known(family: u32): boolean {
  switch (family) {
${names.map((name) => `    case Family.${pascal(name)}:\n      return ${upper(name)};`).join("\n")}
    default:
      return false;
  }
}

/** Use this family, which is known. */
@inline
export function use(family: u32): void {
  chosen = family;
}

/** Have the driver of the AT module in use begin. */
@inline
export function start(nowMs: u32): void {
  ${call("start(nowMs)")}
}

/** Have the driver of the AT module in use act on an event of the engine. */
@inline
export function react(event: Event): void {
  ${call("react(event)")}
}
`;
}
