/* SPDX-License-Identifier: ISC */
/* The model's SynIC and timers: slots, pending flag and EOM, event flags,
 * vectors, clocks. */
#include "tests/support/hyperv_host.h"

#define SINT HV_VMBUS_SINT
#define TIMER_SINT 4u

static struct hv_message *
slot(struct raw_hv *guest)
{
	return &guest->messages[0]->sint[SINT];
}

static void
send(struct raw_hv *guest, uint32_t number)
{
	uint32_t payload[2] = { number, 0 };

	host_hyperv_send(guest->host, HV_MESSAGE_VMBUS, payload,
	    sizeof(payload));
}

static uint32_t
number_of(const struct hv_message *message)
{
	uint32_t number;

	memcpy(&number, message->payload, sizeof(number));
	return number;
}

static void
test_messages_wait_for_the_slot_in_order(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	send(guest, 1);
	assert_int_equal(slot(guest)->type, HV_MESSAGE_VMBUS);
	assert_int_equal(slot(guest)->size, 8);
	assert_int_equal(slot(guest)->flags, 0);
	send(guest, 2);
	send(guest, 3);
	assert_int_equal(number_of(slot(guest)), 1);
	assert_int_equal(slot(guest)->flags, HV_MESSAGE_PENDING);
	/* free, and nobody was told */
	slot(guest)->type = HV_MESSAGE_NONE;
	pass(*state, PV_SECOND);
	assert_int_equal(slot(guest)->type, HV_MESSAGE_NONE);
	raw_hv_write(guest, 0, HV_MSR_EOM, 0);
	assert_int_equal(number_of(slot(guest)), 2);
	assert_int_equal(slot(guest)->flags, HV_MESSAGE_PENDING);
	/* told, and not free */
	raw_hv_write(guest, 0, HV_MSR_EOM, 0);
	assert_int_equal(number_of(slot(guest)), 2);
	slot(guest)->type = HV_MESSAGE_NONE;
	raw_hv_write(guest, 0, HV_MSR_EOM, 0);
	assert_int_equal(number_of(slot(guest)), 3);
	assert_int_equal(slot(guest)->flags, 0);
	assert_int_equal(host_hyperv_counts(guest->host)->messages, 3);
	assert_int_equal(host_hyperv_counts(guest->host)->eoms, 3);
	raw_hv_free(guest);
}

static void
test_messages_wait_for_the_page(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	raw_hv_write(guest, 0, HV_MSR_SCONTROL, 0);
	send(guest, 1);
	assert_int_equal(slot(guest)->type, HV_MESSAGE_NONE);
	raw_hv_write(guest, 0, HV_MSR_SIMP, 0);
	raw_hv_write(guest, 0, HV_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	assert_int_equal(slot(guest)->type, HV_MESSAGE_NONE);
	memset(guest->messages[0], 0xff, HV_PAGE_SIZE);
	raw_hv_write(guest, 0, HV_MSR_SIMP,
	    guest->message_physical[0] | HV_PLACE_ENABLE);
	/* the page began empty */
	assert_int_equal(guest->messages[0]->sint[3].type, HV_MESSAGE_NONE);
	assert_int_equal(slot(guest)->type, HV_MESSAGE_VMBUS);
	assert_int_equal(number_of(slot(guest)), 1);
	raw_hv_free(guest);
}

static void
test_message_page_freed_in_use_is_a_violation(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	raw_hv_write(guest, 0, HV_MSR_SIMP, 0x7f000000 | HV_PLACE_ENABLE);
	send(guest, 1);
	assert_int_equal(host_hyperv_counts(guest->host)->violations, 2);
	assert_int_equal(host_hyperv_counts(guest->host)->messages, 0);
	raw_hv_write(guest, 0, HV_MSR_SIMP,
	    guest->message_physical[0] | HV_PLACE_ENABLE);
	assert_int_equal(host_hyperv_counts(guest->host)->messages, 1);
	world_expect_violations(*state, 2);
	raw_hv_free(guest);
}

static void
test_message_interrupts(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	send(guest, 1);
	assert_int_equal(guest->interrupts[0], 0); /* soon, not at once */
	pass(*state, 10000);
	assert_int_equal(guest->interrupts[0], 1);
	assert_int_equal(sim_machine_counts(((struct world *)*state)->machine)
			     ->eois,
	    0);
	assert_true(
	    host_hyperv_auto_eoi(guest->host, 0, (uint8_t)guest->vector));
	raw_hv_free(guest);
}

static void
test_without_auto_eoi_the_guest_ends_interrupts(void **state)
{
	struct world *world = *state;
	struct raw_hv *guest = raw_hv_new(world, 1, NULL);
	const struct pv_port *port = sim_machine_port(world->machine);

	raw_hv_write(guest, 0, HV_MSR_SINT(SINT),
	    HV_SINT_VECTOR(guest->vector));
	assert_false(
	    host_hyperv_auto_eoi(guest->host, 0, (uint8_t)guest->vector));
	host_hyperv_raise(guest->host, 0, 5);
	pass(world, 10000);
	host_hyperv_raise(guest->host, 0, 6);
	pass(world, 10000);
	assert_int_equal(guest->interrupts[0], 1);
	port->vector_eoi(port->ctx);
	pass(world, 10000);
	assert_int_equal(guest->interrupts[0], 2);
	port->vector_eoi(port->ctx);
	raw_hv_free(guest);
}

static void
test_masked_and_polled_sources_do_not_interrupt(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint64_t vector = HV_SINT_VECTOR(guest->vector);

	raw_hv_write(guest, 0, HV_MSR_SINT(SINT), vector | HV_SINT_MASKED);
	host_hyperv_raise(guest->host, 0, 5);
	raw_hv_write(guest, 0, HV_MSR_SINT(SINT), vector | HV_SINT_POLLING);
	host_hyperv_raise(guest->host, 0, 6);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(guest->interrupts[0], 0);
	assert_true(raw_hv_flag(guest, 0, 5));
	assert_true(raw_hv_flag(guest, 0, 6));
	/* vectors below 16 are an error, but not in one that is masked */
	assert_int_equal(raw_hv_try_write(guest, 0, HV_MSR_SINT(SINT), 15),
	    PV_EACCES);
	raw_hv_write(guest, 0, HV_MSR_SINT(SINT), HV_SINT_MASKED | 15);
	raw_hv_free(guest);
}

static void
test_flag_that_is_set_does_not_interrupt_again(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 2, NULL);

	for (unsigned i = 0; i < 3; i++) {
		host_hyperv_raise(guest->host, 1, 2047);
		pass(*state, PV_MILLISECOND);
	}
	assert_int_equal(guest->interrupts[1], 1);
	assert_int_equal(guest->interrupts[0], 0);
	assert_true(raw_hv_flag(guest, 1, 2047));
	host_hyperv_raise(guest->host, 1, 2047);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(guest->interrupts[1], 2);
	raw_hv_free(guest);
}

static void
test_manners_about_events(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct host_hyperv_manners *manners = host_hyperv_manners(guest->host);

	manners->lose_events = true;
	host_hyperv_raise(guest->host, 0, 9);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(guest->interrupts[0], 0);
	assert_true(raw_hv_flag(guest, 0, 9));
	manners->lose_events = false;
	manners->drop_events = true;
	host_hyperv_raise(guest->host, 0, 9);
	pass(*state, PV_MILLISECOND);
	assert_int_equal(guest->interrupts[0], 0);
	assert_false(raw_hv_flag(guest, 0, 9));
	raw_hv_free(guest);
}

static void
test_manners_about_messages(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct host_hyperv_manners *manners = host_hyperv_manners(guest->host);

	manners->message_type = 7;
	manners->message_nth = 2;
	manners->message_how = HOST_MESSAGE_DROP;
	for (uint32_t i = 6; i <= 7; i++)
		send(guest, i);
	send(guest, 7); /* this is lost */
	send(guest, 8);
	for (uint32_t i = 6; i <= 8; i++) {
		assert_true(raw_hv_take(guest, 0, SINT));
		assert_int_equal(number_of(&guest->message), i);
	}
	assert_false(raw_hv_take(guest, 0, SINT));

	manners->message_type = 0;
	manners->message_nth = 1;
	manners->message_how = HOST_MESSAGE_TWICE;
	send(guest, 9);
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_int_equal(number_of(&guest->message), 9);
	assert_false(raw_hv_take(guest, 0, SINT));

	manners->message_nth = 1;
	manners->message_how = HOST_MESSAGE_SIZE;
	manners->message_value = 255;
	send(guest, 9);
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_int_equal(guest->message.size, 255);

	manners->message_nth = 1;
	manners->message_how = HOST_MESSAGE_TYPE;
	send(guest, 9);
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_int_equal(number_of(&guest->message), 255);

	manners->message_nth = 1;
	manners->message_how = HOST_MESSAGE_WORD;
	manners->message_word = 1;
	send(guest, 9);
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_int_equal(guest->message.payload[4], 255);

	manners->message_nth = 1;
	manners->message_how = HOST_MESSAGE_PENDING;
	send(guest, 9);
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_int_equal(guest->message.flags, HV_MESSAGE_PENDING);

	manners->message_nth = 1;
	manners->message_how = HOST_MESSAGE_SLOT;
	send(guest, 9);
	assert_true(raw_hv_take(guest, 0, SINT));
	assert_int_equal(guest->message.type, 255);
	assert_int_equal(manners->message_nth, 0);
	raw_hv_free(guest);
}

/* ---- Clocks ----------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide;

static uint64_t
page_time(struct raw_hv *guest, const struct hv_reference_tsc *page)
{
	const struct pv_port *port = sim_machine_port(guest->world->machine);

	return (uint64_t)((wide)port->tsc(port->ctx) * page->scale >> 64) +
	    (uint64_t)page->offset;
}

static void
clocks_agree(struct raw_hv *guest, const struct hv_reference_tsc *page)
{
	uint64_t counter = raw_hv_read(guest, 0, HV_MSR_REFERENCE_COUNTER);
	uint64_t time = page_time(guest, page);

	assert_true(time - counter + 1 <= 2);
}

static void
test_page_and_counter_agree(void **state)
{
	static const uint64_t hz[] = { 0, 10000001, 1234567890, 4000000000 };

	for (unsigned i = 0; i < 4; i++) {
		struct raw_hv *guest = raw_hv_new(*state, 1,
		    &(struct host_hyperv_config){ .tsc_hz = hz[i] });
		struct hv_reference_tsc *page;
		uint64_t frame, before;

		page = guest_pages(*state, 1, &frame);
		before = raw_hv_read(guest, 0, HV_MSR_REFERENCE_COUNTER);
		pass(*state, PV_SECOND);
		assert_int_equal(raw_hv_read(guest, 0,
				     HV_MSR_REFERENCE_COUNTER) -
			before,
		    HV_TICKS_PER_SECOND);
		raw_hv_write(guest, 0, HV_MSR_REFERENCE_TSC,
		    frame << HV_PAGE_SHIFT | HV_PLACE_ENABLE);
		assert_int_equal(page->sequence, 1);
		for (unsigned j = 0; j < 20; j++) {
			clocks_agree(guest, page);
			pass(*state, 1234567890);
		}
		host_hyperv_jump(guest->host, 1000 * PV_SECOND);
		assert_int_equal(page->sequence, 2);
		clocks_agree(guest, page);
		raw_hv_free(guest);
		sim_machine_free(((struct world *)*state)->machine);
		((struct world *)*state)->machine = NULL;
	}
}

static void
test_manners_of_the_page(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	const struct pv_port *port = sim_machine_port(
	    ((struct world *)*state)->machine);
	struct hv_reference_tsc *page;
	uint32_t sequence;
	uint64_t frame;

	page = guest_pages(*state, 1, &frame);
	host_hyperv_manners(guest->host)->tsc_invalid = true;
	raw_hv_write(guest, 0, HV_MSR_REFERENCE_TSC,
	    frame << HV_PAGE_SHIFT | HV_PLACE_ENABLE);
	assert_int_equal(page->sequence, HV_TSC_INVALID);
	host_hyperv_manners(guest->host)->tsc_invalid = false;
	raw_hv_write(guest, 0, HV_MSR_REFERENCE_TSC,
	    frame << HV_PAGE_SHIFT | HV_PLACE_ENABLE);
	host_hyperv_manners(guest->host)->tsc_wild = true;
	for (unsigned i = 0; i < 5; i++) {
		sequence = page->sequence;
		port->tsc(port->ctx);
		assert_int_not_equal(page->sequence, sequence);
	}
	raw_hv_free(guest);
}

/* ---- Timers ----------------------------------------------------------- */

static uint64_t
now(struct raw_hv *guest)
{
	return raw_hv_read(guest, 0, HV_MSR_REFERENCE_COUNTER);
}

static void
test_one_shot_timer_ends_in_a_message(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	struct hv_message *timer = &guest->messages[0]->sint[TIMER_SINT];
	struct hv_timer_message body;
	uint64_t config = HV_STIMER_ENABLE |
	    (uint64_t)TIMER_SINT << HV_STIMER_SINT_SHIFT;
	uint64_t due = now(guest) + 5000;

	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(1), due);
	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(1), config);
	pass(*state, 499900);
	assert_int_equal(timer->type, HV_MESSAGE_NONE);
	pass(*state, 200);
	assert_int_equal(timer->type, HV_MESSAGE_TIMER_EXPIRED);
	memcpy(&body, timer->payload, sizeof(body));
	assert_int_equal(body.timer, 1);
	assert_int_equal(body.expired, due);
	assert_true(body.delivered >= due && body.delivered <= due + 1);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_STIMER_CONFIG(1)),
	    config & ~HV_STIMER_ENABLE);
	pass(*state, PV_SECOND);
	assert_int_equal(host_hyperv_counts(guest->host)->messages, 1);
	raw_hv_free(guest);
}

static void
test_direct_timer_interrupts(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 2, NULL);
	const struct pv_port *port = sim_machine_port(
	    ((struct world *)*state)->machine);

	raw_hv_write(guest, 1, HV_MSR_STIMER_CONFIG(0),
	    HV_STIMER_ENABLE | HV_STIMER_DIRECT | HV_STIMER_PERIODIC |
		(uint64_t)guest->vector << HV_STIMER_VECTOR_SHIFT);
	raw_hv_write(guest, 0, HV_MSR_SINT(SINT), HV_SINT_RESET);
	raw_hv_write(guest, 1, HV_MSR_SINT(SINT), HV_SINT_RESET);
	raw_hv_write(guest, 1, HV_MSR_STIMER_COUNT(0), 10000);
	assert_int_equal(raw_hv_read(guest, 1, HV_MSR_STIMER_CONFIG(0)) &
		HV_STIMER_ENABLE,
	    HV_STIMER_ENABLE);
	for (unsigned i = 0; i < 10; i++) {
		pass(*state, PV_MILLISECOND);
		pass(*state, 5000);
		assert_int_equal(guest->interrupts[1], i + 1);
		sim_machine_set_cpu(((struct world *)*state)->machine, 1);
		port->vector_eoi(port->ctx);
		sim_machine_set_cpu(((struct world *)*state)->machine, 0);
	}
	raw_hv_write(guest, 1, HV_MSR_STIMER_COUNT(0), 0);
	assert_int_equal(raw_hv_read(guest, 1, HV_MSR_STIMER_CONFIG(0)) &
		HV_STIMER_ENABLE,
	    0);
	pass(*state, PV_SECOND);
	assert_int_equal(guest->interrupts[1], 10);
	assert_int_equal(guest->interrupts[0], 0);
	raw_hv_free(guest);
}

static void
test_timer_rules(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1,
	    &(struct host_hyperv_config){ .no_direct_timer = true });
	uint64_t sint = (uint64_t)TIMER_SINT << HV_STIMER_SINT_SHIFT;

	assert_int_equal(raw_hv_try_write(guest, 0, HV_MSR_STIMER_CONFIG(0),
			     HV_STIMER_DIRECT | 0x40 << 4),
	    PV_EACCES);
	/* SINT 0 disables it */
	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(0), HV_STIMER_ENABLE);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_STIMER_CONFIG(0)), 0);
	/* a count enables it, if that is wanted */
	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(0),
	    HV_STIMER_AUTO_ENABLE | sint);
	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0), now(guest) + 100);
	assert_int_equal(raw_hv_read(guest, 0, HV_MSR_STIMER_CONFIG(0)),
	    HV_STIMER_AUTO_ENABLE | HV_STIMER_ENABLE | sint);
	pass(*state, 20000);
	assert_int_equal(host_hyperv_counts(guest->host)->messages, 1);
	/* what is in the past is now */
	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0), 1);
	pass(*state, 1);
	assert_true(raw_hv_take(guest, 0, TIMER_SINT));
	assert_true(raw_hv_take(guest, 0, TIMER_SINT));
	raw_hv_free(guest);
}

static void
test_periodic_timer_has_one_message_waiting(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);

	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(3),
	    HV_STIMER_ENABLE | HV_STIMER_PERIODIC |
		(uint64_t)TIMER_SINT << HV_STIMER_SINT_SHIFT);
	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(3), 1000);
	pass(*state, PV_SECOND / 10);
	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(3), 0);
	assert_true(raw_hv_take(guest, 0, TIMER_SINT));
	assert_true(raw_hv_take(guest, 0, TIMER_SINT));
	assert_false(raw_hv_take(guest, 0, TIMER_SINT));
	raw_hv_free(guest);
}

static void
test_timers_follow_a_jump_and_a_change(void **state)
{
	struct raw_hv *guest = raw_hv_new(*state, 1, NULL);
	uint64_t sint = (uint64_t)TIMER_SINT << HV_STIMER_SINT_SHIFT;

	raw_hv_write(guest, 0, HV_MSR_STIMER_CONFIG(0),
	    HV_STIMER_AUTO_ENABLE | sint);
	/* ever earlier: no more events of the world than a few */
	for (unsigned i = 1000; i > 0; i--)
		raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0),
		    now(guest) + i * 1000000ull);
	raw_hv_write(guest, 0, HV_MSR_STIMER_COUNT(0),
	    now(guest) + 3600ull * HV_TICKS_PER_SECOND);
	pass(*state, 1000 * PV_SECOND);
	assert_int_equal(host_hyperv_counts(guest->host)->messages, 0);
	host_hyperv_jump(guest->host, 2600 * PV_SECOND);
	pass(*state, PV_MILLISECOND);
	assert_true(raw_hv_take(guest, 0, TIMER_SINT));
	raw_hv_free(guest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_messages_wait_for_the_slot_in_order),
		world_test(test_messages_wait_for_the_page),
		world_test(test_message_page_freed_in_use_is_a_violation),
		world_test(test_message_interrupts),
		world_test(test_without_auto_eoi_the_guest_ends_interrupts),
		world_test(test_masked_and_polled_sources_do_not_interrupt),
		world_test(test_flag_that_is_set_does_not_interrupt_again),
		world_test(test_manners_about_events),
		world_test(test_manners_about_messages),
		world_test(test_page_and_counter_agree),
		world_test(test_manners_of_the_page),
		world_test(test_one_shot_timer_ends_in_a_message),
		world_test(test_direct_timer_interrupts),
		world_test(test_timer_rules),
		world_test(test_periodic_timer_has_one_message_waiting),
		world_test(test_timers_follow_a_jump_and_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
