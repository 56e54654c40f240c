/* SPDX-License-Identifier: ISC */
#ifndef PVBUSD_PRIVILEGE_H
#define PVBUSD_PRIVILEGE_H

#include <stdbool.h>

/* Give up every capability, now and for what might be executed.  Files of root
 * stay readable to root as their owner; that is all that is needed later. */
bool privilege_drop(void);

#endif
