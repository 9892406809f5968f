// weight: 25 s, 0.4 cores
/** A device whose module gives HTTP and no stream: its TLS travels in a tunnel. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { CHOICES } from "../../tools/firmware/choices.ts";
import { seeded, type Random } from "../../tools/line/random.ts";
import { concat } from "../../tools/wire/bytes.ts";
import { post } from "../../tools/wire/exchange.ts";
import { readRequest, TUNNEL_PATH, TUNNEL_TYPE, writeAnswer } from "../../tools/wire/tunnel.ts";
import { number, Subject, World } from "./world.ts";

const USE = Object.entries(CHOICES.http.use).map(([name, value]) => `${name}=${value}`);
const HOUR_MS = 3_600_000;
const FATES = ["lost", "answer lost", "doubled", "old answer"] as const;

/** A network between the module and the server, for one device: it counts exchanges, and loses, repeats and delays them. */
class Road {
  /** Exchanges that reached the server with bytes of the device, and others. */
  exchanges = 0;
  /** Exchanges with a fate. */
  fates = 0;
  /** One in so many exchanges has a fate; 0: none. */
  rate = 0;
  /** Answers are given as from a server that does not know the connection. */
  forgotten = false;
  readonly #world: World;
  readonly #random: Random;
  readonly #seen: Uint8Array[] = [];
  readonly #server = createServer((asked, response) => void this.#carry(asked, response));

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = seeded(seed);
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #carry(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    assert.equal(asked.url, TUNNEL_PATH);
    const parts: Buffer[] = [];
    for await (const part of asked) parts.push(part as Buffer);
    const answer = await this.#answer(concat(...parts));
    if (answer === undefined) return void asked.socket.destroy();
    response.writeHead(200, { "content-length": answer.length }).end(answer);
  }

  async #answer(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const { server } = this.#world;
    const onward = async (segment: Uint8Array): Promise<Uint8Array> =>
      (await post(`${server.url}${TUNNEL_PATH}`, TUNNEL_TYPE, segment)).body;
    this.exchanges++;
    this.#seen.push(bytes);
    if (this.forgotten) {
      this.forgotten = false;
      const { id, from, next } = readRequest(bytes)!;
      return writeAnswer({ id, from: next, next: from, data: new Uint8Array(0), end: false, unknown: true });
    }
    const strikes = this.rate !== 0 && this.#random.below(this.rate) === 0;
    const name = strikes ? FATES[this.fates++ % FATES.length] : undefined;
    if (name === "lost") return undefined;
    if (name === "doubled") await Promise.all([onward(bytes), onward(bytes)]);
    const answer = await onward(bytes);
    if (name === "answer lost") return undefined;
    return name === "old answer" ? onward(this.#seen[this.#random.below(this.#seen.length)]!) : answer;
  }
}

describe("a device on the road of HTTP", () => {
  let world: World;
  let road: Road;
  let device: Subject;
  before(async () => {
    world = await World.start({ tls: true });
    road = new Road(world, 7);
    const port = await road.start();
    device = await Subject.make(world, {
      use: USE,
      link: "esp-at",
      port,
      intervalMs: HOUR_MS,
      settings: { port, tlsKeys: [world.server.tls!.publicKey] },
    });
    await device.start();
    await device.see("accepted");
  });
  after(async () => {
    await device.stop();
    await road.stop();
    await world.close();
  });

  const secured = (): number[] => device.said("secured").map((event) => number(event));

  /** Let a report come due. */
  const report = async (): Promise<void> => {
    const seen = device.see("accepted");
    device.skip(HOUR_MS);
    await seen;
  };

  it("reports once an hour in one exchange, without a handshake", async () => {
    const before = road.exchanges;
    for (let hour = 0; hour < 3; hour++) await report();
    assert.equal(road.exchanges - before, 3);
    assert.deepEqual(secured(), [0]);
  });

  it("resumes in two exchanges when the server does not know its connection", async () => {
    // A ticket of now: the server gives them two hours.
    road.forgotten = true;
    await report();
    road.forgotten = true;
    const before = road.exchanges;
    await report();
    // The first is the one that was answered so.
    assert.equal(road.exchanges - before, 1 + 2);
    assert.deepEqual(secured(), [0, 0, 1]);
  });

  it("loses nothing where exchanges are lost, doubled, or answered with an old answer", async () => {
    road.rate = 2;
    for (let hour = 0; hour < 8; hour++) await report();
    road.rate = 0;
    assert.ok(road.fates >= FATES.length, `${road.fates} exchanges had a fate`);
    await world.checkHonest(device);
    assert.deepEqual(secured(), [0, 0, 1], "no connection was lost");
  });
});
