// Longer than 400 lines: one handshake, in the order in which it happens.
/**
 * A TLS 1.3 client (RFC 8446), without I/O: the peer's bytes go in by `fromPeer` and come out by `toPeer`, the
 * application's by `write` and `read`, and `step` does one piece of work, never more than one public-key operation.
 *
 *     client                                            server
 *       | ClientHello  (x25519 share, PSK + binder?)      |
 *       |------------------------------------------------>|
 *       |              ?  HelloRetryRequest (cookie)      |
 *       |<------------------------------------------------|
 *       | ? change_cipher_spec, ClientHello               |
 *       |------------------------------------------------>|
 *       |                                    ServerHello  |  handshake keys
 *       |                        {EncryptedExtensions}    |
 *       |                      ? {CertificateRequest}     |
 *       |                      ? {Certificate}            |  its key is proven
 *       |                      ? {CertificateVerify}      |  and has signed this handshake
 *       |                        {Finished}               |  application keys
 *       |<------------------------------------------------|
 *       | change_cipher_spec                              |
 *       | ? {Certificate} {CertificateVerify}             |
 *       | {Finished}                                      |
 *       |------------------------------------------------>|
 *       | [data]  [KeyUpdate]  [NewSessionTicket]         |
 *       |<----------------------------------------------->|
 *
 * There is one connection at a time, in static memory.
 */
import { OVERLAY_BYTES, TLS_MESSAGE_BYTES } from "../config";
import * as bytes from "../lib/bytes";
import { Pipe } from "../lib/pipe";
import * as overlay from "../lib/overlay";
import { Owner } from "../lib/overlay";
import * as scratch from "../lib/scratch";
import * as words from "../lib/words";
import { Reader } from "../lib/reader";
import { Status } from "../lib/status";
import { Writer } from "../lib/writer";
import * as signers from "../signer/signer";
import { Alert } from "./alert";
import * as chain from "./chain";
import * as credential from "./credential";
import * as entries from "./entries";
import * as evidence from "./evidence";
import * as group from "./group";
import * as hello from "./hello";
import * as message from "./message";
import { ANCHORS, CHAINS, ID_BYTES, Options, RANDOM_BYTES, authenticates } from "./options";
import { OWN256, WIDE } from "./profile";
import * as record from "./record";
import { CertificateType, Content, Kind } from "./registry";
import * as schedule from "./schedule";
import * as suite from "./suite";
import * as ticket from "./ticket";
import * as wide from "./wide";

/**
 * States of a connection. The Wait states wait for the peer, Connected and Closing for either side, the others for `step`.
 */
export const enum State {
  Idle = 0,
  MakeShare = 1,
  SendHello = 2,
  WaitSh = 3,
  WaitEe = 4,
  WaitCertCr = 5,
  WaitCert = 6,
  CheckChain = 7,
  WaitCv = 8,
  WaitFinished = 9,
  SignCredential = 10,
  SendCertificate = 11,
  SendVerify = 12,
  SendFinished = 13,
  Connected = 14,
  /** This side sent close_notify, the peer has not yet. */
  Closing = 15,
  /** Both sides closed in order. */
  Closed = 16,
  /** An alert was sent or received, or the transport ended too early. */
  Failed = 17,
}

/** Most records and messages in a row that bring a connection no further. */
const IDLE_MOST: u32 = 32;

/** The change_cipher_spec that middleboxes expect, sent once (appendix D.4). */
const enum Mark {
  Early = 0,
  Due = 1,
  Sent = 2,
}


@unmanaged
class Client {
  state: State;
  options: Options;
  /** The message that is being collected: how much there is, how much of a ticket is passed over. */
  have: u32;
  skip: u32;
  /** A ticket was offered and no ServerHello has come; a KeyUpdate is owed to the peer. */
  spent: u32;
  owed: u32;
  /** Records and messages in a row that brought the connection no further. */
  idle: u32;
  /** States of change_cipher_spec. */
  mark: Mark;
  /** The alert that ended the connection, and whether the peer sent it. */
  alert: Alert;
  byPeer: u32;
}


@lazy
const client = changetype<Client>(memory.data(offsetof<Client>(), 4));


@lazy
const offer = changetype<hello.Offer>(memory.data(offsetof<hello.Offer>(), 4));


@lazy
const choice = changetype<hello.Choice>(memory.data(offsetof<hello.Choice>(), 4));


@lazy
const agreed = changetype<message.Agreed>(memory.data(offsetof<message.Agreed>(), 4));


@lazy
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 4));


@lazy
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));

if (!isDefined(WITHOUT_TLS) && OVERLAY_BYTES < TLS_MESSAGE_BYTES + RANDOM_BYTES)
  ERROR("OVERLAY_BYTES must hold a handshake message and the randomness");

/**
 * The message of the handshake at hand: the peer's while it is collected and read, then this client's until it is sent. It lies in
 * the overlay, which is the handshake's from `start` until this client's Finished is out.
 */
@lazy
const buffer = overlay.place;
/** This client's message as it is sent. */
@lazy
const flight = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));
/** The buffer's end, behind a CertificateVerify of either side. */
@lazy
const workroom = buffer + TLS_MESSAGE_BYTES - message.SIGNED_BYTES;

/** This connection's randomness, also in the overlay, and the public share made of it. */
@lazy
const random = buffer + TLS_MESSAGE_BYTES;


@lazy
const session = random + ID_BYTES;


@lazy
const scalar = session + ID_BYTES;


@lazy
const noise = scalar + group.SCALAR_BYTES;


@lazy
const share = memory.data(group.SHARE_BYTES, 8);

/** Begin a connection. The previous state and `options.random` are wiped. Malformed if there are too many anchors. */
export function start(options: Options): Status {
  if (options.pinCount > ANCHORS || options.rootCount > (CHAINS ? ANCHORS : 0)) return Status.Malformed;
  wipe();
  overlay.claim(Owner.Handshake);
  record.reset();
  schedule.begin();
  chain.reset();
  memory.fill(changetype<usize>(client), 0, offsetof<Client>());
  memory.fill(changetype<usize>(agreed), 0, offsetof<message.Agreed>());
  memory.fill(changetype<usize>(offer), 0, offsetof<hello.Offer>());
  client.options = options;
  client.alert = Alert.None;
  bytes.copy(random, options.random, RANDOM_BYTES);
  bytes.wipe(options.random, RANDOM_BYTES);
  offer.random = random;
  offer.session = session;
  offer.share = share;
  ticket.begin(options);
  offer.psk = options.identityLen ? hello.Psk.External : ticket.usable(options) ? hello.Psk.Ticket : hello.Psk.None;
  group.choose(group.FIRST);
  suite.choose(offer.psk == hello.Psk.Ticket ? ticket.suiteOf() : suite.FIRST);
  client.state = State.MakeShare;
  return Status.Ok;
}

/** State of the connection. */
export function state(): State {
  return client.state;
}

/** The alert that ended a Failed connection; Alert.None if the transport ended too early. */
export function alert(): Alert {
  return client.alert;
}

/** True if the peer sent that alert. */
export function alertFromPeer(): bool {
  return client.byPeer != 0;
}

/** True if this connection was resumed or began with an external PSK: the server accepted the offered one. */
export function preShared(): bool {
  return evidence.has(evidence.Proof.PreShared);
}

/** True if the server chose the application protocol that was offered. */
export function protocolChosen(): bool {
  return agreed.protocol != 0;
}

/** Accept bytes of the peer; return the number accepted. Offer the rest again after a `step`. */
export function fromPeer(from: usize, len: u32): u32 {
  return ended() ? len : record.feed(from, len);
}

/**
 * Move up to `max` bytes for the peer to `out`; return their number. There may be some after the connection has ended.
 */
export function toPeer(out: usize, max: u32): u32 {
  return record.drain(out, max);
}

/** True if bytes for the peer are queued. */
export function queued(): bool {
  return record.queued();
}

/**
 * Report the end of the transport, after all its bytes were accepted and no step is left: without close_notify this is a
 * failure.
 */
export function peerGone(): void {
  if (ended()) return;
  end(client.state == State.Closing ? State.Closed : State.Failed);
}

/** True if the connection has ended. */
function ended(): bool {
  return client.state == State.Idle || client.state >= State.Closed;
}

/** Do one piece of work. Ok: there may be more. Again: only bytes in or out bring it on. Closed: it has ended. */
export function step(): Status {
  if (ended()) return Status.Closed;
  if (flight.left) return flush();
  const own = WIDE && wide.doomed() ? Status.Again : ownTurn();
  // While the signer is busy, nothing of the server is read: it may send application data before it has our Finished.
  if (own != Status.Again || signs()) return own;
  if (record.opened()) return content();
  if (!record.arrived()) return Status.Again;
  return settle(openRecord());
}

/** True if the next step may sign with the device's key: lend it its seed for that step. */
export function signs(): bool {
  return client.state == State.SignCredential || client.state == State.SendVerify;
}

/** True if application data may come. */
function connected(): bool {
  return client.state == State.Connected || client.state == State.Closing;
}

/** Fail if there is an alert to send. One for what was read of a record whose tag was not compared waits for that. */
function settle(verdict: Alert): Status {
  if (verdict == Alert.None) return Status.Ok;
  if (WIDE && record.postpone(verdict)) return Status.Ok;
  fail(verdict);
  return Status.Closed;
}

/** Send a fatal alert and end. */
function fail(verdict: Alert): void {
  sendAlert(2, verdict);
  client.alert = verdict;
  end(State.Failed);
}

/** Queue an alert; the output always has room for two. One in place of the second flight begins as that would. */
function sendAlert(level: u32, alert: Alert): void {
  if (client.mark == Mark.Due) sendMark();
  const body = record.body();
  store<u8>(body, level);
  store<u8>(body + 1, alert);
  record.send(Content.Alert, 2);
}

/** End the connection: keep the bytes queued for the peer, wipe everything else. */
function end(last: State): void {
  wipe();
  client.state = last;
}

/** Wipe keys, secrets, randomness and the rest of messages. */
function wipe(): void {
  spend();
  record.wipe();
  schedule.wipe();
  evidence.reset();
  overlay.release(Owner.Handshake);
  ticket.tidy();
  client.have = 0;
  if (chain.APART) entries.reset();
  if (WIDE) {
    chain.wipe();
    schedule.forget();
  }
  flight.left = 0;
}

/** Do the work of a state; Again if it waits for bytes. */
function ownTurn(): Status {
  switch (client.state) {
    case State.MakeShare:
      return makeShare();
    case State.SendHello:
      return sendHello();
    case State.CheckChain:
      return checkChain();
    case State.SignCredential:
      return signCredential();
    case State.SendCertificate:
      return sendCertificate();
    case State.SendVerify:
      return sendVerify();
    case State.SendFinished:
      return sendFinished();
    default:
      return Status.Again;
  }
}

// ------------------------------------------------------------------------------------------------ what arrives

/** Open the received record, and handle it if it is no handshake message. */
function openRecord(): Alert {
  const opened = record.open();
  if (opened != Alert.None) return opened;
  const kind = record.kind();
  // A message that is split over records has nothing between its parts (§5.1).
  const parts = client.have | client.skip | (chain.APART ? entries.left() : 0);
  if (parts && kind != Content.Handshake) return Alert.UnexpectedMessage;
  switch (kind) {
    case Content.Handshake:
      return Alert.None;
    case Content.Alert:
      return peerAlert();
    case Content.ChangeCipherSpec:
      return changeCipherSpec();
    default:
      return applicationData();
  }
}

/** Drop a change_cipher_spec, between the first hello and the server's Finished (§5). */
function changeCipherSpec(): Alert {
  const wanted = client.state >= State.WaitSh && client.state <= State.WaitFinished;
  if (!wanted || record.left() != 1 || load<u8>(record.at()) != 1) return Alert.UnexpectedMessage;
  record.finish();
  return idle();
}

/** Count what brings the connection no further: so much of it in a row is an attack on the device's energy. */
function idle(): Alert {
  return ++client.idle > IDLE_MOST ? Alert.UnexpectedMessage : Alert.None;
}

/** Keep application data for `read`; after this side has closed, drop it. */
function applicationData(): Alert {
  if (!connected()) return Alert.UnexpectedMessage;
  if (record.left()) client.idle = 0;
  else if (idle() != Alert.None) return Alert.UnexpectedMessage;
  if (client.state == State.Closing || record.left() == 0) record.finish();
  return Alert.None;
}

/** See to the peer's alert (§6): all except close_notify and user_canceled are fatal, at any level. */
function peerAlert(): Alert {
  if (record.left() != 2) return Alert.DecodeError;
  const what: u32 = load<u8>(record.at() + 1);
  record.finish();
  if (what == Alert.UserCanceled) return idle();
  if (what == Alert.CloseNotify && connected()) {
    if (client.state == State.Connected) sendAlert(1, Alert.CloseNotify);
    end(State.Closed);
    return Alert.None;
  }
  client.alert = what;
  client.byPeer = 1;
  end(State.Failed);
  return Alert.None;
}

/** Go on with the opened record: application data waits for `read`, a handshake message is collected and, once whole, handled. */
function content(): Status {
  if (record.kind() != Content.Handshake) return Status.Again;
  if (client.skip) {
    const len = min<u32>(client.skip, record.left());
    client.skip -= len;
    record.consume(len);
    return Status.Ok;
  }
  if (chain.APART && client.state == State.CheckChain) return settle(readChain());
  if (!collect(message.HEADER_BYTES)) return Status.Ok;
  const at = inbox();
  const len = bytes.load16be(at + 2);
  if (chain.APART && beginsChain()) return settle(openChain(len));
  const most = connected() ? ticket.room() : TLS_MESSAGE_BYTES;
  if (load<u8>(at + 1) || len > most - message.HEADER_BYTES) return settle(oversized());
  if (!collect(message.HEADER_BYTES + len)) return Status.Ok;
  // Behind a Certificate nothing is handled of a record whose tag was not compared.
  if (WIDE && client.state >= State.WaitCv && !record.genuine()) return settle(record.more());
  client.have = 0;
  reader.begin(at + message.HEADER_BYTES, len);
  const verdict = dispatch(load<u8>(at), len);
  return settle(verdict == Alert.None && !reader.ok() ? Alert.DecodeError : verdict);
}

/** Place where the peer's message is collected: once the handshake is over, where its ticket will be. */
function inbox(): usize {
  return connected() ? ticket.inbox() : buffer;
}

/** Collect the message up to `want` bytes; whether they are there. */
function collect(want: u32): bool {
  if (client.have < want) {
    const len = min<u32>(want - client.have, record.left());
    bytes.copy(inbox() + client.have, record.at(), len);
    client.have += len;
    record.consume(len);
  }
  return client.have >= want;
}

/** A message larger than its place: a ticket is skipped, because a client need not keep one; any other message is refused. */
function oversized(): Alert {
  if (!connected()) return Alert.IllegalParameter;
  const kind = load<u8>(ticket.inbox());
  if (kind != Kind.NewSessionTicket) return kind == Kind.KeyUpdate ? Alert.DecodeError : Alert.UnexpectedMessage;
  client.skip = bytes.load32be(ticket.inbox()) & 0xff_ffff;
  client.have = 0;
  return Alert.None;
}

/** The whole table: one line a state; every pair not listed is unexpected_message. */
function dispatch(kind: u32, len: u32): Alert {
  // prettier-ignore
  switch (client.state) {
    case State.WaitSh:       return kind == Kind.ServerHello         ? serverHello(len)         : Alert.UnexpectedMessage;
    case State.WaitEe:       return kind == Kind.EncryptedExtensions ? encryptedExtensions(len) : Alert.UnexpectedMessage;
    case State.WaitCertCr:   return kind == Kind.CertificateRequest  ? certificateRequest(len)
                                  : kind == Kind.Certificate         ? certificate(len)         : Alert.UnexpectedMessage;
    case State.WaitCert:     return kind == Kind.Certificate         ? certificate(len)         : Alert.UnexpectedMessage;
    case State.WaitCv:       return kind == Kind.CertificateVerify   ? certificateVerify(len)   : Alert.UnexpectedMessage;
    case State.WaitFinished: return kind == Kind.Finished            ? finished(len)            : Alert.UnexpectedMessage;
    case State.Connected:
    case State.Closing:      return kind == Kind.NewSessionTicket    ? newSessionTicket()
                                  : kind == Kind.KeyUpdate           ? keyUpdate()              : Alert.UnexpectedMessage;
    default:                 return Alert.UnexpectedMessage;
  }
}

/** Absorb the message in the buffer. */
function absorb(len: u32): void {
  schedule.absorb(buffer, message.HEADER_BYTES + len);
}

/** True if the message ends its record: the next is under other keys (§5.1). */
function aligned(): bool {
  return !record.opened();
}

// ------------------------------------------------------------------------------------------------ the handshake

/** Make the key share: one public-key operation. */
function makeShare(): Status {
  if (group.share(share, scalar) != Status.Ok) return settle(Alert.InternalError);
  client.state = State.SendHello;
  return Status.Ok;
}

/** Place of the offered pre-shared key. */
function preSharedKey(): usize {
  return offer.psk == hello.Psk.External ? client.options.psk : ticket.key();
}

/** Send the first or the second hello. */
function sendHello(): Status {
  // A retry's cookie lies in the buffer: it moves to the end, out of the hello's way.
  const cookie = buffer + TLS_MESSAGE_BYTES - offer.cookieLen;
  bytes.copy(cookie, offer.cookie, offer.cookieLen);
  offer.cookie = cookie;
  schedule.early(offer.psk ? preSharedKey() : 0);
  if (offer.psk == hello.Psk.Ticket) client.spent = 1;
  writer.begin(buffer, TLS_MESSAGE_BYTES - offer.cookieLen);
  const len = hello.write(writer, offer, client.options);
  if (len == 0) return settle(Alert.InternalError);
  return queue(len, State.WaitSh);
}

/** Send change_cipher_spec before the second flight. */
function sendMark(): Status {
  if (record.room() == 0) return Status.Again;
  store<u8>(record.body(), 1);
  record.send(Content.ChangeCipherSpec, 1);
  client.mark = Mark.Sent;
  return Status.Ok;
}

/** The server has spoken: the next flight is the second. */
function markDue(): void {
  if (client.mark == Mark.Early) client.mark = Mark.Due;
}

/** Begin to send the message in the buffer, which was absorbed. */
function queue(len: u32, next: State): Status {
  flight.hold(buffer, len);
  client.state = next;
  return Status.Ok;
}

/** Send as much of the message in the buffer as one record takes. */
function flush(): Status {
  if (client.mark == Mark.Due) return sendMark();
  const room = record.room();
  if (room == 0) return Status.Again;
  record.send(Content.Handshake, flight.move(record.body(), room));
  if (flight.left) return Status.Ok;
  if (client.state == State.Connected) sealApplication();
  return Status.Ok;
}

/** Handle ServerHello or HelloRetryRequest. */
function serverHello(len: u32): Alert {
  const verdict = hello.read(choice, reader, offer);
  if (verdict != Alert.None) return verdict;
  if (!aligned()) return Alert.UnexpectedMessage;
  if (choice.retry) return retryHello(len);
  absorb(len);
  return agree();
}

/** Answer a HelloRetryRequest, once (§4.1.4). */
function retryHello(len: u32): Alert {
  if (offer.retried) return Alert.UnexpectedMessage;
  offer.retried = 1;
  markDue();
  // A pre-shared key of another hash is of no use any more (§4.1.4).
  if (suite.hashOf(choice.suite) != suite.hashOf(suite.chosen())) offer.psk = hello.Psk.None;
  schedule.settle(choice.suite);
  schedule.retry();
  absorb(len);
  offer.cookie = choice.cookie;
  offer.cookieLen = <u16>choice.cookieLen;
  client.state = State.SendHello;
  if (group.SEVERAL && choice.group) {
    group.choose(choice.group);
    client.state = State.MakeShare;
  }
  return Alert.None;
}

/** Agree on the handshake's keys: one public-key operation. A PSK that the server did not take leaves the schedule. */
function agree(): Alert {
  const shared = scratch.take(group.SECRET_BYTES);
  const verdict = hello.agree(shared, scalar, choice);
  bytes.wipe(scalar, group.SCALAR_BYTES);
  if (verdict == Alert.None) {
    schedule.settle(choice.suite);
    // For the second time: if a fault skipped the first one, the attacker would know the secret.
    schedule.early(choice.psk ? preSharedKey() : 0);
    if (choice.psk) {
      const off = schedule.earlyDifference(preSharedKey());
      evidence.add(evidence.Proof.PreShared, words.isZero(offer.psk) | off);
    }
    if (choice.psk && client.spent) chain.recall(ticket.provenBy());
    schedule.handshake(shared, group.SECRET_BYTES);
    record.armRead();
    record.armWrite();
    markDue();
    if (WIDE && !choice.psk) wide.allow();
    client.state = State.WaitEe;
  }
  spend();
  scratch.release(shared);
  return verdict;
}

/** Forget the ticket that was offered: it is used once, with any result. */
function spend(): void {
  if (client.spent) ticket.spend();
  client.spent = 0;
}

/** Handle EncryptedExtensions. */
function encryptedExtensions(len: u32): Alert {
  const verdict = message.encryptedExtensions(agreed, reader, offer, client.options);
  if (verdict != Alert.None) return verdict;
  absorb(len);
  client.state = choice.psk ? State.WaitFinished : State.WaitCertCr;
  return Alert.None;
}

/** Handle CertificateRequest. */
function certificateRequest(len: u32): Alert {
  const verdict = message.certificateRequest(agreed, reader);
  if (verdict != Alert.None) return verdict;
  absorb(len);
  client.state = State.WaitCert;
  return Alert.None;
}

/** True if the header of the message is that of a Certificate that may come, of less than 64 KiB. */
function beginsChain(): bool {
  const wanted = client.state == State.WaitCertCr || client.state == State.WaitCert;
  return wanted && load<u8>(buffer) == Kind.Certificate && load<u8>(buffer + 1) == 0;
}

/** Begin with a Certificate whose entries are read one at a time. */
function openChain(len: u32): Alert {
  client.have = 0;
  if (len < entries.HEAD_BYTES) return Alert.DecodeError;
  schedule.absorb(buffer, message.HEADER_BYTES);
  entries.begin(buffer, TLS_MESSAGE_BYTES, len);
  chain.open(agreed.serverType, buffer);
  client.state = State.CheckChain;
  return Alert.None;
}

/** Read on in a Certificate; the chain takes each certificate that is whole. */
function readChain(): Alert {
  const len = entries.take(record.at(), record.left());
  schedule.absorb(record.at(), len);
  record.consume(len);
  const verdict = entries.step(offer);
  if (verdict != Alert.None || !entries.ready()) return verdict;
  return chain.add(client.options);
}

/** Handle Certificate; a chain is then checked a signature a step, while the message stays in the buffer. */
function certificate(len: u32): Alert {
  // Read entry by entry, it does not come here.
  if (chain.APART) return Alert.InternalError;
  const verdict = chain.begin(reader, agreed.serverType, offer, client.options);
  if (verdict != Alert.None) return verdict;
  absorb(len);
  client.state = chain.busy() ? State.CheckChain : State.WaitCv;
  return Alert.None;
}

/** Verify one signature of the chain. */
function checkChain(): Status {
  if (chain.APART && !chain.busy()) return endChain();
  const verdict = chain.step(client.options);
  if (!chain.APART && verdict == Alert.None && !chain.busy()) client.state = State.WaitCv;
  return settle(verdict);
}

/** Go on behind a Certificate, once it has come whole and is proven. */
function endChain(): Status {
  if (entries.left()) return Status.Again;
  wide.forbid();
  client.state = State.WaitCv;
  return Status.Ok;
}

/** Handle CertificateVerify: one public-key operation. */
function certificateVerify(len: u32): Alert {
  if (!evidence.has(evidence.Proof.Anchor)) unreachable();
  if (len > TLS_MESSAGE_BYTES - message.HEADER_BYTES - message.SIGNED_BYTES) return Alert.DecodeError;
  const verdict = message.certificateVerify(reader, chain.server, workroom);
  if (verdict != Alert.None) return verdict;
  absorb(len);
  client.state = State.WaitFinished;
  return Alert.None;
}

/** Handle the server's Finished. CT: only the verdict leaks. */
function finished(len: u32): Alert {
  if (len != schedule.hashBytes()) return Alert.DecodeError;
  if (!aligned()) return Alert.UnexpectedMessage;
  const want = scratch.take(schedule.hashBytes());
  schedule.serverFinished(want);
  const said = reader.take(len);
  const off = words.difference(want, said, len);
  evidence.add(evidence.Proof.Finished, words.distance(want, said, len));
  scratch.release(want);
  if (off) return Alert.DecryptError;
  absorb(len);
  schedule.master();
  record.armRead();
  client.state = answer();
  return Alert.None;
}

/** Begin this client's flight. */
function answer(): State {
  if (!agreed.requested) return State.SendFinished;
  const signs = ours() && agreed.clientType == CertificateType.X509;
  if (!signs || (OWN256 && showsOrdinary())) return State.SendCertificate;
  const unsigned = credential.unsigned(signers.publicKey(client.options.signer));
  return unsigned ? State.SignCredential : State.SendCertificate;
}

/** True if the next signature is of the device's key on P-256: lend it its secret then. */
export function showsOrdinary(): bool {
  return message.isOrdinary(agreed);
}

/** True if the device shows its key. */
function ours(): bool {
  return authenticates(client.options) && agreed.takesOurs != 0;
}

/** Sign the device's certificate, once in its life: one public-key operation. */
function signCredential(): Status {
  const status = credential.sign(client.options.signer, noise);
  if (status == Status.Again) return Status.Again;
  if (status != Status.Ok) return settle(Alert.InternalError);
  client.state = State.SendCertificate;
  return Status.Ok;
}

/** Send the device's certificate. */
function sendCertificate(): Status {
  writer.begin(buffer, TLS_MESSAGE_BYTES);
  const len = message.writeCertificate(writer, agreed, client.options);
  schedule.absorb(buffer, len);
  return queue(len, ours() ? State.SendVerify : State.SendFinished);
}

/** Sign the transcript with the device's key: one public-key operation. */
function sendVerify(): Status {
  writer.begin(buffer, TLS_MESSAGE_BYTES);
  const status = message.writeCertificateVerify(writer, agreed, client.options, noise, workroom);
  if (status == Status.Again) return Status.Again;
  if (status != Status.Ok) return settle(Alert.InternalError);
  const len = writer.length();
  schedule.absorb(buffer, len);
  return queue(len, State.SendFinished);
}

/** Send Finished; when it is out, application keys take over. */
function sendFinished(): Status {
  writer.begin(buffer, TLS_MESSAGE_BYTES);
  const len = message.writeFinished(writer);
  schedule.absorb(buffer, len);
  return queue(len, State.Connected);
}

/** Seal with the application's keys from now on; the handshake's are wiped. */
function sealApplication(): void {
  schedule.complete();
  record.armWrite();
  overlay.release(Owner.Handshake);
}

// ------------------------------------------------------------------------------------------------ afterwards

/** Keep a ticket (§4.6.1). */
function newSessionTicket(): Alert {
  return ticket.keep(reader, chain.anchor, client.options);
}

/** Handle KeyUpdate (§4.6.3). */
function keyUpdate(): Alert {
  const request = reader.u8();
  if (!reader.done()) return Alert.DecodeError;
  if (request > 1) return Alert.IllegalParameter;
  if (!aligned() || idle() != Alert.None) return Alert.UnexpectedMessage;
  schedule.update(schedule.serverTraffic);
  record.armRead();
  if (request && client.state == State.Connected) client.owed = 1;
  return Alert.None;
}

/** Send KeyUpdate under the old keys and move on to new ones; whether there was room. */
function sendKeyUpdate(request: u32): bool {
  if (record.room() < 5) return false;
  const body = record.body();
  store<u8>(body, Kind.KeyUpdate);
  store<u8>(body + 1, 0);
  bytes.store16be(body + 2, 1);
  store<u8>(body + 4, request);
  record.send(Content.Handshake, 5);
  schedule.update(schedule.clientTraffic);
  record.armWrite();
  return true;
}

/** Change this side's keys, and ask the peer to change its own. Again: no room yet. */
export function update(): Status {
  if (!ready()) return Status.Unexpected;
  return sendKeyUpdate(1) ? Status.Ok : Status.Again;
}

/** True if application data may be sent: the overlay is no longer the handshake's. */
export function ready(): bool {
  return client.state == State.Connected && flight.left == 0;
}

/** Return the capacity of the next record for application data; 0 while there is no room. */
export function room(): u32 {
  if (!ready()) return 0;
  if (suite.LIMITED && record.isWorn()) client.owed = 1;
  if (client.owed) {
    if (!sendKeyUpdate(0)) return 0;
    client.owed = 0;
  }
  return record.room();
}

/** Return the place for the bytes of `send`. */
export function body(): usize {
  return record.body();
}

/** Seal the `len` bytes at `body` as one record. More than the last `room` is a fault of the caller and traps. */
export function send(len: u32): void {
  if (len > room()) unreachable();
  if (len) record.send(Content.ApplicationData, len);
}

/** Return the number of bytes of application data to read. 0: step on, and look at `state`. */
export function left(): u32 {
  const any = client.state == State.Connected && record.opened() && record.kind() == Content.ApplicationData;
  return any ? record.left() : 0;
}

/** Return their place. */
export function at(): usize {
  return record.at();
}

/** Be done with the first `len` of them; more than `left` is a bug of ours and traps. */
export function take(len: u32): void {
  if (len > left()) unreachable();
  if (len) record.consume(len);
}

/**
 * Close in order: nothing more is sent, and what the peer still sends is dropped until it closes too. Before the handshake
 * is complete the connection ends at once. Secrets stay until the connection has ended: the caller gives the peer a deadline, then `abandon`s it.
 */
export function close(): void {
  if (ended() || client.state == State.Closing) return;
  if (ready()) {
    sendAlert(1, Alert.CloseNotify);
    client.state = State.Closing;
    if (record.opened() && record.kind() == Content.ApplicationData) record.finish();
    return;
  }
  if (client.state > State.SendHello) {
    sendAlert(1, Alert.UserCanceled);
    sendAlert(1, Alert.CloseNotify);
  }
  end(State.Closed);
}

/** End at once, without a word to the peer, and wipe every secret. */
export function abandon(): void {
  if (!ended()) end(State.Closed);
}
