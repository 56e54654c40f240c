/* SPDX-License-Identifier: ISC */
/* New event channels, and what they are bound to. */
#include "host/xen/xen_private.h"

long
xen_port_alloc_unbound(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_alloc_unbound alloc;
	long port, result = xen_take(xen, address, &alloc, sizeof(alloc));

	if (result == 0)
		result = xen_domain_check(xen, alloc.domid);
	if (result != 0)
		return result;
	port = xen_port_new(xen);
	if (port < 0)
		return port;
	xen->ports[port].remote = alloc.remote_domid == XEN_DOMID_SELF
	    ? xen->domain
	    : alloc.remote_domid;
	alloc.port = (uint32_t)port;
	return xen_give(xen, address, &alloc, sizeof(alloc));
}

/* A port of domain 0 that the guest was connected to, and has closed. */
static long
bind_again(struct host_xen *xen, uint64_t address,
    struct xen_evtchn_bind_interdomain *bind)
{
	struct host_port *host = xen_host_port_waiting(xen, bind->remote_port);
	long port;

	if (host == NULL)
		return -XEN_EINVAL;
	port = xen_port_new(xen);
	if (port < 0)
		return port;
	xen_host_port_link(xen, host, (uint32_t)port);
	/* what was sent before may have been lost */
	xen_set_pending(xen, (uint32_t)port);
	bind->port = (uint32_t)port;
	return xen_give(xen, address, bind, sizeof(*bind));
}

/* To itself, or where it was before: domain 0 of the model opens no ports for
 * guests otherwise. */
long
xen_port_bind_interdomain(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_bind_interdomain bind;
	struct xen_port *remote;
	long port, result = xen_take(xen, address, &bind, sizeof(bind));

	if (result != 0)
		return result;
	if (bind.remote_domid == 0)
		return bind_again(xen, address, &bind);
	result = xen_domain_check(xen, bind.remote_domid);
	if (result != 0)
		return result;
	port = xen_port_new(xen);
	if (port < 0)
		return port;
	remote = xen_port(xen, bind.remote_port);
	if (remote == NULL || bind.remote_port == port ||
	    remote->state != XEN_EVTCHN_IS_UNBOUND ||
	    remote->remote != xen->domain) {
		xen_port_free(xen, (uint32_t)port);
		return -XEN_EINVAL;
	}
	xen->ports[port].state = XEN_EVTCHN_IS_INTERDOMAIN;
	xen->ports[port].remote = xen->domain;
	xen->ports[port].remote_port = bind.remote_port;
	remote->state = XEN_EVTCHN_IS_INTERDOMAIN;
	remote->remote_port = (uint32_t)port;
	/* what was sent before may have been lost */
	xen_set_pending(xen, (uint32_t)port);
	bind.port = (uint32_t)port;
	return xen_give(xen, address, &bind, sizeof(bind));
}

/* Timer, debugger and profiler are of each vCPU, the others of the domain. */
bool
xen_virq_is_global(uint32_t virq)
{
	return virq != XEN_VIRQ_TIMER && virq != XEN_VIRQ_DEBUG && virq != 7;
}

long
xen_port_bind_virq(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_bind_virq bind;
	long port, result = xen_take(xen, address, &bind, sizeof(bind));

	if (result != 0)
		return result;
	if (bind.virq >= XEN_VIRQS ||
	    (xen_virq_is_global(bind.virq) && bind.vcpu != 0))
		return -XEN_EINVAL;
	if (bind.vcpu >= xen->config.vcpus)
		return -XEN_ENOENT;
	if (xen->vcpus[bind.vcpu].virqs[bind.virq] != 0)
		return -XEN_EEXIST;
	port = xen_port_new(xen);
	if (port < 0)
		return port;
	xen->ports[port].state = XEN_EVTCHN_IS_VIRQ;
	xen->ports[port].virq = bind.virq;
	xen->ports[port].vcpu = (uint8_t)bind.vcpu;
	xen->vcpus[bind.vcpu].virqs[bind.virq] = (uint32_t)port;
	bind.port = (uint32_t)port;
	return xen_give(xen, address, &bind, sizeof(bind));
}

long
xen_port_bind_ipi(struct host_xen *xen, uint64_t address)
{
	struct xen_evtchn_bind_ipi bind;
	long port, result = xen_take(xen, address, &bind, sizeof(bind));

	if (result != 0)
		return result;
	if (bind.vcpu >= xen->config.vcpus)
		return -XEN_ENOENT;
	port = xen_port_new(xen);
	if (port < 0)
		return port;
	xen->ports[port].state = XEN_EVTCHN_IS_IPI;
	xen->ports[port].vcpu = (uint8_t)bind.vcpu;
	bind.port = (uint32_t)port;
	return xen_give(xen, address, &bind, sizeof(bind));
}
