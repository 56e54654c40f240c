/* SPDX-License-Identifier: ISC */
/* pvhost: what guests write, and those who do not read it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/common/loop.h"
#include "programs/pvhost/machine.h"
#include "programs/pvhost/outlet.h"
#include "tests/support/pvhost_said.h"

#define SECOND 1000000000ull

static struct machine machine;
static unsigned rooms;
static char directory[] = "/tmp/pvhost-outlet-XXXXXX", path[64];
static void (*later)(void *);
static void *argument;

void
timers_later(struct timers *timers, uint64_t delay, void (*call)(void *),
    void *ctx)
{
	(void)timers;
	(void)delay;
	assert_null(later);
	later = call;
	argument = ctx;
}

void
timers_forget(struct timers *timers, const void *ctx)
{
	(void)timers;
	if (argument == ctx)
		later = NULL;
}

static void
let_time_pass(void)
{
	void (*call)(void *) = later;

	later = NULL;
	if (call != NULL)
		call(argument);
}

static void
room(void *ctx)
{
	(void)ctx;
	rooms++;
}

static struct outlet_user user, other;

static int
setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	user = other = (struct outlet_user){ .room = room };
	said[0] = '\0';
	said_lines = rooms = 0;
	later = NULL;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_null(machine.outlets);
	assert_null(later);
	(void)unlink(path);
	return 0;
}

/* The reading end of a FIFO that an outlet is opened on. */
static struct outlet *
open_fifo(int *reader)
{
	struct outlet *outlet;

	assert_int_equal(mkfifo(path, 0600), 0);
	*reader = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(*reader >= 0);
	outlet = outlet_open(&machine, path, &user);
	assert_non_null(outlet);
	return outlet;
}

static uint8_t
byte_at(size_t i)
{
	return (uint8_t)(i ^ i >> 8 ^ i >> 16);
}

/* Until none come; they are those of byte_at() from there on. */
static size_t
read_all(int reader, size_t at)
{
	uint8_t bytes[65536];
	ssize_t n;

	while ((n = read(reader, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], byte_at(at + (size_t)i));
		at += (size_t)n;
	}
	return at;
}

static void
a_file(void **state)
{
	struct outlet *outlet = outlet_open(&machine, path, &user);
	char bytes[16] = "";
	int fd;

	(void)state;
	assert_non_null(outlet);
	assert_true(outlet_byte(outlet, 'a'));
	assert_true(outlet_byte(outlet, 'b'));
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 2);
	assert_string_equal(bytes, "ab");
	close(fd);
	outlet_close(outlet, &user);
	assert_int_equal(said_lines, 0);
}

static void
two_share_one(void **state)
{
	struct outlet *outlet = outlet_open(&machine, path, &user);

	(void)state;
	assert_ptr_equal(outlet_open(&machine, path, &other), outlet);
	outlet_close(outlet, &user);
	assert_ptr_equal(machine.outlets, outlet);
	assert_true(outlet_byte(outlet, 'a'));
	outlet_close(outlet, &other);
}

static void
no_such_directory(void **state)
{
	(void)state;
	assert_null(outlet_open(&machine, "/nonexistent/file", &user));
	assert_string_equal(said,
	    "/nonexistent/file: No such file or directory");
}

static void
a_fifo_without_reader(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(outlet_open(&machine, path, &user));
	assert_non_null(strstr(said, "nobody reads this FIFO"));
}

/* Who waits while there is no room loses nothing. */
static void
a_slow_reader(void **state)
{
	size_t total = 0, got = 0;
	struct outlet *outlet;
	int reader;

	(void)state;
	outlet = open_fifo(&reader);
	for (unsigned turn = 0; turn < 3; turn++) {
		unsigned before = rooms;

		while (outlet_byte(outlet, byte_at(total)))
			total++;
		total++;
		assert_true(total - got > OUTLET_ROOM / 2);
		while (rooms == before) {
			got = read_all(reader, got);
			let_time_pass();
		}
	}
	while (got < total) {
		got = read_all(reader, got);
		let_time_pass();
	}
	assert_int_equal(got, total);
	assert_int_equal(said_lines, 0);
	outlet_close(outlet, &user);
	close(reader);
}

/* Once the bound is reached it waits, for a while and once. */
static void
nobody_reads(void **state)
{
	uint64_t start, full;
	struct outlet *outlet;
	size_t total = 0, got;
	int reader;

	(void)state;
	outlet = open_fifo(&reader);
	while (said_lines == 0)
		outlet_byte(outlet, byte_at(total++));
	assert_non_null(strstr(said, "nobody reads"));
	assert_true(total > OUTLET_ROOM);
	full = total - 1;
	assert_int_equal(rooms, 1); /* to be thrown away */
	start = loop_now();
	for (unsigned i = 0; i < 100000; i++)
		assert_true(outlet_byte(outlet, 'z'));
	assert_true(loop_now() - start < SECOND);
	/* he comes back: what was kept is there, what was lost is told */
	for (got = 0; got < full;) {
		got = read_all(reader, got);
		let_time_pass();
	}
	assert_non_null(strstr(said, "somebody reads again; 100001 bytes"));
	assert_true(outlet_byte(outlet, byte_at(full)));
	assert_int_equal(read_all(reader, full), full + 1);
	outlet_close(outlet, &user);
	close(reader);
}

static void
the_reader_goes(void **state)
{
	struct outlet *outlet;
	int reader;

	(void)state;
	outlet = open_fifo(&reader);
	assert_true(outlet_byte(outlet, 'a'));
	close(reader);
	for (unsigned i = 0; i < 3; i++)
		assert_true(outlet_byte(outlet, 'b'));
	assert_int_equal(said_lines, 1);
	assert_non_null(strstr(said, "Broken pipe"));
	outlet_close(outlet, &user);
	assert_int_equal(said_lines, 1);
}

static void
a_full_disk(void **state)
{
	struct outlet *outlet = outlet_open(&machine, "/dev/full", &user);

	(void)state;
	assert_non_null(outlet);
	for (unsigned i = 0; i < 3; i++)
		assert_true(outlet_byte(outlet, 'b'));
	assert_int_equal(said_lines, 1);
	assert_non_null(strstr(said, "No space left"));
	outlet_close(outlet, &user);
}

static int
make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/file", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file),
		TEST(two_share_one),
		TEST(no_such_directory),
		TEST(a_fifo_without_reader),
		TEST(a_slow_reader),
		TEST(nobody_reads),
		TEST(the_reader_goes),
		TEST(a_full_disk),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
