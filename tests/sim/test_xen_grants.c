/* SPDX-License-Identifier: ISC */
/* The grant table, in both versions: what works, and a host that holds on. */
#include "guest/xen/grants_private.h"
#include "tests/support/xen_parts.h"

static const struct host_xen_config usual = { .vcpus = 1, .domain = 3 };

/* A page that is lent to domain 0. */
struct lent {
	unsigned char *page;
	uint64_t physical;
	uint32_t reference;
	struct pv_stats stats;
};

static void
grants_open(struct parts *parts, struct world *world, unsigned version,
    const struct host_xen_config *config)
{
	parts_machine(parts, world, config);
	parts->xen.grant_version = version;
	parts_open(parts);
	assert_int_equal(xen_grants_version(&parts->xen), version);
}

static void
lend(struct parts *parts, struct lent *lent, bool read_only)
{
	memset(lent, 0, sizeof(*lent));
	lent->page = parts->port->pages_alloc(parts->port->ctx, 1,
	    &lent->physical);
	assert_non_null(lent->page);
	memset(lent->page, 0x5a, PV_PAGE_SIZE);
	assert_int_equal(xen_grants_reserve(&parts->xen, &lent->reference, 1),
	    PV_OK);
	xen_grant_set(&parts->xen, &lent->stats, lent->reference, 0,
	    lent->physical, read_only);
	assert_int_equal(lent->stats.grants, 1);
}

static void
take_back(struct parts *parts, struct lent *lent)
{
	assert_true(xen_grant_end(&parts->xen, &lent->stats, lent->reference));
	xen_grants_release(&parts->xen, &lent->reference, 1);
	parts->port->pages_free(parts->port->ctx, lent->page, 1);
}

/* ---- What works ------------------------------------------------------- */

static void
lend_and_take_back(struct world *world, unsigned version)
{
	struct parts parts;
	struct lent lent;
	struct host_grant *grant;

	grants_open(&parts, world, version, &usual);
	lend(&parts, &lent, false);
	grant = host_grant_map(parts.host, lent.reference, true);
	assert_non_null(grant);
	assert_int_equal(*(unsigned char *)host_grant_page(grant), 0x5a);
	assert_false(xen_grant_end(&parts.xen, &lent.stats, lent.reference));
	/* nothing has changed: it can be mapped as before */
	assert_true(host_grant_write(parts.host, lent.reference, 5, "x", 1));
	assert_int_equal(lent.page[5], 'x');
	host_grant_unmap(grant);
	assert_true(xen_grant_end(&parts.xen, &lent.stats, lent.reference));
	/* 46: and never again */
	assert_null(host_grant_map(parts.host, lent.reference, false));
	assert_true(xen_grant_end(&parts.xen, &lent.stats, lent.reference));
	xen_grant_set(&parts.xen, &lent.stats, lent.reference, 0, lent.physical,
	    false);
	assert_true(host_grant_write(parts.host, lent.reference, 6, "y", 1));
	take_back(&parts, &lent);
	parts_close(&parts);
	assert_int_equal(host_xen_counts(parts.host)->violations, 0);
}

static void
read_only(struct world *world, unsigned version)
{
	struct parts parts;
	struct lent lent;
	unsigned char byte;

	grants_open(&parts, world, version, &usual);
	lend(&parts, &lent, true);
	assert_true(host_grant_read(parts.host, lent.reference, 9, &byte, 1));
	assert_int_equal(byte, 0x5a);
	assert_false(host_grant_write(parts.host, lent.reference, 9, "x", 1));
	assert_null(host_grant_map(parts.host, lent.reference, true));
	take_back(&parts, &lent);
	parts_close(&parts);
}

/* Page by page, all of them, each reference once, and none of the first eight.
 */
static void
all_references(struct world *world, unsigned version)
{
	static uint32_t references[3 * 512];
	static bool seen[3 * 512];
	unsigned per_page = version == 1 ? 512 : 256;
	unsigned all = 3 * per_page - XEN_GNT_RESERVED;
	struct host_xen_config config = usual;
	struct parts parts;
	uint32_t one;

	config.grant_frames = 3;
	grants_open(&parts, world, version, &config);
	assert_int_equal(xen_grants_frames(&parts.xen), 3);
	assert_int_equal(xen_grants_reserve(&parts.xen, references, all + 1),
	    PV_ENOMEM);
	/* all or none, and what it grew by is there */
	assert_int_equal(parts.xen.grants->free_count, all);
	assert_int_equal(xen_grants_reserve(&parts.xen, references, all),
	    PV_OK);
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < all; i++) {
		assert_in_range(references[i], XEN_GNT_RESERVED,
		    3 * per_page - 1);
		assert_false(seen[references[i]]);
		seen[references[i]] = true;
	}
	assert_int_equal(xen_grants_reserve(&parts.xen, &one, 1), PV_ENOMEM);
	xen_grants_release(&parts.xen, &references[all - 1], 1);
	assert_int_equal(xen_grants_reserve(&parts.xen, &one, 1), PV_OK);
	assert_int_equal(one, references[all - 1]);
	/* given back twice is given back once; and what never was ours */
	xen_grants_release(&parts.xen, &one, 1);
	xen_grants_release(&parts.xen, &one, 1);
	one = 0;
	xen_grants_release(&parts.xen, &one, 1);
	one = UINT32_MAX;
	xen_grants_release(&parts.xen, &one, 1);
	assert_int_equal(parts.xen.grants->free_count, 1);
	parts_close(&parts);
}

/* An entry of the last page, where the status words have a second page. */
static void
the_last_reference(struct world *world, unsigned version)
{
	static uint32_t references[12 * 512];
	unsigned per_page = version == 1 ? 512 : 256;
	unsigned all = 12 * per_page - XEN_GNT_RESERVED;
	struct host_xen_config config = usual;
	struct parts parts;
	struct lent lent;
	struct host_grant *grant;
	uint32_t one;

	config.grant_frames = 12;
	grants_open(&parts, world, version, &config);
	assert_int_equal(xen_grants_reserve(&parts.xen, references, all),
	    PV_OK);
	/* the list of free ones gives back the last that it was given */
	for (unsigned i = 0; i < all; i++)
		if (references[i] != 12 * per_page - 1)
			xen_grants_release(&parts.xen, &references[i], 1);
	one = 12 * per_page - 1;
	xen_grants_release(&parts.xen, &one, 1);
	lend(&parts, &lent, false);
	assert_int_equal(lent.reference, 12 * per_page - 1);
	grant = host_grant_map(parts.host, lent.reference, true);
	assert_non_null(grant);
	assert_false(xen_grant_end(&parts.xen, &lent.stats, lent.reference));
	host_grant_unmap(grant);
	take_back(&parts, &lent);
	parts_close(&parts);
}

static void
a_new_life(struct world *world, unsigned version)
{
	struct parts parts;
	struct lent lent, held;
	struct host_grant *grant;

	grants_open(&parts, world, version, &usual);
	lend(&parts, &lent, false);
	lend(&parts, &held, false);
	grant = host_grant_map(parts.host, held.reference, true);
	assert_non_null(grant);
	xen_grants_abandon(&parts.xen, &held.stats, &held.reference, 1,
	    held.page, 1);
	assert_int_equal(held.stats.held, 1);
	parts_suspend(&parts);
	assert_int_equal(xen_grants_resume(&parts.xen), PV_OK);
	/* nobody holds the page any more */
	assert_int_equal(parts.device.stats.held, 0);
	assert_true(xen_grants_deadline(&parts.xen) == PV_NEVER);
	assert_null(host_grant_map(parts.host, lent.reference, false));
	xen_grant_set(&parts.xen, &lent.stats, lent.reference, 0, lent.physical,
	    false);
	assert_true(host_grant_write(parts.host, lent.reference, 0, "z", 1));
	assert_int_equal(lent.page[0], 'z');
	take_back(&parts, &lent);
	host_grant_unmap(grant);
	parts_close(&parts);
}

/* ---- A host that does not let go -------------------------------------- */

/* 45: for a while. */
static void
held_for_a_while(struct world *world, unsigned version)
{
	struct parts parts;
	struct lent lent;
	struct host_grant *grant;
	unsigned looks = 0;

	grants_open(&parts, world, version, &usual);
	lend(&parts, &lent, false);
	grant = host_grant_map(parts.host, lent.reference, true);
	assert_false(xen_grant_end(&parts.xen, &lent.stats, lent.reference));
	xen_grants_abandon(&parts.xen, &lent.stats, &lent.reference, 1,
	    lent.page, 1);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t next = xen_grants_deadline(&parts.xen);

		assert_in_range(next, sim_now(world->sim) + 1,
		    sim_now(world->sim) + PV_SECOND);
		sim_advance(world->sim, next);
		looks++;
		xen_grants_poll(&parts.xen);
		assert_int_equal(parts.device.stats.held, 1);
		/* it is the host's still, and written to without harm */
		memset(host_grant_page(grant), (int)looks, PV_PAGE_SIZE);
	}
	host_grant_unmap(grant);
	sim_advance(world->sim, xen_grants_deadline(&parts.xen));
	xen_grants_poll(&parts.xen);
	assert_int_equal(parts.device.stats.held, 0);
	assert_true(xen_grants_deadline(&parts.xen) == PV_NEVER);
	parts_close(&parts);
}

/* 45: for ever.  Its page is lost, the others are not. */
static void
held_for_ever(struct world *world, unsigned version)
{
	struct parts parts;
	struct lent lent, other;

	grants_open(&parts, world, version, &usual);
	host_xen_manners(parts.host)->hold_grants = true;
	lend(&parts, &lent, false);
	lend(&parts, &other, false);
	host_grant_unmap(host_grant_map(parts.host, lent.reference, true));
	assert_false(xen_grant_end(&parts.xen, &lent.stats, lent.reference));
	xen_grants_abandon(&parts.xen, &lent.stats, &lent.reference, 1,
	    lent.page, 1);
	take_back(&parts, &other);
	parts_close(&parts);
	assert_int_equal(parts.device.stats.held, 1);
	world_expect_leaked_pages(world, 1);
}

/* Two of three pages are let go of: the run is freed only as a whole. */
static void
held_in_part(struct world *world, unsigned version)
{
	struct parts parts;
	struct pv_stats stats = { 0 };
	struct host_grant *grants[3];
	uint32_t references[3];
	uint64_t physical;
	unsigned char *pages;
	size_t before;

	grants_open(&parts, world, version, &usual);
	before = sim_machine_counts(world->machine)->pages;
	pages = parts.port->pages_alloc(parts.port->ctx, 3, &physical);
	assert_int_equal(xen_grants_reserve(&parts.xen, references, 3), PV_OK);
	for (unsigned i = 0; i < 3; i++) {
		xen_grant_set(&parts.xen, &stats, references[i], 0,
		    physical + i * PV_PAGE_SIZE, false);
		grants[i] = host_grant_map(parts.host, references[i], true);
	}
	xen_grants_abandon(&parts.xen, &stats, references, 3, pages, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sim_machine_counts(world->machine)->pages,
		    before + 3);
		host_grant_unmap(grants[i]);
		sim_advance(world->sim, xen_grants_deadline(&parts.xen));
		xen_grants_poll(&parts.xen);
	}
	assert_int_equal(sim_machine_counts(world->machine)->pages, before);
	parts_close(&parts);
}

/* No memory to remember it with: leaked at once. */
static void
abandoned_without_memory(struct world *world, unsigned version)
{
	struct parts parts;
	struct lent lent;
	struct host_grant *grant;

	grants_open(&parts, world, version, &usual);
	lend(&parts, &lent, false);
	grant = host_grant_map(parts.host, lent.reference, true);
	sim_machine_fail_alloc(world->machine, 1);
	xen_grants_abandon(&parts.xen, &lent.stats, &lent.reference, 1,
	    lent.page, 1);
	host_grant_unmap(grant);
	parts_wait(&parts, 10 * PV_SECOND);
	xen_grants_poll(&parts.xen);
	assert_int_equal(parts.device.stats.held, 1);
	parts_close(&parts);
	world_expect_leaked_pages(world, 1);
}

/* Flags that the host turns on and off, and every junk. */
static void
test_junk_in_flags_of_version_1(void **state)
{
	struct parts parts;
	struct lent lent;
	struct xen_grant_v1 *entry;

	grants_open(&parts, *state, 1, &usual);
	lend(&parts, &lent, false);
	entry = grants_entry(parts.xen.grants, lent.reference);
	for (unsigned flags = 0; flags <= UINT16_MAX; flags++) {
		entry->flags = (uint16_t)flags;
		assert_int_equal(xen_grant_end(&parts.xen, &lent.stats,
				     lent.reference),
		    (flags & (XEN_GTF_READING | XEN_GTF_WRITING)) == 0);
	}
	entry->flags = 0;
	take_back(&parts, &lent);
	parts_close(&parts);
}

static void
test_junk_in_status_of_version_2(void **state)
{
	struct parts parts;
	struct lent lent;
	union xen_grant_v2 *entry;
	uint16_t *status;

	grants_open(&parts, *state, 2, &usual);
	lend(&parts, &lent, false);
	entry = grants_entry(parts.xen.grants, lent.reference);
	status = grants_status(parts.xen.grants, lent.reference);
	for (unsigned value = 0; value <= UINT16_MAX; value++) {
		bool used = (value & (XEN_GTF_READING | XEN_GTF_WRITING)) != 0;

		entry->header.flags = XEN_GTF_PERMIT_ACCESS;
		*status = (uint16_t)value;
		assert_int_equal(xen_grant_end(&parts.xen, &lent.stats,
				     lent.reference),
		    !used);
		assert_int_equal(entry->header.flags,
		    used ? XEN_GTF_PERMIT_ACCESS : 0);
	}
	*status = 0;
	take_back(&parts, &lent);
	parts_close(&parts);
}

/* ---- Which version ---------------------------------------------------- */

static void
test_version_1_is_preferred(void **state)
{
	struct parts parts;

	parts_new(&parts, *state, &usual);
	assert_int_equal(xen_grants_version(&parts.xen), 1);
	assert_int_equal(xen_grants_frames(&parts.xen), 64);
	parts_close(&parts);
}

static void
test_version_2_where_the_host_refuses_1(void **state)
{
	struct parts parts;

	parts_machine(&parts, *state, &usual);
	host_xen_manners(parts.host)->fail_nth = 1;
	host_xen_manners(parts.host)->fail_op = XEN_HC_GRANT_TABLE_OP;
	host_xen_manners(parts.host)->fail_with = -XEN_EACCES;
	parts_open(&parts);
	assert_int_equal(xen_grants_version(&parts.xen), 2);
	parts_close(&parts);
}

static void
test_version_1_where_the_host_has_no_other(void **state)
{
	struct host_xen_config config = usual;
	struct parts parts;

	config.no_grant_v2 = true;
	parts_machine(&parts, *state, &config);
	parts.xen.grant_version = 2;
	parts_open(&parts);
	assert_int_equal(xen_grants_version(&parts.xen), 1);
	parts_close(&parts);
}

/* 16 TiB are 2^32 frames. */
static void
test_a_page_beyond_version_1(void **state)
{
	const uint64_t far = UINT64_C(1) << 44;
	struct parts parts;
	struct pv_stats stats = { 0 };
	uint32_t reference;

	grants_open(&parts, *state, 1, &usual);
	assert_int_equal(xen_grants_reserve(&parts.xen, &reference, 1), PV_OK);
	for (unsigned i = 0; i < 3; i++)
		xen_grant_set(&parts.xen, &stats, reference, 0, far, false);
	assert_int_equal(stats.grants, 0);
	assert_int_equal(stats.bad_value, 3);
	assert_null(host_grant_map(parts.host, reference, false));
	world_has_line(*state,
	    "xen0: a page beyond 16 TiB cannot be lent with grants of "
	    "version 1");
	xen_grant_set(&parts.xen, &stats, reference, 0, far - PV_PAGE_SIZE,
	    false);
	assert_int_equal(stats.grants, 1);
	assert_true(xen_grant_end(&parts.xen, &stats, reference));
	parts_close(&parts);
}

static void
test_a_page_beyond_16_tib_in_version_2(void **state)
{
	const uint64_t far = UINT64_C(1) << 44;
	struct parts parts;
	struct pv_stats stats = { 0 };
	union xen_grant_v2 *entry;
	uint32_t reference;

	grants_open(&parts, *state, 2, &usual);
	assert_int_equal(xen_grants_reserve(&parts.xen, &reference, 1), PV_OK);
	xen_grant_set(&parts.xen, &stats, reference, 5, far, true);
	entry = grants_entry(parts.xen.grants, reference);
	assert_true(entry->full_page.frame == UINT64_C(1) << 32);
	assert_int_equal(entry->full_page.domid, 5);
	assert_int_equal(entry->full_page.flags,
	    XEN_GTF_PERMIT_ACCESS | XEN_GTF_READONLY);
	assert_true(xen_grant_end(&parts.xen, &stats, reference));
	parts_close(&parts);
}

/* ---- Answers that are nonsense ---------------------------------------- */

static struct xen_gnt_query_size answered_size;

static long
answer_size(void *argument, long result)
{
	*(struct xen_gnt_query_size *)argument = answered_size;
	return result;
}

static void
test_sizes_that_are_none(void **state)
{
	struct parts parts;

	parts_machine(&parts, *state, &usual);
	parts_intercept(&parts, XEN_HC_GRANT_TABLE_OP, XEN_GNTOP_QUERY_SIZE,
	    answer_size);
	answered_size = (struct xen_gnt_query_size){ .max_nr_frames = 0 };
	assert_int_equal(parts_try(&parts), PV_EPROTO);
	answered_size = (struct xen_gnt_query_size){ .max_nr_frames = 4,
		.status = XEN_GNTST_PERMISSION_DENIED };
	assert_int_equal(parts_try(&parts), PV_EPROTO);
	/* more than we want, and more than the host then gives */
	answered_size = (struct xen_gnt_query_size){
		.max_nr_frames = UINT32_MAX,
	};
	parts_open(&parts);
	assert_int_equal(xen_grants_frames(&parts.xen), FRAMES_MAX);
	while (parts.xen.grants->count < 64)
		assert_int_equal(grants_table_grow(&parts.xen), PV_OK);
	assert_int_not_equal(grants_table_grow(&parts.xen), PV_OK);
	assert_int_equal(parts.xen.grants->count, 64);
	parts_close(&parts);
}

static long
answer_version(void *argument, long result)
{
	((struct xen_gnt_set_version *)argument)->version = 3;
	return result;
}

static void
test_a_version_that_was_not_asked_for(void **state)
{
	struct parts parts;

	parts_machine(&parts, *state, &usual);
	parts_intercept(&parts, XEN_HC_GRANT_TABLE_OP, XEN_GNTOP_SET_VERSION,
	    answer_version);
	assert_int_equal(parts_try(&parts), PV_EPROTO);
	parts_close(&parts);
}

/* 50: growing fails at each step, and loses nothing. */
static void
growing_fails_at_each_step(struct world *world, unsigned version)
{
	static uint32_t references[1024];
	struct parts parts;
	struct host_xen_manners *manners;
	unsigned before, failures = 0;

	grants_open(&parts, world, version, &usual);
	manners = host_xen_manners(parts.host);
	while (parts.xen.grants->count < 8)
		assert_int_equal(grants_table_grow(&parts.xen), PV_OK);
	before = parts.xen.grants->free_count;
	/* the ninth page of version 2 brings a page of status words */
	for (unsigned nth = 1; nth <= 4; nth++) {
		sim_machine_fail_alloc(world->machine, nth);
		if (grants_table_grow(&parts.xen) != PV_OK) {
			failures++;
			assert_int_equal(parts.xen.grants->free_count, before);
		}
		sim_machine_fail_alloc(world->machine, 0);
		before = parts.xen.grants->free_count;
	}
	for (unsigned nth = 1; nth <= 2; nth++) {
		manners->fail_nth = nth;
		manners->fail_with = -XEN_ENOMEM;
		if (grants_table_grow(&parts.xen) != PV_OK) {
			failures++;
			assert_int_equal(parts.xen.grants->free_count, before);
		}
		manners->fail_nth = 0;
		before = parts.xen.grants->free_count;
	}
	assert_in_range(failures, 2, 6);
	assert_int_equal(xen_grants_reserve(&parts.xen, references, 1024),
	    PV_OK);
	xen_grants_release(&parts.xen, references, 1024);
	parts_close(&parts);
}

/* The host does not give the places back: they are not used again. */
static void
test_places_that_are_not_given_back(void **state)
{
	struct parts parts;
	struct host_xen_manners *manners;

	parts_new(&parts, *state, &usual);
	manners = host_xen_manners(parts.host);
	manners->fail_nth = 1;
	manners->fail_op = XEN_HC_MEMORY_OP;
	manners->fail_with = -XEN_EBUSY;
	parts_close(&parts);
	assert_int_equal(parts.device.stats.held, 1);
	world_expect_leaked_space(*state, 1);
}

#define BOTH(name)                           \
	static void test_v1_##name(void **s) \
	{                                    \
		name(*s, 1);                 \
	}                                    \
	static void test_v2_##name(void **s) \
	{                                    \
		name(*s, 2);                 \
	}

BOTH(lend_and_take_back)
BOTH(read_only)
BOTH(all_references)
BOTH(the_last_reference)
BOTH(a_new_life)
BOTH(held_for_a_while)
BOTH(held_for_ever)
BOTH(held_in_part)
BOTH(abandoned_without_memory)
BOTH(growing_fails_at_each_step)

#define BOTH_TESTS(name) world_test(test_v1_##name), world_test(test_v2_##name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_TESTS(lend_and_take_back),
		BOTH_TESTS(read_only),
		BOTH_TESTS(all_references),
		BOTH_TESTS(the_last_reference),
		BOTH_TESTS(a_new_life),
		BOTH_TESTS(held_for_a_while),
		BOTH_TESTS(held_for_ever),
		BOTH_TESTS(held_in_part),
		BOTH_TESTS(abandoned_without_memory),
		BOTH_TESTS(growing_fails_at_each_step),
		world_test(test_junk_in_flags_of_version_1),
		world_test(test_junk_in_status_of_version_2),
		world_test(test_version_1_is_preferred),
		world_test(test_version_2_where_the_host_refuses_1),
		world_test(test_version_1_where_the_host_has_no_other),
		world_test(test_a_page_beyond_version_1),
		world_test(test_a_page_beyond_16_tib_in_version_2),
		world_test(test_sizes_that_are_none),
		world_test(test_a_version_that_was_not_asked_for),
		world_test(test_places_that_are_not_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
