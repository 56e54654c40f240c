/* SPDX-License-Identifier: ISC */
/* The door: which hypercall it is, and arguments in and out. */
#include "host/xen/xen_private.h"

long
xen_take(struct host_xen *xen, uint64_t address, void *to, size_t size)
{
	return xen->world.read_linear(xen->world.ctx, address, to, size)
	    ? 0
	    : -XEN_EFAULT;
}

long
xen_give(struct host_xen *xen, uint64_t address, const void *from, size_t size)
{
	return xen->world.write_linear(xen->world.ctx, address, from, size)
	    ? 0
	    : -XEN_EFAULT;
}

/* An unprivileged guest may name itself, and nobody else. */
long
xen_domain_check(const struct host_xen *xen, uint16_t domain)
{
	if (domain == XEN_DOMID_SELF || domain == xen->domain)
		return 0;
	return domain == 0 ? -XEN_EPERM : -XEN_ESRCH;
}

static long call(struct host_xen *, unsigned vcpu, unsigned op,
    const uint64_t arguments[5]);

/* Xen breaks a long one off and lets the guest begin again; here it would hold
 * up the whole machine.  Linux puts 32 in one. */
#define MULTICALL_MAX 1024u

static long
multicall(struct host_xen *xen, unsigned vcpu, const uint64_t arguments[5])
{
	uint64_t address = arguments[0];
	uint32_t count = (uint32_t)arguments[1];
	struct xen_multicall_entry entry;
	long result = 0;

	if (xen->in_multicall)
		return -XEN_EINVAL; /* not in itself */
	if (count > MULTICALL_MAX)
		return -XEN_E2BIG;
	xen->in_multicall = true;
	while (result == 0 && count-- > 0) {
		result = xen_take(xen, address, &entry, sizeof(entry));
		if (result != 0)
			break;
		entry.result = entry.op < 64
		    ? (uint64_t)call(xen, vcpu, (unsigned)entry.op, entry.args)
		    : (uint64_t)-XEN_ENOSYS;
		result = xen_give(xen,
		    address + offsetof(struct xen_multicall_entry, result),
		    &entry.result, sizeof(entry.result));
		address += sizeof(entry);
	}
	xen->in_multicall = false;
	return result;
}

#define DEBUG_CHUNK 128

/* The console of Xen is domain 0's, and of a guest whom one wants to hear. */
static long
console_io(struct host_xen *xen, const uint64_t arguments[5])
{
	uint64_t count = arguments[1], from = arguments[2];
	char bytes[DEBUG_CHUNK];

	if (xen->config.debug == NULL || arguments[0] != XEN_CONSOLE_IO_WRITE)
		return -XEN_EPERM;
	if (count > XEN_PAGE_SIZE)
		return -XEN_E2BIG;
	while (count > 0) {
		size_t some = count < sizeof(bytes) ? count : sizeof(bytes);
		long result = xen_take(xen, from, bytes, some);

		if (result != 0)
			return result;
		xen->config.debug(xen->config.ctx, bytes, some);
		from += some;
		count -= some;
	}
	return 0;
}

/* Whether a test wants this one to fail. */
static bool
fails(struct host_xen *xen, unsigned op)
{
	struct host_xen_manners *manners = &xen->manners;

	if (manners->fail_nth == 0 ||
	    (manners->fail_op != 0 && manners->fail_op != op))
		return false;
	return --manners->fail_nth == 0;
}

static long
call(struct host_xen *xen, unsigned vcpu, unsigned op,
    const uint64_t arguments[5])
{
	xen->counts.hypercalls++;
	if (op < 64)
		xen->counts.by_op[op]++;
	if (fails(xen, op))
		return xen->manners.fail_with;
	switch (op) {
	case XEN_HC_MEMORY_OP:
		return xen_memory_op(xen, arguments);
	case XEN_HC_MULTICALL:
		return multicall(xen, vcpu, arguments);
	case XEN_HC_XEN_VERSION:
		return xen_version_op(xen, arguments);
	case XEN_HC_CONSOLE_IO:
		return console_io(xen, arguments);
	case XEN_HC_GRANT_TABLE_OP:
		return xen_grant_op(xen, arguments);
	case XEN_HC_VCPU_OP:
		return xen_vcpu_op(xen, vcpu, arguments);
	case XEN_HC_SCHED_OP:
		return xen_sched_op(xen, arguments);
	case XEN_HC_EVENT_CHANNEL_OP:
		return xen_event_op(xen, vcpu, arguments);
	case XEN_HC_HVM_OP:
		return xen_hvm_op(xen, arguments);
	default:
		return -XEN_ENOSYS;
	}
}

long
host_xen_hypercall(struct host_xen *xen, unsigned vcpu, unsigned op,
    const uint64_t arguments[5])
{
	if (vcpu >= xen->config.vcpus)
		return -XEN_EINVAL;
	if (!xen->vcpus[vcpu].up) {
		xen->vcpus[vcpu].up = true;
		/* what came for it before was lost with its INIT */
		if (xen_vcpu_info(xen, vcpu)->upcall_pending != 0)
			xen_inject(xen, vcpu);
	}
	if (xen->line)
		xen_line_update(xen);
	xen_time_update(xen, vcpu);
	return call(xen, vcpu, op, arguments);
}
