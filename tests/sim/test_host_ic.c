/* SPDX-License-Identifier: ISC */
/* The host's side of the integration services, judged by the public protocol: a
 * guest that answers by hand. */
#include "host/hyperv/ic_private.h"
#include "tests/support/hyperv_host.h"
#include "wire/endian.h"
#include "wire/hyperv/fcopy.h"
#include "wire/hyperv/kvp.h"
#include "wire/hyperv/vss.h"

#define RING_PAGES 5
#define VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))
#define SHORT_TIME (100 * PV_MILLISECOND)
#define OK HV_IC_STATUS_OK

struct lab {
	struct world *world;
	struct raw_hv *guest;
	struct host_ic *ic;
	enum host_ic_service which; /* the one that is open */
	struct raw_channel *channel;
	const struct host_ic_answer *answer;
	const struct host_ic_counts *counts;
	/* the last question */
	struct hv_pipe pipe;
	struct hv_ic header;
	uint8_t body[HV_PIPE_MAX];
	size_t body_len;
};

static int
lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL || world_setup(state) != 0)
		return -1;
	lab->world = *state;
	lab->guest = raw_hv_new(lab->world, 1, NULL);
	lab->ic = host_ic_new(lab->guest->host, 0);
	assert_non_null(lab->ic);
	*state = lab;
	return 0;
}

static int
lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *world = lab->world;
	unsigned violations = host_hyperv_counts(lab->guest->host)->violations;

	raw_hv_free(lab->guest);
	raw_channel_free(lab->channel);
	free(lab);
	return (violations == 0 ? 0 : -1) | world_teardown(&world);
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

/* ---- Questions and answers -------------------------------------------- */

static const struct hv_vmbus_offer *
offer_of(struct lab *lab, enum host_ic_service which)
{
	const struct hv_guid *type = &ic_kinds[which].class_id;

	for (unsigned i = 0; i < lab->guest->offer_count; i++)
		if (memcmp(&lab->guest->offers[i].type, type, sizeof(*type)) ==
		    0)
			return &lab->guest->offers[i];
	fail_msg("service %u is not offered", which);
	return NULL;
}

static void
open_service(struct lab *lab, enum host_ic_service which)
{
	if (lab->guest->version == 0) {
		raw_hv_connect(lab->guest, HV_VMBUS_5_2);
		raw_hv_offers(lab->guest);
	}
	lab->which = which;
	lab->answer = host_ic_answer(lab->ic, which);
	lab->counts = host_ic_counts(lab->ic, which);
	raw_channel_free(lab->channel);
	lab->channel = raw_channel_new(lab->guest, offer_of(lab, which),
	    RING_PAGES, 0);
}

static bool
is_asked(struct lab *lab)
{
	uint64_t end = sim_now(lab->world->sim) + SHORT_TIME;
	const uint8_t *data;
	size_t len;

	while (!raw_channel_take(lab->channel)) {
		if (sim_now(lab->world->sim) >= end)
			return false;
		pass(lab->world, 10000);
	}
	raw_channel_release(lab->channel);
	assert_int_equal(raw_channel_packet(lab->channel)->type,
	    HV_PACKET_INBAND);
	assert_int_equal(raw_channel_packet(lab->channel)->flags, 0);
	data = raw_channel_data(lab->channel, &len);
	assert_true(len >= sizeof(lab->pipe));
	memcpy(&lab->pipe, data, sizeof(lab->pipe));
	assert_int_equal(lab->pipe.type, HV_PIPE_DATA);
	assert_true(lab->pipe.size <= len - sizeof(lab->pipe));
	memset(&lab->header, 0, sizeof(lab->header));
	memset(lab->body, 0, sizeof(lab->body));
	data += sizeof(lab->pipe);
	lab->body_len = 0;
	memcpy(&lab->header, data,
	    lab->pipe.size < sizeof(lab->header) ? lab->pipe.size
						 : sizeof(lab->header));
	if (lab->pipe.size > sizeof(lab->header)) {
		lab->body_len = lab->pipe.size - sizeof(lab->header);
		memcpy(lab->body, data + sizeof(lab->header), lab->body_len);
	}
	return true;
}

/* A question that is right. */
static void
expect(struct lab *lab, uint16_t type, size_t len)
{
	if (!is_asked(lab))
		fail_msg("service %u asks nothing", lab->which);
	assert_int_equal(lab->header.type, type);
	assert_int_equal(lab->header.flags,
	    HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST);
	assert_int_equal(lab->header.status, 0);
	assert_int_equal(lab->header.size, lab->body_len);
	if (len != 0)
		assert_int_equal(lab->body_len, len);
}

static void
send(struct lab *lab, uint32_t pipe_size, const struct hv_ic *header,
    const void *body, size_t len)
{
	uint8_t bytes[sizeof(struct hv_pipe) + HV_PIPE_MAX];
	struct hv_pipe pipe = { HV_PIPE_DATA, pipe_size };

	memcpy(bytes, &pipe, sizeof(pipe));
	memcpy(bytes + sizeof(pipe), header, sizeof(*header));
	if (len > 0)
		memcpy(bytes + sizeof(pipe) + sizeof(*header), body, len);
	raw_channel_say(lab->channel, 0, bytes,
	    (uint32_t)(sizeof(pipe) + sizeof(*header) + len));
	pass(lab->world, PV_MILLISECOND);
}

static void
reply(struct lab *lab, uint32_t status, const void *body, size_t len)
{
	struct hv_ic header = lab->header;

	header.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_RESPONSE;
	header.status = status;
	header.size = (uint16_t)len;
	send(lab, (uint32_t)(sizeof(header) + len), &header, body, len);
}

/* The question's own body is the answer's, as Linux has it. */
static void
reply_same(struct lab *lab, uint32_t status)
{
	reply(lab, status, lab->body, lab->body_len);
}

static void
agree(struct lab *lab, uint32_t framework, uint32_t version)
{
	struct {
		struct hv_ic_negotiate body;
		struct hv_ic_version versions[2];
	} answer = { { 1, 1, 0 },
		{ { (uint16_t)(framework >> 16), (uint16_t)framework },
		    { (uint16_t)(version >> 16), (uint16_t)version } } };

	reply(lab, OK, &answer, sizeof(answer));
}

/* Open and up, with that version of its messages. */
static void
up(struct lab *lab, enum host_ic_service which, uint32_t version)
{
	open_service(lab, which);
	expect(lab, HV_IC_NEGOTIATE, 0);
	agree(lab, VERSION(3, 0), version);
	assert_int_equal(lab->answer->framework, VERSION(3, 0));
	assert_int_equal(lab->answer->version, version);
	assert_int_equal(lab->counts->refused, 0);
}

static void
is_answered(const struct lab *lab, uint32_t status)
{
	assert_true(lab->answer->answered);
	assert_int_equal(lab->answer->status, status);
}

/* ---- Text ------------------------------------------------------------- */

static void
test_text_both_ways(void **state)
{
	static const char *const texts[] = { "", "a", "k\xc3\xa4se",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf",
		"\xed\x9f\xbf\xee\x80\x80",
		"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80" };
	uint8_t units[64];
	char back[64];

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t size = ic_to_utf16(texts[i], strlen(texts[i]), units,
		    sizeof(units));

		assert_true(size >= 2 && size % 2 == 0);
		assert_int_equal(get_le16(units + size - 2), 0);
		assert_int_equal(ic_from_utf16(units, size, back, sizeof(back)),
		    strlen(texts[i]));
		assert_string_equal(back, texts[i]);
	}
	assert_int_equal(ic_to_utf16("\xf0\x9f\x98\x80", 4, units, 64), 6);
	assert_int_equal(get_le16(units), 0xd83d);
	assert_int_equal(get_le16(units + 2), 0xde00);
}

static void
test_text_that_is_none(void **state)
{
	static const char *const texts[] = { "\x80", "\xc3", "\xc0\x80",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "a\xc3" };
	/* lone surrogates, one at the end */
	static const uint8_t lone[] = { 0x00, 0xd8, 'a', 0, 0x00, 0xdc, 0x00,
		0xd8 };
	uint8_t units[64];
	char back[64];

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(ic_to_utf16(texts[i], strlen(texts[i]), units,
				     sizeof(units)),
		    0);
	assert_int_equal(ic_from_utf16(lone, sizeof(lone), back, 64), 10);
	assert_string_equal(back,
	    "\xef\xbf\xbd"
	    "a\xef\xbf\xbd\xef\xbf\xbd");
	/* half a unit is none, and nothing is behind a NUL */
	assert_int_equal(ic_from_utf16("a\0b", 3, back, 64), 1);
	assert_int_equal(ic_from_utf16("a\0\0\0b\0", 6, back, 64), 1);
	/* it never fills more than its room */
	for (unsigned room = 1; room < 8; room++) {
		memset(back, '#', sizeof(back));
		(void)ic_from_utf16(lone, sizeof(lone), back, room);
		assert_int_equal(back[room], '#');
	}
}

/* ---- Versions --------------------------------------------------------- */

static void
test_all_services_are_offered_as_pipes(void **state)
{
	struct lab *lab = *state;

	raw_hv_connect(lab->guest, HV_VMBUS_5_2);
	raw_hv_offers(lab->guest);
	assert_int_equal(lab->guest->offer_count, HOST_IC_COUNT);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++) {
		const struct hv_vmbus_offer *offer = offer_of(lab, i);

		assert_true(offer->flags & HV_VMBUS_OFFER_PIPE);
		assert_int_equal(get_le32(offer->user_data),
		    HV_VMBUS_PIPE_MESSAGE);
		assert_int_equal(offer->monitor_used, 0);
	}
}

static void
test_versions_are_offered_oldest_first(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 0; i < HOST_IC_COUNT; i++) {
		const struct ic_kind *kind = &ic_kinds[i];
		struct hv_ic_negotiate body;
		struct hv_ic_version versions[16];

		open_service(lab, i);
		expect(lab, HV_IC_NEGOTIATE, 8 + 4 * (2 + kind->count));
		memcpy(&body, lab->body, sizeof(body));
		memcpy(versions, lab->body + sizeof(body), sizeof(versions));
		assert_int_equal(body.frameworks, 2);
		assert_int_equal(body.versions, kind->count);
		assert_int_equal(versions[0].major, 1);
		assert_int_equal(versions[1].major, 3);
		for (unsigned k = 0; k < kind->count; k++)
			assert_memory_equal(&versions[2 + k],
			    &kind->versions[kind->count - 1 - k], 4);
		agree(lab, VERSION(1, 0),
		    VERSION(versions[2].major, versions[2].minor));
		assert_int_equal(lab->answer->framework, VERSION(1, 0));
		assert_int_equal(lab->answer->version,
		    VERSION(versions[2].major, versions[2].minor));
		assert_int_equal(lab->counts->refused, 0);
	}
}

static void
test_a_guest_that_knows_no_version(void **state)
{
	struct lab *lab = *state;
	struct hv_ic_negotiate none = { 0, 0, 0 };

	open_service(lab, HOST_IC_HEARTBEAT);
	expect(lab, HV_IC_NEGOTIATE, 0);
	reply(lab, HV_IC_STATUS_FAIL, &none, sizeof(none));
	assert_int_equal(lab->counts->refused, 0);
	assert_int_equal(lab->answer->version, 0);
	assert_false(host_ic_heartbeat(lab->ic));
	assert_false(is_asked(lab));
}

static void
test_versions_that_were_not_offered(void **state)
{
	struct lab *lab = *state;

	open_service(lab, HOST_IC_KVP);
	expect(lab, HV_IC_NEGOTIATE, 0);
	agree(lab, VERSION(3, 0), VERSION(6, 0));
	agree(lab, VERSION(2, 0), VERSION(5, 0));
	agree(lab, 0, 0);
	assert_int_equal(lab->counts->refused, 3);
	assert_false(host_ic_kvp_get(lab->ic, 0, "key"));
	agree(lab, VERSION(3, 0), VERSION(4, 0));
	assert_int_equal(lab->answer->version, VERSION(4, 0));
	/* twice */
	agree(lab, VERSION(3, 0), VERSION(5, 0));
	assert_int_equal(lab->counts->refused, 4);
	assert_int_equal(lab->answer->version, VERSION(4, 0));
}

static void
test_answers_that_are_wrong(void **state)
{
	struct lab *lab = *state;
	struct hv_ic good, bad;
	uint8_t body[16] = { 1, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0 };
	uint32_t full = sizeof(good) + sizeof(body);
	unsigned refused = 0;

	open_service(lab, HOST_IC_HEARTBEAT);
	expect(lab, HV_IC_NEGOTIATE, 0);
	good = lab->header;
	good.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_RESPONSE;
	good.size = sizeof(body);
	for (unsigned i = 0; i < 10; i++) {
		uint32_t pipe_size = full;

		bad = good;
		switch (i) {
		case 0:
			bad.transaction++;
			break;
		case 1:
			bad.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST;
			break;
		case 2:
			bad.type = HV_IC_HEARTBEAT;
			break;
		case 3:
			bad.size++;
			break;
		case 4:
			bad.size = 0xffff;
			break;
		case 5:
			bad.size = 15;
			break;
		case 6:
			pipe_size = full + 8;
			break;
		case 7:
			pipe_size = UINT32_MAX;
			break;
		case 8:
			pipe_size = sizeof(bad) - 1;
			break;
		case 9:
			bad.size = 4;
			break;
		}
		send(lab, pipe_size, &bad, body, sizeof(body));
		assert_int_equal(lab->counts->refused, ++refused);
		assert_int_equal(lab->answer->version, 0);
	}
	/* not even a header */
	raw_channel_say(lab->channel, 0, body, sizeof(body));
	pass(lab->world, PV_MILLISECOND);
	assert_int_equal(lab->counts->refused, ++refused);
	send(lab, full, &good, body, sizeof(body));
	assert_int_equal(lab->counts->refused, refused);
	assert_int_equal(lab->answer->version, VERSION(3, 0));
}

static void
test_an_old_host_has_the_oldest_only(void **state)
{
	struct lab *lab = *state;

	host_ic_manners(lab->ic, HOST_IC_KVP)->old_framework = true;
	open_service(lab, HOST_IC_KVP);
	expect(lab, HV_IC_NEGOTIATE, 16);
	assert_int_equal(get_le32(lab->body), 1 | 1 << 16);
	assert_int_equal(get_le32(lab->body + 8), 1);
	assert_int_equal(get_le32(lab->body + 12), 1);
	agree(lab, VERSION(3, 0), VERSION(1, 0));
	assert_int_equal(lab->counts->refused, 1);
	agree(lab, VERSION(1, 0), VERSION(1, 0));
	assert_int_equal(lab->answer->version, VERSION(1, 0));
}

static void
test_counts_of_versions_lie_when_told(void **state)
{
	struct lab *lab = *state;
	struct host_ic_manners *manners = host_ic_manners(lab->ic,
	    HOST_IC_TIMESYNC);

	manners->frameworks = 0xffff;
	manners->messages = 101;
	open_service(lab, HOST_IC_TIMESYNC);
	expect(lab, HV_IC_NEGOTIATE, 8 + 4 * 5);
	assert_int_equal(get_le16(lab->body), 0xffff);
	assert_int_equal(get_le16(lab->body + 2), 101);
}

static void
test_it_asks_at_once_when_told(void **state)
{
	struct lab *lab = *state;

	host_ic_manners(lab->ic, HOST_IC_HEARTBEAT)->no_negotiate = true;
	open_service(lab, HOST_IC_HEARTBEAT);
	assert_true(host_ic_heartbeat(lab->ic));
	expect(lab, HV_IC_HEARTBEAT, sizeof(struct hv_heartbeat));
}

static void
test_a_channel_that_is_opened_again(void **state)
{
	struct lab *lab = *state;

	up(lab, HOST_IC_HEARTBEAT, VERSION(3, 0));
	assert_true(host_ic_heartbeat(lab->ic));
	raw_channel_close(lab->channel);
	assert_false(lab->counts->open);
	assert_false(host_ic_heartbeat(lab->ic));
	up(lab, HOST_IC_HEARTBEAT, VERSION(1, 0));
	assert_true(host_ic_heartbeat(lab->ic));
	expect(lab, HV_IC_HEARTBEAT, sizeof(struct hv_heartbeat));
}

/* ---- Heartbeat, shutdown, time ---------------------------------------- */

static void
test_heartbeats(void **state)
{
	struct lab *lab = *state;
	struct hv_heartbeat body;

	up(lab, HOST_IC_HEARTBEAT, VERSION(3, 0));
	for (uint64_t i = 0; i < 3; i++) {
		assert_true(host_ic_heartbeat(lab->ic));
		assert_false(lab->answer->answered);
		expect(lab, HV_IC_HEARTBEAT, sizeof(body));
		assert_int_equal(lab->header.framework.major, 3);
		assert_int_equal(lab->header.version.major, 3);
		memcpy(&body, lab->body, sizeof(body));
		assert_int_equal(body.sequence, 2 * i + 1);
		body.sequence++;
		reply(lab, OK, &body, sizeof(body));
		is_answered(lab, OK);
		assert_int_equal(lab->answer->sequence, 2 * i + 2);
		assert_int_equal(lab->answer->body_len, sizeof(body));
	}
	assert_int_equal(lab->counts->questions, 4);
	assert_int_equal(lab->counts->answers, 4);
}

static void
test_one_question_at_a_time(void **state)
{
	struct lab *lab = *state;

	up(lab, HOST_IC_HEARTBEAT, VERSION(3, 0));
	assert_true(host_ic_heartbeat(lab->ic));
	assert_false(host_ic_heartbeat(lab->ic));
	expect(lab, HV_IC_HEARTBEAT, 0);
	reply_same(lab, OK);
	/* twice, and one that was never asked for */
	reply_same(lab, HV_IC_STATUS_FAIL);
	lab->header.transaction++;
	reply_same(lab, OK);
	is_answered(lab, OK);
	assert_int_equal(lab->counts->refused, 2);
	assert_true(host_ic_heartbeat(lab->ic));
	expect(lab, HV_IC_HEARTBEAT, 0);
}

static void
test_an_answer_may_be_longer_than_it_says(void **state)
{
	struct lab *lab = *state;
	struct hv_ic header;

	up(lab, HOST_IC_HEARTBEAT, VERSION(3, 0));
	assert_true(host_ic_heartbeat(lab->ic));
	expect(lab, HV_IC_HEARTBEAT, 0);
	header = lab->header;
	header.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_RESPONSE;
	header.size = HV_HEARTBEAT_MIN;
	send(lab, (uint32_t)(sizeof(header) + lab->body_len), &header,
	    lab->body, lab->body_len);
	is_answered(lab, OK);
	assert_int_equal(lab->answer->body_len, HV_HEARTBEAT_MIN);
}

static void
test_shutdowns(void **state)
{
	struct lab *lab = *state;
	struct hv_shutdown body;
	char text[64];

	up(lab, HOST_IC_SHUTDOWN, VERSION(3, 2));
	assert_true(
	    host_ic_shutdown(lab->ic, HV_SHUTDOWN_FORCE | HV_SHUTDOWN_HIBERNATE,
		HV_SHUTDOWN_PLANNED, "gute Nacht, \xc3\x84rger"));
	expect(lab, HV_IC_SHUTDOWN, sizeof(body));
	memcpy(&body, lab->body, sizeof(body));
	assert_int_equal(body.flags, HV_SHUTDOWN_FORCE | HV_SHUTDOWN_HIBERNATE);
	assert_int_equal(body.reason, HV_SHUTDOWN_PLANNED);
	(void)ic_from_utf16(body.text, sizeof(body.text), text, sizeof(text));
	assert_string_equal(text, "gute Nacht, \xc3\x84rger");
	reply_same(lab, HV_IC_STATUS_FAIL);
	is_answered(lab, HV_IC_STATUS_FAIL);
	assert_true(host_ic_shutdown(lab->ic, 0, 0, NULL));
	/* what came of it stays when the guest has gone */
	expect(lab, HV_IC_SHUTDOWN, sizeof(body));
	reply_same(lab, OK);
	raw_channel_close(lab->channel);
	is_answered(lab, OK);
}

static void
test_no_hibernation_before_its_version(void **state)
{
	struct lab *lab = *state;

	up(lab, HOST_IC_SHUTDOWN, VERSION(3, 1));
	assert_false(host_ic_shutdown(lab->ic, HV_SHUTDOWN_HIBERNATE, 0, NULL));
	assert_true(host_ic_shutdown(lab->ic, HV_SHUTDOWN_RESTART, 0, NULL));
	expect(lab, HV_IC_SHUTDOWN, sizeof(struct hv_shutdown));
}

static void
test_time_in_both_forms(void **state)
{
	struct lab *lab = *state;
	struct hv_timesync_reference body;
	struct hv_timesync old;

	up(lab, HOST_IC_TIMESYNC, VERSION(4, 0));
	pass(lab->world, PV_SECOND);
	assert_true(
	    host_ic_time(lab->ic, 0x123456789abcdefull, HV_TIMESYNC_SYNC));
	expect(lab, HV_IC_TIMESYNC, sizeof(body));
	memcpy(&body, lab->body, sizeof(body));
	assert_true(body.host_time == 0x123456789abcdefull);
	assert_int_equal(body.flags, HV_TIMESYNC_SYNC);
	/* in units of 100 ns */
	assert_true(body.reference >= 10000000);
	raw_channel_close(lab->channel);
	up(lab, HOST_IC_TIMESYNC, VERSION(3, 0));
	assert_true(host_ic_time(lab->ic, 7, HV_TIMESYNC_SAMPLE));
	expect(lab, HV_IC_TIMESYNC, sizeof(old));
	memcpy(&old, lab->body, sizeof(old));
	assert_int_equal(old.host_time, 7);
	assert_int_equal(old.flags, HV_TIMESYNC_SAMPLE);
}

/* ---- Keys and values -------------------------------------------------- */

static struct hv_kvp
expect_kvp(struct lab *lab, unsigned operation, unsigned pool)
{
	struct hv_kvp body;

	expect(lab, HV_IC_KVP, sizeof(body));
	memcpy(&body, lab->body, sizeof(body));
	assert_int_equal(body.header.operation, operation);
	assert_int_equal(body.header.pool, pool);
	return body;
}

static void
test_values_are_set(void **state)
{
	struct lab *lab = *state;
	struct hv_kvp body;
	uint64_t number = 0x123456789;

	up(lab, HOST_IC_KVP, VERSION(5, 0));
	assert_true(host_ic_kvp_set(lab->ic, HV_KVP_POOL_EXTERNAL, "a/b",
	    HV_KVP_TYPE_STRING, "\xf0\x9f\x98\x80", 4));
	body = expect_kvp(lab, HV_KVP_SET, HV_KVP_POOL_EXTERNAL);
	assert_int_equal(body.u.value.type, HV_KVP_TYPE_STRING);
	assert_int_equal(body.u.value.key_size, 8);
	assert_memory_equal(body.u.value.key, "a\0/\0b\0\0", 8);
	assert_int_equal(body.u.value.value_size, 6);
	assert_int_equal(get_le16(body.u.value.value), 0xd83d);
	reply_same(lab, OK);
	is_answered(lab, OK);
	assert_true(host_ic_kvp_set(lab->ic, HV_KVP_POOL_AUTO_EXTERNAL, "n",
	    HV_KVP_TYPE_U64, &number, 8));
	body = expect_kvp(lab, HV_KVP_SET, HV_KVP_POOL_AUTO_EXTERNAL);
	assert_int_equal(body.u.value.value_size, 8);
	assert_memory_equal(body.u.value.value, &number, 8);
}

static void
test_values_of_the_greatest_length(void **state)
{
	struct lab *lab = *state;
	char key[300], value[1100];
	struct hv_kvp body;

	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	up(lab, HOST_IC_KVP, VERSION(4, 0));
	key[255] = '\0';
	assert_true(
	    host_ic_kvp_set(lab->ic, 0, key, HV_KVP_TYPE_STRING, value, 1023));
	body = expect_kvp(lab, HV_KVP_SET, 0);
	assert_int_equal(body.u.value.key_size, HV_KVP_KEY);
	assert_int_equal(body.u.value.value_size, HV_KVP_VALUE);
	reply_same(lab, OK);
	assert_false(
	    host_ic_kvp_set(lab->ic, 0, key, HV_KVP_TYPE_STRING, value, 1024));
	assert_false(
	    host_ic_kvp_set(lab->ic, 0, "k", HV_KVP_TYPE_STRING, "\xff", 1));
	assert_false(
	    host_ic_kvp_set(lab->ic, 0, "k", HV_KVP_TYPE_U32, value, 2049));
	key[255] = 'k';
	key[256] = '\0';
	assert_false(host_ic_kvp_delete(lab->ic, 0, key));
	assert_false(is_asked(lab));
}

static void
test_values_are_asked_for(void **state)
{
	struct lab *lab = *state;
	struct hv_kvp body;

	up(lab, HOST_IC_KVP, VERSION(5, 0));
	assert_true(host_ic_kvp_get(lab->ic, HV_KVP_POOL_GUEST, "name"));
	body = expect_kvp(lab, HV_KVP_GET, HV_KVP_POOL_GUEST);
	assert_int_equal(body.u.value.key_size, 10);
	body.u.value.type = HV_KVP_TYPE_STRING;
	body.u.value.value_size = (uint32_t)ic_to_utf16("k\xc3\xa4se", 5,
	    body.u.value.value, HV_KVP_VALUE);
	reply(lab, OK, &body, sizeof(body));
	is_answered(lab, OK);
	assert_string_equal(lab->answer->key, "name");
	assert_string_equal(lab->answer->value, "k\xc3\xa4se");
	assert_int_equal(lab->answer->value_len, 5);
	assert_true(host_ic_kvp_delete(lab->ic, HV_KVP_POOL_GUEST, "name"));
	body = expect_kvp(lab, HV_KVP_DELETE, HV_KVP_POOL_GUEST);
	assert_int_equal(body.u.remove.key_size, 10);
	reply_same(lab, HV_IC_STATUS_NO_MORE);
	is_answered(lab, HV_IC_STATUS_NO_MORE);
	assert_string_equal(lab->answer->key, "");
}

static void
test_values_are_listed(void **state)
{
	struct lab *lab = *state;

	up(lab, HOST_IC_KVP, VERSION(5, 0));
	for (unsigned i = 0; i < 3; i++) {
		struct hv_kvp_value *item;
		struct hv_kvp body;

		assert_true(
		    host_ic_kvp_enumerate(lab->ic, HV_KVP_POOL_AUTO, i));
		body = expect_kvp(lab, HV_KVP_ENUMERATE, HV_KVP_POOL_AUTO);
		assert_int_equal(body.u.enumerate.index, i);
		item = &body.u.enumerate.item;
		item->key_size = (uint32_t)ic_to_utf16("OSName", 6, item->key,
		    HV_KVP_KEY);
		item->type = i == 0 ? HV_KVP_TYPE_STRING
		    : i == 1        ? HV_KVP_TYPE_U32
				    : HV_KVP_TYPE_U64;
		item->value_size = i == 0 ? 4 : i == 1 ? 4 : 8;
		memcpy(item->value, i == 0 ? "5\0\0\0" : "\x05\0\0\0\x01\0\0\0",
		    item->value_size);
		reply(lab, OK, &body, sizeof(body));
		is_answered(lab, OK);
		assert_string_equal(lab->answer->key, "OSName");
		assert_string_equal(lab->answer->value,
		    i == 2 ? "4294967301" : "5");
	}
}

/* A guest whose sizes are beyond what there is. */
static void
test_values_with_sizes_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	struct hv_kvp body;

	up(lab, HOST_IC_KVP, VERSION(5, 0));
	assert_true(host_ic_kvp_get(lab->ic, 0, "k"));
	body = expect_kvp(lab, HV_KVP_GET, 0);
	body.u.value.key_size = HV_KVP_KEY + 1;
	body.u.value.value_size = UINT32_MAX;
	reply(lab, OK, &body, sizeof(body));
	is_answered(lab, OK);
	assert_string_equal(lab->answer->key, "");
	assert_string_equal(lab->answer->value, "");
	/* without a NUL, to the last byte */
	assert_true(host_ic_kvp_get(lab->ic, 0, "k"));
	body = expect_kvp(lab, HV_KVP_GET, 0);
	memset(body.u.value.key, 0xff, HV_KVP_KEY);
	memset(body.u.value.value, 0xff, HV_KVP_VALUE);
	body.u.value.key_size = HV_KVP_KEY;
	body.u.value.value_size = HV_KVP_VALUE;
	reply(lab, OK, &body, sizeof(body));
	assert_int_equal(strlen(lab->answer->key), 3 * HV_KVP_KEY / 2);
	assert_int_equal(lab->answer->value_len, 3 * HV_KVP_VALUE / 2);
	/* and one that is cut off */
	assert_true(host_ic_kvp_get(lab->ic, 0, "k"));
	(void)expect_kvp(lab, HV_KVP_GET, 0);
	reply(lab, OK, lab->body, 20);
	is_answered(lab, OK);
	assert_string_equal(lab->answer->key, "");
}

/* ---- Addresses -------------------------------------------------------- */

static void
test_addresses_in_both_forms(void **state)
{
	struct lab *lab = *state;
	char text[64];

	for (unsigned major = 4; major <= 5; major++) {
		unsigned at = major == 4 ? 2 : 4;
		unsigned adapter = major == 4
		    ? 0
		    : offsetof(struct hv_kvp_ip_binary, adapter);

		up(lab, HOST_IC_KVP, VERSION(major, 0));
		assert_true(host_ic_ip_get(lab->ic, "{12-34}"));
		expect(lab, HV_IC_KVP, sizeof(struct hv_kvp_ip_exchange));
		assert_int_equal(lab->body[0], HV_KVP_GET_IP);
		assert_int_equal(lab->body[1], HV_KVP_POOL_GUEST);
		(void)ic_from_utf16(lab->body + at + adapter, 256, text,
		    sizeof(text));
		assert_string_equal(text, "{12-34}");
		lab->body[at] = 'X';
		reply_same(lab, HV_IC_STATUS_NOT_FOUND);
		is_answered(lab, HV_IC_STATUS_NOT_FOUND);
		assert_int_equal(lab->answer->body[at], 'X');
		raw_channel_close(lab->channel);
	}
}

static void
test_addresses_are_set(void **state)
{
	struct lab *lab = *state;
	struct hv_kvp_ip_exchange body;
	struct hv_kvp_ip ip = { .family = HV_KVP_FAMILY_IPV4, .dhcp = 1 };
	uint8_t *long_one;

	up(lab, HOST_IC_KVP, VERSION(4, 0));
	assert_true(host_ic_ip_set(lab->ic, &ip, sizeof(ip)));
	expect(lab, HV_IC_KVP, sizeof(body));
	memcpy(&body, lab->body, sizeof(body));
	assert_int_equal(body.operation, HV_KVP_SET_IP);
	assert_memory_equal(&body.ip, &ip, sizeof(ip));
	reply_same(lab, OK);
	is_answered(lab, OK);
	long_one = calloc(1, sizeof(ip) + 1);
	assert_false(host_ic_ip_set(lab->ic, long_one, sizeof(ip) + 1));
	free(long_one);
}

/* ---- Snapshots, files, anything --------------------------------------- */

static void
test_snapshots(void **state)
{
	struct lab *lab = *state;

	up(lab, HOST_IC_VSS, VERSION(7, 0));
	assert_true(host_ic_vss(lab->ic, HV_VSS_HOT_BACKUP));
	expect(lab, HV_IC_VSS, sizeof(struct hv_vss));
	lab->body[8] = HV_VSS_FLAG_NO_AUTO_RECOVERY;
	reply_same(lab, OK);
	assert_int_equal(lab->answer->body[8], HV_VSS_FLAG_NO_AUTO_RECOVERY);
	assert_true(host_ic_vss(lab->ic, HV_VSS_FREEZE));
	expect(lab, HV_IC_VSS, sizeof(struct hv_vss_freeze));
	assert_int_equal(lab->body[0], HV_VSS_FREEZE);
	/* it takes its time, and nothing else is asked meanwhile */
	pass(lab->world, 60 * PV_SECOND);
	assert_false(host_ic_vss(lab->ic, HV_VSS_THAW));
	reply_same(lab, OK);
	assert_true(host_ic_vss(lab->ic, HV_VSS_THAW));
	expect(lab, HV_IC_VSS, sizeof(struct hv_vss));
	assert_int_equal(lab->body[0], HV_VSS_THAW);
}

static void
test_files(void **state)
{
	struct lab *lab = *state;
	static const size_t sizes[] = { sizeof(struct hv_fcopy_start),
		sizeof(struct hv_fcopy_write), sizeof(struct hv_fcopy_header),
		sizeof(struct hv_fcopy_header) };

	up(lab, HOST_IC_FCOPY, VERSION(1, 1));
	for (unsigned i = 0; i < 4; i++) {
		assert_true(host_ic_fcopy(lab->ic, i));
		expect(lab, HV_IC_FCOPY, sizes[i]);
		assert_int_equal(get_le32(lab->body), i);
		reply_same(lab, HV_IC_STATUS_NOT_SUPPORTED);
		is_answered(lab, HV_IC_STATUS_NOT_SUPPORTED);
	}
}

static void
test_anything_is_sent_as_it_stands(void **state)
{
	struct lab *lab = *state;
	struct {
		struct hv_ic header;
		uint8_t body[4];
	} odd = { { .type = 0x4321, .size = 0xffff, .transaction = 99 },
		{ 1, 2, 3, 4 } };

	up(lab, HOST_IC_HEARTBEAT, VERSION(3, 0));
	assert_true(host_ic_raw(lab->ic, HOST_IC_HEARTBEAT, &odd, sizeof(odd)));
	assert_true(is_asked(lab));
	assert_int_equal(lab->pipe.size, sizeof(odd));
	assert_int_equal(lab->header.size, 0xffff);
	assert_memory_equal(lab->body, odd.body, 4);
	reply(lab, HV_IC_STATUS_INVALID, lab->body, 2);
	is_answered(lab, HV_IC_STATUS_INVALID);
	assert_int_equal(lab->answer->body_len, 2);
	/* no header, so nothing that could be an answer */
	assert_true(host_ic_raw(lab->ic, HOST_IC_HEARTBEAT, "abc", 3));
	assert_true(is_asked(lab));
	assert_int_equal(lab->pipe.size, 3);
	assert_true(host_ic_heartbeat(lab->ic));
	expect(lab, HV_IC_HEARTBEAT, 0);
}

static void
test_a_service_is_taken_away(void **state)
{
	struct lab *lab = *state;
	uint32_t relid;

	up(lab, HOST_IC_KVP, VERSION(5, 0));
	assert_true(host_ic_kvp_get(lab->ic, 0, "k"));
	host_ic_rescind(lab->ic, HOST_IC_KVP);
	assert_false(lab->counts->open);
	assert_false(host_ic_kvp_get(lab->ic, 0, "k"));
	relid = ((const struct hv_vmbus_rescind *)raw_hv_expect(lab->guest,
		     HV_VMBUS_RESCIND))
		    ->relid;
	assert_int_equal(relid, lab->channel->offer.relid);
	raw_hv_teardown(lab->guest, relid, lab->channel->gpadl);
	raw_hv_release(lab->guest, relid);
	assert_null(host_ic_device(lab->ic, HOST_IC_KVP));
	host_ic_rescind(lab->ic, HOST_IC_KVP);
	up(lab, HOST_IC_HEARTBEAT, VERSION(3, 0));
}

static void
test_only_the_services_that_are_wanted(void **state)
{
	struct lab *lab = *state;
	struct host_ic *other = host_ic_new(lab->guest->host,
	    1u << HOST_IC_TIMESYNC | 1u << HOST_IC_VSS);

	assert_non_null(other);
	assert_null(host_ic_device(other, HOST_IC_KVP));
	assert_non_null(host_ic_device(other, HOST_IC_VSS));
	assert_false(host_ic_kvp_get(other, 0, "k"));
	raw_hv_connect(lab->guest, HV_VMBUS_5_2);
	raw_hv_offers(lab->guest);
	assert_int_equal(lab->guest->offer_count, HOST_IC_COUNT + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_both_ways),
		cmocka_unit_test(test_text_that_is_none),
		lab_test(test_all_services_are_offered_as_pipes),
		lab_test(test_versions_are_offered_oldest_first),
		lab_test(test_a_guest_that_knows_no_version),
		lab_test(test_versions_that_were_not_offered),
		lab_test(test_answers_that_are_wrong),
		lab_test(test_an_old_host_has_the_oldest_only),
		lab_test(test_counts_of_versions_lie_when_told),
		lab_test(test_it_asks_at_once_when_told),
		lab_test(test_a_channel_that_is_opened_again),
		lab_test(test_heartbeats),
		lab_test(test_one_question_at_a_time),
		lab_test(test_an_answer_may_be_longer_than_it_says),
		lab_test(test_shutdowns),
		lab_test(test_no_hibernation_before_its_version),
		lab_test(test_time_in_both_forms),
		lab_test(test_values_are_set),
		lab_test(test_values_of_the_greatest_length),
		lab_test(test_values_are_asked_for),
		lab_test(test_values_are_listed),
		lab_test(test_values_with_sizes_that_cannot_be),
		lab_test(test_addresses_in_both_forms),
		lab_test(test_addresses_are_set),
		lab_test(test_snapshots),
		lab_test(test_files),
		lab_test(test_anything_is_sent_as_it_stands),
		lab_test(test_a_service_is_taken_away),
		lab_test(test_only_the_services_that_are_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
