/** The guest of an export: the product's exports, and more for a C program of one's own. */
import * as app from "../../assembly/app/app";
import * as access from "../../assembly/device/access";
import * as life from "../../assembly/device/life";
import { ACCESS_MOST, TEXT_MOST } from "../../assembly/identity/access";
import { CLIENT_MOST, DATA_MOST } from "../../assembly/identity/facts";
import { ID_BYTES } from "../../assembly/identity/kind";
import * as bytes from "../../assembly/lib/bytes";
import { Status } from "../../assembly/lib/status";

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

/** Place of the client id in that of application data: behind the longest `access`. */
const CLIENT_AT: u32 = DATA_MOST - CLIENT_MOST;

if (ACCESS_MOST > CLIENT_AT || TEXT_MOST > DATA_MOST) ERROR("an access is made in the place of application data");
if (CLIENT_MOST != 128 || TEXT_MOST != 471) ERROR("boards/library/host.h has these numbers too");

/** Make an `access` at `outbox` for the client id of `len` bytes, at CLIENT_AT there, or for the device's id if there are none: `access.make`. */
export function makeAccess(len: u32): i32 {
  const place = life.outbox();
  if (!place) return Status.Again;
  if (life.id() == 0) return Status.Unexpected;
  if (len == 0) bytes.hex(place + CLIENT_AT, life.id(), ID_BYTES);
  return access.make(place, place + CLIENT_AT, len ? len : 2 * ID_BYTES);
}
