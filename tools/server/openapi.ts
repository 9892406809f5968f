import { z } from "zod";
import { ANSWERS } from "./answers.ts";
import { PROBLEM_TYPE } from "./problem.ts";
import { id, type Route } from "./route.ts";
import { ROUTES } from "./routes.ts";
import { EXPORT } from "./streams.ts";

type Json = Readonly<Record<string, unknown>>;

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

const PROBLEM: Json = {
  type: "object",
  properties: { title: { type: "string" }, status: { type: "integer" }, detail: { type: "string" } },
  required: ["title", "status", "detail"],
};

const IDEMPOTENCY_KEY: Json = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "a repetition with the same key within a day gets the first answer again",
  schema: { type: "string", minLength: 1, maxLength: 102 },
};

/** Routes that stream their answer: `application.ts` has the handlers. */
const STREAMS = [
  {
    path: "/v1/events",
    summary: "Events, as they occur",
    types: ["text/event-stream"],
    parameters: [],
  },
  {
    path: "/v1/devices/{id}/export",
    summary:
      "The chain of a device or a range of it: one line for each report with its COSE message, which can be verified without the server, or as CSV one for each number",
    types: ["application/x-ndjson", "text/csv"],
    parameters: [...parameters(z.object({ id }), "path"), ...parameters(EXPORT, "query")],
  },
];

function parameters(schema: z.ZodType, where: "path" | "query"): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" }) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: property,
  }));
}

/** The id of an operation: its method and the words of its path. */
function operationId(method: string, path: string): string {
  const words = path.split(/\W+/).filter((word) => word !== "" && word !== "v1");
  return [method, ...words.map((word) => word[0]!.toUpperCase() + word.slice(1))].join("");
}

function failures(scope: Route["scope"]): Json {
  if (scope === "none") return {};
  return {
    "401": { description: "a token is required" },
    "403": { description: `a token of scope ${scope} is needed` },
  };
}

/** Describe the answer of a route: JSON, or text if it has no schema. */
function contentOf({ method, path }: Route): Json {
  const schema = ANSWERS[`${method} ${path}`];
  if (schema === undefined) return { "text/plain": { schema: { type: "string" } } };
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: "output" });
  return { "application/json": { schema: body } };
}

function operation(route: Route): Json {
  const schema = z.toJSONSchema(route.body, { io: "input" }) as ObjectSchema;
  const hasBody = Object.keys(schema.properties ?? {}).length > 0;
  return {
    operationId: operationId(route.method, route.path),
    summary: route.summary,
    parameters: [
      ...parameters(route.params, "path"),
      ...parameters(route.query, "query"),
      ...(route.isRepeatable ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(hasBody ? { requestBody: { required: true, content: { "application/json": { schema } } } } : {}),
    security: route.scope === "none" ? [] : [{ token: [] }],
    responses: {
      "200": { description: "done", content: contentOf(route) },
      ...(route.method === "get"
        ? { "304": { description: "not changed since the answer with this If-None-Match" } }
        : {}),
      "400": { description: "the request does not match the schema" },
      ...failures(route.scope),
      default: { description: "a problem", content: { [PROBLEM_TYPE]: { schema: PROBLEM } } },
    },
  };
}

/** Describe the operators' API (OpenAPI 3.1), from the schemas that validate it. */
export function openapi(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method] = operation(route);
  }
  for (const { path, summary, types, parameters: named } of STREAMS) {
    const content = Object.fromEntries(types.map((type) => [type, {}]));
    const responses = { "200": { description: "a stream", content }, ...failures("read") };
    const of = { operationId: operationId("get", path), summary, parameters: named };
    (paths[path] ??= {})["get"] = { ...of, security: [{ token: [] }], responses };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Signet server",
      version: "1",
      description: "The API of operators. The devices' protocol is in assembly/identity/README.md.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/", description: "the server of this document" }],
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}
