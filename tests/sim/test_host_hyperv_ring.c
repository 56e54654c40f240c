/* SPDX-License-Identifier: ISC */
/* The model's end of rings: packets, signals and masks, room, ranges of pages,
 * monitors, and all that it can be made to do wrong. */
#include "tests/support/hyperv_host.h"

#define COUNTS(guest) host_hyperv_counts((guest)->host)

struct parts {
	struct raw_hv *guest;
	struct echo *echo;
	struct raw_channel *channel;
	struct host_ring_manners *manners;
	const struct host_ring_counts *counts;
};

static struct parts
begin_with(void **state, const struct host_hyperv_config *config,
    unsigned pages)
{
	struct parts parts;

	parts.guest = raw_hv_new(*state, 1, config);
	parts.echo = echo_new(parts.guest->host, false);
	parts.manners = host_vmbus_manners(parts.echo->device, 0);
	parts.counts = host_vmbus_counts(parts.echo->device, 0);
	raw_hv_connect(parts.guest, HV_VMBUS_5_3);
	raw_hv_offers(parts.guest);
	parts.channel = raw_channel_new(parts.guest, &parts.guest->offers[0],
	    pages, 0);
	return parts;
}

static struct parts
begin(void **state)
{
	static const struct host_hyperv_config config = { .no_monitor = true };

	return begin_with(state, &config, 2);
}

static void
end(struct parts *parts)
{
	raw_channel_free(parts->channel);
	raw_hv_unload(parts->guest);
	echo_free(parts->echo);
	raw_hv_free(parts->guest);
}

static bool
flag(struct parts *parts)
{
	return raw_hv_flag(parts->guest, 0, parts->channel->offer.relid);
}

static void
wait(struct parts *parts)
{
	pass(parts->guest->world, PV_MILLISECOND);
}

/* ---- Packets ---------------------------------------------------------- */

static void
test_packets_of_all_lengths_round_the_end(void **state)
{
	struct parts parts = begin(state);
	uint8_t bytes[4056];
	size_t size;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (uint32_t len = 0; len <= sizeof(bytes); len += 1 + len / 16) {
		raw_channel_say(parts.channel, len, bytes, len);
		wait(&parts);
		assert_true(raw_channel_take(parts.channel));
		raw_channel_release(parts.channel);
		assert_int_equal(raw_channel_packet(parts.channel)->id, len);
		assert_int_equal(raw_channel_packet(parts.channel)->type,
		    HV_PACKET_COMPLETION);
		assert_memory_equal(raw_channel_data(parts.channel, &size),
		    bytes, len);
		assert_int_equal(size, (len + 7) / 8 * 8);
	}
	assert_int_equal(COUNTS(parts.guest)->refused, 0);
	assert_int_equal(parts.counts->packets_in, parts.counts->packets_out);
	end(&parts);
}

/* Batches: one store of each index, one interrupt. */
static void
test_batch_is_published_and_signalled_once(void **state)
{
	struct parts parts = begin(state);
	struct hv_packet packet = { HV_PACKET_INBAND, 2, 2, 0, 5 };
	uint64_t events;

	wait(&parts);
	events = COUNTS(parts.guest)->events;
	for (unsigned i = 0; i < 20; i++)
		raw_channel_put(parts.channel, &packet, sizeof(packet));
	raw_channel_publish(parts.channel);
	raw_channel_signal(parts.channel);
	wait(&parts);
	assert_int_equal(parts.echo->packets, 20);
	assert_int_equal(parts.counts->publishes_out, 1);
	assert_int_equal(parts.counts->signals_out, 1);
	assert_int_equal(parts.counts->signals_in, 1);
	assert_int_equal(COUNTS(parts.guest)->events, events + 1);
	assert_int_equal(parts.channel->out->read, parts.channel->write);
	end(&parts);
}

static void
test_trailer_says_where_the_packet_began(void **state)
{
	struct parts parts = begin(state);
	struct hv_packet_trailer trailer;

	assert_true(echo_say(parts.echo, 0, 1, "1", 1));
	assert_true(echo_say(parts.echo, 0, 2, "2", 1));
	memcpy(&trailer, parts.channel->in_data + 32 + 24, sizeof(trailer));
	assert_int_equal(trailer.start, 32);
	assert_int_equal(parts.channel->in->write, 64);
	end(&parts);
}

/* ---- Signals ---------------------------------------------------------- */

static void
test_guest_that_has_not_read_all_is_not_signalled(void **state)
{
	struct parts parts = begin(state);

	assert_true(echo_say(parts.echo, 0, 1, "1", 1));
	assert_true(flag(&parts));
	assert_true(echo_say(parts.echo, 0, 2, "2", 1));
	assert_false(flag(&parts));
	assert_int_equal(parts.counts->elided_out, 1);
	assert_true(raw_channel_take(parts.channel));
	raw_channel_release(parts.channel);
	assert_true(echo_say(parts.echo, 0, 3, "3", 1));
	assert_false(flag(&parts));
	while (raw_channel_take(parts.channel))
		;
	raw_channel_release(parts.channel);
	assert_true(echo_say(parts.echo, 0, 4, "4", 1));
	assert_true(flag(&parts));
	assert_int_equal(parts.counts->signals_out, 2);
	assert_int_equal(parts.counts->elided_out, 2);
	end(&parts);
}

static void
test_masked_guest_is_not_signalled(void **state)
{
	struct parts parts = begin(state);

	parts.channel->in->interrupt_mask = 1;
	assert_true(echo_say(parts.echo, 0, 1, "1", 1));
	assert_false(flag(&parts));
	assert_int_equal(parts.counts->elided_out, 1);
	assert_true(raw_channel_take(parts.channel));
	raw_channel_release(parts.channel);
	parts.channel->in->interrupt_mask = 0;
	assert_true(echo_say(parts.echo, 0, 2, "2", 1));
	assert_true(flag(&parts));
	end(&parts);
}

/* The mask of the host's is set while it works, and what came then without a
 * signal is found all the same. */
static void
during(struct echo *echo, struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet)
{
	(void)channel;
	(void)packet;
	echo->kept.id++;
}

static void
test_host_masks_while_it_works(void **state)
{
	struct parts parts = begin(state);
	struct hv_packet packet = { HV_PACKET_INBAND, 2, 2, 0, 5 };

	wait(&parts);
	assert_int_equal(parts.channel->out->interrupt_mask, 0);
	parts.echo->packet = during;
	raw_channel_put(parts.channel, &packet, sizeof(packet));
	raw_channel_publish(parts.channel);
	wait(&parts);
	assert_int_equal(parts.echo->packets, 0); /* nobody told it */
	raw_channel_signal(parts.channel);
	wait(&parts);
	assert_int_equal(parts.echo->packets, 1);
	assert_int_equal(parts.channel->out->interrupt_mask, 0);
	end(&parts);
}

static struct raw_channel *other;

static void
write_more(struct echo *echo, struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet)
{
	struct hv_packet more = { HV_PACKET_INBAND, 2, 2, 0, 5 };

	(void)channel;
	(void)packet;
	assert_int_equal(other->out->interrupt_mask, 1);
	echo->stop = echo->packets == 3; /* leaves the rest */
	if (echo->packets > 8)
		return;
	raw_channel_put(other, &more, sizeof(more));
	raw_channel_publish(other);
}

static void
test_packets_written_while_the_host_works_are_found(void **state)
{
	struct parts parts = begin(state);

	wait(&parts);
	other = parts.channel;
	parts.echo->packet = write_more;
	raw_channel_say(parts.channel, 1, "", 0);
	wait(&parts);
	assert_int_equal(parts.echo->packets, 3);
	assert_int_equal(parts.counts->signals_in, 1);
	parts.echo->stop = false;
	host_vmbus_look(parts.echo->device, 0);
	wait(&parts);
	assert_int_equal(parts.echo->packets, 9);
	end(&parts);
}

/* ---- Room ------------------------------------------------------------- */

static void
fill(struct parts *parts, uint32_t size)
{
	static const uint8_t bytes[4096];

	while (echo_say(parts->echo, 0, 1, bytes, size))
		;
	flag(parts);
}

static void
test_host_waits_for_room_and_is_told(void **state)
{
	struct parts parts = begin(state);
	struct echo *echo = parts.echo;

	wait(&parts);
	fill(&parts, 1000 - 24);
	assert_int_equal(parts.channel->in->pending_send, 1000);
	/* an answer has no room either, and is kept */
	raw_channel_say(parts.channel, 7, "12345678", 8);
	wait(&parts);
	assert_true(raw_channel_take(parts.channel));
	raw_channel_release(parts.channel);
	raw_channel_signal(parts.channel);
	wait(&parts);
	assert_int_equal(echo->packets, 1);
	assert_false(echo->waiting);
	assert_int_equal(parts.channel->in->pending_send, 0);
	end(&parts);
}

static void
test_ring_is_never_quite_full(void **state)
{
	struct parts parts = begin(state);
	static const uint8_t bytes[4096];

	assert_false(echo_say(parts.echo, 0, 1, bytes, 4096 - 24));
	assert_true(echo_say(parts.echo, 0, 1, bytes, 4096 - 32));
	assert_int_equal(parts.channel->in->write, 4088);
	assert_false(echo_say(parts.echo, 0, 1, bytes, 0));
	assert_true(raw_channel_take(parts.channel));
	raw_channel_release(parts.channel);
	assert_true(echo_say(parts.echo, 0, 1, bytes, 4096 - 32));
	assert_true(raw_channel_take(parts.channel));
	end(&parts);
}

static void
test_guest_that_waits_for_room_is_signalled_once(void **state)
{
	struct parts parts = begin(state);
	struct hv_packet packet = { HV_PACKET_INBAND, 2, 124, 0, 5 };
	uint8_t bytes[992] = { 0 };

	wait(&parts);
	parts.echo->stop = parts.echo->silent = true;
	memcpy(bytes, &packet, sizeof(packet));
	for (unsigned i = 0; i < 4; i++)
		raw_channel_put(parts.channel, bytes, sizeof(bytes));
	raw_channel_publish(parts.channel);
	/* 4000 of 4096 are in use, and 1000 are wanted */
	parts.channel->out->pending_send = 1000;
	parts.echo->stop = false;
	raw_channel_signal(parts.channel);
	wait(&parts);
	assert_true(flag(&parts));
	assert_int_equal(parts.counts->signals_out, 1);
	/* there is room all the time now: no more of it */
	raw_channel_say(parts.channel, 1, "", 0);
	wait(&parts);
	assert_false(flag(&parts));
	assert_int_equal(parts.counts->signals_out, 1);
	end(&parts);
}

static void
test_guest_without_the_feature_is_not_signalled_for_room(void **state)
{
	struct parts parts = begin(state);
	uint8_t bytes[3000] = { 0 };

	wait(&parts);
	parts.echo->silent = true;
	parts.channel->out->features = 0;
	parts.channel->out->pending_send = 2000;
	raw_channel_say(parts.channel, 1, bytes, sizeof(bytes));
	wait(&parts);
	assert_false(flag(&parts));
	parts.channel->out->features = HV_RING_FEATURE_PENDING_SEND;
	raw_channel_say(parts.channel, 1, bytes, sizeof(bytes));
	wait(&parts);
	assert_true(flag(&parts));
	end(&parts);
}

static void
test_manner_full_is_size1(void **state)
{
	struct parts parts = begin(state);

	parts.manners->full_is_size1 = true;
	fill(&parts, 1000);
	assert_int_equal(parts.channel->in->pending_send, 4095);
	end(&parts);
}

static void
test_manner_no_features(void **state)
{
	struct parts parts = begin(state);
	unsigned before;

	assert_int_equal(parts.channel->in->features, 1);
	raw_channel_close(parts.channel);
	raw_channel_free(parts.channel);
	parts.manners->no_features = true;
	parts.channel = raw_channel_new(parts.guest, &parts.guest->offers[0], 2,
	    0);
	wait(&parts);
	assert_int_equal(parts.channel->in->features, 0);
	fill(&parts, 1000);
	assert_int_equal(parts.channel->in->pending_send, 0);
	/* so it looks by itself */
	before = parts.echo->signalled;
	pass(*state, 2 * PV_MILLISECOND);
	assert_true(parts.echo->signalled > before);
	end(&parts);
}

/* ---- What the guest must not write ------------------------------------ */

static void
test_wrong_indices_of_the_guest_break_the_ring(void **state)
{
	static const uint32_t writes[] = { 4, 4096, 4100, UINT32_MAX, 1 };

	for (unsigned i = 0; i < 5; i++) {
		struct parts parts = begin(state);

		wait(&parts);
		parts.channel->out->write = writes[i];
		raw_channel_signal(parts.channel);
		wait(&parts);
		assert_int_equal(parts.echo->packets, 0);
		assert_int_equal(COUNTS(parts.guest)->refused, 1);
		/* for good, and counted once */
		parts.channel->out->write = 0;
		raw_channel_say(parts.channel, 1, "", 0);
		wait(&parts);
		assert_int_equal(parts.echo->packets, 0);
		assert_false(echo_say(parts.echo, 0, 1, "", 0));
		assert_int_equal(COUNTS(parts.guest)->refused, 1);
		end(&parts);
		sim_machine_free(((struct world *)*state)->machine);
		((struct world *)*state)->machine = NULL;
	}
}

static void
test_read_index_past_what_was_written_breaks_the_ring(void **state)
{
	struct parts parts = begin(state);

	assert_true(echo_say(parts.echo, 0, 1, "", 0));
	parts.channel->in->read = 32;
	assert_false(echo_say(parts.echo, 0, 1, "", 0));
	assert_int_equal(COUNTS(parts.guest)->refused, 1);
	end(&parts);
}

static void
test_index_that_goes_back_breaks_the_ring(void **state)
{
	struct parts parts = begin(state);

	assert_true(echo_say(parts.echo, 0, 1, "12345678", 8));
	parts.channel->in->read = 32;
	assert_true(echo_say(parts.echo, 0, 1, "", 0));
	parts.channel->in->read = 24;
	assert_false(echo_say(parts.echo, 0, 1, "", 0));
	assert_int_equal(COUNTS(parts.guest)->refused, 1);
	end(&parts);
}

static void
test_bad_descriptors_break_the_ring(void **state)
{
	static const struct hv_packet bad[] = {
		{ HV_PACKET_INBAND, 1, 2, 0, 1 }, /* data in the descriptor */
		{ HV_PACKET_INBAND, 0, 2, 0, 1 },
		{ HV_PACKET_INBAND, 3, 2, 0, 1 }, /* and behind the end */
		{ HV_PACKET_INBAND, 2, 1, 0, 1 }, /* shorter than itself */
		{ HV_PACKET_INBAND, 2, 0, 0, 1 },
		{ HV_PACKET_INBAND, 2, 3, 0, 1 }, /* not all of it there */
		{ HV_PACKET_INBAND, 2, 0xffff, 0, 1 },
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct parts parts = begin(state);

		wait(&parts);
		raw_channel_put(parts.channel, &bad[i], sizeof(bad[i]));
		raw_channel_publish(parts.channel);
		raw_channel_signal(parts.channel);
		wait(&parts);
		assert_int_equal(parts.echo->packets, 0);
		assert_int_equal(COUNTS(parts.guest)->refused, 1);
		end(&parts);
		sim_machine_free(((struct world *)*state)->machine);
		((struct world *)*state)->machine = NULL;
	}
}

static void
test_h22_8000_bytes_of_which_24_are_there(void **state)
{
	struct parts parts = begin_with(state, NULL, 4);
	struct hv_packet packet = { HV_PACKET_INBAND, 2, 1000, 0, 1 };

	wait(&parts);
	raw_channel_put(parts.channel, &packet, sizeof(packet));
	raw_channel_publish(parts.channel);
	raw_channel_signal(parts.channel);
	wait(&parts);
	assert_int_equal(parts.echo->packets, 0);
	assert_int_equal(COUNTS(parts.guest)->refused, 1);
	end(&parts);
}

static void
test_ring_pages_freed_in_use_are_a_violation(void **state)
{
	struct parts parts = begin(state);

	wait(&parts);
	give_back(*state); /* with the SynIC's and the hypercall page */
	assert_false(echo_say(parts.echo, 0, 1, "", 0));
	assert_true(COUNTS(parts.guest)->violations > 0);
	world_expect_violations(*state,
	    sim_machine_counts(((struct world *)*state)->machine)->violations);
	raw_channel_free(parts.channel);
	host_hyperv_reset(parts.guest->host, false, true);
	echo_free(parts.echo);
	sim_machine_port(((struct world *)*state)->machine)
	    ->vector_free(((struct world *)*state)->machine,
		parts.guest->vector);
	free(parts.guest);
}

/* ---- Ranges of pages -------------------------------------------------- */

static uint64_t length;
static bool could_read, could_write, could_more;
static uint8_t got[16384];

static void
by_pages(struct echo *echo, struct host_vmbus_channel *channel,
    const struct host_vmbus_packet *packet)
{
	(void)echo;
	length = host_vmbus_gpa_length(packet);
	could_read = host_vmbus_gpa_read(channel, packet, 0, got,
	    length < sizeof(got) ? (size_t)length : sizeof(got));
	could_write = host_vmbus_gpa_write(channel, packet, length - 3, "end",
	    3);
	could_more = host_vmbus_gpa_read(channel, packet, 1, got + 8192,
	    length < 8000 ? (size_t)length : 8000);
}

static void
say_pages(struct parts *parts, const uint64_t *header, uint16_t words)
{
	uint64_t packet[64] = { 0 };
	struct hv_packet descriptor = { HV_PACKET_GPA_DIRECT,
		(uint16_t)(2 + words), (uint16_t)(3 + words), 0, 9 };

	memcpy(packet, &descriptor, sizeof(descriptor));
	memcpy(packet + 2, header, words * sizeof(*header));
	raw_channel_put(parts->channel, packet, (3u + words) * 8);
	raw_channel_publish(parts->channel);
	raw_channel_signal(parts->channel);
	wait(parts);
}

static void
test_data_in_ranges_of_pages(void **state)
{
	struct parts parts = begin(state);
	uint64_t frame, header[8];
	uint8_t *memory = guest_pages(*state, 4, &frame);

	for (unsigned i = 0; i < 4; i++)
		memset(memory + i * 4096, 'a' + (int)i, 4096);
	header[0] = 2ull << 32;
	header[1] = 100 | 50ull << 32; /* 100 bytes at 50 */
	header[2] = frame + 1;
	header[3] = 4196 | 4000ull << 32; /* over three pages */
	header[4] = frame + 3;
	header[5] = frame;
	header[6] = frame + 2;
	parts.echo->packet = by_pages;
	say_pages(&parts, header, 7);
	assert_int_equal(length, 4296);
	assert_true(could_read);
	assert_int_equal(got[0], 'b');
	assert_int_equal(got[99], 'b');
	assert_int_equal(got[100], 'd');
	assert_int_equal(got[195], 'd');
	assert_int_equal(got[196], 'a');
	assert_int_equal(got[4291], 'a');
	assert_int_equal(got[4292], 'c');
	assert_true(could_write);
	assert_memory_equal(memory + 8192, "cendc", 5);
	/* one byte too many */
	assert_false(could_more);
	end(&parts);
}

static void
test_bad_ranges_have_no_data(void **state)
{
	struct parts parts = begin(state);
	uint64_t good[] = { 1ull << 32, 100, 0 }, bad[6][3];

	good[2] = parts.guest->input >> 12;
	parts.echo->packet = by_pages;
	for (unsigned i = 0; i < 6; i++)
		memcpy(bad[i], good, sizeof(good));
	bad[0][0] = 2ull << 32; /* a range that is not there */
	bad[1][0] = 0xffffffffull << 32;
	bad[2][1] = 100 | 4096ull << 32; /* not in the first page */
	bad[3][1] = 5000;                /* a frame that is not there */
	bad[4][1] = 0xffffffff;
	bad[5][2] = 1ull << 60;
	for (unsigned i = 0; i < 6; i++) {
		say_pages(&parts, bad[i], 3);
		assert_int_equal(length, 0);
		assert_false(could_write);
	}
	say_pages(&parts, good, 0); /* no header at all */
	assert_int_equal(length, 0);
	assert_int_equal(COUNTS(parts.guest)->violations, 0);
	say_pages(&parts, good, 3);
	assert_int_equal(length, 100);
	/* a page of nobody's */
	good[2] = 0x7f000;
	say_pages(&parts, good, 3);
	assert_int_equal(length, 100);
	assert_false(could_read);
	assert_true(COUNTS(parts.guest)->violations > 0);
	world_expect_violations(*state, COUNTS(parts.guest)->violations);
	assert_int_equal(parts.echo->packets, 9);
	end(&parts);
}

/* ---- Monitors --------------------------------------------------------- */

static void
test_monitored_signals_cost_no_hypercall(void **state)
{
	struct parts parts = begin_with(state, NULL, 2);
	struct hv_packet packet = { HV_PACKET_INBAND, 2, 2, 0, 5 };
	unsigned monitor = parts.channel->offer.monitor;
	struct hv_monitor_page *page = parts.guest->to_host;
	uint64_t calls;

	assert_int_equal(parts.channel->offer.monitor_used, 1);
	assert_int_equal(page->parameter[monitor / 32][monitor % 32].connection,
	    parts.channel->offer.connection);
	wait(&parts);
	calls = COUNTS(parts.guest)->hypercalls;
	for (unsigned i = 0; i < 10; i++) {
		raw_channel_put(parts.channel, &packet, sizeof(packet));
		raw_channel_publish(parts.channel);
		page->group[monitor / 32].pending |= 1u << monitor % 32;
		pass(*state, 10 * PV_MILLISECOND);
		assert_int_equal(page->group[monitor / 32].pending, 0);
		assert_int_equal(parts.echo->packets, i + 1);
	}
	assert_int_equal(COUNTS(parts.guest)->hypercalls, calls);
	assert_int_equal(COUNTS(parts.guest)->monitored, 10);
	assert_int_equal(parts.counts->signals_in, 10);
	/* bits of nobody */
	page->group[3].pending = UINT32_MAX;
	pass(*state, 10 * PV_MILLISECOND);
	assert_int_equal(page->group[3].pending, 0);
	assert_int_equal(parts.echo->packets, 10);
	raw_channel_close(parts.channel);
	/* and nobody looks any more */
	page->group[monitor / 32].pending = 1;
	pass(*state, 100 * PV_MILLISECOND);
	assert_int_equal(page->group[monitor / 32].pending, 1);
	assert_int_equal(sim_next_event(((struct world *)*state)->sim),
	    PV_NEVER);
	/* open and closed once more */
	raw_channel_free(parts.channel);
	parts.channel = raw_channel_new(parts.guest, &parts.guest->offers[0], 2,
	    0);
	pass(*state, 10 * PV_MILLISECOND);
	assert_int_equal(page->group[monitor / 32].pending, 0);
	raw_channel_close(parts.channel);
	pass(*state, 100 * PV_MILLISECOND);
	assert_int_equal(sim_next_event(((struct world *)*state)->sim),
	    PV_NEVER);
	end(&parts);
}

static void
test_busy_monitors_are_looked_at_often(void **state)
{
	struct parts parts = begin_with(state, NULL, 2);
	unsigned monitor = parts.channel->offer.monitor;
	struct hv_monitor_page *page = parts.guest->to_host;

	pass(*state, PV_SECOND);
	for (unsigned i = 0; i < 100; i++) {
		page->group[monitor / 32].pending |= 1u << monitor % 32;
		pass(*state, i == 0 ? 7 * PV_MILLISECOND : 250000);
		assert_int_equal(page->group[monitor / 32].pending, 0);
		pass(*state, i == 0 ? 0 : 50000);
		if (i == 0) {
			/* the guest comes by */
			page->group[monitor / 32].pending |= 1u << monitor % 32;
			raw_channel_signal(parts.channel);
			assert_int_equal(page->group[monitor / 32].pending, 0);
		}
	}
	end(&parts);
}

/* ---- Manners ---------------------------------------------------------- */

static void
test_manners_about_packets(void **state)
{
	struct parts parts = begin(state);
	struct host_ring_manners *manners = parts.manners;
	const struct hv_packet *shared;

	manners->bad_value = 0x1234;
	shared = (const void *)parts.channel->in_data;
	manners->bad_nth = 1;
	manners->bad_how = HOST_RING_OFFSET8;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(shared->offset8, 0x1234);
	shared = (const void *)(parts.channel->in_data + 24);
	manners->bad_nth = 1;
	manners->bad_how = HOST_RING_LENGTH8;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(shared->length8, 0x1234);
	shared = (const void *)(parts.channel->in_data + 48);
	manners->bad_nth = 1;
	manners->bad_how = HOST_RING_TYPE;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(shared->type, 0x1234);
	shared = (const void *)(parts.channel->in_data + 72);
	manners->bad_nth = 1;
	manners->bad_how = HOST_RING_FLAGS;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(shared->flags, 0x1234);
	shared = (const void *)(parts.channel->in_data + 96);
	manners->bad_nth = 1;
	manners->bad_how = HOST_RING_ID;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(shared->id, 0x1234);
	manners->bad_nth = 2;
	manners->bad_how = HOST_RING_TWICE;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(parts.channel->in->write, 144);
	echo_say(parts.echo, 0, 2, "", 0);
	assert_int_equal(parts.channel->in->write, 192);
	manners->bad_nth = 1;
	manners->bad_how = HOST_RING_LOST;
	assert_true(echo_say(parts.echo, 0, 2, "", 0));
	assert_int_equal(parts.channel->in->write, 192);
	assert_int_equal(manners->bad_nth, 0);
	end(&parts);
}

static void
test_manners_about_indices(void **state)
{
	struct parts parts = begin(state);
	struct host_ring_manners *manners = parts.manners;

	wait(&parts);
	manners->set_write_index = manners->set_read_index = true;
	manners->write_index = 12345;
	manners->read_index = 54321;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(parts.channel->in->write, 12345);
	assert_int_equal(parts.channel->out->read, 54321);
	assert_true(flag(&parts));
	/* once; its own are its own */
	echo_say(parts.echo, 0, 1, "", 0);
	assert_int_equal(parts.channel->in->write, 48);
	raw_channel_say(parts.channel, 1, "", 0);
	wait(&parts);
	assert_int_equal(parts.channel->out->read, parts.channel->write);
	end(&parts);
}

static void
test_manner_rewrite_guest(void **state)
{
	struct parts parts = begin(state);

	wait(&parts);
	parts.manners->rewrite_guest = true;
	for (unsigned i = 0; i < 300; i++) {
		raw_channel_say(parts.channel, i, "abc", 3);
		wait(&parts);
		assert_true(raw_channel_take(parts.channel));
		assert_int_equal(raw_channel_packet(parts.channel)->id, i);
		raw_channel_release(parts.channel);
	}
	/* it is not led astray itself */
	assert_int_equal(COUNTS(parts.guest)->refused, 0);
	assert_int_equal(parts.echo->packets, 300);
	raw_channel_signal(parts.channel);
	wait(&parts);
	assert_int_not_equal(parts.channel->out->write, parts.channel->write);
	end(&parts);
}

static void
test_manners_about_signals(void **state)
{
	struct parts parts = begin(state);
	struct host_ring_manners *manners = parts.manners;

	manners->always_masked = true;
	raw_channel_say(parts.channel, 1, "", 0);
	wait(&parts);
	assert_int_equal(parts.channel->out->interrupt_mask, 1);
	flag(&parts);
	while (raw_channel_take(parts.channel))
		;
	raw_channel_release(parts.channel);
	manners->never_signal = true;
	echo_say(parts.echo, 0, 1, "", 0);
	assert_false(flag(&parts));
	manners->never_signal = false;
	manners->storm = 1000;
	host_vmbus_look(parts.echo->device, 0);
	for (unsigned i = 0; i < 1000; i++) {
		pass(*state, 10000);
		assert_true(flag(&parts));
	}
	pass(*state, PV_MILLISECOND);
	assert_false(flag(&parts));
	/* kept through a close */
	manners->bad_value = 5;
	raw_channel_close(parts.channel);
	assert_ptr_equal(host_vmbus_manners(parts.echo->device, 0), manners);
	assert_int_equal(manners->bad_value, 5);
	end(&parts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_packets_of_all_lengths_round_the_end),
		world_test(test_batch_is_published_and_signalled_once),
		world_test(test_trailer_says_where_the_packet_began),
		world_test(test_guest_that_has_not_read_all_is_not_signalled),
		world_test(test_masked_guest_is_not_signalled),
		world_test(test_host_masks_while_it_works),
		world_test(test_packets_written_while_the_host_works_are_found),
		world_test(test_host_waits_for_room_and_is_told),
		world_test(test_ring_is_never_quite_full),
		world_test(test_guest_that_waits_for_room_is_signalled_once),
		world_test(
		    test_guest_without_the_feature_is_not_signalled_for_room),
		world_test(test_manner_full_is_size1),
		world_test(test_manner_no_features),
		world_test(test_wrong_indices_of_the_guest_break_the_ring),
		world_test(
		    test_read_index_past_what_was_written_breaks_the_ring),
		world_test(test_index_that_goes_back_breaks_the_ring),
		world_test(test_bad_descriptors_break_the_ring),
		world_test(test_h22_8000_bytes_of_which_24_are_there),
		world_test(test_ring_pages_freed_in_use_are_a_violation),
		world_test(test_data_in_ranges_of_pages),
		world_test(test_bad_ranges_have_no_data),
		world_test(test_monitored_signals_cost_no_hypercall),
		world_test(test_busy_monitors_are_looked_at_often),
		world_test(test_manners_about_packets),
		world_test(test_manners_about_indices),
		world_test(test_manner_rewrite_guest),
		world_test(test_manners_about_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
