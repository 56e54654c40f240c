/* SPDX-License-Identifier: ISC */
/* pvhost: files of initial keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/pvhost/face.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"

static char said[4096], kept[4096];
static char directory[] = "/tmp/pvhost-store-XXXXXX", list[64], value[64];

void
say(const char *format, ...)
{
	size_t length = strlen(said);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(said + length, sizeof(said) - length, format, arguments);
	va_end(arguments);
	strcat(said, "\n");
}

/* "KEY=VALUE;" in the order of coming, NUL as '@'. */
static bool
key_set(void *self, const char *key, const void *bytes, size_t size,
    struct reply *reply)
{
	size_t length = strlen(kept);

	(void)self;
	if (strcmp(key, "refused") == 0)
		return reply_no(reply, "not this one");
	length += (size_t)sprintf(kept + length, "%s=", key);
	for (size_t i = 0; i < size; i++) {
		char c = ((const char *)bytes)[i];

		kept[length++] = c == '\0' ? '@' : c;
	}
	strcpy(kept + length, ";");
	return true;
}

static struct face_kind with_keys = { .key_set = key_set };
static struct face_kind without_keys;
static struct face first = { .kind = &without_keys },
		   second = { .kind = &with_keys };
static struct machine machine;

static void
write_file(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int
setup(void **state)
{
	(void)state;
	machine = (struct machine){ .faces = { &first, &second },
		.face_count = 2,
		.options = { .stores = { list },
		    .store_count = 1,
		    .faces = { "kvm" } } };
	said[0] = kept[0] = '\0';
	return 0;
}

static bool
load(const char *text)
{
	write_file(list, text, strlen(text));
	return store_load(&machine);
}

static void
keys_and_values(void **state)
{
	(void)state;
	assert_true(load("# a list\n\nname web-1\n"
			 "  guestinfo.text \t two  words # no comment\n"
			 "last  x"));
	assert_string_equal(kept,
	    "name=web-1;guestinfo.text=two  words # no comment;last=x;");
	assert_string_equal(said, "");
}

static void
bytes_of_a_file(void **state)
{
	char text[128];

	(void)state;
	write_file(value, "a\0b\n", 4);
	snprintf(text, sizeof(text), "key <%s\n", value);
	assert_true(load(text));
	assert_string_equal(kept, "key=a@b\n;");
}

static void
an_empty_list(void **state)
{
	(void)state;
	assert_true(load(""));
	assert_string_equal(kept, "");
}

static void
several_lists(void **state)
{
	(void)state;
	write_file(value, "b 2\n", 4);
	machine.options.stores[1] = value;
	machine.options.store_count = 2;
	assert_true(load("a 1\n"));
	assert_string_equal(kept, "a=1;b=2;");
}

static bool
said_at(const char *where, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "%s:%s: %s", list, where, what);
	return strstr(said, text) != NULL;
}

static void
a_key_without_value(void **state)
{
	(void)state;
	assert_false(load("a 1\nb\nc 3\n"));
	assert_true(said_at("2", "expected KEY VALUE"));
}

static void
a_refused_key(void **state)
{
	(void)state;
	assert_false(load("\nrefused 1\n"));
	assert_true(said_at("2", "refused: not this one"));
}

static void
all_mistakes_are_told(void **state)
{
	(void)state;
	assert_false(load("a\nb\nrefused x\n"));
	assert_true(said_at("1", ""));
	assert_true(said_at("2", ""));
	assert_true(said_at("3", ""));
}

static void
a_missing_file(void **state)
{
	(void)state;
	assert_false(load("key </nonexistent/file\n"));
	assert_true(said_at("1", "/nonexistent/file: No such file"));
}

static void
a_directory_for_a_file(void **state)
{
	(void)state;
	assert_false(load("key </\n"));
	assert_true(said_at("1", "/: Is a directory"));
}

/* /dev/zero would never end. */
static void
a_file_without_end(void **state)
{
	(void)state;
	assert_false(load("key </dev/zero\n"));
	assert_true(said_at("1", "/dev/zero: larger than 16 MiB"));
}

static void
a_nul_in_the_list(void **state)
{
	(void)state;
	write_file(list, "a 1\nb x\0y\n", 10);
	assert_false(store_load(&machine));
	assert_true(said_at("2", "there is a NUL"));
}

static void
a_missing_list(void **state)
{
	(void)state;
	machine.options.stores[0] = "/nonexistent/list";
	assert_false(store_load(&machine));
	assert_non_null(strstr(said, "/nonexistent/list: No such file"));
}

static void
a_face_without_keys(void **state)
{
	(void)state;
	machine.face_count = 1;
	assert_false(load("a 1\n"));
	assert_non_null(strstr(said, "the face kvm keeps no keys"));
	machine.options.store_count = 0;
	assert_true(store_load(&machine));
}

static int
make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(list, sizeof(list), "%s/list", directory);
	snprintf(value, sizeof(value), "%s/value", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	(void)unlink(list);
	(void)unlink(value);
	return rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_and_values, setup),
		cmocka_unit_test_setup(bytes_of_a_file, setup),
		cmocka_unit_test_setup(an_empty_list, setup),
		cmocka_unit_test_setup(several_lists, setup),
		cmocka_unit_test_setup(a_key_without_value, setup),
		cmocka_unit_test_setup(a_refused_key, setup),
		cmocka_unit_test_setup(all_mistakes_are_told, setup),
		cmocka_unit_test_setup(a_missing_file, setup),
		cmocka_unit_test_setup(a_directory_for_a_file, setup),
		cmocka_unit_test_setup(a_file_without_end, setup),
		cmocka_unit_test_setup(a_nul_in_the_list, setup),
		cmocka_unit_test_setup(a_missing_list, setup),
		cmocka_unit_test_setup(a_face_without_keys, setup),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
