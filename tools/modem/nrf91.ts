/**
 * The Serial Modem of an nRF91 module (Nordic's manual of its AT commands, version 2): a radio that is off at first, eight sockets, TCP or UDP, whose data
 * are kept until they are read, notices where they are asked for, data by length or until `+++`.
 */
import { lookup } from "node:dns/promises";
import { Connection, type Kind } from "./connection.ts";
import { CME, CONNECT_MS, LATE_OPEN_MS, MobileModule, WINDOW_BYTES } from "./mobile.ts";
import { type Making, parse, whole } from "./module.ts";

const HOST_BYTES = 128;
const READ_BYTES = 2048;
const SEND_BYTES = 4096;
const HEX_BYTES = 1400;
const SOCKETS = 8;
const TERMINATOR = "+++";
/** The flag of a read that does not wait. */
const NO_WAIT = 64;
/** Events of a socket. */
const POLL = { in: 1, out: 4, error: 8, hangUp: 16 } as const;
/** An error of the socket, as the data mode ends with it. */
const NOT_CONNECTED = -128;

interface Socket {
  readonly kind: Kind;
  readonly family: string;
  readonly context: string;
  connection?: Connection;
  /** The events to tell. */
  events: number;
  /** Go on with a read that waits. */
  waiting?: (() => void) | undefined;
}

export class Nrf91 extends MobileModule {
  #on = false;
  #sockets: (Socket | undefined)[] = [];
  /** The events to tell of a new socket. */
  #events = 0;
  #straight: Connection | undefined;
  /** Notices that wait for the end of the data mode. */
  #held: string[] = [];

  constructor(...making: Making) {
    super(...making);
    this.learn({
      // The rate is a setting of the build.
      "+IPR": () => this.done("ERROR"),
      I: () => this.answer("Nordic Semiconductor ASA\r\nnRF9151-SICA\r\nEMULATED"),
      "#XSMVER": () => this.answer('#XSMVER: "2.0.0","emulated"'),
      "#XRESET": () => this.restart(),
      "+CFUN": (argument, form) => this.#radio(argument, form === "query"),
      "+CPIN": (argument, form) => (this.#on ? this.unlock(argument, form === "query") : this.done("ERROR")),
      "+CGAUTH": () => this.done("OK"),
      "#XSOCKET": (argument, form) => (form === "query" ? this.answer(this.#list()) : this.#make(argument)),
      "#XCLOSE": (argument) => this.#close(argument),
      "#XSOCKETOPT": () => this.done("OK"),
      "#XCONNECT": (argument) => this.#connect(argument),
      "#XSEND": (argument) => this.#send(argument),
      "#XRECV": (argument) => this.#read(argument),
      "#XAPOLL": (argument, form) => (form === "query" ? this.answer(this.#polls()) : this.#poll(argument)),
      "#XGETADDRINFO": (argument) => void this.#resolve(parse(argument)?.[0]),
    });
  }

  get connected(): boolean {
    return this.#sockets.some((socket) => socket?.connection?.open);
  }

  protected get active(): boolean {
    return this.attached;
  }

  protected override get attached(): boolean {
    return this.#on && super.attached;
  }

  protected disconnect(): void {
    for (const socket of this.#sockets) socket?.connection?.drop();
    this.#sockets = [];
    this.#straight = undefined;
  }

  protected begin(): void {
    this.#on = false;
    this.#events = 0;
    this.#held = [];
    this.echo = false;
    this.wake();
    this.say("Ready\r\n");
  }

  #radio(argument: string, query: boolean): void {
    if (query) return this.answer(`+CFUN: ${this.#on ? 1 : 0}`);
    if (!/^[014]$/.test(argument)) return this.fail(CME.notAllowed);
    const on = argument === "1";
    if (on && !this.#on) this.search();
    if (!on) this.loseContext();
    this.set(() => (this.#on = on));
  }

  protected loseContext(): void {
    for (const [handle, socket] of this.#sockets.entries()) {
      if (!socket?.connection?.open) continue;
      socket.connection.drop();
      this.#tell(handle, POLL.error);
    }
  }

  #list(): string {
    const lines = [...this.#sockets.entries()].flatMap(([handle, socket]) =>
      socket ? [`#XSOCKET: ${handle},${socket.family},0,${socket.kind === "TCP" ? 1 : 2},${socket.context}`] : [],
    );
    return lines.join("\r\n");
  }

  #make(argument: string): void {
    const [family = "", type, role, context = "0"] = parse(argument) ?? [];
    const handle = Array.from({ length: SOCKETS }, (_, id) => id).find((id) => !this.#sockets[id]);
    // Servers and raw sockets are not emulated.
    if (!/^[12]$/.test(family) || (type !== "1" && type !== "2") || role !== "0" || handle === undefined)
      return this.done("ERROR");
    this.#sockets[handle] = { kind: type === "1" ? "TCP" : "UDP", family, context, events: this.#events };
    this.answer(`\r\n#XSOCKET: ${handle},${type},${type === "1" ? 6 : 17}`);
  }

  #close(argument: string): void {
    const one = argument === "" ? undefined : whole(argument, 0, SOCKETS - 1);
    const open = [...this.#sockets.entries()].filter(([id, socket]) => socket && (one === undefined || id === one));
    if (one !== undefined && open.length === 0) return this.done("ERROR");
    for (const [handle, socket] of open) {
      socket?.connection?.drop();
      this.#sockets[handle] = undefined;
      this.say(`\r\n#XCLOSE: ${handle},0\r\n`);
    }
    this.done("OK");
  }

  #connect(argument: string): void {
    const [handleText, host, portText] = parse(argument) ?? [];
    const [handle, port] = [whole(handleText, 0, SOCKETS - 1), whole(portText, 1, 65535)];
    const socket = this.#sockets[handle];
    if (!socket || socket.connection || !host || host.length > HOST_BYTES || Number.isNaN(port))
      return this.done("ERROR");
    const tell = (connected: boolean): void => {
      timer();
      if (this.#sockets[handle] !== socket) return;
      if (!connected) delete socket.connection;
      this.say(`\r\n#XCONNECT: ${handle},${connected ? 1 : 0}\r\n`);
      this.done(connected ? "OK" : "ERROR");
    };
    const lateMs = this.mischief.strikes("late-open") ? LATE_OPEN_MS : 0;
    const later = (connected: boolean): void => (lateMs ? this.after(lateMs, () => tell(connected)) : tell(connected));
    if (!this.attached) {
      this.say(`\r\n#XCONNECT: ${handle},0\r\n`);
      return this.done("ERROR");
    }
    const connection = new Connection(this.dial, socket.kind, host, port, {
      opened: () => later(true),
      refused: () => later(false),
      data: (bytes) => this.#arrive(handle, bytes),
      closed: () => {
        socket.waiting?.();
        this.#tell(handle, POLL.hangUp);
      },
    });
    socket.connection = connection;
    const timer = this.clock.after(CONNECT_MS, () => connection.abandon());
  }

  /** Say an event of a socket, behind the data mode. */
  #tell(handle: number, event: number): void {
    const line = `#XAPOLL: ${handle},${event}`;
    if (this.mode === "data" || this.mode === "passthrough") this.#held.push(line);
    else this.notify(line);
  }

  #arrive(handle: number, bytes: Buffer): void {
    const socket = this.#sockets[handle];
    if (!socket?.connection) return;
    socket.connection.keep(bytes, WINDOW_BYTES);
    if (socket.waiting) return socket.waiting();
    this.#announce(handle, socket);
  }

  /** Say once that data wait, until they are read. */
  #announce(handle: number, { connection, events }: Socket): void {
    if (!connection?.unreadBytes || connection.announced || !(events & POLL.in)) return;
    connection.announced = true;
    this.#tell(handle, POLL.in);
  }

  #polls(): string {
    const lines = [...this.#sockets.entries()].flatMap(([handle, socket]) =>
      socket?.events ? [`#XAPOLL: ${handle},${socket.events}`] : [],
    );
    return lines.join("\r\n");
  }

  #poll(argument: string): void {
    const [handleText = "", start, eventsText = "0"] = argument.split(",");
    const events = whole(eventsText || "0", 0, POLL.in + POLL.out);
    const one = handleText === "" ? undefined : whole(handleText, 0, SOCKETS - 1);
    if ((start !== "0" && start !== "1") || Number.isNaN(events)) return this.done("ERROR");
    if (one !== undefined && !this.#sockets[one]) return this.done("ERROR");
    const value = start === "1" ? events : 0;
    if (one === undefined) this.#events = value;
    for (const [handle, socket] of this.#sockets.entries())
      if (socket && (one === undefined || one === handle)) socket.events = value;
    this.done("OK");
  }

  #send(argument: string): void {
    const [, handleText, mode, text] = /^(\d),([0-2]),\d+(?:,(.*))?$/s.exec(argument) ?? [];
    const socket = this.#sockets[whole(handleText, 0, SOCKETS - 1)];
    const connection = socket?.connection;
    if (!connection?.open) return this.done("ERROR");
    if (mode !== "2") return this.#sendText(Number(handleText), connection, mode === "1", text);
    if (text === undefined) {
      this.#straight = connection;
      this.done("OK");
      this.mode = "passthrough";
      return;
    }
    const wanted = whole(text, 1, SEND_BYTES);
    if (Number.isNaN(wanted)) return this.done("ERROR");
    this.done("OK");
    this.collect(wanted, (data) => {
      if (connection.open) connection.send(data);
      this.#leave(connection.open ? 0 : NOT_CONNECTED);
    });
  }

  #sendText(handle: number, connection: Connection, hex: boolean, argument: string | undefined): void {
    const text = parse(argument ?? "")?.[0];
    const bytes = Buffer.from(text ?? "", hex ? "hex" : "latin1");
    if (!bytes.length || bytes.length > HEX_BYTES || (hex && 2 * bytes.length !== text?.length))
      return this.done("ERROR");
    connection.send(bytes);
    this.answer(`\r\n#XSEND: ${handle},0,${bytes.length}`);
  }

  /** The data mode is over: say how it went, and what was held back. */
  #leave(status: number): void {
    this.mode = "command";
    this.working = false;
    this.say(`\r\n#XDATAMODE: ${status}\r\n`);
    for (const line of this.#held.splice(0)) this.notify(line);
  }

  protected override pass(bytes: Buffer): void {
    const ends = bytes.toString("latin1").endsWith(TERMINATOR);
    const data = ends ? bytes.subarray(0, -TERMINATOR.length) : bytes;
    const { open } = this.#straight ?? {};
    if (open && data.length) this.#straight?.send(Buffer.from(data));
    if (ends) this.#leave(open ? 0 : NOT_CONNECTED);
  }

  #read(argument: string): void {
    const [handleText, mode, flagsText, timeoutText, lengthText] = argument.split(",");
    const handle = whole(handleText, 0, SOCKETS - 1);
    const [flags, timeout] = [whole(flagsText, 0, 511), whole(timeoutText, 0, 3600)];
    const most = lengthText === undefined ? READ_BYTES : whole(lengthText, 1, READ_BYTES);
    const socket = this.#sockets[handle];
    if (!socket?.connection || (mode !== "0" && mode !== "1") || Number.isNaN(flags + timeout + most))
      return this.done("ERROR");
    const take = (): void => this.#give(handle, socket, mode === "1", most);
    if (socket.connection.unreadBytes || !socket.connection.open || flags & NO_WAIT) return take();
    const stop = timeout ? this.clock.after(1000 * timeout, () => go()) : undefined;
    const go = (): void => {
      stop?.();
      if (!socket.waiting) return;
      socket.waiting = undefined;
      take();
    };
    socket.waiting = go;
  }

  #give(handle: number, socket: Socket, hex: boolean, most: number): void {
    const bytes = socket.connection?.read(most);
    if (!bytes?.length) return this.done("ERROR");
    const data = hex ? Buffer.from(bytes.toString("hex")) : bytes;
    this.write(
      Buffer.concat([
        Buffer.from(`\r\n#XRECV: ${handle},${hex ? 1 : 0},${bytes.length}\r\n`),
        data,
        Buffer.from("\r\n"),
      ]),
    );
    this.done("OK");
    this.#announce(handle, socket);
  }

  async #resolve(host: string | undefined): Promise<void> {
    try {
      this.answer(`\r\n#XGETADDRINFO: "${(await lookup(host ?? "", 4)).address}"`);
    } catch {
      this.done("ERROR");
    }
  }
}
