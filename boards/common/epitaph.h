/** Epitaph of a life for the next one: a line of text in memory that a reset keeps. */
#ifndef EPITAPH_H_
#define EPITAPH_H_

#include <stdbool.h>
#include <stdint.h>

/** Longest epitaph, in bytes. */
#define EPITAPH_BYTES 60u

/** Begin a new epitaph with `text`; the old one is lost. */
void epitaph_begin(const char *text);
/** Append text. */
void epitaph_text(const char *text);
/** Append a word as eight hexadecimal digits. */
void epitaph_hex(uint32_t word);
/** True once `epitaph_die` has begun: later faults add nothing. */
bool epitaph_dying(void);
/** Seal it, wipe the guest's memory and the unused part of both stacks, print it on the console, reset. */
_Noreturn void epitaph_die(void);
/** Wipe every secret of the image in static memory. The image defines it: the guest wipes linear memory. */
void secrets_wipe(void);

/** Make the chip's own word on the last reset the epitaph, if the life before left none. `cause` may be NULL. */
void epitaph_of_reset(const char *cause);
/** The sealed epitaph of the life before; returns its length, 0 if there is none. */
uint32_t epitaph_read(uint8_t *out, uint32_t max);
/** Forget it. */
void epitaph_bury(void);

#endif
