/** Clients that break the rules, each with a connection kept alive: every attempt must be refused. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { concat } from "../wire/bytes.ts";
import { Device } from "../wire/device.ts";
import * as exchange from "../wire/exchange.ts";
import { readRefusal, readUnsignedRefusal, reasonName } from "../wire/messages.ts";
import { open } from "../wire/sign1.ts";
import type { FleetOptions } from "./options.ts";
import type { Tally } from "./tally.ts";

/** Pause between attempts, so that attackers and devices share this process. */
const PAUSE_MS = 20;

interface Attempt {
  readonly name: string;
  readonly body: (tools: { device: Device; stranger: Device; stale: Uint8Array }) => Uint8Array;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Change the last bit of a message: of its signature. */
function forged(report: Uint8Array): Uint8Array {
  const out = Uint8Array.from(report);
  out[out.length - 1]! ^= 1;
  return out;
}

/** Attacks, in turn, by a device of the attacker's own that enrolled normally. */
const ATTEMPTS: readonly Attempt[] = [
  { name: "forged signature", body: ({ device }) => forged(device.report(text("forged"))) },
  { name: "unknown device", body: ({ stranger }) => stranger.report(text("an unknown name")) },
  { name: "noise", body: () => new Uint8Array(randomBytes(300)) },
  { name: "earlier session", body: ({ stale }) => stale },
  {
    name: "two devices at once",
    body: ({ device, stranger }) => concat(device.report(text("a")), stranger.report(text("b"))),
  },
  { name: "more than fits", body: () => new Uint8Array(40_000) },
];

/** Record the server's answer to an attempt. */
function said(answer: Awaited<ReturnType<typeof exchange.post>>): string {
  if (answer.status === 200) return "ACCEPTED";
  const reason =
    answer.type === "application/cbor" ? readUnsignedRefusal(answer.body) : readRefusal(open(answer.body)).reason;
  return reasonName(reason) ?? `reason ${reason}`;
}

/** Attack until `signal` aborts. */
export async function attack(options: FleetOptions, number: number, tally: Tally, signal: AbortSignal): Promise<void> {
  const { audience, serverKey } = options;
  const url = `http://${options.host}:${options.plainPort ?? options.port}`;
  const device = new Device({ audience, serverKey, model: `attacker ${number}` });
  const stranger = new Device({ audience, serverKey });
  await exchange.enrol(device, url);
  await exchange.report(device, url, text("first"));
  await exchange.report(device, url, text("second"));
  const stale = device.report(text("never sent in its session"));
  await exchange.enrol(device, url);
  const tools = { device, stranger, stale };
  for (let turn = 0; !signal.aborted; turn++) {
    const { name, body } = ATTEMPTS[turn % ATTEMPTS.length]!;
    try {
      tally.attacked(
        name,
        said(await exchange.post(url + exchange.PATHS.reports, "application/cbor-seq", body(tools))),
      );
    } catch {
      tally.attacked(name, "no answer");
    }
    await sleep(PAUSE_MS);
  }
}
