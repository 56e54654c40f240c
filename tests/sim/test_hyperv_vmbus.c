/* SPDX-License-Identifier: ISC */
/* Messages of VMBus: how they are posted, and answers that are late, wrong or of
 * nobody. */
#include <stdio.h>

#include "tests/support/hyperv_user.h"

static const struct host_hyperv_config usual = { .vcpus = 2 };

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

static void
send(struct partition *partition, const void *payload, unsigned size)
{
	host_hyperv_send(partition->host, HV_MESSAGE_VMBUS, payload, size);
	partition_run(partition, 10 * PV_MILLISECOND);
}

/* ---- Posting ----------------------------------------------------------- */

/* The waits between two tries are those of H-8. */
static void
test_no_buffer_for_a_while(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;
	uint64_t posts, began;

	machine(partition);
	user_manners.no_open = true;
	user_host(partition);
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	posts = host_hyperv_counts(partition->host)->hypercalls;
	began = sim_now(partition->world->sim);
	manners->fail_nth = 1;
	manners->fail_count = 8;
	manners->fail_code = HV_HC_POST_MESSAGE;
	manners->fail_status = HV_STATUS_INSUFFICIENT_BUFFERS;
	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	while (users[0].opened == 0)
		partition_run(partition, 10000);
	/* 3 × 100, 2 × 500, 3 × 5000 µs */
	assert_in_range(sim_now(partition->world->sim) - began,
	    16300 * (PV_MILLISECOND / 1000), 17000 * (PV_MILLISECOND / 1000));
	assert_int_equal(host_hyperv_counts(partition->host)->hypercalls -
		posts,
	    8 + 2);
}

static void
test_h50_no_buffer_ever(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;

	machine(partition);
	user_manners.no_open = true;
	user_host(partition);
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	manners->fail_nth = 1;
	manners->fail_count = 1000000;
	manners->fail_code = HV_HC_POST_MESSAGE;
	manners->fail_status = HV_STATUS_INSUFFICIENT_BUFFERS;
	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	partition_run(partition, 15 * PV_SECOND);
	assert_int_equal(users[0].failed, 1);
	assert_int_equal(users[0].error, PV_ETIMEDOUT);
	world_has_line(partition->world,
	    "hyperv0: message of type 8 not posted: the host did not answer "
	    "in time");
	/* and when it has some again all is well */
	manners->fail_nth = manners->fail_count = 0;
	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].opened, 1);
}

/* In the order in which they were asked, GPADLs of many messages too. */
static void
test_many_at_once(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	for (unsigned i = 0; i < USERS; i++)
		user_host(partition);
	partition_attach(partition, user_drivers);
	assert_int_equal(user_count, USERS);
	for (unsigned i = 0; i < USERS; i++)
		assert_int_equal(users[i].opened, 1);
	assert_int_equal(host_hyperv_counts(partition->host)->channels, USERS);
}

/* ---- 29: answers ------------------------------------------------------- */

static struct vmbus_channel *
reopen_with(struct partition *partition, unsigned type, unsigned how,
    unsigned word, uint32_t value)
{
	struct host_hyperv_manners *manners;

	machine(partition);
	user_host(partition);
	user_manners.no_open = true;
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	manners->message_nth = 1;
	manners->message_type = type;
	manners->message_how = how;
	manners->message_word = word;
	manners->message_value = value;
	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	partition_run(partition, 10 * PV_SECOND);
	return users[0].channel;
}

static void
opens_again(struct partition *partition)
{
	unsigned before = users[0].opened;

	assert_int_equal(user_open(&users[0], users[0].channel), PV_OK);
	partition_run(partition, PV_SECOND);
	assert_int_equal(users[0].opened, before + 1);
}

static void
test_h29_no_answer(void **state)
{
	static const unsigned types[] = { HV_VMBUS_GPADL_CREATED,
		HV_VMBUS_OPEN_RESULT };

	for (unsigned i = 0; i < 2; i++) {
		struct partition *partition = *state;

		reopen_with(partition, types[i], HOST_MESSAGE_DROP, 0, 0);
		assert_int_equal(users[0].failed, 1);
		assert_int_equal(users[0].error, PV_ETIMEDOUT);
		opens_again(partition);
		partition_detach(partition);
		assert_int_equal(host_hyperv_counts(partition->host)->gpadls,
		    0);
		assert_int_equal(host_hyperv_counts(partition->host)
				     ->violations,
		    0);
		assert_int_equal(sim_machine_counts(partition->world->machine)
				     ->pages,
		    0);
		sim_machine_free(partition->world->machine);
		partition->world->machine = NULL;
		partition->host = NULL;
	}
}

static void
test_h29_answered_twice(void **state)
{
	struct partition *partition = *state;

	reopen_with(partition, HV_VMBUS_OPEN_RESULT, HOST_MESSAGE_TWICE, 0, 0);
	assert_int_equal(users[0].opened, 1);
	assert_int_equal(users[0].failed, 0);
	assert_int_equal(stats(partition)->bad_id, 1);
	assert_int_equal(users[0].channel->state, VMBUS_OPEN);
}

static void
test_h29_answered_before_it_was_asked(void **state)
{
	struct hv_vmbus_open_result opened = {
		.header = { .type = HV_VMBUS_OPEN_RESULT },
		.relid = 1,
		.open_id = 1,
	};
	struct hv_vmbus_gpadl_created created = {
		.header = { .type = HV_VMBUS_GPADL_CREATED },
		.relid = 1,
		.gpadl = 1,
	};
	struct hv_vmbus_gpadl_torndown torn = {
		.header = { .type = HV_VMBUS_GPADL_TORNDOWN },
		.gpadl = 1,
	};
	struct hv_vmbus_modify_channel_response modified = {
		.header = { .type = HV_VMBUS_MODIFY_CHANNEL_RESPONSE },
		.relid = 1,
	};
	struct partition *partition = *state;

	machine(partition);
	user_manners.no_open = true;
	user_host(partition);
	partition_attach(partition, user_drivers);
	send(partition, &opened, sizeof(opened));
	send(partition, &created, sizeof(created));
	send(partition, &torn, sizeof(torn));
	send(partition, &modified, sizeof(modified));
	assert_int_equal(stats(partition)->bad_id, 4);
	opens_again(partition);
}

/* 29: after the time for it; by then nobody waits. */
static void
test_h29_answered_too_late(void **state)
{
	struct hv_vmbus_open_result late = {
		.header = { .type = HV_VMBUS_OPEN_RESULT },
	};
	struct partition *partition = *state;
	struct vmbus_channel *channel;
	uint64_t bad;

	channel = reopen_with(partition, HV_VMBUS_OPEN_RESULT,
	    HOST_MESSAGE_DROP, 0, 0);
	assert_int_equal(users[0].error, PV_ETIMEDOUT);
	late.relid = channel->offer.relid;
	late.open_id = partition->vmbus->last_open;
	bad = stats(partition)->bad_id;
	send(partition, &late, sizeof(late));
	assert_int_equal(stats(partition)->bad_id, bad + 1);
	assert_int_equal(users[0].opened, 0);
	opens_again(partition);
}

/* ---- 34: answers of others --------------------------------------------- */

static void
test_h34_of_another_open(void **state)
{
	struct partition *partition = *state;

	/* relid, open id */
	reopen_with(partition, HV_VMBUS_OPEN_RESULT, HOST_MESSAGE_WORD, 2, 77);
	assert_int_equal(stats(partition)->bad_id, 1);
	assert_int_equal(users[0].error, PV_ETIMEDOUT);
	opens_again(partition);
}

static void
test_h34_of_another_gpadl(void **state)
{
	struct partition *partition = *state;

	reopen_with(partition, HV_VMBUS_GPADL_CREATED, HOST_MESSAGE_WORD, 3,
	    0xbad);
	assert_int_equal(stats(partition)->bad_id, 1);
	assert_int_equal(users[0].error, PV_ETIMEDOUT);
	opens_again(partition);
}

static void
test_h34_refused(void **state)
{
	struct partition *partition = *state;

	machine(partition);
	user_host(partition);
	user_host_counts.refuse = true;
	partition_attach(partition, user_drivers);
	assert_int_equal(users[0].failed, 1);
	assert_int_equal(users[0].error, PV_EACCES);
	user_host_counts.refuse = false;
	opens_again(partition);
	partition->refused = 1;
}

/* ---- Messages that cannot be ------------------------------------------- */

static void
test_messages_too_short(void **state)
{
	static const unsigned types[] = { HV_VMBUS_OFFER, HV_VMBUS_RESCIND,
		HV_VMBUS_OPEN_RESULT, HV_VMBUS_GPADL_CREATED,
		HV_VMBUS_GPADL_TORNDOWN, HV_VMBUS_VERSION_RESPONSE,
		HV_VMBUS_MODIFY_CHANNEL_RESPONSE };
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct hv_vmbus_header header = { .type = types[i] };

		send(partition, &header, 8);
		send(partition, &header, 7);
		send(partition, &header, 0);
	}
	assert_int_equal(stats(partition)->bad_length, 21);
	assert_int_equal(partition->vmbus->count, 0);
}

static void
test_types_of_no_use(void **state)
{
	static const uint32_t types[] = { 0, HV_VMBUS_REQUEST_OFFERS,
		HV_VMBUS_OPEN, HV_VMBUS_INITIATE_CONTACT, HV_VMBUS_UNLOAD,
		HV_VMBUS_TL_CONNECT_RESULT, HV_VMBUS_TYPES, 1000, UINT32_MAX };
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint8_t message[HV_MESSAGE_PAYLOAD] = { 0 };

		memcpy(message, &types[i], 4);
		send(partition, message, sizeof(message));
	}
	assert_int_equal(stats(partition)->bad_value, 9);
}

/* 35 */
static void
test_h35_answers_about_the_connection(void **state)
{
	struct hv_vmbus_version_response version = {
		.header = { .type = HV_VMBUS_VERSION_RESPONSE },
		.accepted = 1,
		.connection = 0xdead,
	};
	struct hv_vmbus_header unloaded = { .type = HV_VMBUS_UNLOAD_RESPONSE };
	struct partition *partition = *state;
	uint32_t connection;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	connection = partition->vmbus->connection;
	send(partition, &version, sizeof(version));
	send(partition, &unloaded, sizeof(unloaded));
	assert_int_equal(stats(partition)->bad_state, 2);
	assert_int_equal(partition->vmbus->connection, connection);
	assert_int_equal(vmbus_version(partition->hyperv), HV_VMBUS_5_3);
	assert_int_equal(users[0].channel->state, VMBUS_OPEN);
}

/* 35: it says yes, and then no, to one question. */
static void
test_h35_two_answers(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;

	machine(partition);
	user_host(partition);
	manners = host_hyperv_manners(partition->host);
	manners->message_nth = 1;
	manners->message_type = HV_VMBUS_VERSION_RESPONSE;
	manners->message_how = HOST_MESSAGE_TWICE;
	partition_attach(partition, user_drivers);
	assert_int_equal(stats(partition)->bad_state, 1);
	assert_int_equal(users[0].opened, 1);
}

/* The state says that it failed, whatever "accepted" says. */
static void
test_h35_accepted_and_failed(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;

	machine(partition);
	manners = host_hyperv_manners(partition->host);
	manners->message_nth = 1;
	manners->message_type = HV_VMBUS_VERSION_RESPONSE;
	manners->message_how = HOST_MESSAGE_WORD;
	manners->message_word = 2;
	manners->message_value = 1 | HV_VMBUS_STATE_FAILED << 8;
	partition_attach(partition, user_drivers);
	assert_int_equal(vmbus_version(partition->hyperv), HV_VMBUS_5_2);
}

/* The first proposal is not answered: an older connection is got rid of, and
 * the next one is. */
static void
test_h29_the_first_contact_is_lost(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;

	machine(partition);
	user_host(partition);
	manners = host_hyperv_manners(partition->host);
	manners->message_nth = 1;
	manners->message_type = HV_VMBUS_VERSION_RESPONSE;
	manners->message_how = HOST_MESSAGE_DROP;
	partition_attach(partition, user_drivers);
	assert_int_equal(vmbus_version(partition->hyperv), HV_VMBUS_5_3);
	assert_int_equal(host_hyperv_counts(partition->host)->unloads, 1);
	assert_int_equal(users[0].opened, 1);
}

/* It does not say that it has let go: what it has it keeps. */
static void
test_h29_the_unload_is_not_answered(void **state)
{
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;

	machine(partition);
	user_host(partition);
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	manners->message_nth = 1;
	manners->message_type = HV_VMBUS_UNLOAD_RESPONSE;
	manners->message_how = HOST_MESSAGE_DROP;
	partition_detach(partition);
	/* the page of event bits, and two of monitors */
	world_expect_leaked_pages(partition->world, 3);
}

/* 44: what the slot says about itself. */
static void
test_h44_messages_that_are_none(void **state)
{
	static const struct {
		unsigned how;
		uint32_t value;
	} bad[] = {
		{ HOST_MESSAGE_SIZE, 241 },
		{ HOST_MESSAGE_SIZE, 255 },
		{ HOST_MESSAGE_SLOT, HV_MESSAGE_TIMER_EXPIRED },
		{ HOST_MESSAGE_SLOT, 2 },
		{ HOST_MESSAGE_SLOT, UINT32_MAX },
	};
	struct hv_vmbus_header end = { .type = HV_VMBUS_ALL_OFFERS };
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;

	machine(partition);
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		manners->message_nth = 1;
		manners->message_type = 0;
		manners->message_how = bad[i].how;
		manners->message_value = bad[i].value;
		send(partition, &end, sizeof(end));
	}
	assert_int_equal(stats(partition)->bad_length, 2);
	assert_int_equal(stats(partition)->bad_value, 3);
	/* the slot is free all the same */
	send(partition, &end, sizeof(end));
	assert_int_equal(stats(partition)->bad_state, 1);
}

static void
test_h44_pending_is_always_set(void **state)
{
	struct hv_vmbus_header end = { .type = HV_VMBUS_ALL_OFFERS };
	struct partition *partition = *state;
	struct host_hyperv_manners *manners;
	uint64_t eoms;

	machine(partition);
	partition_attach(partition, user_drivers);
	manners = host_hyperv_manners(partition->host);
	eoms = host_hyperv_counts(partition->host)->eoms;
	for (unsigned i = 0; i < 100; i++) {
		manners->message_nth = 1;
		manners->message_how = HOST_MESSAGE_PENDING;
		send(partition, &end, sizeof(end));
	}
	assert_int_equal(stats(partition)->bad_state, 100);
	assert_int_equal(host_hyperv_counts(partition->host)->eoms - eoms, 100);
	/* and without it none */
	send(partition, &end, sizeof(end));
	assert_int_equal(host_hyperv_counts(partition->host)->eoms - eoms, 100);
}

/* More messages than slots: each after an EOM, none lost. */
static void
test_many_messages_at_once(void **state)
{
	struct hv_vmbus_header end = { .type = HV_VMBUS_ALL_OFFERS };
	struct partition *partition = *state;

	machine(partition);
	partition_attach(partition, user_drivers);
	for (unsigned i = 0; i < 500; i++)
		host_hyperv_send(partition->host, HV_MESSAGE_VMBUS, &end,
		    sizeof(end));
	partition_run(partition, PV_SECOND);
	assert_int_equal(stats(partition)->bad_state, 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_no_buffer_for_a_while),
		partition_test(test_h50_no_buffer_ever),
		partition_test(test_many_at_once),
		partition_test(test_h29_no_answer),
		partition_test(test_h29_answered_twice),
		partition_test(test_h29_answered_before_it_was_asked),
		partition_test(test_h29_answered_too_late),
		partition_test(test_h34_of_another_open),
		partition_test(test_h34_of_another_gpadl),
		partition_test(test_h34_refused),
		partition_test(test_messages_too_short),
		partition_test(test_types_of_no_use),
		partition_test(test_h35_answers_about_the_connection),
		partition_test(test_h35_two_answers),
		partition_test(test_h35_accepted_and_failed),
		partition_test(test_h29_the_first_contact_is_lost),
		partition_test(test_h29_the_unload_is_not_answered),
		partition_test(test_h44_messages_that_are_none),
		partition_test(test_h44_pending_is_always_set),
		partition_test(test_many_messages_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
