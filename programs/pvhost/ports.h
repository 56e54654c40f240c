/* SPDX-License-Identifier: ISC */
/* Who answers at which I/O port. */
#ifndef PVHOST_PORTS_H
#define PVHOST_PORTS_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

struct port_range {
	struct port_range *next;
	uint16_t first, last;
	void *ctx;
	/* Width is 1, 2 or 4.  `vcpu` is for those that look at registers. */
	uint32_t (*in)(void *ctx, struct vcpu *, uint16_t port, unsigned width);
	void (*out)(void *ctx, struct vcpu *, uint16_t port, unsigned width,
	    uint32_t value);
	/* REP INS or OUTS as a whole, by the vCPU's registers; NULL: they are
	 * single accesses. */
	void (*string)(void *ctx, struct vcpu *, bool out);
};

struct ports {
	struct port_range *ranges;
};

/* The range is the caller's and stays where it is.  Of two that overlap the one
 * added later answers. */
void ports_add(struct ports *, struct port_range *);
void ports_remove(struct ports *, struct port_range *);
struct port_range *ports_find(const struct ports *, uint16_t port);
/* All ones where nobody is; what is written there is lost. */
uint32_t ports_in(const struct ports *, struct vcpu *, uint16_t port,
    unsigned width);
void ports_out(const struct ports *, struct vcpu *, uint16_t port,
    unsigned width, uint32_t value);

#endif
