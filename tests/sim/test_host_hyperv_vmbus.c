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
		assert_int_equal(guest->offers[0].dedicated,
		    versions[i] >= HV_VMBUS_1_1);
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

#define COUNTS(guest) host_hyperv_counts((guest)->host)

/* Connected and with one device offered. */
static struct raw_hv *
new_guest(void **state, struct echo **echo)
{
	struct raw_hv *guest = raw_hv_new(*state, 2, NULL);

	*echo = echo_new(guest->host, false);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	assert_int_equal(guest->offer_count, 1);
	return guest;
}

static void
end(struct raw_hv *guest, struct echo *echo)
{
	if (guest->version != 0)
		raw_hv_unload(guest);
	assert_int_equal(COUNTS(guest)->gpadls, 0);
	assert_int_equal(COUNTS(guest)->gpadl_pages, 0);
	assert_int_equal(COUNTS(guest)->channels, 0);
	assert_int_equal(COUNTS(guest)->offered, 0);
	if (echo != NULL)
		echo_free(echo);
	raw_hv_free(guest);
}

/* ---- Versions --------------------------------------------------------- */

static void
test_versions_out_of_bounds_are_refused(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .version_min = HV_VMBUS_2_4,
		.version_max = HV_VMBUS_5_1 });
	static const uint32_t refused[] = { HV_VMBUS_6_0, HV_VMBUS_5_3,
		HV_VMBUS_5_2, HV_VMBUS_1_1, HV_VMBUS_0_13,
		HV_VMBUS_VERSION(2, 5), HV_VMBUS_VERSION(3, 1), 0, UINT32_MAX };

	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(raw_hv_contact(guest, refused[i]));
	assert_int_equal(COUNTS(guest)->connects, 0);
	assert_int_equal(COUNTS(guest)->version, 0);
	raw_hv_connect(guest, HV_VMBUS_5_1);
	assert_int_equal(COUNTS(guest)->version, HV_VMBUS_5_1);
	end(guest, NULL);
}

static void
test_from_5_0_messages_go_where_the_answer_says(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct hv_vmbus_header request = { .type = HV_VMBUS_REQUEST_OFFERS };
	uint32_t connection;

	raw_hv_connect(guest, HV_VMBUS_5_0);
	connection = guest->connection;
	assert_int_not_equal(connection, HV_VMBUS_CONNECTION_MESSAGE);
	assert_int_not_equal(connection, HV_VMBUS_CONNECTION_MESSAGE_5);
	/* the wrong ones */
	assert_int_equal(raw_hv_post(guest, 1, HV_MESSAGE_VMBUS, &request,
			     sizeof(request)),
	    HV_STATUS_SUCCESS);
	assert_int_equal(raw_hv_post(guest, 4, HV_MESSAGE_VMBUS, &request,
			     sizeof(request)),
	    HV_STATUS_SUCCESS);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->violations, 2);
	assert_int_equal(COUNTS(guest)->refused, 2);
	raw_hv_offers(guest);
	raw_hv_unload(guest);
	/* it is gone with the connection */
	assert_int_equal(raw_hv_post(guest, connection, HV_MESSAGE_VMBUS,
			     &request, sizeof(request)),
	    HV_STATUS_INVALID_CONNECTION_ID);
	end(guest, NULL);
}

static void
contact_by(struct raw_hv *guest, uint32_t connection, uint32_t version,
    uint32_t vp, unsigned sint)
{
	struct hv_vmbus_initiate_contact contact = {
		.header = { .type = HV_VMBUS_INITIATE_CONTACT },
		.version = version,
		.vp = vp,
		.u.target.sint = (uint8_t)sint,
	};

	assert_int_equal(raw_hv_post(guest, connection, HV_MESSAGE_VMBUS,
			     &contact, sizeof(contact)),
	    HV_STATUS_SUCCESS);
	pass(guest->world, PV_MILLISECOND);
}

static void
test_contact_comes_by_the_connection_of_its_version(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	contact_by(guest, 1, HV_VMBUS_5_3, 0, 2);
	contact_by(guest, 4, HV_VMBUS_4_0, 0, 2);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->violations, 2);
	assert_int_equal(COUNTS(guest)->connects, 0);
	end(guest, NULL);
}

static void
test_messages_go_to_the_processor_and_source_asked_for(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 4, NULL);

	contact_by(guest, 4, HV_VMBUS_5_3, 3, 7);
	assert_true(raw_hv_take(guest, 3, 7));
	assert_int_equal(guest->message.payload[0], HV_VMBUS_VERSION_RESPONSE);
	/* before 5.0 there is no choice of the source */
	contact_by(guest, 1, HV_VMBUS_4_0, 2, 7);
	assert_true(raw_hv_take(guest, 2, HV_VMBUS_SINT));
	assert_int_equal(COUNTS(guest)->connects, 2);
	contact_by(guest, 4, HV_VMBUS_5_3, 4, 7);
	contact_by(guest, 4, HV_VMBUS_5_3, 0, 0);
	contact_by(guest, 4, HV_VMBUS_5_3, 0, 16);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->refused, 3);
	assert_int_equal(COUNTS(guest)->version, 0);
	end(guest, NULL);
}

static void
test_version_6_has_features(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .version_max = HV_VMBUS_6_0 });
	struct hv_vmbus_initiate_contact_client contact = {
		.contact = { .header = { .type = HV_VMBUS_INITIATE_CONTACT },
		    .version = HV_VMBUS_6_0,
		    .u.target = { .sint = 2, .features = UINT32_MAX } },
	};
	struct hv_vmbus_modify_connection modify = {
		.header = { .type = HV_VMBUS_MODIFY_CONNECTION },
	};
	struct hv_vmbus_version_features answer;

	assert_int_equal(raw_hv_post(guest, 4, HV_MESSAGE_VMBUS, &contact,
			     sizeof(contact)),
	    HV_STATUS_SUCCESS);
	memcpy(&answer, raw_hv_expect(guest, HV_VMBUS_VERSION_RESPONSE),
	    sizeof(answer));
	assert_int_equal(guest->message.size, sizeof(answer));
	assert_int_equal(answer.response.accepted, 1);
	assert_int_equal(answer.features,
	    HV_VMBUS_FEATURE_CLIENT_ID | HV_VMBUS_FEATURE_MODIFY_CONNECTION);
	guest->version = HV_VMBUS_6_0;
	guest->connection = answer.response.connection;
	raw_hv_say(guest, &modify, sizeof(modify));
	raw_hv_expect(guest, HV_VMBUS_MODIFY_CONNECTION_RESPONSE);
	assert_int_equal(COUNTS(guest)->violations, 0);
	end(guest, NULL);
}

static void
test_contact_over_a_connection_begins_anew(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);
	uint32_t relid = guest->offers[0].relid;

	raw_hv_connect(guest, HV_VMBUS_5_3);
	assert_int_equal(echo->closed, 1);
	assert_int_equal(COUNTS(guest)->gpadls, 0);
	assert_int_equal(COUNTS(guest)->channels, 0);
	assert_int_equal(COUNTS(guest)->offered, 0);
	assert_int_equal(COUNTS(guest)->connects, 2);
	raw_hv_offers(guest);
	assert_int_not_equal(guest->offers[0].relid, relid);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_before_contact_there_is_nothing(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct hv_vmbus_header request = { .type = HV_VMBUS_REQUEST_OFFERS };

	raw_hv_say(guest, &request, sizeof(request));
	request.type = HV_VMBUS_UNLOAD;
	raw_hv_say(guest, &request, sizeof(request));
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->refused, 2);
	end(guest, NULL);
}

/* ---- Messages --------------------------------------------------------- */

static void
test_sizes_of_messages(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t words[60] = { HV_VMBUS_CLOSE, 0, guest->offers[0].relid };
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);

	/* too short: nothing happens */
	raw_hv_say(guest, words, 8);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(echo->closed, 0);
	assert_int_equal(COUNTS(guest)->violations, 1);
	assert_int_equal(COUNTS(guest)->refused, 1);
	/* too long: it is done, and noted */
	raw_hv_say(guest, words, 16);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(echo->closed, 1);
	assert_int_equal(COUNTS(guest)->violations, 2);
	assert_int_equal(COUNTS(guest)->refused, 1);
	/* no such message; of the host; none at all */
	words[0] = HV_VMBUS_TYPES;
	raw_hv_say(guest, words, 16);
	words[0] = HV_VMBUS_OFFER;
	raw_hv_say(guest, words, 196);
	raw_hv_say(guest, words, 3);
	raw_hv_say(guest, words, 0);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->refused, 5);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_offers_are_asked_for_once(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct hv_vmbus_header request = { .type = HV_VMBUS_REQUEST_OFFERS };

	raw_hv_say(guest, &request, sizeof(request));
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->refused, 1);
	end(guest, echo);
}

static void
test_many_offers_wait_for_the_guest(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .messages = 2 });
	struct echo *echoes[200];

	for (unsigned i = 0; i < 200; i++)
		echoes[i] = echo_new(guest->host, i % 2 != 0);
	raw_hv_connect(guest, HV_VMBUS_4_0);
	raw_hv_offers(guest);
	assert_int_equal(guest->offer_count, 200);
	for (unsigned i = 0; i < 200; i++) {
		const struct hv_vmbus_offer *offer = &guest->offers[i];
		struct hv_guid instance = host_vmbus_instance(
		    echoes[i]->device);

		assert_memory_equal(&offer->instance, &instance,
		    sizeof(instance));
		assert_memory_equal(&offer->type, &echo_type,
		    sizeof(echo_type));
		assert_int_equal(offer->sub_channel, 0);
		assert_int_equal((offer->flags & HV_VMBUS_OFFER_PIPE) != 0,
		    i % 2);
		/* services are not monitored */
		assert_int_equal(offer->monitor_used, i % 2 == 0);
		assert_int_equal(offer->dedicated, 1);
		for (unsigned j = 0; j < i; j++) {
			assert_int_not_equal(guest->offers[j].relid,
			    offer->relid);
			assert_int_not_equal(guest->offers[j].connection,
			    offer->connection);
			if (i % 2 == 0 && j % 2 == 0)
				assert_int_not_equal(guest->offers[j].monitor,
				    offer->monitor);
		}
	}
	assert_int_equal(COUNTS(guest)->offered, 200);
	raw_hv_unload(guest);
	for (unsigned i = 0; i < 200; i++)
		echo_free(echoes[i]);
	end(guest, NULL);
}

static void
test_answers_that_are_not_taken_stop_the_questions(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t words[4] = { HV_VMBUS_MODIFY_CHANNEL, 0,
		guest->offers[0].relid, 0 };
	unsigned posted = 0, taken = 0;

	while (posted < 10000) {
		unsigned status = raw_hv_post(guest, guest->connection,
		    HV_MESSAGE_VMBUS, words, sizeof(words));

		if (status == HV_STATUS_INSUFFICIENT_BUFFERS)
			break;
		assert_int_equal(status, HV_STATUS_SUCCESS);
		posted++;
		pass(*state, 10000);
	}
	/* a slot, 64 before it, 64 and 32 behind that */
	assert_in_range(posted, 100, 200);
	while (raw_hv_take(guest, 0, HV_VMBUS_SINT))
		taken++;
	assert_int_equal(taken, posted);
	end(guest, echo);
}

/* ---- GPADLs ----------------------------------------------------------- */

static void
gpadl_holds(struct raw_hv *guest, struct echo *echo, size_t pages)
{
	uint32_t relid = guest->offers[0].relid, gpadl;
	uint8_t bytes[8192];
	uint64_t frame;
	uint8_t *memory;

	memory = guest_pages(guest->world, pages, &frame);
	for (size_t i = 0; i < pages; i++)
		memset(memory + i * HV_PAGE_SIZE, (int)i + 1, HV_PAGE_SIZE);
	gpadl = raw_hv_gpadl(guest, relid, frame << HV_PAGE_SHIFT, pages);
	assert_int_equal(COUNTS(guest)->gpadl_pages, 4 + pages);
	assert_int_equal(host_vmbus_gpadl_length(echo->last, gpadl),
	    pages * HV_PAGE_SIZE);
	for (size_t i = 0; i < pages; i++) {
		assert_true(host_vmbus_gpadl_read(echo->last, gpadl,
		    i * HV_PAGE_SIZE, bytes, HV_PAGE_SIZE));
		assert_memory_equal(bytes, memory + i * HV_PAGE_SIZE,
		    HV_PAGE_SIZE);
	}
	if (pages > 2) {
		memset(bytes, 0xee, sizeof(bytes));
		assert_true(host_vmbus_gpadl_write(echo->last, gpadl, 4000,
		    bytes, 5000));
		assert_int_equal(memory[3999], 1);
		assert_int_equal(memory[4000], 0xee);
		assert_int_equal(memory[8999], 0xee);
		assert_int_equal(memory[9000], 3);
	}
	assert_true(host_vmbus_gpadl_read(echo->last, gpadl,
	    pages * HV_PAGE_SIZE, bytes, 0));
	assert_false(host_vmbus_gpadl_read(echo->last, gpadl,
	    pages * HV_PAGE_SIZE - 1, bytes, 2));
	assert_false(
	    host_vmbus_gpadl_write(echo->last, gpadl, UINT64_MAX, bytes, 2));
	raw_hv_teardown(guest, relid, gpadl);
	assert_false(host_vmbus_gpadl_read(echo->last, gpadl, 0, bytes, 1));
	assert_int_equal(host_vmbus_gpadl_length(echo->last, gpadl), 0);
}

static void
test_gpadls_of_one_message_and_of_many(void **state)
{
	/* 26 in the first, 28 in each more; 8190 is what a length can say */
	static const size_t pages[] = { 1, 2, 25, 26, 27, 53, 54, 55, 82, 83,
		8190 };
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		gpadl_holds(guest, echo, pages[i]);
	assert_int_equal(COUNTS(guest)->violations, 0);
	assert_int_equal(COUNTS(guest)->refused, 0);
	raw_channel_close(channel);
	raw_channel_free(channel);
	end(guest, echo);
}

/* What is not enough or too much, or cannot be. */
static void
test_bad_gpadls_are_refused(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct hv_vmbus_gpadl_header good = {
		.header = { .type = HV_VMBUS_GPADL_HEADER },
		.relid = guest->offers[0].relid,
		.gpadl = 77,
		.size = 24,
		.count = 1,
		.range = { 5000, 0 },
		.frames = { guest->input >> 12, guest->input >> 12 },
	};
	struct hv_vmbus_gpadl_header bad[10];
	uint16_t sizes[10];
	unsigned refused;

	for (unsigned i = 0; i < 10; i++) {
		bad[i] = good;
		sizes[i] = 44;
	}
	bad[0].gpadl = 0;
	bad[1].count = 0;
	bad[2].count = 4; /* ranges that have no room */
	bad[3].size = 16; /* the second frame is missing */
	sizes[3] = 36;
	bad[4].size = 32; /* a frame too many */
	sizes[4] = 52;
	bad[5].range.offset = 4096;
	bad[6].range.bytes = 0;
	bad[6].size = 8;
	sizes[6] = 28;
	bad[7].frames[1] = 0x123456789abcd;
	bad[8].range.bytes = 8193;
	bad[9].size = 16; /* more in the message than announced */
	for (unsigned i = 0; i < 10; i++) {
		const struct hv_vmbus_gpadl_created *created;

		raw_hv_say(guest, &bad[i], sizes[i]);
		created = raw_hv_expect(guest, HV_VMBUS_GPADL_CREATED);
		assert_int_equal(created->gpadl, bad[i].gpadl);
		assert_int_equal(created->status, HV_NTSTATUS_UNSUCCESSFUL);
		assert_int_equal(COUNTS(guest)->gpadls, 0);
		assert_int_equal(COUNTS(guest)->refused, i + 1);
	}
	refused = COUNTS(guest)->refused;
	/* a body without a header; with nothing; a channel that is none */
	raw_hv_words(guest, HV_VMBUS_GPADL_BODY, 1, 88, 2);
	good.relid = 2000;
	raw_hv_say(guest, &good, 44);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->refused, refused + 2);
	world_expect_violations(*state, 1); /* the frame that is nobody's */
	end(guest, echo);
}

static void
test_gpadl_numbers_are_used_once(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid;

	assert_int_equal(raw_hv_lend(guest, relid, 5, guest->input, 1), 0);
	assert_int_equal(raw_hv_lend(guest, relid, 5, guest->input, 1),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(COUNTS(guest)->gpadls, 1);
	raw_hv_teardown(guest, relid, 5);
	raw_hv_words(guest, HV_VMBUS_GPADL_TEARDOWN, relid, 5, 2);
	raw_hv_expect_none(guest);
	assert_int_equal(raw_hv_lend(guest, relid, 5, guest->input, 1), 0);
	raw_hv_teardown(guest, relid, 5);
	end(guest, echo);
}

static void
test_gpadl_of_several_ranges(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);
	uint64_t frame;
	uint8_t *memory = guest_pages(*state, 4, &frame), bytes[6001];
	uint64_t words[] = { 0, 0, 0, 5000 | 100ull << 32, frame, frame + 2,
		1001 | 4000ull << 32, frame + 3, frame + 1 };

	for (unsigned i = 0; i < 4; i++)
		memset(memory + i * 4096, (int)i + 1, 4096);
	words[0] = HV_VMBUS_GPADL_HEADER;
	words[1] = guest->offers[0].relid | 123ull << 32;
	words[2] = 48 | 2 << 16;
	/* the ranges begin four bytes earlier than these words would have it */
	memmove((uint8_t *)words + 20, (uint8_t *)words + 24, 48);
	raw_hv_say(guest, words, 68);
	assert_int_equal(((const struct hv_vmbus_gpadl_created *)
				 raw_hv_expect(guest, HV_VMBUS_GPADL_CREATED))
			     ->status,
	    0);
	assert_int_equal(host_vmbus_gpadl_length(echo->last, 123), 6001);
	assert_true(host_vmbus_gpadl_read(echo->last, 123, 0, bytes, 6001));
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[3995], 1);
	assert_int_equal(bytes[3996], 3);
	assert_int_equal(bytes[4999], 3);
	assert_int_equal(bytes[5000], 4);
	assert_int_equal(bytes[5095], 4);
	assert_int_equal(bytes[5096], 2);
	assert_int_equal(bytes[6000], 2);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_gpadls_have_a_limit(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t words[7] = { HV_VMBUS_GPADL_HEADER, 0, guest->offers[0].relid,
		0, 0xfff8 | 1 << 16, 0, 0 };
	unsigned i;

	/* headers without their bodies */
	for (i = 1; i < 1000; i++) {
		words[3] = i;
		raw_hv_say(guest, words, sizeof(words));
		pass(*state, PV_MILLISECOND);
		if (COUNTS(guest)->refused > 0)
			break;
	}
	assert_int_equal(i, 129);
	raw_hv_expect(guest, HV_VMBUS_GPADL_CREATED);
	end(guest, echo);
}

/* ---- Channels --------------------------------------------------------- */

static void
test_bad_opens_are_refused(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid, gpadl, part;
	struct hv_vmbus_gpadl_header odd = {
		.header = { .type = HV_VMBUS_GPADL_HEADER },
		.relid = relid,
		.gpadl = 9,
		.size = 48,
		.count = 1,
		.range = { 4 * HV_PAGE_SIZE, 8 },
	};
	uint64_t frame;

	guest_pages(*state, 5, &frame);
	gpadl = raw_hv_gpadl(guest, relid, frame << HV_PAGE_SHIFT, 4);
	for (uint32_t page = 0; page <= 5; page++)
		if (page != 2)
			assert_int_equal(raw_hv_open(guest, relid, gpadl, page,
					     0),
			    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_open(guest, relid, gpadl, UINT32_MAX, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_open(guest, relid, gpadl, 2, 2),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_open(guest, relid, gpadl + 1, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_open(guest, relid, 0, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	/* memory that does not begin a page */
	for (unsigned i = 0; i < 5; i++)
		odd.frames[i] = frame + i;
	raw_hv_say(guest, &odd, 68);
	raw_hv_expect(guest, HV_VMBUS_GPADL_CREATED);
	part = COUNTS(guest)->gpadls;
	assert_int_equal(part, 2);
	assert_int_equal(raw_hv_open(guest, relid, 9, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(echo->opened, 0);
	/* the device does not want to */
	echo->refuse = true;
	assert_int_equal(raw_hv_open(guest, relid, gpadl, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(COUNTS(guest)->channels, 0);
	echo->refuse = false;
	assert_int_equal(raw_hv_open(guest, relid, gpadl, 2, 1), 0);
	assert_int_equal(echo->vcpu, 1);
	assert_string_equal((char *)echo->user, "user data");
	assert_int_equal(COUNTS(guest)->channels, 1);
	assert_int_equal(COUNTS(guest)->violations, 0);
	/* twice */
	assert_int_equal(raw_hv_open(guest, relid, gpadl, 2, 1),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(COUNTS(guest)->violations, 1);
	assert_int_equal(echo->opened, 1);
	end(guest, echo);
}

static void
test_ring_torn_down_while_open_waits_for_the_close(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);
	uint32_t relid = guest->offers[0].relid;

	raw_hv_words(guest, HV_VMBUS_GPADL_TEARDOWN, relid, channel->gpadl, 2);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->violations, 1);
	assert_int_equal(COUNTS(guest)->gpadls, 1);
	raw_hv_close(guest, relid);
	raw_hv_expect(guest, HV_VMBUS_GPADL_TORNDOWN);
	assert_int_equal(COUNTS(guest)->gpadls, 0);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_close_of_what_is_not_open(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);

	raw_hv_close(guest, guest->offers[0].relid);
	raw_hv_close(guest, 0);
	raw_hv_close(guest, 1999);
	raw_hv_close(guest, UINT32_MAX);
	assert_int_equal(COUNTS(guest)->refused, 4);
	assert_int_equal(echo->closed, 0);
	end(guest, echo);
}

static void
test_channel_opens_again(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);

	for (unsigned i = 0; i < 3; i++) {
		struct raw_channel *channel = raw_channel_new(guest,
		    &guest->offers[0], 3 + i, 0);

		raw_channel_say(channel, i, "again", 5);
		pass(*state, PV_MILLISECOND);
		assert_true(raw_channel_take(channel));
		raw_channel_close(channel);
		raw_channel_free(channel);
	}
	assert_int_equal(echo->opened, 3);
	assert_int_equal(COUNTS(guest)->refused, 0);
	end(guest, echo);
}

static void
test_modify_moves_interrupts(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid;
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);
	const struct hv_vmbus_modify_channel_response *response;

	assert_true(echo_say(echo, 0, 0, "x", 1));
	assert_true(raw_hv_flag(guest, 0, relid));
	raw_hv_words(guest, HV_VMBUS_MODIFY_CHANNEL, relid, 1, 2);
	response = raw_hv_expect(guest, HV_VMBUS_MODIFY_CHANNEL_RESPONSE);
	assert_int_equal(response->status, 0);
	assert_int_equal(host_vmbus_vcpu(echo->last), 1);
	assert_true(raw_channel_take(channel));
	raw_channel_release(channel);
	assert_true(echo_say(echo, 0, 0, "x", 1));
	assert_false(raw_hv_flag(guest, 0, relid));
	assert_true(raw_hv_flag(guest, 1, relid));
	raw_hv_words(guest, HV_VMBUS_MODIFY_CHANNEL, relid, 2, 2);
	response = raw_hv_expect(guest, HV_VMBUS_MODIFY_CHANNEL_RESPONSE);
	assert_int_not_equal(response->status, 0);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_modify_is_answered_from_5_3_on(void **state)
{
	static const uint32_t versions[] = { HV_VMBUS_4_0, HV_VMBUS_4_1,
		HV_VMBUS_5_2, HV_VMBUS_5_3 };
	struct raw_hv *guest = raw_hv_new(*state, 2, NULL);
	struct echo *echo = echo_new(guest->host, false);

	for (unsigned i = 0; i < 4; i++) {
		struct raw_channel *channel;

		raw_hv_connect(guest, versions[i]);
		raw_hv_offers(guest);
		channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
		raw_hv_words(guest, HV_VMBUS_MODIFY_CHANNEL,
		    guest->offers[0].relid, 1, 2);
		pass(*state, PV_MILLISECOND);
		assert_int_equal(host_vmbus_vcpu(echo->last), i > 0);
		assert_int_equal(raw_hv_take(guest, 0, HV_VMBUS_SINT), i == 3);
		raw_hv_unload(guest);
		raw_channel_free(channel);
	}
	assert_int_equal(COUNTS(guest)->refused, 1);
	end(guest, echo);
}

static void
test_no_interrupts_wanted(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, HV_VMBUS_VP_NO_INTERRUPT);

	raw_channel_say(channel, 1, "quiet", 5);
	pass(*state, PV_MILLISECOND);
	assert_true(raw_channel_take(channel));
	assert_int_equal(COUNTS(guest)->events, 0);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_device_that_speaks_first_is_heard_after_the_result(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid;
	struct raw_channel *channel;
	size_t size;

	echo->greet = true;
	/* the slot is full, so that the result waits */
	channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
	assert_true(raw_hv_flag(guest, 0, relid));
	assert_true(raw_channel_take(channel));
	assert_memory_equal(raw_channel_data(channel, &size), "hello", 5);
	raw_channel_free(channel);
	end(guest, echo);
}

/* ---- Sub-channels ----------------------------------------------------- */

static void
test_sub_channels_carry_the_primarys_names(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct hv_vmbus_offer primary = guest->offers[0];
	struct raw_channel *channel, *subs[3];

	assert_false(host_vmbus_offer_subs(echo->device, 1));
	channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
	assert_true(host_vmbus_offer_subs(echo->device, 3));
	for (unsigned i = 0; i < 3; i++) {
		const struct hv_vmbus_offer *offer = raw_hv_offer(guest);

		assert_memory_equal(&offer->type, &primary.type, 16);
		assert_memory_equal(&offer->instance, &primary.instance, 16);
		assert_int_equal(offer->sub_channel, i + 1);
		assert_int_not_equal(offer->relid, primary.relid);
	}
	assert_int_equal(COUNTS(guest)->offered, 4);
	for (unsigned i = 0; i < 3; i++) {
		subs[i] = raw_channel_new(guest, &guest->offers[1 + i], 2,
		    i % 2);
		assert_int_equal(host_vmbus_sub(echo->last), i + 1);
		raw_channel_say(subs[i], i, "to a sub-channel", 16);
		pass(*state, PV_MILLISECOND);
		assert_true(raw_channel_take(subs[i]));
		assert_true(raw_hv_flag(guest, i % 2, subs[i]->offer.relid));
		assert_non_null(host_vmbus_channel(echo->device, i + 1));
	}
	assert_null(host_vmbus_channel(echo->device, 4));
	assert_null(host_vmbus_channel(echo->device, 9999));
	/* more: the numbers go on */
	assert_true(host_vmbus_offer_subs(echo->device, 1));
	assert_int_equal(raw_hv_offer(guest)->sub_channel, 4);
	assert_false(host_vmbus_offer_subs(echo->device, 100));
	/* closing the primary takes them away */
	raw_hv_close(guest, primary.relid);
	for (unsigned i = 0; i < 4; i++) {
		const struct hv_vmbus_rescind *rescind = raw_hv_expect(guest,
		    HV_VMBUS_RESCIND);

		assert_int_equal(rescind->relid, guest->offers[1 + i].relid);
		raw_hv_release(guest, rescind->relid);
	}
	assert_int_equal(echo->closed, 4);
	assert_int_equal(COUNTS(guest)->gpadls, 1); /* of the primary */
	assert_int_equal(COUNTS(guest)->violations, 0);
	assert_int_equal(COUNTS(guest)->refused, 0);
	for (unsigned i = 0; i < 3; i++)
		raw_channel_free(subs[i]);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_before_2_4_there_are_no_sub_channels(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct echo *echo = echo_new(guest->host, false);
	struct raw_channel *channel;

	raw_hv_connect(guest, HV_VMBUS_1_1);
	raw_hv_offers(guest);
	channel = raw_channel_new(guest, &guest->offers[0], 2, 0);
	assert_false(host_vmbus_offer_subs(echo->device, 1));
	raw_channel_free(channel);
	end(guest, echo);
}

/* ---- Going away ------------------------------------------------------- */

static void
test_rescinded_device_lives_until_it_is_released(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid;
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);

	host_vmbus_rescind(echo->device);
	assert_int_equal(echo->closed, 1);
	assert_int_equal(echo->freed, 0);
	raw_hv_expect(guest, HV_VMBUS_RESCIND);
	/* the guest may not know yet */
	assert_int_equal(raw_channel_signal(channel), HV_STATUS_SUCCESS);
	raw_hv_close(guest, relid);
	raw_hv_teardown(guest, relid, channel->gpadl);
	assert_int_equal(echo->freed, 0);
	raw_hv_release(guest, relid);
	assert_int_equal(echo->freed, 1);
	assert_int_equal(COUNTS(guest)->refused, 0);
	assert_int_equal(COUNTS(guest)->violations, 0);
	/* and now nothing of it */
	raw_hv_close(guest, relid);
	assert_int_equal(COUNTS(guest)->violations, 1);
	assert_int_equal(raw_channel_signal(channel),
	    HV_STATUS_INVALID_CONNECTION_ID);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_rescind_of_what_is_closed_or_unknown_to_the_guest(void **state)
{
	struct echo *echo, *other;
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	echo = echo_new(guest->host, false);
	host_vmbus_rescind(echo->device);
	assert_int_equal(echo->freed, 1); /* nobody knew it */
	free(echo);
	echo = echo_new(guest->host, false);
	other = echo_new(guest->host, false);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	host_vmbus_rescind(other->device);
	assert_int_equal(other->freed, 1);
	free(other);
	raw_hv_offers(guest);
	assert_int_equal(guest->offer_count, 1);
	host_vmbus_rescind(echo->device);
	raw_hv_expect(guest, HV_VMBUS_RESCIND);
	assert_int_equal(raw_hv_open(guest, guest->offers[0].relid, 1, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(echo->freed, 0);
	/* the connection ends without a release */
	raw_hv_unload(guest);
	assert_int_equal(echo->freed, 1);
	end(guest, echo);
}

/* The guest may be in the middle of it, and cannot know. */
static void
test_what_is_rescinded_meanwhile_is_no_wrong_message(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid, gpadl;
	uint64_t frame;

	guest_pages(*state, 100, &frame);
	gpadl = raw_hv_gpadl(guest, relid, frame << HV_PAGE_SHIFT, 4);
	host_vmbus_rescind(echo->device);
	raw_hv_expect(guest, HV_VMBUS_RESCIND);
	/* of one message, and of many */
	assert_int_equal(raw_hv_lend(guest, relid, 700, frame << HV_PAGE_SHIFT,
			     4),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_lend(guest, relid, 701, frame << HV_PAGE_SHIFT,
			     100),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_open(guest, relid, gpadl, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(COUNTS(guest)->refused, 0);
	/* one that cannot be stays wrong */
	assert_int_equal(raw_hv_lend(guest, relid, 0, frame << HV_PAGE_SHIFT,
			     4),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(COUNTS(guest)->refused, 1);
	assert_int_equal(COUNTS(guest)->gpadls, 1);
	raw_hv_release(guest, relid);
	assert_int_equal(echo->freed, 1);
	assert_int_equal(COUNTS(guest)->gpadls, 0);
	assert_int_equal(COUNTS(guest)->violations, 0);
	end(guest, echo);
}

static void
test_devices_come_at_any_time(void **state)
{
	struct echo *echo, *late;
	struct raw_hv *guest = new_guest(state, &echo);

	late = echo_new(guest->host, true);
	raw_hv_offer(guest);
	assert_int_equal(guest->offer_count, 2);
	assert_int_equal(guest->offers[1].flags & HV_VMBUS_OFFER_PIPE,
	    HV_VMBUS_OFFER_PIPE);
	assert_int_equal(guest->offers[1].user_data[0], HV_VMBUS_PIPE_MESSAGE);
	raw_hv_unload(guest);
	echo_free(late);
	end(guest, echo);
}

static void
test_relids_are_not_soon_used_again(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t last = guest->offers[0].relid;

	for (unsigned i = 0; i < 3000; i++) {
		struct echo *once = echo_new(guest->host, false);
		uint32_t relid;

		guest->offer_count = 1;
		relid = raw_hv_offer(guest)->relid;
		assert_int_not_equal(relid, 0);
		assert_int_not_equal(relid, guest->offers[0].relid);
		assert_int_not_equal(relid, last);
		assert_true(relid < HV_VMBUS_RELIDS);
		last = relid;
		host_vmbus_rescind(once->device);
		raw_hv_expect(guest, HV_VMBUS_RESCIND);
		raw_hv_words(guest, HV_VMBUS_RELID_RELEASED, relid, 0, 1);
		pass(*state, 10000);
		assert_int_equal(once->freed, 1);
		free(once);
	}
	end(guest, echo);
}

static void
test_release_of_an_offer_that_stands(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	uint32_t relid = guest->offers[0].relid;
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);

	/* it has to be closed first */
	raw_hv_release(guest, relid);
	assert_int_equal(COUNTS(guest)->violations, 1);
	assert_int_equal(echo->closed, 1);
	assert_int_equal(echo->freed, 0);
	assert_int_equal(COUNTS(guest)->gpadls, 0);
	/* it comes again with the next connection */
	raw_hv_unload(guest);
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_offers(guest);
	assert_int_equal(guest->offer_count, 1);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_unload_ends_all(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);

	assert_true(host_vmbus_offer_subs(echo->device, 2));
	raw_hv_unload(guest);
	assert_int_equal(COUNTS(guest)->unloads, 1);
	assert_int_equal(echo->closed, 1);
	assert_int_equal(raw_channel_signal(channel),
	    HV_STATUS_INVALID_CONNECTION_ID);
	raw_hv_connect(guest, HV_VMBUS_4_0);
	raw_hv_offers(guest);
	assert_int_equal(guest->offer_count, 1);
	raw_channel_free(channel);
	end(guest, echo);
}

static void
test_reset_forgets_vmbus_or_registers(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct raw_channel *channel = raw_channel_new(guest, &guest->offers[0],
	    2, 0);

	/* as a kexec has it: the connection is still there */
	host_hyperv_reset(guest->host, true, false);
	assert_int_equal(COUNTS(guest)->version, HV_VMBUS_5_3);
	assert_int_equal(COUNTS(guest)->channels, 1);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_SIMP), 0);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_SINT(2)), HV_SINT_RESET);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_GUEST_OS_ID), 0);
	host_hyperv_reset(guest->host, false, true);
	assert_int_equal(COUNTS(guest)->version, 0);
	assert_int_equal(echo->closed, 1);
	guest->version = 0;
	raw_channel_free(channel);
	end(guest, echo);
}

/* ---- What a test makes it do wrong ------------------------------------ */

static void
test_manners_of_the_server(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct host_hyperv_manners *manners = host_hyperv_manners(guest->host);
	uint32_t relid = guest->offers[0].relid, gpadl;

	gpadl = raw_hv_gpadl(guest, relid, guest->input, 1);
	manners->gpadl_hold = true;
	raw_hv_words(guest, HV_VMBUS_GPADL_TEARDOWN, relid, gpadl, 2);
	raw_hv_expect_none(guest);
	assert_int_equal(COUNTS(guest)->gpadls, 1);
	manners->silent = true;
	raw_hv_words(guest, HV_VMBUS_MODIFY_CHANNEL, relid, 0, 2);
	raw_hv_expect_none(guest);
	manners->silent = false;
	raw_hv_unload(guest);
	manners->no_delivered = true;
	raw_hv_connect(guest, HV_VMBUS_5_3);
	raw_hv_words(guest, HV_VMBUS_REQUEST_OFFERS, 0, 0, 0);
	raw_hv_offer(guest);
	raw_hv_expect_none(guest);
	end(guest, echo);
}

static void
test_raw_offers_have_nothing_behind_them(void **state)
{
	struct echo *echo;
	struct raw_hv *guest = new_guest(state, &echo);
	struct hv_vmbus_offer offer = guest->offers[0];

	offer.relid = 1000;
	host_vmbus_offer_raw(guest->host, &offer);
	assert_int_equal(raw_hv_offer(guest)->relid, 1000);
	assert_int_equal(raw_hv_lend(guest, 1000, 3, guest->input, 1),
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(raw_hv_open(guest, 1000, 3, 2, 0),
	    HV_NTSTATUS_UNSUCCESSFUL);
	host_vmbus_rescind_raw(guest->host, 1000);
	raw_hv_expect(guest, HV_VMBUS_RESCIND);
	raw_hv_release(guest, 1000);
	assert_int_equal(COUNTS(guest)->violations, 0);
	/* one that is in use, and one that cannot be */
	host_vmbus_offer_raw(guest->host, &guest->offers[0]);
	raw_hv_offer(guest);
	offer.relid = UINT32_MAX;
	host_vmbus_offer_raw(guest->host, &offer);
	raw_hv_offer(guest);
	raw_hv_release(guest, UINT32_MAX);
	assert_int_equal(COUNTS(guest)->violations, 0);
	assert_int_equal(COUNTS(guest)->offered, 1);
	end(guest, echo);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_packets_go_both_ways_in_every_version),
		world_test(test_versions_out_of_bounds_are_refused),
		world_test(test_from_5_0_messages_go_where_the_answer_says),
		world_test(test_contact_comes_by_the_connection_of_its_version),
		world_test(
		    test_messages_go_to_the_processor_and_source_asked_for),
		world_test(test_version_6_has_features),
		world_test(test_contact_over_a_connection_begins_anew),
		world_test(test_before_contact_there_is_nothing),
		world_test(test_sizes_of_messages),
		world_test(test_offers_are_asked_for_once),
		world_test(test_many_offers_wait_for_the_guest),
		world_test(test_answers_that_are_not_taken_stop_the_questions),
		world_test(test_gpadls_of_one_message_and_of_many),
		world_test(test_bad_gpadls_are_refused),
		world_test(test_gpadl_numbers_are_used_once),
		world_test(test_gpadl_of_several_ranges),
		world_test(test_gpadls_have_a_limit),
		world_test(test_bad_opens_are_refused),
		world_test(test_ring_torn_down_while_open_waits_for_the_close),
		world_test(test_close_of_what_is_not_open),
		world_test(test_channel_opens_again),
		world_test(test_modify_moves_interrupts),
		world_test(test_modify_is_answered_from_5_3_on),
		world_test(test_no_interrupts_wanted),
		world_test(
		    test_device_that_speaks_first_is_heard_after_the_result),
		world_test(test_sub_channels_carry_the_primarys_names),
		world_test(test_before_2_4_there_are_no_sub_channels),
		world_test(test_rescinded_device_lives_until_it_is_released),
		world_test(
		    test_rescind_of_what_is_closed_or_unknown_to_the_guest),
		world_test(
		    test_what_is_rescinded_meanwhile_is_no_wrong_message),
		world_test(test_devices_come_at_any_time),
		world_test(test_relids_are_not_soon_used_again),
		world_test(test_release_of_an_offer_that_stands),
		world_test(test_unload_ends_all),
		world_test(test_reset_forgets_vmbus_or_registers),
		world_test(test_manners_of_the_server),
		world_test(test_raw_offers_have_nothing_behind_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
