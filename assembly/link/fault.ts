/**
 * The last fault of the link, in one word:
 *
 *     bit 0   16 bits  the number of the error, 65535 for any above, 0 for none
 *     bit 16   4 bits  what came: a FaultCause
 *     bit 20   4 bits  where: a FaultStep
 *     bit 24   7 bits  how often in a row, at most 127
 *     bit 31   1 bit   of `stream.fault`: it was not told yet; of `stream.outage`: a report has it
 *
 * A byte from a peer clears `stream.fault` (`stream.put`), a receipt `stream.outage`.
 */
import { FaultCause, FaultStep } from "./facts";
import { stream } from "./stream";

const CAUSE_BIT: u32 = 16;
const STEP_BIT: u32 = 20;
const TIMES_BIT: u32 = 24;
const NUMBER_MOST: u32 = 0xffff;
const WHAT: u32 = (1 << TIMES_BIT) - 1;
const TIMES_MOST: u32 = 127;
const NEWS: u32 = 1 << 31;
const IN_REPORT: u32 = 1 << 31;

/** Make the details that a line of the module gives of the next fault: a step, or a number. */
@inline
export function hint(step: FaultStep, number: u32): u32 {
  return ((<u32>step) << STEP_BIT) | min(number, NUMBER_MOST);
}

/** Note a fault: in the step that `hint` names, else in `step`. It is news when its count is a power of two. */
export function note(step: FaultStep, cause: FaultCause, hint: u32): void {
  if (hint <= NUMBER_MOST) hint |= (<u32>step) << STEP_BIT;
  const what = hint | ((<u32>cause) << CAUSE_BIT);
  const before = stream.fault;
  const times = (before & WHAT) == what ? min(((before >> TIMES_BIT) & TIMES_MOST) + 1, TIMES_MOST) : 1;
  stream.outage = what | (times << TIMES_BIT);
  stream.fault = stream.outage | (times & (times - 1) ? before & NEWS : NEWS);
}

/** The fault; 0: none. */
export function last(): u32 {
  return stream.fault & ~NEWS;
}

/** The fault, once each time it is news; else 0. */
export function news(): u32 {
  if (!(stream.fault & NEWS)) return 0;
  stream.fault &= ~NEWS;
  return stream.fault;
}

/** Return the last fault for a report, also after the link is up again; 0: none. */
export function outage(): u32 {
  stream.outage |= IN_REPORT;
  return stream.outage & ~IN_REPORT;
}

/** Forget the fault that was returned for a report, unless there was another one since. */
export function settle(): void {
  if (stream.outage & IN_REPORT) stream.outage = 0;
}
