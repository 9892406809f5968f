/** A device, a bridge and a witness in one loop, in time that passes only when the device sleeps. */
import { Session } from "../../tools/bridge/session.ts";
import { firmware } from "../../tools/guest/firmware.ts";
import type { Flash } from "../../tools/guest/flash.ts";
import { Guest } from "../../tools/guest/guest.ts";
import { seeded } from "../../tools/guest/noise.ts";
import type { Clock } from "../../tools/line/clock.ts";
import type { Dial } from "../../tools/line/sockets.ts";
import * as factory from "../../tools/wire/factory.ts";
import { AUDIENCE, type Witness } from "./witness.ts";
import { SIGNET } from "../../tools/firmware/product.ts";

/** As most boards have it: what is signed is verified, which takes the most scratch memory under a handover. */
const module = await firmware(SIGNET.entry, ["CRYPTO_CHECKED=1"]);

/** The factory page of a device that reports to `witness`. */
export function page(witness: Witness): Uint8Array {
  return factory.write({
    link: "framed",
    host: "witness",
    port: 80,
    audience: AUDIENCE,
    serverKeys: [witness.key.publicKey],
    reportIntervalMs: 1_000,
  });
}

/** Timers that are called when the time has come that a test says it is. */
class Timers implements Clock {
  #now = 0;
  #waiting: { at: number; then: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + ms, then };
    this.#waiting.push(timer);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== timer));
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#waiting.filter((timer) => timer.at <= this.#now);
    this.#waiting = this.#waiting.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.then();
  }
}

/** Switch a device on and let it live until it has `reports` receipts. Throws PowerCut where its flash says so. */
export function live(flash: Flash, witness: Witness, reports: number, seed: number): Guest {
  const timers = new Timers();
  const later: (() => void)[] = [];
  const dial: Dial = (_kind, _target, listener) => {
    const answer = witness.connection();
    later.push(() => listener.opened());
    return {
      send: (bytes) => answer(bytes).forEach((piece) => later.push(() => listener.data(Buffer.from(piece)))),
      want: () => {},
      close: () => void later.push(() => listener.closed()),
    };
  };
  const session = new Session((bytes) => guest.receive(bytes), dial, timers);
  const guest = new Guest({
    firmware: module,
    flash,
    noise: seeded(seed),
    clock: () => timers.now(),
    onUart: (bytes) => session.receive(Buffer.from(bytes)),
  });
  guest.boot();
  for (let turns = 0; guest.events.filter((event) => event.name === "accepted").length < reports; turns++) {
    if (turns > 50_000 * reports || guest.deaths > 0) {
      throw new Error(`no ${reports} receipts: ${guest.epitaph} ${guest.events.map((event) => event.name).join(" ")}`);
    }
    const ms = guest.turn();
    for (const event of later.splice(0)) event();
    timers.pass(guest.waiting > 0 ? 0 : ms);
  }
  return guest;
}
