/* SPDX-License-Identifier: ISC */
#ifndef GUEST_BUS_ADDRESS_H
#define GUEST_BUS_ADDRESS_H

#include "pvbus/port.h"

/* A dotted quad, or RFC 5952: its length, terminated; `to` has room for
 * PV_ADDRESS_TEXT. */
#define PV_ADDRESS_TEXT 48u
size_t pv_address_text(const struct pv_address *, char *to);

#endif
