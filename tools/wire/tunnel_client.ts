/** The device's side of a tunnel, as a stream. */
import { randomBytes } from "node:crypto";
import { Duplex } from "node:stream";
import { hex } from "./bytes.ts";
import { readAnswer, writeRequest } from "./tunnel.ts";

/** Carry a request; resolves with its answer, and rejects if it was lost. */
export type Post = (request: Uint8Array) => Promise<Uint8Array>;

/** Bytes of data in a segment. */
const DATA_MAX = 1024;
/** Pause after a lost request, and how many may be lost in a row. */
const RETRY_MS = 50;
const LOST_MAX = 20;

export class TunnelClient extends Duplex {
  readonly id = hex(randomBytes(8));
  private readonly post: Post;
  private received = 0;
  private base = 0;
  private unsent = Buffer.alloc(0);
  private underWay = 0;
  private lost = 0;
  private over = false;

  constructor(post: Post) {
    super({ allowHalfOpen: false });
    this.post = post;
  }

  /** Ask once. A request that the server still holds is answered by it at once. */
  private ask(): void {
    if (this.destroyed || this.over) return;
    const { id, base, received } = this;
    const data = this.unsent.subarray(0, DATA_MAX);
    const open = base === 0 && received === 0;
    this.underWay++;
    const more = data.length < this.unsent.length;
    const bytes = writeRequest({ id, open, more, from: base, next: received, room: DATA_MAX, data });
    void this.carry(bytes);
  }

  private async carry(bytes: Uint8Array): Promise<void> {
    try {
      const answer = await this.post(bytes);
      this.underWay--;
      this.lost = 0;
      this.hear(answer);
    } catch (error) {
      this.underWay--;
      if (++this.lost > LOST_MAX) this.destroy(error as Error);
      else setTimeout(() => this.underWay === 0 && this.ask(), RETRY_MS);
    }
  }

  private hear(bytes: Uint8Array): void {
    const answer = readAnswer(bytes);
    if (answer?.id !== this.id) return void this.destroy(new Error("no answer of a tunnel"));
    if (answer.unknown) return void this.destroy(new Error("the server does not know the tunnel"));
    const acknowledged = answer.next - this.base;
    if (acknowledged > 0 && acknowledged <= this.unsent.length) {
      this.base = answer.next;
      this.unsent = this.unsent.subarray(acknowledged);
    }
    const known = this.received - answer.from;
    if (known >= 0 && known < answer.data.length) {
      this.received = answer.from + answer.data.length;
      this.push(answer.data.subarray(known));
    }
    if (answer.end && answer.from + answer.data.length === this.received) {
      this.over = true;
      this.push(null);
    } else if (this.underWay === 0) this.ask();
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.unsent = Buffer.concat([this.unsent, bytes]);
    this.ask();
    done();
  }
}
