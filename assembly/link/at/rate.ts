/**
 * The baud rate of the module's UART, where the factory page names one: the board's own rate, and the page's. The module is looked for
 * at both. If it is found at the board's, it is asked for the page's:
 *
 *     AT at the board's rate -> AT+UART_CUR=rate -> OK    -> AT at the page's rate -> the set-up
 *                                                -> ERROR -> the set-up, at the board's rate
 *
 * A module that refuses, or does not answer after its OK, is not asked again in this life, unless it was found at the page's rate since.
 * After a reset the search begins at the board's rate. `flow/link/rate` holds it.
 */
import { Text, DECIMAL_BYTES, decimal } from "../text";

/** True in an image with the choice `baud`. */
export const BAUD: bool = isDefined(MODULE_BAUD);
/** Bit n: after n troubles in a row, modulo 8, the module is looked for at the page's rate. */
const TURNS: u32 = 0b0111_1010;
const ZERO: u32 = 0x30;


@unmanaged
class Rate {
  /** The page's rate; 0: none, or the board has no other than its own. */
  wanted: u32;
  /** The driver's command, a row like those of its table; 0: none. */
  command: usize;
  /** The page's rate is in use: 1; the module is not asked for it: 1. */
  isFast: u8;
  isSpent: u8;
  /** The module's lines for flow control, a digit: 1 RTS, 2 CTS. */
  flow: u8;
  digits: u8;
}


@lazy
const rate = changetype<Rate>(memory.data(offsetof<Rate>() + DECIMAL_BYTES, 4));

/** The end of the digits of the rate. */
@inline
function end(): usize {
  return changetype<usize>(rate) + offsetof<Rate>() + DECIMAL_BYTES;
}

/** Begin at the board's rate; `command` asks a module of this family for another. */
export function start(command: usize): void {
  memory.fill(changetype<usize>(rate), 0, offsetof<Rate>());
  rate.command = command;
}

/** Use this rate from the page. Bounds: `flow` is at most 3. */
export function want(baud: u32, flow: u32): void {
  rate.wanted = baud;
  rate.flow = <u8>(ZERO + flow);
  rate.digits = <u8>decimal(end(), baud);
}

/** The rate to use now; 0: the board's. */
export function now(): u32 {
  return rate.isFast ? rate.wanted : 0;
}

/** Choose the rate for the search after so many troubles. */
export function search(troubles: u32): void {
  rate.isFast = rate.wanted ? <u8>((TURNS >> (troubles & 7)) & 1) : 0;
}

/** Go back to the board's rate: the module was reset. */
export function back(): void {
  rate.isFast = 0;
}

/** The module was found: return the command that asks it for the page's rate, with its arguments in `out`; 0: there is nothing to ask. */
export function ask(out: Text): usize {
  if (rate.isFast) rate.isSpent = 0;
  if (!rate.wanted || rate.isFast || rate.isSpent) return 0;
  out.first = changetype<usize>(rate) + offsetof<Rate>("flow");
  out.firstLen = 1;
  out.fourth = end() - rate.digits;
  out.fourthLen = rate.digits;
  return rate.command;
}

/** The module answered. */
export function answered(isTaken: boolean): void {
  rate.isSpent = 1;
  rate.isFast = u8(isTaken);
}
