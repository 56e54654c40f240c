/* SPDX-License-Identifier: ISC */
/* What a VMM asks of the model of Xen, and Linux of a VMM: in a world of its own,
 * with 64 pages of memory where linear addresses are physical ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/xen/backend.h"
#include "host/xen/xenstored.h"
#include "wire/xen/console.h"
#include "wire/xen/event.h"
#include "wire/xen/hypercall.h"
#include "wire/xen/shared.h"
#include "wire/xen/store.h"

#define PAGES 64u
#define CALLS 64u
#define FAR UINT64_C(0x40000000) /* where memory is made */
#define STORE_PAGE 0x1000u
#define CONSOLE_PAGE 0x2000u
#define ARGUMENT 0x3000u

struct call {
	uint64_t when;
	void (*call)(void *);
	void *argument;
};

struct vmm {
	struct host_world world;
	struct host_xen *xen;
	uint8_t memory[PAGES * XEN_PAGE_SIZE];
	uint8_t far[XEN_PAGE_SIZE];
	bool has_far;
	uint64_t now;
	struct call calls[CALLS];
	unsigned count, interrupts[4], ends, reason, lines;
	bool level, deaf;
	unsigned feeds; /* how often another vCPU writes to XenStore yet */
	char text[64], debug[64];
};

/* What another vCPU does meanwhile: a ring that is full of requests all the
 * time, and of which all answers are taken. */
static void
feed(struct vmm *vmm)
{
	struct xen_store_page *page = (void *)(vmm->memory + STORE_PAGE);

	page->req_prod = page->req_cons + XEN_STORE_RING_SIZE;
	page->rsp_cons = page->rsp_prod;
	vmm->feeds--;
}

static uint64_t
now(void *ctx)
{
	struct vmm *vmm = ctx;

	if (vmm->feeds > 0)
		feed(vmm);
	return vmm->now;
}

static void
later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	struct vmm *vmm = ctx;

	assert_true(vmm->count < CALLS);
	vmm->calls[vmm->count++] = (struct call){ vmm->now + delay, call,
		argument };
}

static void
forget(void *ctx, const void *argument)
{
	struct vmm *vmm = ctx;
	unsigned kept = 0;

	for (unsigned i = 0; i < vmm->count; i++)
		if (vmm->calls[i].argument != argument)
			vmm->calls[kept++] = vmm->calls[i];
	vmm->count = kept;
}

static void
pass(struct vmm *vmm, uint64_t time)
{
	uint64_t end = vmm->now + time;

	for (;;) {
		unsigned first = vmm->count;

		for (unsigned i = 0; i < vmm->count; i++)
			if (vmm->calls[i].when <= end &&
			    (first == vmm->count ||
				vmm->calls[i].when < vmm->calls[first].when))
				first = i;
		if (first == vmm->count)
			break;
		struct call due = vmm->calls[first];

		vmm->calls[first] = vmm->calls[--vmm->count];
		if (due.when > vmm->now)
			vmm->now = due.when;
		due.call(due.argument);
	}
	vmm->now = end;
}

static void *
map(void *ctx, uint64_t address, size_t size)
{
	struct vmm *vmm = ctx;

	if (vmm->has_far && address >= FAR &&
	    address + size <= FAR + sizeof(vmm->far))
		return vmm->far + (address - FAR);
	return address < sizeof(vmm->memory) &&
		size <= sizeof(vmm->memory) - address
	    ? vmm->memory + address
	    : NULL;
}

static bool
get(void *ctx, uint64_t address, void *to, size_t size)
{
	const void *from = map(ctx, address, size);

	if (from != NULL)
		memcpy(to, from, size);
	return from != NULL;
}

static bool
put(void *ctx, uint64_t address, const void *from, size_t size)
{
	void *to = map(ctx, address, size);

	if (to != NULL)
		memcpy(to, from, size);
	return to != NULL;
}

static bool
populate(void *ctx, uint64_t address, size_t size)
{
	struct vmm *vmm = ctx;

	vmm->has_far = address == FAR && size == sizeof(vmm->far);
	return vmm->has_far;
}

/* A local APIC that is off has lost it. */
static void
interrupt(void *ctx, unsigned vcpu, uint8_t vector)
{
	struct vmm *vmm = ctx;

	assert_int_equal(vector, 0x50);
	if (!vmm->deaf)
		vmm->interrupts[vcpu]++;
}

static uint64_t
none(void *ctx, uint64_t limit)
{
	(void)ctx;
	(void)limit;
	return 0;
}

static void
shutdown(void *ctx, unsigned reason)
{
	struct vmm *vmm = ctx;

	vmm->ends++;
	vmm->reason = reason;
}

static void
console(void *ctx, const char *bytes, size_t size)
{
	strncat(((struct vmm *)ctx)->text, bytes, size);
}

static void
debug(void *ctx, const char *bytes, size_t size)
{
	strncat(((struct vmm *)ctx)->debug, bytes, size);
}

static void
line(void *ctx, uint64_t callback, bool level)
{
	struct vmm *vmm = ctx;

	/* the same goes down that went up */
	assert_true(callback == XEN_HVM_CALLBACK_INTX(0, 0, 8, 0));
	vmm->level = level;
	vmm->lines++;
}

static const struct host_xen_memory memory_map[] = { { 0, 0x9fc00, 1 },
	{ 0x100000, UINT64_C(0x123400000), 2 } };

static int
setup(void **state)
{
	struct vmm *vmm = calloc(1, sizeof(*vmm));
	struct host_xen_config config = {
		.world = &vmm->world,
		.vcpus = 2,
		.domain = 1,
		.call_port = 0xe3,
		.real_apics = true,
		.no_callback_vector = true,
		.memory = 64u << 20,
		.wall = UINT64_C(1800000000123456789),
		.map = memory_map,
		.map_count = 2,
		.ctx = vmm,
		.shutdown = shutdown,
		.console = console,
		.debug = debug,
		.line = line,
	};

	vmm->world = (struct host_world){ vmm, now, later, get, put, get, put,
		map, interrupt, populate, forget, none };
	vmm->xen = host_xen_new(&config);
	*state = vmm;
	return host_xen_set_pages(vmm->xen, STORE_PAGE, CONSOLE_PAGE) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct vmm *vmm = *state;

	host_xen_free(vmm->xen);
	free(vmm);
	return 0;
}

static long
call(struct vmm *vmm, unsigned vcpu, unsigned op, uint64_t first,
    uint64_t second, uint64_t third)
{
	const uint64_t arguments[5] = { first, second, third };

	return host_xen_hypercall(vmm->xen, vcpu, op, arguments);
}

/* With an argument, which stands in the guest's memory. */
static long
ask(struct vmm *vmm, unsigned op, unsigned sub, const void *argument,
    size_t size)
{
	memcpy(vmm->memory + ARGUMENT, argument, size);
	return call(vmm, 0, op, sub, ARGUMENT, 1);
}

static long
vcpu_op(struct vmm *vmm, unsigned vcpu, unsigned sub, unsigned index,
    const void *argument, size_t size)
{
	memcpy(vmm->memory + ARGUMENT, argument, size);
	return call(vmm, vcpu, XEN_HC_VCPU_OP, sub, index, ARGUMENT);
}

/* ---- Calls ------------------------------------------------------------ */

static void
test_page_of_calls_by_a_port(void **state)
{
	const uint8_t entry[] = { 0xb8, 12, 0, 0, 0, 0xe6, 0xe3, 0xc3, 0xcc };
	struct vmm *vmm = *state;

	assert_true(host_xen_wrmsr(vmm->xen, 0x40000000, 0x5000));
	assert_memory_equal(vmm->memory + 0x5000 + 12 * 32, entry,
	    sizeof(entry));
	assert_false(host_xen_wrmsr(vmm->xen, 0x40000000, FAR));
}

static void
test_shutdown_is_told(void **state)
{
	struct vmm *vmm = *state;
	struct xen_sched_shutdown end = { XEN_SHUTDOWN_CRASH };

	assert_int_equal(ask(vmm, XEN_HC_SCHED_OP, XEN_SCHED_SHUTDOWN, &end,
			     sizeof(end)),
	    0);
	assert_int_equal(vmm->ends, 1);
	assert_int_equal(vmm->reason, XEN_SHUTDOWN_CRASH);
	end.reason = XEN_SHUTDOWN_SUSPEND; /* is no end */
	ask(vmm, XEN_HC_SCHED_OP, XEN_SCHED_SHUTDOWN, &end, sizeof(end));
	assert_int_equal(vmm->ends, 1);
}

static void
test_debug_console(void **state)
{
	struct vmm *vmm = *state;

	memcpy(vmm->memory + ARGUMENT, "here", 4);
	assert_int_equal(call(vmm, 0, XEN_HC_CONSOLE_IO, XEN_CONSOLE_IO_WRITE,
			     4, ARGUMENT),
	    0);
	assert_string_equal(vmm->debug, "here");
	assert_int_equal(call(vmm, 0, XEN_HC_CONSOLE_IO, XEN_CONSOLE_IO_READ, 4,
			     ARGUMENT),
	    -XEN_EPERM);
	assert_int_equal(call(vmm, 0, XEN_HC_CONSOLE_IO, XEN_CONSOLE_IO_WRITE,
			     UINT64_MAX, ARGUMENT),
	    -XEN_E2BIG);
	assert_int_equal(call(vmm, 0, XEN_HC_CONSOLE_IO, XEN_CONSOLE_IO_WRITE,
			     4, sizeof(vmm->memory) - 3),
	    -XEN_EFAULT);
}

static void
test_console_is_told(void **state)
{
	struct vmm *vmm = *state;
	struct xen_console_page *page = (void *)(vmm->memory + CONSOLE_PAGE);
	struct xen_hvm_value port = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CONSOLE_EVTCHN };
	struct xen_evtchn_send send;

	assert_int_equal(ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_GET_PARAM, &port,
			     sizeof(port)),
	    0);
	memcpy(&port, vmm->memory + ARGUMENT, sizeof(port));
	memcpy(page->out, "hello", 5);
	page->out_prod = 5;
	send.port = (uint32_t)port.value;
	assert_int_equal(ask(vmm, XEN_HC_EVENT_CHANNEL_OP, XEN_EVTCHN_SEND,
			     &send, sizeof(send)),
	    0);
	pass(vmm, 1000000);
	assert_string_equal(vmm->text, "hello");
	assert_int_equal(page->out_cons, 5);
	assert_string_equal(host_xen_console_text(vmm->xen), "");
}

/* ---- What must end ---------------------------------------------------- */

/* A hypercall runs with all of the machine held. */
static void
test_multicall_of_any_length_is_refused(void **state)
{
	struct vmm *vmm = *state;
	uint64_t before = host_xen_counts(vmm->xen)->hypercalls;

	memset(vmm->memory + 0x6000, 0, 40 * XEN_PAGE_SIZE);
	assert_int_equal(call(vmm, 0, XEN_HC_MULTICALL, 0x6000, 1025, 0),
	    -XEN_E2BIG);
	assert_int_equal(call(vmm, 0, XEN_HC_MULTICALL, 0x6000, UINT32_MAX, 0),
	    -XEN_E2BIG);
	assert_int_equal(host_xen_counts(vmm->xen)->hypercalls, before + 2);
	assert_int_equal(call(vmm, 0, XEN_HC_MULTICALL, 0x6000, 1024, 0), 0);
}

static void
test_another_vcpu_that_never_stops_to_ask_xenstore(void **state)
{
	struct vmm *vmm = *state;
	struct xen_hvm_value port = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_STORE_EVTCHN };
	struct xen_evtchn_send send;
	uint64_t before =
	    host_xenstore_counts(host_xen_store(vmm->xen))->requests;

	ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_GET_PARAM, &port, sizeof(port));
	memcpy(&port, vmm->memory + ARGUMENT, sizeof(port));
	send.port = (uint32_t)port.value;
	ask(vmm, XEN_HC_EVENT_CHANNEL_OP, XEN_EVTCHN_SEND, &send, sizeof(send));
	vmm->feeds = 10000;
	feed(vmm);
	/* the calls that are due now, one by one */
	for (unsigned i = 0; i < 2; i++) {
		struct call due = vmm->calls[0];

		assert_int_not_equal(vmm->count, 0);
		vmm->calls[0] = vmm->calls[--vmm->count];
		due.call(due.argument);
		assert_true(vmm->feeds > 9000);
	}
	/* and what is left comes, too */
	vmm->feeds = 0;
	pass(vmm, 1000000);
	assert_true(host_xenstore_counts(host_xen_store(vmm->xen))->requests >=
	    before + 2 * 64);
}

/* ---- Memory ----------------------------------------------------------- */

static void
test_pages_where_there_is_no_memory(void **state)
{
	struct vmm *vmm = *state;
	struct xen_physmap_add add = { .domid = XEN_DOMID_SELF,
		.space = XEN_MAPSPACE_GRANT_TABLE,
		.frame = FAR >> 12 };

	assert_int_equal(ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_ADD_TO_PHYSMAP,
			     &add, sizeof(add)),
	    0);
	assert_true(vmm->has_far);
	assert_int_not_equal(vmm->far[0], 0); /* the console's grant */
	add.frame = (FAR >> 12) + 7;          /* there can be none */
	assert_int_equal(ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_ADD_TO_PHYSMAP,
			     &add, sizeof(add)),
	    -XEN_EINVAL);
	add.frame = UINT64_MAX >> 12;
	assert_int_equal(ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_ADD_TO_PHYSMAP,
			     &add, sizeof(add)),
	    -XEN_EINVAL);
}

static void
test_memory_map(void **state)
{
	struct vmm *vmm = *state;
	struct xen_map_request map = { .count = 9, .entries = 0x6000 };
	uint64_t size;

	assert_int_equal(ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_MEMORY_MAP, &map,
			     sizeof(map)),
	    0);
	memcpy(&map, vmm->memory + ARGUMENT, sizeof(map));
	assert_int_equal(map.count, 2);
	memcpy(&size, vmm->memory + 0x6000 + 20 + 8, sizeof(size));
	assert_true(size == UINT64_C(0x123400000));
	assert_int_equal(vmm->memory[0x6000 + 20 + 16], 2);
	map.count = 1; /* no more than there is room for */
	memset(vmm->memory + 0x6000, 0xaa, 40);
	ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_MEMORY_MAP, &map, sizeof(map));
	assert_int_equal(vmm->memory[0x6000 + 20], 0xaa);
	map.entries = FAR;
	assert_int_equal(ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_MEMORY_MAP, &map,
			     sizeof(map)),
	    -XEN_EFAULT);
}

static void
test_memory_in_xenstore(void **state)
{
	struct vmm *vmm = *state;
	size_t size;

	assert_string_equal(host_xenstore_read(host_xen_store(vmm->xen),
				"/local/domain/1/memory/target", &size),
	    "65536");
}

/* ---- vCPUs ------------------------------------------------------------ */

static long
register_info(struct vmm *vmm, unsigned current, unsigned index)
{
	struct xen_vcpu_register_info area = { .frame = 8 + index };

	return vcpu_op(vmm, current, XEN_VCPU_REGISTER_INFO, index, &area,
	    sizeof(area));
}

static void
set_vector(struct vmm *vmm, unsigned vcpu)
{
	struct xen_hvm_upcall_vector set = { vcpu, 0x50, { 0 } };

	assert_int_equal(ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_SET_UPCALL_VECTOR,
			     &set, sizeof(set)),
	    0);
}

/* Linux registers the second one's information before it starts it. */
static void
test_second_vcpu_is_down_until_it_calls(void **state)
{
	struct vmm *vmm = *state;
	struct xen_vcpu_info *info = (void *)(vmm->memory + 9 * XEN_PAGE_SIZE);

	assert_int_equal(call(vmm, 0, XEN_HC_VCPU_OP, XEN_VCPU_IS_UP, 1, 0), 0);
	vmm->deaf = true; /* its APIC is off */
	assert_int_equal(register_info(vmm, 0, 1), 0);
	set_vector(vmm, 1);
	assert_int_equal(info->upcall_pending, 1);
	vmm->deaf = false;
	call(vmm, 1, XEN_HC_XEN_VERSION, 0, 0, 0);
	assert_int_equal(vmm->interrupts[1], 1);
	assert_int_equal(call(vmm, 0, XEN_HC_VCPU_OP, XEN_VCPU_IS_UP, 1, 0), 1);
	assert_int_equal(register_info(vmm, 1, 0), -XEN_EINVAL); /* is up */
}

static void
test_upcall_that_an_apic_has_lost_comes_again(void **state)
{
	struct vmm *vmm = *state;
	struct xen_vcpu_info *info = (void *)(vmm->memory + 8 * XEN_PAGE_SIZE);

	vmm->deaf = true;
	register_info(vmm, 0, 0);
	set_vector(vmm, 0);
	pass(vmm, 20000000);
	assert_int_equal(vmm->interrupts[0], 0);
	vmm->deaf = false;
	pass(vmm, 200000000);
	assert_in_range(vmm->interrupts[0], 1, 20); /* less and less often */
	info->upcall_pending = 0;
	pass(vmm, 200000000);
	vmm->interrupts[0] = 0;
	pass(vmm, 1000000000);
	assert_int_equal(vmm->interrupts[0], 0);
	assert_int_equal(vmm->count, 0); /* and nothing waits */
}

static void
test_timer_set_many_times_is_one_call(void **state)
{
	struct vmm *vmm = *state;
	struct xen_vcpu_timer timer = { .deadline = 1000000000 };

	pass(vmm, 1000000);
	assert_int_equal(vmm->count, 0);
	for (unsigned i = 0; i < 1000; i++, timer.deadline--)
		assert_int_equal(vcpu_op(vmm, 0, XEN_VCPU_SET_SINGLESHOT_TIMER,
				     0, &timer, sizeof(timer)),
		    0);
	assert_int_equal(vmm->count, 1);
	assert_int_equal(call(vmm, 0, XEN_HC_VCPU_OP,
			     XEN_VCPU_STOP_PERIODIC_TIMER, 0, 0),
	    0);
}

static void
test_runstate(void **state)
{
	struct vmm *vmm = *state;
	struct xen_vcpu_register_time area = { 0x7000 };
	struct xen_vcpu_runstate *state_of = (void *)(vmm->memory + 0x7000);

	vmm->now = 12345;
	assert_int_equal(vcpu_op(vmm, 0, XEN_VCPU_REGISTER_RUNSTATE, 0, &area,
			     sizeof(area)),
	    0);
	assert_int_equal(state_of->state, XEN_RUNSTATE_RUNNING);
	assert_int_equal(state_of->since, 12345);
	assert_int_equal(state_of->time[1] + state_of->time[3], 0);
	area.address = FAR;
	assert_int_equal(vcpu_op(vmm, 0, XEN_VCPU_REGISTER_RUNSTATE, 0, &area,
			     sizeof(area)),
	    -XEN_EFAULT);
}

/* Up as long as there are events, and no longer. */
static void
test_line_follows_pending_events(void **state)
{
	struct vmm *vmm = *state;
	struct xen_vcpu_info *info = (void *)(vmm->memory + 8 * XEN_PAGE_SIZE);
	struct xen_hvm_value set = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CALLBACK_IRQ,
		.value = XEN_HVM_CALLBACK_INTX(0, 0, 8, 0) };

	register_info(vmm, 0, 0);
	ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_SET_PARAM, &set, sizeof(set));
	assert_true(vmm->level);
	info->upcall_pending = 0;
	call(vmm, 0, XEN_HC_XEN_VERSION, 0, 0, 0);
	assert_false(vmm->level);
	assert_int_equal(vmm->lines, 2);
	set_vector(vmm, 0); /* from now on by that */
	info->upcall_pending = 1;
	call(vmm, 0, XEN_HC_XEN_VERSION, 0, 0, 0);
	assert_int_equal(vmm->lines, 2);
}

/* It would stay in service of a real APIC for ever; Linux before 6.0 takes the
 * line where the feature is not there. */
static void
test_one_vector_for_all_is_refused(void **state)
{
	struct vmm *vmm = *state;
	struct xen_feature_map map = { 0 };
	struct xen_hvm_value set = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CALLBACK_IRQ,
		.value = XEN_HVM_CALLBACK_VECTOR(0x50) };

	assert_int_equal(ask(vmm, XEN_HC_XEN_VERSION, XEN_VERSION_FEATURES,
			     &map, sizeof(map)),
	    0);
	memcpy(&map, vmm->memory + ARGUMENT, sizeof(map));
	assert_int_equal(map.bits & 1u << XEN_FEAT_HVM_CALLBACK_VECTOR, 0);
	assert_int_not_equal(map.bits & 1u << XEN_FEAT_HVM_SAFE_PVCLOCK, 0);
	assert_int_equal(ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_SET_PARAM, &set,
			     sizeof(set)),
	    -XEN_EINVAL);
	assert_int_equal(host_xen_counts(vmm->xen)->callbacks_refused, 1);
	assert_int_equal(vmm->interrupts[0], 0);
}

/* Linux takes its callback back before it is saved. */
static void
test_line_of_before_goes_down(void **state)
{
	struct vmm *vmm = *state;
	struct xen_hvm_value set = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CALLBACK_IRQ,
		.value = XEN_HVM_CALLBACK_INTX(0, 0, 8, 0) };

	register_info(vmm, 0, 0);
	ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_SET_PARAM, &set, sizeof(set));
	assert_true(vmm->level);
	set.value = 0;
	ask(vmm, XEN_HC_HVM_OP, XEN_HVM_OP_SET_PARAM, &set, sizeof(set));
	assert_false(vmm->level);
	assert_int_equal(vmm->lines, 2);
}

/* ---- Time ------------------------------------------------------------- */

static void
test_scale_is_exact_and_never_ahead(void **state)
{
	static const uint64_t rates[] = { 1000000, 999999999, 1000000000,
		1000000001, 2000000000, 2596106000, UINT64_C(5200000000) };

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct host_xen_config config = { 0 };
		uint64_t time = UINT64_C(86400000000000), tsc, ticks;

		host_xen_scale(&config, rates[i]);
		assert_true(config.tsc_mul >= 1u << 31);
		ticks = (uint64_t)((unsigned __int128)time * rates[i] /
		    1000000000);
		tsc = host_xen_tsc(&config, time);
		assert_true(tsc <= ticks + 1);
		assert_true(ticks - tsc < ticks / 1000000000 + 10);
	}
}

static void
test_wall_clock_and_its_step(void **state)
{
	struct vmm *vmm = *state;
	struct xen_shared_info *shared = (void *)(vmm->memory + 0x8000);
	struct xen_physmap_add add = { .domid = XEN_DOMID_SELF,
		.space = XEN_MAPSPACE_SHARED_INFO,
		.frame = 8 };

	ask(vmm, XEN_HC_MEMORY_OP, XEN_MEM_ADD_TO_PHYSMAP, &add, sizeof(add));
	assert_int_equal(shared->wc_sec, 1800000000);
	assert_int_equal(shared->wc_nsec, 123456789);
	host_xen_step(vmm->xen, -INT64_C(3600000000000));
	assert_int_equal(shared->wc_sec, 1800000000 - 3600);
	assert_int_equal(shared->wc_version % 2, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_page_of_calls_by_a_port),
		TEST(test_shutdown_is_told),
		TEST(test_debug_console),
		TEST(test_console_is_told),
		TEST(test_multicall_of_any_length_is_refused),
		TEST(test_another_vcpu_that_never_stops_to_ask_xenstore),
		TEST(test_pages_where_there_is_no_memory),
		TEST(test_memory_map),
		TEST(test_memory_in_xenstore),
		TEST(test_second_vcpu_is_down_until_it_calls),
		TEST(test_upcall_that_an_apic_has_lost_comes_again),
		TEST(test_timer_set_many_times_is_one_call),
		TEST(test_runstate),
		TEST(test_line_follows_pending_events),
		TEST(test_one_vector_for_all_is_refused),
		TEST(test_line_of_before_goes_down),
		TEST(test_scale_is_exact_and_never_ahead),
		TEST(test_wall_clock_and_its_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
