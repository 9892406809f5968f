/** The bridge's side of the framed link (assembly/link/README.md): frames in and out, one connection at a time. */
import type { Target } from "../line/tap.ts";
import type { Clock } from "../line/clock.ts";
import type { Carrier, Dial } from "../line/sockets.ts";
import { type Frame, Kind, Splitter, decode, encode } from "./frame.ts";

const VERSION = 1;
const DATA_BYTES = 128;
const RETRY_MS = 500;
const PROBE_MS = 1000;
/** Maximum bytes accepted at once; sockets buffer the rest. */
const ROOM = 1024;
/** More than this from the network, and it is asked to wait. */
const QUEUE_BYTES = 4096;

interface Stream {
  readonly carrier: Carrier;
  openedDue: boolean;
  queue: Buffer[];
  /** The network's side is over. */
  ended: boolean;
  oursClosed: boolean;
  theirsClosed: boolean;
}

export class Session {
  readonly #write: (bytes: Buffer) => void;
  readonly #dial: Dial;
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  readonly #splitter = new Splitter();

  #session: number | undefined;
  #sendNumber = 0;
  #recvNumber = 0;
  #underWay: Frame | undefined;
  #stopTimer = (): void => {};
  #room = 0;
  #stream: Stream | undefined;

  constructor(write: (bytes: Buffer) => void, dial: Dial, clock: Clock, log: (line: string) => void = () => {}) {
    this.#write = write;
    this.#dial = dial;
    this.#clock = clock;
    this.#log = log;
  }

  /** Take bytes of the serial line. */
  receive(bytes: Buffer): void {
    for (const part of this.#splitter.take(bytes)) {
      const frame = decode(part);
      if (frame) this.#handle(frame);
    }
  }

  /** Forget the device: as if the bridge had been started anew. */
  forget(): void {
    this.#session = undefined;
    this.#drop();
  }

  #drop(): void {
    this.#stopTimer();
    this.#underWay = undefined;
    this.#stream?.carrier.close();
    this.#stream = undefined;
  }

  #handle(frame: Frame): void {
    if (frame.kind === Kind.hello) return this.#hello(frame);
    if (frame.session !== this.#session) return this.#reset(frame.session);
    if (frame.kind === Kind.ack) return this.#acknowledged(frame);
    if (frame.kind < Kind.open) return;
    if (frame.number === this.#recvNumber) {
      this.#recvNumber = (this.#recvNumber + 1) & 0xff;
      this.#acknowledge(frame.number);
      this.#accept(frame);
    } else if (frame.number === ((this.#recvNumber - 1) & 0xff)) {
      this.#acknowledge(frame.number);
    }
  }

  #hello(frame: Frame): void {
    if (frame.payload.length !== 3 || frame.payload[0] !== VERSION) return;
    this.#drop();
    this.#session = frame.session;
    this.#sendNumber = 0;
    this.#recvNumber = 0;
    this.#room = frame.payload.readUInt16LE(1);
    this.#log("device greets");
    this.#put(Kind.welcome, 0, Buffer.of(VERSION, ROOM & 0xff, ROOM >> 8));
  }

  #reset(session: number): void {
    this.#log("device speaks in a session unknown here: reset");
    this.#drop();
    this.#write(encode({ kind: Kind.reset, session, number: 0, payload: Buffer.alloc(0) }));
  }

  #acknowledge(number: number): void {
    this.#put(Kind.ack, number, Buffer.of(ROOM & 0xff, ROOM >> 8));
  }

  #acknowledged(frame: Frame): void {
    if (frame.payload.length !== 2) return;
    this.#room = frame.payload.readUInt16LE(0);
    if (this.#underWay?.number === frame.number) {
      this.#stopTimer();
      this.#underWay = undefined;
      this.#settle();
    }
    this.#pump();
  }

  #accept(frame: Frame): void {
    const stream = this.#stream;
    switch (frame.kind) {
      case Kind.open:
        return stream ? this.#reset(frame.session) : this.#open(frame.payload);
      case Kind.data:
        if (stream && !stream.theirsClosed && !stream.oursClosed && frame.payload.length) {
          stream.carrier.send(Buffer.from(frame.payload));
        }
        return;
      case Kind.close:
        if (!stream) return this.#reset(frame.session);
        stream.theirsClosed = true;
        stream.ended = true;
        stream.queue = [];
        stream.openedDue = false;
        stream.carrier.close();
        this.#settle();
        return this.#pump();
    }
  }

  #open(payload: Buffer): void {
    const target: Target = {
      host: payload.subarray(2).toString("latin1"),
      port: payload.length < 2 ? 0 : payload.readUInt16LE(0),
    };
    this.#log(`device opens ${target.host}:${target.port}`);
    const mine = (): boolean => this.#stream === stream;
    const stream: Stream = {
      carrier: this.#dial("TCP", target, {
        opened: () => {
          if (!mine()) return;
          stream.openedDue = true;
          this.#pump();
        },
        data: (bytes) => {
          if (!mine() || stream.theirsClosed) return;
          stream.queue.push(bytes);
          this.#throttle(stream);
          this.#pump();
        },
        closed: () => {
          if (!mine()) return;
          this.#log("network closed");
          stream.ended = true;
          this.#pump();
        },
      }),
      openedDue: false,
      queue: [],
      ended: false,
      oursClosed: false,
      theirsClosed: false,
    };
    this.#stream = stream;
  }

  #throttle(stream: Stream): void {
    stream.carrier.want(stream.queue.reduce((sum, bytes) => sum + bytes.length, 0) < QUEUE_BYTES);
  }

  /** Send the next numbered frame, if the one before has arrived. */
  #pump(): void {
    const stream = this.#stream;
    if (this.#underWay || !stream || stream.oursClosed) return;
    const next = stream.queue[0];
    if (stream.openedDue) {
      stream.openedDue = false;
      this.#number(Kind.opened, Buffer.alloc(0));
    } else if (next && this.#room > 0) {
      const piece = next.subarray(0, Math.min(DATA_BYTES, this.#room));
      if (piece.length === next.length) stream.queue.shift();
      else stream.queue[0] = next.subarray(piece.length);
      this.#throttle(stream);
      this.#number(Kind.data, piece);
    } else if (next) {
      this.#stopTimer();
      this.#stopTimer = this.#clock.after(PROBE_MS, () => {
        if (this.#room === 0) this.#number(Kind.data, Buffer.alloc(0));
        else this.#pump();
      });
    } else if (stream.ended) {
      stream.oursClosed = true;
      this.#number(Kind.close, Buffer.alloc(0));
    }
  }

  #settle(): void {
    const stream = this.#stream;
    if (stream?.oursClosed && stream.theirsClosed && !this.#underWay) this.#stream = undefined;
  }

  /** Send a numbered frame until it is acknowledged. */
  #number(kind: number, payload: Buffer): void {
    const frame = { kind, session: this.#session ?? 0, number: this.#sendNumber, payload };
    this.#sendNumber = (this.#sendNumber + 1) & 0xff;
    this.#underWay = frame;
    const send = (): void => {
      this.#write(encode(frame));
      this.#stopTimer = this.#clock.after(RETRY_MS, send);
    };
    this.#stopTimer();
    send();
  }

  #put(kind: number, number: number, payload: Buffer): void {
    this.#write(encode({ kind, session: this.#session ?? 0, number, payload }));
  }
}
