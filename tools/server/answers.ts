/** The schemas of the answers of the operators' API, by method and path: for the OpenAPI document, and for the tests of every answer. */
import { z } from "zod";
import { ID } from "./dead_letters.ts";
import { digits, whole } from "./fields.ts";
import { POLICIES } from "./policy.ts";
import { CLAIM_STATES } from "./rights.ts";
import { KINDS } from "./rules.ts";
import { STATES } from "./store/schema.ts";
import { SCOPES } from "./tokens.ts";

const id = digits(32);
const letterId = z.string().regex(ID);
const bytes = z.string().regex(/^([0-9a-f]{2})*$/);
const at = whole.describe("milliseconds since 1970");
const text = z.string();
const counts = z.record(text, whole);
const list = <T extends z.ZodType>(of: T): z.ZodArray<T> => z.array(of);

const profile = { name: text, note: text, labels: list(text) };

const device = z.strictObject({
  id,
  ...profile,
  key: id,
  state: z.enum(STATES),
  model: text,
  software: text,
  version: text,
  bootCount: whole,
  firstSeen: at,
  lastSeen: at,
  counter: whole,
  head: id,
  reports: whole,
  archived: whole,
  gaps: whole,
  commands: z.strictObject({ queued: whole, acknowledged: whole, passed: whole }),
  successor: id.nullable(),
});

const report = z.strictObject({
  device: id,
  counter: whole,
  receivedAt: at,
  data: bytes,
  text: text.nullable(),
  epitaph: bytes.nullable(),
  damaged: whole.nullable(),
  outage: z.strictObject({ step: text, cause: text, number: whole, times: whole, text }).nullable(),
  prev: id,
  hash: id,
  message: bytes,
});

const entry = {
  seq: whole,
  at,
  action: text,
  actor: text,
  device: id.nullable(),
  detail: z.record(text, z.union([text, z.number()])),
};
const alarm = z.strictObject({ ...entry, acknowledged: z.strictObject({ at, by: text, note: text }).nullable() });

const alarms = z.strictObject({
  evidence: list(z.strictObject({ device: id, kind: text, receivedAt: at, message: bytes, rival: bytes.nullable() })),
  alarms: list(alarm),
  gaps: list(alarm),
  bursts: list(z.strictObject({ device: id.nullable(), reason: text, from: at, until: at, count: whole })),
});

const history = z.strictObject({
  devices: list(z.strictObject({ id, how: z.enum(["board", "key"]).nullable(), at: at.nullable() })),
  reports: list(report),
});

const command = z.strictObject({
  counter: whole,
  isOrder: z.boolean(),
  data: bytes.nullable(),
  state: z.enum(["waiting", "obeyed", "past", "expired", "withdrawn"]),
  createdAt: at,
  expiresAt: at,
});

const claim = z.strictObject({
  id,
  note: text,
  state: z.enum(CLAIM_STATES),
  createdAt: at,
  expiresAt: at,
  usedBy: id.nullable(),
  usedAt: at.nullable(),
  withdrawnAt: at.nullable(),
});

const token = z.strictObject({
  name: text,
  scope: z.enum(SCOPES),
  label: text.nullable(),
  createdAt: at,
  usedAt: at.nullable(),
  expiresAt: at.nullable(),
  endedAt: at.nullable(),
  isValid: z.boolean(),
});

const rule = z.strictObject({
  name: text,
  kind: z.enum(KINDS),
  value: text,
  label: text.nullable(),
  createdAt: at,
});

const letter = z.strictObject({
  id: letterId,
  device: id.nullable(),
  position: whole,
  at,
  refused: text,
  wantedAt: at.nullable(),
});

const refusal = z.strictObject({ device: id.nullable(), asked: text, reason: text, at });
const next = text.nullable().describe("the cursor of the next page; null at the end");
const queued = z.strictObject({ counter: whole });
const withdrawn = z.strictObject({ withdrawn: whole });
const state = z.strictObject({ state: z.enum(STATES) });

/** The answer of each route that answers with JSON. */
export const ANSWERS: Readonly<Record<string, z.ZodType>> = {
  "post /v1/authorize": z.union([
    z.strictObject({ result: z.literal("allow"), device: id, until: at }),
    z.strictObject({ result: z.literal("deny"), reason: text }),
  ]),
  "get /v1/server": z.strictObject({
    audience: text,
    publicKey: id,
    nextPublicKey: id.nullable(),
    id,
    policy: z.enum(POLICIES),
  }),
  "get /v1/counts": z.strictObject({
    accepted: z.strictObject({ enrolments: whole, reports: whole, resent: whole }),
    refused: counts,
  }),
  "get /v1/totals": z.strictObject({
    devices: z.strictObject(Object.fromEntries(STATES.map((one) => [one, whole]))),
    reports: whole,
  }),
  "get /v1/me": z.strictObject({ name: text, scope: z.enum(SCOPES), label: text.nullable() }),
  "get /v1/devices": z.strictObject({ devices: list(device), next }),
  "get /v1/devices/:id": device,
  "get /v1/devices/:id/reports": z.strictObject({ reports: list(report) }),
  "get /v1/devices/:id/series": z.strictObject({
    reports: whole,
    isWhole: z.boolean(),
    series: list(z.strictObject({ key: text, points: list(z.tuple([at, z.number()])) })),
  }),
  "get /v1/devices/:id/history": history,
  "get /v1/devices/:id/downlinks": z.strictObject({ commands: list(command) }),
  "get /v1/alarms": alarms,
  "get /v1/rules": z.strictObject({ rules: list(rule) }),
  "get /v1/refusals": z.strictObject({ counts, recent: list(refusal) }),
  "get /v1/log": z.strictObject({ entries: list(z.strictObject(entry)) }),
  "get /v1/checkpoint": z.strictObject({
    at,
    seq: whole,
    log: id,
    chains: whole,
    root: id,
    tree: z.strictObject({ size: whole, root: id }),
    key: id,
    signature: digits(64),
  }),
  "get /v1/receipts/:hash": z.strictObject({
    leaf: id,
    index: whole,
    size: whole,
    root: id,
    receipt: bytes,
    report: bytes.nullable(),
    entry: bytes.nullable(),
  }),
  "get /v1/consistency/:from/:to": z.strictObject({ from: whole, to: whole, root: id, receipt: bytes }),
  "post /v1/alarms/acknowledge": z.strictObject({ acknowledged: whole }),
  "post /v1/rules": z.strictObject({ name: text }),
  "post /v1/rules/end": z.strictObject({ ended: z.boolean() }),
  "patch /v1/devices/:id": z.strictObject(profile),
  "post /v1/devices/:id/suspend": state,
  "post /v1/devices/:id/restore": state,
  "post /v1/devices/:id/revoke": state,
  "post /v1/devices/:id/replace": z.strictObject({ by: id }),
  "post /v1/devices/:id/transfer": withdrawn,
  "post /v1/devices/:id/downlinks": queued,
  "post /v1/devices/:id/downlinks/withdraw": withdrawn,
  "post /v1/devices/:id/rotate": queued,
  "post /v1/claims": z.strictObject({ claims: list(bytes), ids: list(id) }),
  "get /v1/claims": z.strictObject({ claims: list(claim), next }),
  "post /v1/claims/withdraw": withdrawn,
  "post /v1/invitations": z.strictObject({ added: whole }),
  "post /v1/tokens": z.strictObject({ token: text }),
  "get /v1/tokens": z.strictObject({ tokens: list(token) }),
  "get /v1/letters": z.strictObject({ letters: list(letter), next }),
  "post /v1/letters/send": z.strictObject({ wanted: whole }),
  "post /v1/letters/drop": z.strictObject({ dropped: whole }),
  "post /v1/tokens/end": z.strictObject({ ended: whole }),
};
