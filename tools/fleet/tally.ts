/** The results of a fleet's work, counted. */
export class Tally {
  awake = 0;
  sent = 0;
  accepted = 0;
  powerCuts = 0;
  lostLinks = 0;
  /** Resets that the firmware made itself: none is right. */
  deaths = 0;
  /** Refusals that devices received, by reason. */
  readonly refused = new Map<string, number>();
  /** Answers that attackers received, by attempt and answer. */
  readonly attacks = new Map<string, number>();
  readonly events = new Map<string, number>();
  readonly #tookMs: number[] = [];

  took(ms: number): void {
    this.#tookMs.push(ms);
  }

  refusedDevice(reason: string): void {
    count(this.refused, reason);
  }

  saw(event: string): void {
    count(this.events, event);
  }

  attacked(attempt: string, answer: string): void {
    count(this.attacks, `${attempt}: ${answer}`);
  }

  /** The time from a report's first sending to its receipt that a share `q` of them did not exceed. */
  latencyMs(q: number): number {
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
  }
}

function count(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1);
}
