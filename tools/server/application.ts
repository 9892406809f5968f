/** What people and their programs can ask of the server, behind tokens: see `openapi` for the whole of it. */
import { Hono, type MiddlewareHandler } from "hono";
import { fromHex } from "../wire/bytes.ts";
import { hex } from "../wire/bytes.ts";
import type { Intake } from "./intake.ts";
import type { ServerKeys } from "./keys.ts";
import { Limiter } from "./limits.ts";
import * as queries from "./queries.ts";
import type { Store } from "./store/store.ts";
import * as tokens from "./tokens.ts";

export interface Context {
  readonly store: Store;
  readonly keys: ServerKeys;
  readonly intake: Intake;
  readonly audience: string;
  readonly clock: () => number;
}

export type Env = {
  Variables: { bearer: tokens.Bearer };
  Bindings: { incoming?: { socket: { remoteAddress?: string } } };
};

const PAGE_MAX = 1000;

/** Wrong tokens from one address: enough for a mistake, not for guessing. */
const GUESSES_PER_SECOND = 0.2;
const GUESSES_AT_ONCE = 10;

/** Let through who bears a token of `needed` or more. */
export function guard(context: Context): (needed: tokens.Scope) => MiddlewareHandler<Env> {
  const guesses = new Limiter(GUESSES_PER_SECOND, GUESSES_AT_ONCE);
  return (needed) => async (c, next) => {
    const [, token] = /^Bearer ([\x21-\x7e]{1,100})$/.exec(c.req.header("authorization") ?? "") ?? [];
    const found = token === undefined ? undefined : await tokens.bearer(context.store, context.keys, token);
    if (found === undefined) {
      const address = c.env?.incoming?.socket.remoteAddress ?? "";
      if (token !== undefined && !guesses.take(address, context.clock()))
        return c.json({ error: "too many guesses" }, 429);
      return c.json({ error: "a token is needed" }, 401, { "www-authenticate": "Bearer" });
    }
    if (!tokens.includes(found.scope, needed)) return c.json({ error: `this needs a token of scope ${needed}` }, 403);
    c.set("bearer", found);
    return next();
  };
}

/** Read a whole number out of a query; undefined if it is absent, NaN if it is something else. */
function whole(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** Put the routes together. */
export function application(context: Context): Hono<Env> {
  const { store, keys, intake, audience } = context;
  const app = new Hono<Env>();
  const may = guard(context);

  app.get("/v1/server", (c) => c.json({ audience, publicKey: hex(keys.signing.publicKey), id: hex(keys.id) }));
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/readyz", async (c) => {
    try {
      await store.read.selectFrom("audit_head").select("seq").executeTakeFirst();
      return c.text("ready");
    } catch {
      return c.text("the database does not answer", 503);
    }
  });
  app.get("/v1/counts", may("read"), (c) => c.json({ accepted: intake.accepted, refused: intake.refusals }));

  app.get("/v1/devices", may("read"), async (c) => {
    const [limit, since] = [whole(c.req.query("limit")) ?? 100, whole(c.req.query("since"))];
    if (!(limit >= 1 && limit <= PAGE_MAX) || Number.isNaN(since)) return c.json({ error: "limit or since" }, 400);
    return c.json({ devices: await queries.devices(store, { limit, since }) });
  });
  app.get("/v1/devices/:id", may("read"), async (c) => {
    const id = fromHex(c.req.param("id"));
    const found = id?.length === 32 ? await queries.device(store, id) : undefined;
    return found === undefined ? c.json({ error: "no such device" }, 404) : c.json(found);
  });
  app.get("/v1/devices/:id/reports", may("read"), async (c) => {
    const id = fromHex(c.req.param("id"));
    if (id?.length !== 32) return c.json({ error: "no such device" }, 404);
    const [limit, since, until, after] = ["limit", "since", "until", "after"].map((name) => whole(c.req.query(name)));
    const page = { limit: limit ?? 100, since, until, after };
    if (Object.values(page).some(Number.isNaN) || page.limit < 1 || page.limit > PAGE_MAX) {
      return c.json({ error: "limit, since, until or after" }, 400);
    }
    return c.json({ reports: await queries.reports(store, id, page) });
  });

  app.notFound((c) => c.json({ error: "there is nothing here" }, 404));
  app.onError((_error, c) => c.json({ error: "the server failed" }, 500));
  return app;
}
