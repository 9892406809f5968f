// node --import tsx tools/facts/generate.ts
/** Events on the device's console; numbers among the bytes are big-endian. */
export const enum Event {
  /** The count of starts, u32. */
  Booted = 1,
  /** A key was made and stored: its id. */
  KeyMade = 2,
  /** The key of an earlier start: its id. */
  KeyLoaded = 3,
  /** No usable randomness, so no key: the epitaph's code, u32. */
  NoEntropy = 4,
  /** The factory page is missing or damaged; the device stays off the network. */
  Unconfigured = 5,
  /** The module is ready. */
  LinkUp = 6,
  /** The connection was lost or could not be opened: the link's state, u32. */
  LinkFailed = 7,
  /** The server knows this device: its id, then the head's counter, u32. */
  Enrolled = 8,
  /** The device sent a report: its counter, u32. */
  Sent = 9,
  /** A receipt for a report arrived: the counter of the report, u32, then the first 60 bytes of its data. */
  Accepted = 10,
  /** The server refused: the reason, u32, then 1 if that was signed, u32. */
  Refused = 11,
  /** An answer failed its checks and was ignored: the status, u32. */
  AnswerForged = 12,
  /** The device is revoked. It sends nothing but one attempt a day. */
  Silenced = 13,
  /** The head of the chain is beyond the last report that this device can have sent: its counter, u32. Its flash was restored, or another device has its key. */
  HeadAhead = 14,
  /** The device acts upon a command from the server: its counter, u32, then the first 60 bytes. */
  Command = 15,
  /** The device ignored a command that is old or void: its counter, u32. */
  CommandIgnored = 16,
  /** The store was empty or not readable. The device began a new one. */
  StoreBegun = 17,
  /** A step failed. The next attempt follows after this many ms, u32. */
  Retry = 18,
  /** The transport gave an answer that the protocol does not have: its number there (the status of HTTP), u32. */
  AnswerUnknown = 19,
  /** The last starts ended in faults. This one waits for this many ms, u32. */
  Resting = 20,
  /** TLS is established: 1 if it was resumed, u32. */
  Secured = 21,
  /** TLS failed: the alert, u32, 256 if the connection was lost; then 1 if the server sent it, u32. */
  TlsFailed = 22,
  /** On the server's order the device made and stored its next key, and signs with it from now on: its id. */
  Rotating = 23,
  /** The server has accepted the next key as the device's key: its id. */
  Rotated = 24,
  /** The flash does not keep what is written to it. The device begins no store and makes no key. */
  NoStorage = 25,
  /** The number of damaged records in the store, u32. Each has a copy and is repaired. */
  FlashDamaged = 26,
  /** The store held a key that can no longer be read. The device stays off the network and makes no other key. */
  IdentityLost = 27,
  /** The server signed a number beyond its limit, and the device ignored it: which one (`Refused`), u32, then the number, u32. */
  NumberRefused = 28,
  /** The device refused a response of the transport: the reason (`ResponseFault`), u32. */
  ResponseRefused = 29,
  /** The link did not come up, or broke: the word of the fault (`assembly/link/README.md`), u32. The device prints it when it is new, and when its count is a power of two. */
  LinkFault = 30,
  /** The device has a key on P-256 beside its own: its pin, the SHA-256 of its SubjectPublicKeyInfo. It is the CN of the certificate, too. */
  KeyP256 = 31,
  /** The certificate of the factory page is not used, and the device shows its own: the status, u32; 2: it is none, 3: its key is not the device's. */
  CertificateRefused = 32,
}

/** The numbers of a server that Event.NumberRefused can name. */
export const enum Refused {
  /** A head's counter. */
  Head = 1,
  /** A command's counter. */
  Command = 2,
  /** The counter of the last command. */
  LastCommand = 3,
}

/** States of the device. */
export const enum State {
  /** A pause before the store is opened, or after faults. */
  Resting = 0,
  /** Noise, until there is a key. */
  Collecting = 1,
  /** A nonce is asked for. */
  Challenge = 2,
  /** The device signs up, and learns the head of its chain. */
  Enrol = 3,
  /** Until a reading is due or given. */
  Idle = 4,
  /** The same bytes, until they are answered. */
  Report = 5,
  /** After a failure, longer each time. */
  Waiting = 6,
  /** Revoked: for a day. */
  Silent = 7,
  /** No factory page: the device stays off the network. */
  Unconfigured = 8,
}

/** States of the application's client of MQTT. */
export const enum MqttState {
  /** There is none. */
  Closed = 0,
  /** No connection: reports have it, or an attempt failed and the next one is due later. */
  Waiting = 1,
  /** The broker has accepted the client. */
  Open = 2,
}

/** States of the application's stream. */
export const enum StreamState {
  /** There is none. */
  Closed = 0,
  /** For a report that is under way, or for the module. */
  Waiting = 1,
  /** The connection is being made. */
  Opening = 2,
  /** The server is proven; bytes flow. */
  Open = 3,
  /** The server closed in order, and all it sent was read. */
  Ended = 4,
  /** It could not be opened in a minute, the server could not be proven, or the connection was cut. */
  Failed = 5,
}

/** Causes for which a device gives up and resets. */
export const enum Death {
  /** The board has no source of noise and was given no seed. */
  NoSource = 1,
  /** The source of noise is stuck: it repeats a sample. */
  Stuck = 2,
  /** The source of noise gives too little. */
  TooSlow = 3,
  /** The flash does not hold what is written to it. */
  Storage = 4,
  /** The source of noise is biased: a sample comes too often. */
  Biased = 5,
  /** The source of noise gives nothing at all. */
  Silent = 6,
  /** The store held a key, and no copy of it can be read. Only erasing the store ends this. */
  IdentityLost = 7,
  /** The source of noise follows a pattern: few different samples, or the same again after a lag. */
  Patterned = 8,
  /** The source of noise is too weak to stand alone, and there is no seed. */
  NoSeed = 9,
  /** The store was written by a later version of the firmware. */
  LaterStore = 10,
}

/** The kinds of record in the store. They never change, and 7 is none. */
export const enum Record {
  /** The secret 32 bytes of the device's key. */
  Key = 0,
  /** 32 bytes for the next start's random generator. */
  Seed = 1,
  /** The highest report counter that may have been used, u32. */
  Counter = 2,
  /** Number of starts, u32. */
  Boots = 3,
  /** Number of starts in a row that ended in a fault, u32. */
  Faults = 4,
  /** Counter of the last command acted upon, u32, and 8 bytes of its hash, which earlier versions did not store. */
  Command = 5,
  /** The newest time in the server's answers, seconds since 1970, u32. */
  Time = 6,
  /** Epitaph of an earlier life that is not reported yet. */
  Epitaph = 8,
  /** The secret 32 bytes of the key that is to take over, or that took over last, then the `handover` by which it does. */
  Successor = 9,
  /** The server's name for the session that the device reported in last. */
  Session = 10,
  /** Number of repaired places that are not reported yet, u32. */
  Damaged = 11,
  /** The secret 32 bytes of the key before, for a server that refuses the handover, and bytes of the server's key that orders rotations. */
  Former = 12,
  /** The secret 32 bytes of the key on P-256, in an image that has one. */
  KeyP256 = 13,
}

/** The keys of the factory page's map. */
export const enum Factory {
  /** The family of the module: an index of the link's families, uint. */
  Link = 1,
  /** The server's host name or address, tstr, 1 to 64 bytes. */
  Host = 2,
  /** The server's port, uint. */
  Port = 3,
  /** The audience name of the server, tstr, 1 to 64 bytes. */
  Audience = 4,
  /** One or two Ed25519 public keys of the server, array of bstr 32. */
  ServerKeys = 5,
  /** The name of the wireless network, tstr, 1 to 32 bytes. */
  Ssid = 6,
  /** The pass phrase of that network, tstr, 0 to 64 bytes. */
  NetworkSecret = 7,
  /** The claim with which the device enrols, bstr, 16 to 32 bytes. */
  Claim = 8,
  /** The factory seed: 32 bytes of entropy and a nonce of 16, bstr 48. */
  Seed = 9,
  /** The interval of reports, uint, 1 to 2^31 - 1. */
  ReportIntervalMs = 10,
  /** One or two pins of the TLS server: its Ed25519 public key, or the SHA-256 of the SubjectPublicKeyInfo of a key on P-256; array of bstr 32. */
  TlsKeys = 11,
  /** One or two pins, as above, of the keys that may end the TLS server's chain of certificates; array of bstr 32. */
  TlsRoots = 12,
  /** The access point of a mobile network, tstr, 1 to 63 bytes. An image without a driver for one refuses the page. */
  Apn = 13,
  /** The user name there, tstr, 1 to 64 bytes. */
  ApnUser = 14,
  /** The password there, tstr, 1 to 64 bytes. */
  ApnPassword = 15,
  /** The PIN of the SIM, tstr, 4 to 8 digits. */
  Pin = 16,
  /** The beginning of each topic of MQTT, tstr, 1 to 64 bytes; `signet` without it. An image without MQTT refuses the page. */
  MqttPrefix = 17,
  /** The user name at the broker, and the channel, tstr, 1 to 64 characters of `A-Z a-z 0-9 _ . -`. */
  MqttUser = 18,
  /** The password there, tstr, 1 to 64 bytes. It has a user name. */
  MqttPassword = 19,
  /** Further commands for a module in a mobile network, without `AT`, with a line feed between two: tstr, 1 to 128 bytes. */
  ModuleCommands = 20,
  /** The certificate_list of TLS (RFC 8446, section 4.4.2) for the device's key on P-256: bstr, 1 to 1,536 bytes. An image without such a key refuses the page. */
  Certificate = 21,
  /** The baud rate for the UART of the module, uint, 300 to 5,000,000. An image without the choice `baud` refuses the page. */
  ModuleBaud = 22,
  /** The lines that an ESP-AT module is to use for flow control, uint: 1 RTS, 2 CTS, 3 both. It has a baud rate. */
  ModuleFlow = 23,
}

/** The longest certificate_list for the key on P-256: a leaf and an intermediate authority. */
export const CHAIN_MOST: u32 = 1536;
/** The longest name of an application protocol. */
export const PROTOCOL_MOST: u32 = 32;
/** The most bytes of the certificate that the device makes itself. */
export const CERTIFICATE_MOST: u32 = 394;
