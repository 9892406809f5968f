// weight: 81 s, 0.3 cores
/** A device whose module gives HTTP or datagrams, and no stream: its TLS travels in a tunnel. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { FamilyName } from "../../tools/facts/family.ts";
import { CHOICES, SERVES, serving } from "../../tools/firmware/choices.ts";
import { seeded, type Random } from "../../tools/line/random.ts";
import { concat } from "../../tools/wire/bytes.ts";
import * as coap from "../../tools/wire/coap.ts";
import { post } from "../../tools/wire/exchange.ts";
import { readRequest, TUNNEL_PATH, TUNNEL_TYPE, writeAnswer } from "../../tools/wire/tunnel.ts";
import { number, Subject, World } from "./world.ts";

const HOUR_MS = 3_600_000;
const FATES = ["lost", "answer lost", "doubled", "old answer"] as const;

/** A network between the module and the server, for one device: it counts exchanges, and loses, repeats and delays them. */
abstract class Road {
  /** Exchanges that reached the server with bytes of the device, and others. */
  exchanges = 0;
  /** Exchanges with a fate. */
  fates = 0;
  /** One in so many exchanges has a fate; 0: none. */
  rate = 0;
  /** Answers are given as from a server that does not know the connection. */
  forgotten = false;
  protected readonly world: World;
  protected readonly random: Random;
  protected readonly seen: Uint8Array[] = [];

  constructor(world: World, seed: number) {
    this.world = world;
    this.random = seeded(seed);
  }

  /** Begin on a free port. */
  abstract start(): Promise<number>;
  abstract stop(): Promise<void>;

  /** Return an answer to a segment, from a server that does not know its connection, if that is wanted. */
  protected stranger(segment: Uint8Array): Uint8Array | undefined {
    if (!this.forgotten) return undefined;
    this.forgotten = false;
    const { id, from, next } = readRequest(segment)!;
    return writeAnswer({ id, from: next, next: from, data: new Uint8Array(0), end: false, unknown: true });
  }

  protected fate(): (typeof FATES)[number] | undefined {
    const strikes = this.rate !== 0 && this.random.below(this.rate) === 0;
    return strikes ? FATES[this.fates++ % FATES.length] : undefined;
  }

  protected old(): Uint8Array {
    return this.seen[this.random.below(this.seen.length)]!;
  }
}

class HttpRoad extends Road {
  readonly #server = createServer((asked, response) => void this.#carry(asked, response));

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

  async #onward(segment: Uint8Array): Promise<Uint8Array> {
    return (await post(`${this.world.server.url}${TUNNEL_PATH}`, TUNNEL_TYPE, segment)).body;
  }

  async #answer(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    this.exchanges++;
    this.seen.push(bytes);
    const strange = this.stranger(bytes);
    if (strange !== undefined) return strange;
    const fate = this.fate();
    if (fate === "lost") return undefined;
    if (fate === "doubled") await Promise.all([this.#onward(bytes), this.#onward(bytes)]);
    const answer = await this.#onward(bytes);
    if (fate === "answer lost") return undefined;
    return fate === "old answer" ? this.#onward(this.old()) : answer;
  }
}

class UdpRoad extends Road {
  readonly #device = createSocket("udp4");
  readonly #server = createSocket("udp4");
  #port = 0;
  #losing = false;

  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#device.bind(0, "127.0.0.1", resolve));
    const { port } = this.world.server.coap!;
    await new Promise<void>((resolve) => this.#server.connect(port, "127.0.0.1", resolve));
    this.#device.on("message", (bytes, from) => {
      this.#port = from.port;
      this.#up(bytes);
    });
    this.#server.on("message", (bytes) => {
      if (this.#losing) this.#losing = false;
      else this.#down(bytes);
    });
    return this.#device.address().port;
  }

  async stop(): Promise<void> {
    this.#device.close();
    this.#server.close();
    return Promise.resolve();
  }

  #down(bytes: Uint8Array): void {
    this.#device.send(bytes, this.#port, "127.0.0.1");
  }

  #up(bytes: Uint8Array): void {
    this.exchanges++;
    const message = coap.read(bytes)!;
    const strange = this.stranger(message.payload);
    if (strange !== undefined) {
      const { acknowledgement: type } = coap.Type;
      return this.#down(coap.write({ ...message, type, code: coap.Code.changed, path: [], payload: strange }));
    }
    const fate = this.fate();
    if (fate === "lost") return;
    this.#losing = fate === "answer lost";
    // Datagrams of before come again: the server repeats its answers, which are out of place.
    if (fate === "old answer") this.#server.send(this.old());
    this.#server.send(bytes);
    if (fate === "doubled") this.#server.send(bytes);
    this.seen.push(bytes);
  }
}

const ROADS = { http: HttpRoad, udp: UdpRoad } as const;

for (const name of ["http", "udp"] as const) for (const link of SERVES[name]) suite(name, link);

function suite(name: keyof typeof ROADS, link: FamilyName): void {
  const use = serving(link, name).flatMap((choice) => Object.entries(CHOICES[choice].use));
  describe(`a device on the road ${name} of ${link}`, () => {
    let world: World;
    let road: Road;
    let device: Subject;
    before(async () => {
      world = await World.start({ tls: true });
      road = new ROADS[name](world, 7);
      const port = await road.start();
      device = await Subject.make(world, {
        use: use.map(([choice, value]) => `${choice}=${value}`),
        link,
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
      for (let hour = 0; hour < 5; hour++) await report();
      road.rate = 0;
      assert.ok(road.fates >= FATES.length, `${road.fates} exchanges had a fate`);
      await world.checkHonest(device);
      assert.deepEqual(secured(), [0, 0, 1], "no connection was lost");
    });
  });
}
