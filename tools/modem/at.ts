// Longer than 400 lines: one command interpreter, whose commands share the state of the module.
/**
 * An ESP-AT module (Espressif's manual, "TCP/IP AT Commands"): bytes of the UART in and out, one connection at a time,
 * normal and passthrough transmission, active and passive receiving.
 */
import type { Clock } from "../line/clock.ts";
import type { Fate, Mischief } from "./quirks.ts";
import type { Carrier, Dial } from "../line/sockets.ts";

/** Limits of the manual. */
const LINE_BYTES = 256;
const HOST_BYTES = 64;
const SEND_BYTES = 8192;
const WINDOW_BYTES = 5760;
const ACTIVE_BYTES = 2920;
/** Maximum time of the module for a command. */
const THINK_MS = 4;
const SLOW_MS = 3500;
/** A late verdict on a send takes at least this, and at most three times as long. */
const LATE_MS = 4000;
const BOOT_MS = 300;
const CONNECT_MS = 15_000;
/** The silence around `+++`. */
const GUARD_MS = 20;
/** A boot loader talks at another baud rate. */
const BOOT_NOISE = Buffer.from("\x00\x7f\x8c\xe0l\x9c\x13r|\x8el\xe0\x0cp\n\xf2nn\xee\x00l", "latin1");

type Mode = "off" | "command" | "data" | "passthrough";

interface Link {
  readonly kind: "TCP" | "UDP";
  readonly host: string;
  readonly port: number;
  carrier: Carrier;
  open: boolean;
  /** Data the device has not read, and whether it was told. */
  unread: Buffer[];
  announced: boolean;
  /** The peer is gone, and the device was not told. */
  ended: boolean;
}

export class AtModule {
  readonly #write: (bytes: Buffer) => void;
  readonly #dial: Dial;
  readonly #clock: Clock;
  readonly mischief: Mischief;

  #mode: Mode = "off";
  #line: number[] = [];
  #afterCr = false;
  #working = false;
  #complained = false;
  #echo = true;
  #passive = false;
  #details = false;
  #transparent = false;
  #joined = "";
  #wanted = 0;
  #data: Buffer[] = [];
  #dataBytes = 0;
  #link: Link | undefined;
  #heardAt = -1e9;
  #boots = 0;
  #notices: string[] = [];

  constructor(write: (bytes: Buffer) => void, dial: Dial, clock: Clock, mischief: Mischief) {
    this.#write = write;
    this.#dial = dial;
    this.#clock = clock;
    this.mischief = mischief;
    this.#boot(0);
  }

  /** Reset, as a brown-out does it: the connection is lost without a word. */
  reset(): void {
    this.#link?.carrier.close();
    this.#link = undefined;
    this.#boot(BOOT_MS);
  }

  /** Send an unsolicited line. */
  inject(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** True if there is a connection to the network. */
  get connected(): boolean {
    return this.#link?.open ?? false;
  }

  #boot(afterMs: number): void {
    const boot = ++this.#boots;
    this.#mode = "off";
    this.#clock.after(afterMs, () => {
      if (boot !== this.#boots) return;
      this.#line = [];
      this.#data = [];
      this.#dataBytes = 0;
      this.#notices = [];
      this.#working = false;
      this.#echo = true;
      this.#passive = false;
      this.#details = false;
      this.#transparent = false;
      this.#mode = this.mischief.has("passthrough") ? "passthrough" : "command";
      if (this.#mode === "command") {
        this.#write(BOOT_NOISE);
        this.#say("\r\nready\r\n");
      }
    });
  }

  /** Take bytes of the UART. */
  receive(bytes: Buffer): void {
    const silence = this.#clock.now() - this.#heardAt;
    this.#heardAt = this.#clock.now();
    let at = 0;
    while (at < bytes.length) {
      if (this.#mode === "data") at += this.#collect(bytes.subarray(at));
      else if (this.#mode === "passthrough") {
        this.#pass(bytes.subarray(at), silence);
        return;
      } else if (this.#mode === "off") return;
      else this.#commandByte(bytes[at++] ?? 0);
    }
  }

  #commandByte(byte: number): void {
    if (this.#working) {
      // Once a line, as the real one does.
      if (!this.#complained && byte !== 0x0a && byte !== 0x0d) {
        this.#complained = true;
        this.#say("busy p...\r\n");
      }
      if (byte === 0x0a) this.#complained = false;
      return;
    }
    if (this.#echo || this.mischief.has("echo")) this.#write(Buffer.of(byte));
    // A command ends in CR LF; an LF alone, or one left from a refused line, is nothing.
    if (byte === 0x0a) {
      if (this.#afterCr) this.#obey();
      this.#line = [];
    } else if (byte !== 0x0d && this.#line.length <= LINE_BYTES) {
      this.#line.push(byte);
    }
    this.#afterCr = byte === 0x0d;
  }

  /** Think about the line, then do what it says. */
  #obey(): void {
    const line = Buffer.from(this.#line).toString("latin1");
    if (line === "") return;
    const boots = this.#boots;
    if (this.mischief.strikes("reset")) return this.reset();
    if (this.mischief.strikes("mute")) return;
    if (this.mischief.strikes("busy")) return this.#say("busy p...\r\n");
    if (this.mischief.strikes("busy-first")) this.#say("busy p...\r\n");
    if (this.mischief.strikes("garbage")) this.#write(this.mischief.noise());
    this.#working = true;
    this.#complained = false;
    const thinkMs = this.mischief.strikes("slow") ? SLOW_MS : this.mischief.random.below(THINK_MS);
    this.#clock.after(thinkMs, () => {
      if (boots === this.#boots) this.#execute(line);
    });
  }

  #execute(line: string): void {
    if (line.length > LINE_BYTES) return this.#done("ERROR");
    const match = /^AT(?:([A-Z+]+[0-9]?)(\?|=\?|=(.*))?)?$/s.exec(line);
    const commands: Record<string, (argument: string, query: boolean) => void> = {
      "": () => this.#done("OK"),
      E0: () => this.#set(() => (this.#echo = false)),
      E1: () => this.#set(() => (this.#echo = true)),
      "+GMR": () => this.#answer("AT version:3.2.0.0(signet)\r\nSDK version:emulated\r\nBin version:3.2.0(EMULATED)"),
      "+RST": () => this.#restart(),
      "+RESTORE": () => this.#restart(),
      "+CWMODE": (argument, query) => (query ? this.#answer("+CWMODE:1") : this.#oneOf(argument, "0123")),
      "+CWJAP": (argument, query) => this.#join(argument, query),
      "+CWQAP": () => this.#set(() => (this.#joined = "")),
      "+CWSTATE": () => this.#answer(`+CWSTATE:${this.#joined ? 2 : 0},"${this.#joined}"`),
      "+CIFSR": () => this.#answer('+CIFSR:STAIP,"192.168.4.2"\r\n+CIFSR:STAMAC,"02:00:00:00:00:01"'),
      "+CIPMUX": (argument, query) => (query ? this.#answer("+CIPMUX:0") : this.#oneOf(argument, "0")),
      "+CIPDINFO": (argument) => this.#oneOf(argument, "01", () => (this.#details = argument === "1")),
      "+CIPMODE": (argument, query) => this.#transmission(argument, query),
      "+CIPRECVTYPE": (argument, query) => this.#receiving("+CIPRECVTYPE", argument, query),
      "+CIPRECVMODE": (argument, query) => this.#receiving("+CIPRECVMODE", argument, query),
      "+CIPSTART": (argument) => this.#start(argument),
      "+CIPSEND": (argument) => this.#send(argument),
      "+CIPRECVDATA": (argument) => this.#read(argument),
      "+CIPRECVLEN": () => this.#answer(`+CIPRECVLEN:${this.#unreadBytes()}`),
      "+CIPCLOSE": () => this.#close(),
      "+CIPSTATE": () => this.#state(),
      "+CIPSTO": () => this.#done("OK"),
      "+UART_CUR": () => this.#done("OK"),
    };
    const name = match ? (match[1] ?? "") : "unknown";
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command) command(match?.[3] ?? "", match?.[2] === "?");
    else this.#done("ERROR");
  }

  /** Write, with `+IPD` or a loss in it where the quirks have it so. */
  #say(text: string): void {
    let bytes = Buffer.from(text, "latin1");
    if (this.#notices.length && this.mischief.strikes("notice-inside")) {
      const cut = this.mischief.random.below(bytes.length);
      const notice = Buffer.from(`\r\n${this.#notices.shift()}`, "latin1");
      bytes = Buffer.concat([bytes.subarray(0, cut), notice, bytes.subarray(cut)]);
    }
    if (this.mischief.strikes("half-lines")) bytes = bytes.subarray(0, this.mischief.random.below(bytes.length));
    this.#write(bytes);
    this.#tellNotices();
  }

  #answer(text: string): void {
    this.#say(`${text}\r\n`);
    this.#done("OK");
  }

  #done(result: "OK" | "ERROR"): void {
    this.#working = false;
    this.#say(`\r\n${result}\r\n`);
  }

  #set(change: () => void): void {
    change();
    this.#done("OK");
  }

  #oneOf(argument: string, allowed: string, change: () => void = () => {}): void {
    if (argument.length !== 1 || !allowed.includes(argument)) return this.#done("ERROR");
    this.#set(change);
  }

  #restart(): void {
    this.#say("\r\nOK\r\n");
    this.reset();
  }

  #join(argument: string, query: boolean): void {
    if (query) return this.#answer(this.#joined ? `+CWJAP:"${this.#joined}"` : "No AP");
    const [name, secret] = parse(argument) ?? [];
    if (name === undefined || secret === undefined || name.length > 32 || secret.length > 64)
      return this.#done("ERROR");
    this.#joined = name;
    this.#say("WIFI CONNECTED\r\n");
    this.#say("WIFI GOT IP\r\n");
    this.#done("OK");
  }

  #transmission(argument: string, query: boolean): void {
    if (query) return this.#answer(`+CIPMODE:${this.#transparent ? 1 : 0}`);
    if (argument === "1" && this.#passive) return this.#done("ERROR");
    this.#oneOf(argument, "01", () => (this.#transparent = argument === "1"));
  }

  #receiving(name: string, argument: string, query: boolean): void {
    if (name === "+CIPRECVTYPE" && this.mischief.has("old-name")) return this.#done("ERROR");
    if (query) return this.#answer(`${name}:${this.#passive ? 1 : 0}`);
    if (this.#transparent) return this.#done("ERROR");
    this.#oneOf(argument, "01", () => (this.#passive = argument === "1"));
  }

  #start(argument: string): void {
    const [kind, host, port] = parse(argument) ?? [];
    const number = Number(port);
    if ((kind !== "TCP" && kind !== "UDP") || !host || host.length > HOST_BYTES) return this.#done("ERROR");
    if (!/^\d+$/.test(port ?? "") || number < 1 || number > 65535) return this.#done("ERROR");
    if (this.#link) {
      this.#say("ALREADY CONNECTED\r\n");
      return this.#done("ERROR");
    }
    let timer = (): void => {};
    const boots = this.#boots;
    const link: Link = {
      kind,
      host,
      port: number,
      carrier: { send() {}, want() {}, close() {} },
      open: false,
      unread: [],
      announced: false,
      ended: false,
    };
    this.#link = link;
    const mine = (): boolean => this.#link === link && boots === this.#boots;
    const carrier = this.#dial(
      kind,
      { host, port: number },
      {
        opened: () => {
          timer();
          if (!mine()) return carrier.close();
          link.open = true;
          this.#say("CONNECT\r\n");
          this.#done("OK");
        },
        data: (bytes) => {
          if (mine()) this.#arrive(link, bytes);
        },
        closed: () => {
          timer();
          if (!mine()) return;
          if (link.open) return this.#peerClosed(link);
          this.#link = undefined;
          this.#done("ERROR");
        },
      },
    );
    link.carrier = carrier;
    timer = this.#clock.after(CONNECT_MS, () => carrier.close());
  }

  #arrive(link: Link, bytes: Buffer): void {
    if (this.#mode === "passthrough") return this.#write(bytes);
    if (!this.#passive || this.mischief.strikes("active")) {
      // Waiting bytes go first: no quirk may change the order of the bytes.
      const all = Buffer.concat([...link.unread, bytes]);
      link.unread = [];
      for (let at = 0; at < all.length; at += ACTIVE_BYTES) {
        const piece = all.subarray(at, at + ACTIVE_BYTES);
        this.#write(Buffer.concat([Buffer.from(`\r\n+IPD,${this.#from(link, piece.length)}:`), piece]));
      }
      return;
    }
    link.unread.push(bytes);
    if (this.#unreadBytes() >= WINDOW_BYTES) link.carrier.want(false);
    if (!link.announced) this.#announce(link);
  }

  #from(link: Link, length: number): string {
    return this.#details ? `${length},"${link.host}",${link.port}` : String(length);
  }

  #announce(link: Link): void {
    link.announced = true;
    if (this.mischief.has("lost-notice")) return;
    this.#notices.push(`+IPD,${this.#unreadBytes()}`);
    // With the quirk it waits for another line to get into.
    if (!this.mischief.has("notice-inside") || !this.#working) this.#tellNotices();
  }

  #tellNotices(): void {
    if (this.mischief.has("notice-inside") && this.#working) return;
    for (let notice = this.#notices.shift(); notice; notice = this.#notices.shift()) {
      this.#write(Buffer.from(`\r\n${notice}\r\n`, "latin1"));
    }
  }

  #unreadBytes(): number {
    return this.#link?.unread.reduce((sum, bytes) => sum + bytes.length, 0) ?? 0;
  }

  #read(argument: string): void {
    const link = this.#link;
    const most = Number(argument);
    const unread = Buffer.concat(link?.unread ?? []);
    if (!this.#passive || !/^\d+$/.test(argument) || most < 1 || !link || unread.length === 0)
      return this.#done("ERROR");
    const bytes = unread.subarray(0, most);
    link.unread = unread.length > bytes.length ? [unread.subarray(bytes.length)] : [];
    link.announced = false;
    link.carrier.want(true);
    const head = this.mischief.has("old-data") ? `+CIPRECVDATA,${bytes.length}:` : `+CIPRECVDATA:${bytes.length},`;
    const from = this.#details ? `"${link.host}",${link.port},` : "";
    this.#write(Buffer.concat([Buffer.from(head + from), bytes, Buffer.from("\r\n")]));
    this.#done("OK");
    if (link.unread.length) this.#announce(link);
    else if (link.ended) this.#tellClosed(link);
  }

  #peerClosed(link: Link): void {
    link.open = false;
    link.ended = true;
    if (this.#mode === "passthrough") this.#link = undefined;
    else if (link.unread.length === 0) this.#tellClosed(link);
    else if (this.mischief.has("early-closed")) this.#say("CLOSED\r\n");
  }

  #tellClosed(link: Link): void {
    if (this.#link === link) this.#link = undefined;
    if (!this.mischief.has("late-closed") && !this.mischief.has("early-closed")) this.#say("CLOSED\r\n");
    else if (this.mischief.has("early-closed") && link.unread.length === 0) this.#say("CLOSED\r\n");
  }

  #send(argument: string): void {
    const link = this.#link;
    if (!link?.open) {
      this.#say("link is not valid\r\n");
      return this.#done("ERROR");
    }
    if (argument === "" && this.#transparent) {
      this.#say("\r\nOK\r\n\r\n>");
      this.#working = false;
      this.#mode = "passthrough";
      return;
    }
    const wanted = Number(argument);
    if (!/^\d+$/.test(argument) || wanted < 1 || wanted > SEND_BYTES) return this.#done("ERROR");
    this.#wanted = wanted;
    this.#data = [];
    this.#dataBytes = 0;
    this.#say("\r\nOK\r\n\r\n");
    this.#mode = "data";
    this.#write(Buffer.from(">"));
  }

  /** Collect the data of a CIPSEND; returns how much of `bytes` was. */
  #collect(bytes: Buffer): number {
    const taken = bytes.subarray(0, this.#wanted - this.#dataBytes);
    this.#data.push(Buffer.from(taken));
    this.#dataBytes += taken.length;
    if (this.#dataBytes === this.#wanted) {
      this.#mode = "command";
      this.#working = true;
      const boots = this.#boots;
      const data = Buffer.concat(this.#data);
      this.#clock.after(this.mischief.random.below(THINK_MS), () => {
        if (boots === this.#boots) this.#deliver(data);
      });
    }
    return taken.length;
  }

  /** Say that the data of a CIPSEND is here, send it, and say so, each as the quirks have it. */
  #deliver(data: Buffer): void {
    const { mischief } = this;
    const taken = `\r\nRecv ${data.length} bytes\r\n`;
    this.#say(taken);
    if (mischief.strikes("double-recv")) this.#say(taken);
    if (mischief.strikes("busy-send")) this.#say("busy s...\r\n");
    const fate = mischief.fate();
    const link = this.#link;
    if (link && mischief.strikes("closed-in-send")) this.#lose(link);
    const boots = this.#boots;
    const idle = !fate.late || mischief.strikes("idle-verdict");
    if (idle) this.#working = false;
    if (!fate.late) return this.#judge(link, data, fate);
    this.#clock.after(LATE_MS + mischief.random.below(2 * LATE_MS), () => {
      if (boots !== this.#boots) return;
      if (!idle) this.#working = false;
      this.#judge(link, data, fate);
    });
  }

  #judge(link: Link | undefined, data: Buffer, fate: Fate): void {
    const sent = fate.sent && link !== undefined && link.open && this.#link === link;
    if (sent) link.carrier.send(data);
    // A module that could not send says so, unless it is one that loses its words.
    const says = sent || !fate.sent || fate.says.length === 0 ? fate.says : ["SEND FAIL"];
    for (const verdict of says) this.#say(`\r\n${verdict}\r\n`);
  }

  /** The connection breaks down. */
  #lose(link: Link): void {
    this.#link = undefined;
    link.open = false;
    link.carrier.close();
    this.#say("CLOSED\r\n");
  }

  #pass(bytes: Buffer, silence: number): void {
    if (silence > GUARD_MS && bytes.equals(Buffer.from("+++"))) {
      const heardAt = this.#heardAt;
      this.#clock.after(GUARD_MS, () => {
        if (heardAt === this.#heardAt && this.#mode === "passthrough") this.#mode = "command";
      });
      return;
    }
    this.#link?.carrier.send(Buffer.from(bytes));
  }

  #close(): void {
    const link = this.#link;
    if (!link) return this.#done("ERROR");
    this.#link = undefined;
    link.carrier.close();
    this.#say("CLOSED\r\n");
    this.#done("OK");
  }

  #state(): void {
    const link = this.#link;
    this.#answer(link ? `+CIPSTATE:0,"${link.kind}","${link.host}",${link.port},0,0` : "");
  }
}

/** The parameters of a command: quoted strings with backslash escapes, or numbers; undefined if they are neither. */
function parse(argument: string): string[] | undefined {
  const parameters: string[] = [];
  const part = /(?:"((?:[^"\\]|\\.)*)"|([0-9]*))(,|$)/sy;
  for (let more = true; more;) {
    const match = part.exec(argument);
    if (!match) return undefined;
    parameters.push(match[1] === undefined ? (match[2] ?? "") : match[1].replace(/\\(.)/gs, "$1"));
    more = match[3] === ",";
  }
  return part.lastIndex === argument.length ? parameters : undefined;
}
