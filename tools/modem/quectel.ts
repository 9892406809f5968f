/**
 * A Quectel module (TCP/IP application notes of BG95/BG96, EC2x, EC200: one dialect): a SIM, a network that takes its time,
 * a context, twelve TCP or UDP connections in buffer access or direct push mode.
 */
import { Connection, type Kind } from "./connection.ts";
import { ATTACH_MS, CME, CONNECT_MS, CTRL_Z, LATE_OPEN_MS, MobileModule, WINDOW_BYTES } from "./mobile.ts";
import { type Making, parse, whole } from "./module.ts";

const HOST_BYTES = 150;
const SEND_BYTES = 1460;
const READ_BYTES = 1500;
const SOCKETS = 12;

/** Numbers of errors of the application note. */
const IP = { busy: 552, idInUse: 563, connectFailed: 566, noContext: 561 } as const;

type Mode = "buffer" | "push";

interface Socket {
  readonly connection: Connection;
  readonly mode: Mode;
  sentBytes: number;
}

export class Quectel extends MobileModule {
  protected active = false;
  #sockets: (Socket | undefined)[] = [];

  constructor(...making: Making) {
    super(...making);
    this.learn({
      I: () => this.answer("Quectel\r\nBG95-M3\r\nRevision: EMULATED"),
      "+QISDE": (argument) => this.oneOf(argument, "01"),
      "+QPOWD": () => this.powerDown("POWERED DOWN"),
      "+QICSGP": (argument, form) => this.#configure(argument, form === "query"),
      "+QIACT": (argument, form) => this.#activate(argument, form === "query"),
      "+QIDEACT": () => this.set(() => this.#deactivate()),
      "+QIOPEN": (argument) => this.#open(argument),
      "+QICLOSE": (argument) => this.#close(argument),
      "+QISEND": (argument) => this.#send(argument),
      "+QIRD": (argument) => this.#read(argument),
      "+QISTATE": () => this.answer(this.#states()),
      "+QIGETERROR": () => this.answer(`+QIGETERROR: ${this.error},${this.error ? "failed" : "operate successfully"}`),
    });
  }

  get connected(): boolean {
    return this.#sockets.some((socket) => socket?.connection.open);
  }

  protected disconnect(): void {
    for (const socket of this.#sockets) socket?.connection.drop();
    this.#sockets = [];
  }

  protected begin(): void {
    this.active = false;
    this.greet("RDY");
    this.after(ATTACH_MS, () => this.say("\r\n+QIND: SMS DONE\r\n"));
  }

  #configure(argument: string, query: boolean): void {
    if (query) return this.answer(`+QICSGP: 1,"${this.apn}","","",0`);
    const [context, type, apn = ""] = parse(argument) ?? [];
    if (Number.isNaN(whole(context, 1, 16)) || Number.isNaN(whole(type, 1, 3))) return this.fail(CME.notAllowed);
    this.set(() => (this.apn = apn));
  }

  #activate(argument: string, query: boolean): void {
    if (query) return this.answer(this.active ? '+QIACT: 1,1,1,"10.0.0.2"' : "");
    if (!this.unlocked) return this.fail(CME.pinRequired);
    if (argument !== "1" || this.active || !this.attached) return this.fail(IP.noContext);
    this.set(() => (this.active = true));
  }

  #deactivate(): void {
    this.active = false;
    this.disconnect();
  }

  protected loseContext(): void {
    this.#deactivate();
    this.say('\r\n+QIURC: "pdpdeact",1\r\n');
  }

  #open(argument: string): void {
    const [context, idText, kind, host, portText, , modeText = "0"] = parse(argument) ?? [];
    const [id, port] = [whole(idText, 0, SOCKETS - 1), whole(portText, 1, 65535)];
    if (context !== "1" || Number.isNaN(id) || Number.isNaN(port)) return this.fail(IP.busy);
    if ((kind !== "TCP" && kind !== "UDP") || !host || host.length > HOST_BYTES) return this.fail(IP.busy);
    // Transparent access is not emulated.
    if (modeText !== "0" && modeText !== "1") return this.fail(IP.busy);
    this.done("OK");
    if (this.#sockets[id]) return this.#opened(id, IP.idInUse);
    if (!this.active) return this.#opened(id, IP.noContext);
    this.#dial(id, kind, host, port, modeText === "0" ? "buffer" : "push");
  }

  #opened(id: number, error: number): void {
    this.error = error;
    const lateMs = this.mischief.strikes("late-open") ? LATE_OPEN_MS : 0;
    const tell = (): void => this.say(`\r\n+QIOPEN: ${id},${error}\r\n`);
    if (lateMs) this.after(lateMs, tell);
    else tell();
  }

  #dial(id: number, kind: Kind, host: string, port: number, mode: Mode): void {
    const mine = (): boolean => this.#sockets[id]?.connection === connection;
    const connection = new Connection(this.dial, kind, host, port, {
      opened: () => {
        timer();
        if (mine()) this.#opened(id, 0);
      },
      refused: () => {
        timer();
        if (mine()) this.#opened(id, IP.connectFailed);
      },
      data: (bytes) => this.#arrive(id, bytes),
      closed: () => this.notify(`+QIURC: "closed",${id}`),
    });
    this.#sockets[id] = { connection, mode, sentBytes: 0 };
    const timer = this.clock.after(CONNECT_MS, () => connection.abandon());
  }

  #arrive(id: number, bytes: Buffer): void {
    const socket = this.#sockets[id];
    if (!socket) return;
    if (socket.mode === "push") {
      this.write(Buffer.concat([Buffer.from(`\r\n+QIURC: "recv",${id},${bytes.length}\r\n`), bytes]));
      return;
    }
    socket.connection.keep(bytes, WINDOW_BYTES);
    // Once, until all is read.
    if (socket.connection.announced) return;
    socket.connection.announced = true;
    this.notify(`+QIURC: "recv",${id}`);
  }

  #close(argument: string): void {
    const id = whole(argument.split(",")[0], 0, SOCKETS - 1);
    if (Number.isNaN(id)) return this.fail(CME.notAllowed);
    this.#sockets[id]?.connection.drop();
    this.#sockets[id] = undefined;
    this.done("OK");
  }

  #send(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const socket = this.#sockets[whole(idText, 0, SOCKETS - 1)];
    const length = lengthText === undefined ? SEND_BYTES : whole(lengthText, 0, SEND_BYTES);
    if (!socket?.connection.open || Number.isNaN(length)) return this.fail(CME.notAllowed);
    if (length === 0) return this.answer(`+QISEND: ${socket.sentBytes},${socket.sentBytes},0`);
    this.say("\r\n> ");
    this.collect(length, (data) => this.#deliver(socket, data), lengthText === undefined ? CTRL_Z : undefined);
  }

  #deliver(socket: Socket, data: Buffer): void {
    this.working = false;
    if (!socket.connection.open) return this.fail(CME.notAllowed);
    if (this.mischief.strikes("send-full")) return this.say("\r\nSEND FAIL\r\n");
    socket.connection.send(data);
    socket.sentBytes += data.length;
    this.say("\r\nSEND OK\r\n");
  }

  #read(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const socket = this.#sockets[whole(idText, 0, SOCKETS - 1)];
    const most = lengthText === undefined ? READ_BYTES : whole(lengthText, 0, READ_BYTES);
    if (!socket || Number.isNaN(most)) return this.fail(CME.notAllowed);
    const { connection } = socket;
    if (most === 0) return this.answer(`+QIRD: ${connection.unreadBytes},0,${connection.unreadBytes}`);
    const wasAnnounced = connection.announced;
    const bytes = connection.read(most);
    connection.announced = wasAnnounced && connection.unreadBytes > 0;
    const head = Buffer.from(`\r\n+QIRD: ${bytes.length}\r\n`);
    this.write(bytes.length ? Buffer.concat([head, bytes, Buffer.from("\r\n")]) : head);
    this.done("OK");
  }

  #states(): string {
    return this.#sockets
      .flatMap((socket, id) => {
        if (!socket) return [];
        const { kind, host, port, open } = socket.connection;
        return [`+QISTATE: ${id},"${kind}","${host}",${port},0,${open ? 2 : 4},1,0,0,"uart1"`];
      })
      .join("\r\n");
  }
}
