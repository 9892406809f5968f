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
  Network = 24,
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
  /* +CA */ 0, 0, 43, 67, 65, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT+CFUN=1,1 */ <u8>(Flag.Silent), <u8>(AT_BOOT_MS / UNIT_MS), 43, 67, 70, 85, 78, 61, 49, 44, 49, 0,
  /* AT+CACLOSE=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 67, 76, 79, 83, 69, 61, 48, 0,
  /* AT+CAOPEN=0,0,"TCP","{1}",{4} */ <u8>(Flag.Prefix), <u8>(AT_DIAL_MS / UNIT_MS), 79, 80, 69, 78, 61, 48, 44, 48, 44, 34, 84, 67, 80, 34, 44, 34, 1, 34, 44, 4, 0,
  /* AT+CASEND=0,{4} */ <u8>(Flag.Prefix | Flag.Prompt), <u8>(AT_SEND_MS / UNIT_MS), 83, 69, 78, 68, 61, 48, 44, 4, 0,
  /* AT+CARECV=0,{4} */ <u8>(Flag.Prefix | Flag.Ok | Flag.Block), <u8>(AT_REPLY_MS / UNIT_MS), 82, 69, 67, 86, 61, 48, 44, 4, 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+CMEE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 77, 69, 69, 61, 49, 0,
  /* AT+CPIN? */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 63, 0,
  /* AT+CPIN="{1}" */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 61, 34, 1, 34, 0,
  /* AT+CGATT? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 84, 84, 63, 0,
  /* AT{1} */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 1, 0,
  /* AT+CGDCONT=1,"IP","{1}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 68, 67, 79, 78, 84, 61, 49, 44, 34, 73, 80, 34, 44, 34, 1, 34, 0,
  /* AT+CNCFG=0,1,"{1}" */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 78, 67, 70, 71, 61, 48, 44, 49, 44, 34, 1, 34, 0,
  /* AT+CNCFG=0,1,"{1}","{2}","{3}",1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 78, 67, 70, 71, 61, 48, 44, 49, 44, 34, 1, 34, 44, 34, 2, 34, 44, 34, 3, 34, 44, 49, 0,
  /* AT+CNACT? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 78, 65, 67, 84, 63, 0,
  /* AT+CNACT=0,1 */ <u8>(0), <u8>(AT_DIAL_MS / UNIT_MS), 43, 67, 78, 65, 67, 84, 61, 48, 44, 49, 0,
]);

/** Words of a module, by hash. */
export const enum Word {
  /** "OK" */
  Ok = 0x85e4b82f,
  /** "ERROR" */
  Error = 0xdf22b531,
  /** "RDY" */
  Ready = 0xbcd1304e,
  /** "NORMAL POWER DOWN" */
  PowerDown = 0xb5470995,
  /** "+CME ERROR: " */
  Fault = 0x4f7e5a6d,
  /** "+CAOPEN: 0," */
  Opened = 0x0c66c330,
  /** "+CASEND: 0," */
  Result = 0xb17791e2,
  /** "+CASEND: 0,," */
  Sent = 0x2d3a874a,
  /** "+CARECV: " */
  Received = 0x69708188,
  /** "+CADATAIND: 0" */
  Arrived = 0xab084ca7,
  /** "+CASTATE: 0,0" */
  Closed = 0x663201b7,
  /** "+CNACT: 0,1" */
  HasAddress = 0xc1df6016,
  /** "+APP PDP: 0,ACTIVE" */
  Activated = 0xc244b55d,
  /** "+APP PDP: 0,DEACTIVE" */
  NoContext = 0x4a7b14da,
  /** "+CPIN: SIM PIN" */
  NeedsPin = 0x4494932c,
  /** "+CGATT: 1" */
  Attached = 0xe50119d4,
}
