/** The form of a bill of materials, against the schemas of CycloneDX. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";

interface Component {
  readonly name: string;
  readonly version: string;
  readonly hashes?: { readonly content: string }[];
  readonly properties?: { readonly name: string; readonly value: string }[];
}

export interface Bom {
  readonly metadata: { readonly component: Component; readonly tools: { readonly components: Component[] } };
  readonly components: Component[];
}

/** The schemas of CycloneDX, of a package that carries them. */
const SCHEMAS = "node_modules/@cyclonedx/cyclonedx-library/res/schema";
const schema = (name: string): object =>
  JSON.parse(readFileSync(join(SCHEMAS, `${name}.SNAPSHOT.schema.json`), "utf8")) as object;

/** Return the first fault of a bill of materials of version 1.6; undefined if there is none. */
export function bomFault(bom: object): string | undefined {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ["spdx", "jsf-0.82"])
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  const validate = ajv.compile(schema("bom-1.6"));
  return validate(bom) ? undefined : ajv.errorsText(validate.errors);
}
