/* SPDX-License-Identifier: ISC */
/* The store on the pools of Hyper-V: what a guest reads and writes there, what
 * its host does, and who sees what of the other. */
#include "tests/support/administrator.h"

#define KVP (1u << HOST_IC_KVP)

static struct admin *
with(void **state)
{
	struct admin *admin = *state;

	admin_new(admin, KVP);
	return admin;
}

/* ---- Host to guest, guest to host ------------------------------------- */

static void
test_what_the_host_sets_is_read(void **state)
{
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "name", "value");
	guest_reads(admin, "External/name", "value");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "name", "another, longer one");
	guest_reads(admin, "External/name", "another, longer one");
	host_sets(admin, HV_KVP_POOL_AUTO_EXTERNAL, "HostName", "hyper-1");
	guest_reads(admin, "Guest/Parameters/HostName", "hyper-1");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "empty", "");
	guest_reads(admin, "External/empty", "");
	host_gets(admin, HV_KVP_POOL_EXTERNAL, "name", "another, longer one");
	assert_true(
	    host_ic_kvp_delete(admin->ic, HV_KVP_POOL_EXTERNAL, "name"));
	assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
	    HV_IC_STATUS_OK);
	guest_fails_to_read(admin, "External/name", PV_ENOENT);
	host_gets(admin, HV_KVP_POOL_EXTERNAL, "name", NULL);
	assert_true(
	    host_ic_kvp_delete(admin->ic, HV_KVP_POOL_EXTERNAL, "name"));
	assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
	    HV_IC_STATUS_NO_MORE);
}

static void
test_what_the_guest_writes_the_host_gets(void **state)
{
	struct admin *admin = with(state);

	assert_int_equal(guest_writes(admin, "Guest/state", "ready"), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "state", "ready");
	/* again, which OpenBSD's would refuse */
	assert_int_equal(guest_writes(admin, "Guest/state", "busy"), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "state", "busy");
	assert_int_equal(guest_removes(admin, "Guest/state"), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "state", NULL);
	assert_int_equal(guest_removes(admin, "Guest/state"), PV_ENOENT);
}

static void
test_text_of_all_planes_both_ways(void **state)
{
	static const char text[] = "gr\xc3\xbc\xc3\x9f \xe8\xaa\x9e "
				   "\xf0\x9f\x98\x80";
	struct admin *admin = with(state);
	char key[64] = "Guest/";

	strcat(key, text);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, text, text);
	assert_int_equal(guest_writes(admin, key, text), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, text, text);
	memcpy(key, "External/", 10);
	strcat(key, text);
	guest_reads(admin, key, text);
}

static void
test_numbers_are_read_as_decimals(void **state)
{
	static const uint8_t bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 0xff };
	struct admin *admin = with(state);

	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "u32",
			     HV_KVP_TYPE_U32, bytes, 4),
	    HV_IC_STATUS_OK);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "u64",
			     HV_KVP_TYPE_U64, bytes, 8),
	    HV_IC_STATUS_OK);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "linux",
			     HV_KVP_TYPE_U64_LINUX, bytes, 8),
	    HV_IC_STATUS_OK);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "text",
			     HV_KVP_TYPE_EXPAND_STRING, "%PATH%", 6),
	    HV_IC_STATUS_OK);
	guest_reads(admin, "External/u32", "67305985");
	guest_reads(admin, "External/u64", "18376663423120507393");
	guest_reads(admin, "External/linux", "18376663423120507393");
	guest_reads(admin, "External/text", "%PATH%");
}

/* ---- Keys ------------------------------------------------------------- */

static void
test_keys_with_slashes(void **state)
{
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "a/b/c", "1");
	host_sets(admin, HV_KVP_POOL_AUTO_EXTERNAL, "d/e", "2");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "/", "3");
	guest_reads(admin, "External/a/b/c", "1");
	guest_reads(admin, "Guest/Parameters/d/e", "2");
	guest_reads(admin, "External//", "3");
	assert_int_equal(guest_writes(admin, "Guest/x/y", "4"), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "x/y", "4");
	/* a name in Guest, beside the pool below it */
	assert_int_equal(guest_writes(admin, "Guest/Parameters", "5"), PV_OK);
	guest_reads(admin, "Guest/Parameters", "5");
}

static void
test_pools_by_name_in_any_case(void **state)
{
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "Name", "1");
	host_sets(admin, HV_KVP_POOL_AUTO_EXTERNAL, "Name", "2");
	guest_reads(admin, "external/Name", "1");
	guest_reads(admin, "EXTERNAL/Name", "1");
	guest_reads(admin, "guest/PARAMETERS/Name", "2");
	/* but names are what they are */
	guest_fails_to_read(admin, "External/name", PV_ENOENT);
}

static void
test_keys_that_are_none(void **state)
{
	static const char *const keys[] = { "Name", "Guest", "Elsewhere/Name",
		"/Guest/Name", "External", "Guestx/Name", "Auto internal/x" };
	struct admin *admin = with(state);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		guest_fails_to_read(admin, keys[i], PV_EINVAL);
		assert_int_equal(guest_writes(admin, keys[i], "x"), PV_EINVAL);
		assert_int_equal(guest_removes(admin, keys[i]), PV_EINVAL);
	}
	assert_int_equal(guest_writes(admin, "Guest/", "x"), PV_EINVAL);
	assert_int_equal(guest_removes(admin, "Guest/"), PV_EINVAL);
	assert_int_equal(guest_writes(admin, "Guest/\xff", "x"), PV_EINVAL);
	assert_int_equal(guest_writes(admin, "Guest/Parameters/x", "x"),
	    PV_EROFS);
}

static void
test_who_may_write_what(void **state)
{
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "name", "1");
	host_sets(admin, HV_KVP_POOL_AUTO_EXTERNAL, "name", "1");
	assert_int_equal(guest_writes(admin, "External/name", "2"), PV_EROFS);
	assert_int_equal(guest_writes(admin, "External/new", "2"), PV_EROFS);
	assert_int_equal(guest_removes(admin, "External/name"), PV_EROFS);
	assert_int_equal(guest_writes(admin, "Guest/Parameters/name", "2"),
	    PV_EROFS);
	assert_int_equal(guest_removes(admin, "Guest/Parameters/name"),
	    PV_EROFS);
	guest_reads(admin, "External/name", "1");
	/* an administrator of the host may write to all of them */
	host_sets(admin, HV_KVP_POOL_GUEST, "name", "3");
	guest_reads(admin, "Guest/name", "3");
	assert_int_equal(guest_writes(admin, "Guest/name", "4"), PV_OK);
}

/* Fields that are full to their end, which takes care to write. */
static void
host_sets_raw(struct admin *admin, unsigned pool, const char *key,
    const char *value)
{
	struct hv_kvp body = { .header = { .operation = HV_KVP_SET,
				   .pool = (uint8_t)pool } };
	struct hv_kvp_value *item = &body.u.value;

	item->type = HV_KVP_TYPE_STRING;
	item->key_size = (uint32_t)kvp_to_utf16(key, strlen(key), item->key,
			     HV_KVP_KEY - 2) +
	    2;
	item->value_size = (uint32_t)kvp_to_utf16(value, strlen(value),
			       item->value, HV_KVP_VALUE - 2) +
	    2;
	assert_int_equal(admin_ask(admin, HOST_IC_KVP, HV_IC_KVP, &body,
			     sizeof(body)),
	    HV_IC_STATUS_OK);
}

/* ---- Limits ----------------------------------------------------------- */

static void
test_values_to_the_last_unit(void **state)
{
	struct admin *admin = *state;
	char value[1100];

	/* nothing keeps them but the bus */
	admin_machine(admin, KVP);
	sim_machine_own_port(admin->world->machine)->pool_write = NULL;
	admin_attach(admin);
	memset(value, 'v', sizeof(value));
	value[HV_LINUX_KVP_VALUE_UNITS] = '\0';
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "v", value);
	memcpy(value + HV_LINUX_KVP_VALUE_UNITS, "v", 2);
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_EMSGSIZE);
	/* the host has one more, and it is not cut either */
	host_sets_raw(admin, HV_KVP_POOL_EXTERNAL, "v", value);
	guest_reads(admin, "External/v", value);
	host_gets(admin, HV_KVP_POOL_EXTERNAL, "v", value);
}

static void
test_values_are_counted_in_units_not_bytes(void **state)
{
	struct admin *admin = *state;
	char value[4096] = "";

	admin_machine(admin, KVP);
	sim_machine_own_port(admin->world->machine)->pool_write = NULL;
	admin_attach(admin);
	for (unsigned i = 0; i < HV_LINUX_KVP_VALUE_UNITS; i++)
		strcat(value, "\xe8\xaa\x9e");
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "v", value);
	strcat(value, "x");
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_EMSGSIZE);
	/* a pair of surrogates is two */
	value[0] = '\0';
	for (unsigned i = 0; i < HV_LINUX_KVP_VALUE_UNITS / 2; i++)
		strcat(value, "\xf0\x9f\x98\x80");
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, "v", value);
	strcat(value, "x");
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_EMSGSIZE);
}

static void
test_keys_to_the_last_unit(void **state)
{
	struct admin *admin = with(state);
	char key[400] = "Guest/";

	memset(key + 6, 'k', HV_LINUX_KVP_KEY_UNITS);
	assert_int_equal(guest_writes(admin, key, "1"), PV_OK);
	host_gets(admin, HV_KVP_POOL_GUEST, key + 6, "1");
	key[6 + HV_LINUX_KVP_KEY_UNITS] = 'k';
	assert_int_equal(guest_writes(admin, key, "1"), PV_EMSGSIZE);
	host_sets_raw(admin, HV_KVP_POOL_GUEST, key + 6, "2");
	guest_reads(admin, key, "2");
}

/* What the file of a pool could not keep is not taken at all. */
static void
test_what_would_not_be_kept_is_refused(void **state)
{
	struct admin *admin = with(state);
	char value[4096] = "";

	for (unsigned i = 0; i < 682; i++)
		strcat(value, "\xe8\xaa\x9e");
	strcat(value, "x"); /* 2047 bytes, and a NUL */
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_OK);
	strcat(value, "x");
	assert_int_equal(guest_writes(admin, "Guest/v", value), PV_EMSGSIZE);
}

static void
test_values_that_are_no_text(void **state)
{
	struct admin *admin = with(state);
	char nul[3] = "a";
	struct pv_kv kv = { .op = PV_WRITE,
		.key = "Guest/x",
		.keylen = 7,
		.value = nul,
		.room = 3 };

	nul[2] = 'b';
	assert_int_equal(world_request(admin->world, &kv), PV_EINVAL);
	assert_int_equal(guest_writes(admin, "Guest/x", "\xc0\x80"), PV_EINVAL);
	guest_fails_to_read(admin, "Guest/x", PV_ENOENT);
	assert_int_equal(guest_writes(admin, "Guest/x", ""), PV_OK);
	guest_reads(admin, "Guest/x", "");
	host_gets(admin, HV_KVP_POOL_GUEST, "x", "");
}

static void
test_room_that_is_too_small(void **state)
{
	struct admin *admin = with(state);
	char buffer[8];
	struct pv_kv kv = { .op = PV_READ,
		.key = "External/v",
		.keylen = 10,
		.value = buffer,
		.room = 4 };

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "v", "01234");
	memset(buffer, '#', sizeof(buffer));
	assert_int_equal(world_request(admin->world, &kv), PV_ERANGE);
	assert_int_equal(kv.actual, 5);
	assert_int_equal(kv.len, 0);
	assert_int_equal(buffer[0], '#');
	kv.flags = PV_KV_PARTIAL;
	kv.offset = 2;
	kv.room = 2;
	assert_int_equal(world_request(admin->world, &kv), PV_OK);
	assert_int_equal(kv.actual, 5);
	assert_int_equal(kv.len, 2);
	assert_memory_equal(buffer, "23##", 4);
	kv.offset = 9;
	assert_int_equal(world_request(admin->world, &kv), PV_OK);
	assert_int_equal(kv.len, 0);
}

/* ---- Lists ------------------------------------------------------------ */

static void
lists(struct admin *admin, const char *key, bool recursive,
    const char *expected, size_t size)
{
	char names[1024];
	size_t len;

	memset(names, '#', sizeof(names));
	assert_int_equal(world_list(admin->world, key, recursive, names,
			     sizeof(names), &len),
	    PV_OK);
	assert_int_equal(len, size);
	assert_memory_equal(names, expected, size);
	assert_int_equal(names[size], '#');
	/* to the byte */
	assert_int_equal(world_list(admin->world, key, recursive, names, size,
			     &len),
	    PV_OK);
	if (size == 0)
		return;
	memset(names, '#', sizeof(names));
	assert_int_equal(world_list(admin->world, key, recursive, names,
			     size - 1, &len),
	    PV_ERANGE);
	assert_int_equal(len, size);
	assert_int_equal(names[0], '#');
}

#define LISTS(key, recursive, names) \
	lists(admin, key, recursive, names, sizeof(names) - 1)

static void
test_lists(void **state)
{
	struct admin *admin = with(state);

	LISTS("", false, "Auto/\0External/\0Guest/\0");
	LISTS("External/", false, "");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "b", "1");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "a/x", "2");
	host_sets(admin, HV_KVP_POOL_AUTO_EXTERNAL, "HostName", "3");
	assert_int_equal(guest_writes(admin, "Guest/g", "4"), PV_OK);
	LISTS("External/", false, "b\0a/x\0");
	LISTS("external", true, "b\0a/x\0");
	LISTS("Guest/", false, "g\0Parameters/\0");
	LISTS("Guest/", true, "g\0Parameters/HostName\0");
	LISTS("Guest/Parameters", false, "HostName\0");
	LISTS("Guest/Parameters/", true, "HostName\0");
	LISTS("", true,
	    "Auto/FullyQualifiedDomainName\0"
	    "Auto/IntegrationServicesVersion\0"
	    "Auto/NetworkAddressIPv4\0"
	    "Auto/NetworkAddressIPv6\0"
	    "Auto/OSBuildNumber\0"
	    "Auto/OSName\0"
	    "Auto/OSMajorVersion\0"
	    "Auto/OSMinorVersion\0"
	    "Auto/OSVersion\0"
	    "Auto/ProcessorArchitecture\0"
	    "External/b\0External/a/x\0Guest/g\0Guest/Parameters/HostName\0");
}

static void
test_lists_of_what_is_none(void **state)
{
	struct admin *admin = with(state);
	char names[64];
	size_t len;

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "b", "1");
	assert_int_equal(world_list(admin->world, "Elsewhere/", false, names,
			     64, &len),
	    PV_EINVAL);
	assert_int_equal(world_list(admin->world, "External/b", false, names,
			     64, &len),
	    PV_ENOENT);
}

/* K-27: a pool that is read is a list, a name in each line. */
static void
test_a_pool_that_is_read(void **state)
{
	struct admin *admin = with(state);
	char buffer[8];
	size_t len;

	guest_reads(admin, "External/", "");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "one", "1");
	guest_reads(admin, "External/", "one");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "two", "2");
	guest_reads(admin, "External/", "one\ntwo");
	assert_int_equal(world_read(admin->world, "External/", buffer, 6, &len),
	    PV_ERANGE);
	assert_int_equal(len, 7);
	assert_int_equal(guest_writes(admin, "Guest/g", "4"), PV_OK);
	guest_reads(admin, "Guest/", "g");
}

/* ---- Watches ---------------------------------------------------------- */

static void
test_a_watch_wakes_when_the_host_sets(void **state)
{
	struct admin *admin = with(state);
	struct request watch = { .finished = false };

	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	request_ends(admin->world, &watch, PV_ENOENT);
	assert_int_equal(watch.kv.seen, 1);
	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	/* something else, and nothing new */
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "other", "1");
	let_pass(admin->world, PV_SECOND);
	assert_false(watch.finished);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "w", "first");
	request_ends(admin->world, &watch, PV_OK);
	request_brought(&watch, "first", 5);
	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "w", "first");
	let_pass(admin->world, PV_SECOND);
	assert_false(watch.finished);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "w", "second");
	request_ends(admin->world, &watch, PV_OK);
	request_brought(&watch, "second", 6);
	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	assert_true(host_ic_kvp_delete(admin->ic, HV_KVP_POOL_EXTERNAL, "w"));
	request_ends(admin->world, &watch, PV_ENOENT);
}

/* What happened while nobody watched is seen by who asks with its last state. */
static void
test_a_watch_sees_what_it_missed(void **state)
{
	struct admin *admin = with(state);
	struct request watch = { .finished = false };

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "w", "1");
	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	request_ends(admin->world, &watch, PV_OK);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "w", "2");
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "w", "3");
	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	assert_true(watch.finished);
	request_brought(&watch, "3", 1);
}

static void
test_a_watch_of_a_pool_is_of_its_names(void **state)
{
	struct admin *admin = with(state);
	struct request watch = { .finished = false };

	request_begin(admin->world, &watch, PV_WATCH, "External/", 16);
	request_ends(admin->world, &watch, PV_OK);
	request_brought(&watch, "", 0);
	request_begin(admin->world, &watch, PV_WATCH, "External/", 16);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "n", "1");
	request_ends(admin->world, &watch, PV_OK);
	request_brought(&watch, "n", 2);
	request_begin(admin->world, &watch, PV_WATCH, "External/", 16);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "n", "2");
	let_pass(admin->world, PV_SECOND);
	assert_false(watch.finished);
	assert_true(host_ic_kvp_delete(admin->ic, HV_KVP_POOL_EXTERNAL, "n"));
	request_ends(admin->world, &watch, PV_OK);
	request_brought(&watch, "", 0);
}

static void
test_watches_of_the_guest_itself_and_many(void **state)
{
	struct admin *admin = with(state);
	struct request watches[20] = { { .finished = false } };

	assert_int_equal(guest_writes(admin, "Guest/w", "1"), PV_OK);
	for (unsigned i = 0; i < 20; i++) {
		request_begin(admin->world, &watches[i], PV_WATCH, "Guest/w",
		    16);
		request_ends(admin->world, &watches[i], PV_OK);
		request_begin(admin->world, &watches[i], PV_WATCH, "Guest/w",
		    16);
	}
	/* some give up */
	for (unsigned i = 0; i < 20; i += 3) {
		pv_store_cancel(admin->world->bus, &watches[i].kv);
		assert_int_equal(watches[i].kv.error, PV_EINTR);
	}
	assert_int_equal(guest_writes(admin, "Guest/w", "2"), PV_OK);
	for (unsigned i = 0; i < 20; i++)
		if (i % 3 != 0) {
			request_ends(admin->world, &watches[i], PV_OK);
			request_brought(&watches[i], "2", 1);
		}
	/* and one with too little room still learns of it */
	request_begin(admin->world, &watches[0], PV_WATCH, "Guest/w", 0);
	request_ends(admin->world, &watches[0], PV_ERANGE);
	assert_int_equal(watches[0].kv.actual, 1);
}

static void
test_a_watch_that_is_never_answered_ends_with_the_bus(void **state)
{
	struct admin *admin = with(state);
	struct request watch = { .finished = false };

	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	request_ends(admin->world, &watch, PV_ENOENT);
	request_begin(admin->world, &watch, PV_WATCH, "External/w", 16);
	partition_detach(&admin->partition);
	assert_true(watch.finished);
	assert_int_equal(watch.dones, 1);
	assert_int_equal(watch.kv.error, PV_EINTR);
}

/* ---- Pool Auto -------------------------------------------------------- */

static void
know(struct admin *admin)
{
	struct pv_netif *netif = &admin->owner->netifs[0];

	admin->owner->facts[PV_FACT_HOST_NAME] = "guest.example.org";
	admin->owner->facts[PV_FACT_OS_NAME] = "Debian GNU/Linux";
	admin->owner->facts[PV_FACT_OS_VERSION] = "12.4";
	admin->owner->facts[PV_FACT_OS_BUILD] = "6.1.0-18-amd64";
	admin->owner->facts[PV_FACT_ARCHITECTURE] = "x86_64";
	admin->owner->netif_count = 1;
	*netif = (struct pv_netif){ .name = "eth0",
		.mac = { 0, 0x15, 0x5d, 1, 2, 3 },
		.addresses = 4,
		.address = {
		    { .family = 4, .prefix = 8, .bytes = { 127, 0, 0, 1 } },
		    { .family = 4, .prefix = 24, .bytes = { 10, 0, 0, 5 } },
		    { .family = 6,
			.prefix = 64,
			.bytes = { 0xfe, 0x80, [15] = 9 } },
		    { .family = 4,
			.prefix = 16,
			.bytes = { 172, 16, 0, 1 } } } };
}

static void
enumerates(struct admin *admin, uint32_t index, const char *key,
    const char *value)
{
	const struct host_ic_answer *answer;

	assert_true(host_ic_kvp_enumerate(admin->ic, HV_KVP_POOL_AUTO, index));
	answer = admin_answer(admin, HOST_IC_KVP);
	if (key == NULL) {
		assert_int_equal(answer->status, HV_IC_STATUS_NO_MORE);
		return;
	}
	assert_int_equal(answer->status, HV_IC_STATUS_OK);
	assert_string_equal(answer->key, key);
	assert_string_equal(answer->value, value);
}

static void
test_what_the_guest_tells_of_itself(void **state)
{
	struct admin *admin = with(state);

	know(admin);
	partition_run(&admin->partition, 2 * PV_SECOND);
	enumerates(admin, 0, "FullyQualifiedDomainName", "guest.example.org");
	enumerates(admin, 1, "IntegrationServicesVersion", "3.1");
	enumerates(admin, 2, "NetworkAddressIPv4", "10.0.0.5;172.16.0.1");
	enumerates(admin, 3, "NetworkAddressIPv6", "fe80::9");
	enumerates(admin, 4, "OSBuildNumber", "6.1.0-18-amd64");
	enumerates(admin, 5, "OSName", "Debian GNU/Linux");
	enumerates(admin, 6, "OSMajorVersion", "12");
	enumerates(admin, 7, "OSMinorVersion", "4");
	enumerates(admin, 8, "OSVersion", "12.4");
	enumerates(admin, 9, "ProcessorArchitecture", "x86_64");
	enumerates(admin, 10, NULL, NULL);
	guest_reads(admin, "Auto/OSName", "Debian GNU/Linux");
	host_gets(admin, HV_KVP_POOL_AUTO, "OSName", "Debian GNU/Linux");
}

static void
test_facts_are_asked_for_anew(void **state)
{
	struct admin *admin = *state;

	admin_machine(admin, KVP);
	admin->owner->facts[PV_FACT_HOST_NAME] = NULL;
	admin_attach(admin);
	guest_reads(admin, "Auto/FullyQualifiedDomainName", "");
	know(admin);
	partition_run(&admin->partition, 2 * PV_SECOND);
	guest_reads(admin, "Auto/FullyQualifiedDomainName",
	    "guest.example.org");
	admin->owner->facts[PV_FACT_HOST_NAME] = "other";
	partition_run(&admin->partition, 2 * PV_SECOND);
	enumerates(admin, 0, "FullyQualifiedDomainName", "other");
	/* no text is no fact */
	admin->owner->facts[PV_FACT_HOST_NAME] = "\xff";
	partition_run(&admin->partition, 2 * PV_SECOND);
	enumerates(admin, 0, "FullyQualifiedDomainName", "");
}

static void
test_what_is_written_over_a_fact_stays(void **state)
{
	struct admin *admin = with(state);

	know(admin);
	partition_run(&admin->partition, 2 * PV_SECOND);
	assert_int_equal(guest_removes(admin, "Auto/OSName"), PV_EROFS);
	assert_int_equal(guest_writes(admin, "Auto/OSName", "Mine"), PV_OK);
	assert_int_equal(guest_writes(admin, "Auto/Extra", "more"), PV_OK);
	partition_run(&admin->partition, 2 * PV_SECOND);
	enumerates(admin, 5, "OSName", "Mine");
	enumerates(admin, 10, "Extra", "more");
	enumerates(admin, 11, NULL, NULL);
	/* its removal gives the word back, at the same place */
	assert_int_equal(guest_removes(admin, "Auto/OSName"), PV_OK);
	enumerates(admin, 5, "OSName", "Debian GNU/Linux");
	assert_int_equal(guest_removes(admin, "Auto/Extra"), PV_OK);
	enumerates(admin, 10, NULL, NULL);
}

static void
test_a_watch_of_a_fact(void **state)
{
	struct admin *admin = with(state);
	struct request watch = { .finished = false };

	request_begin(admin->world, &watch, PV_WATCH, "Auto/OSName", 32);
	request_ends(admin->world, &watch, PV_OK);
	request_begin(admin->world, &watch, PV_WATCH, "Auto/OSName", 32);
	know(admin);
	request_ends(admin->world, &watch, PV_OK);
	request_brought(&watch, "Debian GNU/Linux", 16);
}

static void
test_addresses_that_do_not_fit_are_dropped_whole(void **state)
{
	struct admin *admin = with(state);
	char value[2048];
	size_t len;

	know(admin);
	admin->owner->netif_count = SIM_NETIFS;
	for (unsigned n = 0; n < SIM_NETIFS; n++) {
		struct pv_netif *netif = &admin->owner->netifs[n];

		netif->addresses = PV_NETIF_ADDRESSES;
		for (unsigned i = 0; i < PV_NETIF_ADDRESSES; i++) {
			netif->address[i].family = 6;
			memset(netif->address[i].bytes, 0xff, 16);
		}
	}
	partition_run(&admin->partition, 2 * PV_SECOND);
	assert_int_equal(world_read(admin->world, "Auto/NetworkAddressIPv6",
			     value, sizeof(value), &len),
	    PV_OK);
	/* 39 characters each, and a separator: 25 of 256 in 1022 */
	assert_int_equal(len, 25 * 40 - 1);
	assert_int_equal(admin->kvp->dropped, 8 * 32 - 25);
}

/* ---- Coming and going ------------------------------------------------- */

static void
test_k25_no_service_no_store(void **state)
{
	struct admin *admin = *state;

	admin_new(admin, 1u << HOST_IC_HEARTBEAT);
	assert_null(pv_bus_interface(admin->world->bus, 0)->store);
}

static void
test_k25_the_store_stays_when_the_channel_does_not_open(void **state)
{
	struct admin *admin = *state;
	struct host_hyperv_manners *manners;

	admin_machine(admin, KVP);
	manners = host_hyperv_manners(admin->partition.host);
	manners->message_nth = 1;
	manners->message_type = HV_VMBUS_OPEN_RESULT;
	manners->message_how = HOST_MESSAGE_WORD;
	manners->message_word = 4;
	manners->message_value = HV_NTSTATUS_UNSUCCESSFUL;
	/* it has opened it, in truth */
	admin->partition.violations = 1;
	admin_attach(admin);
	assert_false(admin_is_up(admin, HOST_IC_KVP));
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	guest_reads(admin, "Guest/x", "1");
}

static void
test_h37_the_service_goes_and_what_it_brought_stays(void **state)
{
	struct admin *admin = with(state);
	struct request watch = { .finished = false };

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "name", "1");
	request_begin(admin->world, &watch, PV_WATCH, "External/name", 16);
	request_ends(admin->world, &watch, PV_OK);
	request_begin(admin->world, &watch, PV_WATCH, "External/name", 16);
	host_ic_rescind(admin->ic, HOST_IC_KVP);
	partition_run(&admin->partition, PV_SECOND);
	guest_reads(admin, "External/name", "1");
	assert_false(watch.finished);
	pv_store_cancel(admin->world->bus, &watch.kv);
}

static void
test_h38_pairs_outlive_a_sleep(void **state)
{
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "name", "1");
	assert_int_equal(guest_writes(admin, "Guest/x", "2"), PV_OK);
	assert_int_equal(pv_bus_suspend(admin->world->bus), PV_OK);
	partition_run(&admin->partition, PV_SECOND);
	guest_reads(admin, "External/name", "1");
	host_gets(admin, HV_KVP_POOL_GUEST, "x", "2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		admin_test(test_what_the_host_sets_is_read),
		admin_test(test_what_the_guest_writes_the_host_gets),
		admin_test(test_text_of_all_planes_both_ways),
		admin_test(test_numbers_are_read_as_decimals),
		admin_test(test_keys_with_slashes),
		admin_test(test_pools_by_name_in_any_case),
		admin_test(test_keys_that_are_none),
		admin_test(test_who_may_write_what),
		admin_test(test_values_to_the_last_unit),
		admin_test(test_values_are_counted_in_units_not_bytes),
		admin_test(test_keys_to_the_last_unit),
		admin_test(test_what_would_not_be_kept_is_refused),
		admin_test(test_values_that_are_no_text),
		admin_test(test_room_that_is_too_small),
		admin_test(test_lists),
		admin_test(test_lists_of_what_is_none),
		admin_test(test_a_pool_that_is_read),
		admin_test(test_a_watch_wakes_when_the_host_sets),
		admin_test(test_a_watch_sees_what_it_missed),
		admin_test(test_a_watch_of_a_pool_is_of_its_names),
		admin_test(test_watches_of_the_guest_itself_and_many),
		admin_test(
		    test_a_watch_that_is_never_answered_ends_with_the_bus),
		admin_test(test_what_the_guest_tells_of_itself),
		admin_test(test_facts_are_asked_for_anew),
		admin_test(test_what_is_written_over_a_fact_stays),
		admin_test(test_a_watch_of_a_fact),
		admin_test(test_addresses_that_do_not_fit_are_dropped_whole),
		admin_test(test_k25_no_service_no_store),
		admin_test(
		    test_k25_the_store_stays_when_the_channel_does_not_open),
		admin_test(test_h37_the_service_goes_and_what_it_brought_stays),
		admin_test(test_h38_pairs_outlive_a_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
