/**
 * The TLS client on the link, as a program of its own: byte streams to whatever server the flash page names, with the steps it
 * lists. A connection that fails is begun again with its first step. The product's firmware sends readings; this
 * program sends a pattern that any server can send back.
 */
import { TLS_CLOSE_MS, TLS_OPEN_MS, TLS_RECORD_BYTES } from "../../assembly/config";
import { Event } from "../../assembly/device/facts";
import * as event from "../../assembly/device/event";
import { Pipe } from "../../assembly/lib/pipe";
import { Status } from "../../assembly/lib/status";
import * as link from "../../assembly/link/link";
import { LinkState } from "../../assembly/link/link";
import * as clock from "../../assembly/port/clock";
import * as entropy from "../../assembly/port/entropy";
import * as flash from "../../assembly/port/flash";
import * as system from "../../assembly/port/system";
import * as uart from "../../assembly/port/uart";
import * as soft from "../../assembly/signer/soft";
import { SoftKey } from "../../assembly/signer/soft";
import { SIGNER_BYTES, Signer } from "../../assembly/signer/signer";
import { Alert } from "../../assembly/tls/alert";
import * as tls from "../../assembly/tls/client";
import * as pieces from "./guest_data";
import { Options, RANDOM_BYTES } from "../../assembly/tls/options";
import * as ticket from "../../assembly/tls/ticket";
import { Place, Said, STEPS, Step } from "./step";

const PIECE_BYTES: u32 = 256;
const STEP_BYTES: u32 = 8;
const PAGE_BYTES: u32 = <u32>Place.Steps + STEPS * STEP_BYTES;
/** Maximum sleep of the main loop when nothing moves. */
const IDLE_MS: u32 = 10;


@unmanaged
class Wire {
  /** The connection is being opened, or open, for TLS; since when. */
  dialed: u32;
  greeted: u32;
  secured: u32;
  closing: u32;
  sinceMs: u32;
  /** The connection's first step, and the one at hand. */
  first: u32;
  step: u32;
  /** Progress of the step. */
  sent: u32;
  got: u32;
}

const page = memory.data(PAGE_BYTES, 4);
const options = changetype<Options>(memory.data(offsetof<Options>(), 8));
const signer = changetype<Signer>(memory.data(SIGNER_BYTES, 8));
const random = memory.data(RANDOM_BYTES, 8);
const wire = changetype<Wire>(memory.data(offsetof<Wire>(), 4));
/** Bytes for the module that the UART has no room for yet. */
const toModule = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));
const toModuleBytes = memory.data(PIECE_BYTES, 4);
const data = memory.data(TLS_RECORD_BYTES, 4);

function number(place: Place): u32 {
  return load<u32>(page + place);
}

/** Return the action at a place of the plan; 0 after its end. */
function stepAt(place: u32): u32 {
  return place < number(Place.StepCount) ? load<u32>(page + Place.Steps + place * STEP_BYTES) : 0;
}

/** The n of the step at hand. */
function wanted(): u32 {
  return load<u32>(page + Place.Steps + wire.step * STEP_BYTES + 4);
}

/** The pattern's byte at a place: a digit that tells its neighbours from far ones, and lines of 64. */
function pattern(at: u32): u32 {
  return (at & 63) == 63 ? 0x0a : 0x30 + ((at ^ (at >> 6) ^ (at >> 12)) % 10);
}

export function init(): void {
  flash.read(page, 0, PAGE_BYTES);
  const seed = page + Place.Seed;
  soft.derive(changetype<SoftKey>(signer), seed);
  soft.lend(changetype<SoftKey>(signer), seed);
  options.host = page + Place.Host;
  options.hostLen = number(Place.HostLen);
  options.pins = page + Place.Pins;
  options.pinCount = number(Place.PinCount);
  options.signer = signer;
  link.start(number(Place.Family), clock.ms());
}

export function poll(): u32 {
  system.progress();
  const nowMs = clock.ms();
  const got = uart.read(data, PIECE_BYTES);
  link.fromModule(data, got);
  link.tick(nowMs);
  const worked = turn(nowMs);
  const sent = give();
  return got || worked || sent ? 0 : IDLE_MS;
}

/** Give the UART what the link has. */
function give(): bool {
  if (toModule.left == 0) toModule.hold(toModuleBytes, link.toModule(toModuleBytes, PIECE_BYTES));
  const taken = uart.write(toModule.at, toModule.left);
  toModule.drop(taken);
  return taken != 0;
}

/** Bring the connection on; whether anything moved. */
function turn(nowMs: u32): bool {
  const state = link.state();
  if (!wire.dialed) {
    if (state == LinkState.PeerClosed || state == LinkState.Failed) link.close();
    return state == LinkState.Ready && dial();
  }
  if (!wire.greeted) {
    if (state == LinkState.Open) return greet(nowMs);
    if (state != LinkState.Opening) lost();
    return false;
  }
  const received = fromLink();
  const stepped = tls.step() == Status.Ok;
  const sent = fromTls();
  const acted = tls.state() == tls.State.Connected && converse(nowMs);
  const moved = received || stepped || sent || acted;
  if (!moved && state != LinkState.Open) tls.peerGone();
  follow(state, nowMs);
  return moved;
}

/** Open a connection for the step at hand; behind the last there is nothing to do. */
function dial(): bool {
  if (stepAt(wire.step) == Step.Again) wire.step = wanted();
  if (stepAt(wire.step) == Step.Forget) {
    ticket.forget();
    done();
  }
  if (stepAt(wire.step) == 0) return false;
  wire.first = wire.step;
  wire.dialed = 1;
  link.open(options.host, options.hostLen, number(Place.Port));
  return true;
}

/** Begin the handshake. */
function greet(nowMs: u32): bool {
  let have: u32 = 0;
  while (have < RANDOM_BYTES) have += entropy.read(random + have, RANDOM_BYTES - have);
  options.random = random;
  options.nowMs = nowMs;
  wire.greeted = 1;
  wire.secured = 0;
  wire.closing = 0;
  wire.sinceMs = nowMs;
  begin(wire.first);
  return tls.start(options) == Status.Ok;
}

/** Begin a step. */
function begin(step: u32): void {
  wire.step = step;
  wire.sent = 0;
  wire.got = 0;
}

/** Say that the step at hand is done, and begin the next. */
function done(): void {
  event.number(<Event>Said.Done, wire.step);
  begin(wire.step + 1);
}

function fromLink(): bool {
  const len = tls.fromPeer(link.at(), link.left());
  link.take(len);
  return len != 0;
}

function fromTls(): bool {
  const room = link.room();
  const len = room ? tls.toPeer(link.body(), room) : 0;
  if (len) link.send(len);
  return len != 0;
}

/** Do the step at hand on the proven connection; whether anything moved. */
function converse(nowMs: u32): bool {
  if (!wire.secured) event.number(Event.Secured, tls.preShared() ? 1 : 0);
  wire.secured = 1;
  const step = stepAt(wire.step);
  const sent = step == Step.Send || step == Step.Both ? send() : false;
  const took = step == Step.Take || step == Step.Both ? take() : false;
  switch (step) {
    case Step.Send:
      if (wire.sent == wanted()) done();
      break;
    case Step.Take:
      if (wire.got == wanted()) done();
      break;
    case Step.Both:
      if (wire.sent == wanted() && wire.got == wanted()) done();
      break;
    case Step.Update:
      if (tls.update() == Status.Ok) done();
      break;
    case Step.Ticket:
      if (ticket.kept()) done();
      break;
    case Step.Close:
      tls.close();
      wire.closing = 1;
      wire.sinceMs = nowMs;
      break;
    default:
  }
  return sent || took;
}

/** Send a record of the pattern. */
function send(): bool {
  const len = min<u32>(wanted() - wire.sent, TLS_RECORD_BYTES);
  for (let i: u32 = 0; i < len; i++) store<u8>(data + i, pattern(wire.sent + i));
  const taken = pieces.write(data, len);
  wire.sent += taken;
  return taken != 0;
}

/** Take what came, and look whether it is the pattern. */
function take(): bool {
  const len = pieces.read(data, min<u32>(wanted() - wire.got, TLS_RECORD_BYTES));
  for (let i: u32 = 0; i < len; i++) {
    if (load<u8>(data + i) == pattern(wire.got + i)) continue;
    event.number(<Event>Said.Strange, wire.got + i);
    break;
  }
  wire.got += len;
  return len != 0;
}

/** See what became of TLS. */
function follow(state: LinkState, nowMs: u32): void {
  const now = tls.state();
  const quiet = !tls.queued() || state != LinkState.Open;
  if (now == tls.State.Closed && quiet) {
    const asked = wire.closing != 0 || stepAt(wire.step) == Step.Closed;
    if (asked) done();
    else failed(Alert.CloseNotify, 1);
    hangUp();
  } else if (now == tls.State.Failed && quiet) {
    failed(tls.alert(), tls.alertFromPeer() ? 1 : 0);
    hangUp();
  } else if (!wire.secured && nowMs - wire.sinceMs > TLS_OPEN_MS) lost();
  else if (wire.closing && nowMs - wire.sinceMs > TLS_CLOSE_MS) lost();
}

/** The connection ended without a word, or took too long. */
function lost(): void {
  failed(Alert.None, 0);
  hangUp();
}

/** Say how the connection failed; the next is for the same steps. */
function failed(alert: u32, byPeer: u32): void {
  event.numbers(Event.TlsFailed, alert, byPeer);
  begin(wire.first);
}

function hangUp(): void {
  tls.close();
  wire.dialed = 0;
  wire.greeted = 0;
  link.close();
}
