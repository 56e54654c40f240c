/* SPDX-License-Identifier: ISC */
/*
 * The first ioctl set, point by point of openbsd.md 1.4: P-26 to P-35.  The
 * checks and their order are in test_ioctl_checks.c, the second set in
 * test_ioctl_kv.c.
 */
#include "tests/support/setting.h"

/* Most of what follows is the same for callers of both sizes. */
#define EACH_LAYOUT(caller)       \
	for (unsigned layout = 0; \
	     layout < 2 && ((caller)->ilp32 = layout == 1, true); layout++)

/* ---- P-26 to P-30: the interface -------------------------------------- */

/* Exactly this many bytes are taken: the next one is not readable. */
static void
test_p26_structure_is_32_or_16_bytes(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		size_t size = caller->ilp32 ? 16 : 32;

		caller->fault_from = CALLER_ARG + size;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		caller_result(caller, CALLER_VALUE, "value", 6);
		for (size_t at = 0; at < size; at++) {
			caller->fault_from = CALLER_ARG + at;
			caller->fault_to = caller->fault_from + 1;
			assert_int_equal(caller_read(caller, "name", 6),
			    PV_EFAULT);
		}
	}
	setting_down(&set);
}

static void
test_p27_numbers(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	caller_set_key(caller, "name", 4);
	caller_fill_value(caller, "new", 3);
	caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
	assert_int_equal(caller_call(caller, 0xc0205601), PV_OK);
	caller_result(caller, CALLER_VALUE, "value", 6);
	assert_int_equal(caller_call(caller, 0xc0205602), PV_OK);
	caller_result(caller, CALLER_VALUE, "", 1);
	assert_int_equal(caller_call(caller, 0xc0205603), PV_OK);
	caller_result(caller, CALLER_KEY, "Xen", 4);
	caller->ilp32 = true;
	caller_set_key(caller, "name", 4);
	caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
	assert_int_equal(caller_call(caller, 0xc0105601), PV_OK);
	assert_int_equal(caller_call(caller, 0xc0105602), PV_OK);
	assert_int_equal(caller_call(caller, 0xc0105603), PV_OK);
	caller_result(caller, CALLER_KEY, "Xen", 4);
	setting_down(&set);
}

static void
test_p27_wrong_size_for_the_caller_is_enotty(void **state)
{
	static const unsigned long wide[] = { PVBUS_LP64_KVREAD,
		PVBUS_LP64_KVWRITE, PVBUS_LP64_TYPE };
	static const unsigned long narrow[] = { PVBUS_ILP32_KVREAD,
		PVBUS_ILP32_KVWRITE, PVBUS_ILP32_TYPE };
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		caller_set_key(caller, "name", 4);
		caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(caller_call(caller,
					     caller->ilp32 ? wide[i]
							   : narrow[i]),
			    PV_ENOTTY);
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

static void
test_p28_longest_key(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	char *key = malloc(65538);

	memset(key, 'k', 65537);
	key[65536] = '\0';
	memory_store_set(set.store, key, "value", 5);
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_read(caller, key, 6), PV_OK);
		caller_result(caller, CALLER_VALUE, "value", 6);
		caller_request(caller, 65537, CALLER_KEY, 6, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_ENAMETOOLONG);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_ENAMETOOLONG);
		caller_request(caller, caller->ilp32 ? UINT32_MAX : UINT64_MAX,
		    CALLER_KEY, 6, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_ENAMETOOLONG);
	}
	free(key);
	setting_down(&set);
}

static void
test_p28_longest_value(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	char *value = malloc(65538);
	size_t len;

	memset(value, 'v', 65537);
	value[65537] = '\0';
	EACH_LAYOUT(caller)
	{
		value[65536] = 'v';
		assert_int_equal(caller_write(caller, "name", value),
		    PV_ENAMETOOLONG);
		assert_null(memory_store_get(set.store, "name", &len));
		value[65536] = '\0';
		assert_int_equal(caller_write(caller, "name", value), PV_OK);
		assert_memory_equal(memory_store_get(set.store, "name", &len),
		    value, 65536);
		assert_int_equal(len, 65536);
		/* there is no room for its NUL in the largest buffer */
		assert_int_equal(caller_read(caller, "name", 65536), PV_ERANGE);
		assert_int_equal(caller_read(caller, "name", 65537),
		    PV_ENAMETOOLONG);
		value[65535] = '\0';
		assert_int_equal(caller_write(caller, "name", value), PV_OK);
		assert_int_equal(caller_read(caller, "name", 65536), PV_OK);
		caller_result(caller, CALLER_VALUE, value, 65536);
		value[65535] = 'v';
		memory_store_unset(set.store, "name");
	}
	free(value);
	setting_down(&set);
}

/* Whatever the end, not a byte of the structure (the rest of the tests look
 * too, as caller_finish() and caller_result() compare all of the memory). */
static void
test_p29_structure_never_changes(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	unsigned char before[32];

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		for (size_t room = 1; room < 8; room++) {
			caller_set_key(caller, "name", 4);
			caller_request(caller, 4, CALLER_KEY, room,
			    CALLER_VALUE);
			memcpy(before, caller->memory, sizeof(before));
			assert_int_equal(caller_call(caller,
					     caller_kvread(caller)),
			    room < 6 ? PV_ERANGE : PV_OK);
			assert_memory_equal(caller->memory, before,
			    sizeof(before));
			assert_false(caller->structure_back);
		}
		caller_call(caller, caller_type(caller));
		assert_memory_equal(caller->memory, before, sizeof(before));
	}
	setting_down(&set);
}

static void
test_p29_value_with_nul_ends_there(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "middle", "ab\0cd", 5);
	memory_store_set(set.store, "first", "\0cd", 3);
	memory_store_set(set.store, "last", "abcd\0", 5);
	EACH_LAYOUT(caller)
	{
		for (size_t room = 3; room < 8; room++) {
			assert_int_equal(caller_read(caller, "middle", room),
			    PV_OK);
			caller_result(caller, CALLER_VALUE, "ab", 3);
		}
		assert_int_equal(caller_read(caller, "middle", 2), PV_ERANGE);
		assert_int_equal(caller_read(caller, "first", 1), PV_OK);
		caller_result(caller, CALLER_VALUE, "", 1);
		assert_int_equal(caller_read(caller, "last", 4), PV_ERANGE);
		assert_int_equal(caller_read(caller, "last", 5), PV_OK);
		caller_result(caller, CALLER_VALUE, "abcd", 5);
	}
	setting_down(&set);
}

static void
test_p29_binary_value_without_nul(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	char value[256];

	for (unsigned i = 0; i < 255; i++)
		value[i] = (char)(i + 1);
	value[255] = '\0';
	memory_store_set(set.store, "binary", value, 255);
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_read(caller, "binary", 255), PV_ERANGE);
		assert_int_equal(caller_read(caller, "binary", 256), PV_OK);
		caller_result(caller, CALLER_VALUE, value, 256);
	}
	setting_down(&set);
}

static void
test_p30_no_other_commands(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller)
	{
		caller_set_key(caller, "name", 4);
		caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
		for (unsigned number = 0; number < 256; number++) {
			unsigned long cmd = (caller_kvread(caller) & ~0xfful) |
			    number;

			if (number < 1 || number > 3)
				assert_int_equal(caller_call(caller, cmd),
				    PV_ENOTTY);
		}
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

/* What the first set has instead: a directory is read as lines. */
static void
test_p30_directory_key_is_a_list(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "opt/x/y", "1", 1);
	memory_store_set(set.store, "opt/b", "2", 1);
	memory_store_set(set.store, "z", "3", 1);
	EACH_LAYOUT(caller)
	{
		caller->unit = KVM;
		assert_int_equal(caller_read(caller, "opt/", 64), PV_OK);
		caller_result(caller, CALLER_VALUE, "a/\ngreeting", 12);
		assert_int_equal(caller_read(caller, "opt/", 12), PV_OK);
		assert_int_equal(caller_read(caller, "opt/", 11), PV_ERANGE);
		assert_int_equal(caller_read(caller, "not/", 64), PV_ENOENT);
		/* a name without the slash is a key, and not there */
		assert_int_equal(caller_read(caller, "opt", 64), PV_ENOENT);
		caller->unit = XEN;
		assert_int_equal(caller_read(caller, "opt/", 64), PV_OK);
		caller_result(caller, CALLER_VALUE, "b\nx/", 5);
		assert_int_equal(caller_read(caller, "/", 64), PV_OK);
		caller_result(caller, CALLER_VALUE, "opt/\nz", 7);
	}
	setting_down(&set);
}

/* ---- P-31 to P-35: key and value -------------------------------------- */

static void
test_p31_exactly_the_length_is_copied_in(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	size_t len;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		/* the byte behind the key is bad, and the key not ended */
		caller->fault_from = CALLER_KEY + 4;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		caller->fault_from--;
		assert_int_equal(caller_read(caller, "name", 6), PV_EFAULT);
		/* the same for the value of a write */
		caller->fault_from = CALLER_VALUE + 3;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_write(caller, "written", "abc"), PV_OK);
		memory_store_get(set.store, "written", &len);
		assert_int_equal(len, 3);
		assert_int_equal(caller_write(caller, "not", "abcd"),
		    PV_EFAULT);
		assert_null(memory_store_get(set.store, "not", &len));
	}
	setting_down(&set);
}

static void
test_p31_first_nul_ends_key_and_value(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	const void *value;
	size_t len;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		caller_set_key(caller, "name\0rest\n", 10);
		caller_request(caller, 10, CALLER_KEY, 6, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_OK);
		caller_result(caller, CALLER_VALUE, "value", 6);
		caller_fill_value(caller, "new\0rest", 8);
		caller_set_key(caller, "other\0rest", 10);
		caller_request(caller, 10, CALLER_KEY, 8, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_OK);
		value = memory_store_get(set.store, "other", &len);
		assert_int_equal(len, 3);
		assert_memory_equal(value, "new", 3);
		/* a key that is only a NUL is empty */
		caller_set_key(caller, "\0rest", 5);
		caller_request(caller, 5, CALLER_KEY, 8, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_EINVAL);
		/* and a value that is only a NUL can be written */
		caller_set_key(caller, "other", 5);
		caller_fill_value(caller, "\0rest", 5);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_OK);
		memory_store_get(set.store, "other", &len);
		assert_int_equal(len, 0);
	}
	setting_down(&set);
}

static void
test_p31_control_characters_in_a_key(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	char key[] = "na?me";

	EACH_LAYOUT(caller)
	{
		for (unsigned c = 1; c < 256; c++) {
			bool control = c < 0x20 || c == 0x7f;

			key[2] = (char)c;
			assert_int_equal(caller_read(caller, key, 6),
			    control ? PV_EINVAL : PV_ENOENT);
			assert_int_equal(caller_write(caller, key, "v"),
			    control ? PV_EINVAL : PV_OK);
			if (!control)
				memory_store_unset(set.store, key);
		}
	}
	setting_down(&set);
}

static void
test_p32_reading_needs_no_right_to_write(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	caller->read_only = true;
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_OK);
	}
	setting_down(&set);
}

static void
test_p33_lengths_include_the_nul(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "empty", "", 0);
	memory_store_set(set.store, "one", "1", 1);
	memory_store_set(set.store, "ten", "0123456789", 10);
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_read(caller, "empty", 1), PV_OK);
		caller_result(caller, CALLER_VALUE, "", 1);
		assert_int_equal(caller_read(caller, "one", 1), PV_ERANGE);
		assert_int_equal(caller_read(caller, "one", 2), PV_OK);
		caller_result(caller, CALLER_VALUE, "1", 2);
		for (size_t room = 1; room < 11; room++)
			assert_int_equal(caller_read(caller, "ten", room),
			    PV_ERANGE);
		assert_int_equal(caller_read(caller, "ten", 11), PV_OK);
		caller_result(caller, CALLER_VALUE, "0123456789", 11);
		assert_int_equal(caller_read(caller, "ten", 1000), PV_OK);
		caller_result(caller, CALLER_VALUE, "0123456789", 11);
	}
	setting_down(&set);
}

static void
test_p34_no_memory(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;
	int error;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller)
	{
		for (unsigned nth = 1; nth < 4; nth++) {
			sim_machine_fail_alloc(set.world->machine, nth);
			error = caller_read(caller, "name", 6);
			sim_machine_fail_alloc(set.world->machine, 0);
			assert_int_equal(error, nth < 3 ? PV_ENOMEM : PV_OK);
			sim_machine_fail_alloc(set.world->machine, nth);
			error = caller_write(caller, "name", "other");
			sim_machine_fail_alloc(set.world->machine, 0);
			assert_int_equal(error, nth < 3 ? PV_ENOMEM : PV_OK);
		}
		/* TYPE needs none */
		sim_machine_fail_alloc(set.world->machine, 1);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_OK);
		sim_machine_fail_alloc(set.world->machine, 0);
	}
	setting_down(&set);
}

/* P-35, on the store of fw_cfg. */
static void
test_p35_erange_is_a_small_buffer(void **state)
{
	struct setting set = setting_up(state);
	struct caller *caller = set.caller;

	caller->unit = KVM;
	EACH_LAYOUT(caller)
	{
		assert_int_equal(caller_read(caller, "opt/greeting", 5),
		    PV_ERANGE);
		assert_int_equal(caller->delivered, 0);
		assert_int_equal(caller_read(caller, "opt/greeting", 6), PV_OK);
		caller_result(caller, CALLER_VALUE, "hello", 6);
	}
	setting_down(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_p26_structure_is_32_or_16_bytes),
		world_test(test_p27_numbers),
		world_test(test_p27_wrong_size_for_the_caller_is_enotty),
		world_test(test_p28_longest_key),
		world_test(test_p28_longest_value),
		world_test(test_p29_structure_never_changes),
		world_test(test_p29_value_with_nul_ends_there),
		world_test(test_p29_binary_value_without_nul),
		world_test(test_p30_no_other_commands),
		world_test(test_p30_directory_key_is_a_list),
		world_test(test_p31_exactly_the_length_is_copied_in),
		world_test(test_p31_first_nul_ends_key_and_value),
		world_test(test_p31_control_characters_in_a_key),
		world_test(test_p32_reading_needs_no_right_to_write),
		world_test(test_p33_lengths_include_the_nul),
		world_test(test_p34_no_memory),
		world_test(test_p35_erange_is_a_small_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
