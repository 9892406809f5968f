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
  Radio = 25,
  Notices = 26,
  Dial = 27,
}

// prettier-ignore
@lazy
export const steps: usize = memory.data<u8>([
  /* #X */ 0, 0, 35, 88, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT#XRESET */ <u8>(Flag.Prefix | Flag.Silent), <u8>(AT_BOOT_MS / UNIT_MS), 82, 69, 83, 69, 84, 0,
  /* AT#XCLOSE */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 67, 76, 79, 83, 69, 0,
  /* AT#XSOCKET=1,1,0 */ <u8>(Flag.Prefix | Flag.Seen), <u8>(AT_REPLY_MS / UNIT_MS), 83, 79, 67, 75, 69, 84, 61, 49, 44, 49, 44, 48, 0,
  /* AT#XSEND={2},2,0,{4} */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 83, 69, 78, 68, 61, 2, 44, 50, 44, 48, 44, 4, 0,
  /* AT#XRECV={2},0,64,0,{4} */ <u8>(Flag.Prefix | Flag.Ok | Flag.Block), <u8>(AT_REPLY_MS / UNIT_MS), 82, 69, 67, 86, 61, 2, 44, 48, 44, 54, 52, 44, 48, 44, 4, 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+CMEE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 77, 69, 69, 61, 49, 0,
  /* AT+CPIN? */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 63, 0,
  /* AT+CPIN="{1}" */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 61, 34, 1, 34, 0,
  /* AT+CEREG? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 69, 82, 69, 71, 63, 0,
  /* AT{1} */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 1, 0,
  /* AT+CGDCONT=0,"IP","{1}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 68, 67, 79, 78, 84, 61, 48, 44, 34, 73, 80, 34, 44, 34, 1, 34, 0,
  /* AT+CGAUTH=0,1,"{2}","{3}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 85, 84, 72, 61, 48, 44, 49, 44, 34, 2, 34, 44, 34, 3, 34, 0,
  /* AT+CFUN=1 */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 70, 85, 78, 61, 49, 0,
  /* AT#XAPOLL=,1,1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 65, 80, 79, 76, 76, 61, 44, 49, 44, 49, 0,
  /* AT#XCONNECT={2},"{1}",{4} */ <u8>(Flag.Prefix | Flag.Seen), <u8>(AT_DIAL_MS / UNIT_MS), 67, 79, 78, 78, 69, 67, 84, 61, 2, 44, 34, 1, 34, 44, 4, 0,
]);

/** Words of a module, by hash. */
export const enum Word {
  /** "OK" */
  Ok = 0x85e4b82f,
  /** "ERROR" */
  Error = 0xdf22b531,
  /** "Ready" */
  Ready = 0x0bca3294,
  /** "+CME ERROR: " */
  Fault = 0x4f7e5a6d,
  /** "#XSOCKET: " */
  Made = 0x85304d2d,
  /** "#XSOCKET: ,1,6" */
  MadeTcp = 0x593223f8,
  /** "#XCONNECT: " */
  Dialled = 0xb099d766,
  /** "#XCONNECT: ,1" */
  Opened = 0x3b46475d,
  /** "#XCONNECT: ,0" */
  Refused = 0x3a4645ca,
  /** "#XRECV: " */
  Read = 0xd6db5bc8,
  /** "#XRECV: ,0," */
  Received = 0xde34e9e8,
  /** "#XDATAMODE: 0" */
  Sent = 0xc41c2c25,
  /** "#XDATAMODE: -" */
  Unsent = 0xd71c4a0e,
  /** "#XAPOLL: " */
  Polled = 0xa4bff7da,
  /** "#XAPOLL: ,1" */
  Readable = 0xb3d43d09,
  /** "#XAPOLL: ,8" */
  Broken = 0xbad4480e,
  /** "#XAPOLL: ,9" */
  BrokenRest = 0xbbd449a1,
  /** "#XAPOLL: ,16" */
  Closed = 0x561c6a2d,
  /** "#XAPOLL: ,17" */
  ClosedRest = 0x551c689a,
  /** "#XAPOLL: ,24" */
  Aborted = 0xc214c56c,
  /** "#XAPOLL: ,25" */
  AbortedRest = 0xc314c6ff,
  /** "#XAPOLL: ,32" */
  Invalid = 0xc2170403,
  /** "+CPIN: SIM PIN" */
  NeedsPin = 0x4494932c,
  /** "+CEREG: 0,1" */
  Home = 0x196f5ec5,
  /** "+CEREG: 0,5" */
  Roaming = 0x156f5879,
}
