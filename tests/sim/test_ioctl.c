/* SPDX-License-Identifier: ISC */
/*
 * The first ioctl set, point by point of openbsd.md 1.4: P-26 to P-35, the ten
 * checks and their order.  The second set is in test_ioctl_kv.c.
 */
#include "tests/support/caller.h"
#include "tests/support/memory_store.h"

#include <stdio.h>

/* pvbus0 is KVM with a read-only store, pvbus1 Xen with one that takes
 * everything, pvbus2 bhyve, which has none. */
#define KVM 0
#define XEN 1
#define BHYVE 2

struct setting {
	struct world *world;
	struct memory_store *store;
	struct caller *caller;
};

static struct setting
set_up(void **state)
{
	struct setting set = { .world = *state };

	world_machine(set.world, "kvm+xen+bhyve");
	assert_true(host_fwcfg_add(set.world->fwcfg, "opt/greeting", "hello",
	    5));
	assert_true(host_fwcfg_add(set.world->fwcfg, "opt/a/b", "x", 1));
	set.store = memory_store_attach(set.world);
	set.caller = caller_new(set.world);
	set.caller->unit = XEN;
	return set;
}

static void
tear_down(struct setting *set)
{
	caller_free(set->caller);
}

/* Most of what follows is the same for callers of both sizes. */
#define EACH_LAYOUT(caller)                                                    \
	for (unsigned layout = 0; layout < 2 &&                                \
	    ((caller)->ilp32 = layout == 1, true); layout++)

/* ---- P-26 to P-30: the interface -------------------------------------- */

/* Exactly this many bytes are taken: the next one is not readable. */
static void
test_p26_structure_is_32_or_16_bytes(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p27_numbers(void **state)
{
	struct setting set = set_up(state);
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
	tear_down(&set);
}

static void
test_p27_wrong_size_for_the_caller_is_enotty(void **state)
{
	static const unsigned long wide[] = { PVBUS_LP64_KVREAD,
		PVBUS_LP64_KVWRITE, PVBUS_LP64_TYPE };
	static const unsigned long narrow[] = { PVBUS_ILP32_KVREAD,
		PVBUS_ILP32_KVWRITE, PVBUS_ILP32_TYPE };
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		caller_set_key(caller, "name", 4);
		caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(caller_call(caller,
			    caller->ilp32 ? wide[i] : narrow[i]), PV_ENOTTY);
	}
	assert_int_equal(set.store->started, 0);
	tear_down(&set);
}

static void
test_p28_longest_key(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	char *key = malloc(65538);

	memset(key, 'k', 65537);
	key[65536] = '\0';
	memory_store_set(set.store, key, "value", 5);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p28_longest_value(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	char *value = malloc(65538);
	size_t len;

	memset(value, 'v', 65537);
	value[65537] = '\0';
	EACH_LAYOUT(caller) {
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
		assert_int_equal(caller_read(caller, "name", 65536),
		    PV_ERANGE);
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
	tear_down(&set);
}

/* Whatever the end, not a byte of the structure (the rest of the tests look
 * too, as caller_finish() and caller_result() compare all of the memory). */
static void
test_p29_structure_never_changes(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	unsigned char before[32];

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p29_value_with_nul_ends_there(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "middle", "ab\0cd", 5);
	memory_store_set(set.store, "first", "\0cd", 3);
	memory_store_set(set.store, "last", "abcd\0", 5);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p29_binary_value_without_nul(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	char value[256];

	for (unsigned i = 0; i < 255; i++)
		value[i] = (char)(i + 1);
	value[255] = '\0';
	memory_store_set(set.store, "binary", value, 255);
	EACH_LAYOUT(caller) {
		assert_int_equal(caller_read(caller, "binary", 255),
		    PV_ERANGE);
		assert_int_equal(caller_read(caller, "binary", 256), PV_OK);
		caller_result(caller, CALLER_VALUE, value, 256);
	}
	tear_down(&set);
}

static void
test_p30_no_other_commands(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

/* What the first set has instead: a directory is read as lines. */
static void
test_p30_directory_key_is_a_list(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "opt/x/y", "1", 1);
	memory_store_set(set.store, "opt/b", "2", 1);
	memory_store_set(set.store, "z", "3", 1);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

/* ---- P-31 to P-35: key and value -------------------------------------- */

static void
test_p31_exactly_the_length_is_copied_in(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	size_t len;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
		/* the byte behind the key is bad, and the key not ended */
		caller->fault_from = CALLER_KEY + 4;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		caller->fault_from--;
		assert_int_equal(caller_read(caller, "name", 6), PV_EFAULT);
		/* the same for the value of a write */
		caller->fault_from = CALLER_VALUE + 3;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_write(caller, "written", "abc"),
		    PV_OK);
		memory_store_get(set.store, "written", &len);
		assert_int_equal(len, 3);
		assert_int_equal(caller_write(caller, "not", "abcd"),
		    PV_EFAULT);
		assert_null(memory_store_get(set.store, "not", &len));
	}
	tear_down(&set);
}

static void
test_p31_first_nul_ends_key_and_value(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	const void *value;
	size_t len;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p31_control_characters_in_a_key(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	char key[] = "na?me";

	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p32_reading_needs_no_right_to_write(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	caller->read_only = true;
	EACH_LAYOUT(caller) {
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_OK);
	}
	tear_down(&set);
}

static void
test_p33_lengths_include_the_nul(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "empty", "", 0);
	memory_store_set(set.store, "one", "1", 1);
	memory_store_set(set.store, "ten", "0123456789", 10);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

static void
test_p34_no_memory(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	int error;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
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
	tear_down(&set);
}

/* P-35, on the store of fw_cfg. */
static void
test_p35_erange_is_a_small_buffer(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	caller->unit = KVM;
	EACH_LAYOUT(caller) {
		assert_int_equal(caller_read(caller, "opt/greeting", 5),
		    PV_ERANGE);
		assert_int_equal(caller->delivered, 0);
		assert_int_equal(caller_read(caller, "opt/greeting", 6),
		    PV_OK);
		caller_result(caller, CALLER_VALUE, "hello", 6);
	}
	tear_down(&set);
}

/* ---- The ten checks --------------------------------------------------- */

/* In each of these everything that is checked later is wrong as well. */
static void
all_is_wrong(struct caller *caller)
{
	caller->read_only = true;
	caller->fault_from = CALLER_KEY;
	caller->fault_to = CALLER_BASE + CALLER_SIZE;
	caller_request(caller, 0, CALLER_KEY, 0, CALLER_VALUE);
}

static void
test_check_1_bus_never_attached_is_enodev(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	caller->no_bus = true;
	caller->unit = 99;
	EACH_LAYOUT(caller) {
		all_is_wrong(caller);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_ENODEV);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_ENODEV);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_ENODEV);
		assert_int_equal(caller_call(caller, 0), PV_ENODEV);
	}
	tear_down(&set);
}

static void
test_check_2_minor_not_in_use_is_enxio(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		all_is_wrong(caller);
		for (unsigned unit = 3; unit < 9; unit++) {
			caller->unit = unit;
			assert_int_equal(caller_call(caller,
			    caller_kvread(caller)), PV_ENXIO);
			assert_int_equal(caller_call(caller,
			    caller_kvwrite(caller)), PV_ENXIO);
			assert_int_equal(caller_call(caller,
			    caller_type(caller)), PV_ENXIO);
			assert_int_equal(caller_call(caller, 0), PV_ENXIO);
		}
	}
	tear_down(&set);
}

static void
test_check_3_write_without_the_right_is_eperm(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		all_is_wrong(caller);
		caller->unit = BHYVE;
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_EPERM);
		caller->unit = XEN;
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_EPERM);
	}
	assert_int_equal(set.store->started, 0);
	tear_down(&set);
}

static void
test_check_4_no_store_is_enxio(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		all_is_wrong(caller);
		caller->read_only = false;
		caller->unit = BHYVE;
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_ENXIO);
		assert_int_equal(caller_call(caller, caller_kvwrite(caller)),
		    PV_ENXIO);
	}
	tear_down(&set);
}

static void
test_check_5_unknown_command_is_enotty(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		all_is_wrong(caller);
		caller->fault_from = CALLER_ARG;
		for (unsigned unit = KVM; unit <= BHYVE; unit++) {
			caller->unit = unit;
			assert_int_equal(caller_call(caller, 0), PV_ENOTTY);
			assert_int_equal(caller_call(caller, 0x5401),
			    PV_ENOTTY);
			/* right but for the direction, or the group */
			assert_int_equal(caller_call(caller,
			    caller_kvread(caller) & ~0x80000000ul),
			    PV_ENOTTY);
			assert_int_equal(caller_call(caller,
			    caller_kvread(caller) ^ 0x100), PV_ENOTTY);
		}
	}
	tear_down(&set);
}

static void
test_check_6_type(void **state)
{
	static const char *const names[] = { "KVM", "Xen", "bhyve" };
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		for (unsigned unit = KVM; unit <= BHYVE; unit++) {
			size_t size = strlen(names[unit]) + 1;

			caller->unit = unit;
			/* the value is of no account */
			all_is_wrong(caller);
			for (size_t len = 0; len < size; len++) {
				caller_request(caller, len, CALLER_KEY, 99999,
				    0);
				assert_int_equal(caller_call(caller,
				    caller_type(caller)), PV_ENOMEM);
			}
			caller_request(caller, size, CALLER_KEY, 99999, 0);
			assert_int_equal(caller_call(caller,
			    caller_type(caller)), PV_EFAULT);
			/* only what is written has to be there */
			caller->fault_from = CALLER_KEY + size;
			caller_request(caller, UINT32_MAX, CALLER_KEY, 0, 0);
			assert_int_equal(caller_call(caller,
			    caller_type(caller)), PV_OK);
			caller_result(caller, CALLER_KEY, names[unit], size);
		}
	}
	tear_down(&set);
}

static void
test_check_7_key(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		for (unsigned i = 0; i < 2; i++) {
			unsigned long cmd = i == 0 ? caller_kvread(caller)
			    : caller_kvwrite(caller);

			all_is_wrong(caller);
			caller->read_only = false;
			assert_int_equal(caller_call(caller, cmd), PV_EINVAL);
			caller_request(caller, 65537, CALLER_KEY, 0,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd),
			    PV_ENAMETOOLONG);
			caller_request(caller, 1, CALLER_KEY, 0,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EFAULT);
			caller_request(caller, 1, 0, 0, CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EFAULT);
		}
	}
	assert_int_equal(set.store->started, 0);
	tear_down(&set);
}

static void
test_check_8_value(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	EACH_LAYOUT(caller) {
		for (unsigned i = 0; i < 2; i++) {
			unsigned long cmd = i == 0 ? caller_kvread(caller)
			    : caller_kvwrite(caller);

			all_is_wrong(caller);
			caller->read_only = false;
			caller->fault_from = CALLER_VALUE;
			/* a key that no store has, and would not take */
			caller_set_key(caller, "\n", 1);
			caller_request(caller, 1, CALLER_KEY, 0,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EINVAL);
			caller_request(caller, 1, CALLER_KEY, 65537,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd),
			    PV_ENAMETOOLONG);
			caller_request(caller, 1, CALLER_KEY, 1,
			    CALLER_VALUE);
			assert_int_equal(caller_call(caller, cmd), PV_EFAULT);
		}
	}
	assert_int_equal(set.store->started, 0);
	tear_down(&set);
}

#define PV_ERROR_VALUE(name, number, text) PV_##name,
static const int errors[] = { PV_ERRORS(PV_ERROR_VALUE) };

/* Each as it is, and nothing is copied out (caller_finish() has looked). */
static void
test_check_9_error_of_the_store(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]);
		    i++) {
			set.store->error = errors[i];
			assert_int_equal(caller_read(caller, "name", 6),
			    errors[i]);
			assert_int_equal(caller_read(caller, "dir/", 6),
			    errors[i]);
			assert_int_equal(caller_write(caller, "name", "new"),
			    errors[i]);
			assert_int_equal(caller->delivered, 0);
		}
	}
	tear_down(&set);
}

static void
test_check_9_read_only_store_is_erofs(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	caller->unit = KVM;
	EACH_LAYOUT(caller) {
		assert_int_equal(caller_write(caller, "opt/greeting", "new"),
		    PV_EROFS);
		assert_int_equal(caller_write(caller, "opt/new", "new"),
		    PV_EROFS);
		/* a bad key is told first */
		assert_int_equal(caller_write(caller, "opt/\n", "new"),
		    PV_EINVAL);
		assert_int_equal(caller_read(caller, "opt/greeting", 6),
		    PV_OK);
		caller_result(caller, CALLER_VALUE, "hello", 6);
	}
	tear_down(&set);
}

static void
test_check_10_text_and_its_nul_are_copied_out(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	const void *value;
	size_t len;

	EACH_LAYOUT(caller) {
		/* of a write too: ours answers with the empty text */
		assert_int_equal(caller_write(caller, "name", "new value"),
		    PV_OK);
		caller_result(caller, CALLER_VALUE, "", 1);
		value = memory_store_get(set.store, "name", &len);
		assert_int_equal(len, 9);
		assert_memory_equal(value, "new value", 9);
		assert_int_equal(caller_read(caller, "name", 4096), PV_OK);
		caller_result(caller, CALLER_VALUE, "new value", 10);
	}
	tear_down(&set);
}

/* Where a platform can tell, a result that has no place changes nothing. */
static void
test_check_10_bad_address_for_the_result_is_efault(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	caller->fault_from = CALLER_VALUE + 3;
	caller->fault_to = caller->fault_from + 1;
	EACH_LAYOUT(caller) {
		assert_int_equal(caller_read(caller, "name", 6), PV_EFAULT);
		caller_request(caller, 4, CALLER_KEY, 6,
		    caller->ilp32 ? UINT32_MAX : UINT64_MAX);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_EFAULT);
	}
	assert_int_equal(set.store->started, 0);
	tear_down(&set);
}

/* ---- Transports and time ---------------------------------------------- */

/* One that learns the addresses one by one: each is asked for once, nothing
 * happens before all are there, and nothing happens twice. */
static void
test_lazy_transport(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	EACH_LAYOUT(caller) {
		caller->lazy = true;
		set.store->started = 0;
		assert_int_equal(caller_read(caller, "name", 6), PV_OK);
		caller_result(caller, CALLER_VALUE, "value", 6);
		assert_int_equal(caller->starts, 4);
		assert_int_equal(set.store->started, 1);
		assert_int_equal(caller_write(caller, "new", "abc"), PV_OK);
		caller_result(caller, CALLER_VALUE, "", 1);
		assert_int_equal(caller->starts, 5);
		assert_int_equal(set.store->started, 2);
		caller_request(caller, 99, CALLER_KEY, 0, 0);
		assert_int_equal(caller_call(caller, caller_type(caller)),
		    PV_OK);
		caller_result(caller, CALLER_KEY, "Xen", 4);
		assert_int_equal(caller->starts, 3);
		/* and no restart where a check fails before */
		caller_request(caller, 0, CALLER_KEY, 6, CALLER_VALUE);
		assert_int_equal(caller_call(caller, caller_kvread(caller)),
		    PV_EINVAL);
		assert_int_equal(caller->starts, 2);
	}
	tear_down(&set);
}

static void
test_lazy_transport_without_memory(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	unsigned nth = 0, failures = 0;
	int error;

	memory_store_set(set.store, "name", "value", 5);
	caller->lazy = true;
	do {
		sim_machine_fail_alloc(set.world->machine, ++nth);
		error = caller_read(caller, "name", 6);
		sim_machine_fail_alloc(set.world->machine, 0);
		failures += error == PV_ENOMEM;
	} while (error == PV_ENOMEM);
	assert_int_equal(error, PV_OK);
	/* key; key, value; key, value */
	assert_int_equal(failures, 5);
	tear_down(&set);
}

static void
test_store_that_does_not_answer_is_etimedout(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	uint64_t start;

	set.store->silent = true;
	EACH_LAYOUT(caller) {
		start = sim_now(set.world->sim);
		assert_int_equal(caller_read(caller, "name", 6),
		    PV_ETIMEDOUT);
		assert_true(sim_now(set.world->sim) - start == 10 * PV_SECOND);
		assert_int_equal(caller_write(caller, "name", "value"),
		    PV_ETIMEDOUT);
		assert_int_equal(memory_store_pending(set.store), 0);
	}
	tear_down(&set);
}

static void
test_cancel_is_eintr_and_once(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	set.store->silent = true;
	EACH_LAYOUT(caller) {
		caller_set_key(caller, "name", 4);
		caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
		caller_start(caller, caller_kvread(caller));
		assert_false(caller->finished);
		assert_int_equal(memory_store_pending(set.store), 1);
		pv_ioctl_cancel(&caller->io);
		assert_int_equal(caller_finish(caller), PV_EINTR);
		pv_ioctl_cancel(&caller->io);
		assert_int_equal(caller->dones, 1);
		assert_int_equal(memory_store_pending(set.store), 0);
	}
	tear_down(&set);
}

static void
test_cancel_of_what_is_done(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "name", "value", 5);
	assert_int_equal(caller_read(caller, "name", 6), PV_OK);
	pv_ioctl_cancel(&caller->io);
	caller_result(caller, CALLER_VALUE, "value", 6);
	assert_int_equal(caller_read(caller, "name", 2), PV_ERANGE);
	pv_ioctl_cancel(&caller->io);
	assert_int_equal(caller->dones, 1);
	tear_down(&set);
}

static void
test_detach_ends_what_is_under_way(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;

	set.store->silent = true;
	caller_set_key(caller, "name", 4);
	caller_request(caller, 4, CALLER_KEY, 6, CALLER_VALUE);
	caller_start(caller, caller_kvread(caller));
	pv_bus_detach(set.world->bus);
	set.world->bus = NULL;
	assert_int_equal(caller_finish(caller), PV_EINTR);
	tear_down(&set);
}

/* Answers that come later, in any order, through a lazy transport. */
static void
test_slow_store(void **state)
{
	struct setting set = set_up(state);
	struct caller *caller = set.caller;
	char key[16], value[16];

	set.store->delay = PV_SECOND;
	EACH_LAYOUT(caller) {
		caller->lazy = sim_random(set.world->sim, 2) == 0;
		for (unsigned i = 0; i < 50; i++) {
			snprintf(key, sizeof(key), "key%u", i % 7);
			snprintf(value, sizeof(value), "value%u", i);
			assert_int_equal(caller_write(caller, key, value),
			    PV_OK);
			assert_int_equal(caller_read(caller, key,
			    strlen(value) + 1), PV_OK);
			caller_result(caller, CALLER_VALUE, value,
			    strlen(value) + 1);
		}
	}
	tear_down(&set);
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
		world_test(test_check_1_bus_never_attached_is_enodev),
		world_test(test_check_2_minor_not_in_use_is_enxio),
		world_test(test_check_3_write_without_the_right_is_eperm),
		world_test(test_check_4_no_store_is_enxio),
		world_test(test_check_5_unknown_command_is_enotty),
		world_test(test_check_6_type),
		world_test(test_check_7_key),
		world_test(test_check_8_value),
		world_test(test_check_9_error_of_the_store),
		world_test(test_check_9_read_only_store_is_erofs),
		world_test(test_check_10_text_and_its_nul_are_copied_out),
		world_test(
		    test_check_10_bad_address_for_the_result_is_efault),
		world_test(test_lazy_transport),
		world_test(test_lazy_transport_without_memory),
		world_test(test_store_that_does_not_answer_is_etimedout),
		world_test(test_cancel_is_eintr_and_once),
		world_test(test_cancel_of_what_is_done),
		world_test(test_detach_ends_what_is_under_way),
		world_test(test_slow_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
