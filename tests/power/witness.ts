/**
 * A server that answers at once and forgets nothing, for tests in which time is not real. It accepts what the protocol
 * accepts, and throws at the first thing that a device must never do.
 */
import assert from "node:assert/strict";
import { Splitter } from "../../tools/attacker/http.ts";
import { pathOf } from "../../tools/attacker/http.ts";
import { concat, hex } from "../../tools/wire/bytes.ts";
import { encode } from "../../tools/wire/cbor.ts";
import * as ed25519 from "../../tools/wire/ed25519.ts";
import { hash, id } from "../../tools/wire/key.ts";
import * as messages from "../../tools/wire/messages.ts";
import { open, verify } from "../../tools/wire/sign1.ts";

export const AUDIENCE = "signet.test";

/** The token of its orders to rotate. */
const TOKEN = new Uint8Array(16).fill(0x55);

/** All that the witness knows, so that a test can go back to an earlier moment. */
export interface Memory {
  /** The one key that speaks: the first that enrolled, or the one it was handed over to. */
  readonly key: Uint8Array | undefined;
  /** Number of handovers. */
  readonly rotations: number;
  /** Counter of the order to rotate that is not acted upon yet; 0: none. */
  readonly order: number;
  readonly head: messages.Head;
  readonly boots: number;
  /** Hash of the report of each counter that was ever seen. */
  readonly seen: ReadonlyMap<number, string>;
  /** The session that the last `enrolled` began. */
  readonly session: Uint8Array;
  /** The session of the last report of this key that was seen. */
  readonly reportedIn: Uint8Array | undefined;
}

export class Witness {
  readonly key = ed25519.fromSeed(new Uint8Array(32).fill(0x77));
  memory: Memory = {
    key: undefined,
    rotations: 0,
    order: 0,
    head: messages.NO_HEAD,
    boots: 0,
    seen: new Map(),
    session: new Uint8Array(0),
    reportedIn: undefined,
  };
  /** Called when it took another key, before it answers. */
  onRotation: () => void = () => {};
  /** The command that the last report acknowledged. */
  ack: messages.Ack | undefined;
  /** The number of damaged records in each report; 0: none. */
  readonly damaged: number[] = [];
  /** Called before a report is answered. */
  onReport: () => void = () => {};
  #challenges = 0;
  /** The time in its answers. */
  time: () => number = () => 1_767_225_600 + this.#challenges;

  /** Answer the bytes of a connection. */
  connection(): (bytes: Uint8Array) => Uint8Array[] {
    const splitter = new Splitter();
    return (bytes) => splitter.feed(bytes).map(({ head, body }) => this.#answer(pathOf(head), body));
  }

  #answer(path: string, body: Uint8Array): Uint8Array {
    if (path === "/v1/challenge") {
      const nonce = hash(Buffer.from(`nonce ${this.#challenges++}`)).slice(0, 16);
      return http("cbor", encode(nonce));
    }
    return path === "/v1/enrol" ? http("cose", this.#enrol(body)) : http("cbor-seq", this.#report(body));
  }

  #enrol(body: Uint8Array): Uint8Array {
    const message = open(body);
    const enrol = messages.readEnrol(message);
    assert.ok(verify(message, ed25519.importKey(enrol.key)!), "an enrol that does not verify");
    const { key, boots, reportedIn, session: last } = this.memory;
    const another = key !== undefined && hex(enrol.key) !== hex(key);
    if (another) this.#handOver(key, enrol);
    else {
      assert.ok(enrol.bootCount > boots, `start ${enrol.bootCount} after start ${boots}`);
      // Its name is stored before the first report of a session is sent, so that of a report never seen may be named.
      const named = enrol.session && hex(enrol.session);
      const isLast = named === (reportedIn && hex(reportedIn)) || named === hex(last);
      assert.ok(isLast, `session ${named} in place of the one reported in`);
    }
    const about = hash(body);
    const session = concat(Uint8Array.of(0, 0, 0, 1), about.subarray(0, messages.SESSION_ABOUT_BYTES));
    this.memory = { ...this.memory, key: enrol.key, boots: enrol.bootCount, session };
    if (another) this.onRotation();
    return messages.sealEnrolled(this.key, { ...this.#who(), about, head: this.memory.head, ack: 0, session });
  }

  /** Take another key, if the one before signed that it takes over, as was ordered. */
  #handOver(key: Uint8Array, enrol: messages.Enrol): void {
    assert.ok(enrol.handover !== undefined, "another key");
    const message = open(enrol.handover);
    assert.ok(verify(message, ed25519.importKey(key)!), "a handover that does not verify");
    const { audience, successor, head, order, token } = messages.readHandover(message);
    assert.deepEqual(token, TOKEN);
    assert.deepEqual([audience, hex(successor)], [AUDIENCE, hex(id(enrol.key))]);
    assert.deepEqual([head.counter, hex(head.hash)], [this.memory.head.counter, hex(this.memory.head.hash)]);
    assert.ok(order !== 0 && order === this.memory.order, "a handover without an order");
    this.memory = {
      ...this.memory,
      head: messages.NO_HEAD,
      order: 0,
      rotations: this.memory.rotations + 1,
      reportedIn: undefined,
    };
  }

  #report(body: Uint8Array): Uint8Array {
    this.onReport();
    const message = open(body);
    const { key, head, seen, session } = this.memory;
    assert.ok(key !== undefined && verify(message, ed25519.importKey(key)!), "a report that does not verify");
    const report = messages.readReport(message);
    assert.equal(hex(report.session), hex(session), "a report of another session");
    this.ack = report.ack;
    const digest = hash(body);
    const before = seen.get(report.counter);
    assert.ok(before === undefined || before === hex(digest), `counter ${report.counter} used twice`);
    if (before === undefined) {
      assert.ok(report.counter > head.counter, "a counter that does not rise");
      assert.equal(hex(report.prev), hex(head.hash), "a report that does not follow the head");
    }
    this.damaged.push(report.damaged ?? 0);
    this.memory = {
      ...this.memory,
      head: { counter: report.counter, hash: digest },
      seen: new Map([...seen, [report.counter, hex(digest)]]),
      reportedIn: session,
    };
    const receipt = messages.sealReceipt(this.key, { ...this.#who(), about: digest, counter: report.counter });
    const { order } = this.memory;
    if (order === 0 || (report.ack?.counter ?? 0) >= order) return receipt;
    const what = { data: TOKEN, order: messages.Order.rotate };
    const rotate = { ...this.#who(), ...what, expires: 4_102_444_800, counter: order };
    return concat(receipt, messages.sealDownlink(this.key, rotate));
  }

  #who() {
    return { issuer: AUDIENCE, issuedAt: this.time(), device: id(this.memory.key!) };
  }
}

function http(type: string, body: Uint8Array): Uint8Array {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/${type}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return concat(Buffer.from(head), body);
}
