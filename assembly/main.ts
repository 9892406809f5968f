/** The guest's exports, and nothing else. */
import { DATA_MOST } from "./identity/claim";
import * as device from "./app/device";

/** Begin: once after reset. */
export function init(): void {
  device.start();
}

/** Do what there is to do. Returns after how many ms to call again; 0: at once. A received byte is a reason to call earlier. */
export function poll(): u32 {
  return device.turn();
}

/** Where application data is put for `send`; 0 while the last ones have no receipt yet. */
export function outbox(): usize {
  return device.outbox();
}

/** How many bytes fit there. */
export function outboxBytes(): u32 {
  return DATA_MOST;
}

/** Send `len` bytes of the outbox as the next report; a `Status`. */
export function send(len: u32): i32 {
  return device.give(len);
}

/** Where in its life the device is: a `State`. */
export function status(): u32 {
  return device.state();
}
