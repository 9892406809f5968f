import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { application } from "../../tools/server/application.ts";
import * as keyFile from "../../tools/server/keys.ts";
import { openapi } from "../../tools/server/openapi.ts";
import { page } from "../../tools/server/page.ts";
import { Reader } from "../../tools/server/reader.ts";
import { TokenUses } from "../../tools/server/token_uses.ts";
import { SCOPES, type Scope } from "../../tools/server/tokens.ts";
import { hex } from "../../tools/wire/bytes.ts";
import { AUDIENCE, ask, enrolled, rows, serve, type Fixture } from "./harness.ts";

interface Operation {
  readonly method: string;
  /** As the document has it: with {id}. */
  readonly path: string;
  readonly scope: Scope | "none";
}

/** Every operation that the document names, with the scope that it says is needed. */
function documented(): Operation[] {
  const paths = openapi()["paths"] as Record<
    string,
    Record<string, { responses: Record<string, { description: string }> }>
  >;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => {
      const scope = /scope (\w+)/.exec(responses["403"]?.description ?? "")?.[1] ?? "none";
      return { method, path, scope: scope as Operation["scope"] };
    }),
  );
}

/** Routes that need no token, and reveal nothing about a device. */
const PUBLIC = new Set(["/v1/server", "/openapi.json", "/healthz", "/readyz"]);
/** Acts that cannot be undone, or that give others the right to do them. */
const ADMIN = /\/(revoke|replace|transfer|tokens|tokens\/end)$/;

/** The least that may do something: looking needs read, doing needs operate, what is for ever needs admin. */
function least({ method, path }: Operation): Operation["scope"] {
  if (PUBLIC.has(path)) return "none";
  if (path === "/v1/authorize") return "authorize";
  if (method === "get") return "read";
  return ADMIN.test(path) ? "admin" : "operate";
}

async function tokens(server: Fixture): Promise<Record<Scope, string>> {
  const make = async (scope: Scope): Promise<string> => {
    const body = JSON.stringify({ name: scope, scope });
    return (await ask(server, server.adminToken, "/v1/tokens", { method: "POST", body })).body.token;
  };
  return {
    authorize: await make("authorize"),
    read: await make("read"),
    operate: await make("operate"),
    admin: await make("admin"),
  };
}

/** Ask for the status alone: a stream has no end. */
async function status(
  server: Fixture,
  token: string | undefined,
  { method, path }: Operation,
  id: string,
): Promise<number> {
  const response = await fetch(server.url + path.replace("{id}", id), {
    method: method.toUpperCase(),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(method === "get" ? {} : { body: "{}" }),
  });
  await response.body?.cancel();
  return response.status;
}

void test("each route of the document needs its scope, and every route is in the document", async (t) => {
  const server = await serve(t);
  const { intake, store, clock } = server;
  const keys = keyFile.load(server.options.key!);
  const uses = new TokenUses({ store, keys }, () => undefined);
  t.after(() => uses.close());
  const app = application({
    intake,
    store,
    clock: clock.read,
    ticks: clock.readTicks,
    keys,
    uses,
    audience: AUDIENCE,
    policy: "open",
    gauges: () => [],
    reader: new Reader(server.options.database),
    tokensChanged: new EventEmitter(),
    onError: () => undefined,
  });
  const known = documented();
  for (const operation of known) assert.equal(operation.scope, least(operation), JSON.stringify(operation));
  const ofPage = new Set(page().map(({ path }) => path));
  const names = new Set(known.map(({ method, path }) => `${method} ${path}`));
  for (const { method, path } of app.routes) {
    if (method === "ALL" || PUBLIC.has(path) || ofPage.has(path)) continue;
    const name = `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`;
    assert.ok(names.has(name), `${name} is not in the document`);
  }
});

void test("a token with too low a scope, or none, reads nothing and changes no row on any route", async (t) => {
  const server = await serve(t);
  const id = hex((await enrolled(server)).id);
  const held = await tokens(server);
  const before = await rows(server);
  const lower: [string | undefined, number][] = [
    [undefined, -1],
    ["x", -1],
    ...SCOPES.map((scope, i): [string, number] => [held[scope], i]),
  ];
  for (const operation of documented()) {
    if (operation.scope === "none") continue;
    const needed = SCOPES.indexOf(operation.scope);
    for (const [token, rank] of lower) {
      if (rank >= needed) continue;
      // Guesses come at a rate that is still answered.
      server.clock.pass(5000);
      assert.equal(
        await status(server, token, operation, id),
        rank < 0 ? 401 : 403,
        `${rank} ${JSON.stringify(operation)}`,
      );
    }
  }
  assert.deepEqual(await rows(server), before);
});

void test("a token with the scope is accepted at every route", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const held = await tokens(server);
  // Last what would end the device or the tokens.
  const operations = documented().toSorted((a, b) => Number(ADMIN.test(a.path)) - Number(ADMIN.test(b.path)));
  for (const operation of operations) {
    if (operation.scope === "none") continue;
    for (const scope of SCOPES.slice(SCOPES.indexOf(operation.scope))) {
      const found = await status(server, held[scope], operation, hex(device.id));
      assert.ok(found !== 401 && found !== 403, `${scope} ${JSON.stringify(operation)}: ${found}`);
    }
  }
});
