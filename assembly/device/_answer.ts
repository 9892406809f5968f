/** Act on the server's answers. An answer counts only if the server signed it for exactly the message that was sent. */
import * as app from "../app/app";
import { KEEP_MS, SILENCE_MS, SUSPENDED_MS } from "../config";
import { Slice } from "../cose/cbor";
import * as sha256 from "../crypto/sha256";
import { MQTT, Verdict } from "../exchange/exchange";
import * as answer from "../identity/answer";
import {
  COMMAND_STEP,
  COUNTER_END,
  HASH_BYTES,
  NONCE_LEAST,
  NONCE_MOST,
  Order,
  Reason,
  TOKEN_BYTES,
} from "../identity/facts";
import * as keypair from "../identity/keypair";
import { ID_BYTES, Kind } from "../identity/kind";
import * as bytes from "../lib/bytes";
import * as overlay from "../lib/overlay";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as link from "../link/link";
import * as system from "../port/system";
import * as carrier from "./_carrier";
import * as counter from "./_counter";
import * as floor from "./_floor";
import * as ground from "./_ground";
import {
  command,
  data,
  epitaph,
  got,
  life,
  messageHash,
  peer,
  prev,
  reader,
  REPORT_HASH_BYTES,
  reportHash,
  session,
  Stage,
  token,
} from "./_ground";
import { own } from "./_key";
import * as keys from "./_keys";
import * as question from "./_question";
import * as event from "./event";
import { Death, Event, Record, Refused, State } from "./facts";
import * as records from "./store";

/** First bytes of a signed message, and of an unsigned refusal. */
const SIGNED: u32 = 0xd2;
const UNSIGNED: u32 = 0xa1;

/** True while the application may read a command in the answer. */
let isHeld: bool = false;

/** Act on the result of the exchange that `here` began, and give the overlay back, unless the answer has a command for the application. */
export function take(here: State): void {
  const outcome = carrier.verdict();
  if (outcome == Verdict.Pending) return;
  act(here, outcome);
  if (!isHeld) overlay.release(overlay.Owner.Answer);
}

/** Give back the overlay of a command of the turn before: call it before the link is served, which may need it for a handshake. */
export function forget(): void {
  if (!isHeld) return;
  isHeld = false;
  overlay.release(overlay.Owner.Answer);
}

/** Act on a result. Nothing outside of this call points into the answer, but the application at its command. */
function act(here: State, outcome: Verdict): void {
  if (outcome == Verdict.Failed) return ground.retry(here == State.Enrol ? State.Challenge : here);
  reader.begin(overlay.place, carrier.answerLen());
  if (outcome == Verdict.Refused || (MQTT && isRefusal())) return refused(here);
  if (here == State.Challenge) challenged();
  else if (here == State.Enrol) enrolled();
  else accepted();
}

/** True if the answer claims to be a refusal: MQTT has no status that tells. */
function isRefusal(): boolean {
  const is = carrier.answerLen() > 0 && (load<u8>(overlay.place) == UNSIGNED || answer.claimed(reader) == Kind.Refusal);
  reader.begin(overlay.place, carrier.answerLen());
  return is;
}

/** A nonce came: enrol with it. */
function challenged(): void {
  const nonce = changetype<Slice>(scratch.take(offsetof<Slice>()));
  answer.readChallenge(nonce, reader, NONCE_LEAST, NONCE_MOST);
  if (nonce.len == 0) unknown(State.Challenge);
  else question.enrol(nonce);
  scratch.release(changetype<usize>(nonce));
}

/** Read the next answer and check that it is about the message sent; otherwise it is ignored. */
function read(kind: Kind): boolean {
  let status = answer.read(got, reader, peer, keypair.id(own));
  if (status == Status.Ok && got.kind != kind) status = Status.Unexpected;
  if (status == Status.Ok && !bytes.same(got.about, messageHash, HASH_BYTES)) status = Status.Unexpected;
  // Once more, in another way: one skipped instruction must not accept an answer to another message.
  const off = words.distance(got.about, messageHash, HASH_BYTES);
  if (status == Status.Ok) status = verdict.fold(status + off, off);
  if (status == Status.Ok) return true;
  event.number(Event.AnswerForged, <u32>-status);
  return false;
}

/** Trap unless the last answer is one of `kind`: call it before an act that only an answer of that kind may cause. */
function insist(kind: Kind): void {
  if (got.kind != kind) unreachable();
}

/** The server knows this device: adopt the head of its chain. */
function enrolled(): void {
  if (!read(Kind.Enrolled) || reader.left() != 0) return ground.retry(State.Challenge);
  insist(Kind.Enrolled);
  const isAhead = got.counter > counter.highest();
  if (!counter.adopt(got.counter, life.nowMs)) {
    event.numbers(Event.NumberRefused, Refused.Head, got.counter);
    return ground.retry(State.Challenge);
  }
  tellTime();
  if (life.rotating) keys.settle();
  event.textAndNumber(Event.Enrolled, keypair.id(own), ID_BYTES, got.counter);
  if (isAhead) event.number(Event.HeadAhead, got.counter);
  // A report whose receipt was lost may be the head: then its data has arrived.
  if (life.counter != 0 && got.counter == life.counter && bytes.same(got.headHash, reportHash, REPORT_HASH_BYTES)) {
    event.numberAndText(Event.Accepted, life.counter, data, life.dataLen);
    life.dataLen = 0;
  }
  bytes.copy(prev, got.headHash, HASH_BYTES);
  bytes.copy(session, got.data, got.dataLen);
  life.sessionLen = got.dataLen;
  life.stage = Stage.Told;
  life.toldAt = got.issuedAt;
  pass(got.ack);
  life.head = got.counter;
  life.counter = 0;
  life.strange = 0;
  life.dueMs = life.nowMs;
  carrier.end(true);
  life.state = State.Idle;
}

/**
 * Skip commands up to the one with that counter: the server knows that the device is past them, although its flash went back.
 */
function pass(counter: u32): void {
  const last = load<u32>(command);
  if (counter <= last) return;
  if (counter - last > COMMAND_STEP || counter >= COUNTER_END)
    event.numbers(Event.NumberRefused, Refused.LastCommand, counter);
  const mark = scratch.top();
  ground.remember(min(min(counter, last + COMMAND_STEP), COUNTER_END - 1), scratch.take(HASH_BYTES));
  scratch.release(mark);
}

/** Read the expected receipt, and possibly a command. */
function accepted(): void {
  if (!read(Kind.Receipt)) return ground.again(State.Report);
  if (got.counter != life.counter) {
    event.number(Event.AnswerForged, <u32>-Status.Unexpected);
    return ground.again(State.Report);
  }
  tellTime();
  event.numberAndText(Event.Accepted, life.counter, data, life.dataLen);
  bytes.copy(prev, messageHash, HASH_BYTES);
  life.head = life.counter;
  life.stage = Stage.Receipted;
  life.counter = 0;
  life.dataLen = 0;
  life.failures = 0;
  life.strange = 0;
  link.settle();
  settle();
  if (reader.left() != 0) obey(max(got.issuedAt, life.toldAt));
  carrier.end(<i32>(life.dueMs - life.nowMs) <= <i32>KEEP_MS);
  life.state = State.Idle;
}

/** This start works: the epitaph is reported, and faults no longer count. */
function settle(): void {
  if (life.settled) return;
  life.settled = 1;
  if (life.epitaphLen != 0 && records.put(Record.Epitaph, epitaph, 0) != Status.Ok) system.die(Death.Storage);
  life.epitaphLen = 0;
  if (records.getNumber(Record.Faults, 0) != 0) ground.keep(Record.Faults, 0);
  if (records.getNumber(Record.Damaged, 0) != 0) ground.keep(Record.Damaged, 0);
}

/** Obey a command that came with a receipt, unless it is old, not one, or void at `now`. */
function obey(now: u32): void {
  const from = reader.at;
  const status = answer.read(got, reader, peer, keypair.id(own));
  if (status != Status.Ok || got.kind != Kind.Downlink || reader.left() != 0) {
    event.number(Event.AnswerForged, <u32>-(status != Status.Ok ? status : Status.Unexpected));
    return;
  }
  const last = load<u32>(command);
  if (got.counter <= last || got.expiresAt < now) return event.number(Event.CommandIgnored, got.counter);
  if (got.counter - last > COMMAND_STEP || got.counter >= COUNTER_END)
    return event.numbers(Event.NumberRefused, Refused.Command, got.counter);
  if (got.order == Order.Rotate && (got.dataLen != TOKEN_BYTES || keys.isAnothers() || !keys.mayRotate())) {
    if (keys.isAnothers()) pass(got.counter);
    return event.number(Event.CommandIgnored, got.counter);
  }
  event.numberAndText(Event.Command, got.counter, got.data, got.dataLen);
  // The message was answered, so its hash is no longer needed: keep that of the command in its place.
  sha256.hash(messageHash, from, <u32>(reader.at - from));
  if (got.order == Order.Rotate) {
    bytes.copy(token, got.data, TOKEN_BYTES);
    life.order = got.counter;
    return;
  }
  // Remembered before it is acted upon: it may be lost by a cut, never done twice.
  ground.remember(got.counter, messageHash);
  if (got.order != Order.None) return;
  isHeld = true;
  app.obey(got.data, got.dataLen);
}

/** Hear the server's time. */
function tellTime(): void {
  if (floor.hear(got.issuedAt, life.nowMs) != Status.Ok) system.die(Death.Storage);
}

/** The server refused. An unsigned answer changes only the time until the next attempt. */
function refused(here: State): void {
  const signed = carrier.answerLen() > 0 && load<u8>(overlay.place) == SIGNED;
  if (!signed) {
    const reason = answer.readUnsigned(reader);
    if (reason == 0) return unknown(here);
    event.numbers(Event.Refused, reason, 0);
    return ground.again(here == State.Enrol ? State.Challenge : here);
  }
  if (here == State.Challenge || !read(Kind.Refusal)) return ground.again(here == State.Enrol ? State.Challenge : here);
  tellTime();
  event.numbers(Event.Refused, got.reason, 1);
  switch (got.reason) {
    case Reason.Revoked:
      if (!life.fallen) return silence();
      keys.rise();
      break;
    case Reason.Suspended:
      return ground.wait(SUSPENDED_MS, State.Challenge);
    case Reason.HandoverRefused:
      if (!life.fallen && here == State.Enrol) keys.fallBack();
      break;
    case Reason.StaleSession:
      if (life.failures == 0) return renew();
      break;
    default:
      // A server that does not know the claim refuses the report as malformed.
      link.settle();
  }
  ground.retry(State.Challenge);
}

/** A message came to the server late or doubled: enrol again at once, the first time since a receipt. */
function renew(): void {
  life.failures = 1;
  carrier.end(true);
  ground.go(State.Challenge);
}

/** Pause for a day: the device is revoked. */
function silence(): void {
  carrier.end(false);
  event.say(Event.Silenced);
  life.sinceMs = life.nowMs;
  life.forMs = SILENCE_MS;
  life.next = State.Challenge;
  life.state = State.Silent;
}

/** Handle an answer outside the protocol: a proxy's, or the module's. */
function unknown(here: State): void {
  event.number(Event.AnswerUnknown, carrier.detail());
  ground.again(here == State.Enrol ? State.Challenge : here);
}
