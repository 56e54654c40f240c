/* SPDX-License-Identifier: ISC */
/* xnf against the model of netback: channels, queues and groups. */
#include "tests/support/frames.h"

/* ---- Events and queues ------------------------------------------------ */

static void
test_split_channels(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[60];

	vif_start(vif, &(struct host_nic_config){ .split = true });
	assert_true(host_netback_counts(vif->net)->split);
	assert_int_not_equal(vif_queue(vif, 0)->channel.port,
	    vif_queue(vif, 0)->rx_channel.port);
	vif_pattern(bytes, sizeof(bytes), 0);
	for (unsigned i = 0; i < 600; i++) {
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		goes_out(vif, &frame, bytes);
		comes_in(vif, bytes, sizeof(bytes));
	}
}

static void
several_queues(struct vif *vif, unsigned vcpus, unsigned max, bool split)
{
	vif_machine(vif,
	    &(struct host_xen_config){ .vcpus = vcpus,
		.domain = 7,
		.name = "guest" });
	vif_nic(vif,
	    &(struct host_nic_config){ .max_queues = max, .split = split });
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
}

static void
test_a_queue_for_each_cpu(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[1000];

	several_queues(vif, 4, 8, true);
	assert_int_equal(vif->nic->queues, 4);
	assert_int_equal(host_netback_counts(vif->net)->queues, 4);
	for (unsigned i = 0; i < 1000; i++) {
		unsigned queue = i % 4;

		vif_pattern(bytes, sizeof(bytes), i);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		vif_transmit(vif, queue, &frame);
		pv_nic_kick(vif->nic, queue);
		vif_wait(vif, &frame);
		assert_int_equal(frame.frame.error, PV_OK);
		arrived_is(vif->peer.first, bytes, sizeof(bytes), true);
		assert_int_equal(vif->peer.first->queue, queue);
		vif_forget(&vif->peer);
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes,
			.length = sizeof(bytes),
			.queue = queue });
		assert_int_equal(vif->guest.first->queue, queue);
		vif_forget(&vif->guest);
	}
}

static void
test_no_more_queues_than_the_back_end_has(void **state)
{
	struct vif *vif = *state;

	several_queues(vif, 4, 2, false);
	assert_int_equal(vif->nic->queues, 2);
	assert_int_equal(host_netback_counts(vif->net)->queues, 2);
}

static void
test_one_queue_where_there_could_be_more(void **state)
{
	struct vif *vif = *state;

	several_queues(vif, 1, 4, false);
	assert_int_equal(vif->nic->queues, 1);
	assert_int_equal(host_netback_counts(vif->net)->queues, 1);
}

static void
test_a_queue_of_another_cpu(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t sent_before;
	uint8_t bytes[1000];

	several_queues(vif, 2, 2, false);
	sim_machine_set_cpu(vif->world->machine, 1);
	pv_bus_cpu_start(vif->world->bus, 1);
	sim_machine_set_cpu(vif->world->machine, 0);
	assert_int_equal(pv_nic_own(vif->nic, 1, 1), PV_OK);
	assert_int_equal(pv_nic_own(vif->nic, 2, 1), PV_EINVAL);
	assert_int_equal(pv_nic_own(vif->nic, 1, 2), PV_EINVAL);
	sent_before = vif->device->stats.requests;
	vif_pattern(bytes, sizeof(bytes), 1);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	/* the bus has nothing to do with it */
	vif_run(vif, PV_SECOND);
	assert_int_equal(frame.done, 0);
	sim_machine_set_cpu(vif->world->machine, 1);
	assert_in_range(pv_nic_deadline(vif->nic, 1), 0,
	    sim_now(vif->world->sim));
	pv_nic_poll(vif->nic, 1, 64);
	sim_machine_set_cpu(vif->world->machine, 0);
	assert_int_equal(frame.done, 1);
	assert_int_equal(vif->device->stats.requests, sent_before);
	assert_int_equal(pv_nic_own(vif->nic, 1, 0), PV_OK);
	assert_int_equal(vif->device->stats.requests, sent_before + 1);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	vif_wait(vif, &frame);
}

/* ---- Multicast -------------------------------------------------------- */

static const uint8_t groups[3][6] = { { 1, 0, 0x5e, 0, 0, 1 },
	{ 0x33, 0x33, 0, 0, 0, 1 }, { 1, 0, 0x5e, 0, 0, 9 } };

static bool
group_arrives(struct vif *vif, const uint8_t group[6])
{
	uint8_t bytes[60];
	unsigned before = vif->guest.count;
	bool sent;

	vif_pattern(bytes, sizeof(bytes), 0);
	memcpy(bytes, group, 6);
	sent = host_netback_send(vif->net,
	    &(struct host_frame){ .bytes = bytes, .length = sizeof(bytes) });
	vif_run(vif, PV_SECOND);
	assert_int_equal(vif->guest.count - before, sent);
	return sent;
}

static void
test_multicast_is_all_received_where_nobody_filters(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 3), PV_ENOTSUP);
	assert_true(group_arrives(vif, groups[0]));
}

/* What must be said before the connection is made cannot be said later. */
static void
test_multicast_that_is_not_dynamic(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .multicast = true });
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 3), PV_ENOTSUP);
	assert_true(group_arrives(vif, groups[0]));
}

static void
test_multicast_groups(void **state)
{
	struct vif *vif = *state;
	struct host_nic_config config = { .multicast = true };
	uint8_t many[65][6];

	vif_machine(vif, NULL);
	vif_nic(vif, &config);
	assert_true(host_xenstore_write(host_xen_store(vif->xen),
	    VIF_BACK "/feature-dynamic-multicast-control", "1", 1));
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
	assert_true(group_arrives(vif, groups[0]));
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 2), PV_OK);
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 2);
	/* another list: one goes, one comes */
	assert_int_equal(pv_nic_multicast(vif->nic, groups + 1, 2), PV_OK);
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 2);
	assert_memory_equal(host_xenstore_read(host_xen_store(vif->xen),
				VIF_FRONT "/request-multicast-control", NULL),
	    "1", 2);
	/* the back end comes back, and is told again */
	host_netback_restart(vif->net, &config);
	vif_until(vif, vif_is_down, "down");
	vif_until(vif, vif_is_up, "up");
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 2);
	assert_false(group_arrives(vif, groups[0]));
	assert_true(group_arrives(vif, groups[1]));
	assert_true(group_arrives(vif, groups[2]));
	assert_true(group_arrives(vif,
	    (const uint8_t[6]){ 255, 255, 255, 255, 255, 255 }));
	/* none, not one too many, and what is none */
	memset(many, 1, sizeof(many));
	assert_int_equal(pv_nic_multicast(vif->nic, many, 65), PV_ENOTSUP);
	assert_int_equal(pv_nic_multicast(vif->nic, many, 1), PV_OK);
	many[0][0] = 2;
	assert_int_equal(pv_nic_multicast(vif->nic, many, 1), PV_EINVAL);
	assert_int_equal(pv_nic_multicast(vif->nic, NULL, 0), PV_OK);
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 0);
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vif_test(test_split_channels),
		vif_test(test_a_queue_for_each_cpu),
		vif_test(test_no_more_queues_than_the_back_end_has),
		vif_test(test_one_queue_where_there_could_be_more),
		vif_test(test_a_queue_of_another_cpu),
		vif_test(test_multicast_is_all_received_where_nobody_filters),
		vif_test(test_multicast_that_is_not_dynamic),
		vif_test(test_multicast_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
