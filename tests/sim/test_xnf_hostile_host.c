/* SPDX-License-Identifier: ISC */
/*
 * xnf and a back end that lies with its order, its events and our memory.  The number in a name is that of the list of
 * bad inputs that each driver survives; wanted is always: no access elsewhere
 * and nothing leaked (the sanitizers and the teardown see to that), each frame
 * ends once, a counter rises, and the device drops the item or is broken.
 */
#include "tests/support/hostile.h"

/* ---- Order ------------------------------------------------------------ */

static void
test_29_answer_before_the_request(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	vif_answer(vif, 0x100, XEN_NET_OKAY);
	hostile_poll(vif);
	hostile_is_broken(vif, "impossible number of transmit responses");
}

/* Put into the ring, and not published: the host cannot have seen it. */
static void
test_29_answer_before_it_was_told(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[60] = { 0 };

	hostile_start(vif);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 0, &frame);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	hostile_poll(vif);
	hostile_is_broken(vif, "impossible number of transmit responses");
	hostile_ended(&frame, PV_EPROTO);
}

static void
test_29_answer_that_never_comes(void **state)
{
	struct vif *vif = *state;
	static struct vif_frame frames[400];

	hostile_start(vif);
	for (unsigned i = 0; i < 400; i++)
		hostile_submit(vif, &frames[i], i % 2 ? 60 : 9000);
	vif_run(vif, 600 * PV_SECOND);
	hostile_is_not_broken(vif);
	for (unsigned i = 0; i < 400; i++)
		assert_int_equal(frames[i].done, 0);
	pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
	for (unsigned i = 0; i < 400; i++)
		hostile_ended(&frames[i], PV_EINTR);
}

static void
test_29_answers_in_any_order(void **state)
{
	struct vif *vif = *state;
	enum {
		COUNT = 100
	};
	static struct vif_frame frames[COUNT];
	unsigned ids[COUNT];

	hostile_start(vif);
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < COUNT; i++)
			hostile_submit(vif, &frames[i], 60);
		for (unsigned i = 0; i < COUNT; i++)
			ids[i] = vif_request(vif, i).id;
		for (unsigned i = COUNT; i > 0; i--) {
			unsigned at = (unsigned)sim_random(vif->world->sim, i);

			vif_answer(vif, ids[at], XEN_NET_OKAY);
			ids[at] = ids[i - 1];
			if (sim_random(vif->world->sim, 8) == 0)
				hostile_poll(vif);
		}
		hostile_poll(vif);
		hostile_poll(vif);
		for (unsigned i = 0; i < COUNT; i++)
			hostile_ended(&frames[i], PV_OK);
	}
	hostile_is_not_broken(vif);
}

/* ---- Events ----------------------------------------------------------- */

/* An event without work is taken, and then the port is quiet for a while. */
static void
test_39_storm_of_events(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t polls = 0, end;
	const struct pv_port *port;

	hostile_start(vif);
	port = sim_machine_port(vif->world->machine);
	for (unsigned i = 0; i < 1000000; i++)
		host_xen_raise(vif->xen, vif_queue(vif, 0)->channel.port);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->storm = 1000000;
	hostile_submit(vif, &frame, 60);
	end = sim_now(vif->world->sim) + PV_SECOND / 10;
	while (sim_now(vif->world->sim) < end) {
		if (!pv_bus_poll(vif->world->bus, 64))
			port->wait(port->ctx, end);
		polls++;
	}
	hostile_ended(&frame, PV_OK);
	assert_in_range(vif->device->stats.spurious, 1, polls);
	hostile_is_not_broken(vif);
	host_netback_manners(vif->net)->storm = 0;
	vif_run(vif, PV_SECOND);
	/* and it still hears */
	hostile_submit(vif, &frame, 60);
	vif_wait(vif, &frame);
	hostile_ended(&frame, PV_OK);
}

static void
test_40_events_of_ports_that_are_not_ours(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	for (uint32_t port = 0; port < 4096; port += 7)
		if (port != vif_queue(vif, 0)->channel.port)
			host_xen_raise(vif->xen, port);
	host_xen_raise(vif->xen, UINT32_MAX);
	vif_run(vif, PV_SECOND);
	hostile_still_receives(vif);
}

static void
test_41_masked_port_fires(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	/* masked, from the first event that brings nothing */
	for (unsigned i = 0; i < 100; i++) {
		host_xen_raise(vif->xen, vif_queue(vif, 0)->channel.port);
		vif_run(vif, PV_MILLISECOND);
	}
	hostile_still_receives(vif);
}

static void
finishes(struct vif *vif)
{
	static struct vif_frame frames[300];
	uint8_t bytes[60];

	vif_pattern(bytes, sizeof(bytes), 0);
	for (unsigned i = 0; i < 300; i++)
		hostile_submit(vif, &frames[i], 60);
	for (unsigned i = 0; i < 300; i++) {
		vif_wait(vif, &frames[i]);
		hostile_ended(&frames[i], PV_OK);
	}
	for (unsigned i = 0; i < 100; i++)
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes, .length = 60 });
}

static void
test_42_events_without_interrupts(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	host_netback_manners(vif->net)->stop = false;
	host_xen_manners(vif->xen)->lose_events = true;
	finishes(vif);
}

static void
test_42_lost_events(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	host_netback_manners(vif->net)->stop = false;
	host_xen_manners(vif->xen)->drop_events = true;
	finishes(vif);
	host_xen_manners(vif->xen)->drop_events = false;
}

static void
test_42_back_end_never_signals(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->never_signal = true;
	finishes(vif);
}

/* ---- Memory ----------------------------------------------------------- */

/* A long frame in memory that is lent, and the host maps one page of it. */
static struct host_grant *
submit_and_hold(struct vif *vif, struct vif_frame *frame, uint8_t *bytes,
    uint64_t physical)
{
	vif_frame(frame, bytes, physical, 9000);
	vif_transmit(vif, 0, frame);
	pv_nic_kick(vif->nic, 0);
	return host_grant_map(vif->xen, vif_request(vif, 1).ref, false);
}

static void
answer_three(struct vif *vif)
{
	for (unsigned i = 0; i < 3; i++)
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	hostile_poll(vif);
}

static void
test_45_frame_is_held_for_ever(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grant;
	struct vif_frame frame;
	uint64_t physical, begin;
	uint8_t *bytes;

	hostile_start(vif);
	bytes = vif_pages(vif, 3, &physical);
	grant = submit_and_hold(vif, &frame, bytes, physical);
	assert_non_null(grant);
	begin = sim_now(vif->world->sim);
	answer_three(vif);
	assert_int_equal(frame.done, 0);
	assert_int_equal(vif->device->stats.held, 1);
	vif_wait(vif, &frame);
	hostile_ended(&frame, PV_EBUSY);
	assert_in_range(sim_now(vif->world->sim) - begin, XNF_HOLD,
	    XNF_HOLD + PV_SECOND / 5);
	hostile_is_not_broken(vif);
	hostile_still_receives(vif);
	host_grant_unmap(grant);
}

static void
test_46_frame_is_held_for_a_while(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grant;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	hostile_start(vif);
	bytes = vif_pages(vif, 3, &physical);
	for (unsigned i = 0; i < 50; i++) {
		grant = submit_and_hold(vif, &frame, bytes, physical);
		answer_three(vif);
		vif_run(vif, XNF_HOLD / 2);
		assert_int_equal(frame.done, 0);
		host_grant_unmap(grant);
		vif_wait(vif, &frame);
		hostile_ended(&frame, PV_OK);
	}
	hostile_is_not_broken(vif);
}

/* A host that keeps what it gets would get all of it. */
static void
test_45_host_keeps_the_memory_of_many_frames(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grants[XNF_SPARES + 1];
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	hostile_start(vif);
	bytes = vif_pages(vif, 3, &physical);
	for (unsigned i = 0; i <= XNF_SPARES; i++) {
		hostile_is_not_broken(vif);
		grants[i] = submit_and_hold(vif, &frame, bytes, physical);
		answer_three(vif);
		vif_wait(vif, &frame);
		hostile_ended(&frame, PV_EBUSY);
	}
	vif_run(vif, PV_MILLISECOND);
	hostile_is_broken(vif, "the host keeps the memory of frames");
	for (unsigned i = 0; i <= XNF_SPARES; i++)
		host_grant_unmap(grants[i]);
}

static struct host_grant *
hold_page(struct vif *vif)
{
	struct xnf_rx *rx = &vif_queue(vif, 0)->rx;
	uint32_t place = rx->ring.shared->rsp_prod;

	return host_grant_map(vif->xen,
	    rx->pages.references[rx->page[place % XNF_ENTRIES]], true);
}

/* A long frame in pages that the host still has: it could change them, so it
 * is dropped, and the page is not used again. */
static void
test_45_receive_page_is_held(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grant;
	uint16_t page;

	hostile_start(vif);
	page = vif_queue(vif, 0)->rx.page[0];
	grant = hold_page(vif);
	assert_non_null(grant);
	vif_put(vif, 0, 0, 4096);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.held, 1);
	assert_int_not_equal(vif_queue(vif, 0)->rx.page[0], page);
	for (unsigned i = 0; i < 3 * XNF_ENTRIES; i++)
		hostile_still_receives(vif);
	host_grant_unmap(grant);
}

static void
test_45_host_keeps_many_receive_pages(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grants[XNF_SPARES + 1];
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	for (unsigned i = 0; i <= XNF_SPARES; i++) {
		hostile_is_not_broken(vif);
		grants[i] = hold_page(vif);
		vif_put(vif, 0, 0, 4096);
		hostile_poll(vif);
	}
	hostile_is_broken(vif, "the host keeps receive pages");
	hostile_ended(&frame, PV_EPROTO);
	for (unsigned i = 0; i <= XNF_SPARES; i++)
		host_grant_unmap(grants[i]);
}

/* All of it is held as the device goes: leaked, and never used again. */
static void
test_45_everything_is_held_for_ever(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	host_netback_manners(vif->net)->keep_grants = true;
	hostile_submit(vif, &frame, 60);
	pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
	hostile_ended(&frame, PV_EINTR);
	vif->mapped = 2;
	world_expect_leaked_pages(vif->world,
	    sim_machine_counts(vif->world->machine)->pages);
	assert_in_range(sim_machine_counts(vif->world->machine)->pages, 2, 80);
}

static bool
has_secret(const uint8_t *page)
{
	for (size_t i = 0; i < PV_PAGE_SIZE - 6; i++)
		if (memcmp(page + i, "secret", 6) == 0)
			return true;
	return false;
}

/* Grants are of whole pages: XSA-403. */
static void
test_48_neighbours_of_a_frame(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t *bytes, page[PV_PAGE_SIZE];
	uint64_t physical;

	vif_start(vif, &(struct host_nic_config){ .untrusted = true });
	vif_run(vif, PV_MILLISECOND);
	host_netback_manners(vif->net)->stop = true;
	bytes = vif_pages(vif, 4, &physical);
	for (size_t len = 60; len < 9000; len = len * 2) {
		unsigned slots = (unsigned)((len + 4095) / 4096);

		for (size_t i = 0; i < 4 * PV_PAGE_SIZE; i += 6)
			memcpy(bytes + i, "secret",
			    i + 6 < 4 * PV_PAGE_SIZE ? 6 : 1);
		memset(bytes + 500, 0, len);
		vif_frame(&frame, bytes + 500, physical + 500, len);
		vif_transmit(vif, 0, &frame);
		pv_nic_kick(vif->nic, 0);
		for (unsigned i = 0; i < slots; i++) {
			assert_true(host_grant_read(vif->xen,
			    vif_request(vif, 0).ref, 0, page, sizeof(page)));
			assert_false(has_secret(page));
			vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		}
		hostile_poll(vif);
		hostile_ended(&frame, PV_OK);
	}
}

/* What is lent to be read cannot be written. */
static void
test_48_frames_are_lent_to_be_read(void **state)
{
	struct vif *vif = *state;
	static struct vif_frame frame; /* the second one is never answered */
	uint64_t physical;
	uint8_t *bytes;

	hostile_start(vif);
	bytes = vif_pages(vif, 2, &physical);
	vif_frame(&frame, bytes, physical, 4096);
	vif_transmit(vif, 0, &frame);
	pv_nic_kick(vif->nic, 0);
	assert_false(
	    host_grant_write(vif->xen, vif_request(vif, 0).ref, 0, "x", 1));
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	hostile_poll(vif);
	hostile_submit(vif, &frame, 60);
	assert_false(
	    host_grant_write(vif->xen, vif_request(vif, 0).ref, 0, "x", 1));
}

static struct {
	struct vif *vif;
	uint32_t reference;
	uint8_t *page;
	bool lent;
	unsigned calls;
} late;

static void
change_while_received(struct pv_nic *nic, unsigned queue,
    const struct pv_frame *frame)
{
	const uint8_t *bytes = frame->segments[0].data;
	uint8_t before = bytes[20];

	(void)nic;
	(void)queue;
	assert_int_equal(host_grant_write(late.vif->xen, late.reference, 0,
			     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
			     24),
	    late.lent);
	assert_int_equal(bytes[20], before);
	assert_int_not_equal(before, 0xff);
	late.calls++;
}

/* While `receive` looks at a frame, the host cannot: the page of a short one
 * is another, and that of a long one is taken back. */
static void
test_49_data_changes_while_it_is_looked_at(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	vif->nic->receive = change_while_received;
	late.vif = vif;
	late.calls = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct xnf_rx *rx = &vif_queue(vif, 0)->rx;

		late.lent = i == 0;
		late.reference =
		    rx->pages
			.references[rx->page[rx->ring.rsp_cons % XNF_ENTRIES]];
		vif_pattern(vif_page(vif, 0), 4096, 0);
		vif_put(vif, 0, 0, late.lent ? 1500 : 4096);
		hostile_poll(vif);
	}
	assert_int_equal(late.calls, 2);
	/* and then it is lent again */
	assert_true(host_grant_write(vif->xen, late.reference, 0, "x", 1));
}

/* ---- Anything may fail ------------------------------------------------ */

static uint64_t hypercalls_before_detach;

/* Attach, a frame each way, detach; whatever comes of it. */
static void
live(struct vif *vif, bool must_work)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xnf_driver, NULL };
	struct pv_bus_config config = {
		.port = sim_machine_port(vif->world->machine),
		.drivers = drivers,
	};
	const struct pv_device *device;
	struct vif_frame frame;
	uint8_t bytes[60];

	vif_pattern(bytes, sizeof(bytes), 0);
	if (pv_bus_attach(&config, &vif->world->bus) != PV_OK)
		return;
	device = pv_bus_devices(vif->world->bus);
	while (device != NULL && strcmp(device->name, "xnf0") != 0)
		device = device->next;
	vif->nic = device != NULL ? device->nic : NULL;
	vif_run(vif, PV_SECOND);
	if (vif->nic != NULL) {
		assert_true(vif->nic->link || !must_work);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		vif_transmit(vif, 0, &frame);
		pv_nic_kick(vif->nic, 0);
		host_netback_send(vif->net,
		    &(struct host_frame){ .bytes = bytes, .length = 60 });
		vif_run(vif, PV_SECOND);
		hypercalls_before_detach =
		    host_xen_counts(vif->xen)->hypercalls;
		pv_bus_detach(vif->world->bus);
		assert_int_equal(frame.done, 1);
	} else
		pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
}

static void
one_world(void (*set)(struct vif *, unsigned), unsigned nth)
{
	void *state;
	struct vif *vif;

	assert_int_equal(vif_setup(&state), 0);
	vif = state;
	vif_machine(vif, NULL);
	vif_nic(vif, NULL);
	if (set != NULL)
		set(vif, nth);
	live(vif, set == NULL);
	assert_int_equal(vif_teardown(&state), 0);
}

static void
fail_alloc(struct vif *vif, unsigned nth)
{
	sim_machine_fail_alloc(vif->world->machine, nth);
}

static void
fail_hypercall(struct vif *vif, unsigned nth)
{
	host_xen_manners(vif->xen)->fail_nth = nth;
	host_xen_manners(vif->xen)->fail_with = -XEN_ENOSPC;
}

static void
test_50_each_allocation_fails_once(void **state)
{
	(void)state;
	one_world(NULL, 0);
	for (unsigned nth = 1; nth < 80; nth++)
		one_world(fail_alloc, nth);
}

static void
test_50_each_hypercall_fails_once(void **state)
{
	uint64_t limit;

	(void)state;
	one_world(NULL, 0);
	/* and those that close the NIC; what comes then is that of xen0 */
	limit = hypercalls_before_detach + 4;
	for (unsigned nth = 1; nth < limit; nth++)
		one_world(fail_hypercall, nth);
}

static void
test_50_grant_table_is_too_small(void **state)
{
	(void)state;
	for (unsigned frames = 1; frames < 4; frames++) {
		void *lab;
		struct vif *vif;

		assert_int_equal(vif_setup(&lab), 0);
		vif = lab;
		vif_machine(vif,
		    &(struct host_xen_config){ .vcpus = 1,
			.domain = 7,
			.name = "guest",
			.grant_frames = frames });
		vif_nic(vif, NULL);
		live(vif, false);
		assert_int_equal(vif_teardown(&lab), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vif_test(test_29_answer_before_the_request),
		vif_test(test_29_answer_before_it_was_told),
		vif_test(test_29_answer_that_never_comes),
		vif_test(test_29_answers_in_any_order),
		vif_test(test_39_storm_of_events),
		vif_test(test_40_events_of_ports_that_are_not_ours),
		vif_test(test_41_masked_port_fires),
		vif_test(test_42_events_without_interrupts),
		vif_test(test_42_lost_events),
		vif_test(test_42_back_end_never_signals),
		vif_test(test_45_frame_is_held_for_ever),
		vif_test(test_46_frame_is_held_for_a_while),
		vif_test(test_45_host_keeps_the_memory_of_many_frames),
		vif_test(test_45_receive_page_is_held),
		vif_test(test_45_host_keeps_many_receive_pages),
		vif_test(test_45_everything_is_held_for_ever),
		vif_test(test_48_neighbours_of_a_frame),
		vif_test(test_48_frames_are_lent_to_be_read),
		vif_test(test_49_data_changes_while_it_is_looked_at),
		cmocka_unit_test(test_50_each_allocation_fails_once),
		cmocka_unit_test(test_50_each_hypercall_fails_once),
		cmocka_unit_test(test_50_grant_table_is_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
