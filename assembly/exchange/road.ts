/** The exchange of the image: HTTP, or MQTT where the image has that road. The other one costs no byte. */
import { MQTT, Question, Verdict } from "./exchange";
import { ResponseFault } from "./facts";
import * as http from "./http";
import * as mqtt from "./mqtt";

/** Take the account at a broker: `mqtt.introduce`. Call it before the first connection. */
export function introduce(
  prefix: usize,
  prefixLen: u32,
  user: usize,
  userLen: u32,
  password: usize,
  passwordLen: u32,
): void {
  if (MQTT) mqtt.introduce(prefix, prefixLen, user, userLen, password, passwordLen);
}

/** A connection is about to be opened for questions of the device with this id: 32 bytes. */
export function open(id: usize): void {
  if (MQTT) mqtt.open(id);
}

/** Forget everything, for instance because the connection is lost. */
export function reset(): void {
  if (MQTT) mqtt.reset();
  else http.reset();
}

/**
 * Ask `question` with the message at `body`, which is kept by pointer until the verdict. The same holds for the name of the host; `port` is 0 if it
 * need not be named. The answer will be at `answer`, and has at most `answerRoom` bytes.
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
  if (MQTT) mqtt.ask(answer, answerRoom, question, body, bodyLen);
  else http.ask(answer, answerRoom, question, host, hostLen, port, body, bodyLen);
}

/** Write up to `max` bytes for the peer to `out`; returns how many. */
export function pull(out: usize, max: u32): u32 {
  return MQTT ? mqtt.pull(out, max) : http.pull(out, max);
}

/** Take `len` bytes from the peer. */
export function push(from: usize, len: u32): void {
  if (MQTT) mqtt.push(from, len);
  else http.push(from, len);
}

/** Let time pass: only where a connection lasts. */
export function tick(nowMs: u32): void {
  if (MQTT) mqtt.tick(nowMs);
}

/** Leave the peer in order: `pull` has what there is to say. Call `reset` next. */
export function leave(): void {
  if (MQTT) mqtt.leave();
}

/** Return the result of the last question. */
export function verdict(): Verdict {
  return MQTT ? mqtt.verdict() : http.verdict();
}

/** Bytes of the answer, or of the refusal. */
export function len(): u32 {
  return MQTT ? mqtt.len() : http.len();
}

/** The number of the transport for this verdict, for the console: HTTP's status; MQTT has none. */
export function detail(): u32 {
  return MQTT ? 0 : http.detail();
}

/** Why there is no whole answer; None if the connection failed and not the answer. */
export function fault(): ResponseFault {
  return MQTT ? mqtt.fault() : http.fault();
}

/** Seconds until the server wants to be asked again; 0 if it does not say so. It is not signed: bound it. */
export function retryAfterS(): u32 {
  return MQTT ? 0 : http.retryAfterS();
}

/** True if the connection may carry another question. */
export function keeps(): bool {
  return MQTT ? mqtt.keeps() : http.keeps();
}
