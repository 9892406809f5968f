import { HTTP_HEAD_BYTES } from "../../../assembly/config";
import { Status } from "../../../assembly/lib/status";
import * as http from "../../../assembly/exchange/_client";
import { Exchange } from "../../../assembly/exchange/_client";

const ANSWER_ROOM: u32 = 64;
const answer = memory.data(ANSWER_ROOM + 8, 8);
const out = memory.data(512, 8);

function utf8(value: string): ArrayBuffer {
  return String.UTF8.encode(value);
}

const host = utf8("signet.example");
const path = utf8("/v1/enrol");
const type = utf8("cose");
const body = utf8("body!");

function begin(typed: boolean = true): void {
  // prettier-ignore
  http.request(
    answer, ANSWER_ROOM, changetype<usize>(host), host.byteLength, changetype<usize>(path), path.byteLength,
    changetype<usize>(type), typed ? type.byteLength : 0, changetype<usize>(body), typed ? body.byteLength : 0,
  );
}

/** Pull the whole request, `step` bytes at a time. */
function pulled(step: u32): string {
  let len: u32 = 0;
  for (let got = http.pull(out, step); got; got = http.pull(out + len, step)) len += got;
  return String.UTF8.decodeUnsafe(out, len);
}

/** Push a response `step` bytes at a time and say what came of it. */
function pushed(response: string, step: u32): Exchange {
  const bytes = utf8(response);
  for (let i: u32 = 0; i < <u32>bytes.byteLength; i += step) {
    http.push(changetype<usize>(bytes) + i, min(step, <u32>bytes.byteLength - i));
  }
  return http.state();
}

/** Do a whole exchange, byte by byte and at once, and check both come to the same. */
function exchange(response: string): Exchange {
  begin();
  pulled(512);
  const slowly = pushed(response, 1);
  const code = http.code();
  const len = http.bodyLen();
  begin();
  pulled(512);
  const atOnce = pushed(response, 4096);
  if (slowly != atOnce || code != http.code() || len != http.bodyLen()) throw new Error("splitting matters");
  return atOnce;
}

function answered(): string {
  return String.UTF8.decodeUnsafe(answer, http.bodyLen());
}

function refuses(response: string): void {
  expect(exchange(response)).toBe(Exchange.Failed, response);
  expect(http.fault()).toBe(Status.Malformed, response);
  expect(http.keepAlive()).toBe(0);
}

describe("http requests", () => {
  it("have a length, a type and a host, however they are pulled", () => {
    const wanted =
      "POST /v1/enrol HTTP/1.1\r\nHost: signet.example\r\nContent-Length: 5\r\nContent-Type: application/cose\r\n\r\nbody!";
    begin();
    expect(pulled(512)).toBe(wanted);
    begin();
    expect(pulled(1)).toBe(wanted);
    begin();
    expect(pulled(7)).toBe(wanted);
  });

  it("are over with their last byte", () => {
    begin(false);
    expect(pulled(512).length).toBe(68);
    begin(false);
    expect(http.pull(out, 67)).toBe(67);
    pushed("HTTP/1.1 204 No\r\n\r\n", 64);
    expect(http.keepAlive()).toBe(0);
    begin(false);
    expect(http.pull(out, 68)).toBe(68);
    pushed("HTTP/1.1 204 No\r\n\r\n", 64);
    expect(http.keepAlive()).toBe(1);
  });

  it("have no type where there is no body", () => {
    begin(false);
    expect(pulled(512)).toBe("POST /v1/enrol HTTP/1.1\r\nHost: signet.example\r\nContent-Length: 0\r\n\r\n");
  });
});

describe("http responses", () => {
  it("with a length", () => {
    expect(exchange("HTTP/1.1 200 OK\r\ncontent-LENGTH:\t 4  \r\nServer: x\r\n\r\nabcd")).toBe(Exchange.Done);
    expect(http.code()).toBe(200);
    expect(answered()).toBe("abcd");
    expect(http.keepAlive()).toBe(1);
  });

  it("in chunks", () => {
    expect(
      exchange("HTTP/1.1 409 Conflict\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n"),
    ).toBe(Exchange.Done);
    expect(http.code()).toBe(409);
    expect(answered()).toBe("abc0123456789");
    expect(http.keepAlive()).toBe(1);
  });

  it("without a body", () => {
    expect(exchange("HTTP/1.1 204 \r\n\r\n")).toBe(Exchange.Done);
    expect(http.bodyLen()).toBe(0);
    expect(exchange("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")).toBe(Exchange.Done);
    expect(http.code()).toBe(503);
  });

  it("behind interim ones, but not behind many", () => {
    const interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n";
    expect(exchange(interim + "HTTP/1.1 204 No\r\n\r\n")).toBe(Exchange.Done);
    expect(http.code()).toBe(204);
    refuses(interim.repeat(5));
    refuses("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  });

  it("that end the connection", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 1\r\n\r\nz")).toBe(Exchange.Done);
    expect(http.keepAlive()).toBe(0);
    expect(exchange("HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 1\r\n\r\nz")).toBe(Exchange.Done);
    expect(http.keepAlive()).toBe(1);
  });

  it("with bytes nobody asked for do not keep the connection", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nzHTTP/1.1 200")).toBe(Exchange.Done);
    expect(answered()).toBe("z");
    expect(http.keepAlive()).toBe(0);
  });

  it("that come before the request is out do not keep the connection", () => {
    begin();
    http.pull(out, 20);
    expect(pushed("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n", 4096)).toBe(Exchange.Done);
    expect(http.keepAlive()).toBe(0);
  });

  it("are never longer than there is room", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + "a".repeat(64))).toBe(Exchange.Done);
    expect(exchange("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n" + "a".repeat(65))).toBe(Exchange.Failed);
    expect(http.fault()).toBe(Status.TooLong);
    const chunk = "20\r\n" + "b".repeat(32) + "\r\n";
    expect(exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n")).toBe(
      Exchange.Done,
    );
    expect(exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "1\r\n")).toBe(
      Exchange.Failed,
    );
    expect(http.fault()).toBe(Status.TooLong);
    expect(exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")).toBe(Exchange.Failed);
    expect(http.fault()).toBe(Status.TooLong);
  });

  it("have heads that end", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nA: " + "a".repeat(HTTP_HEAD_BYTES))).toBe(Exchange.Failed);
    expect(http.fault()).toBe(Status.TooLong);
  });

  it("that can be read in two ways are refused", () => {
    const ok = "HTTP/1.1 200 OK\r\n";
    refuses(ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    refuses(ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n");
    refuses(ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n");
    refuses(ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
    refuses(ok + "Content-Length: 1, 1\r\n\r\n");
    refuses(ok + "Content-Length: 1 1\r\n\r\n");
    refuses(ok + "Content-Length: +1\r\n\r\n");
    refuses(ok + "Content-Length: 0x1\r\n\r\n");
    refuses(ok + "Content-Length: -1\r\n\r\n");
    refuses(ok + "Content-Length: 000000001\r\n\r\n");
    refuses(ok + "Content-Length: \r\n\r\n");
    refuses(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n");
    refuses(ok + "Transfer-Encoding: chunked \tx\r\n\r\n");
    refuses(ok + "Transfer-Encoding: identity\r\n\r\n");
    refuses(ok + "Transfer-Encoding:\r\n\r\n");
    refuses(ok + "\r\n");
    refuses(ok + "A: b\r\n c\r\n\r\n");
    refuses(ok + "A: b\r\n\tc\r\n\r\n");
    refuses(ok + "Content-Length : 1\r\n\r\n");
    refuses(ok + ": 1\r\n\r\n");
    refuses(ok + "A b: 1\r\n\r\n");
    refuses(ok + "A\r\n\r\n");
    refuses(ok + "A: b\nContent-Length: 0\r\n\r\n");
    refuses(ok + "A: b\rc\r\n\r\n");
    refuses(ok + "A: b\0\r\n\r\n");
    refuses(ok + "A: b\r\n\rx");
    refuses("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n");
    refuses("HTTP/1.1  200 OK\r\n\r\n");
    refuses("HTTP/1.1 20 OK\r\n\r\n");
    refuses("HTTP/1.1 2000 OK\r\n\r\n");
    refuses("HTTP/1.1 099 OK\r\n\r\n");
    refuses("HTTP/1.1 600 OK\r\n\r\n");
    refuses("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n");
    refuses("\r\nHTTP/1.1 200 OK\r\n\r\n");
    refuses("HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n");
    refuses("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n");
    refuses("HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n");
    const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
    refuses(chunked + "\r\n");
    refuses(chunked + "1;a=b\r\nz\r\n");
    refuses(chunked + " 1\r\nz\r\n");
    refuses(chunked + "0x1\r\nz\r\n");
    refuses(chunked + "g\r\n");
    refuses(chunked + "000000001\r\n");
    refuses(chunked + "1\nz\r\n");
    refuses(chunked + "1\r\nzz\r\n");
    refuses(chunked + "1\r\nz\n");
    refuses(chunked + "0\r\nA: b\r\n\r\n");
  });
});
