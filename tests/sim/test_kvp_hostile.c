/* SPDX-License-Identifier: ISC */
/* Key/value pairs of hosts that do not keep to the layout: numbers are those of
 * the list of bad inputs. */
#include "tests/support/administrator.h"

#define KVP (1u << HOST_IC_KVP)

static struct admin *
with(void **state)
{
	struct admin *admin = *state;

	admin_new(admin, KVP);
	return admin;
}

static struct pv_stats *
stats(struct admin *admin)
{
	return &admin->partition.device->stats;
}

static uint32_t
asks(struct admin *admin, const void *body, size_t len)
{
	return admin_ask(admin, HOST_IC_KVP, HV_IC_KVP, body, len);
}

static void
units(uint8_t *to, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		to[2 * i] = (uint8_t)text[i];
}

/* A SET that is right. */
static struct hv_kvp
good(void)
{
	struct hv_kvp body = { .header = { .operation = HV_KVP_SET,
				   .pool = HV_KVP_POOL_EXTERNAL } };

	body.u.value.type = HV_KVP_TYPE_STRING;
	body.u.value.key_size = 4;
	units(body.u.value.key, "k");
	body.u.value.value_size = 4;
	units(body.u.value.value, "v");
	return body;
}

static void
still_works(struct admin *admin)
{
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "still", "works");
	guest_reads(admin, "External/still", "works");
	guest_reads(admin, "External/", "still");
}

static void
refused(struct admin *admin, const struct hv_kvp *body)
{
	assert_int_equal(asks(admin, body, sizeof(*body)),
	    HV_IC_STATUS_INVALID);
}

static void
test_h19_key_and_value_sizes(void **state)
{
	static const uint32_t sizes[] = { 513, 514, 2049, 2050, 0x7fffffff,
		0x80000000, 0xfffffffe, 0xffffffff };
	struct admin *admin = with(state);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hv_kvp body = good();

		body.u.value.key_size = sizes[i];
		refused(admin, &body);
		assert_int_equal(stats(admin)->bad_length, i + 1);
	}
	for (size_t i = 2; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hv_kvp body = good();

		body.u.value.value_size = sizes[i];
		refused(admin, &body);
		assert_int_equal(stats(admin)->bad_length, 8 + i - 1);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hv_kvp body = { .header = {
					   .operation = HV_KVP_DELETE } };

		body.u.remove.key_size = sizes[i];
		refused(admin, &body);
		body.header.operation = HV_KVP_GET;
		body.u.value.key_size = sizes[i];
		refused(admin, &body);
	}
	still_works(admin);
}

static void
test_h18_keys_that_are_empty(void **state)
{
	struct admin *admin = with(state);

	for (uint32_t size = 0; size <= 2; size += 2) {
		struct hv_kvp body = good();

		memset(body.u.value.key, 0, HV_KVP_KEY);
		body.u.value.key_size = size;
		refused(admin, &body);
	}
	still_works(admin);
}

static void
test_h28_sizes_that_are_odd(void **state)
{
	struct admin *admin = with(state);
	struct hv_kvp body = good();

	body.u.value.key_size = 3;
	refused(admin, &body);
	body = good();
	body.u.value.value_size = 5;
	refused(admin, &body);
	assert_int_equal(stats(admin)->bad_text, 2);
	still_works(admin);
}

/* Full to the end and without a NUL: one unit more than there is with one. */
static void
test_h28_texts_without_an_end(void **state)
{
	struct admin *admin = with(state);
	struct hv_kvp body = good();

	for (size_t i = 0; i < HV_KVP_KEY; i += 2)
		body.u.value.key[i] = 'k';
	body.u.value.key_size = HV_KVP_KEY;
	refused(admin, &body);
	body = good();
	for (size_t i = 0; i < HV_KVP_VALUE; i += 2)
		body.u.value.value[i] = 'v';
	body.u.value.value_size = HV_KVP_VALUE;
	refused(admin, &body);
	/* a short one without a NUL is what its size says */
	body = good();
	units(body.u.value.value, "vwx");
	body.u.value.key_size = 2;
	body.u.value.value_size = 4;
	assert_int_equal(asks(admin, &body, sizeof(body)), HV_IC_STATUS_OK);
	guest_reads(admin, "External/k", "vw");
}

static void
test_h28_surrogates_alone(void **state)
{
	static const uint16_t alone[][2] = { { 0xd800, 0 }, { 0xdc00, 0 },
		{ 0xdbff, 'x' }, { 0xdfff, 0xd800 } };
	struct admin *admin = with(state);

	for (size_t i = 0; i < 4; i++) {
		struct hv_kvp body = good();

		memcpy(body.u.value.key, alone[i], 4);
		refused(admin, &body);
		body = good();
		memcpy(body.u.value.value, alone[i], 4);
		refused(admin, &body);
	}
	assert_int_equal(stats(admin)->bad_text, 8);
	still_works(admin);
}

static void
test_h28_a_nul_inside(void **state)
{
	struct admin *admin = with(state);
	struct hv_kvp body = good();

	body.u.value.value_size = 8; /* "v", NUL, NUL, NUL */
	refused(admin, &body);
	body = good();
	body.u.value.key_size = 8;
	refused(admin, &body);
	still_works(admin);
}

static void
test_h28_numbers_of_another_size(void **state)
{
	static const struct {
		uint32_t type, size;
	} numbers[] = { { HV_KVP_TYPE_U32, 0 }, { HV_KVP_TYPE_U32, 3 },
		{ HV_KVP_TYPE_U32, 8 }, { HV_KVP_TYPE_U64, 4 },
		{ HV_KVP_TYPE_U64, 2048 }, { HV_KVP_TYPE_U64, 0xffffffff } };
	struct admin *admin = with(state);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct hv_kvp body = good();

		body.u.value.type = numbers[i].type;
		body.u.value.value_size = numbers[i].size;
		refused(admin, &body);
		assert_int_equal(stats(admin)->bad_length, i + 1);
	}
	still_works(admin);
}

static void
test_h31_types_unknown(void **state)
{
	static const uint32_t types[] = { 0, 3, 5, 7, 12, 0xffffffff };
	struct admin *admin = with(state);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct hv_kvp body = good();

		body.u.value.type = types[i];
		refused(admin, &body);
		assert_int_equal(stats(admin)->bad_value, i + 1);
	}
	still_works(admin);
}

static void
test_h31_pools_and_operations_out_of_range(void **state)
{
	struct admin *admin = with(state);
	struct hv_kvp body = good();

	for (unsigned pool = KVP_POOLS_NAMED; pool < 256; pool++)
		for (unsigned op = HV_KVP_GET; op <= HV_KVP_ENUMERATE; op++) {
			body.header.pool = (uint8_t)pool;
			body.header.operation = (uint8_t)op;
			refused(admin, &body);
		}
	body = good();
	for (unsigned op = HV_KVP_SET_IP + 1; op < 256; op++) {
		body.header.operation = (uint8_t)op;
		assert_int_equal(asks(admin, &body, sizeof(body)),
		    HV_IC_STATUS_NOT_SUPPORTED);
	}
	assert_int_equal(stats(admin)->bad_value,
	    (256 - KVP_POOLS_NAMED) * 4 + 256 - HV_KVP_SET_IP - 1);
	still_works(admin);
}

static void
test_h22_messages_that_end_early(void **state)
{
	static const struct {
		uint8_t operation;
		size_t size;
	} kinds[] = { { HV_KVP_GET, 4 + sizeof(struct hv_kvp_value) },
		{ HV_KVP_SET, 4 + sizeof(struct hv_kvp_value) },
		{ HV_KVP_DELETE, 4 + sizeof(struct hv_kvp_delete) },
		{ HV_KVP_ENUMERATE, 4 + sizeof(struct hv_kvp_enumerate) },
		{ HV_KVP_GET_IP, 4 + sizeof(struct hv_kvp_ip_binary) },
		{ HV_KVP_SET_IP, 4 + sizeof(struct hv_kvp_ip_binary) } };
	static uint8_t body[sizeof(struct hv_kvp_ip_exchange)];
	struct admin *admin = with(state);
	uint64_t bad = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (size_t cut = 1; cut < kinds[i].size - 4; cut += 97) {
			body[0] = kinds[i].operation;
			assert_int_equal(asks(admin, body, kinds[i].size - cut),
			    HV_IC_STATUS_INVALID);
			assert_int_equal(stats(admin)->bad_length, ++bad);
		}
	still_works(admin);
}

/* The oldest version has longer ones for addresses. */
static void
test_h22_old_addresses_that_end_early(void **state)
{
	static uint8_t body[sizeof(struct hv_kvp_ip_exchange)];
	struct admin *admin = *state;

	admin_machine(admin, KVP);
	host_ic_manners(admin->ic, HOST_IC_KVP)->old_framework = true;
	admin_attach(admin);
	body[0] = HV_KVP_GET_IP;
	assert_int_equal(asks(admin, body, sizeof(body) - 1),
	    HV_IC_STATUS_INVALID);
	assert_int_equal(asks(admin, body, sizeof(body)),
	    HV_IC_STATUS_NOT_FOUND);
	body[0] = HV_KVP_SET_IP;
	assert_int_equal(asks(admin, body, sizeof(body) - 1),
	    HV_IC_STATUS_INVALID);
}

static void
test_h10_indices(void **state)
{
	static const uint32_t indices[] = { 1, 2, 1024, 0x7fffffff, 0x80000000,
		0xffffffff };
	struct admin *admin = with(state);

	host_sets(admin, HV_KVP_POOL_EXTERNAL, "still", "works");
	for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		assert_true(host_ic_kvp_enumerate(admin->ic,
		    HV_KVP_POOL_EXTERNAL, indices[i]));
		assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
		    HV_IC_STATUS_NO_MORE);
	}
	still_works(admin);
}

/* So many, and no more; what is there can still be changed. */
static void
test_h26_a_host_that_fills_the_pool(void **state)
{
	struct admin *admin = with(state);
	char key[16];

	for (unsigned i = 0; i < KVP_POOL_MAX; i++) {
		memcpy(key, "key00000", 9);
		for (unsigned n = i, at = 7; n > 0; n /= 10)
			key[at--] = (char)('0' + n % 10);
		host_sets(admin, HV_KVP_POOL_EXTERNAL, key, "1");
	}
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "more",
			     HV_KVP_TYPE_STRING, "1", 1),
	    HV_IC_STATUS_DISK_FULL);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "key00007", "2");
	guest_reads(admin, "External/key00007", "2");
	assert_true(host_ic_kvp_enumerate(admin->ic, HV_KVP_POOL_EXTERNAL,
	    KVP_POOL_MAX - 1));
	assert_string_equal(admin_answer(admin, HOST_IC_KVP)->key, "key01023");
	/* other pools have room of their own */
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_OK);
	assert_true(
	    host_ic_kvp_delete(admin->ic, HV_KVP_POOL_EXTERNAL, "key00000"));
	assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
	    HV_IC_STATUS_OK);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "more", "1");
}

static void
test_h26_a_guest_that_fills_its_own(void **state)
{
	struct admin *admin = with(state);
	char key[16] = "Guest/0000";

	for (unsigned i = 0; i < KVP_POOL_MAX; i++) {
		memcpy(key + 6, "0000", 5);
		for (unsigned n = i, at = 9; n > 0; n /= 10)
			key[at--] = (char)('0' + n % 10);
		assert_int_equal(guest_writes(admin, key, "1"), PV_OK);
	}
	assert_int_equal(guest_writes(admin, "Guest/x", "1"), PV_ENOMEM);
	assert_int_equal(guest_writes(admin, "Guest/0001", "2"), PV_OK);
}

static void
test_h50_no_memory_for_a_pair(void **state)
{
	struct admin *admin = with(state);

	sim_machine_fail_alloc(admin->world->machine, 1);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "k",
			     HV_KVP_TYPE_STRING, "v", 1),
	    HV_IC_STATUS_DISK_FULL);
	guest_fails_to_read(admin, "External/k", PV_ENOENT);
	host_sets(admin, HV_KVP_POOL_EXTERNAL, "still", "1");
	sim_machine_fail_alloc(admin->world->machine, 1);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_EXTERNAL, "still",
			     HV_KVP_TYPE_STRING, "2", 1),
	    HV_IC_STATUS_DISK_FULL);
	guest_reads(admin, "External/still", "1");
	still_works(admin);
}

/* A name that no key of the store could mean. */
static void
test_h31_names_below_another_pool(void **state)
{
	struct admin *admin = with(state);

	assert_int_equal(host_set_status(admin, HV_KVP_POOL_GUEST,
			     "Parameters/x", HV_KVP_TYPE_STRING, "1", 1),
	    HV_IC_STATUS_INVALID);
	assert_int_equal(host_set_status(admin, HV_KVP_POOL_GUEST,
			     "PARAMETERS/", HV_KVP_TYPE_STRING, "1", 1),
	    HV_IC_STATUS_INVALID);
	host_sets(admin, HV_KVP_POOL_GUEST, "Parameters", "1");
	guest_reads(admin, "Guest/Parameters", "1");
}

/* The answer shows nothing of what an earlier one left behind. */
static void
test_h48_what_is_behind_a_text_is_zero(void **state)
{
	struct admin *admin = with(state);
	struct hv_kvp body = good(), answer;

	memset(body.u.value.key, 'x', HV_KVP_KEY);
	memset(body.u.value.value, 'x', HV_KVP_VALUE);
	units(body.u.value.key, "k");
	body.u.value.key[1] = body.u.value.key[2] = body.u.value.key[3] = 0;
	units(body.u.value.value, "v");
	body.u.value.value[1] = body.u.value.value[2] = 0;
	body.u.value.value[3] = 0;
	assert_int_equal(asks(admin, &body, sizeof(body)), HV_IC_STATUS_OK);
	memset(&body.u, 'y', sizeof(body.u));
	body.header.operation = HV_KVP_ENUMERATE;
	body.u.enumerate.index = 0;
	assert_int_equal(asks(admin, &body, sizeof(body)), HV_IC_STATUS_OK);
	memcpy(&answer, host_ic_answer(admin->ic, HOST_IC_KVP)->body,
	    sizeof(answer));
	assert_int_equal(answer.u.enumerate.item.key_size, 4);
	assert_int_equal(answer.u.enumerate.item.value_size, 4);
	for (unsigned i = 2; i < HV_KVP_KEY; i++)
		assert_int_equal(answer.u.enumerate.item.key[i], 0);
	for (unsigned i = 2; i < HV_KVP_VALUE; i++)
		assert_int_equal(answer.u.enumerate.item.value[i], 0);
}

/* Any bytes at all: answered, and nothing that is there is no text. */
static void
test_random_messages(void **state)
{
	static uint8_t body[sizeof(struct hv_kvp_ip_exchange)];
	struct admin *admin = with(state);
	struct sim *sim = admin->world->sim;
	const struct kvp_record *record;

	for (unsigned i = 0; i < 2000; i++) {
		struct hv_kvp message = good();
		size_t len = sizeof(message);

		memcpy(body, &message, sizeof(message));
		for (uint64_t n = sim_random(sim, 8); n > 0; n--) {
			size_t at = sim_random(sim, 4) == 0
			    ? (size_t)sim_random(sim, sizeof(message))
			    : (size_t)sim_random(sim, 24);

			body[at] = (uint8_t)sim_random(sim, 256);
		}
		body[0] = (uint8_t)sim_random(sim, 7);
		body[1] = (uint8_t)sim_random(sim, 5);
		if (sim_random(sim, 4) == 0)
			len = 4 + (size_t)sim_random(sim, sizeof(body) - 4);
		(void)asks(admin, body, len);
	}
	for (unsigned pool = 0; pool < KVP_POOLS; pool++)
		for (record = admin->kvp->pools[pool].records; record != NULL;
		     record = record->next) {
			assert_true(
			    kvp_units(kvp_key(record), record->key_len) > 0);
			assert_true(kvp_units(kvp_value(record),
					record->value_len) >= 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		admin_test(test_h19_key_and_value_sizes),
		admin_test(test_h18_keys_that_are_empty),
		admin_test(test_h28_sizes_that_are_odd),
		admin_test(test_h28_texts_without_an_end),
		admin_test(test_h28_surrogates_alone),
		admin_test(test_h28_a_nul_inside),
		admin_test(test_h28_numbers_of_another_size),
		admin_test(test_h31_types_unknown),
		admin_test(test_h31_pools_and_operations_out_of_range),
		admin_test(test_h22_messages_that_end_early),
		admin_test(test_h22_old_addresses_that_end_early),
		admin_test(test_h10_indices),
		admin_test(test_h26_a_host_that_fills_the_pool),
		admin_test(test_h26_a_guest_that_fills_its_own),
		admin_test(test_h50_no_memory_for_a_pair),
		admin_test(test_h31_names_below_another_pool),
		admin_test(test_h48_what_is_behind_a_text_is_zero),
		admin_test(test_random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
