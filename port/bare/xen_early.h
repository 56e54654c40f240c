/* SPDX-License-Identifier: ISC */
/* Hypercalls before there is a driver: as few as the console and the end need. */
#ifndef PORT_BARE_XEN_EARLY_H
#define PORT_BARE_XEN_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/xen/event.h"
#include "wire/xen/hypercall.h"

/* 0; PV_ENODEV elsewhere than on Xen. */
int xen_early_init(void);
bool xen_early_there(void);
long xen_early_call(unsigned op, uintptr_t a, uintptr_t b);
/* After the domain was saved and has come back: its console has a new channel. */
void xen_console_resume(void);
/* Wait a little until the host has read what was written. */
void xen_console_drain(void);

#endif
