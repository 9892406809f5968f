/** A guest that does, on command, what a correct one never does: the boot tests look at what is left behind. */
@external("uart", "read")
declare function uartRead(out: usize, max: u32): u32;


@external("uart", "write")
declare function uartWrite(data: usize, len: u32): u32;


@external("entropy", "read")
declare function entropyRead(out: usize, max: u32): u32;


@external("flash", "read")
declare function flashRead(out: usize, at: u32, len: u32): void;


@external("flash", "program")
declare function flashProgram(at: u32, data: usize, len: u32): u32;


@external("flash", "erase")
declare function flashErase(at: u32): u32;


@external("clock", "ms")
declare function clockMs(): u32;


@external("system", "die")
declare function die(code: u32): void;


@external("system", "bury")
declare function bury(): void;


@external("system", "progress")
declare function progress(): void;

const command: usize = memory.data(4);
const answer: usize = memory.data(64);

/** Use more stack with every call, until there is none. */
function recurse(depth: u32): u32 {
  return depth == 0xffffffff ? 0 : recurse(depth + 1) + load<u8>(command);
}

export function init(): void {}

/** Each command is one byte; what it answers, if it lives, goes back over the same UART. */
export function poll(): u32 {
  progress();
  if (uartRead(command, 1) == 0) return 1000;
  switch (load<u8>(command)) {
    case 0x65: // e: echo what entropy gives
      uartWrite(answer, entropyRead(answer, 32));
      break;
    case 0x6f: // o: read out of bounds
      store<u8>(answer, load<u8>(load<u32>(command) + 0x00ffff00));
      break;
    case 0x75: // u
      unreachable();
    case 0x73: // s: run over the stack
      store<u32>(answer, recurse(0));
      break;
    case 0x64: // d
      die(7);
      break;
    case 0x66: // f: erase and program the first unit of page 1, answer what was there before
      flashRead(answer, 4096, 4);
      flashErase(4096);
      store<u64>(answer + 4, 0x12345678);
      store<u32>(answer + 8, flashProgram(4096, answer + 4, 8));
      uartWrite(answer, 12);
      break;
    case 0x70: // p: program the factory page
      flashProgram(8, answer, 8);
      break;
    case 0x78: // x: erase it
      flashErase(0);
      break;
    case 0x74: // t
      store<u32>(answer, clockMs());
      uartWrite(answer, 4);
      break;
    case 0x62: // b
      bury();
      break;
  }
  return 0;
}
