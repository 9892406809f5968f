/**
 * A SIMCom module (TCP/IP application notes of SIM7500/SIM7600 and A76xx: one dialect): a SIM, a network that takes its time, a network service, ten TCP
 * connections whose data are kept until they are read, or printed at once.
 */
import { Connection } from "./connection.ts";
import { ATTACH_MS, CME, CONNECT_MS, CTRL_Z, LATE_OPEN_MS, MobileModule, WINDOW_BYTES } from "./mobile.ts";
import { type Making, parse, whole } from "./module.ts";

const HOST_BYTES = 255;
const TRANSFER_BYTES = 1500;
const SOCKETS = 10;
/** The service takes this long to start. */
const SERVICE_MS = 300;

/** Numbers of errors of the application note. */
const NET = { notOpened: 2, wrongParameter: 3, unsupported: 4, idInUse: 4, timeout: 10 } as const;
/** Reasons for the end of a connection. */
const ENDED_BY_PEER = 1;

export class SimCom extends MobileModule {
  protected active = false;
  #kept = false;
  #sockets: (Connection | undefined)[] = [];

  constructor(...making: Making) {
    super(...making);
    const anything = (): void => this.done("OK");
    this.learn({
      I: () => this.answer("Manufacturer: SIMCOM INCORPORATED\r\nModel: SIMCOM_SIM7600\r\nRevision: EMULATED"),
      "+CRESET": () => this.restart(),
      "+CPOF": () => this.powerDown("NORMAL POWER DOWN"),
      "+CGAUTH": anything,
      "+CGACT": anything,
      "+CSOCKSETPN": anything,
      "+CIPMODE": (argument, form) => (form === "query" ? this.answer("+CIPMODE: 0") : this.oneOf(argument, "0")),
      "+CIPSENDMODE": (argument) => this.oneOf(argument, "01"),
      "+CIPCCFG": anything,
      "+CIPTIMEOUT": anything,
      "+CIPSRIP": anything,
      "+CIPHEAD": anything,
      "+IPADDR": () => (this.active ? this.answer("+IPADDR: 10.0.0.2") : this.#refuse("Network not opened")),
      "+NETOPEN": (_, form) => this.#netOpen(form === "query"),
      "+NETCLOSE": () => this.#netClose(),
      "+CIPRXGET": (argument, form) => this.#receive(argument, form === "query"),
      "+CIPOPEN": (argument, form) => (form === "query" ? this.answer(this.#states()) : this.#open(argument)),
      "+CIPSEND": (argument) => this.#send(argument),
      "+CIPCLOSE": (argument, form) => this.#close(argument, form === "query"),
    });
  }

  get connected(): boolean {
    return this.#sockets.some((socket) => socket?.open);
  }

  protected disconnect(): void {
    for (const socket of this.#sockets) socket?.drop();
    this.#sockets = [];
  }

  protected begin(): void {
    this.active = false;
    this.#kept = false;
    this.greet("RDY");
    this.after(ATTACH_MS, () => this.say("\r\nSMS DONE\r\n\r\nPB DONE\r\n"));
  }

  /** Fail with a reason in words. */
  #refuse(reason: string): void {
    this.say(`\r\n+IP ERROR: ${reason}\r\n`);
    this.done("ERROR");
  }

  /** End a command with its result, before or behind OK. A failed one may say ERROR instead. */
  #result(line: string, failed: boolean): void {
    const tell = (): void => this.say(`\r\n${line}\r\n`);
    if (!this.mischief.strikes("result-first")) {
      this.done("OK");
      return tell();
    }
    tell();
    this.done(failed ? "ERROR" : "OK");
  }

  #netOpen(query: boolean): void {
    if (query) return this.answer(`+NETOPEN: ${this.active ? 1 : 0}`);
    if (this.active) return this.#refuse("Network is already opened");
    if (!this.attached) return this.#result("+NETOPEN: 1", true);
    this.active = true;
    this.done("OK");
    this.after(SERVICE_MS, () => this.say("\r\n+NETOPEN: 0\r\n"));
  }

  #netClose(): void {
    if (!this.active) return this.#result(`+NETCLOSE: ${NET.notOpened}`, true);
    this.active = false;
    this.disconnect();
    this.#result("+NETCLOSE: 0", false);
  }

  protected loseContext(): void {
    this.active = false;
    this.disconnect();
    this.say("\r\n+CIPEVENT: NETWORK CLOSED UNEXPECTEDLY\r\n");
  }

  #open(argument: string): void {
    const [idText, kind, host, portText] = parse(argument) ?? [];
    const [id, port] = [whole(idText, 0, SOCKETS - 1), whole(portText, 1, 65535)];
    if (Number.isNaN(id)) return this.fail(CME.notAllowed);
    const said = (error: number): string => `+CIPOPEN: ${id},${error}`;
    // UDP and transparent access are not emulated.
    if (kind !== "TCP" || !host || host.length > HOST_BYTES || Number.isNaN(port))
      return this.#result(said(NET.wrongParameter), true);
    if (!this.active) return this.#result(said(NET.notOpened), true);
    if (this.#sockets[id]) return this.#result(said(NET.idInUse), true);
    this.#dial(id, host, port, said);
  }

  #dial(id: number, host: string, port: number, said: (error: number) => string): void {
    const lateMs = this.mischief.strikes("late-open") ? LATE_OPEN_MS : 0;
    // The module is at work until the result, where that comes first.
    const resultFirst = this.mischief.strikes("result-first");
    if (!resultFirst) this.done("OK");
    const tell = (error: number): void => {
      if (this.#sockets[id] !== connection) return;
      if (error) this.#sockets[id] = undefined;
      this.say(`\r\n${said(error)}\r\n`);
      if (resultFirst) this.done(error ? "ERROR" : "OK");
    };
    const late = (error: number): void => {
      timer();
      if (lateMs) this.after(lateMs, () => tell(error));
      else tell(error);
    };
    const connection = new Connection(this.dial, "TCP", host, port, {
      opened: () => late(0),
      refused: () => late(NET.timeout),
      data: (bytes) => this.#arrive(id, bytes),
      closed: () => this.notify(`+IPCLOSE: ${id},${ENDED_BY_PEER}`),
    });
    this.#sockets[id] = connection;
    const timer = this.clock.after(CONNECT_MS, () => connection.abandon());
  }

  #arrive(id: number, bytes: Buffer): void {
    const socket = this.#sockets[id];
    if (!socket) return;
    if (!this.#kept) {
      const head = `\r\nRECV FROM:${socket.host}:${socket.port}\r\n+IPD${bytes.length}\r\n`;
      return this.write(Buffer.concat([Buffer.from(head), bytes]));
    }
    socket.keep(bytes, WINDOW_BYTES);
    // Once, until all is read.
    if (socket.announced) return;
    socket.announced = true;
    this.notify(`+CIPRXGET: 1,${id}`);
  }

  #close(argument: string, query: boolean): void {
    if (query) {
      const open = Array.from({ length: SOCKETS }, (_, id) => (this.#sockets[id] ? 1 : 0));
      return this.answer(`+CIPCLOSE: ${open.join(",")}`);
    }
    const id = whole(argument, 0, SOCKETS - 1);
    if (Number.isNaN(id)) return this.fail(CME.notAllowed);
    if (!this.#sockets[id]) {
      this.say(`\r\n+CIPCLOSE: ${id},${NET.unsupported}\r\n`);
      return this.done("ERROR");
    }
    this.#sockets[id].drop();
    this.#sockets[id] = undefined;
    this.#result(`+CIPCLOSE: ${id},0`, false);
  }

  #send(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const id = whole(idText, 0, SOCKETS - 1);
    const socket = this.#sockets[id];
    const length =
      lengthText === "" || lengthText === undefined ? TRANSFER_BYTES : whole(lengthText, 1, TRANSFER_BYTES);
    if (!socket?.open || Number.isNaN(length)) {
      this.say(`\r\n+CIPERROR: ${NET.unsupported}\r\n`);
      return this.done("ERROR");
    }
    this.say("\r\n>");
    this.collect(length, (data) => this.#deliver(id, socket, data), lengthText ? undefined : CTRL_Z);
  }

  #deliver(id: number, socket: Connection, data: Buffer): void {
    const said = (taken: number): string => `+CIPSEND: ${id},${data.length},${taken}`;
    if (!socket.open) return this.#result(said(-1), true);
    const taken = this.mischief.strikes("send-short") ? this.mischief.random.below(data.length) : data.length;
    if (taken) socket.send(data.subarray(0, taken));
    // By the manual a connection that did not take all is of no further use.
    if (taken < data.length) socket.drop();
    this.#result(said(taken), false);
  }

  #receive(argument: string, query: boolean): void {
    if (query) return this.answer(`+CIPRXGET: ${this.#kept ? 1 : 0}`);
    const [mode, idText, lengthText] = argument.split(",");
    if (mode === "0" || mode === "1") return this.set(() => (this.#kept = mode === "1"));
    const id = whole(idText, 0, SOCKETS - 1);
    const socket = this.#sockets[id];
    const most = lengthText === undefined ? TRANSFER_BYTES : whole(lengthText, 1, TRANSFER_BYTES);
    if (!this.#kept || Number.isNaN(id) || Number.isNaN(most)) return this.fail(CME.notAllowed);
    if (mode === "4") return this.answer(`+CIPRXGET: 4,${id},${socket?.unreadBytes ?? 0}`);
    if (mode !== "2") return this.fail(CME.notAllowed);
    if (!socket?.unreadBytes) return this.#refuse("No data");
    const wasAnnounced = socket.announced;
    const bytes = socket.read(most);
    socket.announced = wasAnnounced && socket.unreadBytes > 0;
    const head = `\r\n+CIPRXGET: 2,${id},${bytes.length},${socket.unreadBytes}\r\n`;
    this.write(Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n")]));
    this.done("OK");
  }

  #states(): string {
    return Array.from({ length: SOCKETS }, (_, id) => {
      const socket = this.#sockets[id];
      return `+CIPOPEN: ${id}${socket ? `,"${socket.kind}","${socket.host}",${socket.port},-1` : ""}`;
    }).join("\r\n");
  }
}
