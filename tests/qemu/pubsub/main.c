/**
 * A C program with a client of MQTT at the factory page's host, port 8883. It publishes `up` on `elf/state`, with the
 * will `down` there, and sends each message of `elf/set/NAME` back on `elf/set-by/NAME`.
 */
#include <string.h>

#include "epitaph.h"
#include "port.h"
#include "signet.h"
#include "sleep.h"
#include "startup.h"

#define TURN_MS 5u

static struct {
  /** The message to send back. */
  char topic[SIGNET_MQTT_TOPIC_MOST + sizeof "elf/set-by/"];
  uint8_t data[SIGNET_MQTT_DATA_MOST];
  int32_t len;
  /** There is one; `up` is published. */
  bool holds, told;
} echo;

/** Take the next message, unless one is to be sent back first. */
static void hear(void) {
  char topic[SIGNET_MQTT_TOPIC_MOST + 1];
  if (echo.holds)
    return;
  echo.len = signet_mqtt_receive(topic, echo.data, sizeof echo.data);
  echo.holds = echo.len >= 0 && strncmp(topic, "elf/set/", 8) == 0;
  if (!echo.holds)
    return;
  strcpy(echo.topic, "elf/set-by/");
  strcat(echo.topic, topic + 8);
}

static void speak(void) {
  if (!echo.told)
    echo.told = signet_mqtt_publish("elf/state", "up", 2, 0) == (int32_t)SIGNET_OK;
  else if (echo.holds)
    echo.holds = signet_mqtt_publish(echo.topic, echo.data, (uint32_t)echo.len, 1) == SIGNET_AGAIN;
}

void image_main(void) {
  static const struct signet_mqtt account = {
      .port = 8883, .keep_alive = 300, .user = "elf", .password = "secret", .will_topic = "elf/state", .will = "down"};
  clock_start();
  epitaph_of_reset(system_reset_cause());
  watchdog_start();
  signet_init();
  for (;;) {
    // Not before the factory page is read.
    if (signet_mqtt_state() == SIGNET_MQTT_CLOSED && signet_mqtt_open(&account) == (int32_t)SIGNET_OK)
      signet_mqtt_subscribe("elf/set/+", 1);
    hear();
    speak();
    const uint32_t pauseMs = signet_poll();
    sleep_ms(pauseMs < TURN_MS ? pauseMs : TURN_MS);
  }
}
