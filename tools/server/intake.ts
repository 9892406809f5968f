/**
 * The requests of a device, on every carrier: bytes in, an answer out. The protocol defines the order of the checks and the
 * name of each refusal.
 */
import { encode } from "../wire/cbor.ts";
import * as authorizing from "./authorizing.ts";
import { Enrolling } from "./enrolling.ts";
import { Gate, Refused, type Answer, type Asked, type Happening, type IntakeOptions } from "./gate.ts";
import { Reporting } from "./reporting.ts";

export const BODY_MAX = 32 * 1024;

export class Intake {
  private readonly gate: Gate;
  private readonly enrolling: Enrolling;
  private readonly reporting: Reporting;

  constructor(options: IntakeOptions) {
    this.gate = new Gate(options);
    this.enrolling = new Enrolling(this.gate);
    this.reporting = new Reporting(this.gate);
  }

  get refusals(): Gate["refusals"] {
    return this.gate.refusals;
  }

  get recent(): Gate["recent"] {
    return this.gate.recent;
  }

  get latency(): Gate["latency"] {
    return this.gate.latency;
  }

  get inProgress(): number {
    return this.gate.inProgress;
  }

  get accepted(): Gate["accepted"] {
    return this.gate.accepted;
  }

  get freshLeaves(): Gate["freshLeaves"] {
    return this.gate.freshLeaves;
  }

  get happenings(): Gate["happenings"] {
    return this.gate.happenings;
  }

  /** Give out a nonce. */
  challenge(address: string): Promise<Answer> {
    const { gate } = this;
    return gate.answered("challenge", address, async () => {
      return { status: 200, type: "application/cbor", body: encode(await gate.nonce()) };
    });
  }

  /** Register a device, or recognise it. `peer` is the id that TLS proved, where there is TLS: it has to be the message's. */
  enrol(body: Uint8Array, address: string, peer?: Uint8Array): Promise<Answer> {
    return this.gate.answered("enrol", address, () => this.enrolling.enrol(body, address, peer));
  }

  /** Take reports of one device; `peer` as in `enrol`. */
  reports(body: Uint8Array, address: string, peer?: Uint8Array): Promise<Answer> {
    return this.gate.answered("report", address, () => this.reporting.reports(body, address, peer));
  }

  /** Tell whether a client of another service may be let in, and as which device. */
  authorize(asked: authorizing.Asked): Promise<authorizing.Verdict> {
    return authorizing.authorize(this.gate, asked);
  }

  /** Answer a request that was refused before its body was looked at. */
  unread(asked: Asked, reason: "too-large" | "malformed"): Answer {
    return this.gate.refuse(asked, new Refused(reason));
  }

  /** Emit an event to observers. */
  tell(happening: Happening): void {
    this.gate.tell(happening);
  }
}
