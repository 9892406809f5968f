/** The store alone, for tests: records by kind over a buffer of this guest. */
import * as records from "../../assembly/device/store";
import { Status } from "../../assembly/lib/status";

const area: usize = memory.data(512, 4);

export function buffer(): usize {
  return area;
}

export function open(): i32 {
  return records.open();
}

export function get(kind: u32, max: u32): i32 {
  return records.get(area, max, kind);
}

export function put(kind: u32, len: u32): i32 {
  return records.put(kind, area, len);
}

/** Put `times` numbers that count up from `from`, as records of `kind`; returns the first status that is not Ok. */
export function wear(kind: u32, from: u32, times: u32): i32 {
  for (let i: u32 = 0; i < times; i++) {
    const status = records.putNumber(kind, from + i);
    if (status != Status.Ok) return status;
  }
  return Status.Ok;
}
