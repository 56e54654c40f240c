/* SPDX-License-Identifier: ISC */
/* The second ioctl set: lengths, bytes, lists, removal, change, information.
 * What it refuses is in test_ioctl_kv_checks.c. */
#include "tests/support/setting.h"

/* ---- Commands --------------------------------------------------------- */

static void
test_get(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	for (size_t room = 6; room < 9; room++) {
		assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "name",
				     NULL, room),
		    PV_OK);
		results_are(caller, 6, 6);
		caller_result(caller, CALLER_VALUE, "va\0lue", 6);
	}
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "not", NULL, 8),
	    PV_ENOENT);
	results_are(caller, 0, 0);
	setting_down(&set);
}

static void
test_get_all_bytes(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	unsigned char value[256];

	for (unsigned i = 0; i < 256; i++)
		value[i] = (unsigned char)i;
	assert_int_equal(caller_command(caller, PVBUS_CMD_PUT, "bytes", value,
			     256),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, NULL, 0);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "bytes", NULL,
			     256),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, value, 256);
	setting_down(&set);
}

static void
test_get_small_room_is_erange_with_actual(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	for (size_t room = 0; room < 6; room++) {
		assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "name",
				     NULL, room),
		    PV_ERANGE);
		assert_int_equal(caller->delivered, 0);
		results_are(caller, 0, 6);
	}
	/* no room at all, and none needed; the address may be anything */
	memory_store_set(set.store, "empty", "", 0);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "empty", NULL,
			     0),
	    PV_OK);
	results_are(caller, 0, 0);
	caller_set_key(caller, "name", 4);
	caller_kv(caller,
	    (struct pvbus_kv_wire){ .keylen = 4, .value = UINT64_MAX });
	assert_int_equal(caller_call(caller, PVBUS_CMD_GET), PV_ERANGE);
	results_are(caller, 0, 6);
	setting_down(&set);
}

static void
test_get_partial(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	uint64_t offsets[] = { 0, 1, 4, 5, 6, 7, UINT32_MAX, UINT64_MAX };

	for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		for (uint32_t room = 0; room < 8; room++) {
			uint64_t left = offsets[i] < 6 ? 6 - offsets[i] : 0;
			size_t len = left < room ? (size_t)left : room;

			caller_set_key(caller, "name", 4);
			caller_fill_value(caller, NULL, 0);
			caller_kv(caller,
			    (struct pvbus_kv_wire){
				.flags = PVBUS_KV_FLAG_PARTIAL,
				.keylen = 4,
				.valuelen = room,
				.offset = offsets[i] });
			assert_int_equal(caller_call(caller, PVBUS_CMD_GET),
			    PV_OK);
			results_are(caller, len, 6);
			caller_result(caller, CALLER_VALUE,
			    &"va\0lue"[len > 0 ? offsets[i] : 0], len);
		}
	setting_down(&set);
}

static void
test_put(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	const char *value;
	size_t len;

	assert_int_equal(caller_command(caller, PVBUS_CMD_PUT, "a/b", "\0\n\1",
			     3),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, NULL, 0);
	value = memory_store_get(set.store, "a/b", &len);
	assert_int_equal(len, 3);
	assert_memory_equal(value, "\0\n\1", 3);
	/* an empty value is a value; its address is not looked at */
	caller_kv(caller,
	    (struct pvbus_kv_wire){ .keylen = 3, .value = UINT64_MAX });
	assert_int_equal(caller_call(caller, PVBUS_CMD_PUT), PV_OK);
	assert_non_null(memory_store_get(set.store, "a/b", &len));
	assert_int_equal(len, 0);
	setting_down(&set);
}

static void
test_list(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	memory_store_set(set.store, "a/b", "", 0);
	memory_store_set(set.store, "a/c/d", "", 0);
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "", NULL, 100),
	    PV_OK);
	results_are(caller, 8, 8);
	caller_result(caller, CALLER_VALUE, "a/\0name", 8);
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "a", NULL, 5),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, "b\0c/", 5);
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "a/", NULL, 5),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, "b\0c/", 5);
	for (size_t room = 0; room < 5; room++) {
		assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "a",
				     NULL, room),
		    PV_ERANGE);
		results_are(caller, 0, 5);
	}
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "not", NULL, 5),
	    PV_ENOENT);
	caller_set_key(caller, "a", 1);
	caller_fill_value(caller, NULL, 0);
	caller_kv(caller,
	    (struct pvbus_kv_wire){ .flags = PVBUS_KV_FLAG_RECURSIVE,
		.valuelen = 100 });
	assert_int_equal(caller_call(caller, PVBUS_CMD_LIST), PV_OK);
	caller_result(caller, CALLER_VALUE, "a/b\0a/c/d\0name", 15);
	setting_down(&set);
}

static void
test_list_of_an_empty_store(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	memory_store_unset(set.store, "name");
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "", NULL, 0),
	    PV_OK);
	results_are(caller, 0, 0);
	setting_down(&set);
}

static void
test_remove(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	size_t len;

	/* value and room are of no account */
	assert_int_equal(caller_command(caller, PVBUS_CMD_REMOVE, "name", NULL,
			     0xffffffff),
	    PV_OK);
	results_are(caller, 0, 0);
	caller_result(caller, CALLER_VALUE, NULL, 0);
	assert_null(memory_store_get(set.store, "name", &len));
	assert_int_equal(caller_command(caller, PVBUS_CMD_REMOVE, "name", NULL,
			     0),
	    PV_ENOENT);
	setting_down(&set);
}

static uint64_t
watch(struct caller *caller, const char *key, size_t room, uint64_t seen,
    uint32_t timeout, int error)
{
	caller_set_key(caller, key, strlen(key));
	caller_fill_value(caller, NULL, 0);
	caller_kv(caller,
	    (struct pvbus_kv_wire){ .keylen = (uint32_t)strlen(key),
		.valuelen = (uint32_t)room,
		.seen = seen,
		.timeout = timeout });
	assert_int_equal(caller_call(caller, PVBUS_CMD_WATCH), error);
	return caller_kv_back(caller).seen;
}

static void
test_watch(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	uint64_t start = sim_now(set.world->sim), first, seen;

	first = watch(caller, "name", 16, 0, 0, PV_OK);
	caller_result(caller, CALLER_VALUE, "va\0lue", 6);
	results_are(caller, 6, 6);
	assert_true(first != 0);
	assert_true(sim_now(set.world->sim) == start);
	/* nothing new: the same state back when time is up */
	seen = watch(caller, "name", 16, first, 2500, PV_ETIMEDOUT);
	assert_true(seen == first);
	assert_int_equal(caller_kv_back(caller).valuelen, 0);
	assert_true(sim_now(set.world->sim) - start == 2500 * PV_MILLISECOND);
	memory_store_set(set.store, "name", "new", 3);
	seen = watch(caller, "name", 16, first, 2500, PV_OK);
	caller_result(caller, CALLER_VALUE, "new", 3);
	assert_true(seen != first && seen != 0);
	memory_store_unset(set.store, "name");
	first = seen;
	seen = watch(caller, "name", 16, seen, 2500, PV_ENOENT);
	assert_true(seen != first && seen != 0);
	assert_true(watch(caller, "name", 16, seen, 1, PV_ETIMEDOUT) == seen);
	memory_store_set(set.store, "name", "new", 3);
	seen = watch(caller, "name", 16, seen, 0, PV_OK);
	assert_true(seen == first);
	/* no room: the state is told, so that the next call waits */
	memory_store_set(set.store, "name", "newer", 5);
	seen = watch(caller, "name", 4, seen, 0, PV_ERANGE);
	results_are(caller, 0, 5);
	assert_true(watch(caller, "name", 4, seen, 1, PV_ETIMEDOUT) == seen);
	setting_down(&set);
}

static void
test_watch_has_no_timeout_of_its_own(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	uint64_t seen = watch(caller, "name", 16, 0, 0, PV_OK);
	bool never = false;

	caller_kv(caller,
	    (struct pvbus_kv_wire){ .keylen = 4,
		.valuelen = 16,
		.seen = seen });
	caller_start(caller, PVBUS_CMD_WATCH);
	assert_int_equal(pv_await(set.world->bus, &never,
			     sim_now(set.world->sim) + 86400 * PV_SECOND),
	    PV_ETIMEDOUT);
	assert_false(caller->finished);
	pv_ioctl_cancel(&caller->io);
	assert_int_equal(caller_finish(caller), PV_EINTR);
	assert_true(caller_kv_back(caller).seen == seen);
	setting_down(&set);
}

static void
test_info_lines(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	static const char *const texts[] = {
		"abi 1\n"
		"interface KVM\n"
		"base 0x40000000\n"
		"features 0x1007efb\n"
		"store fwcfg\n"
		"operations read list watch\n"
		"bus pvbus0 at mainbus0: KVM, Xen 4.17, bhyve\n"
		"device \"pvclock\" at pvbus0: KVM not configured\n"
		"device fwcfg0 at pvbus0: DMA, 2 items\n",
		"abi 1\n"
		"interface Xen\n"
		"version 4.17\n"
		"base 0x40000100\n"
		"features 0x0\n"
		"store memory\n"
		"operations read write list remove watch\n"
		"bus pvbus0 at mainbus0: KVM, Xen 4.17, bhyve\n"
		"device xen0 at pvbus0: memory\n",
		"abi 1\n"
		"interface bhyve\n"
		"base 0x40000200\n"
		"features 0x0\n"
		"bus pvbus0 at mainbus0: KVM, Xen 4.17, bhyve\n",
	};

	for (unsigned unit = KVM; unit <= BHYVE; unit++) {
		size_t size = strlen(texts[unit]);

		caller->unit = unit;
		assert_int_equal(caller_command(caller, PVBUS_CMD_INFO, "",
				     NULL, 4096),
		    PV_OK);
		results_are(caller, size, size);
		caller_result(caller, CALLER_VALUE, texts[unit], size);
		assert_int_equal(caller_command(caller, PVBUS_CMD_INFO, "",
				     NULL, size),
		    PV_OK);
		caller_result(caller, CALLER_VALUE, texts[unit], size);
		for (size_t room = 0; room < size; room++) {
			assert_int_equal(caller_command(caller, PVBUS_CMD_INFO,
					     "", NULL, room),
			    PV_ERANGE);
			assert_int_equal(caller->delivered, 0);
			results_are(caller, 0, size);
		}
	}
	setting_down(&set);
}

/* The same numbers and layout for a 32-bit caller. */
static void
test_one_layout_for_both_sizes(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	caller->ilp32 = true;
	assert_int_equal(caller_command(caller, PVBUS_CMD_PUT, "new", "12", 2),
	    PV_OK);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "new", NULL, 2),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, "12", 2);
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "", NULL, 99),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, "name\0new", 9);
	assert_int_equal(caller_command(caller, PVBUS_CMD_REMOVE, "new", NULL,
			     0),
	    PV_OK);
	setting_down(&set);
}

/* Its addresses have 32 bits, though the structure has room for more. */
static void
test_addresses_of_a_32_bit_caller(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	caller->ilp32 = true;
	caller_set_key(caller, "name", 4);
	for (unsigned bit = 32; bit < 64; bit++) {
		caller_kv(caller,
		    (struct pvbus_kv_wire){ .keylen = 4,
			.valuelen = 6,
			.key = CALLER_KEY | 1ull << bit });
		assert_int_equal(caller_call(caller, PVBUS_CMD_GET), PV_EFAULT);
		caller_kv(caller,
		    (struct pvbus_kv_wire){ .keylen = 4,
			.valuelen = 6,
			.value = CALLER_VALUE | 1ull << bit });
		assert_int_equal(caller_call(caller, PVBUS_CMD_GET), PV_EFAULT);
		assert_int_equal(caller_call(caller, PVBUS_CMD_PUT), PV_EFAULT);
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

/* A bus may have a name of its own; what of it is not printable is not said. */
static void
test_info_tells_the_machine(void **state)
{
	struct world *world = *state;
	struct caller *caller;

	world_machine(world, "bhyve");
	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       world->machine),
			      .machine = "sim:\nbhyve" },
		&world->bus),
	    PV_OK);
	caller = caller_new(world);
	assert_int_equal(caller_command(caller, PVBUS_CMD_INFO, "", NULL, 4096),
	    PV_OK);
	caller_result(caller, CALLER_VALUE,
	    "abi 1\n"
	    "machine sim:?bhyve\n"
	    "interface bhyve\n"
	    "base 0x40000000\n"
	    "features 0x0\n"
	    "bus pvbus0 at mainbus0: bhyve\n",
	    100);
	caller_free(caller);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_get),
		world_test(test_get_all_bytes),
		world_test(test_get_small_room_is_erange_with_actual),
		world_test(test_get_partial),
		world_test(test_put),
		world_test(test_list),
		world_test(test_list_of_an_empty_store),
		world_test(test_remove),
		world_test(test_watch),
		world_test(test_watch_has_no_timeout_of_its_own),
		world_test(test_info_lines),
		world_test(test_one_layout_for_both_sizes),
		world_test(test_addresses_of_a_32_bit_caller),
		world_test(test_info_tells_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
