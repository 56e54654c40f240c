/* SPDX-License-Identifier: ISC */
/* The host's side of dynamic memory, judged by the public protocol. */
#include "host/hyperv/devices.h"
#include "tests/support/hyperv_host.h"
#include "wire/endian.h"
#include "wire/hyperv/balloon.h"

struct lab {
	struct world *world;
	struct raw_hv *guest;
	struct host_balloon *balloon;
	const struct host_balloon_counts *counts;
	struct raw_channel *channel;
	uint8_t answer[64]; /* the last one */
	size_t answer_len;
};

static int
lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL || world_setup(state) != 0)
		return -1;
	lab->world = *state;
	lab->guest = raw_hv_new(lab->world, 1, NULL);
	lab->balloon = host_balloon_new(lab->guest->host);
	assert_non_null(lab->balloon);
	lab->counts = host_balloon_counts(lab->balloon);
	raw_hv_connect(lab->guest, HV_VMBUS_5_2);
	raw_hv_offers(lab->guest);
	assert_int_equal(lab->guest->offer_count, 1);
	lab->channel = raw_channel_new(lab->guest, &lab->guest->offers[0], 5,
	    0);
	*state = lab;
	return 0;
}

static int
lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *world = lab->world;

	raw_hv_free(lab->guest);
	raw_channel_free(lab->channel);
	free(lab);
	return world_teardown(&world);
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

static void
say(struct lab *lab, const void *bytes, size_t size)
{
	raw_channel_say(lab->channel, 1, bytes, (uint32_t)size);
	pass(lab->world, PV_MILLISECOND);
}

static bool
answers(struct lab *lab)
{
	const void *data;

	if (!raw_channel_take(lab->channel))
		return false;
	raw_channel_release(lab->channel);
	assert_int_equal(raw_channel_packet(lab->channel)->type,
	    HV_PACKET_INBAND);
	data = raw_channel_data(lab->channel, &lab->answer_len);
	assert_true(lab->answer_len <= sizeof(lab->answer));
	memcpy(lab->answer, data, lab->answer_len);
	return true;
}

static void
expect(struct lab *lab, uint16_t type, uint32_t transaction)
{
	assert_true(answers(lab));
	assert_int_equal(get_le16(lab->answer), type);
	assert_int_equal(get_le16(lab->answer + 2), lab->answer_len);
	assert_int_equal(get_le32(lab->answer + 4), transaction);
}

static bool
say_version(struct lab *lab, uint32_t version, uint32_t transaction)
{
	struct hv_dm_version_request request = {
		.header = { HV_DM_VERSION_REQUEST, sizeof(request),
		    transaction },
		.version = version
	};

	say(lab, &request, sizeof(request));
	expect(lab, HV_DM_VERSION_RESPONSE, transaction);
	return lab->answer[8] & HV_DM_ACCEPTED;
}

static void
say_capabilities(struct lab *lab)
{
	struct hv_dm_capabilities request = { .header = { HV_DM_CAPABILITIES,
						  sizeof(request), 3 },
		.capabilities = HV_DM_CAN_BALLOON };

	say(lab, &request, sizeof(request));
}

static void
greet(struct lab *lab)
{
	assert_true(say_version(lab, HV_DM_2_0, 2));
	say_capabilities(lab);
	expect(lab, HV_DM_CAPABILITIES_RESPONSE, 3);
	assert_true(lab->answer[8] & HV_DM_ACCEPTED);
	assert_true(lab->counts->capabilities);
}

/* Of so many ranges, each of so many pages, `have` of which are there. */
static void
say_ballooned(struct lab *lab, unsigned ranges, unsigned have, unsigned pages,
    bool more)
{
	struct {
		struct hv_dm_balloon_response response;
		uint64_t ranges[8];
	} answer = { 0 };
	size_t size = sizeof(answer.response) + have * sizeof(uint64_t);

	answer.response.header = (struct hv_dm_header){ HV_DM_BALLOON_RESPONSE,
		(uint16_t)size, get_le32(lab->answer + 4) };
	answer.response.more_and_count = ranges << 1 | (more ? 1 : 0);
	for (unsigned i = 0; i < have; i++)
		answer.ranges[i] = HV_DM_RANGE(0x100 * i, pages);
	say(lab, &answer, size);
}

static void
test_the_exchange(void **state)
{
	struct lab *lab = *state;

	/* the newest that QEMU has is 2.0 */
	assert_false(say_version(lab, HV_DM_VERSION(3, 0), 7));
	assert_int_equal(lab->counts->version, 0);
	assert_false(say_version(lab, 0, 8));
	assert_true(say_version(lab, HV_DM_1_0, 9));
	assert_int_equal(lab->counts->version, HV_DM_1_0);
	say_capabilities(lab);
	expect(lab, HV_DM_CAPABILITIES_RESPONSE, 3);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_the_order_is_kept(void **state)
{
	struct lab *lab = *state;
	struct hv_dm_status status = { .header = { HV_DM_STATUS, sizeof(status),
					   4 } };
	struct hv_dm_version_request again = {
		.header = { HV_DM_VERSION_REQUEST, sizeof(again), 1 },
		.version = HV_DM_2_0
	};

	say_capabilities(lab);
	say(lab, &status, sizeof(status));
	assert_int_equal(lab->counts->refused, 2);
	assert_false(answers(lab));
	greet(lab);
	say(lab, &again, sizeof(again));
	say_capabilities(lab);
	assert_int_equal(lab->counts->refused, 4);
	assert_false(answers(lab));
	say(lab, &status, sizeof(status));
	assert_int_equal(lab->counts->reports, 1);
	assert_int_equal(lab->counts->refused, 4);
}

static void
test_messages_that_are_wrong(void **state)
{
	struct lab *lab = *state;
	struct hv_dm_version_request request = {
		.header = { HV_DM_VERSION_REQUEST, sizeof(request), 1 },
		.version = HV_DM_2_0
	};

	say(lab, &request, 8);
	say(lab, &request, 0);
	request.header.type = 0xffff;
	say(lab, &request, sizeof(request));
	assert_int_equal(lab->counts->refused, 3);
	assert_false(answers(lab));
	greet(lab);
}

static void
test_pages_are_asked_for(void **state)
{
	struct lab *lab = *state;

	assert_false(host_balloon_ask(lab->balloon, 100));
	greet(lab);
	assert_true(host_balloon_ask(lab->balloon, 100));
	assert_false(host_balloon_ask(lab->balloon, 100));
	pass(lab->world, PV_MILLISECOND);
	expect(lab, HV_DM_BALLOON, 0);
	assert_int_equal(get_le32(lab->answer + 8), 100);
	/* there are none to give */
	say_ballooned(lab, 0, 0, 0, false);
	assert_int_equal(lab->counts->ballooned, 0);
	assert_true(host_balloon_ask(lab->balloon, 50));
	pass(lab->world, PV_MILLISECOND);
	expect(lab, HV_DM_BALLOON, 1);
	say_ballooned(lab, 3, 3, 10, true);
	assert_int_equal(lab->counts->ballooned, 30);
	assert_false(host_balloon_ask(lab->balloon, 50));
	say_ballooned(lab, 1, 1, 20, false);
	assert_int_equal(lab->counts->ballooned, 50);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_ranges_that_are_not_there(void **state)
{
	struct lab *lab = *state;

	greet(lab);
	say_ballooned(lab, 1, 1, 10, false);
	assert_int_equal(lab->counts->refused, 1);
	assert_true(host_balloon_ask(lab->balloon, 50));
	say_ballooned(lab, 3, 2, 10, false);
	say_ballooned(lab, 0x7fffffff, 2, 10, false);
	assert_int_equal(lab->counts->refused, 3);
	assert_int_equal(lab->counts->ballooned, 0);
	say_ballooned(lab, 2, 2, 10, false);
	assert_int_equal(lab->counts->ballooned, 20);
}

static void
test_a_channel_that_is_opened_again(void **state)
{
	struct lab *lab = *state;

	greet(lab);
	raw_channel_close(lab->channel);
	raw_channel_free(lab->channel);
	assert_false(host_balloon_ask(lab->balloon, 1));
	lab->channel = raw_channel_new(lab->guest, &lab->guest->offers[0], 5,
	    0);
	assert_int_equal(lab->counts->version, 0);
	assert_false(lab->counts->capabilities);
	greet(lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_the_exchange),
		lab_test(test_the_order_is_kept),
		lab_test(test_messages_that_are_wrong),
		lab_test(test_pages_are_asked_for),
		lab_test(test_ranges_that_are_not_there),
		lab_test(test_a_channel_that_is_opened_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
