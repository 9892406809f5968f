/** The link and the HTTP client alone, for tests: bytes go through two buffers. */
import * as http from "../../../assembly/exchange/_client";
import * as response from "../../../assembly/exchange/_response";
import * as link from "../../../assembly/link/link";

const BUFFER_BYTES: u32 = 4096;
const ANSWER_BYTES: u32 = 1024;
const input = memory.data(BUFFER_BYTES, 8);
const output = memory.data(BUFFER_BYTES, 8);
const texts = memory.data(320, 8);
const answer = memory.data(ANSWER_BYTES, 8);

export function inputAt(): usize {
  return input;
}
export function outputAt(): usize {
  return output;
}
export function answerAt(): usize {
  return answer;
}
export function start(family: u32, nowMs: u32): void {
  link.start(family, nowMs);
}
/** The name is in the input, the secret behind it. */
export function join(ssidLen: u32, secretLen: u32): void {
  memory.copy(texts + 64, input, 32);
  memory.copy(texts + 128, input + ssidLen, 64);
  link.join(texts + 64, ssidLen, texts + 128, secretLen);
}
/** The access point is in the input, the PIN behind it. */
export function attach(apnLen: u32, pinLen: u32): void {
  memory.copy(texts + 64, input, 64);
  memory.copy(texts + 128, input + apnLen, 64);
  link.access.apn = texts + 64;
  link.access.apnLen = apnLen;
  link.access.pin = texts + 128;
  link.access.pinLen = pinLen;
}
/** Commands for a module in a mobile network are in the input. */
export function order(len: u32): void {
  memory.copy(texts + 192, input, 128);
  link.access.extra = texts + 192;
  link.access.extraLen = len;
}
export function wantBaud(rate: u32, flow: u32): void {
  link.wantBaud(rate, flow);
}
export function baud(): u32 {
  return link.baud();
}
export function open(hostLen: u32, port: u32): i32 {
  memory.copy(texts, input, min(hostLen, 64));
  return link.open(texts, hostLen, port);
}
export function send(len: u32): u32 {
  const taken = min(len, link.room());
  memory.copy(link.body(), input, taken);
  if (taken) link.send(taken);
  return taken;
}
export function receive(max: u32): u32 {
  let got: u32 = 0;
  while (got < max && link.left()) {
    const len = min(max - got, link.left());
    memory.copy(output + got, link.at(), len);
    link.take(len);
    got += len;
  }
  return got;
}
export function close(): void {
  link.close();
}
export function state(): u32 {
  return link.state();
}
export function lines(): u32 {
  return link.lines();
}
export function lastFault(): u32 {
  return link.lastFault();
}
export function faultNews(): u32 {
  return link.faultNews();
}
export function tick(nowMs: u32): void {
  link.tick(nowMs);
}
export function fromModule(len: u32): void {
  link.fromModule(input, len);
}
export function toModule(max: u32): u32 {
  return link.toModule(output, max);
}
/** Host, path, type and body lie one behind the other in the input, which stays as it is until the request is pulled. */
export function httpRequest(room: u32, hostLen: u32, pathLen: u32, typeLen: u32, bodyLen: u32): void {
  const path = input + hostLen;
  const type = path + pathLen;
  // prettier-ignore
  http.request(answer, min(room, ANSWER_BYTES), input, hostLen, 0, path, pathLen, type, typeLen, type + typeLen, bodyLen);
}
export function httpPull(max: u32): u32 {
  return http.pull(output, max);
}
export function httpPush(len: u32): void {
  response.push(input, len);
}
export function httpState(): u32 {
  return response.state();
}
export function httpCode(): u32 {
  return response.code();
}
export function httpBodyLen(): u32 {
  return response.bodyLen();
}
export function httpFault(): u32 {
  return response.fault();
}
export function httpRetryAfterS(): u32 {
  return response.retryAfterS();
}
export function httpKeepAlive(): u32 {
  return http.keepAlive();
}
