/** The module's connections: real sockets, with a tap between them and the module. */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { Connection, Tap, Target } from "./tap.ts";

/** Events of a connection, for the module. `closed` comes last and once. */
export interface Listener {
  opened(): void;
  data(bytes: Buffer): void;
  closed(): void;
}

/** The module's side of a connection. */
export interface Carrier {
  send(bytes: Buffer): void;
  /** True if data may come: the module's window. */
  want(more: boolean): void;
  close(): void;
}

export type Dial = (kind: "TCP" | "UDP", target: Target, listener: Listener) => Carrier;

/** Open a real connection. */
export const dial: Dial = (kind, target, listener) =>
  kind === "TCP" ? dialTcp(target, listener) : dialUdp(target, listener);

function dialTcp(target: Target, listener: Listener): Carrier {
  const socket = connect({ host: target.host, port: target.port, noDelay: true });
  socket.on("connect", () => listener.opened());
  socket.on("data", (bytes) => listener.data(bytes));
  // The peer's end is the end: modules have no half-open connections.
  socket.on("end", () => socket.end());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => listener.closed());
  return {
    send: (bytes) => void (socket.writable && socket.write(bytes)),
    want: (more) => void (more ? socket.resume() : socket.pause()),
    close: () => void socket.destroySoon(),
  };
}

function dialUdp(target: Target, listener: Listener): Carrier {
  const socket = createSocket("udp4");
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    socket.close(() => listener.closed());
  };
  socket.on("connect", () => listener.opened());
  socket.on("message", (bytes) => listener.data(bytes));
  socket.on("error", end);
  socket.connect(target.port, target.host, (error?: Error) => error && end());
  return { send: (bytes) => void (over || socket.send(bytes)), want: () => {}, close: end };
}

/** The same with a tap in the line. `tap` is asked at each connection, so that it can change while the module runs. */
export function tapped(dial: Dial, tapNow: () => Tap | undefined): Dial {
  return (kind, asked, listener) => {
    const tap = tapNow();
    if (!tap) return dial(kind, asked, listener);
    let over = false;
    const carrier = dial(kind, tap.target?.(asked) ?? asked, {
      opened: () => listener.opened(),
      data: (bytes) => tap.down(connection, bytes),
      closed: () => {
        over = true;
        tap.closed?.(connection);
        listener.closed();
      },
    });
    const connection: Connection = {
      toServer: (bytes) => carrier.send(Buffer.from(bytes)),
      toDevice: (bytes) => void (over || listener.data(Buffer.from(bytes))),
      close: () => carrier.close(),
    };
    return { send: (bytes) => tap.up(connection, bytes), want: carrier.want, close: carrier.close };
  };
}
