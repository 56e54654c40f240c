/* SPDX-License-Identifier: ISC */
/* Several channels: each a queue, and each perhaps of another CPU. */
#include <stdio.h>

#include "tests/support/hv_vif.h"

static uint8_t bytes[1514];

/* Poll the queues that other CPUs have, on those. */
static void
poll_cpus(struct hv_vif *vif)
{
	for (unsigned i = 0; i < vif->nic->queues; i++) {
		unsigned cpu = hv_vif_queue(vif, i)->cpu;

		if (cpu == 0)
			continue;
		sim_machine_set_cpu(vif->world->machine, cpu);
		while (pv_nic_poll(vif->nic, i, 64))
			continue;
		sim_machine_set_cpu(vif->world->machine, 0);
	}
}

static void
run_cpus(struct hv_vif *vif, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		poll_cpus(vif);
		hv_vif_run(vif, PV_MILLISECOND / 4);
	}
}

static void
own_all(struct hv_vif *vif)
{
	for (unsigned i = 0; i < vif->nic->queues; i++)
		assert_int_equal(pv_nic_own(vif->nic, i, i), PV_OK);
	hv_vif_run(vif, PV_MILLISECOND);
}

static void
test_as_many_queues_as_cpus(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start_cpus(vif, 4);
	assert_int_equal(vif->nic->queues, 4);
	assert_int_equal(host_netvsp_counts(vif->net)->channels, 4);
	assert_true(host_netvsp_counts(vif->net)->rss);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

static void
test_no_more_queues_than_the_host_has(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_machine(vif, NULL, 8);
	hv_vif_nic(vif, &(struct host_netvsp_config){ .max_channels = 3 });
	hv_vif_attach(vif);
	assert_int_equal(vif->nic->queues, 3);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

static void
test_no_more_queues_than_there_is_use_for(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_machine(vif, NULL, 16);
	hv_vif_nic(vif, &(struct host_netvsp_config){ .max_channels = 64 });
	hv_vif_attach(vif);
	assert_int_equal(vif->nic->queues, HVN_QUEUES);
	assert_int_equal(host_netvsp_counts(vif->net)->channels, HVN_QUEUES);
}

static void
test_before_nvs_5_there_is_one_queue(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_machine(vif, NULL, 4);
	hv_vif_nic(vif,
	    &(struct host_netvsp_config){ .max_channels = 4,
		.version_max = HV_NVSP_4 });
	hv_vif_attach(vif);
	assert_int_equal(vif->nic->queues, 1);
	hv_vif_works(vif);
}

static void
test_frames_go_out_on_every_queue(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	hv_vif_start_cpus(vif, 4);
	for (unsigned i = 0; i < 4; i++) {
		vif_pattern(bytes, 700, i);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, 700);
		hv_vif_transmit(vif, i, &frame);
		pv_nic_kick(vif->nic, i);
		hv_vif_wait(vif, &frame);
		assert_int_equal(frame.frame.error, PV_OK);
		assert_int_equal(vif->peer.first->queue, i);
		assert_memory_equal(vif->peer.first->bytes, bytes, 700);
		hv_vif_forget(&vif->peer);
	}
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

static void
test_queues_of_other_cpus_work_there(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[4][50];

	hv_vif_start_cpus(vif, 4);
	own_all(vif);
	vif->drop = true;
	vif_pattern(bytes, sizeof(bytes), 1);
	for (unsigned q = 0; q < 4; q++) {
		sim_machine_set_cpu(vif->world->machine, q);
		for (unsigned i = 0; i < 50; i++) {
			vif_frame(&frames[q][i], bytes, PV_NO_PHYSICAL,
			    sizeof(bytes));
			hv_vif_transmit(vif, q, &frames[q][i]);
		}
		pv_nic_kick(vif->nic, q);
		sim_machine_set_cpu(vif->world->machine, 0);
	}
	run_cpus(vif, 50);
	for (unsigned q = 0; q < 4; q++)
		for (unsigned i = 0; i < 50; i++) {
			assert_int_equal(frames[q][i].done, 1);
			assert_int_equal(frames[q][i].frame.error, PV_OK);
		}
	assert_int_equal(vif->peer.count, 200);
	/* nobody else completes them: the bus has not */
	assert_true(hv_vif_queue(vif, 3)->apart.requests >= 50);
}

static void
test_frames_come_in_on_the_queue_of_their_flow(void **state)
{
	struct hv_vif *vif = *state;
	unsigned seen = 0;

	hv_vif_start_cpus(vif, 4);
	own_all(vif);
	for (unsigned flow = 0; flow < 64; flow++) {
		vif_packet(bytes, 200, false, true);
		hv_vif_address(vif, bytes);
		bytes[34] = (uint8_t)(flow * 37); /* a port */
		bytes[35] = (uint8_t)flow;
		assert_true(host_netvsp_send(vif->net,
		    &(struct host_nv_frame){ .bytes = bytes,
			.length = 200,
			.channel = HOST_NV_BY_HASH }));
		run_cpus(vif, 1);
	}
	run_cpus(vif, 10);
	assert_int_equal(vif->guest.count, 64);
	for (struct hv_arrived *a = vif->guest.first; a != NULL; a = a->next)
		seen |= 1u << a->queue;
	assert_int_equal(seen, 0xf);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
}

/* The host says which channel it wants a flow on. */
static void
test_the_send_table_is_followed_on_one_cpu(void **state)
{
	static const uint32_t table[16] = { 3, 2, 1, 0, 3, 3, 3, 3, 2, 2, 2, 2,
		1, 1, 1, 1 };
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	hv_vif_start_cpus(vif, 4);
	host_netvsp_table(vif->net, table);
	hv_vif_run(vif, PV_MILLISECOND);
	for (uint32_t hash = 16; hash < 48; hash++) {
		vif_pattern(bytes, 100, hash);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, 100);
		frame.frame.hash = hash;
		assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
		assert_int_equal(vif->peer.first->queue, table[hash % 16]);
		hv_vif_forget(&vif->peer);
	}
	/* another CPU's queue is not ours to send on */
	own_all(vif);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 100);
	frame.frame.hash = 16;
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	assert_int_equal(vif->peer.first->queue, 0);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

/* Entries that cannot be are counted, and nothing goes astray. */
static void
test_h5_send_table_names_channels_that_are_not(void **state)
{
	static const uint32_t table[16] = { UINT32_MAX, 8, 7, 65, 4, 5, 6, 1 };
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	hv_vif_start_cpus(vif, 4);
	host_netvsp_table(vif->net, table);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(vif->device->stats.bad_index, 3);
	for (uint32_t hash = 16; hash < 32; hash++) {
		vif_pattern(bytes, 100, hash);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, 100);
		frame.frame.hash = hash;
		assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	}
	assert_int_equal(vif->peer.count, 16);
}

static void
test_h20_send_table_outside_of_its_message(void **state)
{
	static const uint32_t table[16] = { 0 };
	struct hv_vif *vif = *state;

	hv_vif_start_cpus(vif, 2);
	host_netvsp_manners(vif->net)->send_table_offset = 41;
	host_netvsp_table(vif->net, table);
	host_netvsp_manners(vif->net)->send_table_offset = UINT32_MAX;
	host_netvsp_table(vif->net, table);
	host_netvsp_manners(vif->net)->send_table_offset = 0xffffffc0u;
	host_netvsp_table(vif->net, table);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(vif->device->stats.bad_length, 3);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(hv_vif_hvn(vif)->table[i], i % 2);
	hv_vif_works(vif);
}

/* Up to NVS 6 hosts name the wrong offset, and the table is where it is. */
static void
test_send_table_of_old_hosts(void **state)
{
	static const uint32_t table[16] = { 1, 1, 1, 1 };
	struct hv_vif *vif = *state;

	hv_vif_machine(vif, NULL, 2);
	hv_vif_nic(vif,
	    &(struct host_netvsp_config){ .max_channels = 2,
		.version_max = HV_NVSP_6 });
	hv_vif_attach(vif);
	host_netvsp_manners(vif->net)->send_table_offset = 28;
	host_netvsp_table(vif->net, table);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(hv_vif_hvn(vif)->table[0], 1);
	assert_int_equal(hv_vif_hvn(vif)->table[4], 0);
	assert_int_equal(vif->device->stats.bad_length, 0);
}

/* ---- Sub-channels that do not come, or too many ------------------------ */

static void
subs(struct hv_vif *vif, unsigned said, unsigned queues)
{
	hv_vif_machine(vif, NULL, 4);
	hv_vif_nic(vif, &(struct host_netvsp_config){ .max_channels = 4 });
	host_netvsp_manners(vif->net)->has_subs = true;
	host_netvsp_manners(vif->net)->subs = said;
	hv_vif_attach(vif);
	hv_vif_until(vif, hv_vif_is_up, "up");
	assert_int_equal(vif->nic->queues, queues);
	hv_vif_works(vif);
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
}

static void
test_h36_more_subs_than_were_asked_for(void **state)
{
	struct hv_vif *vif = *state;

	subs(vif, 20, 4);
	assert_int_equal(vif->device->stats.bad_value, 1);
}

static void
test_h31_subs_by_the_billion(void **state)
{
	struct hv_vif *vif = *state;

	subs(vif, 0x7fffffff, 4);
	assert_int_equal(vif->device->stats.bad_value, 1);
}

static void
test_h36_fewer_subs_than_were_asked_for(void **state)
{
	subs(*state, 1, 2);
}

static void
test_h36_no_subs(void **state)
{
	subs(*state, 0, 1);
}

/* ---- Owners ----------------------------------------------------------- */

static void
test_queues_and_cpus_that_are_not(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start_cpus(vif, 2);
	assert_int_equal(pv_nic_own(vif->nic, 2, 0), PV_EINVAL);
	assert_int_equal(pv_nic_own(vif->nic, 0, 2), PV_EINVAL);
	assert_int_equal(pv_nic_own(vif->nic, 99, 0), PV_EINVAL);
	assert_int_equal(pv_nic_own(vif->nic, 1, 1), PV_OK);
	assert_int_equal(pv_nic_own(vif->nic, 1, 0), PV_OK);
	hv_vif_run(vif, PV_MILLISECOND);
	hv_vif_works(vif);
}

/* Requests about the NIC go over the channel of queue 0, wherever that is. */
static bool
is_promiscuous(struct hv_vif *vif)
{
	return (host_netvsp_counts(vif->net)->filter & HV_FILTER_PROMISCUOUS) !=
	    0;
}

static void
test_requests_go_over_another_cpus_queue(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start_cpus(vif, 4);
	assert_int_equal(pv_nic_own(vif->nic, 0, 3), PV_OK);
	assert_int_equal(pv_nic_promiscuous(vif->nic, true), PV_OK);
	hv_vif_run(vif, 10 * PV_MILLISECOND);
	assert_false(is_promiscuous(vif)); /* that CPU has slept */
	for (unsigned i = 0; i < 100 && !is_promiscuous(vif); i++)
		run_cpus(vif, 1);
	assert_true(is_promiscuous(vif));
	/* and what the host tells arrives there */
	host_netvsp_link(vif->net, false);
	for (unsigned i = 0; i < 100 && vif->nic->link; i++)
		run_cpus(vif, 1);
	assert_false(vif->nic->link);
	assert_int_equal(pv_nic_own(vif->nic, 0, 0), PV_OK);
}

/* A new connection while others have the queues. */
static void
test_reconnects_with_queues_of_other_cpus(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[4];

	hv_vif_start_cpus(vif, 4);
	own_all(vif);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 4000), PV_OK);
	for (unsigned i = 0; i < 4000 && vif->nic->mtu != 4000; i++)
		run_cpus(vif, 1);
	assert_int_equal(vif->nic->mtu, 4000);
	assert_true(vif->nic->link);
	assert_int_equal(vif->nic->queues, 4);
	for (unsigned q = 0; q < 4; q++) {
		sim_machine_set_cpu(vif->world->machine, q);
		vif_frame(&frames[q], bytes, PV_NO_PHYSICAL, 1000);
		hv_vif_transmit(vif, q, &frames[q]);
		pv_nic_kick(vif->nic, q);
		sim_machine_set_cpu(vif->world->machine, 0);
	}
	run_cpus(vif, 50);
	for (unsigned q = 0; q < 4; q++)
		assert_int_equal(frames[q].done, 1);
	assert_int_equal(vif->peer.count, 4);
}

/* Once the owner was told that it is gone, he polls no queue of it. */
static bool
is_gone(struct hv_vif *vif)
{
	return partition_find(&vif->partition, "hvn0") == NULL;
}

static void
test_h37_taken_away_with_queues_of_other_cpus(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[4];
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start_cpus(vif, 4);
	own_all(vif);
	pages = hv_vif_pages(vif, 2, &physical);
	host_netvsp_manners(vif->net)->stop = true;
	for (unsigned q = 0; q < 4; q++) {
		sim_machine_set_cpu(vif->world->machine, q);
		vif_frame(&frames[q], pages, physical, q % 2 ? 100 : 5000);
		hv_vif_transmit(vif, q, &frames[q]);
		pv_nic_kick(vif->nic, q);
		sim_machine_set_cpu(vif->world->machine, 0);
	}
	host_netvsp_rescind(vif->net);
	hv_vif_until(vif, is_gone, "gone");
	vif->nic = NULL;
	for (unsigned q = 0; q < 4; q++) {
		assert_int_equal(frames[q].done, 1);
		assert_int_equal(frames[q].frame.error, PV_ENODEV);
	}
}

/* Until `changed` has returned, the queues are those of other CPUs. */
static unsigned running_still;

static void
changed_to_gone(struct pv_nic *nic, void *owner)
{
	struct hv_vif *vif = owner;

	assert_true(nic->gone);
	for (unsigned i = 0; i < 4; i++)
		running_still += hvn_queue_runs(hv_vif_queue(vif, i));
}

static void
test_detached_with_queues_of_other_cpus(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start_cpus(vif, 4);
	own_all(vif);
	running_still = 0;
	vif->nic->changed = changed_to_gone;
	pv_device_detach(vif->device);
	vif->nic = NULL;
	assert_int_equal(running_still, 4);
}

/* What is behind a gap is closed once its CPU has let go of it. */
static void
test_h36_a_gap_before_a_queue_of_another_cpu(void **state)
{
	struct hv_vif *vif = *state;
	struct hvn_queue *last;

	hv_vif_start_cpus(vif, 4);
	assert_int_equal(pv_nic_own(vif->nic, 3, 3), PV_OK);
	last = hv_vif_queue(vif, 3);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 4000), PV_OK);
	for (unsigned i = 0; i < 4000 && !hvn_queue_rests(last); i++)
		run_cpus(vif, 1);
	/* the second of the new ones is never said to be open */
	host_hyperv_manners(vif->host)->message_how = HOST_MESSAGE_DROP;
	host_hyperv_manners(vif->host)->message_type = HV_VMBUS_OPEN_RESULT;
	host_hyperv_manners(vif->host)->message_nth = 2;
	for (unsigned i = 0;
	     i < 4000 && hvn_queue_state(last) != HVN_QUEUE_TALK; i++)
		run_cpus(vif, 1);
	assert_int_equal(hvn_queue_state(last), HVN_QUEUE_TALK);
	hv_vif_run(vif, 3 * PV_SECOND);
	assert_int_equal(last->channel->state, VMBUS_OPEN);
	for (unsigned i = 0; i < 4000 && !vif->nic->link; i++)
		run_cpus(vif, 1);
	assert_true(vif->nic->link);
	assert_int_equal(vif->nic->queues, 2);
}

/* A CPU finds its ring broken while the owner of the bus stops all queues. */
static struct {
	struct hvn_queue *queue;
	uint64_t (*now)(void *ctx);
	unsigned left;
} meanwhile;

static uint64_t
now_and_meanwhile(void *ctx)
{
	if (meanwhile.left > 0 && --meanwhile.left == 0)
		hvn_queue_broken(meanwhile.queue, "as the test has it");
	return meanwhile.now(ctx);
}

static void
test_a_queue_breaks_while_it_is_stopped(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frame;
	struct pv_port *port;
	uint64_t physical;
	uint8_t *pages;

	hv_vif_start_cpus(vif, 2);
	port = sim_machine_own_port(vif->world->machine);
	pages = hv_vif_pages(vif, 2, &physical);
	assert_int_equal(pv_nic_own(vif->nic, 1, 1), PV_OK);
	host_netvsp_manners(vif->net)->stop = true;
	vif_frame(&frame, pages, physical, 5000);
	sim_machine_set_cpu(vif->world->machine, 1);
	hv_vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	sim_machine_set_cpu(vif->world->machine, 0);
	meanwhile.queue = hv_vif_queue(vif, 1);
	meanwhile.now = port->now;
	meanwhile.left = 1;
	port->now = now_and_meanwhile;
	hvn_queue_stop(meanwhile.queue, PV_EIO, 0);
	port->now = meanwhile.now;
	assert_true(hvn_queue_rests(meanwhile.queue));
	for (unsigned i = 0; i < 4000 && frame.done == 0; i++)
		run_cpus(vif, 1);
	assert_int_equal(frame.done, 1);
	run_cpus(vif, 4000);
	assert_true(hvn_queue_empty(meanwhile.queue));
	assert_true(hv_vif_is_broken(vif));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_as_many_queues_as_cpus),
		hv_vif_test(test_no_more_queues_than_the_host_has),
		hv_vif_test(test_no_more_queues_than_there_is_use_for),
		hv_vif_test(test_before_nvs_5_there_is_one_queue),
		hv_vif_test(test_frames_go_out_on_every_queue),
		hv_vif_test(test_queues_of_other_cpus_work_there),
		hv_vif_test(test_frames_come_in_on_the_queue_of_their_flow),
		hv_vif_test(test_the_send_table_is_followed_on_one_cpu),
		hv_vif_test(test_h5_send_table_names_channels_that_are_not),
		hv_vif_test(test_h20_send_table_outside_of_its_message),
		hv_vif_test(test_send_table_of_old_hosts),
		hv_vif_test(test_h36_more_subs_than_were_asked_for),
		hv_vif_test(test_h31_subs_by_the_billion),
		hv_vif_test(test_h36_fewer_subs_than_were_asked_for),
		hv_vif_test(test_h36_no_subs),
		hv_vif_test(test_queues_and_cpus_that_are_not),
		hv_vif_test(test_requests_go_over_another_cpus_queue),
		hv_vif_test(test_reconnects_with_queues_of_other_cpus),
		hv_vif_test(test_h37_taken_away_with_queues_of_other_cpus),
		hv_vif_test(test_detached_with_queues_of_other_cpus),
		hv_vif_test(test_h36_a_gap_before_a_queue_of_another_cpu),
		hv_vif_test(test_a_queue_breaks_while_it_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
