/* SPDX-License-Identifier: ISC */
/* Pools by themselves, and how a port keeps them. */
#include "tests/support/administrator.h"

#define KVP (1u << HOST_IC_KVP)

/* ---- Names ------------------------------------------------------------ */

static void
test_k26_names_of_pools(void **state)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "External", 0 },
		{ "Guest", 1 },
		{ "Auto", 2 },
		{ "Guest/Parameters", 3 },
		{ "eXTERNAL", 0 },
		{ "guest/parameters", 3 },
		{ "Ext", -1 },
		{ "Externals", -1 },
		{ "", -1 },
		{ "Guest/", -1 },
		{ "0", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(kvp_pool_number(names[i].name,
				     strlen(names[i].name)),
		    names[i].number);
	assert_string_equal(kvp_pool_name(3), "Guest/Parameters");
	assert_null(kvp_pool_name(4));
}

static void
test_where_a_name_begins(void **state)
{
	static const struct {
		const char *key;
		int number;
		size_t name;
	} keys[] = {
		{ "External/a", 0, 9 },
		{ "External/", 0, 9 },
		{ "External/a/b", 0, 9 },
		{ "Guest/Parameters", 1, 6 },
		{ "Guest/Parameters/", 3, 17 },
		{ "Guest/Parameters/a/b", 3, 17 },
		{ "Guest/Parametersx/a", 1, 6 },
		{ "Guest//", 1, 6 },
		{ "External", -1, 0 },
		{ "/a", -1, 0 },
		{ "a/b", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t name = 0;

		assert_int_equal(kvp_split(keys[i].key, strlen(keys[i].key),
				     &name),
		    keys[i].number);
		assert_int_equal(name, keys[i].name);
	}
}

/* ---- Records ---------------------------------------------------------- */

static struct admin *
with(void **state)
{
	struct admin *admin = *state;

	admin_new(admin, KVP);
	return admin;
}

static int
set(struct admin *admin, const char *key, const char *value)
{
	return kvp_set(admin->kvp, HV_KVP_POOL_GUEST, key, strlen(key), value,
	    strlen(value));
}

static void
at_is(struct admin *admin, uint32_t index, const char *key)
{
	const struct kvp_record *record =
	    kvp_at(&admin->kvp->pools[HV_KVP_POOL_GUEST], index);

	if (key == NULL) {
		assert_null(record);
		return;
	}
	assert_non_null(record);
	assert_int_equal(record->key_len, strlen(key));
	assert_memory_equal(kvp_key(record), key, record->key_len);
}

static void
test_order_is_that_of_coming(void **state)
{
	struct admin *admin = with(state);

	assert_int_equal(set(admin, "b", "1"), PV_OK);
	assert_int_equal(set(admin, "a", "2"), PV_OK);
	assert_int_equal(set(admin, "c", "3"), PV_OK);
	assert_int_equal(set(admin, "b", "a longer value"), PV_OK);
	at_is(admin, 0, "b");
	at_is(admin, 1, "a");
	at_is(admin, 2, "c");
	at_is(admin, 3, NULL);
	at_is(admin, UINT32_MAX, NULL);
	assert_int_equal(kvp_delete(admin->kvp, HV_KVP_POOL_GUEST, "a", 1),
	    PV_OK);
	at_is(admin, 1, "c");
	at_is(admin, 2, NULL);
	assert_int_equal(set(admin, "a", "4"), PV_OK);
	at_is(admin, 2, "a");
}

static void
test_states_change_with_what_is_there(void **state)
{
	struct admin *admin = with(state);
	struct kvp_pool *pool = &admin->kvp->pools[HV_KVP_POOL_GUEST];
	uint64_t names = pool->state, one;

	assert_int_equal(set(admin, "a", "1"), PV_OK);
	assert_int_not_equal(pool->state, names);
	names = pool->state;
	one = kvp_find(pool, "a", 1)->state;
	assert_true(one > KVP_STATE_ABSENT);
	assert_int_equal(set(admin, "a", "1"), PV_OK);
	assert_int_equal(kvp_find(pool, "a", 1)->state, one);
	assert_int_equal(set(admin, "a", "2"), PV_OK);
	assert_int_not_equal(kvp_find(pool, "a", 1)->state, one);
	assert_int_equal(pool->state, names);
}

static void
test_what_no_pool_takes(void **state)
{
	struct admin *admin = with(state);
	static char text[KVP_VALUE_BYTES + 2];

	memset(text, 'x', sizeof(text));
	assert_int_equal(kvp_set(admin->kvp, 4, "a", 1, "b", 1), PV_EINVAL);
	assert_int_equal(kvp_set(admin->kvp, 99, "a", 1, "b", 1), PV_EINVAL);
	assert_int_equal(kvp_set(admin->kvp, 0, "", 0, "b", 1), PV_EINVAL);
	assert_int_equal(kvp_set(admin->kvp, 0, "a", 1, "\xff", 1), PV_EINVAL);
	assert_int_equal(kvp_set(admin->kvp, 0, text, KVP_KEY_UNITS, "b", 1),
	    PV_OK);
	assert_int_equal(kvp_set(admin->kvp, 0, text, KVP_KEY_UNITS + 1, "b",
			     1),
	    PV_EMSGSIZE);
	assert_int_equal(kvp_set(admin->kvp, 0, "a", 1, text, KVP_VALUE_UNITS),
	    PV_OK);
	assert_int_equal(kvp_set(admin->kvp, 0, "a", 1, text,
			     KVP_VALUE_UNITS + 1),
	    PV_EMSGSIZE);
	assert_int_equal(kvp_set(admin->kvp, 0, "a", 1, text,
			     KVP_VALUE_BYTES + 1),
	    PV_EMSGSIZE);
	assert_int_equal(kvp_delete(admin->kvp, 4, "a", 1), PV_EINVAL);
	assert_int_equal(kvp_delete(admin->kvp, 0, "", 0), PV_EINVAL);
}

/* ---- Kept by the port ------------------------------------------------- */

static struct hv_linux_kvp_record
record(const char *key, const char *value)
{
	struct hv_linux_kvp_record out;

	/* what stands behind a NUL is old */
	memset(&out, 'o', sizeof(out));
	memcpy(out.key, key, strlen(key) + 1);
	memcpy(out.value, value, strlen(value) + 1);
	return out;
}

static void
file_is(struct admin *admin, unsigned pool, unsigned index, const char *key,
    const char *value)
{
	const struct hv_linux_kvp_record *at =
	    (const void *)admin->owner->pools[pool].bytes;

	assert_true(admin->owner->pools[pool].exists);
	assert_true(
	    admin->owner->pools[pool].size >= (index + 1) * sizeof(*at));
	assert_string_equal((const char *)at[index].key, key);
	assert_string_equal((const char *)at[index].value, value);
}

static void
test_what_was_kept_is_there_again(void **state)
{
	struct admin *admin = *state;
	struct hv_linux_kvp_record records[2] = { record("a", "1"),
		record("b", "2") };

	admin_machine(admin, KVP);
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_EXTERNAL,
	    records, sizeof(records));
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_AUTO_EXTERNAL,
	    records, sizeof(records[0]));
	admin_attach(admin);
	guest_reads(admin, "External/", "a\nb");
	guest_reads(admin, "External/b", "2");
	guest_reads(admin, "Guest/Parameters/", "a");
	assert_int_equal(admin->owner->pool_writes, 0);
	assert_int_equal(admin->partition.device->stats.bad_text, 0);
}

static void
test_changes_are_kept(void **state)
{
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "a", "1");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "b", "2");
	file_is(admin, HV_KVP_POOL_EXTERNAL, 0, "a", "1");
	file_is(admin, HV_KVP_POOL_EXTERNAL, 1, "b", "2");
	assert_int_equal(admin->owner->pools[HV_KVP_POOL_EXTERNAL].size,
	    2 * 2560);
	assert_true(host_ic_kvp_delete(admin->ic, HV_KVP_POOL_EXTERNAL, "a"));
	(void)admin_answer(admin, HOST_IC_KVP);
	assert_int_equal(admin->owner->pools[HV_KVP_POOL_EXTERNAL].size, 2560);
	file_is(admin, HV_KVP_POOL_EXTERNAL, 0, "b", "2");
	assert_int_equal(guest_writes(admin, "Guest/g", "3"), PV_OK);
	partition_run(&admin->partition, PV_MILLISECOND);
	file_is(admin, HV_KVP_POOL_GUEST, 0, "g", "3");
	/* nothing new, nothing written */
	assert_int_equal(admin->owner->pool_writes, 4);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "b", "2");
	partition_run(&admin->partition, PV_SECOND);
	assert_int_equal(admin->owner->pool_writes, 4);
}

static void
test_changes_are_kept_once_a_poll(void **state)
{
	struct admin *admin = with(state);
	unsigned before = admin->owner->pool_writes;

	for (unsigned i = 0; i < 50; i++) {
		char key[3] = { 'k', (char)('0' + i), '\0' };

		assert_int_equal(set(admin, key, "1"), PV_OK);
	}
	partition_run(&admin->partition, PV_SECOND);
	assert_int_equal(admin->owner->pool_writes, before + 1);
	assert_int_equal(admin->owner->pools[HV_KVP_POOL_GUEST].size,
	    50 * 2560);
}

/* What was changed last is not lost when the bus goes. */
static void
test_changes_are_kept_at_the_end(void **state)
{
	struct admin *admin = with(state);

	assert_int_equal(set(admin, "late", "1"), PV_OK);
	partition_detach(&admin->partition);
	file_is(admin, HV_KVP_POOL_GUEST, 0, "late", "1");
}

static void
test_facts_are_not_kept_but_what_is_written_over_them(void **state)
{
	struct admin *admin = with(state);

	partition_run(&admin->partition, 2 * PV_SECOND);
	guest_reads(admin, "Auto/IntegrationServicesVersion", "3.1");
	assert_int_equal(admin->owner->pool_writes, 0);
	assert_int_equal(guest_writes(admin, "Auto/OSName", "Mine"), PV_OK);
	partition_run(&admin->partition, PV_MILLISECOND);
	assert_int_equal(admin->owner->pools[HV_KVP_POOL_AUTO].size, 2560);
	file_is(admin, HV_KVP_POOL_AUTO, 0, "OSName", "Mine");
	/* and it comes back at the place that hosts know it by */
	partition_detach(&admin->partition);
	admin_attach(admin);
	assert_true(host_ic_kvp_enumerate(admin->ic, HV_KVP_POOL_AUTO, 5));
	assert_string_equal(admin_answer(admin, HOST_IC_KVP)->value, "Mine");
}

static void
test_h28_files_that_are_none(void **state)
{
	struct admin *admin = *state;
	struct hv_linux_kvp_record records[8] = { record("a", "1"),
		record("", "no key"), record("no end", ""), record("b", ""),
		record("latin\xfc", "1"), record("c", "\x80"),
		record("a", "again"), record("d", "") };
	uint8_t file[sizeof(records) + 100] = { 0 };

	memset(records[2].value, 'x', sizeof(records[2].value));
	memset(records[3].key, 'x', sizeof(records[3].key));
	/* few enough characters, but no NUL behind them */
	memset(records[7].value, 'x', sizeof(records[7].value));
	for (size_t i = 0; i + 3 <= sizeof(records[7].value); i += 3)
		memcpy(records[7].value + i, "\xe8\xaa\x9e", 3);
	memcpy(file, records, sizeof(records));
	admin_machine(admin, KVP);
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_EXTERNAL, file,
	    sizeof(file));
	admin_attach(admin);
	guest_reads(admin, "External/", "a");
	guest_reads(admin, "External/a", "1");
	assert_int_equal(admin->partition.device->stats.bad_text, 7);
	assert_int_equal(admin->partition.device->stats.bad_length, 1);
	world_has_line(admin->world,
	    "hyperv0: pool External as it was kept: 7 records are none, 100 "
	    "bytes are too much");
	/* what is left of it is kept with the next change */
	assert_int_equal(admin->owner->pool_writes, 0);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "n", "1");
	assert_int_equal(admin->owner->pools[HV_KVP_POOL_EXTERNAL].size,
	    2 * 2560);
}

static void
test_h23_files_that_are_too_long(void **state)
{
	struct admin *admin = *state;
	size_t size = (KVP_POOL_MAX + 3) * sizeof(struct hv_linux_kvp_record);
	struct hv_linux_kvp_record *records = calloc(1, size);

	for (unsigned i = 0; i < KVP_POOL_MAX + 3; i++) {
		records[i].key[0] = 'k';
		records[i].key[1] = (uint8_t)('0' + i / 1000);
		records[i].key[2] = (uint8_t)('0' + i / 100 % 10);
		records[i].key[3] = (uint8_t)('0' + i / 10 % 10);
		records[i].key[4] = (uint8_t)('0' + i % 10);
	}
	admin_machine(admin, KVP);
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_EXTERNAL,
	    records, size);
	free(records);
	admin_attach(admin);
	assert_int_equal(admin->kvp->pools[HV_KVP_POOL_EXTERNAL].count,
	    KVP_POOL_MAX);
	guest_reads(admin, "External/k1023", "");
	guest_fails_to_read(admin, "External/k1024", PV_ENOENT);
	assert_int_equal(admin->partition.device->stats.bad_length, 1);
}

/* Who could not read it does not write over it. */
static void
test_h50_a_file_that_cannot_be_read(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, KVP);
	admin->owner->fails.pool_read = PV_EACCES;
	admin_attach(admin);
	world_has_line(admin->world,
	    "hyperv0: pool Guest as it was kept: refused; what comes now is "
	    "not kept");
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	guest_reads(admin, "Guest/x", "1");
	partition_run(&admin->partition, PV_SECOND);
	assert_int_equal(admin->owner->pool_writes, 0);
}

/* It is tried again; what has come meanwhile is newer than what is in it. */
static void
test_h50_a_file_that_cannot_be_read_for_a_while(void **state)
{
	static const struct hv_linux_kvp_record records[] = {
		{ .key = "a", .value = "old" },
		{ .key = "x", .value = "old" },
	};
	struct admin *admin = *state;

	admin_machine(admin, KVP);
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_GUEST, records,
	    sizeof(records));
	admin->owner->fails.pool_read = PV_EBUSY;
	admin_attach(admin);
	assert_int_equal(guest_writes(admin, "Guest/x", "new"), PV_OK);
	partition_run(&admin->partition, 15 * PV_SECOND);
	assert_int_equal(admin->owner->pool_writes, 0);
	admin->owner->fails.pool_read = 0;
	partition_run(&admin->partition, 15 * PV_SECOND);
	guest_reads(admin, "Guest/a", "old");
	guest_reads(admin, "Guest/x", "new");
	file_is(admin, HV_KVP_POOL_GUEST, 0, "x", "new");
	file_is(admin, HV_KVP_POOL_GUEST, 1, "a", "old");
}

static void
test_h50_a_file_that_cannot_be_written(void **state)
{
	struct admin *admin = with(state);

	admin->owner->fails.pool_write = PV_EIO;
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	partition_run(&admin->partition, 35 * PV_SECOND);
	/* now and then again, and one line for all of it */
	assert_int_equal(admin->owner->pool_writes, 4);
	world_has_line(admin->world,
	    "hyperv0: pools are not kept: input/output error");
	admin->owner->fails.pool_write = 0;
	partition_run(&admin->partition, 10 * PV_SECOND);
	file_is(admin, HV_KVP_POOL_GUEST, 0, "x", "1");
}

/* What is wrong with one file keeps no other from being written. */
static int (*write_pool)(void *, unsigned pool, const void *, size_t);

static int
write_but_external(void *ctx, unsigned pool, const void *from, size_t size)
{
	if (pool == HV_KVP_POOL_EXTERNAL)
		return PV_EIO;
	return write_pool(ctx, pool, from, size);
}

static void
test_h50_one_file_that_cannot_be_written(void **state)
{
	struct admin *admin = with(state);
	struct pv_port *port = sim_machine_own_port(admin->world->machine);

	write_pool = port->pool_write;
	port->pool_write = write_but_external;
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "a", "1");
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	partition_run(&admin->partition, 35 * PV_SECOND);
	file_is(admin, HV_KVP_POOL_GUEST, 0, "x", "1");
	world_has_line(admin->world,
	    "hyperv0: pools are not kept: input/output error");
}

static void
test_a_port_that_keeps_nothing(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, KVP);
	sim_machine_own_port(admin->world->machine)->pool_read = NULL;
	sim_machine_own_port(admin->world->machine)->pool_write = NULL;
	admin_attach(admin);
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	partition_run(&admin->partition, PV_SECOND);
	guest_reads(admin, "Guest/x", "1");
	assert_int_equal(kvp_deadline(admin->partition.hyperv), PV_NEVER);
}

/* What is longer than a record of the file stays until the bus goes. */
static void
test_a_value_that_no_record_takes(void **state)
{
	struct admin *admin = with(state);
	char value[3 * 1000 + 1] = "";

	for (unsigned i = 0; i < 1000; i++)
		strcat(value, "\xe8\xaa\x9e");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "long", value);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "short", "1");
	guest_reads(admin, "External/long", value);
	assert_int_equal(admin->owner->pools[HV_KVP_POOL_EXTERNAL].size, 2560);
	file_is(admin, HV_KVP_POOL_EXTERNAL, 0, "short", "1");
	world_has_line(admin->world,
	    "hyperv0: 1 values are longer than a pool keeps them");
}

/* Another program changes the file: only what is another is news. */
static void
test_a_file_that_is_read_again(void **state)
{
	struct admin *admin = with(state);
	struct hv_linux_kvp_record records[2] = { record("a", "1"),
		record("b", "2") };
	struct request watches[3] = { { .finished = false } };
	static const char *const keys[] = { "External/a", "External/b",
		"External/c" };

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "a", "1");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "c", "3");
	for (unsigned i = 0; i < 3; i++) {
		request_begin(admin->world, &watches[i], PV_WATCH, keys[i], 8);
		request_ends(admin->world, &watches[i],
		    i == 1 ? PV_ENOENT : PV_OK);
		request_begin(admin->world, &watches[i], PV_WATCH, keys[i], 8);
	}
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_EXTERNAL,
	    records, sizeof(records));
	kvp_load(admin->kvp, HV_KVP_POOL_EXTERNAL);
	request_ends(admin->world, &watches[1], PV_OK);
	request_ends(admin->world, &watches[2], PV_ENOENT);
	assert_false(watches[0].finished);
	pv_store_cancel(admin->world->bus, &watches[0].kv);
	guest_reads(admin, "External/", "a\nb");
	/* gone altogether */
	sim_machine_set_pool(admin->world->machine, HV_KVP_POOL_EXTERNAL, NULL,
	    0);
	kvp_load(admin->kvp, HV_KVP_POOL_EXTERNAL);
	guest_reads(admin, "External/", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_k26_names_of_pools),
		cmocka_unit_test(test_where_a_name_begins),
		admin_test(test_order_is_that_of_coming),
		admin_test(test_states_change_with_what_is_there),
		admin_test(test_what_no_pool_takes),
		admin_test(test_what_was_kept_is_there_again),
		admin_test(test_changes_are_kept),
		admin_test(test_changes_are_kept_once_a_poll),
		admin_test(test_changes_are_kept_at_the_end),
		admin_test(
		    test_facts_are_not_kept_but_what_is_written_over_them),
		admin_test(test_h28_files_that_are_none),
		admin_test(test_h23_files_that_are_too_long),
		admin_test(test_h50_a_file_that_cannot_be_read),
		admin_test(test_h50_a_file_that_cannot_be_read_for_a_while),
		admin_test(test_h50_a_file_that_cannot_be_written),
		admin_test(test_h50_one_file_that_cannot_be_written),
		admin_test(test_a_port_that_keeps_nothing),
		admin_test(test_a_value_that_no_record_takes),
		admin_test(test_a_file_that_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
