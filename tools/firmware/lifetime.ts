/**
 * The lifetime of a board's flash: a device's writes at one report a minute, and the guaranteed erasures of its pages.
 */
import type { Board } from "./board.ts";

/* Sizes of the firmware's writes (assembly/device/store.ts, assembly/config.ts). */
/** The head with its marks, and the end that stays erased. */
const PAGE_OVERHEAD_BYTES = 16 + 16 + 8;
/** Pages that hold the same. */
const COPIES = 2;
const NUMBER_BYTES = 8 + 8;
const SECRET_BYTES = 8 + 32;
const SESSION_BYTES = 8 + 16;
const COMMAND_BYTES = 8 + 16;
/** The key that took over last, with the longest handover. */
const SUCCESSOR_BYTES = 8 + 368;
const COUNTER_BLOCK = 256;
/** Key and seed; counter, starts, faults and time; command; session; after a rotation, the successor and the key before. */
const LIVE_BYTES = 3 * SECRET_BYTES + 4 * NUMBER_BYTES + COMMAND_BYTES + SESSION_BYTES + SUCCESSOR_BYTES;
/** The count of starts, the next seed, the counters, the session. */
const START_BYTES = 2 * NUMBER_BYTES + SECRET_BYTES + SESSION_BYTES;
const REPORTS_PER_DAY = 24 * 60;

export interface Lifetime {
  /** Bytes that a device appends to each copy of its store in a day. */
  readonly bytesPerDay: number;
  /** Erasures of each page in a year. */
  readonly erasuresPerYear: number;
  readonly years: number;
}

/** The lifetime at one report a minute and one start a day; undefined if the board's flash does not wear. */
export function lifetime({ store }: Pick<Board, "store">): Lifetime | undefined {
  if (store.endurance === undefined) return undefined;
  const time = NUMBER_BYTES;
  const bytesPerDay = (REPORTS_PER_DAY / COUNTER_BLOCK) * NUMBER_BYTES + time + START_BYTES;
  const room = store.pageBytes - PAGE_OVERHEAD_BYTES - LIVE_BYTES;
  const erasuresPerYear = (COPIES * 365 * bytesPerDay) / room / (store.pages - 1);
  return { bytesPerDay, erasuresPerYear, years: store.endurance / erasuresPerYear };
}

/** The row of a board in the table of boards/README.md. */
export function row(name: string, board: Pick<Board, "store">): string {
  const life = lifetime(board);
  const { pageBytes, pages, endurance } = board.store;
  const pagesText = `${pages - 1} of ${pageBytes}`;
  if (!life) return `| \`${name}\` | ${pagesText} | does not wear | | |`;
  const years = life.years >= 1_000 ? "over 1,000" : String(Math.floor(life.years));
  const promised = endurance!.toLocaleString("en");
  return `| \`${name}\` | ${pagesText} | ${promised} | ${life.erasuresPerYear.toFixed(2)} | ${years} |`;
}
