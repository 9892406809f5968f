/** Application data of the client, from and to a buffer of a guest. */
import * as bytes from "../../assembly/lib/bytes";
import * as client from "../../assembly/tls/client";

/** Seal up to `len` bytes as one record; returns how many were taken, 0 while there is no room. */
export function write(data: usize, len: u32): u32 {
  const taken = min<u32>(client.room(), len);
  bytes.copy(client.body(), data, taken);
  client.send(taken);
  return taken;
}

/** Move up to `max` bytes to `out`; returns how many. */
export function read(out: usize, max: u32): u32 {
  const len = min<u32>(max, client.left());
  bytes.copy(out, client.at(), len);
  client.take(len);
  return len;
}
