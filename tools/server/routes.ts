/**
 * All routes of the operators' API. Their schemas validate requests and produce the OpenAPI document. A route returns the JSON
 * of its answer, or an `Answered` with its own status.
 */
import { z } from "zod";
import { hex } from "../wire/bytes.ts";
import { CLIENT_MAX, DATA_MAX } from "../wire/messages.ts";
import { MAX_BYTES } from "../wire/sign1.ts";
import * as alarms from "./alarms.ts";
import * as decisions from "./decisions.ts";
import * as profile from "./profile.ts";
import { Answered, bytes, id, label, later, note, route, text, tokenName, unhex, type Route } from "./route.ts";
import { READING } from "./routes_reading.ts";
import * as replacement from "./replacement.ts";
import * as rules from "./rules.ts";
import * as tokens from "./tokens.ts";

const ruleName = text(1, 100);
const ruleBody = z
  .object({
    name: ruleName,
    label: label.optional().describe("only devices with this label"),
    silent: z.number().int().min(rules.SILENT_MIN_MS).max(1e12).optional().describe("milliseconds without a message"),
    outdated: text(1, 100).optional().describe("a version: firmware older than it"),
    damaged: z.number().int().min(1).max(1e6).optional().describe("records of its flash that a device repaired"),
  })
  .strict()
  .refine(
    ({ silent, outdated, damaged }) => [silent, outdated, damaged].filter((one) => one !== undefined).length === 1,
    {
      message: "give one of silent, outdated and damaged",
    },
  );

/** Characters of the longest message in base64. */
const PASSWORD_MAX = Math.ceil(MAX_BYTES / 3) * 4;

const authorizing = [
  route(
    "post",
    "/v1/authorize",
    "authorize",
    "Verify a password that a client gave to another service: 200 with the device that signed it, or a denial",
    {
      query: z
        .object({
          denied: z
            .enum(["200", "403"])
            .default("403")
            .describe("the status of a denial: some brokers read the body of a 200 only"),
        })
        .strict(),
      body: z
        .object({
          clientid: z.string().max(CLIENT_MAX),
          username: z.string().max(CLIENT_MAX).optional(),
          password: z
            .string()
            .max(PASSWORD_MAX)
            .regex(/^[\w+/-]*={0,2}$/)
            .describe("the signed message in base64 or base64url"),
        })
        .strict(),
    },
    async ({ intake }, { query, body }) => {
      const { clientid: clientId, ...rest } = body;
      const verdict = await intake.authorize({ clientId, ...rest });
      if (!("denied" in verdict)) return { result: "allow", ...verdict };
      return query.denied === "200" ? { result: "deny", reason: verdict.denied } : new Answered(403, verdict.denied);
    },
  ),
];

const reason = z.object({ reason: note }).strict();

function stateRoute(verb: string, state: decisions.Decided, scope: tokens.Scope, summary: string): Route {
  return route(
    "post",
    `/v1/devices/:id/${verb}`,
    scope,
    summary,
    { params: z.object({ id }), body: reason },
    async (context, { params, body, actor }) => {
      const change = await decisions.setState(context, unhex(params.id), state, actor, body.reason);
      if (change === "unknown") return new Answered(404, "no such device");
      if (change === "impossible") return new Answered(409, `a device in its state cannot be made ${state}`);
      context.intake.tell({ kind: "state", device: params.id, state, at: context.clock() });
      return { state };
    },
  );
}

function queued(counter: decisions.Queued): Answered | { counter: number } {
  if (counter === "unknown") return new Answered(404, "no such active device");
  if (counter === "expired") return new Answered(400, "expiresAt is in the past");
  return counter === "full" ? new Answered(409, "too many commands wait for this device") : { counter };
}

const deciding = [
  route(
    "post",
    "/v1/alarms/acknowledge",
    "operate",
    "Note that alarms of the log were seen",
    { body: z.object({ seqs: z.array(z.number().int().min(1).max(1e15)).min(1).max(100), note }).strict() },
    async (context, { body, actor }) => ({
      acknowledged: await alarms.acknowledge(context, body.seqs, body.note, actor),
    }),
  ),
  route(
    "post",
    "/v1/rules",
    "operate",
    "Make a rule: an alarm about each active device that is silent, has older firmware, or repaired its flash",
    { body: ruleBody },
    async (context, { body: { name, label: only = null, ...limits }, actor }) => {
      const [kind, value] = Object.entries(limits)[0]! as [rules.Kind, string | number];
      const made = await rules.make(context, { name, kind, value: String(value), label: only }, actor);
      if (made === "known") return new Answered(409, "there is a rule of this name");
      return made === "full" ? new Answered(409, `there are ${rules.RULES_MAX} rules`) : { name };
    },
  ),
  route(
    "post",
    "/v1/rules/end",
    "operate",
    "End a rule; its alarms stay in the log",
    { body: z.object({ name: ruleName }).strict() },
    async (context, { body, actor }) => ({ ended: await rules.end(context, body.name, actor) }),
  ),
  route(
    "patch",
    "/v1/devices/:id",
    "operate",
    "Name, note and labels of a device; what is not given stays",
    {
      params: z.object({ id }),
      body: z
        .object({
          name: text(0, profile.NAME_MAX).optional(),
          note: text(0, profile.NOTE_MAX).optional(),
          labels: z.array(label).max(profile.LABELS_MAX).optional(),
        })
        .strict(),
    },
    async (context, { params, body, actor }) =>
      (await profile.describe(context, unhex(params.id), body, actor)) ?? new Answered(404, "no such device"),
  ),
  stateRoute("suspend", "suspended", "operate", "Refuse a device until it is restored"),
  stateRoute("restore", "active", "operate", "Accept a suspended device again"),
  stateRoute("revoke", "revoked", "admin", "Refuse a device's key permanently"),
  route(
    "post",
    "/v1/devices/:id/replace",
    "admin",
    "Put a new board in the place of this one: it takes name, labels and history over, and this key is revoked",
    { params: z.object({ id }), body: z.object({ by: id, reason: note }).strict() },
    async (context, { params, body, actor }) => {
      const done = await replacement.replace(context, unhex(params.id), unhex(body.by), actor, body.reason);
      if (done === "unknown") return new Answered(404, "no such device");
      if (done === "impossible") return new Answered(409, "the new device must be active and replace no other one");
      context.intake.tell({ kind: "state", device: params.id, state: "revoked", at: context.clock() });
      return { by: body.by };
    },
  ),
  route(
    "post",
    "/v1/devices/:id/downlinks",
    "operate",
    "Queue a signed command for a device",
    { params: z.object({ id }), body: z.object({ data: bytes(0, DATA_MAX), expiresAt: later }).strict() },
    async (context, { params, body, actor }) => {
      return queued(await decisions.queueCommand(context, unhex(params.id), unhex(body.data), body.expiresAt, actor));
    },
  ),
  route(
    "post",
    "/v1/devices/:id/rotate",
    "operate",
    "Order a device to make another key and to hand over to it",
    { params: z.object({ id }), body: z.object({ expiresAt: later }).strict() },
    async (context, { params, body, actor }) => {
      return queued(await decisions.orderRotation(context, unhex(params.id), body.expiresAt, actor));
    },
  ),
  route(
    "post",
    "/v1/claims",
    "operate",
    "Make one-time claims; they are shown only once",
    { body: z.object({ count: z.number().int().min(1).max(1000), expiresAt: later, note }).strict() },
    async (context, { body, actor }) => ({
      claims: (await decisions.makeClaims(context, body.count, body.expiresAt, body.note, actor)).map(hex),
    }),
  ),
  route(
    "post",
    "/v1/invitations",
    "operate",
    "Put ids known from the factory on the allowlist",
    { body: z.object({ ids: z.array(id).min(1).max(1000), note }).strict() },
    async (context, { body, actor }) => ({
      added: await decisions.invite(context, body.ids.map(unhex), body.note, actor),
    }),
  ),
  route(
    "post",
    "/v1/tokens",
    "admin",
    "Make a token; it is shown only once",
    {
      body: z.object({ name: tokenName, scope: z.enum(tokens.SCOPES), expiresAt: later.optional() }).strict(),
    },
    async ({ store, keys, clock }, { body, actor }) => {
      const { name, scope, expiresAt = null } = body;
      if (expiresAt !== null && expiresAt <= clock()) return new Answered(400, "expiresAt is in the past");
      return { token: await tokens.make(store, keys, { name, scope, expiresAt }, actor, clock()) };
    },
  ),
  route(
    "get",
    "/v1/tokens",
    "read",
    "List the tokens by name, ended ones included; a token itself is shown only when it is made",
    {},
    async ({ store, keys, clock }) => ({ tokens: await tokens.list(store, keys, clock()) }),
  ),
  route(
    "post",
    "/v1/tokens/end",
    "admin",
    "End the tokens of a name",
    { body: z.object({ name: tokenName }).strict() },
    async (context, { body, actor }) => {
      const ended = await decisions.endToken(context, body.name, actor);
      context.tokensChanged.emit("changed");
      return { ended };
    },
  ),
];

export const ROUTES: readonly Route[] = [...authorizing, ...READING, ...deciding];
