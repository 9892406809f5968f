// Longer than 400 lines: the device's life is one state machine, and its states share what they wait for.
/**
 * A device's life, as a table of states. Nothing in here waits: each turn looks at what happened and moves on.
 *
 *     Resting     a short pause before the store is opened; one that grows if earlier starts ended in faults
 *     Collecting  noise, until there is a key                          -> Idle (unconfigured), Challenge
 *     Challenge   ask for a nonce                                      -> Enrol
 *     Enrol       sign up; learn the head of the chain                 -> Idle
 *     Idle        until a reading is due or given                      -> Report
 *     Report      the same bytes until they are answered               -> Idle
 *     Waiting     after a failure, longer each time                    -> where it failed; after some, Challenge
 *     Silent      revoked: a day                                       -> Challenge
 */
import {
  ANSWER_BYTES,
  COMMAND_STEP,
  COUNTER_END,
  IDLE_TURN_MS,
  KEEP_MS,
  LINK_FIRST_MS,
  PROGRESS_MS,
  REST_MAX_MS,
  REST_MS,
  RETRY_ENROL,
  RETRY_MAX_MS,
  RETRY_MS,
  SILENCE_MS,
  START_MS,
  SUSPENDED_MS,
  TURN_MS,
} from "../config";
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as bytes from "../lib/bytes";
import * as verdict from "../lib/verdict";
import * as words from "../lib/words";
import * as scratch from "../lib/scratch";
import { Slice } from "../cose/cbor";
import * as sha256 from "../crypto/sha256";
import { Question, Verdict } from "../exchange/exchange";
import * as answer from "../identity/answer";
import { Answer, Order, Reason } from "../identity/answer";
import {
  ACK_HASH_BYTES,
  CTI_BYTES,
  DATA_MOST,
  EPITAPH_MOST,
  HANDOVER_MOST,
  HASH_BYTES,
  MESSAGE_MOST,
  NAME_MOST,
  NONCE_LEAST,
  NONCE_MOST,
  SESSION_MOST,
  TOKEN_BYTES,
} from "../identity/claim";
import * as enrolment from "../identity/enrolment";
import { Enrolment } from "../identity/enrolment";
import * as handover from "../identity/handover";
import { Handover } from "../identity/handover";
import * as keypair from "../identity/keypair";
import { KEYPAIR_BYTES, KeyPair } from "../identity/keypair";
import { ID_BYTES, Kind } from "../identity/kind";
import * as report from "../identity/report";
import { Report } from "../identity/report";
import * as server from "../identity/server";
import { Server } from "../identity/server";
import * as clock from "../port/clock";
import * as system from "../port/system";
import * as counter from "./_counter";
import * as carrier from "./_carrier";
import * as channel from "./_channel";
import * as key from "./_key";
import { own } from "./_key";
import * as floor from "./_floor";
import * as entropy from "./entropy";
import { Death } from "./epitaph";
import * as event from "./event";
import { Event } from "./event";
import * as app from "../app/app";
import * as settings from "./settings";
import { serverKeys } from "./settings";
import * as records from "./store";
import * as stream from "./stream";
import { Kind as Record } from "./store";

/** The values are part of `signet.h`. */
export const enum State {
  Resting = 0,
  Collecting = 1,
  Challenge = 2,
  Enrol = 3,
  Idle = 4,
  Report = 5,
  Waiting = 6,
  Silent = 7,
  Unconfigured = 8,
}
/** How far the device is in its session. */
const enum Stage {
  /** It was told the session, and signed nothing in it. */
  Told = 0,
  /** It signed a report in it, and stored its name before. */
  Reported = 1,
  /** It has a receipt in it: `head` and `prev` are this device's own. */
  Receipted = 2,
}

/** Numbers of a server that are beyond their limits, as the console says them. */
const enum Refused {
  Head = 1,
  Command = 2,
  LastCommand = 3,
}


@unmanaged
class Life {
  state: State;
  /** Since when, and for how long, it rests, waits or is silent; then `next` follows. */
  sinceMs: u32;
  forMs: u32;
  next: State;
  nowMs: u32;
  boots: u32;
  /** Failures in a row, and strange answers in a row. */
  failures: u32;
  strange: u32;
  /** Counter of the report in `message`; 0: there is none. */
  counter: u32;
  messageLen: u32;
  /** Bytes of application data that have no receipt yet. */
  dataLen: u32;
  dueMs: u32;
  epitaphLen: u32;
  /** Counter of the chain's head, whose hash is in `prev`. */
  head: u32;
  /** The downlink that orders another key, and was not obeyed yet; 0: none. */
  order: u32;
  /** `own` is a key that the server may not know yet. */
  rotating: u32;
  /** `own` is the key before, since the server refused the handover to the next one. */
  fallen: u32;
  stage: Stage;
  sessionLen: u32;
  /** The server's time when it told the session: no command that ended before is obeyed. */
  toldAt: u32;
  /** The store was opened; the link was begun; the life before ended in a fault; this one can not go on: its death. */
  opened: u32;
  linking: u32;
  died: u32;
  doom: Death;
  /** When there last was progress. */
  progressMs: u32;
  /** This start's first receipt has come. */
  settled: u32;
}

const COMMAND_BYTES: u32 = 4 + ACK_HASH_BYTES;
const REPORT_HASH_BYTES: u32 = 8;

const life = changetype<Life>(memory.data(offsetof<Life>(), 4));
const peer = changetype<Server>(memory.data(offsetof<Server>(), 4));
const peerIds: usize = memory.data(server.KEYS_MOST * ID_BYTES, 4);
const got = changetype<Answer>(memory.data(offsetof<Answer>(), 4));
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));
/** Application data, from when it is given until there is a receipt for it. */
const data: usize = memory.data(DATA_MOST, 4);
/** The signed message, from when it is made until it is answered. */
const message: usize = memory.data(MESSAGE_MOST, 4);
const messageHash: usize = memory.data(HASH_BYTES, 4);
/** The first bytes of the hash of the report that waits for its receipt, while other messages are sent. */
const reportHash: usize = memory.data(REPORT_HASH_BYTES, 4);
/** The hash of the report before. */
const prev: usize = memory.data(HASH_BYTES, 4);
/** The server's name for the session. */
const session: usize = memory.data(SESSION_MOST, 4);
/** The last command acted upon, as it is stored: its counter, 0 for none, and bytes of its hash, zero if only the counter is known. */
const command: usize = memory.data(COMMAND_BYTES, 4);
const body: usize = memory.data(ANSWER_BYTES, 4);
const epitaph: usize = memory.data(EPITAPH_MOST, 4);
/** What is stored of a key that takes over: its secret, and the handover. */
const SUCCESSOR_MOST: u32 = keypair.SEED_BYTES + HANDOVER_MOST;

/** Begin a life: what `init` exports. The store is left alone at first: see `START_MS`. */
export function start(): void {
  memory.fill(changetype<usize>(life), 0, offsetof<Life>());
  life.nowMs = clock.ms();
  life.progressMs = life.nowMs;
  life.next = settings.open() == Status.Ok ? State.Challenge : State.Unconfigured;
  pauseFor(START_MS);
}

/** Rest for `ms`. */
function pauseFor(ms: u32): void {
  life.state = State.Resting;
  life.sinceMs = life.nowMs;
  life.forMs = ms;
}

/** Open the store, and rest longer if earlier lives ended in faults. Nothing is written before that. */
function open(): void {
  life.opened = 1;
  const stored = records.open();
  if (stored == Status.Malformed) return doom(Event.IdentityLost, Death.IdentityLost);
  if (stored == Status.Unexpected) return doom(Event.NoStorage, Death.LaterStore);
  if (stored == Status.Storage) return doom(Event.NoStorage, Death.Storage);
  if (stored == Status.Absent) event.say(Event.StoreBegun);
  if (records.damaged() != 0) event.number(Event.FlashDamaged, records.damaged());
  life.died = system.epitaph(epitaph, EPITAPH_MOST) != 0 ? 1 : 0;
  const faults = life.died ? records.getNumber(Record.Faults, 0) + 1 : 0;
  pauseFor(faults < 2 ? 0 : doubled(REST_MS, faults - 2, REST_MAX_MS));
  if (life.forMs) event.number(Event.Resting, life.forMs);
}

/**
 * Bring the link up before anything is written, for a while: where the module's first transmission breaks the supply down,
 * start after start, the flash does not wear. A device without a key has nothing to lose, and does not wait for a module.
 */
function connect(): void {
  life.linking = 1;
  pauseFor(0);
  if (life.next != State.Challenge) return;
  carrier.start(body, ANSWER_BYTES, life.nowMs);
  peer.audience = settings.settings.audience;
  peer.audienceLen = settings.settings.audienceLen;
  peer.keys = serverKeys;
  peer.count = settings.settings.keyCount;
  peer.ids = peerIds;
  server.pin(peer);
  if (records.hasKey()) pauseFor(LINK_FIRST_MS);
}

/** Count this start, repair the store, and begin to collect noise. */
function begin(): void {
  life.boots = records.getNumber(Record.Boots, 0) + 1;
  // First of all: the write that repairs the store is the one that remembers it.
  const damaged = records.damaged();
  if (damaged != 0 && records.putNumber(Record.Damaged, records.getNumber(Record.Damaged, 0) + damaged) != Status.Ok)
    return doom(Event.NoStorage, Death.Storage);
  if (records.putNumber(Record.Boots, life.boots) != Status.Ok) return doom(Event.NoStorage, Death.Storage);
  event.number(Event.Booted, life.boots);
  memory.fill(command, 0, COMMAND_BYTES);
  records.get(command, COMMAND_BYTES, Record.Command);
  floor.start(life.nowMs);
  exhume();
  counter.start();
  life.state = State.Collecting;
  entropy.start(life.nowMs, life.boots);
}

/** This life can not go on: a long pause before it ends, or one start would follow the other without any. */
function doom(said: Event, death: Death): void {
  event.say(said);
  life.doom = death;
  pauseFor(REST_MAX_MS);
  event.number(Event.Resting, life.forMs);
}

/** Count the fault that ended the life before, and take its epitaph into the store, where it outlives a cut of power. */
function exhume(): void {
  const faults = records.getNumber(Record.Faults, 0);
  if (life.died) keep(Record.Faults, faults + 1);
  else if (faults != 0) keep(Record.Faults, 0);
  const mark = scratch.mark();
  const known = scratch.take(EPITAPH_MOST);
  const knownLen = records.get(known, EPITAPH_MOST, Record.Epitaph);
  life.epitaphLen = system.epitaph(epitaph, EPITAPH_MOST);
  if (!life.died && knownLen > 0) {
    life.epitaphLen = knownLen;
    bytes.copy(epitaph, known, knownLen);
  } else if (life.died && !(knownLen == <i32>life.epitaphLen && bytes.same(known, epitaph, knownLen))) {
    if (records.put(Record.Epitaph, epitaph, life.epitaphLen) != Status.Ok) system.die(Death.Storage);
  }
  if (life.died) system.bury();
  scratch.release(mark);
}

/** Move on: what `poll` exports. Returns after how many ms it wants to be called again. */
export function turn(): u32 {
  life.nowMs = clock.ms();
  const before = life.state;
  const moved = isLinked() && carrier.poll(life.nowMs);
  if (life.state > State.Collecting && entropy.poll(life.nowMs) == Status.NoEntropy) giveUp();
  dispatch();
  const advanced = moved || life.state != before;
  if (life.state != before || isWell(moved)) life.progressMs = life.nowMs;
  if (life.nowMs - life.progressMs < PROGRESS_MS) system.progress();
  return advanced ? 0 : pause();
}

/** Whether the module is attended to: until the link is up, and once there is a key and randomness for what follows. */
function isLinked(): boolean {
  if (peer.count == 0 || life.doom) return false;
  return life.state > State.Collecting || !carrier.isUp();
}

/** Whether what it does now leads on: bytes of an exchange, or a pause whose end is yet to come. If not for long, the watchdog ends it. */
function isWell(moved: boolean): boolean {
  if (stream.isOpen()) return true;
  switch (life.state) {
    case State.Challenge:
    case State.Enrol:
    case State.Report:
      return moved;
    case State.Resting:
    case State.Waiting:
    case State.Silent:
      return life.nowMs - life.sinceMs < life.forMs;
    case State.Idle:
      return <i32>(life.nowMs - life.dueMs) < 0;
    default:
      return life.state == State.Unconfigured;
  }
}

/** The whole table: one line a state. */
function dispatch(): void {
  switch (life.state) {
    case State.Resting:
      return resting();
    case State.Collecting:
      return collecting();
    case State.Challenge:
      return answered(State.Challenge);
    case State.Enrol:
      return answered(State.Enrol);
    case State.Idle:
      return idle();
    case State.Report:
      return answered(State.Report);
    case State.Waiting:
    case State.Silent:
      if (life.nowMs - life.sinceMs >= life.forMs) go(life.next);
      return;
    default:
  }
}

/** Where application data is put before `give`; 0 while the last ones have no receipt yet. */
export function outbox(): usize {
  return life.dataLen == 0 ? data : 0;
}

/** Take `len` bytes at `outbox` as the next report. Again: the last ones have no receipt yet; TooLong: more than 512. */
export function give(len: u32): Status {
  if (len > DATA_MOST) return Status.TooLong;
  if (life.dataLen != 0) return Status.Again;
  life.dataLen = len;
  return Status.Ok;
}

/** Where in its life the device is. */
export function state(): State {
  return life.state;
}

/** How long the main loop may sleep. */
function pause(): u32 {
  if (life.state == State.Collecting || !carrier.isQuiet()) return TURN_MS;
  let least: u32 = IDLE_TURN_MS;
  if (life.state == State.Idle) least = min(least, <u32>max(<i32>(life.dueMs - life.nowMs), 1));
  return least;
}

/** A pause before the store is opened, one after faults, one for the link, or one before the end. */
function resting(): void {
  const over = life.nowMs - life.sinceMs >= life.forMs;
  if (!over && (life.doom || !life.linking || !carrier.isUp())) return;
  if (life.doom) return system.die(life.doom);
  if (!life.opened) return open();
  if (!life.linking) return connect();
  begin();
}

/** Collect noise; then the device has its key. */
function collecting(): void {
  const status = entropy.poll(life.nowMs);
  if (status == Status.Again) return;
  if (status != Status.Ok) return giveUp();
  const made = !recall();
  if (made) {
    if (records.hasKey()) return system.die(Death.IdentityLost);
    const mark = scratch.mark();
    const secret = scratch.take(keypair.SEED_BYTES);
    if (entropy.random(secret, keypair.SEED_BYTES, life.nowMs) != Status.Ok) return giveUp();
    if (records.put(Record.Key, secret, keypair.SEED_BYTES) != Status.Ok) return system.die(Death.Storage);
    speak(secret, Record.Key);
    scratch.release(mark);
  }
  event.text(made ? Event.KeyMade : Event.KeyLoaded, keypair.id(own), ID_BYTES);
  if (life.next == State.Unconfigured) event.say(Event.Unconfigured);
  go(life.next);
}

/** Take the stored key: the one that takes over, where there is one. False: there is none at all. */
function recall(): bool {
  const mark = scratch.mark();
  const stored = scratch.take(SUCCESSOR_MOST);
  const seed = scratch.take(keypair.SEED_BYTES);
  const hasNext = records.get(stored, SUCCESSOR_MOST, Record.Successor) > <i32>keypair.SEED_BYTES;
  const hasKey = records.get(seed, keypair.SEED_BYTES, Record.Key) == <i32>keypair.SEED_BYTES;
  // Once the server has it, it is the key as well.
  life.rotating = hasNext && !(hasKey && bytes.same(stored, seed, keypair.SEED_BYTES)) ? 1 : 0;
  if (hasNext || hasKey) speak(hasNext ? stored : seed, life.rotating ? Record.Successor : Record.Key);
  scratch.release(mark);
  return hasNext || hasKey;
}

/** Speak with the key of the seed at `secret`, which the record of `home` begins with. */
function speak(secret: usize, home: Record): void {
  key.take(secret, home);
  channel.identify(keypair.signer(own));
}

/** On the server's order, make the next key, let this one sign that it takes over, keep both, and speak with it. */
function rotate(): void {
  // A key that is only kept becomes the key again, before the next one takes the place of the one that was refused.
  if (key.settle() != Status.Ok) return system.die(Death.Storage);
  const mark = scratch.mark();
  const stored = scratch.take(SUCCESSOR_MOST);
  const successor = changetype<KeyPair>(scratch.take(KEYPAIR_BYTES));
  const noise = scratch.take(32);
  const what = changetype<Handover>(scratch.take(offsetof<Handover>()));
  if (entropy.random(stored, keypair.SEED_BYTES, life.nowMs) != Status.Ok) return giveUp();
  if (entropy.random(noise, 32, life.nowMs) != Status.Ok) return giveUp();
  keypair.derive(successor, stored);
  what.successor = keypair.id(successor);
  what.token = got.data;
  what.counter = life.head;
  what.head = prev;
  what.order = life.order;
  writer.begin(stored + keypair.SEED_BYTES, HANDOVER_MOST);
  const lent = key.lend();
  if (handover.write(writer, own, peer, what, noise) != Status.Ok) unreachable();
  key.wipe(lent);
  // Stored before it is spoken of: the server may give the old key up as soon as it hears of this one.
  const status = records.put(Record.Successor, stored, keypair.SEED_BYTES + writer.length());
  if (status != Status.Ok) return system.die(Death.Storage);
  key.adopt(successor, Record.Successor);
  channel.identify(keypair.signer(own));
  scratch.release(mark);
  // Only now, so that an order is not lost by a cut: if it comes again, the key that is stored has taken over by then, or was refused.
  remember(life.order, messageHash);
  life.order = 0;
  life.rotating = 1;
  life.fallen = 0;
  life.stage = Stage.Told;
  event.text(Event.Rotating, keypair.id(own), ID_BYTES);
  carrier.end(false);
  go(State.Challenge);
}

/**
 * The server has the next key. The handover stays, for a server that is restored from before, and the key before stays, for one that
 * refuses the handover: who signed that the next key is taken may not be who needs it.
 */
function rotated(): void {
  life.rotating = 0;
  // The next key always names a session of its own: so a restored server knows that it took over before the order expired.
  const noted = records.put(Record.Session, got.data, got.dataLen);
  if (noted != Status.Ok || key.keep() != Status.Ok || key.settle() != Status.Ok) return system.die(Death.Storage);
  event.text(Event.Rotated, keypair.id(own), ID_BYTES);
}

/**
 * The server signed that it refuses the handover: go on with the key before, if there is one. Nothing is forgotten: the answer may be a
 * thief's, and the server may have taken the next key.
 */
function fallBack(): void {
  const home = life.rotating ? Record.Key : Record.Former;
  const mark = scratch.mark();
  const seed = scratch.take(keypair.SEED_BYTES);
  if (records.first(seed, keypair.SEED_BYTES, home) == Status.Ok) {
    speak(seed, home);
    life.rotating = 0;
    life.fallen = 1;
    changed();
  }
  scratch.release(mark);
}

/** The server refused the key before as well: go on with the next one. */
function rise(): void {
  life.fallen = 0;
  if (!recall()) return system.die(Death.IdentityLost);
  changed();
}

/** `own` is another key now: it has no session. */
function changed(): void {
  life.stage = Stage.Told;
  event.text(Event.KeyLoaded, keypair.id(own), ID_BYTES);
}

function giveUp(): void {
  event.number(Event.NoEntropy, entropy.death());
  system.die(entropy.death());
}

/** Enter a state: what it begins with. */
function go(next: State): void {
  life.state = next;
  if (next == State.Challenge) {
    carrier.begin(Question.Challenge, message, 0, life.nowMs);
  } else if (next == State.Report) {
    event.number(Event.Sent, life.counter);
    carrier.begin(Question.Report, message, life.messageLen, life.nowMs);
  }
}

/** Do `next` again after an answer that was not the one wanted; after some of them, enrol. */
function again(next: State): void {
  retry(++life.strange >= RETRY_ENROL ? State.Challenge : next);
}

/** Wait after a failure, longer each time, and then do `next`. */
function retry(next: State): void {
  life.failures++;
  wait(doubled(RETRY_MS, life.failures - 1, RETRY_MAX_MS), next);
}

/** Wait for `most` ms, of which half is random, and then do `next`. */
function wait(most: u32, next: State): void {
  carrier.end(false);
  const mark = scratch.mark();
  const random = scratch.take(4);
  entropy.random(random, 4, life.nowMs);
  life.forMs = most / 2 + (load<u32>(random) % (most / 2));
  scratch.release(mark);
  life.sinceMs = life.nowMs;
  life.next = next;
  life.state = State.Waiting;
  event.number(Event.Retry, life.forMs);
}

/** `base` doubled `times` times, at most `most`. */
function doubled(base: u32, times: u32, most: u32): u32 {
  let value = base;
  for (let i: u32 = 0; i < times && value < most; i++) value *= 2;
  return min(value, most);
}

function keep(kind: Record, value: u32): void {
  if (records.putNumber(kind, value) != Status.Ok) system.die(Death.Storage);
}

/** See what became of the exchange that `here` began. */
function answered(here: State): void {
  const outcome = carrier.verdict();
  if (outcome == Verdict.Pending) return;
  if (outcome == Verdict.Failed) return retry(here == State.Enrol ? State.Challenge : here);
  reader.begin(body, carrier.answerLen());
  if (outcome == Verdict.Refused) return refused(here);
  if (here == State.Challenge) enrol();
  else if (here == State.Enrol) enrolled();
  else accepted();
}

/** A nonce came: make an `enrol` of it and send that. */
function enrol(): void {
  const mark = scratch.mark();
  const nonce = changetype<Slice>(scratch.take(offsetof<Slice>()));
  answer.readChallenge(nonce, reader, NONCE_LEAST, NONCE_MOST);
  if (nonce.len == 0) {
    scratch.release(mark);
    return unknown(State.Challenge);
  }
  const what = changetype<Enrolment>(scratch.take(offsetof<Enrolment>()));
  const random = scratch.take(CTI_BYTES + 32);
  const board = scratch.take(NAME_MOST);
  if (entropy.random(random, CTI_BYTES + 32, life.nowMs) != Status.Ok) return giveUp();
  what.cti = random;
  what.nonce = nonce.at;
  what.nonceLen = nonce.len;
  what.board = board;
  what.boardLen = system.board(board, NAME_MOST);
  what.bootcount = life.boots;
  what.name = app.NAME;
  what.nameLen = app.NAME_BYTES;
  what.version = app.VERSION;
  what.versionLen = app.VERSION_BYTES;
  what.oneTime = settings.settings.claim;
  what.oneTimeLen = settings.settings.claimLen;
  what.counter = life.stage == Stage.Receipted ? life.head : 0;
  what.head = prev;
  what.epitaph = epitaph;
  what.epitaphLen = life.epitaphLen;
  what.ack = load<u32>(command);
  what.ackHash = command + 4;
  const stored = scratch.take(SUCCESSOR_MOST);
  const len = records.get(stored, SUCCESSOR_MOST, Record.Successor);
  what.handover = stored + keypair.SEED_BYTES;
  what.handoverLen = !life.fallen && len > <i32>keypair.SEED_BYTES ? len - keypair.SEED_BYTES : 0;
  nameSession(what);
  writer.begin(message, MESSAGE_MOST);
  const lent = key.lend();
  if (enrolment.write(writer, own, peer, what, random + CTI_BYTES) != Status.Ok) unreachable();
  key.wipe(lent);
  scratch.release(mark);
  seal();
  carrier.end(true);
  life.state = State.Enrol;
  carrier.begin(Question.Enrol, message, life.messageLen, life.nowMs);
}

/** Name the session that was reported in last: this life's, or a life's before. It is the key's before while that is handed over. */
function nameSession(what: Enrolment): void {
  what.session = session;
  what.sessionLen = life.sessionLen;
  if (life.stage != Stage.Told) return;
  what.session = scratch.take(SESSION_MOST);
  what.sessionLen = life.rotating ? 0 : max(records.get(what.session, SESSION_MOST, Record.Session), 0);
}

/** Take the message as written: its hash is what an answer must be about. */
function seal(): void {
  life.messageLen = writer.length();
  sha256.hash(messageHash, message, life.messageLen);
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

/** Trap unless the last answer is one of `kind`: before what an answer of that kind alone may do. */
function insist(kind: Kind): void {
  if (got.kind != kind) unreachable();
}

/** The server knows this device: adopt the head of its chain. */
function enrolled(): void {
  if (!read(Kind.Enrolled) || reader.left() != 0) return retry(State.Challenge);
  insist(Kind.Enrolled);
  const isAhead = got.counter > counter.highest();
  if (!counter.adopt(got.counter, life.nowMs)) {
    event.numbers(Event.NumberRefused, Refused.Head, got.counter);
    return retry(State.Challenge);
  }
  tellTime();
  if (life.rotating) rotated();
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

/** Step over commands up to the one with that counter: the server knows that the device is past them, though its flash went back. */
function pass(counter: u32): void {
  const last = load<u32>(command);
  if (counter <= last) return;
  if (counter - last > COMMAND_STEP || counter >= COUNTER_END)
    event.numbers(Event.NumberRefused, Refused.LastCommand, counter);
  const mark = scratch.mark();
  remember(min(min(counter, last + COMMAND_STEP), COUNTER_END - 1), scratch.take(HASH_BYTES));
  scratch.release(mark);
}

/** Wait for a reading, and sign it. */
function idle(): void {
  if (life.order != 0) return rotate();
  if (life.dataLen == 0 && <i32>(life.nowMs - life.dueMs) >= 0) {
    writer.begin(data, DATA_MOST);
    app.sample(writer, life.nowMs);
    if (writer.ok()) life.dataLen = writer.length();
    life.dueMs = app.nextMs(life.nowMs, settings.settings.reportIntervalMs);
  }
  if (life.dataLen != 0) sign();
}

/** Make a report of the data and send it. */
function sign(): void {
  if (life.stage == Stage.Told && records.put(Record.Session, session, life.sessionLen) != Status.Ok)
    return system.die(Death.Storage);
  if (life.stage == Stage.Told) life.stage = Stage.Reported;
  life.counter = counter.next();
  if (life.counter == 0) return system.die(Death.Storage);
  const mark = scratch.mark();
  const what = changetype<Report>(scratch.take(offsetof<Report>()));
  const noise = scratch.take(32);
  if (entropy.random(noise, 32, life.nowMs) != Status.Ok) return giveUp();
  what.counter = life.counter;
  what.prev = prev;
  what.data = data;
  what.dataLen = life.dataLen;
  what.epitaph = epitaph;
  what.epitaphLen = life.epitaphLen;
  what.ack = load<u32>(command);
  what.ackHash = command + 4;
  what.session = session;
  what.sessionLen = life.sessionLen;
  what.damaged = records.getNumber(Record.Damaged, 0);
  writer.begin(message, MESSAGE_MOST);
  const lent = key.lend();
  if (report.write(writer, own, peer, what, noise) != Status.Ok) unreachable();
  key.wipe(lent);
  scratch.release(mark);
  seal();
  bytes.copy(reportHash, messageHash, REPORT_HASH_BYTES);
  go(State.Report);
}

/** There should be a receipt, and perhaps a command. */
function accepted(): void {
  if (!read(Kind.Receipt)) return again(State.Report);
  if (got.counter != life.counter) {
    event.number(Event.AnswerForged, <u32>-Status.Unexpected);
    return again(State.Report);
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
  if (records.getNumber(Record.Faults, 0) != 0) keep(Record.Faults, 0);
  if (records.getNumber(Record.Damaged, 0) != 0) keep(Record.Damaged, 0);
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
  if (got.order == Order.Rotate && got.dataLen != TOKEN_BYTES) return event.number(Event.CommandIgnored, got.counter);
  event.numberAndText(Event.Command, got.counter, got.data, got.dataLen);
  // What was sent is answered: its hash gives way to that of the command.
  sha256.hash(messageHash, from, <u32>(reader.at - from));
  if (got.order == Order.Rotate) {
    life.order = got.counter;
    return;
  }
  // Remembered before it is acted upon: it may be lost by a cut, never done twice.
  remember(got.counter, messageHash);
  if (got.order == Order.None) app.obey(got.data, got.dataLen);
}

/** Remember the counter of the last command, and bytes of its hash. */
function remember(counter: u32, hash: usize): void {
  store<u32>(command, counter);
  bytes.copy(command + 4, hash, ACK_HASH_BYTES);
  if (records.put(Record.Command, command, COMMAND_BYTES) != Status.Ok) system.die(Death.Storage);
}

/** Hear the server's time. */
function tellTime(): void {
  if (floor.hear(got.issuedAt, life.nowMs) != Status.Ok) system.die(Death.Storage);
}

/** The server refused. What is not signed changes nothing but the waiting. */
function refused(here: State): void {
  const signed = carrier.answerLen() > 0 && load<u8>(body) == 0xd2;
  if (!signed) {
    const reason = answer.readUnsigned(reader);
    if (reason == 0) return unknown(here);
    event.numbers(Event.Refused, reason, 0);
    return again(here == State.Enrol ? State.Challenge : here);
  }
  if (here == State.Challenge || !read(Kind.Refusal)) return again(here == State.Enrol ? State.Challenge : here);
  tellTime();
  event.numbers(Event.Refused, got.reason, 1);
  switch (got.reason) {
    case Reason.Revoked:
      if (!life.fallen) return silence();
      rise();
      break;
    case Reason.Suspended:
      return wait(SUSPENDED_MS, State.Challenge);
    case Reason.HandoverRefused:
      if (!life.fallen && here == State.Enrol) fallBack();
      break;
    case Reason.StaleSession:
      if (life.failures == 0) return renew();
      break;
    default:
  }
  retry(State.Challenge);
}

/** A message came to the server late or doubled: enrol again at once, the first time since a receipt. */
function renew(): void {
  life.failures = 1;
  carrier.end(true);
  go(State.Challenge);
}

/** Nobody wants to hear from this device: a day's pause. */
function silence(): void {
  carrier.end(false);
  event.say(Event.Silenced);
  life.sinceMs = life.nowMs;
  life.forMs = SILENCE_MS;
  life.next = State.Challenge;
  life.state = State.Silent;
}

/** An answer that the protocol does not know: a proxy's, or the module's. */
function unknown(here: State): void {
  event.number(Event.AnswerUnknown, carrier.detail());
  again(here == State.Enrol ? State.Challenge : here);
}
