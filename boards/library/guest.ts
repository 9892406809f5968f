/** The guest of an export: the product's exports, and more for a C program of one's own. */
import * as app from "../../assembly/app/app";
import * as life from "../../assembly/device/life";

export * from "../../assembly/main";

/** Where 32 bytes of the firmware's name are put. */
export function nameAt(): usize {
  return app.NAME;
}

/** Where 32 bytes of its version are put. */
export function versionAt(): usize {
  return app.VERSION;
}

/** Take the lengths of both. */
export function name(nameBytes: u32, versionBytes: u32): void {
  app.name(nameBytes, versionBytes);
}

/** Where the device's id is; 0: it has no key yet. */
export function idAt(): usize {
  return life.id();
}

/** Send the last word of the key; a `Status`: Again until the server has it. */
export function leave(): i32 {
  return life.leave();
}

/** The server's time in the last answer that it signed. */
export function answeredAt(): u32 {
  return life.answeredAt();
}

/** Where the last command is. */
export function commandAt(): usize {
  return app.commandAt;
}

/** How many bytes it has. */
export function commandBytes(): u32 {
  return app.commandBytes;
}
