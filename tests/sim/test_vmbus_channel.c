/* SPDX-License-Identifier: ISC */
/* Channels of the model of Hyper-V: open, close, rescind, sub-channels, CPUs. */
#include "tests/support/vmbus_lab.h"

#define RINGS 8 /* pages, of those that lab_open() makes */

/* Types of the messages that the guest has posted. */
static struct {
	uint64_t (
	    *hypercall)(void *, const void *, uint64_t, uint64_t, uint64_t);
	const struct hyperv *hyperv;
	uint32_t types[256];
	unsigned count;
} posted;

static uint64_t
record(void *ctx, const void *page, uint64_t control, uint64_t input,
    uint64_t output)
{
	const struct hv_post_message *post = posted.hyperv->input_page;
	struct hv_vmbus_header header;

	if ((control & HV_INPUT_CODE) == HV_HC_POST_MESSAGE &&
	    posted.count < 256) {
		memcpy(&header, post->payload, sizeof(header));
		posted.types[posted.count++] = header.type;
	}
	return posted.hypercall(ctx, page, control, input, output);
}

static void
record_posts(struct lab *lab)
{
	struct pv_port *port = sim_machine_own_port(
	    lab->partition.world->machine);

	posted.hypercall = port->hyperv_hypercall;
	posted.hyperv = lab->partition.hyperv;
	posted.count = 0;
	port->hyperv_hypercall = record;
}

static void
was_posted(const uint32_t *types, unsigned count)
{
	assert_int_equal(posted.count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(posted.types[i], types[i]);
	posted.count = 0;
}

/* ---- Open and close ---------------------------------------------------- */

static void
test_open_and_close(void **state)
{
	static const uint32_t opening[] = { HV_VMBUS_GPADL_HEADER,
		HV_VMBUS_OPEN };
	static const uint32_t closing[] = { HV_VMBUS_CLOSE,
		HV_VMBUS_GPADL_TEARDOWN };
	struct lab *lab = *state;
	size_t pages;

	lab_start(lab, NULL);
	pages = lab_pages(lab);
	record_posts(lab);
	for (unsigned i = 1; i <= 3; i++) {
		lab_open(lab, 0);
		was_posted(opening, 2);
		assert_int_equal(lab->at_host.opened, i);
		assert_memory_equal(lab->at_host.user, "for the host\0", 13);
		assert_int_equal(lab_counts(lab)->channels, 1);
		assert_int_equal(lab_counts(lab)->gpadl_pages, RINGS);
		assert_int_equal(lab_pages(lab), pages + RINGS);
		assert_int_equal(vmbus_channel_closed(lab->channel), PV_EAGAIN);
		vmbus_channel_close(lab->channel);
		assert_int_equal(lab->channel->state, VMBUS_CLOSED);
		assert_int_equal(vmbus_channel_closed(lab->channel), PV_EAGAIN);
		assert_int_equal(lab_pages(lab), pages + RINGS);
		lab_run(lab, 100 * PV_MILLISECOND);
		was_posted(closing, 2);
		assert_int_equal(vmbus_channel_closed(lab->channel), PV_OK);
		assert_int_equal(lab->at_host.closed, i);
		assert_int_equal(lab_counts(lab)->gpadls, 0);
		assert_int_equal(lab_pages(lab), pages);
	}
}

static void
test_what_cannot_be_opened(void **state)
{
	struct lab *lab = *state;
	struct vmbus_open how = { .out_pages = 1, .in_pages = 2 };

	lab_start(lab, NULL);
	assert_int_equal(vmbus_channel_open(lab->channel, &how), PV_EINVAL);
	how = (struct vmbus_open){ .out_pages = 2, .in_pages = 1 };
	assert_int_equal(vmbus_channel_open(lab->channel, &how), PV_EINVAL);
	how = (struct vmbus_open){ .out_pages = 4096, .in_pages = 4095 };
	assert_int_equal(vmbus_channel_open(lab->channel, &how), PV_EINVAL);
	how = (struct vmbus_open){ .out_pages = 2,
		.in_pages = 2,
		.user_len = 121 };
	assert_int_equal(vmbus_channel_open(lab->channel, &how), PV_EINVAL);
	how.user_len = 0;
	how.packet_max = HV_PACKET_MAX + 1;
	assert_int_equal(vmbus_channel_open(lab->channel, &how), PV_EINVAL);
	assert_int_equal(lab->channel->state, VMBUS_CLOSED);
	lab_open(lab, 0);
	assert_int_equal(lab_try_open(lab, 0), PV_EBUSY);
}

static void
test_open_refused(void **state)
{
	struct lab *lab = *state;
	size_t pages;

	lab_start(lab, NULL);
	pages = lab_pages(lab);
	lab->at_host.refuse = true;
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_EACCES);
	assert_int_equal(lab_pages(lab), pages);
	assert_int_equal(vmbus_channel_closed(lab->channel), PV_OK);
	lab->at_host.refuse = false;
	lab_open(lab, 0);
	lab->partition.refused = 1;
}

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

/* 29: it may have opened it, and so it is closed before it is forgotten. */
static void
test_h29_open_never_answered(void **state)
{
	static const uint32_t types[] = { HV_VMBUS_GPADL_HEADER, HV_VMBUS_OPEN,
		HV_VMBUS_CLOSE, HV_VMBUS_GPADL_TEARDOWN };
	struct lab *lab = *state;
	size_t pages;

	lab_start(lab, NULL);
	pages = lab_pages(lab);
	record_posts(lab);
	message(lab, HV_VMBUS_OPEN_RESULT, HOST_MESSAGE_DROP, 0, 0);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, VMBUS_PATIENCE - PV_SECOND);
	assert_int_equal(lab->opened, 0);
	lab_run(lab, 2 * PV_SECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_ETIMEDOUT);
	was_posted(types, 4);
	assert_int_equal(lab_pages(lab), pages);
	assert_int_equal(lab_counts(lab)->channels, 0);
	lab_open(lab, 0);
}

static void
test_h29_ring_never_taken(void **state)
{
	struct lab *lab = *state;
	size_t pages;

	lab_start(lab, NULL);
	pages = lab_pages(lab);
	message(lab, HV_VMBUS_GPADL_CREATED, HOST_MESSAGE_DROP, 0, 0);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, VMBUS_PATIENCE + PV_SECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_ETIMEDOUT);
	assert_int_equal(lab->at_host.opened, 0);
	assert_int_equal(lab_pages(lab), pages);
}

static void
test_h29_silent_host(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	host_hyperv_manners(lab->partition.host)->silent = true;
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, 60 * PV_SECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_ETIMEDOUT);
	/* never freed, and said so, once */
	assert_int_equal(lab->device->stats.held, RINGS);
	assert_int_equal(lab->partition.device->stats.held, RINGS);
	assert_int_equal(vmbus_channel_closed(lab->channel), PV_EBUSY);
	world_has_line(lab->partition.world,
	    "hyperv0: channel 1: the host does not let go of 8 pages");
	host_hyperv_manners(lab->partition.host)->silent = false;
}

/* 34: answers about another, or of another kind, are nobody's. */
static void
wrong_answer(struct lab *lab, unsigned type, unsigned word)
{
	uint64_t bad;

	lab_start(lab, NULL);
	bad = lab->partition.device->stats.bad_id;
	message(lab, type, HOST_MESSAGE_WORD, word, 0x5555);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, VMBUS_PATIENCE + PV_SECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_ETIMEDOUT);
	assert_true(lab->partition.device->stats.bad_id > bad);
	lab_open(lab, 0);
}

static void
test_h34_created_for_another_channel(void **state)
{
	wrong_answer(*state, HV_VMBUS_GPADL_CREATED, 2);
}

static void
test_h34_created_for_another_gpadl(void **state)
{
	wrong_answer(*state, HV_VMBUS_GPADL_CREATED, 3);
}

static void
test_h34_opened_for_another_channel(void **state)
{
	wrong_answer(*state, HV_VMBUS_OPEN_RESULT, 2);
}

static void
test_h34_opened_for_another_open(void **state)
{
	wrong_answer(*state, HV_VMBUS_OPEN_RESULT, 3);
}

static void
test_h34_ring_refused(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	message(lab, HV_VMBUS_GPADL_CREATED, HOST_MESSAGE_WORD, 4,
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_EACCES);
	assert_int_equal(lab->at_host.opened, 0);
}

static void
test_h29_opened_twice(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	message(lab, HV_VMBUS_OPEN_RESULT, HOST_MESSAGE_TWICE, 0, 0);
	lab_open(lab, 0);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->partition.device->stats.bad_id, 1);
}

static void
test_h29_torn_down_twice(void **state)
{
	struct lab *lab = *state;
	size_t pages;

	lab_start(lab, NULL);
	pages = lab_pages(lab);
	lab_open(lab, 0);
	message(lab, HV_VMBUS_GPADL_TORNDOWN, HOST_MESSAGE_TWICE, 0, 0);
	vmbus_channel_close(lab->channel);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab_pages(lab), pages);
	assert_int_equal(lab->partition.device->stats.bad_id, 1);
}

/* 50: each message in turn cannot be posted.  Who cannot say that a channel is
 * closed does not ask for its rings, and what is not asked for is not let go. */
static void
test_h50_each_post_fails(void **state)
{
	static const size_t held[] = { 0, 0, RINGS, RINGS };
	struct lab *lab = *state;

	for (unsigned nth = 1; nth <= 4; nth++) {
		struct host_hyperv_manners *manners;

		lab->opened = 0;
		lab_start(lab, NULL);
		manners = host_hyperv_manners(lab->partition.host);
		manners->fail_nth = nth;
		manners->fail_code = HV_HC_POST_MESSAGE;
		manners->fail_status = HV_STATUS_INVALID_PARAMETER;
		assert_int_equal(lab_try_open(lab, 0), PV_OK);
		lab_run(lab, PV_SECOND);
		assert_int_equal(lab->opened, 1);
		assert_int_equal(lab->error, nth <= 2 ? PV_EINVAL : PV_OK);
		vmbus_channel_close(lab->channel);
		lab_run(lab, 20 * PV_SECOND);
		assert_int_equal(lab->partition.device->stats.held,
		    held[nth - 1]);
		assert_int_equal(lab_counts(lab)->violations, 0);
		assert_null(lab->partition.vmbus->closing);
		partition_detach(&lab->partition);
		assert_int_equal(lab_pages(lab), 0);
	}
}

static void
test_h50_no_memory(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	for (unsigned nth = 1; nth <= 4; nth++) {
		sim_machine_fail_alloc(lab->partition.world->machine, nth);
		assert_int_equal(lab_try_open(lab, 0), PV_ENOMEM);
		assert_int_equal(lab->channel->state, VMBUS_CLOSED);
	}
	sim_machine_fail_alloc(lab->partition.world->machine, 0);
	lab_open(lab, 0);
}

/* The host has no buffer for the open: it is not posted, nor is a close. */
static void
test_closed_before_the_open_is_posted(void **state)
{
	static const uint32_t types[] = { HV_VMBUS_GPADL_HEADER,
		HV_VMBUS_GPADL_TEARDOWN };
	struct lab *lab = *state;
	struct host_hyperv_manners *manners;
	size_t pages;

	lab_start(lab, NULL);
	pages = lab_pages(lab);
	record_posts(lab);
	manners = host_hyperv_manners(lab->partition.host);
	manners->fail_nth = 2;
	manners->fail_count = 1000;
	manners->fail_code = HV_HC_POST_MESSAGE;
	manners->fail_status = HV_STATUS_INSUFFICIENT_BUFFERS;
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, 50 * PV_MILLISECOND);
	assert_true(posted.count > 1);
	assert_int_equal(posted.types[posted.count - 1], HV_VMBUS_OPEN);
	vmbus_channel_close(lab->channel);
	manners->fail_count = manners->fail_nth = 0;
	posted.count = 1;
	lab_run(lab, PV_SECOND);
	was_posted(types, 2);
	assert_int_equal(lab->opened, 0);
	assert_int_equal(lab_pages(lab), pages);
}

/* From inside the call that says why not. */
static void
test_opened_again_at_once(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	lab->again = lab->at_host.refuse = true;
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->opened, 2);
	assert_int_equal(lab->error, PV_OK);
	lab->partition.refused = 1;
}

/* ---- The order in which it is closed ----------------------------------- */

static void
close_order(struct lab *lab, uint32_t version, const uint32_t *types,
    unsigned count)
{
	struct host_hyperv_config config = { .vcpus = 2,
		.version_max = version };
	struct vmbus_gpadl gpadl;

	lab_start(lab, &config);
	assert_int_equal(vmbus_version(lab->partition.hyperv), version);
	lab_open(lab, 0);
	lab_lend(lab, &gpadl, 1);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_not_equal(gpadl.handle, 0);
	record_posts(lab);
	vmbus_channel_close(lab->channel);
	assert_null(gpadl.memory);
	lab_run(lab, 100 * PV_MILLISECOND);
	was_posted(types, count);
	assert_int_equal(lab_counts(lab)->gpadls, 0);
}

/* The memory's and the ring's, behind the close. */
static void
test_closed_before_memory_is_asked_back(void **state)
{
	static const uint32_t types[] = { HV_VMBUS_CLOSE,
		HV_VMBUS_GPADL_TEARDOWN, HV_VMBUS_GPADL_TEARDOWN };

	close_order(*state, HV_VMBUS_4_0, types, 3);
}

static void
test_closed_after_memory_was_given_back(void **state)
{
	static const uint32_t types[] = { HV_VMBUS_GPADL_TEARDOWN,
		HV_VMBUS_CLOSE, HV_VMBUS_GPADL_TEARDOWN };

	close_order(*state, HV_VMBUS_3_0, types, 3);
}

static unsigned
place(uint32_t type)
{
	unsigned i = 0;

	while (i < posted.count && posted.types[i] != type)
		i++;
	return i;
}

/* The host is told of the old rings before it is asked for the new ones. */
static void
test_opened_again_before_it_is_closed(void **state)
{
	static const uint32_t versions[] = { HV_VMBUS_3_0, HV_VMBUS_5_3 };
	struct lab *lab = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct host_hyperv_config config = { .vcpus = 1,
			.version_max = versions[i] };
		struct vmbus_gpadl gpadl;

		lab_start(lab, &config);
		lab_open(lab, 0);
		lab_lend(lab, &gpadl, 3);
		lab_run(lab, 100 * PV_MILLISECOND);
		record_posts(lab);
		vmbus_channel_close(lab->channel);
		lab_open(lab, 0);
		assert_true(place(HV_VMBUS_CLOSE) < place(HV_VMBUS_OPEN));
		assert_true(place(HV_VMBUS_OPEN) < posted.count);
		assert_int_equal(lab_counts(lab)->violations, 0);
		assert_int_equal(lab_counts(lab)->gpadls, 1);
		partition_detach(&lab->partition);
	}
}

/* Given up while the host was opening it, and opened again at once. */
static void
test_opened_again_while_it_is_opened(void **state)
{
	static const uint32_t types[] = { HV_VMBUS_GPADL_HEADER, HV_VMBUS_OPEN,
		HV_VMBUS_GPADL_HEADER, HV_VMBUS_CLOSE, HV_VMBUS_GPADL_TEARDOWN,
		HV_VMBUS_OPEN };
	struct lab *lab = *state;

	lab_start(lab, NULL);
	record_posts(lab);
	message(lab, HV_VMBUS_OPEN_RESULT, HOST_MESSAGE_DROP, 0, 0);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, 100 * PV_MILLISECOND);
	vmbus_channel_close(lab->channel);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->opened, 0);
	lab_run(lab, VMBUS_PATIENCE + PV_SECOND);
	was_posted(types, 6);
	assert_int_equal(lab->opened, 1);
	assert_int_equal(lab->error, PV_OK);
	assert_int_equal(lab_counts(lab)->gpadls, 1);
}

/* ---- At each step ------------------------------------------------------ */

static void
finish(struct lab *lab)
{
	partition_detach(&lab->partition);
	assert_int_equal(lab_pages(lab), 0);
	assert_int_equal(lab_counts(lab)->gpadls, 0);
	assert_int_equal(lab_counts(lab)->violations, 0);
}

/* Open it, with memory lent, and let so many events go by. */
static void
half_open(struct lab *lab, struct vmbus_gpadl *gpadl, unsigned steps)
{
	struct sim *sim = lab->partition.world->sim;

	lab->opened = lab->rescinded = lab->done = 0;
	lab_start(lab, NULL);
	assert_int_equal(lab_try_open(lab, 0), PV_OK);
	lab_lend(lab, gpadl, 60);
	while (steps-- > 0) {
		if (steps % 2 == 0)
			lab_poll(lab);
		else if (sim_next_event(sim) != PV_NEVER)
			sim_advance(sim, sim_next_event(sim));
	}
}

/* 33, 37 */
static void
test_h33_rescinded_at_each_step(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;
	bool was_open = false;

	for (unsigned steps = 0; steps < 24; steps++) {
		half_open(lab, &gpadl, steps);
		host_vmbus_rescind(lab->at_host.device);
		lab_run(lab, PV_SECOND);
		assert_int_equal(lab->opened, 1);
		assert_true(lab->error == PV_OK || lab->error == PV_ENODEV);
		was_open |= lab->error == PV_OK;
		assert_int_equal(lab->rescinded, 1);
		assert_null(lab->channel);
		lab_run(lab, 20 * PV_SECOND);
		assert_int_equal(lab_counts(lab)->gpadls, 0);
		assert_int_equal(lab_counts(lab)->offered, 0);
		assert_null(lab->partition.vmbus->lent);
		assert_null(lab->partition.vmbus->closing);
		finish(lab);
	}
	assert_true(was_open);
}

static void
test_closed_at_each_step(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;

	for (unsigned steps = 0; steps < 24; steps++) {
		half_open(lab, &gpadl, steps);
		vmbus_channel_close(lab->channel);
		assert_null(gpadl.memory);
		lab_run(lab, 20 * PV_SECOND);
		assert_in_range(lab->opened, 0, 1);
		assert_int_equal(lab_counts(lab)->gpadls, 0);
		assert_null(lab->partition.vmbus->lent);
		assert_null(lab->partition.vmbus->closing);
		lab_open(lab, 0);
		finish(lab);
	}
}

/* 38 */
static void
test_h38_asleep_at_each_step(void **state)
{
	struct lab *lab = *state;
	struct vmbus_gpadl gpadl;

	for (unsigned steps = 0; steps < 24; steps++) {
		half_open(lab, &gpadl, steps);
		lab->suspended = lab->resumed = 0;
		assert_int_equal(vmbus_suspend(lab->partition.hyperv), PV_OK);
		assert_int_equal(lab->suspended, 1);
		assert_int_equal(lab->channel->state, VMBUS_CLOSED);
		assert_null(gpadl.memory);
		assert_null(lab->partition.vmbus->lent);
		assert_int_equal(vmbus_channel_closed(lab->channel), PV_OK);
		assert_int_equal(lab_try_open(lab, 0), PV_ENODEV);
		assert_int_equal(vmbus_resume(lab->partition.hyperv), PV_OK);
		lab_run(lab, PV_SECOND);
		assert_int_equal(lab->resumed, 1);
		lab_open(lab, 0);
		finish(lab);
	}
}

static void
test_h38_taken_away_in_its_sleep(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	lab_open(lab, 0);
	assert_int_equal(vmbus_suspend(lab->partition.hyperv), PV_OK);
	host_vmbus_rescind(lab->at_host.device);
	assert_int_equal(vmbus_resume(lab->partition.hyperv), PV_OK);
	lab_run(lab, 20 * PV_SECOND);
	assert_int_equal(lab->suspended, 1);
	assert_int_equal(lab->resumed, 0);
	assert_int_equal(lab->rescinded, 1);
	assert_null(lab->channel);
}

/* A driver that takes its time keeps what it has. */
static void
test_rescinded_and_the_driver_stays(void **state)
{
	struct lab *lab = *state;
	struct ring_packet packet;

	lab_start(lab, NULL);
	lab->stay = true;
	lab_open(lab, 0);
	host_vmbus_rescind(lab->at_host.device);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->rescinded, 1);
	assert_int_equal(lab->channel->state, VMBUS_RESCINDED);
	assert_int_equal(lab_send(lab, 8), PV_ENODEV);
	assert_int_equal(vmbus_receive(lab->channel, &packet), PV_ENODEV);
	assert_false(vmbus_take(lab->channel));
	assert_int_equal(vmbus_deadline(lab->channel), PV_NEVER);
	assert_int_equal(lab_try_open(lab, 0), PV_ENODEV);
	vmbus_channel_close(lab->channel);
	assert_int_equal(lab->channel->state, VMBUS_RESCINDED);
	vmbus_depart(lab->channel);
	lab_run(lab, 10 * PV_SECOND);
	assert_null(lab->channel);
}

/* ---- Sub-channels and CPUs --------------------------------------------- */

static void
test_subs(void **state)
{
	struct lab *lab = *state;
	const struct vmbus_open how = { .out_pages = 2,
		.in_pages = 2,
		.target = 1,
		.packet_max = 128 };

	lab_start(lab, NULL);
	partition_start_cpus(&lab->partition);
	lab_open(lab, 0);
	assert_true(host_vmbus_offer_subs(lab->at_host.device, 3));
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->subs_seen, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(vmbus_channel_open(lab->subs[i], &how), PV_OK);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->opened, 4);
	assert_int_equal(lab_counts(lab)->channels, 4);
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(host_vmbus_vcpu(
				     host_vmbus_channel(lab->at_host.device,
					 i)),
		    1);
	for (unsigned i = 0; i < 3; i++)
		vmbus_channel_close(lab->subs[i]);
	vmbus_channel_close(lab->channel);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab_counts(lab)->channels, 0);
	assert_int_equal(lab_counts(lab)->gpadls, 0);
}

/* A CPU that has not started takes no interrupts. */
static void
test_target_that_has_not_started(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	lab_open(lab, 1);
	assert_int_equal(lab->channel->cpu, 0);
	assert_int_equal(vmbus_channel_target(lab->channel, 1), PV_ENOTSUP);
	assert_int_equal(vmbus_channel_target(lab->channel, 77), PV_ENOTSUP);
}

static unsigned
vcpu(struct lab *lab)
{
	return host_vmbus_vcpu(host_vmbus_channel(lab->at_host.device, 0));
}

static void
moves(struct lab *lab, uint32_t version)
{
	struct host_hyperv_config config = { .vcpus = 2,
		.version_max = version };

	lab_start(lab, &config);
	partition_start_cpus(&lab->partition);
	lab_open(lab, 0);
	assert_int_equal(vcpu(lab), 0);
	assert_int_equal(vmbus_channel_target(lab->channel, 1), PV_OK);
	assert_int_equal(lab->channel->cpu, 1);
	lab_run(lab, PV_SECOND);
	assert_int_equal(vcpu(lab), 1);
	/* there and back before the first has been answered */
	record_posts(lab);
	assert_int_equal(vmbus_channel_target(lab->channel, 0), PV_OK);
	assert_int_equal(vmbus_channel_target(lab->channel, 1), PV_OK);
	assert_int_equal(vmbus_channel_target(lab->channel, 0), PV_OK);
	lab_run(lab, PV_SECOND);
	assert_int_equal(vcpu(lab), 0);
	assert_int_equal(posted.count, 1);
	/* and while it is being answered */
	assert_int_equal(vmbus_channel_target(lab->channel, 1), PV_OK);
	vmbus_requests_poll(lab->partition.vmbus, 1);
	assert_int_equal(vmbus_channel_target(lab->channel, 0), PV_OK);
	lab_run(lab, PV_SECOND);
	assert_int_equal(vcpu(lab), 0);
	assert_int_equal(posted.count, 3);
	assert_int_equal(lab->device->stats.bad_state, 0);
}

static void
test_target_with_an_answer(void **state)
{
	moves(*state, HV_VMBUS_5_3);
}

static void
test_target_without_an_answer(void **state)
{
	moves(*state, HV_VMBUS_4_1);
}

static void
test_target_before_4_1(void **state)
{
	struct lab *lab = *state;
	const struct host_hyperv_config config = { .vcpus = 2,
		.version_max = HV_VMBUS_4_0 };

	lab_start(lab, &config);
	partition_start_cpus(&lab->partition);
	assert_int_equal(vmbus_channel_target(lab->channel, 1), PV_ENODEV);
	lab_open(lab, 1);
	assert_int_equal(vcpu(lab), 1);
	assert_int_equal(vmbus_channel_target(lab->channel, 0), PV_ENOTSUP);
}

static void
test_h29_target_refused_or_never_answered(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, NULL);
	partition_start_cpus(&lab->partition);
	lab_open(lab, 0);
	message(lab, HV_VMBUS_MODIFY_CHANNEL_RESPONSE, HOST_MESSAGE_WORD, 3,
	    HV_NTSTATUS_UNSUCCESSFUL);
	assert_int_equal(vmbus_channel_target(lab->channel, 1), PV_OK);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->device->stats.bad_state, 1);
	message(lab, HV_VMBUS_MODIFY_CHANNEL_RESPONSE, HOST_MESSAGE_DROP, 0, 0);
	assert_int_equal(vmbus_channel_target(lab->channel, 0), PV_OK);
	lab_run(lab, VMBUS_PATIENCE + PV_SECOND);
	assert_int_equal(lab->device->stats.bad_state, 2);
	assert_int_equal(lab->channel->state, VMBUS_OPEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_open_and_close),
		lab_test(test_what_cannot_be_opened),
		lab_test(test_open_refused),
		lab_test(test_h29_open_never_answered),
		lab_test(test_h29_ring_never_taken),
		lab_test(test_h29_silent_host),
		lab_test(test_h34_created_for_another_channel),
		lab_test(test_h34_created_for_another_gpadl),
		lab_test(test_h34_opened_for_another_channel),
		lab_test(test_h34_opened_for_another_open),
		lab_test(test_h34_ring_refused),
		lab_test(test_h29_opened_twice),
		lab_test(test_h29_torn_down_twice),
		lab_test(test_h50_each_post_fails),
		lab_test(test_h50_no_memory),
		lab_test(test_closed_before_the_open_is_posted),
		lab_test(test_opened_again_at_once),
		lab_test(test_closed_before_memory_is_asked_back),
		lab_test(test_closed_after_memory_was_given_back),
		lab_test(test_opened_again_before_it_is_closed),
		lab_test(test_opened_again_while_it_is_opened),
		lab_test(test_h33_rescinded_at_each_step),
		lab_test(test_closed_at_each_step),
		lab_test(test_h38_asleep_at_each_step),
		lab_test(test_h38_taken_away_in_its_sleep),
		lab_test(test_rescinded_and_the_driver_stays),
		lab_test(test_subs),
		lab_test(test_target_that_has_not_started),
		lab_test(test_target_with_an_answer),
		lab_test(test_target_without_an_answer),
		lab_test(test_target_before_4_1),
		lab_test(test_h29_target_refused_or_never_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
