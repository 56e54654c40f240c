/* SPDX-License-Identifier: ISC */
/* Addresses: as text, as a host asks for them, and as it sets them. */
#include "tests/support/administrator.h"

#define KVP (1u << HOST_IC_KVP)

/* ---- Text ------------------------------------------------------------- */

static void
test_addresses_both_ways(void **state)
{
	static const struct {
		const char *in, *out;
	} texts[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "10.1.0.200", "10.1.0.200" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "fe80::1", "fe80::1" },
		{ "FE80:0:0:0:0:0:0:1", "fe80::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "::ffff:10.0.0.1", "::ffff:a00:1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "0001::0002", "1::2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pv_address address;
		char text[PV_ADDRESS_TEXT];

		if (!kvp_address_parse(texts[i].in, strlen(texts[i].in),
			&address))
			fail_msg("%s", texts[i].in);
		assert_int_equal(pv_address_text(&address, text),
		    strlen(texts[i].out));
		assert_string_equal(text, texts[i].out);
	}
}

static void
test_h28_addresses_that_are_none(void **state)
{
	static const char *const texts[] = { "", " ", "1", "1.2.3", "1.2.3.4.5",
		"1.2.3.256", "1.2.3.-4", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
		"1..2.3", "1.2.3.", ".1.2.3", "1.2.3.4/24", "0x1.2.3.4",
		"1.2.3.1000", ":", ":::", "1:2", "1:2:3:4:5:6:7", ":1",
		"1:", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::", "::1::", "1::2::3",
		"12345::", "g::", "::1%eth0", "1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3", "::1.2.3.4:5", "1.2.3.4::", "[::1]", "::1 ",
		"1:2:3:4::5:6:7:8", ":1:2:3:4:5:6:7", "::1:", "fe80::1/64",
		"99999999999999999999.1.1.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pv_address address;

		if (kvp_address_parse(texts[i], strlen(texts[i]), &address))
			fail_msg("\"%s\"", texts[i]);
	}
}

static void
test_masks(void **state)
{
	static const struct {
		const char *text;
		unsigned family;
		int prefix;
	} masks[] = {
		{ "255.255.255.0", 4, 24 },
		{ "0.0.0.0", 4, 0 },
		{ "255.255.255.255", 4, 32 },
		{ "128.0.0.0", 4, 1 },
		{ "255.255.254.0", 4, 23 },
		{ "24", 4, 24 },
		{ "/24", 4, 24 },
		{ "32", 4, 32 },
		{ "33", 4, -1 },
		{ "255.0.255.0", 4, -1 },
		{ "255.255.255.1", 4, -1 },
		{ "0.0.0.1", 4, -1 },
		{ "", 4, -1 },
		{ "/", 4, -1 },
		{ "//24", 4, -1 },
		{ "-1", 4, -1 },
		{ "64", 6, 64 },
		{ "/64", 6, 64 },
		{ "128", 6, 128 },
		{ "129", 6, -1 },
		{ "0", 6, 0 },
		{ "255.255.255.0", 6, -1 },
		{ "ffff::", 6, -1 },
		{ "064", 6, -1 },
		{ "9999", 6, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		if (kvp_mask_parse(masks[i].text, strlen(masks[i].text),
			masks[i].family) != masks[i].prefix)
			fail_msg("\"%s\"", masks[i].text);
}

/* ---- One NIC ---------------------------------------------------------- */

#define MAC                                        \
	{                                          \
		0x00, 0x15, 0x5d, 0xab, 0xcd, 0x0e \
	}
static const char guid_text[] = "{D34B2567-B9B6-42B9-8778-0A4EC0B955BF}";
static const struct hv_guid guid = HV_GUID(0xd34b2567, 0xb9b6, 0x42b9, 0x8778,
    0x0a4ec0b955bf);

static struct pv_netif
eth0(void)
{
	return (struct pv_netif){ .name = "eth0",
		.mac = MAC,
		.dhcp4 = true,
		.addresses = 3,
		.gateways = 2,
		.dns = 2,
		.address = { { .family = 4,
				 .prefix = 24,
				 .bytes = { 10, 0, 0, 5 } },
		    { .family = 6,
			.prefix = 64,
			.bytes = { 0xfe, 0x80, [15] = 9 } },
		    { .family = 4, .prefix = 0, .bytes = { 172, 16, 0, 1 } } },
		.gateway = { { .family = 4, .bytes = { 10, 0, 0, 1 } },
		    { .family = 6, .bytes = { 0xfe, 0x80, [15] = 1 } } },
		.dns_server = { { .family = 6, .bytes = { 0x20, 1, [15] = 8 } },
		    { .family = 4, .bytes = { 8, 8, 4, 4 } } } };
}

static void
test_all_of_a_nic_as_text(void **state)
{
	struct pv_netif netif = eth0();
	struct kvp_ip_text text;

	(void)state;
	assert_int_equal(kvp_ip_text(&netif, &text), 0);
	assert_int_equal(text.family, HV_KVP_FAMILY_IPV4 | HV_KVP_FAMILY_IPV6);
	assert_int_equal(text.dhcp, 1);
	assert_string_equal(text.addresses, "10.0.0.5;fe80::9;172.16.0.1");
	assert_string_equal(text.masks, "255.255.255.0;/64;0.0.0.0");
	assert_string_equal(text.gateways, "10.0.0.1;fe80::1");
	assert_string_equal(text.dns, "2001::8;8.8.4.4");
}

/* What is set is what was told, and the other way round. */
static void
test_text_there_and_back(void **state)
{
	struct pv_netif netif = eth0(), back;
	struct kvp_ip_text text;

	(void)state;
	netif.address[2].prefix = 32;
	(void)kvp_ip_text(&netif, &text);
	assert_int_equal(kvp_ip_parse(&text, &back), PV_OK);
	memset(netif.name, 0, sizeof(netif.name));
	memset(netif.mac, 0, sizeof(netif.mac));
	netif.dhcp6 = true; /* the flag is one for both */
	assert_memory_equal(&netif, &back, sizeof(netif));
}

static void
test_entries_that_do_not_fit_are_dropped_whole(void **state)
{
	struct pv_netif netif = eth0();
	struct kvp_ip_text text;

	(void)state;
	netif.addresses = PV_NETIF_ADDRESSES;
	for (unsigned i = 0; i < PV_NETIF_ADDRESSES; i++) {
		netif.address[i] = (struct pv_address){ .family = 6,
			.prefix = 128 };
		memset(netif.address[i].bytes, 0xff, 16);
	}
	/* a short one at the end still fits */
	netif.address[31] = (struct pv_address){ .family = 6,
		.prefix = 128,
		.bytes = { 0xfe, 0x80, [15] = 1 } };
	assert_int_equal(kvp_ip_text(&netif, &text), 32 - 26);
	assert_int_equal(strlen(text.addresses), 25 * 40 + 7);
	assert_string_equal(text.addresses + 25 * 40, "fe80::1");
	assert_int_equal(strlen(text.masks), 26 * 5 - 1);
}

/* ---- Asked by the host ------------------------------------------------ */

static struct admin *
with(void **state, bool old)
{
	struct admin *admin = *state;

	admin_machine(admin, KVP);
	host_ic_manners(admin->ic, HOST_IC_KVP)->old_framework = old;
	admin->owner->netif_count = 2;
	admin->owner->netifs[0] = (struct pv_netif){ .name = "lo" };
	admin->owner->netifs[1] = eth0();
	admin_attach(admin);
	return admin;
}

static uint32_t
gets(struct admin *admin, const char *id)
{
	assert_true(host_ic_ip_get(admin->ic, id));
	return admin_answer(admin, HOST_IC_KVP)->status;
}

static void
text_is(const uint16_t *field, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		assert_int_equal(field[i], text[i]);
	assert_int_equal(field[len], 0);
}

static void
test_get_by_mac_as_text(void **state)
{
	struct admin *admin = with(state, true);
	static const char *const ids[] = { "00:15:5D:AB:CD:0E",
		"00-15-5d-ab-cd-0e", "00155DABCD0E" };
	struct hv_kvp_ip_exchange body;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(gets(admin, ids[i]), HV_IC_STATUS_OK);
		memcpy(&body, host_ic_answer(admin->ic, HOST_IC_KVP)->body,
		    sizeof(body));
		assert_int_equal(body.operation, HV_KVP_GET_IP);
		text_is(body.ip.adapter, ids[i]);
		assert_int_equal(body.ip.family, 3);
		assert_int_equal(body.ip.dhcp, 1);
		text_is(body.ip.addresses, "10.0.0.5;fe80::9;172.16.0.1");
		text_is(body.ip.masks, "255.255.255.0;/64;0.0.0.0");
		text_is(body.ip.gateways, "10.0.0.1;fe80::1");
		text_is(body.ip.dns, "2001::8;8.8.4.4");
	}
}

static void
test_get_by_the_channel_of_the_nic(void **state)
{
	struct admin *admin = with(state, false);
	const uint8_t mac[6] = MAC;
	struct hv_kvp_ip_binary body;

	assert_int_equal(gets(admin, guid_text), HV_IC_STATUS_NOT_FOUND);
	kvp_adapter(admin->partition.hyperv, &guid, mac);
	kvp_adapter(admin->partition.hyperv, &guid, mac);
	assert_int_equal(admin->kvp->adapter_count, 1);
	assert_int_equal(gets(admin, "d34b2567-b9b6-42b9-8778-0a4ec0b955bf"),
	    HV_IC_STATUS_OK);
	assert_int_equal(gets(admin, guid_text), HV_IC_STATUS_OK);
	memcpy(&body, host_ic_answer(admin->ic, HOST_IC_KVP)->body + 4,
	    sizeof(body));
	text_is(body.adapter, guid_text);
	assert_int_equal(body.family, 3);
	assert_int_equal(body.dhcp, 1);
	assert_int_equal(body.ipv4_addresses, 2);
	assert_int_equal(body.ipv6_addresses, 1);
	assert_memory_equal(body.ipv4[0], "\x0a\x00\x00\x05", 4);
	assert_memory_equal(body.ipv4_mask[0], "\xff\xff\xff\x00", 4);
	assert_memory_equal(body.ipv4[1], "\xac\x10\x00\x01", 4);
	assert_memory_equal(body.ipv4_mask[1], "\x00\x00\x00\x00", 4);
	assert_int_equal(body.ipv6[0][0], 0xfe);
	assert_int_equal(body.ipv6_prefix[0], 64);
	assert_int_equal(body.origin[0], HV_KVP_ORIGIN_OTHER);
	assert_int_equal(body.origin[1], HV_KVP_ORIGIN_OTHER);
	assert_int_equal(body.origin[2], HV_KVP_ORIGIN_STATIC);
	assert_int_equal(body.ipv4_gateways, 1);
	assert_int_equal(body.ipv6_gateways, 1);
	assert_memory_equal(body.ipv4_gateway[0], "\x0a\x00\x00\x01", 4);
	assert_int_equal(body.ipv4_dns, 1);
	assert_int_equal(body.ipv6_dns, 1);
	assert_memory_equal(body.ipv4_server[0], "\x08\x08\x04\x04", 4);
	/* the channel has gone */
	kvp_adapter(admin->partition.hyperv, &guid, NULL);
	assert_int_equal(gets(admin, guid_text), HV_IC_STATUS_NOT_FOUND);
}

static void
test_h10_adapters_that_are_not_there(void **state)
{
	static const char *const ids[] = { "", "eth0", "00:15:5D:AB:CD:0F",
		"00:15:5D:AB:CD", "00:15:5D:AB:CD:0E:00", "{}", "-",
		":::::", "00:15:5D:AB:CD:0", "zz:15:5D:AB:CD:0E",
		"{D34B2567-B9B6-42B9-8778-0A4EC0B955BF}00" };
	struct admin *admin = with(state, false);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(gets(admin, ids[i]), HV_IC_STATUS_NOT_FOUND);
	admin->owner->netif_count = 0;
	assert_int_equal(gets(admin, "00:15:5D:AB:CD:0E"),
	    HV_IC_STATUS_NOT_FOUND);
	sim_machine_own_port(admin->world->machine)->netif = NULL;
	assert_int_equal(gets(admin, "00:15:5D:AB:CD:0E"),
	    HV_IC_STATUS_NOT_SUPPORTED);
}

static void
test_adapters_without_end(void **state)
{
	struct admin *admin = with(state, false);
	struct hv_guid other = guid;
	const uint8_t mac[6] = MAC;

	for (unsigned i = 0; i < KVP_ADAPTERS + 10; i++) {
		other.bytes[15] = (uint8_t)i;
		kvp_adapter(admin->partition.hyperv, &other, mac);
	}
	assert_int_equal(admin->kvp->adapter_count, KVP_ADAPTERS);
	other.bytes[15] = KVP_ADAPTERS + 1;
	kvp_adapter(admin->partition.hyperv, &other, NULL);
	assert_int_equal(admin->kvp->adapter_count, KVP_ADAPTERS);
	other.bytes[15] = 0;
	kvp_adapter(admin->partition.hyperv, &other, NULL);
	assert_int_equal(admin->kvp->adapter_count, KVP_ADAPTERS - 1);
}

/* ---- Set by the host -------------------------------------------------- */

static void
field(uint16_t *to, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		to[i] = (uint16_t)text[i];
}

struct lists {
	uint8_t family, dhcp;
	const char *addresses, *masks, *gateways, *dns;
};

static uint32_t
sets(struct admin *admin, const char *id, const struct lists *lists)
{
	static struct hv_kvp_ip ip;

	memset(&ip, 0, sizeof(ip));
	field(ip.adapter, id);
	ip.family = lists->family;
	ip.dhcp = lists->dhcp;
	field(ip.addresses, lists->addresses);
	field(ip.masks, lists->masks);
	field(ip.gateways, lists->gateways);
	field(ip.dns, lists->dns);
	assert_true(host_ic_ip_set(admin->ic, &ip, sizeof(ip)));
	return admin_answer(admin, HOST_IC_KVP)->status;
}

static void
test_set_as_text(void **state)
{
	struct admin *admin = with(state, true);
	const struct pv_netif *wanted = &admin->owner->netif_wanted;
	const struct lists lists = { 3, 0, "192.168.1.2;2001:db8::2",
		"255.255.0.0;64", "192.168.1.1", "1.1.1.1;2606:4700::1111;" };

	assert_int_equal(sets(admin, "00:15:5D:AB:CD:0E", &lists),
	    HV_IC_STATUS_OK);
	assert_int_equal(admin->owner->netif_sets, 1);
	assert_string_equal(wanted->name, "eth0");
	assert_memory_equal(wanted->mac, ((const uint8_t[])MAC), 6);
	assert_false(wanted->dhcp4);
	assert_false(wanted->dhcp6);
	assert_int_equal(wanted->addresses, 2);
	assert_int_equal(wanted->address[0].family, 4);
	assert_int_equal(wanted->address[0].prefix, 16);
	assert_int_equal(wanted->address[1].family, 6);
	assert_int_equal(wanted->address[1].prefix, 64);
	assert_int_equal(wanted->gateways, 1);
	assert_int_equal(wanted->dns, 2);
	/* and asked for again it is so */
	assert_int_equal(gets(admin, "00:15:5D:AB:CD:0E"), HV_IC_STATUS_OK);
}

static void
test_set_to_a_server(void **state)
{
	static const struct {
		uint8_t family;
		bool dhcp4, dhcp6;
	} families[] = { { 0, true, false }, { 1, true, false },
		{ 2, false, true }, { 3, true, true } };
	struct admin *admin = with(state, true);

	for (size_t i = 0; i < 4; i++) {
		const struct lists lists = { families[i].family, 1, "", "", "",
			"" };

		assert_int_equal(sets(admin, "00:15:5D:AB:CD:0E", &lists),
		    HV_IC_STATUS_OK);
		assert_int_equal(admin->owner->netif_wanted.dhcp4,
		    families[i].dhcp4);
		assert_int_equal(admin->owner->netif_wanted.dhcp6,
		    families[i].dhcp6);
		assert_int_equal(admin->owner->netif_wanted.addresses, 0);
	}
}

static void
test_h28_settings_that_are_none(void **state)
{
	static const struct lists lists[] = {
		{ 1, 0, "", "", "", "" },
		{ 1, 0, "10.0.0.1", "", "", "" },
		{ 1, 0, "10.0.0.1;10.0.0.2", "24", "", "" },
		{ 1, 0, "10.0.0.1", "24;24", "", "" },
		{ 1, 0, "10.0.0.1", "255.0.255.0", "", "" },
		{ 1, 0, "10.0.0.1", "33", "", "" },
		{ 1, 0, "10.0.0.1 ", "24", "", "" },
		{ 1, 0, "10.0.0.1;;10.0.0.2", "24;24;24", "", "" },
		{ 1, 0, ";", ";", "", "" },
		{ 1, 0, "10.0.0.1; rm -rf /", "24;24", "", "" },
		{ 1, 0, "10.0.0.1", "24", "router", "" },
		{ 1, 0, "10.0.0.1", "24", "10.0.0.2;", "example.org" },
		{ 1, 0, "10.0.0.1", "24",
		    "1::;1::;1::;1::;1::;1::;1::;1::;1::", "" },
		{ 1, 2, "10.0.0.1", "24", "", "" },
		{ 4, 0, "10.0.0.1", "24", "", "" },
		{ 0xff, 1, "", "", "", "" },
	};
	struct admin *admin = with(state, true);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		assert_int_equal(sets(admin, "00:15:5D:AB:CD:0E", &lists[i]),
		    HV_IC_STATUS_INVALID);
		assert_int_equal(admin->partition.device->stats.bad_value,
		    i + 1);
	}
	assert_int_equal(admin->owner->netif_sets, 0);
}

/* Full to their end, without a NUL anywhere. */
static void
test_h28_fields_without_an_end(void **state)
{
	struct admin *admin = with(state, true);
	static struct hv_kvp_ip ip;

	memset(&ip, '1', sizeof(ip));
	assert_true(host_ic_ip_set(admin->ic, &ip, sizeof(ip)));
	assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
	    HV_IC_STATUS_INVALID);
	/* lone surrogates */
	memset(&ip, 0xd8, sizeof(ip));
	assert_true(host_ic_ip_set(admin->ic, &ip, sizeof(ip)));
	assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
	    HV_IC_STATUS_INVALID);
	memset(&ip, 0, sizeof(ip));
	for (unsigned i = 0; i < HV_KVP_ADAPTER_UNITS; i++)
		ip.adapter[i] = '0';
	ip.dhcp = 1;
	assert_true(host_ic_ip_set(admin->ic, &ip, sizeof(ip)));
	assert_int_equal(admin_answer(admin, HOST_IC_KVP)->status,
	    HV_IC_STATUS_NOT_FOUND);
	assert_int_equal(admin->owner->netif_sets, 0);
}

static void
test_set_that_nobody_does(void **state)
{
	struct admin *admin = with(state, true);
	const struct lists lists = { 1, 1, "", "", "", "" };

	assert_int_equal(sets(admin, "00:15:5D:AB:CD:00", &lists),
	    HV_IC_STATUS_NOT_FOUND);
	admin->owner->fails.netif_set = PV_EIO;
	assert_int_equal(sets(admin, "00:15:5D:AB:CD:0E", &lists),
	    HV_IC_STATUS_FAIL);
	sim_machine_own_port(admin->world->machine)->netif_set = NULL;
	assert_int_equal(sets(admin, "00:15:5D:AB:CD:0E", &lists),
	    HV_IC_STATUS_NOT_SUPPORTED);
}

/* ---- Numbers ---------------------------------------------------------- */

static struct hv_kvp_ip_binary
binary(void)
{
	struct hv_kvp_ip_binary ip;

	memset(&ip, 0, sizeof(ip));
	field(ip.adapter, "00:15:5D:AB:CD:0E");
	ip.family = 3;
	ip.ipv4_addresses = ip.ipv6_addresses = 1;
	memcpy(ip.ipv4[0], "\x0a\x01\x02\x03", 4);
	memcpy(ip.ipv4_mask[0], "\xff\xff\xf0\x00", 4);
	ip.ipv6[0][0] = 0x20;
	ip.ipv6_prefix[0] = 48;
	ip.ipv4_gateways = ip.ipv6_dns = 1;
	memcpy(ip.ipv4_gateway[0], "\x0a\x01\x02\x01", 4);
	ip.ipv6_server[0][15] = 1;
	return ip;
}

static uint32_t
sets_binary(struct admin *admin, const struct hv_kvp_ip_binary *ip)
{
	assert_true(host_ic_ip_set(admin->ic, ip, sizeof(*ip)));
	return admin_answer(admin, HOST_IC_KVP)->status;
}

static void
test_set_as_numbers(void **state)
{
	struct admin *admin = with(state, false);
	const struct pv_netif *wanted = &admin->owner->netif_wanted;
	struct hv_kvp_ip_binary ip = binary();

	assert_int_equal(sets_binary(admin, &ip), HV_IC_STATUS_OK);
	assert_int_equal(wanted->addresses, 2);
	assert_int_equal(wanted->address[0].prefix, 20);
	assert_int_equal(wanted->address[1].prefix, 48);
	assert_int_equal(wanted->gateways, 1);
	assert_int_equal(wanted->dns, 1);
	assert_int_equal(wanted->dns_server[0].family, 6);
}

static void
test_h26_counts_of_numbers(void **state)
{
	static const uint32_t counts[] = { 33, 64, 65, 0x10000, 0x80000000,
		0xffffffff };
	struct admin *admin = with(state, false);
	struct hv_kvp_ip_binary ip;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (unsigned which = 0; which < 6; which++) {
			ip = binary();
			(&ip.ipv4_addresses)[which] = counts[i];
			assert_int_equal(sets_binary(admin, &ip),
			    HV_IC_STATUS_INVALID);
		}
	/* each by itself would do */
	ip = binary();
	ip.ipv4_addresses = ip.ipv6_addresses = 17;
	assert_int_equal(sets_binary(admin, &ip), HV_IC_STATUS_INVALID);
	ip = binary();
	ip.ipv4_gateways = ip.ipv6_gateways = 5;
	assert_int_equal(sets_binary(admin, &ip), HV_IC_STATUS_INVALID);
	ip = binary();
	ip.ipv4_mask[0][1] = 0;
	assert_int_equal(sets_binary(admin, &ip), HV_IC_STATUS_INVALID);
	ip = binary();
	ip.ipv6_prefix[0] = 129;
	assert_int_equal(sets_binary(admin, &ip), HV_IC_STATUS_INVALID);
	ip = binary();
	ip.ipv4_addresses = ip.ipv6_addresses = 0;
	assert_int_equal(sets_binary(admin, &ip), HV_IC_STATUS_INVALID);
	assert_int_equal(admin->owner->netif_sets, 0);
}

/* Version 5 has room for five gateways of a kind. */
static void
test_numbers_that_do_not_fit_are_counted(void **state)
{
	struct pv_netif netif = eth0();
	static struct hv_kvp_ip_binary out;

	(void)state;
	netif.gateways = PV_NETIF_SERVERS;
	for (unsigned i = 0; i < PV_NETIF_SERVERS; i++)
		netif.gateway[i] = (struct pv_address){ .family = 4 };
	assert_int_equal(kvp_ip_to_binary(&netif, &out), 3);
	assert_int_equal(out.ipv4_gateways, HV_KVP_GATEWAYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_both_ways),
		cmocka_unit_test(test_h28_addresses_that_are_none),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_all_of_a_nic_as_text),
		cmocka_unit_test(test_text_there_and_back),
		cmocka_unit_test(
		    test_entries_that_do_not_fit_are_dropped_whole),
		admin_test(test_get_by_mac_as_text),
		admin_test(test_get_by_the_channel_of_the_nic),
		admin_test(test_h10_adapters_that_are_not_there),
		admin_test(test_adapters_without_end),
		admin_test(test_set_as_text),
		admin_test(test_set_to_a_server),
		admin_test(test_h28_settings_that_are_none),
		admin_test(test_h28_fields_without_an_end),
		admin_test(test_set_that_nobody_does),
		admin_test(test_set_as_numbers),
		admin_test(test_h26_counts_of_numbers),
		cmocka_unit_test(test_numbers_that_do_not_fit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
