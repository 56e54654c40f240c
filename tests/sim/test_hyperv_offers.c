/* SPDX-License-Identifier: ISC */
/* What is offered and taken away: devices, sub-channels, and offers that no host
 * should make. */
#include <stdio.h>

#include "tests/support/hyperv_user.h"

static const struct host_hyperv_config usual = { .vcpus = 2 };

static const struct hv_guid network = HV_GUID_NETWORK, scsi = HV_GUID_SCSI,
			    mouse = HV_GUID_MOUSE;

static void
machine(struct partition *partition)
{
	users_reset();
	partition_machine(partition, &usual);
}

static struct pv_stats *
stats(struct partition *partition)
{
	return &partition->device->stats;
}

/* An offer with nothing behind it. */
static struct hv_vmbus_offer
raw_offer(const struct hv_guid *type, uint8_t instance, uint32_t relid,
    uint16_t sub)
{
	struct hv_vmbus_offer offer = {
		.header = { .type = HV_VMBUS_OFFER },
		.type = *type,
		.instance = { { instance, 0x77 } },
		.sub_channel = sub,
		.relid = relid,
		.dedicated = 1,
		.connection = 0x3000 + relid,
	};

	return offer;
}

static void
offer_raw(struct partition *partition, const struct hv_guid *type,
    uint8_t instance, uint32_t relid, uint16_t sub)
{
	struct hv_vmbus_offer offer = raw_offer(type, instance, relid, sub);

	host_vmbus_offer_raw(partition->host, &offer);
	partition_run(partition, 10 * PV_MILLISECOND);
}

static void
rescind_raw(struct partition *partition, uint32_t relid)
{
	host_vmbus_rescind_raw(partition->host, relid);
	partition_run(partition, 10 * PV_MILLISECOND);
}

/* ---- Come and go ------------------------------------------------------- */

static void
test_hot_added_and_taken_away(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	partition_attach(partition, user_drivers);
	for (unsigned i = 0; i < 5; i++) {
		char line[80];

		device = user_host(partition);
		partition_run(partition, 100 * PV_MILLISECOND);
		assert_int_equal(user_count, i + 1);
		assert_int_equal(users[i].opened, 1);
		snprintf(line, sizeof(line), "hvn0 detached from channel %u",
		    users[i].channel->offer.relid);
		host_vmbus_rescind(device);
		partition_run(partition, 100 * PV_MILLISECOND);
		assert_int_equal(users[i].rescinded, 1);
		assert_int_equal(users[i].detached, 1);
		assert_int_equal(user_host_counts.freed, i + 1);
		assert_non_null(
		    strstr(sim_machine_log(partition->world->machine), line));
		assert_int_equal(partition->vmbus->count, 0);
	}
}

/* Its line in the tree goes with it. */
static void
test_one_without_a_driver_goes(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	device = user_host_of(partition, &mouse, NULL);
	partition_attach(partition, user_drivers);
	assert_non_null(partition_find(partition, "\"mouse\""));
	host_vmbus_rescind(device);
	partition_run(partition, 100 * PV_MILLISECOND);
	assert_null(partition_find(partition, "\"mouse\""));
	assert_int_equal(user_host_counts.freed, 1);
}

static void
test_a_driver_that_refuses(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	user_manners.refuse = PV_ENOMEM;
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	world_has_line(partition->world,
	    "\"hvn\" at hyperv0: channel 1: no room, not configured");
	host_vmbus_rescind(device);
	partition_run(partition, 100 * PV_MILLISECOND);
	assert_int_equal(user_host_counts.freed, 1);
	assert_int_equal(partition->vmbus->count, 0);
}

/* The driver takes its time; until it departs the relid is its own. */
static void
test_a_driver_that_stays_a_while(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	user_manners.stay = true;
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	host_vmbus_rescind(device);
	partition_run(partition, 10 * PV_SECOND);
	assert_int_equal(users[0].rescinded, 1);
	assert_int_equal(users[0].detached, 0);
	assert_int_equal(user_host_counts.freed, 0);
	assert_int_equal(users[0].channel->state, VMBUS_RESCINDED);
	assert_int_equal(user_open(&users[0], users[0].channel), PV_ENODEV);
	vmbus_depart(users[0].channel);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(user_host_counts.freed, 1);
}

/* It goes by itself: the host still offers it, nobody has it. */
static void
test_a_driver_that_departs(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	vmbus_depart(users[0].channel);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(user_host_counts.freed, 0);
	assert_int_equal(partition->vmbus->count, 1);
	host_vmbus_rescind(device);
	partition_run(partition, PV_SECOND);
	assert_int_equal(user_host_counts.freed, 1);
	assert_int_equal(partition->vmbus->count, 0);
}

/* Whoever has the bus may take a driver away, and VMBus does not look for it. */
static void
test_detached_by_others(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	pv_device_detach(users[0].device);
	partition_run(partition, PV_SECOND);
	assert_int_equal(user_host_counts.closed, 1);
	host_vmbus_rescind(device);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].rescinded, 0);
	assert_int_equal(user_host_counts.freed, 1);
}

/* ---- Sub-channels ------------------------------------------------------ */

static void
test_sub_channels(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;

	machine(partition);
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	assert_true(host_vmbus_offer_subs(device, 3));
	partition_run(partition, 100 * PV_MILLISECOND);
	assert_int_equal(users[0].subs, 3);
	assert_int_equal(users[0].opened, 4);
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(users[0].sub[i]->primary, users[0].channel);
		assert_int_equal(users[0].sub[i]->offer.sub, i + 1);
		assert_int_equal(users[0].sub[i]->state, VMBUS_OPEN);
	}
	host_vmbus_rescind(device);
	partition_run(partition, 100 * PV_MILLISECOND);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(user_host_counts.closed, 4);
	assert_int_equal(user_host_counts.freed, 1);
	assert_int_equal(partition->vmbus->count, 0);
}

/* 36: before its device, more of them, twice, of nobody. */
static void
test_h36_sub_channels_out_of_order(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_manners.no_open = true;
	partition_attach(partition, user_drivers);
	offer_raw(partition, &network, 1, 100, 2);
	offer_raw(partition, &network, 1, 101, 1);
	assert_int_equal(user_count, 0);
	offer_raw(partition, &network, 1, 102, 0);
	assert_int_equal(user_count, 1);
	/* there is no open channel yet that they belong to */
	assert_int_equal(users[0].subs, 0);
	assert_ptr_equal(partition->vmbus->channels[100]->primary,
	    users[0].channel);
	assert_ptr_equal(partition->vmbus->channels[101]->primary,
	    users[0].channel);
	/* the same number again, and one of a device that there is not */
	offer_raw(partition, &network, 1, 103, 2);
	assert_int_equal(stats(partition)->bad_duplicate, 1);
	offer_raw(partition, &network, 2, 104, 1);
	assert_int_equal(partition->vmbus->count, 4);
	rescind_raw(partition, 100);
	rescind_raw(partition, 104);
	assert_int_equal(partition->vmbus->count, 2);
	/* the device before what is part of it */
	rescind_raw(partition, 102);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(partition->vmbus->count, 1);
	assert_null(partition->vmbus->channels[101]->primary);
	rescind_raw(partition, 101);
	assert_int_equal(partition->vmbus->count, 0);
}

/* ---- 32: offers -------------------------------------------------------- */

static void
test_h32_relids_that_cannot_be(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_manners.no_open = true;
	partition_attach(partition, user_drivers);
	offer_raw(partition, &network, 1, 0, 0);
	offer_raw(partition, &network, 2, HV_VMBUS_RELIDS, 0);
	offer_raw(partition, &network, 3, UINT32_MAX, 0);
	assert_int_equal(stats(partition)->bad_index, 3);
	assert_int_equal(user_count, 0);
	offer_raw(partition, &network, 4, HV_VMBUS_RELIDS - 1, 0);
	assert_int_equal(user_count, 1);
	assert_int_equal(users[0].channel->offer.relid, HV_VMBUS_RELIDS - 1);
	rescind_raw(partition, HV_VMBUS_RELIDS - 1);
}

static void
test_h32_twice(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_manners.no_open = true;
	partition_attach(partition, user_drivers);
	offer_raw(partition, &network, 1, 7, 0);
	/* the relid, the device, both */
	offer_raw(partition, &network, 2, 7, 0);
	offer_raw(partition, &network, 1, 8, 0);
	offer_raw(partition, &network, 1, 7, 0);
	assert_int_equal(stats(partition)->bad_duplicate, 3);
	assert_int_equal(user_count, 1);
	rescind_raw(partition, 7);
	/* free again */
	offer_raw(partition, &network, 1, 7, 0);
	assert_int_equal(user_count, 2);
	rescind_raw(partition, 7);
}

/* In one breath: the release of the old one is on its way still. */
static void
test_h32_offered_again_at_once(void **state)
{
	struct partition *partition = *state;
	struct hv_vmbus_offer offer;

	machine(partition);
	user_manners.no_open = true;
	partition_attach(partition, user_drivers);
	offer_raw(partition, &network, 1, 7, 0);
	host_vmbus_rescind_raw(partition->host, 7);
	offer = raw_offer(&network, 1, 8, 0);
	host_vmbus_offer_raw(partition->host, &offer);
	partition_run(partition, 100 * PV_MILLISECOND);
	assert_int_equal(user_count, 2);
	assert_int_equal(users[0].detached, 1);
	assert_int_equal(users[1].channel->offer.relid, 8);
	assert_int_equal(stats(partition)->bad_duplicate, 0);
	rescind_raw(partition, 8);
}

static void
test_h32_more_than_there_is_room_for(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	for (unsigned i = 1; i <= VMBUS_CHANNELS_MAX + 20; i++) {
		struct hv_vmbus_offer offer = raw_offer(&mouse, (uint8_t)i, i,
		    0);

		offer.instance.bytes[5] = (uint8_t)(i >> 8);
		host_vmbus_offer_raw(partition->host, &offer);
		partition_run(partition, PV_MILLISECOND / 10);
	}
	partition_run(partition, PV_SECOND);
	assert_int_equal(partition->vmbus->count, VMBUS_CHANNELS_MAX);
	assert_int_equal(stats(partition)->bad_state, 20);
	world_has_line(partition->world,
	    "hyperv0: no room for another channel");
}

static void
test_h32_a_monitor_beyond_the_page(void **state)
{
	struct partition *partition = *state;
	struct hv_vmbus_offer offer = raw_offer(&network, 1, 9, 0);

	machine(partition);
	user_manners.no_open = true;
	partition_attach(partition, user_drivers);
	offer.monitor_used = 1;
	offer.monitor = 128;
	host_vmbus_offer_raw(partition->host, &offer);
	partition_run(partition, PV_MILLISECOND);
	assert_int_equal(stats(partition)->bad_value, 1);
	assert_false(users[0].channel->offer.monitored);
	rescind_raw(partition, 9);
}

/* All that came is used when the time is over. */
static void
test_h32_the_offers_do_not_end(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	host_hyperv_manners(partition->host)->no_delivered = true;
	user_host(partition);
	partition_attach(partition, user_drivers);
	world_has_line(partition->world,
	    "hyperv0: the host does not end its offers");
	assert_int_equal(users[0].opened, 1);
	assert_in_range(sim_now(partition->world->sim), 0, 11 * PV_SECOND);
}

static void
test_h32_the_offers_end_twice(void **state)
{
	struct hv_vmbus_header end = { .type = HV_VMBUS_ALL_OFFERS };
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	host_hyperv_send(partition->host, HV_MESSAGE_VMBUS, &end, sizeof(end));
	partition_run(partition, PV_SECOND);
	assert_int_equal(stats(partition)->bad_state, 1);
}

static void
test_h32_a_class_that_no_driver_can_open(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	offer_raw(partition, &scsi, 3, 30, 0);
	world_has_line(partition->world,
	    "\"hvs\" at hyperv0: channel 30 not configured");
	rescind_raw(partition, 30);
}

/* An offer in the middle of an open, of the same device. */
static void
test_h32_offered_while_it_is_opened(void **state)
{
	struct partition *partition = *state;
	struct hv_vmbus_offer offer;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	vmbus_channel_close(users[0].channel);
	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	offer = raw_offer(&network, 0, users[0].channel->offer.relid, 0);
	offer.instance = users[0].channel->offer.instance;
	host_vmbus_offer_raw(partition->host, &offer);
	partition_run(partition, PV_SECOND);
	assert_int_equal(stats(partition)->bad_duplicate, 1);
	assert_int_equal(users[0].opened, 2);
	/* the host does not know its own offer */
	partition->refused = host_hyperv_counts(partition->host)->refused;
	partition->violations = host_hyperv_counts(partition->host)->violations;
}

/* ---- 33: rescinds ------------------------------------------------------ */

static void
test_h33_of_what_is_not_there(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	rescind_raw(partition, 0);
	rescind_raw(partition, 500);
	rescind_raw(partition, HV_VMBUS_RELIDS);
	rescind_raw(partition, UINT32_MAX);
	assert_int_equal(stats(partition)->bad_index, 3);
	assert_int_equal(stats(partition)->bad_id, 1);
	assert_int_equal(users[0].channel->state, VMBUS_OPEN);
}

static void
test_h33_twice(void **state)
{
	struct partition *partition = *state;
	uint32_t relid;
	struct host_vmbus_device *device;

	machine(partition);
	user_manners.stay = true;
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	relid = users[0].channel->offer.relid;
	host_vmbus_rescind(device);
	partition_run(partition, PV_MILLISECOND);
	rescind_raw(partition, relid);
	assert_int_equal(stats(partition)->bad_duplicate, 1);
	assert_int_equal(users[0].rescinded, 1);
	vmbus_depart(users[0].channel);
	partition_run(partition, PV_SECOND);
	rescind_raw(partition, relid);
	assert_int_equal(stats(partition)->bad_id, 1);
	assert_int_equal(users[0].detached, 1);
	partition->refused = host_hyperv_counts(partition->host)->refused;
}

/* 33, 37: at every moment of its way up. */
static void
test_h37_taken_away_at_each_moment(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	for (unsigned step = 0; step < 40; step++) {
		struct host_vmbus_device *device;
		unsigned freed = user_host_counts.freed;

		user_count = 0;
		memset(users, 0, sizeof(users));
		device = user_host(partition);
		/* 5 µs each: a message takes some */
		partition_run(partition, step * 5000);
		host_vmbus_rescind(device);
		partition_run(partition, 10 * PV_SECOND);
		assert_int_equal(user_host_counts.freed, freed + 1);
		assert_int_equal(partition->vmbus->count, 0);
		assert_int_equal(users[0].attached, users[0].detached);
		assert_int_equal(host_hyperv_counts(partition->host)->gpadls,
		    0);
		assert_in_range(users[0].opened + users[0].failed, 0, 1);
	}
	assert_int_equal(user_host_counts.opened, user_host_counts.closed);
	partition->refused = host_hyperv_counts(partition->host)->refused;
}

/* It is told once, and asked once for its relid. */
static void
test_h33_the_relid_is_released_once(void **state)
{
	struct partition *partition = *state;
	struct host_vmbus_device *device;
	uint64_t posts;

	machine(partition);
	user_manners.no_open = true;
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	posts = host_hyperv_counts(partition->host)->posts;
	host_vmbus_rescind(device);
	partition_run(partition, PV_SECOND);
	assert_int_equal(host_hyperv_counts(partition->host)->posts, posts + 1);
	assert_int_equal(partition->vmbus->count, 0);
}

/* 33: the host has no buffer for the answer. */
static void
test_h33_the_release_has_to_wait(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;
	struct host_vmbus_device *device;

	machine(partition);
	device = user_host(partition);
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	manners->fail_nth = 1;
	manners->fail_count = 50;
	manners->fail_code = HV_HC_POST_MESSAGE;
	manners->fail_status = HV_STATUS_INSUFFICIENT_BUFFERS;
	host_vmbus_rescind(device);
	partition_run(partition, 100 * PV_MILLISECOND);
	assert_int_equal(user_host_counts.freed, 0);
	partition_run(partition, PV_SECOND);
	assert_int_equal(user_host_counts.freed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_hot_added_and_taken_away),
		partition_test(test_one_without_a_driver_goes),
		partition_test(test_a_driver_that_refuses),
		partition_test(test_a_driver_that_stays_a_while),
		partition_test(test_a_driver_that_departs),
		partition_test(test_detached_by_others),
		partition_test(test_sub_channels),
		partition_test(test_h36_sub_channels_out_of_order),
		partition_test(test_h32_relids_that_cannot_be),
		partition_test(test_h32_twice),
		partition_test(test_h32_offered_again_at_once),
		partition_test(test_h32_more_than_there_is_room_for),
		partition_test(test_h32_a_monitor_beyond_the_page),
		partition_test(test_h32_the_offers_do_not_end),
		partition_test(test_h32_the_offers_end_twice),
		partition_test(test_h32_a_class_that_no_driver_can_open),
		partition_test(test_h32_offered_while_it_is_opened),
		partition_test(test_h33_of_what_is_not_there),
		partition_test(test_h33_twice),
		partition_test(test_h37_taken_away_at_each_moment),
		partition_test(test_h33_the_relid_is_released_once),
		partition_test(test_h33_the_release_has_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
