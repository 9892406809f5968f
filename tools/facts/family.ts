/** The families of modules that the firmware has drivers for. `assembly/link/_families.ts` is generated from this table. */
import { upper } from "./spelling.ts";

export interface Family {
  /** Its number in the factory page. It never changes. */
  readonly number: number;
  /** The modules, in the sentence "the driver for ...". */
  readonly says: string;
  /** The driver of AT modules: a file of `assembly/link/at/`. */
  readonly driver?: string;
  /** True if an image has the driver only by choice; the others are in each image that does not exclude them. */
  readonly isChosen?: true;
  /** True if the module is in a mobile network, and needs an access point. */
  readonly isMobile?: true;
}

export const FAMILIES = {
  framed: { number: 0, says: "framed bridges" },
  "esp-at": { number: 1, says: "ESP-AT", driver: "espat" },
  quectel: { number: 2, says: "Quectel modules", driver: "quectel", isChosen: true, isMobile: true },
  simcom: { number: 3, says: "SIMCom modules", driver: "simcom", isChosen: true, isMobile: true },
  nrf91: { number: 4, says: "the Serial Modem of nRF91", driver: "nrf91", isChosen: true, isMobile: true },
  sim7080: {
    number: 5,
    says: "SIMCom SIM7070, SIM7080 and SIM7090",
    driver: "sim7080",
    isChosen: true,
    isMobile: true,
  },
  ublox: { number: 6, says: "u-blox SARA-R4 and SARA-R5", driver: "ublox", isChosen: true, isMobile: true },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;

/** The families in the order of their numbers. */
export const ROWS: readonly (readonly [name: FamilyName, row: Family])[] = (
  Object.entries(FAMILIES) as [FamilyName, Family][]
).toSorted(([, a], [, b]) => a.number - b.number);

/** The families whose drivers are in each image that does not exclude them. */
export const USUAL = ROWS.filter(([, { isChosen }]) => !isChosen).map(([name]) => name);

/** The others. */
export const CHOSEN = ROWS.map(([name]) => name).filter((name) => !USUAL.includes(name));

/** The constants that add this driver to the usual ones. */
export function adding(name: FamilyName): Readonly<Record<string, number>> {
  return CHOSEN.includes(name) ? { [`WITH_${upper(name)}`]: 1 } : {};
}

/** The constants of an image that has only the driver for this family. */
export function only(name: FamilyName): Readonly<Record<string, number>> {
  const others = USUAL.filter((usual) => usual !== name).map((usual) => [`WITHOUT_${upper(usual)}`, 1] as const);
  return { ...Object.fromEntries(others), ...adding(name) };
}
