/* SPDX-License-Identifier: ISC */
/* Watches and transactions of XenStore's client: tokens, floods, lost answers,
 * others that come between. */
#include <stdio.h>

#include "tests/support/xs_bench.h"

struct watched {
	struct xs_watch watch;
	unsigned events, failures;
	int error;
	bool deaf; /* wants() says no */
	struct bench *remove;
	/* the request that set it */
	uint32_t id;
	char token[16];
};

static void
event(struct xs_watch *watch)
{
	struct watched *watched = watch->owner;

	watched->events++;
	if (watched->remove != NULL)
		xs_watch_remove(&watched->remove->xs, watch);
}

static void
failed(struct xs_watch *watch, int error)
{
	struct watched *watched = watch->owner;

	watched->failures++;
	watched->error = error;
}

static bool
wants(struct xs_watch *watch, const char *path, size_t length)
{
	struct watched *watched = watch->owner;

	assert_int_equal(strlen(path), length);
	return !watched->deaf;
}

static int
try_watch(struct bench *bench, struct watched *watched, const char *path)
{
	memset(watched, 0, sizeof(*watched));
	watched->watch = (struct xs_watch){ .event = event,
		.failed = failed,
		.wants = wants,
		.owner = watched };
	return xs_watch_add(&bench->xs, &watched->watch, path, strlen(path));
}

static void
watch_sent(struct bench *bench, struct watched *watched, const char *path)
{
	size_t length = strlen(path);

	sends(bench, XEN_STORE_WATCH, path);
	assert_int_equal(bench->header.length, length + 1 + 8 + 1);
	assert_int_equal(strlen(bench->payload + length + 1), 8);
	strcpy(watched->token, bench->payload + length + 1);
	watched->id = bench->header.req_id;
}

static int
event_comes(struct bench *bench, const char *path, const char *token)
{
	char payload[256];
	int length = snprintf(payload, sizeof(payload), "%s%c%s", path, '\0',
	    token);

	return comes_in(bench, XEN_STORE_WATCH_EVENT, 0, payload,
	    (size_t)length + 1);
}

/* Set, greeted, and its first event delivered. */
static void
watch(struct bench *bench, struct watched *watched, const char *path)
{
	assert_int_equal(try_watch(bench, watched, path), PV_OK);
	watch_sent(bench, watched, path);
	answers(bench, "OK");
	assert_int_equal(watched->events, 0);
	event_comes(bench, path, watched->token);
	xs_events(&bench->xs, 64);
	assert_int_equal(watched->events, 1);
	watched->events = 0;
}

static void
unwatch(struct bench *bench, struct watched *watched, const char *path)
{
	xs_watch_remove(&bench->xs, &watched->watch);
	sends(bench, XEN_STORE_UNWATCH, path);
	assert_string_equal(bench->payload + strlen(path) + 1, watched->token);
	answers(bench, "OK");
}

/* ---- Watches ---------------------------------------------------------- */

static void
test_watch_and_event(void **state)
{
	struct bench *bench = *state;
	struct watched a, b;

	watch(bench, &a, "a");
	watch(bench, &b, "b");
	assert_string_not_equal(a.token, b.token);
	assert_false(xs_events(&bench->xs, 64));
	event_comes(bench, "a/x", a.token);
	xs_events(&bench->xs, 64);
	assert_int_equal(a.events, 1);
	assert_int_equal(b.events, 0);
	unwatch(bench, &a, "a");
	unwatch(bench, &b, "b");
	assert_int_equal(bench->memory, 0);
}

/* Linux's device leaves these words as they were in the kernel's memory. */
static void
test_event_with_junk_in_its_header(void **state)
{
	struct bench *bench = *state;
	struct xen_store_header header = { XEN_STORE_WATCH_EVENT, 0xdeadbeef,
		0xcafe, 11 };
	struct watched a;
	struct asked asked = { .dones = 0 };
	char payload[16];

	watch(bench, &a, "a");
	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	header.req_id = bench->header.req_id;
	memcpy(payload, "a", 2);
	memcpy(payload + 2, a.token, 9);
	xs_input(&bench->xs, &header, sizeof(header));
	xs_input(&bench->xs, payload, 11);
	xs_events(&bench->xs, 64);
	assert_int_equal(a.events, 1);
	assert_int_equal(asked.dones, 0);
	answers(bench, "x");
	brought(&asked, "x");
}

static void
test_54_events_of_0_1_3_strings(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} junk[] = { { "", 0 }, { "\0", 1 }, { "a", 1 }, { "a\0", 2 },
		{ "a\0b", 3 }, { "a\0\0", 3 }, { "a\0b\0c\0", 6 },
		{ "a\0b\0c", 5 }, { "\0\0", 2 }, { "\0\0\0", 3 } };
	struct bench *bench = *state;
	struct watched a;
	char three[64];
	int length;
	uint64_t bad;

	watch(bench, &a, "a");
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		bad = bench->stats.bad_text + bench->stats.bad_id;
		assert_int_equal(comes_in(bench, XEN_STORE_WATCH_EVENT, 0,
				     junk[i].bytes, junk[i].size),
		    PV_OK);
		assert_int_equal(bench->stats.bad_text + bench->stats.bad_id,
		    bad + 1);
	}
	/* a good token between two strings */
	length = snprintf(three, sizeof(three), "a%c%s%cx", '\0', a.token,
	    '\0');
	comes_in(bench, XEN_STORE_WATCH_EVENT, 0, three, (size_t)length + 1);
	/* and one that does not end */
	comes_in(bench, XEN_STORE_WATCH_EVENT, 0, three, 2 + 8);
	assert_false(xs_events(&bench->xs, 64));
	assert_int_equal(a.events, 0);
	event_comes(bench, "a", a.token);
	xs_events(&bench->xs, 64);
	assert_int_equal(a.events, 1);
	unwatch(bench, &a, "a");
}

static void
test_54_tokens_unknown_and_huge(void **state)
{
	static char huge[XEN_STORE_PAYLOAD_MAX];
	static const char *const tokens[] = { "0", "00000001", "ffffffff",
		"0000007f", "0x000000", "-0000001", "00000000 ", "0000000G",
		"0000000A", "000000000", "0000000", "7f3a9c001230" };
	struct bench *bench = *state;
	struct watched a;

	watch(bench, &a, "a");
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		if (strcmp(tokens[i], a.token) == 0)
			continue;
		event_comes(bench, "a", tokens[i]);
		assert_int_equal(bench->stats.bad_id, i + 1);
	}
	memset(huge, '0', sizeof(huge));
	huge[1] = huge[sizeof(huge) - 1] = '\0';
	comes_in(bench, XEN_STORE_WATCH_EVENT, 0, huge, sizeof(huge));
	assert_int_equal(bench->stats.bad_id,
	    sizeof(tokens) / sizeof(tokens[0]) + 1);
	assert_false(xs_events(&bench->xs, 64));
	assert_int_equal(a.events, 0);
	unwatch(bench, &a, "a");
}

static void
test_54_flood(void **state)
{
	struct bench *bench = *state;
	struct watched a, b;
	size_t memory;

	watch(bench, &a, "a");
	watch(bench, &b, "b");
	memory = bench->memory;
	for (unsigned i = 0; i < 100000; i++)
		event_comes(bench, "a", a.token);
	event_comes(bench, "b", b.token);
	assert_int_equal(bench->memory, memory);
	assert_false(xs_events(&bench->xs, 64));
	assert_int_equal(a.events, 1);
	assert_int_equal(b.events, 1);
	assert_int_equal(bench->stats.events, 100003);
	unwatch(bench, &a, "a");
	unwatch(bench, &b, "b");
}

/* One at a time, and each has its turn. */
static void
test_events_within_a_budget(void **state)
{
	struct bench *bench = *state;
	struct watched watched[5];

	for (unsigned i = 0; i < 5; i++)
		watch(bench, &watched[i], "a");
	for (unsigned i = 0; i < 5; i++)
		event_comes(bench, "a", watched[i].token);
	for (unsigned i = 0; i < 5; i++) {
		event_comes(bench, "a", watched[0].token);
		xs_events(&bench->xs, 1);
	}
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(watched[i].events, 1);
}

static void
test_event_that_is_not_wanted(void **state)
{
	struct bench *bench = *state;
	struct watched a;

	watch(bench, &a, "a");
	a.deaf = true;
	event_comes(bench, "a/b/c", a.token);
	assert_false(xs_events(&bench->xs, 64));
	assert_int_equal(a.events, 0);
}

static void
test_watch_that_removes_itself(void **state)
{
	struct bench *bench = *state;
	struct watched a;

	watch(bench, &a, "a");
	a.remove = bench;
	event_comes(bench, "a", a.token);
	xs_events(&bench->xs, 64);
	assert_int_equal(a.events, 1);
	sends(bench, XEN_STORE_UNWATCH, "a");
	/* one that was under way */
	event_comes(bench, "a", a.token);
	assert_false(xs_events(&bench->xs, 64));
	answers(bench, "OK");
	event_comes(bench, "a", a.token);
	assert_int_equal(bench->stats.bad_id, 1);
	assert_int_equal(a.events, 1);
	assert_int_equal(bench->memory, 0);
}

static void
test_token_of_a_watch_before(void **state)
{
	struct bench *bench = *state;
	struct watched a, b;
	char old[16];

	watch(bench, &a, "a");
	strcpy(old, a.token);
	unwatch(bench, &a, "a");
	watch(bench, &b, "b");
	event_comes(bench, "a", old);
	assert_false(xs_events(&bench->xs, 64));
	assert_int_equal(b.events, 0);
	assert_int_equal(bench->stats.bad_id, 1);
}

static void
test_removed_before_it_is_set(void **state)
{
	struct bench *bench = *state;
	struct watched a;

	/* not sent yet */
	assert_int_equal(try_watch(bench, &a, "a"), PV_OK);
	xs_watch_remove(&bench->xs, &a.watch);
	sends_nothing(bench);
	assert_int_equal(bench->memory, 0);
	/* not answered yet */
	assert_int_equal(try_watch(bench, &a, "a"), PV_OK);
	watch_sent(bench, &a, "a");
	xs_watch_remove(&bench->xs, &a.watch);
	sends_nothing(bench);
	answers(bench, "OK");
	sends(bench, XEN_STORE_UNWATCH, "a");
	answers(bench, "OK");
	assert_int_equal(bench->memory, 0);
	assert_int_equal(a.events + a.failures, 0);
}

static void
test_watch_that_is_refused(void **state)
{
	static const struct {
		const char *name;
		int error;
	} words[] = { { "EACCES", PV_EACCES }, { "E2BIG", PV_ENOMEM },
		{ "ENOSPC", PV_ENOMEM }, { "EINVAL", PV_EINVAL } };
	struct bench *bench = *state;
	struct watched a;

	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(try_watch(bench, &a, "a"), PV_OK);
		watch_sent(bench, &a, "a");
		fails(bench, words[i].name);
		assert_int_equal(a.failures, 1);
		assert_int_equal(a.error, words[i].error);
		assert_null(a.watch.slot);
		xs_watch_remove(&bench->xs, &a.watch);
		assert_int_equal(bench->memory, 0);
	}
}

/* It may have been set all the same, so it is unset. */
static void
test_watch_without_an_answer(void **state)
{
	struct bench *bench = *state;
	struct watched a;

	assert_int_equal(try_watch(bench, &a, "a"), PV_OK);
	watch_sent(bench, &a, "a");
	bench->now += XS_TIMEOUT;
	xs_expire(&bench->xs);
	assert_int_equal(a.failures, 1);
	assert_int_equal(a.error, PV_ETIMEDOUT);
	sends(bench, XEN_STORE_UNWATCH, "a");
	fails(bench, "ENOENT");
	assert_int_equal(bench->memory, 0);
}

static void
test_watch_that_is_not_greeted(void **state)
{
	struct bench *bench = *state;
	struct watched a;

	assert_int_equal(try_watch(bench, &a, "a"), PV_OK);
	watch_sent(bench, &a, "a");
	answers(bench, "OK");
	assert_true(xs_deadline(&bench->xs) <= bench->now + PV_SECOND);
	bench->now = xs_deadline(&bench->xs);
	xs_expire(&bench->xs);
	xs_events(&bench->xs, 64);
	assert_int_equal(a.events, 1);
	bench->now += PV_SECOND;
	xs_expire(&bench->xs);
	assert_false(xs_events(&bench->xs, 64));
	assert_int_equal(a.events, 1);
	assert_true(xs_deadline(&bench->xs) == PV_NEVER);
}

static void
test_as_many_watches_as_a_guest_may_have(void **state)
{
	static struct watched watched[XS_WATCHES + 1];
	struct bench *bench = *state;

	for (unsigned i = 0; i < XS_WATCHES; i++)
		assert_int_equal(try_watch(bench, &watched[i], "a"), PV_OK);
	assert_int_equal(try_watch(bench, &watched[XS_WATCHES], "a"),
	    PV_ENOMEM);
	xs_watch_remove(&bench->xs, &watched[77].watch);
	assert_int_equal(try_watch(bench, &watched[XS_WATCHES], "a"), PV_OK);
}

static void
test_watches_on_another_connection(void **state)
{
	struct bench *bench = *state;
	struct watched set, asked, going;

	watch(bench, &set, "set");
	watch(bench, &going, "going");
	assert_int_equal(try_watch(bench, &asked, "asked"), PV_OK);
	watch_sent(bench, &asked, "asked");
	xs_watch_remove(&bench->xs, &going.watch);
	assert_true(goes_out(bench));
	xs_restart(&bench->xs);
	watch_sent(bench, &set, "set");
	answers(bench, "OK");
	watch_sent(bench, &asked, "asked");
	answers(bench, "OK");
	sends_nothing(bench);
	event_comes(bench, "set", set.token);
	event_comes(bench, "asked", asked.token);
	xs_events(&bench->xs, 64);
	assert_int_equal(set.events, 1);
	assert_int_equal(asked.events, 1);
	xs_die(&bench->xs, PV_EPROTO);
	assert_int_equal(set.failures + asked.failures, 2);
	assert_int_equal(bench->memory, 0);
}

/* ---- Transactions ----------------------------------------------------- */

struct transacted {
	struct xs_transaction transaction;
	struct bench *bench;
	struct asked inside;
	unsigned bodies, dones;
	int error, abort;
};

static void
inside_done(struct xs_request *request)
{
	struct transacted *it = request->owner;

	xs_transaction_end(&it->transaction,
	    request->error != PV_OK ? request->error : it->abort);
}

static void
body(struct xs_transaction *transaction)
{
	struct transacted *it = transaction->owner;

	it->bodies++;
	it->inside.request = (struct xs_request){ .type = XEN_STORE_READ,
		.transaction = transaction->id,
		.parts = { { "in", 3 } },
		.done = inside_done,
		.owner = it };
	assert_int_equal(xs_submit(&it->bench->xs, &it->inside.request), PV_OK);
}

static void
transaction_done(struct xs_transaction *transaction)
{
	struct transacted *it = transaction->owner;

	it->dones++;
	it->error = transaction->error;
}

static void
transact(struct bench *bench, struct transacted *it)
{
	memset(it, 0, sizeof(*it));
	it->bench = bench;
	it->transaction.body = body;
	it->transaction.done = transaction_done;
	it->transaction.owner = it;
	xs_transaction_start(&bench->xs, &it->transaction);
}

static void
to_the_end(struct bench *bench, const char *id)
{
	uint32_t number = (uint32_t)strtoul(id, NULL, 10);

	xs_expire(&bench->xs);
	sends(bench, XEN_STORE_TRANSACTION_START, "");
	answers(bench, id);
	sends(bench, XEN_STORE_READ, "in");
	assert_int_equal(bench->header.tx_id, number);
	answers(bench, "x");
	sends(bench, XEN_STORE_TRANSACTION_END, "T");
	assert_int_equal(bench->header.tx_id, number);
}

static void
test_transaction(void **state)
{
	struct bench *bench = *state;
	struct transacted it;

	transact(bench, &it);
	assert_true(xs_deadline(&bench->xs) <= bench->now);
	to_the_end(bench, "17");
	assert_int_equal(it.dones, 0);
	answers(bench, "OK");
	assert_int_equal(it.dones, 1);
	assert_int_equal(it.error, PV_OK);
	sends_nothing(bench);
}

static void
test_transaction_that_is_disturbed(void **state)
{
	struct bench *bench = *state;
	struct transacted it;

	transact(bench, &it);
	for (unsigned i = 1; i <= 5; i++) {
		to_the_end(bench, "3");
		fails(bench, "EAGAIN");
		assert_int_equal(it.bodies, i);
		assert_int_equal(it.dones, 0);
		sends_nothing(bench);
		bench->now += 100 * PV_MILLISECOND;
	}
	to_the_end(bench, "3");
	answers(bench, "OK");
	assert_int_equal(it.dones, 1);
	assert_int_equal(it.error, PV_OK);
}

static void
test_56_disturbed_for_ever(void **state)
{
	struct bench *bench = *state;
	struct transacted it;
	uint64_t start = bench->now;

	transact(bench, &it);
	while (it.dones == 0) {
		to_the_end(bench, "3");
		fails(bench, "EAGAIN");
		if (it.dones > 0)
			break;
		assert_true(xs_deadline(&bench->xs) > bench->now);
		assert_true(xs_deadline(&bench->xs) <= bench->now + PV_SECOND);
		bench->now = xs_deadline(&bench->xs);
	}
	assert_int_equal(it.error, PV_EAGAIN);
	assert_int_equal(it.bodies, 64);
	assert_true(bench->now - start < 10 * PV_SECOND);
	sends_nothing(bench);
}

static void
test_transaction_that_is_aborted(void **state)
{
	struct bench *bench = *state;
	struct transacted it;

	transact(bench, &it);
	it.abort = PV_EACCES;
	xs_expire(&bench->xs);
	assert_true(goes_out(bench));
	answers(bench, "9");
	assert_true(goes_out(bench));
	answers(bench, "x");
	assert_int_equal(it.dones, 1);
	assert_int_equal(it.error, PV_EACCES);
	sends(bench, XEN_STORE_TRANSACTION_END, "F");
	assert_int_equal(bench->header.tx_id, 9);
	answers(bench, "OK");
	sends_nothing(bench);
}

static void
test_transaction_ids_that_are_none(void **state)
{
	static const char *const ids[] = { "", "0", "x", "-1", "4294967296",
		"1 " };
	struct bench *bench = *state;
	struct transacted it;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		transact(bench, &it);
		xs_expire(&bench->xs);
		assert_true(goes_out(bench));
		answers(bench, ids[i]);
		assert_int_equal(it.dones, 1);
		assert_int_equal(it.error, PV_EPROTO);
		assert_int_equal(bench->stats.bad_value, i + 1);
		assert_int_equal(it.bodies, 0);
	}
}

/* Else it would count against the guest's quota for ever. */
static void
test_started_when_nobody_waits_any_more(void **state)
{
	struct bench *bench = *state;
	struct transacted it;
	uint32_t id;

	transact(bench, &it);
	xs_expire(&bench->xs);
	assert_true(goes_out(bench));
	id = bench->header.req_id;
	bench->now += XS_TIMEOUT;
	xs_expire(&bench->xs);
	assert_int_equal(it.error, PV_ETIMEDOUT);
	comes_in(bench, XEN_STORE_TRANSACTION_START, id, "23", 3);
	sends(bench, XEN_STORE_TRANSACTION_END, "F");
	assert_int_equal(bench->header.tx_id, 23);
	answers(bench, "OK");
	sends_nothing(bench);
}

static void
test_transaction_that_is_cancelled(void **state)
{
	struct bench *bench = *state;
	struct transacted it;

	/* before it began */
	transact(bench, &it);
	xs_transaction_cancel(&it.transaction);
	xs_expire(&bench->xs);
	sends_nothing(bench);
	/* with something of it under way */
	transact(bench, &it);
	xs_expire(&bench->xs);
	assert_true(goes_out(bench));
	answers(bench, "4");
	assert_true(goes_out(bench));
	xs_cancel(&bench->xs, &it.inside.request);
	xs_transaction_cancel(&it.transaction);
	sends(bench, XEN_STORE_TRANSACTION_END, "F");
	answers(bench, "OK");
	/* while it is ended */
	transact(bench, &it);
	to_the_end(bench, "5");
	xs_transaction_cancel(&it.transaction);
	answers(bench, "OK");
	sends_nothing(bench);
	assert_int_equal(it.dones, 0);
}

static void
test_no_more_transactions_than_the_quota(void **state)
{
	static struct transacted its[20];
	struct bench *bench = *state;
	unsigned started = 0;

	for (unsigned i = 0; i < 20; i++)
		transact(bench, &its[i]);
	for (unsigned i = 0; i < 5; i++)
		xs_expire(&bench->xs);
	while (goes_out(bench)) {
		assert_int_equal(bench->header.type,
		    XEN_STORE_TRANSACTION_START);
		started++;
	}
	assert_int_equal(started, XS_TRANSACTIONS);
	for (unsigned i = 0; i < 20; i++)
		xs_transaction_cancel(&its[i].transaction);
}

/* The number may be that of another transaction there. */
static void
test_transaction_and_another_connection(void **state)
{
	struct bench *bench = *state;
	struct transacted it;

	transact(bench, &it);
	xs_expire(&bench->xs);
	assert_true(goes_out(bench));
	answers(bench, "4");
	assert_true(goes_out(bench));
	xs_restart(&bench->xs);
	sends_nothing(bench);
	bench->now += PV_SECOND;
	to_the_end(bench, "4");
	xs_restart(&bench->xs);
	bench->now += PV_SECOND;
	to_the_end(bench, "1");
	answers(bench, "OK");
	assert_int_equal(it.dones, 1);
	assert_int_equal(it.error, PV_OK);
	assert_int_equal(it.bodies, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		xs_test(test_watch_and_event),
		xs_test(test_event_with_junk_in_its_header),
		xs_test(test_54_events_of_0_1_3_strings),
		xs_test(test_54_tokens_unknown_and_huge),
		xs_test(test_54_flood),
		xs_test(test_events_within_a_budget),
		xs_test(test_event_that_is_not_wanted),
		xs_test(test_watch_that_removes_itself),
		xs_test(test_token_of_a_watch_before),
		xs_test(test_removed_before_it_is_set),
		xs_test(test_watch_that_is_refused),
		xs_test(test_watch_without_an_answer),
		xs_test(test_watch_that_is_not_greeted),
		xs_test(test_as_many_watches_as_a_guest_may_have),
		xs_test(test_watches_on_another_connection),
		xs_test(test_transaction),
		xs_test(test_transaction_that_is_disturbed),
		xs_test(test_56_disturbed_for_ever),
		xs_test(test_transaction_that_is_aborted),
		xs_test(test_transaction_ids_that_are_none),
		xs_test(test_started_when_nobody_waits_any_more),
		xs_test(test_transaction_that_is_cancelled),
		xs_test(test_no_more_transactions_than_the_quota),
		xs_test(test_transaction_and_another_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
