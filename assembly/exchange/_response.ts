/**
 * Reads one HTTP/1.1 or HTTP/1.0 response (RFC 9112) as its bytes arrive. Nothing is buffered but the body, in memory of the caller.
 *
 * A response has a length or comes in chunks. Extensions of chunks and fields of the trailer are checked for their form and ignored.
 * A form that two parsers could read differently is refused: both lengths or one of them twice, chunks in HTTP/1.0,
 * folded or unnamed fields, bare CR or LF, a body that ends with the connection.
 *
 * Bounds: the head, its interim responses, the chunk extensions and the trailer together have at most HTTP_HEAD_BYTES.
 * Time is the caller's: a peer that trickles or falls silent is ended by a limit on the whole exchange.
 */
import { HTTP_HEAD_BYTES } from "../config";
import * as word from "../link/word";
import { COLON, COMMA, CR, isBlank, isText, isToken, LF, SEMICOLON, SPACE } from "./_characters";
import { ResponseFault } from "./facts";

/** States of an exchange. */
export const enum Exchange {
  /** No exchange yet. */
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
  /** Spaces behind the size of a chunk. */
  ChunkGap,
  ChunkExtension,
  /** The LF of the empty line that ends the head or the trailer. */
  LastLf,
  Body,
  ChunkSize,
  ChunkSizeLf,
  Chunk,
  ChunkCr,
  ChunkLf,
  Over,
}

/** Names and values that matter, by hash: of the lower case, but for the versions. */
const enum Word {
  ContentLength = fnv1a("content-length"),
  TransferEncoding = fnv1a("transfer-encoding"),
  Connection = fnv1a("connection"),
  Chunked = fnv1a("chunked"),
  Close = fnv1a("close"),
  RetryAfter = fnv1a("retry-after"),
  Version = fnv1a("HTTP/1.1 "),
  VersionOld = fnv1a("HTTP/1.0 "),
}

const VERSION_BYTES: u32 = 9;
/** Interim responses (1xx) that are skipped before one counts as an attempt to keep us busy. */
const MAX_INTERIM: u32 = 4;
/** More digits than any length accepted here has. */
const MAX_DIGITS: u32 = 8;


@unmanaged
class Response {
  state: Exchange;
  fault: ResponseFault;
  answer: usize;
  answerRoom: u32;
  answerLen: u32;
  code: u32;
  within: Within;
  /** Bytes of the head so far; interim responses share the limit. */
  headLen: u32;
  headStart: u32;
  hash: u32;
  name: u32;
  digits: u32;
  number: u32;
  retryAfterS: u32;
  length: u32;
  /** A value has ended in spaces: only spaces may follow. 2: it is no number. */
  trailing: u32;
  /** Number of interim responses. */
  interim: u8;
  keepAlive: u8;
  /** The version is 1.0: without chunks, and the connection is not kept. */
  isOld: u8;
  /** The fields are those of the trailer. */
  inTrailer: u8;
  /** Which lengths were named: one of each at most, and not both. */
  hasLength: u8;
  chunked: u8;
}

const http = changetype<Response>(memory.data(offsetof<Response>(), 4));

/** Forget everything: there is no exchange. */
export function reset(): void {
  memory.fill(changetype<usize>(http), 0, offsetof<Response>());
}

/** Begin to read a response; its body will be at `answer`, and one of more than `answerRoom` bytes is refused. */
export function begin(answer: usize, answerRoom: u32): void {
  reset();
  http.state = Exchange.Busy;
  http.keepAlive = 1;
  http.answer = answer;
  http.answerRoom = answerRoom;
  http.hash = word.START;
}

/** State of the exchange. */
export function state(): Exchange {
  return http.state;
}

/** Why it failed. */
export function fault(): ResponseFault {
  return http.fault;
}

/** The status code of the response, once Done. */
export function code(): u32 {
  return http.code;
}

/** Bytes of its body, once Done. */
export function bodyLen(): u32 {
  return http.answerLen;
}

/** Seconds until the server wants to be asked again, once Done; 0 if it does not say so in seconds. */
export function retryAfterS(): u32 {
  return http.retryAfterS;
}

/** True if the response leaves the connection usable, once Done: 1. */
export function keepAlive(): u32 {
  return http.keepAlive;
}

/**
 * Take `len` bytes of the stream. Bytes after the response, or before a request, are dropped, and the connection is
 * not kept.
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

function refuse(fault: ResponseFault): void {
  http.fault = fault;
  http.state = Exchange.Failed;
  http.keepAlive = 0;
}

/** Go to `next` if the byte is the required one. */
function expect(byte: u32, wanted: u32, next: Within, fault: ResponseFault): void {
  if (byte == wanted) http.within = next;
  else refuse(fault);
}

/** One byte of anything but the body. */
function feed(byte: u32): void {
  if (http.within <= Within.LastLf && ++http.headLen > HTTP_HEAD_BYTES) return refuse(ResponseFault.HeadTooLong);
  switch (http.within) {
    case Within.Version:
      http.hash = word.step(http.hash, byte);
      if (http.headLen - http.headStart < VERSION_BYTES) return;
      if (http.hash != Word.Version) {
        if (http.hash != Word.VersionOld) return refuse(ResponseFault.StatusLine);
        http.isOld = 1;
        http.keepAlive = 0;
      }
      http.within = Within.Code;
      http.digits = 0;
      http.code = 0;
      return;
    case Within.Code:
      return codeByte(byte);
    case Within.Reason:
      if (byte == CR) http.within = Within.HeadLf;
      else if (!isText(byte)) refuse(ResponseFault.StatusLine);
      return;
    case Within.LineStart:
      if (byte == CR) {
        http.within = Within.LastLf;
        return;
      }
      http.hash = word.START;
      http.within = Within.Name;
      if (byte == COLON) return refuse(ResponseFault.Field);
      return nameByte(byte);
    case Within.Name:
      return nameByte(byte);
    case Within.Gap:
      if (isBlank(byte)) return;
      http.within = Within.Value;
      return valueByte(byte);
    case Within.Value:
      return valueByte(byte);
    case Within.HeadLf:
      return expect(byte, LF, Within.LineStart, ResponseFault.Field);
    case Within.LastLf:
      if (byte != LF) return refuse(ResponseFault.Field);
      return http.inTrailer ? over() : headOver();
    case Within.ChunkSize:
      return sizeByte(byte);
    case Within.ChunkGap:
    case Within.ChunkExtension:
      return extensionByte(byte);
    case Within.ChunkSizeLf:
      return byte == LF ? chunkBegins() : refuse(ResponseFault.Chunk);
    case Within.ChunkCr:
      return expect(byte, CR, Within.ChunkLf, ResponseFault.Chunk);
    default:
      http.digits = 0;
      return expect(byte, LF, Within.ChunkSize, ResponseFault.Chunk);
  }
}

function codeByte(byte: u32): void {
  if (http.digits < 3) {
    if (byte - 0x30 > 9) return refuse(ResponseFault.StatusLine);
    http.code = http.code * 10 + (byte - 0x30);
    http.digits++;
  } else if (http.code < 100 || http.code > 599) {
    refuse(ResponseFault.StatusLine);
  } else if (byte == CR) {
    // Without a reason, some servers omit the space before it too.
    http.within = Within.HeadLf;
  } else {
    expect(byte, SPACE, Within.Reason, ResponseFault.StatusLine);
  }
}

function nameByte(byte: u32): void {
  if (byte != COLON) {
    if (!isToken(byte)) return refuse(ResponseFault.Field);
    http.hash = word.stepLower(http.hash, byte);
    return;
  }
  http.name = http.inTrailer ? 0 : http.hash;
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
  if (!isText(byte)) return refuse(ResponseFault.Field);
  switch (http.name) {
    case Word.ContentLength:
      if (isBlank(byte)) {
        http.trailing = 1;
        return;
      }
      if (byte - 0x30 > 9 || http.trailing || http.digits == MAX_DIGITS) return refuse(ResponseFault.Length);
      return digit(byte);
    case Word.RetryAfter:
      // A date is ignored: the device has no clock.
      if (isBlank(byte)) http.trailing |= 1;
      else if (byte - 0x30 > 9 || http.trailing || http.digits == MAX_DIGITS) http.trailing = 2;
      else digit(byte);
      return;
    case Word.TransferEncoding:
      if (isBlank(byte)) {
        http.trailing = 1;
        return;
      }
      if (http.trailing) return refuse(ResponseFault.Encoding);
      http.hash = word.stepLower(http.hash, byte);
      return;
    case Word.Connection:
      // A list: each element is looked at by itself.
      if (byte == COMMA) return optionOver();
      if (!isBlank(byte)) http.hash = word.stepLower(http.hash, byte);
  }
}

function digit(byte: u32): void {
  http.number = http.number * 10 + (byte - 0x30);
  http.digits++;
}

function optionOver(): void {
  if (http.hash == Word.Close) http.keepAlive = 0;
  http.hash = word.START;
}

function valueOver(): void {
  switch (http.name) {
    case Word.ContentLength:
      if (http.digits == 0 || http.hasLength || http.chunked) return refuse(ResponseFault.Length);
      http.hasLength = 1;
      http.length = http.number;
      return;
    case Word.TransferEncoding:
      if (http.hasLength || http.chunked) return refuse(ResponseFault.Length);
      if (http.hash != Word.Chunked || http.isOld) return refuse(ResponseFault.Encoding);
      http.chunked = 1;
      return;
    case Word.RetryAfter:
      if (http.trailing < 2) http.retryAfterS = http.number;
      return;
    case Word.Connection:
      optionOver();
  }
}

/** The head is complete: determine the body (RFC 9112 §6.3). */
function headOver(): void {
  if (http.code < 200) {
    // Switching protocols was not asked for; other interim responses have no body.
    if (http.code == 101 || http.hasLength || http.chunked || ++http.interim > MAX_INTERIM)
      return refuse(ResponseFault.Interim);
    http.hash = word.START;
    http.within = Within.Version;
    http.headStart = http.headLen;
    return;
  }
  if (http.chunked) {
    if (http.code == 204 || http.code == 304) return refuse(ResponseFault.Encoding);
    http.digits = 0;
    http.within = Within.ChunkSize;
    return;
  }
  if (http.code == 204 || http.code == 304) return http.length ? refuse(ResponseFault.Length) : over();
  if (!http.hasLength) return refuse(ResponseFault.NoLength);
  if (http.length > http.answerRoom) return refuse(ResponseFault.BodyTooLong);
  if (http.length == 0) return over();
  http.number = http.length;
  http.within = Within.Body;
}

function sizeByte(byte: u32): void {
  if (http.digits != 0 && (byte == CR || byte == SEMICOLON || isBlank(byte))) return extensionByte(byte);
  const letter = byte | 0x20;
  const value = byte - 0x30 < 10 ? byte - 0x30 : letter - 0x61 < 6 ? letter - 0x57 : 16;
  if (value == 16 || http.digits == MAX_DIGITS) return refuse(ResponseFault.Chunk);
  http.number = http.digits ? (http.number << 4) | value : value;
  http.digits++;
}

/** A byte behind the size of a chunk: spaces, then extensions (RFC 9112 §7.1.1), then the end of the line. */
function extensionByte(byte: u32): void {
  if (byte == CR) http.within = Within.ChunkSizeLf;
  else if (byte == SEMICOLON) http.within = Within.ChunkExtension;
  else if (http.within == Within.ChunkExtension) {
    if (!isText(byte)) refuse(ResponseFault.Chunk);
  } else if (isBlank(byte)) http.within = Within.ChunkGap;
  else refuse(ResponseFault.Chunk);
}

function chunkBegins(): void {
  if (http.number == 0) {
    http.inTrailer = 1;
    http.within = Within.LineStart;
    return;
  }
  if (http.number > http.answerRoom - http.answerLen) return refuse(ResponseFault.BodyTooLong);
  http.within = Within.Chunk;
}
