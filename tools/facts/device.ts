/** The numbers that a device shows: on its console, in its store, and to a C program. */

/** Events on the device's console, with their bytes; numbers in them are big-endian. A third text is the part of an image without which it never says the event. */
export const EVENTS = {
  booted: [1, "The count of starts, u32."],
  "key-made": [2, "A key was made and stored: its id."],
  "key-loaded": [3, "The key of an earlier start: its id."],
  "no-entropy": [4, "No usable randomness, so no key: the epitaph's code, u32."],
  unconfigured: [5, "The factory page is missing or damaged; the device stays off the network."],
  "link-up": [6, "The module is ready."],
  "link-failed": [7, "The connection was lost or could not be opened: the link's state, u32."],
  enrolled: [8, "The server knows this device: its id, then the head's counter, u32."],
  sent: [9, "The device sent a report: its counter, u32."],
  accepted: [
    10,
    "A receipt for a report arrived: the counter of the report, u32, then the first 60 bytes of its data.",
  ],
  refused: [11, "The server refused: the reason, u32, then 1 if that was signed, u32."],
  "answer-forged": [12, "An answer failed its checks and was ignored: the status, u32."],
  silenced: [13, "The device is revoked. It sends nothing but one attempt a day."],
  "head-ahead": [
    14,
    "The head of the chain is beyond the last report that this device can have sent: its counter, u32. Its flash was restored, or another device has its key.",
  ],
  command: [15, "The device acts upon a command from the server: its counter, u32, then the first 60 bytes."],
  "command-ignored": [16, "The device ignored a command that is old or void: its counter, u32."],
  "store-begun": [17, "The store was empty or not readable. The device began a new one."],
  retry: [18, "A step failed. The next attempt follows after this many ms, u32."],
  "answer-unknown": [
    19,
    "The transport gave an answer that the protocol does not have: its number there (the status of HTTP), u32.",
  ],
  resting: [20, "The last starts ended in faults. This one waits for this many ms, u32."],
  secured: [21, "TLS is established: 1 if it was resumed, u32."],
  "tls-failed": [22, "TLS failed: the alert, u32, 256 if the connection was lost; then 1 if the server sent it, u32."],
  rotating: [
    23,
    "On the server's order the device made and stored its next key, and signs with it from now on: its id.",
  ],
  rotated: [24, "The server has accepted the next key as the device's key: its id."],
  "no-storage": [25, "The flash does not keep what is written to it. The device begins no store and makes no key."],
  "flash-damaged": [26, "The number of damaged records in the store, u32. Each has a copy and is repaired."],
  "identity-lost": [
    27,
    "The store held a key that can no longer be read. The device stays off the network and makes no other key.",
  ],
  "number-refused": [
    28,
    "The server signed a number beyond its limit, and the device ignored it: which one (`Refused`), u32, then the number, u32.",
  ],
  "response-refused": [29, "The device refused a response of the transport: the reason (`ResponseFault`), u32."],
  "link-fault": [
    30,
    "The link did not come up, or broke: the word of the fault (`assembly/link/README.md`), u32. The device prints it when it is new, and when its count is a power of two.",
  ],
  "key-p256": [
    31,
    "The device has a key on P-256 beside its own: its pin, the SHA-256 of its SubjectPublicKeyInfo. It is the CN of the certificate, too.",
    "TLS_OWN_P256",
  ],
  "certificate-refused": [
    32,
    "The certificate of the factory page is not used, and the device shows its own: the status, u32; 2: it is none, 3: its key is not the device's.",
    "TLS_OWN_P256",
  ],
} as const;

/** Steps in which the link can fail. */
export const LINK_STEPS = {
  none: [0, "There is no fault."],
  module: [1, "The module is looked for: power, wiring, baud rate."],
  "set-up": [2, "The module is set up."],
  sim: [3, "The SIM is unlocked."],
  attach: [4, "The module registers with the mobile network."],
  join: [5, "The module joins the wireless network."],
  context: [6, "The module gets an address."],
  resolve: [7, "The server's name is resolved."],
  connect: [8, "The connection to the server is opened."],
  send: [9, "Data is sent."],
  receive: [10, "Data is received."],
} as const;

/** Flags of a segment of a tunnel. */
export const TUNNEL_FLAGS = {
  open: [1, "Request: the connection may be made if the server does not know it."],
  end: [2, "Answer: no bytes follow the data."],
  unknown: [4, "Answer: the server does not know the connection. There is no data."],
  more: [8, "Request: more bytes of the device follow at once, so the server does not wait with its answer."],
} as const;

/** Causes of a fault of the link. */
export const LINK_CAUSES = {
  none: [0, "There is no fault."],
  silence: [1, "Nothing came."],
  error: [2, "An error, with its number if there was one."],
  garbage: [3, "Bytes came, but no answer."],
  busy: [4, "The module stayed busy."],
  restart: [5, "The module restarted."],
} as const;

/** Reasons to refuse a response: of HTTP up to 9, of MQTT from 10. */
export const RESPONSE_FAULTS = {
  none: [0, "It is not."],
  "status-line": [1, "The first line is not that of HTTP/1.1 or HTTP/1.0."],
  field: [2, "A line of the head or the trailer has no name, is folded, or has a byte that may not be there."],
  length: [3, "The length is no number, is there twice, or does not fit the status."],
  "no-length": [4, "Neither a length nor chunks: the body would end with the connection, and so could be cut short."],
  encoding: [5, "The transfer encoding is not `chunked` alone, or the response may not have one."],
  interim: [6, "Too many interim responses, one with a body, or one that changes the protocol."],
  chunk: [7, "The frame of a chunk is malformed."],
  "head-too-long": [8, "Head, trailer and chunk extensions are longer than HTTP_HEAD_BYTES."],
  "body-too-long": [9, "The body is longer than any answer."],
  "broker-refused": [10, "The broker refused the connection: the user's name, the password, or the will."],
  "topic-refused": [11, "The broker refused a subscription."],
  packet: [12, "A packet of MQTT that a broker may not send, or not now."],
  "broker-silent": [13, "The broker did not answer that it is there."],
} as const;

/** Which number of a server an event `number-refused` is about. */
export const REFUSED_NUMBERS = {
  head: [1, "A head's counter."],
  command: [2, "A command's counter."],
  "last-command": [3, "The counter of the last command."],
} as const;

/** The keys of the factory page's map. The bounds of the values stand beside each implementation. */
export const FACTORY = {
  link: [1, "The family of the module: an index of the link's families, uint."],
  host: [2, "The server's host name or address, tstr, 1 to 64 bytes."],
  port: [3, "The server's port, uint."],
  audience: [4, "The audience name of the server, tstr, 1 to 64 bytes."],
  "server-keys": [5, "One or two Ed25519 public keys of the server, array of bstr 32."],
  ssid: [6, "The name of the wireless network, tstr, 1 to 32 bytes."],
  "network-secret": [7, "The pass phrase of that network, tstr, 0 to 64 bytes."],
  claim: [8, "The claim with which the device enrols, bstr, 16 to 32 bytes."],
  seed: [9, "The factory seed: 32 bytes of entropy and a nonce of 16, bstr 48."],
  "report-interval-ms": [10, "The interval of reports, uint, 1 to 2^31 - 1."],
  "tls-keys": [
    11,
    "One or two pins of the TLS server: its Ed25519 public key, or the SHA-256 of the SubjectPublicKeyInfo of a key on P-256; array of bstr 32.",
  ],
  "tls-roots": [
    12,
    "One or two pins, as above, of the keys that may end the TLS server's chain of certificates; array of bstr 32.",
  ],
  apn: [
    13,
    "The access point of a mobile network, tstr, 1 to 63 bytes. An image without a driver for one refuses the page.",
  ],
  "apn-user": [14, "The user name there, tstr, 1 to 64 bytes."],
  "apn-password": [15, "The password there, tstr, 1 to 64 bytes."],
  pin: [16, "The PIN of the SIM, tstr, 4 to 8 digits."],
  "mqtt-prefix": [
    17,
    "The beginning of each topic of MQTT, tstr, 1 to 64 bytes; `signet` without it. An image without MQTT refuses the page.",
  ],
  "mqtt-user": [18, "The user name at the broker, and the channel, tstr, 1 to 64 characters of `A-Z a-z 0-9 _ . -`."],
  "mqtt-password": [19, "The password there, tstr, 1 to 64 bytes. It has a user name."],
  "module-commands": [
    20,
    "Further commands for a module in a mobile network, without `AT`, with a line feed between two: tstr, 1 to 128 bytes.",
  ],
  certificate: [
    21,
    "The certificate_list of TLS (RFC 8446, section 4.4.2) for the device's key on P-256: bstr, 1 to 1,536 bytes. An image without such a key refuses the page.",
  ],
  "module-baud": [
    22,
    "The baud rate for the UART of the module, uint, 300 to 5,000,000. An image without the choice `baud` refuses the page.",
  ],
  "module-flow": [
    23,
    "The lines that an ESP-AT module is to use for flow control, uint: 1 RTS, 2 CTS, 3 both. It has a baud rate.",
  ],
} as const;

/** States of the device. */
export const STATES = {
  resting: [0, "A pause before the store is opened, or after faults."],
  collecting: [1, "Noise, until there is a key."],
  challenge: [2, "A nonce is asked for."],
  enrol: [3, "The device signs up, and learns the head of its chain."],
  idle: [4, "Until a reading is due or given."],
  report: [5, "The same bytes, until they are answered."],
  waiting: [6, "After a failure, longer each time."],
  silent: [7, "Revoked: for a day."],
  unconfigured: [8, "No factory page: the device stays off the network."],
} as const;

/** States of the application's stream. */
export const STREAM_STATES = {
  closed: [0, "There is none."],
  waiting: [1, "For a report that is under way, or for the module."],
  opening: [2, "The connection is being made."],
  open: [3, "The server is proven; bytes flow."],
  ended: [4, "The server closed in order, and all it sent was read."],
  failed: [5, "It could not be opened in a minute, the server could not be proven, or the connection was cut."],
} as const;

/** States of the application's client of MQTT. */
export const MQTT_STATES = {
  closed: [0, "There is none."],
  waiting: [1, "No connection: reports have it, or an attempt failed and the next one is due later."],
  open: [2, "The broker has accepted the client."],
} as const;

/** Results of fallible functions: number, meaning, and the meaning for a C program that can see it. */
export const STATUSES = {
  ok: [0x5a3c96c3, "", "Success. It is not zero: compare with it."],
  "too-long": [
    -1,
    "A buffer or counter of ours is too small for this input; nothing was written past it.",
    "More than 512 bytes, a name longer than a host's can be, or no room for another filter.",
  ],
  malformed: [-2, "The bytes do not follow their format.", "A port, name or topic that cannot be one."],
  forged: [-3, "A signature or tag does not verify, or a key or point is one that must be refused."],
  unexpected: [
    -4,
    "Well formed, but not allowed in the present state.",
    "Not now: there is a stream already, or none; or never: the factory page or the board has no TLS.",
  ],
  again: [
    -5,
    "Nothing to do yet; call again later.",
    "The report before has no receipt yet, or there is no room: try again later.",
  ],
  closed: [-6, "The peer or the module closed, or did not answer in time."],
  "no-entropy": [-7, "The noise source gave nothing, or failed a health test."],
  storage: [-8, "Flash could not be erased, programmed, or read back as written."],
  absent: [-9, "No record of that kind."],
} as const;

/** Why a device gives up and resets: the board writes `die N` where it survives the reset. */
export const DEATHS = {
  "no-source": [1, "The board has no source of noise and was given no seed."],
  stuck: [2, "The source of noise is stuck: it repeats a sample."],
  "too-slow": [3, "The source of noise gives too little."],
  storage: [4, "The flash does not hold what is written to it."],
  biased: [5, "The source of noise is biased: a sample comes too often."],
  silent: [6, "The source of noise gives nothing at all."],
  "identity-lost": [7, "The store held a key, and no copy of it can be read. Only erasing the store ends this."],
  patterned: [8, "The source of noise follows a pattern: few different samples, or the same again after a lag."],
  "no-seed": [9, "The source of noise is too weak to stand alone, and there is no seed."],
  "later-store": [10, "The store was written by a later version of the firmware."],
} as const;

/** The kinds of record in the store. The numbers are stored: they never change, and 7 is none. */
export const RECORDS = {
  key: [0, "The secret 32 bytes of the device's key."],
  seed: [1, "32 bytes for the next start's random generator."],
  counter: [2, "The highest report counter that may have been used, u32."],
  boots: [3, "Number of starts, u32."],
  faults: [4, "Number of starts in a row that ended in a fault, u32."],
  command: [
    5,
    "Counter of the last command acted upon, u32, and 8 bytes of its hash, which earlier versions did not store.",
  ],
  time: [6, "The newest time in the server's answers, seconds since 1970, u32."],
  epitaph: [8, "Epitaph of an earlier life that is not reported yet."],
  successor: [
    9,
    "The secret 32 bytes of the key that is to take over, or that took over last, then the `handover` by which it does.",
  ],
  session: [10, "The server's name for the session that the device reported in last."],
  damaged: [11, "Number of repaired places that are not reported yet, u32."],
  former: [
    12,
    "The secret 32 bytes of the key before, for a server that refuses the handover, and bytes of the server's key that orders rotations.",
  ],
  "key-p256": [13, "The secret 32 bytes of the key on P-256, in an image that has one."],
} as const;

/** The longest name of a stream's host. */
export const HOST_MOST = 64;

/** Limits of the factory page that the device and the tools check. */
export const PAGE_LIMITS = {
  CHAIN_MOST: [1536, "The longest certificate_list for the key on P-256: a leaf and an intermediate authority."],
} as const;

/** Limits of TLS that the application sees. */
export const TLS_LIMITS = {
  PROTOCOL_MOST: [32, "The longest name of an application protocol."],
  CERTIFICATE_MOST: [394, "The most bytes of the certificate that the device makes itself."],
} as const;

/** Limits of the application's client of MQTT. */
export const MQTT_LIMITS = {
  MQTT_TOPIC_MOST: [64, "The longest topic, and the longest filter."],
  MQTT_DATA_MOST: [512, "The most bytes of a message."],
  MQTT_FILTERS_MOST: [4, "Subscriptions at a time."],
  MQTT_TEXT_MOST: [256, "The longest of the other texts of an account: user, password, message of the will."],
} as const;
