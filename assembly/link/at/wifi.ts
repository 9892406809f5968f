/**
 * Parts of the drivers for ESP-AT modules (Espressif) that do not depend on the road: the start, the network, and lines about them.
 *
 *     AT+SYSSTORE=0             what follows is not written to the module's flash
 *     AT+CWJAP?                 -> +CWJAP:"name",...: the module is still joined
 *     AT+CWMODE=1, AT+CWJAP=... if it is not
 *
 * Their source is Espressif's manual, "Basic AT Commands" and "Wi-Fi AT Commands". `flow/link/espat` holds it.
 */
import { FaultCause, FaultStep } from "../facts";
import * as fault from "../fault";
import * as word from "../word";
import { Word, rate } from "./_espat";
import { at, out } from "./engine";
import { BAUD } from "./rate";
import * as connection from "./socket";
import { Phase, Within } from "./step";

/** The first steps of the set-up: the table of each of these drivers has them in this order. */
const enum Step {
  Echo = Phase.SetUp,
  Store,
  Joined,
  Mode,
  Join,
}

const QUOTE: u32 = 0x22;

/** Hash of the beginning of a line that names the network. */
let network: u32 = 0;

/** Begin to set up the module with these steps, from any state. */
export function start(steps: usize, nowMs: u32): void {
  out.secondLen = 0;
  connection.start(steps, BAUD ? rate : 0, nowMs);
}

/** Join this network during set-up. */
export function join(ssid: usize, ssidLen: u32, secret: usize, secretLen: u32): void {
  out.second = ssid;
  out.secondLen = ssidLen;
  out.third = secret;
  out.thirdLen = secretLen;
  network = Word.Network;
  for (let i: u32 = 0; i < ssidLen; i++) network = word.step(network, load<u8>(ssid + i));
  network = word.step(network, QUOTE);
}

/** Act on the beginning of a line that is none of the driver's own. */
export function begun(): void {
  if (at.notice == Word.JoinFault) at.within = Within.Number;
  else if (at.step == Step.Joined && at.line == network) at.seen = 1;
}

/** A step has ended well: true if another step for the network follows. */
export function joins(): boolean {
  switch (at.step) {
    case Step.Echo:
      if (!out.secondLen) return false;
      connection.issue(Step.Store);
      return true;
    case Step.Joined:
      if (at.seen) return false;
      connection.issue(Step.Mode);
      return true;
    case Step.Store:
      connection.issue(Step.Joined);
      return true;
    case Step.Mode:
      connection.issueAs(Step.Join, FaultStep.Join);
      return true;
    default:
      return false;
  }
}

/** The module says ERROR or FAIL: true if it has not joined the network. */
export function failed(): boolean {
  if (at.step != Step.Join) return false;
  connection.trouble(FaultCause.Error);
  return true;
}

/** Act on a line about the module or its network; false if it is none. */
export function say(line: u32): boolean {
  switch (line) {
    case Word.Ready:
      connection.restarted();
      return true;
    case Word.NoAddress:
      at.hint = fault.hint(FaultStep.Context, 0);
      return true;
    case Word.NoHost:
      at.hint = fault.hint(FaultStep.Resolve, 0);
      return true;
    default:
      return false;
  }
}
