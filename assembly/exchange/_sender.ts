/**
 * Writes packets of MQTT 3.1.1 from templates as they are pulled: one at a time, and nothing of it is buffered. Texts and messages are kept by
 * pointer until the packet is written.
 */
import { MQTT_KEEP_ALIVE_S } from "../config";
import { hex } from "../lib/bytes";
import { Pipe } from "../lib/pipe";
import * as text from "../link/text";
import { Text } from "../link/text";
import * as word from "../link/word";
import { Question } from "./exchange";
import * as packet from "./_packet";

/** Parts of packets; each is a lead of bytes and a template. */
const enum Part {
  /** The head of CONNECT, and the client's name. */
  Client,
  Will,
  User,
  /** The head of SUBSCRIBE, and the topics. */
  Filter,
  /** The head of PUBLISH, and the topic. */
  Topic,
  /** The last of a packet; the message of a PUBLISH follows it. */
  Last,
}

/** First bytes of packets. PUBLISH: QoS 1, not retained. */
export const enum Head {
  Connect = 0x10,
  Publish = 0x32,
  Subscribe = 0x82,
  Pingreq = 0xc0,
  Disconnect = 0xe0,
}

/** The most bytes of the lead: the head of CONNECT with the length of the name. */
const LEAD_BYTES: u32 = 16;
const ID_BYTES: u32 = 32;
/** Protocol name and level, flags, keep-alive. */
const CONNECT_BYTES: u32 = 10;
const WILL_BYTES: u32 = 6;
const FILTER_BYTES: u32 = 10;
const ASK_BYTES: u32 = 6;
/** `MQTT`, and the level of 3.1.1. */
const MQ: u32 = 0x4d51;
const TT: u32 = 0x5454;
const LEVEL: u32 = 4;
/** Flags of CONNECT. The will has QoS 1 and is not retained. */
const CLEAN: u32 = 0x02;
const WILL: u32 = 0x0c;
const PASSWORD: u32 = 0x40;
const USER: u32 = 0x80;

/** Arguments: 1 the lead, 2 the prefix, 3 the channel, 4 what is asked, or the password. */
@lazy
const bare = memory.data<u8>([1, 0]);


@lazy
const named = memory.data<u8>([1, 3, 0]);


@lazy
const secret = memory.data<u8>([1, 4, 0]);


@lazy
const will = memory.data<u8>([1, 2, "/lost/", 3, 0]);


@lazy
const filter = memory.data<u8>([1, 2, "/answer/", 3, "/+", 0]);


@lazy
const topic = memory.data<u8>([1, 2, "/ask/", 3, "/", 4, 0]);


@lazy
const answered = memory.data<u8>([2, "/answer/", 3, "/", 4, 0]);


@lazy
const CHALLENGE: usize = memory.data<u8>(["challenge"]);


@lazy
const ENROL: usize = memory.data<u8>(["enrol"]);


@lazy
const REPORTS: usize = memory.data<u8>(["reports"]);


@lazy
const PREFIX: usize = memory.data<u8>(["signet"]);

/** The account at the broker, which outlives connections. */
@unmanaged
class Account {
  prefix: usize;
  prefixLen: u32;
  channel: usize;
  channelLen: u32;
  /** The channel is the name of a user: 1. */
  isUser: u32;
  password: usize;
  passwordLen: u32;
  /** Number of the last packet that has one. */
  number: u32;
}


@unmanaged
class Sender {
  part: Part;
  /** Bytes of `lead`. */
  leadLen: u32;
  /** Last word of the topic. */
  word: usize;
  wordLen: u32;
  body: usize;
  bodyLen: u32;
}


@lazy
const account = changetype<Account>(memory.data(offsetof<Account>(), 4));


@lazy
const sender = changetype<Sender>(memory.data(offsetof<Sender>(), 4));


@lazy
const out = changetype<Text>(memory.data(offsetof<Text>(), 4));


@lazy
const content = changetype<Pipe>(memory.data(offsetof<Pipe>(), 4));


@lazy
const lead: usize = memory.data(LEAD_BYTES, 4);
/** The device's id in hexadecimal. */
@lazy
const idText: usize = memory.data(2 * ID_BYTES, 4);

/**
 * Take the account: topics begin with the prefix, or with `signet` if it is empty; the user's name, if there is one, is the channel.
 * The texts are kept by pointer. Bounds: each length is at most 64.
 */
export function introduce(
  prefix: usize,
  prefixLen: u32,
  user: usize,
  userLen: u32,
  password: usize,
  passwordLen: u32,
): void {
  memory.fill(changetype<usize>(account), 0, offsetof<Account>());
  account.prefix = prefixLen ? prefix : PREFIX;
  account.prefixLen = prefixLen ? prefixLen : bytesOf(PREFIX);
  account.isUser = u32(userLen != 0);
  account.channel = user;
  account.channelLen = userLen;
  account.password = password;
  account.passwordLen = passwordLen;
}

/** Take the device's id, 32 bytes: it is the channel where there is no user. */
export function identify(id: usize): void {
  if (account.isUser) return;
  hex(idText, id, ID_BYTES);
  account.channel = idText;
  account.channelLen = 2 * ID_BYTES;
}

/** Drop the rest of the packet. */
export function stop(): void {
  text.stop(out);
  content.left = 0;
}

/** True if a packet is not written yet. */
export function isWriting(): bool {
  return !text.over(out) || content.left != 0;
}

/** Return the number of the last packet that has one. */
export function last(): u32 {
  return account.number;
}

/** Write up to `max` bytes of the packet to `to`; returns how many. */
export function pull(to: usize, max: u32): u32 {
  let written: u32 = 0;
  while (written < max && !text.over(out)) {
    const byte = text.next(out);
    if (byte != text.END) store<u8>(to + written++, <u8>byte);
    else nextPart();
  }
  if (text.over(out)) written += content.move(to + written, max - written);
  return written;
}

/** Begin a packet of a type whose rest has `len` bytes. Bounds: `len` is below 16,384. */
function head(type: u32, len: u32): void {
  sender.leadLen = 0;
  octet(type);
  if (len > 127) octet((len & 127) | 128);
  octet(len > 127 ? len >> 7 : len);
}

/** Append to the lead. Bounds: LEAD_BYTES. */
function octet(value: u32): void {
  store<u8>(lead + sender.leadLen++, <u8>value);
}

function pair(value: u32): void {
  octet(value >> 8);
  octet(value & 0xff);
}

/** Write the lead and the rest of the template; the lead begins anew after it. */
function begin(part: Part, template: usize): void {
  sender.part = part;
  out.first = lead;
  out.firstLen = sender.leadLen;
  out.second = account.prefix;
  out.secondLen = account.prefixLen;
  out.third = account.channel;
  out.thirdLen = account.channelLen;
  out.fourth = sender.word;
  out.fourthLen = sender.wordLen;
  sender.leadLen = 0;
  text.begin(out, template);
}

/** Begin a packet that has no more than its type. */
export function alone(type: Head): void {
  head(type, 0);
  begin(Part.Last, bare);
}

/** Return the length of a topic with `others` bytes beside prefix and channel. */
function topicLen(others: u32): u32 {
  return account.prefixLen + account.channelLen + others;
}

/** Begin CONNECT; `clean` begins a session without the subscription of the one before. */
export function connect(clean: bool): void {
  const user = account.isUser ? 2 + account.channelLen : 0;
  const password = account.passwordLen ? 2 + account.passwordLen : 0;
  const flags = WILL | (clean ? CLEAN : 0) | (account.isUser ? USER : 0) | (account.passwordLen ? PASSWORD : 0);
  head(Head.Connect, CONNECT_BYTES + 2 + account.channelLen + 2 + topicLen(WILL_BYTES) + 2 + user + password);
  pair(4);
  pair(MQ);
  pair(TT);
  octet(LEVEL);
  octet(flags);
  pair(MQTT_KEEP_ALIVE_S);
  pair(account.channelLen);
  begin(Part.Client, named);
}

/** Begin SUBSCRIBE to the answers, at QoS 0. */
export function subscribe(): void {
  head(Head.Subscribe, 2 + 2 + topicLen(FILTER_BYTES) + 1);
  pair(number());
  pair(topicLen(FILTER_BYTES));
  begin(Part.Filter, filter);
}

/** Begin PUBLISH of a question; its answer is waited for at `answer`. */
export function publish(answer: usize, answerRoom: u32, question: Question, body: usize, bodyLen: u32): void {
  sender.word = question == Question.Report ? REPORTS : question == Question.Enrol ? ENROL : CHALLENGE;
  sender.wordLen =
    question == Question.Report ? bytesOf(REPORTS) : question == Question.Enrol ? bytesOf(ENROL) : bytesOf(CHALLENGE);
  sender.body = body;
  sender.bodyLen = bodyLen;
  expect(answer, answerRoom);
  const len = topicLen(ASK_BYTES + sender.wordLen);
  head(Head.Publish, 2 + len + 2 + bodyLen);
  pair(len);
  begin(Part.Topic, topic);
}

/** Wait for the answer on its topic. */
function expect(answer: usize, answerRoom: u32): void {
  begin(Part.Topic, answered);
  let hash = word.START;
  let len: u32 = 0;
  for (let byte = text.next(out); byte != text.END; byte = text.next(out)) {
    hash = word.step(hash, byte);
    len++;
  }
  packet.expect(answer, answerRoom, hash, len);
}

/** Return the next number of a packet, 1 to 65,535. */
function number(): u32 {
  account.number = (account.number % 0xffff) + 1;
  return account.number;
}

/** A part was written: begin the one behind it. */
function nextPart(): void {
  switch (sender.part) {
    case Part.Client:
      pair(topicLen(WILL_BYTES));
      return begin(Part.Will, will);
    case Part.Will:
      // The will has no bytes.
      pair(0);
      if (!account.isUser) return begin(Part.Last, bare);
      pair(account.channelLen);
      return begin(account.passwordLen ? Part.User : Part.Last, named);
    case Part.User:
      pair(account.passwordLen);
      begin(Part.Last, secret);
      out.fourth = account.password;
      out.fourthLen = account.passwordLen;
      return;
    case Part.Filter:
      octet(0);
      return begin(Part.Last, bare);
    case Part.Topic:
      pair(number());
      content.hold(sender.body, sender.bodyLen);
      return begin(Part.Last, bare);
    default:
  }
}
