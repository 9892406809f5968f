import { z } from "zod";
import { ROUTES, type Route } from "./routes.ts";

type Json = Readonly<Record<string, unknown>>;

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

function parameters(schema: z.ZodType, where: "path" | "query"): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" }) as ObjectSchema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: property,
  }));
}

function operation(route: Route): Json {
  const schema = z.toJSONSchema(route.body, { io: "input" }) as ObjectSchema;
  const hasBody = Object.keys(schema.properties ?? {}).length > 0;
  const failures =
    route.scope === "none"
      ? {}
      : {
          "401": { description: "a token is needed" },
          "403": { description: `a token of scope ${route.scope} is needed` },
        };
  return {
    summary: route.summary,
    parameters: [...parameters(route.params, "path"), ...parameters(route.query, "query")],
    ...(hasBody ? { requestBody: { required: true, content: { "application/json": { schema } } } } : {}),
    ...(route.scope === "none" ? {} : { security: [{ token: [] }] }),
    responses: { "200": { description: "done" }, "400": { description: "not as the schema says" }, ...failures },
  };
}

/** Describe the operators' API (OpenAPI 3.1), from the schemas that validate it. */
export function openapi(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[route.method] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Signet server",
      version: "1",
      description: "What operators ask. The devices' protocol is in assembly/identity/README.md.",
    },
    paths,
    components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}
