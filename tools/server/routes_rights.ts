/** The routes of the operators' API about rights: claims and invitations of new devices, and tokens of operators. */
import { z } from "zod";
import { hex } from "../wire/bytes.ts";
import { hash } from "../wire/key.ts";
import * as decisions from "./decisions.ts";
import { OTHER } from "./repeats.ts";
import * as rights from "./rights.ts";
import {
  Answered,
  Rendered,
  bytes,
  id,
  label,
  later,
  limit,
  note,
  OTHER_REQUEST,
  route,
  tokenName,
  unhex,
  type Route,
} from "./route.ts";
import * as tokens from "./tokens.ts";
import * as withdrawal from "./withdrawal.ts";

/** Routes about rights. */
export const RIGHTS: readonly Route[] = [
  route(
    "post",
    "/v1/claims",
    "operate",
    "Make one-time claims; they are shown only once",
    {
      body: z.object({ count: z.number().int().min(1).max(1000), expiresAt: later, note }).strict(),
      isRepeatable: true,
    },
    async (context, { body, actor, asked }) => {
      const made = await decisions.makeClaims(context, body.count, body.expiresAt, body.note, actor, asked);
      if (made === OTHER) return OTHER_REQUEST;
      return { claims: made.map(hex), ids: made.map((claim) => hex(hash(claim))) };
    },
  ),
  route(
    "get",
    "/v1/claims",
    "read",
    "List the claims by their hashes, the newest first; a claim itself is shown only when it is made",
    {
      query: z
        .object({
          limit,
          state: z.enum(rights.CLAIM_STATES).optional(),
          cursor: z
            .string()
            .regex(/^\d{1,15}-[0-9a-f]{64}$/)
            .optional()
            .describe("`next` of the page before"),
        })
        .strict(),
    },
    async ({ reader, clock }, { query }) => new Rendered(await reader.ask("claims", { ...query, now: clock() })),
  ),
  route(
    "post",
    "/v1/claims/withdraw",
    "operate",
    "Withdraw unused claims, named by their hashes",
    { body: z.object({ ids: z.array(bytes(32, 32)).min(1).max(100), reason: note }).strict() },
    async (context, { body, actor }) => ({
      withdrawn: await withdrawal.claims(context, body.ids.map(unhex), actor, body.reason),
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
      body: z
        .object({
          name: tokenName,
          scope: z.enum(tokens.SCOPES),
          label: label.optional().describe("only devices with this label"),
          expiresAt: later.optional(),
        })
        .strict(),
    },
    async ({ store, keys, clock }, { body, actor }) => {
      const { name, scope, label: only = null, expiresAt = null } = body;
      if (expiresAt !== null && expiresAt <= clock()) return new Answered(400, "expiresAt is in the past");
      return { token: await tokens.make(store, keys, { name, scope, label: only, expiresAt }, actor, clock()) };
    },
  ),
  route(
    "get",
    "/v1/tokens",
    "read",
    "List the tokens by name, ended ones included; a token itself is shown only when it is made",
    {},
    async ({ store, keys, clock, uses }) => {
      await uses.write();
      return { tokens: await tokens.list(store, keys, clock()) };
    },
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
