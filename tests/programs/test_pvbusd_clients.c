/* SPDX-License-Identifier: ISC */
/*
 * pvbusd and its clients: the requests that are answered, and every way in
 * which a client misbehaves, each while another one must be answered at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/daemon.h"

/* Two 64-bit words each: length and address of key and value. */
struct openbsd_request {
	uint64_t keylen, key, valuelen, value;
};

#define MESSAGE_MAX 4096

static struct answer answer;

/* A request of the second set that is right in all but what a test changes. */
struct message {
	struct socket_request header;
	struct pvbus_kv_wire kv;
	char rest[128]; /* key, then value */
};

static struct message
good_message(uint32_t cmd)
{
	struct message message = {
		.header = { SOCKET_MAGIC, cmd, SOCKET_WRITABLE,
		    sizeof(struct message) - sizeof(struct socket_request) },
		.kv = { .version = PVBUS_KV_ABI,
		    .key = sizeof(message.kv),
		    .keylen = (uint32_t)strlen(GREETING_KEY),
		    .value = sizeof(message.kv) + 64,
		    .valuelen = 64 },
		.rest = GREETING_KEY,
	};

	return message;
}

static int
error_of(int fd, const struct message *message)
{
	client_send(fd, message, sizeof(*message));
	client_answer(fd, &answer);
	return answer.error;
}

/* ---- What is answered ------------------------------------------------- */

static void
test_large_binary_value(void **state)
{
	static unsigned char bytes[LARGE_SIZE];
	struct pvbusd *d = *state;

	make_large(bytes);
	client_reads(d->beside, LARGE_KEY, bytes, LARGE_SIZE);
	client_reads(d->beside, "opt/empty", "", 0);
}

static void
test_missing_key(void **state)
{
	struct pvbusd *d = *state;

	assert_int_equal(client_ask(d->beside, PVBUS_CMD_GET, 0, "opt/none",
			     &answer),
	    ENOENT);
	assert_int_equal(answer.data_len, 0);
	client_reads_greeting(d->beside);
}

static void
test_list_and_info(void **state)
{
	static const char names[] = "empty\0greeting\0large";
	struct pvbusd *d = *state;

	assert_int_equal(client_ask(d->beside, PVBUS_CMD_LIST, 0, "opt/",
			     &answer),
	    0);
	assert_int_equal(answer.data_len, sizeof(names));
	assert_memory_equal(answer.data, names, sizeof(names));
	assert_int_equal(client_ask(d->beside, PVBUS_CMD_INFO, 0, "", &answer),
	    0);
	answer.data[answer.data_len] = '\0';
	assert_non_null(strstr((char *)answer.data, "interface KVM\n"));
}

static void
test_first_set(void **state)
{
	static const char key[] = GREETING_KEY;
	struct {
		struct openbsd_request request;
		char key[sizeof(key)];
	} body = { { strlen(key), sizeof(body.request), 64, 0 }, GREETING_KEY };
	struct pvbusd *d = *state;

	client_request(d->beside, PVBUS_LP64_KVREAD, 0, &body, sizeof(body));
	client_answer(d->beside, &answer);
	assert_int_equal(answer.error, 0);
	assert_int_equal(answer.structure, 0);
	assert_int_equal(answer.data_len, sizeof(GREETING));
	assert_memory_equal(answer.data, GREETING, sizeof(GREETING));
	client_request(d->beside, PVBUS_LP64_TYPE, 0, &body.request,
	    sizeof(body.request));
	client_answer(d->beside, &answer);
	assert_int_equal(answer.error, 0);
	assert_int_equal(answer.data_len, 4);
	assert_memory_equal(answer.data, "KVM", 4);
}

static void
test_pipelined_requests_are_answered_in_order(void **state)
{
	static const char *const keys[] = { GREETING_KEY, "opt/none",
		"opt/empty", LARGE_KEY };
	static const int errors[] = { 0, ENOENT, 0, 0 };
	static const size_t sizes[] = { sizeof(GREETING) - 1, 0, 0,
		LARGE_SIZE };
	struct pvbusd *d = *state;
	unsigned char message[MESSAGE_MAX];
	int fd = client_open(d);

	for (unsigned i = 0; i < 100; i++)
		client_send(fd, message,
		    make_request(message, PVBUS_CMD_GET, 0, keys[i % 4], NULL,
			0));
	pvbusd_serves_others(d);
	for (unsigned i = 0; i < 100; i++) {
		client_answer(fd, &answer);
		assert_int_equal(answer.error, errors[i % 4]);
		assert_int_equal(answer.data_len, sizes[i % 4]);
	}
	close(fd);
}

/* ---- Half a message --------------------------------------------------- */

static void
test_says_nothing(void **state)
{
	struct pvbusd *d = *state;
	int fd = client_open(d);

	pvbusd_serves_others(d);
	client_waits(fd);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_half_a_header(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	client_send(fd, &message, sizeof(message.header) / 2);
	pvbusd_serves_others(d);
	client_waits(fd);
	client_send(fd, (char *)&message + sizeof(message.header) / 2,
	    sizeof(message) - sizeof(message.header) / 2);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, 0);
	close(fd);
}

static void
test_half_a_body(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	client_send(fd, &message, sizeof(message) / 2);
	pvbusd_serves_others(d);
	client_waits(fd);
	client_send(fd, (char *)&message + sizeof(message) / 2,
	    sizeof(message) - sizeof(message) / 2);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, 0);
	close(fd);
}

static void
test_one_byte_at_a_time(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	for (size_t i = 0; i < sizeof(message); i++) {
		client_waits(fd);
		client_send(fd, (char *)&message + i, 1);
		client_reads_greeting(d->beside);
	}
	client_answer(fd, &answer);
	assert_int_equal(answer.error, 0);
	assert_memory_equal(answer.data, GREETING, strlen(GREETING));
	close(fd);
}

static void
test_half_a_body_and_gone(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	client_send(fd, &message, sizeof(message) / 2);
	pvbusd_settle(d);
	close(fd);
	pvbusd_serves_others(d);
	pvbusd_lets_go(d);
}

static void
test_half_closed_after_sending(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	client_send(fd, &message, sizeof(message));
	client_send(fd, &message, sizeof(message));
	shutdown(fd, SHUT_WR);
	pvbusd_serves_others(d);
	for (unsigned i = 0; i < 2; i++) {
		client_answer(fd, &answer);
		assert_int_equal(answer.error, 0);
	}
	assert_true(client_is_closed(fd, DEADLINE));
	close(fd);
}

/* ---- Nonsense --------------------------------------------------------- */

static void
closed_for_header(struct pvbusd *d, uint32_t magic, uint32_t length)
{
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	message.header.magic = magic;
	message.header.length = length;
	client_send(fd, &message, sizeof(message));
	assert_true(client_is_closed(fd, AT_ONCE));
	pvbusd_serves_others(d);
	close(fd);
}

static void
test_wrong_magic(void **state)
{
	closed_for_header(*state, SOCKET_MAGIC + 1, 64);
	closed_for_header(*state, 0, 0);
}

static void
test_length_above_the_maximum(void **state)
{
	closed_for_header(*state, SOCKET_MAGIC, SOCKET_MAX_LENGTH + 1);
	closed_for_header(*state, SOCKET_MAGIC, UINT32_MAX);
}

static void
test_length_at_the_maximum(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	char *rest = calloc(1, SOCKET_MAX_LENGTH);
	int fd = client_open(d);

	message.header.length = SOCKET_MAX_LENGTH;
	client_send(fd, &message, sizeof(message));
	client_send(fd, rest,
	    SOCKET_MAX_LENGTH + sizeof(message.header) - sizeof(message));
	client_answer(fd, &answer);
	assert_int_equal(answer.error, 0);
	client_reads_greeting(fd);
	close(fd);
	free(rest);
}

static void
test_length_zero(void **state)
{
	struct pvbusd *d = *state;
	int fd = client_open(d);

	client_request(fd, PVBUS_CMD_GET, 0, NULL, 0);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, EFAULT);
	client_request(fd, PVBUS_LP64_TYPE, 0, NULL, 0);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, EFAULT);
	client_request(fd, 12345, 0, NULL, 0);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, ENOTTY);
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_structure_cut_short(void **state)
{
	static const char zeros[sizeof(struct pvbus_kv_wire)];
	struct pvbusd *d = *state;
	int fd = client_open(d);

	for (size_t size = 1; size < sizeof(zeros); size += 9) {
		client_request(fd, PVBUS_CMD_GET, 0, zeros, size);
		client_answer(fd, &answer);
		assert_int_equal(answer.error, EFAULT);
	}
	client_request(fd, PVBUS_LP64_KVREAD, 0, zeros,
	    sizeof(struct openbsd_request) - 1);
	client_answer(fd, &answer);
	assert_int_equal(answer.error, EFAULT);
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

/* Where an address may point to that lies: nowhere near, one byte too far,
 * and so that a sum of address and length is small again. */
static const uint64_t lies[] = { UINT64_MAX, UINT64_MAX - 7, 1ull << 63,
	1ull << 32, SOCKET_MAX_LENGTH, sizeof(struct message) };

static void
test_lying_address_of_the_key(void **state)
{
	struct pvbusd *d = *state;
	struct message message;
	int fd = client_open(d);

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		message = good_message(PVBUS_CMD_GET);
		message.kv.key = lies[i];
		assert_int_equal(error_of(fd, &message), EFAULT);
	}
	message = good_message(PVBUS_CMD_GET);
	message.kv.key = message.header.length - message.kv.keylen + 1;
	assert_int_equal(error_of(fd, &message), EFAULT);
	message.kv.key--;
	assert_int_equal(error_of(fd, &message), EINVAL); /* NULs */
	message.kv.key = sizeof(message.kv);
	message.kv.keylen = 65536;
	assert_int_equal(error_of(fd, &message), EFAULT);
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_lying_address_of_the_value(void **state)
{
	struct pvbusd *d = *state;
	struct message message;
	int fd = client_open(d);

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		message = good_message(PVBUS_CMD_PUT);
		message.kv.value = lies[i];
		assert_int_equal(error_of(fd, &message), EFAULT);
		/* where the answer goes is the client's own affair */
		message.header.cmd = PVBUS_CMD_GET;
		assert_int_equal(error_of(fd, &message), 0);
		assert_memory_equal(answer.data, GREETING, strlen(GREETING));
	}
	message = good_message(PVBUS_CMD_PUT);
	message.kv.valuelen = 65536;
	assert_int_equal(error_of(fd, &message), EFAULT);
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_lying_addresses_of_the_first_set(void **state)
{
	struct pvbusd *d = *state;
	struct openbsd_request request;
	int fd = client_open(d);

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		request = (struct openbsd_request){ 8, lies[i], 8, 0 };
		client_request(fd, PVBUS_LP64_KVREAD, 0, &request,
		    sizeof(request));
		client_answer(fd, &answer);
		assert_int_equal(answer.error, EFAULT);
		request = (struct openbsd_request){ 8, 0, 8, lies[i] };
		client_request(fd, PVBUS_LP64_KVWRITE, SOCKET_WRITABLE,
		    &request, sizeof(request));
		client_answer(fd, &answer);
		assert_int_equal(answer.error, EFAULT);
	}
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_lengths_of_four_billion(void **state)
{
	struct pvbusd *d = *state;
	struct openbsd_request request = { 8, sizeof(request), UINT64_MAX, 0 };
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	message.kv.valuelen = UINT32_MAX;
	assert_int_equal(error_of(fd, &message), ENAMETOOLONG);
	message.kv.valuelen = 65537;
	assert_int_equal(error_of(fd, &message), ENAMETOOLONG);
	message.header.cmd = PVBUS_CMD_PUT;
	message.kv.valuelen = UINT32_MAX;
	assert_int_equal(error_of(fd, &message), ENAMETOOLONG);
	message.header.cmd = PVBUS_CMD_GET;
	message.kv.keylen = UINT32_MAX;
	assert_int_equal(error_of(fd, &message), ENAMETOOLONG);
	client_request(fd, PVBUS_LP64_KVREAD, 0, &request, sizeof(request));
	client_answer(fd, &answer);
	assert_int_equal(answer.error, EFAULT); /* the key is looked at first */
	request.key = 0;
	client_request(fd, PVBUS_LP64_KVREAD, 0, &request, sizeof(request));
	client_answer(fd, &answer);
	assert_int_equal(answer.error, ENAMETOOLONG);
	request.keylen = UINT64_MAX;
	client_request(fd, PVBUS_LP64_KVREAD, 0, &request, sizeof(request));
	client_answer(fd, &answer);
	assert_int_equal(answer.error, ENAMETOOLONG);
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_fields_that_must_be_zero(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = client_open(d);

	message.kv.version = 2;
	assert_int_equal(error_of(fd, &message), EINVAL);
	message = good_message(PVBUS_CMD_GET);
	message.kv.reserved = 1;
	assert_int_equal(error_of(fd, &message), EINVAL);
	message = good_message(PVBUS_CMD_GET);
	message.kv.flags = 1u << 31;
	assert_int_equal(error_of(fd, &message), EINVAL);
	message = good_message(PVBUS_CMD_GET);
	message.kv.offset = 1;
	assert_int_equal(error_of(fd, &message), EINVAL);
	pvbusd_serves_others(d);
	close(fd);
}

static void
test_unknown_commands(void **state)
{
	static const uint32_t commands[] = { 0, UINT32_MAX, 0x5601,
		PVBUS_CMD_INFO + 1, PVBUS_CMD_GET - 1, PVBUS_CMD_GET ^ 1u << 31,
		PVBUS_LP64_KVREAD ^ 1u << 30 };
	struct pvbusd *d = *state;
	struct message message;
	int fd = client_open(d);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		message = good_message(commands[i]);
		assert_int_equal(error_of(fd, &message), ENOTTY);
		assert_int_equal(answer.structure, 0);
	}
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

/* Both ends of a socket are one ABI. */
static void
test_commands_of_32_bit_callers(void **state)
{
	static const uint32_t commands[] = { PVBUS_ILP32_KVREAD,
		PVBUS_ILP32_KVWRITE, PVBUS_ILP32_TYPE };
	struct pvbusd *d = *state;
	struct message message;
	int fd = client_open(d);

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		message = good_message(commands[i]);
		assert_int_equal(error_of(fd, &message), ENOTTY);
	}
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

/* The 32 numbers that are OpenBSD's: three are taken. */
static void
test_every_number_of_the_first_set(void **state)
{
	struct pvbusd *d = *state;
	struct message message;
	int fd = client_open(d);

	for (uint32_t number = 0; number < 32; number++) {
		bool known = number >= 1 && number <= 3;

		message = good_message((PVBUS_LP64_KVREAD & ~0xffu) | number);
		assert_int_equal(error_of(fd, &message) == ENOTTY, !known);
		message = good_message((PVBUS_ILP32_KVREAD & ~0xffu) | number);
		assert_int_equal(error_of(fd, &message), ENOTTY);
		message = good_message((PVBUS_CMD_GET & ~0xffu) | number);
		assert_int_equal(error_of(fd, &message), ENOTTY);
	}
	pvbusd_serves_others(d);
	client_reads_greeting(fd);
	close(fd);
}

/* Bytes that no program would send, some behind a header that is right. */
static void
test_random_bytes(void **state)
{
	struct pvbusd *d = *state;
	unsigned char bytes[512];
	unsigned seed = 0;
	int fd;

	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = 1;
	if (getenv("PVBUS_SEED") != NULL)
		seed = (unsigned)strtoul(getenv("PVBUS_SEED"), NULL, 0);
	print_message("# PVBUS_SEED=%u\n", seed);
	srandom(seed);
	for (unsigned round = 0; round < 200; round++) {
		struct message message = good_message(
		    PVBUS_CMD_GET + (uint32_t)(random() % 6));

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)random();
		if (round % 2 == 0)
			message.header.length = sizeof(bytes);
		fd = client_open(d);
		if (round % 4 < 3)
			client_send(fd, &message,
			    round % 4 == 1 ? sizeof(message.header)
					   : sizeof(message) - 32);
		/* it may be closed before all is sent */
		send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		close(fd);
	}
	pvbusd_serves_others(d);
}

/* ---- Many ------------------------------------------------------------- */

static bool
room_for_descriptors(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur >= 1200;
}

static unsigned
count_open(const int *fds, unsigned count)
{
	unsigned open = 0;

	for (unsigned i = 0; i < count; i++)
		open += !client_is_closed(fds[i], 0);
	return open;
}

static void
flood(const struct pvbusd *d, int *fds, unsigned count, uid_t uid)
{
	for (unsigned i = 0; i < count; i++)
		fds[i] = client_open_as(d, uid);
	pvbusd_settle(d);
}

static void
close_all(int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

static void
test_flood_of_1000_connections(void **state)
{
	struct pvbusd *d = *state;
	static int fds[1000];
	double end = now() + DEADLINE;

	if (!room_for_descriptors())
		skip_test("too few descriptors are allowed");
	flood(d, fds, 1000, geteuid());
	/* all places are taken by us: the others were sent away */
	while (count_open(fds, 1000) > 255 && now() < end)
		pvbusd_settle(d);
	assert_int_equal(count_open(fds, 1000), 255);
	client_reads_greeting(fds[0]);
	client_reads_greeting(d->beside);
	close_all(fds, 1000);
	pvbusd_lets_go(d);
	pvbusd_serves_others(d);
}

static void
test_places_are_those_of_the_configuration(void **state)
{
	struct pvbusd *d = *state;
	double end = now() + DEADLINE;
	int fds[10];

	pvbusd_configure_also(d, "clients 4\n");
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	flood(d, fds, 10, geteuid());
	while (count_open(fds, 10) > 3 && now() < end)
		pvbusd_settle(d);
	assert_int_equal(count_open(fds, 10), 3);
	close_all(fds, 10);
}

static void
open_to_all(const struct pvbusd *d)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/pvbus0", d->sockets);
	assert_int_equal(chmod(path, 0666), 0);
}

/* Who is not trusted gets a quarter of the places, and leaves the others. */
static void
test_another_user_takes_a_quarter(void **state)
{
	struct pvbusd *d = *state;
	static int fds[300];
	double end = now() + DEADLINE;

	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	if (!room_for_descriptors())
		skip_test("too few descriptors are allowed");
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	open_to_all(d);
	flood(d, fds, 300, NOBODY);
	while (count_open(fds, 300) > 64 && now() < end)
		pvbusd_settle(d);
	assert_int_equal(count_open(fds, 300), 64);
	client_reads_greeting(fds[0]);
	pvbusd_serves_others(d);
	close_all(fds, 300);
	pvbusd_lets_go(d);
	fds[0] = client_open_as(d, NOBODY);
	client_reads_greeting(fds[0]);
	close(fds[0]);
}

/* However many they are, the last quarter is not theirs. */
static void
test_many_users_do_not_lock_root_out(void **state)
{
	struct pvbusd *d = *state;
	static int fds[400];
	double end = now() + DEADLINE;

	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	if (!room_for_descriptors())
		skip_test("too few descriptors are allowed");
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	open_to_all(d);
	for (unsigned i = 0; i < 4; i++)
		flood(d, fds + 100 * i, 100, NOBODY - i);
	while (count_open(fds, 400) > 191 && now() < end)
		pvbusd_settle(d);
	assert_int_equal(count_open(fds, 400), 191);
	pvbusd_serves_others(d);
	close_all(fds, 400);
}

/* Fewer descriptors than places: they are shared in the same way. */
static void
test_few_descriptors_do_not_lock_root_out(void **state)
{
	struct pvbusd *d = *state;
	int fds[120];

	if (geteuid() != 0)
		skip_test(NOT_ROOT);
	d->limit = 64;
	pvbusd_start(d, "-H", "sim:kvm", NULL);
	pvbusd_has_said(d, "clients only: no more descriptors are allowed");
	open_to_all(d);
	for (unsigned i = 0; i < 4; i++)
		flood(d, fds + 30 * i, 30, NOBODY - i);
	pvbusd_serves_others(d);
	close_all(fds, 120);
}

/* As many large requests at once as there are places, none read in time. */
static void
test_flood_of_requests(void **state)
{
	struct pvbusd *d = *state;
	unsigned char message[MESSAGE_MAX];
	int fds[100];
	size_t size = make_request(message, PVBUS_CMD_GET, 0, LARGE_KEY, NULL,
	    0);

	flood(d, fds, 100, geteuid());
	for (unsigned round = 0; round < 10; round++)
		for (unsigned i = 0; i < 100; i++)
			client_send(fds[i], message, size);
	pvbusd_serves_others(d);
	for (unsigned i = 0; i < 100; i += 33)
		for (unsigned round = 0; round < 10; round++) {
			client_answer(fds[i], &answer);
			assert_int_equal(answer.data_len, LARGE_SIZE);
		}
	close_all(fds, 100);
}

/* ---- Gone in the middle ----------------------------------------------- */

/* A watch of what does not change, taken by pvbusd. */
static int
open_watch(const struct pvbusd *d)
{
	int fd = client_open(d);
	struct message message = good_message(PVBUS_CMD_WATCH);

	assert_int_equal(error_of(fd, &message), 0);
	message.kv.seen = answer.kv.seen;
	assert_int_not_equal(message.kv.seen, 0);
	client_send(fd, &message, sizeof(message));
	pvbusd_settle(d);
	client_waits(fd);
	return fd;
}

static void
test_vanishes_in_the_middle_of_a_watch(void **state)
{
	struct pvbusd *d = *state;
	int fd = open_watch(d);

	pvbusd_serves_others(d);
	close(fd);
	pvbusd_lets_go(d);
	pvbusd_serves_others(d);
}

static void
test_half_closed_in_the_middle_of_a_watch(void **state)
{
	struct pvbusd *d = *state;
	int fd = open_watch(d);

	shutdown(fd, SHUT_WR);
	pvbusd_settle(d);
	assert_false(client_is_closed(fd, 0));
	pvbusd_serves_others(d);
	close(fd);
}

static void
test_talks_in_the_middle_of_a_watch(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_GET);
	int fd = open_watch(d);

	client_send(fd, &message, sizeof(message));
	pvbusd_serves_others(d);
	client_waits(fd); /* one request at a time */
	close(fd);
	pvbusd_lets_go(d);
}

static void
test_watch_with_a_timeout(void **state)
{
	struct pvbusd *d = *state;
	struct message message = good_message(PVBUS_CMD_WATCH);
	int fd = client_open(d);
	double start;

	assert_int_equal(error_of(fd, &message), 0);
	message.kv.seen = answer.kv.seen;
	message.kv.timeout = 300;
	start = now();
	assert_int_equal(error_of(fd, &message), ETIMEDOUT);
	assert_true(now() - start >= 0.3);
	client_reads_greeting(fd);
	close(fd);
}

static void
test_many_watches_at_the_end(void **state)
{
	struct pvbusd *d = *state;
	int fds[50];

	for (unsigned i = 0; i < 50; i++)
		fds[i] = open_watch(d);
	pvbusd_serves_others(d);
	assert_int_equal(pvbusd_end(d, SIGTERM), 0);
	for (unsigned i = 0; i < 50; i++)
		assert_true(client_is_closed(fds[i], DEADLINE));
	close_all(fds, 50);
}

static void
test_vanishes_before_reading_a_large_reply(void **state)
{
	struct pvbusd *d = *state;
	unsigned char message[MESSAGE_MAX];
	size_t size = make_request(message, PVBUS_CMD_GET, 0, LARGE_KEY, NULL,
	    0);

	for (unsigned count = 1; count < 30; count += 7) {
		int fd = client_open(d);

		for (unsigned i = 0; i < count; i++)
			client_send(fd, message, size);
		pvbusd_settle(d);
		close(fd);
		pvbusd_serves_others(d);
	}
	pvbusd_lets_go(d);
}

/* Reads some of each answer and lets the rest stand. */
static void
test_never_reads_replies(void **state)
{
	struct pvbusd *d = *state;
	unsigned char message[MESSAGE_MAX];
	size_t size = make_request(message, PVBUS_CMD_GET, 0, LARGE_KEY, NULL,
	    0);
	int fd = client_open(d);

	for (unsigned i = 0; i < 30; i++)
		client_send(fd, message, size);
	pvbusd_settle(d);
	client_receive(fd, message, 100);
	pvbusd_serves_others(d);
	assert_false(client_is_closed(fd, 0));
	close(fd);
	pvbusd_lets_go(d);
}

/* ---- What it costs ---------------------------------------------------- */

static void
misbehave(void **state)
{
	test_half_a_header(state);
	test_half_a_body_and_gone(state);
	test_half_closed_after_sending(state);
	test_wrong_magic(state);
	test_length_at_the_maximum(state);
	test_length_zero(state);
	test_lying_address_of_the_key(state);
	test_lying_address_of_the_value(state);
	test_unknown_commands(state);
	test_vanishes_in_the_middle_of_a_watch(state);
	test_vanishes_before_reading_a_large_reply(state);
	test_never_reads_replies(state);
	test_flood_of_requests(state);
}

static bool
sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return true;
#endif
#endif
	return false;
}

static void
test_memory_and_descriptors_come_back(void **state)
{
	struct pvbusd *d = *state;
	unsigned before = pvbusd_dirty(d), after;

	/* so often that it shows whatever is lost each time */
	for (unsigned i = 0; i < 20; i++)
		misbehave(state);
	pvbusd_lets_go(d);
	assert_int_equal(pvbusd_descriptors(d), d->descriptors);
	after = pvbusd_dirty(d);
	print_message("# private memory: %u kB, then %u kB\n", before, after);
	if (!sanitized()) /* whose allocator keeps what was freed */
		assert_in_range(after, 0, before + 256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		pvbusd_running_test(test_large_binary_value),
		pvbusd_running_test(test_missing_key),
		pvbusd_running_test(test_list_and_info),
		pvbusd_running_test(test_first_set),
		pvbusd_running_test(
		    test_pipelined_requests_are_answered_in_order),
		pvbusd_running_test(test_says_nothing),
		pvbusd_running_test(test_half_a_header),
		pvbusd_running_test(test_half_a_body),
		pvbusd_running_test(test_one_byte_at_a_time),
		pvbusd_running_test(test_half_a_body_and_gone),
		pvbusd_running_test(test_half_closed_after_sending),
		pvbusd_running_test(test_wrong_magic),
		pvbusd_running_test(test_length_above_the_maximum),
		pvbusd_running_test(test_length_at_the_maximum),
		pvbusd_running_test(test_length_zero),
		pvbusd_running_test(test_structure_cut_short),
		pvbusd_running_test(test_lying_address_of_the_key),
		pvbusd_running_test(test_lying_address_of_the_value),
		pvbusd_running_test(test_lying_addresses_of_the_first_set),
		pvbusd_running_test(test_lengths_of_four_billion),
		pvbusd_running_test(test_fields_that_must_be_zero),
		pvbusd_running_test(test_unknown_commands),
		pvbusd_running_test(test_commands_of_32_bit_callers),
		pvbusd_running_test(test_every_number_of_the_first_set),
		pvbusd_running_test(test_random_bytes),
		pvbusd_running_test(test_flood_of_1000_connections),
		pvbusd_test(test_places_are_those_of_the_configuration),
		pvbusd_test(test_another_user_takes_a_quarter),
		pvbusd_test(test_many_users_do_not_lock_root_out),
		pvbusd_test(test_few_descriptors_do_not_lock_root_out),
		pvbusd_running_test(test_flood_of_requests),
		pvbusd_running_test(test_vanishes_in_the_middle_of_a_watch),
		pvbusd_running_test(test_half_closed_in_the_middle_of_a_watch),
		pvbusd_running_test(test_talks_in_the_middle_of_a_watch),
		pvbusd_running_test(test_watch_with_a_timeout),
		pvbusd_running_test(test_many_watches_at_the_end),
		pvbusd_running_test(test_vanishes_before_reading_a_large_reply),
		pvbusd_running_test(test_never_reads_replies),
		pvbusd_running_test(test_memory_and_descriptors_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
