/* SPDX-License-Identifier: ISC */
/* Dynamic memory: a guest that says hello, reports, and gives nothing; and hosts
 * that do not believe it. */
#include "tests/support/administrator.h"
#include "wire/hyperv/balloon.h"

/* A host that the test plays, packet by packet. */
struct player {
	struct admin *admin;
	struct host_vmbus_device *device;
	struct host_vmbus_channel *channel;
	uint8_t last[64]; /* packet of the guest */
	size_t len;
	unsigned packets;
};

static bool
opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned user_len)
{
	struct player *player = self;

	(void)user;
	(void)user_len;
	player->channel = channel;
	return true;
}

static void
signalled(void *self, struct host_vmbus_channel *channel)
{
	struct player *player = self;
	struct host_vmbus_packet packet;

	while (host_vmbus_receive(channel, &packet)) {
		assert_int_equal(packet.type, HV_PACKET_INBAND);
		assert_in_range(packet.len, sizeof(struct hv_dm_header),
		    sizeof(player->last));
		memcpy(player->last, packet.data, packet.len);
		player->len = packet.len;
		player->packets++;
	}
	host_vmbus_received(channel);
}

static void
closed(void *self, struct host_vmbus_channel *channel)
{
	struct player *player = self;

	(void)channel;
	player->channel = NULL;
}

static struct player player;

static struct admin *
play(void **state)
{
	static const struct host_vmbus_kind kind = { .type = HV_GUID_BALLOON,
		.opened = opened,
		.signalled = signalled,
		.closed = closed };
	struct admin *admin = *state;

	admin_machine(admin, 1u << HOST_IC_HEARTBEAT);
	player = (struct player){ .admin = admin };
	player.device = host_vmbus_offer(admin->partition.host, &kind, NULL,
	    &player);
	assert_non_null(player.device);
	admin_attach(admin);
	return admin;
}

static struct hv_dm_header
said(uint16_t type, size_t size)
{
	struct hv_dm_header header;

	memcpy(&header, player.last, sizeof(header));
	assert_int_equal(header.type, type);
	assert_int_equal(header.size, size);
	return header;
}

static void
says(uint16_t type, uint16_t header_size, uint32_t transaction,
    const void *rest, size_t len)
{
	uint8_t bytes[4096] = { 0 };
	struct hv_dm_header header = { type, header_size, transaction };

	memcpy(bytes, &header, sizeof(header));
	if (len > 0)
		memcpy(bytes + sizeof(header), rest, len);
	admin_packet(player.admin, player.device, HV_PACKET_INBAND, bytes,
	    sizeof(header) + len);
	/* monitor pages are looked at now and then */
	partition_run(&player.admin->partition, 20 * PV_MILLISECOND);
}

static void
accepts(uint16_t answer, uint16_t question, size_t size, uint64_t flags)
{
	says(answer, 16, said(question, size).transaction, &flags,
	    sizeof(flags));
}

static void
agree(void)
{
	accepts(HV_DM_VERSION_RESPONSE, HV_DM_VERSION_REQUEST, 16,
	    HV_DM_ACCEPTED);
	accepts(HV_DM_CAPABILITIES_RESPONSE, HV_DM_CAPABILITIES, 32,
	    HV_DM_ACCEPTED);
}

static struct pv_stats *
stats(struct admin *admin)
{
	return &admin->partition.device->stats;
}

static uint32_t
version(void)
{
	struct hv_dm_version_request message;

	(void)said(HV_DM_VERSION_REQUEST, sizeof(message));
	memcpy(&message, player.last, sizeof(message));
	assert_int_equal(message.last, message.version == HV_DM_0_3);
	return message.version;
}

/* ---- As it should be -------------------------------------------------- */

static void
test_hello_of_the_model(void **state)
{
	struct admin *admin = *state;
	struct host_balloon *balloon;
	const struct host_balloon_counts *counts;

	admin_machine(admin, 1u << HOST_IC_HEARTBEAT);
	balloon = host_balloon_new(admin->partition.host);
	assert_non_null(balloon);
	counts = host_balloon_counts(balloon);
	admin_attach(admin);
	assert_int_equal(counts->version, HV_DM_2_0);
	assert_true(counts->capabilities);
	partition_run(&admin->partition, 10 * PV_SECOND);
	assert_in_range(counts->reports, 9, 12);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(host_balloon_ask(balloon, 1000));
		partition_run(&admin->partition, PV_SECOND / 10);
	}
	assert_int_equal(counts->ballooned, 0);
	assert_int_equal(counts->refused, 0);
	world_has_line(admin->world, "hyperv0: balloon: dynamic memory 2.0");
	world_has_line(admin->world, "hyperv0: balloon, heartbeat");
}

static int
memory(void *ctx, uint64_t *available, uint64_t *committed)
{
	(void)ctx;
	*available = 1234;
	*committed = 5678;
	return PV_OK;
}

static void
test_reports_say_what_the_port_says(void **state)
{
	struct admin *admin = play(state);
	struct hv_dm_status status;

	agree();
	memcpy(&status, player.last, sizeof(status));
	(void)said(HV_DM_STATUS, sizeof(status));
	assert_int_equal(status.available, 0);
	sim_machine_own_port(admin->world->machine)->memory = memory;
	partition_run(&admin->partition, 2 * PV_SECOND);
	memcpy(&status, player.last, sizeof(status));
	assert_int_equal(status.available, 1234);
	assert_int_equal(status.committed, 5678);
}

static void
test_a_host_that_wants_no_reports(void **state)
{
	struct admin *admin = play(state);
	unsigned packets;

	accepts(HV_DM_VERSION_RESPONSE, HV_DM_VERSION_REQUEST, 16,
	    HV_DM_ACCEPTED);
	packets = player.packets;
	accepts(HV_DM_CAPABILITIES_RESPONSE, HV_DM_CAPABILITIES, 32,
	    HV_DM_ACCEPTED | HV_DM_HOST_NO_STATUS);
	partition_run(&admin->partition, 10 * PV_SECOND);
	assert_int_equal(player.packets, packets);
}

static void
test_versions_from_the_newest(void **state)
{
	struct admin *admin = play(state);

	assert_int_equal(version(), HV_DM_2_0);
	accepts(HV_DM_VERSION_RESPONSE, HV_DM_VERSION_REQUEST, 16, 0);
	assert_int_equal(version(), HV_DM_1_0);
	accepts(HV_DM_VERSION_RESPONSE, HV_DM_VERSION_REQUEST, 16, 0);
	assert_int_equal(version(), HV_DM_0_3);
	agree();
	world_has_line(admin->world, "hyperv0: balloon: dynamic memory 0.3");
}

static void
test_no_common_version(void **state)
{
	struct admin *admin = play(state);
	unsigned packets;

	for (unsigned i = 0; i < 3; i++)
		accepts(HV_DM_VERSION_RESPONSE, HV_DM_VERSION_REQUEST, 16, 0);
	packets = player.packets;
	world_has_line(admin->world,
	    "hyperv0: balloon: the host takes no version that is known here");
	partition_run(&admin->partition, 60 * PV_SECOND);
	assert_int_equal(player.packets, packets);
}

static void
test_wishes_are_answered_with_nothing(void **state)
{
	struct admin *admin = play(state);
	uint32_t wish[4] = { 5000, 0, 0, 0 };
	struct hv_dm_balloon_response given;
	struct hv_dm_hot_add_response added;
	struct hv_dm_hot_remove_response removed;

	agree();
	says(HV_DM_BALLOON, 16, 1, wish, 8);
	(void)said(HV_DM_BALLOON_RESPONSE, sizeof(given));
	memcpy(&given, player.last, sizeof(given));
	assert_int_equal(given.more_and_count, 0);
	says(HV_DM_HOT_ADD, 16, 2, wish, 8);
	(void)said(HV_DM_HOT_ADD_RESPONSE, sizeof(added));
	memcpy(&added, player.last, sizeof(added));
	assert_int_equal(added.pages, 0);
	assert_int_equal(added.result, 0);
	says(HV_DM_HOT_REMOVE, 24, 3, wish, 16);
	(void)said(HV_DM_HOT_REMOVE_RESPONSE, sizeof(removed));
	memcpy(&removed, player.last, sizeof(removed));
	assert_int_equal(removed.result, 0);
	assert_int_equal(removed.count, 0);
	/* several, of which the last is answered */
	wish[0] = HV_DM_MORE;
	says(HV_DM_UNBALLOON, 16, 4, wish, 8);
	(void)said(HV_DM_HOT_REMOVE_RESPONSE, sizeof(removed));
	wish[0] = 0;
	says(HV_DM_UNBALLOON, 16, 5, wish, 8);
	(void)said(HV_DM_UNBALLOON_RESPONSE, sizeof(struct hv_dm_header));
	says(HV_DM_INFO, 16, 6, wish, 8);
	assert_int_equal(stats(admin)->bad_value, 0);
	assert_int_equal(stats(admin)->bad_length, 0);
	assert_int_equal(stats(admin)->requests, 6);
}

/* ---- As it should not ------------------------------------------------- */

static void
test_h29_a_host_that_never_answers(void **state)
{
	struct admin *admin = play(state);
	unsigned packets = player.packets;

	partition_run(&admin->partition, 6 * PV_SECOND);
	world_has_line(admin->world,
	    "hyperv0: balloon: the host does not answer");
	assert_int_equal(player.packets, packets);
	/* and one that answers after that */
	accepts(HV_DM_VERSION_RESPONSE, HV_DM_VERSION_REQUEST, 16,
	    HV_DM_ACCEPTED);
	assert_int_equal(stats(admin)->bad_state, 1);
	assert_int_equal(player.packets, packets);
}

static void
test_h29_answers_out_of_order(void **state)
{
	struct admin *admin = play(state);
	const uint64_t yes = HV_DM_ACCEPTED;
	uint32_t transaction = said(HV_DM_VERSION_REQUEST, 16).transaction;
	uint32_t wish[2] = { 1, 0 };

	says(HV_DM_CAPABILITIES_RESPONSE, 16, transaction, &yes, 8);
	says(HV_DM_BALLOON, 16, 1, wish, 8);
	assert_int_equal(stats(admin)->bad_state, 2);
	says(HV_DM_VERSION_RESPONSE, 16, transaction + 1, &yes, 8);
	says(HV_DM_VERSION_RESPONSE, 16, 0, &yes, 8);
	assert_int_equal(stats(admin)->bad_id, 2);
	assert_int_equal(player.packets, 1);
	agree();
	/* once more */
	says(HV_DM_VERSION_RESPONSE, 16, transaction, &yes, 8);
	says(HV_DM_CAPABILITIES_RESPONSE, 16, transaction + 1, &yes, 8);
	assert_int_equal(stats(admin)->bad_state, 4);
}

static void
test_h22_messages_shorter_than_they_say(void **state)
{
	static const uint16_t types[] = { HV_DM_VERSION_RESPONSE,
		HV_DM_CAPABILITIES_RESPONSE, HV_DM_BALLOON, HV_DM_UNBALLOON,
		HV_DM_HOT_ADD, HV_DM_INFO, HV_DM_HOT_REMOVE };
	struct admin *admin = play(state);
	uint64_t bad = 0;
	uint8_t rest[64] = { 0 };

	agree();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		static const uint16_t sizes[] = { 0, 8, 15, 100, 0xffff };

		for (size_t n = 0; n < 5; n++) {
			says(types[i], sizes[n], 1, rest, 16);
			assert_int_equal(stats(admin)->bad_length, ++bad);
		}
		says(types[i], 16, 1, NULL, 0);
		assert_int_equal(stats(admin)->bad_length, ++bad);
	}
	admin_packet(admin, player.device, HV_PACKET_INBAND, rest, 0);
	assert_int_equal(stats(admin)->bad_length, ++bad);
	(void)said(HV_DM_STATUS, sizeof(struct hv_dm_status));
}

static void
test_h15_types_unknown(void **state)
{
	static const uint16_t types[] = { HV_DM_ERROR, HV_DM_VERSION_REQUEST,
		HV_DM_CAPABILITIES, HV_DM_STATUS, HV_DM_BALLOON_RESPONSE, 15,
		16, 255, 0xffff };
	struct admin *admin = play(state);
	uint8_t rest[64] = { 0 };

	agree();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		says(types[i], 64, 1, rest, 56);
		assert_int_equal(stats(admin)->bad_value, i + 1);
	}
}

/* It takes nothing back that it never got. */
static void
test_h10_ranges_that_nobody_gave(void **state)
{
	struct admin *admin = play(state);
	uint32_t wish[2] = { 0, 0xffffffff };

	agree();
	says(HV_DM_UNBALLOON, 16, 1, wish, 8);
	assert_int_equal(stats(admin)->bad_value, 1);
	(void)said(HV_DM_UNBALLOON_RESPONSE, sizeof(struct hv_dm_header));
}

static void
test_h37_it_is_taken_away_at_each_step(void **state)
{
	struct admin *admin = play(state);

	host_vmbus_rescind(player.device);
	partition_run(&admin->partition, PV_SECOND);
	assert_null(player.channel);
	assert_true(host_ic_heartbeat(admin->ic));
	assert_int_equal(admin_answer(admin, HOST_IC_HEARTBEAT)->status,
	    HV_IC_STATUS_OK);
	partition_run(&admin->partition, 10 * PV_SECOND);
	world_has_no_line(admin->world, "the host does not answer");
}

static void
test_h38_hello_again_after_a_sleep(void **state)
{
	struct admin *admin = play(state);

	agree();
	assert_int_equal(pv_bus_suspend(admin->world->bus), PV_OK);
	partition_run(&admin->partition, PV_SECOND / 2);
	assert_int_equal(version(), HV_DM_2_0);
	agree();
	(void)said(HV_DM_STATUS, sizeof(struct hv_dm_status));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		admin_test(test_hello_of_the_model),
		admin_test(test_reports_say_what_the_port_says),
		admin_test(test_a_host_that_wants_no_reports),
		admin_test(test_versions_from_the_newest),
		admin_test(test_no_common_version),
		admin_test(test_wishes_are_answered_with_nothing),
		admin_test(test_h29_a_host_that_never_answers),
		admin_test(test_h29_answers_out_of_order),
		admin_test(test_h22_messages_shorter_than_they_say),
		admin_test(test_h15_types_unknown),
		admin_test(test_h10_ranges_that_nobody_gave),
		admin_test(test_h37_it_is_taken_away_at_each_step),
		admin_test(test_h38_hello_again_after_a_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
