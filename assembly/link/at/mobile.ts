/**
 * The settings of a mobile network, and the part of the set-up that all drivers of modules in one have: the SIM, and the search for the network.
 * `flow/link/mobile` holds it.
 */
import { AT_SEARCHES, AT_SEARCH_MS } from "../../config";
import { FaultCause, FaultStep } from "../facts";
import * as fault from "../fault";
import * as engine from "./engine";
import { at, out } from "./engine";
import * as connection from "./socket";
import { Event, Phase } from "./step";

/** The first steps of the set-up: the table of each of these drivers has them in this order. */
const enum Step {
  Echo = Phase.SetUp,
  Errors,
  Locked,
  Unlock,
  Attach,
  Extra,
}

/** The two lines of a command with a result, in `at.seen`: OK, and one of two results. */
export const enum Half {
  None = 0,
  Ok = 1,
  Good = 2,
  Bad = 4,
}

const LF: u32 = 0x0a;
/** The number of a line, in `at.hint`. */
export const NUMBER: u32 = 0xffff;

/** The settings of a mobile network, kept by pointer. They stay over a `clear`. */
@unmanaged
export class Access {
  /** Without an access point the module uses the one that the network gives. */
  apn: usize;
  apnLen: u32;
  user: usize;
  userLen: u32;
  password: usize;
  passwordLen: u32;
  /** The PIN of the SIM, if it asks. */
  pin: usize;
  pinLen: u32;
  /** Further commands for the module, without `AT`, with a line feed between two. */
  extra: usize;
  extraLen: u32;
}


@lazy
export const access = changetype<Access>(memory.data(offsetof<Access>(), 4));


@unmanaged
export class Network {
  /** The SIM wants a PIN; it has refused ours, which is not tried again: three errors lock the SIM. */
  locked: u8;
  refused: u8;
  /** Number of queries for the network. */
  searches: u8;
  /** Bytes of the further commands that are done. */
  extraDone: u8;
  /** The first number of a line with two. */
  before: u16;
}


@lazy
export const network = changetype<Network>(memory.data(offsetof<Network>(), 4));

/** Forget the state of the SIM and of the search. */
export function clear(): void {
  memory.fill(changetype<usize>(network), 0, offsetof<Network>());
}

/**
 * Begin the next of the further commands, the first in any step but Extra; false: there is none. A command that the module refuses is a fault of the
 * set-up, and the next follows.
 */
export function extra(): boolean {
  if (at.step != Step.Extra) network.extraDone = 0;
  if (network.extraDone >= access.extraLen) return false;
  const from = access.extra + network.extraDone;
  const left = access.extraLen - network.extraDone;
  let len: u32 = 0;
  while (len < left && load<u8>(from + len) != LF) len++;
  network.extraDone += <u8>(len + 1);
  connection.issueAs(Step.Extra, FaultStep.SetUp);
  out.first = from;
  out.firstLen = len;
  return true;
}

/** Note that the module refuses a step whose failure is none of the link. */
export function refused(): void {
  if (at.step == Step.Extra) fault.note(FaultStep.SetUp, FaultCause.Error, at.hint);
}

/** Ask whether the SIM wants a PIN. */
export function askPin(): void {
  network.locked = 0;
  connection.issueAs(Step.Locked, FaultStep.Sim);
}

/** A step of the SIM has ended well: true if the PIN, which the SIM wants, is on its way. */
export function unlocks(): boolean {
  if (at.step == Step.Unlock) network.refused = 0;
  else if (network.locked) {
    enterPin();
    return true;
  }
  return false;
}

/** Unlock the SIM; once. */
function enterPin(): void {
  if (!access.pinLen || network.refused) return connection.trouble(FaultCause.Error);
  // Until it is accepted, it counts as refused: a restart in between must not spend another try.
  network.refused = 1;
  connection.issueAs(Step.Unlock, FaultStep.Sim);
  out.first = access.pin;
  out.firstLen = access.pinLen;
}

/** Tell the module its access point, or the account there: the arguments of a step are access point, user and password. */
export function configure(step: u32): void {
  connection.issueAs(step, FaultStep.Context);
  out.first = access.apn;
  out.firstLen = access.apnLen;
  out.second = access.user;
  out.secondLen = access.userLen;
  out.third = access.password;
  out.thirdLen = access.passwordLen;
}

/** Begin to ask whether the module is on the network. */
export function attach(): void {
  network.searches = 0;
  ask();
}

/** Act on an event of the engine that is none of the driver's own. */
export function react(event: Event): void {
  if (event == Event.Late && at.step == Phase.Search) ask();
  else connection.react(event);
}

/** Ask once more. */
function ask(): void {
  connection.issueAs(Step.Attach, FaultStep.Attach);
}

/**
 * It is not yet. To search for minutes is no fault of the module, which is not reset. But it may have restarted while its greeting was lost, without
 * what the set-up gave it: after AT_SEARCHES queries the set-up begins again.
 */
export function search(): void {
  if (++network.searches == AT_SEARCHES) {
    fault.note(FaultStep.Attach, FaultCause.Silence, 0);
    return connection.issue(Step.Echo);
  }
  engine.enter(Phase.Search, AT_SEARCH_MS);
}

/** The network took the address of the module away. */
export function lost(): void {
  at.hint = fault.hint(FaultStep.Context, 0);
  connection.trouble(FaultCause.Error);
}

/** Return the result that a line gives: its number is 0, or that of an error. */
export function result(): Half {
  return at.hint & NUMBER ? Half.Bad : Half.Good;
}

/** One of the two lines of a command with a result came: return the result once both are there. */
export function half(line: Half): Half {
  at.seen |= <u8>line;
  if (!(at.seen & Half.Ok) || at.seen == Half.Ok) return Half.None;
  return at.seen & Half.Bad ? Half.Bad : Half.Good;
}
