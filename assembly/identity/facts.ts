// node --import tsx tools/facts/generate.ts
/** Labels of the claims: CWT's, EAT's, and Signet's own. */
export const enum Label {
  Iss = 1,
  Sub = 2,
  Aud = 3,
  Exp = 4,
  Iat = 6,
  Cti = 7,
  Cnf = 8,
  Nonce = 10,
  Hwmodel = 259,
  Bootcount = 267,
  Swname = 270,
  Swversion = 271,
  Counter = -70001,
  Prev = -70002,
  Data = -70003,
  About = -70004,
  Reason = -70005,
  Claim = -70006,
  Head = -70007,
  Epitaph = -70008,
  Ack = -70009,
  Handover = -70010,
  Order = -70011,
  Session = -70012,
  Damaged = -70013,
  Last = -70014,
  Outage = -70015,
}

/** Members of `cnf`. */
export const enum Cnf {
  /** A whole key (RFC 8747 §3.2). */
  Key = 1,
  /** The id of one (§3.4). */
  Kid = 3,
}

/** Orders of a downlink to the firmware itself, beside its data for the application. */
export const enum Order {
  /** Nothing. */
  None = 0,
  /** Make another key, and have the one it has hand over to it. */
  Rotate = 1,
}

/** Reasons of a refusal. 5 was in use once, and stays free. */
export const enum Reason {
  Malformed = 1,
  UnknownDevice = 2,
  BadSignature = 3,
  WrongAudience = 4,
  Forked = 6,
  Revoked = 7,
  StaleNonce = 8,
  NotInvited = 9,
  TooLarge = 10,
  Busy = 11,
  StaleSession = 12,
  HandoverRefused = 13,
  Suspended = 14,
}

export const AUDIENCE_MOST: u32 = 64;
export const CTI_BYTES: u32 = 16;
export const NONCE_LEAST: u32 = 8;
export const NONCE_MOST: u32 = 64;
export const NAME_MOST: u32 = 32;
export const ONE_TIME_LEAST: u32 = 16;
export const ONE_TIME_MOST: u32 = 32;
export const EPITAPH_MOST: u32 = 64;
export const DATA_MOST: u32 = 512;
export const HASH_BYTES: u32 = 32;
export const SESSION_LEAST: u32 = 8;
export const SESSION_MOST: u32 = 16;
/** Bytes of the enrolment's hash at the end of a session. */
export const SESSION_ABOUT_BYTES: u32 = 8;
/** Bytes of a downlink's hash in an ack. */
export const ACK_HASH_BYTES: u32 = 8;
/** Token of an order to rotate, and of the handover that obeys it. */
export const TOKEN_BYTES: u32 = 16;
/** The longest `handover`: 77 bytes of protected header, 182 of claims, 64 of signature, and their heads. */
export const HANDOVER_MOST: u32 = 332;
/** The longest client id of an `access`. */
export const CLIENT_MOST: u32 = 128;
/** The longest message, tag and signature included. */
export const MESSAGE_MOST: u32 = 1024;
/** Limit of the counters in a server's messages, so that some are always left. */
export const COUNTER_END: u32 = 0xffff0000;
/** Maximum step of the last command's counter by one message. */
export const COMMAND_STEP: u32 = 4096;
/** Maximum distance of a report's counter from the head. */
export const REPORT_STEP: u32 = 0x01000000;
