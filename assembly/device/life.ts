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
import * as app from "../app/app";
import {
  EXCHANGE_MS,
  IDLE_TURN_MS,
  LINK_FIRST_MS,
  PROGRESS_MS,
  REST_MAX_MS,
  REST_MS,
  START_MS,
  TURN_MS,
} from "../config";
import { DATA_MOST, EPITAPH_MOST } from "../identity/facts";
import * as keypair from "../identity/keypair";
import { ID_BYTES } from "../identity/kind";
import * as server from "../identity/server";
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as signers from "../signer/signer";
import * as clock from "../port/clock";
import * as system from "../port/system";
import * as ordinary from "../tls/ordinary";
import * as access from "./access";
import * as answers from "./_answer";
import * as carrier from "./_carrier";
import * as counter from "./_counter";
import * as floor from "./_floor";
import * as ground from "./_ground";
import { command, COMMAND_BYTES, data, Draft, epitaph, got, Life, life, peer, writer } from "./_ground";
import { own } from "./_key";
import * as key256 from "./_key256";
import * as draft from "./_draft";
import * as keys from "./_keys";
import * as pubsub from "./pubsub";
import * as question from "./_question";
import * as entropy from "./entropy";
import * as event from "./event";
import { CERTIFICATE_MOST, Death, Event, Record, State } from "./facts";
import * as features from "./features";
import * as settings from "./settings";
import { serverKeys } from "./settings";
import * as records from "./store";
import * as stream from "./stream";

if (PROGRESS_MS < 2 * EXCHANGE_MS)
  ERROR("PROGRESS_MS must be at least twice EXCHANGE_MS: a slow exchange must not starve the watchdog");

const peerIds: usize = memory.data(server.KEYS_MOST * ID_BYTES, 4);

/** Begin a life: the export `init`. It leaves the store alone at first: see `START_MS`. */
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
  pauseFor(faults < 2 ? 0 : ground.doubled(REST_MS, faults - 2, REST_MAX_MS));
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
  carrier.start(life.nowMs);
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
  // Do this first: the write that repairs the store also remembers it.
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

/** This life cannot continue: pause for long before it ends, or starts would follow each other without a pause. */
function doom(said: Event, death: Death): void {
  event.say(said);
  life.doom = death;
  pauseFor(REST_MAX_MS);
  event.number(Event.Resting, life.forMs);
}

/** Count the fault that ended the life before, and take its epitaph into the store, where it outlives a cut of power. */
function exhume(): void {
  const faults = records.getNumber(Record.Faults, 0);
  if (life.died) ground.keep(Record.Faults, faults + 1);
  else if (faults != 0) ground.keep(Record.Faults, 0);
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
  scratch.release(known);
}

/** Take a turn: the export `poll`. Return the time in ms until the next call. */
export function turn(): u32 {
  life.nowMs = clock.ms();
  answers.forget();
  const before = life.state;
  const moved = isLinked() && carrier.poll(life.nowMs);
  if (life.state > State.Collecting && entropy.poll(life.nowMs) == Status.NoEntropy) ground.giveUp();
  dispatch();
  const advanced = moved || life.state != before;
  if (life.state != before || isWell(moved)) life.progressMs = life.nowMs;
  if (life.nowMs - life.progressMs < PROGRESS_MS) system.progress();
  return advanced ? 0 : pause();
}

/** True if the module is served: until the link is up, and again once there is a key and randomness. */
function isLinked(): boolean {
  if (peer.count == 0 || life.doom) return false;
  return life.state > State.Collecting || !carrier.isUp();
}

/** True while the device makes progress: bytes of an exchange, or a pause that is not over. If it is false for PROGRESS_MS, the watchdog is no longer fed. */
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

/**
 * Do the work of the state, unless a message waits for its signature; then continue with that message once it is signed.
 */
function dispatch(): void {
  if (features.PUBSUB) prove();
  if (life.draft == Draft.None) live();
  if (life.draft != Draft.None) complete();
}

/** Give the application's client of MQTT the `access` that it waits for. */
function prove(): void {
  const client = pubsub.awaits();
  if (client) pubsub.prove(access.make(pubsub.secret(), client, 2 * ID_BYTES), life.nowMs);
}

/** The message that waits is signed, or still waits. */
function complete(): void {
  if (features.ACCESS && signers.LATE && access.isAwaited()) return;
  if (draft.sign() != Status.Ok) return;
  const what = life.draft;
  life.draft = Draft.None;
  if (features.ACCESS && signers.LATE && what == Draft.Access) return;
  if (what == Draft.Enrol) question.enrolSigned();
  else if (what == Draft.Report) question.reportSigned();
  else keys.handoverSigned();
}

/** The whole table: one line a state. */
function live(): void {
  if (features.OWN256 && life.state > State.Collecting && ordinary.unsigned()) key256.certify();
  switch (life.state) {
    case State.Resting:
      return resting();
    case State.Collecting:
      return collecting();
    case State.Challenge:
      return answers.take(State.Challenge);
    case State.Enrol:
      return answers.take(State.Enrol);
    case State.Idle:
      return idle();
    case State.Report:
      return answers.take(State.Report);
    case State.Waiting:
    case State.Silent:
      if (life.nowMs - life.sinceMs >= life.forMs) ground.go(life.next);
      return;
    default:
  }
}

/** Place for application data before `give`; 0 while the last ones have no receipt yet. */
export function outbox(): usize {
  if (features.ACCESS && signers.LATE && life.draft == Draft.Access) return 0;
  return life.dataLen == 0 ? data : 0;
}

/**
 * Write the certificate of the key on P-256 to `outbox`; returns its length. Else a `Status`. Again: there is none yet, or a report waits for its receipt; Unexpected:
 * this image has none.
 */
export function certificate(): i32 {
  if (!features.OWN256) return Status.Unexpected;
  if (life.draft != Draft.None || life.dataLen != 0 || ordinary.unsigned()) return Status.Again;
  writer.begin(data, CERTIFICATE_MOST);
  ordinary.writeX509(writer);
  return writer.length();
}

/** Take `len` bytes at `outbox` as the next report. Again: the last ones have no receipt yet; TooLong: more than 512. */
export function give(len: u32): Status {
  if (len > DATA_MOST) return Status.TooLong;
  if (life.dataLen != 0) return Status.Again;
  life.dataLen = len;
  return Status.Ok;
}

/**
 * Send the last word of the key, and ask for the server's answer to it: call it until it is not Again. Ok: the server has the
 * last word, or it refuses the key in any case.
 */
export function leave(): Status {
  if (life.state == State.Silent) return Status.Ok;
  if (life.dataLen != 0) return Status.Again;
  if (question.isLeaving()) return Status.Ok;
  question.leave();
  // The data are null: a report has at least one byte.
  store<u8>(data, 0xf6);
  return give(1) == Status.Ok ? Status.Again : Status.Unexpected;
}

/** State of the device. */
export function state(): State {
  return life.state;
}

/** Where the device's id is; 0 while there is no key. */
export function id(): usize {
  return life.state > State.Collecting ? keypair.id(own) : 0;
}

/** The time of the last answer that the server signed, in seconds since 1970. */
export function answeredAt(): u32 {
  return got.issuedAt;
}

/** Maximum sleep of the main loop. */
function pause(): u32 {
  if (life.state == State.Collecting || life.draft != Draft.None || !carrier.isQuiet()) return TURN_MS;
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
  if (status != Status.Ok) return ground.giveUp();
  if (!keys.begin()) return;
  if (life.next == State.Unconfigured) event.say(Event.Unconfigured);
  ground.go(life.next);
}

/** Wait for a reading, and write a report of it. */
function idle(): void {
  if (life.order != 0) return keys.rotate();
  if (life.dataLen == 0 && <i32>(life.nowMs - life.dueMs) >= 0) {
    writer.begin(data, DATA_MOST);
    app.sample(writer, life.nowMs);
    if (writer.ok()) life.dataLen = writer.length();
    life.dueMs = app.nextMs(life.nowMs, settings.settings.reportIntervalMs);
  }
  if (life.dataLen != 0) question.tell();
}
