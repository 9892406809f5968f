/** The guest's exports, and nothing else. */
import { DATA_MOST } from "./identity/facts";
import { StreamState } from "./device/facts";
import { PUBSUB } from "./device/features";
import * as life from "./device/life";
import * as pubsub from "./device/pubsub";
import * as stream from "./device/stream";
import * as account from "./exchange/account";
import * as mqtt from "./exchange/pubsub";
import { Status } from "./lib/status";
import * as link from "./link/link";

/** Begin: once after reset. */
export function init(): void {
  life.start();
}

/** Do the pending work. Return the time in ms until the next call; 0: at once. Call earlier when a byte arrives. */
export function poll(): u32 {
  return life.turn();
}

/** Return the place for application data of `send`; 0 while the last ones have no receipt yet. */
export function outbox(): usize {
  return life.outbox();
}

/** Return the capacity of that place. */
export function outboxBytes(): u32 {
  return DATA_MOST;
}

/** Send `len` bytes of the outbox as the next report; a `Status`. */
export function send(len: u32): i32 {
  return life.give(len);
}

/** Write the certificate of the key on P-256 to the outbox; returns its length, or a `Status`. */
export function certificate(): i32 {
  return life.certificate();
}

/** Return the device's state: a `State`. */
export function status(): u32 {
  return life.state();
}

/** Return the last fault of the link: a word of `link/fault.ts`; 0: none. */
export function linkFault(): u32 {
  return link.lastFault();
}

/** Open the stream to the host whose name was put, with `len` bytes, at `streamName`; a `Status`. */
export function streamOpen(len: u32, port: u32): i32 {
  return PUBSUB ? Status.Unexpected : stream.open(stream.name(), len, port);
}

/** Return the place for the name of the stream's host: 64 bytes; 0: there are no streams. */
export function streamName(): usize {
  return stream.name();
}

/** Return the place for the application protocol that streams ask for: 32 bytes; 0: there is a stream, or no choice of it. */
export function streamProtocol(): usize {
  return PUBSUB && pubsub.isMade() ? 0 : stream.protocol();
}

/** Ask for the protocol of `len` bytes there; a `Status`. */
export function streamAsk(len: u32): i32 {
  return PUBSUB && pubsub.isMade() ? Status.Unexpected : stream.ask(len);
}

/** Return the stream's state: a `State` of `device/stream.ts`. */
export function streamState(): u32 {
  return PUBSUB ? StreamState.Closed : stream.state();
}

/** Return the number of bytes that fit at `streamOutbox` for `streamSend`. */
export function streamRoom(): u32 {
  return PUBSUB ? 0 : stream.room();
}

/** Return the place for bytes of the stream. */
export function streamOutbox(): usize {
  return stream.outbox();
}

/** Send the first `len` bytes of the outbox; returns how many were taken. */
export function streamSend(len: u32): u32 {
  return PUBSUB ? 0 : stream.send(len);
}

/** Return the number of bytes at `streamInbox`. */
export function streamLeft(): u32 {
  return PUBSUB ? 0 : stream.left();
}

/** Return the place of the stream's next bytes. */
export function streamInbox(): usize {
  return stream.inbox();
}

/** Be done with the first `len` bytes of the inbox; returns how many there were. */
export function streamTake(len: u32): u32 {
  return PUBSUB ? 0 : stream.take(len);
}

/** Change the stream's keys; a `Status`. */
export function streamRekey(): i32 {
  return PUBSUB ? Status.Unexpected : stream.rekey();
}

/** End the stream. */
export function streamClose(): void {
  if (!PUBSUB) stream.close();
}

/** Forget the account at the broker; a `Status`: Unexpected without a client of MQTT, and unless it is closed. */
export function mqttBegin(): i32 {
  return pubsub.begin();
}

/** Return the place for the next text of the account: 256 bytes; 0: there is no client. */
export function mqttText(): usize {
  return PUBSUB ? account.place() : 0;
}

/** Take `len` bytes there as the text that sets these flags in CONNECT; a `Status`. */
export function mqttPut(flags: u32, len: u32): i32 {
  return PUBSUB ? account.put(flags, len) : Status.Unexpected;
}

/** Connect to the host whose name was put, with `len` bytes, at `streamName`; 1: the device proves itself by its id and an `access`. A `Status`. */
export function mqttOpen(len: u32, port: u32, keepAliveS: u32, proves: u32): i32 {
  return pubsub.open(len, port, keepAliveS, proves != 0);
}

/** Return the state of the client: a `MqttState`. */
export function mqttState(): u32 {
  return pubsub.state();
}

/** Return the place for a topic, and for the message right behind it; 0 while the last message is not over. */
export function mqttOutbox(): usize {
  return PUBSUB ? mqtt.room() : 0;
}

/** Publish them; a `Status`. */
export function mqttPublish(topicLen: u32, len: u32, qos: u32): i32 {
  if (!PUBSUB) return Status.Unexpected;
  return pubsub.isMade() ? mqtt.publish(topicLen, len, qos) : Status.Unexpected;
}

/** Return the place for a filter; 0: there is no client. */
export function mqttFilter(): usize {
  return PUBSUB ? mqtt.filter() : 0;
}

/** Subscribe to the filter of `len` bytes there; a `Status`. */
export function mqttSubscribe(len: u32, qos: u32): i32 {
  if (!PUBSUB) return Status.Unexpected;
  return pubsub.isMade() ? mqtt.subscribe(len, qos) : Status.Unexpected;
}

/** End the subscription to it; a `Status`. */
export function mqttUnsubscribe(len: u32): i32 {
  if (!PUBSUB) return Status.Unexpected;
  return pubsub.isMade() ? mqtt.unsubscribe(len) : Status.Unexpected;
}

/** Return the place of the topic of the next message; 0: there is none. */
export function mqttInbox(): usize {
  if (!PUBSUB) return 0;
  return mqtt.hasMessage() ? mqtt.topic() : 0;
}

/** Return the length of its topic. */
export function mqttTopicBytes(): u32 {
  return PUBSUB ? mqtt.topicLen() : 0;
}

/** Return the place of the message. */
export function mqttMessage(): usize {
  return PUBSUB ? mqtt.message() : 0;
}

/** Return the number of its bytes. */
export function mqttMessageBytes(): u32 {
  return PUBSUB ? mqtt.len() : 0;
}

/** Be done with it. */
export function mqttTake(): void {
  if (PUBSUB) mqtt.take();
}

/** Leave the broker. */
export function mqttClose(): void {
  pubsub.close();
}
