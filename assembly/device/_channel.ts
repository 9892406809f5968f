/**
 * The stream of bytes to the server: the link itself, or TLS over it where the factory page says so. Its states are the link's;
 * with TLS it is Open only once the server is proven, so nothing above can speak to one that is not. Each function asks first
 * whether this build has TLS: asc then leaves it out with all its memory.
 */
import { BUILD_DAY, TLS_CLOSE_MS, TLS_OPEN_MS } from "../config";
import { Status } from "../lib/status";
import * as scratch from "../lib/scratch";
import * as link from "../link/link";
import { LinkState } from "../link/link";
import { Signer } from "../signer/signer";
import { Alert } from "../tls/alert";
import * as tls from "../tls/client";
import { Options, RANDOM_BYTES } from "../tls/options";
import * as ordinary from "../tls/ordinary";
import * as ticket from "../tls/ticket";
import * as key from "./_key";
import * as key256 from "./_key256";
import * as entropy from "./entropy";
import * as event from "./event";
import { Event, PROTOCOL_MOST } from "./facts";
import * as features from "./features";
import { settings, tlsKeys, tlsRoots } from "./settings";

/** States of TLS on this connection. */
const enum Phase {
  /** None, or the link is plain. */
  None,
  /** The link is opening. */
  Dialing,
  /** The handshake is under way. */
  Greeting,
  Open,
  /** close_notify was sent; the server has some time to answer it. */
  Closing,
  Failed,
}

const DAY_S: u32 = 86_400;
const LINK_ID_BYTES: u32 = 8;


@unmanaged
class Channel {
  phase: Phase;
  nowMs: u32;
  sinceMs: u32;
  /** The device shows another key: a ticket of the one before would prove that one. */
  renewed: u32;
}


@lazy
const channel = changetype<Channel>(memory.data(offsetof<Channel>(), 4));


@lazy
const options = changetype<Options>(memory.data(offsetof<Options>(), 8));

/** The application protocol that the application asks for (RFC 7301); none if its length is 0. */
@lazy
export const protocol: usize = memory.data(PROTOCOL_MOST, 4);
export let protocolLen: u32 = 0;

/** Ask for the protocol of `len` bytes at `protocol`, from the application's next connection on; at most PROTOCOL_MOST. */
export function ask(len: u32): void {
  protocolLen = len;
}

/** True if the factory page asks for TLS; a build without TLS takes no such page. */
@inline
export function secured(): bool {
  return settings.tlsKeyCount + settings.tlsRootCount != 0;
}

/** Tell which key the device shows from the next connection on; it is kept by pointer. */
export function identify(signer: Signer): void {
  if (!features.TLS) return;
  channel.renewed = 1;
  options.signer = signer;
}

/**
 * Record a time that the server signed, seconds since 1970. A device has no clock: it compares the end of a certificate with
 * the newest such time, or with the day of the build if that is later.
 */
export function learnTime(seconds: u32): void {
  if (!features.TLS) return;
  options.floor = max(seconds, BUILD_DAY * DAY_S);
}

/** State of the channel. */
export function state(): LinkState {
  if (!features.TLS) return link.state();
  if (!secured()) return link.state();
  switch (channel.phase) {
    case Phase.Dialing:
      return link.state() == LinkState.Open ? LinkState.Opening : link.state();
    case Phase.Greeting:
    case Phase.Closing:
      return LinkState.Opening;
    case Phase.Open: {
      // Failed only once its alert is on its way: `follow` says so then. There is no room for anything else.
      const now = tls.state();
      return now == tls.State.Connected || now == tls.State.Failed ? LinkState.Open : LinkState.PeerClosed;
    }
    case Phase.Failed:
      return LinkState.Failed;
    default:
      return link.state();
  }
}

/**
 * Begin to open a connection; `host` is kept by pointer until it ends. `isOwn`: it is the application's. The device prefers its key on P-256 there, if it has one, and asks
 * for the application protocol.
 */
export function open(host: usize, hostLen: u32, port: u32, isOwn: bool): Status {
  if (features.OWN256) prefer(isOwn);
  if (features.PROTOCOL) {
    options.alpn = protocol;
    options.alpnLen = isOwn ? protocolLen : 0;
  }
  if (link.TUNNEL) {
    const id = scratch.take(LINK_ID_BYTES);
    const made = entropy.random(id, LINK_ID_BYTES, channel.nowMs);
    link.identify(id);
    scratch.release(id);
    if (made != Status.Ok) return made;
  }
  const status = link.open(host, hostLen, port);
  if (!features.TLS) return status;
  if (secured() && status == Status.Ok) {
    options.host = host;
    options.hostLen = hostLen;
    channel.phase = Phase.Dialing;
  }
  return status;
}

/** Prefer the key on P-256, or not: a ticket would prove the other one. */
function prefer(isOrdinary: bool): void {
  if (isOrdinary != ordinary.isPreferred()) channel.renewed = 1;
  ordinary.prefer(isOrdinary);
}

/** Return the number of bytes that it takes now. */
export function room(): u32 {
  return features.TLS && secured() ? tls.room() : link.room();
}

/** Return the place of the next bytes to send. Call `room` first. */
export function body(): usize {
  return features.TLS && secured() ? tls.body() : link.body();
}

/** Send the `len` bytes at `body`: with TLS as one record. Bounds: `len` is 1 to `room`. */
export function send(len: u32): void {
  if (features.TLS && secured()) tls.send(len);
  else link.send(len);
}

/** Return the number of received bytes at `at`. */
export function left(): u32 {
  return features.TLS && secured() ? tls.left() : link.left();
}

/** Return the place of the received bytes. */
export function at(): usize {
  return features.TLS && secured() ? tls.at() : link.at();
}

/** Step over the first `len` of them. Bounds: `len` is 1 to `left`. */
export function take(len: u32): void {
  if (features.TLS && secured()) tls.take(len);
  else link.take(len);
}

/** End the connection: with TLS in order, if the server answers in time. */
export function close(): void {
  if (!features.TLS) return link.close();
  if (!secured() || channel.phase == Phase.None) return link.close();
  if (channel.phase == Phase.Closing) return;
  if (channel.phase == Phase.Open && link.state() == LinkState.Open) {
    tls.close();
    channel.phase = Phase.Closing;
    channel.sinceMs = channel.nowMs;
  } else hangUp();
}

/** Close the link and wipe the state of TLS. */
function hangUp(): void {
  tls.abandon();
  channel.phase = Phase.None;
  link.close();
}

/** True if nothing is under way. */
export function isQuiet(): bool {
  if (!features.TLS) return true;
  return channel.phase == Phase.None || channel.phase == Phase.Open || channel.phase == Phase.Failed;
}

/** Carry bytes between TLS and the link, and do one piece of its work; true if anything moved. */
export function poll(nowMs: u32): bool {
  if (!features.TLS) return false;
  channel.nowMs = nowMs;
  if (!secured() || channel.phase == Phase.None || channel.phase == Phase.Failed) return false;
  if (channel.phase == Phase.Dialing) return link.state() == LinkState.Open && greet(nowMs);
  const received = fromLink();
  const worked = step() == Status.Ok;
  const sent = toLink();
  const moved = received || worked || sent;
  // Not before the application has read what came: the server's close_notify is behind it.
  const over = link.state() != LinkState.Open && link.state() != LinkState.Opening;
  if (!moved && over && tls.left() == 0) tls.peerGone();
  follow(nowMs);
  return moved;
}

/** Do one piece of TLS's work, with the device's seed if that signs. */
function step(): Status {
  if (!tls.signs()) return tls.step();
  const isOrdinary = features.OWN256 && tls.showsOrdinary();
  const mark = isOrdinary ? key256.lend() : key.lend();
  const status = tls.step();
  if (isOrdinary) key256.wipe(mark);
  else key.wipe(mark);
  return status;
}

/** The link is open: begin the handshake. */
function greet(nowMs: u32): bool {
  if (channel.renewed) ticket.forget();
  channel.renewed = 0;
  const mark = scratch.top();
  options.random = scratch.take(RANDOM_BYTES);
  const status = entropy.random(options.random, RANDOM_BYTES, nowMs);
  options.pins = tlsKeys;
  options.pinCount = settings.tlsKeyCount;
  options.roots = tlsRoots;
  options.rootCount = settings.tlsRootCount;
  options.nowMs = nowMs;
  channel.sinceMs = nowMs;
  channel.phase = status == Status.Ok && tls.start(options) == Status.Ok ? Phase.Greeting : Phase.Failed;
  scratch.release(mark);
  return true;
}

/** Act on the state of TLS. */
function follow(nowMs: u32): void {
  const now = tls.state();
  const late = nowMs - channel.sinceMs;
  if (channel.phase == Phase.Closing) {
    const drained = now >= tls.State.Closed && !tls.queued();
    if (drained || late > TLS_CLOSE_MS) hangUp();
    return;
  }
  if (channel.phase == Phase.Greeting && tls.ready()) {
    channel.phase = Phase.Open;
    event.number(Event.Secured, tls.preShared() ? 1 : 0);
  } else if (now == tls.State.Failed && (!tls.queued() || link.state() != LinkState.Open)) {
    event.numbers(Event.TlsFailed, tls.alert(), tls.alertFromPeer() ? 1 : 0);
    channel.phase = Phase.Failed;
  } else if (channel.phase == Phase.Greeting && late > TLS_OPEN_MS) {
    event.numbers(Event.TlsFailed, Alert.None, 0);
    tls.abandon();
    channel.phase = Phase.Failed;
  }
}

/** Pass the link's bytes to TLS, as many as it accepts. */
function fromLink(): bool {
  let moved = false;
  while (true) {
    const len = tls.fromPeer(link.at(), link.left());
    if (len == 0) return moved;
    link.take(len);
    moved = true;
  }
}

/** Pass TLS's bytes to the link, as many as it accepts. */
function toLink(): bool {
  let moved = false;
  while (true) {
    const room = link.room();
    const len = room ? tls.toPeer(link.body(), room) : 0;
    if (len == 0) return moved;
    link.send(len);
    moved = true;
  }
}
