/** The chip's noise source. */
#ifndef ENTROPY_NRF51_H_
#define ENTROPY_NRF51_H_

/** Begin to collect noise. */
void entropy_start(void);

#endif
