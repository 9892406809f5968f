/** One connection of the device's own client to a server, up to the end of the handshake and the ticket behind it. */
import net from "node:net";
import { firmware } from "../guest/firmware.ts";
import { GUEST_TLS } from "../firmware/asc.ts";
import { Client, State, type Settings } from "./client.ts";
import type { Profile } from "./profiles.ts";

const PATIENCE_MS = 20_000;
/** Time for a ticket to come after the handshake: servers send it at once or not at all. */
const TICKET_MS = 1_000;

/** Make the client of a profile. */
export async function clientOf({ use }: Profile): Promise<Client> {
  const choices = Object.entries(use).map(([name, value]) => `${name}=${value}`);
  return new Client(await firmware(GUEST_TLS, choices));
}

export interface Attempt {
  readonly connected: boolean;
  readonly resumed: boolean;
  readonly ticket: boolean;
  /** The server asked for the device's certificate. */
  readonly shown: boolean;
  /** Bytes that went over the wire, both ways. */
  readonly up: number;
  readonly down: number;
}

/** Connect. The client keeps its ticket for the next attempt. */
export function attempt(client: Client, host: string, port: number, settings: Settings): Promise<Attempt> {
  client.start({ ...settings, host });
  const socket = net.connect({ host, port, noDelay: true });
  const wire = { up: 0, down: 0 };
  let connected = false;
  let shown = false;
  let resumed = false;
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const stayed = connected && client.state !== State.Failed;
      resolve({ ...wire, connected: stayed, shown, resumed, ticket: client.guest.ticketKept() !== 0 });
    };
    const pump = (): void => {
      const out = client.drain();
      wire.up += out.length;
      if (out.length) socket.write(out);
      shown ||= client.visited.has(State.SendVerify);
      if (client.state === State.Connected && !connected) {
        connected = true;
        resumed = client.guest.preShared() !== 0;
        clearTimeout(timer);
        timer = setTimeout(close, TICKET_MS);
      }
      if (connected && client.state === State.Connected && client.guest.ticketKept()) close();
      if (client.state >= State.Closed) end();
    };
    // The server's answer to close_notify is not of interest: the connection has shown all that is asked.
    const close = (): void => {
      client.guest.close();
      const out = client.drain();
      client.guest.abandon();
      socket.end(out, end);
    };
    timer = setTimeout(() => {
      client.guest.peerGone();
      end();
    }, PATIENCE_MS);
    socket.on("connect", pump);
    socket.on("data", (bytes) => {
      wire.down += bytes.length;
      client.give(bytes, client.guest.capacity(), () => {
        client.guest.drop();
        return false;
      });
      pump();
    });
    socket.on("error", reject);
    socket.on("end", () => {
      client.guest.peerGone();
      end();
    });
  });
}
