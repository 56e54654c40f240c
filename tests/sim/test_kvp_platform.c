/* SPDX-License-Identifier: ISC */
/* Hyper-V's key/value pairs where the platform drives VMBus: the test plays
 * Linux's driver, which hands on what the host asks. */
#include <stdio.h>

#include "tests/support/request.h"
#include "tests/support/world.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/kvp.h"
#include "wire/hyperv/linux_kvp.h"
#include "wire/hyperv/vmbus.h"

#define QUEUE 4

struct kernel {
	struct world *world;
	int opens; /* the error that each call ends in, while it is not 0 */
	bool open, mute;
	unsigned registered, closed;
	struct hv_linux_kvp in[QUEUE]; /* to the daemon */
	long in_len[QUEUE];
	unsigned waiting;
	struct hv_linux_kvp answer;
	unsigned answers;
	struct pv_vmbus_item items[4];
	unsigned item_count;
};

/* The port has one context, and it is the machine's. */
static struct kernel *the_kernel;

static void
hand(struct kernel *kernel, const struct hv_linux_kvp *message, long len)
{
	assert_true(kernel->waiting < QUEUE);
	kernel->in[kernel->waiting] = *message;
	kernel->in_len[kernel->waiting++] = len;
}

static int
kvp_write(void *ctx, const void *message, size_t size)
{
	struct kernel *kernel = the_kernel;

	(void)ctx;
	if (kernel->opens != 0)
		return kernel->opens;
	assert_int_equal(size, sizeof(struct hv_linux_kvp));
	kernel->open = true;
	memcpy(&kernel->answer, message, size);
	if (kernel->answer.u.header.operation == HV_LINUX_KVP_REGISTER1 &&
	    kernel->answer.u.status == HV_LINUX_KVP_REGISTER1) {
		struct hv_linux_kvp reply = kernel->answer;

		kernel->registered++;
		strcpy((char *)reply.body.version, "3.1");
		if (!kernel->mute)
			hand(kernel, &reply, sizeof(reply));
		return PV_OK;
	}
	kernel->answers++;
	return PV_OK;
}

static long
kvp_read(void *ctx, void *to, size_t room)
{
	struct kernel *kernel = the_kernel;
	long len;

	(void)ctx;
	if (kernel->opens != 0)
		return kernel->opens;
	if (kernel->waiting == 0)
		return PV_EAGAIN;
	len = kernel->in_len[0];
	if (len > 0)
		memcpy(to, &kernel->in[0],
		    (size_t)len < room ? (size_t)len : room);
	kernel->waiting--;
	memmove(kernel->in, kernel->in + 1,
	    sizeof(kernel->in[0]) * (QUEUE - 1));
	memmove(kernel->in_len, kernel->in_len + 1,
	    sizeof(kernel->in_len[0]) * (QUEUE - 1));
	return len;
}

static void
kvp_close(void *ctx)
{
	(void)ctx;
	the_kernel->open = false;
	the_kernel->closed++;
	the_kernel->waiting = 0;
}

static int
vmbus_item(void *ctx, unsigned index, struct pv_vmbus_item *item)
{
	(void)ctx;
	if (index >= the_kernel->item_count)
		return PV_ENOENT;
	*item = the_kernel->items[index];
	return PV_OK;
}

static int
holder(void *ctx, const char *device, char *to, size_t size)
{
	(void)ctx;
	if (strcmp(device, "hyperv") == 0)
		snprintf(to, size, "Linux hv_vmbus");
	else if (strcmp(device, "channel 14") == 0)
		snprintf(to, size, "Linux hv_netvsc, eth0");
	else
		return PV_ENOENT;
	return PV_OK;
}

static int
setup(void **state)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct pv_port *port;

	if (kernel == NULL || world_setup(state) != 0)
		return -1;
	kernel->world = *state;
	the_kernel = kernel;
	world_machine(kernel->world, "hyperv");
	port = sim_machine_own_port(kernel->world->machine);
	port->kvp_read = kvp_read;
	port->kvp_write = kvp_write;
	port->kvp_close = kvp_close;
	port->vmbus_item = vmbus_item;
	port->holder = holder;
	*state = kernel;
	return 0;
}

static int
teardown(void **state)
{
	struct kernel *kernel = *state;
	void *world = kernel->world;
	int result = world_teardown(&world);

	free(kernel);
	return result;
}

static void
attach(struct kernel *kernel)
{
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		NULL };

	assert_int_equal(
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       kernel->world->machine),
			      .drivers = drivers },
		&kernel->world->bus),
	    PV_OK);
	let_pass(kernel->world, PV_SECOND);
}

static void
detach(struct kernel *kernel)
{
	pv_bus_detach(kernel->world->bus);
	kernel->world->bus = NULL;
}

/* What the host asks; the status that goes back. */
static uint32_t
ask(struct kernel *kernel, struct hv_linux_kvp *message)
{
	unsigned before = kernel->answers;

	hand(kernel, message, sizeof(*message));
	let_pass(kernel->world, PV_SECOND);
	assert_int_equal(kernel->answers, before + 1);
	*message = kernel->answer;
	return message->u.status;
}

static void
put_text(uint8_t *to, uint32_t *size, const char *text)
{
	strcpy((char *)to, text);
	*size = (uint32_t)strlen(text) + 1;
}

static uint32_t
host_set(struct kernel *kernel, unsigned pool, const char *key,
    const char *value)
{
	struct hv_linux_kvp message = {
		.u.header = { HV_KVP_SET, (uint8_t)pool, 0 },
		.body.value.type = HV_KVP_TYPE_STRING,
	};

	put_text(message.body.value.key, &message.body.value.key_size, key);
	put_text(message.body.value.value, &message.body.value.value_size,
	    value);
	return ask(kernel, &message);
}

static uint32_t
host_delete(struct kernel *kernel, unsigned pool, const char *key)
{
	struct hv_linux_kvp message = {
		.u.header = { HV_KVP_DELETE, (uint8_t)pool, 0 },
	};

	put_text(message.body.remove.key, &message.body.remove.key_size, key);
	return ask(kernel, &message);
}

static void
reads(struct kernel *kernel, const char *key, const char *expected)
{
	char value[2048];
	size_t len;

	assert_int_equal(world_read(kernel->world, key, value, sizeof(value),
			     &len),
	    expected != NULL ? PV_OK : PV_ENOENT);
	if (expected == NULL)
		return;
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(value, expected, len);
}

static int
writes(struct kernel *kernel, const char *key, const char *value)
{
	struct pv_kv kv = {
		.op = PV_WRITE,
		.key = key,
		.keylen = strlen(key),
		.value = (void *)(uintptr_t)value,
		.room = strlen(value),
	};

	return world_request(kernel->world, &kv);
}

/* ---- Who we are ------------------------------------------------------- */

static void
test_registers_and_says_so(void **state)
{
	struct kernel *kernel = *state;

	attach(kernel);
	assert_int_equal(kernel->registered, 1);
	world_has_line(kernel->world,
	    "hyperv0 at pvbus0: key/value pairs through Linux hv_vmbus");
	detach(kernel);
	assert_false(kernel->open);
}

static void
test_devices_and_who_holds_them(void **state)
{
	struct kernel *kernel = *state;
	static const struct hv_guid nic = HV_GUID_NETWORK, scsi = HV_GUID_SCSI,
				    mouse = HV_GUID_MOUSE;

	memcpy(kernel->items[0].class_id, &nic, 16);
	kernel->items[0].channel = 14;
	memcpy(kernel->items[1].class_id, &scsi, 16);
	kernel->items[1].channel = 15;
	memcpy(kernel->items[2].class_id, &mouse, 16);
	kernel->items[2].channel = 16;
	kernel->items[3].channel = 17;
	kernel->item_count = 4;
	attach(kernel);
	world_has_line(kernel->world,
	    "\"hvn\" at hyperv0: channel 14, Linux hv_netvsc, eth0");
	world_has_line(kernel->world,
	    "\"hvs\" at hyperv0: channel 15 not configured");
	world_has_line(kernel->world,
	    "\"mouse\" at hyperv0: channel 16 not configured");
	world_has_line(kernel->world,
	    "\"unknown\" at hyperv0: channel 17 not configured");
}

static void
test_no_exchange_no_store(void **state)
{
	struct kernel *kernel = *state;
	struct pv_kv kv = { .op = PV_LIST };
	char names[64];

	kernel->opens = PV_ENODEV;
	attach(kernel);
	world_has_line(kernel->world,
	    "hyperv0 at pvbus0: no key/value pairs through Linux hv_vmbus");
	kv.value = names;
	kv.room = sizeof(names);
	assert_int_equal(world_request(kernel->world, &kv), PV_ENXIO);
}

/* The host has the service, but its driver is not loaded yet. */
static void
test_device_that_comes_later(void **state)
{
	static const struct hv_guid kvp = HV_GUID_KVP;
	struct kernel *kernel = *state;

	memcpy(kernel->items[0].class_id, &kvp, 16);
	kernel->items[0].channel = 5;
	kernel->item_count = 1;
	kernel->opens = PV_ENODEV;
	attach(kernel);
	assert_int_equal(kernel->registered, 0);
	kernel->opens = 0;
	let_pass(kernel->world, 10 * PV_SECOND);
	assert_int_equal(kernel->registered, 1);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "a", "b"),
	    HV_IC_STATUS_OK);
	reads(kernel, "External/a", "b");
}

/* ---- Requests of the host --------------------------------------------- */

static void
test_set_read_and_delete(void **state)
{
	struct kernel *kernel = *state;

	attach(kernel);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "greeting",
			     "hello \xc3\xa4\xf0\x9f\x98\x80"),
	    HV_IC_STATUS_OK);
	reads(kernel, "External/greeting", "hello \xc3\xa4\xf0\x9f\x98\x80");
	assert_int_equal(host_set(kernel, HV_KVP_POOL_AUTO_EXTERNAL, "HostName",
			     "host"),
	    HV_IC_STATUS_OK);
	reads(kernel, "Guest/Parameters/HostName", "host");
	assert_int_equal(host_delete(kernel, HV_KVP_POOL_EXTERNAL, "greeting"),
	    HV_IC_STATUS_OK);
	reads(kernel, "External/greeting", NULL);
	assert_true(host_delete(kernel, HV_KVP_POOL_EXTERNAL, "greeting") !=
	    HV_IC_STATUS_OK);
}

/* A host sends its pairs once a boot: who comes next has to have kept them. */
static void
test_pairs_outlive_the_daemon(void **state)
{
	struct kernel *kernel = *state;
	const struct sim_owner *owner = sim_machine_owner(
	    kernel->world->machine);
	const struct hv_linux_kvp_record *record;

	attach(kernel);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "kept", "yes"),
	    HV_IC_STATUS_OK);
	assert_int_equal(writes(kernel, "Guest/mine", "too"), PV_OK);
	detach(kernel);
	assert_int_equal(owner->pools[0].size, sizeof(*record));
	record = (const void *)owner->pools[0].bytes;
	assert_string_equal((const char *)record->key, "kept");
	assert_string_equal((const char *)record->value, "yes");
	attach(kernel);
	reads(kernel, "External/kept", "yes");
	reads(kernel, "Guest/mine", "too");
}

static void
test_host_reads_what_the_guest_wrote(void **state)
{
	struct kernel *kernel = *state;
	struct hv_linux_kvp message = {
		.u.header = { HV_KVP_GET, HV_KVP_POOL_GUEST, 0 },
	};

	attach(kernel);
	assert_int_equal(writes(kernel, "Guest/state", "ready"), PV_OK);
	put_text(message.body.value.key, &message.body.value.key_size, "state");
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_OK);
	assert_string_equal((const char *)message.body.value.value, "ready");
	assert_int_equal(message.body.value.value_size, 6);
	assert_int_equal(message.body.value.type, HV_KVP_TYPE_STRING);
	memset(&message, 0, sizeof(message));
	message.u.header.operation = HV_KVP_ENUMERATE;
	message.u.header.pool = HV_KVP_POOL_GUEST;
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_OK);
	assert_string_equal((const char *)message.body.enumerate.item.key,
	    "state");
	memset(&message, 0, sizeof(message));
	message.u.header.operation = HV_KVP_ENUMERATE;
	message.u.header.pool = HV_KVP_POOL_GUEST;
	message.body.enumerate.index = 1;
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_NO_MORE);
}

static void
test_the_ten_facts(void **state)
{
#define NAME(name) name,
	static const char *const names[] = { HV_KVP_AUTO_KEYS(NAME) };
	struct kernel *kernel = *state;
	struct hv_linux_kvp message;

	sim_machine_owner(kernel->world->machine)->facts[PV_FACT_HOST_NAME] =
	    "web-1.example";
	attach(kernel);
	for (uint32_t i = 0; i < 10; i++) {
		memset(&message, 0, sizeof(message));
		message.u.header.operation = HV_KVP_ENUMERATE;
		message.u.header.pool = HV_KVP_POOL_AUTO;
		message.body.enumerate.index = i;
		assert_int_equal(ask(kernel, &message), HV_IC_STATUS_OK);
		assert_string_equal((const char *)
					message.body.enumerate.item.key,
		    names[i]);
		if (i == 0)
			assert_string_equal((const char *)message.body.enumerate
						.item.value,
			    "web-1.example");
	}
	memset(&message, 0, sizeof(message));
	message.u.header.operation = HV_KVP_ENUMERATE;
	message.u.header.pool = HV_KVP_POOL_AUTO;
	message.body.enumerate.index = 10;
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_NO_MORE);
}

/* The host asks for one, without having listed them. */
static void
test_a_fact_by_name(void **state)
{
	struct kernel *kernel = *state;
	struct hv_linux_kvp message = {
		.u.header = { HV_KVP_GET, HV_KVP_POOL_AUTO, 0 },
	};

	attach(kernel);
	let_pass(kernel->world, 10 * PV_SECOND);
	sim_machine_owner(kernel->world->machine)->facts[PV_FACT_HOST_NAME] =
	    "renamed.example";
	put_text(message.body.value.key, &message.body.value.key_size,
	    "FullyQualifiedDomainName");
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_OK);
	assert_string_equal((const char *)message.body.value.value,
	    "renamed.example");
}

static void
test_watch_ends_with_a_set(void **state)
{
	struct kernel *kernel = *state;
	struct request request = { 0 };

	attach(kernel);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "w", "1"),
	    HV_IC_STATUS_OK);
	request_begin(kernel->world, &request, PV_WATCH, "External/w", 100);
	request_ends(kernel->world, &request, PV_OK);
	request_begin(kernel->world, &request, PV_WATCH, "External/w", 100);
	let_pass(kernel->world, PV_SECOND);
	assert_false(request.finished);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "w", "2"),
	    HV_IC_STATUS_OK);
	request_ends(kernel->world, &request, PV_OK);
	request_brought(&request, "2", 1);
}

static void
addresses_of(struct kernel *kernel, const char *adapter,
    struct hv_linux_kvp *message, uint32_t expected)
{
	memset(message, 0, sizeof(*message));
	message->u.header.operation = HV_KVP_GET_IP;
	strcpy((char *)message->body.ip.adapter, adapter);
	assert_int_equal(ask(kernel, message), expected);
}

static void
test_addresses(void **state)
{
	struct kernel *kernel = *state;
	struct sim_owner *owner = sim_machine_owner(kernel->world->machine);
	struct hv_linux_kvp message;

	owner->netif_count = 1;
	owner->netifs[0] = (struct pv_netif){
		.name = "eth0",
		.mac = { 0, 0x15, 0x5d, 0, 0, 1 },
		.instance = "f8615163-df3e-46c5-913f-f2d2f965ed0e",
		.dhcp4 = true,
		.addresses = 2,
		.gateways = 1,
		.address = { { 4, 24, { 192, 0, 2, 7 } },
		    { 6, 64, { 0x20, 1, 0xd, 0xb8, [15] = 7 } } },
		.gateway = { { 4, 0, { 192, 0, 2, 1 } } },
	};
	attach(kernel);
	addresses_of(kernel, "00:15:5D:00:00:01", &message, HV_IC_STATUS_OK);
	assert_string_equal((const char *)message.body.ip.addresses,
	    "192.0.2.7;2001:db8::7");
	assert_string_equal((const char *)message.body.ip.masks,
	    "255.255.255.0;/64");
	assert_string_equal((const char *)message.body.ip.gateways,
	    "192.0.2.1");
	assert_int_equal(message.body.ip.dhcp, 1);
	assert_int_equal(message.body.ip.family,
	    HV_KVP_FAMILY_IPV4 | HV_KVP_FAMILY_IPV6);
	addresses_of(kernel, "{F8615163-DF3E-46C5-913F-F2D2F965ED0E}", &message,
	    HV_IC_STATUS_OK);
	addresses_of(kernel, "00:15:5D:00:00:02", &message,
	    HV_IC_STATUS_NOT_FOUND);
	memset(&message, 0, sizeof(message));
	message.u.header.operation = HV_KVP_SET_IP;
	message.u.header.pool = 255; /* addresses are in none */
	strcpy((char *)message.body.ip.adapter,
	    "{f8615163-df3e-46c5-913f-f2d2f965ed0e}");
	message.body.ip.family = HV_KVP_FAMILY_IPV4;
	strcpy((char *)message.body.ip.addresses, "198.51.100.9");
	strcpy((char *)message.body.ip.masks, "255.255.0.0");
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_OK);
	assert_int_equal(owner->netif_sets, 1);
	assert_int_equal(owner->netif_wanted.addresses, 1);
	assert_int_equal(owner->netif_wanted.address[0].prefix, 16);
	assert_memory_equal(owner->netif_wanted.address[0].bytes,
	    "\306\63\144\11", 4);
}

/* ---- Another daemon --------------------------------------------------- */

static void
keep(struct kernel *kernel, const char *key, const char *value)
{
	struct hv_linux_kvp_record record;

	/* what follows the NUL is what was there before */
	memset(&record, 'z', sizeof(record));
	strcpy((char *)record.key, key);
	strcpy((char *)record.value, value);
	sim_machine_set_pool(kernel->world->machine, HV_KVP_POOL_EXTERNAL,
	    &record, sizeof(record));
}

static void
test_another_daemon_has_the_device(void **state)
{
	struct kernel *kernel = *state;

	keep(kernel, "theirs", "1");
	kernel->opens = PV_EBUSY;
	attach(kernel);
	world_has_line(kernel->world,
	    "hyperv0: kvp: another daemon has the kernel's device; its pools "
	    "are read");
	reads(kernel, "External/theirs", "1");
	keep(kernel, "theirs", "2");
	let_pass(kernel->world, 2 * PV_SECOND);
	reads(kernel, "External/theirs", "2");
	assert_int_equal(writes(kernel, "Guest/mine", "x"), PV_EROFS);
	assert_int_equal(sim_machine_owner(kernel->world->machine)->pool_writes,
	    0);
	/* and when it has gone we take its place */
	kernel->opens = 0;
	let_pass(kernel->world, 10 * PV_SECOND);
	assert_int_equal(kernel->registered, 1);
	reads(kernel, "External/theirs", "2");
	assert_int_equal(writes(kernel, "Guest/mine", "x"), PV_OK);
}

static void
test_another_daemon_and_a_watch(void **state)
{
	struct kernel *kernel = *state;
	struct request request = { 0 };

	keep(kernel, "theirs", "1");
	kernel->opens = PV_EBUSY;
	attach(kernel);
	request_begin(kernel->world, &request, PV_WATCH, "External/theirs",
	    100);
	request_ends(kernel->world, &request, PV_OK);
	request_begin(kernel->world, &request, PV_WATCH, "External/theirs",
	    100);
	let_pass(kernel->world, 3 * PV_SECOND);
	assert_false(request.finished);
	keep(kernel, "theirs", "2");
	request_ends(kernel->world, &request, PV_OK);
	request_brought(&request, "2", 1);
}

static void
test_device_that_is_refused(void **state)
{
	struct kernel *kernel = *state;

	keep(kernel, "theirs", "1");
	kernel->opens = PV_EACCES;
	attach(kernel);
	reads(kernel, "External/theirs", "1");
	let_pass(kernel->world, 3600 * PV_SECOND); /* one line, not 720 */
	assert_null(strstr(strstr(sim_machine_log(kernel->world->machine),
			       "is refused") +
		1,
	    "is refused"));
}

/* ---- A kernel that is not what it should be --------------------------- */

static void
test_h29_registration_without_answer(void **state)
{
	struct kernel *kernel = *state;

	kernel->mute = true;
	attach(kernel);
	let_pass(kernel->world, 60 * PV_SECOND);
	assert_true(kernel->registered >= 3);
	kernel->mute = false;
	let_pass(kernel->world, 20 * PV_SECOND);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "a", "b"),
	    HV_IC_STATUS_OK);
}

/* After a hibernation, say. */
static void
test_device_that_ends(void **state)
{
	struct kernel *kernel = *state;

	attach(kernel);
	kernel->opens = PV_ENODEV;
	let_pass(kernel->world, 20 * PV_SECOND);
	kernel->opens = 0;
	let_pass(kernel->world, 20 * PV_SECOND);
	assert_int_equal(kernel->registered, 2);
	assert_int_equal(host_set(kernel, HV_KVP_POOL_EXTERNAL, "a", "b"),
	    HV_IC_STATUS_OK);
	reads(kernel, "External/a", "b");
}

static void
test_h18_message_of_another_length(void **state)
{
	struct kernel *kernel = *state;
	struct hv_linux_kvp message = { 0 };

	attach(kernel);
	hand(kernel, &message, 100);
	let_pass(kernel->world, 20 * PV_SECOND);
	assert_int_equal(kernel->answers, 0);
	assert_int_equal(world_device(kernel->world, "hyperv0")
			     ->stats.bad_length,
	    1);
	assert_int_equal(kernel->registered, 2);
}

static void
test_h28_texts_that_do_not_end(void **state)
{
	struct kernel *kernel = *state;
	struct hv_linux_kvp message;

	attach(kernel);
	memset(&message, 'x', sizeof(message));
	message.u.header.operation = HV_KVP_SET;
	message.u.header.pool = HV_KVP_POOL_EXTERNAL;
	message.body.value.key_size = sizeof(message.body.value.key);
	message.body.value.value_size = 2;
	message.body.value.value[1] = 0;
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_INVALID);
	memset(&message, 'x', sizeof(message));
	message.u.header.operation = HV_KVP_DELETE;
	message.u.header.pool = HV_KVP_POOL_EXTERNAL;
	message.body.remove.key_size = UINT32_MAX;
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_INVALID);
	memset(&message, 'x', sizeof(message));
	message.u.header.operation = HV_KVP_GET_IP;
	message.u.header.pool = 0;
	assert_true(ask(kernel, &message) != HV_IC_STATUS_OK);
	memset(&message, 'x', sizeof(message));
	message.u.header.operation = HV_KVP_SET_IP;
	message.u.header.pool = 0;
	assert_true(ask(kernel, &message) != HV_IC_STATUS_OK);
	assert_int_equal(sim_machine_owner(kernel->world->machine)->netif_sets,
	    0);
}

static void
test_h28_pool_and_operation_out_of_range(void **state)
{
	struct kernel *kernel = *state;
	struct hv_linux_kvp message = { .u.header = { HV_KVP_SET, 5, 0 } };

	attach(kernel);
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_INVALID);
	memset(&message, 0, sizeof(message));
	message.u.header.operation = 77;
	assert_int_equal(ask(kernel, &message), HV_IC_STATUS_NOT_SUPPORTED);
}

static void
test_no_memory(void **state)
{
	struct kernel *kernel = *state;
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		NULL };

	for (unsigned nth = 1; nth < 20; nth++) {
		struct pv_bus *bus = NULL;

		sim_machine_fail_alloc(kernel->world->machine, nth);
		if (pv_bus_attach(&(struct
				      pv_bus_config){ .port = sim_machine_port(
							  kernel->world
							      ->machine),
				      .drivers = drivers },
			&bus) == PV_OK)
			pv_bus_detach(bus);
		assert_int_equal(sim_machine_counts(kernel->world->machine)
				     ->memory,
		    0);
	}
	sim_machine_fail_alloc(kernel->world->machine, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_registers_and_says_so),
		test(test_devices_and_who_holds_them),
		test(test_no_exchange_no_store),
		test(test_device_that_comes_later),
		test(test_set_read_and_delete),
		test(test_pairs_outlive_the_daemon),
		test(test_host_reads_what_the_guest_wrote),
		test(test_the_ten_facts),
		test(test_a_fact_by_name),
		test(test_watch_ends_with_a_set),
		test(test_addresses),
		test(test_another_daemon_has_the_device),
		test(test_another_daemon_and_a_watch),
		test(test_device_that_is_refused),
		test(test_h29_registration_without_answer),
		test(test_device_that_ends),
		test(test_h18_message_of_another_length),
		test(test_h28_texts_that_do_not_end),
		test(test_h28_pool_and_operation_out_of_range),
		test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
