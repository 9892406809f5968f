/** The chip's supply. */
#ifndef POWER_H_
#define POWER_H_

/** Begin to watch it. */
void power_watch(void);

#endif
