/* SPDX-License-Identifier: ISC */
#ifndef PVBUSD_PRIVILEGE_H
#define PVBUSD_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Give up every capability but those of this set of bits, now, and all of them
 * for what might be executed.  Files of root stay readable to root as their
 * owner; that is all that most machines need later.
 */
bool privilege_drop(uint64_t kept);

#define PRIVILEGE(capability) (UINT64_C(1) << (capability))

#endif
