/**
 * An HTTP/1.1 client (RFC 9112) over any byte stream: one exchange at a time, request out by `pull`, response in by `response.push`.
 * The request is written from templates as it is pulled; nothing of it is buffered.
 */
import { Pipe } from "../lib/pipe";
import * as text from "../link/text";
import { Text } from "../link/text";
import * as response from "./_response";

/** The lines of a request, in their order; each template is a part. */
const enum Part {
  Target,
  Port,
  Length,
  Type,
  End,
}

/** `POST path HTTP/1.1` and `Host: host`. */
@lazy
const target = memory.data<u8>(["POST ", 1, " HTTP/1.1\r\nHost: ", 2, 0]);


@lazy
const portText = memory.data<u8>([":", 4, 0]);


@lazy
const contentLength = memory.data<u8>(["\r\nContent-Length: ", 4, 0]);


@lazy
const contentType = memory.data<u8>(["\r\nContent-Type: application/", 3, 0]);


@lazy
const emptyLine = memory.data<u8>(["\r\n\r\n", 0]);


@unmanaged
class Request {
  part: Part;
  port: u32;
}

const http = changetype<Request>(memory.data(offsetof<Request>(), 4));
const head = changetype<Text>(memory.data(offsetof<Text>(), 4));
const content = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));
const digits: usize = memory.data(text.DECIMAL_BYTES);

/** Forget everything, for instance because there is a new connection. */
export function reset(): void {
  memory.fill(changetype<usize>(http), 0, offsetof<Request>());
  text.stop(head);
  content.left = 0;
  response.reset();
}

/**
 * Begin `POST path` with a body of media type `application/type`, or of none if `typeLen` is 0. `Host` names the port, unless it is 0.
 * All texts and the body are kept by pointer until the exchange is Done or Failed. The response's body will be at
 * `answer`; one of more than `answerRoom` bytes is refused.
 */
export function request(
  answer: usize,
  answerRoom: u32,
  host: usize,
  hostLen: u32,
  port: u32,
  path: usize,
  pathLen: u32,
  type: usize,
  typeLen: u32,
  body: usize,
  bodyLen: u32,
): void {
  response.begin(answer, answerRoom);
  http.part = Part.Target;
  http.port = port;
  content.hold(body, bodyLen);
  head.first = path;
  head.firstLen = pathLen;
  head.second = host;
  head.secondLen = hostLen;
  head.third = type;
  head.thirdLen = typeLen;
  text.begin(head, target);
}

/** Write up to `max` bytes of the request to `out`; returns how many. */
export function pull(out: usize, max: u32): u32 {
  let written: u32 = 0;
  while (written < max && !text.over(head)) {
    const byte = text.next(head);
    if (byte != text.END) store<u8>(out + written++, <u8>byte);
    else nextPart();
    if (http.part == Part.End && text.ended(head)) text.stop(head);
  }
  if (!text.over(head)) return written;
  return written + content.move(out + written, max - written);
}

function nextPart(): void {
  http.part++;
  if (http.part == Part.Port && http.port == 0) http.part++;
  if (http.part == Part.Type && head.thirdLen == 0) http.part++;
  switch (http.part) {
    case Part.Port:
      return number(portText, http.port);
    case Part.Length:
      return number(contentLength, content.left);
    case Part.Type:
      return text.begin(head, contentType);
    default:
      text.begin(head, emptyLine);
  }
}

/** Begin a template with a number. */
function number(template: usize, value: u32): void {
  head.fourthLen = text.decimal(digits + text.DECIMAL_BYTES, value);
  head.fourth = digits + text.DECIMAL_BYTES - head.fourthLen;
  text.begin(head, template);
}

/** True if the connection may be used for another exchange, once Done: 1. */
export function keepAlive(): u32 {
  return response.keepAlive() & u32(text.over(head)) & u32(content.left == 0);
}
