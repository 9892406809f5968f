// weight: 16 s, 0.6 cores
/** Requests to the operators' API in every form that HTTP allows: each gets the right answer, none an error of the server. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { ANSWERS } from "../../tools/server/answers.ts";
import { openapi } from "../../tools/server/openapi.ts";
import { ROUTES } from "../../tools/server/routes.ts";
import { hex } from "../../tools/wire/bytes.ts";
import * as exchange from "../../tools/wire/exchange.ts";
import * as messages from "../../tools/wire/messages.ts";
import {
  AUDIENCE,
  FLAVOURS,
  answered,
  ask,
  command,
  enrolled,
  missing,
  refusal,
  rows,
  serve,
  text,
  type Fixture,
  type Json,
} from "./harness.ts";
import { past } from "./past.ts";

interface Sent {
  readonly method: string;
  readonly path: string;
  /** None is sent if it is not given; it is announced by its length, or sent in chunks. */
  readonly body?: string;
  readonly isChunked?: boolean;
}

/** Send one request as given, and return the status and the `allow` header of the answer. */
function send(server: Fixture, { method, path, body, isChunked }: Sent): Promise<{ status: number; allow?: string }> {
  return new Promise((resolve, reject) => {
    const length = body === undefined || isChunked === true ? {} : { "content-length": Buffer.byteLength(body) };
    const chunked = isChunked === true ? { "transfer-encoding": "chunked" } : {};
    const headers = { authorization: `Bearer ${server.adminToken}`, connection: "close", ...length, ...chunked };
    const sent = request(server.url + path, { method, headers, agent: false }, (answer) => {
      const { allow } = answer.headers;
      resolve({ status: answer.statusCode!, ...(allow !== undefined && { allow }) });
      answer.destroy();
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function post(body: object): RequestInit {
  return { method: "POST", body: JSON.stringify(body) };
}

const UNKNOWN = `/v1/devices/${"0".repeat(64)}`;

void test("a request without a body, with a chunked one, and with any method gets its answer", async (t) => {
  const errors: unknown[] = [];
  const server = await serve(t, { onError: (...error) => errors.push(error) });
  const claims = JSON.stringify({ count: 1, expiresAt: server.clock.now + 1000 });
  const status = async (sent: Sent): Promise<number> => (await send(server, sent)).status;
  for (const body of [undefined, "{}"])
    for (const isChunked of [false, true])
      assert.equal(await status({ method: "POST", path: `${UNKNOWN}/suspend`, ...(body && { body }), isChunked }), 404);
  for (const isChunked of [false, true]) {
    assert.equal(await status({ method: "POST", path: "/v1/claims", body: claims, isChunked }), 200);
    assert.equal(await status({ method: "POST", path: "/v1/claims", body: "x".repeat(40_000), isChunked }), 413);
  }
  for (const method of ["DELETE", "PUT", "PATCH", "OPTIONS"]) {
    assert.deepEqual(await send(server, { method, path: "/healthz" }), { status: 405, allow: "GET, HEAD" });
    assert.deepEqual(await send(server, { method, path: `${UNKNOWN}/suspend` }), { status: 405, allow: "POST" });
    assert.equal(await status({ method, path: "/nothing" }), 404);
  }
  assert.equal(await status({ method: "HEAD", path: "/healthz" }), 200);
  // Each refusal is a problem of RFC 9457.
  for (const [path, init, wanted] of [
    ["/nothing", {}, 404],
    ["/healthz", { method: "PUT" }, 405],
    ["/v1/devices", {}, 401],
    [
      "/v1/claims",
      { method: "POST", body: "x".repeat(40_000), headers: { authorization: `Bearer ${server.adminToken}` } },
      413,
    ],
    ["/v1/claims", { method: "POST", body: "{}", headers: { authorization: `Bearer ${server.adminToken}` } }, 400],
  ] as const) {
    const response = await fetch(server.url + path, init);
    assert.equal(response.headers.get("content-type"), "application/problem+json", path);
    const { title, status: told, detail } = (await response.json()) as Record<string, unknown>;
    assert.deepEqual([response.status, told, typeof title, typeof detail], [wanted, wanted, "string", "string"]);
  }
  assert.deepEqual(errors, []);
});

void test("requests made at random from the OpenAPI document never get a 5xx", async (t) => {
  const errors: unknown[] = [];
  const server = await serve(t, { onError: (...error) => errors.push(error) });
  const device = Buffer.from((await enrolled(server)).id).toString("hex");
  // Ending the test's own token would hide every route behind a 401; a stream has no end.
  const paths = Object.keys(openapi()["paths"] as object).filter((path) => !/events|tokens\/end/.test(path));
  const id = fc.constantFrom(device, "0".repeat(64), "zz", "%00", "%ff");
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(0, -1, 1e15, 2 ** 53, "00", "\u0000", "\ud800"),
  );
  const field = fc.constantFrom(
    "count",
    "expiresAt",
    "note",
    "ids",
    "name",
    "scope",
    "data",
    "reason",
    "labels",
    "more",
  );
  const body = fc.oneof(
    fc.string({ unit: "binary", maxLength: 50 }),
    fc.dictionary(field, value, { maxKeys: 4 }).map((object) => JSON.stringify(object)),
  );
  const query = fc.dictionary(
    fc.constantFrom("limit", "after", "cursor", "order", "label", "name", "device", "state"),
    fc.string({ unit: "binary", maxLength: 20 }),
    { maxKeys: 3 },
  );
  const sent = fc.record({
    method: fc.constantFrom("GET", "POST", "POST", "POST", "PATCH", "HEAD", "PUT", "DELETE", "OPTIONS"),
    path: fc.tuple(fc.constantFrom(...paths), id, query).map(([path, one, asked]) => {
      const search = new URLSearchParams(asked).toString();
      return path.replace("{id}", one) + (search && `?${search}`);
    }),
    body: fc.option(body, { nil: undefined }),
    isChunked: fc.boolean(),
  });
  const runs = Number(process.env["REQUESTS"] ?? 400);
  await fc.assert(
    fc.asyncProperty(sent, async ({ body: text, ...one }) => {
      const { status } = await send(server, { ...one, ...(text !== undefined && { body: text }) });
      assert.ok(status < 500, String(status));
    }),
    { numRuns: runs, seed: 17 },
  );
  assert.deepEqual(errors, []);
});

void test("a command or an order that is expired already is refused, and changes no row", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const before = await rows(server);
  const path = `/v1/devices/${Buffer.from(device.id).toString("hex")}`;
  for (const expiresAt of [1, server.clock.now - 1, server.clock.now]) {
    for (const [verb, body] of [
      ["downlinks", { data: "00", expiresAt }],
      ["rotate", { expiresAt }],
    ] as const) {
      const answer = await ask(server, server.adminToken, `${path}/${verb}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      assert.equal(answer.status, 400);
    }
  }
  assert.deepEqual(await rows(server), before);
  assert.equal(await command(server, device, "00", 1), 1);
});

for (const flavour of FLAVOURS)
  void test(
    `${flavour}: a request that is repeated under its key is decided once, by any instance, also at the same time`,
    { skip: missing(flavour) },
    async (t) => {
      const server = await serve(t, {}, flavour);
      const device = await enrolled(server);
      const { token } = (await ask(server, server.adminToken, "/v1/tokens", post({ name: "x", scope: "operate" })))
        .body;
      const path = `/v1/devices/${hex(device.id)}`;
      const expiresAt = server.clock.now + 1e9;
      const asked = async (
        where: string,
        body: object,
        key: string,
        by = server.adminToken,
      ): Promise<[number, Json]> => {
        const answer = await ask(server, by, where, { ...post(body), headers: { "idempotency-key": key } });
        return [answer.status, answer.body];
      };
      const claims = { count: 3, expiresAt };
      const made = await asked("/v1/claims", claims, "a");
      assert.equal(new Set(made[1].claims).size, 3);
      server.clock.pass(1000);
      for (const key of ["a", '"a"']) assert.deepEqual(await asked("/v1/claims", claims, key), made);
      // The key belongs to a token, and to one request.
      assert.notDeepEqual(await asked("/v1/claims", claims, "a", token), made);
      assert.notDeepEqual(await asked("/v1/claims", claims, "b"), made);
      assert.equal((await asked("/v1/claims", { ...claims, count: 4 }, "a"))[0], 422);
      assert.equal((await asked(`${path}/rotate`, { expiresAt }, "a"))[0], 422);
      assert.equal((await ask(server, server.adminToken, "/v1/claims?limit=1000")).body.claims.length, 9);
      // The database does not have the claims, nor what they are made from.
      const stored = JSON.stringify(await server.store.read.selectFrom("repeats").selectAll().execute());
      for (const claim of made[1].claims) assert.ok(!stored.includes(claim));

      const commands = await Promise.all(
        Array.from({ length: 5 }, () => asked(`${path}/downlinks`, { data: "01", expiresAt }, "c")),
      );
      for (const one of commands) assert.deepEqual(one, [200, { counter: 1 }]);
      assert.deepEqual(await asked(`${path}/rotate`, { expiresAt }, "d"), [200, { counter: 2 }]);
      assert.deepEqual(await asked(`${path}/rotate`, { expiresAt }, "d"), [200, { counter: 2 }]);
      // A refused request may be tried again with its key.
      const unknown = `/v1/devices/${"00".repeat(32)}/downlinks`;
      for (let i = 0; i < 2; i++) assert.equal((await asked(unknown, { data: "01", expiresAt }, "e"))[0], 404);
      for (const key of ["", "two words", "x".repeat(101), '"'])
        assert.equal((await asked("/v1/claims", claims, key))[0], 400, key);
      const again = { ...(await server.restart()), adminToken: server.adminToken };
      const restarted = await ask(again, again.adminToken, "/v1/claims", {
        ...post(claims),
        headers: { "idempotency-key": "a" },
      });
      assert.deepEqual(restarted.body, made[1]);
      // After a day the key is free.
      server.clock.pass(25 * 3_600_000);
      const later = { ...claims, expiresAt: server.clock.now + 1e9 };
      const { status, body } = await ask(again, again.adminToken, "/v1/claims", {
        ...post(later),
        headers: { "idempotency-key": "a" },
      });
      assert.equal(status, 200);
      assert.ok(!body.claims.includes(made[1].claims[0]));
    },
  );

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly allOf?: readonly Schema[];
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** Make a value that a schema allows, the shortest text first. */
function sample(schema: Schema): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === "array") return [sample(schema.items!)];
  if (schema.type === "integer") return Math.max(1, schema.minimum ?? 1);
  const patterns = [schema, ...(schema.allOf ?? [])].flatMap(({ pattern }) => pattern ?? []);
  return ["x", "", "00", "00".repeat(32), "1", "log/1"].find((one) =>
    patterns.every((each) => new RegExp(each, "u").test(one)),
  );
}

void test("no text of any request may have control characters, separators of lines or half a character", () => {
  let asked = 0;
  for (const { method, path, body, query } of ROUTES.filter(({ path: one }) => one !== "/v1/authorize"))
    for (const wanted of [body, query]) {
      const { properties = {}, required = [] } = z.toJSONSchema(wanted, { io: "input" }) as Schema;
      const names = Object.keys(properties);
      const least = Object.fromEntries(required.map((name) => [name, sample(properties[name]!)]));
      // Some bodies need one of several fields.
      const sound = [least, ...names.map((name) => ({ ...least, [name]: sample(properties[name]!) }))].find(
        (one) => wanted.safeParse(one).success,
      );
      assert.ok(sound, `${method} ${path}`);
      for (const name of names) {
        const { type, items } = properties[name]!;
        if ((items ?? properties[name]!).type !== "string") continue;
        const good = sample(items ?? properties[name]!) as string;
        const given = (one: string): object => ({ [name]: type === "array" ? [one] : one });
        const rest = wanted.safeParse({ ...least, ...given(good) }).success ? least : sound;
        const put = (one: string): object => ({ ...rest, ...given(one) });
        for (const text of ["\0", "\u0085", "\u2028", "\ud800", "\n"]) {
          assert.ok(wanted.safeParse(put(good)).success, `${method} ${path} ${name}`);
          assert.ok(!wanted.safeParse(put(good + text)).success, `${method} ${path} ${name}: ${JSON.stringify(text)}`);
          asked++;
        }
      }
    }
  assert.ok(asked > 200, String(asked));
});

void test("a list that did not change is not sent again", async (t) => {
  const server = await serve(t);
  const device = await enrolled(server);
  const get = (path: string, known?: string): Promise<Response> =>
    fetch(server.url + path, {
      headers: { authorization: `Bearer ${server.adminToken}`, ...(known !== undefined && { "if-none-match": known }) },
    });
  const path = `/v1/devices/${hex(device.id)}`;
  for (const where of ["/v1/devices", path, `${path}/reports`, "/v1/totals"]) {
    const first = await get(where);
    const etag = first.headers.get("etag")!;
    assert.match(etag, /^"[\w-]{22}"$/, where);
    assert.equal(first.status, 200);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await get(where, known);
      assert.deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag], known);
    }
    assert.equal((await get(where, '"x"')).status, 200);
    server.clock.pass(1000);
    await exchange.report(device, server.url, text("x"));
    const changed = await get(where, etag);
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get("etag"), etag);
  }
});

void test("the answer of every route matches its schema, and the document has each schema", async (t) => {
  const server = await serve(t);
  const { adminToken } = server;
  await past(server);
  const device = await enrolled(server);
  await exchange.report(device, server.url, text("x"));
  const [path, expiresAt] = [`/v1/devices/${hex(device.id)}`, server.clock.now + 1e6];
  const decide = (where: string, body: object): ReturnType<typeof ask> => ask(server, adminToken, where, post(body));
  const access = { clientId: hex(device.id), audience: AUDIENCE, issuedAt: Math.floor(server.clock.now / 1000) };
  const password = Buffer.from(messages.sealAccess(device.key, access)).toString("base64");
  for (const clientid of [hex(device.id), "x"]) await decide("/v1/authorize?denied=200", { clientid, password });
  await decide("/v1/rules", { name: "x", silent: 1e6 });
  await ask(server, adminToken, "/v1/rules");
  await decide("/v1/rules/end", { name: "x" });
  await decide(`${path}/downlinks`, { data: "00", expiresAt });
  await decide(`${path}/downlinks/withdraw`, {});
  await decide(`${path}/rotate`, { expiresAt });
  for (const verb of ["send", "drop"]) await decide(`/v1/letters/${verb}`, { ids: ["log/1"] });
  await decide(`${path}/suspend`, {});
  await decide(`${path}/restore`, {});
  await refusal(server, "reports", new Uint8Array(0));
  const log = (await ask(server, adminToken, "/v1/log?limit=1000")).body.entries;
  assert.ok(log.length > 20);
  await server.sequencer.look();
  const { hash } = (await ask(server, adminToken, `${path}/reports`)).body.reports[0];
  await ask(server, adminToken, `/v1/receipts/${hash}`);
  await ask(server, adminToken, "/v1/consistency/1/2");
  for (const name of Object.keys(ANSWERS).filter((one) => one.startsWith("get ")))
    await ask(server, adminToken, name.slice(4).replace(":id", hex(device.id)));
  assert.deepEqual([...answered].toSorted(), Object.keys(ANSWERS).toSorted());
  const paths = openapi()["paths"] as Record<string, Record<string, { operationId: string; responses: Json }>>;
  const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  assert.equal(new Set(ids).size, ids.length);
  for (const one of ids) assert.match(one, /^(get|post|patch)([A-Z][a-z]+)+$/);
  for (const [where, methods] of Object.entries(paths))
    for (const [method, { responses }] of Object.entries(methods)) {
      const content = responses["200"].content;
      const name = `${method} ${where.replace(/\{(\w+)\}/g, ":$1")}`;
      assert.equal("application/json" in content, name in ANSWERS, name);
    }
});
