/** The protocol's three requests over HTTP, as fetch speaks it. */
import { concat } from "./bytes.ts";
import { decode } from "./cbor.ts";
import type { Answer, Device, Verdict } from "./device.ts";

export const PATHS = { challenge: "/v1/challenge", enrol: "/v1/enrol", reports: "/v1/reports" } as const;

/** Post bytes and read the whole answer. */
export async function post(
  url: string,
  type: string | undefined,
  body: Uint8Array,
): Promise<Answer & { status: number }> {
  const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
  const response = await fetch(url, { method: "POST", headers, body: Uint8Array.from(body) });
  return {
    status: response.status,
    type: response.headers.get("content-type") ?? "",
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

/** Ask for a nonce. */
export async function challenge(url: string): Promise<Uint8Array> {
  const answer = await post(url + PATHS.challenge, undefined, new Uint8Array(0));
  const nonce = answer.status === 200 ? decode(answer.body) : undefined;
  if (!(nonce instanceof Uint8Array)) throw new Error(`no nonce: status ${answer.status}`);
  return nonce;
}

/** Enrol once: challenge, enrolment, answer. */
export async function enrol(device: Device, url: string): Promise<Verdict> {
  const message = device.enrol(await challenge(url));
  return device.enrolled(await post(url + PATHS.enrol, "application/cose", message), message);
}

/** Send reports that were signed already, in one request. */
export async function send(device: Device, url: string, reports: readonly Uint8Array[]): Promise<Verdict> {
  const answer = await post(url + PATHS.reports, "application/cbor-seq", concat(...reports));
  return device.received(answer, reports.at(-1)!);
}

/** Sign one report of `data` and send it. */
export async function report(device: Device, url: string, data: Uint8Array): Promise<Verdict> {
  return send(device, url, [device.report(data)]);
}
