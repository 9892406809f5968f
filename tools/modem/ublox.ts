/**
 * A u-blox module (AT commands manuals of SARA-R4 and SARA-R5: one dialect): a SIM, a network that takes its time, a profile of packet data, seven TCP or
 * UDP sockets whose data are kept until they are read.
 */
import { Connection, type Kind } from "./connection.ts";
import { CME, CONNECT_MS, LATE_OPEN_MS, MobileModule, WINDOW_BYTES } from "./mobile.ts";
import { type Making, parse, whole } from "./module.ts";

const HOST_BYTES = 128;
const TRANSFER_BYTES = 1024;
const SOCKETS = 7;
/** The profile takes this long to start. */
const START_MS = 300;
/** Bytes that come sooner behind the prompt are lost. */
const PROMPT_MS = 50;

/** The protocols of `AT+USOCR`. */
const KINDS: Readonly<Record<string, Kind>> = { 6: "TCP", 17: "UDP" };
/** `AT+USOCTL=s,10`: states of TCP. */
const STATE = { inactive: 0, established: 4, closeWait: 7 } as const;

interface Socket {
  readonly kind: Kind;
  connection?: Connection;
}

export class Ublox extends MobileModule {
  #profile = false;
  #sockets: (Socket | undefined)[] = [];

  constructor(...making: Making) {
    super(...making);
    const anything = (): void => this.done("OK");
    this.learn({
      I: () => this.answer("SARA-R410M EMULATED"),
      "+CGMI": () => this.answer("u-blox"),
      "+CGMM": () => this.answer("SARA-R410M-02B"),
      "+GMM": () => this.answer("SARA-R410M-02B"),
      "+CPWROFF": () => this.powerDown(),
      "+CFUN": (argument, form) => this.#function(argument, form === "query"),
      "+CGAUTH": anything,
      "+CGACT": (argument, form) => (form === "query" ? this.answer(`+CGACT: 1,${this.attached ? 1 : 0}`) : anything()),
      "+CGPADDR": () => this.answer(`+CGPADDR: 1,${this.attached ? "10.0.0.2" : "0.0.0.0"}`),
      "+UMNOPROF": anything,
      "+UDCONF": (argument) => (argument.startsWith("1,1") ? this.done("ERROR") : this.done("OK")),
      "+USOSO": anything,
      "+UPSND": (argument) => this.#profiled(() => this.#query(argument)),
      "+UPSD": (argument) => this.#profiled(() => (parse(argument) ? anything() : this.fail(CME.notAllowed))),
      "+UPSDA": (argument) => this.#profiled(() => this.#activate(argument)),
      "+USOCR": (argument) => this.#make(argument),
      "+USOCO": (argument) => this.#connect(argument),
      "+USOWR": (argument) => this.#send(argument),
      "+USORD": (argument) => this.#read(argument),
      "+USOCL": (argument) => this.#close(argument),
      "+USOCTL": (argument) => this.#control(argument),
    });
  }

  get connected(): boolean {
    return this.#sockets.some((socket) => socket?.connection?.open);
  }

  protected get active(): boolean {
    return this.#profile;
  }

  protected disconnect(): void {
    for (const socket of this.#sockets) socket?.connection?.drop();
    this.#sockets = [];
  }

  /** This module does not greet. */
  protected begin(): void {
    this.#profile = false;
    this.wake();
  }

  #function(argument: string, query: boolean): void {
    if (query) return this.answer("+CFUN: 1");
    if (!/^(0|1|4|15|16)(,[01])?$/.test(argument)) return this.fail(CME.notAllowed);
    this.done("OK");
    if (/^1[56]|,1$/.test(argument)) this.reset();
  }

  /** Do something with the profile, where the module knows one. */
  #profiled(act: () => void): void {
    if (this.mischief.has("no-profile")) this.done("ERROR");
    else act();
  }

  #query(argument: string): void {
    if (argument === "0,8") this.answer(`+UPSND: 0,8,${this.#profile ? 1 : 0}`);
    else this.fail(CME.notAllowed);
  }

  #activate(argument: string): void {
    if (argument === "0,4") return this.set(() => this.#deactivate());
    if (argument !== "0,3" || this.#profile || !this.attached) return this.fail(CME.notAllowed);
    this.done("OK");
    this.after(START_MS, () => {
      this.#profile = true;
      this.say('\r\n+UUPSDA: 0,"10.0.0.2"\r\n');
    });
  }

  #deactivate(): void {
    this.#profile = false;
    this.disconnect();
  }

  protected loseContext(): void {
    this.#deactivate();
    this.say("\r\n+UUPSDD: 0\r\n");
  }

  #make(argument: string): void {
    const kind = KINDS[argument.split(",")[0] ?? ""];
    const id = Array.from({ length: SOCKETS }, (_, number) => number).find((number) => !this.#sockets[number]);
    if (!kind || id === undefined) return this.fail(CME.notAllowed);
    this.#sockets[id] = { kind };
    this.answer(`\r\n+USOCR: ${id}`);
  }

  #connect(argument: string): void {
    const [idText, host, portText] = parse(argument) ?? [];
    const id = whole(idText, 0, SOCKETS - 1);
    const port = whole(portText, 1, 65535);
    const socket = this.#sockets[id];
    const isReady = this.#profile || this.mischief.has("no-profile");
    if (!socket || socket.connection || !host || host.length > HOST_BYTES || Number.isNaN(port) || !isReady)
      return this.fail(CME.notAllowed);
    const lateMs = this.mischief.strikes("late-open") ? LATE_OPEN_MS : 0;
    const settle = (result: string): void => {
      timer();
      if (lateMs) this.after(lateMs, () => this.done(result));
      else this.done(result);
    };
    const connection = new Connection(this.dial, socket.kind, host, port, {
      opened: () => settle("OK"),
      refused: () => settle("ERROR"),
      data: (bytes) => this.#arrive(id, connection, bytes),
      closed: () => this.#ended(id, connection),
    });
    socket.connection = connection;
    const timer = this.clock.after(CONNECT_MS, () => connection.abandon());
  }

  /** The peer is gone: said once all its data is read. */
  #ended(id: number, connection: Connection): void {
    connection.ended = true;
    if (connection.unreadBytes === 0) this.#tellEnded(id);
  }

  /** The socket is free with these words. */
  #tellEnded(id: number): void {
    this.#sockets[id] = undefined;
    this.notify(`+UUSOCL: ${id}`);
  }

  #arrive(id: number, connection: Connection, bytes: Buffer): void {
    connection.keep(bytes, WINDOW_BYTES);
    // Once while the buffer was empty, and after a partial read.
    if (!connection.announced) this.#announce(id, connection);
  }

  #announce(id: number, connection: Connection): void {
    connection.announced = true;
    this.notify(`+UUSORD: ${id},${connection.unreadBytes}`);
  }

  #send(argument: string): void {
    const [idText, lengthText, text] = parse(argument) ?? [];
    const id = whole(idText, 0, SOCKETS - 1);
    const connection = this.#sockets[id]?.connection;
    const length = whole(lengthText, 1, TRANSFER_BYTES);
    if (!connection?.open || Number.isNaN(length)) return this.fail(CME.notAllowed);
    if (text !== undefined) {
      const data = Buffer.from(text, "latin1");
      return data.length === length ? this.#deliver(id, connection, data) : this.fail(CME.notAllowed);
    }
    this.say("\r\n@");
    this.after(PROMPT_MS, () => this.collect(length, (data) => this.#deliver(id, connection, data)));
  }

  #deliver(id: number, connection: Connection, data: Buffer): void {
    if (!connection.open) return this.fail(CME.notAllowed);
    const taken = this.mischief.strikes("send-short") ? this.mischief.random.below(data.length) : data.length;
    if (taken) connection.send(data.subarray(0, taken));
    if (taken < data.length) {
      connection.drop();
      connection.ended = true;
    }
    this.answer(`\r\n+USOWR: ${id},${taken}`);
  }

  #read(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const id = whole(idText, 0, SOCKETS - 1);
    const connection = this.#sockets[id]?.connection;
    const most = whole(lengthText, 0, TRANSFER_BYTES);
    if (!connection || Number.isNaN(most)) return this.fail(CME.notAllowed);
    if (most === 0) return this.answer(`\r\n+USORD: ${id},${connection.unreadBytes}`);
    if (connection.unreadBytes === 0)
      return this.answer(`\r\n+USORD: ${id},${this.mischief.has("zero-length") ? "0," : ""}""`);
    const bytes = connection.read(most);
    this.write(Buffer.concat([Buffer.from(`\r\n+USORD: ${id},${bytes.length},"`), bytes, Buffer.from('"\r\n')]));
    this.done("OK");
    if (connection.unreadBytes) this.#announce(id, connection);
    else if (connection.ended) this.#tellEnded(id);
  }

  #close(argument: string): void {
    const id = whole(argument.split(",")[0], 0, SOCKETS - 1);
    const socket = this.#sockets[id];
    if (!socket) return this.fail(CME.notAllowed);
    socket.connection?.drop();
    this.#sockets[id] = undefined;
    this.done("OK");
  }

  /** `AT+USOCTL`: the kind of a socket, the unread bytes, the state of TCP. */
  #control(argument: string): void {
    const [idText, what] = argument.split(",");
    const id = whole(idText, 0, SOCKETS - 1);
    const socket = this.#sockets[id];
    if (!socket) return this.fail(CME.notAllowed);
    const { connection } = socket;
    const values: Readonly<Record<string, number>> = {
      0: socket.kind === "TCP" ? 6 : 17,
      1: 0,
      10: connection?.open ? STATE.established : connection?.ended ? STATE.closeWait : STATE.inactive,
    };
    const value = values[what ?? ""];
    if (value === undefined) return this.fail(CME.notAllowed);
    this.answer(`\r\n+USOCTL: ${id},${what},${value}`);
  }
}
