/* SPDX-License-Identifier: ISC */
/* What a host is told of a guest that is odd or large: whole elements within
 * the limits, names as they are, VMware's own names of systems. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vmware/vmt_info.h"
#include "tests/support/nic_list.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A port that is its own owner. */
struct owner {
	struct pv_port port;
	const char *facts[PV_FACT_COUNT];
	struct pv_netif netif[64];
	unsigned netifs;
	struct pv_route route[512];
	unsigned routes;
	struct pv_filesystem filesystem[400];
	unsigned filesystems;
	struct vmt_net net;
	struct vmt_os os;
	char bytes[65536], text[65536];
};

static long
port_fact(void *ctx, enum pv_fact fact, char *to, size_t room)
{
	const struct owner *owner = ctx;
	size_t len;

	if (owner->facts[fact] == NULL)
		return PV_ENOENT;
	len = strlen(owner->facts[fact]);
	if (len < room)
		memcpy(to, owner->facts[fact], len + 1);
	return (long)len;
}

static int
port_netif(void *ctx, unsigned index, struct pv_netif *out)
{
	const struct owner *owner = ctx;

	if (index >= owner->netifs)
		return PV_ENOENT;
	*out = owner->netif[index];
	return PV_OK;
}

static int
port_route(void *ctx, unsigned index, struct pv_route *out)
{
	const struct owner *owner = ctx;

	if (index >= owner->routes)
		return PV_ENOENT;
	*out = owner->route[index];
	return PV_OK;
}

static int
port_filesystem(void *ctx, unsigned index, struct pv_filesystem *out)
{
	const struct owner *owner = ctx;

	if (index >= owner->filesystems)
		return PV_ENOENT;
	*out = owner->filesystem[index];
	return PV_OK;
}

static int
setup(void **state)
{
	struct owner *owner = calloc(1, sizeof(*owner));

	if (owner == NULL)
		return -1;
	owner->port = (struct pv_port){
		.ctx = owner,
		.fact = port_fact,
		.netif = port_netif,
		.route = port_route,
		.filesystem = port_filesystem,
	};
	*state = owner;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

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

static struct pv_netif *
add(struct owner *owner, const char *name, const char *ip)
{
	struct pv_netif *netif = &owner->netif[owner->netifs++];

	snprintf(netif->name, sizeof(netif->name), "%s", name);
	netif->mac[0] = 2;
	netif->mac[5] = (uint8_t)owner->netifs;
	if (ip != NULL) {
		netif->addresses = 1;
		netif->address[0] = address(ip, 24);
	}
	return netif;
}

static const char *
listed(struct owner *owner)
{
	struct writer writer;

	vmt_net_read(&owner->port, &owner->net);
	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	vmt_nics_v3(&owner->net, &writer);
	assert_false(writer.full);
	nic_list_xdr(owner->bytes, writer.len, owner->text,
	    sizeof(owner->text));
	return owner->text;
}

/* ---- Which interfaces ------------------------------------------------- */

static void
test_interfaces_of_containers_are_left_out(void **state)
{
	static const char *const out[] = { "docker0", "docker", "vethab12",
		"virbr0-nic", "antrea-gw0", "cali0123", "lo" };
	static const char *const in[] = { "eth0", "br-docker", "ve", "antrea",
		"lo0", "xcali" };
	struct owner *owner = *state;

	for (unsigned i = 0; i < COUNT(out); i++)
		add(owner, out[i], "192.0.2.1");
	for (unsigned i = 0; i < COUNT(in); i++)
		add(owner, in[i], "192.0.2.1");
	vmt_net_read(&owner->port, &owner->net);
	assert_int_equal(owner->net.nics, COUNT(in));
	for (unsigned i = 0; i < COUNT(in); i++)
		assert_string_equal(owner->net.nic[i].netif.name, in[i]);
	/* no fault of the host's limits */
	assert_int_equal(owner->net.dropped.nics, 0);
}

static void
test_the_list_is_the_owners(void **state)
{
	struct owner *owner = *state;

	add(owner, "docker0", "192.0.2.1");
	add(owner, "eth0", "192.0.2.2");
	add(owner, "eth10", "192.0.2.3");
	owner->facts[PV_FACT_NETIFS_LEFT_OUT] = " tun*,, eth? ";
	vmt_net_read(&owner->port, &owner->net);
	assert_int_equal(owner->net.nics, 2);
	assert_string_equal(owner->net.nic[1].netif.name, "eth10");
	owner->facts[PV_FACT_NETIFS_LEFT_OUT] = "";
	vmt_net_read(&owner->port, &owner->net);
	assert_int_equal(owner->net.nics, 3);
	owner->facts[PV_FACT_NETIFS_LEFT_OUT] = "*";
	vmt_net_read(&owner->port, &owner->net);
	assert_int_equal(owner->net.nics, 0);
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *list, *name;
		bool out;
	} cases[] = {
		{ "", "eth0", false },
		{ "", "", false },
		{ "*", "", true },
		{ "eth0", "eth0", true },
		{ "eth0", "eth01", false },
		{ "eth0", "eth", false },
		{ "eth*0", "eth0", true },
		{ "eth*0", "eth100", true },
		{ "eth*0", "eth101", false },
		{ "*a*b*", "xxaxxbxx", true },
		{ "*a*b", "ab1b2", false },
		{ "?", "", false },
		{ "??", "ab", true },
		{ "a?c", "abc", true },
		{ "a*b*c,z", "z", true },
		{ ",,,", "x", false },
		/* what takes some matchers forever */
		{ "*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    false },
	};

	(void)state;
	for (unsigned i = 0; i < COUNT(cases); i++)
		assert_int_equal(vmt_net_left_out(cases[i].list, cases[i].name),
		    cases[i].out);
}

static void
test_16_interfaces_those_that_lead_out_first(void **state)
{
	struct owner *owner = *state;
	char name[16];

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "if%u", i);
		add(owner, name, "192.0.2.1");
	}
	/* one by what the port says of gateways, one by a route without any */
	owner->netif[38].gateways = 1;
	owner->netif[38].gateway[0] = address("192.0.2.254", 0);
	owner->routes = 2;
	owner->route[0].to = address("::", 0);
	owner->route[0].netif = 20;
	owner->route[1].to = address("10.0.0.0", 8);
	owner->route[1].netif = 39;
	vmt_net_read(&owner->port, &owner->net);
	assert_int_equal(owner->net.nics, 16);
	assert_int_equal(owner->net.dropped.nics, 24);
	assert_string_equal(owner->net.nic[0].netif.name, "if20");
	assert_string_equal(owner->net.nic[1].netif.name, "if38");
	for (unsigned i = 2; i < 16; i++) {
		snprintf(name, sizeof(name), "if%u", i - 2);
		assert_string_equal(owner->net.nic[i].netif.name, name);
	}
	/* a route of one that is not reported is not either */
	assert_int_equal(owner->net.routes, 1);
	assert_int_equal(owner->net.route[0].netif, 0);
	/* all of them lead out */
	for (unsigned i = 0; i < 40; i++) {
		owner->netif[i].gateways = 1;
		owner->netif[i].gateway[0] = address("192.0.2.254", 0);
	}
	vmt_net_read(&owner->port, &owner->net);
	assert_int_equal(owner->net.nics, 16);
	assert_int_equal(owner->net.dropped.nics, 24);
	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "if%u", i);
		assert_string_equal(owner->net.nic[i].netif.name, name);
	}
}

static void
test_what_has_neither_mac_nor_address_is_nothing(void **state)
{
	struct owner *owner = *state;
	struct pv_netif *netif;

	memset(add(owner, "dummy0", NULL)->mac, 0, 6);
	add(owner, "eth0", NULL);
	netif = add(owner, "tun0", "10.8.0.2");
	memset(netif->mac, 0, 6);
	assert_string_equal(listed(owner),
	    "02:00:00:00:00:02; dhcp 0 0\n"
	    " 10.8.0.2/24 o2 s1; dhcp 0 0\n"
	    "dns - - [] []\n");
}

static void
test_addresses_that_no_host_takes(void **state)
{
	struct owner *owner = *state;
	struct pv_netif *netif = add(owner, "eth0", "127.0.0.1");

	netif->addresses = 7;
	netif->address[1] = address("::1", 128);
	netif->address[2] = address("192.0.2.1", 33);
	netif->address[3] = (struct pv_address){ .family = 5 };
	netif->address[4] = address("2001:db8::1", 129);
	netif->address[5] = address("169.254.1.1", 16);
	netif->address[6] = address("::", 0);
	netif->dns = 200;
	netif->gateways = 200;
	owner->routes = 1;
	owner->route[0].to = address("192.0.2.0", 200);
	assert_string_equal(listed(owner),
	    "02:00:00:00:00:01 169.254.1.1/16 o6 s1, ::/0 s5; dhcp 0 0\n"
	    "dns - - [] []\n");
	/* and numbers that are no numbers of anything */
	netif->addresses = UINT32_MAX;
	listed(owner);
	assert_int_equal(owner->net.nic[0].netif.addresses, 2);
}

/* ---- Routes, servers, names ------------------------------------------- */

static void
test_100_routes_the_default_ones_among_them(void **state)
{
	struct owner *owner = *state;

	add(owner, "eth0", "192.0.2.1");
	owner->routes = 512;
	for (unsigned i = 0; i < 512; i++) {
		owner->route[i].to = address("10.0.0.0", 24);
		owner->route[i].to.bytes[1] = (uint8_t)(i >> 8);
		owner->route[i].to.bytes[2] = (uint8_t)i;
	}
	owner->route[511].to = address("0.0.0.0", 0);
	listed(owner);
	assert_int_equal(owner->net.routes, 100);
	assert_int_equal(owner->net.dropped.routes, 412);
	assert_int_equal(owner->net.route[0].to.prefix, 0);
	assert_int_equal(owner->net.route[99].to.bytes[2], 98);
}

static void
test_gateways_where_there_are_no_routes(void **state)
{
	struct owner *owner = *state;
	struct pv_netif *netif = add(owner, "eth0", "192.0.2.1");

	owner->port.route = NULL;
	netif->gateways = 2;
	netif->gateway[0] = address("192.0.2.254", 0);
	netif->gateway[1] = address("fe80::1", 0);
	assert_string_equal(listed(owner),
	    "02:00:00:00:00:01 192.0.2.1/24 o2 s1; dhcp 0 0\n"
	    "route 0.0.0.0/0 via 192.0.2.254 nic 0 type 4 metric -1\n"
	    "route ::/0 via fe80::1 nic 0 type 4 metric -1\n"
	    "dns - - [] []\n");
}

static void
test_16_servers_each_once(void **state)
{
	struct owner *owner = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct pv_netif *netif = add(owner, "eth0", "192.0.2.1");

		netif->dns = 8;
		for (unsigned n = 0; n < 8; n++) {
			netif->dns_server[n] = address("192.0.2.53", 0);
			netif->dns_server[n].bytes[3] = (uint8_t)(i / 2 * 100 +
			    i % 2 * 4 + n);
		}
	}
	listed(owner);
	assert_int_equal(owner->net.servers, 16);
	/* 12 of the first two, then 4; 4 are left out twice */
	assert_int_equal(owner->net.dropped.servers, 12);
}

static void
test_10_suffixes_whole(void **state)
{
	struct owner *owner = *state;
	char list[1024] = "", word[300];

	memset(word, 'x', 256);
	word[256] = '\0';
	strcat(list, "  one ");
	strcat(list, word);
	for (unsigned i = 0; i < 11; i++)
		strcat(list, "\tab.example");
	owner->facts[PV_FACT_DNS_SEARCH] = list;
	listed(owner);
	assert_int_equal(owner->net.suffixes, 10);
	assert_int_equal(owner->net.dropped.suffixes, 3);
	assert_string_equal(owner->net.suffix[0], "one");
	assert_string_equal(owner->net.suffix[9], "ab.example");
}

static void
test_host_and_domain(void **state)
{
	struct owner *owner = *state;
	char longest[600];

	owner->facts[PV_FACT_HOST_NAME] = "guest.example.org";
	assert_string_equal(listed(owner), "dns guest example.org [] []\n");
	owner->facts[PV_FACT_DNS_DOMAIN] = "example.net";
	assert_string_equal(listed(owner), "dns guest example.net [] []\n");
	owner->facts[PV_FACT_HOST_NAME] = "guest";
	assert_string_equal(listed(owner), "dns guest example.net [] []\n");
	owner->facts[PV_FACT_HOST_NAME] = ".";
	owner->facts[PV_FACT_DNS_DOMAIN] = NULL;
	assert_string_equal(listed(owner), "dns - - [] []\n");
	/* longer than any name is: none, rather than a part of one */
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	owner->facts[PV_FACT_HOST_NAME] = longest;
	assert_string_equal(listed(owner), "dns - - [] []\n");
}

/* ---- The address of this guest ---------------------------------------- */

static const char *
found(struct owner *owner)
{
	const struct pv_address *at;

	vmt_net_read(&owner->port, &owner->net);
	at = vmt_net_address(&owner->net);
	if (at == NULL)
		return "";
	return inet_ntop(at->family == 4 ? AF_INET : AF_INET6, at->bytes,
	    owner->text, 64);
}

static void
test_the_address_that_others_reach(void **state)
{
	struct owner *owner = *state;
	struct pv_netif *netif;

	assert_string_equal(found(owner), "");
	add(owner, "docker0", "172.17.0.1");
	assert_string_equal(found(owner), "");
	add(owner, "eth9", "169.254.3.4");
	add(owner, "eth8", "fe80::1");
	assert_string_equal(found(owner), "");
	add(owner, "eth0", "2001:db8::7");
	assert_string_equal(found(owner), "2001:db8::7");
	/* IPv4 before IPv6, the first and not the last (as OpenBSD does) */
	add(owner, "eth1", "192.0.2.1");
	add(owner, "eth2", "192.0.2.2");
	assert_string_equal(found(owner), "192.0.2.1");
	/* beside those that are of the link alone */
	owner->netif[1].address[0] = address("169.253.3.4", 16);
	assert_string_equal(found(owner), "169.253.3.4");
	owner->netif[1].address[0] = address("169.254.255.1", 16);
	owner->netif[2].address[0] = address("febf::1", 64);
	/* and that of the way out before all */
	netif = add(owner, "eth3", "192.0.2.3");
	netif->gateways = 1;
	netif->gateway[0] = address("192.0.2.254", 0);
	assert_string_equal(found(owner), "192.0.2.3");
}

/* ---- Names of systems ------------------------------------------------- */

static void
test_names_that_vmware_knows(void **state)
{
	static const struct {
		const char *id, *version, *build, *family, *machine, *name;
	} cases[] = {
		{ "debian", "12", "6.1.0", "Linux", "x86_64", "debian12-64" },
		{ "debian", "12.4", "6.1.0", "Linux", "i686", "debian12" },
		{ "debian", "13", "6.12", "Linux", "aarch64",
		    "arm-debian13-64" },
		/* testing has no version */
		{ "debian", "", "6.12.3", "Linux", "x86_64",
		    "other6xlinux-64" },
		{ "debian", "trixie/sid", "6.12.3", "Linux", "x86_64",
		    "other6xlinux-64" },
		{ "ubuntu", "24.04", "6.8.0", "Linux", "x86_64", "ubuntu-64" },
		{ "rhel", "9.4", "5.14.0", "Linux", "x86_64", "rhel9-64" },
		{ "rhel", "", "5.14.0", "Linux", "x86_64", "other5xlinux-64" },
		{ "centos", "9", "5.14.0", "Linux", "x86_64", "centos9-64" },
		{ "centos", "5", "2.6.18", "Linux", "i386", "centos" },
		{ "rocky", "9.3", "5.14", "Linux", "x86_64", "rockyLinux-64" },
		{ "almalinux", "9.3", "5.14", "Linux", "x86_64",
		    "almaLinux-64" },
		{ "fedora", "40", "6.8", "Linux", "x86_64", "fedora-64" },
		{ "ol", "8.9", "5.15", "Linux", "x86_64", "oraclelinux8-64" },
		{ "ol", "5", "2.6.39", "Linux", "x86_64", "oraclelinux-64" },
		{ "amzn", "2", "4.14", "Linux", "x86_64", "amazonlinux2-64" },
		{ "amzn", "2023", "6.1", "Linux", "x86_64", "amazonlinux3-64" },
		{ "amzn", "2018.03", "4.14", "Linux", "x86_64",
		    "amazonlinux3-64" },
		{ "sles", "15.5", "5.14", "Linux", "x86_64", "sles15-64" },
		{ "sles_sap", "12.5", "4.12", "Linux", "x86_64", "sles12-64" },
		{ "opensuse-leap", "15.5", "5.14", "Linux", "x86_64",
		    "opensuse-64" },
		{ "photon", "5.0", "6.1", "Linux", "x86_64",
		    "vmware-photon-64" },
		{ "flatcar", "3815", "6.1", "Linux", "aarch64",
		    "arm-flatcar-64" },
		{ "freebsd", "14.0", "14.0-RELEASE", "FreeBSD", "amd64",
		    "freeBSD14-64" },
		{ "", "9.3", "9.3", "FreeBSD", "i386", "freeBSD" },
		/* told by their kernel */
		{ "alpine", "3.19", "6.6.8", "Linux", "x86_64",
		    "other6xlinux-64" },
		{ "nixos", "23.11", "6.1.77", "Linux", "aarch64",
		    "arm-other6xlinux-64" },
		{ "arch", "", "7.0.1", "Linux", "x86_64", "other7xlinux-64" },
		{ "x", "", "12.0", "Linux", "x86_64", "other7xlinux-64" },
		{ "x", "", "4.19", "Linux", "i686", "other4xlinux" },
		{ "x", "", "2.6.32", "Linux", "i686", "other26xlinux" },
		{ "x", "", "2.4.37", "Linux", "i686", "other24xlinux" },
		{ "x", "", "2.2.26", "Linux", "i686", "otherlinux" },
		{ "x", "", "", "Linux", "x86_64", "otherlinux-64" },
		{ "openbsd", "7.5", "7.5", "OpenBSD", "amd64", "other-64" },
		{ "", "", "", "", "", "other" },
		{ "debian", "99999999999999999999", "6.1", "Linux", "x86_64",
		    "other6xlinux-64" },
	};
	struct owner *owner = *state;
	char name[129];

	for (unsigned i = 0; i < COUNT(cases); i++) {
		owner->facts[PV_FACT_OS_ID] = cases[i].id;
		owner->facts[PV_FACT_OS_VERSION] = cases[i].version;
		owner->facts[PV_FACT_OS_BUILD] = cases[i].build;
		owner->facts[PV_FACT_OS_FAMILY] = cases[i].family;
		owner->facts[PV_FACT_ARCHITECTURE] = cases[i].machine;
		vmt_os_read(&owner->port, &owner->os);
		vmt_os_id(&owner->os, name, sizeof(name));
		assert_string_equal(name, cases[i].name);
	}
}

static const char *
details(struct owner *owner)
{
	struct writer writer;

	vmt_os_read(&owner->port, &owner->os);
	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	write_text(&writer, "head");
	vmt_os_detailed(&owner->os, &writer);
	assert_false(writer.full);
	assert_true(writer.len > 4 + 648);
	assert_int_equal(owner->bytes[writer.len - 1], '\0');
	assert_int_equal(strlen(owner->bytes + 4 + 648), writer.len - 653);
	return owner->bytes + 4 + 648;
}

static void
test_odd_details(void **state)
{
	struct owner *owner = *state;
	char longest[400];

	assert_string_equal(details(owner), "");
	owner->facts[PV_FACT_OS_NAME] = "Bob's \\ OS \n  ";
	owner->facts[PV_FACT_OS_VERSION] = " ";
	owner->facts[PV_FACT_ARCHITECTURE] = "riscv64";
	assert_string_equal(details(owner),
	    "architecture='riscv64' bitness='64' "
	    "distroName='Bob\\'s \\\\ OS'");
	owner->facts[PV_FACT_ARCHITECTURE] = "aarch64";
	owner->facts[PV_FACT_OS_NAME] = "\xc3\xa9\xff";
	assert_string_equal(details(owner),
	    "architecture='Arm' bitness='64' distroName='\xc3\xa9\xff'");
	/* too long to be one */
	memset(longest, '\'', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	owner->facts[PV_FACT_OS_NAME] = longest;
	assert_string_equal(details(owner), "architecture='Arm' bitness='64'");
	/* all quotes, and as long as may be */
	for (unsigned i = 0; i < PV_FACT_COUNT; i++)
		owner->facts[i] = longest + sizeof(longest) - VMT_FACT;
	assert_int_equal(strlen(details(owner)),
	    6 * 2 * (VMT_FACT - 1) +
		strlen("architecture='' bitness='32' "
		       "distroName='' distroVersion='' "
		       "familyName='' kernelVersion='' "
		       "prettyName=''"));
}

static void
test_details_that_do_not_fit_are_not_sent(void **state)
{
	struct owner *owner = *state;
	struct writer writer;

	owner->facts[PV_FACT_OS_NAME] = "Debian GNU/Linux";
	vmt_os_read(&owner->port, &owner->os);
	for (size_t room = 0; room < 648 + 20; room += 7) {
		memset(owner->bytes, 0x55, 1024);
		writer_init(&writer, owner->bytes, room);
		vmt_os_detailed(&owner->os, &writer);
		assert_true(writer.full);
		assert_true(writer.len <= room);
		assert_int_equal(owner->bytes[room], 0x55);
	}
}

static void
test_full_names_are_whole(void **state)
{
	struct owner *owner = *state;
	char name[64];

	owner->facts[PV_FACT_OS_FAMILY] = "Linux";
	owner->facts[PV_FACT_OS_BUILD] = "6.1.0-18-amd64";
	owner->facts[PV_FACT_OS_NAME] = "Debian GNU/Linux";
	owner->facts[PV_FACT_OS_VERSION] = "12";
	owner->facts[PV_FACT_OS_PRETTY] = "Debian GNU/Linux 12 (bookworm)";
	vmt_os_read(&owner->port, &owner->os);
	vmt_os_full_name(&owner->os, name, 52);
	assert_string_equal(name,
	    "Linux 6.1.0-18-amd64 Debian GNU/Linux 12 (bookworm)");
	vmt_os_full_name(&owner->os, name, 51);
	assert_string_equal(name, "Debian GNU/Linux 12 (bookworm)");
	vmt_os_full_name(&owner->os, name, 30);
	assert_string_equal(name, "Debian GNU/Linux");
	vmt_os_full_name(&owner->os, name, 16);
	assert_string_equal(name, "");
	owner->os.pretty[0] = '\0';
	vmt_os_full_name(&owner->os, name, sizeof(name));
	assert_string_equal(name, "Linux 6.1.0-18-amd64 Debian GNU/Linux 12");
}

/* ---- File systems ----------------------------------------------------- */

static void
fill(struct owner *owner, unsigned count)
{
	owner->filesystems = count;
	for (unsigned i = 0; i < count; i++) {
		struct pv_filesystem *fs = &owner->filesystem[i];

		char number[16];

		snprintf(number, sizeof(number), "/%u/", i);
		memset(fs->path, 'p', sizeof(fs->path) - 1);
		memcpy(fs->path, number, strlen(number));
		memset(fs->type, '"', sizeof(fs->type));
		fs->size = fs->free = UINT64_MAX;
		fs->devices = 77;
		memset(fs->device, 0x01, sizeof(fs->device));
	}
}

static void
test_file_systems_that_do_not_fit_are_left_out_whole(void **state)
{
	static const char tail[] = "}\n]}";
	struct owner *owner = *state;
	unsigned dropped, kept = 0;
	struct writer writer;
	size_t one;

	fill(owner, 1);
	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	assert_true(vmt_disks_json(&owner->port, &writer, &dropped));
	one = writer.len;
	fill(owner, 300);
	/* around the end of the first one each room there is, then some */
	for (size_t room = one - 20; room <= 65000;
	     room += room < one + 20 ? 1 : 3997) {
		memset(owner->bytes, 0x55, sizeof(owner->bytes));
		writer_init(&writer, owner->bytes, room);
		assert_true(vmt_disks_json(&owner->port, &writer, &dropped));
		assert_false(writer.full);
		assert_int_equal(owner->bytes[room], 0x55);
		/* its NUL stands at the end, and only there */
		assert_int_equal(strlen(owner->bytes), writer.len - 1);
		kept = 0;
		for (const char *at = owner->bytes;
		     (at = strstr(at, "{\"name\":\"")) != NULL; at++)
			kept++;
		/* what is behind the 256th is not looked at */
		assert_int_equal(kept + dropped, 256);
		assert_int_equal(kept > 0, room >= one);
		if (kept > 0)
			assert_string_equal(owner->bytes + writer.len -
				sizeof(tail),
			    tail);
	}
	assert_in_range(kept, 15, 30);
}

static void
test_no_file_system(void **state)
{
	struct owner *owner = *state;
	struct writer writer;
	unsigned dropped;

	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	assert_true(vmt_disks_json(&owner->port, &writer, &dropped));
	assert_string_equal(owner->bytes,
	    "{\n\"version\":\"1\",\n\"disks\":[\n]}");
	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	assert_true(vmt_disks_v0(&owner->port, &writer, &dropped));
	assert_int_equal(writer.len, 1);
	assert_int_equal(owner->bytes[0], 0);
}

static void
test_packed_file_systems(void **state)
{
	struct owner *owner = *state;
	struct writer writer;
	unsigned dropped;

	/* paths of 127 bytes have no room there */
	fill(owner, 300);
	for (unsigned i = 0; i < 300; i++)
		if (i != 7)
			owner->filesystem[i]
			    .path[i == 8 ? 99 : 100 - i % 50 - 2] = '\0';
	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	assert_true(vmt_disks_v0(&owner->port, &writer, &dropped));
	assert_int_equal((uint8_t)owner->bytes[0], 255);
	assert_int_equal(writer.len, 1 + 255 * sizeof(struct diskinfo_v0));
	assert_int_equal(dropped, 1);
	/* the 256th has no place in a byte */
	owner->filesystem[7].path[9] = '\0';
	writer_init(&writer, owner->bytes, sizeof(owner->bytes));
	assert_true(vmt_disks_v0(&owner->port, &writer, &dropped));
	assert_int_equal((uint8_t)owner->bytes[0], 255);
	assert_int_equal(writer.len, 1 + 255 * sizeof(struct diskinfo_v0));
	assert_int_equal(dropped, 1);
	/* in little room, as many as fit */
	writer_init(&writer, owner->bytes, 1 + 3 * 116 + 115);
	assert_true(vmt_disks_v0(&owner->port, &writer, &dropped));
	assert_int_equal(owner->bytes[0], 3);
	assert_int_equal(writer.len, 1 + 3 * 116);
	assert_false(writer.full);
}

#define form_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		form_test(test_interfaces_of_containers_are_left_out),
		form_test(test_the_list_is_the_owners),
		form_test(test_patterns),
		form_test(test_16_interfaces_those_that_lead_out_first),
		form_test(test_what_has_neither_mac_nor_address_is_nothing),
		form_test(test_addresses_that_no_host_takes),
		form_test(test_100_routes_the_default_ones_among_them),
		form_test(test_gateways_where_there_are_no_routes),
		form_test(test_16_servers_each_once),
		form_test(test_10_suffixes_whole),
		form_test(test_host_and_domain),
		form_test(test_the_address_that_others_reach),
		form_test(test_names_that_vmware_knows),
		form_test(test_odd_details),
		form_test(test_details_that_do_not_fit_are_not_sent),
		form_test(test_full_names_are_whole),
		form_test(test_file_systems_that_do_not_fit_are_left_out_whole),
		form_test(test_no_file_system),
		form_test(test_packed_file_systems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
