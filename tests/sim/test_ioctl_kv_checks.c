/* SPDX-License-Identifier: ISC */
/* The second ioctl set: what is refused, and why; memory, time, transports. */
#include "tests/support/setting.h"

static const unsigned long commands[] = { PVBUS_CMD_GET, PVBUS_CMD_PUT,
	PVBUS_CMD_LIST, PVBUS_CMD_REMOVE, PVBUS_CMD_WATCH, PVBUS_CMD_INFO };
#define COMMANDS 6

/* ---- Checks ----------------------------------------------------------- */

static bool
writes(unsigned long cmd)
{
	return cmd == PVBUS_CMD_PUT || cmd == PVBUS_CMD_REMOVE;
}

static void
test_enodev_and_enxio_come_first(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	caller->read_only = true;
	caller->fault_from = CALLER_ARG;
	caller->fault_to = CALLER_ARG + 1;
	for (unsigned i = 0; i < COMMANDS; i++) {
		caller->no_bus = true;
		assert_int_equal(caller_call(caller, commands[i]), PV_ENODEV);
		caller->no_bus = false;
		caller->unit = 3;
		assert_int_equal(caller_call(caller, commands[i]), PV_ENXIO);
		caller->unit = BHYVE;
		assert_int_equal(caller_call(caller, commands[i]), PV_EFAULT);
		assert_false(caller->structure_back);
	}
	setting_down(&set);
}

static void
test_eperm_then_enxio_without_a_store(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	caller->unit = BHYVE;
	for (unsigned i = 0; i < COMMANDS; i++) {
		/* what is checked later is wrong as well */
		caller_kv(caller, (struct pvbus_kv_wire){ .version = 99 });
		caller->read_only = true;
		assert_int_equal(caller_call(caller, commands[i]),
		    writes(commands[i])                 ? PV_EPERM
			: commands[i] == PVBUS_CMD_INFO ? PV_EINVAL
							: PV_ENXIO);
		caller->read_only = false;
		assert_int_equal(caller_call(caller, commands[i]),
		    commands[i] == PVBUS_CMD_INFO ? PV_EINVAL : PV_ENXIO);
	}
	setting_down(&set);
}

/* A structure that we do not understand is not touched either. */
static void
test_version_flags_reserved_offset(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	static const struct pvbus_kv_wire bad[] = {
		{ .version = 2 },
		{ .version = UINT32_MAX },
		{ .reserved = 1 },
		{ .reserved = UINT32_MAX },
		{ .offset = 1 },
		{ .offset = UINT64_MAX },
		{ .flags = PVBUS_KV_FLAG_RECURSIVE, .offset = 1 },
		{ .flags = 4 },
		{ .flags = UINT32_MAX },
		{ .flags = PVBUS_KV_FLAG_PARTIAL | 0x80000000u },
	};

	caller_set_key(caller, "name", 4);
	for (unsigned c = 0; c < COMMANDS; c++)
		for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			struct pvbus_kv_wire kv = bad[i];

			kv.keylen = 4;
			kv.valuelen = 16;
			caller_kv(caller, kv);
			assert_int_equal(caller_call(caller, commands[c]),
			    PV_EINVAL);
			assert_false(caller->structure_back);
		}
	/* version 0, which caller_kv() would have filled in */
	for (unsigned c = 0; c < COMMANDS; c++) {
		caller_kv(caller,
		    (struct pvbus_kv_wire){ .keylen = 4, .valuelen = 16 });
		memset(caller->memory, 0, 4);
		assert_int_equal(caller_call(caller, commands[c]), PV_EINVAL);
	}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

static void
test_flags_belong_to_their_commands(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	int expected;

	caller_set_key(caller, "name", 4);
	for (unsigned c = 0; c < COMMANDS; c++)
		for (uint32_t flags = 1; flags < 4; flags++) {
			caller_kv(caller,
			    (struct pvbus_kv_wire){ .flags = flags,
				.keylen = 4,
				.valuelen = 16 });
			expected = PV_EINVAL;
			if (commands[c] == PVBUS_CMD_GET &&
			    flags == PVBUS_KV_FLAG_PARTIAL)
				expected = PV_OK;
			if (commands[c] == PVBUS_CMD_LIST &&
			    flags == PVBUS_KV_FLAG_RECURSIVE)
				expected = PV_ENOENT; /* nothing below it */
			assert_int_equal(caller_call(caller, commands[c]),
			    expected);
		}
	setting_down(&set);
}

static void
test_key_lengths(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	char *key = malloc(65538);

	memset(key, 'k', 65537);
	key[65537] = '\0';
	for (unsigned c = 0; c < COMMANDS; c++) {
		bool may_be_empty = commands[c] == PVBUS_CMD_LIST ||
		    commands[c] == PVBUS_CMD_INFO;

		assert_int_equal(caller_command(caller, commands[c], "", NULL,
				     512),
		    may_be_empty ? PV_OK : PV_EINVAL);
		assert_int_equal(caller_command(caller, commands[c], key, NULL,
				     512),
		    PV_ENAMETOOLONG);
		assert_false(caller->structure_back);
		caller_kv(caller,
		    (struct pvbus_kv_wire){ .keylen = UINT32_MAX });
		assert_int_equal(caller_call(caller, commands[c]),
		    PV_ENAMETOOLONG);
	}
	key[65536] = '\0';
	memory_store_set(set.store, key, "v", 1);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, key, NULL, 1),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, "v", 1);
	free(key);
	setting_down(&set);
}

static void
test_value_lengths(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	char *value = malloc(65537);
	const void *stored;
	size_t len;

	memset(value, 0x5a, 65537);
	for (unsigned c = 0; c < COMMANDS; c++)
		if (commands[c] != PVBUS_CMD_REMOVE)
			assert_int_equal(caller_command(caller, commands[c],
					     "large", NULL, 65537),
			    PV_ENAMETOOLONG);
	assert_int_equal(caller_command(caller, PVBUS_CMD_PUT, "large", value,
			     65536),
	    PV_OK);
	stored = memory_store_get(set.store, "large", &len);
	assert_int_equal(len, 65536);
	assert_memory_equal(stored, value, len);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "large", NULL,
			     65535),
	    PV_ERANGE);
	results_are(caller, 0, 65536);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "large", NULL,
			     65536),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, value, 65536);
	free(value);
	setting_down(&set);
}

/* A NUL is no end here, but no store has such a key. */
static void
test_bad_keys_are_einval(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	for (unsigned c = 0; c < COMMANDS - 1; c++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char key[5] = { 'n', 'a', (char)byte, 'm', 'e' };
			bool bad = byte < 0x20 || byte == 0x7f;

			if (!bad)
				continue;
			caller_set_key(caller, key, sizeof(key));
			caller_kv(caller,
			    (struct pvbus_kv_wire){ .keylen = sizeof(key),
				.valuelen = 16 });
			assert_int_equal(caller_call(caller, commands[c]),
			    PV_EINVAL);
			assert_true(caller->structure_back);
		}
	assert_int_equal(set.store->started, 0);
	setting_down(&set);
}

static void
test_bad_addresses_are_efault(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	bool reads_value;

	for (unsigned c = 0; c < COMMANDS; c++) {
		bool has_value = commands[c] != PVBUS_CMD_REMOVE;

		reads_value = commands[c] == PVBUS_CMD_PUT;
		for (unsigned at = 0; at < PVBUS_KV_SIZE; at += 7) {
			caller->fault_from = CALLER_ARG + at;
			caller->fault_to = caller->fault_from + 1;
			assert_int_equal(caller_command(caller, commands[c],
					     "name", reads_value ? "va" : NULL,
					     2),
			    PV_EFAULT);
			assert_false(caller->structure_back);
		}
		caller->fault_from = CALLER_KEY + 3;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_command(caller, commands[c], "name",
				     NULL, 300),
		    PV_EFAULT);
		caller->fault_from = CALLER_VALUE + 299;
		caller->fault_to = caller->fault_from + 1;
		assert_int_equal(caller_command(caller, commands[c], "name",
				     NULL, 300),
		    has_value ? PV_EFAULT : PV_OK);
		assert_int_equal(set.store->started, has_value ? 0 : 1);
		if (!has_value) {
			memory_store_set(set.store, "name", "va\0lue", 6);
			set.store->started = 0;
		}
	}
	setting_down(&set);
}

static void
test_read_only_store(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	caller->unit = KVM;
	assert_int_equal(caller_command(caller, PVBUS_CMD_PUT, "opt/greeting",
			     "new", 3),
	    PV_EROFS);
	assert_int_equal(caller_command(caller, PVBUS_CMD_REMOVE,
			     "opt/greeting", NULL, 0),
	    PV_EROFS);
	assert_int_equal(caller_command(caller, PVBUS_CMD_GET, "opt/greeting",
			     NULL, 5),
	    PV_OK);
	caller_result(caller, CALLER_VALUE, "hello", 5);
	setting_down(&set);
}

static void
test_operations_that_a_store_lacks_are_enotsup(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	set.store->store.ops = 0;
	for (unsigned c = 0; c < COMMANDS - 1; c++) {
		assert_int_equal(caller_command(caller, commands[c], "name",
				     NULL, 16),
		    PV_ENOTSUP);
		results_are(caller, 0, 0);
	}
	assert_int_equal(set.store->started, 0);
	assert_int_equal(caller_command(caller, PVBUS_CMD_INFO, "", NULL, 4096),
	    PV_OK);
	assert_non_null(
	    strstr((char *)caller->memory + 0x20000, "\noperations\n"));
	setting_down(&set);
}

#define PV_ERROR_VALUE(name, number, text) PV_##name,
static const int errors[] = { PV_ERRORS(PV_ERROR_VALUE) };

static void
test_errors_of_the_store(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		set.store->error = errors[i];
		for (unsigned c = 0; c < COMMANDS - 1; c++) {
			assert_int_equal(caller_command(caller, commands[c],
					     "name", NULL, 16),
			    errors[i]);
			results_are(caller, 0, 0);
		}
	}
	setting_down(&set);
}

/* One that leaves bytes and a length behind its error: nobody sees them. */
static void
test_errors_of_a_careless_store(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	set.store->careless = true;
	set.store->error = PV_EACCES;
	for (unsigned c = 0; c < COMMANDS - 1; c++) {
		if (commands[c] == PVBUS_CMD_REMOVE)
			continue;
		assert_int_equal(caller_command(caller, commands[c], "name",
				     NULL, 16),
		    PV_EACCES);
		assert_int_equal(caller->delivered, 0);
		assert_int_equal(caller_kv_back(caller).valuelen, 0);
	}
	setting_down(&set);
}

/* ---- Memory, time, transports ----------------------------------------- */

static void
test_each_allocation_fails(void **state)
{
	/* key, value, and what a watch needs; REMOVE has no value */
	static const unsigned needs[] = { 2, 2, 2, 1, 3, 2 };
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	int error;

	for (unsigned c = 0; c < COMMANDS; c++)
		for (unsigned nth = 1; nth <= needs[c] + 1; nth++) {
			sim_machine_fail_alloc(set.world->machine, nth);
			error = caller_command(caller, commands[c],
			    commands[c] == PVBUS_CMD_LIST ? "" : "name", NULL,
			    1000);
			sim_machine_fail_alloc(set.world->machine, 0);
			assert_int_equal(error,
			    nth <= needs[c] ? PV_ENOMEM : PV_OK);
			memory_store_set(set.store, "name", "va\0lue", 6);
		}
	setting_down(&set);
}

static void
test_timeouts(void **state)
{
	static const struct {
		uint32_t asked;
		uint64_t taken;
	} timeouts[] = { { 0, 10 * PV_SECOND }, { 1, PV_MILLISECOND },
		{ 250, 250 * PV_MILLISECOND }, { 60000, 60 * PV_SECOND },
		{ UINT32_MAX, 4294967295ull * PV_MILLISECOND } };
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	uint64_t start, taken;

	set.store->silent = true;
	caller_set_key(caller, "name", 4);
	for (unsigned c = 0; c < COMMANDS - 1; c++)
		for (unsigned i = 0; i < 5; i++) {
			if (commands[c] == PVBUS_CMD_WATCH && i == 0)
				continue;
			caller_kv(caller,
			    (struct pvbus_kv_wire){ .keylen = 4,
				.valuelen = 16,
				.timeout = timeouts[i].asked });
			start = sim_now(set.world->sim);
			assert_int_equal(caller_call(caller, commands[c]),
			    PV_ETIMEDOUT);
			taken = timeouts[i].taken;
			/* a watch out of reads gives a read its usual time */
			if (commands[c] == PVBUS_CMD_WATCH &&
			    taken > 10 * PV_SECOND)
				taken = 10 * PV_SECOND;
			assert_true(sim_now(set.world->sim) - start == taken);
			results_are(caller, 0, 0);
			assert_int_equal(memory_store_pending(set.store), 0);
		}
	setting_down(&set);
}

static void
test_cancel(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	set.store->silent = true;
	caller_set_key(caller, "name", 4);
	for (unsigned c = 0; c < COMMANDS - 1; c++) {
		caller_kv(caller,
		    (struct pvbus_kv_wire){ .keylen = 4, .valuelen = 16 });
		caller_start(caller, commands[c]);
		assert_false(caller->finished);
		pv_ioctl_cancel(&caller->io);
		assert_int_equal(caller_finish(caller), PV_EINTR);
		results_are(caller, 0, 0);
		pv_ioctl_cancel(&caller->io);
		assert_int_equal(caller->dones, 1);
		assert_int_equal(memory_store_pending(set.store), 0);
	}
	setting_down(&set);
}

static void
test_lazy_transport(void **state)
{
	/* structure, key, value of a PUT, results */
	static const unsigned starts[] = { 4, 5, 4, 4, 4, 4 };
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;

	caller->lazy = true;
	for (unsigned c = 0; c < COMMANDS; c++) {
		set.store->started = 0;
		assert_int_equal(caller_command(caller, commands[c], "na", NULL,
				     1000),
		    commands[c] == PVBUS_CMD_PUT ||
			    commands[c] == PVBUS_CMD_REMOVE ||
			    commands[c] == PVBUS_CMD_INFO
			? PV_OK
			: PV_ENOENT);
		assert_int_equal(caller->starts, starts[c]);
		assert_int_equal(set.store->started,
		    commands[c] == PVBUS_CMD_INFO ? 0 : 1);
		if (commands[c] == PVBUS_CMD_LIST)
			memory_store_set(set.store, "na", "v", 1);
	}
	/* nothing but the structure for a list of the top without room */
	assert_int_equal(caller_command(caller, PVBUS_CMD_LIST, "", NULL, 0),
	    PV_ERANGE);
	assert_int_equal(caller->starts, 3);
	setting_down(&set);
}

static void
test_detach_ends_a_watch(void **state)
{
	struct setting set = kv_setting(state);
	struct caller *caller = set.caller;
	uint64_t seen;

	assert_int_equal(caller_command(caller, PVBUS_CMD_WATCH, "name", NULL,
			     16),
	    PV_OK);
	seen = caller_kv_back(caller).seen;
	caller_kv(caller,
	    (struct pvbus_kv_wire){ .keylen = 4,
		.valuelen = 16,
		.seen = seen });
	caller_start(caller, PVBUS_CMD_WATCH);
	assert_false(caller->finished);
	pv_bus_detach(set.world->bus);
	set.world->bus = NULL;
	assert_int_equal(caller_finish(caller), PV_EINTR);
	setting_down(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_enodev_and_enxio_come_first),
		world_test(test_eperm_then_enxio_without_a_store),
		world_test(test_version_flags_reserved_offset),
		world_test(test_flags_belong_to_their_commands),
		world_test(test_key_lengths),
		world_test(test_value_lengths),
		world_test(test_bad_keys_are_einval),
		world_test(test_bad_addresses_are_efault),
		world_test(test_read_only_store),
		world_test(test_operations_that_a_store_lacks_are_enotsup),
		world_test(test_errors_of_the_store),
		world_test(test_errors_of_a_careless_store),
		world_test(test_each_allocation_fails),
		world_test(test_timeouts),
		world_test(test_cancel),
		world_test(test_lazy_transport),
		world_test(test_detach_ends_a_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
