/* SPDX-License-Identifier: ISC */
/*
 * The model of Xen and a guest that does anything: random hypercalls with
 * random arguments, whose addresses are anywhere, in a small memory that is all
 * the guest has.  Nothing but that memory may be touched, and the model stays
 * in its senses.  A VMM's world, not port/sim's: there an address of the guest
 * is a pointer.
 */
#include <stdio.h>

#include "host/xen/xenstored.h"
#include "tests/support/scribbler.h"
#include "tests/support/world.h"
#include "wire/xen/event.h"
#include "wire/xen/grant.h"
#include "wire/xen/hypercall.h"
#include "wire/xen/store.h"

#define PAGES 64
#define SIZE (PAGES * 4096u)
#define STORE_PAGE (62 * 4096u)
#define CONSOLE_PAGE (63 * 4096u)
#define CALLS_MAX 256

struct call {
	uint64_t when;
	void (*call)(void *);
	void *argument;
};

struct machine {
	struct sim *sim; /* for its numbers */
	uint64_t now;
	uint8_t *memory;
	struct call calls[CALLS_MAX];
	size_t count;
	uint64_t interrupts;
};

static uint64_t
now(void *ctx)
{
	return ((struct machine *)ctx)->now;
}

static void
later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	struct machine *machine = ctx;

	assert_true(machine->count < CALLS_MAX);
	machine->calls[machine->count++] = (struct call){ machine->now + delay,
		call, argument };
}

static bool
is_ours(uint64_t address, size_t size)
{
	return size <= SIZE && address <= SIZE - size;
}

static bool
take(void *ctx, uint64_t address, void *to, size_t size)
{
	if (!is_ours(address, size))
		return false;
	memcpy(to, ((struct machine *)ctx)->memory + address, size);
	return true;
}

static bool
give(void *ctx, uint64_t address, const void *from, size_t size)
{
	if (!is_ours(address, size))
		return false;
	memcpy(((struct machine *)ctx)->memory + address, from, size);
	return true;
}

static void *
map(void *ctx, uint64_t address, size_t size)
{
	if (!is_ours(address, size))
		return NULL;
	return ((struct machine *)ctx)->memory + address;
}

static void
interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	assert_true(vcpu < 4);
	(void)vector;
	((struct machine *)ctx)->interrupts++;
}

static uint64_t
number(void *ctx, uint64_t limit)
{
	return sim_random(((struct machine *)ctx)->sim, limit);
}

static void
pass(struct machine *machine, uint64_t nanoseconds)
{
	machine->now += nanoseconds;
	for (size_t i = 0; i < machine->count;) {
		struct call call = machine->calls[i];

		if (call.when > machine->now) {
			i++;
			continue;
		}
		machine->calls[i] = machine->calls[--machine->count];
		call.call(call.argument);
		i = 0;
	}
}

static struct host_xen *
new_xen(struct machine *machine, struct world *world)
{
	struct host_world host = { .ctx = machine,
		.now = now,
		.later = later,
		.read = take,
		.write = give,
		.read_linear = take,
		.write_linear = give,
		.map = map,
		.interrupt = interrupt,
		.random = number };
	struct host_xen *xen;

	*machine = (struct machine){ .sim = world->sim, .now = PV_SECOND };
	machine->memory = aligned_alloc(4096, SIZE);
	assert_non_null(machine->memory);
	memset(machine->memory, 0, SIZE);
	xen = host_xen_new(&(struct host_xen_config){ .world = &host,
	    .vcpus = 4,
	    .domain = 7,
	    .name = "random" });
	assert_non_null(xen);
	assert_true(host_xen_set_pages(xen, STORE_PAGE, CONSOLE_PAGE));
	return xen;
}

static void
free_xen(struct machine *machine, struct host_xen *xen)
{
	machine->count = 0;
	host_xen_free(xen);
	free(machine->memory);
}

/* Mostly small, sometimes anything: so that it often means something. */
static uint64_t
odd(struct machine *machine)
{
	switch (number(machine, 8)) {
	case 0:
		return number(machine, 0);
	case 1:
		return XEN_DOMID_SELF;
	case 2:
		return number(machine, SIZE);
	case 3:
		return 0;
	default:
		return number(machine, PAGES);
	}
}

static void
write_argument(struct machine *machine, uint64_t address)
{
	for (unsigned i = 0; i < 8 && is_ours(address + 8 * i, 8); i++) {
		uint64_t value = odd(machine);

		if (number(machine, 2) == 0)
			value |= odd(machine) << 32;
		if (i == 0 && number(machine, 2) == 0)
			value = (value & ~UINT64_C(0xffff)) | XEN_DOMID_SELF;
		give(machine, address + 8 * i, &value, sizeof(value));
	}
}

static void
random_call(struct machine *machine, struct host_xen *xen)
{
	static const unsigned ops[] = { XEN_HC_MEMORY_OP, XEN_HC_MULTICALL,
		XEN_HC_XEN_VERSION, XEN_HC_CONSOLE_IO, XEN_HC_GRANT_TABLE_OP,
		XEN_HC_VCPU_OP, XEN_HC_SCHED_OP, XEN_HC_EVENT_CHANNEL_OP,
		XEN_HC_EVENT_CHANNEL_OP, XEN_HC_EVENT_CHANNEL_OP,
		XEN_HC_HVM_OP };
	unsigned op = ops[number(machine, sizeof(ops) / sizeof(ops[0]))];
	uint64_t address = number(machine, 16) == 0 ? odd(machine)
						    : number(machine, 4096);
	uint64_t arguments[5] = { number(machine, 26), address & ~7ull,
		number(machine, 3) };

	if (op == XEN_HC_VCPU_OP) {
		arguments[1] = number(machine, 5);
		arguments[2] = address & ~7ull;
	}
	if (op == XEN_HC_MULTICALL) {
		arguments[0] = address;
		arguments[1] = number(machine, 4);
	}
	write_argument(machine, address & ~7ull);
	host_xen_hypercall(xen, (unsigned)number(machine, 5), op, arguments);
}

static void
nothing(void *argument)
{
	(void)argument;
}

static void
random_host(struct machine *machine, struct host_xen *xen)
{
	struct host_port *port;
	struct host_grant *grant;
	char bytes[64];

	switch (number(machine, 5)) {
	case 0:
		host_xen_raise(xen, (uint32_t)number(machine, 1100));
		break;
	case 1:
		port = host_port_connect(xen, (uint32_t)number(machine, 64),
		    nothing, NULL);
		host_port_send(port);
		if (number(machine, 2) == 0)
			host_port_close(port);
		break;
	case 2:
		grant = host_grant_map(xen, (uint32_t)number(machine, 600),
		    number(machine, 2) != 0);
		if (grant != NULL && host_grant_page(grant) != NULL)
			memset(host_grant_page(grant), 0, 64);
		host_grant_unmap(grant);
		break;
	case 3:
		host_grant_read(xen, (uint32_t)number(machine, 600),
		    (unsigned)odd(machine), bytes, sizeof(bytes));
		break;
	default:
		pass(machine, number(machine, 10000));
	}
}

static void
random_calls(struct machine *machine, struct host_xen *xen, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		random_call(machine, xen);
		if (number(machine, 4) == 0)
			random_host(machine, xen);
		if (number(machine, 16) == 0) {
			uint64_t value = odd(machine);

			give(machine, number(machine, SIZE - 8), &value,
			    sizeof(value));
		}
	}
	pass(machine, PV_SECOND);
}

static void
test_random_hypercalls(void **state)
{
	struct world *world = *state;
	struct machine machine;
	struct host_xen *xen = new_xen(&machine, world);

	random_calls(&machine, xen, 60000);
	/* it can still do what it should */
	assert_int_equal(host_xen_hypercall(xen, 0, XEN_HC_XEN_VERSION,
			     (uint64_t[5]){ XEN_VERSION_NUMBER }),
	    4 << 16 | 17);
	assert_true(
	    host_xenstore_write(host_xen_store(xen), "/tool/x", "1", 1));
	free_xen(&machine, xen);
}

static void
test_hypercalls_while_another_vcpu_writes(void **state)
{
	struct world *world = *state;
	struct scribbler scribbler = { 0 };
	struct machine machine;
	struct host_xen *xen = new_xen(&machine, world);

	assert_true(scribbler_start(&scribbler, machine.memory, SIZE,
	    number(&machine, UINT64_MAX)));
	random_calls(&machine, xen, 20000);
	scribbler_stop(&scribbler);
	assert_int_equal(host_xen_hypercall(xen, 0, XEN_HC_XEN_VERSION,
			     (uint64_t[5]){ XEN_VERSION_NUMBER }),
	    4 << 16 | 17);
	free_xen(&machine, xen);
}

/* Random messages that are mostly well formed, and a guest that reads now and
 * then. */
static size_t
random_message(struct machine *machine, uint8_t *bytes)
{
	static const char *const words[] = { "data", "data/a", "data/a/b",
		"/local/domain/7/data", "device", "/", "@releaseDomain", "T",
		"F", "n7", "b0", "0", "1", "token", "", "name", "x/../y" };
	uint32_t header[4] = { (uint32_t)number(machine, 24),
		(uint32_t)number(machine, 10), 0, 0 };
	size_t size = 16;

	if (number(machine, 2) == 0)
		header[2] = (uint32_t)number(machine, 12);
	if (number(machine, 8) == 0) { /* the end of a transaction */
		header[0] = XEN_STORE_TRANSACTION_END;
		header[3] = 2;
		memcpy(bytes, header, sizeof(header));
		memcpy(bytes + size, number(machine, 3) ? "T" : "F", 2);
		return size + 2;
	}
	for (uint64_t i = number(machine, 4); i > 0; i--) {
		const char *word =
		    words[number(machine, sizeof(words) / sizeof(words[0]))];

		memcpy(bytes + size, word, strlen(word) + 1);
		size += strlen(word) + 1;
	}
	if (number(machine, 8) == 0)
		bytes[16 + number(machine, size - 15)] = (uint8_t)odd(machine);
	if (number(machine, 8) == 0)
		size += number(machine, 1500);
	header[3] = (uint32_t)(size - 16);
	memcpy(bytes, header, sizeof(header));
	return size;
}

static void
send(struct machine *machine, struct host_xen *xen, const uint8_t *bytes,
    size_t size)
{
	struct xen_store_page *page = (void *)(machine->memory + STORE_PAGE);
	uint32_t event[1] = { host_xenstore_port(host_xen_store(xen)) };

	while (size > 0) {
		while (size > 0 && page->req_prod - page->req_cons < 1024) {
			page->req[page->req_prod++ % 1024] = *bytes++;
			size--;
		}
		memcpy(machine->memory, event, sizeof(event));
		host_xen_hypercall(xen, 0, XEN_HC_EVENT_CHANNEL_OP,
		    (uint64_t[5]){ XEN_EVTCHN_SEND, 0 });
		pass(machine, number(machine, 20000));
		page->rsp_cons = page->rsp_prod;
	}
}

static void
test_random_messages(void **state)
{
	struct world *world = *state;
	struct machine machine;
	struct host_xen *xen = new_xen(&machine, world);
	const struct host_xenstore_counts *counts = host_xenstore_counts(
	    host_xen_store(xen));
	uint8_t bytes[4096] = { 0 };

	for (unsigned i = 0; i < 20000; i++)
		send(&machine, xen, bytes, random_message(&machine, bytes));
	pass(&machine, PV_SECOND);
	assert_int_equal(counts->killed, 0);
	assert_int_equal(counts->requests, 20000);
	assert_true(counts->nodes <= 1000);
	assert_true(counts->watches <= 129);
	assert_true(counts->transactions <= 11);
	free_xen(&machine, xen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_random_hypercalls),
		world_test(test_hypercalls_while_another_vcpu_writes),
		world_test(test_random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
