/* SPDX-License-Identifier: ISC */
/* hvn and its host: what changes, what comes and goes, and sleep. */
#include <stdio.h>

#include "guest/hyperv/kvp.h"
#include "tests/support/hv_vif.h"

static uint8_t bytes[9014];

static uint32_t
filter(struct hv_vif *vif)
{
	return host_netvsp_counts(vif->net)->filter;
}

static void
settle(struct hv_vif *vif)
{
	hv_vif_until(vif, hv_vif_is_quiet, "quiet");
}

/* ---- The link --------------------------------------------------------- */

static void
test_link_goes_and_comes(void **state)
{
	struct hv_vif *vif = *state;
	unsigned changes;

	hv_vif_start(vif, NULL);
	for (unsigned i = 0; i < 3; i++) {
		changes = vif->changes;
		host_netvsp_link(vif->net, false);
		hv_vif_until(vif, hv_vif_is_down, "down");
		assert_true(vif->changes > changes);
		host_netvsp_link(vif->net, true);
		hv_vif_until(vif, hv_vif_is_up, "up");
	}
	hv_vif_works(vif);
}

static void
test_a_link_that_is_down_at_first(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_machine(vif, NULL, 1);
	hv_vif_nic(vif, &(struct host_netvsp_config){ .link_down = true });
	hv_vif_attach(vif);
	hv_vif_run(vif, PV_SECOND);
	assert_false(vif->nic->link);
	world_has_line(vif->world, vif->device->line);
	host_netvsp_link(vif->net, true);
	hv_vif_until(vif, hv_vif_is_up, "up");
	hv_vif_works(vif);
}

static void
indicate(struct hv_vif *vif, uint32_t status)
{
	const struct {
		struct hv_rndis header;
		struct hv_rndis_indicate body;
	} message = { { HV_RNDIS_INDICATE, sizeof(message) },
		{ .status = status } };
	const void *messages[] = { &message };
	const size_t sizes[] = { sizeof(message) };

	assert_true(host_netvsp_rndis(vif->net, 0, messages, sizes, 1));
}

/* The link is asked for again, and its speed. */
static void
test_a_change_of_the_network_is_looked_after(void **state)
{
	struct hv_vif *vif = *state;
	uint64_t slots;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	slots = vif->device->stats.slots;
	indicate(vif, HV_RNDIS_STATUS_NETWORK_CHANGE);
	hv_vif_run(vif, PV_MILLISECOND);
	settle(vif);
	/* two questions, and three completions */
	assert_in_range(vif->device->stats.slots - slots, 4, 5);
	assert_true(vif->nic->link);
	indicate(vif, HV_RNDIS_STATUS_LINK_SPEED);
	indicate(vif, HV_RNDIS_STATUS_OFFLOAD);
	indicate(vif, 0x40010099u); /* whatever that is */
	hv_vif_run(vif, PV_MILLISECOND);
	settle(vif);
	assert_int_equal(vif->device->stats.bad_value, 0);
	hv_vif_works(vif);
}

/* ---- What is received ------------------------------------------------- */

static const uint8_t groups[70][6] = { { 1, 0, 0x5e, 0, 0, 1 },
	{ 0x33, 0x33, 0, 0, 0, 1 }, { 1, 0, 0x5e, 0, 0, 9 } };

static void
many_groups(uint8_t to[70][6])
{
	for (unsigned i = 0; i < 70; i++)
		memcpy(to[i],
		    (const uint8_t[6]){ 1, 0, 0x5e, 1, 1, (uint8_t)i }, 6);
}

static void
test_all_groups_are_received_at_first(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	assert_int_equal(filter(vif),
	    HV_FILTER_DIRECTED | HV_FILTER_BROADCAST | HV_FILTER_ALL_MULTICAST);
}

static void
test_groups_are_chosen(void **state)
{
	struct hv_vif *vif = *state;
	uint8_t many[70][6];

	hv_vif_start(vif, NULL);
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 3), PV_OK);
	settle(vif);
	assert_int_equal(host_netvsp_counts(vif->net)->groups, 3);
	assert_int_equal(filter(vif),
	    HV_FILTER_DIRECTED | HV_FILTER_BROADCAST | HV_FILTER_MULTICAST);
	assert_int_equal(pv_nic_multicast(vif->nic, NULL, 0), PV_OK);
	settle(vif);
	assert_int_equal(filter(vif), HV_FILTER_DIRECTED | HV_FILTER_BROADCAST);
	/* more than hosts take: all */
	many_groups(many);
	assert_int_equal(pv_nic_multicast(vif->nic, (const uint8_t(*)[6])many,
			     70),
	    PV_ENOTSUP);
	settle(vif);
	assert_int_equal(filter(vif),
	    HV_FILTER_DIRECTED | HV_FILTER_BROADCAST | HV_FILTER_ALL_MULTICAST);
	assert_int_equal(pv_nic_multicast(vif->nic, (const uint8_t(*)[6])many,
			     64),
	    PV_OK);
	settle(vif);
	assert_int_equal(host_netvsp_counts(vif->net)->groups, 64);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

static void
test_what_is_no_group_is_refused(void **state)
{
	static const uint8_t bad[1][6] = { { 0, 1, 2, 3, 4, 5 } };
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	assert_int_equal(pv_nic_multicast(vif->nic, bad, 1), PV_EINVAL);
}

/* The last word counts, however many there were before the first answer. */
static void
test_changes_of_mind_end_in_the_last_one(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(pv_nic_promiscuous(vif->nic, i % 2 == 0),
		    PV_OK);
		assert_int_equal(pv_nic_multicast(vif->nic, groups, i % 4),
		    PV_OK);
		if (sim_random(vif->world->sim, 2) == 0)
			hv_vif_turn(vif);
	}
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 2), PV_OK);
	settle(vif);
	assert_int_equal(filter(vif),
	    HV_FILTER_DIRECTED | HV_FILTER_BROADCAST | HV_FILTER_MULTICAST);
	assert_int_equal(host_netvsp_counts(vif->net)->groups, 2);
}

static void
test_promiscuous(void **state)
{
	struct hv_vif *vif = *state;
	struct host_nv_frame frame = { .bytes = bytes, .length = 100 };

	hv_vif_start(vif, NULL);
	vif_pattern(bytes, 100, 1); /* for somebody else */
	assert_false(host_netvsp_send(vif->net, &frame));
	assert_int_equal(pv_nic_promiscuous(vif->nic, true), PV_OK);
	settle(vif);
	hv_vif_receive(vif, &frame);
	assert_int_equal(pv_nic_promiscuous(vif->nic, false), PV_OK);
	settle(vif);
	assert_false(host_netvsp_send(vif->net, &frame));
}

/* ---- Address and size ------------------------------------------------- */

static const uint8_t address[6] = { 0x02, 0xaa, 0xbb, 0xcc, 0xdd, 0xee };

static void
test_the_address_is_changed(void **state)
{
	struct hv_vif *vif = *state;
	unsigned changes;

	hv_vif_start(vif, NULL);
	changes = vif->changes;
	assert_int_equal(pv_nic_set_mac(vif->nic, address), PV_OK);
	settle(vif);
	assert_memory_equal(vif->nic->mac, address, 6);
	assert_memory_equal(host_netvsp_counts(vif->net)->mac, address, 6);
	assert_int_equal(vif->changes, changes + 1);
	hv_vif_works(vif);
}

static void
test_no_address_of_a_group_or_of_nobody(void **state)
{
	static const uint8_t group[6] = { 1 }, nobody[6] = { 0 };
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	assert_int_equal(pv_nic_set_mac(vif->nic, group), PV_EINVAL);
	assert_int_equal(pv_nic_set_mac(vif->nic, nobody), PV_EINVAL);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_memory_equal(vif->nic->mac, HV_VIF_MAC, 6);
}

static bool
is_9000(struct hv_vif *vif)
{
	return vif->nic->link && vif->nic->mtu == 9000;
}

/* With another connection, in which all that was wanted is said again. */
static void
test_the_mtu_is_changed_and_the_rest_is_kept(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	hv_vif_start(vif, NULL);
	assert_int_equal(pv_nic_set_mac(vif->nic, address), PV_OK);
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 3), PV_OK);
	settle(vif);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 9000), PV_OK);
	hv_vif_until(vif, is_9000, "up with 9000 bytes");
	settle(vif);
	assert_int_equal(host_netvsp_counts(vif->net)->mtu, 9000);
	assert_int_equal(host_netvsp_counts(vif->net)->groups, 3);
	assert_int_equal(filter(vif),
	    HV_FILTER_DIRECTED | HV_FILTER_BROADCAST | HV_FILTER_MULTICAST);
	assert_memory_equal(vif->nic->mac, address, 6);
	assert_int_equal(host_hyperv_counts(vif->host)->connects, 1);
	vif_pattern(bytes, 9014, 1);
	hv_vif_address(vif, bytes);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 9014);
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	hv_vif_receive(vif,
	    &(struct host_nv_frame){ .bytes = bytes, .length = 9014 });
	assert_memory_equal(vif->guest.first->bytes, bytes, 9014);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
	/* and the same again costs nothing */
	assert_int_equal(pv_nic_set_mtu(vif->nic, 9000), PV_OK);
	assert_true(vif->nic->link);
}

static void
test_no_mtu_that_cannot_be(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 67), PV_EINVAL);
	assert_int_equal(pv_nic_set_mtu(vif->nic, vif->nic->max_mtu + 1),
	    PV_EINVAL);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_true(vif->nic->link);
	assert_int_equal(vif->nic->mtu, 1500);
}

/* The host has the last word about it. */
static void
test_a_host_that_takes_less(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, &(struct host_netvsp_config){ .mtu = 1400 });
	assert_int_equal(vif->nic->mtu, 1400);
	assert_int_equal(vif->nic->max_mtu, 1400);
	hv_vif_works(vif);
}

/* What is on its way when the connection goes ends well, if the host does not
 * stop. */
static void
test_frames_on_their_way_are_sent_before_a_new_connection(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[100];
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start(vif, NULL);
	pages = hv_vif_pages(vif, 1, &physical);
	for (unsigned i = 0; i < 100; i++) {
		vif_frame(&frames[i], pages, physical, 60 + i * 10);
		hv_vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 9000), PV_OK);
	assert_false(vif->nic->link);
	hv_vif_until(vif, is_9000, "up with 9000 bytes");
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(frames[i].done, 1);
		assert_int_equal(frames[i].frame.error, PV_OK);
	}
}

/* ---- A VF ------------------------------------------------------------- */

static void
test_a_vf_is_acknowledged_and_not_used(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, &(struct host_netvsp_config){ .vf = true });
	hv_vif_run(vif, PV_MILLISECOND);
	world_has_line(vif->world,
	    "hvn0: the host offers a VF, which is not used");
	for (unsigned i = 0; i < 5; i++) {
		host_netvsp_vf(vif->net, i % 2, i);
		hv_vif_run(vif, PV_MILLISECOND);
	}
	assert_int_equal(host_netvsp_counts(vif->net)->vf_acknowledged, 6);
	assert_int_equal(host_netvsp_counts(vif->net)->vf_switched, 0);
	assert_int_equal(hv_vif_hvn(vif)->vf_offers, 3);
	hv_vif_works(vif);
}

/* ---- What the key/value exchange needs --------------------------------- */

static void
test_kvp_knows_the_address_of_the_channel(void **state)
{
	struct hv_vif *vif = *state;
	const struct kvp *kvp;

	hv_vif_start(vif, NULL);
	kvp = vif->partition.hyperv->kvp;
	assert_non_null(kvp);
	assert_int_equal(kvp->adapter_count, 1);
	assert_memory_equal(kvp->adapters[0].mac, HV_VIF_MAC, 6);
	pv_nic_set_mac(vif->nic, address);
	settle(vif);
	assert_memory_equal(kvp->adapters[0].mac, address, 6);
	host_netvsp_rescind(vif->net);
	hv_vif_run(vif, PV_SECOND);
	assert_int_equal(kvp->adapter_count, 0);
}

/* ---- Gone ------------------------------------------------------------- */

static bool
is_gone(struct hv_vif *vif)
{
	return partition_find(&vif->partition, "hvn0") == NULL;
}

static void
test_h37_taken_away_and_given_back(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	for (unsigned i = 0; i < 3; i++) {
		hv_vif_works(vif);
		host_netvsp_rescind(vif->net);
		hv_vif_until(vif, is_gone, "gone");
		hv_vif_nic(vif, NULL);
		hv_vif_until(vif, hv_vif_find, "there again");
		hv_vif_until(vif, hv_vif_is_up, "up");
	}
	assert_int_equal(host_hyperv_counts(vif->host)->violations, 0);
}

static void
test_h37_frames_end_when_the_host_takes_the_nic(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[300];
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start(vif, NULL);
	pages = hv_vif_pages(vif, 2, &physical);
	host_netvsp_manners(vif->net)->stop = true;
	for (unsigned i = 0; i < 300; i++) {
		vif_frame(&frames[i], pages, physical, i % 3 ? 100 : 5000);
		hv_vif_transmit(vif, 0, &frames[i]);
		if (i % 7 == 0)
			pv_nic_kick(vif->nic, 0);
	}
	host_netvsp_rescind(vif->net);
	hv_vif_until(vif, is_gone, "gone");
	for (unsigned i = 0; i < 300; i++) {
		assert_int_equal(frames[i].done, 1);
		assert_int_equal(frames[i].frame.error, PV_ENODEV);
	}
}

/* However far it had come. */
static void
with_another(void (*act)(struct hv_vif *), unsigned cpus)
{
	unsigned turns;
	bool up = false;

	for (turns = 0; !up; turns++) {
		void *state;
		struct hv_vif *vif;

		assert_in_range(turns, 0, 500);
		assert_int_equal(hv_vif_setup(&state), 0);
		vif = state;
		hv_vif_machine(vif, NULL, cpus);
		hv_vif_attach_bus(vif);
		if (cpus > 1)
			partition_start_cpus(&vif->partition);
		hv_vif_nic(vif,
		    &(struct host_netvsp_config){ .max_channels = cpus });
		hv_vif_until(vif, hv_vif_find, "there");
		for (unsigned i = 0; i < turns; i++)
			hv_vif_turn(vif);
		up = vif->nic->link;
		act(vif);
		assert_int_equal(hv_vif_teardown(&state), 0);
	}
	assert_in_range(turns, 20, 500);
}

static void
rescind(struct hv_vif *vif)
{
	host_netvsp_rescind(vif->net);
	hv_vif_until(vif, is_gone, "gone");
	vif->nic = NULL;
	hv_vif_nic(vif, NULL);
	hv_vif_until(vif, hv_vif_find, "there again");
	hv_vif_until(vif, hv_vif_is_up, "up");
	hv_vif_works(vif);
	/* what was on its way to the one that has gone */
	vif->partition.refused = host_hyperv_counts(vif->host)->refused;
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

static void
test_h37_taken_away_at_each_step(void **state)
{
	hv_vif_start(*state, NULL);
	with_another(rescind, 1);
}

static void
test_h37_taken_away_at_each_step_with_queues(void **state)
{
	hv_vif_start(*state, NULL);
	with_another(rescind, 3);
}

static void
nothing(struct hv_vif *vif)
{
	(void)vif;
}

static void
test_detached_at_each_step(void **state)
{
	hv_vif_start(*state, NULL);
	with_another(nothing, 3);
}

static void
test_frames_end_when_the_bus_is_detached(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[10];

	hv_vif_start(vif, NULL);
	host_netvsp_manners(vif->net)->stop = true;
	for (unsigned i = 0; i < 10; i++) {
		vif_frame(&frames[i], bytes, PV_NO_PHYSICAL, 100);
		hv_vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	partition_detach(&vif->partition);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(frames[i].done, 1);
		assert_int_equal(frames[i].frame.error, PV_EINTR);
	}
}

/* ---- Sleep ------------------------------------------------------------ */

static void
sleep_and_check(struct hv_vif *vif)
{
	if (vif->partition.started != 0)
		partition_stop_cpus(&vif->partition);
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
	hv_vif_until(vif, hv_vif_is_up, "up");
	hv_vif_works(vif);
}

static void
test_h38_sleeps_and_wakes_with_all_that_was_wanted(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	pv_nic_set_mtu(vif->nic, 9000);
	hv_vif_until(vif, is_9000, "up with 9000 bytes");
	pv_nic_set_mac(vif->nic, address);
	pv_nic_multicast(vif->nic, groups, 3);
	settle(vif);
	for (unsigned i = 0; i < 3; i++) {
		sleep_and_check(vif);
		settle(vif);
		assert_int_equal(vif->nic->mtu, 9000);
		assert_memory_equal(host_netvsp_counts(vif->net)->mac, address,
		    6);
		assert_int_equal(host_netvsp_counts(vif->net)->groups, 3);
	}
	assert_int_equal(vif->device->stats.held, 0);
}

static void
test_h38_frames_end_when_the_guest_sleeps(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[20];
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start(vif, NULL);
	pages = hv_vif_pages(vif, 2, &physical);
	host_netvsp_manners(vif->net)->stop = true;
	for (unsigned i = 0; i < 20; i++) {
		vif_frame(&frames[i], pages, physical, i % 2 ? 100 : 5000);
		hv_vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
	host_netvsp_manners(vif->net)->stop = false;
	host_netvsp_look(vif->net);
	hv_vif_until(vif, hv_vif_is_up, "up");
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(frames[i].done, 1);
		assert_int_equal(frames[i].frame.error, PV_EIO);
	}
	hv_vif_works(vif);
}

static void
answer_again(void *argument)
{
	host_hyperv_manners(argument)->silent = false;
}

/* It may read what it has not said to have let go of. */
static void
test_h38_a_lent_frame_that_the_host_keeps(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frame;
	struct sim_owner *owner;
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start_cpus(vif, 2);
	owner = sim_machine_owner(vif->world->machine);
	pages = hv_vif_pages(vif, 2, &physical);
	host_netvsp_manners(vif->net)->stop = true;
	vif_frame(&frame, pages, physical, 5000);
	hv_vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	host_hyperv_manners(vif->host)->silent = true;
	owner->asleep = answer_again;
	owner->asleep_ctx = vif->host;
	partition_stop_cpus(&vif->partition);
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
	host_netvsp_manners(vif->net)->stop = false;
	partition_start_cpus(&vif->partition);
	hv_vif_until(vif, hv_vif_is_up, "up");
	hv_vif_works(vif);
	assert_int_equal(frame.done, 1);
	assert_int_equal(frame.frame.error, PV_EBUSY);
	partition_detach(&vif->partition);
	world_expect_leaked_pages(vif->world,
	    sim_machine_counts(vif->world->machine)->pages - 2);
}

static void
test_h38_sleeps_at_each_step(void **state)
{
	hv_vif_start(*state, NULL);
	with_another(sleep_and_check, 1);
}

static void
test_h38_sleeps_at_each_step_with_queues(void **state)
{
	hv_vif_start(*state, NULL);
	with_another(sleep_and_check, 3);
}

/* The host has memory of a frame, and the device is broken: it ends all the
 * same, when the host has let go. */
static void
test_h11_a_lent_frame_when_the_host_breaks_the_protocol(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[2];
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start(vif, NULL);
	pages = hv_vif_pages(vif, 2, &physical);
	host_netvsp_manners(vif->net)->stop_completions = true;
	vif_frame(&frames[0], pages, physical, 5000);
	hv_vif_transmit(vif, 0, &frames[0]);
	pv_nic_kick(vif->nic, 0);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(frames[0].done, 0);
	hv_vif_queue(vif, 0)->broken = NULL;
	hvn_queue_broken(hv_vif_queue(vif, 0), "as the test has it");
	hv_vif_run(vif, 10 * PV_SECOND);
	assert_true(hv_vif_is_broken(vif));
	assert_int_equal(frames[0].done, 1);
	assert_int_equal(frames[0].frame.error, PV_EPROTO);
	assert_true(hv_vif_is_unusable(vif));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_link_goes_and_comes),
		hv_vif_test(test_a_link_that_is_down_at_first),
		hv_vif_test(test_a_change_of_the_network_is_looked_after),
		hv_vif_test(test_all_groups_are_received_at_first),
		hv_vif_test(test_groups_are_chosen),
		hv_vif_test(test_what_is_no_group_is_refused),
		hv_vif_test(test_changes_of_mind_end_in_the_last_one),
		hv_vif_test(test_promiscuous),
		hv_vif_test(test_the_address_is_changed),
		hv_vif_test(test_no_address_of_a_group_or_of_nobody),
		hv_vif_test(test_the_mtu_is_changed_and_the_rest_is_kept),
		hv_vif_test(test_no_mtu_that_cannot_be),
		hv_vif_test(test_a_host_that_takes_less),
		hv_vif_test(
		    test_frames_on_their_way_are_sent_before_a_new_connection),
		hv_vif_test(test_a_vf_is_acknowledged_and_not_used),
		hv_vif_test(test_kvp_knows_the_address_of_the_channel),
		hv_vif_test(test_h37_taken_away_and_given_back),
		hv_vif_test(test_h37_frames_end_when_the_host_takes_the_nic),
		hv_vif_test(test_h37_taken_away_at_each_step),
		hv_vif_test(test_h37_taken_away_at_each_step_with_queues),
		hv_vif_test(
		    test_h11_a_lent_frame_when_the_host_breaks_the_protocol),
		hv_vif_test(test_detached_at_each_step),
		hv_vif_test(test_frames_end_when_the_bus_is_detached),
		hv_vif_test(test_h38_sleeps_and_wakes_with_all_that_was_wanted),
		hv_vif_test(test_h38_frames_end_when_the_guest_sleeps),
		hv_vif_test(test_h38_a_lent_frame_that_the_host_keeps),
		hv_vif_test(test_h38_sleeps_at_each_step),
		hv_vif_test(test_h38_sleeps_at_each_step_with_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
