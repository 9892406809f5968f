/** The guest of `signet tls` with what tests ask beside it: application data, key updates, and the ticket as bytes. */
import { Writer } from "../../assembly/lib/writer";
import * as client from "../../assembly/tls/client";
import * as ordinary from "../../assembly/tls/ordinary";
import * as ticketStore from "../../assembly/tls/ticket";
import * as guest from "../../tools/firmware/guest_tls";
import * as data from "./guest_data";

export * from "../../tools/firmware/guest_tls";

const writer = changetype<Writer>(memory.data(offsetof<Writer>(), 4));

export function write(len: u32): u32 {
  return data.write(guest.buffer(), len);
}

export function read(max: u32): u32 {
  return data.read(guest.buffer(), max);
}

export function update(): i32 {
  return client.update();
}

/** Copy the ticket to the buffer; returns its length. */
export function ticket(): u32 {
  memory.copy(guest.buffer(), ticketStore.place, ticketStore.BYTES);
  return ticketStore.BYTES;
}

/** Put a ticket back from the buffer. */
export function setTicket(): void {
  memory.copy(ticketStore.place, guest.buffer(), ticketStore.BYTES);
}

/** Write the certificate on P-256 to the buffer; returns its length. */
export function certificate(): u32 {
  writer.begin(guest.buffer(), guest.CAPACITY);
  ordinary.writeX509(writer);
  return writer.length();
}

export function forgetTicket(): void {
  ticketStore.forget();
}
