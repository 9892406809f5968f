/**
 * Signet for a C program: calls of which none waits. The program owns the main loop; see main.c for the least one.
 *
 *     signet_init();
 *     for (;;) {
 *       if (there_is_a_reading() && signet_status() == SIGNET_IDLE) signet_send(&reading, sizeof reading);
 *       sleep_ms(signet_poll());
 *     }
 */
#ifndef SIGNET_H_
#define SIGNET_H_

#include <stdint.h>
#include "signet_facts.h"

/** Begin: once after reset, with the clock running. */
void signet_init(void);

/** Do the pending work. Returns the time in ms until the next call, 0: at once. Call earlier when a byte arrives. */
uint32_t signet_poll(void);

/** Send up to SIGNET_DATA_MOST bytes as the next report. They are copied, and kept until the server has signed. */
int32_t signet_send(const void *data, uint32_t len);

/** State of the device. */
uint32_t signet_status(void);

/** A fault of the link: the step, what came instead of success, the number of the error (0: none), and how often. */
struct signet_link_fault {
  uint8_t step;  /* enum signet_link_step */
  uint8_t cause; /* enum signet_link_cause */
  uint8_t times; /* in a row, at most 127 */
  uint16_t number;
};

/** The last fault of the link, until a byte from the server arrives; all zero: there is none. */
struct signet_link_fault signet_link_fault(void);

/**
 * A stream of bytes of your own, inside TLS; its states are enum signet_stream.
 *
 *     if (signet_stream_open("log.example", 7000) == SIGNET_OK) …
 *     for (;;) {
 *       if (signet_stream_state() == SIGNET_STREAM_OPEN) {
 *         sent += signet_stream_write(line + sent, len - sent);
 *         got = signet_stream_read(reply, sizeof reply);
 *       }
 *       sleep_ms(signet_poll());
 *     }
 *
 * The server must have one of the TLS keys of the factory page, and sees the device's own key. There is one connection:
 * a stream begins when no report is under way, and reports wait, kept, until it is closed, has ended or failed; one
 * that waits goes before the next stream. Bytes move in `signet_poll`: call it after a write, and read until 0 before
 * it.
 */

/** Ask for a stream to a host, which is copied; NULL is the host of the factory page, and port 0 its port. */
int32_t signet_stream_open(const char *host, uint16_t port);

/**
 * Offer an application protocol (ALPN, RFC 7301) on each stream from now on, such as "x-amzn-mqtt-ca"; NULL: none. A
 * stream to a server that chooses another protocol fails; a server may also choose none. At most SIGNET_PROTOCOL_MOST
 * bytes. SIGNET_UNEXPECTED: there is a stream, or the image has none of the choices `cloud` and `pubsub`. With `pubsub`
 * it is that of the client of MQTT: call it before signet_mqtt_open.
 */
int32_t signet_stream_protocol(const char *name);

/** State of the stream. */
uint32_t signet_stream_state(void);

/** Send up to `len` bytes as one record of TLS; returns how many were taken, 0 while there is no room. */
uint32_t signet_stream_write(const void *data, uint32_t len);

/** Take up to `max` bytes that have arrived; returns how many there were. */
uint32_t signet_stream_read(void *out, uint32_t max);

/** Change this side's keys, and ask the server to change its own: for streams of many days. */
int32_t signet_stream_rekey(void);

/** End the stream: accepted bytes are still sent, received ones are dropped. */
void signet_stream_close(void);

/**
 * Copy the certificate that the device makes for its key on P-256 (X.509 in DER), to register it at a cloud or a
 * broker, or to have an authority issue another for the same key: tools/tls/README.md. It is the same at each start.
 * `der` has SIGNET_CERTIFICATE_MOST bytes. Returns its length. SIGNET_AGAIN: there is no key yet, or a report waits
 * for its receipt; SIGNET_UNEXPECTED: the image is without the choice `cloud`.
 */
int32_t signet_certificate(void *der);

/**
 * A client of MQTT 3.1.1 inside TLS, for a broker of your own. It is in images with the choice `pubsub`, which have no
 * other stream.
 *
 *     signet_mqtt_open(&(struct signet_mqtt){.host = "broker.example", .port = 8883, .user = "pump", .password = "…"});
 *     signet_mqtt_subscribe("pump/7/set", 1);
 *     for (;;) {
 *       if (there_is_news) signet_mqtt_publish("pump/7/level", "23", 2, 1);
 *       while ((len = signet_mqtt_receive(topic, data, sizeof data)) >= 0) …
 *       sleep_ms(signet_poll());
 *     }
 *
 * The broker must have one of the TLS keys of the factory page. There is one connection: while a report waits, the
 * client leaves the broker in order, and comes back after the report. Its session is not clean, so the broker keeps
 * messages at QoS 1 meanwhile. With `.access = 1` the device makes a new `access` for each connection, which a broker
 * has verified by Signet's server (POST /v1/authorize): it connects once a server has signed a time in this life. Will
 * topic and message then have at most 227 bytes together. Nothing is published as retained. A message at QoS 1 can come
 * twice, to either side.
 */
struct signet_mqtt {
  const char *host;       /* NULL: that of the factory page */
  uint16_t port;          /* 0: that of the factory page */
  uint16_t keep_alive;    /* in seconds; 0: none */
  const char *client;     /* at most 64 bytes; NULL: the device's id in hexadecimal */
  const char *user;       /* NULL: none */
  const char *password;   /* NULL: none */
  const char *will_topic; /* NULL: no will */
  const char *will;       /* its message; NULL: an empty one */
  uint8_t will_qos;       /* 0 or 1 */
  uint8_t access;         /* 1: client, user and password (NULL here) are its id, its id, and an `access` */
};

/** Connect, now and again after each loss, until `signet_mqtt_close`. All texts are copied. */
int32_t signet_mqtt_open(const struct signet_mqtt *account);

/** State of the client: enum signet_mqtt_state. */
uint32_t signet_mqtt_state(void);

/** Publish at QoS 0 or 1. SIGNET_AGAIN: the message before is under way; at QoS 1 until the broker has it. */
int32_t signet_mqtt_publish(const char *topic, const void *data, uint32_t len, uint32_t qos);

/** Subscribe with at most QoS 0 or 1, for as long as the client is open. */
int32_t signet_mqtt_subscribe(const char *filter, uint32_t qos);

/** End a subscription. SIGNET_UNEXPECTED: there is none of this filter. */
int32_t signet_mqtt_unsubscribe(const char *filter);

/**
 * Take the next message: its topic with a zero behind it, SIGNET_MQTT_TOPIC_MOST + 1 bytes, and up to `max` bytes of
 * its data. Returns how many bytes it has, at most SIGNET_MQTT_DATA_MOST; SIGNET_AGAIN: there is none. Longer ones are
 * acknowledged and dropped.
 */
int32_t signet_mqtt_receive(char *topic, void *data, uint32_t max);

/** Leave the broker. A message that it does not have yet is dropped. */
void signet_mqtt_close(void);

#endif
