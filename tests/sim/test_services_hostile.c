/* SPDX-License-Identifier: ISC */
/* Hosts that ask in ways in which nobody should: numbers are those of the list
 * of bad inputs. */
#include "tests/support/administrator.h"
#include "wire/hyperv/fcopy.h"
#include "wire/hyperv/vss.h"

static struct admin *
with(void **state, unsigned services)
{
	struct admin *admin = *state;

	admin_new(admin, services);
	return admin;
}

#define ONE(which) (1u << (which))

static const struct pv_stats *
stats(struct admin *admin)
{
	return &admin->partition.device->stats;
}

static void
still_works(struct admin *admin)
{
	assert_true(host_ic_heartbeat(admin->ic));
	assert_int_equal(admin_answer(admin, HOST_IC_HEARTBEAT)->status,
	    HV_IC_STATUS_OK);
}

/* ---- Versions --------------------------------------------------------- */

static void
negotiates(struct admin *admin, uint16_t frameworks, uint16_t versions,
    size_t len, unsigned agreed)
{
	static const struct hv_ic_version list[3] = { { 1, 0 }, { 3, 0 },
		{ 3, 0 } };
	uint8_t body[8 + sizeof(list)] = { 0 };
	struct hv_ic_negotiate head = { .frameworks = frameworks,
		.versions = versions };

	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), list, sizeof(list));
	assert_int_equal(admin_ask(admin, HOST_IC_HEARTBEAT, HV_IC_NEGOTIATE,
			     body, len),
	    len < sizeof(head) ? HV_IC_STATUS_INVALID : HV_IC_STATUS_OK);
	if (len < sizeof(head))
		return;
	memcpy(&head, host_ic_answer(admin->ic, HOST_IC_HEARTBEAT)->body,
	    sizeof(head));
	assert_int_equal(head.frameworks, agreed);
	assert_int_equal(head.versions, agreed);
}

static void
test_h27_negotiation_counts_beyond_the_packet(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	static const uint16_t counts[] = { 3, 4, 50, 99, 100, 101, 0x7fff,
		0x8000, 0xffff };
	uint64_t bad = 0;

	negotiates(admin, 2, 1, 20, 1);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		bad = stats(admin)->bad_length;
		negotiates(admin, 2, counts[i], 20, 0);
		assert_int_equal(stats(admin)->bad_length, bad + 1);
		negotiates(admin, counts[i], 2, 20, 0);
		assert_int_equal(stats(admin)->bad_length, bad + 2);
	}
	/* the two together, where each would do */
	negotiates(admin, 0xffff, 0xffff, 20, 0);
	negotiates(admin, 2, 2, 20, 0);
	/* the packet ends before what was right */
	for (size_t len = 0; len < 20; len++)
		negotiates(admin, 2, 1, len, 0);
	negotiates(admin, 2, 1, 20, 1);
	still_works(admin);
}

static void
test_h27_negotiation_without_a_common_version(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	struct {
		struct hv_ic_negotiate head;
		struct hv_ic_version versions[2];
	} body = { { 1, 1, 0 }, { { 3, 0 }, { 2, 7 } } };

	assert_int_equal(admin_ask(admin, HOST_IC_HEARTBEAT, HV_IC_NEGOTIATE,
			     &body, sizeof(body)),
	    HV_IC_STATUS_OK);
	memcpy(&body, host_ic_answer(admin->ic, HOST_IC_HEARTBEAT)->body,
	    sizeof(body));
	assert_int_equal(body.head.frameworks, 0);
	assert_int_equal(body.head.versions, 0);
	assert_int_equal(body.versions[0].major, 0);
	world_has_line(admin->world,
	    "hyperv0: heartbeat: the host offers no version that is known "
	    "here");
	/* nothing is agreed on any more, and so nothing is done */
	assert_true(host_ic_heartbeat(admin->ic));
	assert_int_equal(admin_answer(admin, HOST_IC_HEARTBEAT)->status,
	    HV_IC_STATUS_FAIL);
	/* none at all, of either */
	negotiates(admin, 0, 0, 8, 0);
	negotiates(admin, 0, 1, 12, 0);
	negotiates(admin, 1, 0, 12, 0);
	negotiates(admin, 2, 1, 20, 1);
	still_works(admin);
}

/* All that is said is there, and is more than anybody needs. */
static void
test_h27_negotiation_of_more_than_100_versions(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_KVP));
	static struct {
		struct hv_ic_negotiate head;
		struct hv_ic_version versions[HV_IC_VERSIONS_MAX + 1];
	} body;

	for (unsigned over = 0; over < 2; over++) {
		body.head.frameworks = 2;
		body.head.versions = (uint16_t)(HV_IC_VERSIONS_MAX - 2 + over);
		for (size_t i = 0; i <= HV_IC_VERSIONS_MAX; i++)
			body.versions[i].major = 3;
		assert_int_equal(admin_ask(admin, HOST_IC_KVP, HV_IC_NEGOTIATE,
				     &body, sizeof(body)),
		    HV_IC_STATUS_OK);
		memcpy(&body.head, host_ic_answer(admin->ic, HOST_IC_KVP)->body,
		    sizeof(body.head));
		assert_int_equal(body.head.versions, over == 0 ? 1 : 0);
		assert_int_equal(stats(admin)->bad_length, over);
	}
}

/* What was agreed on before is not, with a host that has forgotten it. */
static void
test_h38_a_request_after_a_sleep_before_any_version(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));

	host_ic_manners(admin->ic, HOST_IC_HEARTBEAT)->no_negotiate = true;
	assert_int_equal(pv_bus_suspend(admin->world->bus), PV_OK);
	partition_run(&admin->partition, PV_SECOND);
	assert_true(host_ic_heartbeat(admin->ic));
	assert_int_equal(admin_answer(admin, HOST_IC_HEARTBEAT)->status,
	    HV_IC_STATUS_FAIL);
	assert_int_equal(stats(admin)->bad_state, 1);
}

static void
test_h27_a_host_whose_counts_are_wrong_from_the_start(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, 0);
	host_ic_manners(admin->ic, HOST_IC_KVP)->frameworks = 0xffff;
	host_ic_manners(admin->ic, HOST_IC_SHUTDOWN)->messages = 100;
	host_ic_manners(admin->ic, HOST_IC_VSS)->messages = 0xffff;
	admin_attach(admin);
	assert_false(admin_is_up(admin, HOST_IC_KVP));
	assert_false(admin_is_up(admin, HOST_IC_SHUTDOWN));
	assert_false(admin_is_up(admin, HOST_IC_VSS));
	assert_int_equal(stats(admin)->bad_length, 3);
	still_works(admin);
}

static void
test_h29_a_request_before_any_version(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, 0);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		host_ic_manners(admin->ic, i)->no_negotiate = true;
	admin_attach(admin);
	assert_true(host_ic_shutdown(admin->ic, 0, 0, ""));
	assert_int_equal(admin_answer(admin, HOST_IC_SHUTDOWN)->status,
	    HV_IC_STATUS_FAIL);
	assert_true(host_ic_vss(admin->ic, HV_VSS_FREEZE));
	assert_int_equal(admin_answer(admin, HOST_IC_VSS)->status,
	    HV_IC_STATUS_FAIL);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "a",
			     HV_KVP_TYPE_STRING, "b", 1),
	    HV_IC_STATUS_FAIL);
	assert_int_equal(stats(admin)->bad_state, 3);
	assert_int_equal(admin->owner->freezes, 0);
	assert_int_equal(sim_machine_counts(admin->world->machine)
			     ->requests[PV_REQUEST_SHUTDOWN],
	    0);
}

/* ---- Headers ---------------------------------------------------------- */

static struct host_vmbus_device *
heartbeat(struct admin *admin)
{
	return host_ic_device(admin->ic, HOST_IC_HEARTBEAT);
}

struct heartbeat_message {
	struct hv_pipe pipe;
	struct hv_ic ic;
	uint64_t sequence;
	uint8_t more[40];
} __attribute__((packed));

static struct heartbeat_message
good(void)
{
	return (struct heartbeat_message){ .pipe = { HV_PIPE_DATA,
					       sizeof(struct hv_ic) + 8 },
		.ic = { .type = HV_IC_HEARTBEAT,
		    .size = 8,
		    .flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST },
		.sequence = 41 };
}

static void
sends(struct admin *admin, const struct heartbeat_message *message, size_t len)
{
	admin_packet(admin, heartbeat(admin), HV_PACKET_INBAND, message, len);
}

static uint64_t
answers(struct admin *admin)
{
	const struct host_ic_counts *counts = host_ic_counts(admin->ic,
	    HOST_IC_HEARTBEAT);

	/* those that were not asked for in its books count as refused */
	return counts->answers + counts->refused;
}

static void
test_h22_packets_shorter_than_their_headers(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	struct heartbeat_message message = good();
	uint64_t before = answers(admin);
	/* the last three quadwords are shorter than what the pipe says */
	const size_t lens[] = { 0, 8, 16, 24 };

	for (size_t i = 0; i < 4; i++) {
		sends(admin, &message, lens[i]);
		assert_int_equal(stats(admin)->bad_length, i + 1);
	}
	assert_int_equal(answers(admin), before);
	sends(admin, &message, 40);
	assert_int_equal(answers(admin), before + 1);
	still_works(admin);
}

static void
test_h22_pipe_sizes(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	static const uint32_t sizes[] = { 0, 1, 19, 33, 100, 0x7fffffff,
		0x80000000, 0xfffffff8, 0xffffffff };
	uint64_t before = answers(admin);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct heartbeat_message message = good();

		message.pipe.size = sizes[i];
		sends(admin, &message, 40);
		assert_int_equal(stats(admin)->bad_length, i + 1);
	}
	assert_int_equal(answers(admin), before);
	still_works(admin);
}

static void
test_h27_body_sizes_beyond_the_pipe(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	static const uint16_t sizes[] = { 9, 100, 0x7fff, 0xffff };

	for (size_t i = 0; i < 4; i++) {
		struct heartbeat_message message = good();

		message.ic.size = sizes[i];
		assert_true(host_ic_raw(admin->ic, HOST_IC_HEARTBEAT,
		    &message.ic, sizeof(message.ic) + 8));
		assert_int_equal(admin_answer(admin, HOST_IC_HEARTBEAT)->status,
		    HV_IC_STATUS_INVALID);
		assert_int_equal(stats(admin)->bad_length, i + 1);
	}
	still_works(admin);
}

static void
test_h15_types_of_others(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	uint8_t body[64] = { 0 };
	uint64_t bad = 0;

	for (unsigned type = 0; type < 12; type++)
		if (type != HV_IC_NEGOTIATE && type != HV_IC_HEARTBEAT) {
			assert_int_equal(admin_ask(admin, HOST_IC_HEARTBEAT,
					     type, body, sizeof(body)),
			    HV_IC_STATUS_NOT_SUPPORTED);
			assert_int_equal(stats(admin)->bad_value, ++bad);
		}
	assert_int_equal(admin_ask(admin, HOST_IC_HEARTBEAT, 0xffff, body, 64),
	    HV_IC_STATUS_NOT_SUPPORTED);
	still_works(admin);
}

static void
test_h29_answers_where_a_question_belongs(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	struct heartbeat_message message = good();
	uint64_t before = answers(admin);

	message.ic.flags |= HV_IC_FLAG_RESPONSE;
	for (unsigned i = 0; i < 10; i++)
		sends(admin, &message, 40);
	assert_int_equal(stats(admin)->bad_state, 10);
	assert_int_equal(answers(admin), before);
	still_works(admin);
}

static void
test_h15_pipes_and_packets_of_another_type(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	struct heartbeat_message message = good();
	uint64_t before = answers(admin);

	message.pipe.type = 2;
	sends(admin, &message, 40);
	assert_int_equal(stats(admin)->bad_value, 1);
	message = good();
	admin_packet(admin, heartbeat(admin), HV_PACKET_COMPLETION, &message,
	    40);
	assert_int_equal(stats(admin)->bad_value, 2);
	assert_int_equal(answers(admin), before);
	still_works(admin);
}

/* The longest that each takes, and more: skipped, counted, and the next one is
 * answered. */
static void
test_h19_packets_longer_than_any_message(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	static uint8_t bytes[12000];

	for (unsigned i = 0; i < 5; i++) {
		admin_packet(admin, heartbeat(admin), HV_PACKET_INBAND, bytes,
		    sizeof(bytes));
		assert_int_equal(stats(admin)->bad_length, i + 1);
	}
	still_works(admin);
}

/* ---- Bodies ----------------------------------------------------------- */

static void
test_h18_bodies_shorter_than_their_struct(void **state)
{
	static const struct {
		enum host_ic_service which;
		uint16_t type;
		size_t min;
	} kinds[] = {
		{ HOST_IC_HEARTBEAT, HV_IC_HEARTBEAT, HV_HEARTBEAT_MIN },
		{ HOST_IC_SHUTDOWN, HV_IC_SHUTDOWN, HV_SHUTDOWN_MIN },
		{ HOST_IC_TIMESYNC, HV_IC_TIMESYNC, HV_TIMESYNC_REFERENCE_MIN },
		{ HOST_IC_VSS, HV_IC_VSS, sizeof(struct hv_vss_header) },
		{ HOST_IC_FCOPY, HV_IC_FCOPY, sizeof(struct hv_fcopy_header) },
		{ HOST_IC_KVP, HV_IC_KVP, sizeof(struct hv_kvp_header) },
	};
	struct admin *admin = with(state, 0);
	static const uint8_t body[64];
	uint64_t bad = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (size_t len = 0; len < kinds[i].min; len++) {
			assert_int_equal(admin_ask(admin, kinds[i].which,
					     kinds[i].type, body, len),
			    HV_IC_STATUS_INVALID);
			assert_int_equal(stats(admin)->bad_length, ++bad);
		}
	assert_int_equal(sim_machine_counts(admin->world->machine)
			     ->requests[PV_REQUEST_SHUTDOWN],
	    0);
	assert_int_equal(stats(admin)->requests, 0);
	still_works(admin);
}

static void
test_h18_old_times_shorter_than_their_struct(void **state)
{
	struct admin *admin = *state;
	struct hv_timesync body = { .host_time = HV_TIME_UNIX_EPOCH,
		.flags = HV_TIMESYNC_SYNC };

	admin_machine(admin, ONE(HOST_IC_TIMESYNC));
	host_ic_manners(admin->ic, HOST_IC_TIMESYNC)->old_framework = true;
	admin_attach(admin);
	for (size_t len = HV_TIMESYNC_REFERENCE_MIN; len < HV_TIMESYNC_MIN;
	     len++)
		assert_int_equal(admin_ask(admin, HOST_IC_TIMESYNC,
				     HV_IC_TIMESYNC, &body, len),
		    HV_IC_STATUS_INVALID);
	assert_int_equal(admin->owner->times[PV_TIME_SYNC], 0);
}

static void
test_h65_shutdown_flags_unknown(void **state)
{
	static const uint32_t flags[] = { 6, 7, 8, 9, 0x10, 0x80000000,
		0xffffffff, HV_SHUTDOWN_RESTART | 0x100 };
	struct admin *admin = with(state, ONE(HOST_IC_SHUTDOWN));
	const struct sim_counts *counts = sim_machine_counts(
	    admin->world->machine);

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct hv_shutdown body = { .flags = flags[i] };

		assert_int_equal(admin_ask(admin, HOST_IC_SHUTDOWN,
				     HV_IC_SHUTDOWN, &body, sizeof(body)),
		    HV_IC_STATUS_FAIL);
		assert_int_equal(stats(admin)->bad_value, i + 1);
	}
	for (unsigned i = 0; i < PV_REQUEST_COUNT; i++)
		assert_int_equal(counts->requests[i], 0);
}

static void
test_h28_a_reason_that_could_harm_a_terminal(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_SHUTDOWN));
	struct hv_shutdown body = { .flags = 0 };
	const char *text;

	/* escapes without an end */
	for (unsigned i = 0; i + 1 < sizeof(body.text); i += 2)
		body.text[i] = i % 4 == 0 ? 0x1b : 'A';
	assert_int_equal(admin_ask(admin, HOST_IC_SHUTDOWN, HV_IC_SHUTDOWN,
			     &body, sizeof(body)),
	    HV_IC_STATUS_OK);
	text = admin->owner->reasons[PV_REQUEST_SHUTDOWN].text;
	assert_in_range(strlen(text), 32, 255);
	for (const char *c = text; *c != '\0'; c++)
		assert_true(*c == '?' || *c == 'A');
}

static void
test_h65_times_that_cannot_be(void **state)
{
	static const uint64_t times[] = { 0, 1, HV_TIME_UNIX_EPOCH - 1,
		1ull << 63, UINT64_MAX };
	struct admin *admin = with(state, ONE(HOST_IC_TIMESYNC));

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_true(
		    host_ic_time(admin->ic, times[i], HV_TIMESYNC_SYNC));
		(void)admin_answer(admin, HOST_IC_TIMESYNC);
		assert_int_equal(stats(admin)->bad_value, i + 1);
	}
	assert_int_equal(admin->owner->times[PV_TIME_SYNC], 0);
	assert_int_equal(admin->owner->times[PV_TIME_SAMPLE], 0);
}

static void
test_h64_reference_times_that_cannot_be(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_TIMESYNC));
	static const uint64_t references[] = { UINT64_MAX, 1ull << 63,
		1ull << 62 };
	struct hv_timesync_reference body = { .host_time = HV_TIME_UNIX_EPOCH,
		.flags = HV_TIMESYNC_SYNC };

	for (size_t i = 0; i < 3; i++) {
		body.reference = references[i];
		(void)admin_ask(admin, HOST_IC_TIMESYNC, HV_IC_TIMESYNC, &body,
		    sizeof(body));
		assert_int_equal(stats(admin)->bad_value, i + 1);
	}
	assert_int_equal(admin->owner->times[PV_TIME_SYNC], 0);
	/* a host that has none */
	body.reference = 0;
	(void)admin_ask(admin, HOST_IC_TIMESYNC, HV_IC_TIMESYNC, &body,
	    sizeof(body));
	assert_int_equal(admin->owner->times[PV_TIME_SYNC], 1);
}

static void
test_h31_vss_operations_unknown(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));

	for (unsigned operation = 9; operation < 256; operation++) {
		assert_true(host_ic_vss(admin->ic, operation));
		assert_int_equal(admin_answer(admin, HOST_IC_VSS)->status,
		    HV_IC_STATUS_NOT_SUPPORTED);
	}
	assert_int_equal(stats(admin)->bad_value, 256 - 9);
}

static void
test_h29_vss_out_of_order(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));
	static const struct {
		unsigned operation;
		uint32_t status;
	} order[] = {
		{ HV_VSS_THAW, HV_IC_STATUS_FAIL },
		{ HV_VSS_FREEZE, HV_IC_STATUS_OK },
		{ HV_VSS_FREEZE, HV_IC_STATUS_FAIL },
		{ HV_VSS_THAW, HV_IC_STATUS_OK },
		{ HV_VSS_THAW, HV_IC_STATUS_FAIL },
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_true(host_ic_vss(admin->ic, order[i].operation));
		assert_int_equal(admin_answer(admin, HOST_IC_VSS)->status,
		    order[i].status);
	}
	assert_int_equal(stats(admin)->bad_state, 3);
	assert_int_equal(admin->owner->freezes, 1);
	assert_int_equal(admin->owner->thaws, 1);
}

/* A second question while the first is under way stays where it is. */
static void
test_h29_vss_asks_again_before_the_answer(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_VSS));
	struct {
		struct hv_pipe pipe;
		struct hv_ic ic;
		struct hv_vss body;
	} message = { { HV_PIPE_DATA, 32 },
		{ .type = HV_IC_VSS, .size = 12, .flags = 3 },
		{ .header = { .operation = HV_VSS_HOT_BACKUP } } };
	const struct host_ic_counts *counts = host_ic_counts(admin->ic,
	    HOST_IC_VSS);
	uint64_t before;

	admin->owner->freeze_again = 50;
	assert_true(host_ic_vss(admin->ic, HV_VSS_FREEZE));
	for (unsigned i = 0; i < 20; i++)
		admin_packet(admin, host_ic_device(admin->ic, HOST_IC_VSS),
		    HV_PACKET_INBAND, &message, sizeof(message));
	assert_false(host_ic_answer(admin->ic, HOST_IC_VSS)->answered);
	before = counts->refused;
	admin->owner->freeze_again = 0;
	assert_int_equal(admin_answer(admin, HOST_IC_VSS)->status,
	    HV_IC_STATUS_OK);
	partition_run(&admin->partition, PV_SECOND);
	/* each of them is answered, and none twice */
	assert_int_equal(counts->refused, before + 20);
	assert_int_equal(admin->owner->freezes, 1);
}

/* ---- Rings and channels ----------------------------------------------- */

/* A flood, and a host that takes no answer: OpenVMM does so with its time. */
static void
test_h24_times_without_end_whose_answers_nobody_takes(void **state)
{
	struct admin *admin = with(state, 0);
	const struct hv_guid timesync = HV_GUID_TIMESYNC;
	struct vmbus_channel *channel = admin_channel(admin, &timesync);
	struct {
		struct hv_pipe pipe;
		struct hv_ic ic;
		struct hv_timesync_reference body;
	} __attribute__((packed)) message = { { HV_PIPE_DATA, 44 },
		{ .type = HV_IC_TIMESYNC, .size = 24 },
		{ .host_time = HV_TIME_UNIX_EPOCH + 10,
		    .flags = HV_TIMESYNC_SAMPLE } };

	/* the host's index stands still, where no room is left */
	channel->out.write = channel->out.published = channel->out.size - 64;
	channel->out.read = 0;
	__atomic_store_n(&channel->out.header->write, channel->out.write,
	    __ATOMIC_RELEASE);
	__atomic_store_n(&channel->out.header->read, 0, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 30; i++)
		admin_packet(admin, host_ic_device(admin->ic, HOST_IC_TIMESYNC),
		    HV_PACKET_INBAND, &message, sizeof(message));
	assert_int_equal(admin->owner->times[PV_TIME_SAMPLE], 30);
	still_works(admin);
	/* what the model makes of its own guest's index is not judged here */
	admin->partition.refused =
	    host_hyperv_counts(admin->partition.host)->refused;
}

static void
test_h05_an_index_that_cannot_be_ends_one_service(void **state)
{
	struct admin *admin = with(state, 0);
	const struct hv_guid kvp = HV_GUID_KVP;
	struct vmbus_channel *channel = admin_channel(admin, &kvp);
	uint32_t *write = (uint32_t *)&channel->in.header->write;
	uint64_t bad = stats(admin)->bad_index;

	__atomic_store_n(write, 0xfffffff1u, __ATOMIC_RELEASE);
	partition_run(&admin->partition, PV_SECOND);
	assert_int_equal(stats(admin)->bad_index, bad + 1);
	still_works(admin);
	/* what is there is there */
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	guest_reads(admin, "Guest/x", "1");
	assert_int_equal(channel->state, VMBUS_CLOSED);
}

static void
test_h32_a_second_one_of_each(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, 0);
	assert_non_null(host_ic_new(admin->partition.host, 0));
	admin_attach(admin);
	assert_int_equal(stats(admin)->bad_duplicate, HOST_IC_COUNT);
	world_has_line(admin->world,
	    "hyperv0: fcopy, heartbeat, kvp, shutdown, timesync, vss");
}

static void
test_h39_events_without_work(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	const struct hv_guid type = HV_GUID_HEARTBEAT;
	unsigned relid = admin_channel(admin, &type)->offer.relid;

	for (unsigned i = 0; i < 20000; i++) {
		host_hyperv_raise(admin->partition.host, 0, relid);
		(void)pv_bus_poll(admin->world->bus, 64);
	}
	partition_run(&admin->partition, PV_SECOND / 10);
	still_works(admin);
}

static void
test_h42_lost_events(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));

	host_hyperv_manners(admin->partition.host)->lose_events = true;
	for (unsigned i = 0; i < 5; i++) {
		assert_true(host_ic_heartbeat(admin->ic));
		partition_run(&admin->partition, 5 * PV_SECOND);
		assert_true(
		    host_ic_answer(admin->ic, HOST_IC_HEARTBEAT)->answered);
	}
}

/* One line for all of them. */
static void
test_h39_negotiations_without_end(void **state)
{
	struct admin *admin = with(state, ONE(HOST_IC_HEARTBEAT));
	const char *line = "offers no version that is known", *log;
	unsigned lines = 0;

	for (unsigned i = 0; i < 100; i++) {
		negotiates(admin, 0, 0, 20, 0);
		negotiates(admin, 2, 1, 20, 1);
	}
	log = sim_machine_log(admin->world->machine);
	while ((log = strstr(log, line)) != NULL) {
		log += strlen(line);
		lines++;
	}
	assert_int_equal(lines, 1);
	still_works(admin);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		admin_test(test_h27_negotiation_counts_beyond_the_packet),
		admin_test(test_h27_negotiation_without_a_common_version),
		admin_test(test_h39_negotiations_without_end),
		admin_test(test_h27_negotiation_of_more_than_100_versions),
		admin_test(test_h38_a_request_after_a_sleep_before_any_version),
		admin_test(
		    test_h27_a_host_whose_counts_are_wrong_from_the_start),
		admin_test(test_h29_a_request_before_any_version),
		admin_test(test_h22_packets_shorter_than_their_headers),
		admin_test(test_h22_pipe_sizes),
		admin_test(test_h27_body_sizes_beyond_the_pipe),
		admin_test(test_h15_types_of_others),
		admin_test(test_h29_answers_where_a_question_belongs),
		admin_test(test_h15_pipes_and_packets_of_another_type),
		admin_test(test_h19_packets_longer_than_any_message),
		admin_test(test_h18_bodies_shorter_than_their_struct),
		admin_test(test_h18_old_times_shorter_than_their_struct),
		admin_test(test_h65_shutdown_flags_unknown),
		admin_test(test_h28_a_reason_that_could_harm_a_terminal),
		admin_test(test_h65_times_that_cannot_be),
		admin_test(test_h64_reference_times_that_cannot_be),
		admin_test(test_h31_vss_operations_unknown),
		admin_test(test_h29_vss_out_of_order),
		admin_test(test_h29_vss_asks_again_before_the_answer),
		admin_test(
		    test_h24_times_without_end_whose_answers_nobody_takes),
		admin_test(test_h05_an_index_that_cannot_be_ends_one_service),
		admin_test(test_h32_a_second_one_of_each),
		admin_test(test_h39_events_without_work),
		admin_test(test_h42_lost_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
