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
  Quiet = 23,
  Context = 24,
  Active = 25,
  Activate = 26,
}

// prettier-ignore
@lazy
export const rate: usize = memory.data<u8>([
  /* AT+IPR={4} */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 73, 80, 82, 61, 4, 0,
]);

// prettier-ignore
@lazy
export const steps: usize = memory.data<u8>([
  /* +QI */ 0, 0, 43, 81, 73, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT+CFUN=1,1 */ <u8>(Flag.Silent), <u8>(AT_BOOT_MS / UNIT_MS), 43, 67, 70, 85, 78, 61, 49, 44, 49, 0,
  /* AT+QICLOSE=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 67, 76, 79, 83, 69, 61, 48, 0,
  /* AT+QIOPEN=1,0,"TCP","{1}",{4},0,0 */ <u8>(Flag.Prefix), <u8>(AT_DIAL_MS / UNIT_MS), 79, 80, 69, 78, 61, 49, 44, 48, 44, 34, 84, 67, 80, 34, 44, 34, 1, 34, 44, 4, 44, 48, 44, 48, 0,
  /* AT+QISEND=0,{4} */ <u8>(Flag.Prefix | Flag.Prompt), <u8>(AT_SEND_MS / UNIT_MS), 83, 69, 78, 68, 61, 48, 44, 4, 0,
  /* AT+QIRD=0,{4} */ <u8>(Flag.Prefix | Flag.Ok | Flag.Block), <u8>(AT_REPLY_MS / UNIT_MS), 82, 68, 61, 48, 44, 4, 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+CMEE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 77, 69, 69, 61, 49, 0,
  /* AT+CPIN? */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 63, 0,
  /* AT+CPIN="{1}" */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 61, 34, 1, 34, 0,
  /* AT+CGATT? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 84, 84, 63, 0,
  /* AT{1} */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 1, 0,
  /* AT+QISDE=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 83, 68, 69, 61, 48, 0,
  /* AT+QICSGP=1,1,"{1}","{2}","{3}",1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 67, 83, 71, 80, 61, 49, 44, 49, 44, 34, 1, 34, 44, 34, 2, 34, 44, 34, 3, 34, 44, 49, 0,
  /* AT+QIACT? */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 65, 67, 84, 63, 0,
  /* AT+QIACT=1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_DIAL_MS / UNIT_MS), 65, 67, 84, 61, 49, 0,
]);

// prettier-ignore
@lazy
export const udpSteps: usize = memory.data<u8>([
  /* +QI */ 0, 0, 43, 81, 73, 0,
  /* AT */ <u8>(Flag.Ok), <u8>(AT_SYNC_MS / UNIT_MS), 0,
  /* AT+CFUN=1,1 */ <u8>(Flag.Silent), <u8>(AT_BOOT_MS / UNIT_MS), 43, 67, 70, 85, 78, 61, 49, 44, 49, 0,
  /* AT+QICLOSE=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 67, 76, 79, 83, 69, 61, 48, 0,
  /* AT+QIOPEN=1,0,"UDP","{1}",{4},0,1 */ <u8>(Flag.Prefix), <u8>(AT_DIAL_MS / UNIT_MS), 79, 80, 69, 78, 61, 49, 44, 48, 44, 34, 85, 68, 80, 34, 44, 34, 1, 34, 44, 4, 44, 48, 44, 49, 0,
  /* AT+QISEND=0,{4} */ <u8>(Flag.Prefix | Flag.Prompt), <u8>(AT_SEND_MS / UNIT_MS), 83, 69, 78, 68, 61, 48, 44, 4, 0,
  /* AT+QIRD=0,{4} */ <u8>(Flag.Prefix | Flag.Ok | Flag.Block), <u8>(AT_REPLY_MS / UNIT_MS), 82, 68, 61, 48, 44, 4, 0,
  /* ATE0 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 69, 48, 0,
  /* AT+CMEE=1 */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 77, 69, 69, 61, 49, 0,
  /* AT+CPIN? */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 63, 0,
  /* AT+CPIN="{1}" */ <u8>(Flag.Ok), <u8>(AT_SEND_MS / UNIT_MS), 43, 67, 80, 73, 78, 61, 34, 1, 34, 0,
  /* AT+CGATT? */ <u8>(Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 43, 67, 71, 65, 84, 84, 63, 0,
  /* AT{1} */ <u8>(Flag.Ok), <u8>(AT_JOIN_MS / UNIT_MS), 1, 0,
  /* AT+QISDE=0 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 83, 68, 69, 61, 48, 0,
  /* AT+QICSGP=1,1,"{1}","{2}","{3}",1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 67, 83, 71, 80, 61, 49, 44, 49, 44, 34, 1, 34, 44, 34, 2, 34, 44, 34, 3, 34, 44, 49, 0,
  /* AT+QIACT? */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_REPLY_MS / UNIT_MS), 65, 67, 84, 63, 0,
  /* AT+QIACT=1 */ <u8>(Flag.Prefix | Flag.Ok), <u8>(AT_DIAL_MS / UNIT_MS), 65, 67, 84, 61, 49, 0,
]);

/** Words of a module, by hash. */
export const enum Word {
  /** "OK" */
  Ok = 0x85e4b82f,
  /** "ERROR" */
  Error = 0xdf22b531,
  /** "SEND OK" */
  SendOk = 0xfc7877a7,
  /** "SEND FAIL" */
  SendFail = 0x0ee6fe25,
  /** "RDY" */
  Ready = 0xbcd1304e,
  /** "POWERED DOWN" */
  PowerDown = 0xe8abf895,
  /** "+CME ERROR: " */
  Fault = 0x4f7e5a6d,
  /** "+QIOPEN: 0," */
  Opened = 0x61482f46,
  /** "+QIRD: " */
  Received = 0x0e8acd94,
  /** "+QIURC: \"recv\",0," */
  Datagram = 0xd525396e,
  /** "+QIURC: \"recv\",0" */
  Arrived = 0xb5d2fdb6,
  /** "+QIURC: \"closed\",0" */
  Closed = 0xace8927e,
  /** "+QIURC: \"pdpdeact\",1" */
  NoContext = 0x098614ea,
  /** "+CPIN: SIM PIN" */
  NeedsPin = 0x4494932c,
  /** "+CGATT: 1" */
  Attached = 0xe50119d4,
  /** "+QIACT: 1,1" */
  HasAddress = 0x00baeb36,
}
