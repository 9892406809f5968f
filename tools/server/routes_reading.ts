/** The routes of the operators' API that read: lists, counts, alarms, the log, and checkpoints. */
import { z } from "zod";
import { hex } from "../wire/bytes.ts";
import * as checkpoint from "./checkpoint.ts";
import * as devices from "./devices.ts";
import { metrics } from "./metrics.ts";
import * as profile from "./profile.ts";
import * as reach from "./reach.ts";
import * as receipt from "./receipt.ts";
import { Answered, Rendered, hash, id, label, limit, route, start, text, unhex, whole, type Route } from "./route.ts";
import * as rules from "./rules.ts";
import { STATES } from "./store/schema.ts";

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

/** Routes that read. */
export const READING: readonly Route[] = [
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
    { isLabelled: true },
    async ({ reader }, { label: within }) => new Rendered(await reader.ask("totals", { within })),
  ),
  route(
    "get",
    "/v1/me",
    "read",
    "The name, the scope and the label of this token",
    { isLabelled: true },
    async (_context, { actor, scope, label: within }) => ({ name: actor, scope, label: within }),
  ),
  route("get", "/metrics", "read", "The same for Prometheus", {}, async ({ intake, gauges, reader, onError }) => {
    // Without its database, a server still tells the rest.
    const measured = await reader.ask("measured", undefined).catch((error: unknown) => {
      onError(error, "GET /metrics");
      return undefined;
    });
    return metrics(intake, gauges(), measured);
  }),
  route(
    "get",
    "/v1/devices",
    "read",
    "Devices by state, label, board, firmware or silence, in any order; the last heard of first",
    { query: deviceQuery, isLabelled: true },
    async ({ reader }, { query, label: within }) => {
      const { order = "-lastSeen", cursor } = query;
      if (cursor !== undefined && devices.placeOf(order, cursor) === undefined)
        return new Answered(400, "the cursor is not one of this order");
      return new Rendered(await reader.ask("devices", { ...query, within }));
    },
  ),
  route(
    "get",
    "/v1/devices/:id",
    "read",
    "One device",
    { params: z.object({ id }), isLabelled: true },
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
      isLabelled: true,
    },
    async ({ reader }, { params, query, reachedSince }) => {
      const since = Math.max(query.since ?? 0, reachedSince);
      return new Rendered(await reader.ask("reports", { device: params.id, ...query, since }));
    },
  ),
  route(
    "get",
    "/v1/devices/:id/series",
    "read",
    "The numbers of a device's reports by key, for a plot: the lowest and the highest of each four-hundredth of a range",
    {
      params: z.object({ id }),
      query: z.object({ since: whole.default(0), until: whole.optional() }).strict(),
      isLabelled: true,
    },
    async ({ reader, clock }, { params, query, reachedSince }) => {
      const { since, until = clock() + 1 } = query;
      return new Rendered(
        await reader.ask("series", { device: params.id, since: Math.max(since, reachedSince), until }),
      );
    },
  ),
  route(
    "get",
    "/v1/devices/:id/history",
    "read",
    "The boards and keys of a device from the first to this one, and the newest reports of all of them",
    { params: z.object({ id }), query: z.object({ limit }).strict(), isLabelled: true },
    async ({ reader }, { params, query, reachedSince: since }) =>
      new Rendered(await reader.ask("history", { device: params.id, limit: query.limit, since })),
  ),
  route(
    "get",
    "/v1/devices/:id/downlinks",
    "read",
    "Commands of a device, the newest first",
    {
      params: z.object({ id }),
      query: z.object({ limit, before: whole.optional().describe("a counter") }).strict(),
      isLabelled: true,
    },
    async ({ reader, clock }, { params, query, reachedSince: since }) =>
      new Rendered(await reader.ask("commands", { device: params.id, ...query, since, now: clock() })),
  ),
  route(
    "get",
    "/v1/alarms",
    "read",
    "Alarms: evidence of clones, other alarms of the log, gaps after a restored backup, and bursts of refusals at this instance",
    {
      query: z.object({ limit, open: z.enum(["true", "false"]).optional().describe("not acknowledged") }).strict(),
      isLabelled: true,
    },
    async ({ reader, intake }, { query: { limit: most, open }, label: within }) => {
      // A burst in the name of a device was made by others.
      const bursts = within === null ? intake.recent.bursts.toReversed().slice(0, most) : [];
      return new Rendered(await reader.ask("alarms", { limit: most, isOpen: open === "true", within, bursts }));
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
    { query: z.object({ device: id.optional() }).strict(), isLabelled: true },
    async (context, { query: { device = null }, label: within }) => {
      if (within !== null && device === null) return new Answered(403, "a token without a label is required");
      const since = device === null ? 0 : await reach.since(context, within, unhex(device));
      return since === undefined ? new Answered(404, "no such device") : context.intake.recent.of(device);
    },
  ),
  route(
    "get",
    "/v1/log",
    "read",
    "The audit log, the newest entries first",
    { query: z.object({ limit }).strict() },
    async ({ reader }, { query }) => new Rendered(await reader.ask("entries", query)),
  ),
  route(
    "get",
    "/v1/checkpoint",
    "read",
    "A signed statement of the head of the log and of the heads of all chains: keep it, and a database that was put back is found",
    {},
    async ({ reader, keys, clock }) =>
      checkpoint.sign(keys.signing, await reader.ask("checkpoint", { sealKey: keys.seal, at: clock() })),
  ),
  route(
    "get",
    "/v1/receipts/:hash",
    "read",
    "A COSE Receipt (RFC 9942): the tree of all reports and log entries has this one. Give its hash, or that of its leaf if it left the database",
    { params: z.object({ hash }) },
    async ({ reader, keys }, { params }) => {
      const found = await reader.ask("receipt", { sealKey: keys.seal, hash: params.hash });
      if (found === undefined)
        return new Answered(404, "no leaf has this hash; a report gets its leaf some seconds after it");
      const made = receipt.seal(keys, found);
      const [size, index] = found.proof;
      return {
        leaf: hex(found.leaf),
        index,
        size,
        root: hex(found.root),
        receipt: hex(made),
        report: found.report === undefined ? null : hex(receipt.attach(found.report, made)),
        entry: found.entry === undefined ? null : hex(found.entry),
      };
    },
  ),
  route(
    "get",
    "/v1/consistency/:from/:to",
    "read",
    "A COSE Receipt (RFC 9942): the tree of FROM leaves is the beginning of the tree of TO leaves",
    { params: z.object({ from: whole, to: whole }) },
    async ({ reader, keys }, { params: { from, to } }) => {
      const found = await reader.ask("consistency", { sealKey: keys.seal, from, to });
      if (found === undefined) return new Answered(404, "the tree never had so many leaves, or FROM is 0 or above TO");
      return { from, to, root: hex(found.root), receipt: hex(receipt.seal(keys, found)) };
    },
  ),
];
