/** The C program's calls into the guest. */
#include "signet.h"

#include <stdbool.h>
#include <string.h>

#include "guest.h"

/* The signet image's exports; other images have others, and drop these functions. */
uint32_t guest_poll(void);
uint32_t guest_outbox(void);
uint32_t guest_send(uint32_t len);
uint32_t guest_linkFault(void);
uint32_t guest_streamName(void);
uint32_t guest_streamOpen(uint32_t len, uint32_t port);
uint32_t guest_streamProtocol(void);
uint32_t guest_streamAsk(uint32_t len);
uint32_t guest_certificate(void);
uint32_t guest_streamState(void);
uint32_t guest_streamRoom(void);
uint32_t guest_streamOutbox(void);
uint32_t guest_streamSend(uint32_t len);
uint32_t guest_streamLeft(void);
uint32_t guest_streamInbox(void);
uint32_t guest_streamTake(uint32_t len);
uint32_t guest_streamRekey(void);
void guest_streamClose(void);
uint32_t guest_mqttBegin(void);
uint32_t guest_mqttText(void);
uint32_t guest_mqttPut(uint32_t flags, uint32_t len);
uint32_t guest_mqttOpen(uint32_t len, uint32_t port, uint32_t keepAliveS, uint32_t proves);
uint32_t guest_mqttState(void);
uint32_t guest_mqttOutbox(void);
uint32_t guest_mqttPublish(uint32_t topicLen, uint32_t len, uint32_t qos);
uint32_t guest_mqttFilter(void);
uint32_t guest_mqttSubscribe(uint32_t len, uint32_t qos);
uint32_t guest_mqttUnsubscribe(uint32_t len);
uint32_t guest_mqttInbox(void);
uint32_t guest_mqttTopicBytes(void);
uint32_t guest_mqttMessage(void);
uint32_t guest_mqttMessageBytes(void);
void guest_mqttTake(void);
void guest_mqttClose(void);

/** Copy into linear memory; false if the library is dead, where an image has reset. */
static bool copy_in(uint32_t to, const void *from, uint32_t len) {
  uint8_t *place = guest_memory(to, len);
  if (place)
    memcpy(place, from, len);
  return place;
}

uint32_t signet_poll(void) {
#ifdef SIGNET_LIBRARY
  library.command = 0;
#endif
  return guest_poll();
}

int32_t signet_send(const void *data, uint32_t len) {
  const uint32_t outbox = guest_outbox();
  if (len > SIGNET_DATA_MOST)
    return SIGNET_TOO_LONG;
  if (outbox == 0)
    return SIGNET_AGAIN;
  return copy_in(outbox, data, len) ? (int32_t)guest_send(len) : SIGNET_UNEXPECTED;
}

struct signet_link_fault signet_link_fault(void) {
  const uint32_t word = guest_linkFault();
  return (struct signet_link_fault){
      .step = word >> 20 & 15, .cause = word >> 16 & 15, .times = word >> 24 & 127, .number = (uint16_t)word};
}

/** Length of a text, NULL is empty; one beyond `most` has `most` + 1. */
static uint32_t length(const char *text, uint32_t most) {
  uint32_t len = 0;
  while (text && len <= most && text[len] != '\0')
    len++;
  return len;
}

int32_t signet_stream_open(const char *host, uint16_t port) {
  const uint32_t len = length(host, SIGNET_HOST_MOST);
  const uint32_t name = guest_streamName();
  if (len > SIGNET_HOST_MOST)
    return SIGNET_TOO_LONG;
  const uint32_t state = guest_streamState();
  const int taken = state != SIGNET_STREAM_CLOSED && state < SIGNET_STREAM_ENDED;
  if (name == 0 || taken)
    return SIGNET_UNEXPECTED;
  return copy_in(name, host, len) ? (int32_t)guest_streamOpen(len, port) : SIGNET_UNEXPECTED;
}

int32_t signet_stream_protocol(const char *name) {
  const uint32_t len = length(name, SIGNET_PROTOCOL_MOST), place = guest_streamProtocol();
  if (len > SIGNET_PROTOCOL_MOST)
    return SIGNET_TOO_LONG;
  return place && copy_in(place, name, len) ? (int32_t)guest_streamAsk(len) : SIGNET_UNEXPECTED;
}

int32_t signet_certificate(void *der) {
  const uint32_t outbox = guest_outbox();
  const int32_t len = (int32_t)guest_certificate();
  if (len < 0)
    return len;
  const uint8_t *from = guest_memory(outbox, (uint32_t)len);
  if (!from || len > (int32_t)SIGNET_CERTIFICATE_MOST)
    return SIGNET_UNEXPECTED;
  memcpy(der, from, (size_t)len);
  return len;
}

uint32_t signet_stream_state(void) { return guest_streamState(); }

uint32_t signet_stream_write(const void *data, uint32_t len) {
  const uint32_t room = guest_streamRoom();
  const uint32_t taken = len < room ? len : room;
  return copy_in(guest_streamOutbox(), data, taken) ? guest_streamSend(taken) : 0;
}

uint32_t signet_stream_read(void *out, uint32_t max) {
  const uint32_t left = guest_streamLeft();
  const uint32_t taken = max < left ? max : left;
  const uint8_t *from = guest_memory(guest_streamInbox(), taken);
  if (!from)
    return 0;
  memcpy(out, from, taken);
  return guest_streamTake(taken);
}

int32_t signet_stream_rekey(void) { return (int32_t)guest_streamRekey(); }

void signet_stream_close(void) { guest_streamClose(); }

/** Flags of CONNECT that a text of the account sets. */
enum { SETS_CLIENT = 0, SETS_WILL_TOPIC = 0x04, SETS_WILL = 0x100, SETS_USER = 0x80, SETS_PASSWORD = 0x40 };

/** Give a text of the account, unless it is NULL or one before it failed. */
static int32_t set_text(int32_t status, uint32_t flags, const char *text) {
  if (status != (int32_t)SIGNET_OK || !text)
    return status;
  const uint32_t len = length(text, SIGNET_MQTT_TEXT_MOST);
  if (len > SIGNET_MQTT_TEXT_MOST)
    return SIGNET_TOO_LONG;
  return copy_in(guest_mqttText(), text, len) ? (int32_t)guest_mqttPut(flags, len) : SIGNET_UNEXPECTED;
}

int32_t signet_mqtt_open(const struct signet_mqtt *account) {
  const char *will = account->will ? account->will : "";
  const uint32_t len = length(account->host, SIGNET_HOST_MOST);
  if (len > SIGNET_HOST_MOST)
    return SIGNET_TOO_LONG;
  int32_t status = (int32_t)guest_mqttBegin();
  status = set_text(status, SETS_CLIENT, account->client);
  status = set_text(status, SETS_WILL_TOPIC | (uint32_t)account->will_qos << 3, account->will_topic);
  status = set_text(status, SETS_WILL, account->will_topic ? will : NULL);
  status = set_text(status, SETS_USER, account->user);
  status = set_text(status, SETS_PASSWORD, account->password);
  if (status != (int32_t)SIGNET_OK)
    return status;
  return copy_in(guest_streamName(), account->host, len)
             ? (int32_t)guest_mqttOpen(len, account->port, account->keep_alive, account->access)
             : SIGNET_UNEXPECTED;
}

uint32_t signet_mqtt_state(void) { return guest_mqttState(); }

int32_t signet_mqtt_publish(const char *topic, const void *data, uint32_t len, uint32_t qos) {
  const uint32_t topicLen = length(topic, SIGNET_MQTT_TOPIC_MOST);
  if (topicLen > SIGNET_MQTT_TOPIC_MOST || len > SIGNET_MQTT_DATA_MOST)
    return SIGNET_TOO_LONG;
  const uint32_t outbox = guest_mqttOutbox();
  if (outbox == 0)
    return guest_mqttState() == SIGNET_MQTT_CLOSED ? SIGNET_UNEXPECTED : SIGNET_AGAIN;
  const bool copied = copy_in(outbox, topic, topicLen) && copy_in(outbox + topicLen, data, len);
  return copied ? (int32_t)guest_mqttPublish(topicLen, len, qos) : SIGNET_UNEXPECTED;
}

/** Give a filter; its length, or SIGNET_TOO_LONG, or SIGNET_UNEXPECTED. */
static int32_t give_filter(const char *filter) {
  const uint32_t len = length(filter, SIGNET_MQTT_TOPIC_MOST);
  const uint32_t place = guest_mqttFilter();
  if (len > SIGNET_MQTT_TOPIC_MOST)
    return SIGNET_TOO_LONG;
  return place && copy_in(place, filter, len) ? (int32_t)len : SIGNET_UNEXPECTED;
}

int32_t signet_mqtt_subscribe(const char *filter, uint32_t qos) {
  const int32_t len = give_filter(filter);
  return len < 0 ? len : (int32_t)guest_mqttSubscribe((uint32_t)len, qos);
}

int32_t signet_mqtt_unsubscribe(const char *filter) {
  const int32_t len = give_filter(filter);
  return len < 0 ? len : (int32_t)guest_mqttUnsubscribe((uint32_t)len);
}

int32_t signet_mqtt_receive(char *topic, void *data, uint32_t max) {
  const uint32_t inbox = guest_mqttInbox();
  if (inbox == 0)
    return SIGNET_AGAIN;
  const uint32_t topicLen = guest_mqttTopicBytes(), len = guest_mqttMessageBytes();
  const uint32_t taken = len < max ? len : max;
  const uint8_t *name = guest_memory(inbox, topicLen), *from = guest_memory(guest_mqttMessage(), taken);
  if (!name || !from || topicLen > SIGNET_MQTT_TOPIC_MOST)
    return SIGNET_AGAIN;
  memcpy(topic, name, topicLen);
  topic[topicLen] = '\0';
  memcpy(data, from, taken);
  guest_mqttTake();
  return (int32_t)len;
}

void signet_mqtt_close(void) { guest_mqttClose(); }
