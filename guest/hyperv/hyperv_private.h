/* SPDX-License-Identifier: ISC */
/* What hyperv.c, open.c, sleep.c and the files beside them share, and no driver
 * needs. */
#ifndef GUEST_HYPERV_PRIVATE_H
#define GUEST_HYPERV_PRIVATE_H

#include "guest/hyperv/hyperv.h"

/* open.c: all that VMBus and the services stand on; the members of *hyperv up
 * to `base` are set.  PV_ENODEV: a line has said what is missing. */
int hyperv_open(struct hyperv *);
void hyperv_close(struct hyperv *);
/* Hyper-V's number of the CPU that runs this, or HYPERV_NO_VP, with a line. */
uint32_t hyperv_vp_number(struct hyperv *, unsigned cpu);
/* Put a page where a register says, or (0) take it away again; the bits that
 * are reserved stay.  False: the register does not say so afterwards. */
bool hyperv_place(struct hyperv *, uint32_t msr, uint64_t physical);

/* hypercall.c: around a sleep */
void hyperv_hypercall_suspend(struct hyperv *);
int hyperv_hypercall_resume(struct hyperv *);

/* platform.c: where the platform drives VMBus */
int hyperv_platform_attach(struct hyperv *);
void hyperv_platform_detach(struct hyperv *);


/* sleep.c */
int hyperv_suspended(struct pv_device *);

#endif
