/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "programs/pvhost/ports.h"

void
ports_add(struct ports *ports, struct port_range *range)
{
	range->next = ports->ranges;
	ports->ranges = range;
}

void
ports_remove(struct ports *ports, struct port_range *range)
{
	struct port_range **link = &ports->ranges;

	while (*link != NULL && *link != range)
		link = &(*link)->next;
	if (*link != NULL)
		*link = range->next;
}

struct port_range *
ports_find(const struct ports *ports, uint16_t port)
{
	struct port_range *range = ports->ranges;

	while (range != NULL && (port < range->first || port > range->last))
		range = range->next;
	return range;
}

uint32_t
ports_in(const struct ports *ports, struct vcpu *vcpu, uint16_t port,
    unsigned width)
{
	struct port_range *range = ports_find(ports, port);

	if (range == NULL || range->in == NULL)
		return UINT32_MAX;
	return range->in(range->ctx, vcpu, port, width);
}

void
ports_out(const struct ports *ports, struct vcpu *vcpu, uint16_t port,
    unsigned width, uint32_t value)
{
	struct port_range *range = ports_find(ports, port);

	if (range != NULL && range->out != NULL)
		range->out(range->ctx, vcpu, port, width, value);
}
