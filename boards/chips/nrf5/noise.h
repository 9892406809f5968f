/** The chip's noise source. */
#ifndef NOISE_H_
#define NOISE_H_

/** Begin to collect noise. */
void entropy_start(void);

#endif
