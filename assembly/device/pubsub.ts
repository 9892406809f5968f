/**
 * The application's client of MQTT over the stream of `stream.ts`, to a broker that the factory page's keys prove. Its session outlives
 * connections, and the client does too: it opens the stream whenever that is free, and lends the connection to reports that wait.
 *
 *     Closed   -> open    Waiting
 *     Waiting  ->         Open      the stream is open, and the broker has accepted the client
 *     Open     ->         Waiting   a report waits and nothing is under way, or for MQTT_YIELD_MS; or the connection was lost
 *
 * An image with it has no other stream. Without it, each function is empty, and asc leaves out all that it calls.
 */
import { MQTT_PAUSE_MS, MQTT_YIELD_MS, RETRY_MAX_MS } from "../config";
import * as account from "../exchange/account";
import * as client from "../exchange/pubsub";
import { TEXT_MOST } from "../identity/access";
import * as keypair from "../identity/keypair";
import { ID_BYTES } from "../identity/kind";
import { Status } from "../lib/status";
import * as channel from "./_channel";
import { own } from "./_key";
import * as event from "./event";
import { Event, MqttState, StreamState } from "./facts";
import * as features from "./features";
import * as stream from "./stream";


@unmanaged
class Pubsub {
  state: MqttState;
  hostLen: u32;
  port: u32;
  /** User and password are the device's own: its id, and an `access` for each connection. */
  proves: u32;
  /** The stream was asked for; it is open, and the client has begun. */
  holds: u32;
  begun: u32;
  /** The next attempt; the pause before it. */
  dueMs: u32;
  pauseMs: u32;
  /** A report waits, since when. */
  asked: u32;
  askedMs: u32;
}


@lazy
const pubsub = changetype<Pubsub>(memory.data(offsetof<Pubsub>(), 4));

/** State of the client. */
export function state(): MqttState {
  if (!features.PUBSUB) return MqttState.Closed;
  return pubsub.state;
}

/** True if it is open, or will be. */
export function isMade(): bool {
  return features.PUBSUB && pubsub.state != MqttState.Closed;
}

/** Forget the account, before the texts of another are put. Unexpected: the client is not closed, or there is no TLS. */
export function begin(): Status {
  if (!features.PUBSUB) return Status.Unexpected;
  if (pubsub.state != MqttState.Closed || !channel.secured()) return Status.Unexpected;
  account.clear();
  client.clear();
  return Status.Ok;
}

/** Connect to the host whose name, `hostLen` bytes, is at `stream.name`, now and again until `close`. An empty one is the host of the factory page, port 0 its port.
 * `proves`: user and password are the device's id and an `access` of it, made for each connection. */
export function open(hostLen: u32, port: u32, keepAliveS: u32, proves: bool): Status {
  if (!features.PUBSUB) return Status.Unexpected;
  if (pubsub.state != MqttState.Closed) return Status.Unexpected;
  let complete = account.complete(keepAliveS);
  if (complete == Status.Ok && proves) complete = account.reserve(2 * ID_BYTES, TEXT_MOST);
  if (complete != Status.Ok) return complete;
  memory.fill(changetype<usize>(pubsub), 0, offsetof<Pubsub>());
  pubsub.hostLen = hostLen;
  pubsub.port = port;
  pubsub.proves = u32(proves);
  const status = stream.open(stream.name(), hostLen, port);
  if (status != Status.Ok) return status;
  pubsub.holds = 1;
  pubsub.state = MqttState.Waiting;
  return Status.Ok;
}

/** Leave the broker, and forget the account. */
export function close(): void {
  if (!features.PUBSUB) return;
  if (pubsub.state == MqttState.Closed) return;
  leave();
  account.clear();
  client.clear();
  pubsub.state = MqttState.Closed;
}

/** Move on, behind `stream.turn`; true if bytes moved. `busy`: a report waits. */
export function turn(busy: bool, nowMs: u32): bool {
  if (!features.PUBSUB) return false;
  if (pubsub.state == MqttState.Closed) return false;
  if (!busy) pubsub.asked = 0;
  else if (!pubsub.asked) {
    pubsub.asked = 1;
    pubsub.askedMs = nowMs;
  }
  if (!pubsub.holds) {
    if (<i32>(nowMs - pubsub.dueMs) < 0) return false;
    pubsub.holds = u32(stream.open(stream.name(), pubsub.hostLen, pubsub.port) == Status.Ok);
    return false;
  }
  const now = stream.state();
  if (now == StreamState.Open) return converse(nowMs);
  if (now > StreamState.Open) pause(nowMs);
  return false;
}

/** Return the place of the client id, 2 ID_BYTES, for which an `access` is awaited before CONNECT; 0: for none. */
export function awaits(): usize {
  if (!features.PUBSUB) return 0;
  if (!pubsub.proves || !pubsub.holds || pubsub.begun || !stream.isOpen()) return 0;
  return account.identify(keypair.id(own), ID_BYTES);
}

/** Place for its text: TEXT_MOST bytes. */
export function secret(): usize {
  return account.secret();
}

/** Take that text, of `len` bytes, and begin with CONNECT; a `Status` in its place is that there is none yet, or ends the attempt. */
export function prove(len: i32, nowMs: u32): void {
  if (len == Status.Again) return;
  if (len < 0) return pause(nowMs);
  account.prove(len);
  greet();
}

/** Begin with CONNECT. */
function greet(): void {
  pubsub.begun = 1;
  client.open(keypair.id(own), ID_BYTES);
}

/** Carry bytes between client and stream, and see whether the connection must go. */
function converse(nowMs: u32): bool {
  client.tick(nowMs);
  if (!pubsub.begun) {
    if (pubsub.proves) return false;
    greet();
  }
  const moved = carry();
  if (client.isReady()) {
    pubsub.state = MqttState.Open;
    pubsub.pauseMs = 0;
  }
  if (client.fault()) {
    event.number(Event.ResponseRefused, client.fault());
    pause(nowMs);
  } else if (pubsub.asked && client.isReady()) {
    if (!client.isIdle() && nowMs - pubsub.askedMs < MQTT_YIELD_MS) return moved;
    leave();
    pubsub.dueMs = nowMs;
    return true;
  }
  return moved;
}

/** Move bytes both ways. */
function carry(): bool {
  let moved = false;
  while (true) {
    const taken = client.push(stream.inbox(), stream.left());
    stream.take(taken);
    const sent = pull();
    if (!taken && !sent) return moved;
    moved = true;
  }
}

/** Move bytes of the client to the stream, as many as it takes. */
function pull(): bool {
  const room = stream.room();
  const len = room ? client.pull(stream.outbox(), room) : 0;
  if (len) stream.send(len);
  return len != 0;
}

/** Give the connection away in order, so that the broker does not publish the will. */
function leave(): void {
  if (stream.isOpen() && pubsub.begun) {
    client.leave();
    pull();
  }
  release();
}

/** The connection failed: rest before the next attempt, longer each time. */
function pause(nowMs: u32): void {
  release();
  pubsub.pauseMs = pubsub.pauseMs ? min(2 * pubsub.pauseMs, RETRY_MAX_MS) : MQTT_PAUSE_MS;
  pubsub.dueMs = nowMs + pubsub.pauseMs;
}

/** There is no connection of the client's any more. */
function release(): void {
  client.lost();
  if (pubsub.holds) stream.close();
  pubsub.holds = 0;
  pubsub.begun = 0;
  pubsub.state = MqttState.Waiting;
}
