/** The emulated module as any AT driver meets it: by hand, over a real socket, with real connections behind it. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type AddressInfo, type Server, createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { EspAt } from "../../../tools/modem/espat.ts";
import { type Modem, startModem } from "../../../tools/modem/modem.ts";
import { Mischief } from "../../../tools/modem/quirks.ts";
import { seeded } from "../../../tools/line/random.ts";
import type { Dial } from "../../../tools/line/sockets.ts";
import { Terminal, echo } from "./terminal.ts";
import { VirtualClock } from "./virtual.ts";

describe("the emulated module", () => {
  let server: Server;
  let port = 0;
  let modem: Modem;
  let terminal: Terminal;

  before(async () => {
    ({ server, port } = await echo());
    modem = await startModem({ listen: { host: "127.0.0.1", port: 0 }, baud: 0 });
    terminal = await Terminal.at(modem);
  });

  after(async () => {
    terminal.end();
    await modem.close();
    server.close();
  });

  it("echoes until ATE0", async () => {
    assert.equal(await terminal.ask("AT"), "AT\r\n\r\nOK\r\n");
    await terminal.ask("ATE0");
    assert.equal(await terminal.ask("AT"), "\r\nOK\r\n");
  });

  it("refuses commands outside the manual, and lines that are too long", async () => {
    await terminal.ask("AT+NOSUCH", "ERROR");
    await terminal.ask("hello", "ERROR");
    await terminal.ask(`AT+CWMODE=${"1".repeat(300)}`, "ERROR");
    await terminal.ask('AT+CIPSTART="SSL","127.0.0.1",1', "ERROR");
    await terminal.ask('AT+CIPSTART="TCP","127.0.0.1",99999', "ERROR");
    await terminal.ask("AT+CIPSEND=1", "link is not valid\r\n\r\nERROR");
    await terminal.ask("AT+CIPCLOSE", "ERROR");
    await terminal.ask("AT+CIPRECVDATA=1", "ERROR");
  });

  it("carries bytes in passive mode", async () => {
    await terminal.ask("AT+CIPRECVTYPE=1");
    assert.match(await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${port}`), /CONNECT\r\n/);
    await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${port}`, "ALREADY CONNECTED\r\n\r\nERROR\r\n");
    await terminal.ask("AT+CIPRECVDATA=5", "ERROR");
    await terminal.ask("AT+CIPSEND=6", ">");
    terminal.type("a\0\r\nz\xff");
    await terminal.hear("Recv 6 bytes\r\n");
    await terminal.hear("SEND OK\r\n");
    await terminal.hear("\r\n+IPD,6\r\n");
    assert.match(await terminal.ask("AT+CIPRECVLEN?"), /\+CIPRECVLEN:6\r\n/);
    assert.equal(await terminal.ask("AT+CIPRECVDATA=4"), "+CIPRECVDATA:4,a\0\r\n\r\n\r\nOK\r\n");
    assert.match(await terminal.ask("AT+CIPRECVDATA=100"), /\+CIPRECVDATA:2,z\xff\r\n/);
    await terminal.ask("AT+CIPCLOSE", "CLOSED\r\n\r\nOK\r\n");
  });

  it("carries bytes in active mode, and in passthrough mode until +++", async () => {
    await terminal.ask("AT+CIPRECVTYPE=0");
    await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${port}`);
    await terminal.ask("AT+CIPSEND=3", ">");
    terminal.type("abc");
    await terminal.hear("\r\n+IPD,3:abc");
    await terminal.ask("AT+CIPMODE=1");
    await terminal.ask("AT+CIPSEND", "\r\nOK\r\n\r\n>");
    terminal.type("straight through\r\n");
    await terminal.hear("straight through\r\n");
    await new Promise((later) => setTimeout(later, 50));
    terminal.type("+++");
    await new Promise((later) => setTimeout(later, 100));
    await terminal.ask("AT+CIPMODE=0");
    await terminal.ask("AT+CIPCLOSE");
  });

  it("withholds CLOSED until all data is read", async () => {
    const once = createServer((socket) => socket.end("bye"));
    await new Promise<void>((listening) => once.listen(0, "127.0.0.1", listening));
    await terminal.ask("AT+CIPRECVTYPE=1");
    terminal.heard = "";
    await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${(once.address() as AddressInfo).port}`);
    await terminal.hear("+IPD,3\r\n");
    await new Promise((later) => setTimeout(later, 50));
    assert.ok(!terminal.heard.includes("CLOSED"));
    await terminal.ask("AT+CIPRECVDATA=9", "+CIPRECVDATA:3,bye\r\n\r\nOK\r\n");
    await terminal.hear("CLOSED\r\n");
    once.close();
  });

  it("speaks UDP", async () => {
    const peer = createSocket("udp4");
    await new Promise<void>((listening) => peer.bind(0, "127.0.0.1", listening));
    peer.on("message", (bytes, from) => peer.send(Buffer.concat([bytes, bytes]), from.port, from.address));
    await terminal.ask(`AT+CIPSTART="UDP","127.0.0.1",${peer.address().port}`);
    await terminal.ask("AT+CIPSEND=2", ">");
    terminal.type("hi");
    await terminal.hear("+IPD,4\r\n");
    await terminal.ask("AT+CIPRECVDATA=9", "+CIPRECVDATA:4,hihi\r\n");
    await terminal.hear("OK\r\n");
    await terminal.ask("AT+CIPCLOSE");
    peer.close();
  });

  it("keeps its connection when the device's end of the UART is replaced, and loses it in a reset", async () => {
    await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${port}`);
    terminal.end();
    terminal = await Terminal.at(modem);
    assert.match(await terminal.ask("AT+CIPSTATE?"), /\+CIPSTATE:0,"TCP"/);
    modem.reset();
    await terminal.hear("ready\r\n");
    assert.doesNotMatch(await terminal.ask("AT+CIPSTATE?"), /\+CIPSTATE:0/);
  });

  it("shows the bytes it carries, and passes them to a tap", async () => {
    modem.tap = {
      up: (connection, bytes) => connection.toServer(Buffer.from(bytes).reverse()),
      down: (connection, bytes) => connection.toDevice(Buffer.concat([bytes, Buffer.from("!")])),
    };
    await terminal.ask("ATE0");
    await terminal.ask("AT+CIPRECVTYPE=0");
    await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${port}`);
    await terminal.ask("AT+CIPSEND=3", ">");
    terminal.type("abc");
    await terminal.hear("+IPD,4:cba!");
    modem.tap = undefined;
    await terminal.ask("AT+CIPCLOSE");
  });

  it("answers busy while it connects, and gives up in the end", () => {
    const clock = new VirtualClock();
    let heard = "";
    const nobody: Dial = (_kind, _target, listener) => ({ send() {}, want() {}, close: () => listener.closed() });
    const module = new EspAt(
      (bytes) => (heard += bytes.toString("latin1")),
      nobody,
      clock,
      new Mischief([], seeded(1)),
    );
    clock.advance(10);
    module.receive(Buffer.from("ATE0\r\n"));
    clock.advance(10);
    heard = "";
    module.receive(Buffer.from('AT+CIPSTART="TCP","192.0.2.1",9\r\n'));
    clock.advance(1000);
    module.receive(Buffer.from("AT\r\nAT\r\n"));
    assert.equal(heard, "busy p...\r\nbusy p...\r\n");
    clock.advance(20_000);
    assert.equal(heard, "busy p...\r\nbusy p...\r\n\r\nERROR\r\n");
  });
});
