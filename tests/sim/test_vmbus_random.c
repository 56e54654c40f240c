/* SPDX-License-Identifier: ISC */
/*
 * Channels and what is lent on them, opened, closed, lent, given back, taken
 * away, put to sleep in any order, by a host that loses, repeats and refuses:
 * all that was asked ends, each page is freed once or counted as held, and
 * nothing moves in memory that the host does not have.
 */
#include "tests/support/vmbus_lab.h"

#define STEPS 400
#define GPADLS 4

struct chaos {
	struct lab *lab;
	struct vmbus_gpadl gpadl[GPADLS];
	bool lent[GPADLS];
	unsigned opens; /* asked for, in this life */
};

static uint64_t
number(struct chaos *chaos, uint64_t limit)
{
	return sim_random(chaos->lab->partition.world->sim, limit);
}

/* Their memory went with the channel's close, or its driver. */
static void
forget(struct chaos *chaos)
{
	for (unsigned i = 0; i < GPADLS; i++) {
		assert_null(chaos->gpadl[i].memory);
		chaos->lent[i] = false;
	}
}

static void
lend(struct chaos *chaos)
{
	unsigned i = (unsigned)number(chaos, GPADLS);
	struct vmbus_gpadl *gpadl = &chaos->gpadl[i];

	if (chaos->lent[i]) {
		vmbus_gpadl_give(chaos->lab->channel, gpadl);
		chaos->lent[i] = false;
		return;
	}
	lab_memory(chaos->lab, gpadl, 1 + number(chaos, 90));
	if (vmbus_gpadl_create(chaos->lab->channel, gpadl) == PV_OK)
		chaos->lent[i] = true;
	else
		vmbus_gpadl_give(chaos->lab->channel, gpadl);
}

static void
misbehave(struct chaos *chaos)
{
	static const unsigned types[] = { HV_VMBUS_OPEN_RESULT,
		HV_VMBUS_GPADL_CREATED, HV_VMBUS_GPADL_TORNDOWN,
		HV_VMBUS_MODIFY_CHANNEL_RESPONSE, 0 };
	struct host_hyperv_manners *manners = host_hyperv_manners(
	    chaos->lab->partition.host);

	manners->message_nth = 1 + (unsigned)number(chaos, 3);
	manners->message_type = types[number(chaos, 5)];
	manners->message_how = number(chaos, 2) == 0 ? HOST_MESSAGE_DROP
						     : HOST_MESSAGE_TWICE;
	if (number(chaos, 3) == 0) {
		manners->fail_nth = 1 + (unsigned)number(chaos, 4);
		manners->fail_code = HV_HC_POST_MESSAGE;
		manners->fail_count = (unsigned)number(chaos, 20);
		manners->fail_status = HV_STATUS_INSUFFICIENT_BUFFERS;
	}
}

static void
traffic(struct chaos *chaos)
{
	struct lab *lab = chaos->lab;
	struct ring_packet packet;

	for (uint64_t n = number(chaos, 20); n > 0; n--)
		(void)lab_send(lab, number(chaos, 500));
	vmbus_kick(lab->channel);
	if (vmbus_take(lab->channel)) {
		while (vmbus_receive(lab->channel, &packet) == 1)
			;
		(void)vmbus_done(lab->channel);
	}
}

static void
nap(struct chaos *chaos)
{
	struct lab *lab = chaos->lab;

	/* nothing is lost on the way, or all is held that was lent */
	memset(host_hyperv_manners(lab->partition.host), 0,
	    sizeof(struct host_hyperv_manners));
	assert_int_equal(vmbus_suspend(lab->partition.hyperv), PV_OK);
	assert_null(lab->partition.vmbus->lent);
	assert_null(lab->partition.vmbus->closing);
	assert_int_equal(lab->channel->state, VMBUS_CLOSED);
	forget(chaos);
	assert_int_equal(vmbus_resume(lab->partition.hyperv), PV_OK);
	lab_run(lab, 2 * PV_SECOND);
}

static void
step(struct chaos *chaos)
{
	struct lab *lab = chaos->lab;

	switch (number(chaos, 12)) {
	case 0:
	case 1:
		if (lab_try_open(lab, (uint32_t)number(chaos, 3)) == PV_OK)
			chaos->opens++;
		break;
	case 2:
		/* an open that is given up is not told of */
		if (lab->channel->state == VMBUS_OPENING)
			chaos->opens--;
		vmbus_channel_close(lab->channel);
		forget(chaos);
		break;
	case 3:
	case 4:
		lend(chaos);
		break;
	case 5:
		misbehave(chaos);
		break;
	case 6:
		(void)vmbus_channel_target(lab->channel,
		    (unsigned)number(chaos, 3));
		break;
	case 7:
		traffic(chaos);
		break;
	case 8:
		lab->at_host.refuse = number(chaos, 4) == 0;
		lab->at_host.deaf = number(chaos, 4) == 0;
		break;
	case 9:
		if (number(chaos, 4) == 0)
			lab_run(lab, 7 * PV_SECOND);
		break;
	case 10:
		if (number(chaos, 8) == 0) {
			if (lab->channel->state == VMBUS_OPENING)
				chaos->opens--;
			nap(chaos);
		}
		break;
	default:
		lab_run(lab, number(chaos, 20) * PV_MILLISECOND);
		break;
	}
}

static void
live(struct lab *lab)
{
	struct chaos chaos = { .lab = lab };
	const struct host_hyperv_config config = { .vcpus = 3,
		.version_max = sim_random(lab->partition.world->sim, 2) == 0
		    ? HV_VMBUS_5_3
		    : HV_VMBUS_3_0 };

	lab->opened = lab->rescinded = 0;
	memset(&lab->at_host, 0, sizeof(lab->at_host));
	lab_start(lab, &config);
	partition_start_cpus(&lab->partition);
	for (unsigned i = 0; i < STEPS; i++)
		step(&chaos);
	memset(host_hyperv_manners(lab->partition.host), 0,
	    sizeof(struct host_hyperv_manners));
	if (number(&chaos, 2) == 0) {
		host_vmbus_rescind(lab->at_host.device);
		lab_run(lab, 60 * PV_SECOND);
		assert_int_equal(lab->rescinded, 1);
		assert_null(lab->channel);
		forget(&chaos);
		assert_int_equal(lab->partition.vmbus->count, 0);
	} else {
		lab_run(lab, 60 * PV_SECOND);
		assert_int_not_equal(lab->channel->state, VMBUS_OPENING);
	}
	assert_int_equal(lab->opened, chaos.opens);
	partition_detach(&lab->partition);
	assert_int_equal(lab_pages(lab), 0);
	assert_int_equal(lab_counts(lab)->violations, 0);
	lab->partition.refused = lab_counts(lab)->refused;
}

static void
test_any_order(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 0; i < 40; i++)
		live(lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
