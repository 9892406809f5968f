import { Reader } from "../../../assembly/lib/reader";
import { Status } from "../../../assembly/lib/status";
import { Writer } from "../../../assembly/lib/writer";
import * as sha256 from "../../../assembly/crypto/sha256";
import * as sign1 from "../../../assembly/cose/sign1";
import { Sign1 } from "../../../assembly/cose/sign1";
import * as soft from "../../../assembly/signer/soft";
import { SoftKey } from "../../../assembly/signer/soft";
import * as access from "../../../assembly/identity/access";
import { ACCESS_MOST, Access, TEXT_MOST } from "../../../assembly/identity/access";
import * as enrolment from "../../../assembly/identity/enrolment";
import { Enrolment } from "../../../assembly/identity/enrolment";
import * as report from "../../../assembly/identity/report";
import { Report } from "../../../assembly/identity/report";
import * as answer from "../../../assembly/identity/answer";
import { Answer } from "../../../assembly/identity/answer";
import { HANDOVER_MOST, Order, Reason } from "../../../assembly/identity/facts";
import { Kind } from "../../../assembly/identity/kind";
import * as handover from "../../../assembly/identity/handover";
import { Handover } from "../../../assembly/identity/handover";
import * as keypair from "../../../assembly/identity/keypair";
import { KEYPAIR_BYTES, KeyPair } from "../../../assembly/identity/keypair";
import * as server from "../../../assembly/identity/server";
import { Server } from "../../../assembly/identity/server";
import { ascii, hex, repeated, show } from "../support/hex";
import * as example from "./example";

const own = changetype<KeyPair>(memory.data(KEYPAIR_BYTES, 8));
const peer = changetype<Server>(memory.data(offsetof<Server>(), 8));
const what = changetype<Enrolment>(memory.data(offsetof<Enrolment>(), 8));
const next = changetype<Report>(memory.data(offsetof<Report>(), 8));
const got = changetype<Answer>(memory.data(offsetof<Answer>(), 8));
const draft = changetype<Sign1>(memory.data(offsetof<Sign1>(), 8));
const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 8));
const reader = changetype<Reader>(memory.data(offsetof<Reader>(), 8));
const ids = memory.data(64, 8);
const hash = memory.data(32, 8);
const out = memory.data(1024, 8);
const handed = memory.data(HANDOVER_MOST, 8);

const wanted = changetype<Access>(memory.data(offsetof<Access>(), 8));
const other = changetype<KeyPair>(memory.data(KEYPAIR_BYTES, 8));

const seed = counting(0, 32);
const ones = repeated(1, 32);
const tester = ascii("signet.test");
const serverKey = hex(example.serverPublicKey);
const audience = ascii("signet.example");
const board = ascii("mps2-an386");
const name = ascii("signet");
const version = ascii("0.1.0");
const cti = counting(0x40, 16);
const nonce = counting(0x50, 16);
const zeros = repeated(0, 32);
const session = hex("00000001" + example.enrolHash.substr(0, 16));
const token = counting(0x90, 16);

function counting(from: i32, count: i32): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = <u8>(from + i);
  return bytes;
}

function hashOf(message: string): Uint8Array {
  const bytes = hex(message);
  const digest = new Uint8Array(32);
  sha256.hash(digest.dataStart, bytes.dataStart, bytes.length);
  return digest;
}

function setUp(): void {
  keypair.derive(own, seed.dataStart);
  soft.lend(changetype<SoftKey>(keypair.signer(own)), seed.dataStart);
  peer.audience = audience.dataStart;
  peer.audienceLen = audience.length;
  peer.keys = serverKey.dataStart;
  peer.count = 1;
  peer.ids = ids;
  server.pin(peer);
}

function read(message: Uint8Array): Status {
  reader.begin(message.dataStart, message.length);
  got.kind = Kind.None;
  return answer.read(got, reader, peer, keypair.id(own));
}

describe("the worked example", () => {
  beforeAll(setUp);

  it("has these keys and ids", () => {
    expect(show(keypair.publicKey(own), 32)).toBe(example.devicePublicKey);
    expect(show(keypair.id(own), 32)).toBe(example.deviceId);
    expect(show(ids, 32)).toBe(example.serverId);
  });

  it("has this enrol", () => {
    what.cti = cti.dataStart;
    what.nonce = nonce.dataStart;
    what.nonceLen = nonce.length;
    what.board = board.dataStart;
    what.boardLen = board.length;
    what.bootcount = 1;
    what.name = name.dataStart;
    what.nameLen = name.length;
    what.version = version.dataStart;
    what.versionLen = version.length;
    writer.begin(out, 1024);
    expect(enrolment.write(draft, writer, own, peer, what)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(own), 0)).toBe(Status.Ok);
    expect(show(out, writer.length())).toBe(example.enrol);
    sha256.hash(hash, out, writer.length());
    expect(show(hash, 32)).toBe(example.enrolHash);
  });

  it("has this enrol after the refusal", () => {
    const report1 = hex(example.firstReport);
    sha256.hash(hash, report1.dataStart, report1.length);
    what.counter = 1;
    what.head = hash;
    what.ack = 1;
    what.ackHash = hashOf(example.downlink).dataStart;
    what.session = session.dataStart;
    what.sessionLen = session.length;
    writer.begin(out, 1024);
    expect(enrolment.write(draft, writer, own, peer, what)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(own), 0)).toBe(Status.Ok);
    expect(show(out, writer.length())).toBe(example.enrolAgain);
    what.counter = 0;
    what.ack = 0;
    what.sessionLen = 0;
  });

  it("has this handover, and this enrol of the successor", () => {
    const successor = changetype<KeyPair>(memory.data(KEYPAIR_BYTES, 8));
    const last = changetype<Handover>(memory.data(offsetof<Handover>(), 8));
    const nextSeed = counting(0x60, 32);
    const report1 = hex(example.firstReport);
    keypair.derive(successor, nextSeed.dataStart);
    soft.lend(changetype<SoftKey>(keypair.signer(successor)), nextSeed.dataStart);
    sha256.hash(hash, report1.dataStart, report1.length);
    last.successor = keypair.id(successor);
    last.token = token.dataStart;
    last.counter = 1;
    last.head = hash;
    last.order = 2;
    writer.begin(handed, HANDOVER_MOST);
    expect(handover.write(draft, writer, own, peer, last)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(own), 0)).toBe(Status.Ok);
    expect(show(handed, writer.length())).toBe(example.handover);
    what.handover = handed;
    what.handoverLen = writer.length();
    what.ack = 2;
    what.ackHash = hashOf(example.order).dataStart;
    writer.begin(out, 1024);
    expect(enrolment.write(draft, writer, successor, peer, what)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(successor), 0)).toBe(Status.Ok);
    expect(show(out, writer.length())).toBe(example.successorEnrol);
    what.handoverLen = 0;
    what.ack = 0;
  });

  it("has a handover of the stated length at most", () => {
    const last = changetype<Handover>(memory.data(offsetof<Handover>(), 8));
    const longest = repeated(0x61, 64);
    last.successor = keypair.id(own);
    last.token = token.dataStart;
    last.counter = u32.MAX_VALUE;
    last.head = hash;
    last.order = u32.MAX_VALUE;
    peer.audience = longest.dataStart;
    peer.audienceLen = 64;
    writer.begin(handed, HANDOVER_MOST);
    expect(handover.write(draft, writer, own, peer, last)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(own), 0)).toBe(Status.Ok);
    expect(writer.length()).toBe(HANDOVER_MOST);
    peer.audience = audience.dataStart;
    peer.audienceLen = audience.length;
  });

  it("has these reports", () => {
    const first = ascii("21.5 C");
    next.counter = 1;
    next.prev = zeros.dataStart;
    next.data = first.dataStart;
    next.dataLen = first.length;
    next.session = session.dataStart;
    next.sessionLen = session.length;
    writer.begin(out, 1024);
    expect(report.write(draft, writer, own, peer, next)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(own), 0)).toBe(Status.Ok);
    expect(show(out, writer.length())).toBe(example.firstReport);
    sha256.hash(hash, out, writer.length());
    expect(show(hash, 32)).toBe(example.firstReportHash);

    const second = ascii("21.6 C");
    const epitaph = repeated(3, 1);
    next.counter = 2;
    next.prev = hash;
    next.data = second.dataStart;
    next.epitaph = epitaph.dataStart;
    next.epitaphLen = 1;
    next.ack = 1;
    next.ackHash = hashOf(example.downlink).dataStart;
    next.damaged = 1;
    next.outage = 0x02520003;
    writer.begin(out, 1024);
    expect(report.write(draft, writer, own, peer, next)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(own), 0)).toBe(Status.Ok);
    expect(show(out, writer.length())).toBe(example.secondReport);
  });

  it("has these answers", () => {
    let message = hex(example.enrolled);
    expect(read(message)).toBe(Status.Ok);
    expect(got.kind).toBe(Kind.Enrolled);
    expect(got.issuedAt).toBe(1767225600);
    expect(got.counter).toBe(0);
    expect(show(got.about, 32)).toBe(example.enrolHash);
    expect(show(got.headHash, 32)).toBe(show(zeros.dataStart, 32));
    expect(got.ack).toBe(0);
    expect(show(got.data, got.dataLen)).toBe(show(session.dataStart, 12));

    message = hex(example.receipt + example.downlink);
    expect(read(message)).toBe(Status.Ok);
    expect(got.kind).toBe(Kind.Receipt);
    expect(got.counter).toBe(1);
    expect(show(got.about, 32)).toBe(example.firstReportHash);
    expect(answer.read(got, reader, peer, keypair.id(own))).toBe(Status.Ok);
    expect(got.kind).toBe(Kind.Downlink);
    expect(got.expiresAt).toBe(1767229200);
    expect(show(got.data, got.dataLen)).toBe("6c6564206f6e");
    expect(reader.left()).toBe(0);

    message = hex(example.refusal);
    expect(read(message)).toBe(Status.Ok);
    expect(got.kind).toBe(Kind.Refusal);
    expect(got.reason).toBe(Reason.StaleSession);

    message = hex(example.unsignedRefusal);
    reader.begin(message.dataStart, message.length);
    expect(answer.readUnsigned(reader)).toBe(Reason.StaleNonce);
  });
});

describe("refused messages", () => {
  beforeAll(setUp);

  it("refuses a receipt with any flipped bit, and leaves the answer unchanged", () => {
    const message = hex(example.receipt);
    for (let i = 0; i < message.length; i++) {
      const flip = <u8>((<u32>1) << ((<u32>i) & 7));
      message[i] ^= flip;
      expect(read(message)).not.toBe(Status.Ok);
      expect(got.kind).toBe(Kind.None);
      expect(reader.failed).toBe(1);
      message[i] ^= flip;
    }
  });

  it("recognises an order, and nothing longer than one", () => {
    const message = hex(example.order);
    expect(read(message)).toBe(Status.Ok);
    expect(got.kind).toBe(Kind.Downlink);
    expect(got.counter).toBe(2);
    expect(show(got.data, got.dataLen)).toBe(show(token.dataStart, 16));
    expect(got.order).toBe(Order.Rotate);
    const plain = hex(example.downlink);
    expect(read(plain)).toBe(Status.Ok);
    expect(got.order).toBe(Order.None);
  });

  it("refuses every truncation", () => {
    const message = hex(example.enrolled);
    for (let len = 0; len < message.length; len++) {
      reader.begin(message.dataStart, len);
      expect(answer.read(got, reader, peer, keypair.id(own))).toBe(Status.Malformed);
    }
  });

  it("refuses messages about another device, or from a server of another name", () => {
    const message = hex(example.receipt);
    reader.begin(message.dataStart, message.length);
    expect(answer.read(got, reader, peer, zeros.dataStart)).toBe(Status.Unexpected);
    peer.audienceLen--;
    expect(read(message)).toBe(Status.Unexpected);
    peer.audienceLen++;
  });

  it("refuses a device's own message as an answer, and a server that is not pinned", () => {
    const message = hex(example.firstReport);
    expect(read(message)).toBe(Status.Forged);
    peer.count = 0;
    const receipt = hex(example.receipt);
    expect(read(receipt)).toBe(Status.Forged);
    peer.count = 1;
  });

  it("returns TooLong instead of a message that does not fit", () => {
    for (let room: u32 = 0; room < 240; room += 13) {
      writer.begin(out, room);
      expect(report.write(draft, writer, own, peer, next)).toBe(Status.TooLong);
    }
  });
});

describe("an access", () => {
  beforeAll(() => {
    keypair.derive(other, ones.dataStart);
    soft.lend(changetype<SoftKey>(keypair.signer(other)), ones.dataStart);
    peer.audience = tester.dataStart;
    peer.audienceLen = tester.length;
    wanted.issuedAt = 1_767_225_600;
  });
  afterAll(setUp);

  it("is the example of the protocol's page, also as text", () => {
    const client = ascii(show(keypair.id(other), 32));
    wanted.client = client.dataStart;
    wanted.clientLen = client.length;
    writer.begin(out, 1024);
    expect(access.write(draft, writer, other, peer, wanted)).toBe(Status.Ok);
    expect(sign1.sign(draft, keypair.signer(other), 0)).toBe(Status.Ok);
    const len = writer.length();
    expect(show(out, len)).toBe(example.access);
    const textLen = access.toText(out, len);
    expect(String.UTF8.decodeUnsafe(out, textLen)).toBe(example.accessPassword);
  });

  it("has at most so many bytes, and no longer client", () => {
    const longest = repeated(0x61, 129);
    const audience = repeated(0x62, 64);
    peer.audience = audience.dataStart;
    peer.audienceLen = audience.length;
    wanted.client = longest.dataStart;
    wanted.clientLen = 128;
    writer.begin(out, 1024);
    expect(access.write(draft, writer, other, peer, wanted)).toBe(Status.Ok);
    expect(writer.length()).toBe(ACCESS_MOST);
    expect(access.toText(out, ACCESS_MOST)).toBe(TEXT_MOST);
    wanted.clientLen = 129;
    writer.begin(out, 1024);
    expect(access.write(draft, writer, other, peer, wanted)).toBe(Status.TooLong);
  });
});
