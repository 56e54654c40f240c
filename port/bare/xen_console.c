/* SPDX-License-Identifier: ISC */
/*
 * The console of a Xen guest: two rings in a page that the host has put there
 * (wire/xen/console.h).  The host writes its own indices, and may write nonsense;
 * then the console is left alone.
 */
#include "port/bare/bare_private.h"
#include "port/bare/xen_early.h"
#include "wire/xen/console.h"

/* How long to wait for a host that does not read. */
#define PATIENCE (500 * PV_MILLISECOND)
#define SPINS 1000000u /* the same, as long as there is no clock */

static struct xen_console_page *rings;
static uint32_t channel;
static uint32_t in_cons, out_prod; /* ours; the host only gets copies */
static bool deaf;                  /* it did not read for too long */

static uint64_t
parameter(uint32_t index)
{
	struct xen_hvm_value get = { .domid = XEN_DOMID_SELF, .index = index };

	return xen_early_call(XEN_HC_HVM_OP, XEN_HVM_OP_GET_PARAM,
		   (uintptr_t)&get) == 0
	    ? get.value
	    : 0;
}

static void
notify(void)
{
	struct xen_evtchn_send send = { channel };

	xen_early_call(XEN_HC_EVENT_CHANNEL_OP, XEN_EVTCHN_SEND,
	    (uintptr_t)&send);
}

/* Bytes that fit now; 0 as well when the host's index makes no sense. */
static uint32_t
room(void)
{
	uint32_t used = out_prod -
	    __atomic_load_n(&rings->out_cons, __ATOMIC_ACQUIRE);

	if (used > sizeof(rings->out)) {
		deaf = true;
		return 0;
	}
	return (uint32_t)sizeof(rings->out) - used;
}

static bool
wait_for_room(void)
{
	uint64_t start = bare_now();

	notify();
	for (unsigned i = 0; i < SPINS && !deaf; i++) {
		if (room() > 0)
			return true;
		if (bare_now() - start > PATIENCE)
			break;
		/* let the domain that reads run */
		xen_early_call(XEN_HC_SCHED_OP, XEN_SCHED_YIELD, 0);
	}
	deaf = true;
	return false;
}

static void
xen_console_write(const char *text, size_t len)
{
	if (deaf && room() == 0)
		return;
	deaf = false;
	for (size_t i = 0; i < len; i++) {
		if (room() == 0 && !wait_for_room())
			return;
		rings->out[out_prod % sizeof(rings->out)] = (uint8_t)text[i];
		__atomic_store_n(&rings->out_prod, ++out_prod,
		    __ATOMIC_RELEASE);
	}
	notify();
}

static int
xen_console_read(void)
{
	uint32_t prod = __atomic_load_n(&rings->in_prod, __ATOMIC_ACQUIRE);
	uint8_t c;

	if (prod == in_cons || prod - in_cons > sizeof(rings->in))
		return -1;
	c = rings->in[in_cons % sizeof(rings->in)];
	__atomic_store_n(&rings->in_cons, ++in_cons, __ATOMIC_RELEASE);
	notify();
	return c;
}

/* What is in the ring when the domain ends can be lost. */
void
xen_console_drain(void)
{
	uint64_t until = bare_now() + PATIENCE;

	if (rings == NULL || deaf)
		return;
	while (room() < sizeof(rings->out) && bare_now() < until)
		xen_early_call(XEN_HC_SCHED_OP, XEN_SCHED_YIELD, 0);
}

static bool
connect(void)
{
	uint64_t frame = parameter(XEN_HVM_PARAM_CONSOLE_PFN);

	channel = (uint32_t)parameter(XEN_HVM_PARAM_CONSOLE_EVTCHN);
	if (frame == 0 || frame >= paging_end() / PAGE_SIZE || channel == 0)
		return false;
	rings = (struct xen_console_page *)(uintptr_t)(frame * PAGE_SIZE);
	in_cons = rings->in_cons;
	out_prod = rings->out_prod;
	deaf = false;
	room();
	return !deaf;
}

void
xen_console_resume(void)
{
	if (rings != NULL && (xen_early_init() != PV_OK || !connect()))
		deaf = true;
}

bool
xen_console_find(struct console *console)
{
	if (xen_early_init() != PV_OK || !connect())
		return false;
	bare_format(console->name, sizeof(console->name),
	    "Xen console, channel %u", channel);
	console->write = xen_console_write;
	console->read = xen_console_read;
	return true;
}
