// Longer than 400 lines: one case for each report of a fault in the driver.
/**
 * Misbehaviour of real modules as public reports describe it, each played by hand. `Script` holds at every millisecond
 * that the peer has received a beginning of what was sent while the link says Open.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Device, LinkState } from "./device.ts";
import { ERROR, FAIL, OK, type Role, Script } from "./script.ts";

const PARTS = ["AAAA", "BBBB", "CCCC"];

async function play(role: Role): Promise<Script> {
  return new Script(await Device.make(), role);
}

/** A connection, and three parts given to it at these times after it opened, for as long as it is open. */
async function threeParts(role: Role, atMs: readonly number[], forMs: number): Promise<Script> {
  const module = await play(role);
  module.connect();
  const openedMs = module.nowMs;
  for (const [index, part] of PARTS.entries()) {
    module.run(openedMs + (atMs[index] ?? 0) - module.nowMs);
    if (module.device.state === LinkState.open) module.send(part);
  }
  module.run(openedMs + forMs - module.nowMs);
  return module;
}

/** The next connection carries everything, over a module that was reset or not. */
function works(module: Script, resets: number): void {
  module.device.guest.close();
  module.connect();
  for (const part of PARTS) assert.ok(module.send(part));
  module.run(1000);
  assert.equal(module.peer, PARTS.join(""));
  assert.equal(module.device.state, LinkState.open);
  assert.equal(module.commands.filter(({ line }) => line === "AT+RST").length, resets);
}

/** The first send has this fate; the others go well. */
function first(fate: (module: Script, bytes: Buffer) => void): Role {
  return {
    data(module, bytes, number) {
      module.say(`\r\nRecv ${bytes.length} bytes\r\n`, 1);
      if (number === 0) return fate(module, bytes);
      module.deliver(bytes);
      module.say("\r\nSEND OK\r\n", 4);
    },
  };
}

describe("a send", () => {
  it("that fails 5.2 s after Recv ends the connection, although the module obeys in between", async () => {
    const module = await threeParts(
      first((module) => module.say(FAIL, 5200)),
      [0, 1000, 2000],
      9000,
    );
    assert.equal(module.peer, "");
    assert.equal(module.device.state, LinkState.peerClosed);
    works(module, 1);
  });

  it("that fails 7 s after Recv ends the connection, the module being busy until then", async () => {
    const role = first((module) => {
      module.busyUntilMs = module.nowMs + 7000;
      module.say(FAIL, 7000);
    });
    const module = await threeParts(role, [0, 1000, 2000], 20_000);
    assert.equal(module.peer, "");
    assert.equal(module.device.state, LinkState.peerClosed);
    works(module, 0);
  });

  it("with a SEND OK during the next send does not confirm the next one", async () => {
    const role: Role = {
      data(module, bytes, number) {
        module.say(`\r\nRecv ${bytes.length} bytes\r\n`, 1);
        if (number === 1) return module.say(FAIL, 40);
        module.deliver(bytes);
        module.say("\r\nSEND OK\r\n", number === 0 ? 5015 : 4);
      },
    };
    const module = await threeParts(role, [0, 200, 6000], 15_000);
    assert.deepEqual(module.peers.map(String), ["AAAA"]);
    assert.equal(module.device.state, LinkState.peerClosed);
  });

  it("with a SEND OK after 12 s is waited for", async () => {
    const role = first((module, bytes) => {
      module.deliver(bytes);
      module.busyUntilMs = module.nowMs + 12_000;
      module.say("\r\nSEND OK\r\n", 12_000);
    });
    const module = await threeParts(role, [0, 500, 1000], 30_000);
    assert.equal(module.peer, "AAAABBBBCCCC");
    assert.equal(module.device.state, LinkState.open);
    works(module, 0);
  });

  it("of a module that stays busy is given up before an exchange is", async () => {
    const module = await threeParts(
      first((module) => (module.busyUntilMs = module.nowMs + 120_000)),
      [0, 0, 0],
      44_000,
    );
    assert.equal(module.device.state, LinkState.failed);
    assert.equal(module.peer, "");
  });

  it("that fails and then is OK ends the connection (NONOS_SDK#60)", async () => {
    const role = first((module, bytes) => {
      module.deliver(bytes);
      module.say(`${FAIL}\r\nSEND OK\r\n`, 1);
    });
    const module = await threeParts(role, [0, 100, 200], 3000);
    assert.equal(module.peer, "AAAA");
    assert.equal(module.device.state, LinkState.peerClosed);
    works(module, 0);
  });

  it("that is OK and then fails ends the connection", async () => {
    const module = await threeParts(
      first((module) => module.say(`\r\nSEND OK\r\n${FAIL}`, 1)),
      [0, 100, 200],
      3000,
    );
    assert.equal(module.peer, "");
    assert.equal(module.device.state, LinkState.failed);
    works(module, 0);
  });

  it("with a SEND OK before the module has the data ends: the SEND OK belongs to an earlier send", async () => {
    const role: Role = {
      data(module, bytes, number) {
        module.say("\r\nSEND OK\r\n", 1);
        module.say(`\r\nRecv ${bytes.length} bytes\r\n`, 5);
        if (number === 0) return module.say(FAIL, 200);
        module.deliver(bytes);
        module.say("\r\nSEND OK\r\n", 5);
      },
    };
    const module = await threeParts(role, [0, 0, 0], 3000);
    assert.equal(module.peer, "");
    assert.equal(module.device.state, LinkState.peerClosed);
  });

  it("without any result leaves the answer to be read, and the module is reset", async () => {
    let waiting = "pong";
    const module = await play({
      ...first((module, bytes) => {
        module.deliver(bytes);
        module.say("\r\n+IPD,4\r\n", 30);
      }),
      command(module, line) {
        if (!line.startsWith("AT+CIPRECVDATA") || !waiting) return false;
        module.say(`+CIPRECVDATA:4,${waiting}\r\n${OK}`, 2);
        waiting = "";
        return true;
      },
    });
    module.connect();
    assert.ok(module.send("ping"));
    module.run(8000);
    assert.equal(module.got.toString(), "pong");
    assert.equal(module.device.state, LinkState.peerClosed);
    assert.ok(!module.send("more"));
    works(module, 1);
  });

  it("is not repeated where a busy module obeys in the end, late", async () => {
    let asked = 0;
    const module = await play({
      command(module, line) {
        if (line !== "AT+CIPSEND=4" || asked++) return false;
        module.say("busy p...\r\n", 1);
        module.say(`${OK}\r\n>`, 3500);
        module.after(3500, () => (module.wanted = 4));
        return true;
      },
    });
    module.connect();
    module.send("AAAA");
    module.run(8000);
    assert.equal(module.peer, "AAAA");
    assert.equal(asked, 1);
    assert.equal(module.device.state, LinkState.open);
  });

  it("finds active data before SEND OK, and CLOSED right behind data (esp-at#481, parser#27)", async () => {
    const active = '{"nics_dev":{"curTemp":69}}';
    const role = first((module, bytes) => {
      module.deliver(bytes);
      module.say(`\r\n+IPD,${active.length}:${active}\r\nSEND OK\r\n`, 1);
      module.say("\r\n+IPD,5:hello", 30);
      module.say("CLOSED\r\n", 31);
    });
    const module = await threeParts(role, [0, 1000, 1000], 3000);
    assert.equal(module.got.toString(), `${active}hello`);
    assert.equal(module.peer, "AAAA");
    assert.equal(module.device.state, LinkState.peerClosed);
  });

  it("finds CLOSED before the prompt", async () => {
    const module = await play({
      command(module, line) {
        if (line !== "AT+CIPSEND=4") return false;
        module.attached = false;
        module.say("CLOSED\r\n", 1);
        module.prompt(4);
        return true;
      },
      data: (module) => module.say(`\r\nRecv 4 bytes\r\n${FAIL}`, 1),
    });
    module.connect();
    module.send("AAAA");
    module.run(3000);
    assert.equal(module.peer, "");
    assert.equal(module.device.state, LinkState.peerClosed);
    module.device.guest.close();
    module.run(500);
    assert.equal(module.device.state, LinkState.ready);
  });

  it("notices that the network is gone, and continues when it is back", async () => {
    let gone = false;
    const module = await play({
      command(module, line) {
        if (!gone || !line.startsWith("AT+CIPSTART")) return false;
        module.say(`no ip\r\n${ERROR}`, 5);
        return true;
      },
      data(module, bytes, number) {
        gone = number === 1;
        if (gone) return module.say(`WIFI DISCONNECT\r\nCLOSED\r\n\r\nRecv ${bytes.length} bytes\r\n${FAIL}`, 5);
        module.deliver(bytes);
        module.say(`\r\nRecv ${bytes.length} bytes\r\n\r\nSEND OK\r\n`, 1);
      },
    });
    module.connect();
    module.send("x");
    module.run(100);
    module.send("yz");
    module.run(100);
    assert.equal(module.peer, "x");
    for (const end = module.nowMs + 40_000; module.nowMs < end;) {
      module.device.guest.close();
      module.connect();
      assert.equal(module.device.state, LinkState.failed);
    }
    gone = false;
    for (let times = 0; module.device.state !== LinkState.open; times++) {
      assert.ok(times < 4);
      module.device.guest.close();
      module.connect();
    }
    module.send("AAAA");
    module.run(100);
    assert.equal(module.peer, "AAAA");
  });
});

describe("a read", () => {
  it("from a module that is busy for 700 ms keeps the order", async () => {
    const stream = "0123456789abcdefghij";
    let at = 0;
    const module = await play({
      command(module, line) {
        if (!line.startsWith("AT+CIPRECVDATA") || at >= stream.length) return false;
        const piece = stream.slice(at, at + 5);
        const ms = at === 0 ? 700 : 5;
        if (at === 0) module.say("busy p...\r\n", 1);
        module.busyUntilMs = module.nowMs + ms;
        module.say(`+CIPRECVDATA:${piece.length},${piece}\r\n${OK}`, ms);
        at += 5;
        return true;
      },
    });
    module.connect();
    module.say("\r\n+IPD,20\r\n");
    module.run(20_000);
    assert.equal(module.got.toString(), stream);
    assert.equal(module.device.state, LinkState.open);
  });

  it("is answered after an error code and busy (esp-at#731)", async () => {
    let asked = 0;
    const module = await play({
      command(module, line) {
        if (!line.startsWith("AT+CIPRECVDATA") || asked++) return false;
        module.say("ERR CODE:0x010b0000\r\n\r\nbusy p...\r\n", 1);
        module.say(`+CIPRECVDATA:5,hello\r\n${OK}`, 40);
        return true;
      },
    });
    module.connect();
    module.say("\r\n+IPD,5\r\n");
    module.run(3000);
    assert.equal(module.got.toString(), "hello");
  });

  it("needs no notice, and takes little longer without (esp-at#302, esp-at#325)", async () => {
    const total = 4000;
    let at = 0;
    let openedMs = 0;
    const module = await play({
      command(module, line) {
        const most = Number(/^AT\+CIPRECVDATA=(\d+)$/.exec(line)?.[1]);
        const length = Math.min(most, Math.min(total, module.nowMs - openedMs) - at);
        if (!(length > 0)) return false;
        at += length;
        module.say(`+CIPRECVDATA:${length},${"a".repeat(length)}\r\n${OK}`, 5);
        return true;
      },
    });
    module.connect();
    openedMs = module.nowMs;
    assert.ok(module.until(2 * total, () => module.got.length === total));
  });

  it("carries data that look like the module's words", async () => {
    let evil = "\r\nready\r\n\r\nCLOSED\r\n\r\nOK\r\n+IPD,9999:\r\nERROR\r\nSEND FAIL\r\n>";
    const all = evil;
    const module = await play({
      command(module, line) {
        if (!line.startsWith("AT+CIPRECVDATA") || !evil) return false;
        module.say(`+CIPRECVDATA:${evil.length},${evil}\r\n${OK}`, 2);
        evil = "";
        return true;
      },
    });
    module.connect();
    module.say(`\r\n+IPD,${all.length}\r\n`);
    module.run(2000);
    assert.equal(module.got.toString(), all);
    assert.equal(module.device.state, LinkState.open);
  });
});

describe("the set-up", () => {
  const count = (module: Script, line: string): number => module.commands.filter((one) => one.line === line).length;

  it("continues after the log of a boot loader", async () => {
    let booted = false;
    const module = await play({ command: () => !booted });
    const log =
      "\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\nload 0x40100000, len 1856, room 16 \r\ntail 0\r\nchksum 0x63\r\n" +
      "csum 0x3b\r\n\r\n2nd boot version : 1.6\r\n  SPI Speed      : 40MHz\r\njump to run user1 @ 1000\r\n\r\n\xfe\x00\xfe+\x80>" +
      "\r\nready\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n";
    module.say(Buffer.from(log, "latin1"), 200);
    module.after(200, () => (booted = true));
    assert.ok(module.until(1000, () => module.device.state === LinkState.ready));
  });

  it("resets a module that opens no connection until then (rt-esp-at-nal#10)", async () => {
    let dead = true;
    const module = await play({
      command(module, line) {
        if (line === "AT+RST") dead = false;
        if (!dead || !line.startsWith("AT+CIPSTART")) return false;
        module.say(`${ERROR}CLOSED\r\n`, 800);
        return true;
      },
    });
    while (module.nowMs < 30_000 && module.device.state !== LinkState.open) {
      module.device.guest.close();
      module.connect();
    }
    assert.equal(module.device.state, LinkState.open);
  });

  it("repeats forever, with pauses, where passive mode is unknown", async () => {
    const module = await play({
      command(module, line) {
        if (line.startsWith("AT+CIPRECV")) module.say(ERROR, 2);
        return line.startsWith("AT+CIPRECV");
      },
    });
    module.run(120_000);
    assert.deepEqual(module.states, [LinkState.down]);
    assert.ok(module.commands.length > 50 && module.commands.length < 120);
    assert.equal(count(module, "AT+RST"), 2);
  });

  it("sends little to a module at another baud rate, and finds it when that is over", async () => {
    let wrong = true;
    let state = 7;
    const next = (): number => ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8) & 255;
    const module = await play({
      command(module, line) {
        if (wrong) module.say(Buffer.from(Array.from(line, next)), 1);
        return wrong;
      },
    });
    module.run(300_000);
    assert.deepEqual(module.states, [LinkState.down]);
    assert.ok(module.commands.length < 60);
    for (const { line } of module.commands) assert.match(line, /^(|AT|AT\+RST)$/);
    wrong = false;
    assert.ok(module.until(60_000, () => module.device.state === LinkState.ready));
  });

  it("tries to join a missing network again and again, with growing pauses", async () => {
    let wrong = true;
    const module = await play({
      command(module, line) {
        if (!wrong || !line.startsWith("AT+CWJAP=")) return false;
        module.say("+CWJAP:3\r\n\r\nFAIL\r\n", 4000);
        return true;
      },
    });
    module.device.join('Caf\u00e9 \u4e2d\u6587,"x"', "pass\\word");
    module.run(180_000);
    const joins = module.commands.filter(({ line }) => line.startsWith("AT+CWJAP="));
    const expected = Buffer.from('AT+CWJAP="Caf\u00e9 \u4e2d\u6587\\,\\"x\\"","pass\\\\word"').toString("latin1");
    for (const { line } of joins) assert.equal(line, expected);
    const pauses = joins.slice(1).map(({ atMs }, index) => atMs - (joins[index]?.atMs ?? 0));
    assert.ok(pauses.length >= 8 && (pauses.at(-1) ?? 0) > 20_000 && (pauses.at(-1) ?? 0) < 30_000);
    wrong = false;
    assert.ok(module.until(60_000, () => module.device.state === LinkState.ready));
  });
});
