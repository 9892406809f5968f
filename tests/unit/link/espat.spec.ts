// Longer than 400 lines: one script of a module, which all tests of its driver share.
import {
  AT_BACKOFF_MS,
  AT_BUSY_MS,
  AT_POLL_MIN_MS,
  AT_POLL_MS,
  AT_REPLY_MS,
  AT_SEND_MS,
  AT_SETTLE_MS,
} from "../../../assembly/config";
import { Status } from "../../../assembly/lib/status";
import * as link from "../../../assembly/link/link";
import { give, receive } from "../support/link";
import { Family, LinkState } from "../../../assembly/link/link";

const buffer = memory.data(2048, 8);
let nowMs: u32 = 0;
const host = String.UTF8.encode("signet.example");
const ssid = String.UTF8.encode('my "net"');
const secret = String.UTF8.encode("a,b\\c");

/** Return the driver's output, at most `step` bytes at a time. */
function heard(step: u32 = 1024): string {
  let len: u32 = 0;
  for (let got = link.toModule(buffer, step); got; got = link.toModule(buffer + len, step)) len += got;
  return String.UTF8.decodeUnsafe(buffer, len);
}

/** Have the module say this. */
function say(text: string): void {
  const bytes = String.UTF8.encode(text);
  link.fromModule(changetype<usize>(bytes), bytes.byteLength);
}

/** The same, byte by byte. */
function spell(text: string): void {
  for (let i = 0; i < text.length; i++) say(text.charAt(i));
}

function pass(ms: u32): void {
  nowMs += ms;
  link.tick(nowMs);
}

/** The driver writes `command`, and the module answers. */
function answers(command: string, answer: string): void {
  expect(heard()).toBe(command);
  spell(answer);
}

const OK = "\r\nOK\r\n";

function start(): void {
  nowMs += 100_000;
  link.start(Family.EspAt, nowMs);
}

/** From nothing to Ready. */
function setUp(): void {
  answers("AT\r\n", "AT\r\r\n" + OK);
  pass(AT_SETTLE_MS);
  answers("ATE0\r\n", "ATE0\r\r\n" + OK);
  answers("AT+CIPMODE=0\r\n", OK);
  answers("AT+CIPCLOSE\r\n", "\r\nERROR\r\n");
  answers("AT+CIPMUX=0\r\n", OK);
  answers("AT+CIPDINFO=0\r\n", OK);
  answers("AT+CIPRECVTYPE=1\r\n", OK);
  expect(link.state()).toBe(LinkState.Ready);
}

function open(): void {
  expect(link.open(changetype<usize>(host), host.byteLength, 8080)).toBe(Status.Ok);
  expect(link.state()).toBe(LinkState.Opening);
  answers('AT+CIPSTART="TCP","signet.example",8080\r\n', "CONNECT\r\n" + OK);
  expect(link.state()).toBe(LinkState.Open);
}

function connect(): void {
  start();
  setUp();
  open();
}

function received(): string {
  const len = receive(buffer, 512);
  return String.UTF8.decodeUnsafe(buffer, len);
}

/** A whole connection works: the driver has recovered. */
function works(): void {
  open();
  expect(give("ping")).toBe(4);
  answers("AT+CIPSEND=4\r\n", OK + "\r\n>");
  answers("ping", "\r\nRecv 4 bytes\r\n\r\nSEND OK\r\n+IPD,4\r\n");
  answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:4,pong\r\n" + OK);
  expect(received()).toBe("pong");
  link.close();
  answers("AT+CIPCLOSE\r\n", "CLOSED\r\n" + OK);
  expect(link.state()).toBe(LinkState.Ready);
}

describe("the set-up", () => {
  it("leads to Ready, and a connection carries bytes both ways", () => {
    start();
    expect(link.state()).toBe(LinkState.Down);
    setUp();
    works();
    works();
  });

  it("joins a network, with its name and secret escaped", () => {
    start();
    link.join(changetype<usize>(ssid), ssid.byteLength, changetype<usize>(secret), secret.byteLength);
    answers("AT\r\n", OK);
    pass(AT_SETTLE_MS);
    answers("ATE0\r\n", OK);
    answers("AT+SYSSTORE=0\r\n", OK);
    answers("AT+CWJAP?\r\n", "No AP\r\n" + OK);
    answers("AT+CWMODE=1\r\n", OK);
    answers('AT+CWJAP="my \\"net\\"","a\\,b\\\\c"\r\n', "WIFI DISCONNECT\r\nWIFI CONNECTED\r\nWIFI GOT IP\r\n" + OK);
    answers("AT+CIPMODE=0\r\n", OK);
  });

  it("does not join again a network that the module is still in, and joins another", () => {
    for (let times = 0; times < 2; times++) {
      start();
      link.join(changetype<usize>(ssid), ssid.byteLength, changetype<usize>(secret), secret.byteLength);
      answers("AT\r\n", OK);
      pass(AT_SETTLE_MS);
      answers("ATE0\r\n", OK);
      answers("AT+SYSSTORE=0\r\n", "\r\nERROR\r\n");
      const other = times ? "s" : "";
      answers("AT+CWJAP?\r\n", '+CWJAP:"my "net"' + other + '","02:00:00:00:00:02",1,-50,0,1,3,0,1\r\n' + OK);
      expect(heard()).toBe(times ? "AT+CWMODE=1\r\n" : "AT+CIPMODE=0\r\n");
    }
  });

  it("tries again where the network cannot be joined", () => {
    start();
    link.join(changetype<usize>(ssid), ssid.byteLength, changetype<usize>(secret), secret.byteLength);
    answers("AT\r\n", OK);
    pass(AT_SETTLE_MS);
    answers("ATE0\r\n", OK);
    answers("AT+SYSSTORE=0\r\n", OK);
    answers("AT+CWJAP?\r\n", "No AP\r\n" + OK);
    answers("AT+CWMODE=1\r\n", OK);
    heard();
    say("+CWJAP:3\r\n\r\nERROR\r\n");
    expect(heard()).toBe("");
    pass(AT_BACKOFF_MS);
    expect(heard()).toBe("AT\r\n");
  });

  it("knows the older name of passive mode", () => {
    start();
    answers("AT\r\n", OK);
    pass(AT_SETTLE_MS);
    answers("ATE0\r\n", OK);
    answers("AT+CIPMODE=0\r\n", OK);
    answers("AT+CIPCLOSE\r\n", "CLOSED\r\n" + OK);
    answers("AT+CIPMUX=0\r\n", OK);
    answers("AT+CIPDINFO=0\r\n", OK);
    answers("AT+CIPRECVTYPE=1\r\n", "\r\nERROR\r\n");
    answers("AT+CIPRECVMODE=1\r\n", OK);
    expect(link.state()).toBe(LinkState.Ready);
  });

  it("wakes a mute module: blanks for its data, growing pauses, +++, then a reset", () => {
    const blanks = " ".repeat(512) + "\r\n";
    start();
    expect(heard()).toBe("AT\r\n");
    pass(AT_REPLY_MS);
    expect(heard()).toBe("");
    pass(AT_BACKOFF_MS);
    expect(heard()).toBe(blanks + "AT\r\n");
    pass(AT_REPLY_MS);
    pass(AT_BACKOFF_MS);
    expect(heard()).toBe("");
    pass(AT_BACKOFF_MS);
    expect(heard()).toBe("+++");
    pass(AT_REPLY_MS);
    expect(heard()).toBe("AT\r\n");
    pass(AT_REPLY_MS);
    pass(4 * AT_BACKOFF_MS);
    expect(heard()).toBe(blanks + "AT\r\n");
    pass(AT_REPLY_MS);
    pass(8 * AT_BACKOFF_MS);
    answers(blanks + "AT+RST\r\n", OK + "ets Jan  8 2013,rst cause:2\r\n\x01\x02ready\r\n\r\nready\r\n");
    setUp();
    works();
  });

  it("counts an OK only once its command is written", () => {
    start();
    say(OK + OK);
    link.toModule(buffer, 2);
    say(OK);
    expect(heard()).toBe("\r\n");
    pass(AT_SETTLE_MS);
    expect(heard()).toBe("");
    say(OK);
    pass(AT_SETTLE_MS);
    expect(heard()).toBe("ATE0\r\n");
  });

  it("refuses invalid names of hosts", () => {
    start();
    setUp();
    const bad = String.UTF8.encode('a",1');
    expect(link.open(changetype<usize>(bad), 4, 80)).toBe(Status.Malformed);
    expect(link.open(changetype<usize>(bad), 0, 80)).toBe(Status.Malformed);
    expect(link.open(changetype<usize>(bad), 1, 0)).toBe(Status.Malformed);
    expect(link.open(changetype<usize>(host), host.byteLength, 65536)).toBe(Status.Malformed);
    works();
    start();
    expect(link.open(changetype<usize>(host), host.byteLength, 80)).toBe(Status.Unexpected);
  });
});

describe("a command", () => {
  it("is complete for the module with its last byte, however few bytes the UART accepts at once", () => {
    connect();
    give("x");
    expect(link.toModule(buffer, 12)).toBe(12);
    say(">");
    expect(link.toModule(buffer, 2)).toBe(2);
    say(OK + ">");
    expect(heard()).toBe("x");
  });
});

describe("a busy module", () => {
  it("gets the command again", () => {
    start();
    setUp();
    link.open(changetype<usize>(host), host.byteLength, 1);
    answers('AT+CIPSTART="TCP","signet.example",1\r\n', "busy p...\r\n");
    expect(heard()).toBe("");
    pass(AT_BUSY_MS);
    answers('AT+CIPSTART="TCP","signet.example",1\r\n', "CONNECT\r\n" + OK);
    expect(link.state()).toBe(LinkState.Open);
  });

  it("gets the send again once no prompt can arrive any more", () => {
    connect();
    give("x");
    answers("AT+CIPSEND=1\r\n", "busy p...\r\n");
    pass(AT_SEND_MS - 1);
    expect(heard()).toBe("");
    pass(1);
    answers("AT+CIPSEND=1\r\n", OK + ">");
    expect(heard()).toBe("x");
  });

  it("that prompts during the repetition has taken the command for data", () => {
    connect();
    give("x");
    answers("AT+CIPSEND=1\r\n", "busy p...\r\n");
    pass(AT_SEND_MS);
    expect(link.toModule(buffer, 4)).toBe(4);
    say(OK + ">");
    expect(link.state()).toBe(LinkState.Failed);
  });

  it("may still answer the first command", () => {
    connect();
    give("x");
    answers("AT+CIPSEND=1\r\n", "busy p...\r\n" + OK + "\r\n>");
    expect(heard()).toBe("x");
  });

  it("is given up in the end", () => {
    connect();
    give("x");
    for (let i = 0; i < 100 && link.state() == LinkState.Open; i++) {
      heard();
      say("busy p...\r\n");
      pass(AT_SEND_MS);
    }
    expect(link.state()).toBe(LinkState.Failed);
  });
});

describe("notices", () => {
  it("are recognised everywhere between and inside other lines", () => {
    connect();
    give("data");
    answers("AT+CIPSEND=4\r\n", "\r\n+IPD,3\r\nOK\r\n>");
    answers("data", "\r\n+IPD,3\r\n\r\nRe\r\n+IPD,12cv 4 bytes\r\n\r\nSEND\r\n+IPD,9\r\n OK\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "\r\n+IPD,4\r\n+CIPRECVDATA:3,abc\r\n\r\nO\r\n+IPD,7K\r\n");
    answers("AT+CIPRECVDATA=253\r\n", "\r\nERR+IPD,8\r\nOR\r\n");
    answers("AT+CIPRECVDATA=253\r\n", "+CIPRECVDATA:1,d\r\n" + OK);
    expect(received()).toBe("abcd");
  });

  it("of arrival may be lost: the driver still asks for data", () => {
    connect();
    expect(heard()).toBe("");
    pass(AT_POLL_MS);
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:5,\r\nOK\r\r\n" + OK);
    expect(received()).toBe("\r\nOK\r");
    // More is likely now, and less so with each time that nothing came.
    for (let ms = AT_POLL_MIN_MS; ms < AT_POLL_MS; ms *= 2) {
      pass(ms - 1);
      expect(heard()).toBe("");
      pass(1);
      answers("AT+CIPRECVDATA=256\r\n", "\r\nERROR\r\n");
    }
    pass(AT_POLL_MS);
    answers("AT+CIPRECVDATA=256\r\n", "\r\nERROR\r\n");
    expect(link.state()).toBe(LinkState.Open);
    expect(heard()).toBe("");
  });

  it("of arrival can carry the data, from a module that left passive mode", () => {
    connect();
    spell("\r\n+IPD,5:a\r\nOKSEND");
    expect(received()).toBe("a\r\nOK");
    expect(link.state()).toBe(LinkState.Open);
  });

  it("of the end arrive after the last data", () => {
    connect();
    say("\r\n+IPD,300\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:256," + "z".repeat(256) + OK);
    expect(heard()).toBe("");
    expect(received()).toBe("z".repeat(256));
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:44," + "y".repeat(44) + OK + "CLOSED\r\n");
    expect(link.state()).toBe(LinkState.PeerClosed);
    expect(received()).toBe("y".repeat(44));
    link.close();
    expect(link.state()).toBe(LinkState.Ready);
    works();
  });

  it("of the end may arrive too early", () => {
    connect();
    say("\r\n+IPD,2\r\nCLOSED\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:2,ab" + OK);
    expect(link.state()).toBe(LinkState.PeerClosed);
    expect(received()).toBe("ab");
    link.close();
    expect(link.state()).toBe(LinkState.Ready);
  });
});

/** SEND OK comes when the module was just asked for it, and then this. */
function crossed(answer: string): void {
  connect();
  give("abc");
  answers("AT+CIPSEND=3\r\n", OK + ">");
  answers("abc", "Recv 3 bytes\r\n");
  pass(AT_SEND_MS);
  answers("AT\r\n", "\r\nSEND OK\r\n" + answer);
  pass(AT_SEND_MS);
  give("def");
  expect(heard()).toBe("AT+CIPSEND=3\r\n");
}

describe("sending", () => {
  it("continues after the bytes in progress, in order", () => {
    connect();
    give("one");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    give("two");
    answers("one", "Recv 3 bytes\r\n\r\nSEND OK\r\n");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    expect(heard(1)).toBe("two");
  });

  it("accepts no more than there is room for", () => {
    connect();
    expect(give("q".repeat(600))).toBe(512);
    expect(give("q")).toBe(0);
  });

  it("queries a late module, and waits while it is busy", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "Recv 3 bytes\r\n");
    give("def");
    expect(heard()).toBe("");
    for (let i = 0; i < 3; i++) {
      pass(AT_SEND_MS);
      answers("AT\r\n", "busy s...\r\n");
      expect(heard()).toBe("");
    }
    spell("\r\nSEND OK\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "\r\nERROR\r\n");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    expect(heard()).toBe("def");
    expect(link.state()).toBe(LinkState.Open);
  });

  it("accepts a SEND OK that crosses the query, and the answer to the query", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "Recv 3 bytes\r\n");
    give("def");
    pass(AT_SEND_MS);
    expect(link.toModule(buffer, 2)).toBe(2);
    say("\r\nSEND OK\r\n");
    expect(heard()).toBe("\r\n");
    expect(heard()).toBe("");
    say(OK);
    answers("AT+CIPRECVDATA=256\r\n", "\r\nERROR\r\n");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    expect(heard()).toBe("def");
  });

  it("accepts a SEND OK that crosses the query, although the query is not answered", () => {
    crossed("");
  });

  it("accepts a SEND OK that crosses the query, although the module is busy again", () => {
    crossed("busy p...\r\n");
  });

  it("accepts a SEND FAIL that crosses the query, and not the SEND OK after it", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "Recv 3 bytes\r\n");
    pass(AT_SEND_MS);
    answers("AT\r\n", "\r\nSEND FAIL\r\n\r\nSEND OK\r\n" + OK);
    answers("AT+CIPRECVDATA=256\r\n", "\r\nERROR\r\n");
    expect(link.state()).toBe(LinkState.PeerClosed);
  });

  it("ends the connection where the result was lost, and resets the module", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "Recv 3 bytes\r\n");
    give("def");
    pass(AT_SEND_MS);
    answers("AT\r\n", OK);
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:3,413" + OK);
    expect(link.state()).toBe(LinkState.PeerClosed);
    expect(received()).toBe("413");
    link.close();
    answers("AT+RST\r\n", OK + "\r\nready\r\n");
    setUp();
    works();
  });

  it("that is taken back later ends the connection", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "Recv 3 bytes\r\n\r\nSEND OK\r\n");
    expect(link.state()).toBe(LinkState.Open);
    say("\r\nSEND FAIL\r\n");
    expect(link.state()).toBe(LinkState.Failed);
  });

  it("stops where the fate of the data is unknown", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "");
    pass(AT_SEND_MS);
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    pass(AT_BACKOFF_MS);
    setUp();
    works();
  });

  it("sends the bytes that the module still waits for before the next command", () => {
    connect();
    give("abcdef");
    expect(heard()).toBe("AT+CIPSEND=6\r\n");
    pass(AT_SEND_MS);
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    expect(link.state()).toBe(LinkState.Down);
    pass(AT_BACKOFF_MS);
    answers("      \r\nAT\r\n", "\r\nERROR\r\n" + OK);
    pass(AT_SETTLE_MS);
    expect(heard()).toBe("ATE0\r\n");
  });

  it("that fails leaves received bytes to be read", () => {
    connect();
    give("abc");
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("abc", "Recv 3 bytes\r\n\r\nSEND FAIL\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:3,413" + OK);
    expect(link.state()).toBe(LinkState.PeerClosed);
    expect(received()).toBe("413");
    link.close();
    answers("AT+CIPCLOSE\r\n", "\r\nERROR\r\n");
    expect(link.state()).toBe(LinkState.Ready);
  });

  it("is finished before a close", () => {
    connect();
    give("bye");
    link.close();
    expect(link.state()).toBe(LinkState.Down);
    expect(give("more")).toBe(0);
    answers("AT+CIPSEND=3\r\n", OK + ">");
    answers("bye", "Recv 3 bytes\r\n\r\nSEND OK\r\n");
    answers("AT+CIPCLOSE\r\n", "CLOSED\r\n" + OK);
    expect(link.state()).toBe(LinkState.Ready);
  });
});

describe("faults", () => {
  it("with a connection that cannot be opened is reported, and over", () => {
    start();
    setUp();
    link.open(changetype<usize>(host), host.byteLength, 1);
    answers('AT+CIPSTART="TCP","signet.example",1\r\n', "\r\nERROR\r\nCLOSED\r\n");
    expect(link.state()).toBe(LinkState.Failed);
    answers("AT+CIPCLOSE\r\n", "\r\nERROR\r\n");
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    expect(link.state()).toBe(LinkState.Ready);
    works();
  });

  it("with an unexpected OK opens no connection", () => {
    start();
    setUp();
    link.open(changetype<usize>(host), host.byteLength, 1);
    heard();
    say(OK);
    expect(link.state()).toBe(LinkState.Opening);
    say("\r\nERROR\r\n");
    expect(link.state()).toBe(LinkState.Failed);
  });

  it("with many refused connections makes the module suspect", () => {
    start();
    setUp();
    for (let i = 0; i < 4; i++) {
      link.open(changetype<usize>(host), host.byteLength, 1);
      answers('AT+CIPSTART="TCP","signet.example",1\r\n', "\r\nERROR\r\n");
      if (i < 3) answers("AT+CIPCLOSE\r\n", "\r\nERROR\r\n");
      link.close();
    }
    expect(link.state()).toBe(LinkState.Down);
    pass(AT_BACKOFF_MS);
    setUp();
    works();
  });

  it("with a module that resets itself", () => {
    connect();
    say("\r\nets Jan  8\r\nready\r\n");
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    setUp();
    works();
  });

  it("with data that stops half-way", () => {
    connect();
    say("+IPD,10\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:10,abc");
    pass(AT_REPLY_MS);
    expect(link.state()).toBe(LinkState.Failed);
    link.close();
    pass(AT_BACKOFF_MS);
    setUp();
    works();
  });

  it("with a module that gives more than requested", () => {
    connect();
    say("+IPD,10\r\n");
    answers("AT+CIPRECVDATA=256\r\n", "+CIPRECVDATA:257,");
    expect(link.state()).toBe(LinkState.Failed);
  });

  it("with a close without an answer", () => {
    connect();
    link.close();
    expect(heard()).toBe("AT+CIPCLOSE\r\n");
    pass(AT_REPLY_MS);
    expect(link.state()).toBe(LinkState.Down);
    pass(AT_BACKOFF_MS);
    setUp();
    works();
  });
});
