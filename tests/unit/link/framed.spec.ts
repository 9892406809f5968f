import {
  FRAME_DATA_BYTES,
  FRAME_OPEN_MS,
  FRAME_PROBE_MS,
  FRAME_RETRY_MS,
  FRAME_TRIES,
  LINK_RX_BYTES,
} from "../../../assembly/config";
import * as crc32c from "../../../assembly/lib/crc32c";
import { Status } from "../../../assembly/lib/status";
import * as cobs from "../../../assembly/link/_cobs";
import * as link from "../../../assembly/link/link";
import { give, receive } from "../support/link";
import { Family, LinkState } from "../../../assembly/link/link";

const HELLO: u32 = 1;
const WELCOME: u32 = 2;
const ACK: u32 = 3;
const RESET: u32 = 4;
const OPEN: u32 = 16;
const OPENED: u32 = 17;
const DATA: u32 = 18;
const CLOSE: u32 = 19;

const wire = memory.data(1024, 8);
const coded = memory.data(512, 8);
const frame = memory.data(512, 8);
const scratch = memory.data(512, 8);
const host = String.UTF8.encode("signet.example");
let nowMs: u32 = 0;
let session: u32 = 0;
/** The bridge's next number. */
let number: u32 = 0;

let kind: u32 = 0;
let frameNumber: u32 = 0;
let payload: usize = 0;
let payloadLen: u32 = 0;

/** Read the next frame of the device, and say whether there was one. */
function next(): boolean {
  let len: u32 = 0;
  while (link.toModule(wire + len, 1) && (++len == 1 || load<u8>(wire + len - 1)));
  if (len == 0) return false;
  if (load<u8>(wire) != 0 || load<u8>(wire + len - 1) != 0) throw new Error("delimiters");
  memory.copy(coded, wire + 1, len - 2);
  const plain = cobs.decode(coded, len - 2);
  if (plain < 7) throw new Error("coding");
  memory.copy(frame, coded + 1, plain);
  if (load<u32>(frame + plain - 4) != crc32c.sum(frame, plain - 4)) throw new Error("checksum");
  kind = load<u8>(frame);
  session = load<u8>(frame + 1);
  frameNumber = load<u8>(frame + 2);
  payload = frame + 3;
  payloadLen = plain - 7;
  return true;
}

/** Expect the next frame to be of this kind. */
function expectFrame(wanted: u32): void {
  expect(next()).toBe(true);
  expect(kind).toBe(wanted);
}

function expectSilence(): void {
  expect(next()).toBe(false);
}

/** Write a frame of the bridge to `wire`; returns its length. */
function build(kind: u32, number: u32, data: usize, len: u32): u32 {
  store<u8>(scratch, <u8>kind);
  store<u8>(scratch + 1, <u8>session);
  store<u8>(scratch + 2, <u8>number);
  memory.copy(scratch + 3, data, len);
  store<u32>(scratch + 3 + len, crc32c.sum(scratch, 3 + len));
  cobs.encode(wire, scratch, 7 + len);
  store<u8>(wire + 8 + len, 0);
  return 9 + len;
}

function say(kind: u32, number: u32, data: usize, len: u32): void {
  link.fromModule(wire, build(kind, number, data, len));
}

function ack(number: u32, room: u32 = 512): void {
  store<u16>(frame + 256, <u16>room);
  say(ACK, number, frame + 256, 2);
}

function sayData(text: string, number: u32): void {
  const bytes = String.UTF8.encode(text);
  say(DATA, number, changetype<usize>(bytes), bytes.byteLength);
}

function pass(ms: u32): void {
  nowMs += ms;
  link.tick(nowMs);
}

function start(): void {
  nowMs += 100_003;
  link.start(Family.Framed, nowMs);
  link.tick(nowMs);
}

function welcome(): void {
  expectFrame(HELLO);
  expect(payloadLen).toBe(3);
  expect(load<u8>(payload)).toBe(1);
  expect(load<u16>(payload + 1)).toBe(<u16>LINK_RX_BYTES);
  store<u8>(frame + 256, 1);
  store<u16>(frame + 257, 512);
  say(WELCOME, 0, frame + 256, 3);
  expect(link.state()).toBe(LinkState.Ready);
  number = 0;
}

function open(): void {
  expect(link.open(changetype<usize>(host), host.byteLength, 8080)).toBe(Status.Ok);
  link.tick(nowMs);
  expectFrame(OPEN);
  expect(load<u16>(payload)).toBe(8080);
  expect(String.UTF8.decodeUnsafe(payload + 2, payloadLen - 2)).toBe("signet.example");
  ack(frameNumber);
  expect(link.state()).toBe(LinkState.Opening);
  say(OPENED, number, 0, 0);
  expect(link.state()).toBe(LinkState.Open);
  expectFrame(ACK);
  expect(frameNumber).toBe(number++);
}

function connect(): void {
  start();
  welcome();
  open();
}

function received(): string {
  const len = receive(wire, 512);
  return String.UTF8.decodeUnsafe(wire, len);
}

/** Close from the device's side, to Ready. */
function hangUp(): void {
  link.close();
  link.tick(nowMs);
  expect(link.state()).toBe(LinkState.Down);
  expectFrame(CLOSE);
  ack(frameNumber);
  expect(link.state()).toBe(LinkState.Down);
  say(CLOSE, number++, 0, 0);
  expect(link.state()).toBe(LinkState.Ready);
  expectFrame(ACK);
}

describe("the framed link", () => {
  it("greets, opens, carries bytes both ways, closes, and opens again", () => {
    connect();
    for (let i = 0; i < 300; i++) {
      expect(give("ping")).toBe(4);
      expect(give("more")).toBe(0);
      expectFrame(DATA);
      expect(String.UTF8.decodeUnsafe(payload, payloadLen)).toBe("ping");
      ack(frameNumber);
      sayData("pong", number);
      expectFrame(ACK);
      expect(frameNumber).toBe(number);
      number = (number + 1) & 0xff;
      expect(received()).toBe("pong");
    }
    hangUp();
    open();
    hangUp();
  });

  it("greets until there is an answer, less and less often", () => {
    start();
    expectFrame(HELLO);
    expectSilence();
    pass(FRAME_RETRY_MS - 1);
    expectSilence();
    pass(1);
    expectFrame(HELLO);
    pass(FRAME_RETRY_MS);
    expectSilence();
    pass(FRAME_RETRY_MS);
    welcome();
  });

  it("ignores the bridge of another session, and another version", () => {
    start();
    expectFrame(HELLO);
    store<u8>(frame + 256, 2);
    say(WELCOME, 0, frame + 256, 3);
    expect(link.state()).toBe(LinkState.Down);
    session++;
    store<u8>(frame + 256, 1);
    say(WELCOME, 0, frame + 256, 3);
    expect(link.state()).toBe(LinkState.Down);
  });

  it("repeats a frame until its ACK, then gives up and greets again", () => {
    connect();
    give("data");
    let waitMs = FRAME_RETRY_MS;
    for (let i: u32 = 0; i < FRAME_TRIES; i++) {
      expectFrame(DATA);
      expect(payloadLen).toBe(4);
      pass(waitMs);
      waitMs *= 2;
    }
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    const before = session;
    pass(1);
    welcome();
    expect(session).toBe((before + 1) & 0xff);
    open();
  });

  it("accepts a repeated frame once, and acknowledges it twice", () => {
    connect();
    sayData("once", number);
    expectFrame(ACK);
    sayData("once", number);
    expectFrame(ACK);
    expect(frameNumber).toBe(number);
    expect(received()).toBe("once");
    sayData("skip", number + 2);
    expectSilence();
    expect(received()).toBe("");
  });

  it("finds frames in any garbage, and accepts none with a wrong bit", () => {
    connect();
    const len = build(DATA, number, changetype<usize>(host), host.byteLength);
    for (let i: u32 = 0; i < len - 1; i++) {
      store<u8>(wire + i, load<u8>(wire + i) ^ 4);
      link.fromModule(wire, len);
      store<u8>(wire + i, load<u8>(wire + i) ^ 4);
      expect(receive(frame, 64)).toBe(0);
    }
    memory.fill(frame, 0x55, 400);
    store<u8>(frame + 400, 0);
    link.fromModule(frame, 401);
    link.fromModule(wire, len);
    expect(received()).toBe("signet.example");
  });

  it("acknowledges no more than it has room for, and reports when there is room again", () => {
    connect();
    sayData("a".repeat(FRAME_DATA_BYTES), number);
    expectFrame(ACK);
    expect(load<u16>(payload)).toBe(<u16>(LINK_RX_BYTES - FRAME_DATA_BYTES));
    number++;
    sayData("b".repeat(FRAME_DATA_BYTES), number);
    expectFrame(ACK);
    expect(load<u16>(payload)).toBe(0);
    number++;
    sayData("c", number);
    expectSilence();
    expect(receive(wire, 100)).toBe(100);
    expectSilence();
    expect(received()).toBe("a".repeat(28) + "b".repeat(FRAME_DATA_BYTES));
    expectFrame(ACK);
    expect(frameNumber).toBe(number - 1);
    expect(load<u16>(payload)).toBe(<u16>LINK_RX_BYTES);
    sayData("c", number);
    expect(received()).toBe("c");
  });

  it("sends no more than the bridge has room for, and asks", () => {
    connect();
    expect(give("x".repeat(200))).toBe(FRAME_DATA_BYTES);
    expectFrame(DATA);
    ack(frameNumber, 3);
    expect(give("12345")).toBe(3);
    expectFrame(DATA);
    const last = frameNumber;
    ack(last, 0);
    expect(give("z")).toBe(0);
    pass(FRAME_PROBE_MS);
    expectFrame(DATA);
    expect(payloadLen).toBe(0);
    ack(frameNumber, 7);
    expect(give("123456789")).toBe(7);
    expectFrame(DATA);
  });

  it("reports the end of the stream after its last bytes", () => {
    connect();
    sayData("last", number);
    expectFrame(ACK);
    number++;
    say(CLOSE, number, 0, 0);
    number++;
    expect(link.state()).toBe(LinkState.PeerClosed);
    expectFrame(ACK);
    expect(received()).toBe("last");
    link.close();
    link.tick(nowMs);
    expectFrame(CLOSE);
    ack(frameNumber);
    expect(link.state()).toBe(LinkState.Ready);
    open();
  });

  it("reports that there is no answer", () => {
    start();
    welcome();
    link.open(changetype<usize>(host), host.byteLength, 8080);
    link.tick(nowMs);
    expectFrame(OPEN);
    ack(frameNumber);
    say(CLOSE, number, 0, 0);
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    link.tick(nowMs);
    expectFrame(ACK);
    expectFrame(CLOSE);
    ack(frameNumber);
    expect(link.state()).toBe(LinkState.Ready);
  });

  it("gives up a stream that the bridge never opens, or never closes", () => {
    start();
    welcome();
    link.open(changetype<usize>(host), host.byteLength, 8080);
    link.tick(nowMs);
    expectFrame(OPEN);
    ack(frameNumber);
    pass(FRAME_OPEN_MS);
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    link.tick(nowMs);
    expectFrame(CLOSE);
    ack(frameNumber);
    pass(FRAME_OPEN_MS);
    pass(0);
    welcome();
    open();
  });

  it("starts again with a bridge that lost its state", () => {
    connect();
    say(RESET, 0, 0, 0);
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    pass(1);
    welcome();
    open();
  });

  it("sends the accepted bytes before it closes", () => {
    connect();
    give("bye");
    link.close();
    link.tick(nowMs);
    expectFrame(DATA);
    expectSilence();
    ack(frameNumber);
    expectFrame(CLOSE);
    sayData("late", number++);
    expect(receive(wire, 10)).toBe(0);
    expectFrame(ACK);
  });

  it("writes frame after frame where there is room for both", () => {
    connect();
    give("data");
    sayData("x", number);
    const len = link.toModule(wire, 512);
    let zeros = 0;
    for (let i: u32 = 0; i < len; i++) if (load<u8>(wire + i) == 0) zeros++;
    expect(zeros).toBe(4);
  });
});
