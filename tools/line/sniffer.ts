/** Read along: what a module carries, passed on unchanged or handed to the next tap. */
import type { Connection, Tap } from "./tap.ts";

export type Direction = "up" | "down";

/** A tap that shows `look` all bytes before `next`, if there is one, has its way with them. */
export function sniffer(look: (direction: Direction, bytes: Uint8Array) => void, next?: Tap): Tap {
  const pass: Tap = {
    up: (connection: Connection, bytes) => connection.toServer(bytes),
    down: (connection: Connection, bytes) => connection.toDevice(bytes),
  };
  const onward = next ?? pass;
  return {
    target: (asked) => onward.target?.(asked) ?? asked,
    up(connection, bytes) {
      look("up", bytes);
      onward.up(connection, bytes);
    },
    down(connection, bytes) {
      look("down", bytes);
      onward.down(connection, bytes);
    },
    closed: (connection) => onward.closed?.(connection),
  };
}

/** A line or more of `xxd` kind for people. */
export function dump(direction: Direction, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = Buffer.from(bytes.subarray(at, at + 16));
    const text = row.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    lines.push(`${direction === "up" ? ">" : "<"} ${row.toString("hex").padEnd(32)}  ${text}`);
  }
  return lines.join("\n");
}
