// Longer than 400 lines: the commands that need a connection share the connections.
/**
 * An ESP-AT module (Espressif's manual, "TCP/IP AT Commands"): one connection or five, TCP and UDP, active and passive
 * receiving, normal and passthrough transmission. `station.ts` has the commands that need no connection.
 */
import { Connection, type Kind } from "./connection.ts";
import { request } from "./http.ts";
import { AtModule, type Making, parse, THINK_MS, whole } from "./module.ts";
import type { Fate } from "./quirks.ts";
import { type Reply, Station } from "./station.ts";

/** Limits of the manual. */
const HOST_BYTES = 64;
const SEND_BYTES = 8192;
const WINDOW_BYTES = 5760;
const ACTIVE_BYTES = 2920;
const BAUD_LEAST = 80;
const BAUD_MOST = 5_000_000;
/** Bytes of a response in one notice. */
const HTTP_BYTES = 2048;
/** The ids of connections are 0 to 4; 5 stands for all. */
const LINKS = 5;
/** A late verdict on a send takes at least this, and at most three times as long. */
const LATE_MS = 4000;
const CONNECT_MS = 15_000;
/** The silence around `+++`. */
const GUARD_MS = 20;
/** A boot loader talks at another baud rate. */
const BOOT_NOISE = Buffer.from("\x00\x7f\x8c\xe0l\x9c\x13r|\x8el\xe0\x0cp\n\xf2nn\xee\x00l", "latin1");

/** The same at the right one. */
const BOOT_LOG = Buffer.from(
  "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\nload 0x40100000, len 1856, room 16 \r\ntail 0\r\nchksum 0x63\r\n" +
    "2nd boot version : 1.6\r\n  SPI Speed      : 40MHz\r\njump to run user1 @ 1000\r\n>\r\n",
);

/** Methods and media types of `AT+HTTPCLIENT`. */
const METHODS = { HEAD: "1", GET: "2", POST: "3" } as const;
const MEDIA = ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "text/xml"] as const;

type Command = (argument: string, query: boolean) => void;

export class EspAt extends AtModule {
  protected readonly busyWord = "busy p...\r\n";
  #links: (Connection | undefined)[] = [];
  #multiple = false;
  /** Per connection: data waits until it is read. */
  #passive: boolean[] = [];
  #details = false;
  #transparent = false;
  readonly station = new Station();
  readonly #commands: Readonly<Record<string, Command>>;

  constructor(...making: Making) {
    super(...making);
    this.#commands = {
      "": () => this.done("OK"),
      E0: () => this.set(() => (this.echo = false)),
      E1: () => this.set(() => (this.echo = true)),
      "+RST": () => this.#restart(0),
      "+RESTORE": () => {
        this.station.erase();
        this.#restart(0);
      },
      "+GSLP": (argument) => (whole(argument, 1, 2 ** 31) ? this.#restart(Number(argument)) : this.done("ERROR")),
      "+CMD": (_, query) => (query ? this.answer(this.#list()) : this.done("ERROR")),
      "+CIPMUX": (argument, query) => this.#mux(argument, query),
      "+CIPDINFO": (argument, query) =>
        query
          ? this.answer(`+CIPDINFO:${this.#details}`)
          : this.oneOf(argument, "01", (value) => (this.#details = value === "1")),
      "+CIPMODE": (argument, query) => this.#transmission(argument, query),
      "+CIPRECVTYPE": (argument, query) => this.#receivingOf(argument, query),
      "+CIPRECVMODE": (argument, query) => this.#receiving("+CIPRECVMODE", argument, query),
      "+CIPSTART": (argument) => this.#start(argument, false),
      "+CIPSTARTEX": (argument) => this.#start(argument, true),
      "+CIPSEND": (argument) => this.#send(argument),
      "+CIPSENDEX": (argument) => this.#send(argument, 0),
      "+CIPRECVDATA": (argument) => this.#read(argument),
      "+CIPRECVLEN": () => this.answer(`+CIPRECVLEN:${this.#lengths()}`),
      "+CIPCLOSE": (argument) => this.#close(argument),
      "+CIPSTATE": () => this.answer(this.#states("+CIPSTATE")),
      "+CIPSTATUS": () => this.answer(`STATUS:${this.#status()}\r\n${this.#states("+CIPSTATUS")}`),
      "+CIPSENDL": (argument) => this.#sendLong(argument),
      "+HTTPCPOST": (argument) => this.#post(argument),
      "+HTTPCGET": (argument) => this.#get(argument),
      "+HTTPCLIENT": (argument) => this.#client(argument),
      // Known, and not there: the error names it.
      ...Object.fromEntries(
        ["+CIPSERVER", "+CIPSSLCCONF", "+MQTTUSERCFG"].map((name): [string, Command] => [
          name,
          () => this.#unsupported(),
        ]),
      ),
    };
  }

  get connected(): boolean {
    return this.#links.some((link) => link?.open);
  }

  protected disconnect(): void {
    for (const link of this.#links) link?.drop();
    this.#links = [];
  }

  protected begin(): void {
    this.#passive = [];
    this.#multiple = false;
    this.#details = false;
    this.#transparent = false;
    this.station.restart();
    if (this.mischief.has("passthrough")) {
      this.mode = "passthrough";
      return;
    }
    this.write(this.mischief.has("rom-log") ? BOOT_LOG : BOOT_NOISE);
    this.say("\r\nready\r\n");
  }

  protected execute(line: string): void {
    const match = /^AT(?:(E[01]|[A-Z_+]*)(\?|=\?|=(.*))?)$/s.exec(line);
    const name = this.#named(match?.[1] ?? "unknown");
    const [argument, query] = [match?.[3] ?? "", match?.[2] === "?"];
    if (Object.hasOwn(this.#commands, name)) return this.#commands[name]!(argument, query);
    if (/^\+UART_(CUR|DEF)$/.test(name) && !query) return this.#setUart(name, argument);
    const replied = this.station.execute(name, argument, query, new Date());
    if (!replied) this.done("ERROR");
    else if (replied instanceof Promise) void replied.then((reply) => this.#reply(reply));
    else this.#reply(replied);
  }

  /** `AT+UART_CUR` and `AT+UART_DEF`: the rate changes behind the answer. */
  #setUart(name: string, argument: string): void {
    const baud = whole(argument.split(",")[0], BAUD_LEAST, BAUD_MOST);
    if (Number.isNaN(baud) || !this.station.keepsUart(name, argument)) return this.done("ERROR");
    if (name === "+UART_DEF") this.ownBaud = baud;
    this.setBaud(baud);
  }

  /** The present name of a command: ESP8266 NonOS has two of some, for now (`_CUR`) and for ever (`_DEF`). */
  #named(name: string): string {
    const isKnown = (known: string): boolean => Object.hasOwn(this.#commands, known) || Station.names.includes(known);
    const present = name.replace(/_(CUR|DEF)$/, "");
    return !isKnown(name) && isKnown(present) ? present : name;
  }

  #reply({ lines, result, later }: Reply): void {
    for (const text of lines) this.say(`${text}\r\n`);
    this.done(result);
    if (later) this.after(THINK_MS, () => this.say(`${later}\r\n`));
  }

  protected override done(result: string): void {
    if (result === "ERROR" && this.mischief.strikes("error-code")) this.say("ERR CODE:0x010b0000\r\n");
    super.done(result);
  }

  #list(): string {
    const names = [...Object.keys(this.#commands), ...Station.names].filter((name) => name.startsWith("+"));
    return names.map((name, index) => `+CMD:${index},"AT${name}",0,1,1,1`).join("\r\n");
  }

  #unsupported(): void {
    this.say("ERR CODE:0x01090000\r\n");
    this.done("ERROR");
  }

  #restart(sleepMs: number): void {
    this.say("\r\nOK\r\n");
    if (!sleepMs) return this.reset();
    this.disconnect();
    this.boot(sleepMs);
  }

  #mux(argument: string, query: boolean): void {
    if (query) return this.answer(`+CIPMUX:${this.#multiple ? 1 : 0}`);
    if (this.#links.some(Boolean)) {
      this.say("link is builded\r\n");
      return this.done("ERROR");
    }
    if (argument === "1" && this.#transparent) return this.done("ERROR");
    this.oneOf(argument, "01", (value) => (this.#multiple = value === "1"));
  }

  #transmission(argument: string, query: boolean): void {
    if (query) return this.answer(`+CIPMODE:${this.#transparent ? 1 : 0}`);
    if (argument === "1" && (this.#passive.some(Boolean) || this.#multiple)) return this.done("ERROR");
    this.oneOf(argument, "01", (value) => (this.#transparent = value === "1"));
  }

  /** `AT+CIPRECVTYPE`: with several connections it names one, or all. */
  #receivingOf(argument: string, query: boolean): void {
    if (this.mischief.has("old-name")) return this.done("ERROR");
    if (!this.#multiple) return this.#receiving("+CIPRECVTYPE", argument, query);
    if (query) {
      const types = Array.from({ length: LINKS }, (_, id) => `+CIPRECVTYPE:${id},${this.#passive[id] ? 1 : 0}`);
      return this.answer(types.join("\r\n"));
    }
    const [id, type] = (/^([0-5]),([01])$/.exec(argument) ?? []).slice(1).map(Number);
    if (id === undefined) return this.done("ERROR");
    this.set(() => this.#receive(id, type === 1));
  }

  #receiving(name: string, argument: string, query: boolean): void {
    if (query) return this.answer(`${name}:${this.#passive[0] ? 1 : 0}`);
    if (this.#transparent) return this.done("ERROR");
    this.oneOf(argument, "01", (value) => this.#receive(LINKS, value === "1"));
  }

  #receive(id: number, passive: boolean): void {
    for (let link = 0; link < LINKS; link++) if (id === link || id === LINKS) this.#passive[link] = passive;
  }

  /** Take the id from the parameters; in single mode it is 0. */
  #idOf(parameters: string[]): number {
    return this.#multiple ? whole(parameters.shift(), 0, LINKS - 1) : 0;
  }

  /** The prefix of a word about a connection. */
  #of(id: number): string {
    return this.#multiple ? `${id},` : "";
  }

  #start(argument: string, chooses: boolean): void {
    const parameters = parse(argument) ?? [];
    const free = Array.from({ length: LINKS }, (_, id) => id).find((id) => !this.#links[id]) ?? NaN;
    const id = chooses && this.#multiple ? free : this.#idOf(parameters);
    const [named, host, port] = parameters;
    // The resolver and the sockets of the host know both kinds of addresses.
    const kind = named === "TCPv6" ? "TCP" : named;
    const number = whole(port, 1, 65535);
    if ((kind !== "TCP" && kind !== "UDP") || !host || host.length > HOST_BYTES) return this.done("ERROR");
    if (Number.isNaN(number) || Number.isNaN(id)) return this.done("ERROR");
    if (this.#links[id]) {
      this.say("ALREADY CONNECTED\r\n");
      return this.done("ERROR");
    }
    this.#dial(id, kind, host, number);
  }

  #dial(id: number, kind: Kind, host: string, port: number): void {
    const link = new Connection(this.dial, kind, host, port, {
      opened: () => {
        timer();
        this.say(`${this.#of(id)}CONNECT\r\n`);
        this.done("OK");
      },
      refused: () => {
        timer();
        this.#links[id] = undefined;
        this.done("ERROR");
      },
      data: (bytes) => this.#arrive(id, link, bytes),
      closed: () => this.#peerClosed(id, link),
    });
    this.#links[id] = link;
    const timer = this.clock.after(CONNECT_MS, () => link.abandon());
  }

  #arrive(id: number, link: Connection, bytes: Buffer): void {
    if (this.mode === "passthrough") return this.write(bytes);
    if (this.#passive[id] && !this.mischief.strikes("active")) {
      link.keep(bytes, WINDOW_BYTES);
      if (!link.announced) this.#announce(id, link);
      return;
    }
    // Waiting bytes go first: no quirk may change the order of the bytes.
    const all = Buffer.concat([link.read(Infinity), bytes]);
    for (let at = 0; at < all.length; at += ACTIVE_BYTES) {
      const piece = all.subarray(at, at + ACTIVE_BYTES);
      const from = this.#details ? `,"${link.host}",${link.port}` : "";
      this.write(Buffer.concat([Buffer.from(`\r\n+IPD,${this.#of(id)}${piece.length}${from}:`), piece]));
    }
  }

  #announce(id: number, link: Connection): void {
    link.announced = true;
    this.notify(`+IPD,${this.#of(id)}${link.unreadBytes}`);
  }

  #lengths(): string {
    const lengths = Array.from({ length: LINKS }, (_, id) => this.#links[id]?.unreadBytes ?? -1);
    return this.#multiple ? lengths.join(",") : String(this.#links[0]?.unreadBytes ?? 0);
  }

  #read(argument: string): void {
    const parameters = argument.split(",");
    const id = this.#idOf(parameters);
    const link = this.#links[id];
    const most = whole(parameters[0], 1, 65535);
    if (!this.#passive[id] || Number.isNaN(most) || !link || link.unreadBytes === 0) return this.done("ERROR");
    const bytes = link.read(most);
    const head = this.mischief.has("old-data") ? `+CIPRECVDATA,${bytes.length}:` : `+CIPRECVDATA:${bytes.length},`;
    const from = this.#details ? `"${link.host}",${link.port},` : "";
    this.write(Buffer.concat([Buffer.from(head + from), bytes, Buffer.from("\r\n")]));
    this.done("OK");
    if (link.unreadBytes) this.#announce(id, link);
    else if (link.ended) this.#tellClosed(id, link);
  }

  #peerClosed(id: number, link: Connection): void {
    link.ended = true;
    if (this.mode === "passthrough") this.#links[id] = undefined;
    else if (link.unreadBytes === 0) this.#tellClosed(id, link);
    else if (this.mischief.has("early-closed")) this.say(`${this.#of(id)}CLOSED\r\n`);
  }

  #tellClosed(id: number, link: Connection): void {
    if (this.#links[id] === link) this.#links[id] = undefined;
    const early = this.mischief.has("early-closed");
    if (early ? link.unreadBytes === 0 : !this.mischief.has("late-closed")) this.say(`${this.#of(id)}CLOSED\r\n`);
  }

  #send(argument: string, end?: number): void {
    if (argument === "" && this.#transparent && this.#links[0]?.open) {
      this.say("\r\nOK\r\n\r\n>");
      this.working = false;
      this.mode = "passthrough";
      return;
    }
    const parameters = parse(argument) ?? [];
    const id = this.#idOf(parameters);
    const link = this.#links[id];
    if (!link?.open) {
      this.say("link is not valid\r\n");
      return this.done("ERROR");
    }
    const wanted = whole(parameters[0], 1, SEND_BYTES);
    if (Number.isNaN(wanted)) return this.done("ERROR");
    this.say("\r\nOK\r\n\r\n");
    this.write(Buffer.from(">"));
    this.collect(wanted, (data) => this.#deliver(id, data), end);
  }

  /** Say that the data of a CIPSEND is here, send it, and say so, each as the quirks have it. */
  #deliver(id: number, data: Buffer): void {
    const { mischief } = this;
    const taken = `\r\nRecv ${data.length} bytes\r\n`;
    this.say(taken);
    if (mischief.strikes("double-recv")) this.say(taken);
    if (mischief.strikes("busy-send")) this.say("busy s...\r\n");
    const fate = mischief.fate();
    const link = this.#links[id];
    if (link && mischief.strikes("closed-in-send")) this.#end(id, link);
    const idle = !fate.late || mischief.strikes("idle-verdict");
    if (idle) this.working = false;
    if (!fate.late) return this.#judge(id, link, data, fate);
    this.after(LATE_MS + mischief.random.below(2 * LATE_MS), () => {
      if (!idle) this.working = false;
      this.#judge(id, link, data, fate);
    });
  }

  #judge(id: number, link: Connection | undefined, data: Buffer, fate: Fate): void {
    const sent = fate.sent && link !== undefined && link.open && this.#links[id] === link;
    if (sent) link.send(data);
    // A module that could not send says so, unless it is one that loses its words.
    const says = sent || !fate.sent || fate.says.length === 0 ? fate.says : ["SEND FAIL"];
    for (const verdict of says) this.say(`\r\n${verdict}\r\n`);
  }

  /** `AT+HTTPCPOST`: url, length, number of fields, the fields; the body follows. */
  #post(argument: string): void {
    const [url, length, count = "0", ...fields] = parse(argument) ?? [];
    const wanted = whole(length, 1, SEND_BYTES);
    if (!url || Number.isNaN(wanted) || whole(count, 0, 10) !== fields.length) return this.done("ERROR");
    this.say("\r\nOK\r\n\r\n");
    this.write(Buffer.from(">"));
    this.collect(wanted, (body) =>
      request(this.dial, this.clock, { method: "POST", url, fields, body }, (got) => {
        if (got === undefined) return this.done("SEND FAIL");
        if (got.status !== 200) return this.done("ERROR");
        this.#showBody("+HTTPCPOST", got.body);
        this.done("SEND OK");
      }),
    );
  }

  /** Say the body of a response in pieces. */
  #showBody(name: string, body: Buffer): void {
    for (let at = 0; at < body.length; at += HTTP_BYTES) {
      const piece = body.subarray(at, at + HTTP_BYTES);
      this.write(Buffer.concat([Buffer.from(`${name}:${piece.length},`), piece, Buffer.from("\r\n")]));
    }
  }

  /** Make a request without announced data. */
  #ask(name: string, method: keyof typeof METHODS, url: string, fields: readonly string[], body: string): void {
    request(this.dial, this.clock, { method, url, fields, body: Buffer.from(body, "latin1") }, (got) => {
      if (got?.status !== 200) return this.done("ERROR");
      this.#showBody(name, got.body);
      this.done("OK");
    });
  }

  /** `AT+HTTPCGET`: the URL, sizes of buffers and a time limit. */
  #get(argument: string): void {
    const [url] = parse(argument) ?? [];
    if (url) this.#ask("+HTTPCGET", "GET", url, [], "");
    else this.done("ERROR");
  }

  /** `AT+HTTPCLIENT`: method, media type, URL, host, path, kind of transport, data, fields. Only TCP is emulated. */
  #client(argument: string): void {
    const [number, type, url, host = "", path = "/", transport, data = "", ...fields] = parse(argument) ?? [];
    const method = (Object.keys(METHODS) as (keyof typeof METHODS)[]).find((name) => METHODS[name] === number);
    const media = MEDIA[Number(type)];
    if (method === undefined || media === undefined || transport !== "1") return this.done("ERROR");
    this.#ask("+HTTPCLIENT", method, url || `http://${host}${path}`, [`Content-Type: ${media}`, ...fields], data);
  }

  /** `AT+CIPSENDL`: any number of bytes; the module says how many it has sent and received. */
  #sendLong(argument: string): void {
    const parameters = parse(argument) ?? [];
    const id = this.#idOf(parameters);
    const wanted = whole(parameters[0], 1, 2 ** 31 - 1);
    if (!this.#links[id]?.open || Number.isNaN(wanted)) return this.done("ERROR");
    this.say("\r\nOK\r\n\r\n");
    this.write(Buffer.from(">"));
    this.collect(wanted, (data) => {
      this.say(`+CIPSENDL:${data.length},${data.length}\r\n`);
      const link = this.#links[id];
      if (!link?.open) return this.done("SEND CANCELLED");
      link.send(data);
      this.done("SEND OK");
    });
  }

  protected override pass(bytes: Buffer, silence: number): void {
    if (silence <= GUARD_MS || !bytes.equals(Buffer.from("+++"))) return this.#links[0]?.send(Buffer.from(bytes));
    const { heardAt } = this;
    this.clock.after(GUARD_MS, () => {
      if (heardAt === this.heardAt && this.mode === "passthrough") this.mode = "command";
    });
  }

  #close(argument: string): void {
    const id = this.#multiple ? whole(argument, 0, LINKS) : 0;
    const open = [...this.#links.entries()].filter(([at, link]) => link && (id === at || id === LINKS));
    if (open.length === 0) return this.done("ERROR");
    for (const [at, link] of open) this.#end(at, link!);
    this.done("OK");
  }

  /** End a connection, and say so. */
  #end(id: number, link: Connection): void {
    this.#links[id] = undefined;
    link.drop();
    this.say(`${this.#of(id)}CLOSED\r\n`);
  }

  #states(name: string): string {
    return this.#links
      .flatMap((link, id) => (link ? [`${name}:${id},"${link.kind}","${link.host}",${link.port},0,0`] : []))
      .join("\r\n");
  }

  #status(): number {
    if (this.connected) return 3;
    return this.station.joined ? 2 : 5;
  }
}
