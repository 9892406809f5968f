/** Every size and timeout of the firmware, each with its reason. */

/**
 * Scratch memory for cryptographic temporaries. The deepest user in a device's life is Ed25519 verification, under the head of a
 * COSE_Sign1: 1,568 bytes, and 1,632 on a board that verifies its signatures, with noise and seed. An image with deeper
 * primitives gives its own size: PSS with 4096 bits takes 1,720 bytes with SHA-256 and 1,944 with SHA-512. TLS with RSA keys uses the
 * former, with room for the longest digest.
 */
const SCRATCH_LEAST_BYTES: u32 = isDefined(TLS_PUBLIC) ? 1784 : isDefined(CRYPTO_CHECKED) ? 1632 : 1568;
export const SCRATCH_BYTES: u32 = isDefined(SCRATCH) ? SCRATCH : SCRATCH_LEAST_BYTES;

/** Bytes on their way to the module: a small report with its HTTP head, so that it travels as one TCP segment. At least two frames. */
export const LINK_TX_BYTES: u32 = isDefined(LINK_TX) ? LINK_TX : 512;
/** Size of the receive ring: 22 ms of a UART at 115,200 baud, more than one turn of the main loop. */
export const LINK_RX_BYTES: u32 = isDefined(LINK_RX) ? LINK_RX : 256;
/** Maximum data of one frame of the framed link: 12 ms at 115,200 baud, and half of the receive buffer. */
export const FRAME_DATA_BYTES: u32 = 128;
/** Time until an unanswered frame is sent again: several times that of a full frame at 9,600 baud. */
export const FRAME_RETRY_MS: u32 = 400;
/** Attempts to send a frame before the link counts as lost: with doubling, some 12 s. */
export const FRAME_TRIES: u32 = 5;
/** Maximum pause between greetings to a bridge that does not greet. */
export const FRAME_GREETING_MAX_MS: u32 = 8_000;
/** Time for the bridge to open a connection: a TCP handshake with repetitions, and name resolution. */
export const FRAME_OPEN_MS: u32 = 20_000;
/** Interval of the queries to a peer without room. */
export const FRAME_PROBE_MS: u32 = 1_000;
/** The pause after a lost request of a tunnel; it doubles. The server answers within 2 s. */
export const TUNNEL_LOST_MS: u32 = 1_000;
/** Time for the answer to a datagram: ACK_TIMEOUT of RFC 7252 with its whole random part. It doubles. */
export const TUNNEL_ACK_MS: u32 = 3_000;
/** The pause before a request of a tunnel without data: the answer to the request before holds most of what is expected. It doubles. */
export const TUNNEL_POLL_MS: u32 = 200;
/** Lost requests of a tunnel in a row before its connection counts as lost: with doubling and the time of each, some 30 s. */
export const TUNNEL_TRIES: u32 = 4;
/** Time for an AT module to execute a plain command; the manuals promise far less. */
export const AT_REPLY_MS: u32 = 2_000;
/** Time for the answer to a bare `AT`: a restarted device must soon detect that its module still waits for data. */
export const AT_SYNC_MS: u32 = 500;
/** Time to resolve a name and open a connection. */
export const AT_OPEN_MS: u32 = 20_000;
/** Time for a cellular module to open a connection or a context: shorter than PROGRESS_MS, since it is silent meanwhile. */
export const AT_DIAL_MS: u32 = 75_000;
/** Time for a cellular module to restart. */
export const AT_BOOT_MS: u32 = 15_000;
/** Interval of the queries to a cellular module that searches for its network. */
export const AT_SEARCH_MS: u32 = 2_000;
/** Queries before a search counts as a fault, which does not end it: 3 minutes. */
export const AT_SEARCHES: u32 = 90;
/** Time to join a network: ESP-AT itself gives up after 15 s. */
export const AT_JOIN_MS: u32 = 20_000;
/** Time to accept data, or to report the result of a send, before the driver asks. */
export const AT_SEND_MS: u32 = 5_000;
/** The pause between the prompt and the data: u-blox modules ask for at least 50 ms. */
export const AT_GAP_MS: u32 = 60;
/** Repetitions to a busy module after that time during a send: together less than an exchange may take. */
export const AT_SEND_TRIES: u32 = 6;
/** Time from a reset to `ready`. */
export const AT_RESET_MS: u32 = 5_000;
/** Time that the reset line of a module is held, or its power is off: modules ask for 0.1 to 2 s. */
export const AT_PULSE_MS: u32 = 2_500;
/** The silence around `+++` that leaves passthrough mode. */
export const AT_ESCAPE_MS: u32 = 1_100;
/** The silence after which a module has no late answers left to give. */
export const AT_SETTLE_MS: u32 = 150;
/** Pause before a command to a busy module is repeated. */
export const AT_BUSY_MS: u32 = 250;
/** Interval of the requests for data without a notice: a notice can be lost on the wire. */
export const AT_POLL_MS: u32 = 3_000;
/** The same right after the last byte either way, when more is likely; it doubles up to the above. */
export const AT_POLL_MIN_MS: u32 = 20;
/** The pause after the first failure of a module; it doubles with each further one. */
export const AT_BACKOFF_MS: u32 = 500;
/** The longest such pause. */
export const AT_BACKOFF_MAX_MS: u32 = 20_000;
/** Repetitions of a command to a busy module before it counts as failed. */
export const AT_TRIES: u32 = 20;
/** Refused connections in a row that make the module suspect: enough for it to find its network after a reset. */
export const AT_REFUSALS: u32 = 4;
/** Keep-alive of MQTT in seconds: the broker ends a connection after one and a half times this without a packet. */
export const MQTT_KEEP_ALIVE_S: u32 = 300;
/** Silence after which the device sends a packet: shorter than that, and than the life of a binding in a NAT. */
export const MQTT_PING_MS: u32 = 240_000;
/** Time for the answer to it. */
export const MQTT_REPLY_MS: u32 = 20_000;
/** The longest that the application's client of MQTT holds up a report, with a message under way. */
export const MQTT_YIELD_MS: u32 = 5_000;
/** The pause of that client after a first failure; it doubles with each further one. */
export const MQTT_PAUSE_MS: u32 = 1_000;
/** Maximum head of an HTTP response: several times that of servers and their proxies. */
export const HTTP_HEAD_BYTES: u32 = 2_048;

/** The day of the build, since 1970: given by the build (`tools/firmware/day.ts`), or the first of 2026. */
export const BUILD_DAY: u32 = isDefined(BUILT_ON_DAY) ? BUILT_ON_DAY : 20_454;
/** Time for the application's stream to open: a slow module, a handshake, and a reset of the module in between. */
export const STREAM_OPEN_MS: u32 = 60_000;
/** Content of a TLS record, both ways: 512 or 1024, for which max_fragment_length has a code; a report fits in the larger. */
export const TLS_RECORD_BYTES: u32 = isDefined(TLS_RECORD) ? TLS_RECORD : 1024;
/** The largest handshake message: a chain of two Ed25519 certificates, one of public authorities, or a hello with a ticket fits. */
export const TLS_MESSAGE_BYTES: u32 = isDefined(TLS_MESSAGE) ? TLS_MESSAGE : isDefined(TLS_PUBLIC) ? 3584 : 1024;
/** The largest ticket that is kept: those of OpenSSL hold the device's certificate, which is longer on P-256. */
export const TLS_TICKET_BYTES: u32 = isDefined(TLS_TICKET) ? TLS_TICKET : isDefined(TLS_OWN_P256) ? 768 : 576;
/** Tickets that are kept: 1, or 2 for servers that give two, and none to a client that resumes. */
export const TLS_TICKETS: u32 = isDefined(TLS_TWO_TICKETS) ? 2 : 1;
/** Time for a handshake: a few public-key operations at 16 MHz on an M0, and the module's delays. */
export const TLS_OPEN_MS: u32 = 30_000;
/** Time for the answer to close_notify before the connection is ended without it. */
export const TLS_CLOSE_MS: u32 = 2_000;

/**
 * Part of a page of the store that live records may fill: the rest is room to append before the next page is erased.
 */
export const STORE_LIVE_PERCENT: u32 = 75;
/**
 * Report counters reserved by one write: at one report a minute a write in four hours, and skipped numbers are free.
 */
export const COUNTER_BLOCK: u32 = 256;
/** Maximum distance above the reserve of a head that is stored, once a start. */
export const HEAD_STEP: u32 = 65_536;
/** Time after a head beyond all known ones in which another is refused. */
export const HEAD_PAUSE_MS: u32 = 3_600_000;
/** Minimum time between two rotations of a life: each costs four page erasures, and a thief of a server key could order them all day. */
export const ROTATION_PAUSE_MS: u32 = 600_000;
/** Maximum distance of a server's time from the device's own count. */
export const TIME_SLACK_S: u32 = 3_600;
/** Time in which every answer must agree on a further time before it is accepted. */
export const TIME_PROOF_MS: u32 = 172_800_000;
/** Minimum step of a receipt's time that is worth a write. */
export const TIME_STEP_S: u32 = 86_400;
/** Time for a source of noise to give the start-up test and a seed: nRF51's gives a byte in 0.7 ms. */
export const ENTROPY_MS: u32 = 30_000;
/** Requests to the random generator between two seeds. */
export const RESEED_REQUESTS: u32 = 256;
/** The largest answer: a receipt of 318 bytes and a downlink of 813. */
export const ANSWER_BYTES: u32 = 1_152;
/** The overlay of `lib/overlay.ts`: an answer, or a handshake message and its 128 bytes of randomness. */
export const OVERLAY_BYTES: u32 = isDefined(WITHOUT_TLS)
  ? ANSWER_BYTES
  : ANSWER_BYTES > TLS_MESSAGE_BYTES + 128
    ? ANSWER_BYTES
    : TLS_MESSAGE_BYTES + 128;
/** Time for one exchange over an open connection: a server's slowest answer and a slow module's longest pause. */
export const EXCHANGE_MS: u32 = 45_000;
/** Time for the caller of an `access` to come back while the signer works: after it, the life takes the signer back. */
export const ACCESS_MS: u32 = 10_000;
/** The pause after a first failure; it doubles with each further one, and half of it is random. */
export const RETRY_MS: u32 = 1_000;
/** The longest such pause. */
export const RETRY_MAX_MS: u32 = 600_000;
/** Unwanted answers in a row that make the device enrol again. */
export const RETRY_ENROL: u32 = 4;
/** The longest pause of a suspended device before it asks again. */
export const SUSPENDED_MS: u32 = 1_200_000;
/** Silence of a revoked device. */
export const SILENCE_MS: u32 = 86_400_000;
/**
 * The pause at each start before the store is opened or written: a supply that breaks down under the module's start, or a
 * fault in opening, then repeats without wearing the flash. ESP modules calibrate their radio 0.1 to 0.3 s after power-on.
 */
export const START_MS: u32 = 500;
/**
 * Time that a start waits for its link before it writes to the store without it: a module transmits soon after the order to
 * join.
 */
export const LINK_FIRST_MS: u32 = 5_000;
/** The pause at a start after two faults in a row; it doubles with each further one. */
export const REST_MS: u32 = 2_000;
/** The longest such pause. */
export const REST_MAX_MS: u32 = 3_600_000;
/**
 * An open connection is kept for the next report if that follows within this time: servers close idle ones after 5 s, and those in
 * a tunnel after 2 hours. A connection to a broker is kept alive.
 */
export const KEEP_MS: u32 = isDefined(ROAD_HTTP) || isDefined(ROAD_UDP) || isDefined(ROAD_MQTT) ? 7_000_000 : 2_000;
/**
 * Maximum time without progress; after it the watchdog is no longer fed. Twice the longest of the timeouts above that run
 * without a pause.
 */
export const PROGRESS_MS: u32 = 90_000;
/** Interval of the main loop's turns while work is in progress, and while none is: the watchdog needs progress. */
export const TURN_MS: u32 = 5;
export const IDLE_TURN_MS: u32 = 500;
