/**
 * The ports on the host. UART: standard input and output, or a connection; the console is standard error; flash is a
 * file.
 *
 * Environment: SIGNET_UART host:port or the path of a unix socket; SIGNET_FLASH file; SIGNET_ENTROPY file.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "chip.h"
#include "epitaph.h"
#include "meter.h"
#include "port.h"
#include "stack.h"
#include "startup.h"

#define STORE_BYTES (STORE_PAGE_BYTES * STORE_PAGES)

static int uart_in = STDIN_FILENO, uart_out = STDOUT_FILENO;
static uint8_t *store;

static _Noreturn void fail(const char *what) {
  perror(what);
  exit(2);
}

static int connect_unix(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path)
    errno = ENAMETOOLONG, fail(path);
  strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    fail(path);
  return fd;
}

static int connect_tcp(char *host, const char *port) {
  struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
  if (getaddrinfo(host, port, &hints, &found) != 0)
    errno = EHOSTUNREACH, fail(host);
  const int fd = socket(found->ai_family, found->ai_socktype, 0);
  if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
    fail(host);
  freeaddrinfo(found);
  return fd;
}

static void open_uart(void) {
  char *const name = getenv("SIGNET_UART");
  if (!name)
    return;
  char *const colon = strrchr(name, ':');
  if (colon)
    *colon = 0;
  uart_in = uart_out = colon ? connect_tcp(name, colon + 1) : connect_unix(name);
}

static void open_store(void) {
  const char *const name = getenv("SIGNET_FLASH");
  int fd = -1, flags = MAP_PRIVATE | MAP_ANONYMOUS, fresh = 1;
  if (name) {
    fd = open(name, O_RDWR | O_CREAT, 0600);
    if (fd < 0)
      fail(name);
    fresh = lseek(fd, 0, SEEK_END) != STORE_BYTES;
    if (fresh && ftruncate(fd, STORE_BYTES) != 0)
      fail(name);
    flags = MAP_SHARED;
  }
  store = mmap(0, STORE_BYTES, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (store == MAP_FAILED)
    fail("flash");
  if (fresh)
    memset(store, 0xff, STORE_BYTES);
}

void board_init(void) {
  open_uart();
  open_store();
}

#ifndef FUZZER
int main(void) {
  board_init();
  image_main();
}
#endif

static int readable(int timeoutMs) {
  struct pollfd in = {.fd = uart_in, .events = POLLIN};
  return poll(&in, 1, timeoutMs) == 1;
}

bool uart_ready(void) { return readable(0); }

bool uart_sent(void) { return true; }

void posix_wait(void) { (void)readable(1); }

uint32_t uart_read(uint8_t *out, uint32_t max) {
  if (max == 0 || !readable(0))
    return 0;
  const ssize_t got = read(uart_in, out, max);
  if (got == 0)
    exit(0);
  return got < 0 ? 0 : (uint32_t)got;
}

uint32_t uart_write(const uint8_t *data, uint32_t len) {
  const ssize_t taken = write(uart_out, data, len);
  return taken < 0 ? 0 : (uint32_t)taken;
}

void console_write(const char *text, uint32_t len) { (void)!write(STDERR_FILENO, text, len); }
void console_flush(void) {}

uint32_t entropy_read(uint8_t *out, uint32_t max) {
  const char *const name = getenv("SIGNET_ENTROPY");
  const int fd = open(name ? name : "/dev/urandom", O_RDONLY);
  if (fd < 0)
    return 0;
  const ssize_t got = read(fd, out, max);
  close(fd);
  return got < 0 ? 0 : (uint32_t)got;
}

uint32_t entropy_quality(void) { return 8 * 256; }

uint32_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

void clock_start(void) {}

void flash_read(uint8_t *out, uint32_t at, uint32_t len) { memcpy(out, store + at, len); }

uint32_t flash_program(uint32_t at, const uint8_t *data, uint32_t len) {
  for (uint32_t i = 0; i < len; i++)
    store[at + i] &= data[i];
  return memcmp(store + at, data, len) != 0;
}

uint32_t flash_erase(uint32_t at) {
  memset(store + at, 0xff, STORE_PAGE_BYTES);
  return 0;
}

int32_t sensor_read(uint32_t channel) { return channel == 0 ? 21000 : 0; }

void watchdog_start(void) {}

void system_progress(void) {}

const char *system_reset_cause(void) { return NULL; }

/** There is no memory that survives a reset: the epitaph goes to standard error, and the process ends as a crash. */
void system_reset(void) {
  uint8_t text[64];
  const uint32_t len = epitaph_read(text, sizeof text);
  fprintf(stderr, "%.*s\n", (int)len, (const char *)text);
  abort();
}

/* There is no hardware here that could measure. */
void stack_scrub(void) {}
uint32_t stack_used(const void *from) { return (void)from, 0; }
void meter_start(void) {}
void meter_sample(uint32_t samples[METER_SAMPLES]) { (void)samples; }
uint32_t meter_between(const uint32_t before[METER_SAMPLES], const uint32_t after[METER_SAMPLES]) {
  return (void)before, (void)after, 0;
}
uint32_t meter_cycles(void) { return 0; }
uint32_t meter_cycles_since(uint32_t place) { return (void)place, 0; }
uint32_t meter_bits(void) { return 0; }
