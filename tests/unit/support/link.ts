/** The bytes of a connection, as a test gives and takes them. */
import * as link from "../../../assembly/link/link";

/** Give a text for the peer, as far as there is room; returns the bytes taken. */
export function give(text: string): u32 {
  const bytes = String.UTF8.encode(text);
  const taken = min<u32>(bytes.byteLength, link.room());
  memory.copy(link.body(), changetype<usize>(bytes), taken);
  if (taken) link.send(taken);
  return taken;
}

/** Take up to `max` received bytes. */
export function receive(out: usize, max: u32): u32 {
  let got: u32 = 0;
  while (got < max && link.left()) {
    const len = min<u32>(max - got, link.left());
    memory.copy(out + got, link.at(), len);
    link.take(len);
    got += len;
  }
  return got;
}
