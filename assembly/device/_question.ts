/**
 * The questions of the device to the server: to enrol, and to accept a report. Each is written, signed, kept until it is
 * answered, and sent.
 */
import * as app from "../app/app";
import { Slice } from "../cose/cbor";
import * as sha256 from "../crypto/sha256";
import { Question } from "../exchange/exchange";
import { CTI_BYTES, MESSAGE_MOST, NAME_MOST, SESSION_MOST } from "../identity/facts";
import * as enrolment from "../identity/enrolment";
import { Enrolment } from "../identity/enrolment";
import * as keypair from "../identity/keypair";
import * as report from "../identity/report";
import { Report } from "../identity/report";
import * as bytes from "../lib/bytes";
import * as scratch from "../lib/scratch";
import { Status } from "../lib/status";
import * as link from "../link/link";
import * as system from "../port/system";
import * as carrier from "./_carrier";
import * as counter from "./_counter";
import * as ground from "./_ground";
import {
  command,
  data,
  Draft,
  epitaph,
  life,
  message,
  messageHash,
  peer,
  prev,
  REPORT_HASH_BYTES,
  reportHash,
  session,
  Stage,
  SUCCESSOR_MOST,
  writer,
} from "./_ground";
import { draft } from "./_draft";
import { own } from "./_key";
import * as entropy from "./entropy";
import { Death, Record, State } from "./facts";
import * as settings from "./settings";
import * as records from "./store";

// A C program names itself at run time.
if (!isDefined(OWN_READINGS)) {
  if (app.NAME_BYTES == 0 || app.NAME_BYTES > NAME_MOST) ERROR("the application's NAME must have 1 to 32 bytes");
  if (app.VERSION_BYTES == 0 || app.VERSION_BYTES > NAME_MOST)
    ERROR("the application's VERSION must have 1 to 32 bytes");
}

/** Write an `enrol` of the nonce, whose Slice is all that is in scratch memory. */
export function enrol(nonce: Slice): void {
  const what = changetype<Enrolment>(scratch.takeAt(offsetof<Slice>(), offsetof<Enrolment>()));
  const random = scratch.take(CTI_BYTES);
  const board = scratch.take(NAME_MOST);
  if (entropy.random(random, CTI_BYTES, life.nowMs) != Status.Ok) return ground.giveUp();
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
  if (enrolment.write(draft, writer, own, peer, what) != Status.Ok) unreachable();
  scratch.release(changetype<usize>(what));
  written(Draft.Enrol);
}

/** The `enrol` is signed: send it. */
export function enrolSigned(): void {
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

/** The message is written: its signature is next. */
function written(what: Draft): void {
  life.messageLen = writer.length();
  life.draft = what;
}

/** Record the message as signed: an answer must be about its hash. */
function seal(): void {
  sha256.hash(messageHash, message, life.messageLen);
}

/** 1: the reports from now on are the last word of the key. A program of C alone asks for it. */
let leaving: u32 = 0;

/** Make the next report the last word of the key. */
export function leave(): void {
  leaving = 1;
}

/** True if the last word was asked for. */
export function isLeaving(): bool {
  return leaving != 0;
}

/** Write a report of the data. Nothing is in scratch memory. */
export function tell(): void {
  if (life.stage == Stage.Told && records.put(Record.Session, session, life.sessionLen) != Status.Ok)
    return system.die(Death.Storage);
  if (life.stage == Stage.Told) life.stage = Stage.Reported;
  life.counter = counter.next();
  if (life.counter == 0) return system.die(Death.Storage);
  const what = changetype<Report>(scratch.takeAt(0, offsetof<Report>()));
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
  what.outage = link.outage();
  writer.begin(message, MESSAGE_MOST);
  if (report.write(draft, writer, own, peer, what, isDefined(OWN_READINGS) ? leaving : 0) != Status.Ok) unreachable();
  scratch.release(changetype<usize>(what));
  written(Draft.Report);
}

/** The report is signed: send it. */
export function reportSigned(): void {
  seal();
  bytes.copy(reportHash, messageHash, REPORT_HASH_BYTES);
  ground.go(State.Report);
}
