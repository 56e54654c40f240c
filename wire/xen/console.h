/* SPDX-License-Identifier: ISC */
/*
 * The page of a console: a ring of bytes each way.
 * Source: Xen public header io/console.h.
 */
#ifndef WIRE_XEN_CONSOLE_H
#define WIRE_XEN_CONSOLE_H

#include <stdint.h>

#define XEN_CONSOLE_IN_SIZE 1024  /* bytes */
#define XEN_CONSOLE_OUT_SIZE 2048 /* bytes */

/* The counters run freely; a place is counter modulo size. */
struct xen_console_page {
	uint8_t in[XEN_CONSOLE_IN_SIZE];   /* for the guest to read */
	uint8_t out[XEN_CONSOLE_OUT_SIZE]; /* for the guest to write */
	uint32_t in_cons;                  /* the guest's */
	uint32_t in_prod;                  /* the host's */
	uint32_t out_cons;                 /* the host's */
	uint32_t out_prod;                 /* the guest's */
	uint8_t unused[1008];              /* the rest of the page */
};
_Static_assert(sizeof(struct xen_console_page) == 4096, "console page");

#endif
