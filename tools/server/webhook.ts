/**
 * The webhook: post every stored report and every entry of the audit log to one URL, signed by the server, at least once. The
 * reports of a device, and the entries of the log, arrive in order. The database stores the position of each stream, which
 * moves only after a 2xx response. A failed post is repeated with growing intervals, and nothing behind it is sent.
 */
import { randomBytes } from "node:crypto";
import { Trouble } from "../trouble.ts";
import { hex } from "../wire/bytes.ts";
import * as signature from "./http_signature.ts";
import type { Intake } from "./intake.ts";
import type { ServerKeys } from "./keys.ts";
import * as lease from "./lease.ts";
import type { Logger } from "./logger.ts";
import type { Gauge } from "./metrics.ts";
import * as queries from "./queries.ts";
import type { Reader } from "./reader.ts";
import { isSealed, sealed } from "./seal.ts";
import type { Store } from "./store/store.ts";

export interface WebhookTimes {
  /** Interval of the search for rows stored by other instances. */
  readonly pollMs: number;
  /** Minimum interval between polls. */
  readonly restMs: number;
  readonly timeoutMs: number;
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
  readonly leaseMs: number;
}

export const TIMES: WebhookTimes = {
  pollMs: 2000,
  restMs: 500,
  timeoutMs: 10_000,
  firstRetryMs: 1000,
  lastRetryMs: 5 * 60_000,
  leaseMs: 30_000,
};

/** Maximum time for a request in progress when the server stops. */
const GRACE_MS = 3000;

/** Items of one request: about 400 KB at most. */
const ITEMS_MAX = 100;
/** Devices with news that are found in one look. */
const DEVICES_MAX = 1000;

/** The event type of a request; each item has its own. */
const TYPE = "signet.items";

/** The stream of the audit log. */
const LOG = new Uint8Array(0);

export interface Webhook {
  readonly counts: { delivered: number; failures: number };
  /** Let the request that is under way finish, and leave the work to another instance. */
  close(): Promise<void>;
}

export interface WebhookOptions {
  readonly url: string;
  readonly store: Store;
  readonly reader: Reader;
  readonly keys: ServerKeys;
  readonly audience: string;
  readonly intake: Intake;
  readonly clock: () => number;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
  readonly times: WebhookTimes;
}

/** Check the address of a receiver. Throws Trouble. */
export function checkAddress(text: string): void {
  const hint = "give --webhook as https://host/path; the receiver authenticates this server by its signature";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Trouble("it is not a URL for a webhook", hint);
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "" || url.hash !== "")
    throw new Trouble("it is not a URL for a webhook", hint);
}

/** The new position of a stream. */
interface Step {
  readonly stream: Uint8Array;
  readonly position: number;
}

/** The content of one request, and the positions of its streams after it. */
interface Batch {
  readonly items: object[];
  readonly steps: Step[];
}

/** Metrics of this webhook. */
export function gauges(webhook: Webhook | undefined): Gauge[] {
  if (webhook === undefined) return [];
  return [
    ["signet_webhook_delivered", "Items that this instance delivered since its start.", webhook.counts.delivered],
    ["signet_webhook_failures", "Requests that the receiver did not accept.", webhook.counts.failures],
  ];
}

/** Begin to deliver. */
export function start(options: WebhookOptions): Webhook {
  checkAddress(options.url);
  return new Courier(options);
}

class Courier implements Webhook {
  readonly counts = { delivered: 0, failures: 0 };
  private readonly options: WebhookOptions;
  private readonly lease: lease.Lease;
  private readonly cut = new AbortController();
  private closing = false;
  private readonly work: Promise<void>;
  private heldUntil = 0;
  private news = true;
  private wake: (() => void) | undefined;
  private readonly listen = (): void => {
    this.news = true;
    this.wake?.();
  };

  constructor(options: WebhookOptions) {
    this.options = options;
    this.lease = { name: "webhook", holder: randomBytes(8).toString("hex"), sealKey: options.keys.seal };
    options.intake.happenings.on("happening", this.listen);
    this.work = this.run();
  }

  async close(): Promise<void> {
    this.options.intake.happenings.off("happening", this.listen);
    this.closing = true;
    this.wake?.();
    const grace = setTimeout(() => this.cut.abort(), GRACE_MS);
    await this.work;
    clearTimeout(grace);
    const { store, clock } = this.options;
    await lease.release(store, this.lease, clock()).catch(() => undefined);
  }

  private async run(): Promise<void> {
    const { times, onError } = this.options;
    let failed = 0;
    while (!this.closing) {
      try {
        failed = (await this.round()) ? 0 : failed + 1;
      } catch (error) {
        onError(error);
        failed++;
      }
      if (failed === 0) await this.rest();
      else await this.pause(Math.min(times.lastRetryMs, times.firstRetryMs * 2 ** Math.min(failed - 1, 30)));
    }
  }

  /** Wait for news, but neither too short nor too long. */
  private async rest(): Promise<void> {
    const { restMs, pollMs } = this.options.times;
    await this.sleep(restMs);
    if (!this.news) await this.sleep(pollMs, true);
    this.news = false;
  }

  /** Wait before it is tried again, a fifth shorter or longer, and keep the lease meanwhile. */
  private async pause(ms: number): Promise<void> {
    const until = performance.now() + ms * (0.8 + 0.4 * Math.random());
    for (;;) {
      const left = until - performance.now();
      if (left <= 0 || this.closing) return;
      await this.sleep(Math.min(left, this.options.times.leaseMs / 4));
      await this.holds().catch(() => false);
    }
  }

  private sleep(ms: number, untilNews = false): Promise<void> {
    if (this.closing) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.wake = () => {
        if (untilNews || this.closing) end();
      };
    });
  }

  /** Deliver all new rows; false if the receiver refused a post. */
  private async round(): Promise<boolean> {
    if (!(await this.holds())) return true;
    const streams = await this.streams();
    let batch: Batch = { items: [], steps: [] };
    for (const { stream, position } of streams) {
      for (let at = position; ;) {
        const room = ITEMS_MAX - batch.items.length;
        const found = await this.after(stream, at, room);
        at = found.at(-1)?.position ?? at;
        if (found.length > 0) batch.steps.push({ stream, position: at });
        batch.items.push(...found.map(({ item }) => item));
        if (found.length < room) break;
        const outcome = await this.deliver(batch);
        if (outcome !== "taken") return outcome === "lost";
        batch = { items: [], steps: [] };
      }
    }
    if (streams.length > DEVICES_MAX) this.news = true;
    return batch.items.length === 0 || (await this.deliver(batch)) !== "refused";
  }

  /** Take the lease, or renew it when half of it is over; false if another instance has it. */
  private async holds(): Promise<boolean> {
    const { store, clock, times } = this.options;
    const now = clock();
    if (this.heldUntil - now > times.leaseMs / 2) return true;
    const taken = await lease.take(store, this.lease, now, times.leaseMs);
    this.heldUntil = taken ? now + times.leaseMs : 0;
    return taken;
  }

  /** The log, and the devices with undelivered reports, the oldest first, each with its position. */
  private async streams(): Promise<Step[]> {
    const { store, reader } = this.options;
    const log = await store.read.selectFrom("deliveries").selectAll().where("stream", "=", LOG).executeTakeFirst();
    const rows = await reader.ask("undelivered", { limit: DEVICES_MAX });
    return [log ?? { stream: LOG, position: null, seal: null }, ...rows].map(({ stream, position, seal }) => {
      if (position === null || seal === null) return { stream, position: 0 };
      const row = { stream, position, seal };
      return { stream, position: isSealed(this.lease.sealKey, "deliveries", row) ? position : 0 };
    });
  }

  private async after(
    stream: Uint8Array,
    position: number,
    limit: number,
  ): Promise<{ position: number; item: object }[]> {
    const { store } = this.options;
    if (stream.length === LOG.length) {
      const entries = await queries.entriesAfter(store, position, limit);
      return entries.map((entry) => ({
        position: entry.seq,
        item: { kind: "entry", type: `log.${entry.action}`, ...entry },
      }));
    }
    const reports = await queries.reports(store, stream, { limit, after: position });
    return reports.map((report) => ({
      position: report.counter,
      item: { kind: "report", type: "report.stored", ...report },
    }));
  }

  /** Post a batch, and note that it was taken; lost if another instance took over meanwhile. */
  private async deliver({ items, steps }: Batch): Promise<"taken" | "refused" | "lost"> {
    if (this.closing || !(await this.holds())) return "lost";
    const refused = await this.post(items);
    if (refused !== undefined) {
      this.counts.failures++;
      this.options.log.warn({ items: items.length, refused }, "webhook");
      return "refused";
    }
    const { store, clock } = this.options;
    const ours = await store.write(async (tx) => {
      if (!(await lease.isOurs(store, tx, this.lease, clock()))) return false;
      for (const step of steps) {
        const row = sealed(this.lease.sealKey, "deliveries", { ...step });
        await tx
          .insertInto("deliveries")
          .values(row)
          .onConflict((conflict) => conflict.column("stream").doUpdateSet(row))
          .execute();
      }
      return true;
    });
    if (!ours) return "lost";
    this.counts.delivered += items.length;
    return "taken";
  }

  /** Post items; why they were not taken, undefined if they were. */
  private async post(items: readonly object[]): Promise<string | undefined> {
    const { url, audience, keys, clock, times } = this.options;
    const body = Buffer.from(JSON.stringify({ type: TYPE, server: audience, items }));
    const type = "application/json";
    const digest = signature.contentDigest(body);
    const components = [
      ["@method", "POST"],
      ["@target-uri", new URL(url).href],
      ["content-type", type],
      ["content-digest", digest],
    ] as const;
    const created = Math.floor(clock() / 1000);
    const signed = signature.sign("signet", components, created, hex(keys.id), keys.signing);
    try {
      const response = await fetch(url, {
        method: "POST",
        body,
        redirect: "manual",
        headers: {
          "content-type": type,
          "content-digest": digest,
          "signature-input": signed.input,
          signature: signed.signature,
          ...signature.standard(body, created, keys.signing),
        },
        signal: AbortSignal.any([this.cut.signal, AbortSignal.timeout(times.timeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `status ${response.status}`;
    } catch (error) {
      // Log the code of the cause only; the message may contain the address and its secrets.
      const { cause, name } = error as { cause?: { code?: string }; name: string };
      return cause?.code ?? name;
    }
  }
}
