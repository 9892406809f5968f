/** The requests to the server during provisioning: a claim, or an entry of its list. */
import { z } from "zod";
import { Trouble } from "../trouble.ts";

/** Address of the server, and the token. */
export interface Registry {
  readonly url: string;
  readonly token: string;
  /** Time in which a device must enrol with its claim. */
  readonly days: number;
}

const ANSWER_MS = 10_000;
const ANSWER_MAX = 64 * 1024;
const DAY_MS = 86_400_000;

async function post(registry: Registry, path: string, body: unknown): Promise<unknown> {
  const address = new URL(path, registry.url);
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { authorization: `Bearer ${registry.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
      redirect: "error",
    });
    text = await response.text();
  } catch (error) {
    const cause = (error as Error & { cause?: Error }).cause?.message ?? (error as Error).message;
    throw new Trouble(
      `the server at ${registry.url} cannot be asked: ${cause}`,
      "check --server, and check that the server runs",
    );
  }
  if (response.status === 401 || response.status === 403)
    throw new Trouble("the server does not accept this token", "set SIGNET_TOKEN to a token of scope operate");
  if (!response.ok || text.length > ANSWER_MAX)
    throw new Trouble(`the server answered with status ${response.status}`, "check the server's log");
  try {
    return JSON.parse(text);
  } catch {
    throw new Trouble("the server's answer is not JSON", "check --server");
  }
}

const claims = z.object({ claims: z.tuple([z.string().regex(/^([0-9a-f]{2}){16,32}$/)]) });

/** Ask for one claim. A claim that is lost on the way is never used. */
export async function claim(registry: Registry, note: string): Promise<string> {
  const expiresAt = Date.now() + registry.days * DAY_MS;
  const answer = claims.safeParse(await post(registry, "/v1/claims", { count: 1, expiresAt, note }));
  if (!answer.success) throw new Trouble("the server's answer contains no claim", "check --server");
  return answer.data.claims[0];
}

/** Put an id on the list; to do so again changes nothing. */
export async function invite(registry: Registry, id: string, note: string): Promise<void> {
  await post(registry, "/v1/invitations", { ids: [id], note });
}
