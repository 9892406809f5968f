// node --import tsx tools/generate/at.ts
import { AT_BOOT_MS, AT_DIAL_MS, AT_JOIN_MS, AT_REPLY_MS, AT_SEND_MS, AT_SYNC_MS } from "../../config";
import { Flag, UNIT_MS } from "./step";

/** The steps of this family, from Phase.SetUp on. */
export const enum Step {
  Echo = 17,
  Errors = 18,
  Locked = 19,
  Unlock = 20,
  Attach = 21,
  Extra = 22,
  Context = 23,
  Account = 24,
  Active = 25,
  Map = 26,
  Activate = 27,
  Dial = 28,
}

// prettier-ignore
@lazy
export const rate: usize = memory.data<u8>([
  /* AT+IPR={4} */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 73, 80, 82, 61, 4, 0,
]);

// prettier-ignore
@lazy
export const steps: usize = memory.data<u8>([
  /* +U */ 0, 0, 43, 85, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT+CFUN=15 */ <u8>(Flag.Silent), <u8>(AT_BOOT_MS / UNIT_MS), 43, 67, 70, 85, 78, 61, 49, 53, 0,
  /* AT+USOCL={2} */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 83, 79, 67, 76, 61, 2, 0,
  /* AT+USOCR=6 */ <u8>(Flag.Prefix | Flag.Seen), <u8>(AT_REPLY_MS / UNIT_MS), 83, 79, 67, 82, 61, 54, 0,
  /* AT+USOWR={2},{4} */ <u8>(Flag.Prefix | Flag.At), <u8>(AT_SEND_MS / UNIT_MS), 83, 79, 87, 82, 61, 2, 44, 4, 0,
  /* AT+USORD={2},{4} */ <u8>(Flag.Prefix | Flag.Ok | Flag.Block), <u8>(AT_REPLY_MS / UNIT_MS), 83, 79, 82, 68, 61, 2, 44, 4, 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+CMEE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 77, 69, 69, 61, 49, 0,
  /* AT+CPIN? */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 63, 0,
  /* AT+CPIN="{1}" */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 61, 34, 1, 34, 0,
  /* AT+CGATT? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 84, 84, 63, 0,
  /* AT{1} */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 1, 0,
  /* AT+CGDCONT=1,"IP","{1}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 68, 67, 79, 78, 84, 61, 49, 44, 34, 73, 80, 34, 44, 34, 1, 34, 0,
  /* AT+CGAUTH=1,1,"{2}","{3}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 85, 84, 72, 61, 49, 44, 49, 44, 34, 2, 34, 44, 34, 3, 34, 0,
  /* AT+UPSND=0,8 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 80, 83, 78, 68, 61, 48, 44, 56, 0,
  /* AT+UPSD=0,100,1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 80, 83, 68, 61, 48, 44, 49, 48, 48, 44, 49, 0,
  /* AT+UPSDA=0,3 */ <u8>(Flag.Prefix), <u8>(AT_DIAL_MS / UNIT_MS), 80, 83, 68, 65, 61, 48, 44, 51, 0,
  /* AT+USOCO={2},"{1}",{4} */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_DIAL_MS / UNIT_MS), 83, 79, 67, 79, 61, 2, 44, 34, 1, 34, 44, 4, 0,
]);

/** Words of a module, by hash. */
export const enum Word {
  /** "OK" */
  Ok = 0x85e4b82f,
  /** "ERROR" */
  Error = 0xdf22b531,
  /** "+CME ERROR: " */
  Fault = 0x4f7e5a6d,
  /** "+USOCR: " */
  Made = 0x81137718,
  /** "+USOWR: " */
  Wrote = 0x62602b14,
  /** "+USOWR: ," */
  Sent = 0x15640928,
  /** "+USORD: " */
  Read = 0x971d3efb,
  /** "+USORD: ," */
  Received = 0xba09ec75,
  /** "+UUSORD: " */
  Announced = 0xc55dda0e,
  /** "+UUSORD: ," */
  Arrived = 0xd4be6386,
  /** "+UUSOCL: " */
  Closed = 0xdb9028f7,
  /** "+UUPSDA: " */
  Activated = 0x2d20a300,
  /** "+UUPSDA: ," */
  HasAddress = 0x3660de44,
  /** "+UUPSDD: 0" */
  NoContext = 0x77a9c2f9,
  /** "+UPSND: 0,8,1" */
  IsActive = 0x085f4d9f,
  /** "+CPIN: SIM PIN" */
  NeedsPin = 0x4494932c,
  /** "+CGATT: 1" */
  Attached = 0xe50119d4,
}
