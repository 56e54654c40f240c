/* SPDX-License-Identifier: ISC */
/* port/linux: Hyper-V's key/value exchange by a socket at which the test plays
 * the kernel, the files of its pools, and VMBus in a sysfs that the test makes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/linux/linux.h"
#include "tests/support/tree.h"

struct place {
	char root[64], socket[96], pools[96];
	int listener, peer;
	struct linux_port *linux_port;
	const struct pv_port *port;
};

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		return -1;
	place->listener = place->peer = -1;
	strcpy(place->root, "/tmp/pvbus-test.XXXXXX");
	if (mkdtemp(place->root) == NULL)
		return -1;
	snprintf(place->socket, sizeof(place->socket), "%s/hv_kvp",
	    place->root);
	snprintf(place->pools, sizeof(place->pools), "%s/hyperv", place->root);
	place->linux_port = linux_port_new(
	    &(struct linux_port_config){ .sys = place->root,
		.kvp = place->socket,
		.pools = place->pools,
		.etc = place->root,
		.interfaces = place->root });
	if (place->linux_port == NULL)
		return -1;
	place->port = linux_port_table(place->linux_port);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	linux_port_free(place->linux_port);
	if (place->peer >= 0)
		close(place->peer);
	if (place->listener >= 0)
		close(place->listener);
	tree_remove(place->root);
	free(place);
	return 0;
}

/* ---- The kernel's device ---------------------------------------------- */

static void
listen_there(struct place *place)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_true(strlen(place->socket) < sizeof(address.sun_path));
	strcpy(address.sun_path, place->socket);
	place->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(place->listener,
			     (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(place->listener, 4), 0);
}

static long
take(struct place *place, void *to, size_t room)
{
	return place->port->kvp_read(place->port->ctx, to, room);
}

static int
give(struct place *place, const void *from, size_t size)
{
	return place->port->kvp_write(place->port->ctx, from, size);
}

static void
accept_peer(struct place *place)
{
	place->peer = accept(place->listener, NULL, NULL);
	assert_true(place->peer >= 0);
}

static void
test_kvp_no_device(void **state)
{
	struct place *place = *state;
	char byte;

	assert_int_equal(give(place, "x", 1), PV_ENODEV);
	assert_int_equal(take(place, &byte, 1), PV_ENODEV);
}

static void
test_kvp_whole_messages_both_ways(void **state)
{
	struct place *place = *state;
	struct pollfd event = { .events = POLLIN };
	static char message[7432], other[7432];

	memset(message, 'm', sizeof(message));
	listen_there(place);
	assert_int_equal(give(place, message, sizeof(message)), PV_OK);
	accept_peer(place);
	assert_int_equal(recv(place->peer, other, sizeof(other), 0), 7432);
	assert_memory_equal(message, other, sizeof(other));
	/* nothing there: a read of the device would block */
	assert_int_equal(take(place, other, sizeof(other)), PV_EAGAIN);
	event.fd = linux_port_event(place->linux_port);
	assert_int_equal(poll(&event, 1, 0), 0);
	message[0] = 'n';
	assert_int_equal(send(place->peer, message, sizeof(message), 0), 7432);
	assert_int_equal(poll(&event, 1, 1000), 1);
	assert_int_equal(take(place, other, sizeof(other)), 7432);
	assert_memory_equal(message, other, sizeof(other));
}

/* After a hibernation the kernel's driver wants to be opened again. */
static void
test_kvp_device_that_ends_is_opened_again(void **state)
{
	struct place *place = *state;
	char bytes[16];

	listen_there(place);
	assert_int_equal(give(place, "first", 5), PV_OK);
	accept_peer(place);
	close(place->peer);
	place->peer = -1;
	assert_int_equal(take(place, bytes, sizeof(bytes)), PV_ENODEV);
	assert_int_equal(give(place, "second", 6), PV_OK);
	accept_peer(place);
	assert_int_equal(recv(place->peer, bytes, sizeof(bytes), 0), 6);
	assert_memory_equal(bytes, "second", 6);
}

static void
test_kvp_close_and_open(void **state)
{
	struct place *place = *state;
	char byte;

	listen_there(place);
	assert_int_equal(give(place, "x", 1), PV_OK);
	accept_peer(place);
	place->port->kvp_close(place->port->ctx);
	assert_int_equal(recv(place->peer, &byte, 1, 0), 1);
	assert_int_equal(recv(place->peer, &byte, 1, 0), 0);
}

/* ---- Pools ------------------------------------------------------------ */

static void
path_of(const struct place *place, unsigned pool, char path[160])
{
	snprintf(path, 160, "%s/.kvp_pool_%u", place->pools, pool);
}

static long
pool_read(struct place *place, unsigned pool, void *to, size_t room)
{
	return place->port->pool_read(place->port->ctx, pool, to, room);
}

static int
pool_write(struct place *place, unsigned pool, const void *from, size_t size)
{
	return place->port->pool_write(place->port->ctx, pool, from, size);
}

static void
test_pool_none_yet(void **state)
{
	char byte;

	assert_int_equal(pool_read(*state, 0, &byte, 1), PV_ENOENT);
}

/* Linux's own daemon makes them readable for everybody. */
static void
test_pool_there_and_back_for_root_alone(void **state)
{
	struct place *place = *state;
	char record[2560], back[2560], path[160];
	struct stat status;

	memset(record, 'r', sizeof(record));
	assert_int_equal(pool_write(place, 1, record, sizeof(record)), PV_OK);
	path_of(place, 1, path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat(place->pools, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(pool_read(place, 1, back, sizeof(back)), 2560);
	assert_memory_equal(record, back, sizeof(back));
	/* the length of all, of which what fits is given */
	memset(back, 0, sizeof(back));
	assert_int_equal(pool_read(place, 1, back, 10), 2560);
	assert_memory_equal(back, "rrrrrrrrrr", 11);
	assert_int_equal(pool_write(place, 1, record, 0), PV_OK);
	assert_int_equal(pool_read(place, 1, back, sizeof(back)), 0);
}

static void
test_pool_that_others_could_read_is_closed(void **state)
{
	struct place *place = *state;
	struct stat status;
	char path[160];
	int fd;

	assert_int_equal(mkdir(place->pools, 0755), 0);
	path_of(place, 0, path);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
	assert_int_equal(pool_write(place, 0, "x", 1), PV_OK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

/* In its directory root alone should write, but it is not taken on trust. */
static void
test_pool_that_is_a_link_or_no_file(void **state)
{
	struct place *place = *state;
	char path[160], target[160], byte;

	assert_int_equal(mkdir(place->pools, 0755), 0);
	path_of(place, 0, path);
	snprintf(target, sizeof(target), "%s/elsewhere", place->root);
	assert_int_equal(symlink(target, path), 0);
	assert_true(pool_write(place, 0, "x", 1) < 0);
	assert_int_equal(access(target, F_OK), -1);
	assert_true(pool_read(place, 0, &byte, 1) < 0);
	path_of(place, 1, path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(pool_read(place, 1, &byte, 1) < 0);
	assert_true(pool_write(place, 1, "x", 1) < 0);
}

/* A process that holds a lock of one kind until the test lets it go. */
static pid_t
hold(const char *path, bool record, int let_go)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		int fd = open(path, O_RDWR);

		if (fd < 0 ||
		    (record ? fcntl(fd, F_SETLK, &lock) : flock(fd, LOCK_EX)) <
			0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		if (read(let_go, &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void
locked_out(struct place *place, bool record)
{
	int let_go[2], status;
	char path[160], byte;
	pid_t pid;

	assert_int_equal(pool_write(place, 1, "a", 1), PV_OK);
	path_of(place, 1, path);
	assert_int_equal(pipe(let_go), 0);
	pid = hold(path, record, let_go[0]);
	assert_int_equal(pool_read(place, 1, &byte, 1), PV_EBUSY);
	assert_int_equal(pool_write(place, 1, "b", 1), PV_EBUSY);
	assert_int_equal(write(let_go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(let_go[0]);
	close(let_go[1]);
	assert_int_equal(pool_read(place, 1, &byte, 1), 1);
	assert_int_equal(byte, 'a');
}

/* hv_kvp_daemon locks by fcntl(2), cloud-init by flock(2). */
static void
test_pool_locked_by_the_daemon(void **state)
{
	locked_out(*state, true);
}

static void
test_pool_locked_by_cloud_init(void **state)
{
	locked_out(*state, false);
}

/* ---- VMBus in sysfs --------------------------------------------------- */

static void
make(const struct place *place, const char *path)
{
	char whole[320];

	for (size_t i = 1; i <= strlen(path); i++)
		if (path[i] == '/' || path[i] == '\0') {
			snprintf(whole, sizeof(whole), "%s/%.*s", place->root,
			    (int)i, path);
			assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
		}
}

static void
put(const struct place *place, const char *path, const char *text)
{
	char whole[320];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	file = fopen(whole, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

#define NIC "f8615163-df3e-46c5-913f-f2d2f965ed0e" /* here of an instance */
#define KVP "b6650ff7-33bc-4840-8048-e0676786f393"

static void
device(const struct place *place, const char *instance, const char *class_id,
    const char *channel, const char *driver)
{
	char path[256], link[320], target[96];

	snprintf(path, sizeof(path), "bus/vmbus/devices/%s", instance);
	make(place, path);
	snprintf(path, sizeof(path), "bus/vmbus/devices/%s/class_id", instance);
	put(place, path, class_id);
	snprintf(path, sizeof(path), "bus/vmbus/devices/%s/id", instance);
	put(place, path, channel);
	snprintf(path, sizeof(path), "bus/vmbus/devices/%s/device_id",
	    instance);
	snprintf(target, sizeof(target), "{%s}", instance);
	put(place, path, target);
	if (driver == NULL)
		return;
	snprintf(link, sizeof(link), "%s/bus/vmbus/devices/%s/driver",
	    place->root, instance);
	snprintf(target, sizeof(target), "../../../../bus/vmbus/drivers/%s",
	    driver);
	assert_int_equal(symlink(target, link), 0);
}

static void
holder_is(const struct place *place, const char *name, const char *expected)
{
	char holder[48] = "nobody";
	int error = place->port->holder(place->port->ctx, name, holder,
	    sizeof(holder));

	assert_int_equal(error, expected != NULL ? PV_OK : PV_ENOENT);
	assert_string_equal(holder, expected != NULL ? expected : "nobody");
}

static void
test_vmbus_in_the_order_of_channels(void **state)
{
	static const uint8_t nic_class[16] = { 0x63, 0x51, 0x61, 0xf8, 0x3e,
		0xdf, 0xc5, 0x46, 0x91, 0x3f, 0xf2, 0xd2, 0xf9, 0x65, 0xed,
		0x0e };
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct pv_vmbus_item item;

	assert_int_equal(port->vmbus_item(port->ctx, 0, &item), PV_ENOENT);
	device(place, NIC, "{f8615163-df3e-46c5-913f-f2d2f965ed0e}", "14",
	    "hv_netvsc");
	device(place, KVP, "{a9a0f4e7-5a45-4d96-b827-8a841e8c03e6}", "5",
	    "hv_utils");
	assert_int_equal(port->vmbus_item(port->ctx, 0, &item), PV_OK);
	assert_int_equal(item.channel, 5);
	assert_int_equal(port->vmbus_item(port->ctx, 1, &item), PV_OK);
	assert_int_equal(item.channel, 14);
	assert_memory_equal(item.class_id, nic_class, 16);
	assert_memory_equal(item.instance, nic_class, 16);
	assert_int_equal(port->vmbus_item(port->ctx, 2, &item), PV_ENOENT);
	holder_is(place, "hyperv", "Linux hv_vmbus");
	holder_is(place, "channel 5", "Linux hv_utils");
	holder_is(place, "channel 14", "Linux hv_netvsc");
	make(place, "bus/vmbus/devices/" NIC "/net/eth0");
	holder_is(place, "channel 14", "Linux hv_netvsc, eth0");
	holder_is(place, "channel 6", NULL);
}

static void
test_vmbus_devices_that_are_none(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct pv_vmbus_item item;

	make(place, "bus/vmbus/devices/empty");
	device(place, NIC, "{f8615163-df3e-46c5-913f}", "14", NULL);
	device(place, KVP, "{a9a0f4e7-5a45-4d96-b827-8a841e8c03e6}", "5", NULL);
	assert_int_equal(port->vmbus_item(port->ctx, 0, &item), PV_OK);
	assert_int_equal(item.channel, 5);
	assert_int_equal(port->vmbus_item(port->ctx, 1, &item), PV_ENOENT);
	holder_is(place, "channel 5", NULL);
}

/* ---- Facts and interfaces --------------------------------------------- */

static void
fact_is(const struct place *place, enum pv_fact fact, const char *expected)
{
	char text[256];
	long len = place->port->fact(place->port->ctx, fact, text,
	    sizeof(text));

	assert_int_equal(len, strlen(expected));
	assert_string_equal(text, expected);
}

static void
test_facts(void **state)
{
	struct place *place = *state;
	char name[256], cut[3];

	assert_int_equal(gethostname(name, sizeof(name)), 0);
	fact_is(place, PV_FACT_HOST_NAME, name);
	put(place, "os-release",
	    "PRETTY_NAME=\"Other 1\"\nNAME=\"Other GNU/Linux\"\n"
	    "VERSION_ID='12.5'\nX=");
	fact_is(place, PV_FACT_OS_NAME, "Other GNU/Linux");
	fact_is(place, PV_FACT_OS_VERSION, "12.5");
	assert_int_equal(place->port->fact(place->port->ctx, PV_FACT_OS_NAME,
			     cut, sizeof(cut)),
	    strlen("Other GNU/Linux"));
	assert_string_equal(cut, "Ot");
	fact_is(place, PV_FACT_OS_PRETTY, "Other 1");
	put(place, "resolv.conf", "domain example.org\nsearch a.example b\n");
	fact_is(place, PV_FACT_DNS_DOMAIN, "example.org");
	fact_is(place, PV_FACT_DNS_SEARCH, "a.example b");
	put(place, "os-release", "NAME=");
	fact_is(place, PV_FACT_OS_NAME, "Linux");
}

/* Every address that libc knows of, but those of the loopback. */
static void
test_interfaces_are_those_of_libc(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct ifaddrs *list;
	struct pv_netif netif;
	unsigned found = 0, expected = 0;

	put(place, "resolv.conf",
	    "search x\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n"
	    "nameserver junk");
	assert_int_equal(getifaddrs(&list), 0);
	for (struct ifaddrs *a = list; a != NULL; a = a->ifa_next)
		if (a->ifa_addr != NULL && !(a->ifa_flags & IFF_LOOPBACK) &&
		    (a->ifa_addr->sa_family == AF_INET ||
			a->ifa_addr->sa_family == AF_INET6))
			expected++;
	for (unsigned i = 0; port->netif(port->ctx, i, &netif) == PV_OK; i++) {
		assert_int_equal(netif.dns, 2);
		assert_int_equal(netif.dns_server[0].family, 4);
		assert_memory_equal(netif.dns_server[0].bytes, "\300\0\2\65",
		    4);
		assert_int_equal(netif.dns_server[1].family, 6);
		for (unsigned n = 0; n < netif.addresses; n++)
			for (struct ifaddrs *a = list; a != NULL;
			     a = a->ifa_next) {
				const void *bytes = NULL;
				size_t size = netif.address[n].family == 4 ? 4
									   : 16;

				if (a->ifa_addr == NULL ||
				    strcmp(a->ifa_name, netif.name) != 0)
					continue;
				if (a->ifa_addr->sa_family == AF_INET &&
				    size == 4)
					bytes = &((struct sockaddr_in *)(void *)
						      a->ifa_addr)
						     ->sin_addr;
				else if (a->ifa_addr->sa_family == AF_INET6 &&
				    size == 16)
					bytes = &(
					    (struct sockaddr_in6 *)(void *)
						a->ifa_addr)
						     ->sin6_addr;
				if (bytes != NULL &&
				    memcmp(bytes, netif.address[n].bytes,
					size) == 0)
					found++;
			}
	}
	freeifaddrs(list);
	assert_int_equal(found, expected);
}

/* ---- What a host wants ------------------------------------------------ */

static void
test_addresses_wanted_by_the_host(void **state)
{
	static const char expected[] = "HWADDR=00:15:5D:00:00:01\n"
				       "DEVICE=eth0\n"
				       "BOOTPROTO=none\n"
				       "IPADDR0=192.0.2.7\n"
				       "NETMASK0=255.255.255.0\n"
				       "IPV6ADDR=2001:db8::7\n"
				       "IPV6NETMASK=64\n"
				       "IPADDR1=198.51.100.1\n"
				       "NETMASK1=255.255.255.255\n"
				       "GATEWAY=192.0.2.1\n"
				       "IPV6_DEFAULTGW=2001:db8::1\n"
				       "GATEWAY1=192.0.2.2\n"
				       "DNS1=192.0.2.53\n";
	struct place *place = *state;
	struct pv_netif wanted = {
		.name = "eth0",
		.mac = { 0, 0x15, 0x5d, 0, 0, 1 },
		.addresses = 3,
		.gateways = 3,
		.dns = 1,
		.address = { { 4, 24, { 192, 0, 2, 7 } },
		    { 6, 64, { 0x20, 1, 0xd, 0xb8, [15] = 7 } },
		    { 4, 32, { 198, 51, 100, 1 } } },
		.gateway = { { 4, 0, { 192, 0, 2, 1 } },
		    { 6, 0, { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
		    { 4, 0, { 192, 0, 2, 2 } } },
		.dns_server = { { 4, 0, { 192, 0, 2, 53 } } },
	};
	char path[160], text[1024] = "";
	struct stat status;
	FILE *file;

	assert_int_equal(place->port->netif_set(place->port->ctx, &wanted),
	    PV_OK);
	snprintf(path, sizeof(path), "%s/ifcfg-eth0", place->root);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file),
	    strlen(expected));
	fclose(file);
	assert_string_equal(text, expected);
	/* another one takes its place, and nothing else is left behind */
	wanted.dhcp4 = true;
	assert_int_equal(place->port->netif_set(place->port->ctx, &wanted),
	    PV_OK);
	snprintf(path, sizeof(path), "%s/.new-eth0", place->root);
	assert_int_equal(access(path, F_OK), -1);
}

static void
test_addresses_of_a_name_that_is_no_file(void **state)
{
	static const char *const names[] = { "", ".", "..", "../x", "a/b" };
	struct place *place = *state;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pv_netif wanted = { .mac = { 2 } };

		strcpy(wanted.name, names[i]);
		assert_int_equal(place->port->netif_set(place->port->ctx,
				     &wanted),
		    PV_EINVAL);
	}
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_kvp_no_device),
		test(test_kvp_whole_messages_both_ways),
		test(test_kvp_device_that_ends_is_opened_again),
		test(test_kvp_close_and_open),
		test(test_pool_none_yet),
		test(test_pool_there_and_back_for_root_alone),
		test(test_pool_that_others_could_read_is_closed),
		test(test_pool_that_is_a_link_or_no_file),
		test(test_pool_locked_by_the_daemon),
		test(test_pool_locked_by_cloud_init),
		test(test_vmbus_in_the_order_of_channels),
		test(test_vmbus_devices_that_are_none),
		test(test_facts),
		test(test_interfaces_are_those_of_libc),
		test(test_addresses_wanted_by_the_host),
		test(test_addresses_of_a_name_that_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
