/* SPDX-License-Identifier: ISC */
/* The model of netvsp and a hostile guest, and what it does wrong itself when
 * it is told to. */
#include "tests/support/netvsp_lab.h"

/* ---- The guest -------------------------------------------------------- */

/* It still does what it did. */
static void
works(struct lab *lab)
{
	uint8_t frame[80];
	unsigned frames = lab->frames;

	lab_run(lab, PV_MILLISECOND);
	lab_forget(lab);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0),
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(lab->frames, frames + 1);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_arrives(lab, frame, sizeof(frame));
	assert_int_equal(lab_word(lab, HV_OID_LINK_SPEED), 100000000);
	lab_forget(lab);
}

static void
refused_once(struct lab *lab)
{
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->refused, ++lab->refused);
}

/* Where the guest sent it. */
static void
looked_elsewhere(struct lab *lab)
{
	lab->violations = host_hyperv_counts(lab->guest->host)->violations;
	lab->world->violations =
	    sim_machine_counts(lab->world->machine)->violations;
}

static void
test_packets_that_are_no_messages(void **state)
{
	static const uint16_t types[] = { 0, HV_PACKET_SYNC,
		HV_PACKET_XFER_PAGES, HV_PACKET_GPADL, HV_PACKET_CANCEL,
		0xffff };
	struct lab *lab = *state;
	uint32_t message[10] = { HV_NVSP_RNDIS };

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		lab_put(lab, 0, types[i], 0, 0, NULL, 0, message,
		    sizeof(message));
		refused_once(lab);
	}
	/* nothing in it */
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, NULL, 0);
	refused_once(lab);
	works(lab);
}

static void
test_messages_that_are_unknown_or_short(void **state)
{
	static const uint32_t types[] = { 0, 2, 102, 105, 108, 109, 126, 128,
		132, 134, 135, 0xffffffff };
	static const uint32_t shorts[] = { HV_NVSP_INIT, HV_NVSP_NDIS_VERSION,
		HV_NVSP_RNDIS, HV_NVSP_NDIS_CONFIG, HV_NVSP_SUB_CHANNEL };
	struct lab *lab = *state;
	uint32_t message[10] = { 0 };

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		message[0] = types[i];
		lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, message,
		    sizeof(message));
		refused_once(lab);
	}
	for (unsigned i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
		message[0] = shorts[i];
		lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, message, 8);
		refused_once(lab);
	}
	works(lab);
}

static void
test_messages_that_come_too_early_or_again(void **state)
{
	static const uint32_t types[] = { HV_NVSP_NDIS_VERSION, HV_NVSP_RNDIS,
		HV_NVSP_NDIS_CONFIG, HV_NVSP_SUB_CHANNEL,
		HV_NVSP_REVOKE_SEND_BUFFER };
	struct lab *lab = *state;
	struct hv_nvsp message = { 0 };

	lab_nic(lab, NULL);
	lab_open(lab, 0);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		message.type = types[i];
		lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
		refused_once(lab);
	}
	/* an older guest has no newer messages */
	assert_int_equal(lab_init(lab, HV_NVSP_4), HV_NVSP_STATUS_SUCCESS);
	message.type = HV_NVSP_SUB_CHANNEL;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	message.type = HV_NVSP_REVOKE_RECV_BUFFER;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	message.type = HV_NVSP_INIT;
	message.u.init.version = HV_NVSP_5;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	assert_int_equal(lab->counts->version, HV_NVSP_4);
	/* no RNDIS without buffers */
	assert_int_equal(lab_direct(lab, 0, HV_NVSP_CONTROL, 0, 24),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	refused_once(lab);
}

static void
test_what_is_settled_is_not_changed(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp message = { .type = HV_NVSP_NDIS_VERSION };

	lab_start(lab, NULL, 0);
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	assert_int_equal(lab->counts->ndis, 6 << 16 | 30);
	message.type = HV_NVSP_NDIS_CONFIG;
	message.u.ndis_config.mtu = 9014;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	assert_int_equal(lab->counts->mtu, 1500);
	/* a buffer that is another's */
	message.type = HV_NVSP_REVOKE_SEND_BUFFER;
	message.u.revoke.id = 7;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	message.type = HV_NVSP_REVOKE_RECV_BUFFER;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	refused_once(lab);
	works(lab);
	message.type = HV_NVSP_REVOKE_SEND_BUFFER;
	message.u.revoke.id = HV_NVSP_SEND_BUFFER_ID;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &message, 28);
	lab_run(lab, PV_MILLISECOND);
	raw_hv_teardown(lab->guest, lab->offer.relid, lab->send_gpadl);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, 100),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
}

/* What waited for room in the ring is not said any more. */
static void
test_a_revoked_buffer_with_frames_that_wait(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp revoke = { .type = HV_NVSP_REVOKE_RECV_BUFFER };
	uint8_t frame[60], told[1000] = { 0xee };
	unsigned packets;

	lab_start(lab, NULL, 0);
	lab_run(lab, PV_MILLISECOND);
	lab_pattern(frame, sizeof(frame), lab_mac);
	packets = lab->packets;
	/* the ring is full of these */
	for (unsigned i = 0; i < 40; i++)
		host_netvsp_nvs(lab->net, told, sizeof(told));
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	revoke.u.revoke.id = HV_NVSP_RECV_BUFFER_ID;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &revoke, 28);
	pass(lab->world, PV_MILLISECOND);
	assert_int_equal(lab->counts->receive_in_use, 0);
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab->told, 40);
	assert_int_equal(lab->packets, packets);
	assert_int_equal(lab->arrived_count, 0);
}

static void
test_sections_that_are_none(void **state)
{
	struct lab *lab = *state;
	uint32_t count;

	lab_start(lab, NULL, 0);
	count = LAB_SEND_PAGES * 4096 / lab->section_size;
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, count, 100),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0xfffffffe, 100),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0,
			     lab->section_size + 1),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, 0),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, HV_NVSP_NO_SECTION,
			     100),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
	assert_int_equal(lab_section(lab, 0, 2, 0, 100),
	    HV_NVSP_STATUS_FAILURE);
	refused_once(lab);
	works(lab);
}

static void
put_gpa(struct lab *lab, uint32_t count, uint32_t bytes, uint64_t frame)
{
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	struct hv_gpa_page page = { bytes, 0, frame };
	uint8_t header[8 + 4 * sizeof(page)] = { 0 };

	put_le32(header + 4, count);
	for (unsigned i = 0; i < 4; i++)
		memcpy(header + 8 + i * sizeof(page), &page, sizeof(page));
	message.u.rndis.section = HV_NVSP_NO_SECTION;
	lab_put(lab, 0, HV_PACKET_GPA_DIRECT, HV_PACKET_FLAG_COMPLETION, 3,
	    header, sizeof(header), &message, 28);
	refused_once(lab);
}

static void
test_pages_that_are_not_the_guests(void **state)
{
	struct lab *lab = *state;
	uint64_t frame;

	lab_start(lab, NULL, 0);
	frame = lab->data_frame;
	put_gpa(lab, 0, 100, frame);
	put_gpa(lab, 5, 4096, frame); /* more than there are */
	put_gpa(lab, 0xffffffff, 4096, frame);
	put_gpa(lab, 1, 0xffffffff, frame);
	put_gpa(lab, 1, 100, 0xfffffffffffffull);
	put_gpa(lab, 1, 100, 0xffffffffffffffull);
	works(lab);
	looked_elsewhere(lab);
}

/* Each is the header of a message with a frame of 60 bytes and one thing that
 * goes with it; the word at `at` becomes `value`. */
static void
test_rndis_headers_that_cannot_be(void **state)
{
	static const struct {
		uint32_t at, value;
	} bad[] = {
		{ 0, 0 },              /* type */
		{ 0, HV_RNDIS_QUERY }, /* not among frames */
		{ 4, 0 },              /* length */
		{ 4, 7 },              /* */
		{ 4, 43 },             /* */
		{ 4, 121 },            /* more than there is */
		{ 4, 0xffffffff },     /* */
		{ 8, 0 },              /* data: offset */
		{ 8, 35 },             /* in the header */
		{ 8, 113 },            /* */
		{ 8, 0xffffffff },     /* */
		{ 12, 0 },             /* data: length */
		{ 12, 61 + 8 },        /* */
		{ 12, 0xffffffff },    /* */
		{ 12, 0xfffffff0 },    /* wraps */
		{ 16, 4 },             /* out of band */
		{ 20, 4 },             /* */
		{ 24, 1 },             /* */
		{ 28, 0 },             /* information: offset */
		{ 28, 0xffffffff },    /* */
		{ 28, 100 },           /* */
		{ 32, 15 },            /* information: length */
		{ 32, 17 },            /* */
		{ 32, 0xffffffff },    /* */
		{ 32, 0xffffffdc },    /* wraps */
		{ 36, 1 },             /* handle */
		{ 44, 0 },             /* size of one: no progress */
		{ 44, 11 },            /* */
		{ 44, 17 },            /* */
		{ 44, 0xffffffff },    /* */
		{ 52, 0 },             /* offset of the value */
		{ 52, 11 },            /* */
		{ 52, 13 },            /* */
		{ 52, 16 },            /* */
		{ 52, 0xffffffff },    /* */
	};
	struct lab *lab = *state;
	struct lab_info info = { HV_RNDIS_INFO_VLAN, HV_VLAN(1, 2) };
	uint8_t frame[60], bytes[120];

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_int_equal(lab_message(bytes, frame, 60, &info, 1), 120);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(lab->send, bytes, sizeof(bytes));
		put_le32(lab->send + bad[i].at, bad[i].value);
		if (lab_section(lab, 0, HV_NVSP_DATA, 0, 120) !=
		    HV_NVSP_STATUS_INVALID_RNDIS)
			fail_msg("%u at %u is taken", bad[i].value, bad[i].at);
		refused_once(lab);
		assert_int_equal(lab->frames, 0);
	}
	memcpy(lab->send, bytes, sizeof(bytes));
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, 120),
	    HV_NVSP_STATUS_SUCCESS);
	/* the same thing twice */
	lab_message(lab->send, frame, 60, (struct lab_info[2]){ info, info },
	    2);
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, 136),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	refused_once(lab);
	works(lab);
}

static void
control(struct lab *lab, uint32_t type, uint32_t length, const void *body,
    size_t size)
{
	struct hv_rndis header = { type, length };

	memset(lab->data, 0, 256);
	memcpy(lab->data, &header, sizeof(header));
	memcpy(lab->data + 8, body, size);
	lab_direct(lab, 0, HV_NVSP_CONTROL, 0, 8 + (uint32_t)size);
	refused_once(lab);
}

static void
test_rndis_requests_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	struct hv_rndis_request request = { 1, HV_OID_PACKET_FILTER, 4, 20, 0 };
	uint8_t body[64] = { 0 };

	lab_start(lab, NULL, 0);
	control(lab, HV_RNDIS_PACKET, 72, body, 64);
	control(lab, 0, 72, body, 64);
	control(lab, HV_RNDIS_SET_EX, 72, body, 64);
	control(lab, HV_RNDIS_INDICATE, 72, body, 64);
	control(lab, HV_RNDIS_QUERY_COMPLETE, 72, body, 64);
	control(lab, HV_RNDIS_INITIALIZE, 20, body, 64);
	control(lab, HV_RNDIS_QUERY, 27, body, 64);
	control(lab, HV_RNDIS_SET, 27, body, 64);
	control(lab, HV_RNDIS_KEEPALIVE, 11, body, 64);
	control(lab, HV_RNDIS_QUERY, 73, body, 64);
	control(lab, HV_RNDIS_QUERY, 7, body, 64);
	control(lab, HV_RNDIS_QUERY, 0xffffffff, body, 64);
	assert_int_equal(lab->arrived_count, 0);
	/* these have an answer */
	for (unsigned i = 0; i < 6; i++) {
		static const uint32_t bad[][2] = { { 5, 20 }, { 4, 21 },
			{ 4, 19 }, { 0xffffffff, 20 }, { 4, 0xffffffff },
			{ 3, 20 } };

		request.length = bad[i][0];
		request.offset = bad[i][1];
		memcpy(body, &request, sizeof(request));
		control(lab, HV_RNDIS_SET, 32, body, 24);
		assert_int_equal(lab->arrived_count, i + 1);
		assert_int_not_equal(get_le32(lab->arrived[i].bytes + 12), 0);
	}
	works(lab);
}

static void
test_a_flood_of_questions(void **state)
{
	struct lab *lab = *state;
	struct hv_rndis_request request = { .oid = HV_OID_FRAME_SIZE };
	struct hv_rndis header = { HV_RNDIS_QUERY, 28 };
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	uint64_t refused;

	lab_start(lab, NULL, 0);
	memcpy(lab->send, &header, sizeof(header));
	memcpy(lab->send + 8, &request, sizeof(request));
	message.u.rndis.channel = HV_NVSP_CONTROL;
	message.u.rndis.section_size = 28;
	lab->hold = true;
	for (unsigned i = 0; i < 500; i++) {
		lab_put(lab, 0, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION, i,
		    NULL, 0, &message, 28);
		if (i % 20 == 0)
			lab_run(lab, PV_MILLISECOND);
	}
	lab_run(lab, PV_MILLISECOND);
	/* as many as there are parts, those that wait, and no more */
	refused = lab->counts->refused;
	assert_int_equal(lab->counts->receive_in_use, lab->part.count);
	assert_int_equal(lab->held_count, lab->part.count);
	assert_int_equal(refused, 500 - lab->part.count - 64);
	lab->hold = false;
	for (unsigned i = 0; i < lab->held_count; i++)
		lab_complete(lab, 0, lab->held[i]);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->arrived_count, lab->part.count + 64);
	assert_int_equal(lab->counts->receive_in_use, 0);
	works(lab);
	assert_int_equal(lab->counts->refused, refused);
}

/* The same part is the first of another packet. */
static void
test_a_completion_of_the_packet_before(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];

	lab_start(lab, NULL, 0);
	lab->hold = true;
	lab_pattern(frame, sizeof(frame), lab_mac);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(lab_receive(lab, frame, sizeof(frame)));
		lab_run(lab, PV_MILLISECOND);
		if (i == 0)
			lab_complete(lab, 0, lab->held[0]);
		lab_run(lab, PV_MILLISECOND);
	}
	assert_int_equal((uint32_t)lab->held[0], (uint32_t)lab->held[1]);
	lab_complete(lab, 0, lab->held[0]);
	refused_once(lab);
	assert_int_equal(lab->counts->receive_in_use, 1);
}

static void
test_frames_before_rndis_is_up(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];

	lab_nic(lab, NULL);
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_6_1, 1500);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0),
	    HV_NVSP_STATUS_INVALID_RNDIS);
	refused_once(lab);
	assert_int_equal(lab->frames, 0);
	assert_false(lab_receive(lab, frame, sizeof(frame)));
}

static void
test_objects_with_offsets_outside(void **state)
{
	struct lab *lab = *state;
	struct hv_ndis_rss_parameters rss = {
		.object = { HV_NDIS_RSS_PARAMETERS, 2, sizeof(rss) },
		.hash = HV_HASH_TOEPLITZ | HV_HASH_IPV4,
		.table_size = 16,
		.table_offset = sizeof(rss),
		.key_size = HV_RSS_KEY,
		.key_offset = sizeof(rss) + 16,
	};
	struct hv_rndis_parameter name = { 20, 28, 2, 48, 24 };
	uint8_t bytes[sizeof(rss) + 16 + HV_RSS_KEY] = { 0 };
	static const struct {
		unsigned at, size;
		uint32_t value;
	} bad[] = {
		{ 12, 2, 0 },          /* table: size */
		{ 12, 2, 18 },         /* */
		{ 12, 2, 516 },        /* */
		{ 16, 4, 81 },         /* table: offset */
		{ 16, 4, 0xfffffff8 }, /* */
		{ 20, 2, 39 },         /* key: size */
		{ 20, 2, 0xffff },     /* */
		{ 24, 4, 57 },         /* key: offset */
		{ 24, 4, 0xffffffff }, /* */
	};

	lab_start(lab, NULL, 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(bytes, &rss, sizeof(rss));
		memcpy(bytes + bad[i].at, &bad[i].value, bad[i].size);
		assert_int_equal(lab_set(lab, HV_OID_RSS_PARAMETERS, bytes,
				     sizeof(bytes)),
		    HV_RNDIS_STATUS_INVALID_DATA);
		assert_false(lab->counts->rss);
		refused_once(lab);
	}
	memcpy(bytes, &rss, sizeof(rss));
	assert_int_equal(lab_set(lab, HV_OID_RSS_PARAMETERS, bytes, 27),
	    HV_RNDIS_STATUS_TOO_SHORT);
	refused_once(lab);
	assert_int_equal(lab_set(lab, HV_OID_RSS_PARAMETERS, bytes,
			     sizeof(bytes)),
	    0);
	for (unsigned i = 0; i < 4; i++) {
		static const unsigned at[] = { 0, 4, 12, 16 };

		memcpy(bytes, &name, sizeof(name));
		put_le32(bytes + at[i], 0xfffffff0);
		assert_int_equal(lab_set(lab, HV_OID_CONFIG_PARAMETER, bytes,
				     72),
		    HV_RNDIS_STATUS_INVALID_DATA);
		refused_once(lab);
	}
	works(lab);
}

static void
test_completions_of_a_wrong_kind(void **state)
{
	struct lab *lab = *state;
	uint32_t message[2] = { HV_NVSP_INIT_COMPLETE, 1 };
	uint8_t frame[60];

	lab_start(lab, NULL, 0);
	lab->hold = true;
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_run(lab, PV_MILLISECOND);
	/* the packet is the guest's no more, all the same */
	lab_put(lab, 0, HV_PACKET_COMPLETION, 0, lab->held[0], NULL, 0, message,
	    sizeof(message));
	refused_once(lab);
	assert_int_equal(lab->counts->receive_in_use, 0);
	lab->held_count = 0;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_run(lab, PV_MILLISECOND);
	lab_put(lab, 0, HV_PACKET_COMPLETION, 0, lab->held[0], NULL, 0, NULL,
	    0);
	refused_once(lab);
	assert_int_equal(lab->counts->receive_in_use, 0);
	lab->hold = false;
	works(lab);
}

static void
test_a_buffer_taken_back_behind_its_back(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];

	lab_start(lab, NULL, 0);
	raw_hv_teardown(lab->guest, lab->offer.relid, lab->receive_gpadl);
	raw_hv_teardown(lab->guest, lab->offer.relid, lab->send_gpadl);
	memset(lab->receive, 0x55, LAB_RECEIVE_PAGES * 4096);
	lab_pattern(frame, sizeof(frame), lab_mac);
	assert_false(lab_receive(lab, frame, sizeof(frame)));
	assert_int_equal(lab_section(lab, 0, HV_NVSP_DATA, 0, 100),
	    HV_NVSP_STATUS_FAILURE);
	assert_true(lab->counts->refused > 0);
	for (unsigned i = 0; i < LAB_RECEIVE_PAGES * 4096; i++)
		assert_int_equal(lab->receive[i], 0x55);
}

/* Anything in any place, most of it nearly right. */
static void
test_a_guest_of_chance(void **state)
{
	struct lab *lab = *state;
	struct sim *sim = lab->world->sim;
	uint8_t frame[200], header[72];

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	for (unsigned i = 0; i < 6000; i++) {
		struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
		struct lab_info info = { (uint32_t)sim_random(sim, 10),
			(uint32_t)sim_random(sim, 1ull << 32) };
		uint8_t *bytes = sim_random(sim, 2) ? lab->send : lab->data;
		size_t header_len = 0;
		uint16_t type = HV_PACKET_INBAND;
		uint32_t size;
		unsigned changes = (unsigned)sim_random(sim, 3);

		lab_packet(frame, sizeof(frame), sim_random(sim, 2),
		    (unsigned)sim_random(sim, 2));
		size = (uint32_t)lab_message(bytes, frame, sizeof(frame), &info,
		    (unsigned)sim_random(sim, 2));
		while (changes-- > 0)
			bytes[sim_random(sim, 160)] = (uint8_t)sim_random(sim,
			    256);
		if (sim_random(sim, 4) == 0)
			put_le32(bytes, (uint32_t)sim_random(sim, 10));
		if (get_le32(bytes) == HV_RNDIS_HALT)
			put_le32(bytes, 1); /* it would be the end of all */
		if (sim_random(sim, 4) == 0)
			size = (uint32_t)sim_random(sim, 400);
		message.u.rndis.channel = sim_random(sim, 4) == 0;
		message.u.rndis.section_size = size;
		if (bytes == lab->data) {
			struct hv_gpa_page page = { size, 0, lab->data_frame };

			memset(header, 0, sizeof(header));
			put_le32(header + 4, 1 + (sim_random(sim, 8) == 0));
			memcpy(header + 8, &page, sizeof(page));
			header_len = sim_random(sim, 8) != 0
			    ? 24
			    : 8 + 16 * (size_t)sim_random(sim, 4);
			type = HV_PACKET_GPA_DIRECT;
			if (sim_random(sim, 4) != 0)
				message.u.rndis.section = HV_NVSP_NO_SECTION;
		}
		if (sim_random(sim, 20) == 0) {
			type = (uint16_t)sim_random(sim, 16);
			message.type = (uint32_t)sim_random(sim, 140);
			if (message.type == HV_NVSP_REVOKE_RECV_BUFFER ||
			    message.type == HV_NVSP_REVOKE_SEND_BUFFER)
				continue;
		}
		lab_put(lab, 0, type, HV_PACKET_FLAG_COMPLETION, i, header,
		    header_len, &message,
		    sim_random(sim, 8) != 0
			? 28
			: 8 + (size_t)sim_random(sim, 5) * 8);
		if (i % 8 == 0)
			lab_run(lab, PV_MILLISECOND / 5);
		if (sim_random(sim, 4) == 0)
			(void)lab_receive(lab, frame, sizeof(frame));
		lab_forget(lab);
	}
	lab_run(lab, PV_MILLISECOND);
	assert_true(lab->counts->refused > 100);
	assert_true(lab->counts->tx_frames > 100);
	assert_int_equal(lab->counts->receive_in_use, 0);
	looked_elsewhere(lab);
}

/* ---- Its own manners -------------------------------------------------- */

static void
test_packets_are_delayed_and_stopped(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];
	uint64_t before;

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	lab->manners->delay = 15 * PV_MILLISECOND;
	before = sim_now(lab->world->sim);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0), 1);
	assert_true(sim_now(lab->world->sim) - before >= 15 * PV_MILLISECOND);
	lab->manners->delay = 0;
	lab->manners->stop = true;
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0), ~0u);
	assert_int_equal(lab->frames, 1);
	/* it still sends */
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_arrives(lab, frame, sizeof(frame));
	lab->manners->stop = false;
	host_netvsp_look(lab->net);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->frames, 2);
	works(lab);
}

static void
test_silence(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];
	uint32_t id = 0;
	size_t size;

	lab_start(lab, NULL, 0);
	lab_pattern(frame, sizeof(frame), lab_mac);
	lab->manners->silent_rndis = true;
	assert_null(
	    lab_request(lab, HV_RNDIS_KEEPALIVE, &id, 4, NULL, 0, &size));
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0), 1);
	lab->manners->silent_rndis = false;
	lab->manners->stop_completions = true;
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0), ~0u);
	assert_int_equal(lab->frames, 2);
	lab->manners->stop_completions = false;
	works(lab);
	assert_int_equal(lab->counts->refused, 0);
}

static void
spoil(struct lab *lab, unsigned what, unsigned at, uint32_t value)
{
	lab->manners->bad_nth = 1;
	lab->manners->bad_what = what;
	lab->manners->patch_at = at;
	lab->manners->patch_len = 4;
	put_le32(lab->manners->patch, value);
	lab->manners->has_len = lab->manners->twice = lab->manners->lost =
	    false;
}

static void
test_completions_are_spoiled_when_told(void **state)
{
	struct lab *lab = *state;
	struct hv_nvsp init = { .type = HV_NVSP_INIT }, answer;
	uint8_t frame[60];

	lab_nic(lab, NULL);
	lab_open(lab, 0);
	spoil(lab, HOST_NET_NVS, 12, 77);
	assert_int_equal(lab_init(lab, 0), 77);
	assert_int_equal(lab_init(lab, 0), 0);
	/* the third from now on, cut */
	spoil(lab, HOST_NET_NVS, 0, HV_NVSP_INIT_COMPLETE);
	lab->manners->bad_nth = 3;
	lab->manners->has_len = true;
	lab->manners->len = 8;
	for (unsigned i = 0; i < 4; i++) {
		assert_true(lab_ask(lab, &init, 28, &answer));
		assert_int_equal(lab->done_len, i == 2 ? 8 : 32);
	}
	spoil(lab, HOST_NET_NVS, 0, HV_NVSP_INIT_COMPLETE);
	lab->manners->lost = true;
	assert_false(lab_ask(lab, &init, 28, &answer));
	spoil(lab, HOST_NET_NVS, 0, HV_NVSP_INIT_COMPLETE);
	lab->manners->twice = true;
	lab->completions = 0;
	assert_true(lab_ask(lab, &init, 28, &answer));
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->completions, 2);
	/* another id */
	spoil(lab, HOST_NET_DESCRIPTOR, 0, 0xdead);
	assert_false(lab_ask(lab, &init, 28, &answer));
	assert_int_equal(lab->done_id, 0xdead);
	lab_close(lab, 0);
	lab_open(lab, 0);
	lab_hello(lab, HV_NVSP_6_1, 1500);
	lab_pattern(frame, sizeof(frame), lab_mac);
	spoil(lab, HOST_NET_SEND_DONE, 4, 1234);
	assert_int_equal(lab_send(lab, 0, frame, sizeof(frame), NULL, 0), 1234);
}

static void
test_frames_are_spoiled_when_told(void **state)
{
	struct lab *lab = *state;
	uint8_t frame[60];
	const struct lab_message *message;

	lab_start(lab, NULL, 0);
	lab_run(lab, PV_MILLISECOND);
	lab_pattern(frame, sizeof(frame), lab_mac);
	/* the length of the data */
	spoil(lab, HOST_NET_RNDIS, 12, 0xffffffff);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	message = lab_take(lab);
	assert_int_equal(get_le32(message->bytes + 12), 0xffffffff);
	/* cut in the header */
	spoil(lab, HOST_NET_RNDIS, 4000, 0);
	lab->manners->has_len = true;
	lab->manners->len = 5;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	assert_int_equal(lab_take(lab)->size, 5);
	spoil(lab, HOST_NET_RNDIS, 4000, 0);
	lab->manners->twice = true;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_arrives(lab, frame, sizeof(frame));
	lab_arrives(lab, frame, sizeof(frame));
	spoil(lab, HOST_NET_RNDIS, 4000, 0);
	lab->manners->lost = true;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_nothing(lab);
	assert_int_equal(lab->counts->receive_in_use, 0);
	works(lab);
}

/* The guest's side looks at what comes, so this is done by hand. */
static void
next_packet(struct lab *lab)
{
	for (unsigned i = 0; i < 100; i++) {
		if (raw_channel_take(lab->channels[0])) {
			raw_channel_release(lab->channels[0]);
			return;
		}
		pass(lab->world, PV_MILLISECOND);
	}
	fail_msg("no packet");
}

static void
test_ranges_are_spoiled_when_told(void **state)
{
	struct lab *lab = *state;
	const struct hv_packet_xfer *packet;
	const struct hv_xfer_range *range;
	uint8_t frame[60];
	uint64_t id;

	lab_start(lab, NULL, 0);
	lab_run(lab, PV_MILLISECOND);
	lab_pattern(frame, sizeof(frame), lab_mac);
	packet = (const void *)raw_channel_packet(lab->channels[0]);
	range = (const void *)(packet + 1);
	spoil(lab, HOST_NET_RANGES, 4, 376);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	next_packet(lab);
	assert_int_equal(packet->count, 376);
	lab_complete(lab, 0, packet->packet.id);
	spoil(lab, HOST_NET_RANGES, 12, 0xfffffff0);
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	next_packet(lab);
	assert_int_equal(range->offset, 0xfffffff0);
	lab_complete(lab, 0, packet->packet.id);
	/* the range is not there */
	spoil(lab, HOST_NET_RANGES, 400, 0);
	lab->manners->has_len = true;
	lab->manners->len = 8;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	next_packet(lab);
	assert_int_equal(packet->packet.offset8, 3);
	assert_int_equal(packet->count, 1);
	lab_complete(lab, 0, packet->packet.id);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->counts->receive_in_use, 0);
	assert_int_equal(lab->counts->refused, 0);
	/* twice, of which one completion is too many */
	spoil(lab, HOST_NET_RANGES, 400, 0);
	lab->manners->twice = true;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	next_packet(lab);
	id = packet->packet.id;
	next_packet(lab);
	assert_int_equal(packet->packet.id, id);
	lab_complete(lab, 0, id);
	lab_complete(lab, 0, id);
	refused_once(lab);
	spoil(lab, HOST_NET_RANGES, 400, 0);
	lab->manners->lost = true;
	assert_true(lab_receive(lab, frame, sizeof(frame)));
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->arrived_count, 0);
	assert_int_equal(lab->counts->receive_in_use, 0);
	works(lab);
}

static void
test_messages_of_any_kind(void **state)
{
	struct lab *lab = *state;
	static const uint8_t first[3] = { 1, 2, 3 }, second[64] = { 7, 1 };
	const void *messages[2] = { first, second };
	size_t sizes[2] = { sizeof(first), sizeof(second) };
	const struct lab_message *message;
	unsigned packet;

	lab_start(lab, NULL, 0);
	host_netvsp_nvs(lab->net, first, sizeof(first));
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->told, 1);
	assert_int_equal(lab->told_len, 8);
	assert_memory_equal(lab->told_bytes, first, 3);
	assert_true(host_netvsp_rndis(lab->net, 0, messages, sizes, 2));
	message = lab_take(lab);
	packet = message->packet;
	assert_int_equal(message->size, 3);
	assert_memory_equal(message->bytes, first, 3);
	message = lab_take(lab);
	assert_int_equal(message->packet, packet);
	assert_memory_equal(message->bytes, second, 64);
	sizes[0] = lab->part.size + 1;
	assert_false(host_netvsp_rndis(lab->net, 0, messages, sizes, 2));
	assert_false(host_netvsp_rndis(lab->net, 1, messages, sizes, 1));
	works(lab);
}

static void
test_completions_wait_for_room(void **state)
{
	struct lab *lab = *state;
	struct raw_channel *channel;
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	uint8_t frame[60];
	uint64_t next = 0;
	unsigned sent = 0;

	lab_start(lab, NULL, 0);
	channel = lab->channels[0];
	lab_pattern(frame, sizeof(frame), lab_mac);
	message.u.rndis.section_size = (uint32_t)lab_message(lab->send, frame,
	    sizeof(frame), NULL, 0);
	/* nothing is taken from the ring meanwhile */
	while (sent < 2000) {
		uint32_t used = (channel->write + channel->size -
				    channel->out->read) %
		    channel->size;

		if (used + 128 > channel->size) {
			pass(lab->world, PV_MILLISECOND);
			if (used ==
			    (channel->write + channel->size -
				channel->out->read) %
				channel->size)
				break;
			continue;
		}
		lab_put(lab, 0, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION,
		    sent++, NULL, 0, &message, 28);
	}
	assert_in_range(sent, 800, 1999);
	for (unsigned i = 0; i < 100 && next < sent; i++) {
		while (raw_channel_take(channel)) {
			raw_channel_release(channel);
			assert_int_equal(raw_channel_packet(channel)->id,
			    next++);
		}
		(void)raw_channel_signal(channel);
		pass(lab->world, PV_MILLISECOND);
	}
	assert_int_equal(next, sent);
	assert_int_equal(lab->frames, sent);
	works(lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_packets_that_are_no_messages),
		lab_test(test_messages_that_are_unknown_or_short),
		lab_test(test_messages_that_come_too_early_or_again),
		lab_test(test_what_is_settled_is_not_changed),
		lab_test(test_a_revoked_buffer_with_frames_that_wait),
		lab_test(test_sections_that_are_none),
		lab_test(test_pages_that_are_not_the_guests),
		lab_test(test_rndis_headers_that_cannot_be),
		lab_test(test_rndis_requests_that_cannot_be),
		lab_test(test_a_flood_of_questions),
		lab_test(test_a_completion_of_the_packet_before),
		lab_test(test_frames_before_rndis_is_up),
		lab_test(test_objects_with_offsets_outside),
		lab_test(test_completions_of_a_wrong_kind),
		lab_test(test_a_buffer_taken_back_behind_its_back),
		lab_test(test_a_guest_of_chance),
		lab_test(test_packets_are_delayed_and_stopped),
		lab_test(test_silence),
		lab_test(test_completions_are_spoiled_when_told),
		lab_test(test_frames_are_spoiled_when_told),
		lab_test(test_ranges_are_spoiled_when_told),
		lab_test(test_messages_of_any_kind),
		lab_test(test_completions_wait_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
