/** Parts of the drivers for ESP-AT modules (Espressif) that do not depend on the road: the start, the network, and lines about them. */
import { FaultStep } from "../facts";
import * as fault from "../fault";
import { Word } from "./_espat";
import { at, out } from "./engine";
import * as connection from "./socket";

/** Begin to set up the module with these steps, from any state. */
export function start(steps: usize, nowMs: u32): void {
  out.secondLen = 0;
  connection.start(steps, nowMs);
}

/** Join this network during set-up. */
export function join(ssid: usize, ssidLen: u32, secret: usize, secretLen: u32): void {
  out.second = ssid;
  out.secondLen = ssidLen;
  out.third = secret;
  out.thirdLen = secretLen;
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
