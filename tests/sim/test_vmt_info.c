/* SPDX-License-Identifier: ISC */
/* What vmt reports of the guest: each report, each form that a host may want in
 * its place, and when they go out. */
#include <arpa/inet.h>
#include <stdio.h>

#include "guest/vmware/vmt_info.h"
#include "tests/support/nic_list.h"
#include "tests/support/vmt.h"
#include "wire/endian.h"

#define MILLISECONDS(n) ((n)*PV_MILLISECOND)

static struct pv_address
address(const char *text, uint8_t prefix)
{
	struct pv_address out = { .family = 4, .prefix = prefix };

	if (inet_pton(AF_INET, text, out.bytes) != 1) {
		out.family = 6;
		assert_int_equal(inet_pton(AF_INET6, text, out.bytes), 1);
	}
	return out;
}

/* A server as there are many: two interfaces, one of them out. */
static void
furnish(struct tools *tools)
{
	struct sim_owner *owner = tools->owner;
	struct pv_netif *netif = owner->netifs;

	owner->facts[PV_FACT_HOST_NAME] = "guest.example.org";
	owner->facts[PV_FACT_OS_NAME] = "Debian GNU/Linux";
	owner->facts[PV_FACT_OS_VERSION] = "12";
	owner->facts[PV_FACT_OS_BUILD] = "6.1.0-18-amd64";
	owner->facts[PV_FACT_ARCHITECTURE] = "x86_64";
	owner->facts[PV_FACT_OS_ID] = "debian";
	owner->facts[PV_FACT_OS_PRETTY] = "Debian GNU/Linux 12 (bookworm)";
	owner->facts[PV_FACT_OS_FAMILY] = "Linux";
	owner->facts[PV_FACT_DNS_SEARCH] = "example.org lab.example.org";
	memset(netif, 0, 3 * sizeof(*netif));
	owner->netif_count = 3;
	strcpy(netif[0].name, "lo");
	netif[0].addresses = 1;
	netif[0].address[0] = address("127.0.0.1", 8);
	strcpy(netif[1].name, "eth1");
	memcpy(netif[1].mac, "\x00\x50\x56\x00\x00\x02", 6);
	netif[1].addresses = 1;
	netif[1].address[0] = address("198.51.100.9", 24);
	strcpy(netif[2].name, "eth0");
	memcpy(netif[2].mac, "\x00\x50\x56\x00\x00\x01", 6);
	netif[2].dhcp4 = true;
	netif[2].addresses = 2;
	netif[2].address[0] = address("192.0.2.17", 24);
	netif[2].address[1] = address("fe80::250:56ff:fe00:1", 64);
	netif[2].gateways = 1;
	netif[2].gateway[0] = address("192.0.2.1", 0);
	netif[2].dns = 1;
	netif[2].dns_server[0] = address("192.0.2.53", 0);
	owner->route_count = 2;
	memset(owner->routes, 0, sizeof(owner->routes));
	owner->routes[0].to = address("192.0.2.0", 24);
	owner->routes[0].netif = 2;
	owner->routes[1].to = address("0.0.0.0", 0);
	owner->routes[1].gateway = address("192.0.2.1", 0);
	owner->routes[1].netif = 2;
	owner->routes[1].metric = 100;
	memset(owner->filesystems, 0, sizeof(owner->filesystems));
	owner->filesystem_count = 2;
	owner->filesystems[0] = (struct pv_filesystem){ .path = "/",
		.type = "ext4",
		.size = 8ull << 30,
		.free = 5000000001ull,
		.devices = 1,
		.device = { "/dev/sda1" } };
	owner->filesystems[1] = (struct pv_filesystem){ .path = "/srv",
		.size = 1000,
		.devices = 2,
		.device = { "/dev/sdb", "/dev/sdc" } };
	owner->memory_available = 1000;
	owner->memory_committed = 70000;
}

static const char nics_v3[] =
    "00:50:56:00:00:01 192.0.2.17/24 o4 s1, fe80::250:56ff:fe00:1/64 o5 s5; "
    "dns guest example.org [192.0.2.53] []; dhcp 1 0\n"
    "00:50:56:00:00:02 198.51.100.9/24 o2 s1; dhcp 0 0\n"
    "route 0.0.0.0/0 via 192.0.2.1 nic 0 type 4 metric 100\n"
    "route 192.0.2.0/24 nic 0 type 3 metric 0\n"
    "dns guest example.org [192.0.2.53] [example.org lab.example.org]\n";
static const char nics_v2[] =
    "00:50:56:00:00:01 192.0.2.17/24 dhcp, fe80::250:56ff:fe00:1/64\n"
    "00:50:56:00:00:02 198.51.100.9/24\n";
static const char nics_v1[] = "00:50:56:00:00:01 192.0.2.17\n"
			      "00:50:56:00:00:02 198.51.100.9\n";

/* Attached, furnished, and all said once. */
static void
start(struct tools *tools, unsigned refuse)
{
	struct host_vmware_config config = { .no_greeting = true,
		.refuse = refuse };

	tools_machine(tools, &config);
	furnish(tools);
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
}

static void
reported(struct tools *tools, unsigned type, const char *expected)
{
	size_t size;
	const char *got = host_vmware_reported(tools->host, type, &size);

	if (expected == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(got, expected, size);
}

static void
reported_nics(struct tools *tools, unsigned type, const char *expected)
{
	char text[8192];
	size_t size;
	const char *got = host_vmware_reported(tools->host, type, &size);

	if (type == VMWARE_INFO_NIC_V1)
		nic_list_v1(got, size, text, sizeof(text));
	else
		nic_list_xdr(got, size, text, sizeof(text));
	assert_string_equal(text, expected);
}

/* ---- Each report ------------------------------------------------------ */

static void
test_texts(void **state)
{
	struct tools *tools = *state;

	start(tools, 0);
	reported(tools, VMWARE_INFO_DNS_NAME, "guest.example.org");
	reported(tools, VMWARE_INFO_BUILD, "build-0");
	/* only where the detailed form is refused */
	reported(tools, VMWARE_INFO_OS_NAME, NULL);
	reported(tools, VMWARE_INFO_OS_NAME_FULL, NULL);
}

static void
test_texts_go_out_with_their_nul(void **state)
{
	static const char text[] = "SetGuestInfo  1 guest.example.org";
	struct tools *tools = *state;
	const char *got;
	size_t size;

	start(tools, 0);
	got = host_vmware_rpc_last(tools->host, "SetGuestInfo  1 ", &size);
	assert_non_null(got);
	assert_int_equal(size, sizeof(text));
	assert_memory_equal(got, text, size);
}

static void
test_interfaces_routes_and_dns(void **state)
{
	struct tools *tools = *state;

	start(tools, 0);
	reported_nics(tools, VMWARE_INFO_NIC_V3, nics_v3);
	reported(tools, VMWARE_INFO_NIC_V2, NULL);
	reported(tools, VMWARE_INFO_NIC_V1, NULL);
}

static void
test_system_in_detail(void **state)
{
	static const char text[] =
	    "architecture='X86' bitness='64' distroName='Debian GNU/Linux' "
	    "distroVersion='12' familyName='Linux' "
	    "kernelVersion='6.1.0-18-amd64' "
	    "prettyName='Debian GNU/Linux 12 (bookworm)'";
	struct tools *tools = *state;
	struct osdetail header;
	const char *got;
	size_t size;

	start(tools, 0);
	got = host_vmware_reported(tools->host, VMWARE_INFO_OS_DETAILED, &size);
	assert_non_null(got);
	assert_int_equal(size, 648 + sizeof(text));
	memcpy(&header, got, sizeof(header));
	assert_int_equal(get_le32(&header.version), 1);
	assert_string_equal(header.short_name, "debian12-64");
	assert_string_equal(header.full_name,
	    "Linux 6.1.0-18-amd64 Debian GNU/Linux 12 (bookworm)");
	assert_memory_equal(got + 648, text, sizeof(text));
}

static void
test_file_systems(void **state)
{
	struct tools *tools = *state;

	start(tools, 0);
	reported(tools, 0,
	    "{\n\"version\":\"1\",\n\"disks\":[\n"
	    "{\"name\":\"Lw==\",\"free\":\"5000000001\",\"size\":\"8589934592\""
	    ",\"fstype\":\"ext4\",\"devices\":[\"/dev/sda1\"]},\n"
	    "{\"name\":\"L3Nydg==\",\"free\":\"0\",\"size\":\"1000\","
	    "\"devices\":[\"/dev/sdb\",\"/dev/sdc\"]}\n]}");
	reported(tools, VMWARE_INFO_DISK_V0, NULL);
}

static void
test_memory(void **state)
{
	static const uint8_t statistics[] = { 0xae, 0, 0, 0, 10, 0, '_', 't',
		'o', 'o', 'l', 's', '/', 'v', '1', 0, 1, 0, 4, 1, 0, 9, 2, 0,
		0x03, 0x08, 2, 0, 0xa0, 0x0f, /* 4,000 KiB */
		0xac, 0, 0, 0, 1, 0, 28, 1, 0, 9, 2, 0, 0x03, 0x08, 4, 0, 0xc0,
		0x45, 0x04, 0x00 /* 280,000 KiB */ };
	struct tools *tools = *state;
	const char *got;
	size_t size;

	start(tools, 0);
	got = host_vmware_reported(tools->host, VMWARE_INFO_MEMORY, &size);
	assert_non_null(got);
	assert_int_equal(size, sizeof(struct meminfo) + sizeof(statistics));
	assert_int_equal(get_le32(got), 5);
	assert_int_equal(get_le32(got + 4), 0); /* of the old form, nothing */
	assert_memory_equal(got + sizeof(struct meminfo), statistics,
	    sizeof(statistics));
}

/* In hundredths of a second, and each time it is looked at. */
static void
test_uptime(void **state)
{
	struct tools *tools = *state;
	const char *got;
	char first[32] = "";
	size_t size;
	long before, after;

	start(tools, 0);
	got = host_vmware_reported(tools->host, VMWARE_INFO_UPTIME, &size);
	assert_non_null(got);
	memcpy(first, got, size);
	before = strtol(first, NULL, 10);
	tools_run(tools, 30 * PV_SECOND);
	got = host_vmware_reported(tools->host, VMWARE_INFO_UPTIME, &size);
	memset(first, 0, sizeof(first));
	memcpy(first, got, size);
	after = strtol(first, NULL, 10);
	assert_in_range(after - before, 2990, 3020);
	assert_in_range((uint64_t)after,
	    sim_now(tools->world->sim) / 10000000 - 3500,
	    sim_now(tools->world->sim) / 10000000);
	assert_int_equal(tools_said(tools, "SetGuestInfo  7 "), 2);
}

/* A port that knows nothing has little to report, and nothing breaks. */
static void
test_a_port_that_knows_nothing(void **state)
{
	struct host_vmware_config config = { .no_greeting = true };
	struct tools *tools = *state;

	tools_machine(tools, &config);
	tools->port->fact = NULL;
	tools->port->netif = NULL;
	tools->port->route = NULL;
	tools->port->filesystem = NULL;
	tools->port->memory = NULL;
	tools->port->netif_changes = NULL;
	tools_attach(tools);
	tools_run(tools, 40 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestInfo"), 3);
	assert_int_equal(tools_said(tools, "SetGuestInfo  7 "), 2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  4 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestDiskInfo"), 0);
}

static void
test_a_port_that_fails_is_asked_again(void **state)
{
	struct host_vmware_config config = { .no_greeting = true };
	struct tools *tools = *state;

	tools_machine(tools, &config);
	furnish(tools);
	tools->owner->fails.fact = PV_EIO;
	tools->owner->fails.filesystem = PV_EIO;
	tools->owner->fails.netif = PV_EIO;
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
	reported(tools, VMWARE_INFO_DNS_NAME, NULL);
	reported(tools, 0, NULL);
	memset(&tools->owner->fails, 0, sizeof(tools->owner->fails));
	tools_run(tools, 30 * PV_SECOND);
	reported(tools, VMWARE_INFO_DNS_NAME, "guest.example.org");
	reported_nics(tools, VMWARE_INFO_NIC_V3, nics_v3);
	assert_non_null(host_vmware_reported(tools->host, 0, NULL));
}

/* ---- Each form in place of another ------------------------------------ */

static void
test_type_10_is_refused(void **state)
{
	struct tools *tools = *state;

	tools->refused = 1;
	start(tools, HOST_VMWARE_NO_NIC_TYPE_10);
	reported_nics(tools, VMWARE_INFO_NIC_V2, nics_v3);
	reported(tools, VMWARE_INFO_NIC_V3, NULL);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  9 "), 1);
}

static void
test_version_3_is_refused(void **state)
{
	struct tools *tools = *state;

	tools->refused = 2;
	start(tools, HOST_VMWARE_NO_NIC_V3);
	reported_nics(tools, VMWARE_INFO_NIC_V2, nics_v2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  9 "), 2);
}

static void
test_all_xdr_is_refused(void **state)
{
	struct tools *tools = *state;

	tools->refused = 3;
	start(tools, HOST_VMWARE_NO_NIC_V3 | HOST_VMWARE_NO_NIC_V2);
	reported_nics(tools, VMWARE_INFO_NIC_V1, nics_v1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  2 "), 1);
	assert_int_equal(tools_lines(tools, "trying version 1"), 1);
}

static void
test_what_is_refused_is_remembered_until_a_reset(void **state)
{
	struct tools *tools = *state;

	tools->refused = 4;
	start(tools, HOST_VMWARE_NO_NIC_V3);
	strcpy(tools->owner->netifs[1].name, "veth1");
	tools->owner->netif_changes++;
	tools_settle(tools);
	reported_nics(tools, VMWARE_INFO_NIC_V2,
	    "00:50:56:00:00:01 192.0.2.17/24 dhcp, "
	    "fe80::250:56ff:fe00:1/64\n");
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  9 "), 3);
	tools_ask(tools, "reset", "OK ATR toolbox");
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  9 "), 5);
}

static void
test_details_are_refused(void **state)
{
	struct tools *tools = *state;

	tools->refused = 1;
	start(tools, HOST_VMWARE_NO_DETAILED);
	reported(tools, VMWARE_INFO_OS_DETAILED, NULL);
	reported(tools, VMWARE_INFO_OS_NAME, "debian12-64");
	reported(tools, VMWARE_INFO_OS_NAME_FULL,
	    "Linux 6.1.0-18-amd64 Debian GNU/Linux 12 (bookworm)");
	/* and a change of them is seen */
	tools->owner->facts[PV_FACT_OS_VERSION] = "13";
	tools_run(tools, 31 * PV_SECOND);
	reported(tools, VMWARE_INFO_OS_NAME, "debian13-64");
	assert_int_equal(tools_said(tools, "SetGuestInfo  11 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  5 "), 1);
}

static void
test_json_is_refused(void **state)
{
	struct diskinfo_v0 disk;
	struct tools *tools = *state;
	const char *got;
	size_t size;

	start(tools, HOST_VMWARE_NO_DISK_JSON);
	tools->refused = (unsigned)host_vmware_counts(tools->host)->refused;
	got = host_vmware_reported(tools->host, VMWARE_INFO_DISK_V0, &size);
	assert_non_null(got);
	assert_int_equal(size, 1 + 2 * sizeof(disk));
	assert_int_equal(got[0], 2);
	memcpy(&disk, got + 1, sizeof(disk));
	assert_int_equal(get_le32(&disk.free), 5000000001ull & 0xffffffff);
	assert_int_equal(disk.total, 8ull << 30);
	assert_string_equal(disk.name, "/");
	memcpy(&disk, got + 1 + sizeof(disk), sizeof(disk));
	assert_string_equal(disk.name, "/srv");
	tools->owner->filesystems[0].free--;
	tools_run(tools, 31 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestDiskInfo"), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  3 "), 2);
}

static void
test_other_forms_are_tried_again_after_a_reset(void **state)
{
	struct tools *tools = *state;

	start(tools, HOST_VMWARE_NO_DISK_JSON | HOST_VMWARE_NO_DETAILED);
	tools_ask(tools, "reset", "OK ATR toolbox");
	tools_settle(tools);
	assert_int_equal(tools_said(tools, "SetGuestDiskInfo"), 2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  3 "), 2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  11 "), 2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  6 "), 2);
	tools->refused = (unsigned)host_vmware_counts(tools->host)->refused;
}

/* A host that takes nothing is not asked all the time. */
static void
test_everything_is_refused(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	furnish(tools);
	host_vmware_manners(tools->host)->rpc_reply = "0 Unknown command";
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestInfo  1 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  2 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestDiskInfo"), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  3 "), 1);
	assert_int_equal(tools->vmware->info->reports, 0);
	tools_run(tools, 60 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestInfo  1 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 3);
	/* and says so a few times a minute at most */
	tools_run(tools, 600 * PV_SECOND);
	assert_in_range(tools_lines(tools, "list of interfaces"), 4, 120);
}

/* What is taken is answered by nothing: some other text is no yes. */
static void
test_h58_an_answer_that_is_not_empty(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	furnish(tools);
	host_vmware_manners(tools->host)->rpc_reply = "1 perhaps";
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
	/* the list of interfaces is taken as soon as it is not refused */
	assert_int_equal(tools->vmware->info->reports, 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  3 "), 1);
	assert_int_equal(tools_said(tools, "SetGuestInfo  6 "), 1);
}

/* Longer than there is room for: refused, not read. */
static void
test_h58_an_answer_that_is_too_long(void **state)
{
	static char answer[4096];
	struct tools *tools = *state;

	memset(answer, 'x', sizeof(answer) - 1);
	memcpy(answer, "1 ", 2);
	tools_machine(tools, NULL);
	furnish(tools);
	host_vmware_manners(tools->host)->rpc_reply = answer;
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
	assert_int_equal(tools->vmware->info->reports, 0);
	assert_true(tools->vmware->info->refused > 0);
}

/* ---- When ------------------------------------------------------------- */

static void
test_what_has_not_changed_is_not_sent_again(void **state)
{
	struct tools *tools = *state;
	unsigned before;

	start(tools, 0);
	before = tools_said(tools, "SetGuest");
	assert_int_equal(before, 7);
	tools_run(tools, 300 * PV_SECOND);
	/* but the time that has passed */
	assert_int_equal(tools_said(tools, "SetGuest"), before + 10);
	assert_int_equal(tools_said(tools, "SetGuestInfo  7 "), 11);
}

static void
test_a_change_is_told_at_once(void **state)
{
	struct tools *tools = *state;

	start(tools, 0);
	tools->owner->netifs[1].address[0] = address("203.0.113.5", 24);
	tools->owner->netif_changes++;
	tools_run(tools, MILLISECONDS(99));
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	tools_run(tools, MILLISECONDS(20));
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 2);
	/* all of them in one */
	for (unsigned i = 0; i < 9; i++) {
		tools->owner->netifs[1].address[0].bytes[3]++;
		tools->owner->netif_changes++;
		tools_run(tools, MILLISECONDS(10));
	}
	tools_run(tools, MILLISECONDS(50));
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 3);
	/* and a storm does not put it off for ever */
	for (unsigned i = 0; i < 100; i++) {
		tools->owner->netifs[1].address[0].bytes[3]++;
		tools->owner->netif_changes++;
		tools_run(tools, MILLISECONDS(10));
	}
	assert_in_range(tools_said(tools, "SetGuestInfo  10 "), 10, 14);
	assert_int_equal(tools_said(tools, "SetGuestInfo  7 "), 1);
}

static void
test_a_new_name_is_told_with_them(void **state)
{
	struct tools *tools = *state;

	start(tools, 0);
	tools->owner->facts[PV_FACT_HOST_NAME] = "other.example.org";
	tools->owner->netif_changes++;
	tools_settle(tools);
	reported(tools, VMWARE_INFO_DNS_NAME, "other.example.org");
}

/* Without a number of changes all is seen, in time. */
static void
test_a_port_without_changes_is_looked_at(void **state)
{
	struct tools *tools = *state;
	struct host_vmware_config config = { .no_greeting = true };

	tools_machine(tools, &config);
	furnish(tools);
	tools->port->netif_changes = NULL;
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 1);
	tools->owner->netifs[1].address[0] = address("203.0.113.5", 24);
	tools_run(tools, 30 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestInfo  10 "), 2);
}

/* A host says "reset" as soon as it hears of the guest: that is no reason to
 * say all of it twice. */
static void
test_a_host_that_greets_is_told_once(void **state)
{
	struct host_vmware_config config = { .no_greeting = false };
	struct tools *tools = *state;

	tools_machine(tools, &config);
	furnish(tools);
	tools_attach(tools);
	tools_run(tools, 5 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuest"), 7);
	reported_nics(tools, VMWARE_INFO_NIC_V3, nics_v3);
}

static void
test_all_again_after_a_reset(void **state)
{
	static const char *const all[] = { "SetGuestInfo  1 ",
		"SetGuestInfo  4 ", "SetGuestInfo  7 ", "SetGuestInfo  8 ",
		"SetGuestInfo  10 ", "SetGuestInfo  11 ", "SetGuestDiskInfo " };
	struct tools *tools = *state;

	start(tools, 0);
	tools_ask(tools, "reset", "OK ATR toolbox");
	tools_settle(tools);
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(tools_said(tools, all[i]), 2);
	host_vmware_resume(tools->host);
	tools_ask(tools, "OS_Resume", "OK ");
	tools_run(tools, 30 * PV_SECOND);
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_true(tools_said(tools, all[i]) >= 3);
	/* calls on channels that the host has forgotten, but no report */
	tools->refused = (unsigned)host_vmware_counts(tools->host)->refused;
	assert_in_range(tools->refused, 1, 4);
	assert_int_equal(tools->vmware->info->refused, 0);
}

/* Forced while one is under way: that one does not count as told. */
static void
test_a_force_while_one_is_under_way(void **state)
{
	struct tools *tools = *state;
	struct vmt_info *info;

	tools_machine(tools, NULL);
	furnish(tools);
	tools_attach(tools);
	info = tools->vmware->info;
	while (!info->busy) {
		sim_advance(tools->world->sim,
		    sim_now(tools->world->sim) + MILLISECONDS(10));
		(void)vmt_info_poll(tools->vmware);
	}
	vmt_info_force(tools->vmware);
	tools_run(tools, 5 * PV_SECOND);
	assert_int_equal(tools_said(tools, "SetGuestInfo  4 "), 2);
	assert_int_equal(tools_said(tools, "SetGuestInfo  1 "), 1);
}

/* A host that is gone for a while has all of it in the end. */
static void
test_h29_no_answer_for_a_while(void **state)
{
	struct tools *tools = *state;
	struct vmt_info *info;

	tools_machine(tools, NULL);
	furnish(tools);
	tools_attach(tools);
	info = tools->vmware->info;
	host_vmware_manners(tools->host)->checkpoint_always = true;
	tools_run(tools, 120 * PV_SECOND);
	assert_int_equal(info->reports, 0);
	assert_in_range(info->failed, 3, 30);
	host_vmware_manners(tools->host)->checkpoint_always = false;
	tools_run(tools, 40 * PV_SECOND);
	reported(tools, VMWARE_INFO_DNS_NAME, "guest.example.org");
	reported_nics(tools, VMWARE_INFO_NIC_V3, nics_v3);
}

/* An answer that is neither yes nor no says nothing of the report: it is said
 * again, after a while, and the others wait with it. */
static void
test_h28_an_answer_that_is_none(void **state)
{
	struct tools *tools = *state;
	struct vmt_info *info;

	tools_machine(tools, NULL);
	furnish(tools);
	tools_attach(tools);
	info = tools->vmware->info;
	host_vmware_manners(tools->host)->rpc_reply = "?";
	tools_run(tools, 21 * PV_SECOND);
	assert_int_equal(info->reports, 0);
	assert_int_equal(info->refused, 0);
	assert_int_equal(info->failed, 5);
	assert_int_equal(tools_said(tools, "SetGuestInfo  4 "), 5);
	host_vmware_manners(tools->host)->rpc_reply = NULL;
	tools_run(tools, 6 * PV_SECOND);
	reported(tools, VMWARE_INFO_BUILD, "build-0");
	reported_nics(tools, VMWARE_INFO_NIC_V3, nics_v3);
	assert_int_equal(info->reports, 7);
}

static void
test_detached_while_one_is_under_way(void **state)
{
	struct tools *tools = *state;

	tools_machine(tools, NULL);
	furnish(tools);
	tools_attach(tools);
	while (!tools->vmware->info->busy) {
		sim_advance(tools->world->sim,
		    sim_now(tools->world->sim) + MILLISECONDS(10));
		(void)vmt_info_poll(tools->vmware);
	}
}

static void
test_no_memory(void **state)
{
	struct tools *tools = *state;

	/* whichever allocation it is, all of it is given back */
	for (unsigned nth = 1; nth < 30; nth++) {
		static const struct pv_driver *const drivers[] = {
			&pv_vmt_driver, NULL
		};
		const struct pv_bus_config config = {
			.port = NULL,
			.drivers = drivers,
		};
		struct pv_bus_config full = config;

		if (tools->host == NULL)
			tools_machine(tools, NULL);
		full.port = tools->port;
		sim_machine_fail_alloc(tools->world->machine, nth);
		if (pv_bus_attach(&full, &tools->world->bus) == PV_OK) {
			pv_bus_detach(tools->world->bus);
			tools->world->bus = NULL;
		}
		sim_machine_fail_alloc(tools->world->machine, 0);
		assert_int_equal(sim_machine_counts(tools->world->machine)
				     ->memory,
		    0);
	}
	tools_attach(tools);
}

/* ---- Nothing grows ---------------------------------------------------- */

static void
test_100000_reports_without_growth(void **state)
{
	struct tools *tools = *state;
	const struct sim_counts *counts;
	struct vmt_info *info;
	size_t memory;
	uint64_t reports;

	start(tools, 0);
	info = tools->vmware->info;
	counts = sim_machine_counts(tools->world->machine);
	memory = counts->memory;
	reports = info->reports;
	/* reports, not the time between them: the test says when */
	for (unsigned i = 0; info->reports - reports < 100000; i++) {
		tools->owner->netifs[1].address[0].bytes[i % 4] ^= 1;
		tools->owner->filesystems[0].free--;
		tools->owner->memory_available++;
		info->look = sim_now(tools->world->sim);
		for (unsigned n = 0; n < 64 && (n == 0 || info->busy); n++)
			(void)pv_bus_poll(tools->world->bus, 64);
		sim_advance(tools->world->sim,
		    sim_now(tools->world->sim) + MILLISECONDS(10));
		assert_true(i < 100000);
	}
	assert_int_equal(counts->memory, memory);
	assert_true(host_vmware_counts(tools->host)->rpcs >= 100000);
	assert_int_equal(info->refused, 0);
	assert_int_equal(info->failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tools_test(test_texts),
		tools_test(test_texts_go_out_with_their_nul),
		tools_test(test_interfaces_routes_and_dns),
		tools_test(test_system_in_detail),
		tools_test(test_file_systems),
		tools_test(test_memory),
		tools_test(test_uptime),
		tools_test(test_a_port_that_knows_nothing),
		tools_test(test_a_port_that_fails_is_asked_again),
		tools_test(test_type_10_is_refused),
		tools_test(test_version_3_is_refused),
		tools_test(test_all_xdr_is_refused),
		tools_test(test_what_is_refused_is_remembered_until_a_reset),
		tools_test(test_details_are_refused),
		tools_test(test_json_is_refused),
		tools_test(test_other_forms_are_tried_again_after_a_reset),
		tools_test(test_everything_is_refused),
		tools_test(test_h58_an_answer_that_is_not_empty),
		tools_test(test_h58_an_answer_that_is_too_long),
		tools_test(test_what_has_not_changed_is_not_sent_again),
		tools_test(test_a_change_is_told_at_once),
		tools_test(test_a_new_name_is_told_with_them),
		tools_test(test_a_port_without_changes_is_looked_at),
		tools_test(test_a_host_that_greets_is_told_once),
		tools_test(test_all_again_after_a_reset),
		tools_test(test_a_force_while_one_is_under_way),
		tools_test(test_h29_no_answer_for_a_while),
		tools_test(test_h28_an_answer_that_is_none),
		tools_test(test_detached_while_one_is_under_way),
		tools_test(test_no_memory),
		tools_test(test_100000_reports_without_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
