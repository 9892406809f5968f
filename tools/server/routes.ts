/**
 * All routes of the operators' API. Their schemas validate requests and produce the OpenAPI document. A route returns the JSON
 * of its answer, or an `Answered` with its own status.
 */
import { z } from "zod";
import { CLIENT_MAX, DATA_MAX } from "../wire/messages.ts";
import { MAX_BYTES } from "../wire/sign1.ts";
import * as alarms from "./alarms.ts";
import * as decisions from "./decisions.ts";
import * as profile from "./profile.ts";
import * as reach from "./reach.ts";
import { Answered, bytes, id, label, later, note, OTHER_REQUEST, route, text, unhex, type Route } from "./route.ts";
import { READING } from "./routes_reading.ts";
import { LETTERS } from "./routes_letters.ts";
import { RIGHTS } from "./routes_rights.ts";
import * as replacement from "./replacement.ts";
import * as rules from "./rules.ts";
import type * as tokens from "./tokens.ts";
import { OTHER } from "./repeats.ts";
import { transfer } from "./transfer.ts";
import * as withdrawal from "./withdrawal.ts";

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
      isLabelled: true,
    },
    async (context, { query, body, label: only }) => {
      const { clientid: clientId, ...rest } = body;
      const found = await context.intake.authorize({ clientId, ...rest });
      const isReached = "denied" in found || (await reach.since(context, only, unhex(found.device))) !== undefined;
      const verdict = isReached ? found : { denied: "unknown-device" as const };
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
    { params: z.object({ id }), body: reason, isLabelled: true },
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
  if (counter === OTHER) return OTHER_REQUEST;
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
      isLabelled: true,
    },
    async (context, { params, body, actor, label: only }) => {
      // Labels give rights: a holder of one could give the device to others.
      if (only !== null && body.labels !== undefined) return new Answered(403, "a token without a label is required");
      return (await profile.describe(context, unhex(params.id), body, actor)) ?? new Answered(404, "no such device");
    },
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
    "/v1/devices/:id/transfer",
    "admin",
    "Put one label in the place of another: tokens with the old one reach the device no more, those with the new one what it sends from now on",
    {
      params: z.object({ id }),
      body: z.object({ from: label, to: label, reason: note }).strict(),
    },
    async (context, { params, body, actor }) => {
      const withdrawn = await transfer(context, unhex(params.id), body, actor);
      if (withdrawn === "unknown") return new Answered(404, "no such device");
      if (withdrawn === "impossible") return new Answered(409, "the device must have the one label and not the other");
      return { withdrawn };
    },
  ),
  route(
    "post",
    "/v1/devices/:id/downlinks",
    "operate",
    "Queue a signed command for a device",
    {
      params: z.object({ id }),
      body: z.object({ data: bytes(0, DATA_MAX), expiresAt: later }).strict(),
      isLabelled: true,
      isRepeatable: true,
    },
    async (context, { params, body: { data, expiresAt }, actor, asked }) => {
      return queued(await decisions.queueCommand(context, unhex(params.id), unhex(data), expiresAt, actor, asked));
    },
  ),
  route(
    "post",
    "/v1/devices/:id/downlinks/withdraw",
    "operate",
    "Withdraw the commands that wait for a device, or one of them; it may still obey one that was sent to it",
    {
      params: z.object({ id }),
      body: z
        .object({
          counter: z
            .number()
            .int()
            .min(1)
            .max(2 ** 32)
            .optional(),
          reason: note,
        })
        .strict(),
      isLabelled: true,
    },
    async (context, { params, body, actor }) => {
      const withdrawn = await withdrawal.commands(context, unhex(params.id), body.counter, actor, body.reason);
      return withdrawn === "unknown" ? new Answered(404, "no such device") : { withdrawn };
    },
  ),
  route(
    "post",
    "/v1/devices/:id/rotate",
    "operate",
    "Order a device to make another key and to hand over to it",
    {
      params: z.object({ id }),
      body: z.object({ expiresAt: later }).strict(),
      isLabelled: true,
      isRepeatable: true,
    },
    async (context, { params, body, actor, asked }) => {
      return queued(await decisions.orderRotation(context, unhex(params.id), body.expiresAt, actor, asked));
    },
  ),
];

export const ROUTES: readonly Route[] = [...authorizing, ...READING, ...deciding, ...RIGHTS, ...LETTERS];
