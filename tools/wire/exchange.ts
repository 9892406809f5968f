/** The protocol's three requests, over HTTP by fetch, or over another carrier. */
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

/** Carry a request, and return its answer. */
export type Carrier = (asked: keyof typeof PATHS, body: Uint8Array) => Promise<Answer>;

const TYPES = { challenge: undefined, enrol: "application/cose", reports: "application/cbor-seq" } as const;

/** Carry requests over HTTP to the server at `url`. */
export function http(url: string): Carrier {
  return (asked, body) => post(url + PATHS[asked], TYPES[asked], body);
}

function carrier(to: string | Carrier): Carrier {
  return typeof to === "string" ? http(to) : to;
}

/** Ask for a nonce. */
export async function challenge(to: string | Carrier): Promise<Uint8Array> {
  const answer = await carrier(to)("challenge", new Uint8Array(0));
  const nonce = answer.type === "application/cbor" ? decode(answer.body) : undefined;
  if (!(nonce instanceof Uint8Array)) throw new Error(`no nonce, but ${answer.type}`);
  return nonce;
}

/** Enrol once: challenge, enrolment, answer. */
export async function enrol(device: Device, to: string | Carrier): Promise<Verdict> {
  const message = device.enrol(await challenge(to));
  return device.enrolled(await carrier(to)("enrol", message), message);
}

/** Send reports that were signed already, in one request. */
export async function send(device: Device, to: string | Carrier, reports: readonly Uint8Array[]): Promise<Verdict> {
  return device.received(await carrier(to)("reports", concat(...reports)), reports.at(-1)!);
}

/** Sign one report of `data` and send it. */
export async function report(device: Device, to: string | Carrier, data: Uint8Array): Promise<Verdict> {
  return send(device, to, [device.report(data)]);
}
