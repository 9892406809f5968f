/** A route of the operators' API: its form, and the schemas that several routes share. */
import type { EventEmitter } from "node:events";
import { z } from "zod";
import { fromHex } from "../wire/bytes.ts";
import type * as decisions from "./decisions.ts";
import type { Intake } from "./intake.ts";
import type { Gauge } from "./metrics.ts";
import type { Policy } from "./policy.ts";
import type { Repeatable } from "./repeats.ts";
import type { Reader } from "./reader.ts";
import { LABEL, PLAIN } from "./text.ts";
import type { TokenUses } from "./token_uses.ts";
import * as tokens from "./tokens.ts";

export interface Context extends decisions.Desk {
  /** Milliseconds that pass: for rates. */
  readonly ticks: () => number;
  readonly intake: Intake;
  readonly policy: Policy;
  /** The public key that will sign next, if its file is there. */
  readonly nextKey?: Uint8Array | undefined;
  readonly gauges: () => readonly Gauge[];
  /** Runs long queries beside the event loop. */
  readonly reader: Reader;
  readonly uses: TokenUses;
  /** Emits `changed` after this instance ended tokens. */
  readonly tokensChanged: EventEmitter<{ changed: [] }>;
  /** Called for each unexpected error, with the method and path of the request that failed. */
  readonly onError: (error: unknown, request?: string) => void;
}

/** An answer that is not a plain 200. */
export class Answered {
  readonly status: 400 | 403 | 404 | 409 | 422 | 503;
  readonly error: string;

  constructor(status: Answered["status"], error: string) {
    this.status = status;
    this.error = error;
  }
}

/** An answer that is JSON already. */
export class Rendered {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

export interface Route {
  readonly method: "get" | "post" | "patch";
  readonly path: string;
  readonly scope: tokens.Scope | "none";
  readonly summary: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  /** True if a token with a label may use it: it then shows and changes no other devices than those with the label. */
  readonly isLabelled: boolean;
  /** True if a client may repeat it under an Idempotency-Key. */
  readonly isRepeatable: boolean;
  readonly handle: (context: Context, given: Given) => Promise<unknown>;
}

interface Given<P = never, Q = never, B = never> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly actor: string;
  readonly scope: tokens.Scope | "none";
  /** The label of the token; null if it reaches all devices. */
  readonly label: string | null;
  /** The time since when the token reaches the device of the path. */
  readonly reachedSince: number;
  /** The request, if it is repeatable and has a key. */
  readonly asked?: Repeatable | undefined;
}

export const nothing = z.object({}).strict();
export const id = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("a device's id: the thumbprint of its key, hexadecimal");
export const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("a SHA-256, hexadecimal");
export const start = z
  .string()
  .regex(/^[0-9a-f]{1,64}$/)
  .describe("the first digits of an id");
export const bytes = (least: number, most: number): z.ZodString =>
  z.string().regex(new RegExp(`^([0-9a-f]{2}){${least},${most}}$`));
export const whole = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
  .describe("a whole number");
export const limit = z
  .string()
  .regex(/^([1-9]\d{0,2}|1000)$/)
  .transform(Number)
  .default(100)
  .describe("1 to 1000");
export const text = (least: number, most: number): z.ZodString =>
  z.string().min(least).max(most).regex(PLAIN, "must be well-formed Unicode without control characters");
export const note = text(0, 200).default("");
export const tokenName = text(1, tokens.NAME_MAX);
export const later = z.number().int().positive().max(Number.MAX_SAFE_INTEGER).describe("milliseconds since 1970");

/** A label as it is stored: two ways to write one character are one. */
export const label = z
  .string()
  .max(100)
  .normalize("NFC")
  .regex(LABEL, "must be a letter or digit, then those and ._:/=@+-");

type Flags = Pick<Route, "isLabelled" | "isRepeatable">;

/** The answer to a key that came with another request. */
export const OTHER_REQUEST = new Answered(422, "this Idempotency-Key came with another request");

/** Declare a route, its handler typed by its schemas. */
export function route<
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof nothing,
>(
  method: Route["method"],
  path: string,
  scope: Route["scope"],
  summary: string,
  given: { readonly params?: P; readonly query?: Q; readonly body?: B } & Partial<Flags>,
  handle: (context: Context, given: Given<z.output<P>, z.output<Q>, z.output<B>>) => Promise<unknown>,
): Route {
  const { params = nothing, query = nothing, body = nothing, isLabelled = false, isRepeatable = false } = given;
  const schemas = { params, query, body };
  return { method, path, scope, summary, ...schemas, isLabelled, isRepeatable, handle: handle as Route["handle"] };
}

export const unhex = (text: string): Uint8Array => fromHex(text)!;
