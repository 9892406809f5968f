/**
 * A Quectel module (TCP/IP application notes of BG95/BG96, EC2x, EC200: one dialect): a SIM, a network that takes its time,
 * a context, twelve TCP or UDP connections in buffer access or direct push mode.
 */
import { Connection, type Kind } from "./connection.ts";
import { AtModule, type Making, parse, whole } from "./module.ts";

const HOST_BYTES = 150;
const SEND_BYTES = 1460;
const READ_BYTES = 1500;
const WINDOW_BYTES = 10_240;
const SOCKETS = 12;
const CONNECT_MS = 75_000;
const ATTACH_MS = 1500;
const SLOW_ATTACH_MS = 120_000;
const LATE_OPEN_MS = 8000;
/** The byte that ends data of unknown length. */
const CTRL_Z = 0x1a;

/** Numbers of errors: 3GPP TS 27.007 and the application note. */
const CME = { notAllowed: 3, noSim: 10, pinRequired: 11, simBusy: 14, wrongPassword: 16 } as const;
const IP = { busy: 552, idInUse: 563, connectFailed: 566, noContext: 561 } as const;

type Mode = "buffer" | "push";
type Command = (argument: string, form: "set" | "query" | "run") => void;

interface Socket {
  readonly connection: Connection;
  readonly mode: Mode;
  sentBytes: number;
}

export class Quectel extends AtModule {
  protected readonly busyWord = "";
  /** The SIM's PIN; empty: it asks for none. */
  pin = "";
  #unlocked = false;
  #numbered = false;
  #attachedAt = 0;
  #active = false;
  #simSeen = false;
  #apn = "";
  #sockets: (Socket | undefined)[] = [];
  #error: number = 0;
  readonly #commands: Readonly<Record<string, Command>>;

  constructor(...making: Making) {
    super(...making);
    this.#commands = {
      "": () => this.done("OK"),
      E0: () => this.set(() => (this.echo = false)),
      E1: () => this.set(() => (this.echo = true)),
      I: () => this.answer("Quectel\r\nBG95-M3\r\nRevision: EMULATED"),
      "+GMR": () => this.answer("EMULATED"),
      "+CGSN": () => this.answer("860000000000001"),
      "+CMEE": (argument) => this.oneOf(argument, "012", (value) => (this.#numbered = value !== "0")),
      "+QISDE": (argument) => this.oneOf(argument, "01"),
      "+CFUN": (argument, form) => this.#function(argument, form === "query"),
      "+QPOWD": () => this.#powerDown(),
      "+CPIN": (argument, form) => this.#sim(argument, form === "query"),
      "+CSQ": () => this.answer(`+CSQ: ${this.#attached ? 21 : 99},99`),
      "+CREG": (_, form) => this.#registered("+CREG", form === "query"),
      "+CGREG": (_, form) => this.#registered("+CGREG", form === "query"),
      "+CEREG": (_, form) => this.#registered("+CEREG", form === "query"),
      "+COPS": () => this.answer(`+COPS: 0${this.#attached ? ',0,"Emulated",8' : ""}`),
      "+CGATT": (argument, form) =>
        form === "query" ? this.answer(`+CGATT: ${this.#attached ? 1 : 0}`) : this.oneOf(argument, "01"),
      "+CGDCONT": (_, form) => (form === "query" ? this.answer(`+CGDCONT: 1,"IP","${this.#apn}"`) : this.done("OK")),
      "+QICSGP": (argument, form) => this.#configure(argument, form === "query"),
      "+QIACT": (argument, form) => this.#activate(argument, form === "query"),
      "+QIDEACT": () => this.set(() => this.#deactivate()),
      "+QIOPEN": (argument) => this.#open(argument),
      "+QICLOSE": (argument) => this.#close(argument),
      "+QISEND": (argument) => this.#send(argument),
      "+QIRD": (argument) => this.#read(argument),
      "+QISTATE": () => this.answer(this.#states()),
      "+QIGETERROR": () =>
        this.answer(`+QIGETERROR: ${this.#error},${this.#error ? "failed" : "operate successfully"}`),
    };
  }

  get connected(): boolean {
    return this.#sockets.some((socket) => socket?.connection.open);
  }

  protected disconnect(): void {
    for (const socket of this.#sockets) socket?.connection.drop();
    this.#sockets = [];
  }

  protected begin(): void {
    this.#unlocked = this.pin === "";
    this.#numbered = false;
    this.#active = false;
    this.#simSeen = false;
    this.#apn = "";
    this.#attachedAt = this.clock.now() + (this.mischief.has("slow-attach") ? SLOW_ATTACH_MS : ATTACH_MS);
    this.say("\r\nRDY\r\n");
    this.say(`\r\n+CPIN: ${this.#unlocked ? "READY" : "SIM PIN"}\r\n`);
    this.after(ATTACH_MS, () => this.say("\r\n+QIND: SMS DONE\r\n"));
  }

  get #attached(): boolean {
    return this.#unlocked && this.clock.now() >= this.#attachedAt;
  }

  protected execute(line: string): void {
    const match = /^AT(?:(E[01]|I|[A-Z+]*)(\?|=\?|=(.*))?)$/s.exec(line);
    const name = match?.[1] ?? "unknown";
    const command = Object.hasOwn(this.#commands, name) ? this.#commands[name] : undefined;
    if (!command) return this.done("ERROR");
    if (match?.[2] === "=?") return this.done("OK");
    if (this.mischief.strikes("context-lost") && this.#active) this.#loseContext();
    command(match?.[3] ?? "", match?.[2] === "?" ? "query" : match?.[2] ? "set" : "run");
  }

  /** Fail, by number where the device asked for it. */
  #fail(number: number): void {
    this.#error = number;
    this.done(this.#numbered ? `+CME ERROR: ${number}` : "ERROR");
  }

  #function(argument: string, query: boolean): void {
    if (query) return this.answer("+CFUN: 1");
    if (!/^[01](,[01])?$/.test(argument)) return this.#fail(CME.notAllowed);
    this.done("OK");
    if (argument.endsWith(",1")) this.reset();
  }

  #powerDown(): void {
    this.done("OK");
    this.disconnect();
    this.say("\r\nPOWERED DOWN\r\n");
    this.mode = "off";
  }

  #sim(argument: string, query: boolean): void {
    if (query) {
      if (this.mischief.has("sim-busy") && !this.#simSeen) {
        this.#simSeen = true;
        return this.#fail(CME.simBusy);
      }
      return this.answer(`+CPIN: ${this.#unlocked ? "READY" : "SIM PIN"}`);
    }
    if (parse(argument)?.[0] !== this.pin) return this.#fail(CME.wrongPassword);
    this.#unlocked = true;
    this.done("OK");
    this.say("\r\n+CPIN: READY\r\n");
  }

  #registered(name: string, query: boolean): void {
    if (query) this.answer(`${name}: 0,${this.#attached ? 1 : 2}`);
    else this.done("OK");
  }

  #configure(argument: string, query: boolean): void {
    if (query) return this.answer(`+QICSGP: 1,"${this.#apn}","","",0`);
    const [context, type, apn = ""] = parse(argument) ?? [];
    if (Number.isNaN(whole(context, 1, 16)) || Number.isNaN(whole(type, 1, 3))) return this.#fail(CME.notAllowed);
    this.set(() => (this.#apn = apn));
  }

  #activate(argument: string, query: boolean): void {
    if (query) return this.answer(this.#active ? '+QIACT: 1,1,1,"10.0.0.2"' : "");
    if (!this.#unlocked) return this.#fail(CME.pinRequired);
    if (argument !== "1" || this.#active || !this.#attached) return this.#fail(IP.noContext);
    this.set(() => (this.#active = true));
  }

  #deactivate(): void {
    this.#active = false;
    this.disconnect();
  }

  #loseContext(): void {
    this.#deactivate();
    this.say('\r\n+QIURC: "pdpdeact",1\r\n');
  }

  #open(argument: string): void {
    const [context, idText, kind, host, portText, , modeText = "0"] = parse(argument) ?? [];
    const [id, port] = [whole(idText, 0, SOCKETS - 1), whole(portText, 1, 65535)];
    if (context !== "1" || Number.isNaN(id) || Number.isNaN(port)) return this.#fail(IP.busy);
    if ((kind !== "TCP" && kind !== "UDP") || !host || host.length > HOST_BYTES) return this.#fail(IP.busy);
    // Transparent access is not emulated.
    if (modeText !== "0" && modeText !== "1") return this.#fail(IP.busy);
    this.done("OK");
    if (this.#sockets[id]) return this.#opened(id, IP.idInUse);
    if (!this.#active) return this.#opened(id, IP.noContext);
    this.#dial(id, kind, host, port, modeText === "0" ? "buffer" : "push");
  }

  #opened(id: number, error: number): void {
    this.#error = error;
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
    if (Number.isNaN(id)) return this.#fail(CME.notAllowed);
    this.#sockets[id]?.connection.drop();
    this.#sockets[id] = undefined;
    this.done("OK");
  }

  #send(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const socket = this.#sockets[whole(idText, 0, SOCKETS - 1)];
    const length = lengthText === undefined ? SEND_BYTES : whole(lengthText, 0, SEND_BYTES);
    if (!socket?.connection.open || Number.isNaN(length)) return this.#fail(CME.notAllowed);
    if (length === 0) return this.answer(`+QISEND: ${socket.sentBytes},${socket.sentBytes},0`);
    this.say("\r\n> ");
    this.collect(length, (data) => this.#deliver(socket, data), lengthText === undefined ? CTRL_Z : undefined);
  }

  #deliver(socket: Socket, data: Buffer): void {
    this.working = false;
    if (!socket.connection.open) return this.#fail(CME.notAllowed);
    if (this.mischief.strikes("send-full")) return this.say("\r\nSEND FAIL\r\n");
    socket.connection.send(data);
    socket.sentBytes += data.length;
    this.say("\r\nSEND OK\r\n");
  }

  #read(argument: string): void {
    const [idText, lengthText] = argument.split(",");
    const socket = this.#sockets[whole(idText, 0, SOCKETS - 1)];
    const most = lengthText === undefined ? READ_BYTES : whole(lengthText, 0, READ_BYTES);
    if (!socket || Number.isNaN(most)) return this.#fail(CME.notAllowed);
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
