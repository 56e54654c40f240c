/* SPDX-License-Identifier: ISC */
/* Event words as a hostile host writes them, into the very pages; and what a
 * CPU does that is interrupted while it looks at them. */
#include "guest/xen/events_private.h"
#include "tests/support/xen_parts.h"

static const struct host_xen_config fifo = { .vcpus = 2, .domain = 3 };
static const struct host_xen_config two_level = { .vcpus = 2,
	.domain = 3,
	.no_fifo = true };

#define COUNT 8
#define BIT(n) (1u << (n))
#define PENDING BIT(XEN_FIFO_PENDING)
#define MASKED BIT(XEN_FIFO_MASKED)
#define LINKED BIT(XEN_FIFO_LINKED)
#define BUSY BIT(XEN_FIFO_BUSY)

/* Channels without a host at their other end: the test writes the words. */
struct bench {
	struct parts parts;
	struct xen_channel channels[COUNT];
	struct pv_stats stats;
	struct xen_fifo_control *control; /* of CPU 0 */
};

static void
bench_open(struct bench *bench, struct world *world,
    const struct host_xen_config *config)
{
	parts_new(&bench->parts, world, config);
	memset(&bench->stats, 0, sizeof(bench->stats));
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(xen_channel_open(&bench->parts.xen,
				     &bench->channels[i], 0, 0, &bench->stats),
		    PV_OK);
	if (bench->parts.xen.events->fifo != NULL)
		bench->control = (void *)bench->parts.xen.events->fifo->control;
}

static void
bench_close(struct bench *bench)
{
	for (unsigned i = 0; i < COUNT; i++)
		xen_channel_close(&bench->channels[i]);
	parts_close(&bench->parts);
}

static uint32_t
port(const struct bench *bench, unsigned i)
{
	return bench->channels[i].port;
}

static uint32_t *
word(const struct bench *bench, uint32_t number)
{
	return &bench->parts.xen.events->fifo->pages[0][number];
}

/* A queue that begins with a port. */
static void
queue(struct bench *bench, unsigned priority, uint32_t first)
{
	bench->control->head[priority] = first;
	bench->control->ready |= BIT(priority);
}

static unsigned
marked(struct bench *bench)
{
	unsigned count = 0;

	for (unsigned i = 0; i < COUNT; i++)
		count += (*bench->channels[i].state & PORT_MARKED) != 0;
	return count;
}

static uint64_t
bad(struct bench *bench)
{
	return bench->parts.device.stats.bad_index;
}

/* ---- Links ------------------------------------------------------------ */

static void
test_a_queue_is_followed(void **state)
{
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	for (unsigned i = 0; i < COUNT; i++)
		*word(&bench, port(&bench, i)) = PENDING | LINKED |
		    (i + 1 < COUNT ? port(&bench, i + 1) : 0);
	queue(&bench, 7, port(&bench, 0));
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(marked(&bench), COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(*word(&bench, port(&bench, i)), MASKED);
	bench_close(&bench);
}

/* 43 */
static void
test_a_link_to_itself(void **state)
{
	struct bench bench;
	uint32_t first;

	bench_open(&bench, *state, &fifo);
	first = port(&bench, 0);
	for (unsigned i = 0; i < 1000; i++) {
		*word(&bench, first) = PENDING | LINKED | first;
		queue(&bench, i % XEN_FIFO_QUEUES, first);
		xen_events_scan(&bench.parts.xen, 0);
		assert_int_equal(marked(&bench), 1);
		assert_true(xen_channel_take(&bench.channels[0]));
		xen_channel_done(&bench.channels[0], true);
	}
	bench_close(&bench);
}

static void
test_links_in_a_ring(void **state)
{
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	for (unsigned i = 0; i < COUNT; i++)
		*word(&bench, port(&bench, i)) = PENDING | LINKED |
		    port(&bench, (i + 1) % COUNT);
	queue(&bench, 0, port(&bench, 3));
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(marked(&bench), COUNT);
	bench_close(&bench);
}

static void
test_links_beyond_the_table(void **state)
{
	static const uint32_t ports[] = { 1024, 1025, XEN_FIFO_LINK_MASK };
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	for (unsigned i = 0; i < 3; i++) {
		*word(&bench, port(&bench, i)) = PENDING | LINKED | ports[i];
		queue(&bench, i, port(&bench, i));
	}
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(marked(&bench), 3);
	assert_int_equal(bad(&bench), 3);
	/* and the queues go on */
	for (unsigned i = 3; i < 6; i++) {
		*word(&bench, port(&bench, i)) = PENDING | LINKED;
		queue(&bench, i - 3, port(&bench, i));
	}
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(marked(&bench), 6);
	bench_close(&bench);
}

static void
test_heads_that_are_none(void **state)
{
	static const uint32_t heads[] = { 0, 1024, XEN_FIFO_PORTS, UINT32_MAX };
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	for (unsigned i = 0; i < 4; i++)
		queue(&bench, i, heads[i]);
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(bad(&bench), 4);
	assert_int_equal(marked(&bench), 0);
	bench_close(&bench);
}

static void
test_ready_bits_of_no_queue(void **state)
{
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	bench.control->ready = ~(uint32_t)0xffff;
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(bad(&bench), 0);
	assert_int_equal(bench.control->ready, 0);
	bench_close(&bench);
}

static void
test_a_queue_of_events_that_are_none(void **state)
{
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	*word(&bench, port(&bench, 0)) = LINKED | port(&bench, 1);
	*word(&bench, port(&bench, 1)) = MASKED | PENDING | LINKED |
	    port(&bench, 2);
	*word(&bench, port(&bench, 2)) = port(&bench, 3);
	*word(&bench, port(&bench, 3)) = PENDING;
	queue(&bench, 5, port(&bench, 0));
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(marked(&bench), 1);
	assert_true(*bench.channels[3].state & PORT_MARKED);
	bench_close(&bench);
}

/* Every word of the table, in one queue, in all queues. */
static void
test_a_queue_as_long_as_the_table(void **state)
{
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	for (uint32_t i = 1; i < 1024; i++)
		*word(&bench, i) = PENDING | LINKED | (i + 1) % 1024;
	for (unsigned i = 0; i < XEN_FIFO_QUEUES; i++)
		queue(&bench, i, 1);
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(marked(&bench), COUNT);
	/* with those of nobody's, but the port of XenStore's never opened */
	assert_in_range(bad(&bench), 1023 - COUNT, 1023 - COUNT + 16);
	bench_close(&bench);
}

/* A word that the host keeps busy is unmasked in the end. */
static void
test_busy_for_ever(void **state)
{
	struct bench bench;

	bench_open(&bench, *state, &fifo);
	*word(&bench, port(&bench, 0)) = PENDING;
	assert_true(xen_channel_take(&bench.channels[0]));
	__atomic_fetch_or(word(&bench, port(&bench, 0)), BUSY,
	    __ATOMIC_SEQ_CST);
	xen_channel_done(&bench.channels[0], true);
	assert_int_equal(*word(&bench, port(&bench, 0)) & MASKED, 0);
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(bench.parts.device.stats.bad_state, 1);
	bench_close(&bench);
}

/* ---- Two levels ------------------------------------------------------- */

static void
test_all_bits_of_two_levels(void **state)
{
	struct bench bench;
	struct xen_shared_info *shared;

	bench_open(&bench, *state, &two_level);
	shared = bench.parts.xen.shared;
	memset(shared->pending, 0xff, sizeof(shared->pending));
	shared->vcpu[0].pending_sel = UINT64_MAX;
	shared->vcpu[0].upcall_pending = 0xff;
	xen_events_scan(&bench.parts.xen, 0);
	/* the others are masked */
	assert_int_equal(marked(&bench), COUNT);
	assert_int_equal(bad(&bench), 0);
	assert_int_equal(shared->vcpu[0].upcall_pending, 0);
	memset(shared->mask, 0, sizeof(shared->mask));
	shared->vcpu[0].pending_sel = UINT64_MAX;
	xen_events_scan(&bench.parts.xen, 0);
	assert_int_equal(bad(&bench), XEN_EVENT_2L_PORTS - COUNT);
	bench_close(&bench);
}

/* Another CPU's words announce our port. */
static void
test_an_event_on_the_wrong_cpu(void **state)
{
	struct bench bench;
	struct xen_shared_info *shared;

	bench_open(&bench, *state, &two_level);
	parts_start_cpu(&bench.parts, 1);
	shared = bench.parts.xen.shared;
	shared->pending[0] |= UINT64_C(1) << port(&bench, 2);
	shared->vcpu[1].pending_sel = 1;
	xen_events_scan(&bench.parts.xen, 1);
	assert_int_equal(marked(&bench), 1);
	assert_true(xen_channel_take(&bench.channels[2]));
	bench_close(&bench);
}

/* ---- Interrupts while a poll goes on ---------------------------------- */

/* What a poll of CPU 0 leaves to be found, when the handler came in between. */
static void
handler_meets_poll(struct world *world, const struct host_xen_config *config)
{
	struct bench bench;
	struct xen_events *events;
	struct xen *xen;

	bench_open(&bench, world, config);
	xen = &bench.parts.xen;
	events = xen->events;
	/* as it is when the interrupt comes in the middle of a scan */
	events->cpu[0].active = 1;
	host_xen_raise(bench.parts.host, port(&bench, 0));
	xen_events_scan(xen, 0);
	assert_int_equal(events->cpu[0].again, 1);
	assert_int_equal(marked(&bench), 0);
	assert_int_equal(xen_events_deadline(xen), 0);
	events->cpu[0].active = 0;
	xen_events_scan(xen, 0);
	assert_int_equal(events->cpu[0].again, 0);
	assert_int_equal(marked(&bench), 1);
	assert_true(xen_events_deadline(xen) == PV_NEVER);
	bench_close(&bench);
}

static void
test_fifo_handler_meets_poll(void **state)
{
	handler_meets_poll(*state, &fifo);
}

static void
test_2level_handler_meets_poll(void **state)
{
	handler_meets_poll(*state, &two_level);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_a_queue_is_followed),
		world_test(test_a_link_to_itself),
		world_test(test_links_in_a_ring),
		world_test(test_links_beyond_the_table),
		world_test(test_heads_that_are_none),
		world_test(test_ready_bits_of_no_queue),
		world_test(test_a_queue_of_events_that_are_none),
		world_test(test_a_queue_as_long_as_the_table),
		world_test(test_busy_for_ever),
		world_test(test_all_bits_of_two_levels),
		world_test(test_an_event_on_the_wrong_cpu),
		world_test(test_fifo_handler_meets_poll),
		world_test(test_2level_handler_meets_poll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
