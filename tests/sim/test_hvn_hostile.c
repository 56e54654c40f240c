/* SPDX-License-Identifier: ISC */
/* A host that answers nonsense, or nothing, while hvn connects and asks. */
#include "tests/support/hv_hostile.h"

/* The answers of NVS, in the order in which they come. */
enum {
	INIT = 1,
	RECEIVE,
	SEND,
	SUBS
};

static void
machine(struct hv_vif *vif, unsigned cpus)
{
	hv_vif_machine(vif, NULL, cpus);
	hv_vif_nic(vif, &(struct host_netvsp_config){ .max_channels = cpus });
}

/* It tries again, and the host is as it should be then. */
static void
is_up_at_the_second_try(struct hv_vif *vif)
{
	assert_false(vif->nic->link);
	assert_true(hostile_counted(vif) > 0);
	hv_vif_until(vif, hv_vif_is_up, "up");
	hostile_is_not_broken(vif);
}

/* ---- NVS -------------------------------------------------------------- */

/* A packet's length counts in units of 8 bytes. */
static void
test_h22_nvs_answers_cut_at_every_length(void **state)
{
	(void)state;
	for (unsigned nth = INIT; nth <= RECEIVE; nth++) {
		unsigned need = nth == INIT ? 16 : 25;

		for (unsigned len = 0; len < need; len += 8) {
			void *inner;

			assert_int_equal(hv_vif_setup(&inner), 0);
			machine(inner, 1);
			hostile_cut(inner, HOST_NET_NVS, nth, len);
			hv_vif_attach(inner);
			is_up_at_the_second_try(inner);
			assert_int_equal(hv_vif_teardown(&inner), 0);
		}
	}
	hv_vif_start(*state, NULL);
}

static void
test_h15_nvs_answers_of_another_type(void **state)
{
	static const uint32_t types[] = { 0, HV_NVSP_INIT, HV_NVSP_RNDIS,
		HV_NVSP_RNDIS_COMPLETE, HV_NVSP_SEND_BUFFER_COMPLETE,
		UINT32_MAX };

	for (unsigned nth = INIT; nth <= RECEIVE; nth++)
		for (unsigned i = 0; i < 6; i++) {
			void *inner;

			assert_int_equal(hv_vif_setup(&inner), 0);
			machine(inner, 1);
			hostile_word(inner, HOST_NET_NVS, nth, 0, types[i]);
			hv_vif_attach(inner);
			is_up_at_the_second_try(inner);
			assert_int_equal(hv_vif_teardown(&inner), 0);
		}
	hv_vif_start(*state, NULL);
}

/* Status, and versions of old hosts that none is. */
static void
test_no_version_in_common(void **state)
{
	struct hv_vif *vif = *state;

	machine(vif, 1);
	host_netvsp_manners(vif->net)->refuse_versions = true;
	hv_vif_attach(vif);
	hv_vif_until(vif, hv_vif_is_unusable, "unusable");
	world_has_line(vif->world,
	    "hvn0: version: not supported by this store; not in use");
	hv_vif_run(vif, 60 * PV_SECOND);
	assert_true(hv_vif_is_unusable(vif));
}

/* Of the receive buffer: its one section. */
static void
receive_section(void **state, unsigned at, uint32_t value)
{
	void *inner;

	(void)state;
	assert_int_equal(hv_vif_setup(&inner), 0);
	machine(inner, 1);
	hostile_word(inner, HOST_NET_NVS, RECEIVE, at, value);
	hv_vif_attach(inner);
	is_up_at_the_second_try(inner);
	assert_int_equal(hv_vif_teardown(&inner), 0);
}

#define COUNT 8u
#define SECTION_OFFSET 12u
#define SECTION_SIZE 16u
#define SECTION_COUNT 20u

static void
test_h18_receive_section_of_nothing(void **state)
{
	receive_section(state, COUNT, 0);
	receive_section(state, SECTION_SIZE, 0);
	receive_section(state, SECTION_SIZE, 1);
	receive_section(state, SECTION_COUNT, 0);
	hv_vif_start(*state, NULL);
}

static void
test_h26_receive_sections_that_do_not_fit(void **state)
{
	receive_section(state, COUNT, 2);
	receive_section(state, COUNT, UINT32_MAX);
	receive_section(state, SECTION_COUNT, UINT32_MAX);
	receive_section(state, SECTION_SIZE, UINT32_MAX);
	receive_section(state, SECTION_COUNT, (16u << 20) / 1728 + 1);
	/* their product is 2^32 and some */
	receive_section(state, SECTION_COUNT, 2485514);
	hv_vif_start(*state, NULL);
}

static void
test_h20_receive_section_outside_of_the_buffer(void **state)
{
	receive_section(state, SECTION_OFFSET, UINT32_MAX);
	receive_section(state, SECTION_OFFSET, 16u << 20);
	receive_section(state, SECTION_OFFSET, 1u << 20);
	hv_vif_start(*state, NULL);
}

/* Without a send buffer it goes on all the same. */
static void
send_section(uint32_t size, bool taken)
{
	static struct vif_frame frame;
	static uint8_t bytes[1514];
	void *inner;
	struct hv_vif *vif;

	assert_int_equal(hv_vif_setup(&inner), 0);
	vif = inner;
	machine(vif, 1);
	hostile_word(vif, HOST_NET_NVS, SEND, 8, size);
	hv_vif_attach(vif);
	assert_true(vif->nic->link);
	assert_int_equal(hv_vif_hvn(vif)->send.lent, taken);
	assert_int_equal(vif->device->stats.bad_value, !taken);
	if (!taken) {
		vif_pattern(bytes, sizeof(bytes), size);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
		assert_memory_equal(vif->peer.first->bytes, bytes,
		    sizeof(bytes));
		assert_int_equal(host_netvsp_counts(vif->net)->tx_sections, 0);
		hostile_is_not_broken(vif);
	}
	assert_int_equal(hv_vif_teardown(&inner), 0);
}

static void
test_h31_send_sections_of_any_size(void **state)
{
	send_section(0, false);
	send_section(1, false);
	send_section(HVN_SECTION_MIN - 1, false);
	send_section((1u << 20) + 1, false);
	send_section(UINT32_MAX, false);
	send_section(6144, true);
	hv_vif_start(*state, NULL);
}

static void
test_a_send_buffer_that_is_refused(void **state)
{
	struct hv_vif *vif = *state;

	machine(vif, 1);
	hostile_word(vif, HOST_NET_NVS, SEND, 4, HV_NVSP_STATUS_FAILURE);
	hv_vif_attach(vif);
	assert_false(hv_vif_hvn(vif)->send.lent);
	hostile_is_not_broken(vif);
}

static void
test_h29_nvs_is_never_answered(void **state)
{
	struct hv_vif *vif = *state;
	struct host_netvsp_manners *manners;
	uint64_t before;

	machine(vif, 1);
	manners = host_netvsp_manners(vif->net);
	manners->stop = true;
	before = sim_now(vif->world->sim);
	hv_vif_attach(vif);
	assert_in_range(sim_now(vif->world->sim) - before, 0, 11 * PV_SECOND);
	hv_vif_until(vif, hv_vif_is_unusable, "unusable");
	manners->stop = false;
}

static void
test_h29_an_answer_that_gets_lost(void **state)
{
	for (unsigned nth = INIT; nth <= SEND; nth++) {
		void *inner;
		struct hv_vif *vif;

		assert_int_equal(hv_vif_setup(&inner), 0);
		vif = inner;
		machine(vif, 1);
		hostile_patch(vif, HOST_NET_NVS, nth, 0, NULL, 0)->lost = true;
		hv_vif_attach(vif);
		hv_vif_until(vif, hv_vif_is_up, "up");
		hostile_is_not_broken(vif);
		assert_int_equal(hv_vif_teardown(&inner), 0);
	}
	hv_vif_start(*state, NULL);
}

static void
test_h29_an_answer_twice(void **state)
{
	for (unsigned nth = INIT; nth <= SEND; nth++) {
		void *inner;

		assert_int_equal(hv_vif_setup(&inner), 0);
		machine(inner, 1);
		hostile_patch(inner, HOST_NET_NVS, nth, 0, NULL, 0)->twice =
		    true;
		hv_vif_attach(inner);
		hostile_is_broken(inner, "completion of nothing that was sent");
		assert_int_equal(hv_vif_teardown(&inner), 0);
	}
	hv_vif_start(*state, NULL);
}

/* In band, when nobody waits for one. */
static void
test_h29_messages_of_the_beginning_replayed_later(void **state)
{
	static const uint32_t types[] = { HV_NVSP_INIT_COMPLETE,
		HV_NVSP_RECV_BUFFER_COMPLETE, HV_NVSP_SEND_BUFFER_COMPLETE,
		HV_NVSP_SUB_CHANNEL, HV_NVSP_RNDIS, HV_NVSP_RNDIS_COMPLETE,
		HV_NVSP_SWITCH_DATA_PATH, 0, 1000, UINT32_MAX };
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	for (unsigned i = 0; i < 10; i++) {
		struct hv_nvsp message = { .type = types[i] };

		memset(message.u.bytes, 0xff, sizeof(message.u.bytes));
		host_netvsp_nvs(vif->net, &message, sizeof(message));
		hv_vif_run(vif, PV_MILLISECOND);
		assert_int_equal(vif->device->stats.bad_value, i + 1);
	}
	hostile_is_not_broken(vif);
}

static void
test_h22_messages_in_band_cut_short(void **state)
{
	struct hv_vif *vif = *state;
	const struct hv_nvsp message = { .type = HV_NVSP_VF_ASSOCIATION,
		.u.vf_association = { .allocated = 1 } };
	const struct hv_nvsp table = { .type = HV_NVSP_INDIRECTION_TABLE };

	hv_vif_start(vif, NULL);
	for (unsigned len = 0; len <= 8; len += 8) {
		host_netvsp_nvs(vif->net, &message, len);
		host_netvsp_nvs(vif->net, &table, len);
	}
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(vif->device->stats.bad_length, 4);
	assert_int_equal(hv_vif_hvn(vif)->vf_offers, 0);
	hostile_is_not_broken(vif);
}

/* ---- RNDIS ------------------------------------------------------------ */

static void
test_h29_rndis_is_never_answered(void **state)
{
	struct hv_vif *vif = *state;

	machine(vif, 1);
	host_netvsp_manners(vif->net)->silent_rndis = true;
	hv_vif_attach(vif);
	hv_vif_until(vif, hv_vif_is_unusable, "unusable");
	assert_false(vif->nic->link);
}

/* Each answer is lost once: what is needed is asked for again with a new
 * connection, and the rest is done without. */
static void
test_h29_any_rndis_answer_gets_lost(void **state)
{
	for (unsigned nth = 1; nth <= 12; nth++) {
		void *inner;
		struct hv_vif *vif;

		assert_int_equal(hv_vif_setup(&inner), 0);
		vif = inner;
		machine(vif, 2);
		hostile_patch(vif, HOST_NET_RANGES, nth, 0, NULL, 0)->lost =
		    true;
		hv_vif_attach(vif);
		hv_vif_until(vif, hv_vif_is_up, "up");
		assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
		hv_vif_works(vif);
		assert_int_equal(hv_vif_teardown(&inner), 0);
	}
	hv_vif_start(*state, NULL);
}

/* Every word of every answer becomes something else: it is up in the end, or
 * known to be of no use, and nothing is out of bounds. */
static void
any_word(unsigned nth, unsigned word, uint32_t value)
{
	void *inner;
	struct hv_vif *vif;
	uint64_t end;

	assert_int_equal(hv_vif_setup(&inner), 0);
	vif = inner;
	machine(vif, 2);
	hostile_word(vif, HOST_NET_RNDIS, nth, word * 4, value);
	hv_vif_attach(vif);
	end = sim_now(vif->world->sim) + 60 * PV_SECOND;
	while (!vif->nic->link && !hv_vif_is_broken(vif) &&
	    hv_vif_hvn(vif)->phase != HVN_RUNNING &&
	    sim_now(vif->world->sim) < end)
		hv_vif_turn(vif);
	assert_int_equal(hv_vif_hvn(vif)->phase, HVN_RUNNING);
	assert_in_range(vif->nic->mtu, HVN_MTU_MIN, HVN_MTU);
	assert_int_equal(vif->nic->mac[0] & 1, 0);
	assert_int_equal(hv_vif_teardown(&inner), 0);
}

static void
test_h27_any_word_of_any_rndis_answer(void **state)
{
	static const uint32_t values[] = { 0, 1, 16, 0x7fffffff, 0x80000000u,
		UINT32_MAX };

	for (unsigned nth = 1; nth <= 9; nth++)
		for (unsigned word = 0; word < 8; word++)
			any_word(nth, word, values[(nth * 8 + word) % 6]);
	for (unsigned i = 0; i < 6; i++)
		for (unsigned word = 0; word < 8; word++)
			any_word(3 + i % 3, word, values[i]);
	hv_vif_start(*state, NULL);
}

struct answer {
	struct hv_rndis header;
	struct hv_rndis_answer body;
	uint8_t object[2048];
};

static void
make_answer(struct hv_vif *vif, struct answer *answer, uint32_t length)
{
	memset(answer, 0x41, sizeof(*answer));
	answer->header = (struct hv_rndis){ HV_RNDIS_QUERY_COMPLETE,
		(uint32_t)(sizeof(answer->header) + sizeof(answer->body) +
		    length) };
	answer->body = (struct hv_rndis_answer){
		.id = hv_vif_hvn(vif)->control.id,
		.length = length,
		.offset = sizeof(answer->body),
	};
}

static void
test_h29_an_answer_that_nobody_asked_for(void **state)
{
	struct hv_vif *vif = *state;
	struct answer answer;

	hv_vif_start(vif, NULL);
	make_answer(vif, &answer, 4); /* the id of the last request */
	hostile_rndis(vif, &answer, answer.header.length);
	assert_int_equal(vif->device->stats.bad_id, 1);
	answer.body.id++; /* and of the next */
	hostile_rndis(vif, &answer, answer.header.length);
	assert_int_equal(vif->device->stats.bad_id, 2);
	answer.body.id = 0;
	hostile_rndis(vif, &answer, answer.header.length);
	answer.body.id = UINT32_MAX;
	hostile_rndis(vif, &answer, answer.header.length);
	assert_int_equal(vif->device->stats.bad_id, 4);
	assert_memory_equal(vif->nic->mac, HV_VIF_MAC, 6);
	hostile_is_not_broken(vif);
}

/* The right id, while the true answer is still to come. */
static void
test_h28_an_answer_longer_than_anybody_wants(void **state)
{
	struct hv_vif *vif = *state;
	struct answer answer;

	hv_vif_start(vif, NULL);
	host_netvsp_manners(vif->net)->silent_rndis = true;
	assert_int_equal(pv_nic_promiscuous(vif->nic, true), PV_OK);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_true(hv_vif_hvn(vif)->asked);
	make_answer(vif, &answer, HVN_REPLY + 1);
	hostile_rndis(vif, &answer, answer.header.length);
	assert_int_equal(vif->device->stats.bad_length, 1);
	host_netvsp_manners(vif->net)->silent_rndis = false;
	hv_vif_until(vif, hv_vif_is_quiet, "quiet");
	hostile_is_not_broken(vif);
}

static void
test_h15_an_answer_of_another_kind(void **state)
{
	struct hv_vif *vif = *state;
	struct answer answer;

	hv_vif_start(vif, NULL);
	host_netvsp_manners(vif->net)->silent_rndis = true;
	assert_int_equal(pv_nic_promiscuous(vif->nic, true), PV_OK);
	hv_vif_run(vif, PV_MILLISECOND);
	make_answer(vif, &answer, 4); /* a query's, to a set */
	hostile_rndis(vif, &answer, answer.header.length);
	assert_int_equal(vif->device->stats.bad_length, 1);
	hv_vif_until(vif, hv_vif_is_quiet, "quiet");
	hostile_is_not_broken(vif);
}

/* It says no more, and then what it was asked long ago. */
static void
test_h29_an_answer_after_the_time_for_it(void **state)
{
	struct hv_vif *vif = *state;
	struct answer answer;

	hv_vif_start(vif, NULL);
	host_netvsp_manners(vif->net)->silent_rndis = true;
	assert_int_equal(pv_nic_promiscuous(vif->nic, true), PV_OK);
	hv_vif_run(vif, PV_MILLISECOND);
	make_answer(vif, &answer, 4);
	hv_vif_run(vif, 20 * PV_SECOND);
	assert_false(hv_vif_hvn(vif)->asked);
	hostile_rndis(vif, &answer, answer.header.length);
	assert_int_equal(vif->device->stats.bad_id, 1);
	host_netvsp_manners(vif->net)->silent_rndis = false;
	hostile_is_not_broken(vif);
}

static void
test_rndis_that_is_for_hosts(void **state)
{
	static const uint32_t types[] = { HV_RNDIS_INITIALIZE, HV_RNDIS_HALT,
		HV_RNDIS_QUERY, HV_RNDIS_SET, HV_RNDIS_RESET, 0, 0x7fffffff };
	struct hv_vif *vif = *state;
	struct answer answer;

	hv_vif_start(vif, NULL);
	make_answer(vif, &answer, 4);
	for (unsigned i = 0; i < 7; i++) {
		answer.header.type = types[i];
		hostile_rndis(vif, &answer, answer.header.length);
		assert_int_equal(vif->device->stats.bad_value, i + 1);
	}
	answer.header.type = 0xffffffffu; /* an answer to what? */
	hostile_rndis(vif, &answer, answer.header.length);
	answer.header.type = HV_RNDIS_INDICATE;
	answer.header.length = 12;
	hostile_rndis(vif, &answer, 12);
	assert_int_equal(vif->device->stats.bad_id, 1);
	assert_int_equal(vif->device->stats.bad_length, 1);
	hostile_is_not_broken(vif);
}

/* Indications without end: asked for again, one question at a time. */
static void
test_a_storm_of_indications(void **state)
{
	const struct {
		struct hv_rndis header;
		struct hv_rndis_indicate body;
	} message = { { HV_RNDIS_INDICATE, sizeof(message) },
		{ .status = HV_RNDIS_STATUS_NETWORK_CHANGE } };
	const void *messages[] = { &message };
	const size_t sizes[] = { sizeof(message) };
	struct hv_vif *vif = *state;
	uint64_t slots;

	hv_vif_start(vif, NULL);
	slots = vif->device->stats.slots;
	for (unsigned i = 0; i < 2000; i++) {
		host_netvsp_rndis(vif->net, 0, messages, sizes, 1);
		if (i % 20 == 0)
			hv_vif_turn(vif);
	}
	hv_vif_until(vif, hv_vif_is_quiet, "quiet");
	/* completions of 2000 packets at most, and some questions */
	assert_in_range(vif->device->stats.slots - slots, 1, 4000);
	hostile_is_not_broken(vif);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_h22_nvs_answers_cut_at_every_length),
		hv_vif_test(test_h15_nvs_answers_of_another_type),
		hv_vif_test(test_no_version_in_common),
		hv_vif_test(test_h18_receive_section_of_nothing),
		hv_vif_test(test_h26_receive_sections_that_do_not_fit),
		hv_vif_test(test_h20_receive_section_outside_of_the_buffer),
		hv_vif_test(test_h31_send_sections_of_any_size),
		hv_vif_test(test_a_send_buffer_that_is_refused),
		hv_vif_test(test_h29_nvs_is_never_answered),
		hv_vif_test(test_h29_an_answer_that_gets_lost),
		hv_vif_test(test_h29_an_answer_twice),
		hv_vif_test(test_h29_messages_of_the_beginning_replayed_later),
		hv_vif_test(test_h22_messages_in_band_cut_short),
		hv_vif_test(test_h29_rndis_is_never_answered),
		hv_vif_test(test_h29_any_rndis_answer_gets_lost),
		hv_vif_test(test_h27_any_word_of_any_rndis_answer),
		hv_vif_test(test_h29_an_answer_that_nobody_asked_for),
		hv_vif_test(test_h28_an_answer_longer_than_anybody_wants),
		hv_vif_test(test_h15_an_answer_of_another_kind),
		hv_vif_test(test_h29_an_answer_after_the_time_for_it),
		hv_vif_test(test_rndis_that_is_for_hosts),
		hv_vif_test(test_a_storm_of_indications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
