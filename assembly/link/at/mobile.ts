/** The settings of a mobile network, for the drivers of modules in one. `flow/link/quectel` holds it. */

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
