/**
 * The settings of a mobile network, and the part of the set-up that all drivers of modules in one have: the SIM, and the search for the network.
 * `flow/link/mobile` holds it.
 */
import { AT_SEARCHES, AT_SEARCH_MS } from "../../config";
import { FaultCause, FaultStep } from "../facts";
import * as fault from "../fault";
import * as engine from "./engine";
import { out } from "./engine";
import * as connection from "./socket";
import { Phase } from "./step";

/** The first steps of the set-up: the table of each of these drivers has them in this order. */
const enum Step {
  Echo = Phase.SetUp,
  Errors,
  Locked,
  Unlock,
  Attach,
}


@unmanaged
export class Network {
  apn: usize;
  apnLen: u32;
  user: usize;
  userLen: u32;
  password: usize;
  passwordLen: u32;
  pin: usize;
  pinLen: u32;
  /** The SIM wants a PIN; it has refused ours, which is not tried again: three errors lock the SIM. */
  locked: u8;
  refused: u8;
  /** Number of queries for the network. */
  searches: u8;
  /** Bytes of the last send, as the module repeats it. */
  given: u16;
}


@lazy
export const network = changetype<Network>(memory.data(offsetof<Network>(), 4));

/** Forget all settings. */
export function clear(): void {
  memory.fill(changetype<usize>(network), 0, offsetof<Network>());
}

/** Use this access point; without, the one that the network gives. */
export function attach(apn: usize, apnLen: u32, user: usize, userLen: u32, password: usize, passwordLen: u32): void {
  network.apn = apn;
  network.apnLen = apnLen;
  network.user = user;
  network.userLen = userLen;
  network.password = password;
  network.passwordLen = passwordLen;
}

/** Unlock the SIM with this, if it asks. */
export function unlock(pin: usize, pinLen: u32): void {
  network.pin = pin;
  network.pinLen = pinLen;
}

/** Ask whether the SIM wants a PIN. */
export function askPin(): void {
  network.locked = 0;
  connection.issueAs(Step.Locked, FaultStep.Sim);
}

/** Unlock the SIM; once. */
export function enterPin(): void {
  if (!network.pinLen || network.refused) return connection.trouble(FaultCause.Error);
  // Until it is accepted, it counts as refused: a restart in between must not spend another try.
  network.refused = 1;
  connection.issueAs(Step.Unlock, FaultStep.Sim);
  out.first = network.pin;
  out.firstLen = network.pinLen;
}

/** Hand the access point, the user and the password to the step in progress, as its arguments in this order. */
export function tell(): void {
  out.first = network.apn;
  out.firstLen = network.apnLen;
  out.second = network.user;
  out.secondLen = network.userLen;
  out.third = network.password;
  out.thirdLen = network.passwordLen;
}

/** Ask whether the module is on the network. */
export function ask(): void {
  connection.issueAs(Step.Attach, FaultStep.Attach);
}

/** It is not yet. To search for minutes is no fault of the module: the search goes on. */
export function search(): void {
  if (++network.searches == AT_SEARCHES) {
    network.searches = 0;
    fault.note(FaultStep.Attach, FaultCause.Silence, 0);
  }
  engine.enter(Phase.Search, AT_SEARCH_MS);
}
