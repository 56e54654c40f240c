/* SPDX-License-Identifier: ISC */
#include "tests/support/netvsp_lab.h"

#define WAIT (PV_MILLISECOND / 10)
#define TRIES 200

const uint8_t lab_mac[6] = { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03 };
const uint8_t lab_everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* ---- Up and down ------------------------------------------------------ */

int
lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL || world_setup(state) != 0)
		return -1;
	lab->world = *state;
	lab->guest = raw_hv_new(lab->world, 2, NULL);
	lab->receive = guest_pages(lab->world, LAB_RECEIVE_PAGES,
	    &lab->receive_frame);
	lab->send = guest_pages(lab->world, LAB_SEND_PAGES, &lab->send_frame);
	lab->data = guest_pages(lab->world, LAB_DATA_PAGES, &lab->data_frame);
	*state = lab;
	return 0;
}

int
lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *world = lab->world;
	int result = 0;

	if (host_hyperv_counts(lab->guest->host)->violations != lab->violations)
		result = -1;
	lab_forget(lab);
	free(lab->arrived[LAB_ARRIVED].bytes);
	raw_hv_free(lab->guest);
	for (unsigned i = 0; i < LAB_CHANNELS; i++)
		raw_channel_free(lab->channels[i]);
	free(lab);
	return result | world_teardown(&world);
}

static void
keep_frame(void *ctx, const struct host_nv_frame *frame)
{
	struct lab *lab = ctx;

	lab->frames++;
	lab->last.frame = *frame;
	lab->last.frame.bytes = NULL;
	assert_true(frame->length <= sizeof(lab->last.bytes));
	memcpy(lab->last.bytes, frame->bytes, frame->length);
}

void
lab_nic(struct lab *lab, const struct host_netvsp_config *given)
{
	struct host_netvsp_config config = { 0 };

	if (given != NULL)
		config = *given;
	if (memcmp(config.mac, "\0\0\0\0\0\0", 6) == 0)
		memcpy(config.mac, lab_mac, 6);
	lab->net = host_netvsp_new(lab->guest->host, &config);
	assert_non_null(lab->net);
	lab->manners = host_netvsp_manners(lab->net);
	lab->counts = host_netvsp_counts(lab->net);
	host_netvsp_on_frame(lab->net, keep_frame, lab);
	raw_hv_connect(lab->guest, HV_VMBUS_5_2);
	raw_hv_offers(lab->guest);
	assert_int_equal(lab->guest->offer_count, 1);
	lab->offer = lab->guest->offers[0];
}

void
lab_offered(struct lab *lab, unsigned subs)
{
	for (unsigned i = 1; i <= subs; i++)
		lab->subs[i] = *raw_hv_offer(lab->guest);
	raw_hv_expect_none(lab->guest);
}

void
lab_open(struct lab *lab, unsigned sub)
{
	const struct hv_vmbus_offer *offer = &lab->offer;

	if (sub > 0)
		offer = &lab->subs[sub];
	assert_int_equal(offer->sub_channel, sub);
	assert_null(lab->channels[sub]);
	lab->channels[sub] = raw_channel_new(lab->guest, offer, LAB_RING_PAGES,
	    sub % 2);
}

void
lab_close(struct lab *lab, unsigned sub)
{
	raw_channel_close(lab->channels[sub]);
	raw_channel_free(lab->channels[sub]);
	lab->channels[sub] = NULL;
}

static void
set_buffer(struct lab *lab, uint32_t type, uint16_t id, uint32_t gpadl,
    struct hv_nvsp *answer)
{
	struct hv_nvsp message = { .type = type };

	message.u.buffer.gpadl = gpadl;
	message.u.buffer.id = id;
	assert_true(lab_ask(lab, &message, HV_NVSP_SIZE, answer));
}

void
lab_hello(struct lab *lab, uint32_t version, uint32_t mtu)
{
	struct hv_nvsp config = { .type = HV_NVSP_NDIS_CONFIG };
	struct hv_nvsp ndis = { .type = HV_NVSP_NDIS_VERSION }, answer;
	uint32_t relid = lab->offer.relid;

	assert_int_equal(lab_init(lab, version), HV_NVSP_STATUS_SUCCESS);
	config.u.ndis_config.mtu = mtu + 14;
	config.u.ndis_config.capabilities = HV_NVSP_CAN_8021Q |
	    HV_NVSP_CAN_SRIOV | HV_NVSP_CAN_RSC;
	if (version >= HV_NVSP_2)
		lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &config,
		    HV_NVSP_SIZE);
	ndis.u.ndis_version.major = HV_NDIS_MAJOR;
	ndis.u.ndis_version.minor = version >= HV_NVSP_5 ? HV_NDIS_MINOR_30
							 : HV_NDIS_MINOR_1;
	lab_put(lab, 0, HV_PACKET_INBAND, 0, 0, NULL, 0, &ndis, HV_NVSP_SIZE);
	lab->receive_gpadl = raw_hv_gpadl(lab->guest, relid,
	    lab->receive_frame << 12, LAB_RECEIVE_PAGES);
	lab->send_gpadl = raw_hv_gpadl(lab->guest, relid, lab->send_frame << 12,
	    LAB_SEND_PAGES);
	set_buffer(lab, HV_NVSP_RECV_BUFFER, HV_NVSP_RECV_BUFFER_ID,
	    lab->receive_gpadl, &answer);
	assert_int_equal(answer.type, HV_NVSP_RECV_BUFFER_COMPLETE);
	assert_int_equal(answer.u.recv_buffer_complete.status,
	    HV_NVSP_STATUS_SUCCESS);
	assert_int_equal(answer.u.recv_buffer_complete.count, 1);
	lab->part = answer.u.recv_buffer_complete.section;
	set_buffer(lab, HV_NVSP_SEND_BUFFER, HV_NVSP_SEND_BUFFER_ID,
	    lab->send_gpadl, &answer);
	assert_int_equal(answer.type, HV_NVSP_SEND_BUFFER_COMPLETE);
	assert_int_equal(answer.u.send_buffer_complete.status,
	    HV_NVSP_STATUS_SUCCESS);
	lab->section_size = answer.u.send_buffer_complete.section_size;
}

void
lab_start(struct lab *lab, const struct host_netvsp_config *config,
    uint32_t version)
{
	struct hv_rndis_initialize initialize = { 0, HV_RNDIS_MAJOR,
		HV_RNDIS_MINOR, HV_RNDIS_TRANSFER_MAX };
	const struct hv_rndis_initialize_complete *complete;
	size_t size;

	lab_nic(lab, config);
	lab_open(lab, 0);
	lab_hello(lab, version != 0 ? version : HV_NVSP_6_1,
	    config != NULL && config->mtu != 0 ? config->mtu : 1500);
	complete = lab_request(lab, HV_RNDIS_INITIALIZE, &initialize,
	    sizeof(initialize), NULL, 0, &size);
	assert_non_null(complete);
	assert_int_equal(size, sizeof(*complete));
	assert_int_equal(complete->status, HV_RNDIS_STATUS_SUCCESS);
	lab_filter(lab, HV_FILTER_PROMISCUOUS);
}

void
lab_forget(struct lab *lab)
{
	for (unsigned i = 0; i < lab->arrived_count; i++)
		free(lab->arrived[i].bytes);
	lab->arrived_count = 0;
}

/* ---- What comes ------------------------------------------------------- */

static void
take_ranges(struct lab *lab, unsigned sub, const struct hv_packet_xfer *header,
    const struct hv_nvsp *message)
{
	const struct hv_xfer_range *ranges = (const void *)(header + 1);

	assert_int_equal(header->set, HV_NVSP_RECV_BUFFER_ID);
	assert_int_equal(message->type, HV_NVSP_RNDIS);
	assert_int_equal(message->u.rndis.section, HV_NVSP_NO_SECTION);
	lab->packets++;
	for (unsigned i = 0; i < header->count; i++) {
		struct lab_message *to = &lab->arrived[lab->arrived_count++];

		assert_true(lab->arrived_count <= LAB_ARRIVED);
		assert_true(ranges[i].offset <= LAB_RECEIVE_PAGES * 4096 &&
		    ranges[i].bytes <=
			LAB_RECEIVE_PAGES * 4096 - ranges[i].offset);
		*to = (struct lab_message){ .channel = sub,
			.packet = lab->packets,
			.kind = message->u.rndis.channel,
			.size = ranges[i].bytes,
			.bytes = malloc(ranges[i].bytes + 1) };
		assert_non_null(to->bytes);
		memcpy(to->bytes, lab->receive + ranges[i].offset, to->size);
	}
	if (!lab->hold)
		lab_complete(lab, sub, header->packet.id);
	else
		lab->held[lab->held_count++] = header->packet.id;
}

static void
take_packet(struct lab *lab, unsigned sub)
{
	struct raw_channel *channel = lab->channels[sub];
	const struct hv_packet *packet = raw_channel_packet(channel);
	size_t size;
	const void *data = raw_channel_data(channel, &size);

	if (packet->type == HV_PACKET_XFER_PAGES)
		take_ranges(lab, sub, (const void *)packet, data);
	else if (packet->type == HV_PACKET_COMPLETION) {
		lab->done = true;
		lab->completions++;
		lab->done_id = packet->id;
		lab->done_len = size;
		assert_true(size <= sizeof(lab->done_bytes));
		memset(lab->done_bytes, 0, sizeof(lab->done_bytes));
		memcpy(lab->done_bytes, data, size);
	} else {
		assert_int_equal(packet->type, HV_PACKET_INBAND);
		lab->told++;
		lab->told_len = size;
		lab->told_flags = packet->flags;
		lab->told_id = packet->id;
		assert_true(size <= sizeof(lab->told_bytes));
		memcpy(lab->told_bytes, data, size);
	}
}

static void
take_all(struct lab *lab)
{
	for (unsigned i = 0; i < LAB_CHANNELS; i++) {
		struct raw_channel *channel = lab->channels[i];

		if (channel == NULL)
			continue;
		while (raw_channel_take(channel)) {
			raw_channel_release(channel);
			take_packet(lab, i);
		}
		if (channel->in->pending_send != 0)
			(void)raw_channel_signal(channel);
	}
}

void
lab_run(struct lab *lab, uint64_t time)
{
	while (time > WAIT) {
		pass(lab->world, WAIT);
		take_all(lab);
		time -= WAIT;
	}
	pass(lab->world, time);
	take_all(lab);
}

/* ---- NVS -------------------------------------------------------------- */

void
lab_put(struct lab *lab, unsigned sub, uint16_t type, uint16_t flags,
    uint64_t id, const void *header, size_t header_len, const void *data,
    size_t len)
{
	struct raw_channel *channel = lab->channels[sub];
	size_t offset = sizeof(struct hv_packet) + header_len;
	size_t size = (offset + len + 7) / 8 * 8;
	struct hv_packet descriptor = { .type = type,
		.flags = flags,
		.offset8 = (uint16_t)(offset / 8),
		.length8 = (uint16_t)(size / 8),
		.id = id };
	uint8_t packet[4096] = { 0 };

	assert_true(size <= sizeof(packet) && offset % 8 == 0);
	memcpy(packet, &descriptor, sizeof(descriptor));
	if (header_len > 0)
		memcpy(packet + sizeof(descriptor), header, header_len);
	if (len > 0)
		memcpy(packet + offset, data, len);
	raw_channel_put(channel, packet, (uint32_t)size);
	raw_channel_publish(channel);
	assert_int_equal(raw_channel_signal(channel), HV_STATUS_SUCCESS);
}

static bool
wait_done(struct lab *lab, uint64_t id)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if (lab->done && lab->done_id == id)
			return true;
		lab_run(lab, WAIT);
	}
	return lab->done && lab->done_id == id;
}

bool
lab_ask(struct lab *lab, struct hv_nvsp *message, size_t size,
    struct hv_nvsp *answer)
{
	uint64_t id = ++lab->id;

	lab->done = false;
	lab_put(lab, 0, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION, id, NULL,
	    0, message, size);
	if (!wait_done(lab, id))
		return false;
	memcpy(answer, lab->done_bytes, sizeof(*answer));
	return true;
}

uint32_t
lab_init(struct lab *lab, uint32_t version)
{
	struct hv_nvsp init = { .type = HV_NVSP_INIT }, answer;

	init.u.init.version = init.u.init.version_again = version;
	assert_true(lab_ask(lab, &init, HV_NVSP_SIZE, &answer));
	assert_int_equal(answer.type, HV_NVSP_INIT_COMPLETE);
	if (answer.u.init_complete.status == HV_NVSP_STATUS_SUCCESS)
		lab->version = version;
	return answer.u.init_complete.status;
}

void
lab_complete(struct lab *lab, unsigned sub, uint64_t id)
{
	uint32_t message[2] = { HV_NVSP_RNDIS_COMPLETE,
		HV_NVSP_STATUS_SUCCESS };

	lab_put(lab, sub, HV_PACKET_COMPLETION, 0, id, NULL, 0, message,
	    sizeof(message));
}

/* ---- RNDIS ------------------------------------------------------------ */

static uint32_t
wait_sent(struct lab *lab, uint64_t id)
{
	struct hv_nvsp answer;

	if (!wait_done(lab, id))
		return ~0u;
	memcpy(&answer, lab->done_bytes, sizeof(answer));
	assert_int_equal(answer.type, HV_NVSP_RNDIS_COMPLETE);
	return answer.u.rndis_complete.status;
}

/* Range by range, each a page. */
static size_t
gpa_header(struct lab *lab, uint8_t *to, uint32_t offset, uint32_t size)
{
	uint32_t count = 0;
	size_t len = 8;

	while (size > 0) {
		struct hv_gpa_page page = { 4096 - offset % 4096, offset % 4096,
			lab->data_frame + offset / 4096 };

		if (page.bytes > size)
			page.bytes = size;
		memcpy(to + len, &page, sizeof(page));
		len += sizeof(page);
		offset += page.bytes;
		size -= page.bytes;
		count++;
	}
	put_le32(to, 0);
	put_le32(to + 4, count);
	return len;
}

uint32_t
lab_direct(struct lab *lab, unsigned sub, uint32_t kind, uint32_t offset,
    uint32_t size)
{
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	uint8_t header[1024];
	size_t len = gpa_header(lab, header, offset, size);
	uint64_t id = ++lab->id;

	message.u.rndis.channel = kind;
	message.u.rndis.section = HV_NVSP_NO_SECTION;
	lab->done = false;
	lab_put(lab, sub, HV_PACKET_GPA_DIRECT, HV_PACKET_FLAG_COMPLETION, id,
	    header, len, &message, HV_NVSP_SIZE);
	return wait_sent(lab, id);
}

uint32_t
lab_section(struct lab *lab, unsigned sub, uint32_t kind, uint32_t section,
    uint32_t size)
{
	struct hv_nvsp message = { .type = HV_NVSP_RNDIS };
	uint64_t id = ++lab->id;

	message.u.rndis.channel = kind;
	message.u.rndis.section = section;
	message.u.rndis.section_size = size;
	lab->done = false;
	lab_put(lab, sub, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION, id, NULL,
	    0, &message, HV_NVSP_SIZE);
	return wait_sent(lab, id);
}

static struct lab_message *
find_answer(struct lab *lab, uint32_t type, uint32_t id)
{
	for (unsigned i = 0; i < lab->arrived_count; i++) {
		struct lab_message *message = &lab->arrived[i];

		if (message->size >= 12 && get_le32(message->bytes) == type &&
		    get_le32(message->bytes + 8) == id)
			return message;
	}
	return NULL;
}

const void *
lab_request(struct lab *lab, uint32_t type, const void *body, size_t body_size,
    const void *rest, size_t rest_size, size_t *size)
{
	struct hv_rndis header = { type,
		(uint32_t)(sizeof(header) + body_size + rest_size) };
	struct lab_message *answer;
	uint32_t id = ++lab->request;

	memcpy(lab->data, &header, sizeof(header));
	memcpy(lab->data + 8, body, body_size);
	if (body_size >= 4)
		put_le32(lab->data + 8, id);
	if (rest_size > 0)
		memcpy(lab->data + 8 + body_size, rest, rest_size);
	assert_int_equal(lab_direct(lab, 0, HV_NVSP_CONTROL, 0, header.length),
	    HV_NVSP_STATUS_SUCCESS);
	for (unsigned i = 0; i < TRIES; i++) {
		answer = find_answer(lab, type | HV_RNDIS_COMPLETE, id);
		if (answer == NULL) {
			lab_run(lab, WAIT);
			continue;
		}
		assert_int_equal(answer->kind, HV_NVSP_CONTROL);
		assert_int_equal(answer->channel, 0);
		*size = get_le32(answer->bytes + 4) - sizeof(header);
		assert_true(*size <= answer->size - sizeof(header));
		return answer->bytes + sizeof(header);
	}
	return NULL;
}

uint32_t
lab_query(struct lab *lab, uint32_t oid, void *to, size_t *size)
{
	struct hv_rndis_request request = { .oid = oid };
	const struct hv_rndis_answer *answer;
	size_t length;

	answer = lab_request(lab, HV_RNDIS_QUERY, &request, sizeof(request),
	    NULL, 0, &length);
	assert_non_null(answer);
	assert_true(length >= sizeof(*answer));
	if (answer->status != HV_RNDIS_STATUS_SUCCESS) {
		assert_int_equal(answer->length, 0);
		return answer->status;
	}
	assert_true(answer->offset >= sizeof(*answer) &&
	    answer->offset + answer->length <= length &&
	    answer->length <= *size);
	memcpy(to, (const uint8_t *)answer + answer->offset, answer->length);
	*size = answer->length;
	return answer->status;
}

uint32_t
lab_word(struct lab *lab, uint32_t oid)
{
	uint32_t word;
	size_t size = sizeof(word);

	assert_int_equal(lab_query(lab, oid, &word, &size), 0);
	assert_int_equal(size, sizeof(word));
	return word;
}

uint32_t
lab_set(struct lab *lab, uint32_t oid, const void *bytes, size_t size)
{
	struct hv_rndis_request request = { .oid = oid,
		.length = (uint32_t)size,
		.offset = sizeof(request) };
	const struct hv_rndis_done *done;
	size_t length;

	done = lab_request(lab, HV_RNDIS_SET, &request, sizeof(request), bytes,
	    size, &length);
	assert_non_null(done);
	assert_int_equal(length, sizeof(*done));
	return done->status;
}

void
lab_filter(struct lab *lab, uint32_t filter)
{
	assert_int_equal(lab_set(lab, HV_OID_PACKET_FILTER, &filter,
			     sizeof(filter)),
	    0);
	assert_int_equal(lab->counts->filter, filter);
	lab_forget(lab);
}

/* The bytes stay in the last place, until the next. */
const struct lab_message *
lab_take(struct lab *lab)
{
	struct lab_message *kept = &lab->arrived[LAB_ARRIVED];

	for (unsigned i = 0; i < TRIES && lab->arrived_count == 0; i++)
		lab_run(lab, WAIT);
	if (lab->arrived_count == 0)
		fail_msg("nothing arrives");
	free(kept->bytes);
	*kept = lab->arrived[0];
	lab->arrived_count--;
	memmove(&lab->arrived[0], &lab->arrived[1],
	    lab->arrived_count * sizeof(*kept));
	return kept;
}

void
lab_nothing(struct lab *lab)
{
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(lab->arrived_count, 0);
}

const void *
lab_first(struct lab *lab, uint32_t type, size_t *size)
{
	const struct lab_message *message = lab_take(lab);

	assert_true(message->size >= 8);
	assert_int_equal(get_le32(message->bytes), type);
	assert_int_equal(get_le32(message->bytes + 4), message->size);
	*size = message->size - 8;
	return message->bytes + 8;
}

static void
packet_of(const struct lab_message *message, struct hv_rndis_packet *packet)
{
	assert_int_equal(message->kind, HV_NVSP_DATA);
	assert_true(message->size >= HV_RNDIS_PACKET_HEADER);
	assert_int_equal(get_le32(message->bytes), HV_RNDIS_PACKET);
	assert_int_equal(get_le32(message->bytes + 4), message->size);
	memcpy(packet, message->bytes + 8, sizeof(*packet));
	assert_true(packet->data_offset <= message->size - 8 &&
	    packet->data_length <= message->size - 8 - packet->data_offset);
	assert_true(packet->info_offset <= message->size - 8 &&
	    packet->info_length <= message->size - 8 - packet->info_offset);
}

const uint8_t *
lab_bytes(const struct lab_message *message, size_t *length)
{
	struct hv_rndis_packet packet;

	packet_of(message, &packet);
	*length = packet.data_length;
	return message->bytes + 8 + packet.data_offset;
}

bool
lab_info(const struct lab_message *message, uint32_t type, uint32_t *value)
{
	struct hv_rndis_packet packet;
	struct hv_rndis_info info;

	packet_of(message, &packet);
	for (uint32_t at = 0; at < packet.info_length; at += info.size) {
		const uint8_t *bytes = message->bytes + 8 + packet.info_offset +
		    at;

		memcpy(&info, bytes, sizeof(info));
		assert_int_equal(info.size, 16);
		assert_int_equal(info.offset, 12);
		if (info.type != type)
			continue;
		*value = get_le32(bytes + info.offset);
		return true;
	}
	return false;
}

const struct lab_message *
lab_arrives(struct lab *lab, const uint8_t *frame, size_t length)
{
	const struct lab_message *message = lab_take(lab);
	size_t got;
	const uint8_t *bytes = lab_bytes(message, &got);

	assert_int_equal(got, length);
	assert_memory_equal(bytes, frame, length);
	return message;
}

/* ---- Frames ----------------------------------------------------------- */

size_t
lab_message(uint8_t *to, const uint8_t *frame, size_t length,
    const struct lab_info *infos, unsigned count)
{
	size_t at = HV_RNDIS_PACKET_HEADER + 16 * (size_t)count;
	size_t size = (at + length + 7) / 8 * 8;
	struct hv_rndis header = { HV_RNDIS_PACKET, (uint32_t)size };
	struct hv_rndis_packet packet = {
		.data_offset = (uint32_t)at - 8,
		.data_length = (uint32_t)length,
		.info_offset = count > 0 ? (uint32_t)sizeof(packet) : 0,
		.info_length = 16 * count,
	};

	memset(to, 0, size);
	memcpy(to, &header, sizeof(header));
	memcpy(to + 8, &packet, sizeof(packet));
	for (unsigned i = 0; i < count; i++) {
		struct hv_rndis_info info = { 16, infos[i].type, 12 };

		memcpy(to + HV_RNDIS_PACKET_HEADER + 16 * i, &info, 12);
		put_le32(to + HV_RNDIS_PACKET_HEADER + 16 * i + 12,
		    infos[i].value);
	}
	memcpy(to + at, frame, length);
	return size;
}

uint32_t
lab_send(struct lab *lab, unsigned sub, const uint8_t *frame, size_t length,
    const struct lab_info *infos, unsigned count)
{
	size_t size = HV_RNDIS_PACKET_HEADER + 16 * (size_t)count + length;

	if (size + 8 <= lab->section_size)
		return lab_section(lab, sub, HV_NVSP_DATA, 1,
		    (uint32_t)lab_message(lab->send + lab->section_size, frame,
			length, infos, count));
	return lab_direct(lab, sub, HV_NVSP_DATA, 40,
	    (uint32_t)lab_message(lab->data + 40, frame, length, infos, count));
}

bool
lab_receive(struct lab *lab, const uint8_t *frame, size_t length)
{
	return host_netvsp_send(lab->net,
	    &(struct host_nv_frame){ .bytes = frame, .length = length });
}

void
lab_pattern(uint8_t *frame, size_t length, const uint8_t to[6])
{
	for (size_t i = 0; i < length; i++)
		frame[i] = (uint8_t)(i * 31 + i / 256 * 7 + length);
	memcpy(frame, to, 6);
	put_be16(frame + 12, 0x88b5); /* for experiments: IEEE 802 */
}

static uint16_t
sum(uint32_t total, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		total += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

static uint16_t
pseudo(const uint8_t *frame, size_t length, bool ipv6)
{
	uint8_t protocol = frame[ipv6 ? 20 : 23];

	return sum((uint32_t)(protocol + length - (ipv6 ? 54 : 34)),
	    frame + (ipv6 ? 22 : 26), ipv6 ? 32 : 8);
}

size_t
lab_packet(uint8_t *frame, size_t length, bool ipv6, bool tcp)
{
	size_t start = ipv6 ? 54 : 34;
	uint8_t *ip = frame + 14;

	lab_pattern(frame, length, lab_mac);
	put_be16(frame + 12, ipv6 ? 0x86dd : 0x0800);
	if (ipv6) {
		put_be32(ip, 0x60000000);
		put_be16(ip + 4, (uint16_t)(length - 54));
		ip[6] = tcp ? 6 : 17;
	} else {
		memset(ip, 0, 12);
		ip[0] = 0x45;
		put_be16(ip + 2, (uint16_t)(length - 14));
		ip[8] = 64;
		ip[9] = tcp ? 6 : 17;
	}
	if (tcp)
		frame[start + 12] = 5 << 4;
	else
		put_be16(frame + start + 4, (uint16_t)(length - start));
	put_be16(frame + start + (tcp ? 16 : 6), pseudo(frame, length, ipv6));
	return start;
}

bool
lab_is_whole(const uint8_t *frame, size_t length)
{
	bool ipv6 = get_be16(frame + 12) == 0x86dd;
	size_t start = ipv6 ? 54 : 34;

	if (get_be16(frame + 14 + (ipv6 ? 4 : 2)) !=
	    length - (ipv6 ? start : 14))
		return false;
	if (!ipv6 && sum(0, frame + 14, 20) != 0xffff)
		return false;
	return sum(pseudo(frame, length, ipv6), frame + start,
		   length - start) == 0xffff;
}
