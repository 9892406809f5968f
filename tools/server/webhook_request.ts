/** One request of the webhook, signed. */
import { hex } from "../wire/bytes.ts";
import * as signature from "./http_signature.ts";
import type { ServerKeys } from "./keys.ts";

/** The sender of requests, and their receiver. */
export interface Sender {
  readonly url: string;
  readonly audience: string;
  readonly keys: ServerKeys;
  readonly clock: () => number;
  readonly times: { readonly timeoutMs: number };
}

/** The event type of a request; each item has its own. */
const TYPE = "signet.items";

/** Make one request; why its items were not accepted, undefined if they were. `cut` ends it. */
export async function post(
  { url, audience, keys, clock, times }: Sender,
  items: readonly object[],
  cut: AbortSignal,
): Promise<string | undefined> {
  const body = Buffer.from(JSON.stringify({ type: TYPE, server: audience, items }));
  const type = "application/json";
  const digest = signature.contentDigest(body);
  const components = [
    ["@method", "POST"],
    ["@target-uri", new URL(url).href],
    ["content-type", type],
    ["content-digest", digest],
  ] as const;
  const created = Math.floor(clock() / 1000);
  const signed = signature.sign("signet", components, created, hex(keys.id), keys.signing);
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      redirect: "manual",
      headers: {
        "content-type": type,
        "content-digest": digest,
        "signature-input": signed.input,
        signature: signed.signature,
        ...signature.standard(body, created, keys.signing),
      },
      signal: AbortSignal.any([cut, AbortSignal.timeout(times.timeoutMs)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `status ${response.status}`;
  } catch (error) {
    // Log the code of the cause only; the message may contain the address and its secrets.
    const { cause, name } = error as { cause?: { code?: string }; name: string };
    return cause?.code ?? name;
  }
}
