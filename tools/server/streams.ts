/** Answers that last: the events as they happen, and the export of a chain. Each ends when its token does. */
import type { Context as HonoContext } from "hono";
import { stream, streamSSE } from "hono/streaming";
import { z } from "zod";
import { fromHex, hex } from "../wire/bytes.ts";
import * as csv from "./csv.ts";
import * as devices from "./devices.ts";
import type { Happening } from "./gate.ts";
import { problem } from "./problem.ts";
import * as reach from "./reach.ts";
import type { Slice } from "./reader_thread.ts";
import { whole, type Context } from "./route.ts";
import type { Bearer } from "./tokens.ts";

export type Env = {
  /** `isValid` tells whether the token of the request would still be let through. */
  Variables: { bearer: Bearer; isValid: () => Promise<boolean> };
  Bindings: { incoming?: { socket: { remoteAddress?: string } }; outgoing?: { destroy(): void } };
};

/** Interval of the comment lines on an idle event stream: they keep proxies from closing it. */
const HEARTBEAT_MS = 15_000;
const STREAMS_MAX = 100;
/** Events queued for a slow reader. Beyond this the stream is closed, and the reader connects again. */
const UNSENT_MAX = 1000;
/** How often a stream looks whether another instance ended its token. This instance ends its own streams at once. */
const TOKEN_MS = 1000;

type Handler = (c: HonoContext<Env>) => Response | Promise<Response>;

/** Stream events about devices as server-sent events; malformed requests are not events. */
export function events(context: Context): Handler {
  const { intake, tokensChanged } = context;
  let streams = 0;
  return (c) => {
    if (streams >= STREAMS_MAX) return problem(503, "too many streams");
    const isValid = c.get("isValid");
    const { label } = c.get("bearer");
    return streamSSE(c, async (out) => {
      streams++;
      let unsent = 0;
      const write = (happening: Happening): void => {
        const { data, ...rest } = happening as Happening & { data?: Uint8Array };
        const shown = data === undefined ? rest : { ...rest, data: hex(data) };
        if (++unsent > UNSENT_MAX) return out.abort();
        void out.writeSSE({ event: happening.kind, data: JSON.stringify(shown) }).then(() => unsent--);
      };
      // The devices that the token reaches, forgotten each time the token is checked: labels change.
      const reached = new Map<string, Promise<boolean>>();
      const isReached = (device: string): Promise<boolean> => {
        const found =
          reached.get(device) ?? reach.since(context, label, fromHex(device)!).then((at) => at !== undefined);
        reached.set(device, found);
        return found;
      };
      const send = (happening: Happening): void => {
        if (happening.kind === "challenge") return;
        if (label === null) write(happening);
        else if (typeof happening.device === "string")
          void isReached(happening.device).then(
            (is) => is && write(happening),
            () => undefined,
          );
      };
      // A database that fails says nothing about the token: it is asked again.
      const check = (): void => {
        reached.clear();
        void isValid().then(
          (valid) => valid || out.abort(),
          () => undefined,
        );
      };
      intake.happenings.on("happening", send);
      tokensChanged.on("changed", check);
      const ended = new Promise<void>((resolve) => out.onAbort(resolve));
      const beat = setInterval(() => void out.write(": still here\n\n"), HEARTBEAT_MS);
      const look = setInterval(check, TOKEN_MS);
      await out.write(": listening\n\n");
      await ended;
      clearInterval(beat);
      clearInterval(look);
      intake.happenings.off("happening", send);
      tokensChanged.off("changed", check);
      streams--;
    });
  };
}

/** The range and the format of an export: all of the chain as NDJSON by default. */
export const EXPORT = z
  .object({
    since: whole.default(0),
    until: whole.optional(),
    format: z.enum(["ndjson", "csv"]).default("ndjson"),
  })
  .strict();

const TYPES = { ndjson: "application/x-ndjson", csv: "text/csv; charset=utf-8; header=present" } as const;

/** Export a device's chain: as NDJSON a report a line with its COSE message, as CSV a number a line. An export that breaks off ends its connection. */
export function exported(context: Context): Handler {
  const { store, reader, onError } = context;
  return async (c) => {
    const device = c.req.param("id") ?? "";
    const asked = EXPORT.safeParse(c.req.query());
    if (!asked.success) return problem(400, z.prettifyError(asked.error));
    const { format, until } = asked.data;
    const id = fromHex(device);
    const found = id?.length === 32 ? await devices.find(store, id) : undefined;
    const reached = found && (await reach.since(context, c.get("bearer").label, id!));
    if (found === undefined || reached === undefined) return problem(404, "no such device");
    const isValid = c.get("isValid");
    const range = { since: Math.max(asked.data.since, reached), until };
    c.header("content-type", TYPES[format]);
    return stream(c, async (out) => {
      try {
        if (format === "csv") await out.write(csv.HEAD);
        for (let after: number | undefined = -1; after !== undefined && !out.aborted;) {
          const { lines, next }: Slice = await reader.ask("slice", { device, key: found.key, after, ...range, format });
          if (!(await isValid())) throw new Error("its token was ended");
          await out.write(lines);
          after = next;
        }
      } catch (error) {
        onError(error, `GET ${c.req.path}`);
        c.env.outgoing?.destroy();
      }
    });
  };
}
