/* SPDX-License-Identifier: ISC */
/* SMBIOS OEM strings as keys: what an administrator writes, and every way in
 * which a table can lie. */
#include "guest/kvm/smbios.h"
#include "tests/support/world.h"
#include "wire/fwcfg.h"

#include <stdio.h>

/* ---- Tables made by hand ---------------------------------------------- */

struct table {
	unsigned char bytes[4096];
	size_t size;
};

static void
append(struct table *table, const void *bytes, size_t size)
{
	assert_in_range(table->size + size, 0, sizeof(table->bytes));
	memcpy(table->bytes + table->size, bytes, size);
	table->size += size;
}

/* A structure of type 11: `count` as it is to be, and the strings with all
 * their NULs but the last two. */
static void
append_oem(struct table *table, unsigned count, const char *strings,
    size_t size)
{
	unsigned char head[] = { 11, 5, 0x34, 0x12, (unsigned char)count };

	append(table, head, sizeof(head));
	append(table, strings, size);
	append(table, "\0", 2);
}

static void
append_end(struct table *table)
{
	append(table, "\177\4\0\377\0", 6);
}

/* Attach to this table; it is a file of fw_cfg, as in QEMU. */
static void
attach_table(struct world *world, const void *bytes, size_t size)
{
	if (world->bus != NULL) {
		pv_bus_detach(world->bus);
		world->bus = NULL;
		sim_machine_free(world->machine);
		world->machine = NULL;
	}
	world_machine(world, "kvm");
	assert_true(
	    host_fwcfg_add(world->fwcfg, FWCFG_FILE_SMBIOS, bytes, size));
	world_attach(world);
}

static void
attach_oem(struct world *world, unsigned count, const char *strings,
    size_t size)
{
	struct table table = { .size = 0 };

	append_oem(&table, count, strings, size);
	append_end(&table);
	attach_table(world, table.bytes, table.size);
}

static void
attach_strings(struct world *world, const char *const *strings, size_t count)
{
	world_machine(world, "kvm");
	assert_true(sim_machine_set_oem(world->machine, strings, count));
	world_attach(world);
}

static void
reads_bytes(struct world *world, const char *key, const void *expected,
    size_t size)
{
	static char value[8192];
	size_t len;

	assert_int_equal(world_read(world, key, value, sizeof(value), &len),
	    PV_OK);
	assert_int_equal(len, size);
	assert_memory_equal(value, expected, size);
}

static void
reads(struct world *world, const char *key, const char *expected)
{
	reads_bytes(world, key, expected, strlen(expected));
}

static void
fails(struct world *world, const char *key, int error)
{
	char value[64];
	size_t len;

	assert_int_equal(world_read(world, key, value, sizeof(value), &len),
	    error);
}

static void
lists(struct world *world, const char *expected, size_t size)
{
	char names[4096];
	size_t len;

	assert_int_equal(world_list(world, "oem/", true, names, sizeof(names),
			     &len),
	    PV_OK);
	assert_int_equal(len, size);
	assert_memory_equal(names, expected, size);
}

/* Where the table has no string that is worth a device. */
static void
is_silent(struct world *world)
{
	world_has_no_line(world, "smbios");
}

static void
is_nonsense(struct world *world)
{
	world_has_line(world,
	    "\"smbios\" at pvbus0: the host answered "
	    "nonsense, not configured");
}

/* ---- Strings and names ------------------------------------------------ */

static void
test_numbers_and_names(void **state)
{
	static const char *const strings[] = { "plain text", "name=value",
		"empty=", "two=a=b", " spaced = out " };
	struct world *world = *state;

	attach_strings(world, strings, 5);
	world_has_line(world, "smbios0 at pvbus0: 5 OEM strings");
	reads(world, "oem/1", "plain text");
	reads(world, "oem/2", "name=value");
	reads(world, "oem/name", "value");
	reads(world, "oem/3", "empty=");
	reads(world, "oem/empty", "");
	reads(world, "oem/two", "a=b");
	reads(world, "oem/ spaced ", " out ");
	fails(world, "oem/6", PV_ENOENT);
	fails(world, "oem/0", PV_ENOENT);
	fails(world, "oem/01", PV_ENOENT);
	fails(world, "oem/plain text", PV_ENOENT);
	fails(world, "oem", PV_ENOENT);
	lists(world,
	    " spaced \0"
	    "1\0"
	    "2\0"
	    "3\0"
	    "4\0"
	    "5\0"
	    "empty\0"
	    "name\0"
	    "two",
	    34);
}

static void
test_one_string(void **state)
{
	static const char *const strings[] = { "alone" };
	struct world *world = *state;

	attach_strings(world, strings, 1);
	world_has_line(world, "smbios0 at pvbus0: 1 OEM string");
	lists(world, "1", 2);
}

static void
test_numbers_win_over_names(void **state)
{
	static const char *const strings[] = { "2=liar", "second", "3=x",
		"9=nine" };
	struct world *world = *state;

	attach_strings(world, strings, 4);
	reads(world, "oem/1", "2=liar");
	reads(world, "oem/2", "second");
	reads(world, "oem/3", "3=x");
	reads(world, "oem/9", "nine");
	assert_int_equal(world_device(world, "smbios0")->stats.bad_duplicate,
	    2);
}

static void
test_first_of_two_names_stays(void **state)
{
	static const char *const strings[] = { "name=first", "name=second",
		"name=third" };
	struct world *world = *state;

	attach_strings(world, strings, 3);
	reads(world, "oem/name", "first");
	reads(world, "oem/2", "name=second");
	assert_int_equal(world_device(world, "smbios0")->stats.bad_duplicate,
	    2);
	lists(world,
	    "1\0"
	    "2\0"
	    "3\0name",
	    11);
}

static void
test_equals_sign_first_or_none(void **state)
{
	static const char *const strings[] = { "=value", "=", "none", "==" };
	struct world *world = *state;

	attach_strings(world, strings, 4);
	reads(world, "oem/1", "=value");
	reads(world, "oem/2", "=");
	reads(world, "oem/4", "==");
	lists(world,
	    "1\0"
	    "2\0"
	    "3\0"
	    "4",
	    8);
	fails(world, "oem/", PV_ENOENT);
}

static void
test_control_characters_in_a_name(void **state)
{
	struct world *world = *state;
	char text[] = "na?me=value", key[] = "oem/na?me";

	for (unsigned c = 1; c < 256; c++) {
		bool control = c < 0x20 || c == 0x7f;

		if (c == '=')
			continue;
		text[2] = key[6] = (char)c;
		attach_oem(world, 1, text, sizeof(text) - 1);
		/* the text as it is; a name only where a key can be one */
		reads(world, "oem/1", text);
		if (control)
			lists(world, "1", 2);
		else
			reads(world, key, "value");
	}
	/* in the value they may be */
	attach_oem(world, 1, "name=\n\033\177", 8);
	reads(world, "oem/name", "\n\033\177");
}

static void
test_names_as_paths(void **state)
{
	static const char *const strings[] = { "a/b=1", "a/c/d=2", "/x=3" };
	struct world *world = *state;
	char names[64];
	size_t len;

	attach_strings(world, strings, 3);
	reads(world, "oem/a/b", "1");
	reads(world, "oem/a/c/d", "2");
	reads(world, "oem//x", "3");
	assert_int_equal(world_list(world, "oem/a", false, names, 64, &len),
	    PV_OK);
	assert_int_equal(len, 5);
	assert_memory_equal(names, "b\0c/", 5);
	assert_int_equal(world_list(world, "", false, names, 64, &len), PV_OK);
	assert_int_equal(len, 10);
	assert_memory_equal(names, "etc/\0oem/", 10);
}

static void
test_credentials(void **state)
{
	static const char *const strings[] = {
		"io.systemd.credential:motd=hello",
		"io.systemd.credential.binary:raw=AAEC/w==",
		"io.systemd.credential.binary:bare=AAEC/w",
		"io.systemd.credential.binary:none=",
		"io.systemd.credential.binary=bm90IGE=",
	};
	struct world *world = *state;

	attach_strings(world, strings, 5);
	world_has_line(world, "smbios0 at pvbus0: 5 OEM strings");
	reads(world, "oem/io.systemd.credential:motd", "hello");
	reads_bytes(world, "oem/io.systemd.credential.binary:raw", "\0\1\2\377",
	    4);
	reads_bytes(world, "oem/io.systemd.credential.binary:bare",
	    "\0\1\2\377", 4);
	reads(world, "oem/io.systemd.credential.binary:none", "");
	/* without the colon it is a name like any other */
	reads(world, "oem/io.systemd.credential.binary", "bm90IGE=");
	reads(world, "oem/2", strings[1]);
}

static void
test_bad_base64_is_eproto(void **state)
{
	static const char *const strings[] = {
		"io.systemd.credential.binary:good=YWJj",
		"io.systemd.credential.binary:bad=YWJ",
		"io.systemd.credential.binary:worse=****",
		"io.systemd.credential.binary:last=ZGVm",
	};
	struct world *world = *state;

	attach_strings(world, strings, 4);
	world_has_line(world,
	    "smbios0 at pvbus0: 4 OEM strings, of bad ones "
	    "only the text");
	reads(world, "oem/io.systemd.credential.binary:good", "abc");
	reads(world, "oem/io.systemd.credential.binary:last", "def");
	fails(world, "oem/io.systemd.credential.binary:bad", PV_EPROTO);
	fails(world, "oem/io.systemd.credential.binary:worse", PV_EPROTO);
	reads(world, "oem/2", strings[1]);
	reads(world, "oem/3", strings[2]);
	assert_int_equal(world_device(world, "smbios0")->stats.bad_text, 2);
}

/* ---- Structures ------------------------------------------------------- */

static void
test_several_structures_are_numbered_on(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append_oem(&table, 2, "a\0b", 3);
	append(&table, "\1\10\0\0\0\0\0\0maker\0product\0", 23);
	append_oem(&table, 1, "c=3", 3);
	append_oem(&table, 0, "", 0);
	append_oem(&table, 1, "d", 1);
	append_end(&table);
	attach_table(world, table.bytes, table.size);
	world_has_line(world, "smbios0 at pvbus0: 4 OEM strings");
	lists(world,
	    "1\0"
	    "2\0"
	    "3\0"
	    "4\0c",
	    10);
	reads(world, "oem/4", "d");
	reads(world, "oem/c", "3");
}

/* More than the count byte of one structure can say. */
static void
test_six_hundred_strings(void **state)
{
	enum {
		COUNT = 600
	};
	struct world *world = *state;
	static char texts[COUNT][16];
	static const char *strings[COUNT];
	char key[32];

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "n%u=%u", i, i * i);
		strings[i] = texts[i];
	}
	attach_strings(world, strings, COUNT);
	world_has_line(world, "smbios0 at pvbus0: 600 OEM strings");
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(key, sizeof(key), "oem/%u", i + 1);
		reads(world, key, texts[i]);
		snprintf(key, sizeof(key), "oem/n%u", i);
		reads(world, key, strchr(texts[i], '=') + 1);
	}
}

static void
test_count_larger_than_the_strings(void **state)
{
	struct world *world = *state;

	attach_oem(world, 255, "a\0b", 3);
	world_has_line(world, "smbios0 at pvbus0: 2 OEM strings");
	lists(world,
	    "1\0"
	    "2",
	    4);
	attach_oem(world, 3, "", 0);
	is_silent(world);
}

static void
test_count_smaller_than_the_strings(void **state)
{
	struct world *world = *state;

	attach_oem(world, 1, "a\0b\0c", 5);
	world_has_line(world, "smbios0 at pvbus0: 1 OEM string");
	lists(world, "1", 2);
	attach_oem(world, 0, "a\0b\0c", 5);
	is_silent(world);
}

/* Type 11 without the byte of its count. */
static void
test_structure_without_count(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append(&table, "\13\4\0\0a\0", 7);
	append_end(&table);
	attach_table(world, table.bytes, table.size);
	is_silent(world);
}

static void
test_structure_length_below_its_header(void **state)
{
	struct world *world = *state;

	for (unsigned length = 0; length < 4; length++) {
		struct table table = { .size = 0 };
		unsigned char head[] = { 1, (unsigned char)length, 0, 0, 0, 0 };

		append(&table, head, sizeof(head));
		append_end(&table);
		attach_table(world, table.bytes, table.size);
		is_nonsense(world);
		/* what stood before it stays */
		table.size = 0;
		append_oem(&table, 1, "kept", 4);
		append(&table, head, sizeof(head));
		append_oem(&table, 1, "lost", 4);
		append_end(&table);
		attach_table(world, table.bytes, table.size);
		world_has_line(world,
		    "smbios0 at pvbus0: 1 OEM string, the "
		    "table is cut");
		lists(world, "1", 2);
		assert_int_equal(world_device(world, "smbios0")
				     ->stats.bad_length,
		    1);
	}
}

static void
test_structure_length_beyond_the_table(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append(&table, "\13\377\0\0\1a\0", 8);
	append_end(&table);
	attach_table(world, table.bytes, table.size);
	is_nonsense(world);
}

static void
test_strings_without_their_end(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append_oem(&table, 1, "kept", 4);
	append(&table, "\13\5\0\0\1endless", 12);
	attach_table(world, table.bytes, table.size);
	world_has_line(world,
	    "smbios0 at pvbus0: 1 OEM string, the table is "
	    "cut");
	reads(world, "oem/1", "kept");
	/* one NUL where two belong */
	append(&table, "", 1);
	attach_table(world, table.bytes, table.size);
	lists(world, "1", 2);
	append(&table, "", 1);
	attach_table(world, table.bytes, table.size);
	lists(world,
	    "1\0"
	    "2",
	    4);
}

/* Linux hands out such tables; they are good to their last byte. */
static void
test_no_end_structure(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append_oem(&table, 1, "text", 4);
	attach_table(world, table.bytes, table.size);
	world_has_line(world, "smbios0 at pvbus0: 1 OEM string");
	reads(world, "oem/1", "text");
}

static void
test_what_follows_the_end_is_not_looked_at(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append_oem(&table, 1, "text", 4);
	append_end(&table);
	append_oem(&table, 1, "ghost", 5);
	append(&table, "\1\1\1", 3);
	attach_table(world, table.bytes, table.size);
	world_has_line(world, "smbios0 at pvbus0: 1 OEM string");
	lists(world, "1", 2);
}

static void
test_empty_tables(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };

	append_end(&table);
	attach_table(world, table.bytes, table.size);
	is_silent(world);
	attach_table(world, "", 0);
	is_nonsense(world);
	attach_table(world, "\0\0\0\0\0\0\0\0", 8);
	is_nonsense(world);
}

static void
test_huge_tables(void **state)
{
	enum {
		SIZE = 1024 * 1024
	};
	struct world *world = *state;
	unsigned char *bytes = malloc(SIZE + 1);
	static char got[70000];
	size_t len, at;

	/* one string over all of it; a key may be as long as that, too */
	memset(bytes, 'x', SIZE + 1);
	memcpy(bytes, "\13\5\0\0\1name=", 10);
	bytes[SIZE - 1] = bytes[SIZE - 2] = '\0';
	attach_table(world, bytes, SIZE);
	world_has_line(world, "smbios0 at pvbus0: 1 OEM string");
	assert_int_equal(world_read(world, "oem/name", got, sizeof(got), &len),
	    PV_ERANGE);
	assert_int_equal(len, SIZE - 12);
	attach_table(world, bytes, SIZE + 1);
	is_nonsense(world);
	/* 255 strings a structure, as many of them as there is room */
	memset(bytes, 0, SIZE);
	for (at = 0; at + 5 + 2 * 255 + 1 <= SIZE; at += 5 + 2 * 255 + 1) {
		memcpy(bytes + at, "\13\5\0\0\377", 5);
		for (unsigned i = 0; i < 255; i++)
			bytes[at + 5 + 2 * i] = 'x';
	}
	attach_table(world, bytes, at);
	len = at / 516 * 255;
	snprintf(got, sizeof(got), "oem/%zu", len);
	reads(world, got, "x");
	snprintf(got, sizeof(got), "oem/%zu", len + 1);
	fails(world, got, PV_ENOENT);
	free(bytes);
}

/* The end of the table at each of its bytes.  What is before stays, what is
 * behind is not read (the table is as long as its memory). */
static void
test_cut_at_every_byte(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };
	size_t ends[4];

	append_oem(&table, 2, "a=1\0b=2", 7);
	ends[0] = table.size;
	append(&table, "\1\10\0\0\0\0\0\0maker\0product\0", 23);
	ends[1] = table.size;
	append_oem(&table, 1, "c=3", 3);
	ends[2] = table.size;
	append_end(&table);
	ends[3] = table.size;
	for (size_t size = 1; size <= table.size; size++) {
		bool whole = size == ends[0] || size == ends[1] ||
		    size == ends[2] || size == ends[3];
		unsigned strings = size < ends[0] ? 0 : size < ends[2] ? 2 : 3;
		char line[64];

		attach_table(world, table.bytes, size);
		if (strings == 0) {
			is_nonsense(world);
			continue;
		}
		snprintf(line, sizeof(line),
		    "smbios0 at pvbus0: %u OEM strings%s", strings,
		    whole ? "" : ", the table is cut");
		world_has_line(world, line);
		reads(world, "oem/b", "2");
		fails(world, "oem/c", strings == 3 ? PV_OK : PV_ENOENT);
	}
}

/* Each byte of a good table with each value: nothing but keys comes of it. */
static void
test_every_byte_with_every_value(void **state)
{
	struct world *world = *state;
	struct table table = { .size = 0 };
	char names[512];
	size_t len;

	append_oem(&table, 2, "io.systemd.credential.binary:a=AAAA\0b=2", 39);
	append_oem(&table, 1, "c=3", 3);
	append_end(&table);
	for (size_t at = 0; at < table.size; at++)
		for (unsigned value = 0; value < 256; value += 5) {
			unsigned char good = table.bytes[at];
			int error;

			table.bytes[at] = (unsigned char)value;
			attach_table(world, table.bytes, table.size);
			table.bytes[at] = good;
			error = world_list(world, "oem/", true, names,
			    sizeof(names), &len);
			if (error != PV_OK)
				assert_int_equal(error, PV_ENOENT);
			else
				assert_in_range(len, 2, 64);
		}
}

/* ---- The walk alone, over memory that ends where the table does ------- */

static size_t
walk(const unsigned char *bytes, size_t size)
{
	unsigned char *table = malloc(size > 0 ? size : 1);
	struct smbios_structure structure;
	size_t at = 0, before = 0, len, count = 0;
	const char *text;

	memcpy(table, bytes, size);
	while (smbios_next(table, size, &at, &structure)) {
		/* forward, and inside */
		assert_true(at > before);
		assert_in_range(at, 1, size);
		before = at;
		count++;
		for (unsigned i = 1; i < 300; i++) {
			text = smbios_string(&structure, i, &len);
			if (text == NULL)
				break;
			assert_true(text >= (char *)table);
			assert_true(text + len < (char *)table + size);
			assert_int_equal(text[len], '\0');
			assert_null(memchr(text, '\0', len));
		}
	}
	assert_in_range(at, 0, size);
	free(table);
	return count;
}

static void
test_walk_over_cut_tables(void **state)
{
	struct table table = { .size = 0 };

	(void)state;
	append_oem(&table, 2, "a=1\0b=2", 7);
	append(&table, "\1\10\0\0\0\0\0\0maker\0product\0", 23);
	append_end(&table);
	for (size_t size = 0; size <= table.size; size++)
		assert_int_equal(walk(table.bytes, size),
		    size < 14       ? 0
			: size < 37 ? 1
				    : 2);
}

static void
test_walk_over_random_bytes(void **state)
{
	struct world *world = *state;
	unsigned char bytes[64];

	for (unsigned i = 0; i < 20000; i++) {
		size_t size = sim_random(world->sim, sizeof(bytes) + 1);

		for (size_t at = 0; at < size; at++)
			bytes[at] = (unsigned char)(sim_random(world->sim, 2) ==
				    0
				? 0
				: sim_random(world->sim, 16));
		walk(bytes, size);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_numbers_and_names),
		world_test(test_one_string),
		world_test(test_numbers_win_over_names),
		world_test(test_first_of_two_names_stays),
		world_test(test_equals_sign_first_or_none),
		world_test(test_control_characters_in_a_name),
		world_test(test_names_as_paths),
		world_test(test_credentials),
		world_test(test_bad_base64_is_eproto),
		world_test(test_several_structures_are_numbered_on),
		world_test(test_six_hundred_strings),
		world_test(test_count_larger_than_the_strings),
		world_test(test_count_smaller_than_the_strings),
		world_test(test_structure_without_count),
		world_test(test_structure_length_below_its_header),
		world_test(test_structure_length_beyond_the_table),
		world_test(test_strings_without_their_end),
		world_test(test_no_end_structure),
		world_test(test_what_follows_the_end_is_not_looked_at),
		world_test(test_empty_tables),
		world_test(test_huge_tables),
		world_test(test_cut_at_every_byte),
		world_test(test_every_byte_with_every_value),
		world_test(test_walk_over_cut_tables),
		world_test(test_walk_over_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
