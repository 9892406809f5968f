/**
 * Questions over HTTP/1.1: each is a POST to a path of its own, 200 is the answer, any other status a refusal. The paths and
 * media types are those of `assembly/identity/README.md`, "Messages".
 */
import * as client from "./_client";
import * as response from "./_response";
import { Exchange } from "./_response";
import { Question, Verdict } from "./exchange";
import { ResponseFault } from "./facts";


@lazy
const CHALLENGE_PATH: usize = memory.data<u8>(["/v1/challenge"]);
const CHALLENGE_PATH_BYTES: u32 = bytesOf(CHALLENGE_PATH);


@lazy
const ENROL_PATH: usize = memory.data<u8>(["/v1/enrol"]);
const ENROL_PATH_BYTES: u32 = bytesOf(ENROL_PATH);


@lazy
const REPORTS_PATH: usize = memory.data<u8>(["/v1/reports"]);
const REPORTS_PATH_BYTES: u32 = bytesOf(REPORTS_PATH);


@lazy
const COSE_TYPE: usize = memory.data<u8>(["cose"]);
const COSE_TYPE_BYTES: u32 = bytesOf(COSE_TYPE);


@lazy
const SEQUENCE_TYPE: usize = memory.data<u8>(["cbor-seq"]);
const SEQUENCE_TYPE_BYTES: u32 = bytesOf(SEQUENCE_TYPE);
const OK: u32 = 200;

/** Forget everything, for instance because there is a new connection. */
export function reset(): void {
  client.reset();
}

/**
 * Ask `question` of the server named `host`, at `port` if that is not 0, with the message at `body`. Both texts are kept by pointer until the verdict. The answer will be
 * at `answer`; one of more than `answerRoom` bytes fails.
 */
export function ask(
  answer: usize,
  answerRoom: u32,
  question: Question,
  host: usize,
  hostLen: u32,
  port: u32,
  body: usize,
  bodyLen: u32,
): void {
  let path = CHALLENGE_PATH;
  let pathLen = CHALLENGE_PATH_BYTES;
  let type: usize = 0;
  let typeLen: u32 = 0;
  if (question == Question.Enrol) {
    path = ENROL_PATH;
    pathLen = ENROL_PATH_BYTES;
    type = COSE_TYPE;
    typeLen = COSE_TYPE_BYTES;
  } else if (question == Question.Report) {
    path = REPORTS_PATH;
    pathLen = REPORTS_PATH_BYTES;
    type = SEQUENCE_TYPE;
    typeLen = SEQUENCE_TYPE_BYTES;
  }
  client.request(answer, answerRoom, host, hostLen, port, path, pathLen, type, typeLen, body, bodyLen);
}

/** Write up to `max` bytes for the server to `out`; returns how many. */
export function pull(out: usize, max: u32): u32 {
  return client.pull(out, max);
}

/** Take `len` bytes from the server. */
export function push(from: usize, len: u32): void {
  response.push(from, len);
}

/** Return the result of the last question. */
export function verdict(): Verdict {
  const state = response.state();
  if (state == Exchange.Busy) return Verdict.Pending;
  if (state != Exchange.Done) return Verdict.Failed;
  return response.code() == OK ? Verdict.Answered : Verdict.Refused;
}

/** Bytes of the answer, or of the refusal. */
export function len(): u32 {
  return response.bodyLen();
}

/** The number of the transport for this verdict, for the console: the status code. */
export function detail(): u32 {
  return response.code();
}

/** Why there is no whole answer; None if the connection failed and not the answer. */
export function fault(): ResponseFault {
  return response.fault();
}

/** Seconds until the server wants to be asked again; 0 if it does not say so. It is not signed: bound it. */
export function retryAfterS(): u32 {
  return response.retryAfterS();
}

/** True if the connection may carry another question. */
export function keeps(): bool {
  return client.keepAlive() != 0;
}
