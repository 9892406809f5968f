// @ts-check
/** The server, asked: answers as JSON, happenings as they come. The token is in this tab's session and in no address. */

const KEPT = "signet-token";

/** A stream that says nothing for so long is dead: the server sends a line every 15 s. */
const SILENCE_MS = 40_000;

const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** An error response of the server. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The server did not answer at all. */
export class Unreachable extends Error {}

let token = sessionStorage.getItem(KEPT);

export function signedIn() {
  return token !== null;
}

/** @param {string} secret */
export function keepToken(secret) {
  token = secret;
  sessionStorage.setItem(KEPT, secret);
}

export function forgetToken() {
  token = null;
  sessionStorage.removeItem(KEPT);
}

/**
 * Send a request; throws Unreachable or Refusal.
 *
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function send(path, init = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { ...(token && { authorization: `Bearer ${token}` }), "content-type": "application/json" },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Unreachable("the server cannot be reached");
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw new Refusal(response.status, String(answer.detail ?? `the server answered ${response.status}`));
}

/**
 * Ask for JSON.
 *
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function ask(path) {
  return (await send(path)).json();
}

/**
 * Have something done.
 *
 * @param {string} path
 * @param {object} body
 * @param {"POST" | "PATCH"} [method]
 * @returns {Promise<any>}
 */
export async function order(path, body, method = "POST") {
  return (await send(path, { method, body: JSON.stringify(body) })).json();
}

/**
 * Ask for a file.
 *
 * @param {string} path
 */
export async function download(path) {
  return (await send(path)).blob();
}

/**
 * Listen to the events of the server. Reopen a stream that ends or fails. Throw when `signal` aborts or the token is not valid
 * any more.
 *
 * @param {(happening: any) => void} hear
 * @param {(state: "live" | "waiting") => void} tell
 * @param {AbortSignal} signal
 */
export async function listen(hear, tell, signal) {
  for (let failures = 0; ; failures++) {
    try {
      await stream(
        hear,
        () => {
          failures = 0;
          tell("live");
        },
        signal,
      );
    } catch (error) {
      if (signal.aborted || (error instanceof Refusal && error.status === 401)) throw error;
    }
    tell("waiting");
    await new Promise((done) => setTimeout(done, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]));
    signal.throwIfAborted();
  }
}

/**
 * Read one stream of server-sent events to its end.
 *
 * @param {(happening: any) => void} hear
 * @param {() => void} opened
 * @param {AbortSignal} signal
 */
async function stream(hear, opened, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await send("/v1/events", { signal: AbortSignal.any([signal, silence.signal]) });
    const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    let text = "";
    let first = true;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      // The server is listening when its first line is here, not before.
      if (first) opened();
      first = false;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) hear(JSON.parse(data));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
