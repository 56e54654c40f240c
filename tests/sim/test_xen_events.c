/* SPDX-License-Identifier: ISC */
/* Event channels of both kinds: what works, and what a host may do. */
#include "guest/xen/events_private.h"
#include "tests/support/xen_parts.h"

/* Each of these tests runs on both. */
static const struct host_xen_config fifo = { .vcpus = 2, .domain = 3 };
static const struct host_xen_config two_level = { .vcpus = 2,
	.domain = 3,
	.no_fifo = true };

struct channel {
	struct xen_channel end;
	struct pv_stats stats;
	struct host_port *host;
	unsigned calls; /* of the host's end */
};

static void
called(void *argument)
{
	((struct channel *)argument)->calls++;
}

static void
open_on(struct parts *parts, struct channel *channel, unsigned cpu)
{
	memset(channel, 0, sizeof(*channel));
	assert_int_equal(xen_channel_open(&parts->xen, &channel->end, 0, cpu,
			     &channel->stats),
	    PV_OK);
	channel->host = host_port_connect(parts->host, channel->end.port,
	    called, channel);
	assert_non_null(channel->host);
	parts_wait(parts, PV_MILLISECOND);
	channel->calls = 0;
	/* connecting may count as an event */
	while (xen_channel_take(&channel->end))
		xen_channel_done(&channel->end, true);
	channel->stats = (struct pv_stats){ 0 };
}

static void
shut(struct channel *channel)
{
	host_port_close(channel->host);
	xen_channel_close(&channel->end);
}

static void
send(struct parts *parts, struct channel *channel)
{
	host_port_send(channel->host);
	parts_wait(parts, PV_MILLISECOND);
}

/* ---- What works ------------------------------------------------------- */

static void
an_event_is_taken_once(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	assert_false(xen_channel_take(&channel.end));
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	assert_false(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	assert_false(xen_channel_take(&channel.end));
	assert_int_equal(channel.stats.events, 1);
	assert_int_equal(channel.stats.spurious, 0);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
	assert_int_equal(host_xen_counts(parts.host)->violations, 0);
}

/* The port stays masked between take and done; what comes meanwhile is found
 * by done, and the bus does not sleep over it. */
static void
an_event_while_one_is_worked_off(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	send(&parts, &channel);
	send(&parts, &channel);
	assert_false(xen_channel_take(&channel.end));
	assert_true(xen_channel_deadline(&channel.end) == PV_NEVER);
	xen_channel_done(&channel.end, true);
	assert_int_equal(xen_channel_deadline(&channel.end), 0);
	assert_int_equal(xen_events_deadline(&parts.xen), 0);
	assert_true(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	assert_false(xen_channel_take(&channel.end));
	assert_int_equal(channel.stats.events, 2);
	shut(&channel);
	parts_close(&parts);
}

/* A channel that nobody serves any more must not keep the bus awake. */
static void
an_event_nobody_takes(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	send(&parts, &channel);
	xen_events_scan(&parts.xen, 0);
	assert_true(xen_events_deadline(&parts.xen) == PV_NEVER);
	assert_true(xen_channel_take(&channel.end));
	send(&parts, &channel);
	xen_channel_done(&channel.end, true);
	assert_int_equal(xen_events_deadline(&parts.xen), 0);
	xen_events_scan(&parts.xen, 0);
	assert_true(xen_events_deadline(&parts.xen) == PV_NEVER);
	shut(&channel);
	parts_close(&parts);
}

static void
signals_are_counted(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	xen_channel_send(&channel.end);
	parts_wait(&parts, PV_MILLISECOND);
	assert_int_equal(channel.calls, 1);
	assert_int_equal(channel.stats.signals, 1);
	assert_int_equal(channel.stats.hypercalls, 1);
	shut(&channel);
	parts_close(&parts);
}

/* Five queues are told in one exit. */
static void
many_signals_in_one_hypercall(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channels[5];
	struct xen_channel *ends[5];
	uint64_t hypercalls = 0;

	parts_new(&parts, world, config);
	for (unsigned i = 0; i < 5; i++) {
		open_on(&parts, &channels[i], 0);
		ends[i] = &channels[i].end;
	}
	xen_channels_send(ends, 5);
	parts_wait(&parts, PV_MILLISECOND);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(channels[i].calls, 1);
		assert_int_equal(channels[i].stats.signals, 1);
		hypercalls += channels[i].stats.hypercalls;
	}
	assert_int_equal(hypercalls, 1);
	/* one closed among them */
	shut(&channels[4]);
	xen_channels_send(ends, 5);
	parts_wait(&parts, PV_MILLISECOND);
	assert_int_equal(channels[3].calls, 2);
	for (unsigned i = 0; i < 4; i++)
		shut(&channels[i]);
	parts_close(&parts);
}

static void
more_channels_than_a_page_has_words(struct world *world,
    const struct host_xen_config *config)
{
	enum {
		COUNT = 1500
	};
	struct host_xen_config many = *config;
	struct parts parts;
	static struct channel channels[COUNT];

	many.ports = 2000;
	parts_new(&parts, world, &many);
	for (unsigned i = 0; i < COUNT; i++)
		open_on(&parts, &channels[i], 0);
	for (unsigned i = 0; i < COUNT; i++)
		host_port_send(channels[i].host);
	parts_wait(&parts, PV_MILLISECOND);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_true(xen_channel_take(&channels[i].end));
		xen_channel_done(&channels[i].end, true);
		assert_false(xen_channel_take(&channels[i].end));
	}
	for (unsigned i = 0; i < COUNT; i++)
		shut(&channels[i]);
	assert_int_equal(parts.device.stats.bad_index, 0);
	parts_close(&parts);
}

static void
a_channel_of_another_cpu(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	/* CPU 1 has not started */
	open_on(&parts, &channel, 1);
	assert_int_equal(channel.end.cpu, 0);
	assert_int_equal(xen_channel_move(&channel.end, 1), PV_ENOTSUP);
	parts_start_cpu(&parts, 1);
	assert_int_equal(xen_channel_move(&channel.end, 1), PV_OK);
	assert_int_equal(channel.end.cpu, 1);
	assert_int_equal(xen_channel_move(&channel.end, 7), PV_ENOTSUP);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	assert_int_equal(xen_channel_move(&channel.end, 0), PV_OK);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	open_on(&parts, &channel, 1);
	assert_int_equal(channel.end.cpu, 1);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
	assert_int_equal(host_xen_counts(parts.host)->violations, 0);
}

static void
closing_leaves_nothing(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;
	unsigned ports;

	parts_new(&parts, world, config);
	ports = host_xen_counts(parts.host)->ports;
	open_on(&parts, &channel, 0);
	assert_int_equal(host_xen_counts(parts.host)->ports, ports + 1);
	send(&parts, &channel);
	shut(&channel);
	assert_int_equal(host_xen_counts(parts.host)->ports, ports);
	assert_false(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	xen_channel_send(&channel.end);
	assert_true(xen_channel_deadline(&channel.end) == PV_NEVER);
	/* one that its owner forgot */
	open_on(&parts, &channel, 0);
	parts_close(&parts);
	assert_int_equal(channel.end.port, 0);
	/* and all of it once more, on the same host */
	parts_open(&parts);
	open_on(&parts, &channel, 0);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
	assert_int_equal(host_xen_counts(parts.host)->ports, ports);
}

static void
a_new_life(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel old, channel;

	parts_new(&parts, world, config);
	parts_start_cpu(&parts, 1);
	open_on(&parts, &old, 1);
	send(&parts, &old);
	host_port_close(old.host);
	parts_suspend(&parts);
	assert_int_equal(xen_events_resume(&parts.xen), PV_OK);
	/* what was open is not any more, whoever has its number now */
	assert_false(xen_channel_take(&old.end));
	xen_channel_send(&old.end);
	assert_int_equal(old.stats.signals, 0);
	open_on(&parts, &channel, 1);
	assert_int_equal(channel.end.cpu, 1);
	xen_channel_close(&old.end);
	assert_int_equal(old.end.port, 0);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
}

/* ---- A hostile host --------------------------------------------------- */

/* 39: a million events without work, and another channel that has some. */
static void
a_storm_is_made_quiet(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel noisy, other;
	unsigned taken = 0;
	uint64_t began;

	parts_new(&parts, world, config);
	open_on(&parts, &noisy, 0);
	open_on(&parts, &other, 0);
	for (unsigned i = 0; i < 1000000; i++) {
		host_port_send(noisy.host);
		if (i % 1000 == 0)
			sim_advance(world->sim, sim_now(world->sim) + 100);
		if (xen_channel_take(&noisy.end)) {
			taken++;
			xen_channel_done(&noisy.end, false);
		}
	}
	assert_in_range(taken, 1, 20);
	assert_int_equal(noisy.stats.spurious, taken);
	send(&parts, &other);
	assert_true(xen_channel_take(&other.end));
	xen_channel_done(&other.end, true);
	/* a tenth of a second is the longest, and then it is heard */
	began = sim_now(world->sim);
	taken = 0;
	while (sim_now(world->sim) < began + PV_SECOND) {
		uint64_t next = xen_channel_deadline(&noisy.end);

		host_port_send(noisy.host);
		if (next == PV_NEVER || next < sim_now(world->sim))
			next = sim_now(world->sim) + 1000;
		assert_in_range(next, 1, sim_now(world->sim) + PV_SECOND / 10);
		sim_advance(world->sim, next);
		if (xen_channel_take(&noisy.end)) {
			taken++;
			xen_channel_done(&noisy.end, false);
		}
	}
	assert_in_range(taken, 8, 20);
	/* work makes it a channel as any other */
	parts_wait(&parts, PV_SECOND / 5);
	host_port_send(noisy.host);
	xen_events_scan(&parts.xen, 0);
	assert_true(xen_channel_take(&noisy.end));
	xen_channel_done(&noisy.end, true);
	send(&parts, &noisy);
	assert_true(xen_channel_take(&noisy.end));
	xen_channel_done(&noisy.end, false);
	send(&parts, &noisy);
	assert_true(xen_channel_take(&noisy.end));
	shut(&noisy);
	shut(&other);
	parts_close(&parts);
}

/* A quiet channel whose driver has found work by polling is heard again. */
static void
work_ends_the_quiet(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	for (unsigned i = 0; i < 100; i++) {
		host_port_send(channel.host);
		if (xen_channel_take(&channel.end))
			xen_channel_done(&channel.end, false);
	}
	assert_false(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
}

/* 40: ports of nobody's. */
static void
ports_not_owned(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	for (uint32_t port = channel.end.port + 1; port < 1024; port++)
		host_xen_raise(parts.host, port);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	shut(&channel);
	parts_close(&parts);
}

/* 40: the same, with the masks rubbed out by the host. */
static void
ports_not_owned_and_not_masked(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	for (uint32_t port = channel.end.port + 1; port < 1024; port++) {
		parts.xen.events->abi->unmask(&parts.xen, port);
		host_xen_raise(parts.host, port);
	}
	send(&parts, &channel);
	xen_events_scan(&parts.xen, 0);
	assert_int_equal(parts.device.stats.bad_index, 1023 - channel.end.port);
	/* once is enough for each */
	xen_events_scan(&parts.xen, 0);
	assert_int_equal(parts.device.stats.bad_index, 1023 - channel.end.port);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
}

/* 41 */
static void
a_masked_port_fires(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	for (unsigned i = 0; i < 1000; i++)
		host_xen_raise(parts.host, channel.end.port);
	parts_wait(&parts, PV_MILLISECOND);
	xen_events_scan(&parts.xen, 0);
	assert_false(xen_channel_take(&channel.end));
	assert_int_equal(channel.stats.events, 1);
	shut(&channel);
	parts_close(&parts);
}

/* 42: the bit is there, and no interrupt. */
static void
a_lost_interrupt_is_found_by_polling(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	host_xen_manners(parts.host)->lose_events = true;
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	xen_channel_done(&channel.end, true);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
}

/* The word that announces is set for ever: no endless pass. */
static void
upcall_stays_pending(struct world *world, const struct host_xen_config *config)
{
	struct parts parts;
	struct channel channel;

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	host_xen_manners(parts.host)->keep_upcall_pending = true;
	for (unsigned i = 0; i < 100; i++) {
		send(&parts, &channel);
		assert_true(xen_channel_take(&channel.end));
		xen_channel_done(&channel.end, true);
	}
	shut(&channel);
	parts_close(&parts);
}

static uint32_t answered_port;

static long
answer_port(void *argument, long result)
{
	((struct xen_evtchn_alloc_unbound *)argument)->port = answered_port;
	return result;
}

/* A new port with an impossible number, or one that is in use. */
static void
impossible_ports(struct world *world, const struct host_xen_config *config)
{
	static const uint32_t ports[] = { 0, XEN_FIFO_PORTS, UINT32_MAX };
	struct parts parts;
	struct channel channel;
	struct xen_channel other;
	struct pv_stats stats = { 0 };

	parts_new(&parts, world, config);
	open_on(&parts, &channel, 0);
	parts_intercept(&parts, XEN_HC_EVENT_CHANNEL_OP,
	    XEN_EVTCHN_ALLOC_UNBOUND, answer_port);
	for (unsigned i = 0; i < 3; i++) {
		answered_port = ports[i];
		assert_int_equal(xen_channel_open(&parts.xen, &other, 0, 0,
				     &stats),
		    PV_EPROTO);
		assert_int_equal(other.port, 0);
	}
	assert_int_equal(parts.device.stats.bad_index, 3);
	answered_port = channel.end.port;
	assert_int_equal(xen_channel_open(&parts.xen, &other, 0, 0, &stats),
	    PV_EPROTO);
	assert_int_equal(parts.device.stats.bad_duplicate, 1);
	xen_channel_close(&other);
	send(&parts, &channel);
	assert_true(xen_channel_take(&channel.end));
	shut(&channel);
	parts_close(&parts);
}

/* 50: each hypercall of opening fails once. */
static void
opening_fails_at_each_hypercall(struct world *world,
    const struct host_xen_config *config)
{
	struct parts parts;
	struct host_xen_manners *manners;
	unsigned nth, failures = 0;

	parts_new(&parts, world, config);
	parts_start_cpu(&parts, 1);
	manners = host_xen_manners(parts.host);
	for (nth = 1; nth < 10; nth++) {
		struct xen_channel channel;
		struct pv_stats stats = { 0 };
		unsigned ports = host_xen_counts(parts.host)->ports;
		int error;

		manners->fail_nth = nth;
		manners->fail_with = -XEN_ENOMEM;
		error = xen_channel_open(&parts.xen, &channel, 0, 1, &stats);
		failures += error != PV_OK;
		manners->fail_nth = 0;
		xen_channel_close(&channel);
		assert_int_equal(host_xen_counts(parts.host)->ports, ports);
	}
	assert_in_range(failures, 1, 2);
	parts_close(&parts);
}

#define BOTH(name)                               \
	static void test_fifo_##name(void **s)   \
	{                                        \
		name(*s, &fifo);                 \
	}                                        \
	static void test_2level_##name(void **s) \
	{                                        \
		name(*s, &two_level);            \
	}

BOTH(an_event_is_taken_once)
BOTH(an_event_while_one_is_worked_off)
BOTH(an_event_nobody_takes)
BOTH(signals_are_counted)
BOTH(many_signals_in_one_hypercall)
BOTH(more_channels_than_a_page_has_words)
BOTH(a_channel_of_another_cpu)
BOTH(closing_leaves_nothing)
BOTH(a_new_life)
BOTH(a_storm_is_made_quiet)
BOTH(work_ends_the_quiet)
BOTH(ports_not_owned)
BOTH(ports_not_owned_and_not_masked)
BOTH(a_masked_port_fires)
BOTH(a_lost_interrupt_is_found_by_polling)
BOTH(upcall_stays_pending)
BOTH(impossible_ports)
BOTH(opening_fails_at_each_hypercall)

#define BOTH_TESTS(name) \
	world_test(test_fifo_##name), world_test(test_2level_##name)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH_TESTS(an_event_is_taken_once),
		BOTH_TESTS(an_event_while_one_is_worked_off),
		BOTH_TESTS(an_event_nobody_takes),
		BOTH_TESTS(signals_are_counted),
		BOTH_TESTS(many_signals_in_one_hypercall),
		BOTH_TESTS(more_channels_than_a_page_has_words),
		BOTH_TESTS(a_channel_of_another_cpu),
		BOTH_TESTS(closing_leaves_nothing),
		BOTH_TESTS(a_new_life),
		BOTH_TESTS(a_storm_is_made_quiet),
		BOTH_TESTS(work_ends_the_quiet),
		BOTH_TESTS(ports_not_owned),
		BOTH_TESTS(ports_not_owned_and_not_masked),
		BOTH_TESTS(a_masked_port_fires),
		BOTH_TESTS(a_lost_interrupt_is_found_by_polling),
		BOTH_TESTS(upcall_stays_pending),
		BOTH_TESTS(impossible_ports),
		BOTH_TESTS(opening_fails_at_each_hypercall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
