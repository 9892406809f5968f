/** The numbers of the protocol: `assembly/identity/README.md` explains them. */

/** Labels of claims: CWT's, EAT's and Signet's own. Number, meaning, type. */
export const LABELS = {
  iss: [1, "the audience name of the server that answers", "tstr, 1 to 64 bytes"],
  sub: [2, "the client id that the device gives to the service which lets it in", "tstr, 1 to 128 bytes"],
  aud: [3, "the audience name of the server that the message is for", "tstr, 1 to 64 bytes"],
  exp: [4, "time after which the downlink is void, in seconds since 1970", "uint"],
  iat: [6, "the server's time, in seconds since 1970; in `access`, the device's count of it", "uint"],
  cti: [7, "fresh random bytes, so that no two enrolments are equal", "bstr 16"],
  cnf: [8, "the key that the message is about: `{1: COSE_Key}` in `enrol`, `{3: id}` elsewhere", "map"],
  nonce: [10, "the server's challenge", "bstr, 8 to 64 bytes"],
  hwmodel: [259, "the name of the board", "bstr, 1 to 32 bytes"],
  bootcount: [267, "number of starts of the device", "uint < 2^32"],
  swname: [270, "the name of the firmware", "tstr, 1 to 32 bytes"],
  swversion: [271, "the version of the firmware", "[tstr]"],
  counter: [-70001, "strictly rising for each sender", "uint < 2^32"],
  prev: [-70002, "the hash of the report before; 32 zero bytes if there is none", "bstr 32"],
  data: [
    -70003,
    "application data; in an order to rotate and in `handover`, the 16 bytes of the order's token",
    "bstr, 0 to 512 bytes",
  ],
  about: [-70004, "the hash of the message that is answered", "bstr 32"],
  reason: [-70005, "the reason of a refusal, see below", "uint"],
  claim: [-70006, "the one-time claim, if the server asks for one", "bstr, 16 to 32 bytes"],
  head: [
    -70007,
    'counter and hash of a report. In `enrolled` and `handover`: the last accepted one, `[0, 32 zero bytes]` if there is none. In `enrol`: see "Sessions"',
    "[uint, bstr 32]",
  ],
  epitaph: [-70008, "the cause of the last reset by a fault", "bstr, 1 to 64 bytes"],
  ack: [
    -70009,
    "counter of the last downlink that the device obeyed, and the first 8 bytes of its hash; zero bytes if the device knows the counter only. In `enrolled` and `handover` a uint: see there",
    "[uint, bstr 8]",
  ],
  handover: [-70010, "a whole `handover`, signed by the key before", "bstr, 1 to 332 bytes"],
  order: [-70011, "an order to the firmware itself: 1, rotate the key", "uint"],
  session: [-70012, 'the server\'s name for one `enrolled`: see "Sessions"', "bstr, 8 to 16 bytes"],
  damaged: [
    -70013,
    "number of damaged records of the store that the device found and repaired since its last receipt",
    "uint, 1 to 2^32 - 1",
  ],
  last: [-70014, 'the last word of a key: see "The last word"', "true"],
  outage: [
    -70015,
    "the last fault of the link since the last receipt: number of the error + 2^16 cause + 2^20 step + 2^24 times in a row, see [Faults](../link/README.md#faults)",
    "uint, 1 to 2^32 - 1",
  ],
} as const;

/** Members of `cnf`. */
export const CNFS = {
  key: [1, "A whole key (RFC 8747 §3.2)."],
  kid: [3, "The id of one (§3.4)."],
} as const;

/** Orders of a downlink to the firmware itself, beside its data for the application. */
export const ORDERS = {
  none: [0, "Nothing."],
  rotate: [1, "Make another key, and have the one it has hand over to it."],
} as const;

/** Why a server refuses. Number, meaning, HTTP status, how it is answered. 5 was in use once, and stays free. */
export const REASONS = {
  malformed: [1, "", "400", "unsigned until the signature was verified, then signed"],
  "unknown-device": [2, "", "404", "unsigned"],
  "bad-signature": [3, "", "401", "unsigned; signed if only the signature of a handover is wrong"],
  "wrong-audience": [4, "", "403", "signed"],
  forked: [6, "", "409", "signed"],
  revoked: [7, "", "403", "signed"],
  "stale-nonce": [8, "", "401", "unsigned"],
  "not-invited": [9, "", "403", "unsigned"],
  "too-large": [10, "", "413", "unsigned"],
  busy: [11, "", "429 or 503", "unsigned"],
  "stale-session": [12, "", "409", "signed"],
  "handover-refused": [13, "", "403", "signed"],
  suspended: [14, "", "403", "signed"],
} as const;

export const LIMITS = {
  AUDIENCE_MOST: [64, ""],
  CTI_BYTES: [16, ""],
  NONCE_LEAST: [8, ""],
  NONCE_MOST: [64, ""],
  NAME_MOST: [32, ""],
  ONE_TIME_LEAST: [16, ""],
  ONE_TIME_MOST: [32, ""],
  EPITAPH_MOST: [64, ""],
  DATA_MOST: [512, ""],
  HASH_BYTES: [32, ""],
  SESSION_LEAST: [8, ""],
  SESSION_MOST: [16, ""],
  SESSION_ABOUT_BYTES: [8, "Bytes of the enrolment's hash at the end of a session."],
  ACK_HASH_BYTES: [8, "Bytes of a downlink's hash in an ack."],
  TOKEN_BYTES: [16, "Token of an order to rotate, and of the handover that obeys it."],
  HANDOVER_MOST: [
    332,
    "The longest `handover`: 77 bytes of protected header, 182 of claims, 64 of signature, and their heads.",
  ],
  CLIENT_MOST: [128, "The longest client id of an `access`."],
  MESSAGE_MOST: [1024, "The longest message, tag and signature included."],
  COUNTER_END: [0xffff_0000, "Limit of the counters in a server's messages, so that some are always left."],
  COMMAND_STEP: [4096, "Maximum step of the last command's counter by one message."],
  REPORT_STEP: [2 ** 24, "Maximum distance of a report's counter from the head."],
} as const;
