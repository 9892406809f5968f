#include "port.h"

void system_progress(void) {}
