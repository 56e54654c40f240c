/* SPDX-License-Identifier: ISC */
/* XenStore by a stream of the platform, as Linux has it: whole messages, a
 * smaller limit, a daemon that is started anew, devices that others hold. */
#include <stdio.h>

#include "tests/support/request.h"
#include "tests/support/world.h"
#include "wire/xen/store.h"

/* A host with one value for every key. */
static struct host {
	char out[65536]; /* to the guest */
	size_t length, at;
	unsigned messages, watches, writes;
	size_t largest;
	bool gone;     /* PV_ENODEV, until it is there again */
	bool full;     /* takes nothing */
	bool by_bytes; /* a byte at a time, both ways */
	char value[8];
	char token[16];
	/* what has come of a message */
	char in[4112];
	size_t have;
} host;

static void
reply(const struct xen_store_header *request, uint32_t type,
    const void *payload, size_t size)
{
	struct xen_store_header header = { type, request->req_id,
		request->tx_id, (uint32_t)size };

	assert_true(host.length + sizeof(header) + size <= sizeof(host.out));
	memcpy(host.out + host.length, &header, sizeof(header));
	memcpy(host.out + host.length + sizeof(header), payload, size);
	host.length += sizeof(header) + size;
}

static void
reply_to(const struct xen_store_header *request, const char *payload)
{
	char event[32];
	int size;

	switch (request->type) {
	case XEN_STORE_READ:
		if (strcmp(payload, "device/vbd/51712/backend") == 0)
			reply(request, request->type, "/backend", 8);
		else
			reply(request, request->type, host.value,
			    strlen(host.value));
		break;
	case XEN_STORE_DIRECTORY:
		if (strcmp(payload, "device") == 0)
			reply(request, request->type, "vbd", 4);
		else if (strcmp(payload, "device/vbd") == 0)
			reply(request, request->type, "51712", 6);
		else
			reply(request, request->type, "", 0);
		break;
	case XEN_STORE_WATCH:
		host.watches++;
		reply(request, request->type, "OK", 3);
		strcpy(host.token, payload + strlen(payload) + 1);
		size = snprintf(event, sizeof(event), "x%c%s", '\0',
		    host.token);
		/* with what Linux leaves in these words */
		reply(&(struct xen_store_header){ 0, 0xdeadbeef, 0xbadcafe, 0 },
		    XEN_STORE_WATCH_EVENT, event, (size_t)size + 1);
		break;
	default:
		reply(request, request->type, "OK", 3);
		break;
	}
}

static long
stream_read(void *ctx, void *to, size_t room)
{
	size_t left = host.length - host.at;

	(void)ctx;
	if (host.gone)
		return PV_ENODEV;
	if (left == 0)
		return PV_EAGAIN;
	if (left > room)
		left = room;
	if (host.by_bytes)
		left = 1;
	memcpy(to, host.out + host.at, left);
	host.at += left;
	if (host.at == host.length)
		host.at = host.length = 0;
	return (long)left;
}

static long
stream_write(void *ctx, const void *from, size_t size)
{
	struct xen_store_header header;

	(void)ctx;
	if (host.gone)
		return PV_ENODEV;
	if (host.full)
		return PV_EAGAIN;
	host.writes++;
	if (host.have == 0) {
		/* Linux refuses half a message, and more than one */
		memcpy(&header, from, sizeof(header));
		assert_int_equal(size, sizeof(header) + header.length);
	}
	if (size > host.largest)
		host.largest = size;
	if (host.by_bytes)
		size = 1;
	memcpy(host.in + host.have, from, size);
	host.have += size;
	if (host.have < sizeof(header))
		return (long)size;
	memcpy(&header, host.in, sizeof(header));
	if (host.have == sizeof(header) + header.length) {
		host.have = 0;
		host.messages++;
		host.in[sizeof(header) + header.length] = '\0';
		reply_to(&header, host.in + sizeof(header));
	}
	return (long)size;
}

static size_t
stream_limit(void *ctx)
{
	(void)ctx;
	return host.gone ? 0 : 4080;
}

static int
holder(void *ctx, const char *device, char *name, size_t size)
{
	(void)ctx;
	if (strcmp(device, "device/vbd/51712") != 0)
		return PV_ENOENT;
	snprintf(name, size, "Linux xen-blkfront, xvda");
	return PV_OK;
}

static void
attach(struct world *world)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xbf_driver, &pv_xnf_driver, NULL };
	struct pv_port *port;

	world_machine(world, "xen");
	memset(&host, 0, sizeof(host));
	strcpy(host.value, "one");
	port = sim_machine_own_port(world->machine);
	port->xenstore_read = stream_read;
	port->xenstore_write = stream_write;
	port->xenstore_limit = stream_limit;
	port->xen_hypercall = NULL;
	port->holder = holder;
	assert_int_equal(pv_bus_attach(&(struct pv_bus_config){ .port = port,
					   .drivers = drivers },
			     &world->bus),
	    PV_OK);
	let_pass(world, PV_SECOND);
}

static void
is(struct world *world, const char *value)
{
	char got[16];
	size_t len;

	assert_int_equal(world_read(world, "data/key", got, sizeof(got), &len),
	    PV_OK);
	assert_int_equal(len, strlen(value));
	assert_memory_equal(got, value, len);
}

static void
test_reads_and_lists_devices(void **state)
{
	struct world *world = *state;

	attach(world);
	is(world, "one");
	world_has_line(world,
	    "\"xbf\" at xen0: device/vbd/51712, Linux xen-blkfront, xvda");
	/* shutdown requests are the kernel's */
	assert_int_equal(host.watches, 1);
}

static void
test_message_fits_the_device(void **state)
{
	struct world *world = *state;
	static char bytes[5000];
	struct pv_kv kv = { .op = PV_WRITE,
		.key = "data/key",
		.keylen = 8,
		.value = bytes,
		.room = 4080 - 9 + 1 };

	attach(world);
	assert_int_equal(world_request(world, &kv), PV_EMSGSIZE);
	kv.room--;
	assert_int_equal(world_request(world, &kv), PV_OK);
	assert_int_equal(host.largest, 4096);
}

static void
test_byte_by_byte(void **state)
{
	struct world *world = *state;

	attach(world);
	host.by_bytes = true;
	for (unsigned i = 0; i < 5; i++)
		is(world, "one");
}

static void
test_takes_nothing_for_a_while(void **state)
{
	struct world *world = *state;
	static struct request request;

	attach(world);
	host.full = true;
	request_begin(world, &request, PV_READ, "data/key", 10);
	let_pass(world, PV_SECOND);
	assert_false(request.finished);
	host.full = false;
	request_ends(world, &request, PV_OK);
	host.full = true;
	request_begin(world, &request, PV_READ, "data/key", 10);
	request_ends(world, &request, PV_ETIMEDOUT);
	host.full = false;
	is(world, "one");
}

static void
test_watch(void **state)
{
	struct world *world = *state;
	static struct request request;
	struct xen_store_header header = { .type = XEN_STORE_WATCH_EVENT };
	char event[32];
	int size;

	attach(world);
	request.kv.seen = 0;
	request_begin(world, &request, PV_WATCH, "data/key", 10);
	request_ends(world, &request, PV_OK);
	request_begin(world, &request, PV_WATCH, "data/key", 10);
	let_pass(world, PV_SECOND);
	assert_false(request.finished);
	strcpy(host.value, "two");
	size = snprintf(event, sizeof(event), "x%c%s", '\0', host.token);
	reply(&header, XEN_STORE_WATCH_EVENT, event, (size_t)size + 1);
	request_ends(world, &request, PV_OK);
	request_brought(&request, "two", 3);
}

/* Its watches are set again, on the new socket. */
static void
test_daemon_is_started_anew(void **state)
{
	struct world *world = *state;
	static struct request request;
	unsigned watches;

	attach(world);
	host.full = true;
	request_begin(world, &request, PV_READ, "data/key", 10);
	let_pass(world, PV_SECOND / 2);
	host.full = false;
	host.gone = true;
	request_ends(world, &request, PV_ENODEV);
	world_has_line(world, "xen0: XenStore: the connection is lost");
	let_pass(world, 5 * PV_SECOND);
	host.gone = false;
	watches = host.watches;
	let_pass(world, PV_SECOND);
	assert_int_equal(host.watches, watches + 1);
	is(world, "one");
}

static void
test_daemon_does_not_come_back(void **state)
{
	struct world *world = *state;
	char got[16];
	size_t len;

	attach(world);
	host.gone = true;
	let_pass(world, 120 * PV_SECOND);
	assert_int_equal(world_read(world, "data/key", got, sizeof(got), &len),
	    PV_EPROTO);
	world_has_line(world,
	    "xen0: XenStore: the connection is lost for good");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_reads_and_lists_devices),
		world_test(test_message_fits_the_device),
		world_test(test_byte_by_byte),
		world_test(test_takes_nothing_for_a_while),
		world_test(test_watch),
		world_test(test_daemon_is_started_anew),
		world_test(test_daemon_does_not_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
