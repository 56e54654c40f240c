/* SPDX-License-Identifier: ISC */
/* Misbehaviour of the model's XenStore, each as it was asked for and no longer;
 * and what is left after a guest was saved. */
#include "tests/support/xen_host.h"

static struct host_xenstore *
store_of(struct world *world)
{
	return host_xen_store(world_xen(world));
}

static struct host_xenstore_manners *
begin(struct world *world)
{
	world_machine(world, "xen");
	return host_xenstore_manners(store_of(world));
}

/* Ask for the guest's name. */
static void
ask(struct world *world)
{
	xs_request(world, XEN_STORE_READ, 0, "name", 5);
}

static void
is_well(struct world *world)
{
	assert_string_equal(xs_read(world, 0, "name"), "guest");
}

/* ---- Answers ---------------------------------------------------------- */

static void
test_silent(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	begin(world)->silent = 2;
	ask(world);
	ask(world);
	assert_false(xs_next(world, &reply));
	is_well(world);
}

static void
test_delay(void **state)
{
	struct world *world = *state;
	struct xen_store_page *page;

	begin(world)->delay = 5 * PV_MILLISECOND;
	page = xs_page(world);
	ask(world);
	pass(world, 4 * PV_MILLISECOND);
	assert_int_equal(page->rsp_prod, 0);
	pass(world, 2 * PV_MILLISECOND);
	assert_int_not_equal(page->rsp_prod, 0);
}

static void
test_wrong_id_and_type(void **state)
{
	struct world *world = *state;
	struct host_xenstore_manners *manners = begin(world);
	struct xs_reply reply;
	uint32_t id;

	ask(world);
	assert_true(xs_next(world, &reply));
	id = reply.header.req_id;
	manners->wrong_id = 1;
	ask(world);
	assert_true(xs_next(world, &reply));
	assert_int_not_equal(reply.header.req_id, id + 1);
	manners->wrong_type = 1;
	ask(world);
	assert_true(xs_next(world, &reply));
	assert_int_equal(reply.header.req_id, id + 2);
	assert_int_not_equal(reply.header.type, XEN_STORE_READ);
	is_well(world);
}

static void
test_twice(void **state)
{
	struct world *world = *state;
	struct xs_reply first, second;

	begin(world)->twice = 1;
	ask(world);
	assert_true(xs_next(world, &first));
	assert_true(xs_next(world, &second));
	assert_memory_equal(&first, &second, sizeof(first));
	is_well(world);
}

static void
test_too_long(void **state)
{
	struct world *world = *state;
	struct xen_store_header header;

	begin(world)->too_long = 1;
	ask(world);
	assert_true(xs_get(world, &header, sizeof(header)));
	assert_true(header.length >= 4097);
}

static void
test_odd_errors(void **state)
{
	struct world *world = *state;
	struct host_xenstore_manners *manners = begin(world);
	struct xs_reply reply;

	manners->unknown_error = 1;
	ask(world);
	assert_true(xs_next(world, &reply));
	assert_int_equal(reply.header.type, XEN_STORE_ERROR);
	assert_string_equal(reply.payload, "EWHATEVER");
	manners->unterminated = 1;
	ask(world);
	assert_true(xs_next(world, &reply));
	assert_int_equal(reply.header.type, XEN_STORE_ERROR);
	assert_int_equal(reply.header.length, 6);
	assert_memory_equal(reply.payload, "EINVAL", 6);
	is_well(world);
}

static void
test_again(void **state)
{
	struct world *world = *state;
	uint32_t tx;

	begin(world)->again = 1;
	tx = xs_start(world);
	assert_int_equal(xs_end(world, tx, "T"), XEN_EAGAIN);
	tx = xs_start(world);
	assert_int_equal(xs_end(world, tx, "T"), 0);
}

static void
test_parts(void **state)
{
	struct world *world = *state;
	struct host_xenstore_manners *manners = begin(world);
	struct xs_reply one, two;

	manners->part_moves = true;
	assert_int_equal(xs_strings(world, &one, XEN_STORE_DIRECTORY_PART, 0,
			     "control", "0", NULL),
	    0);
	assert_int_equal(xs_strings(world, &two, XEN_STORE_DIRECTORY_PART, 0,
			     "control", "0", NULL),
	    0);
	assert_string_not_equal(one.payload, two.payload);
	manners->no_part = true;
	assert_int_equal(xs_strings(world, &one, XEN_STORE_DIRECTORY_PART, 0,
			     "control", "0", NULL),
	    XEN_ENOSYS);
}

/* ---- Events ----------------------------------------------------------- */

static void
test_junk_events(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	begin(world)->junk_events = 7;
	for (unsigned i = 0; i < 7; i++) {
		ask(world);
		assert_true(xs_next(world, &reply));
		assert_int_equal(reply.header.type, XEN_STORE_WATCH_EVENT);
		assert_true(xs_next(world, &reply));
		assert_string_equal(reply.payload, "guest");
	}
	is_well(world);
}

static void
test_flood(void **state)
{
	struct world *world = *state;
	struct host_xenstore_manners *manners = begin(world);

	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_string_equal(xs_event(world), "data t");
	manners->flood = 300;
	is_well(world);
	for (unsigned i = 0; i < 300; i++)
		assert_string_equal(xs_event(world), "data t");
	xs_no_event(world);
	give_back(world);
}

/* ---- The ring --------------------------------------------------------- */

static void
test_split(void **state)
{
	struct world *world = *state;
	struct xen_store_page *page;
	uint32_t before;

	begin(world)->split = true;
	page = xs_page(world);
	ask(world);
	while (page->rsp_prod == 0)
		pass(world, 1);
	assert_int_equal(page->rsp_prod, 1);
	for (before = 1; page->rsp_prod < 21; before = page->rsp_prod) {
		pass(world, 1);
		assert_true(page->rsp_prod <= before + 1);
	}
	page->rsp_cons = page->rsp_prod;
	is_well(world);
}

static void
test_bad_indices(void **state)
{
	struct world *world = *state;
	struct xen_store_page *page;

	begin(world)->bad_indices = true;
	page = xs_page(world);
	ask(world);
	pass(world, PV_MILLISECOND);
	assert_true(page->rsp_prod - page->rsp_cons > XEN_STORE_RING_SIZE);
}

static void
test_ring_error(void **state)
{
	struct world *world = *state;

	begin(world)->ring_error = true;
	is_well(world);
	assert_int_equal(xs_page(world)->error, XEN_STORE_ERROR_COMM);
}

static void
test_the_connection_is_lost(void **state)
{
	struct world *world = *state;
	struct host_xenstore_manners *manners = begin(world);
	struct xen_store_page *page = xs_page(world);

	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_string_equal(xs_event(world), "data t");
	manners->reconnect = true;
	ask(world);
	pass(world, 100000);
	assert_int_equal(page->connection, XEN_STORE_CONNECTION_RECONNECT);
	pass(world, 2 * PV_MILLISECOND);
	assert_int_equal(page->connection, XEN_STORE_CONNECTION_UP);
	assert_int_equal(page->req_prod | page->rsp_prod, 0);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 0);
	is_well(world);
	give_back(world);
}

/* A guest that writes anything into its ring: nothing else may suffer. */
static void
test_a_ring_full_of_junk(void **state)
{
	struct world *world = *state;

	for (unsigned round = 0; round < 50; round++) {
		struct xen_store_page *page;
		uint8_t *byte;

		begin(world);
		page = xs_page(world);
		byte = (uint8_t *)page;
		for (unsigned i = 0; i < 2000; i++)
			byte[i] = (uint8_t)sim_random(world->sim,
			    round % 2 ? 256 : 24);
		if (round % 3 != 0) /* a header that may be right */
			memcpy(byte, &(uint32_t[4]){ round % 24, 1, 0, 500 },
			    16);
		page->req_prod = (uint32_t)sim_random(world->sim, 1200);
		xs_notify(world);
		pass(world, PV_SECOND);
		page->rsp_cons = (uint32_t)sim_random(world->sim, 5000);
		xs_notify(world);
		pass(world, PV_SECOND);
		assert_true(
		    host_xenstore_write(store_of(world), "/tool/x", "", 0));
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
}

/* ---- The administrator ------------------------------------------------ */

static void
test_requests_of_the_administrator(void **state)
{
	struct world *world = *state;

	begin(world);
	assert_int_equal(xs_watch(world, "control/shutdown", "c"), 0);
	assert_string_equal(xs_event(world), "control/shutdown c");
	host_xen_request(world_xen(world), "reboot");
	assert_string_equal(xs_event(world), "control/shutdown c");
	assert_string_equal(xs_read(world, 0, "control/shutdown"), "reboot");
	assert_int_equal(xs_write(world, 0, "control/shutdown", ""), 0);
	give_back(world);
}

static long
suspend(struct world *world)
{
	struct xen_sched_shutdown shutdown = { XEN_SHUTDOWN_SUSPEND };

	return xen_call(world, XEN_HC_SCHED_OP, XEN_SCHED_SHUTDOWN,
	    (uintptr_t)&shutdown, 0);
}

static void
count(void *argument)
{
	++*(unsigned *)argument;
}

static void
test_suspend_forgets_everything(void **state)
{
	struct world *world = *state;
	struct host_xen *xen;
	struct xen_shared_info *shared;
	struct xen_grant_v1 *table;
	struct xen_evtchn_status status = { .domid = XEN_DOMID_SELF };
	struct xen_gnt_get_version version = { .domid = XEN_DOMID_SELF };
	struct xen_hvm_value callback = { .domid = XEN_DOMID_SELF,
		.index = XEN_HVM_PARAM_CALLBACK_IRQ,
		.value = XEN_HVM_CALLBACK_VECTOR(0x70) };
	struct host_port *port;
	struct host_grant *grant;
	unsigned events = 0, resumes = 0;
	uint64_t frame;

	begin(world);
	xen = world_xen(world);
	host_xen_on_resume(xen, count, &resumes);
	shared = place_shared(world);
	table = place_page(world, XEN_MAPSPACE_GRANT_TABLE, 0, NULL);
	memset(guest_pages(world, 1, &frame), 1, 4096);
	table[8].frame = (uint32_t)frame;
	table[8].flags = XEN_GTF_PERMIT_ACCESS;
	grant = host_grant_map(xen, 8, true);
	assert_non_null(grant);
	status.port = open_port(world, 0);
	port = host_port_connect(xen, status.port, count, &events);
	hvm_op(world, XEN_HVM_OP_SET_PARAM, &callback);
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_string_equal(xs_event(world), "data t");
	xs_start(world);
	assert_int_equal(xs_write(world, 0, "data/a", "x"), 0);
	events = 0;

	assert_int_equal(suspend(world), 0);
	assert_int_equal(resumes, 1);
	assert_int_equal(host_xen_counts(xen)->suspends, 1);
	assert_int_equal(event_op(world, XEN_EVTCHN_STATUS, &status), 0);
	assert_int_equal(status.status, XEN_EVTCHN_IS_CLOSED);
	assert_int_equal(host_xen_counts(xen)->ports, 2);
	assert_null(host_grant_page(grant));
	host_grant_unmap(grant);
	assert_int_equal(host_xen_counts(xen)->mapped, 0);
	assert_null(host_grant_map(xen, 8, false));
	memset(shared, 0, sizeof(*shared));
	host_port_send(port);
	host_xen_raise(xen, 5);
	assert_int_equal(shared->pending[0], 0);
	assert_int_equal(hvm_op(world, XEN_HVM_OP_GET_PARAM, &callback), 0);
	assert_int_equal(callback.value, 0);
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_VERSION, &version), 0);
	assert_int_equal(version.version, 1);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 0);
	assert_int_equal(host_xenstore_counts(store_of(world))->transactions,
	    0);
	host_port_close(port);
	pass(world, PV_SECOND);
	assert_int_equal(events, 0);
	is_well(world); /* over the new port */
	assert_string_equal(xs_read(world, 0, "data/a"), "ENOENT");
	give_back(world);
}

static void
test_resume_as_another_domain(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_alloc_unbound alloc = { .domid = 7 };

	begin(world);
	host_xen_resume_as(world_xen(world), 23);
	assert_int_equal(suspend(world), 0);
	assert_int_equal(host_xen_domain(world_xen(world)), 23);
	assert_string_equal(xs_read(world, 0, "domid"), "23");
	assert_string_equal(xs_read(world, 0, "/local/domain/23/domid"), "23");
	assert_string_equal(xs_read(world, 0, "/local/domain/7/domid"),
	    "EACCES");
	assert_int_equal(xs_write(world, 0, "data/x", "1"), 0);
	assert_int_equal(event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, &alloc),
	    -XEN_ESRCH);
	/* and again, as the same */
	assert_int_equal(suspend(world), 0);
	assert_string_equal(xs_read(world, 0, "domid"), "23");
}

static void
test_suspend_cancelled(void **state)
{
	struct world *world = *state;

	begin(world);
	host_xen_manners(world_xen(world))->suspend_cancelled = true;
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_int_equal(suspend(world), 1);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 1);
	is_well(world);
	give_back(world);
}

/* In the middle of a request, with answers under way. */
static void
test_suspend_with_requests_under_way(void **state)
{
	struct world *world = *state;

	begin(world)->delay = PV_MILLISECOND;
	for (unsigned i = 0; i < 5; i++)
		ask(world);
	assert_true(xs_put(world, "half", 4));
	pass(world, 10000);
	assert_int_equal(suspend(world), 0);
	pass(world, PV_SECOND);
	/* a guest empties the ring before it goes on */
	xs_page(world)->rsp_cons = xs_page(world)->rsp_prod;
	is_well(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_silent),
		world_test(test_delay),
		world_test(test_wrong_id_and_type),
		world_test(test_twice),
		world_test(test_too_long),
		world_test(test_odd_errors),
		world_test(test_again),
		world_test(test_parts),
		world_test(test_junk_events),
		world_test(test_flood),
		world_test(test_split),
		world_test(test_bad_indices),
		world_test(test_ring_error),
		world_test(test_the_connection_is_lost),
		world_test(test_a_ring_full_of_junk),
		world_test(test_requests_of_the_administrator),
		world_test(test_suspend_forgets_everything),
		world_test(test_resume_as_another_domain),
		world_test(test_suspend_cancelled),
		world_test(test_suspend_with_requests_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
