import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { Connection, Tap, Target } from "../line/tap.ts";

/** A TCP relay with a tap in it: the attacker on the network, where the module itself is honest. */
export interface Proxy {
  readonly port: number;
  close(): Promise<void>;
}

/** Relay connections on a loopback port to `to`, by way of the tap. */
export async function startProxy(to: Target, tap: Tap): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((device) => {
    const { host, port } = tap.target?.(to) ?? to;
    const upstream = connect({ host, port, noDelay: true });
    const connection: Connection = {
      toServer: (bytes) => void upstream.write(bytes),
      toDevice: (bytes) => void device.write(bytes),
      close: () => {
        device.destroy();
        upstream.destroy();
      },
    };
    for (const socket of [device, upstream]) {
      sockets.add(socket);
      socket.on("error", connection.close);
      socket.on("close", () => {
        sockets.delete(socket);
        connection.close();
        tap.closed?.(connection);
      });
    }
    device.on("data", (bytes) => tap.up(connection, bytes));
    upstream.on("data", (bytes) => tap.down(connection, bytes));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
