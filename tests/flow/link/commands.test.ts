/** The emulated ESP-AT module as other drivers use it: several connections, settings, names, time. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, type Server, createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { type Modem, startModem } from "../../../tools/modem/modem.ts";
import { Terminal, echo } from "./terminal.ts";

/** Commands, and what comes before the OK. */
const ANSWERED: readonly (readonly [command: string, answer: RegExp])[] = [
  ["AT+GMR", /AT version:/],
  ["AT+CMD?", /\+CMD:\d+,"AT\+CIPMUX",/],
  ["AT+CIPMUX?", /\+CIPMUX:0/],
  ["AT+CIPDINFO?", /\+CIPDINFO:false/],
  ["AT+CIPRECVTYPE?", /\+CIPRECVTYPE:0/],
  ["AT+CIPRECVLEN?", /\+CIPRECVLEN:0/],
  ["AT+CIPSTATE?", /OK/],
  ["AT+CIPSTATUS", /STATUS:5/],
  ["AT+CIPSTA?", /\+CIPSTA:ip:"192/],
  ["AT+CIFSR", /STAMAC/],
  ["AT+CWMODE=3", /OK/],
  ["AT+CWMODE?", /\+CWMODE:3/],
  ['AT+CWJAP="net","secretsecret"', /WIFI CONNECTED\r\nWIFI GOT IP\r\n/],
  ["AT+CWJAP?", /\+CWJAP:"net",/],
  ['AT+CWJAP="other","secretsecret"', /WIFI DISCONNECT\r\nWIFI CONNECTED/],
  ["AT+CWSTATE?", /\+CWSTATE:2,"other"/],
  ["AT+CWLAP", /\+CWLAP:\(3,"other"/],
  ["AT+CIPSTATUS", /STATUS:2/],
  ["AT+SYSSTORE=0", /OK/],
  ["AT+SYSSTORE?", /\+SYSSTORE:0/],
  ["AT+SYSRAM?", /\+SYSRAM:\d+,\d+/],
  ['AT+CIPDOMAIN="localhost"', /\+CIPDOMAIN:"127\.0\.0\.1"/],
  ["AT+CIPSNTPTIME?", /\+CIPSNTPTIME:Thu Jan 01 00:00:00 1970/],
  ['AT+CIPSNTPCFG=1,0,"pool.ntp.org"', /OK/],
  ["AT+CIPSNTPTIME?", /\+CIPSNTPTIME:\w{3} \w{3} \d\d [\d:]{8} 20\d\d/],
  ["AT+UART_CUR?", /\+UART_CUR:115200,8,1,0,0/],
  ["AT+UART_CUR=9600,8,1,0,3", /OK/],
  ["AT+SLEEP=1", /OK/],
  ['AT+PING="localhost"', /\+PING:\d+\r\n/],
  ['AT+CWJAP_CUR="net","secretsecret"', /WIFI GOT IP/],
  ["AT+CWMODE_DEF?", /\+CWMODE:3/],
  ["AT+CIPTCPOPT?", /\+CIPTCPOPT:/],
  ["AT+CIPSTO?", /\+CIPSTO:180/],
];

/** Commands that are refused. */
const REFUSED = [
  "at",
  "AT+CIPSTART=?",
  'AT+CIPSTART="SSL","127.0.0.1",1',
  'AT+CIPSTART="TCP","127.0.0.1",1',
  'AT+CIPSTART="TCP","no.such.host.invalid",80',
  "AT+CIPRECVTYPE=1,0",
  "AT+CIPSEND=10",
  "AT+CWMODE=9",
  "AT+GSLP=0",
  'AT+PING="no.such.host.invalid"',
  "AT+HTTPCLIENT=2,0",
  'AT+HTTPCLIENT=2,0,"http://127.0.0.1:1/",,,1',
  'AT+HTTPCLIENT=2,0,"http://127.0.0.1/",,,2',
  "AT+HTTPCGET",
  "AT+CIPSENDL=10",
];

/** Commands that the module knows and does not have. */
const UNSUPPORTED = ["AT+CIPSERVER=1,80", 'AT+MQTTUSERCFG=0,1,"a","","",0,0,""'];

describe("the commands of the emulated ESP-AT module", () => {
  let server: Server;
  let port = 0;
  let modem: Modem;
  let terminal: Terminal;

  before(async () => {
    ({ server, port } = await echo());
    modem = await startModem({ listen: { host: "127.0.0.1", port: 0 }, baud: 0 });
    terminal = await Terminal.at(modem);
    await terminal.ask("ATE0");
  });

  after(async () => {
    terminal.end();
    await modem.close();
    server.close();
  });

  it("are answered as the manual has it", async () => {
    for (const [command, answer] of ANSWERED) assert.match(await terminal.ask(command), answer, command);
  });

  it("are refused, or named as not supported", async () => {
    for (const command of REFUSED) assert.doesNotMatch(await terminal.ask(command, "ERROR\r\n"), /OK/, command);
    for (const command of UNSUPPORTED) assert.match(await terminal.ask(command, "ERROR\r\n"), /ERR CODE:0x01090000/);
    await terminal.ask('AT+CIPDOMAIN="no.such.host.invalid"', "DNS Fail\r\n\r\nERROR\r\n");
  });

  it("carry five connections, each with its id", async () => {
    await terminal.ask("AT+CIPMUX=1");
    for (let id = 0; id < 5; id++)
      assert.match(await terminal.ask(`AT+CIPSTART=${id},"TCP","127.0.0.1",${port}`), new RegExp(`${id},CONNECT\r\n`));
    await terminal.ask(`AT+CIPSTARTEX="TCP","127.0.0.1",${port}`, "ERROR");
    await terminal.ask("AT+CIPMUX=0", "link is builded\r\n\r\nERROR");
    await terminal.ask("AT+CIPSEND=3,5", ">");
    terminal.type("hello");
    await terminal.hear("Recv 5 bytes\r\n");
    await terminal.hear("\r\n+IPD,3,5:hello");
    assert.match(await terminal.ask("AT+CIPSTATUS"), /STATUS:3[^]*\+CIPSTATUS:4,"TCP","127\.0\.0\.1",/);
    await terminal.ask("AT+CIPCLOSE=2", "2,CLOSED\r\n\r\nOK\r\n");
    assert.match(await terminal.ask(`AT+CIPSTARTEX="TCP","127.0.0.1",${port}`), /2,CONNECT/);
    await terminal.ask("AT+CIPCLOSE=5", "4,CLOSED\r\n\r\nOK\r\n");
    await terminal.ask("AT+CIPCLOSE=1", "ERROR");
  });

  it("read each connection by itself in passive mode", async () => {
    const once1 = createServer((socket) => socket.end("bye"));
    once1.listen(0, "127.0.0.1");
    await once(once1, "listening");
    await terminal.ask("AT+CIPRECVTYPE=5,1");
    assert.match(await terminal.ask("AT+CIPRECVTYPE?"), /\+CIPRECVTYPE:4,1/);
    await terminal.ask(`AT+CIPSTART=0,"TCP","127.0.0.1",${port}`);
    await terminal.ask(`AT+CIPSTART=1,"TCP","127.0.0.1",${(once1.address() as AddressInfo).port}`);
    await terminal.hear("+IPD,1,3\r\n");
    assert.match(await terminal.ask("AT+CIPRECVLEN?"), /\+CIPRECVLEN:0,3,-1,-1,-1\r\n/);
    await terminal.ask("AT+CIPRECVDATA=0,9", "ERROR");
    await terminal.ask("AT+CIPRECVDATA=1,9", "+CIPRECVDATA:3,bye\r\n\r\nOK\r\n");
    await terminal.hear("1,CLOSED\r\n");
    await terminal.ask("AT+CIPCLOSE=0");
    await terminal.ask("AT+CIPRECVTYPE=5,0");
    await terminal.ask("AT+CIPMUX=0");
    once1.close();
  });

  it("end data at a zero where that is asked for, and refuse passthrough beside several connections", async () => {
    await terminal.ask(`AT+CIPSTART="TCP","127.0.0.1",${port}`);
    await terminal.ask("AT+CIPSENDEX=100", ">");
    terminal.type("short\0");
    await terminal.hear("Recv 5 bytes\r\n");
    await terminal.hear("+IPD,5:short");
    await terminal.ask("AT+CIPCLOSE");
    await terminal.ask("AT+CIPMUX=1");
    await terminal.ask("AT+CIPMODE=1", "ERROR");
    await terminal.ask("AT+CIPMUX=0");
  });

  it("open a connection to an address of IPv6, and take data of any length", async () => {
    await terminal.ask(`AT+CIPSTART="TCPv6","::ffff:127.0.0.1",${port}`);
    await terminal.ask("AT+CIPSENDL=10000", ">");
    terminal.type("x".repeat(10_000));
    await terminal.hear("+CIPSENDL:10000,10000\r\n");
    await terminal.hear("SEND OK\r\n");
    await terminal.hear("+IPD,");
    await terminal.ask("AT+CIPCLOSE");
  });

  it("make requests of HTTP", async () => {
    const asked: string[] = [];
    const web = createHttp((request, response) => {
      let body = "";
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        asked.push(`${request.method} ${request.url} ${request.headers["content-type"]} ${body}`);
        response.end("page");
      });
    });
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/p`;
    assert.match(await terminal.ask(`AT+HTTPCGET="${url}"`), /\+HTTPCGET:4,page\r\n/);
    assert.match(await terminal.ask(`AT+HTTPCLIENT=3,1,"${url}",,,1,"{}"`), /\+HTTPCLIENT:4,page\r\n/);
    assert.doesNotMatch(await terminal.ask(`AT+HTTPCLIENT=1,0,"${url}",,,1`), /page/);
    assert.deepEqual(asked, [
      "GET /p undefined ",
      "POST /p application/json {}",
      "HEAD /p application/x-www-form-urlencoded ",
    ]);
    web.closeAllConnections();
    web.close();
  });

  it("speak UDP from several connections", async () => {
    const peer = createSocket("udp4");
    peer.bind(0, "127.0.0.1");
    await once(peer, "listening");
    peer.on("message", (bytes, from) => peer.send(bytes, from.port, from.address));
    await terminal.ask("AT+CIPMUX=1");
    await terminal.ask(`AT+CIPSTART=4,"UDP","127.0.0.1",${peer.address().port},5000,0`, "4,CONNECT\r\n\r\nOK\r\n");
    await terminal.ask("AT+CIPSEND=4,2", ">");
    terminal.type("hi");
    await terminal.hear("+IPD,4,2:hi");
    await terminal.ask("AT+CIPCLOSE=4");
    peer.close();
  });

  it("sleep, and start again", async () => {
    await terminal.ask("AT+GSLP=50");
    await terminal.hear("ready\r\n");
    assert.match(await terminal.ask("AT+CIPMUX?"), /\+CIPMUX:0/);
  });
});
