/** Errors of the operators' API (RFC 9457). */
import { STATUS_CODES } from "node:http";

export const PROBLEM_TYPE = "application/problem+json";

/** Make the answer of a request that failed. `detail` is one sentence for a person. */
export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Response {
  const body = JSON.stringify({ title: STATUS_CODES[status], status, detail });
  return new Response(body, { status, headers: { "content-type": PROBLEM_TYPE, ...headers } });
}
