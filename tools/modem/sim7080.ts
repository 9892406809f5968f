/**
 * A SIMCom module of another dialect (TCP/IP application note of SIM7070, SIM7080 and SIM7090): a SIM, a network that takes its time, an application
 * network, thirteen TCP or UDP connections whose data are kept until they are read.
 */
import { Connection, type Kind } from "./connection.ts";
import { ATTACH_MS, CME, CONNECT_MS, LATE_OPEN_MS, MobileModule, WINDOW_BYTES } from "./mobile.ts";
import { type Making, parse, whole } from "./module.ts";

const HOST_BYTES = 64;
const TRANSFER_BYTES = 1459;
const SOCKETS = 13;
/** Application networks; the module emulates the first. */
const NETWORKS = 4;
/** The network takes this long to start. */
const START_MS = 300;

/** Results of the application note. */
const RESULT = { good: 0, socketError: 1, wrongParameter: 4, notActive: 21, connectFailed: 27 } as const;

export class Sim7080 extends MobileModule {
  protected active = false;
  #sockets: (Connection | undefined)[] = [];

  constructor(...making: Making) {
    super(...making);
    const anything = (): void => this.done("OK");
    this.learn({
      I: () => this.answer("SIM7080 EMULATED"),
      "+CGMM": () => this.answer("SIMCOM_SIM7080"),
      "+GMM": () => this.answer("SIMCOM_SIM7080"),
      "+CREBOOT": () => this.restart(),
      "+CPOWD": () => this.powerDown("NORMAL POWER DOWN"),
      "+CLTS": anything,
      "+CBATCHK": anything,
      "+CACID": anything,
      "+CACFG": anything,
      "+CASSLCFG": (argument) => (/,"?ssl"?,1$/i.test(argument) ? this.done("ERROR") : this.done("OK")),
      "+CGNAPN": () => this.answer(`+CGNAPN: 1,"${this.apn}"`),
      "+CNCFG": (argument, form) => this.#configure(argument, form === "query"),
      "+CNACT": (argument, form) => this.#activate(argument, form === "query"),
      "+CAOPEN": (argument, form) => (form === "query" ? this.answer(this.#opens()) : this.#open(argument)),
      "+CASTATE": () => this.answer(this.#states()),
      "+CASEND": (argument) => this.#send(argument),
      "+CARECV": (argument, form) => (form === "query" ? this.answer(this.#waiting()) : this.#read(argument)),
      "+CACLOSE": (argument) => this.#close(argument),
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
    this.greet("RDY");
    this.after(ATTACH_MS, () => this.say("\r\nSMS Ready\r\n"));
  }

  #configure(argument: string, query: boolean): void {
    if (query) return this.answer(`+CNCFG: 0,1,"${this.apn}","","",0`);
    const [id, type, apn = ""] = parse(argument) ?? [];
    const isWrong = Number.isNaN(whole(id, 0, NETWORKS - 1)) || Number.isNaN(whole(type, 0, 2));
    if (isWrong || this.active) return this.fail(CME.notAllowed);
    this.set(() => (this.apn = apn));
  }

  #activate(argument: string, query: boolean): void {
    if (query) {
      const rows = Array.from({ length: NETWORKS }, (_, id) =>
        id === 0 && this.active ? '+CNACT: 0,1,"10.0.0.2"' : `+CNACT: ${id},0,"0.0.0.0"`,
      );
      return this.answer(rows.join("\r\n"));
    }
    const [id, action] = argument.split(",");
    if (id !== "0" || !/^[012]$/.test(action ?? "")) return this.fail(CME.notAllowed);
    if (action === "0") return this.#deactivate();
    if (this.active || !this.attached) return this.fail(CME.notAllowed);
    this.done("OK");
    this.after(START_MS, () => {
      this.active = true;
      this.say("\r\n+APP PDP: 0,ACTIVE\r\n");
    });
  }

  #deactivate(): void {
    this.done("OK");
    if (this.active) this.loseContext();
  }

  protected loseContext(): void {
    this.active = false;
    this.disconnect();
    this.say("\r\n+APP PDP: 0,DEACTIVE\r\n");
  }

  #open(argument: string): void {
    const [idText, network, kind, host, portText] = parse(argument) ?? [];
    const [id, port] = [whole(idText, 0, SOCKETS - 1), whole(portText, 1, 65535)];
    if (Number.isNaN(id) || network !== "0") return this.fail(CME.notAllowed);
    if ((kind !== "TCP" && kind !== "UDP") || !host || host.length > HOST_BYTES || Number.isNaN(port))
      return this.#opened(id, RESULT.wrongParameter);
    if (!this.active) return this.#opened(id, RESULT.notActive);
    if (this.#sockets[id]) return this.#opened(id, RESULT.socketError);
    this.#dial(id, kind, host, port);
  }

  /** Say how a connection was opened, before OK or behind it. */
  #opened(id: number, result: number): void {
    const line = `\r\n+CAOPEN: ${id},${result}\r\n`;
    const isLast = this.mischief.strikes("result-last");
    if (!isLast) this.say(line);
    this.done("OK");
    if (isLast) this.say(line);
  }

  #dial(id: number, kind: Kind, host: string, port: number): void {
    const lateMs = this.mischief.strikes("late-open") ? LATE_OPEN_MS : 0;
    const settle = (result: number): void => {
      timer();
      const tell = (): void => {
        if (this.#sockets[id] !== connection) return this.#opened(id, RESULT.notActive);
        if (result !== RESULT.good) this.#sockets[id] = undefined;
        this.#opened(id, result);
      };
      if (lateMs) this.after(lateMs, tell);
      else tell();
    };
    const connection = new Connection(this.dial, kind, host, port, {
      opened: () => settle(RESULT.good),
      refused: () => settle(RESULT.connectFailed),
      data: (bytes) => this.#arrive(id, connection, bytes),
      closed: () => this.notify(`+CASTATE: ${id},0`),
    });
    this.#sockets[id] = connection;
    const timer = this.clock.after(CONNECT_MS, () => connection.abandon());
  }

  #arrive(id: number, socket: Connection, bytes: Buffer): void {
    socket.keep(bytes, WINDOW_BYTES);
    // Once, until all is read.
    if (socket.announced) return;
    socket.announced = true;
    this.notify(`+CADATAIND: ${id}`);
  }

  #send(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const id = whole(idText, 0, SOCKETS - 1);
    const socket = this.#sockets[id];
    const length = whole(lengthText, 1, TRANSFER_BYTES);
    if (!socket?.open || Number.isNaN(length)) return this.fail(CME.notAllowed);
    this.say("\r\n>");
    this.collect(length, (data) => this.#deliver(id, socket, data));
  }

  #deliver(id: number, socket: Connection, data: Buffer): void {
    if (!socket.open) return this.done("ERROR");
    const isLost = this.mischief.strikes("report-fail");
    if (!isLost) socket.send(data);
    // By the manual a connection with an error is of no further use.
    else socket.drop();
    this.done("OK");
    const result = isLost ? RESULT.socketError : RESULT.good;
    if (isLost || !this.mischief.has("no-report"))
      this.say(`\r\n+CASEND: ${id},${result},${isLost ? 0 : data.length}\r\n`);
  }

  #read(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const socket = this.#sockets[whole(idText, 0, SOCKETS - 1)];
    const most = whole(lengthText, 1, TRANSFER_BYTES);
    if (!socket || Number.isNaN(most)) return this.fail(CME.notAllowed);
    if (socket.unreadBytes === 0) return this.answer("\r\n+CARECV: 0");
    const wasAnnounced = socket.announced;
    const bytes = socket.read(most);
    socket.announced = wasAnnounced && socket.unreadBytes > 0;
    this.write(Buffer.concat([Buffer.from(`\r\n+CARECV: ${bytes.length},`), bytes, Buffer.from("\r\n")]));
    this.done("OK");
  }

  #close(argument: string): void {
    const id = whole(argument, 0, SOCKETS - 1);
    if (Number.isNaN(id) || !this.#sockets[id]) return this.done("ERROR");
    this.#sockets[id].drop();
    this.#sockets[id] = undefined;
    this.done("OK");
  }

  #opens(): string {
    const rows = this.#sockets.flatMap((socket, id) =>
      socket ? [`+CAOPEN: ${id},"${socket.kind}","${socket.host}",${socket.port}`] : [],
    );
    return rows.join("\r\n");
  }

  #states(): string {
    return this.#sockets
      .flatMap((socket, id) => (socket ? [`+CASTATE: ${id},${socket.open ? 1 : 0}`] : []))
      .join("\r\n");
  }

  /** The connections with unread data. */
  #waiting(): string {
    const rows = this.#sockets.flatMap((socket, id) =>
      socket?.unreadBytes ? [`+CARECV: ${id},${socket.unreadBytes}`] : [],
    );
    return rows.join("\r\n");
  }
}
