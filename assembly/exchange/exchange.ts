/**
 * How a message reaches the server, over any carrier. A device asks one question at a time and knows nothing else of its transport:
 *
 *     ask(question, message)   ->  Pending   pull, push: bytes to and from the server
 *                              ->  Answered  the answer that the question asks for: `len` bytes
 *                              ->  Refused   `len` bytes that say why, and `detail`
 *                              ->  Failed    no answer; the connection must be closed
 *
 * `road.ts` leads to the implementation of the image. An implementation does no I/O and never waits: time and the connection are its caller's. Nothing here is trusted: an answer
 * counts once its signature was verified.
 */

/** True if the exchange of the image is MQTT; otherwise it is HTTP. */
export const MQTT: bool = isDefined(ROAD_MQTT);

if (MQTT && (isDefined(WITHOUT_TLS) || isDefined(ROAD_HTTP) || isDefined(ROAD_UDP)))
  ERROR("ROAD_MQTT needs TLS over a stream: it excludes WITHOUT_TLS, ROAD_HTTP and ROAD_UDP");

/** Requests that a message makes of the server. */
export const enum Question {
  /** A nonce. The message is empty. */
  Challenge = 0,
  /** Enrol. The message is one COSE_Sign1. */
  Enrol = 1,
  /** Accept a report. The message is a sequence of COSE_Sign1. */
  Report = 2,
}

/** Results of a question. */
export const enum Verdict {
  /** Nothing was asked. */
  None,
  /** The message is being sent, or the answer is being read. */
  Pending,
  Failed,
  /** The answer is complete in the states from here on. */
  Answered,
  Refused,
}
