/** The subscriptions of the application's client of MQTT: a table that outlives connections, and says what the broker must still be told. */
import * as bytes from "../lib/bytes";
import { Status } from "../lib/status";
import { MQTT_FILTERS_MOST, MQTT_TOPIC_MOST } from "./facts";

/** State of a filter at the broker. */
export const enum Filter {
  /** The place is free. */
  None,
  /** SUBSCRIBE is due. */
  Wanted,
  Held,
  /** UNSUBSCRIBE is due. */
  Unwanted,
}

/** A filter, and behind it its QoS, as a SUBSCRIBE ends. */
@unmanaged
class Row {
  state: Filter;
  len: u32;
}

const ROW_BYTES: u32 = offsetof<Row>() + ((MQTT_TOPIC_MOST + 1 + 3) & ~3);


@lazy
const rows: usize = memory.data(MQTT_FILTERS_MOST * ROW_BYTES, 4);

function row(index: u32): Row {
  return changetype<Row>(rows + index * ROW_BYTES);
}

/** Place of a filter's bytes. */
export function at(index: u32): usize {
  return changetype<usize>(row(index)) + offsetof<Row>();
}

/** Length of a filter. */
export function len(index: u32): u32 {
  return row(index).len;
}

/** State of a filter. */
export function state(index: u32): Filter {
  return row(index).state;
}

/** Forget all. */
export function clear(): void {
  memory.fill(rows, 0, MQTT_FILTERS_MOST * ROW_BYTES);
}

/** Want a filter, again if it is there already. TooLong: no place is free, or it is longer than a topic; Malformed: it is empty. */
export function want(from: usize, length: u32, qos: u32): Status {
  if (length == 0 || qos > 1) return Status.Malformed;
  if (length > MQTT_TOPIC_MOST) return Status.TooLong;
  let index = find(from, length);
  if (index == MQTT_FILTERS_MOST) for (index = 0; index < MQTT_FILTERS_MOST && state(index) != Filter.None;) index++;
  if (index == MQTT_FILTERS_MOST) return Status.TooLong;
  bytes.copy(at(index), from, length);
  store<u8>(at(index) + length, <u8>qos);
  row(index).len = length;
  row(index).state = Filter.Wanted;
  return Status.Ok;
}

/** Want a filter no more. Unexpected: it is not there. */
export function drop(from: usize, length: u32): Status {
  const index = find(from, length);
  if (index == MQTT_FILTERS_MOST) return Status.Unexpected;
  row(index).state = Filter.Unwanted;
  return Status.Ok;
}

/** Return the index of a filter, or MQTT_FILTERS_MOST. */
function find(from: usize, length: u32): u32 {
  for (let index: u32 = 0; index < MQTT_FILTERS_MOST; index++) {
    if (state(index) != Filter.None && len(index) == length && bytes.same(at(index), from, length)) return index;
  }
  return MQTT_FILTERS_MOST;
}

/** Return the first filter of which the broker must be told, or MQTT_FILTERS_MOST. */
export function next(): u32 {
  for (let index: u32 = 0; index < MQTT_FILTERS_MOST; index++) {
    if (state(index) == Filter.Wanted || state(index) == Filter.Unwanted) return index;
  }
  return MQTT_FILTERS_MOST;
}

/** The broker was told, and has accepted that or not. One that changed since then stays as it is. */
export function told(index: u32, what: Filter, accepted: bool): void {
  if (state(index) != what) return;
  row(index).state = what == Filter.Wanted && accepted ? Filter.Held : Filter.None;
}

/** The broker has no session: it must be told of each. */
export function renew(): void {
  for (let index: u32 = 0; index < MQTT_FILTERS_MOST; index++) {
    if (state(index) == Filter.Held) row(index).state = Filter.Wanted;
    if (state(index) == Filter.Unwanted) row(index).state = Filter.None;
  }
}
