/** The guest's exports, and nothing else. */
import * as scratch from "./lib/scratch";
export function init(): u32 {
  return scratch.mark();
}
