/* SPDX-License-Identifier: ISC */
/* Event channels by queues, as the model of Xen fills them; the guest's side is
 * played by hand, after "Event Channel: FIFO-based ABI". */
#include "tests/support/xen_host.h"

#define PENDING (1u << XEN_FIFO_PENDING)
#define MASKED (1u << XEN_FIFO_MASKED)
#define LINKED (1u << XEN_FIFO_LINKED)
#define WORDS XEN_FIFO_WORDS_PER_PAGE

struct fifo {
	struct world *world;
	struct xen_shared_info *shared;
	struct xen_fifo_control *control[2];
	uint32_t *words;
	uint64_t frame; /* of the control blocks */
	uint32_t ports[4];
	struct host_port *ends[4];
};

static void
nothing(void *argument)
{
	(void)argument;
}

static long
init_control(struct world *world, uint64_t frame, uint32_t offset,
    uint32_t vcpu)
{
	struct xen_evtchn_init_control init = { .frame = frame,
		.offset = offset,
		.vcpu = vcpu };
	long result = event_op(world, XEN_EVTCHN_INIT_CONTROL, &init);

	if (result == 0)
		assert_int_equal(init.link_bits, 17);
	return result;
}

static long
expand(struct world *world, uint32_t **words)
{
	struct xen_evtchn_expand_array array;

	*words = guest_pages(world, 1, &array.frame);
	return event_op(world, XEN_EVTCHN_EXPAND_ARRAY, &array);
}

/* Two vCPUs, one page of words, and four ports to domain 0. */
static void
begin(struct fifo *fifo, struct world *world)
{
	uint8_t *page;

	memset(fifo, 0, sizeof(*fifo));
	fifo->world = world;
	world_machine(world, "xen");
	sim_machine_set_cpus(world->machine, 2);
	fifo->shared = place_shared(world);
	page = guest_pages(world, 1, &fifo->frame);
	for (uint32_t i = 0; i < 2; i++) {
		fifo->control[i] = (void *)(page + 2048 * i);
		assert_int_equal(init_control(world, fifo->frame, 2048 * i, i),
		    0);
	}
	assert_int_equal(expand(world, &fifo->words), 0);
	for (unsigned i = 0; i < 4; i++) {
		fifo->ports[i] = open_port(world, 0);
		fifo->ends[i] = host_port_connect(world_xen(world),
		    fifo->ports[i], nothing, NULL);
	}
}

static void
priority(struct fifo *fifo, unsigned index, uint32_t value)
{
	struct xen_evtchn_set_priority set = { fifo->ports[index], value };

	assert_int_equal(event_op(fifo->world, XEN_EVTCHN_SET_PRIORITY, &set),
	    0);
}

/* The guest takes the head of a queue; 0: it was the last. */
static uint32_t
consume(struct fifo *fifo, unsigned cpu, unsigned queue)
{
	uint32_t port = fifo->control[cpu]->head[queue];
	uint32_t *word = &fifo->words[port];
	uint32_t link = *word & XEN_FIFO_LINK_MASK;

	*word &= ~(LINKED | XEN_FIFO_LINK_MASK);
	fifo->control[cpu]->head[queue] = link;
	*word &= ~PENDING;
	return link;
}

static void
test_events_are_queued_in_order(void **state)
{
	struct fifo fifo;

	begin(&fifo, *state);
	for (unsigned i = 0; i < 4; i++)
		host_port_send(fifo.ends[3 - i]);
	host_port_send(fifo.ends[3]); /* is queued already */
	assert_int_equal(fifo.control[0]->ready, 1 << 7);
	assert_int_equal(fifo.shared->vcpu[0].upcall_pending, 1);
	assert_int_equal(fifo.control[0]->head[7], fifo.ports[3]);
	for (unsigned i = 3; i > 0; i--) {
		assert_int_equal(fifo.words[fifo.ports[i]],
		    PENDING | LINKED | fifo.ports[i - 1]);
		assert_int_equal(consume(&fifo, 0, 7), fifo.ports[i - 1]);
	}
	assert_int_equal(consume(&fifo, 0, 7), 0);
	/* the next one begins the queue anew */
	fifo.control[0]->ready = 0;
	fifo.shared->vcpu[0].upcall_pending = 0;
	host_port_send(fifo.ends[2]);
	assert_int_equal(fifo.control[0]->head[7], fifo.ports[2]);
	assert_int_equal(fifo.control[0]->ready, 1 << 7);
	assert_int_equal(fifo.shared->vcpu[0].upcall_pending, 1);
	give_back(*state);
}

static void
test_one_more_while_the_guest_drains(void **state)
{
	struct fifo fifo;

	begin(&fifo, *state);
	host_port_send(fifo.ends[0]);
	fifo.control[0]->ready = 0;
	fifo.shared->vcpu[0].upcall_pending = 0;
	host_port_send(fifo.ends[1]); /* behind the first one */
	assert_int_equal(fifo.control[0]->ready, 0);
	assert_int_equal(fifo.shared->vcpu[0].upcall_pending, 0);
	assert_int_equal(consume(&fifo, 0, 7), fifo.ports[1]);
	assert_int_equal(consume(&fifo, 0, 7), 0);
	give_back(*state);
}

static void
test_a_port_again_as_its_own_tail(void **state)
{
	struct fifo fifo;

	begin(&fifo, *state);
	for (unsigned i = 0; i < 3; i++) {
		host_port_send(fifo.ends[0]);
		assert_int_equal(fifo.control[0]->head[7], fifo.ports[0]);
		assert_int_equal(fifo.control[0]->ready, 1 << 7);
		assert_int_equal(consume(&fifo, 0, 7), 0);
		fifo.control[0]->ready = 0;
	}
	give_back(*state);
}

static void
test_priorities(void **state)
{
	struct xen_evtchn_set_priority set = { .priority = 16 };
	struct world *world = *state;
	struct fifo fifo;

	begin(&fifo, world);
	priority(&fifo, 0, XEN_FIFO_PRIORITY_LOWEST);
	priority(&fifo, 1, XEN_FIFO_PRIORITY_HIGHEST);
	host_port_send(fifo.ends[0]);
	host_port_send(fifo.ends[1]);
	assert_int_equal(fifo.control[0]->ready, 1 << 15 | 1 << 0);
	assert_int_equal(fifo.control[0]->head[15], fifo.ports[0]);
	assert_int_equal(fifo.control[0]->head[0], fifo.ports[1]);
	set.port = fifo.ports[0];
	assert_int_equal(event_op(world, XEN_EVTCHN_SET_PRIORITY, &set),
	    -XEN_EINVAL);
	set = (struct xen_evtchn_set_priority){ 100000, 3 };
	assert_int_equal(event_op(world, XEN_EVTCHN_SET_PRIORITY, &set),
	    -XEN_EINVAL);
	give_back(world);
}

/* The tail of one queue goes to another: the first one is empty then. */
static void
test_a_tail_changes_its_queue(void **state)
{
	struct fifo fifo;

	begin(&fifo, *state);
	host_port_send(fifo.ends[0]);
	assert_int_equal(consume(&fifo, 0, 7), 0);
	priority(&fifo, 0, 3);
	host_port_send(fifo.ends[0]);
	assert_int_equal(fifo.control[0]->head[3], fifo.ports[0]);
	host_port_send(fifo.ends[1]); /* must not go behind it */
	assert_int_equal(fifo.control[0]->head[7], fifo.ports[1]);
	assert_int_equal(fifo.words[fifo.ports[0]] & XEN_FIFO_LINK_MASK, 0);
	give_back(*state);
}

static void
test_masked_is_not_queued(void **state)
{
	struct xen_evtchn_unmask unmask;
	struct fifo fifo;

	begin(&fifo, *state);
	fifo.words[fifo.ports[0]] = MASKED;
	host_port_send(fifo.ends[0]);
	assert_int_equal(fifo.words[fifo.ports[0]], MASKED | PENDING);
	assert_int_equal(fifo.control[0]->ready, 0);
	unmask.port = fifo.ports[0];
	assert_int_equal(event_op(*state, XEN_EVTCHN_UNMASK, &unmask), 0);
	assert_int_equal(fifo.words[fifo.ports[0]], LINKED | PENDING);
	assert_int_equal(fifo.control[0]->head[7], fifo.ports[0]);
	/* once more does nothing */
	assert_int_equal(event_op(*state, XEN_EVTCHN_UNMASK, &unmask), 0);
	assert_int_equal(consume(&fifo, 0, 7), 0);
	give_back(*state);
}

static void
test_vcpus_have_their_own_queues(void **state)
{
	struct xen_evtchn_bind_vcpu move = { .vcpu = 1 };
	struct fifo fifo;

	begin(&fifo, *state);
	move.port = fifo.ports[2];
	assert_int_equal(event_op(*state, XEN_EVTCHN_BIND_VCPU, &move), 0);
	host_port_send(fifo.ends[2]);
	assert_int_equal(fifo.control[0]->ready, 0);
	assert_int_equal(fifo.control[1]->head[7], fifo.ports[2]);
	assert_int_equal(fifo.shared->vcpu[1].upcall_pending, 1);
	give_back(*state);
}

static void
test_words_come_later_than_events(void **state)
{
	struct world *world = *state;
	struct host_port *end;
	struct xen_fifo_control *control;
	uint32_t *words, port;
	uint64_t frame;

	world_machine(world, "xen");
	port = open_port(world, 0);
	end = host_port_connect(world_xen(world), port, nothing, NULL);
	host_port_send(end); /* in two levels */
	control = guest_pages(world, 1, &frame);
	assert_int_equal(init_control(world, frame, 0, 0), 0);
	assert_int_equal(control->ready, 0);
	assert_int_equal(expand(world, &words), 0);
	assert_int_equal(words[port], PENDING | LINKED);
	assert_int_equal(control->head[7], port);
	give_back(world);
}

static void
test_array_of_many_pages(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_bind_ipi ipi = { .vcpu = 0 };
	struct xen_evtchn_send send;
	struct xen_evtchn_expand_array array = { 0 };
	struct xen_fifo_control *control;
	uint32_t *words[128];
	uint64_t frame;

	world_machine(world, "xen");
	assert_true(sim_machine_set_xen(world->machine,
	    &(struct host_xen_config){ .domain = 7, .ports = 131071 }));
	control = guest_pages(world, 1, &frame);
	assert_int_equal(init_control(world, frame, 0, 0), 0);
	do
		assert_int_equal(event_op(world, XEN_EVTCHN_BIND_IPI, &ipi), 0);
	while (ipi.port < 5000);
	send.port = ipi.port;
	assert_int_equal(event_op(world, XEN_EVTCHN_SEND, &send), 0);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(expand(world, &words[i]), 0);
	assert_int_equal(words[4][5000 - 4096], PENDING | LINKED);
	assert_int_equal(control->head[7], 5000);
	assert_int_equal(event_op(world, XEN_EVTCHN_EXPAND_ARRAY, &array),
	    -XEN_ENOSPC);
	give_back(world);
}

static void
test_init_control_errors(void **state)
{
	struct world *world = *state;
	uint64_t frame;
	uint32_t *words;

	world_machine(world, "xen");
	guest_pages(world, 1, &frame);
	assert_int_equal(init_control(world, frame, 0, 1), -XEN_ENOENT);
	assert_int_equal(init_control(world, frame, 4, 0), -XEN_EINVAL);
	assert_int_equal(init_control(world, frame, 4032, 0), -XEN_EINVAL);
	assert_int_equal(init_control(world, 0, 0, 0), -XEN_EINVAL);
	assert_int_equal(expand(world, &words), -XEN_EOPNOTSUPP);
	assert_int_equal(init_control(world, frame, 4024, 0), 0);
	assert_int_equal(init_control(world, frame, 0, 0), -XEN_EINVAL);
	assert_int_equal(event_op(world, XEN_EVTCHN_INIT_CONTROL, NULL),
	    -XEN_EFAULT);
	give_back(world);
}

static void
test_a_xen_without_fifo(void **state)
{
	struct world *world = *state;
	uint64_t frame;

	world_machine(world, "xen");
	assert_true(sim_machine_set_xen(world->machine,
	    &(struct host_xen_config){ .domain = 7, .no_fifo = true }));
	guest_pages(world, 1, &frame);
	assert_int_equal(init_control(world, frame, 0, 0), -XEN_ENOSYS);
	give_back(world);
}

static void
test_reset_goes_back_to_two_levels(void **state)
{
	struct world *world = *state;
	struct xen_evtchn_reset reset = { XEN_DOMID_SELF };
	struct host_port *end;
	struct fifo fifo;
	uint32_t port;

	begin(&fifo, world);
	assert_int_equal(event_op(world, XEN_EVTCHN_RESET, &reset), 0);
	memset(fifo.words, 0, 4096);
	port = open_port(world, 0);
	end = host_port_connect(world_xen(world), port, nothing, NULL);
	host_port_send(end);
	assert_int_equal(fifo.words[port], 0);
	assert_int_equal(fifo.shared->pending[0], 1u << port);
	assert_int_equal(init_control(world, fifo.frame, 0, 0), 0);
	give_back(world);
}

/* Whatever the guest writes into words and heads hurts only itself. */
static void
test_a_guest_of_bad_words(void **state)
{
	struct world *world = *state;
	struct fifo fifo;

	begin(&fifo, world);
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t port = (uint32_t)sim_random(world->sim, WORDS);

		fifo.words[port] = (uint32_t)sim_random(world->sim, 0);
		fifo.control[0]->head[sim_random(world->sim, 16)] =
		    (uint32_t)sim_random(world->sim, 0);
		host_xen_raise(world_xen(world),
		    (uint32_t)sim_random(world->sim, 2048));
		priority(&fifo, (unsigned)sim_random(world->sim, 4),
		    (uint32_t)sim_random(world->sim, 16));
		host_port_send(fifo.ends[sim_random(world->sim, 4)]);
	}
	pass(world, PV_SECOND);
	give_back(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_events_are_queued_in_order),
		world_test(test_one_more_while_the_guest_drains),
		world_test(test_a_port_again_as_its_own_tail),
		world_test(test_priorities),
		world_test(test_a_tail_changes_its_queue),
		world_test(test_masked_is_not_queued),
		world_test(test_vcpus_have_their_own_queues),
		world_test(test_words_come_later_than_events),
		world_test(test_array_of_many_pages),
		world_test(test_init_control_errors),
		world_test(test_a_xen_without_fifo),
		world_test(test_reset_goes_back_to_two_levels),
		world_test(test_a_guest_of_bad_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
