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
import * as devices from "./devices.ts";
import { metrics } from "./metrics.ts";
import * as profile from "./profile.ts";
import {
  Answered,
  Rendered,
  bytes,
  id,
  label,
  later,
  limit,
  note,
  route,
  start,
  text,
  tokenName,
  unhex,
  whole,
  type Route,
} from "./route.ts";
import * as replacement from "./replacement.ts";
import * as rules from "./rules.ts";
import { STATES } from "./store/schema.ts";
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

const deviceQuery = z
  .object({
    limit,
    order: z.enum(devices.ORDERS).optional(),
    cursor: z
      .string()
      .regex(/^[\w-]{1,1000}$/)
      .optional()
      .describe("`next` of the page before"),
    since: whole.optional(),
    silentSince: whole.optional(),
    id: start.optional(),
    name: text(1, profile.NAME_MAX).optional().describe("a part of the name"),
    state: z.enum(STATES).optional(),
    label: label.optional(),
    board: text(1, 200).optional(),
    firmware: text(1, 200).optional(),
  })
  .strict();

const reading = [
  route(
    "get",
    "/v1/server",
    "none",
    "The identity of this server: audience, public key, policy of enrolment",
    {},
    async ({ audience, keys, nextKey, policy }) => ({
      audience,
      publicKey: hex(keys.signing.publicKey),
      nextPublicKey: nextKey === undefined ? null : hex(nextKey),
      id: hex(keys.id),
      policy,
    }),
  ),
  route(
    "get",
    "/v1/counts",
    "read",
    "Counts of accepted and refused requests of this instance since its start",
    {},
    async ({ intake }) => ({
      accepted: intake.accepted,
      refused: intake.refusals,
    }),
  ),
  route(
    "get",
    "/v1/totals",
    "read",
    "The number of devices in each state, and of stored reports, from the database",
    {},
    async ({ reader }) => new Rendered(await reader.ask("totals", {})),
  ),
  route("get", "/v1/me", "read", "The name and the scope of this token", {}, async (_context, { actor, scope }) => ({
    name: actor,
    scope,
  })),
  route("get", "/metrics", "read", "The same for Prometheus", {}, async ({ intake, gauges }) =>
    metrics(intake, gauges()),
  ),
  route(
    "get",
    "/v1/devices",
    "read",
    "Devices by state, label, board, firmware or silence, in any order; the last heard of first",
    { query: deviceQuery },
    async ({ reader }, { query }) => {
      const { order = "-lastSeen", cursor } = query;
      if (cursor !== undefined && devices.placeOf(order, cursor) === undefined)
        return new Answered(400, "the cursor is not one of this order");
      return new Rendered(await reader.ask("devices", query));
    },
  ),
  route(
    "get",
    "/v1/devices/:id",
    "read",
    "One device",
    { params: z.object({ id }) },
    async ({ store }, { params }) =>
      (await devices.find(store, unhex(params.id))) ?? new Answered(404, "no such device"),
  ),
  route(
    "get",
    "/v1/devices/:id/reports",
    "read",
    "Reports of a device: the newest, or those after a counter",
    {
      params: z.object({ id }),
      query: z.object({ limit, since: whole.optional(), until: whole.optional(), after: whole.optional() }).strict(),
    },
    async ({ reader }, { params, query }) => new Rendered(await reader.ask("reports", { device: params.id, ...query })),
  ),
  route(
    "get",
    "/v1/devices/:id/history",
    "read",
    "The boards and keys of a device from the first to this one, and the newest reports of all of them",
    { params: z.object({ id }), query: z.object({ limit }).strict() },
    async ({ reader }, { params, query }) =>
      new Rendered(await reader.ask("history", { device: params.id, limit: query.limit })),
  ),
  route(
    "get",
    "/v1/alarms",
    "read",
    "Alarms: evidence of clones, other alarms of the log, gaps after a restored backup, and bursts of refusals at this instance",
    { query: z.object({ limit, open: z.enum(["true", "false"]).optional().describe("not acknowledged") }).strict() },
    async ({ reader, intake }, { query: { limit: most, open } }) => {
      const bursts = intake.recent.bursts.toReversed().slice(0, most);
      return new Rendered(await reader.ask("alarms", { limit: most, isOpen: open === "true", bursts }));
    },
  ),
  route("get", "/v1/rules", "read", "The rules that raise alarms about devices", {}, async ({ store }) => ({
    rules: await rules.list(store),
  })),
  route(
    "get",
    "/v1/refusals",
    "read",
    "Recent refusals of this instance in the name of a device, or of unknown devices",
    { query: z.object({ device: id.optional() }).strict() },
    async ({ intake }, { query }) => intake.recent.of(query.device ?? null),
  ),
  route(
    "get",
    "/v1/log",
    "read",
    "The audit log, the newest entries first",
    { query: z.object({ limit }).strict() },
    async ({ reader }, { query }) => new Rendered(await reader.ask("entries", query)),
  ),
];

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

export const ROUTES: readonly Route[] = [...authorizing, ...reading, ...deciding];
