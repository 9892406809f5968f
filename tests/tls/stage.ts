/** A scripted server on a port: each connection is a script's, against whatever client dials. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Identity } from "./identities.ts";
import { Content, Kind, Script, type Ends } from "./script.ts";

const HEAD_BYTES = 5;

/** The client at the other end of a socket: what it says comes when it comes. */
class Remote implements Ends {
  readonly state = 0;
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Bytes arrived; whether there is a whole record. */
  arrive(bytes: Buffer): boolean {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    return this.#whole() > 0;
  }

  #whole(): number {
    let end = 0;
    for (;;) {
      const next =
        this.#rest.length < end + HEAD_BYTES ? Infinity : end + HEAD_BYTES + this.#rest.readUInt16BE(end + 3);
      if (next > this.#rest.length) return end;
      end = next;
    }
  }

  start(): void {}

  drain(): Buffer {
    const end = this.#whole();
    const said = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    return said;
  }

  feed(bytes: Uint8Array): Buffer {
    if (this.socket.writable) this.socket.write(bytes);
    return Buffer.alloc(0);
  }
}

export type Part = Script<Ends>;

/** The actions on one connection. */
export interface Act {
  /** The client's hello is there. */
  readonly opens: (script: Part) => void;
  /** The client's Finished is there. */
  readonly finished?: (script: Part) => void;
  /** More application data is there. */
  readonly data?: (script: Part, bytes: Buffer) => void;
}

/** The result. */
export interface Played {
  readonly script: Part;
  /** Why the script could not go on, if so: what the client said could not be opened. */
  readonly error: unknown;
}

/** A server that sends everything back and closes in order. */
export const ECHO: Act = {
  opens: (script) => script.connect(),
  data: (script, bytes) => script.raw(script.record(Content.ApplicationData, bytes)),
};

export class Stage {
  readonly port: number;
  /** The plans of the next connections, in order; after them each one is an echo. */
  readonly #acts: { act: Act; over: (played: Played) => void }[] = [];
  readonly #server: Server;

  private constructor(server: Server, identity: Identity) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#play(socket, identity));
  }

  static async open(identity: Identity): Promise<Stage> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Stage(server, identity);
  }

  /** Have the next connection play this; resolves when it has ended. */
  next(act: Act): Promise<Played> {
    return new Promise((over) => this.#acts.push({ act, over }));
  }

  close(): void {
    this.#server.close();
  }

  #play(socket: Socket, identity: Identity): void {
    const { act, over } = this.#acts.shift() ?? { act: ECHO, over: (): void => {} };
    const remote = new Remote(socket);
    let script: Part | undefined;
    let error: unknown;
    let finished = false;
    let heard = 0;
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      if (!remote.arrive(bytes) || error !== undefined) return;
      try {
        if (script) script.listen();
        else act.opens((script = new Script<Ends>(identity, {}, remote)));
        if (!finished && script.messages.some(([kind]) => kind === Kind.Finished)) {
          finished = true;
          act.finished?.(script);
        }
        if (script.data.length > heard) {
          const more = script.data.subarray(heard);
          heard = script.data.length;
          act.data?.(script, more);
        }
        if (script.alerts.includes(0)) script.raw(script.record(Content.Alert, Buffer.from([1, 0])));
        if (script.alerts.length) socket.end();
      } catch (thrown) {
        error = thrown;
        socket.destroy();
      }
    });
    socket.on("close", () => {
      if (script) over({ script, error });
    });
  }
}
