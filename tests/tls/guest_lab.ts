/**
 * The TLS client as a guest of the lab: a call of `guest.ts` is an operation, so that its instructions and its stack are
 * counted on the ELF. A request is two numbers, little-endian, and bytes; the answer to ToPeer and Read is the bytes, to
 * the other calls a number that is never above zero.
 */
import { Status } from "../../assembly/lib/status";
import * as guest from "./guest";
import { Call } from "./call";

/** The length that the lab puts before the one field of a request; then the two numbers. */
const FIELD_BYTES: u32 = 2;
const HEAD_BYTES: u32 = FIELD_BYTES + 8;
const CAPACITY: u32 = HEAD_BYTES + guest.CAPACITY;

/** Bytes of linear memory that are the test's: this buffer, and what `guest.ts` keeps of options. */
const OWN_BYTES: u32 = CAPACITY + guest.OWN_BYTES;

const room = memory.data(CAPACITY, 8);

export function buffer(): usize {
  return room;
}

export function capacity(): u32 {
  return CAPACITY;
}

export function run(call: u32, len: u32): i32 {
  if (len < HEAD_BYTES) return Status.Malformed;
  const first = load<u32>(room, <usize>FIELD_BYTES);
  const second = load<u32>(room, <usize>FIELD_BYTES + 4);
  memory.copy(guest.buffer(), room + HEAD_BYTES, len - HEAD_BYTES);
  switch (call) {
    case Call.Set:
      guest.set(first, second);
      return 0;
    case Call.SetClock:
      guest.setClock(first);
      return 0;
    case Call.Start:
      return guest.start();
    case Call.Step:
      return guest.step();
    case Call.FromPeer:
      return -(<i32>guest.fromPeer(first));
    case Call.ToPeer:
      return give(guest.toPeer(first));
    case Call.Write:
      return -(<i32>guest.write(first));
    case Call.Read:
      return give(guest.read(first));
    case Call.Update:
      return guest.update();
    case Call.Close:
      guest.close();
      return 0;
    case Call.State:
      return -(<i32>guest.state());
    case Call.PreShared:
      return guest.preShared() ? -1 : 0;
    case Call.SetTicket:
      guest.setTicket();
      return 0;
    case Call.Own:
      return -(<i32>OWN_BYTES);
  }
  return Status.Unexpected;
}

/** Answer with `len` bytes of the guest's buffer. */
function give(len: u32): i32 {
  memory.copy(room, guest.buffer(), len);
  return len;
}
