/** A link that stays down says why: the step, what came, the number of the error, and how often. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inWords } from "../../../tools/flash/events.ts";
import { Device, Family, LinkState } from "./device.ts";
import { BUSY, ERROR, FAIL, type Role, Script } from "./script.ts";

async function play(role: Role): Promise<Script> {
  return new Script(await Device.make(), role);
}

/** The device after `ms` with a module that answers nothing as the manual has it. */
async function mute(answer: (module: Script, line: string) => void, ms: number): Promise<Device> {
  const module = await play({
    command(module, line) {
      answer(module, line);
      return true;
    },
  });
  module.run(ms);
  return module.device;
}

/** The module opens no connection: its answer to CIPSTART, and what the link says after `times`. */
async function refused(answer: string, times: number): Promise<Device["fault"]> {
  const module = await play({
    command(module, line) {
      if (!line.startsWith("AT+CIPSTART")) return false;
      module.say(answer, 5);
      return true;
    },
  });
  for (let count = 0; count < times; count++) {
    module.connect();
    assert.equal(module.device.state, LinkState.failed);
    module.device.guest.close();
  }
  return module.device.fault;
}

describe("the fault of the link", () => {
  it("is none in normal operation, and ends with the first byte of a peer", async () => {
    let refuse = true;
    const module = await play({
      command(module, line) {
        if (!refuse || !line.startsWith("AT+CIPSTART")) return false;
        module.say(ERROR, 5);
        return true;
      },
    });
    assert.ok(module.until(10_000, () => module.device.state === LinkState.ready));
    assert.deepEqual(module.device.fault, { step: "none", cause: "none", number: 0, times: 0 });
    module.connect();
    assert.equal(module.device.fault.step, "connect");
    refuse = false;
    module.device.guest.close();
    module.connect();
    assert.equal(module.device.fault.step, "connect");
    module.say("\r\n+IPD,2:hi");
    module.run(10);
    assert.equal(module.device.fault.step, "none");
  });

  it("is a silent module", async () => {
    const { fault } = await mute(() => {}, 20_000);
    assert.deepEqual({ ...fault, times: 0 }, { step: "module", cause: "silence", number: 0, times: 0 });
    assert.ok(fault.times >= 4);
  });

  it("is another baud rate", async () => {
    const { fault } = await mute((module) => module.say(Buffer.from("e5a10c9f", "hex"), 3), 20_000);
    assert.equal(`${fault.step} ${fault.cause}`, "module garbage");
  });

  it("is a module that stays busy", async () => {
    const { fault } = await mute((module) => module.say(BUSY, 1), 60_000);
    assert.equal(`${fault.step} ${fault.cause}`, "module busy");
  });

  it("is a wireless network that refuses, with its number", async () => {
    const module = await play({
      command(module, line) {
        if (!line.startsWith("AT+CWJAP=")) return false;
        module.say("+CWJAP:3\r\n\r\nFAIL\r\n", 400);
        return true;
      },
    });
    module.device.join("name", "secret");
    module.run(3000);
    assert.deepEqual(module.device.fault, { step: "join", cause: "error", number: 3, times: 2 });
    const data = Buffer.alloc(4);
    data.writeUInt32BE(module.device.guest.lastFault());
    assert.equal(
      inWords({ name: "link-fault", data }),
      "the link failed at joining the wireless network: an error (number 3), 2 times in a row",
    );
  });

  it("is a set-up that the module refuses", async () => {
    const module = await play({
      command(module, line) {
        if (line.startsWith("AT+CIPRECV")) module.say(ERROR, 2);
        return line.startsWith("AT+CIPRECV");
      },
    });
    module.run(3000);
    assert.equal(`${module.device.fault.step} ${module.device.fault.cause}`, "set-up error");
  });

  it("is a server that refuses, an unknown name, or an unused address", async () => {
    assert.deepEqual(await refused(ERROR, 3), { step: "connect", cause: "error", number: 0, times: 3 });
    assert.deepEqual(await refused(`DNS Fail\r\n${ERROR}`, 2), {
      step: "resolve",
      cause: "error",
      number: 0,
      times: 2,
    });
    assert.deepEqual(await refused(`no ip\r\n${ERROR}`, 5), { step: "context", cause: "error", number: 0, times: 5 });
    assert.equal((await refused("", 1)).cause, "silence");
  });

  it("is a send that fails, and a module that restarts", async () => {
    const sends = await play({ data: (module) => module.say(`\r\nRecv 4 bytes\r\n${FAIL}`, 1) });
    sends.connect();
    sends.send("AAAA");
    sends.run(100);
    assert.equal(`${sends.device.fault.step} ${sends.device.fault.cause}`, "send error");
    const restarts = await play({
      command(module, line) {
        if (line === "ATE0") module.say("\r\nready\r\n", 1);
        return line === "ATE0";
      },
    });
    restarts.run(2000);
    assert.equal(restarts.device.fault.cause, "restart");
    assert.ok(restarts.device.fault.times > 1);
  });

  it("is a bridge that does not greet", async () => {
    const device = await Device.make();
    device.guest.start(Family.framed, 0);
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) {
      device.guest.tick(nowMs);
      device.toModule();
    }
    assert.deepEqual(device.fault, { step: "module", cause: "silence", number: 0, times: 4 });
  });

  it("is reported when it is new, and then less and less often", async () => {
    const module = await play({
      command(module, line) {
        if (!line.startsWith("AT+CIPSTART")) return false;
        module.say(ERROR, 5);
        return true;
      },
    });
    const told: number[] = [];
    for (let count = 1; count <= 10; count++) {
      module.connect();
      if (module.device.guest.faultNews()) told.push(count);
      module.device.guest.close();
    }
    assert.deepEqual(told, [1, 2, 4, 8]);
  });
});

describe("an hour without a server", () => {
  it("costs the module few commands, and no more than four joins", async () => {
    const module = await play({
      command(module, line) {
        if (!line.startsWith("AT+CIPSTART")) return false;
        module.say(`${ERROR}CLOSED\r\n`, 900);
        return true;
      },
    });
    module.device.join("net", "secret");
    let pauseMs = 1000;
    while (module.nowMs < 3_600_000) {
      module.connect();
      module.device.guest.close();
      module.run(pauseMs);
      pauseMs = Math.min(2 * pauseMs, 600_000);
    }
    const count = (start: string): number => module.commands.filter(({ line }) => line.startsWith(start)).length;
    assert.ok(count("AT+CIPSTART") >= 10);
    assert.ok(count("AT+CWJAP=") <= 4, `${count("AT+CWJAP=")} joins`);
    assert.ok(module.commands.length < 120, `${module.commands.length} commands`);
  });
});
