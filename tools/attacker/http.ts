/** A whole HTTP/1.1 message as it passed: the head with its blank line, and the body without any chunking. */
export interface HttpMessage {
  readonly head: string;
  readonly body: Uint8Array;
  /** The very bytes that passed. */
  readonly raw: Uint8Array;
}

/** Splits one direction of a connection into whole messages. Bytes that are not HTTP stay in it. */
export class Splitter {
  private rest = Buffer.alloc(0);

  /** Take more bytes; returns the messages that they complete. */
  feed(bytes: Uint8Array): HttpMessage[] {
    this.rest = Buffer.concat([this.rest, bytes]);
    const whole: HttpMessage[] = [];
    for (let message = this.next(); message; message = this.next()) whole.push(message);
    return whole;
  }

  private next(): HttpMessage | undefined {
    const blank = this.rest.indexOf("\r\n\r\n");
    if (blank === -1) return undefined;
    const start = blank + 4;
    const head = this.rest.toString("latin1", 0, start);
    if (/^transfer-encoding: *chunked\r$/im.test(head)) return this.chunked(head, start);
    const end = start + Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
    if (this.rest.length < end) return undefined;
    const [body, raw] = [this.rest.subarray(start, end), this.rest.subarray(0, end)];
    this.rest = this.rest.subarray(end);
    return { head, body, raw };
  }

  private chunked(head: string, start: number): HttpMessage | undefined {
    const pieces: Buffer[] = [];
    for (let at = start; ;) {
      const line = this.rest.indexOf("\r\n", at);
      if (line === -1) return undefined;
      const size = Number.parseInt(this.rest.toString("latin1", at, line), 16);
      const end = line + 2 + size + 2;
      if (this.rest.length < end) return undefined;
      pieces.push(this.rest.subarray(line + 2, line + 2 + size));
      at = end;
      if (size > 0) continue;
      const raw = this.rest.subarray(0, at);
      this.rest = this.rest.subarray(at);
      return { head, body: Buffer.concat(pieces), raw };
    }
  }
}

/** A message with another body and its length. */
export function withBody({ head }: HttpMessage, body: Uint8Array): Uint8Array {
  const told = head
    .replace(/^(content-length|transfer-encoding):.*\r\n/gim, "")
    .replace(/\r\n$/, `Content-Length: ${body.length}\r\n\r\n`);
  return Buffer.concat([Buffer.from(told, "latin1"), body]);
}

/** The path of a request; empty if it is none. */
export function pathOf(head: string): string {
  return /^[A-Z]+ (\S+) HTTP/.exec(head)?.[1] ?? "";
}

/** The status of a response; 0 if it is none. */
export function statusOf(head: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
}
