/** CBOR for people: diagnostic notation (RFC 8949 section 8). */
import { hex } from "./bytes.ts";
import type { Value } from "./cbor.ts";

/** Write a value in diagnostic notation. */
export function diagnostic(value: Value): string {
  if (value instanceof Uint8Array) return `h'${hex(value)}'`;
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<Value, Value>)];
    return `{${pairs.map(([key, held]) => `${diagnostic(key)}: ${diagnostic(held)}`).join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(diagnostic).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
