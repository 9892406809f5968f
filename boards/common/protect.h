/** The core's own defences: faults that have names, RAM that cannot be executed, a stack with an end. */
#ifndef PROTECT_H_
#define PROTECT_H_

/** Set them, before anything of the board runs. */
void protect_enable(void);

#endif
