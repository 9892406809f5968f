/**
 * A C program with a stream of its own. It opens one to the factory page's host, port 7000, again whenever it has
 * ended, and does what the server says in lines:
 *
 *     echo N    send back the N bytes that follow the line
 *     send N    send N bytes: 0, 1, … 250, 0, 1, …
 *     rekey     change keys
 *     close     end the stream
 *     show      send the device's certificate on P-256
 *
 * It offers the application protocol stream/1.
 *
 * On the console, `@ stream S` is a new state.
 */
#include <stdlib.h>
#include <string.h>

#include "epitaph.h"
#include "event.h"
#include "port.h"
#include "signet.h"
#include "sleep.h"
#include "startup.h"

#define PORT 7000
/** Not a power of two, so that a lost record shows. */
#define PATTERN  251u
#define PAUSE_MS 200u

static struct {
  /** The line so far. */
  char line[16];
  uint32_t len;
  /** Bytes to echo, and those of them that are in `held` and not sent yet. */
  uint32_t echoes;
  uint8_t held[SIGNET_CERTIFICATE_MOST];
  uint32_t at, end;
  /** Bytes of the pattern to send, and the next of them. */
  uint32_t sends, next;
  bool rekeys, closes;
} talk;

/** The device's certificate, once it told it. */
static struct {
  uint8_t der[SIGNET_CERTIFICATE_MOST];
  int32_t len;
} certificate;

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void obey(void) {
  talk.line[talk.len] = 0;
  talk.len = 0;
  if (strncmp(talk.line, "echo ", 5) == 0)
    talk.echoes = strtoul(talk.line + 5, NULL, 10);
  else if (strncmp(talk.line, "send ", 5) == 0)
    talk.sends = strtoul(talk.line + 5, NULL, 10);
  else if (strcmp(talk.line, "rekey") == 0)
    talk.rekeys = true;
  else if (strcmp(talk.line, "close") == 0)
    talk.closes = true;
  else if (strcmp(talk.line, "show") == 0 && certificate.len > 0) {
    talk.at = 0;
    talk.end = (uint32_t)certificate.len;
    memcpy(talk.held, certificate.der, talk.end);
  }
}

/** Take bytes until there are none, or there is something to do first. */
static void hear(void) {
  while (talk.sends == 0 && talk.at == talk.end && !talk.rekeys && !talk.closes) {
    if (talk.echoes > 0) {
      talk.at = 0;
      talk.end = signet_stream_read(talk.held, least(talk.echoes, sizeof talk.held));
      talk.echoes -= talk.end;
      if (talk.end == 0)
        return;
      continue;
    }
    char byte;
    if (signet_stream_read(&byte, 1) == 0)
      return;
    if (byte == '\n')
      obey();
    else if (talk.len < sizeof talk.line - 1)
      talk.line[talk.len++] = byte;
  }
}

/** Send what is to be sent, as far as there is room. */
static void speak(void) {
  uint8_t part[PATTERN];
  talk.at += signet_stream_write(talk.held + talk.at, talk.end - talk.at);
  for (uint32_t taken = 1; talk.sends > 0 && taken > 0;) {
    const uint32_t len = least(talk.sends, sizeof part);
    for (uint32_t i = 0; i < len; i++)
      part[i] = (uint8_t)((talk.next + i) % PATTERN);
    taken = signet_stream_write(part, len);
    talk.next = (talk.next + taken) % PATTERN;
    talk.sends -= taken;
  }
  if (talk.rekeys && signet_stream_rekey() == SIGNET_OK)
    talk.rekeys = false;
  if (talk.closes)
    signet_stream_close();
}

/** One turn of the stream; whether it is open. */
static bool serve(void) {
  static uint32_t before = SIGNET_STREAM_CLOSED, endedMs;
  const uint32_t state = signet_stream_state();
  if (state != before) {
    const uint8_t byte = (uint8_t)state;
    event_named("stream", &byte, 1);
    endedMs = clock_ms();
    before = state;
  }
  if (state == SIGNET_STREAM_OPEN) {
    hear();
    speak();
    return true;
  }
  const bool over = state != SIGNET_STREAM_WAITING && state != SIGNET_STREAM_OPENING;
  if (over && clock_ms() - endedMs >= PAUSE_MS) {
    memset(&talk, 0, sizeof talk);
    signet_stream_open(NULL, PORT);
  }
  return false;
}

void image_main(void) {
  clock_start();
  epitaph_of_reset(system_reset_cause());
  watchdog_start();
  signet_init();
  signet_stream_protocol("stream/1");
  for (;;) {
    // Not while a report waits for its receipt.
    if (certificate.len <= 0)
      certificate.len = signet_certificate(certificate.der);
    const bool open = certificate.len > 0 && serve();
    sleep_ms(least(signet_poll(), open ? 1 : PAUSE_MS));
  }
}
