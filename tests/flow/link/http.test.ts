/** The results of the HTTP client for answers of servers and proxies in use. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { RESPONSE_FAULTS } from "../../../tools/facts/device.ts";
import { names } from "../../../tools/facts/table.ts";
import { Device, Exchange } from "./device.ts";

const OK = "HTTP/1.1 200 OK\r\n";
const TWO = "Content-Length: 2\r\n\r\nhi";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** The answer, and what comes of it: the code, the body's length, and whether the connection is kept; or the fault. */
// prettier-ignore
const ANSWERS: readonly (readonly [name: string, answer: string, outcome: string])[] = [
  ["a length", `${OK}${TWO}`, "200 2 kept"],
  ["HTTP/1.0 with a length", `HTTP/1.0 200 OK\r\n${TWO}`, "200 2 closed"],
  ["no reason and no space before it", `HTTP/1.1 200\r\n${TWO}`, "200 2 kept"],
  ["an empty reason", `HTTP/1.1 200 \r\n${TWO}`, "200 2 kept"],
  ["no length", `${OK}Connection: close\r\n\r\nhi`, "no-length"],
  ["100 Continue first", `HTTP/1.1 100 Continue\r\n\r\n${OK}${TWO}`, "200 2 kept"],
  ["103 Early Hints first", `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}${TWO}`, "200 2 kept"],
  ["chunks", `${CHUNKED}2\r\nhi\r\n0\r\n\r\n`, "200 2 kept"],
  ["a size padded with zeros", `${CHUNKED}0002\r\nhi\r\n0\r\n\r\n`, "200 2 kept"],
  ["a size padded with spaces", `${CHUNKED}2   \r\nhi\r\n0\r\n\r\n`, "200 2 kept"],
  ["an extension of a chunk", `${CHUNKED}2;x=y\r\nhi\r\n0\r\n\r\n`, "200 2 kept"],
  ["a trailer", `${CHUNKED}2\r\nhi\r\n0\r\nX-Checksum: 1\r\n\r\n`, "200 2 kept"],
  ["chunks and a length", `${OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n`, "length"],
  ["the same length twice", `${OK}Content-Length: 2\r\n${TWO}`, "length"],
  ["names in lower case", `${OK}content-length: 2\r\nconnection: Keep-Alive\r\n\r\nhi`, "200 2 kept"],
  ["a folded field", `${OK}X-A: b\r\n c\r\n${TWO}`, "field"],
  ["a space before the colon", `${OK}Content-Length : 2\r\n\r\nhi`, "field"],
  ["an empty value", `${OK}X-A:\r\n${TWO}`, "200 2 kept"],
  ["UTF-8 in a value", `${OK}X-A: gr\u00fc\u00df\r\n${TWO}`, "200 2 kept"],
  ["a head of more than 2,048 bytes", `${OK}X-Policy: ${"a".repeat(2100)}\r\n${TWO}`, "head-too-long"],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n", "204 0 kept"],
  ["204 in chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "encoding"],
  ["a redirection", `HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n${TWO}`, "301 2 kept"],
  ["nginx, plain HTTP on its TLS port", `HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n${TWO}`, "400 2 closed"],
  ["haproxy's 503 without a length", "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n<html>", "no-length"],
  ["429 with Retry-After", "HTTP/1.1 429 Too Many\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", "429 0 kept after 120 s"],
  ["an empty line first", `\r\n${OK}${TWO}`, "status-line"],
  ["an empty line behind the body", `${OK}${TWO}\r\n`, "200 2 closed"],
  ["lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "status-line"],
  ["Keep-Alive", `${OK}Keep-Alive: timeout=5, max=100\r\nConnection: Keep-Alive\r\n${TWO}`, "200 2 kept"],
  ["a body of 300 where 256 fit", `HTTP/1.1 500 Err\r\nContent-Length: 300\r\n\r\n${"e".repeat(300)}`, "body-too-long"],
  ["a code that is none", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", "status-line"],
];

const faults = names(RESPONSE_FAULTS);

let device: Device;
before(async () => {
  device = await Device.make();
});

/** Push an answer in pieces and write what came of it. */
function outcome(answer: string, pieceBytes: number): string {
  device.request(256, "signet.example", "/v1/reports", "cose", Buffer.from("body"));
  const bytes = Buffer.from(answer, "utf8");
  for (let at = 0; at < bytes.length; at += pieceBytes) device.push(bytes.subarray(at, at + pieceBytes));
  const { guest } = device;
  if (guest.httpState() === Exchange.failed) return faults.get(guest.httpFault()) ?? "unnamed";
  if (guest.httpState() !== Exchange.done) return "pending";
  const after = guest.httpRetryAfterS();
  const kept = guest.httpKeepAlive() ? "kept" : "closed";
  return `${guest.httpCode()} ${device.answer().length} ${kept}${after ? ` after ${after} s` : ""}`;
}

describe("HTTP as servers send it", () => {
  for (const [name, answer, wanted] of ANSWERS) {
    it(name, () => {
      assert.equal(outcome(answer, answer.length * 2), wanted);
      assert.equal(outcome(answer, 1), wanted);
    });
  }

  it("shows every fault except the two of the unit test and those of MQTT", () => {
    const shown = new Set(ANSWERS.map(([, , wanted]) => wanted));
    const missing = [...faults.values()].filter((fault) => !shown.has(fault));
    const ofMqtt = ["broker-refused", "topic-refused", "packet", "broker-silent"];
    assert.deepEqual(missing, ["none", "interim", "chunk", ...ofMqtt]);
  });
});
