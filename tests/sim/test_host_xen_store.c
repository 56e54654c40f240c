/* SPDX-License-Identifier: ISC */
/* XenStore as the model's guest meets it: each request over the ring, and who
 * may do what.  Judged by docs/misc/xenstore.txt of Xen, and by C xenstored. */
#include <stdio.h>

#include "tests/support/xen_host.h"

static struct host_xenstore *
store_of(struct world *world)
{
	return host_xen_store(world_xen(world));
}

static void
dom0(struct world *world, const char *path, const char *value)
{
	assert_true(
	    host_xenstore_write(store_of(world), path, value, strlen(value)));
}

static bool
has_name(const struct xs_reply *reply, const char *name)
{
	const char *at = reply->payload;

	while (at < reply->payload + reply->header.length) {
		if (strcmp(at, name) == 0)
			return true;
		at += strlen(at) + 1;
	}
	return false;
}

/* ---- What is there ---------------------------------------------------- */

static void
test_first_tree(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	world_machine(world, "xen");
	assert_string_equal(xs_read(world, 0, "name"), "guest");
	assert_string_equal(xs_read(world, 0, "domid"), "7");
	assert_string_equal(xs_read(world, 0, "/local/domain/7/domid"), "7");
	assert_string_equal(xs_read(world, 0, "memory/target"), "262144");
	assert_string_equal(xs_read(world, 0, "cpu/0/availability"), "online");
	assert_string_equal(xs_read(world, 0, "control/shutdown"), "");
	assert_int_equal(strlen(xs_read(world, 0, "vm")), 40);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "/local/domain/7", NULL),
	    0);
	assert_true(has_name(&reply, "device"));
	assert_true(has_name(&reply, "data"));
	assert_true(has_name(&reply, "control"));
	assert_false(has_name(&reply, "nothing"));
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "device/suspend", NULL),
	    0);
	assert_int_equal(reply.header.length, 14);
	assert_string_equal(reply.payload, "event-channel");
}

/* The names and their order as a guest of a real Xen 4.17 listed them. */
static void
test_first_names(void **state)
{
	static const char names[] = "vm\0name\0cpu\0memory\0device\0control\0"
				    "data\0drivers\0feature\0attr\0error\0"
				    "domid\0store\0console";
	static const char control[] =
	    "shutdown\0feature-poweroff\0feature-reboot\0feature-suspend\0"
	    "sysrq\0platform-feature-multiprocessor-suspend\0"
	    "platform-feature-xs_reset_watches";
	struct world *world = *state;
	struct xs_reply reply;

	world_machine(world, "xen");
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "/local/domain/7", NULL),
	    0);
	assert_int_equal(reply.header.length, sizeof(names));
	assert_memory_equal(reply.payload, names, sizeof(names));
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "control", NULL),
	    0);
	assert_int_equal(reply.header.length, sizeof(control));
	assert_memory_equal(reply.payload, control, sizeof(control));
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_GET_PERMS, 0,
			     "console/backend-id", NULL),
	    0);
	assert_memory_equal(reply.payload, "n7\0r0\0", 6);
}

static void
test_write_and_read(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;
	size_t size;

	world_machine(world, "xen");
	assert_int_equal(xs_write(world, 0, "data/greeting", "hello"), 0);
	assert_string_equal(xs_read(world, 0, "data/greeting"), "hello");
	assert_string_equal(host_xenstore_read(store_of(world),
				"/local/domain/7/data/greeting", &size),
	    "hello");
	/* any bytes, and none */
	assert_int_equal(xs_call(world, XEN_STORE_WRITE, 0, "data/b\0a\0\xff",
			     10, NULL),
	    0);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_READ, 0, "data/b",
			     NULL),
	    0);
	assert_int_equal(reply.header.length, 3);
	assert_memory_equal(reply.payload, "a\0\xff", 3);
	assert_int_equal(xs_write(world, 0, "data/b", ""), 0);
	assert_string_equal(xs_read(world, 0, "data/b"), "");
}

/* All that is missing above is made. */
static void
test_write_makes_directories(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	world_machine(world, "xen");
	assert_int_equal(xs_write(world, 0, "data/a/b/c", "x"), 0);
	assert_string_equal(xs_read(world, 0, "data/a/b"), "");
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "data/a", NULL),
	    0);
	assert_int_equal(reply.header.length, 2);
	assert_string_equal(reply.payload, "b");
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "data/a/b/c", NULL),
	    0);
	assert_int_equal(reply.header.length, 0);
}

static void
test_mkdir_and_rm(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_MKDIR, 0, "data/d",
			     NULL),
	    0);
	assert_int_equal(xs_write(world, 0, "data/d", "kept"), 0);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_MKDIR, 0, "data/d",
			     NULL),
	    0);
	assert_string_equal(xs_read(world, 0, "data/d"), "kept");
	assert_int_equal(xs_write(world, 0, "data/d/e/f", "x"), 0);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RM, 0, "data/d",
			     NULL),
	    0);
	assert_string_equal(xs_read(world, 0, "data/d/e/f"), "ENOENT");
	assert_string_equal(xs_read(world, 0, "data/d"), "ENOENT");
	/* once more, and what was never there */
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RM, 0, "data/d",
			     NULL),
	    0);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RM, 0, "data/d/e",
			     NULL),
	    XEN_ENOENT);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RM, 0, "/", NULL),
	    XEN_EACCES);
	assert_false(host_xenstore_remove(store_of(world), "/"));
}

static void
test_domain_paths(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	world_machine(world, "xen");
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_GET_DOMAIN_PATH, 0,
			     "12", NULL),
	    0);
	assert_string_equal(reply.payload, "/local/domain/12");
}

/* ---- What is wrong ---------------------------------------------------- */

static void
test_paths_that_are_none(void **state)
{
	static const char *const bad[] = { "", "/data/", "data/", "data//x",
		"//", "data/a b", "data/a.b", "data/a:b", "data/\xc3\xa4",
		"/local/domain/7/data/" };
	struct world *world = *state;
	char path[2100];

	world_machine(world, "xen");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(xs_read(world, 0, bad[i]), "EINVAL");
	memset(path, 'a', sizeof(path));
	memcpy(path, "data/", 5);
	path[2048] = '\0';
	assert_string_equal(xs_read(world, 0, path), "ENOENT");
	path[2048] = 'a';
	path[2049] = '\0';
	assert_string_equal(xs_read(world, 0, path), "EINVAL");
	assert_int_equal(xs_write(world, 0, "data/A-Z_0@9", "fine"), 0);
}

static void
test_payloads_that_are_wrong(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
#define CALL(type, payload) \
	xs_call(world, type, 0, payload, sizeof(payload) - 1, NULL)
	assert_int_equal(CALL(XEN_STORE_READ, "name"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_READ, ""), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_READ, "name\0more\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_WRITE, "data/x"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_WATCH, "data\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_WATCH, "a\0b\0c\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_SET_PERMS, "data\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_SET_PERMS, "data\0q7\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_SET_PERMS, "data\0n\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_TRANSACTION_END, "X\0"), XEN_EINVAL);
	assert_int_equal(CALL(XEN_STORE_DIRECTORY_PART, "data\0"), XEN_EINVAL);
#undef CALL
}

static void
test_requests_that_are_not_for_guests(void **state)
{
	static const uint32_t types[] = { XEN_STORE_CONTROL,
		XEN_STORE_INTRODUCE, XEN_STORE_RELEASE, XEN_STORE_RESUME,
		XEN_STORE_SET_TARGET, XEN_STORE_IS_DOMAIN_INTRODUCED };
	static const uint32_t unknown[] = { 15, 16, 20, 23, 129, UINT32_MAX };
	struct world *world = *state;

	world_machine(world, "xen");
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(xs_strings(world, NULL, types[i], 0, "7",
				     NULL),
		    XEN_EACCES);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(xs_strings(world, NULL, unknown[i], 0, "7",
				     NULL),
		    XEN_ENOSYS);
}

static void
test_an_overlong_request_ends_the_connection(void **state)
{
	struct world *world = *state;
	struct xen_store_header header = { .type = XEN_STORE_READ,
		.length = 4097 };
	struct xs_reply reply;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_true(xs_put(world, &header, sizeof(header)));
	pass(world, PV_MILLISECOND);
	assert_int_equal(host_xenstore_counts(store_of(world))->killed, 1);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 0);
	assert_int_equal(xs_page(world)->error, XEN_STORE_ERROR_PROTO);
	xs_event(world);
	dom0(world, "/local/domain/7/data/x", "1");
	header.length = 0;
	assert_true(xs_put(world, &header, sizeof(header)));
	assert_false(xs_next(world, &reply));
	give_back(world);
}

static void
test_bad_indices_end_the_connection(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	xs_page(world)->req_prod = 1025;
	xs_notify(world);
	pass(world, PV_MILLISECOND);
	assert_int_equal(host_xenstore_counts(store_of(world))->killed, 1);
	assert_int_equal(xs_page(world)->error, XEN_STORE_ERROR_RINGIDX);
	xs_page(world)->req_prod = 0;
	xs_notify(world);
	pass(world, PV_MILLISECOND);
	assert_int_equal(host_xenstore_counts(store_of(world))->requests, 0);
}

/* ---- The ring --------------------------------------------------------- */

static void
test_a_request_in_pieces(void **state)
{
	struct world *world = *state;
	struct xen_store_header header = { .type = XEN_STORE_READ,
		.req_id = 77,
		.length = 5 };
	struct xs_reply reply;
	char bytes[sizeof(header) + 5];

	world_machine(world, "xen");
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), "name", 5);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_true(xs_put(world, bytes + i, 1));
		pass(world, 10000);
	}
	assert_true(xs_next(world, &reply));
	assert_int_equal(reply.header.req_id, 77);
	assert_string_equal(reply.payload, "guest");
}

/* Values larger than the ring, and indices that wrap. */
static void
test_large_values(void **state)
{
	struct world *world = *state;
	char value[1900];
	struct xen_store_page *page;

	world_machine(world, "xen");
	page = xs_page(world);
	page->req_prod = page->req_cons = UINT32_MAX - 100;
	page->rsp_prod = page->rsp_cons = UINT32_MAX - 50;
	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(xs_write(world, 0, "data/large", value), 0);
		assert_string_equal(xs_read(world, 0, "data/large"), value);
	}
	assert_true(page->req_cons < 100000);
}

static void
test_many_requests_at_once(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;
	unsigned sent = 0;

	world_machine(world, "xen");
	host_xenstore_manners(store_of(world))->delay = 1000;
	for (; sent < 40; sent++)
		xs_request(world, XEN_STORE_READ, 0, "name", 5);
	for (unsigned i = 0; i < sent; i++) {
		assert_true(xs_next(world, &reply));
		assert_string_equal(reply.payload, "guest");
	}
	assert_int_equal(host_xenstore_counts(store_of(world))->requests, 40);
}

/* No more is taken from a guest that reads no answers. */
static void
test_outstanding_requests_are_limited(void **state)
{
	struct world *world = *state;
	char value[1000];

	world_machine(world, "xen");
	memset(value, 'v', sizeof(value));
	value[999] = '\0';
	dom0(world, "/local/domain/7/data/v", value);
	for (unsigned i = 0; i < 40; i++)
		xs_request(world, XEN_STORE_READ, 0, "data/v", 7);
	pass(world, PV_SECOND);
	/* one has gone into the ring */
	assert_int_equal(host_xenstore_counts(store_of(world))->requests, 21);
	for (unsigned i = 0; i < 40; i++) {
		struct xs_reply reply;

		assert_true(xs_next(world, &reply));
	}
	assert_int_equal(host_xenstore_counts(store_of(world))->requests, 40);
}

static void
test_the_guest_connects_again(void **state)
{
	struct world *world = *state;
	struct xen_store_page *page;

	world_machine(world, "xen");
	page = xs_page(world);
	assert_int_equal(page->features,
	    XEN_STORE_FEATURE_RECONNECTION | XEN_STORE_FEATURE_ERROR);
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	xs_start(world);
	page->connection = XEN_STORE_CONNECTION_RECONNECT;
	xs_notify(world);
	pass(world, PV_MILLISECOND);
	assert_int_equal(page->connection, XEN_STORE_CONNECTION_UP);
	assert_int_equal(page->req_prod | page->rsp_prod, 0);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 0);
	assert_int_equal(host_xenstore_counts(store_of(world))->transactions,
	    0);
	assert_string_equal(xs_read(world, 0, "name"), "guest");
	give_back(world);
}

/* ---- Large directories ------------------------------------------------ */

static void
fill(struct world *world, const char *directory, unsigned count)
{
	char path[200];

	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/entry-%06u", directory, i);
		dom0(world, path, "");
	}
}

static void
test_directory_of_more_than_a_message(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	world_machine(world, "xen");
	fill(world, "/local/domain/7/data/many", 315);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "data/many", NULL),
	    0);
	assert_int_equal(reply.header.length, 4095);
	fill(world, "/local/domain/7/data/many/x", 1);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY, 0,
			     "data/many", NULL),
	    XEN_E2BIG);
}

static void
test_directory_by_parts(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;
	size_t offset = 0, names = 0;
	char generation[32] = "", number[32];

	world_machine(world, "xen");
	fill(world, "/local/domain/7/data/many", 1000);
	for (;;) {
		const char *at;

		snprintf(number, sizeof(number), "%zu", offset);
		assert_int_equal(xs_strings(world, &reply,
				     XEN_STORE_DIRECTORY_PART, 0, "data/many",
				     number, NULL),
		    0);
		at = reply.payload + strlen(reply.payload) + 1;
		if (generation[0] != '\0')
			assert_string_equal(reply.payload, generation);
		strcpy(generation, reply.payload);
		while (
		    at < reply.payload + reply.header.length && *at != '\0') {
			offset += strlen(at) + 1;
			at += strlen(at) + 1;
			names++;
		}
		if (at < reply.payload + reply.header.length)
			break; /* the empty name at the end */
	}
	assert_int_equal(names, 1000);
	snprintf(number, sizeof(number), "%zu", offset + 1000);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY_PART, 0,
			     "data/many", number, NULL),
	    0);
	assert_int_equal(reply.header.length, strlen(generation) + 2);
	dom0(world, "/local/domain/7/data/many/one-more", "");
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_DIRECTORY_PART, 0,
			     "data/many", "0", NULL),
	    0);
	assert_string_not_equal(reply.payload, generation);
}

/* ---- Permissions ------------------------------------------------------ */

static void
test_what_the_guest_may_write(void **state)
{
	static const char *const may[] = { "data/x", "control/shutdown",
		"control/feature-suspend", "device/suspend/event-channel",
		"attr/x", "error/device", "drivers/0", "feature/x" };
	static const char *const may_not[] = { "name", "memory/target", "new",
		"control/new", "device/vbd", "/local/domain/0/x", "/x",
		"/local/domain/7" };
	struct world *world = *state;

	world_machine(world, "xen");
	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		assert_int_equal(xs_write(world, 0, may[i], "1"), 0);
	for (size_t i = 0; i < sizeof(may_not) / sizeof(may_not[0]); i++)
		assert_int_equal(xs_write(world, 0, may_not[i], "1"),
		    XEN_EACCES);
}

/* Whether something is there is not told to who may not know. */
static void
test_no_permission_hides_what_is_missing(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	dom0(world, "/local/domain/0/secret", "x");
	dom0(world, "/tool/x", "x");
	assert_string_equal(xs_read(world, 0, "/local/domain/0/secret"),
	    "EACCES");
	assert_string_equal(xs_read(world, 0, "/local/domain/0/missing"),
	    "EACCES");
	assert_string_equal(xs_read(world, 0, "/"), "EACCES");
	assert_string_equal(xs_read(world, 0, "missing"), "ENOENT");
	assert_string_equal(xs_read(world, 0, "missing/too"), "ENOENT");
}

static void
test_permissions_by_letter(void **state)
{
	static const struct {
		const char *letter;
		bool read, write;
	} kinds[] = { { "n7", true, true }, { "n0", false, false },
		{ "r0", true, false }, { "w0", false, true },
		{ "b0", true, true } };
	struct world *world = *state;
	const char *path = "/local/domain/7/data/p";

	world_machine(world, "xen");
	for (size_t i = 0; i < 5; i++) {
		const char *read;

		dom0(world, path, "v");
		assert_true(host_xenstore_permit(store_of(world), path,
		    &kinds[i].letter, 1));
		read = xs_read(world, 0, path);
		assert_string_equal(read, kinds[i].read ? "v" : "EACCES");
		assert_int_equal(xs_write(world, 0, path, "w"),
		    kinds[i].write ? 0 : XEN_EACCES);
	}
	/* a line of its own outweighs the default */
	assert_true(host_xenstore_permit(store_of(world), path,
	    (const char *[]){ "b0", "r7" }, 2));
	assert_int_equal(xs_write(world, 0, path, "w"), XEN_EACCES);
	assert_false(host_xenstore_permit(store_of(world), path,
	    (const char *[]){ "x0" }, 1));
}

static void
test_get_and_set_permissions(void **state)
{
	struct world *world = *state;
	struct xs_reply reply;

	world_machine(world, "xen");
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_GET_PERMS, 0,
			     "name", NULL),
	    0);
	assert_int_equal(reply.header.length, 6);
	assert_memory_equal(reply.payload, "n0\0r7\0", 6);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_SET_PERMS, 0, "name",
			     "b0", NULL),
	    XEN_EACCES);
	assert_int_equal(xs_write(world, 0, "data/p", "x"), 0);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_SET_PERMS, 0,
			     "data/p", "n7", "r0", "b65535", NULL),
	    0);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_GET_PERMS, 0,
			     "data/p", NULL),
	    0);
	assert_memory_equal(reply.payload, "n7\0r0\0b65535\0", 13);
	/* no giving away */
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_SET_PERMS, 0,
			     "data/p", "n0", NULL),
	    XEN_EPERM);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_SET_PERMS, 0,
			     "data/p", "n7", "r1", "r2", "r3", "r4", "r5",
			     NULL),
	    XEN_ENOSPC);
}

/* What a guest makes is its own, with the permissions of the place. */
static void
test_new_nodes_inherit(void **state)
{
	struct world *world = *state;
	const char *path = "/local/domain/7/data/open";
	struct xs_reply reply;

	world_machine(world, "xen");
	dom0(world, path, "");
	assert_true(host_xenstore_permit(store_of(world), path,
	    (const char *[]){ "n0", "b7", "r3" }, 3));
	assert_int_equal(xs_write(world, 0, "data/open/mine", "x"), 0);
	assert_int_equal(xs_strings(world, &reply, XEN_STORE_GET_PERMS, 0,
			     "data/open/mine", NULL),
	    0);
	assert_memory_equal(reply.payload, "n7\0b7\0r3\0", 9);
}

/* ---- Quotas ----------------------------------------------------------- */

static void
test_quota_of_nodes(void **state)
{
	struct world *world = *state;
	unsigned before;
	char path[64];

	world_machine(world, "xen");
	before = host_xenstore_counts(store_of(world))->nodes;
	host_xenstore_quota(store_of(world))->nodes = before + 10;
	for (unsigned i = 0; i < 10; i++) {
		snprintf(path, sizeof(path), "data/n%u", i);
		assert_int_equal(xs_write(world, 0, path, ""), 0);
	}
	assert_int_equal(xs_write(world, 0, "data/one-more", ""), XEN_ENOSPC);
	assert_int_equal(xs_write(world, 0, "data/n3", "changed"), 0);
	dom0(world, "/local/domain/7/name", "domain 0 may");
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RM, 0, "data/n3",
			     NULL),
	    0);
	assert_int_equal(xs_write(world, 0, "data/one-more", ""), 0);
	/* two at once, where one would go */
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RM, 0, "data/n4",
			     NULL),
	    0);
	assert_int_equal(xs_write(world, 0, "data/two/more", ""), XEN_ENOSPC);
	assert_string_equal(xs_read(world, 0, "data/two"), "ENOENT");
}

static void
test_quota_of_a_nodes_size(void **state)
{
	struct world *world = *state;
	char value[2048], path[64];
	unsigned i;

	world_machine(world, "xen");
	memset(value, 'v', sizeof(value));
	value[2015] = '\0'; /* and 24 and 8 bytes: 2047 */
	assert_int_equal(xs_write(world, 0, "data/v", value), 0);
	value[2015] = 'v';
	value[2016] = '\0';
	assert_int_equal(xs_write(world, 0, "data/v", value), XEN_ENOSPC);
	assert_int_equal(xs_write(world, 0, "data/w", value), XEN_ENOSPC);
	/* names of children count: so many a real Xen 4.17 took */
	for (i = 0; i < 77; i++) {
		snprintf(path, sizeof(path),
		    "data/d/a-name-of-some-length-%03u", i);
		assert_int_equal(xs_write(world, 0, path, ""), 0);
	}
	assert_int_equal(xs_write(world, 0, "data/d/a-name-of-some-length-077",
			     ""),
	    XEN_ENOSPC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_first_tree),
		world_test(test_first_names),
		world_test(test_write_and_read),
		world_test(test_write_makes_directories),
		world_test(test_mkdir_and_rm),
		world_test(test_domain_paths),
		world_test(test_paths_that_are_none),
		world_test(test_payloads_that_are_wrong),
		world_test(test_requests_that_are_not_for_guests),
		world_test(test_an_overlong_request_ends_the_connection),
		world_test(test_bad_indices_end_the_connection),
		world_test(test_a_request_in_pieces),
		world_test(test_large_values),
		world_test(test_many_requests_at_once),
		world_test(test_outstanding_requests_are_limited),
		world_test(test_the_guest_connects_again),
		world_test(test_directory_of_more_than_a_message),
		world_test(test_directory_by_parts),
		world_test(test_what_the_guest_may_write),
		world_test(test_no_permission_hides_what_is_missing),
		world_test(test_permissions_by_letter),
		world_test(test_get_and_set_permissions),
		world_test(test_new_nodes_inherit),
		world_test(test_quota_of_nodes),
		world_test(test_quota_of_a_nodes_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
