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
  Passive = 23,
  Context = 24,
  Account = 25,
  Active = 26,
  Activate = 27,
}

// prettier-ignore
@lazy
export const rate: usize = memory.data<u8>([
  /* AT+IPR={4} */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 73, 80, 82, 61, 4, 0,
]);

// prettier-ignore
@lazy
export const steps: usize = memory.data<u8>([
  /* +CIP */ 0, 0, 43, 67, 73, 80, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT+CRESET */ <u8>(Flag.Silent), <u8>(AT_BOOT_MS / UNIT_MS), 43, 67, 82, 69, 83, 69, 84, 0,
  /* AT+CIPCLOSE=0 */ <u8>(Flag.Prefix), <u8>(AT_JOIN_MS / UNIT_MS), 67, 76, 79, 83, 69, 61, 48, 0,
  /* AT+CIPOPEN=0,"TCP","{1}",{4} */ <u8>(Flag.Prefix), <u8>(AT_DIAL_MS / UNIT_MS), 79, 80, 69, 78, 61, 48, 44, 34, 84, 67, 80, 34, 44, 34, 1, 34, 44, 4, 0,
  /* AT+CIPSEND=0,{4} */ <u8>(Flag.Prefix | Flag.Prompt), <u8>(AT_SEND_MS / UNIT_MS), 83, 69, 78, 68, 61, 48, 44, 4, 0,
  /* AT+CIPRXGET=2,0,{4} */ <u8>(Flag.Prefix | Flag.Ok | Flag.Block), <u8>(AT_REPLY_MS / UNIT_MS), 82, 88, 71, 69, 84, 61, 50, 44, 48, 44, 4, 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+CMEE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 77, 69, 69, 61, 49, 0,
  /* AT+CPIN? */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 63, 0,
  /* AT+CPIN="{1}" */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 61, 34, 1, 34, 0,
  /* AT+CGATT? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 84, 84, 63, 0,
  /* AT{1} */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 1, 0,
  /* AT+CIPRXGET=1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 82, 88, 71, 69, 84, 61, 49, 0,
  /* AT+CGDCONT=1,"IP","{1}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 68, 67, 79, 78, 84, 61, 49, 44, 34, 73, 80, 34, 44, 34, 1, 34, 0,
  /* AT+CGAUTH=1,1,"{3}","{2}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 85, 84, 72, 61, 49, 44, 49, 44, 34, 3, 34, 44, 34, 2, 34, 0,
  /* AT+NETOPEN? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 78, 69, 84, 79, 80, 69, 78, 63, 0,
  /* AT+NETOPEN */ <u8>(0), <u8>(AT_DIAL_MS / UNIT_MS), 43, 78, 69, 84, 79, 80, 69, 78, 0,
]);

/** Words of a module, by hash. */
export const enum Word {
  /** "OK" */
  Ok = 0x85e4b82f,
  /** "ERROR" */
  Error = 0xdf22b531,
  /** "RDY" */
  Ready = 0xbcd1304e,
  /** "*ATREADY: " */
  AtReady = 0x49f02535,
  /** "NORMAL POWER DOWN" */
  PowerDown = 0xb5470995,
  /** "+CME ERROR: " */
  Fault = 0x4f7e5a6d,
  /** "+CIPERROR: " */
  NetFault = 0x1c98e4ee,
  /** "+NETOPEN: " */
  Net = 0xca62fb03,
  /** "+CIPOPEN: 0," */
  Opened = 0x3bd3b084,
  /** "+CIPCLOSE: 0," */
  HungUp = 0xd97ea1b0,
  /** "+CIPSEND: 0," */
  Asked = 0xd03da636,
  /** "+CIPSEND: 0,," */
  Sent = 0xeb0c7aee,
  /** "+CIPSEND: 0,,-1" */
  Unsent = 0x1124fad8,
  /** "+CIPRXGET: 2,0," */
  Received = 0x692f944c,
  /** "+CIPRXGET: 1,0" */
  Arrived = 0xaa0f3b19,
  /** "+IPCLOSE: 0," */
  Closed = 0xb7628bbf,
  /** "+CIPEVENT: NETWORK CLOSED UNEXPECTEDLY" */
  NoContext = 0xf8b2812a,
  /** "+CPIN: SIM PIN" */
  NeedsPin = 0x4494932c,
  /** "+CGATT: 1" */
  Attached = 0xe50119d4,
}
