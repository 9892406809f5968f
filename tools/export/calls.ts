/** The guest's exports as static functions of the library, each of which survives the guest's end. */
import { C_TYPES, prototype } from "../firmware/guest.ts";
import type { Call } from "../firmware/words.ts";

/** Write one export; after the guest's end it returns 0. `guest_bare_X` is for C inside of a call: it neither survives the end nor scrubs. */
function definition(call: Call): string {
  const run = `${call.inner}(${call.types.map((_, i) => `p${i}`).join(", ")})`;
  const isVoid = call.result === "void";
  const bare = `static inline ${prototype(call, "guest_bare_")} {\n  ${isVoid ? "" : "return "}${run};\n}\n`;
  const head = `${bare}VISIBLE ${prototype(call, "guest_")}`;
  if (isVoid) return `${head} {\n  GUEST_CALL(${run});\n}\n`;
  const type = C_TYPES[call.result]!;
  return `${head} {\n  volatile ${type} result = 0;\n  GUEST_CALL(result = ${run});\n  return library.ended ? 0 : result;\n}\n`;
}

/** The contents of guest_calls.h. */
export function callsHeader(calls: readonly Call[]): string {
  return calls.map(definition).join("\n");
}
