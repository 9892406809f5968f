// node --import tsx tools/facts/generate.ts
/** Reasons to refuse a response: of HTTP up to 9, of MQTT from 10. */
export const enum ResponseFault {
  /** It is not. */
  None = 0,
  /** The first line is not that of HTTP/1.1 or HTTP/1.0. */
  StatusLine = 1,
  /** A line of the head or the trailer has no name, is folded, or has a byte that may not be there. */
  Field = 2,
  /** The length is no number, is there twice, or does not fit the status. */
  Length = 3,
  /** Neither a length nor chunks: the body would end with the connection, and so could be cut short. */
  NoLength = 4,
  /** The transfer encoding is not `chunked` alone, or the response may not have one. */
  Encoding = 5,
  /** Too many interim responses, one with a body, or one that changes the protocol. */
  Interim = 6,
  /** The frame of a chunk is malformed. */
  Chunk = 7,
  /** Head, trailer and chunk extensions are longer than HTTP_HEAD_BYTES. */
  HeadTooLong = 8,
  /** The body is longer than any answer. */
  BodyTooLong = 9,
  /** The broker refused the connection: the user's name, the password, or the will. */
  BrokerRefused = 10,
  /** The broker refused a subscription. */
  TopicRefused = 11,
  /** A packet of MQTT that a broker may not send, or not now. */
  Packet = 12,
  /** The broker did not answer that it is there. */
  BrokerSilent = 13,
}

/** The longest topic, and the longest filter. */
export const MQTT_TOPIC_MOST: u32 = 64;
/** The most bytes of a message. */
export const MQTT_DATA_MOST: u32 = 512;
/** Subscriptions at a time. */
export const MQTT_FILTERS_MOST: u32 = 4;
/** The longest of the other texts of an account: user, password, message of the will. */
export const MQTT_TEXT_MOST: u32 = 256;
