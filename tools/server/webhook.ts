/**
 * The webhook: post every stored report and every entry of the audit log to one URL, signed by the server, at least once. The
 * reports of a device, and the entries of the log, arrive in order. The database stores the position of each stream, which
 * moves only after a 2xx response. A failed post is repeated with growing intervals:
 *
 *     refused                    -> the next post has one item; each accepted one doubles the number
 *     refused alone, REFUSALS_MAX times
 *                                -> another item is posted after it: if that is accepted, the first is set aside (`dead_letters.ts`)
 *     all are refused            -> the receiver is away: nothing is set aside
 */
import { randomBytes } from "node:crypto";
import { Trouble } from "../trouble.ts";
import { hex } from "../wire/bytes.ts";
import * as deadLetters from "./dead_letters.ts";
import type { Item } from "./dead_letters.ts";
import type { Intake } from "./intake.ts";
import type { ServerKeys } from "./keys.ts";
import * as lease from "./lease.ts";
import type { Logger } from "./logger.ts";
import type { Gauge } from "./metrics.ts";
import * as queries from "./queries.ts";
import type { Reader } from "./reader.ts";
import * as request from "./webhook_request.ts";
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

/** Refusals of an item alone, in about a minute, until it is compared with another one. */
const REFUSALS_MAX = 6;
/** Streams whose first item was refused alone, at most. Each is one item: the receiver is away long before. */
const REFUSED_MAX = 10_000;

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

/** An item with its content; undefined for one that is not posted. */
interface Content extends Item {
  readonly content: object | undefined;
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

/** A stream, read up to a position in this round. */
interface Reading {
  readonly stream: Uint8Array;
  position: number;
}

class Courier implements Webhook {
  readonly counts = { delivered: 0, failures: 0 };
  private readonly options: WebhookOptions;
  private readonly lease: lease.Lease;
  private readonly cut = new AbortController();
  private closing = false;
  private readonly work: Promise<void>;
  /** Items of the next request, at most. */
  private most = ITEMS_MAX;
  /** The refusals of single items by their ids. */
  private readonly refusals = new Map<string, number>();
  private readonly tenure: lease.Tenure;
  private news = true;
  private wake: (() => void) | undefined;
  private readonly listen = (): void => {
    this.news = true;
    this.wake?.();
  };

  constructor(options: WebhookOptions) {
    this.options = options;
    this.lease = { name: "webhook", holder: randomBytes(8).toString("hex"), sealKey: options.keys.seal };
    this.tenure = new lease.Tenure(options, this.lease, options.times.leaseMs);
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
      await this.tenure.holds().catch(() => false);
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
    if (!(await this.tenure.holds())) return true;
    await this.sendAgain();
    const streams = await this.streams();
    let batch: Content[] = [];
    for (const one of streams) {
      for (;;) {
        const room = this.most - batch.length;
        const found = await this.after(one.stream, one.position, room);
        one.position = found.at(-1)?.position ?? one.position;
        batch.push(...found);
        if (found.length < room) break;
        const outcome = await this.deliver(batch, streams);
        if (outcome !== "taken") return outcome === "over";
        batch = [];
      }
    }
    if (streams.length > DEVICES_MAX) this.news = true;
    return batch.length === 0 || (await this.deliver(batch, streams)) !== "refused";
  }

  /** The log, and the devices with undelivered reports, the oldest first, each with its position. */
  private async streams(): Promise<Reading[]> {
    const { store, reader } = this.options;
    const log = await store.read.selectFrom("deliveries").selectAll().where("stream", "=", LOG).executeTakeFirst();
    const rows = await reader.ask("undelivered", { limit: DEVICES_MAX });
    return [log ?? { stream: LOG, position: null, seal: null }, ...rows].map(({ stream, position, seal }) => {
      if (position === null || seal === null) return { stream, position: 0 };
      const row = { stream, position, seal };
      return { stream, position: isSealed(this.lease.sealKey, "deliveries", row) ? position : 0 };
    });
  }

  private async after(stream: Uint8Array, position: number, limit: number): Promise<Content[]> {
    const { store } = this.options;
    if (stream.length === LOG.length) {
      const entries = await queries.entriesAfter(store, position, limit);
      return entries.map((entry) => {
        const content = { kind: "entry", type: `log.${entry.action}`, ...entry };
        return { stream, position: entry.seq, content: entry.action === deadLetters.SET_ASIDE ? undefined : content };
      });
    }
    const reports = await queries.reports(store, stream, { limit, after: position });
    return reports.map((report) => ({
      stream,
      position: report.counter,
      content: { kind: "report", type: "report.stored", ...report },
    }));
  }

  /** Post a batch, and note the answer; over if nothing more can be done in this round. */
  private async deliver(batch: readonly Content[], streams: readonly Item[]): Promise<"taken" | "refused" | "over"> {
    if (this.closing || !(await this.tenure.holds())) return "over";
    const refused = await this.post(batch);
    if (refused === undefined) {
      this.most = Math.min(ITEMS_MAX, this.most * 2);
      return (await this.note(batch)) ? "taken" : "over";
    }
    this.most = 1;
    const [first, ...more] = batch;
    if (more.length > 0 || !this.isDoubtful(first!)) return "refused";
    const other = await this.other(first!, streams);
    if (other === undefined || (await this.post([other.item])) !== undefined) return "refused";
    await this.note(other.isNext ? [other.item] : [], { item: first!, refused });
    this.news = true;
    return "over";
  }

  /** Note that items were accepted, and that one was not. False if another instance took over meanwhile. */
  private async note(taken: readonly Content[], dead?: { item: Item; refused: string }): Promise<boolean> {
    const { store, keys, clock, intake } = this.options;
    const place = { store, keys };
    // The last position of each stream.
    const steps = new Map([...(dead ? [dead.item] : []), ...taken].map((item) => [hex(item.stream), item]));
    const outcome = await store.write(async (tx) => {
      if (!(await lease.isOurs(store, tx, this.lease, clock()))) return "lost";
      for (const { stream, position } of steps.values()) {
        const row = sealed(this.lease.sealKey, "deliveries", { stream, position });
        await tx
          .insertInto("deliveries")
          .values(row)
          .onConflict((conflict) => conflict.column("stream").doUpdateSet(row))
          .execute();
      }
      const isFirst = dead !== undefined && (await deadLetters.setAside(place, tx, clock(), dead.item, dead.refused));
      return isFirst ? "alarm" : "noted";
    });
    if (outcome === "lost") return false;
    if (outcome === "alarm") intake.tell({ kind: "alarm", device: null, what: deadLetters.ALARM, at: clock() });
    this.counts.delivered += taken.filter(({ content }) => content !== undefined).length;
    for (const item of dead ? [dead.item, ...taken] : taken) this.refusals.delete(deadLetters.idOf(item));
    return true;
  }

  /** Post the dead letters that an operator wants sent again, each alone. */
  private async sendAgain(): Promise<void> {
    const { store, keys, clock } = this.options;
    const place = { store, keys };
    for (const { stream, position } of await deadLetters.wanted(place, ITEMS_MAX)) {
      if (this.closing || !(await this.tenure.holds())) return;
      const [item] = await this.after(stream, position - 1, 1);
      const isThere = item?.position === position;
      const refused = isThere ? await this.post([item]) : "it is not in the database any more";
      await store.write(async (tx) => {
        if (await lease.isOurs(store, tx, this.lease, clock()))
          await deadLetters.answered(place, tx, clock(), { stream, position }, refused);
      });
      if (refused === undefined) this.counts.delivered++;
    }
  }

  /** Count a refusal of an item alone; true if there were enough to compare it with another one. */
  private isDoubtful(item: Item): boolean {
    const id = deadLetters.idOf(item);
    const count = (this.refusals.get(id) ?? 0) + 1;
    if (this.refusals.size >= REFUSED_MAX) this.refusals.clear();
    this.refusals.set(id, count);
    return count >= REFUSALS_MAX;
  }

  /**
   * Find an item to compare this one with: the first of another stream, or one of the next in its own. Any of them, because others may be
   * refused as well. One that is not the next of its stream will be posted again in its turn.
   */
  private async other(
    { stream, position }: Item,
    streams: readonly Item[],
  ): Promise<{ item: Content; isNext: boolean } | undefined> {
    const all = streams.map((one) => (hex(one.stream) === hex(stream) ? { stream, position } : one));
    const from = Math.floor(Math.random() * all.length);
    for (const one of [...all.slice(from), ...all.slice(0, from)]) {
      const most = one.stream === stream ? ITEMS_MAX : 1;
      const found = (await this.after(one.stream, one.position, most)).filter(({ content }) => content !== undefined);
      const at = Math.floor(Math.random() * found.length);
      if (found.length > 0) return { item: found[at]!, isNext: at === 0 };
    }
    return undefined;
  }

  /** Post items; the answer if they were not accepted. */
  private async post(batch: readonly Content[]): Promise<string | undefined> {
    const items = batch.flatMap(({ content }) => content ?? []);
    const refused = items.length === 0 ? undefined : await request.post(this.options, items, this.cut.signal);
    if (refused !== undefined) {
      this.counts.failures++;
      this.options.log.warn({ items: items.length, refused }, "webhook");
    }
    return refused;
  }
}
