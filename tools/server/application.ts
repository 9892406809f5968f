/** The operators' API, behind tokens. `routes.ts` has all routes except those that stream their answer. */
import { createHash } from "node:crypto";
import { Hono, type Context as HonoContext, type HonoRequest, type MiddlewareHandler } from "hono";
import { z } from "zod";
import type { Fields } from "../fields.ts";
import { concat } from "../wire/bytes.ts";
import { BODY_MAX } from "./intake.ts";
import { Limiter } from "./limits.ts";
import { openapi } from "./openapi.ts";
import { page } from "./page.ts";
import { problem } from "./problem.ts";
import { addressOf } from "./proxy.ts";
import * as reach from "./reach.ts";
import { named, type Repeatable } from "./repeats.ts";
import { Answered, Rendered, unhex, type Context, type Route } from "./route.ts";
import { ROUTES } from "./routes.ts";
import * as streams from "./streams.ts";
import type { Env } from "./streams.ts";
import * as tokens from "./tokens.ts";

/** Wrong tokens from one address: enough for a mistake, not for guessing. */
const GUESSES_PER_SECOND = 0.2;
const GUESSES_AT_ONCE = 10;

/** Accept requests with a token of scope `needed` or higher. */
export function guard(context: Context): (needed: tokens.Scope) => MiddlewareHandler<Env> {
  const guesses = new Limiter(GUESSES_PER_SECOND, GUESSES_AT_ONCE);
  return (needed) => async (c, next) => {
    const [, token] = /^Bearer ([\x21-\x7e]{1,100})$/.exec(c.req.header("authorization") ?? "") ?? [];
    const found =
      token === undefined ? undefined : await tokens.bearer(context.store, context.keys, token, context.clock());
    if (found === undefined) {
      const address = c.env?.incoming === undefined ? "" : addressOf(c.env.incoming);
      if (token !== undefined && !guesses.take(address, context.ticks())) return problem(429, "too many guesses");
      return problem(401, "a token is required", { "www-authenticate": "Bearer" });
    }
    if (!tokens.includes(found.scope, needed)) return problem(403, `a token of scope ${needed} is required`);
    context.uses.note(found.hash, context.clock());
    c.set("bearer", found);
    c.set("isValid", async () => {
      const now = await tokens.bearer(context.store, context.keys, token!, context.clock());
      return now !== undefined && tokens.includes(now.scope, needed);
    });
    return next();
  };
}

/** The answer while the database fails in a way that an operator can correct: a full disk, a lost connection. */
const BUSY = "the database is not available; the log of the server has the reason";
const RETRY_SECONDS = "10";

/** A body above the limit. */
class TooLarge extends Error {}

/** A body that is not JSON. */
class NotJson extends Error {}

/** Read a body, announced or chunked. Throws TooLarge. Bounds: BODY_MAX and one chunk. */
async function bodyOf(request: HonoRequest): Promise<Uint8Array> {
  if (Number(request.header("content-length") ?? 0) > BODY_MAX) throw new TooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = request.raw.body?.getReader();
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    length += read.value.length;
    if (length > BODY_MAX) throw new TooLarge();
    parts.push(read.value);
  }
  return concat(...parts);
}

/** Read a JSON body; an absent one is an empty object. Throws TooLarge or NotJson. */
async function json(request: HonoRequest): Promise<unknown> {
  const body = await bodyOf(request);
  if (body.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new NotJson();
  }
}

/** Answer 405 on each path for the methods that it does not have (RFC 9110, section 15.5.6). */
function refuseOtherMethods(app: Hono<Env>): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) methods.set(path, (methods.get(path) ?? new Set()).add(method));
  for (const [path, allowed] of methods) {
    if (allowed.has("GET")) allowed.add("HEAD");
    const allow = [...allowed].join(", ");
    app.all(path, () => problem(405, "this path does not support this method", { allow }));
  }
}

/** A request without a token. */
const ANYONE = { name: "nobody", scope: "none", label: null } as const;

/** Return the time since when a token reaches what the path names, or the answer if it does not. */
async function reachOf(
  context: Context,
  { isLabelled }: Route,
  label: string | null,
  { id }: { id?: string },
): Promise<number | Response> {
  if (label !== null && !isLabelled) return problem(403, "a token without a label is required");
  if (label === null || id === undefined) return 0;
  return (await reach.since(context, label, unhex(id))) ?? problem(404, "no such device");
}

/** The header of a request that may be repeated: a string of RFC 9651, or the bare characters. */
const IDEMPOTENCY_KEY = /^"?([\w.~+/=:-]{1,100})"?$/;

/** Name a repeatable request that has a key. Null if the key has another form. */
function repeatable(c: HonoContext<Env>, { isRepeatable }: Route, body: unknown): Repeatable | undefined | null {
  const header = c.req.header("idempotency-key");
  if (!isRepeatable || header === undefined) return undefined;
  const key = IDEMPOTENCY_KEY.exec(header)?.[1];
  return key === undefined ? null : named(c.get("bearer").hash, key, [c.req.path, body]);
}

/** Answer with JSON, or with 304 if the client has it already (RFC 9110, section 13.1.2). */
function withTag(c: HonoContext<Env>, json: string): Response {
  const etag = `"${createHash("sha256").update(json).digest("base64url").slice(0, 22)}"`;
  const headers = { etag, "cache-control": "private, no-cache" };
  const known = c.req.header("if-none-match")?.split(",") ?? [];
  const isKnown = known.some((tag) => ["*", etag].includes(tag.trim().replace(/^W\//, "")));
  if (isKnown) return c.body(null, 304, headers);
  return c.body(json, 200, { ...headers, "content-type": "application/json" });
}

/** Make a handler of a route: validate, call, answer. */
function handler(context: Context, route: Route): (c: HonoContext<Env>) => Promise<Response> {
  return async (c) => {
    const given = {
      params: route.params.safeParse(c.req.param()),
      query: route.query.safeParse(c.req.query()),
      body: route.body.safeParse(route.method === "get" ? {} : await json(c.req)),
    };
    if (!given.params.success) return problem(404, "this path does not exist");
    if (!given.query.success) return problem(400, z.prettifyError(given.query.error));
    if (!given.body.success) return problem(400, z.prettifyError(given.body.error));
    const { name: actor, scope, label } = route.scope === "none" ? ANYONE : c.get("bearer");
    const reachedSince = await reachOf(context, route, label, given.params.data as { id?: string });
    if (reachedSince instanceof Response) return reachedSince;
    const asked = repeatable(c, route, given.body.data);
    if (asked === null) return problem(400, "an Idempotency-Key has 1 to 100 letters, digits and ._~+/=:-");
    const [params, query, body] = [given.params.data, given.query.data, given.body.data] as never[];
    const schemas = { params: params!, query: query!, body: body! };
    const result = await route.handle(context, { ...schemas, actor, scope, label, reachedSince, asked });
    if (result instanceof Answered) return problem(result.status, result.error);
    if (typeof result === "string") return c.text(result);
    const rendered = result instanceof Rendered ? result.json : JSON.stringify(result);
    return route.method === "get"
      ? withTag(c, rendered)
      : c.body(rendered, 200, { "content-type": "application/json" });
  };
}

/** Put the routes together. */
export function application(context: Context, fields?: Fields): Hono<Env> {
  const { store } = context;
  const app = new Hono<Env>();
  const may = guard(context);
  for (const route of ROUTES) {
    if (route.scope !== "none") app.on(route.method, route.path, may(route.scope));
    app.on(route.method, route.path, handler(context, route));
  }
  for (const { path, ...file } of page(fields)) app.get(path, (c) => c.body(file.body, 200, file.headers));
  app.get("/v1/events", may("read"), streams.events(context));
  app.get("/v1/devices/:id/export", may("read"), streams.exported(context));
  app.get("/openapi.json", (c) => c.json(openapi()));
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/readyz", async (c) => {
    try {
      await store.read.selectFrom("audit_head").select("seq").executeTakeFirst();
      return c.text("ready");
    } catch {
      return c.text("the database does not answer", 503);
    }
  });
  refuseOtherMethods(app);
  app.notFound(() => problem(404, "this path does not exist"));
  app.onError((error, c) => {
    if (error instanceof TooLarge) return problem(413, "too large", { connection: "close" });
    if (error instanceof NotJson) return problem(400, "the body is not JSON");
    context.onError(error, `${c.req.method} ${c.req.path}`);
    if (store.trouble(error) !== undefined) return problem(503, BUSY, { "retry-after": RETRY_SECONDS });
    return problem(500, "the server failed");
  });
  return app;
}
