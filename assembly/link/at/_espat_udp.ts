// node --import tsx tools/generate/at.ts
import { AT_JOIN_MS, AT_OPEN_MS, AT_REPLY_MS, AT_RESET_MS, AT_SEND_MS, AT_SYNC_MS } from "../../config";
import { Flag, UNIT_MS } from "./step";

/** The steps of this family, from Phase.SetUp on. */
export const enum Step {
  Echo = 17,
  Store = 18,
  Joined = 19,
  Mode = 20,
  Join = 21,
  Plain = 22,
  Single = 23,
  Info = 24,
}

// prettier-ignore
@lazy
export const steps: usize = memory.data<u8>([
  /* +CIP */ 0, 0, 43, 67, 73, 80, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT+RST */ <u8>(Flag.Silent), <u8>(AT_RESET_MS / UNIT_MS), 43, 82, 83, 84, 0,
  /* AT+CIPCLOSE */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 67, 76, 79, 83, 69, 0,
  /* AT+CIPSTART="UDP","{1}",{4} */ <u8>(Flag.Prefix | Flag.Seen), <u8>(AT_OPEN_MS / UNIT_MS), 83, 84, 65, 82, 84, 61, 34, 85, 68, 80, 34, 44, 34, 1, 34, 44, 4, 0,
  /* AT+CIPSEND={4} */ <u8>(Flag.Prefix | Flag.Prompt | Flag.Patient), <u8>(AT_SEND_MS / UNIT_MS), 83, 69, 78, 68, 61, 4, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+SYSSTORE=0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 83, 89, 83, 83, 84, 79, 82, 69, 61, 48, 0,
  /* AT+CWJAP? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 87, 74, 65, 80, 63, 0,
  /* AT+CWMODE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 87, 77, 79, 68, 69, 61, 49, 0,
  /* AT+CWJAP="{2 quoted}","{3 quoted}" */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 43, 67, 87, 74, 65, 80, 61, 34, 6, 34, 44, 34, 7, 34, 0,
  /* AT+CIPMODE=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 77, 79, 68, 69, 61, 48, 0,
  /* AT+CIPMUX=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 77, 85, 88, 61, 48, 0,
  /* AT+CIPDINFO=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 68, 73, 78, 70, 79, 61, 48, 0,
]);

/** Words of a module, by hash. */
export const enum Word {
  /** "OK" */
  Ok = 0x85e4b82f,
  /** "ERROR" */
  Error = 0xdf22b531,
  /** "FAIL" */
  Fail = 0x5c438d2d,
  /** "SEND OK" */
  SendOk = 0xfc7877a7,
  /** "SEND FAIL" */
  SendFail = 0x0ee6fe25,
  /** "busy p..." */
  BusyProcessing = 0x0b3c3b96,
  /** "busy s..." */
  BusySending = 0x6e12410d,
  /** "CLOSED" */
  Closed = 0x512954c5,
  /** "CONNECT" */
  Connect = 0x782b3cd9,
  /** "+IPD," */
  Arrived = 0x81459043,
}
