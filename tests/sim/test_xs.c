/* SPDX-License-Identifier: ISC */
/* The engine of XenStore's client, fed byte by byte: answers, and what a host
 * may say in their place. */
#include <stdio.h>

#include "tests/support/xs_bench.h"

/* ---- Requests --------------------------------------------------------- */

static void
test_request_and_answer(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	ask(bench, &asked, "name");
	sends(bench, XEN_STORE_READ, "name");
	assert_int_equal(bench->header.length, 5);
	assert_int_equal(bench->header.tx_id, 0);
	sends_nothing(bench);
	answers(bench, "guest");
	brought(&asked, "guest");
	assert_int_equal(bench->stats.requests, 1);
}

static void
test_parts_make_one_payload(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	asked.request = (struct xs_request){ .type = XEN_STORE_WRITE,
		.transaction = 77,
		.parts = { { "dir", 3 }, { "/key\0", 5 }, { "value", 5 } },
		.done = asked_done,
		.owner = &asked };
	assert_int_equal(xs_submit(&bench->xs, &asked.request), PV_OK);
	sends(bench, XEN_STORE_WRITE, "dir/key");
	assert_int_equal(bench->header.length, 13);
	assert_int_equal(bench->header.tx_id, 77);
	assert_memory_equal(bench->payload + 8, "value", 5);
	answers(bench, "OK");
	ended(&asked, PV_OK);
}

static void
test_52_answer_split_at_each_byte(void **state)
{
	struct bench *bench = *state;
	unsigned char message[16 + 300];
	struct xen_store_header header;

	for (size_t cut = 1; cut < sizeof(message); cut++) {
		struct asked asked = { .dones = 0 };

		ask(bench, &asked, "name");
		assert_true(goes_out(bench));
		header = bench->header;
		header.length = 300;
		memcpy(message, &header, sizeof(header));
		memset(message + sizeof(header), 'a', 300);
		assert_int_equal(xs_input(&bench->xs, message, cut), PV_OK);
		assert_int_equal(asked.dones, 0);
		assert_int_equal(xs_input(&bench->xs, message + cut,
				     sizeof(message) - cut),
		    PV_OK);
		ended(&asked, PV_OK);
		assert_int_equal(asked.length, 300);
	}
}

static void
test_many_messages_in_one_piece(void **state)
{
	struct bench *bench = *state;
	struct asked asked[XS_OUTSTANDING];
	unsigned char bytes[XS_OUTSTANDING * 17];

	memset(asked, 0, sizeof(asked));
	for (unsigned i = 0; i < XS_OUTSTANDING; i++) {
		ask(bench, &asked[i], "name");
		assert_true(goes_out(bench));
		bench->header.length = 1;
		memcpy(bytes + 17 * i, &bench->header, 16);
		bytes[17 * i + 16] = (unsigned char)('a' + i);
	}
	assert_int_equal(xs_input(&bench->xs, bytes, sizeof(bytes)), PV_OK);
	for (unsigned i = 0; i < XS_OUTSTANDING; i++) {
		ended(&asked[i], PV_OK);
		assert_int_equal(asked[i].reply[0], 'a' + (char)i);
	}
}

static void
test_answers_in_any_order(void **state)
{
	struct bench *bench = *state;
	struct asked asked[3] = { { .dones = 0 } };
	uint32_t ids[3];

	for (unsigned i = 0; i < 3; i++) {
		ask(bench, &asked[i], "name");
		assert_true(goes_out(bench));
		ids[i] = bench->header.req_id;
	}
	for (unsigned i = 3; i-- > 0;) {
		char text[2] = { (char)('0' + i), '\0' };

		bench->header.req_id = ids[i];
		answers(bench, text);
		brought(&asked[i], text);
	}
}

static void
test_no_more_than_the_quota_at_once(void **state)
{
	struct bench *bench = *state;
	struct asked asked[40];
	uint32_t first = 0;

	memset(asked, 0, sizeof(asked));
	for (unsigned i = 0; i < 40; i++)
		ask(bench, &asked[i], "name");
	for (unsigned i = 0; i < XS_OUTSTANDING; i++) {
		assert_true(goes_out(bench));
		if (i == 0)
			first = bench->header.req_id;
	}
	sends_nothing(bench);
	bench->header.req_id = first;
	answers(bench, "x");
	brought(&asked[0], "x");
	assert_true(goes_out(bench));
	sends_nothing(bench);
	for (unsigned i = 0; i < 40; i++)
		xs_cancel(&bench->xs, &asked[i].request);
	assert_int_equal(bench->xs.outstanding, 0);
}

static void
test_completion_that_asks_again(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	ask(bench, &asked, "name");
	asked.again = bench;
	assert_true(goes_out(bench));
	answers(bench, "one");
	assert_int_equal(asked.dones, 1);
	assert_true(goes_out(bench));
	answers(bench, "two");
	assert_int_equal(asked.dones, 2);
	assert_string_equal(asked.reply, "two");
}

static void
test_payload_limit(void **state)
{
	struct bench *bench = *state;
	static const char value[XEN_STORE_PAYLOAD_MAX];
	struct asked asked = { .dones = 0 };
	const size_t limits[] = { XEN_STORE_PAYLOAD_MAX, 4080 };

	for (unsigned i = 0; i < 2; i++) {
		bench->xs.limit = limits[i];
		asked.request = (struct xs_request){ .type = XEN_STORE_WRITE,
			.parts = { { "k", 2 }, { value, limits[i] - 1 } },
			.done = asked_done,
			.owner = &asked };
		assert_int_equal(xs_submit(&bench->xs, &asked.request),
		    PV_EMSGSIZE);
		asked.request.parts[1].size = SIZE_MAX;
		assert_int_equal(xs_submit(&bench->xs, &asked.request),
		    PV_EMSGSIZE);
		asked.request.parts[1].size = limits[i] - 2;
		assert_int_equal(xs_submit(&bench->xs, &asked.request), PV_OK);
		assert_true(goes_out(bench));
		assert_int_equal(bench->header.length, limits[i]);
		answers(bench, "OK");
		ended(&asked, PV_OK);
		asked.dones = 0;
	}
}

static void
test_cancelled_before_and_after_it_is_sent(void **state)
{
	struct bench *bench = *state;
	struct asked first = { .dones = 0 }, second = { .dones = 0 };

	ask(bench, &first, "one");
	ask(bench, &second, "two");
	xs_cancel(&bench->xs, &first.request);
	sends(bench, XEN_STORE_READ, "two");
	sends_nothing(bench);
	xs_cancel(&bench->xs, &second.request);
	xs_cancel(&bench->xs, &second.request);
	answers(bench, "late");
	assert_int_equal(first.dones + second.dones, 0);
	assert_int_equal(bench->xs.late, 1);
	assert_int_equal(bench->stats.bad_id, 0);
}

/* What has begun to go out goes out whole, or the host loses its place. */
static void
test_cancelled_half_way_out(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };
	const uint8_t *bytes;
	size_t size;

	ask(bench, &asked, "name");
	size = xs_output(&bench->xs, &bytes);
	assert_int_equal(size, 21);
	xs_sent(&bench->xs, 3);
	xs_cancel(&bench->xs, &asked.request);
	memset(&asked, '!', sizeof(asked));
	assert_int_equal(xs_output(&bench->xs, &bytes), 18);
	assert_string_equal((const char *)bytes + 13, "name");
	xs_sent(&bench->xs, 18);
	sends_nothing(bench);
}

/* ---- What the host may do --------------------------------------------- */

static void
test_29_no_answer(void **state)
{
	struct bench *bench = *state;
	struct asked sent = { .dones = 0 }, queued = { .dones = 0 };

	ask(bench, &sent, "name");
	assert_true(goes_out(bench));
	queued.request = (struct xs_request){ .type = XEN_STORE_READ,
		.parts = { { "x", 2 } },
		.deadline = bench->now + 3 * PV_SECOND,
		.done = asked_done,
		.owner = &queued };
	assert_int_equal(xs_submit(&bench->xs, &queued.request), PV_OK);
	assert_true(xs_deadline(&bench->xs) == bench->now + 3 * PV_SECOND);
	bench->now += 3 * PV_SECOND;
	xs_expire(&bench->xs);
	ended(&queued, PV_ETIMEDOUT);
	assert_int_equal(sent.dones, 0);
	bench->now += 7 * PV_SECOND;
	xs_expire(&bench->xs);
	ended(&sent, PV_ETIMEDOUT);
	assert_true(xs_deadline(&bench->xs) == PV_NEVER);
	sends_nothing(bench);
}

static void
test_29_answer_after_the_timeout(void **state)
{
	struct bench *bench = *state;
	struct asked late = { .dones = 0 }, next = { .dones = 0 };
	uint32_t id;

	ask(bench, &late, "one");
	assert_true(goes_out(bench));
	id = bench->header.req_id;
	bench->now += XS_TIMEOUT;
	xs_expire(&bench->xs);
	ended(&late, PV_ETIMEDOUT);
	ask(bench, &next, "two");
	assert_true(goes_out(bench));
	assert_int_not_equal(bench->header.req_id, id);
	assert_int_equal(comes_in(bench, XEN_STORE_READ, id, "one", 3), PV_OK);
	assert_int_equal(next.dones, 0);
	answers(bench, "two");
	brought(&next, "two");
	assert_int_equal(bench->stats.bad_id, 0);
	assert_int_equal(late.dones, 1);
}

/* A host that has not answered 100 requests is still asked. */
static void
test_29_ids_of_lost_requests_do_not_run_out(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };
	uint32_t ids[100];

	for (unsigned i = 0; i < 100; i++) {
		ask(bench, &asked, "name");
		assert_true(goes_out(bench));
		ids[i] = bench->header.req_id;
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
		bench->now += XS_TIMEOUT;
		xs_expire(&bench->xs);
		ended(&asked, PV_ETIMEDOUT);
	}
	/* all of them come, of which some are remembered */
	for (unsigned i = 0; i < 100; i++)
		comes_in(bench, XEN_STORE_READ, ids[i], "x", 1);
	assert_int_equal(asked.dones, 1);
	assert_int_equal(bench->xs.late + bench->stats.bad_id, 100);
	assert_true(bench->xs.late >= XS_OUTSTANDING);
}

static void
test_29_answer_before_the_request(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	for (uint32_t id = 0; id < 200; id++)
		comes_in(bench, XEN_STORE_READ, id, "x", 1);
	comes_in(bench, XEN_STORE_READ, UINT32_MAX, "x", 1);
	assert_int_equal(bench->stats.bad_id, 201);
	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	answers(bench, "x");
	brought(&asked, "x");
}

static void
test_29_answer_twice(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 }, next = { .dones = 0 };

	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	answers(bench, "x");
	answers(bench, "y");
	brought(&asked, "x");
	assert_int_equal(bench->stats.bad_id, 1);
	/* the slot is used again, with another id */
	ask(bench, &next, "name");
	assert_true(goes_out(bench));
	bench->header.req_id -= XS_SLOTS;
	answers(bench, "old");
	assert_int_equal(next.dones, 0);
	assert_int_equal(bench->stats.bad_id, 2);
	bench->header.req_id += XS_SLOTS;
	answers(bench, "new");
	brought(&next, "new");
}

static void
test_51_answer_of_another_type(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	bench->header.type = XEN_STORE_DIRECTORY;
	answers(bench, "x");
	ended(&asked, PV_EPROTO);
	assert_int_equal(bench->stats.bad_value, 1);
}

static void
test_51_answer_with_another_id(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	bench->header.req_id ^= 1;
	answers(bench, "x");
	assert_int_equal(asked.dones, 0);
	assert_int_equal(bench->stats.bad_id, 1);
	bench->now += XS_TIMEOUT;
	xs_expire(&bench->xs);
	ended(&asked, PV_ETIMEDOUT);
}

static void
test_52_length_over_the_limit(void **state)
{
	struct bench *bench = *state;
	const uint32_t lengths[] = { 4097, 65536, UINT32_MAX };
	struct asked asked = { .dones = 0 };

	for (unsigned i = 0; i < 3; i++) {
		struct xen_store_header header = { .length = lengths[i] };

		asked.dones = 0;
		ask(bench, &asked, "name");
		assert_int_equal(xs_input(&bench->xs, &header, sizeof(header)),
		    PV_EPROTO);
		assert_int_equal(xs_input(&bench->xs, &header, sizeof(header)),
		    PV_EPROTO);
		assert_int_equal(bench->stats.bad_length, i + 1);
		xs_fail_all(&bench->xs, PV_EPROTO);
		ended(&asked, PV_EPROTO);
		xs_restart(&bench->xs);
		assert_int_equal(xs_input(&bench->xs, "", 0), PV_OK);
	}
}

static void
test_52_longest_and_empty_answers(void **state)
{
	struct bench *bench = *state;
	static char bytes[XEN_STORE_PAYLOAD_MAX];
	struct asked asked = { .dones = 0 };

	memset(bytes, 'z', sizeof(bytes));
	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	assert_int_equal(comes_in(bench, XEN_STORE_READ, bench->header.req_id,
			     bytes, sizeof(bytes)),
	    PV_OK);
	ended(&asked, PV_OK);
	assert_int_equal(asked.length, sizeof(bytes));
	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	answers(bench, "");
	brought(&asked, "");
}

static void
test_error_names(void **state)
{
	static const struct {
		const char *name;
		int error;
	} names[] = {
		{ "EINVAL", PV_EINVAL },
		{ "EACCES", PV_EACCES },
		{ "ENOENT", PV_ENOENT },
		{ "ENOSPC", PV_ENOMEM },
		{ "ENOSYS", PV_ENOTSUP },
		{ "EROFS", PV_EROFS },
		{ "EBUSY", PV_EBUSY },
		{ "EAGAIN", PV_EAGAIN },
		{ "E2BIG", PV_EMSGSIZE },
		{ "EPERM", PV_EACCES },
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct asked asked = { .dones = 0 };

		ask(bench, &asked, "name");
		assert_true(goes_out(bench));
		fails(bench, names[i].name);
		ended(&asked, names[i].error);
	}
	assert_int_equal(bench->stats.bad_text, 0);
}

static void
test_53_unknown_error(void **state)
{
	static const char *const names[] = { "EUNHEARDOF", "", "ENOENTX", "E",
		"enoent" };
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct asked asked = { .dones = 0 };

		ask(bench, &asked, "name");
		assert_true(goes_out(bench));
		fails(bench, names[i]);
		ended(&asked, PV_EIO);
		assert_int_equal(bench->stats.bad_text, i + 1);
	}
}

static void
test_53_error_without_a_nul(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	comes_in(bench, XEN_STORE_ERROR, bench->header.req_id, "ENOENT", 6);
	ended(&asked, PV_ENOENT);
	assert_int_equal(bench->stats.bad_text, 1);
	asked.dones = 0;
	ask(bench, &asked, "name");
	assert_true(goes_out(bench));
	comes_in(bench, XEN_STORE_ERROR, bench->header.req_id, "", 0);
	ended(&asked, PV_EIO);
}

/* ---- Another connection ----------------------------------------------- */

static void
test_restart_sends_again(void **state)
{
	struct bench *bench = *state;
	struct asked sent[2] = { { .dones = 0 } }, queued = { .dones = 0 };
	struct asked inside = { .dones = 0 }, half = { .dones = 0 };
	const uint8_t *bytes;
	uint32_t old;

	ask(bench, &sent[0], "one");
	ask(bench, &sent[1], "two");
	inside.request = (struct xs_request){ .type = XEN_STORE_READ,
		.transaction = 5,
		.parts = { { "in", 3 } },
		.done = asked_done,
		.owner = &inside };
	assert_int_equal(xs_submit(&bench->xs, &inside.request), PV_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_true(goes_out(bench));
	old = bench->header.req_id;
	ask(bench, &half, "half");
	assert_int_equal(xs_output(&bench->xs, &bytes), 21);
	xs_sent(&bench->xs, 5);
	ask(bench, &queued, "three");
	xs_restart(&bench->xs);
	/* nobody knows that transaction any more */
	ended(&inside, PV_EAGAIN);
	sends(bench, XEN_STORE_READ, "one");
	sends(bench, XEN_STORE_READ, "two");
	sends(bench, XEN_STORE_READ, "half");
	sends(bench, XEN_STORE_READ, "three");
	answers(bench, "3");
	brought(&queued, "3");
	sends_nothing(bench);
	comes_in(bench, XEN_STORE_READ, old, "x", 1);
	assert_int_equal(bench->stats.bad_id, 1);
	xs_fail_all(&bench->xs, PV_EIO);
	ended(&sent[0], PV_EIO);
	ended(&sent[1], PV_EIO);
	ended(&half, PV_EIO);
}

/* The first remove was heard, and its answer was lost. */
static void
test_removed_before_the_restart(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	assert_int_equal(try_ask(bench, &asked, XEN_STORE_RM, "gone"), PV_OK);
	assert_true(goes_out(bench));
	xs_restart(&bench->xs);
	sends(bench, XEN_STORE_RM, "gone");
	fails(bench, "ENOENT");
	ended(&asked, PV_OK);
	assert_int_equal(try_ask(bench, &asked, XEN_STORE_RM, "gone"), PV_OK);
	assert_true(goes_out(bench));
	fails(bench, "ENOENT");
	ended(&asked, PV_ENOENT);
}

static void
test_nothing_is_sent_while_paused(void **state)
{
	struct bench *bench = *state;
	struct asked first = { .dones = 0 }, second = { .dones = 0 };
	const uint8_t *bytes;

	ask(bench, &first, "name");
	assert_int_equal(xs_output(&bench->xs, &bytes), 21);
	xs_sent(&bench->xs, 1);
	bench->xs.paused = true;
	ask(bench, &second, "name");
	/* what has begun is ended */
	assert_int_equal(xs_output(&bench->xs, &bytes), 20);
	xs_sent(&bench->xs, 20);
	assert_int_equal(xs_output(&bench->xs, &bytes), 0);
	bench->xs.paused = false;
	sends(bench, XEN_STORE_READ, "name");
	answers(bench, "x");
	brought(&second, "x");
	xs_cancel(&bench->xs, &first.request);
}

static void
test_nothing_is_taken_after_the_end(void **state)
{
	struct bench *bench = *state;
	struct asked asked = { .dones = 0 };

	ask(bench, &asked, "name");
	xs_die(&bench->xs, PV_EPROTO);
	ended(&asked, PV_EPROTO);
	assert_int_equal(try_ask(bench, &asked, XEN_STORE_READ, "name"),
	    PV_EPROTO);
	assert_int_equal(asked.dones, 0);
	sends_nothing(bench);
}

/* ---- Texts ------------------------------------------------------------ */

static void
test_28_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t limit;
		bool good;
		uint64_t number;
	} numbers[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "0x1", 10, false, 0 },
		{ "000000000000000000000000000007", 10, true, 7 },
		{ "18446744073709551609", UINT64_MAX, true, UINT64_MAX - 6 },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999999", UINT64_MAX, false, 0 },
	};
	static char digits[4096];
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		number = 0;
		assert_int_equal(xs_number(numbers[i].text,
				     strlen(numbers[i].text), numbers[i].limit,
				     &number),
		    numbers[i].good);
		if (numbers[i].good)
			assert_true(number == numbers[i].number);
	}
	memset(digits, '9', sizeof(digits));
	assert_false(xs_number(digits, sizeof(digits), UINT64_MAX, &number));
}

static void
test_decimals(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 9, 10, 65535, 65536,
		4294967295u, 4294967296u, 1000000000000000000u,
		9999999999999999999u, UINT64_MAX };
	char text[21], expected[32];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(expected, sizeof(expected), "%llu",
		    (unsigned long long)numbers[i]);
		assert_int_equal(xs_decimal(text, numbers[i]),
		    strlen(expected));
		assert_string_equal(text, expected);
	}
}

static void
test_paths(void **state)
{
	static const char *const good[] = { "/", "a", "a/b", "/a/b-c_d@e",
		"A/9", "@releaseDomain" };
	static const char *const bad[] = { "", "//", "a//b", "a/", "/a/", "a b",
		"a.b", "a\nb", "\xc3\xa9" };
	static char path[XEN_STORE_ABS_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(xs_path_ok(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(xs_path_ok(bad[i], strlen(bad[i])));
	memset(path, 'a', sizeof(path));
	assert_true(xs_path_ok(path, XEN_STORE_REL_PATH_MAX));
	assert_false(xs_path_ok(path, XEN_STORE_REL_PATH_MAX + 1));
	path[0] = '/';
	assert_true(xs_path_ok(path, XEN_STORE_ABS_PATH_MAX));
	assert_false(xs_path_ok(path, XEN_STORE_ABS_PATH_MAX + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		xs_test(test_request_and_answer),
		xs_test(test_parts_make_one_payload),
		xs_test(test_52_answer_split_at_each_byte),
		xs_test(test_many_messages_in_one_piece),
		xs_test(test_answers_in_any_order),
		xs_test(test_no_more_than_the_quota_at_once),
		xs_test(test_completion_that_asks_again),
		xs_test(test_payload_limit),
		xs_test(test_cancelled_before_and_after_it_is_sent),
		xs_test(test_cancelled_half_way_out),
		xs_test(test_29_no_answer),
		xs_test(test_29_answer_after_the_timeout),
		xs_test(test_29_ids_of_lost_requests_do_not_run_out),
		xs_test(test_29_answer_before_the_request),
		xs_test(test_29_answer_twice),
		xs_test(test_51_answer_of_another_type),
		xs_test(test_51_answer_with_another_id),
		xs_test(test_52_length_over_the_limit),
		xs_test(test_52_longest_and_empty_answers),
		xs_test(test_error_names),
		xs_test(test_53_unknown_error),
		xs_test(test_53_error_without_a_nul),
		xs_test(test_restart_sends_again),
		xs_test(test_removed_before_the_restart),
		xs_test(test_nothing_is_sent_while_paused),
		xs_test(test_nothing_is_taken_after_the_end),
		xs_test(test_28_numbers),
		xs_test(test_decimals),
		xs_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
