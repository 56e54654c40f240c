/* SPDX-License-Identifier: ISC */
/* port/linux: XenStore by a socket that the test listens at, and the devices of
 * XenStore in a sysfs that the test makes. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/linux/linux.h"
#include "tests/support/tree.h"

struct place {
	char root[64];
	char socket[96];
	char log[512];
	int listener, peer;
	struct linux_port *linux_port;
	const struct pv_port *port;
};

static void
keep_log(void *ctx, enum pv_log level, const char *line)
{
	struct place *place = ctx;
	size_t len = strlen(place->log);

	(void)level;
	snprintf(place->log + len, sizeof(place->log) - len, "%s\n", line);
}

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
	snprintf(place->socket, sizeof(place->socket), "%s/xenstored",
	    place->root);
	place->linux_port = linux_port_new(
	    &(struct linux_port_config){ .sys = place->root,
		.xenstore = place->socket,
		.log = keep_log,
		.log_ctx = place });
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

static void
listen_there(struct place *place)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_true(strlen(place->socket) < sizeof(address.sun_path));
	strcpy(address.sun_path, place->socket);
	place->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(place->listener,
			     (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(place->listener, 4), 0);
}

static void
accept_peer(struct place *place)
{
	place->peer = accept(place->listener, NULL, NULL);
	assert_true(place->peer >= 0);
}

static bool
event_is_there(const struct place *place)
{
	struct pollfd fd = { .fd = linux_port_event(place->linux_port),
		.events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static long
take(struct place *place, void *to, size_t room)
{
	return place->port->xenstore_read(place->port->ctx, to, room);
}

static long
give(struct place *place, const void *from, size_t size)
{
	return place->port->xenstore_write(place->port->ctx, from, size);
}

/* ---- The door --------------------------------------------------------- */

static void
test_no_door_is_no_device(void **state)
{
	struct place *place = *state;
	char byte;

	assert_int_equal(place->port->xenstore_limit(place->port->ctx), 0);
	assert_int_equal(take(place, &byte, 1), PV_ENODEV);
	assert_int_equal(give(place, "x", 1), PV_ENODEV);
	assert_string_equal(place->log, "");
}

static void
test_door_that_nobody_answers_is_said(void **state)
{
	struct place *place = *state;

	listen_there(place);
	close(place->listener);
	place->listener = -1;
	assert_int_equal(place->port->xenstore_limit(place->port->ctx), 0);
	assert_non_null(strstr(place->log, "xenstored: Connection refused"));
}

static void
test_socket_takes_whole_payloads(void **state)
{
	struct place *place = *state;

	listen_there(place);
	assert_int_equal(place->port->xenstore_limit(place->port->ctx), 4096);
}

/* It cannot be waited for. */
static void
test_plain_file_is_no_door(void **state)
{
	struct place *place = *state;
	FILE *file = fopen(place->socket, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(place->port->xenstore_limit(place->port->ctx), 0);
}

static void
test_bytes_go_both_ways(void **state)
{
	struct place *place = *state;
	char bytes[16];

	listen_there(place);
	assert_int_equal(take(place, bytes, sizeof(bytes)), PV_EAGAIN);
	accept_peer(place);
	assert_int_equal(give(place, "question", 8), 8);
	assert_int_equal(read(place->peer, bytes, sizeof(bytes)), 8);
	assert_memory_equal(bytes, "question", 8);
	assert_false(event_is_there(place));
	assert_int_equal(write(place->peer, "answer", 6), 6);
	assert_true(event_is_there(place));
	assert_int_equal(take(place, bytes, 4), 4);
	assert_true(event_is_there(place));
	assert_int_equal(take(place, bytes + 4, 8), 2);
	assert_memory_equal(bytes, "answer", 6);
	assert_false(event_is_there(place));
	assert_int_equal(take(place, bytes, sizeof(bytes)), PV_EAGAIN);
}

static void
test_wait_ends_with_an_answer(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	uint64_t before;
	char byte;

	listen_there(place);
	assert_int_equal(take(place, &byte, 1), PV_EAGAIN);
	accept_peer(place);
	assert_int_equal(write(place->peer, "x", 1), 1);
	before = port->now(port->ctx);
	port->wait(port->ctx, before + 60 * PV_SECOND);
	assert_true(port->now(port->ctx) - before < PV_SECOND);
}

static void
test_daemon_that_goes_and_comes_back(void **state)
{
	struct place *place = *state;
	char byte;

	listen_there(place);
	assert_int_equal(take(place, &byte, 1), PV_EAGAIN);
	accept_peer(place);
	close(place->peer);
	assert_int_equal(take(place, &byte, 1), PV_ENODEV);
	assert_int_equal(take(place, &byte, 1), PV_EAGAIN);
	accept_peer(place);
	assert_int_equal(give(place, "x", 1), 1);
}

/* ---- Who holds a device ----------------------------------------------- */

static void
make(const struct place *place, const char *path)
{
	char whole[256];

	for (size_t i = 1; i <= strlen(path); i++)
		if (path[i] == '/' || path[i] == '\0') {
			snprintf(whole, sizeof(whole), "%s/%.*s", place->root,
			    (int)i, path);
			assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
		}
}

static void
link_there(const struct place *place, const char *path, const char *target)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
	assert_int_equal(symlink(target, whole), 0);
}

static void
holder_is(const struct place *place, const char *device, const char *expected)
{
	char holder[48] = "nobody";
	int error = place->port->holder(place->port->ctx, device, holder,
	    sizeof(holder));

	assert_int_equal(error, expected != NULL ? PV_OK : PV_ENOENT);
	assert_string_equal(holder, expected != NULL ? expected : "nobody");
}

static void
test_holders_of_devices(void **state)
{
	struct place *place = *state;

	make(place, "bus/xen/devices/vbd-51712/block/xvda");
	link_there(place, "bus/xen/devices/vbd-51712/driver",
	    "../../../../bus/xen/drivers/vbd");
	make(place, "bus/xen/devices/vif-0");
	link_there(place, "bus/xen/devices/vif-0/driver",
	    "../../../../bus/xen/drivers/vif");
	make(place, "bus/xen/devices/vkbd-0");
	link_there(place, "bus/xen/devices/vkbd-0/driver",
	    "../../../../bus/xen/drivers/vkbd");
	make(place, "bus/xen/devices/vfb-0");
	holder_is(place, "device/vbd/51712", "Linux xen-blkfront, xvda");
	holder_is(place, "device/vif/0", "Linux xen-netfront");
	make(place, "bus/xen/devices/vif-0/net/eth0");
	holder_is(place, "device/vif/0", "Linux xen-netfront, eth0");
	holder_is(place, "device/vkbd/0", "Linux vkbd");
	holder_is(place, "device/vfb/0", NULL);
	holder_is(place, "device/vbd/51728", NULL);
}

/* What comes from the host is no path. */
static void
test_place_that_is_none(void **state)
{
	struct place *place = *state;

	make(place, "bus/xen/devices/a-b");
	link_there(place, "bus/xen/devices/a-b/driver", "x");
	holder_is(place, "device/a/b", "Linux x");
	holder_is(place, "device/a/b/../b", NULL);
	holder_is(place, "device/a/../a", NULL);
	holder_is(place, "device/../b", NULL);
	holder_is(place, "device/", NULL);
	holder_is(place, "device/a", NULL);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_no_door_is_no_device),
		test(test_door_that_nobody_answers_is_said),
		test(test_socket_takes_whole_payloads),
		test(test_plain_file_is_no_door),
		test(test_bytes_go_both_ways),
		test(test_wait_ends_with_an_answer),
		test(test_daemon_that_goes_and_comes_back),
		test(test_holders_of_devices),
		test(test_place_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
