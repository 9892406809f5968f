/**
 * A small driver for ESP-AT that shares nothing with the firmware's: each command waits for its answer, data comes in active mode. It sends bytes to
 * an echo server, and ends with 0 if all came back. Arguments: host and port of the UART, host and port of the server.
 */
import { connect } from "node:net";

const BYTES = 3000;
const PIECE_BYTES = 500;
const LIMIT_MS = 20_000;

const [uartHost, uartPort, host, port] = process.argv.slice(2);
const uart = connect(Number(uartPort), uartHost);
let heard = "";
let wake = (): void => {};
uart.on("data", (bytes) => {
  heard += bytes.toString("latin1");
  wake();
});
setTimeout(() => {
  console.error(`heard last: ${JSON.stringify(heard.slice(-200))}`);
  process.exit(1);
}, LIMIT_MS).unref();

/** Wait until the module says this. */
async function until(word: string): Promise<void> {
  while (!heard.includes(word)) await new Promise<void>((resume) => (wake = resume));
  heard = heard.slice(heard.indexOf(word) + word.length);
}

async function command(line: string, answer = "OK\r\n"): Promise<void> {
  uart.write(`${line}\r\n`);
  await until(answer);
}

/** Take the data of notices that are whole out of what was heard. */
function arrived(): string {
  let data = "";
  for (let match; (match = /\+IPD,(\d+):/.exec(heard)) !== null;) {
    const from = match.index + match[0].length;
    if (heard.length < from + Number(match[1])) break;
    data += heard.slice(from, from + Number(match[1]));
    heard = heard.slice(0, match.index) + heard.slice(from + Number(match[1]));
  }
  return data;
}

await command("AT");
await command("ATE0");
await command("AT+CIPMUX=0");
await command(`AT+CIPSTART="TCP","${host}",${port}`, "CONNECT\r\n");
await until("OK\r\n");
const message = Array.from({ length: BYTES }, (_, index) => String.fromCharCode((index * 7) & 255)).join("");
let echoed = "";
for (let at = 0; at < BYTES; at += PIECE_BYTES) {
  await command(`AT+CIPSEND=${PIECE_BYTES}`, ">");
  uart.write(Buffer.from(message.slice(at, at + PIECE_BYTES), "latin1"));
  while (echoed.length < at + PIECE_BYTES) {
    const data = arrived();
    echoed += data;
    if (data === "") await new Promise<void>((resume) => (wake = resume));
  }
  if (!heard.includes("SEND OK")) await until("SEND OK");
  heard = "";
}
await command("AT+CIPCLOSE");
process.exit(echoed === message ? 0 : 1);
