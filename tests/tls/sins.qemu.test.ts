// weight: 15 s, 1.1 cores
/**
 * Everything a server may not say, said to the ELF in QEMU through the emulated module: the alert is the one that RFC 8446 names, no
 * application data goes to a server that is not proven, and the board goes on to make whole connections.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBoard, words, type PatternBoard } from "./board.ts";
import { identity, type Identity } from "./identities.ts";
import { Content, type Extension } from "./script.ts";
import { Alert, afterwards, flights, hellos, type Sin } from "./sins.ts";
import { ECHO, Stage, type Act, type Part, type Played } from "./stage.ts";
import { Step } from "./step.ts";

const LINE = 64;
/** The step that ends a connection of the plan. */
const CLOSE = 1;
const RESUMED: Extension = [41, "0000"];

let board: PatternBoard;
let stage: Stage;
let other: Identity;

before(async () => {
  const server = await identity("server");
  other = await identity("other");
  stage = await Stage.open(server);
  board = await startBoard({
    port: stage.port,
    pins: [server.key],
    device: await identity("device"),
    steps: [[Step.Both, LINE], [Step.Close], [Step.Again, 0]],
  });
  await board.done(CLOSE);
});

after(async () => {
  await board?.close();
  stage?.close();
});

/** Play an act that the device must answer with this alert. */
async function refused(alert: number, act: Act): Promise<Played> {
  const from = board.now;
  const played = await stage.next(act);
  const { event } = await board.until("failure", ({ name }) => name === "tls-failed", from);
  assert.equal(words(event), `tls-failed ${alert} 0`);
  return played;
}

/** Play the sins of a table, each on a connection of its own; then there are whole connections again. */
function commit(sins: readonly Sin[], act: (say: (script: Part) => void) => Act, proven: boolean): void {
  for (const [name, alert, say] of sins) {
    test(`${name}: alert ${alert}`, async () => {
      const { script, error } = await refused(
        alert,
        act((part) => say(part, other)),
      );
      assert.equal(error, undefined);
      assert.deepEqual(script.alerts, [alert]);
      if (!proven) assert.equal(script.data.length, 0);
    });
  }

  test("and then whole connections", async () => {
    await board.done(CLOSE, await board.done(CLOSE, board.now));
  });
}

describe("instead of a good hello", () => commit(hellos, (say) => ({ opens: say }), false));

describe("under the handshake's keys", () => {
  const opens = (say: (script: Part) => void) => (script: Part) => {
    script.helloDone();
    say(script);
  };
  commit(flights, (say) => ({ opens: opens(say) }), false);
});

describe("after the handshake", () => commit(afterwards, (say) => ({ ...ECHO, data: undefined, finished: say }), true));

describe("with tickets", () => {
  /** Give the device a ticket on a whole connection; the key that belongs to it. */
  async function give(bytes: Uint8Array): Promise<Buffer> {
    const from = board.now;
    let key: Buffer | undefined;
    await stage.next({
      ...ECHO,
      finished: (script) => {
        const { message, psk } = script.ticket(bytes);
        for (let at = 0; at < message.length; at += 1000)
          script.raw(script.record(Content.Handshake, message.subarray(at, at + 1000)));
        key = psk;
      },
    });
    await board.done(CLOSE, from);
    return key!;
  }

  /** Take up a connection by ticket. */
  function resume(script: Part, psk: Buffer, ...list: Extension[]): void {
    assert.ok(script.offered(RESUMED[0]));
    script.psk = psk;
    script.helloDone({ extensions: [[43, "0304"], script.shareExtension(), ...list] });
    script.send(script.encryptedExtensions());
  }

  test("the ticket is taken: a resumed connection", async () => {
    const psk = await give(Buffer.from("an opaque ticket"));
    const from = board.now;
    await stage.next({ ...ECHO, opens: (script) => (resume(script, psk, RESUMED), script.finish()) });
    await board.done(CLOSE, await board.says("secured 1", from));
  });

  test("a server without the ticket's key: bad_record_mac, and no data", async () => {
    await give(Buffer.from("an opaque ticket"));
    const { script } = await refused(Alert.BadRecordMac, {
      opens: (part) => (resume(part, Buffer.alloc(32, 1), RESUMED), part.finish()),
    });
    assert.equal(script.data.length, 0);
  });

  test("another ticket than the one offered", async () => {
    const psk = await give(Buffer.from("an opaque ticket"));
    await refused(Alert.IllegalParameter, { opens: (script) => resume(script, psk, [41, "0001"]) });
  });

  test("a ticket without a key share", async () => {
    await give(Buffer.from("an opaque ticket"));
    await refused(Alert.IllegalParameter, {
      opens: (script) => script.send(script.serverHello({ extensions: [[43, "0304"], RESUMED] })),
    });
  });

  test("a certificate in spite of the ticket", async () => {
    const psk = await give(Buffer.from("an opaque ticket"));
    const { script } = await refused(Alert.UnexpectedMessage, {
      opens: (part) => (resume(part, psk, RESUMED), part.send(part.certificate([part.rawKey]))),
    });
    assert.equal(script.data.length, 0);
  });

  test("a ticket larger than the buffer is skipped, on a whole connection", async () => {
    await give(Buffer.alloc(5000, 1));
    const { script } = await stage.next(ECHO);
    assert.equal(script.offered(RESUMED[0]), undefined);
  });
});

test("no fault passed unnoticed: no byte was unexpected, and the board never died", () => {
  assert.deepEqual(
    board.said.filter((what) => !/^(boot|secured [01]|tls-failed \d+ 0)$/.test(what)),
    [],
  );
});
