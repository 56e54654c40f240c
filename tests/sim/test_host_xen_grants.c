/* SPDX-License-Identifier: ISC */
/* Grant tables of the model of Xen: both versions, and domain 0's use of what a
 * guest has granted. */
#include "tests/support/xen_host.h"

#define GRANTED XEN_GTF_PERMIT_ACCESS
#define IN_USE (XEN_GTF_READING | XEN_GTF_WRITING)

struct table {
	struct world *world;
	struct host_xen *xen;
	struct xen_grant_v1 *v1;
	union xen_grant_v2 *v2;
	uint16_t *status;
	uint8_t *page; /* to be granted */
	uint64_t frame;
};

static void
begin(struct table *table, struct world *world)
{
	memset(table, 0, sizeof(*table));
	table->world = world;
	world_machine(world, "xen");
	table->xen = world_xen(world);
	table->v1 = place_page(world, XEN_MAPSPACE_GRANT_TABLE, 0, NULL);
	table->v2 = (void *)table->v1;
	table->page = guest_pages(world, 1, &table->frame);
}

static long
set_version(struct world *world, uint32_t version, uint32_t *now)
{
	struct xen_gnt_set_version set = { version };
	long result = grant_op(world, XEN_GNTOP_SET_VERSION, &set);

	*now = set.version;
	return result;
}

static void
begin_v2(struct table *table, struct world *world)
{
	uint32_t now;

	begin(table, world);
	assert_int_equal(set_version(world, 2, &now), 0);
	assert_int_equal(now, 2);
	table->status = place_page(world, XEN_MAPSPACE_GRANT_TABLE,
	    XEN_MAPIDX_GRANT_STATUS, NULL);
}

static void
grant_v1(struct table *table, uint32_t reference, uint16_t domain,
    uint16_t flags)
{
	table->v1[reference].domid = domain;
	table->v1[reference].frame = (uint32_t)table->frame;
	table->v1[reference].flags = flags;
}

static void
grant_v2(struct table *table, uint32_t reference, uint16_t domain,
    uint16_t flags)
{
	table->v2[reference].full_page.domid = domain;
	table->v2[reference].full_page.frame = table->frame;
	table->v2[reference].full_page.flags = flags;
}

/* ---- Size and version ------------------------------------------------- */

static void
test_query_size(void **state)
{
	struct world *world = *state;
	struct xen_gnt_query_size query = { .domid = XEN_DOMID_SELF };

	world_machine(world, "xen");
	assert_int_equal(grant_op(world, XEN_GNTOP_QUERY_SIZE, &query), 0);
	assert_int_equal(query.status, XEN_GNTST_OKAY);
	assert_int_equal(query.nr_frames, 1);
	assert_int_equal(query.max_nr_frames, 64);
	query.domid = 3;
	assert_int_equal(grant_op(world, XEN_GNTOP_QUERY_SIZE, &query), 0);
	assert_int_equal(query.status, XEN_GNTST_BAD_DOMAIN);
	query.domid = 0;
	assert_int_equal(grant_op(world, XEN_GNTOP_QUERY_SIZE, &query), 0);
	assert_int_equal(query.status, XEN_GNTST_PERMISSION_DENIED);
	assert_int_equal(grant_op(world, XEN_GNTOP_QUERY_SIZE, NULL),
	    -XEN_EFAULT);
	assert_int_equal(xen_call(world, XEN_HC_GRANT_TABLE_OP,
			     XEN_GNTOP_QUERY_SIZE, (uintptr_t)&query, 2),
	    -XEN_EINVAL);
	assert_int_equal(grant_op(world, 99, NULL), -XEN_ENOSYS);
}

static void
test_frames_grow_when_placed(void **state)
{
	struct world *world = *state;
	struct xen_gnt_query_size query = { .domid = XEN_DOMID_SELF };

	world_machine(world, "xen");
	place_page(world, XEN_MAPSPACE_GRANT_TABLE, 5, NULL);
	assert_int_equal(grant_op(world, XEN_GNTOP_QUERY_SIZE, &query), 0);
	assert_int_equal(query.nr_frames, 6);
	place_page(world, XEN_MAPSPACE_GRANT_TABLE, 63, NULL);
	assert_int_equal(grant_op(world, XEN_GNTOP_QUERY_SIZE, &query), 0);
	assert_int_equal(query.nr_frames, 64);
	give_back(world);
}

static void
test_setup_table(void **state)
{
	struct world *world = *state;
	uint64_t frames[65], placed;
	struct xen_gnt_setup_table setup = { .domid = XEN_DOMID_SELF,
		.nr_frames = 2,
		.frames = (uintptr_t)frames };

	world_machine(world, "xen");
	place_page(world, XEN_MAPSPACE_GRANT_TABLE, 1, &placed);
	assert_int_equal(grant_op(world, XEN_GNTOP_SETUP_TABLE, &setup), 0);
	assert_int_equal(setup.status, XEN_GNTST_OKAY);
	assert_true(frames[0] == UINT64_MAX); /* is nowhere */
	assert_int_equal(frames[1], placed);
	setup.nr_frames = 65;
	assert_int_equal(grant_op(world, XEN_GNTOP_SETUP_TABLE, &setup), 0);
	assert_int_equal(setup.status, XEN_GNTST_GENERAL_ERROR);
	give_back(world);
}

static void
test_versions(void **state)
{
	struct world *world = *state;
	struct xen_gnt_get_version get = { .domid = XEN_DOMID_SELF };
	uint32_t now;

	world_machine(world, "xen");
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_VERSION, &get), 0);
	assert_int_equal(get.version, 1);
	assert_int_equal(set_version(world, 3, &now), -XEN_EINVAL);
	assert_int_equal(now, 1);
	assert_int_equal(set_version(world, 2, &now), 0);
	assert_int_equal(now, 2);
	assert_int_equal(set_version(world, 2, &now), 0);
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_VERSION, &get), 0);
	assert_int_equal(get.version, 2);
	assert_int_equal(set_version(world, 1, &now), 0);
	get.domid = 0;
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_VERSION, &get),
	    -XEN_EPERM);
}

static void
test_a_xen_without_version_2(void **state)
{
	struct world *world = *state;
	uint32_t now;

	world_machine(world, "xen");
	assert_true(sim_machine_set_xen(world->machine,
	    &(struct host_xen_config){ .domain = 7, .no_grant_v2 = true }));
	assert_int_equal(set_version(world, 2, &now), -XEN_ENOSYS);
	assert_int_equal(now, 1);
}

static void
test_version_is_kept_while_in_use(void **state)
{
	struct host_grant *grant;
	struct table table;
	uint32_t now;

	begin(&table, *state);
	grant_v1(&table, 8, 0, GRANTED);
	grant = host_grant_map(table.xen, 8, true);
	assert_non_null(grant);
	assert_int_equal(set_version(*state, 2, &now), -XEN_EBUSY);
	assert_int_equal(now, 1);
	host_grant_unmap(grant);
	assert_int_equal(set_version(*state, 2, &now), 0);
	assert_int_equal(table.v2[8].full_page.flags, 0); /* no crud */
	give_back(*state);
}

/* The toolstack has granted two pages before the guest begins. */
static void
test_reserved_entries_survive(void **state)
{
	struct table table;
	uint64_t store;
	uint32_t now;

	begin(&table, *state);
	store = host_xen_store_page(table.xen) >> 12;
	assert_int_equal(table.v1[1].frame, store);
	assert_int_equal(table.v1[1].flags, GRANTED);
	assert_int_equal(set_version(*state, 2, &now), 0);
	assert_int_equal(table.v2[1].full_page.frame, store);
	assert_int_equal(table.v2[1].full_page.flags, GRANTED);
	assert_int_equal(set_version(*state, 1, &now), 0);
	assert_int_equal(table.v1[1].frame, store);
	give_back(*state);
}

static void
test_status_frames(void **state)
{
	struct world *world = *state;
	uint64_t frames[8];
	struct xen_gnt_get_status_frames get = { .nr_frames = 1,
		.domid = XEN_DOMID_SELF,
		.frames = (uintptr_t)frames };
	struct table table;

	begin(&table, world);
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_STATUS_FRAMES, &get), 0);
	assert_int_equal(get.status, XEN_GNTST_GENERAL_ERROR);
	give_back(world);
	sim_machine_free(world->machine);
	begin_v2(&table, world);
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_STATUS_FRAMES, &get), 0);
	assert_int_equal(get.status, XEN_GNTST_OKAY);
	assert_true(frames[0] != UINT64_MAX);
	/* eight frames of entries need one page of statuses */
	place_page(world, XEN_MAPSPACE_GRANT_TABLE, 8, NULL);
	get.nr_frames = 2;
	assert_int_equal(grant_op(world, XEN_GNTOP_GET_STATUS_FRAMES, &get), 0);
	assert_int_equal(get.status, XEN_GNTST_OKAY);
	assert_true(frames[1] == UINT64_MAX);
	place_page(world, XEN_MAPSPACE_GRANT_TABLE, XEN_MAPIDX_GRANT_STATUS | 2,
	    NULL); /* grows as well */
	give_back(world);
}

/* ---- Mapping ---------------------------------------------------------- */

static void
test_map_marks_the_entry(void **state)
{
	struct host_grant *first, *second;
	struct table table;

	begin(&table, *state);
	grant_v1(&table, 9, 0, GRANTED);
	first = host_grant_map(table.xen, 9, false);
	assert_non_null(first);
	assert_int_equal(table.v1[9].flags, GRANTED | XEN_GTF_READING);
	second = host_grant_map(table.xen, 9, true);
	assert_int_equal(table.v1[9].flags, GRANTED | IN_USE);
	assert_int_equal(host_xen_counts(table.xen)->mapped, 2);
	assert_ptr_equal(host_grant_page(second), table.page);
	host_grant_unmap(second);
	assert_int_equal(table.v1[9].flags, GRANTED | XEN_GTF_READING);
	host_grant_unmap(first);
	assert_int_equal(table.v1[9].flags, GRANTED);
	assert_int_equal(host_xen_counts(table.xen)->mapped, 0);
	assert_int_equal(host_xen_counts(table.xen)->violations, 0);
	give_back(*state);
}

static void
test_map_of_version_2_marks_the_status(void **state)
{
	struct host_grant *grant;
	struct table table;

	begin_v2(&table, *state);
	grant_v2(&table, 255, 0, GRANTED);
	grant = host_grant_map(table.xen, 255, true);
	assert_non_null(grant);
	assert_int_equal(table.v2[255].header.flags, GRANTED);
	assert_int_equal(table.status[255], IN_USE);
	assert_ptr_equal(host_grant_page(grant), table.page);
	host_grant_unmap(grant);
	assert_int_equal(table.status[255], 0);
	give_back(*state);
}

static void
test_maps_that_are_refused(void **state)
{
	struct table table;

	begin(&table, *state);
	assert_null(host_grant_map(table.xen, 9, false)); /* nothing there */
	grant_v1(&table, 9, 5, GRANTED);                  /* not domain 0's */
	assert_null(host_grant_map(table.xen, 9, false));
	grant_v1(&table, 9, 0, GRANTED | XEN_GTF_READONLY);
	assert_null(host_grant_map(table.xen, 9, true));
	grant_v1(&table, 9, 0, XEN_GTF_ACCEPT_TRANSFER);
	assert_null(host_grant_map(table.xen, 9, false));
	grant_v1(&table, 9, 0, XEN_GTF_TRANSITIVE);
	assert_null(host_grant_map(table.xen, 9, false));
	assert_null(host_grant_map(table.xen, 512, false));
	assert_null(host_grant_map(table.xen, UINT32_MAX, false));
	table.frame = 0x7777777;
	grant_v1(&table, 9, 0, GRANTED); /* of what is no page */
	assert_null(host_grant_map(table.xen, 9, false));
	world_expect_violations(*state, 1);
	assert_int_equal(table.v1[9].flags, GRANTED);
	assert_int_equal(host_xen_counts(table.xen)->mapped, 0);
	give_back(*state);
}

static void
test_a_read_only_grant_is_read(void **state)
{
	struct host_grant *grant;
	struct table table;

	begin(&table, *state);
	grant_v1(&table, 9, 0, GRANTED | XEN_GTF_READONLY);
	grant = host_grant_map(table.xen, 9, false);
	assert_non_null(grant);
	host_grant_unmap(grant);
	give_back(*state);
}

/* What is in use cannot be ended by compare and swap; who overwrites it is
 * noticed. */
static void
test_ending_what_is_in_use(void **state)
{
	struct host_grant *grant;
	struct table table;
	uint16_t flags = GRANTED;

	begin(&table, *state);
	grant_v1(&table, 9, 0, GRANTED);
	grant = host_grant_map(table.xen, 9, true);
	assert_false(__atomic_compare_exchange_n(&table.v1[9].flags, &flags, 0,
	    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	table.v1[9].flags = 0;
	assert_ptr_equal(host_grant_page(grant), table.page);
	host_grant_unmap(grant);
	assert_int_equal(host_xen_counts(table.xen)->violations, 1);
	give_back(*state);
}

static void
test_grants_are_held(void **state)
{
	struct host_grant *grant;
	struct table table;

	begin(&table, *state);
	grant_v1(&table, 9, 0, GRANTED);
	host_xen_manners(table.xen)->hold_grants = true;
	grant = host_grant_map(table.xen, 9, true);
	host_grant_unmap(grant);
	assert_int_equal(table.v1[9].flags, GRANTED | IN_USE);
	assert_int_equal(host_xen_counts(table.xen)->mapped, 1);
	host_xen_release_grants(table.xen);
	assert_int_equal(table.v1[9].flags, GRANTED);
	assert_int_equal(host_xen_counts(table.xen)->mapped, 0);
	give_back(*state);
}

/* ---- Copying ---------------------------------------------------------- */

static void
test_copy(void **state)
{
	struct table table;
	char bytes[4096];

	begin(&table, *state);
	grant_v1(&table, 9, 0, GRANTED);
	strcpy((char *)table.page + 100, "from the guest");
	assert_true(host_grant_read(table.xen, 9, 100, bytes, 15));
	assert_string_equal(bytes, "from the guest");
	assert_true(host_grant_write(table.xen, 9, 4090, "to it", 6));
	assert_string_equal(table.page + 4090, "to it");
	assert_false(host_grant_write(table.xen, 9, 4091, "to it", 6));
	assert_false(host_grant_read(table.xen, 9, 4096, bytes, 1));
	assert_false(host_grant_read(table.xen, 9, 1, bytes, 4096));
	assert_false(host_grant_read(table.xen, 9, UINT32_MAX, bytes, 2));
	assert_true(host_grant_read(table.xen, 9, 0, bytes, 4096));
	assert_false(host_grant_read(table.xen, 10, 0, bytes, 1));
	assert_int_equal(table.v1[9].flags, GRANTED);
	grant_v1(&table, 9, 0, GRANTED | XEN_GTF_READONLY);
	assert_false(host_grant_write(table.xen, 9, 0, "x", 1));
	assert_int_equal(host_xen_counts(table.xen)->mapped, 0);
	give_back(*state);
}

static void
test_part_of_a_page(void **state)
{
	struct table table;
	char bytes[200];

	begin_v2(&table, *state);
	table.v2[20].sub_page.frame = table.frame;
	table.v2[20].sub_page.offset = 1000;
	table.v2[20].sub_page.length = 100;
	table.v2[20].sub_page.flags = GRANTED | XEN_GTF_SUB_PAGE;
	assert_true(host_grant_read(table.xen, 20, 1000, bytes, 100));
	assert_true(host_grant_write(table.xen, 20, 1099, "x", 1));
	assert_false(host_grant_read(table.xen, 20, 999, bytes, 10));
	assert_false(host_grant_read(table.xen, 20, 1000, bytes, 101));
	assert_false(host_grant_read(table.xen, 20, 1100, bytes, 1));
	assert_null(host_grant_map(table.xen, 20, false)); /* only whole ones */
	assert_int_equal(table.status[20], 0);
	give_back(*state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_query_size),
		world_test(test_frames_grow_when_placed),
		world_test(test_setup_table),
		world_test(test_versions),
		world_test(test_a_xen_without_version_2),
		world_test(test_version_is_kept_while_in_use),
		world_test(test_reserved_entries_survive),
		world_test(test_status_frames),
		world_test(test_map_marks_the_entry),
		world_test(test_map_of_version_2_marks_the_status),
		world_test(test_maps_that_are_refused),
		world_test(test_a_read_only_grant_is_read),
		world_test(test_ending_what_is_in_use),
		world_test(test_grants_are_held),
		world_test(test_copy),
		world_test(test_part_of_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
