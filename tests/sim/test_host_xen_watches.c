/* SPDX-License-Identifier: ISC */
/* Watches and transactions of the model's XenStore, for the guest and for
 * domain 0. */
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

static int
rm(struct world *world, uint32_t tx, const char *path)
{
	return xs_strings(world, NULL, XEN_STORE_RM, tx, path, NULL);
}

static int
unwatch(struct world *world, const char *path, const char *token)
{
	return xs_strings(world, NULL, XEN_STORE_UNWATCH, 0, path, token, NULL);
}

/* ---- Watches ---------------------------------------------------------- */

static void
test_a_watch_fires_at_once(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data/none", "t"), 0);
	assert_string_equal(xs_event(world), "data/none t");
	xs_no_event(world);
	give_back(world);
}

static void
test_changes_below_are_told(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data", "rel"), 0);
	assert_string_equal(xs_event(world), "data rel");
	dom0(world, "/local/domain/7/data/a/b", "1");
	assert_string_equal(xs_event(world), "data/a/b rel");
	/* its own writes too */
	assert_int_equal(xs_write(world, 0, "data/own", "1"), 0);
	assert_string_equal(xs_event(world), "data/own rel");
	dom0(world, "/local/domain/7/datastream", "1");
	dom0(world, "/local/domain/7/name", "1");
	xs_no_event(world);
	give_back(world);
}

/* By absolute paths when it was set with one. */
static void
test_absolute_watches(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "/local/domain/7/data", "abs"), 0);
	assert_string_equal(xs_event(world), "/local/domain/7/data abs");
	dom0(world, "/local/domain/7/data/a", "1");
	assert_string_equal(xs_event(world), "/local/domain/7/data/a abs");
	give_back(world);
}

/* Who watches what is below a removed node hears of it by its own name. */
static void
test_removal_is_told(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	dom0(world, "/local/domain/7/data/a/b/c", "1");
	assert_int_equal(xs_watch(world, "data/a/b", "below"), 0);
	assert_int_equal(xs_watch(world, "data/a/none", "nothing"), 0);
	assert_int_equal(xs_watch(world, "data", "above"), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_string_not_equal(xs_event(world), "");
	assert_true(
	    host_xenstore_remove(store_of(world), "/local/domain/7/data/a"));
	assert_string_equal(xs_event(world), "data/a/b below");
	assert_string_equal(xs_event(world), "data/a above");
	xs_no_event(world);
	give_back(world);
}

static void
test_a_changed_permission_is_told(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	dom0(world, "/local/domain/7/data/a", "1");
	assert_int_equal(xs_watch(world, "data/a", "t"), 0);
	assert_string_equal(xs_event(world), "data/a t");
	assert_true(host_xenstore_permit(store_of(world),
	    "/local/domain/7/data/a", (const char *[]){ "r0" }, 1));
	assert_string_equal(xs_event(world), "data/a t");
	give_back(world);
}

/* Neither the node nor its directory can be read. */
static void
test_nothing_is_told_of_what_may_not_be_known(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	dom0(world, "/local/domain/0/backend/vbd/7/1/state", "1");
	assert_int_equal(xs_watch(world, "/local/domain/0/backend", "t"), 0);
	assert_string_equal(xs_event(world), "/local/domain/0/backend t");
	dom0(world, "/local/domain/0/backend/vbd/7/1/state", "2");
	xs_no_event(world);
	assert_true(host_xenstore_permit(store_of(world),
	    "/local/domain/0/backend/vbd/7/1/state",
	    (const char *[]){ "n0", "r7" }, 2));
	assert_string_equal(xs_event(world),
	    "/local/domain/0/backend/vbd/7/1/state t");
	dom0(world, "/local/domain/0/backend/vbd/7/1/state", "3");
	assert_string_equal(xs_event(world),
	    "/local/domain/0/backend/vbd/7/1/state t");
	give_back(world);
}

static void
test_special_watches(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "@releaseDomain", "r"), 0);
	assert_string_equal(xs_event(world), "@releaseDomain r");
	assert_int_equal(unwatch(world, "@releaseDomain", "r"), 0);
	give_back(world);
}

static void
test_watch_errors(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_int_equal(xs_watch(world, "data", "t"), XEN_EEXIST);
	assert_int_equal(xs_watch(world, "/local/domain/7/data", "t"),
	    XEN_EEXIST);
	assert_int_equal(xs_watch(world, "data", "u"), 0);
	assert_int_equal(xs_watch(world, "bad path", "t"), XEN_EINVAL);
	assert_int_equal(unwatch(world, "data", "none"), XEN_ENOENT);
	assert_int_equal(unwatch(world, "data", "t"), 0);
	assert_int_equal(unwatch(world, "data", "t"), XEN_ENOENT);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 1);
	give_back(world);
}

static void
test_unwatched_is_not_told(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_string_equal(xs_event(world), "data t");
	assert_int_equal(unwatch(world, "data", "t"), 0);
	dom0(world, "/local/domain/7/data/a", "1");
	xs_no_event(world);
	give_back(world);
}

/* xenstored lets one more through than its quota says. */
static void
test_quota_of_watches(void **state)
{
	struct world *world = *state;
	char token[16];
	int error;

	world_machine(world, "xen");
	for (unsigned i = 0; i < 129; i++) {
		snprintf(token, sizeof(token), "%u", i);
		error = xs_watch(world, "data", token);
		assert_int_equal(error, 0);
	}
	assert_int_equal(xs_watch(world, "data", "more"), XEN_E2BIG);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_RESET_WATCHES, 0, "",
			     NULL),
	    0);
	assert_int_equal(host_xenstore_counts(store_of(world))->watches, 0);
	assert_int_equal(xs_watch(world, "data", "again"), 0);
	give_back(world);
}

/* The same event is not queued while it waits. */
static void
test_equal_events_are_one(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_string_equal(xs_event(world), "data t");
	for (unsigned i = 0; i < 1000; i++)
		dom0(world, "/local/domain/7/data/a", "1");
	assert_string_equal(xs_event(world), "data/a t");
	xs_no_event(world);
	give_back(world);
}

/* ---- Of domain 0 ------------------------------------------------------ */

struct seen {
	struct host_watch *watch;
	unsigned calls;
	char last[200];
	bool stop;
};

static void
saw(void *ctx, const char *changed)
{
	struct seen *seen = ctx;

	seen->calls++;
	snprintf(seen->last, sizeof(seen->last), "%s", changed);
	if (seen->stop)
		host_xenstore_unwatch(seen->watch);
}

static void
test_domain_0_watches(void **state)
{
	struct world *world = *state;
	struct seen seen = { 0 };

	world_machine(world, "xen");
	seen.watch = host_xenstore_watch(store_of(world),
	    "/local/domain/7/data", saw, &seen);
	assert_int_equal(seen.calls, 0);
	pass(world, 10000);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(xs_write(world, 0, "data/a", "1"), 0);
	pass(world, 10000);
	assert_int_equal(seen.calls, 2);
	assert_string_equal(seen.last, "/local/domain/7/data/a");
	dom0(world, "/local/domain/7/data/b", "1");
	assert_int_equal(seen.calls, 2); /* never from inside a change */
	seen.stop = true;
	pass(world, 10000);
	assert_int_equal(seen.calls, 3);
	dom0(world, "/local/domain/7/data/b", "2");
	pass(world, 10000);
	assert_int_equal(seen.calls, 3);
}

static void
test_domain_0_unwatches_before_it_is_called(void **state)
{
	struct world *world = *state;
	struct seen seen = { 0 };

	world_machine(world, "xen");
	seen.watch = host_xenstore_watch(store_of(world), "/", saw, &seen);
	host_xenstore_unwatch(seen.watch);
	pass(world, 10000);
	assert_int_equal(seen.calls, 0);
}

static void
test_domain_0_reads(void **state)
{
	struct world *world = *state;
	struct host_xenstore *store;
	size_t size;

	world_machine(world, "xen");
	store = store_of(world);
	assert_true(host_xenstore_mkdir(store, "/tool/a"));
	assert_true(host_xenstore_print(store, "/tool/b", "%d-%s", 5, "x"));
	assert_string_equal(host_xenstore_read(store, "/tool/b", &size), "5-x");
	assert_int_equal(size, 3);
	assert_string_equal(host_xenstore_child(store, "/tool", 0), "a");
	assert_string_equal(host_xenstore_child(store, "/tool", 1), "b");
	assert_null(host_xenstore_child(store, "/tool", 2));
	assert_null(host_xenstore_child(store, "/none", 0));
	assert_null(host_xenstore_read(store, "/tool/none", NULL));
	assert_true(host_xenstore_remove(store, "/tool/a"));
	assert_false(host_xenstore_remove(store, "/tool/a"));
	assert_string_equal(host_xenstore_child(store, "/tool", 0), "b");
	assert_false(host_xenstore_write(store, "not/absolute", "", 0));
}

/* ---- Transactions ----------------------------------------------------- */

static void
test_all_or_nothing(void **state)
{
	struct world *world = *state;
	struct host_xenstore *store;
	uint32_t tx;

	world_machine(world, "xen");
	store = store_of(world);
	tx = xs_start(world);
	assert_int_equal(xs_write(world, tx, "data/a", "1"), 0);
	assert_int_equal(xs_write(world, tx, "data/b/c", "2"), 0);
	assert_string_equal(xs_read(world, tx, "data/a"), "1");
	assert_string_equal(xs_read(world, 0, "data/a"), "ENOENT");
	assert_null(host_xenstore_read(store, "/local/domain/7/data/a", NULL));
	assert_int_equal(xs_end(world, tx, "T"), 0);
	assert_string_equal(xs_read(world, 0, "data/a"), "1");
	assert_string_equal(xs_read(world, 0, "data/b/c"), "2");
	tx = xs_start(world);
	assert_int_equal(rm(world, tx, "data/b"), 0);
	assert_string_equal(xs_read(world, tx, "data/b/c"), "ENOENT");
	assert_string_equal(xs_read(world, 0, "data/b/c"), "2");
	assert_int_equal(xs_end(world, tx, "F"), 0);
	assert_string_equal(xs_read(world, 0, "data/b/c"), "2");
	assert_int_equal(host_xenstore_counts(store)->transactions, 0);
}

/* Another one changed what was read, or what is written: EAGAIN. */
static void
test_conflicts(void **state)
{
	struct world *world = *state;
	uint32_t tx;

	world_machine(world, "xen");
	dom0(world, "/local/domain/7/data/a", "1");
	tx = xs_start(world);
	assert_string_equal(xs_read(world, tx, "data/a"), "1");
	dom0(world, "/local/domain/7/data/a", "2");
	assert_string_equal(xs_read(world, tx, "data/a"), "1");
	assert_int_equal(xs_write(world, tx, "data/b", "x"), 0);
	assert_int_equal(xs_end(world, tx, "T"), XEN_EAGAIN);
	assert_string_equal(xs_read(world, 0, "data/b"), "ENOENT");
	/* what was not there, and is now */
	tx = xs_start(world);
	assert_string_equal(xs_read(world, tx, "data/new"), "ENOENT");
	dom0(world, "/local/domain/7/data/new", "2");
	assert_int_equal(xs_end(world, tx, "T"), XEN_EAGAIN);
	/* what is gone */
	tx = xs_start(world);
	assert_string_equal(xs_read(world, tx, "data/new"), "2");
	host_xenstore_remove(store_of(world), "/local/domain/7/data/new");
	assert_int_equal(xs_end(world, tx, "T"), XEN_EAGAIN);
	/* a directory that both make something in */
	tx = xs_start(world);
	assert_int_equal(xs_write(world, tx, "data/mine", ""), 0);
	dom0(world, "/local/domain/7/data/theirs", "");
	assert_int_equal(xs_end(world, tx, "T"), XEN_EAGAIN);
	/* something else entirely */
	tx = xs_start(world);
	assert_int_equal(xs_write(world, tx, "data/a", "mine"), 0);
	dom0(world, "/local/domain/7/name", "other");
	assert_int_equal(xs_end(world, tx, "T"), 0);
	assert_string_equal(xs_read(world, 0, "data/a"), "mine");
}

static void
test_two_transactions(void **state)
{
	struct world *world = *state;
	uint32_t one, two;

	world_machine(world, "xen");
	dom0(world, "/local/domain/7/data/a", "1");
	assert_true(host_xenstore_permit(store_of(world),
	    "/local/domain/7/data/a", (const char *[]){ "n7" }, 1));
	one = xs_start(world);
	two = xs_start(world);
	assert_int_not_equal(one, two);
	assert_int_equal(xs_write(world, one, "data/a", "one"), 0);
	assert_int_equal(xs_write(world, two, "data/a", "two"), 0);
	assert_string_equal(xs_read(world, one, "data/a"), "one");
	assert_int_equal(xs_end(world, two, "T"), 0);
	assert_int_equal(xs_end(world, one, "T"), XEN_EAGAIN);
	assert_string_equal(xs_read(world, 0, "data/a"), "two");
}

/* Watches are told at the end, if at all. */
static void
test_watches_wait_for_the_end(void **state)
{
	struct world *world = *state;
	uint32_t tx;

	world_machine(world, "xen");
	assert_int_equal(xs_watch(world, "data", "t"), 0);
	assert_string_equal(xs_event(world), "data t");
	tx = xs_start(world);
	assert_int_equal(xs_write(world, tx, "data/a", "1"), 0);
	assert_int_equal(xs_write(world, tx, "data/b", "1"), 0);
	xs_no_event(world);
	assert_int_equal(xs_end(world, tx, "T"), 0);
	assert_string_equal(xs_event(world), "data/a t");
	assert_string_equal(xs_event(world), "data/b t");
	tx = xs_start(world);
	assert_int_equal(xs_write(world, tx, "data/a", "2"), 0);
	assert_int_equal(xs_end(world, tx, "F"), 0);
	xs_no_event(world);
	give_back(world);
}

static void
test_transaction_errors(void **state)
{
	struct world *world = *state;
	uint32_t tx;

	world_machine(world, "xen");
	assert_string_equal(xs_read(world, 99, "name"), "ENOENT");
	assert_int_equal(xs_end(world, 99, "T"), XEN_ENOENT);
	assert_int_equal(xs_end(world, 0, "T"), XEN_ENOENT);
	tx = xs_start(world);
	assert_int_equal(xs_end(world, tx, "T"), 0);
	assert_int_equal(xs_end(world, tx, "T"), XEN_ENOENT);
}

static void
test_quota_of_transactions(void **state)
{
	struct world *world = *state;

	world_machine(world, "xen");
	for (unsigned i = 0; i < 11; i++)
		xs_start(world);
	assert_int_equal(xs_strings(world, NULL, XEN_STORE_TRANSACTION_START, 0,
			     "", NULL),
	    XEN_ENOSPC);
	assert_int_equal(xs_end(world, 3, "F"), 0);
	xs_start(world);
}

/* Quotas count what the transaction has made. */
static void
test_quota_of_nodes_in_a_transaction(void **state)
{
	struct world *world = *state;
	uint32_t tx;
	unsigned before;

	world_machine(world, "xen");
	before = host_xenstore_counts(store_of(world))->nodes;
	host_xenstore_quota(store_of(world))->nodes = before + 2;
	tx = xs_start(world);
	assert_int_equal(xs_write(world, tx, "data/a", ""), 0);
	assert_int_equal(xs_write(world, tx, "data/b", ""), 0);
	assert_int_equal(xs_write(world, tx, "data/c", ""), XEN_ENOSPC);
	assert_int_equal(rm(world, tx, "data/a"), 0);
	assert_int_equal(xs_write(world, tx, "data/c", ""), 0);
	assert_int_equal(xs_end(world, tx, "T"), 0);
	assert_int_equal(host_xenstore_counts(store_of(world))->nodes,
	    before + 2);
}

/* ---- Random ----------------------------------------------------------- */

/* The tree is sound whatever is done to it: a node is there if and only if its
 * directory has its name. */
static void
check_below(struct world *world, char *path, unsigned *nodes)
{
	struct host_xenstore *store = store_of(world);
	const char *name;
	size_t len = strlen(path);

	++*nodes;
	for (unsigned i = 0;
	     (name = host_xenstore_child(store, path, i)) != NULL; i++) {
		snprintf(path + len, 200 - len, "/%s", name);
		assert_non_null(host_xenstore_read(store, path, NULL));
		check_below(world, path, nodes);
		path[len] = '\0';
	}
}

static void
random_path(struct world *world, char *path)
{
	unsigned depth = (unsigned)sim_random(world->sim, 4);

	strcpy(path, "data");
	while (depth-- > 0) {
		size_t len = strlen(path);

		snprintf(path + len, 100 - len, "/%c",
		    (char)('a' + sim_random(world->sim, 3)));
	}
}

static void
test_random_changes(void **state)
{
	struct world *world = *state;
	uint32_t txs[3] = { 0 };
	char path[200];
	unsigned nodes = 0;

	world_machine(world, "xen");
	for (unsigned i = 0; i < 2000; i++) {
		uint32_t *tx = &txs[sim_random(world->sim, 3)];
		uint32_t use = sim_random(world->sim, 3) == 0 ? 0 : *tx;

		random_path(world, path);
		switch (sim_random(world->sim, 6)) {
		case 0:
			if (*tx == 0)
				*tx = xs_start(world);
			break;
		case 1:
			if (*tx != 0)
				xs_end(world, *tx,
				    sim_random(world->sim, 2) ? "T" : "F");
			*tx = 0;
			break;
		case 2:
			if (strlen(path) > 4)
				rm(world, use, path);
			break;
		default:
			assert_int_equal(xs_write(world, use, path, "x"), 0);
		}
	}
	strcpy(path, "/local/domain/7/data");
	check_below(world, path, &nodes);
	assert_true(nodes <= 40);
	assert_true(host_xenstore_remove(store_of(world), "/local/domain/7"));
	assert_int_equal(host_xenstore_counts(store_of(world))->nodes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_a_watch_fires_at_once),
		world_test(test_changes_below_are_told),
		world_test(test_absolute_watches),
		world_test(test_removal_is_told),
		world_test(test_a_changed_permission_is_told),
		world_test(test_nothing_is_told_of_what_may_not_be_known),
		world_test(test_special_watches),
		world_test(test_watch_errors),
		world_test(test_unwatched_is_not_told),
		world_test(test_quota_of_watches),
		world_test(test_equal_events_are_one),
		world_test(test_domain_0_watches),
		world_test(test_domain_0_unwatches_before_it_is_called),
		world_test(test_domain_0_reads),
		world_test(test_all_or_nothing),
		world_test(test_conflicts),
		world_test(test_two_transactions),
		world_test(test_watches_wait_for_the_end),
		world_test(test_transaction_errors),
		world_test(test_quota_of_transactions),
		world_test(test_quota_of_nodes_in_a_transaction),
		world_test(test_random_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
