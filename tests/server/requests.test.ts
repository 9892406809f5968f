// weight: 16 s, 0.6 cores
/** Requests to the operators' API in every form that HTTP allows: each gets the right answer, none an error of the server. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import fc from "fast-check";
import { openapi } from "../../tools/server/openapi.ts";
import { ask, command, enrolled, rows, serve, type Fixture } from "./harness.ts";

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
