/* SPDX-License-Identifier: ISC */
/* SetGuestInfo: each type as it should be, and as no guest should send it. */
#include "tests/support/raw_vmware.h"

#include <stdio.h>

#include "wire/endian.h"

struct report {
	uint8_t bytes[32768];
	size_t size;
};

static void
put_word(struct report *report, uint32_t value)
{
	assert_true(report->size + 4 <= sizeof(report->bytes));
	put_be32(report->bytes + report->size, value);
	report->size += 4;
}

static void
put_bytes(struct report *report, const void *bytes, uint32_t size)
{
	put_word(report, size);
	assert_true(report->size + size + 3 <= sizeof(report->bytes));
	memset(report->bytes + report->size, 0, size + 3);
	memcpy(report->bytes + report->size, bytes, size);
	report->size += (size + 3) & ~3u;
}

static void
put_address(struct report *report, uint32_t type, uint32_t size)
{
	static const uint8_t address[256] = { 10, 0, 0, 1 };

	put_word(report, type);
	put_bytes(report, address, size);
}

static const char *
send_report(struct host_vmware *host, unsigned type,
    const struct report *report)
{
	static char call[65536];
	int head = snprintf(call, sizeof(call), "SetGuestInfo  %u ", type);

	memcpy(call + head, report->bytes, report->size);
	return hand_rpc_bytes(host, call, (size_t)head + report->size);
}

static void
is_good(struct host_vmware *host, unsigned type, const struct report *report)
{
	size_t size;

	assert_string_equal(send_report(host, type, report), "1 ");
	assert_memory_equal(host_vmware_reported(host, type, &size),
	    report->bytes, report->size);
	assert_int_equal(size, report->size);
}

static void
is_bad(struct host_vmware *host, unsigned type, const struct report *report)
{
	uint64_t refused = host_vmware_counts(host)->refused;

	assert_string_equal(send_report(host, type, report), "0 Invalid data");
	assert_int_equal(host_vmware_counts(host)->refused, refused + 1);
}

static void
test_texts(void **state)
{
	static const unsigned types[] = { VMWARE_INFO_DNS_NAME,
		VMWARE_INFO_BUILD, VMWARE_INFO_OS_NAME_FULL,
		VMWARE_INFO_OS_NAME };
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report = { .size = 512 };
	char call[64];
	size_t size;

	for (unsigned i = 0; i < 4; i++) {
		assert_null(host_vmware_reported(host, types[i], NULL));
		snprintf(call, sizeof(call), "SetGuestInfo  %u a text %u",
		    types[i], i);
		assert_string_equal(hand_rpc_bytes(host, call,
					strlen(call) + 1),
		    "1 ");
		assert_string_equal(host_vmware_reported(host, types[i], &size),
		    call + strlen(call) - 8);
		assert_int_equal(size, 8);
	}
	memset(report.bytes, 'x', 513);
	is_good(host, VMWARE_INFO_DNS_NAME, &report);
	report.size++;
	is_bad(host, VMWARE_INFO_DNS_NAME, &report);
	assert_string_equal(hand_rpc(host, "SetGuestInfo  7 123400"), "1 ");
	assert_string_equal(host_vmware_reported(host, VMWARE_INFO_UPTIME,
				NULL),
	    "123400");
	assert_string_equal(hand_rpc(host, "SetGuestInfo  7 -1"),
	    "0 Invalid data");
	assert_string_equal(hand_rpc(host, "SetGuestInfo  7 "),
	    "0 Invalid data");
}

static void
test_types_that_are_none(void **state)
{
	static const char *const bad[] = { "SetGuestInfo  0 x",
		"SetGuestInfo  12 x", "SetGuestInfo  999 x",
		"SetGuestInfo  1000 x", "SetGuestInfo  x x", "SetGuestInfo   x",
		"SetGuestInfo  1", "SetGuestInfo 1 x", "SetGuestInfo " };
	struct host_vmware *host = raw_vmware(*state, NULL);

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(hand_rpc(host, bad[i]), "0 Invalid data");
	for (unsigned type = 0; type < 20; type++)
		assert_null(host_vmware_reported(host, type, NULL));
}

/* ---- NIC lists -------------------------------------------------------- */

static void
put_dns(struct report *report)
{
	put_word(report, 1);
	put_bytes(report, "guest", 5);
	put_word(report, 1);
	put_bytes(report, "example.org", 11);
	put_word(report, 2);
	put_address(report, NICINFO_IPV4, 4);
	put_address(report, NICINFO_IPV6Z, 20);
	put_word(report, 2);
	put_bytes(report, "a", 1);
	put_bytes(report, "b.c", 3);
}

/* One NIC with all that it can have. */
static void
put_list_v3(struct report *report, uint32_t ips)
{
	report->size = 0;
	put_word(report, NICINFO_V3);
	put_word(report, 1);
	put_word(report, 1);
	put_bytes(report, "00:50:56:00:00:01", 17);
	put_word(report, ips);
	for (uint32_t i = 0; i < ips; i++) {
		put_address(report, NICINFO_IPV4, 4);
		put_word(report, 24);
		put_word(report, 1);
		put_word(report, NICINFO_ORIGIN_DHCP);
		put_word(report, 1);
		put_word(report, NICINFO_STATUS_PREFERRED);
	}
	put_word(report, 1);
	put_dns(report);
	put_word(report, 1); /* WINS */
	put_address(report, NICINFO_IPV4, 4);
	put_address(report, NICINFO_UNKNOWN, 0);
	put_word(report, 1); /* DHCP */
	put_word(report, 1);
	put_bytes(report, "settings", 8);
	put_word(report, 0);
	put_word(report, 1); /* routes */
	put_address(report, NICINFO_IPV6, 16);
	put_word(report, 0);
	put_word(report, 1);
	put_address(report, NICINFO_IPV6, 16);
	put_word(report, 0);
	put_word(report, NICINFO_ROUTE_REMOTE);
	put_word(report, NICINFO_METRIC_NONE);
	put_word(report, 1);
	put_dns(report);
	for (unsigned i = 0; i < 3; i++)
		put_word(report, 0);
}

static void
test_nic_list_of_version_3(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report;

	put_list_v3(&report, 2);
	is_good(host, VMWARE_INFO_NIC_V3, &report);
	is_good(host, VMWARE_INFO_NIC_V2, &report);
	put_list_v3(&report, 0);
	is_good(host, VMWARE_INFO_NIC_V3, &report);
	raw_vmware_end(host, 0);
}

static void
test_type_9_has_64_addresses_at_most(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report;

	put_list_v3(&report, 64);
	is_good(host, VMWARE_INFO_NIC_V2, &report);
	put_list_v3(&report, 65);
	is_bad(host, VMWARE_INFO_NIC_V2, &report);
	is_good(host, VMWARE_INFO_NIC_V3, &report);
}

/* Cut anywhere, or with anything behind its end, a list is none. */
static void
test_a_nic_list_that_is_cut_or_too_long(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report;
	size_t size;

	put_list_v3(&report, 2);
	size = report.size;
	for (report.size = 0; report.size < size; report.size++)
		is_bad(host, VMWARE_INFO_NIC_V3, &report);
	put_list_v3(&report, 2);
	put_word(&report, 0);
	is_bad(host, VMWARE_INFO_NIC_V3, &report);
}

/* Any word that is all ones, but the metric, is beyond a limit. */
static void
test_a_nic_list_with_a_word_of_all_ones(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report, whole;
	unsigned good = 0;

	put_list_v3(&whole, 1);
	for (size_t at = 0; at < whole.size; at += 4) {
		report = whole;
		put_be32(report.bytes + at, UINT32_MAX);
		if (strcmp(send_report(host, VMWARE_INFO_NIC_V3, &report),
			"1 ") == 0)
			good++;
	}
	/* bytes of texts and addresses: MAC 5, address 1, DNS 2 * (2 + 3 + 1 +
	 * 5 + 1 + 1), WINS 1, DHCP 2, route 4 + 4, metric 1 */
	assert_int_equal(good, 5 + 1 + 26 + 1 + 2 + 8 + 1);
}

/* The index of a route's NIC is the fourth word before the DNS at the end, which
 * has three after it. */
static void
test_a_route_of_a_nic_that_is_not_in_the_list(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report, dns = { .size = 0 };
	uint8_t *index;

	put_list_v3(&report, 1);
	put_dns(&dns);
	index = report.bytes + report.size - 4 * (size_t)(3 + 1 + 3) - dns.size;
	assert_int_equal(get_be32(index + 4), NICINFO_ROUTE_REMOTE);
	put_be32(index, 1);
	is_bad(host, VMWARE_INFO_NIC_V3, &report);
	put_be32(index, 0);
	is_good(host, VMWARE_INFO_NIC_V3, &report);
}

static void
test_a_nic_list_of_17_nics(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);

	for (uint32_t nics = 16; nics <= 17; nics++) {
		struct report report = { .size = 0 };

		put_word(&report, NICINFO_V3);
		put_word(&report, 1);
		put_word(&report, nics);
		for (uint32_t i = 0; i < nics; i++) {
			put_bytes(&report, "", 0);
			for (unsigned n = 0; n < 5; n++)
				put_word(&report, 0);
		}
		for (unsigned n = 0; n < 5; n++)
			put_word(&report, 0);
		(nics == 16 ? is_good : is_bad)(host, VMWARE_INFO_NIC_V3,
		    &report);
	}
}

static void
put_list_v2(struct report *report)
{
	report->size = 0;
	put_word(report, NICINFO_V2);
	put_word(report, 1);
	put_word(report, 1);
	for (unsigned i = 0; i < NICINFO_MAC_LEN; i++)
		put_word(report, '0');
	put_word(report, 1);
	put_word(report, NICINFO_FAMILY_4);
	put_word(report, 1);
	for (unsigned i = 0; i < 2 * NICINFO_IP_LEN; i++)
		put_word(report, i % NICINFO_IP_LEN < 7 ? '1' : 0);
}

static void
test_nic_list_of_version_2(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct report report;
	size_t size;

	put_list_v2(&report);
	assert_int_equal(report.size, 12 + 72 + 4 + 8 + 256 + 256);
	is_good(host, VMWARE_INFO_NIC_V2, &report);
	is_bad(host, VMWARE_INFO_NIC_V3, &report);
	size = report.size;
	for (report.size = 0; report.size < size; report.size++)
		is_bad(host, VMWARE_INFO_NIC_V2, &report);
}

static void
test_nic_list_of_version_1(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct nicinfo_v1 list = { .nics = 2,
		.nic[0] = { .ips = 8, .mac = "00-50-56-00-00-01" } };
	struct report report = { .size = sizeof(list) };

	memcpy(report.bytes, &list, sizeof(list));
	is_good(host, VMWARE_INFO_NIC_V1, &report);
	report.size--;
	is_bad(host, VMWARE_INFO_NIC_V1, &report);
	report.size += 2;
	is_bad(host, VMWARE_INFO_NIC_V1, &report);
	report.size--;
	put_le32(report.bytes, 17);
	is_bad(host, VMWARE_INFO_NIC_V1, &report);
	put_le32(report.bytes, 1);
	put_le32(report.bytes + 4, 9);
	is_bad(host, VMWARE_INFO_NIC_V1, &report);
	put_le32(report.bytes + 4, 1);
	memset(report.bytes + 8, 'x', 19);
	is_bad(host, VMWARE_INFO_NIC_V1, &report);
	memset(report.bytes + 8 + 18, 0, 1);
	memset(report.bytes + 8 + 19, '1', 16);
	is_bad(host, VMWARE_INFO_NIC_V1, &report);
}

static void
test_a_host_that_knows_only_older_lists(void **state)
{
	struct host_vmware_config config = {
		.refuse = HOST_VMWARE_NO_NIC_TYPE_10
	};
	struct host_vmware *host = raw_vmware(*state, &config);
	struct report v2, v3;

	put_list_v2(&v2);
	put_list_v3(&v3, 1);
	is_bad(host, VMWARE_INFO_NIC_V3, &v3);
	is_good(host, VMWARE_INFO_NIC_V2, &v3);
	is_good(host, VMWARE_INFO_NIC_V2, &v2);
	config.refuse = HOST_VMWARE_NO_NIC_V3;
	host = raw_vmware(*state, &config);
	is_bad(host, VMWARE_INFO_NIC_V3, &v3);
	is_bad(host, VMWARE_INFO_NIC_V2, &v3);
	is_good(host, VMWARE_INFO_NIC_V2, &v2);
	config.refuse |= HOST_VMWARE_NO_NIC_V2;
	host = raw_vmware(*state, &config);
	is_bad(host, VMWARE_INFO_NIC_V2, &v2);
}

/* ---- The rest --------------------------------------------------------- */

static void
test_details_of_the_system(void **state)
{
	struct host_vmware_config config = {
		.refuse = HOST_VMWARE_NO_DETAILED
	};
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct osdetail head = { .version = 1,
		.short_name = "debian12-64",
		.full_name = "Debian GNU/Linux 12" };
	struct report report = { .size = sizeof(head) + 16 }, bad;

	memcpy(report.bytes, &head, sizeof(head));
	memcpy(report.bytes + sizeof(head), "bitness='64' x=", 16);
	is_good(host, VMWARE_INFO_OS_DETAILED, &report);
	bad = report;
	bad.size--; /* no NUL */
	is_bad(host, VMWARE_INFO_OS_DETAILED, &bad);
	bad.size = sizeof(head);
	is_bad(host, VMWARE_INFO_OS_DETAILED, &bad);
	bad = report;
	bad.bytes[0] = 2;
	is_bad(host, VMWARE_INFO_OS_DETAILED, &bad);
	bad = report;
	memset(bad.bytes + 4, 'x', 129);
	is_bad(host, VMWARE_INFO_OS_DETAILED, &bad);
	bad = report;
	memset(bad.bytes + 4 + 129, 'x', 513);
	is_bad(host, VMWARE_INFO_OS_DETAILED, &bad);
	host = raw_vmware(*state, &config);
	is_bad(host, VMWARE_INFO_OS_DETAILED, &report);
}

static void
test_disks_of_type_3(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct diskinfo_v0 disk = { .free = 5, .total = 10, .name = "/" };
	struct report report = { .size = 1 + 2 * sizeof(disk) };

	report.bytes[0] = 2;
	memcpy(report.bytes + 1, &disk, sizeof(disk));
	memcpy(report.bytes + 1 + sizeof(disk), &disk, sizeof(disk));
	is_good(host, VMWARE_INFO_DISK_V0, &report);
	report.size += 4;
	is_good(host, VMWARE_INFO_DISK_V0, &report);
	report.size++;
	is_bad(host, VMWARE_INFO_DISK_V0, &report);
	report.size = 2 * sizeof(disk);
	is_bad(host, VMWARE_INFO_DISK_V0, &report);
	report.size = 1 + 2 * sizeof(disk);
	report.bytes[1] = 11; /* more free than there is */
	is_bad(host, VMWARE_INFO_DISK_V0, &report);
	report.bytes[1] = 1;
	report.bytes[1 + sizeof(disk)] = 11; /* in the second one alone */
	is_bad(host, VMWARE_INFO_DISK_V0, &report);
	report.bytes[1 + sizeof(disk)] = 1;
	is_good(host, VMWARE_INFO_DISK_V0, &report);
	memset(report.bytes + 1 + 16, 'x', 100);
	is_bad(host, VMWARE_INFO_DISK_V0, &report);
	report.size = 0;
	is_bad(host, VMWARE_INFO_DISK_V0, &report);
}

static void
test_disks_in_json(void **state)
{
	static const char json[] = "{\n\"version\":\"1\",\n\"disks\":[\n]}";
	struct host_vmware_config config = {
		.refuse = HOST_VMWARE_NO_DISK_JSON
	};
	struct host_vmware *host = raw_vmware(*state, NULL);
	char call[64] = "SetGuestDiskInfo ";

	strcat(call, json);
	assert_string_equal(hand_rpc_bytes(host, call, strlen(call) + 1), "1 ");
	assert_string_equal(host_vmware_reported(host, 0, NULL), json);
	assert_string_equal(hand_rpc(host, "SetGuestDiskInfo {"),
	    "0 Invalid data");
	assert_string_equal(hand_rpc(host, "SetGuestDiskInfo {]"),
	    "0 Invalid data");
	assert_string_equal(hand_rpc(host, "SetGuestDiskInfo ]}"),
	    "0 Invalid data");
	raw_vmware_end(host, 3);
	host = raw_vmware(*state, &config);
	assert_string_equal(hand_rpc(host, call), "0 Unknown command");
}

static void
test_memory(void **state)
{
	struct host_vmware *host = raw_vmware(*state, NULL);
	struct meminfo memory = { .version = MEMINFO_VERSION,
		.flags = MEMINFO_HAS_TOTAL,
		.total = 1 << 20 };
	struct report report = { .size = sizeof(memory) };

	memcpy(report.bytes, &memory, sizeof(memory));
	is_good(host, VMWARE_INFO_MEMORY, &report);
	report.size--;
	is_bad(host, VMWARE_INFO_MEMORY, &report);
	report.size++;
	report.bytes[0] = MEMINFO_VERSION + 1;
	is_bad(host, VMWARE_INFO_MEMORY, &report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_texts),
		world_test(test_types_that_are_none),
		world_test(test_nic_list_of_version_3),
		world_test(test_type_9_has_64_addresses_at_most),
		world_test(test_a_nic_list_that_is_cut_or_too_long),
		world_test(test_a_nic_list_with_a_word_of_all_ones),
		world_test(test_a_route_of_a_nic_that_is_not_in_the_list),
		world_test(test_a_nic_list_of_17_nics),
		world_test(test_nic_list_of_version_2),
		world_test(test_nic_list_of_version_1),
		world_test(test_a_host_that_knows_only_older_lists),
		world_test(test_details_of_the_system),
		world_test(test_disks_of_type_3),
		world_test(test_disks_in_json),
		world_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
