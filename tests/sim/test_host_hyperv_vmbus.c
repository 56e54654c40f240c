/* SPDX-License-Identifier: ISC */
/* The model's VMBus, met by a guest without drivers: connecting, offers, GPADLs,
 * open and close, and taking away. */
#include "tests/support/hyperv_host.h"

static void
test_packets_go_both_ways_in_every_version(void **state)
{
	static const uint32_t versions[] = { HV_VMBUS_0_13, HV_VMBUS_1_1,
		HV_VMBUS_2_4, HV_VMBUS_3_0, HV_VMBUS_4_0, HV_VMBUS_4_1,
		HV_VMBUS_5_0, HV_VMBUS_5_1, HV_VMBUS_5_2, HV_VMBUS_5_3 };
	struct raw_hv *guest = raw_hv_new(*state, 2, NULL);
	struct echo *echo = echo_new(guest->host, false);

	for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct raw_channel *channel;
		uint32_t relid;
		size_t size;

		raw_hv_connect(guest, versions[i]);
		raw_hv_offers(guest);
		assert_int_equal(guest->offer_count, 1);
		relid = guest->offers[0].relid;
		channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
		raw_channel_say(channel, 99, "a message!", 10);
		pass(*state, PV_MILLISECOND);
		if (versions[i] < HV_VMBUS_2_4) {
			assert_true(raw_hv_flag(guest, 0, 0));
			assert_int_equal(guest->bits->to_guest[relid / 32],
			    1u << relid % 32);
			guest->bits->to_guest[relid / 32] = 0;
		} else
			assert_true(raw_hv_flag(guest, 0, relid));
		assert_true(raw_channel_take(channel));
		assert_int_equal(raw_channel_packet(channel)->id, 99);
		assert_memory_equal(raw_channel_data(channel, &size),
		    "a message!", 10);
		assert_int_equal(size, 16);
		assert_false(raw_channel_take(channel));
		raw_channel_close(channel);
		raw_hv_unload(guest);
		raw_channel_free(channel);
		assert_int_equal(echo->opened, i + 1);
		assert_int_equal(echo->closed, i + 1);
	}
	assert_int_equal(host_hyperv_counts(guest->host)->violations, 0);
	assert_int_equal(host_hyperv_counts(guest->host)->refused, 0);
	assert_int_equal(host_hyperv_counts(guest->host)->gpadls, 0);
	assert_int_equal(host_hyperv_counts(guest->host)->channels, 0);
	echo_free(echo);
	raw_hv_free(guest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_packets_go_both_ways_in_every_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
