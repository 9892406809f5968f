/** A receiver of the webhook that checks every request, and a server that posts to it. */
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { concat, fromHex, hex } from "../../tools/wire/bytes.ts";
import { serve, type Fixture, type Flavour } from "./harness.ts";

/** No request takes as long as `timeoutMs`, however busy the machine is; leases run by the test's clock. */
export const QUICK = { restMs: 5, pollMs: 50, timeoutMs: 120_000, firstRetryMs: 20, lastRetryMs: 100, leaseMs: 30_000 };

export interface Item {
  readonly kind: "report" | "entry";
  readonly device: string | null;
  readonly counter: number;
  readonly seq: number;
  readonly action: string;
  readonly type: string;
  readonly message: string;
}

export interface Receiver {
  readonly url: string;
  /** Every item of every request that was answered 2xx. */
  readonly taken: Item[];
  /** Requests, whatever the answer. */
  requests: number;
  /** Answers to the next requests, in order. */
  answers: (number | "silence" | "cut" | "elsewhere")[];
  /** Refuse each request that has such an item. */
  refuses: (item: Item) => boolean;
  /** The `webhook-id` of each request, and its body. */
  readonly ids: [id: string, body: string][];
  /** The faults of a request. */
  readonly faults: string[];
  key: Uint8Array | undefined;
}

function publicKey(raw: Uint8Array): KeyObject {
  const der = concat(Buffer.from("302a300506032b6570032100", "hex"), raw);
  return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
}

/** Check a request as the operator's guide says, by nothing but the server's public key; what is wrong with it. */
function fault(request: IncomingMessage, url: string, body: Buffer, key: Uint8Array): string | undefined {
  const header = (name: string): string => String(request.headers[name] ?? "");
  const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
  if (header("content-digest") !== digest) return "digest";
  const [, params, keyid] =
    /^signet=(\("@method" "@target-uri" "content-type" "content-digest"\);created=\d+;keyid="(\w+)")$/.exec(
      header("signature-input"),
    ) ?? [];
  if (params === undefined) return "signature-input";
  if (
    keyid !==
    hex(
      createHash("sha256")
        .update(concat(fromHex("a301012006215820")!, key))
        .digest(),
    )
  )
    return "keyid";
  const lines = [
    `"@method": ${request.method}`,
    `"@target-uri": ${url}`,
    `"content-type": ${header("content-type")}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${params}`,
  ];
  const [, signature] = /^signet=:([\w+/=]+):$/.exec(header("signature")) ?? [];
  if (!verify(null, Buffer.from(lines.join("\n")), publicKey(key), Buffer.from(signature ?? "", "base64")))
    return "signature";
  return standardFault(header, body, key);
}

/** Check a request as Standard Webhooks says, with the public key of the server; what is wrong with it. */
function standardFault(header: (name: string) => string, body: Buffer, key: Uint8Array): string | undefined {
  const [id, timestamp] = [header("webhook-id"), header("webhook-timestamp")];
  if (!/^msg_[\w-]{32}$/.test(id)) return "webhook-id";
  if (!/^\d{10}$/.test(timestamp) || !header("signature-input").includes(`created=${timestamp};`))
    return "webhook-timestamp";
  const [, signature = ""] = /^v1a,([\w+/=]+)$/.exec(header("webhook-signature")) ?? [];
  const signed = Buffer.from(`${id}.${timestamp}.${body.toString()}`);
  return verify(null, signed, publicKey(key), Buffer.from(signature, "base64")) ? undefined : "webhook-signature";
}

/** A receiver that checks every request. */
export async function receiver(t: TestContext): Promise<Receiver> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      made.requests++;
      const wrong = fault(request, made.url, body, made.key!);
      made.ids.push([String(request.headers["webhook-id"]), body.toString()]);
      if (wrong !== undefined) made.faults.push(wrong);
      const items = JSON.parse(body.toString()).items as Item[];
      const answer = made.answers.shift() ?? (items.some(made.refuses) ? 400 : 204);
      if (answer === "silence") return;
      if (answer === "cut") return void request.socket.destroy();
      if (answer === "elsewhere") return void response.writeHead(307, { location: `${made.url}&elsewhere` }).end();
      if (answer >= 200 && answer < 300) made.taken.push(...items);
      response.writeHead(answer).end(answer === 204 ? undefined : "x".repeat(100_000));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const made: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in?from=signet`,
    taken: [],
    requests: 0,
    answers: [],
    refuses: () => false,
    faults: [],
    ids: [],
    key: undefined,
  };
  return made;
}

export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 3000; left > 0; left--) {
    if (holds()) return;
    await pause(10);
  }
  assert.fail(what);
}

/** Return the delivered counters of each device, and the delivered entries of the log. */
export function told({ taken }: Receiver): Map<string, number[]> {
  const out = new Map<string, number[]>();
  for (const item of taken) {
    const name = item.kind === "entry" ? "log" : item.device!;
    out.set(name, [...(out.get(name) ?? []), item.kind === "entry" ? item.seq : item.counter]);
  }
  return out;
}

/** Numbers from 1, each the one after or one that was there: told at least once, and in order. */
export function atLeastOnce(found: readonly number[] | undefined, most: number): void {
  let next = 1;
  for (const number of found ?? []) {
    assert.ok(number <= next, `${number} before ${next}`);
    if (number === next) next++;
  }
  assert.equal(next, most + 1);
}

export async function serveFor(t: TestContext, to: Receiver, flavour: Flavour, times = {}): Promise<Fixture> {
  const server = await serve(
    t,
    { webhook: to.url, webhookTimes: { ...QUICK, ...times }, onError: () => undefined },
    flavour,
  );
  to.key = server.publicKey;
  return server;
}
