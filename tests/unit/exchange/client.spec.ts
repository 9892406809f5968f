import { HTTP_HEAD_BYTES } from "../../../assembly/config";
import * as http from "../../../assembly/exchange/_client";
import * as response from "../../../assembly/exchange/_response";
import { Exchange } from "../../../assembly/exchange/_response";
import { ResponseFault } from "../../../assembly/exchange/facts";

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

function begin(typed: boolean = true, port: u32 = 0): void {
  // prettier-ignore
  http.request(
    answer, ANSWER_ROOM, changetype<usize>(host), host.byteLength, port, changetype<usize>(path), path.byteLength,
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
function pushed(text: string, step: u32): Exchange {
  const bytes = utf8(text);
  for (let i: u32 = 0; i < <u32>bytes.byteLength; i += step) {
    response.push(changetype<usize>(bytes) + i, min(step, <u32>bytes.byteLength - i));
  }
  return response.state();
}

/** Do a whole exchange, byte by byte and at once, and check both come to the same. */
function exchange(text: string): Exchange {
  begin();
  pulled(512);
  const slowly = pushed(text, 1);
  const code = response.code();
  const len = response.bodyLen();
  begin();
  pulled(512);
  const atOnce = pushed(text, 4096);
  if (slowly != atOnce || code != response.code() || len != response.bodyLen()) throw new Error("splitting matters");
  return atOnce;
}

function answered(): string {
  return String.UTF8.decodeUnsafe(answer, response.bodyLen());
}

function refuses(text: string, fault: ResponseFault): void {
  expect(exchange(text)).toBe(Exchange.Failed, text);
  expect(response.fault()).toBe(fault, text);
  expect(http.keepAlive()).toBe(0);
}

describe("http requests", () => {
  it("have a length, a type and a host, in any pieces", () => {
    const wanted =
      "POST /v1/enrol HTTP/1.1\r\nHost: signet.example\r\nContent-Length: 5\r\nContent-Type: application/cose\r\n\r\nbody!";
    begin();
    expect(pulled(512)).toBe(wanted);
    begin();
    expect(pulled(1)).toBe(wanted);
    begin();
    expect(pulled(7)).toBe(wanted);
  });

  it("end with their last byte", () => {
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

  it("name a port that is not the default", () => {
    begin(false, 8080);
    expect(pulled(512)).toBe("POST /v1/enrol HTTP/1.1\r\nHost: signet.example:8080\r\nContent-Length: 0\r\n\r\n");
    begin(true, 65535);
    expect(pulled(1)).toBe(
      "POST /v1/enrol HTTP/1.1\r\nHost: signet.example:65535\r\nContent-Length: 5\r\nContent-Type: application/cose\r\n\r\nbody!",
    );
  });

  it("have no type where there is no body", () => {
    begin(false);
    expect(pulled(512)).toBe("POST /v1/enrol HTTP/1.1\r\nHost: signet.example\r\nContent-Length: 0\r\n\r\n");
  });
});

describe("http responses", () => {
  it("with a length", () => {
    expect(exchange("HTTP/1.1 200 OK\r\ncontent-LENGTH:\t 4  \r\nServer: x\r\n\r\nabcd")).toBe(Exchange.Done);
    expect(response.code()).toBe(200);
    expect(answered()).toBe("abcd");
    expect(http.keepAlive()).toBe(1);
  });

  it("in chunks", () => {
    expect(
      exchange("HTTP/1.1 409 Conflict\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n"),
    ).toBe(Exchange.Done);
    expect(response.code()).toBe(409);
    expect(answered()).toBe("abc0123456789");
    expect(http.keepAlive()).toBe(1);
  });

  it("without a body", () => {
    expect(exchange("HTTP/1.1 204 \r\n\r\n")).toBe(Exchange.Done);
    expect(response.bodyLen()).toBe(0);
    expect(exchange("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")).toBe(Exchange.Done);
    expect(response.code()).toBe(503);
  });

  it("in chunks with extensions, and a trailer that changes nothing", () => {
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect(exchange(chunked + '2 ;a="b;c"\r\nhi\r\n1\t \r\n!\r\n0;z\r\n\r\n')).toBe(Exchange.Done);
    expect(answered()).toBe("hi!");
    expect(http.keepAlive()).toBe(1);
    const trailer = "X-Checksum: 1\r\nContent-Length: 9\r\nConnection: close\r\nRetry-After: 7\r\n\r\n";
    expect(exchange(chunked + "2\r\nhi\r\n0\r\n" + trailer)).toBe(Exchange.Done);
    expect(answered()).toBe("hi");
    expect(http.keepAlive()).toBe(1);
    expect(response.retryAfterS()).toBe(0);
  });

  it("have extensions and trailers that end", () => {
    const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    refuses(chunked + ("1;" + "a".repeat(100) + "\r\nz\r\n").repeat(24), ResponseFault.HeadTooLong);
    refuses(chunked + "0\r\n" + "A: b\r\n".repeat(400), ResponseFault.HeadTooLong);
  });

  it("of HTTP/1.0 with a length, and without the space before a reason", () => {
    expect(exchange("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi")).toBe(Exchange.Done);
    expect(answered()).toBe("hi");
    expect(http.keepAlive()).toBe(0);
    expect(exchange("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi")).toBe(Exchange.Done);
    expect(answered()).toBe("hi");
    expect(http.keepAlive()).toBe(1);
  });

  it("with a time to wait, in seconds", () => {
    const busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: ";
    expect(exchange(busy + "120 \r\n\r\n")).toBe(Exchange.Done);
    expect(response.retryAfterS()).toBe(120);
    expect(exchange(busy + "99999999\r\n\r\n")).toBe(Exchange.Done);
    expect(response.retryAfterS()).toBe(99999999);
    const others = ["Fri, 27 Nov 2026 22:00:00 GMT", "1 2", "-1", "1.5", "100000000", ""];
    for (let i = 0; i < others.length; i++) {
      expect(exchange(busy + others[i] + "\r\n\r\n")).toBe(Exchange.Done);
      expect(response.retryAfterS()).toBe(0, others[i]);
    }
  });

  it("after interim ones, but not after many", () => {
    const interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n";
    expect(exchange(interim + "HTTP/1.1 204 No\r\n\r\n")).toBe(Exchange.Done);
    expect(response.code()).toBe(204);
    refuses(interim.repeat(5), ResponseFault.Interim);
    refuses("HTTP/1.1 101 Switching Protocols\r\n\r\n", ResponseFault.Interim);
  });

  it("that end the connection", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 1\r\n\r\nz")).toBe(Exchange.Done);
    expect(http.keepAlive()).toBe(0);
    expect(exchange("HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 1\r\n\r\nz")).toBe(Exchange.Done);
    expect(http.keepAlive()).toBe(1);
  });

  it("with unexpected bytes do not keep the connection", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nzHTTP/1.1 200")).toBe(Exchange.Done);
    expect(answered()).toBe("z");
    expect(http.keepAlive()).toBe(0);
  });

  it("that arrive before the request is out do not keep the connection", () => {
    begin();
    http.pull(out, 20);
    expect(pushed("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n", 4096)).toBe(Exchange.Done);
    expect(http.keepAlive()).toBe(0);
  });

  it("are never longer than the buffer", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + "a".repeat(64))).toBe(Exchange.Done);
    expect(exchange("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n" + "a".repeat(65))).toBe(Exchange.Failed);
    expect(response.fault()).toBe(ResponseFault.BodyTooLong);
    const chunk = "20\r\n" + "b".repeat(32) + "\r\n";
    expect(exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n")).toBe(
      Exchange.Done,
    );
    expect(exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "1\r\n")).toBe(
      Exchange.Failed,
    );
    expect(response.fault()).toBe(ResponseFault.BodyTooLong);
    expect(exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")).toBe(Exchange.Failed);
    expect(response.fault()).toBe(ResponseFault.BodyTooLong);
  });

  it("have heads that end", () => {
    expect(exchange("HTTP/1.1 200 OK\r\nA: " + "a".repeat(HTTP_HEAD_BYTES))).toBe(Exchange.Failed);
    expect(response.fault()).toBe(ResponseFault.HeadTooLong);
  });

  it("that are ambiguous are refused", () => {
    const ok = "HTTP/1.1 200 OK\r\n";
    refuses(ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: 1, 1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: 1 1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: +1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: 0x1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: -1\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: 000000001\r\n\r\n", ResponseFault.Length);
    refuses(ok + "Content-Length: \r\n\r\n", ResponseFault.Length);
    refuses(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", ResponseFault.Encoding);
    refuses(ok + "Transfer-Encoding: chunked \tx\r\n\r\n", ResponseFault.Encoding);
    refuses(ok + "Transfer-Encoding: identity\r\n\r\n", ResponseFault.Encoding);
    refuses(ok + "Transfer-Encoding:\r\n\r\n", ResponseFault.Encoding);
    refuses(ok + "\r\n", ResponseFault.NoLength);
    refuses(ok + "A: b\r\n c\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A: b\r\n\tc\r\n\r\n", ResponseFault.Field);
    refuses(ok + "Content-Length : 1\r\n\r\n", ResponseFault.Field);
    refuses(ok + ": 1\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A b: 1\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A: b\nContent-Length: 0\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A: b\rc\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A: b\0\r\n\r\n", ResponseFault.Field);
    refuses(ok + "A: b\r\n\rx", ResponseFault.Field);
    refuses("HTTP/1.1  200 OK\r\n\r\n", ResponseFault.StatusLine);
    refuses("HTTP/1.1 20 OK\r\n\r\n", ResponseFault.StatusLine);
    refuses("HTTP/1.1 2000 OK\r\n\r\n", ResponseFault.StatusLine);
    refuses("HTTP/1.1 099 OK\r\n\r\n", ResponseFault.StatusLine);
    refuses("HTTP/1.1 600 OK\r\n\r\n", ResponseFault.StatusLine);
    refuses("\r\nHTTP/1.1 200 OK\r\n\r\n", ResponseFault.StatusLine);
    refuses("HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", ResponseFault.Length);
    refuses("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", ResponseFault.Encoding);
    refuses("HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n", ResponseFault.Interim);
    const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
    refuses(chunked + "\r\n", ResponseFault.Chunk);
    refuses(chunked + " 1\r\nz\r\n", ResponseFault.Chunk);
    refuses(chunked + "0x1\r\nz\r\n", ResponseFault.Chunk);
    refuses(chunked + "g\r\n", ResponseFault.Chunk);
    refuses(chunked + "000000001\r\n", ResponseFault.Chunk);
    refuses(chunked + "1\nz\r\n", ResponseFault.Chunk);
    refuses(chunked + "1\r\nzz\r\n", ResponseFault.Chunk);
    refuses(chunked + "1\r\nz\n", ResponseFault.Chunk);
    refuses(chunked + "1 2\r\nz\r\n", ResponseFault.Chunk);
    refuses(chunked + ";a=b\r\n", ResponseFault.Chunk);
    refuses(chunked + "1;a=\n\r\nz\r\n", ResponseFault.Chunk);
    refuses(chunked + "0\r\nA\r\n\r\n", ResponseFault.Field);
    refuses(chunked + "0\r\nA: b\n\r\n", ResponseFault.Field);
    refuses("HTTP/1.0 200 OK\r\n\r\n", ResponseFault.NoLength);
    refuses("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ResponseFault.Encoding);
    refuses("HTTP/1.2 200 OK\r\n", ResponseFault.StatusLine);
  });
});
