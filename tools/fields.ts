/**
 * The fields of a product's readings, `fields.json`: keys of the CBOR map, with names and units. Constants of the firmware are
 * generated from it, and the operator's page shows fields by it.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { Trouble } from "./trouble.ts";

const field = z.strictObject({
  /** Shown to people; in capitals it is the constant's name. */
  name: z.string().regex(/^[a-z][a-z0-9 ]{0,30}$/, { error: "must be 1 to 31 small letters, digits and spaces" }),
  unit: z.string().max(16).default(""),
  /** How many sent units make one of the displayed unit. */
  per: z.int().min(1).max(1_000_000_000).default(1),
  /** Digits behind the point when it is shown. */
  digits: z.int().min(0).max(9).default(0),
});

/** Keys that a single byte encodes come first, so that a reading stays short. */
const schema = z
  .record(z.string().regex(/^(0|[1-9]\d{0,4})$/, { error: "is not a number up to 99999, the key of a field" }), field)
  .refine((all) => new Set(Object.values(all).map(({ name }) => name)).size === Object.keys(all).length, {
    error: "has two fields with one name",
  });

/** Fields by key. */
export type Fields = Readonly<Record<string, z.output<typeof field>>>;

/** Read the file; throw Trouble that names a wrong entry. */
export function load(path: string): Fields {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Trouble(
      `${path} is not JSON: ${error.message}`,
      'write an entry as "1": { "name": "temperature", "unit": "°C" }',
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Trouble(
    `${path}: ${issue!.path.join(".") || "the file"}: ${issue!.message}`,
    'write an entry as "1": { "name": "temperature", "unit": "°C", "per": 1000, "digits": 1 }',
  );
}

/** The fields as constants in AssemblyScript, for the firmware. */
export function constants(fields: Fields): string {
  const rows = Object.entries(fields).map(([key, { name, unit, per }]) => {
    const constant = name.toUpperCase().replaceAll(" ", "_");
    const sent = per === 1 ? unit : `1/${per} ${unit}`.trim();
    return [
      `/** Key of the field "${name}"${sent === "" ? "" : `, sent in ${sent}`}. */`,
      `export const ${constant}: u32 = ${key};`,
      `export const ${constant}_PER: i32 = ${per};`,
    ].join("\n");
  });
  const count = `/** The number of fields. */\nexport const FIELDS: u32 = ${rows.length};`;
  return `// Written by Signet from fields.json; do not edit.\n\n${[count, ...rows].join("\n\n")}\n`;
}

/** The fields as a module of JavaScript, for the operator's page. */
export function pageModule(fields: Fields): string {
  return `export const FIELDS = new Map(${JSON.stringify(Object.entries(fields))});\n`;
}
