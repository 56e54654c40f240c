/* SPDX-License-Identifier: ISC */
/* The guest is saved, and comes back: to Xen a new domain. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xen_private.h"
#include "host/xen/xenstored.h"

struct xen_resume {
	struct xen_resume *next;
	void (*call)(void *);
	void *argument;
};

struct xen_resume *
host_xen_on_resume(struct host_xen *xen, void (*call)(void *), void *argument)
{
	struct xen_resume **link = &xen->resumes;
	struct xen_resume *resume = xen_alloc(sizeof(*resume));

	*resume = (struct xen_resume){ NULL, call, argument };
	while (*link != NULL)
		link = &(*link)->next;
	*link = resume;
	return resume;
}

void
host_xen_off_resume(struct host_xen *xen, struct xen_resume *resume)
{
	struct xen_resume **link = &xen->resumes;

	while (*link != NULL && *link != resume)
		link = &(*link)->next;
	if (*link == NULL)
		return;
	*link = resume->next;
	free(resume);
}

void
xen_resume_free(struct host_xen *xen)
{
	while (xen->resumes != NULL)
		host_xen_off_resume(xen, xen->resumes);
}

void
host_xen_resume_as(struct host_xen *xen, uint16_t domain)
{
	xen->resume_domain = domain;
}

static void
forget_vcpus(struct host_xen *xen)
{
	for (unsigned i = 0; i < XEN_LEGACY_VCPUS; i++) {
		struct xen_vcpu *vcpu = &xen->vcpus[i];
		*vcpu = (struct xen_vcpu){ .xen = xen,
			.up = vcpu->up,
			.checking = vcpu->checking };
	}
}

/* Frames of XenStore and console stay where they are, the ports do not. */
void
xen_suspend(struct host_xen *xen)
{
	uint16_t before = xen->domain;

	xen_events_forget(xen);
	forget_vcpus(xen);
	xen_page_reset(&xen->shared);
	xen->params[XEN_HVM_PARAM_CALLBACK_IRQ] = 0;
	xen_line_update(xen);
	if (xen->resume_domain != 0)
		xen->domain = xen->resume_domain;
	xen->resume_domain = 0;
	xen_grants_forget(xen);
	xen_time_wall(xen);
	for (unsigned i = 0; i < xen->config.vcpus; i++)
		xen_time_update(xen, i);
	xen_console_open(xen);
	host_xenstore_resume(xen->store, before);
	for (struct xen_resume *r = xen->resumes; r != NULL; r = r->next)
		r->call(r->argument);
}
