/* SPDX-License-Identifier: ISC */
/* Memory lent to the model of Hyper-V: in how many messages, and how it comes
 * back, or does not. */
#include "tests/support/vmbus_lab.h"

static void
message(struct lab *lab, unsigned type, int how, unsigned word, uint32_t value)
{
	struct host_hyperv_manners *manners = host_hyperv_manners(
	    lab->partition.host);

	manners->message_nth = 1;
	manners->message_type = type;
	manners->message_how = how;
	manners->message_word = word;
	manners->message_value = value;
}

static void
start(struct lab *lab)
{
	lab_start(lab, NULL);
	lab_open(lab, 0);
}

/* 26 frames in the first, 28 in each that follows; no message more. */
static void
test_messages_for_so_many_pages(void **state)
{
	static const struct {
		size_t pages;
		unsigned messages;
	} counts[] = { { 1, 1 }, { 25, 1 }, { 26, 1 }, { 27, 2 }, { 53, 2 },
		{ 54, 2 }, { 55, 3 }, { 82, 3 }, { 83, 4 }, { 4096, 147 },
		{ 8190, 293 } };
	struct lab *lab = *state;
	size_t pages, rings;

	start(lab);
	pages = lab_pages(lab);
	rings = lab_counts(lab)->gpadl_pages;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct vmbus_gpadl gpadl;
		uint64_t posts = lab_counts(lab)->posts;
		struct host_vmbus_channel *channel =
		    host_vmbus_channel(lab->at_host.device, 0);
		uint64_t last = counts[i].pages * 4096 - 8, value;

		lab_lend(lab, &gpadl, counts[i].pages);
		assert_true(gpadl.pending);
		assert_int_equal(lab->done, i);
		lab_run(lab, 200 * PV_MILLISECOND);
		assert_int_equal(lab->done, i + 1);
		assert_int_equal(lab->done_error, PV_OK);
		assert_int_not_equal(gpadl.handle, 0);
		assert_int_equal(lab_counts(lab)->posts - posts,
		    counts[i].messages);
		assert_int_equal(lab_counts(lab)->gpadl_pages,
		    rings + counts[i].pages);
		/* and it is that memory, to the last page */
		memcpy((char *)gpadl.memory + last, "the last", 8);
		assert_int_equal(host_vmbus_gpadl_length(channel, gpadl.handle),
		    last + 8);
		assert_true(host_vmbus_gpadl_read(channel, gpadl.handle, last,
		    &value, 8));
		assert_memory_equal(&value, "the last", 8);
		posts = lab_counts(lab)->posts;
		vmbus_gpadl_give(lab->channel, &gpadl);
		assert_null(gpadl.memory);
		assert_int_equal(lab_pages(lab), pages + counts[i].pages);
		lab_run(lab, 200 * PV_MILLISECOND);
		assert_int_equal(lab_pages(lab), pages);
		assert_int_equal(lab_counts(lab)->posts - posts, 1);
		assert_int_equal(lab_counts(lab)->gpadl_pages, rings);
	}
}

static void
test_what_cannot_be_lent(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl = { .pages = 0 };

	start(lab);
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_EINVAL);
	lab_memory(lab, &gpadl, 8191);
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_EINVAL);
	vmbus_gpadl_give(lab->channel, &gpadl);
	lab_memory(lab, &gpadl, 1);
	gpadl.physical += 8;
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_EINVAL);
	gpadl.physical -= 8;
	sim_machine_fail_alloc(lab->partition.world->machine, 1);
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_ENOMEM);
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_OK);
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_EBUSY);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(vmbus_gpadl_create(lab->channel, &gpadl), PV_EBUSY);
	vmbus_gpadl_give(lab->channel, &gpadl);
	/* nothing is there, and nothing happens */
	vmbus_gpadl_give(lab->channel, &gpadl);
}

/* Two at a time, answered to who asked. */
static void
test_several_at_once(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl[5];

	start(lab);
	for (unsigned i = 0; i < 5; i++)
		lab_lend(lab, &gpadl[i], 30 + i);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->done, 5);
	for (unsigned i = 0; i < 5; i++) {
		struct host_vmbus_channel *channel =
		    host_vmbus_channel(lab->at_host.device, 0);

		assert_int_equal(host_vmbus_gpadl_length(channel,
				     gpadl[i].handle),
		    (30 + i) * 4096);
	}
	for (unsigned i = 0; i < 5; i++)
		vmbus_gpadl_give(lab->channel, &gpadl[4 - i]);
}

/* Nothing of it was posted: nothing is. */
static void
test_given_back_at_once(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	uint64_t posts;
	size_t pages;

	start(lab);
	pages = lab_pages(lab);
	posts = lab_counts(lab)->posts;
	lab_lend(lab, &gpadl, 100);
	vmbus_gpadl_give(lab->channel, &gpadl);
	assert_int_equal(lab_pages(lab), pages);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab_counts(lab)->posts, posts);
	assert_int_equal(lab->done, 0);
}

/* Between the first message and the answer: then it is asked back, when the
 * host has all of it. */
static void
test_given_back_before_it_is_answered(void **state)
{
	struct lab *lab = *state;
	struct sim *sim;
	size_t pages;

	start(lab);
	sim = lab->partition.world->sim;
	pages = lab_pages(lab);
	for (unsigned steps = 0; steps < 16; steps++) {
		struct vmbus_gpadl gpadl;

		lab_lend(lab, &gpadl, 300);
		for (unsigned i = 0; i < steps; i++) {
			pv_bus_poll(lab->partition.world->bus, 1);
			if (i % 2 == 1 && sim_next_event(sim) != PV_NEVER)
				sim_advance(sim, sim_next_event(sim));
		}
		lab->done = 0;
		vmbus_gpadl_give(lab->channel, &gpadl);
		memset(&gpadl, 0x5a, sizeof(gpadl)); /* it is nobody's */
		lab_run(lab, PV_SECOND);
		assert_int_equal(lab->done, 0);
		assert_int_equal(lab_pages(lab), pages);
		assert_int_equal(lab_counts(lab)->gpadls, 1);
		assert_null(lab->partition.vmbus->lent->next);
	}
}

/* 34: the host has none of it. */
static void
test_h34_refused(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	size_t pages;

	start(lab);
	pages = lab_pages(lab);
	message(lab, HV_VMBUS_GPADL_CREATED, HOST_MESSAGE_WORD, 4,
	    HV_NTSTATUS_UNSUCCESSFUL);
	lab_lend(lab, &gpadl, 3);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->done_error, PV_EACCES);
	assert_int_equal(gpadl.handle, 0);
	assert_non_null(gpadl.memory);
	vmbus_gpadl_give(lab->channel, &gpadl);
	assert_int_equal(lab_pages(lab), pages);
}

/* 29: it may have it all the same. */
static void
test_h29_never_answered(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	size_t pages;

	start(lab);
	pages = lab_pages(lab);
	message(lab, HV_VMBUS_GPADL_CREATED, HOST_MESSAGE_DROP, 0, 0);
	lab_lend(lab, &gpadl, 3);
	lab_run(lab, VMBUS_PATIENCE - PV_SECOND);
	assert_int_equal(lab->done, 0);
	lab_run(lab, 2 * PV_SECOND);
	assert_int_equal(lab->done, 1);
	assert_int_equal(lab->done_error, PV_ETIMEDOUT);
	assert_int_equal(gpadl.handle, 0);
	vmbus_gpadl_give(lab->channel, &gpadl);
	assert_int_equal(lab_pages(lab), pages + 3);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab_pages(lab), pages);
}

/* 45: never let go of is never freed; and when it is late, it is freed. */
static void
test_h45_never_let_go_of(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	struct host_hyperv_manners *manners;
	size_t pages;

	start(lab);
	manners = host_hyperv_manners(lab->partition.host);
	lab_lend(lab, &gpadl, 30);
	lab_run(lab, 100 * PV_MILLISECOND);
	pages = lab_pages(lab);
	manners->gpadl_hold = true;
	vmbus_gpadl_give(lab->channel, &gpadl);
	lab_run(lab, VMBUS_PATIENCE - PV_SECOND);
	assert_int_equal(lab->device->stats.held, 0);
	lab_run(lab, 2 * PV_SECOND);
	assert_int_equal(lab->device->stats.held, 30);
	assert_int_equal(lab->partition.device->stats.held, 30);
	world_has_line(lab->partition.world,
	    "hyperv0: channel 1: the host does not let go of 30 pages");
	lab_run(lab, 100 * PV_SECOND);
	assert_int_equal(lab_pages(lab), pages);
	assert_int_equal(lab->device->stats.held, 30);
	manners->gpadl_hold = false;
}

static void
test_let_go_of_late(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	struct hv_vmbus_gpadl_torndown late = {
		.header.type = HV_VMBUS_GPADL_TORNDOWN
	};
	size_t pages;

	start(lab);
	pages = lab_pages(lab);
	lab_lend(lab, &gpadl, 5);
	lab_run(lab, 100 * PV_MILLISECOND);
	late.gpadl = gpadl.handle;
	host_hyperv_manners(lab->partition.host)->gpadl_hold = true;
	vmbus_gpadl_give(lab->channel, &gpadl);
	lab_run(lab, 20 * PV_SECOND);
	assert_int_equal(lab->device->stats.held, 5);
	host_hyperv_manners(lab->partition.host)->gpadl_hold = false;
	host_hyperv_send(lab->partition.host, HV_MESSAGE_VMBUS, &late,
	    sizeof(late));
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->device->stats.held, 0);
	assert_int_equal(lab->partition.device->stats.held, 0);
	assert_int_equal(lab_pages(lab), pages);
}

/* 34: not asked back, and torn down all the same: it stays lent. */
static void
test_h34_torn_down_unasked(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	struct hv_vmbus_gpadl_torndown unasked = {
		.header.type = HV_VMBUS_GPADL_TORNDOWN
	};
	size_t pages;

	start(lab);
	lab_lend(lab, &gpadl, 5);
	lab_run(lab, 100 * PV_MILLISECOND);
	pages = lab_pages(lab);
	unasked.gpadl = gpadl.handle;
	host_hyperv_send(lab->partition.host, HV_MESSAGE_VMBUS, &unasked,
	    sizeof(unasked));
	unasked.gpadl = 0;
	host_hyperv_send(lab->partition.host, HV_MESSAGE_VMBUS, &unasked,
	    sizeof(unasked));
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab_pages(lab), pages);
	assert_int_equal(lab->partition.device->stats.bad_id, 2);
	vmbus_gpadl_give(lab->channel, &gpadl);
}

/* 37: the driver goes with all that it has lent, and gives nothing back. */
static void
test_h37_the_driver_goes(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl[2];

	start(lab);
	lab_lend(lab, &gpadl[0], 40);
	lab_run(lab, 100 * PV_MILLISECOND);
	lab_lend(lab, &gpadl[1], 40);
	host_vmbus_rescind(lab->at_host.device);
	lab_run(lab, 20 * PV_SECOND);
	assert_null(lab->channel);
	assert_null(gpadl[0].memory);
	assert_null(gpadl[1].memory);
	assert_null(lab->partition.vmbus->lent);
	assert_int_equal(lab_counts(lab)->gpadls, 0);
	/* of the second the host heard when it had no channel for it any more,
	 * which nobody could know */
	assert_int_equal(lab_counts(lab)->refused, 0);
}

/* 29: a host that lets a channel go, and keeps its memory: the channel is given
 * back after a while, the pages are not freed. */
static void
test_h45_held_beyond_the_channel(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;

	start(lab);
	lab_lend(lab, &gpadl, 40);
	lab_run(lab, 100 * PV_MILLISECOND);
	host_hyperv_manners(lab->partition.host)->gpadl_hold = true;
	host_vmbus_rescind(lab->at_host.device);
	lab_run(lab, VMBUS_PATIENCE - PV_SECOND);
	assert_null(lab->channel);
	assert_int_equal(lab->partition.vmbus->count, 1);
	lab_run(lab, 20 * PV_SECOND);
	assert_int_equal(lab->partition.vmbus->count, 0);
	assert_int_equal(lab->partition.device->stats.held, 48);
	host_hyperv_manners(lab->partition.host)->gpadl_hold = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_messages_for_so_many_pages),
		lab_test(test_what_cannot_be_lent),
		lab_test(test_several_at_once),
		lab_test(test_given_back_at_once),
		lab_test(test_given_back_before_it_is_answered),
		lab_test(test_h34_refused),
		lab_test(test_h29_never_answered),
		lab_test(test_h45_never_let_go_of),
		lab_test(test_let_go_of_late),
		lab_test(test_h34_torn_down_unasked),
		lab_test(test_h37_the_driver_goes),
		lab_test(test_h45_held_beyond_the_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
