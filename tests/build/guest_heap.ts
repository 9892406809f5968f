/** A forbidden guest: it allocates. */
class Thing {
  word: u32 = 1;
}

export function init(): void {}

export function poll(): u32 {
  return new Thing().word;
}
