/* node --import tsx tools/facts/generate.ts */
#ifndef SIGNET_FACTS_H_
#define SIGNET_FACTS_H_

/** States of the device. */
enum signet_status {
  /** A pause before the store is opened, or after faults. */
  SIGNET_RESTING = 0,
  /** Noise, until there is a key. */
  SIGNET_COLLECTING = 1,
  /** A nonce is asked for. */
  SIGNET_CHALLENGE = 2,
  /** The device signs up, and learns the head of its chain. */
  SIGNET_ENROL = 3,
  /** Until a reading is due or given. */
  SIGNET_IDLE = 4,
  /** The same bytes, until they are answered. */
  SIGNET_REPORT = 5,
  /** After a failure, longer each time. */
  SIGNET_WAITING = 6,
  /** Revoked: for a day. */
  SIGNET_SILENT = 7,
  /** No factory page: the device stays off the network. */
  SIGNET_UNCONFIGURED = 8,
};

/** Results of calls that can fail. Errors are negative. */
enum signet_result {
  /** Success. It is not zero: compare with it. */
  SIGNET_OK = 0x5a3c96c3,
  /** More than 512 bytes, a name longer than a host's can be, or no room for another filter. */
  SIGNET_TOO_LONG = -1,
  /** A port, name or topic that cannot be one. */
  SIGNET_MALFORMED = -2,
  /** Not now: there is a stream already, or none; or never: the factory page or the board has no TLS. */
  SIGNET_UNEXPECTED = -4,
  /** The report before has no receipt yet, or there is no room: try again later. */
  SIGNET_AGAIN = -5,
};

/** States of a stream. */
enum signet_stream {
  /** There is none. */
  SIGNET_STREAM_CLOSED = 0,
  /** For a report that is under way, or for the module. */
  SIGNET_STREAM_WAITING = 1,
  /** The connection is being made. */
  SIGNET_STREAM_OPENING = 2,
  /** The server is proven; bytes flow. */
  SIGNET_STREAM_OPEN = 3,
  /** The server closed in order, and all it sent was read. */
  SIGNET_STREAM_ENDED = 4,
  /** It could not be opened in a minute, the server could not be proven, or the connection was cut. */
  SIGNET_STREAM_FAILED = 5,
};

/** States of a client of MQTT. */
enum signet_mqtt_state {
  /** There is none. */
  SIGNET_MQTT_CLOSED = 0,
  /** No connection: reports have it, or an attempt failed and the next one is due later. */
  SIGNET_MQTT_WAITING = 1,
  /** The broker has accepted the client. */
  SIGNET_MQTT_OPEN = 2,
};

/** Steps in which the link can fail. */
enum signet_link_step {
  /** There is no fault. */
  SIGNET_LINK_STEP_NONE = 0,
  /** The module is looked for: power, wiring, baud rate. */
  SIGNET_LINK_STEP_MODULE = 1,
  /** The module is set up. */
  SIGNET_LINK_STEP_SET_UP = 2,
  /** The SIM is unlocked. */
  SIGNET_LINK_STEP_SIM = 3,
  /** The module registers with the mobile network. */
  SIGNET_LINK_STEP_ATTACH = 4,
  /** The module joins the wireless network. */
  SIGNET_LINK_STEP_JOIN = 5,
  /** The module gets an address. */
  SIGNET_LINK_STEP_CONTEXT = 6,
  /** The server's name is resolved. */
  SIGNET_LINK_STEP_RESOLVE = 7,
  /** The connection to the server is opened. */
  SIGNET_LINK_STEP_CONNECT = 8,
  /** Data is sent. */
  SIGNET_LINK_STEP_SEND = 9,
  /** Data is received. */
  SIGNET_LINK_STEP_RECEIVE = 10,
};

/** Causes of a fault of the link. */
enum signet_link_cause {
  /** There is no fault. */
  SIGNET_LINK_CAUSE_NONE = 0,
  /** Nothing came. */
  SIGNET_LINK_CAUSE_SILENCE = 1,
  /** An error, with its number if there was one. */
  SIGNET_LINK_CAUSE_ERROR = 2,
  /** Bytes came, but no answer. */
  SIGNET_LINK_CAUSE_GARBAGE = 3,
  /** The module stayed busy. */
  SIGNET_LINK_CAUSE_BUSY = 4,
  /** The module restarted. */
  SIGNET_LINK_CAUSE_RESTART = 5,
};

/** The longest name of a host, and the most bytes of a report. */
#define SIGNET_HOST_MOST 64u
#define SIGNET_DATA_MOST 512u

/** The longest name of an application protocol. */
#define SIGNET_PROTOCOL_MOST 32u
/** The most bytes of the certificate that the device makes itself. */
#define SIGNET_CERTIFICATE_MOST 394u
/** The longest topic, and the longest filter. */
#define SIGNET_MQTT_TOPIC_MOST 64u
/** The most bytes of a message. */
#define SIGNET_MQTT_DATA_MOST 512u
/** Subscriptions at a time. */
#define SIGNET_MQTT_FILTERS_MOST 4u
/** The longest of the other texts of an account: user, password, message of the will. */
#define SIGNET_MQTT_TEXT_MOST 256u

#endif
