/** A forbidden guest: its constant would be 0 on a board, where no module starts. */
import { ms } from "../../assembly/port/clock";

const SINCE: u32 = ms();

export function init(): void {}

export function poll(): u32 {
  return SINCE;
}
