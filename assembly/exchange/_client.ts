// Longer than 400 lines: one parser, with the states that it shares with the writer.
/**
 * An HTTP/1.1 client (RFC 9112) over any byte stream: one exchange at a time, request out by `pull`, response in by `push`.
 *
 * The request is written from templates as it is pulled and the response parsed as it is pushed; nothing is buffered but
 * the body, in memory of the caller. A text that two parsers could read differently is refused: both lengths or one of
 * them twice, folded or unnamed headers, bare CR or LF, chunk extensions and trailers, a body that ends with the
 * connection, HTTP versions other than 1.1.
 *
 * Time is the caller's: a peer that trickles or falls silent is ended by a limit on the whole exchange.
 */
import { HTTP_HEAD_BYTES } from "../config";
import { Status } from "../lib/status";
import * as text from "../link/text";
import { Text } from "../link/text";
import * as word from "../link/word";

/** How an exchange is. */
export const enum Exchange {
  /** There was none yet. */
  Idle,
  /** The request is being sent, or the response being read. */
  Busy,
  /** The response is complete: `code`, `bodyLen`. */
  Done,
  /** The response was refused: `fault`. The connection must be closed. */
  Failed,
}

const enum Within {
  Version,
  Code,
  Reason,
  LineStart,
  Name,
  /** Spaces before the value. */
  Gap,
  Value,
  /** The LF of a line of the head. */
  HeadLf,
  /** The LF of the empty line that ends the head. */
  LastLf,
  Body,
  ChunkSize,
  ChunkSizeLf,
  Chunk,
  ChunkCr,
  ChunkLf,
  TrailerCr,
  TrailerLf,
  Over,
}

/** Names and values that matter, by the hash of their lower case; the unit test spells them. */
const enum Word {
  ContentLength = 0x4df9451d,
  TransferEncoding = 0xddb4744c,
  Connection = 0x38b99ed9,
  Chunked = 0xd31f4213,
  Close = 0x27cb3b23,
  Version = 0xe5010158,
}

const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const VERSION_BYTES: u32 = 9;
/** Interim responses (1xx) that are skipped before one counts as an attempt to keep us busy. */
const MAX_INTERIM: u32 = 4;
/** More digits than any length accepted here has. */
const MAX_DIGITS: u32 = 8;

/** `POST path HTTP/1.1`, `Host: host` and `Content-Length: n`; then, if there is a body, its type; then an empty line. */
// prettier-ignore
const post = memory.data<u8>([
  /* POST               */ 0x50, 0x4f, 0x53, 0x54, 0x20, 1,
  /*  HTTP/1.1          */ 0x20, 0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e, 0x31, 0x0d, 0x0a,
  /* Host:              */ 0x48, 0x6f, 0x73, 0x74, 0x3a, 0x20, 2, 0x0d, 0x0a,
  /* Content-Length:    */ 0x43, 0x6f, 0x6e, 0x74, 0x65, 0x6e, 0x74, 0x2d, 0x4c, 0x65, 0x6e, 0x67, 0x74, 0x68, 0x3a, 0x20, 4,
  0x0d, 0x0a, 0,
]);
// prettier-ignore
const contentType = memory.data<u8>([
  /* Content-Type:      */ 0x43, 0x6f, 0x6e, 0x74, 0x65, 0x6e, 0x74, 0x2d, 0x54, 0x79, 0x70, 0x65, 0x3a, 0x20,
  /* application/       */ 0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 3, 0x0d, 0x0a, 0,
]);
const emptyLine = memory.data<u8>([0x0d, 0x0a, 0]);


@unmanaged
class Http {
  state: Exchange;
  fault: Status;
  body: usize;
  bodyLeft: u32;
  answer: usize;
  answerRoom: u32;
  answerLen: u32;
  code: u32;
  keepAlive: u32;
  /** How far the request's head is written: 0 first lines, 1 type, 2 empty line. */
  part: u32;
  within: Within;
  /** Bytes of the head so far; interim responses share the limit. */
  headLen: u32;
  headStart: u32;
  interim: u32;
  hash: u32;
  name: u32;
  digits: u32;
  number: u32;
  /** Which lengths were named: one of each at most, and not both. */
  hasLength: u32;
  chunked: u32;
  length: u32;
  /** A value has ended in spaces: only spaces may follow. */
  trailing: u32;
}

const http = changetype<Http>(memory.data(offsetof<Http>(), 8));
const head = changetype<Text>(memory.data(offsetof<Text>(), 8));
const digits: usize = memory.data(text.DECIMAL_BYTES);

/** Forget everything, for instance because there is a new connection. */
export function reset(): void {
  memory.fill(changetype<usize>(http), 0, offsetof<Http>());
  text.stop(head);
}

/**
 * Begin `POST path` with a body of media type `application/type`, or of none if `typeLen` is 0. All texts and the body are kept by pointer until the
 * exchange is Done or Failed. The response's body will be at `answer`; one of more than `answerRoom` bytes is TooLong.
 */
export function request(
  answer: usize,
  answerRoom: u32,
  host: usize,
  hostLen: u32,
  path: usize,
  pathLen: u32,
  type: usize,
  typeLen: u32,
  body: usize,
  bodyLen: u32,
): void {
  reset();
  http.state = Exchange.Busy;
  http.keepAlive = 1;
  http.answer = answer;
  http.answerRoom = answerRoom;
  http.body = body;
  http.bodyLeft = bodyLen;
  http.hash = word.START;
  head.first = path;
  head.firstLen = pathLen;
  head.second = host;
  head.secondLen = hostLen;
  head.third = type;
  head.thirdLen = typeLen;
  head.fourthLen = text.decimal(digits + text.DECIMAL_BYTES, bodyLen);
  head.fourth = digits + text.DECIMAL_BYTES - head.fourthLen;
  text.begin(head, post);
}

/** Write up to `max` bytes of the request to `out`; returns how many. */
export function pull(out: usize, max: u32): u32 {
  let written: u32 = 0;
  while (written < max && !text.over(head)) {
    const byte = text.next(head);
    if (byte != text.END) store<u8>(out + written++, <u8>byte);
    else nextPart();
    if (http.part == 2 && text.ended(head)) text.stop(head);
  }
  if (!text.over(head)) return written;
  const len = min(max - written, http.bodyLeft);
  memory.copy(out + written, http.body, len);
  http.body += len;
  http.bodyLeft -= len;
  return written + len;
}

function nextPart(): void {
  http.part++;
  if (http.part == 1 && head.thirdLen == 0) http.part = 2;
  if (http.part == 1) text.begin(head, contentType);
  else if (http.part == 2) text.begin(head, emptyLine);
}

/** How the exchange is. */
export function state(): Exchange {
  return http.state;
}

/** Why it failed: Malformed, or TooLong. */
export function fault(): Status {
  return http.fault;
}

/** The status code of the response, once Done. */
export function code(): u32 {
  return http.code;
}

/** How many bytes its body has, once Done. */
export function bodyLen(): u32 {
  return http.answerLen;
}

/** Whether the connection may be used for another exchange, once Done: 1. */
export function keepAlive(): u32 {
  return http.keepAlive & u32(text.over(head)) & u32(http.bodyLeft == 0);
}

/**
 * Take `len` bytes of the stream. What comes after the response, or before a request, was not asked for: it is dropped, and the
 * connection is not kept.
 */
export function push(bytes: usize, len: u32): void {
  let i: u32 = 0;
  while (i < len && http.state == Exchange.Busy) {
    if (http.within == Within.Body || http.within == Within.Chunk) i += take(bytes + i, len - i);
    else feed(load<u8>(bytes + i++));
  }
  if (i < len) http.keepAlive = 0;
}

/** Take bytes of the body; returns how many. */
function take(bytes: usize, len: u32): u32 {
  const taken = min(len, http.number);
  memory.copy(http.answer + http.answerLen, bytes, taken);
  http.answerLen += taken;
  http.number -= taken;
  if (http.number == 0) {
    if (http.within == Within.Body) over();
    else http.within = Within.ChunkCr;
  }
  return taken;
}

function over(): void {
  http.within = Within.Over;
  http.state = Exchange.Done;
}

function refuse(fault: Status): void {
  http.fault = fault;
  http.state = Exchange.Failed;
  http.keepAlive = 0;
}

/** Go to `next` if the byte is the one that must be here. */
function expect(byte: u32, wanted: u32, next: Within): void {
  if (byte == wanted) http.within = next;
  else refuse(Status.Malformed);
}

/** One byte of anything but the body. */
function feed(byte: u32): void {
  if (http.within <= Within.LastLf && ++http.headLen > HTTP_HEAD_BYTES) return refuse(Status.TooLong);
  switch (http.within) {
    case Within.Version:
      http.hash = word.step(http.hash, byte);
      if (http.headLen - http.headStart < VERSION_BYTES) return;
      if (http.hash != Word.Version) return refuse(Status.Malformed);
      http.within = Within.Code;
      http.digits = 0;
      http.code = 0;
      return;
    case Within.Code:
      return codeByte(byte);
    case Within.Reason:
      if (byte == CR) http.within = Within.HeadLf;
      else if (!isText(byte)) refuse(Status.Malformed);
      return;
    case Within.LineStart:
      if (byte == CR) {
        http.within = Within.LastLf;
        return;
      }
      http.hash = word.START;
      http.within = Within.Name;
      if (byte == COLON) return refuse(Status.Malformed);
      return nameByte(byte);
    case Within.Name:
      return nameByte(byte);
    case Within.Gap:
      if (byte == SPACE || byte == TAB) return;
      http.within = Within.Value;
      return valueByte(byte);
    case Within.Value:
      return valueByte(byte);
    case Within.HeadLf:
      return expect(byte, LF, Within.LineStart);
    case Within.LastLf:
      return byte == LF ? headOver() : refuse(Status.Malformed);
    case Within.ChunkSize:
      return sizeByte(byte);
    case Within.ChunkSizeLf:
      return byte == LF ? chunkBegins() : refuse(Status.Malformed);
    case Within.ChunkCr:
      return expect(byte, CR, Within.ChunkLf);
    case Within.ChunkLf:
      http.digits = 0;
      return expect(byte, LF, Within.ChunkSize);
    case Within.TrailerCr:
      return expect(byte, CR, Within.TrailerLf);
    default:
      return byte == LF ? over() : refuse(Status.Malformed);
  }
}

/** What may stand in a value or a reason: no control character but the tab. */
function isText(byte: u32): boolean {
  return (byte >= SPACE && byte != 0x7f) || byte == TAB;
}

/** What may stand in a name (RFC 9110 §5.6.2). */
function isToken(byte: u32): boolean {
  if (byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26) return true;
  // ! # $ % & ' * + - . as bits from 0x21; ^ _ ` | ~ apart.
  if (byte - 0x21 < 14) return ((0x367d >> (byte - 0x21)) & 1) != 0;
  return byte - 0x5e < 3 || byte == 0x7c || byte == 0x7e;
}

function codeByte(byte: u32): void {
  if (http.digits < 3) {
    if (byte - 0x30 > 9) return refuse(Status.Malformed);
    http.code = http.code * 10 + (byte - 0x30);
    http.digits++;
  } else if (http.code < 100 || http.code > 599) {
    refuse(Status.Malformed);
  } else {
    expect(byte, SPACE, Within.Reason);
  }
}

function nameByte(byte: u32): void {
  if (byte != COLON) {
    if (!isToken(byte)) return refuse(Status.Malformed);
    http.hash = word.stepLower(http.hash, byte);
    return;
  }
  http.name = http.hash;
  http.hash = word.START;
  http.digits = 0;
  http.number = 0;
  http.trailing = 0;
  http.within = Within.Gap;
}

function valueByte(byte: u32): void {
  if (byte == CR) {
    http.within = Within.HeadLf;
    return valueOver();
  }
  if (!isText(byte)) return refuse(Status.Malformed);
  switch (http.name) {
    case Word.ContentLength:
      if (byte == SPACE || byte == TAB) {
        http.trailing = 1;
        return;
      }
      if (byte - 0x30 > 9 || http.trailing || http.digits == MAX_DIGITS) return refuse(Status.Malformed);
      http.number = http.number * 10 + (byte - 0x30);
      http.digits++;
      return;
    case Word.TransferEncoding:
      if (byte == SPACE || byte == TAB) {
        http.trailing = 1;
        return;
      }
      if (http.trailing) return refuse(Status.Malformed);
      http.hash = word.stepLower(http.hash, byte);
      return;
    case Word.Connection:
      // A list: each element is looked at by itself.
      if (byte == COMMA) return optionOver();
      if (byte != SPACE && byte != TAB) http.hash = word.stepLower(http.hash, byte);
  }
}

function optionOver(): void {
  if (http.hash == Word.Close) http.keepAlive = 0;
  http.hash = word.START;
}

function valueOver(): void {
  switch (http.name) {
    case Word.ContentLength:
      if (http.digits == 0 || http.hasLength || http.chunked) return refuse(Status.Malformed);
      http.hasLength = 1;
      http.length = http.number;
      return;
    case Word.TransferEncoding:
      if (http.hash != Word.Chunked || http.hasLength || http.chunked) return refuse(Status.Malformed);
      http.chunked = 1;
      return;
    case Word.Connection:
      optionOver();
  }
}

/** The head is complete: see what body follows (RFC 9112 §6.3). */
function headOver(): void {
  if (http.code < 200) {
    // Switching protocols was not asked for; other interim responses have no body.
    if (http.code == 101 || http.hasLength || http.chunked || ++http.interim > MAX_INTERIM)
      return refuse(Status.Malformed);
    http.hash = word.START;
    http.within = Within.Version;
    http.headStart = http.headLen;
    return;
  }
  if (http.chunked) {
    if (http.code == 204 || http.code == 304) return refuse(Status.Malformed);
    http.digits = 0;
    http.within = Within.ChunkSize;
    return;
  }
  if (http.code == 204 || http.code == 304) return http.length ? refuse(Status.Malformed) : over();
  if (!http.hasLength) return refuse(Status.Malformed);
  if (http.length > http.answerRoom) return refuse(Status.TooLong);
  if (http.length == 0) return over();
  http.number = http.length;
  http.within = Within.Body;
}

function sizeByte(byte: u32): void {
  if (byte == CR) {
    if (http.digits == 0) return refuse(Status.Malformed);
    http.within = Within.ChunkSizeLf;
    return;
  }
  const letter = byte | 0x20;
  const value = byte - 0x30 < 10 ? byte - 0x30 : letter - 0x61 < 6 ? letter - 0x57 : 16;
  if (value == 16 || http.digits == MAX_DIGITS) return refuse(Status.Malformed);
  http.number = http.digits ? (http.number << 4) | value : value;
  http.digits++;
}

function chunkBegins(): void {
  if (http.number == 0) {
    http.within = Within.TrailerCr;
    return;
  }
  if (http.number > http.answerRoom - http.answerLen) return refuse(Status.TooLong);
  http.within = Within.Chunk;
}
