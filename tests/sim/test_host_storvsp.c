/* SPDX-License-Identifier: ISC */
/* The model of storvsp, judged by the public protocol: a guest that fills rings
 * by hand, and no driver. */
#include "host/hyperv/devices.h"
#include "tests/support/hyperv_host.h"
#include "wire/endian.h"
#include "wire/hyperv/scsi.h"
#include "wire/hyperv/storvsc.h"

#define DISK_SIZE (1u << 20)
#define SECTOR 512u
#define RING_PAGES 5
#define CHANNELS 3
#define DATA_PAGES 16
#define SHORT_TIME PV_SECOND

struct lab {
	struct world *world;
	struct raw_hv *guest;
	struct host_storvsp *stor;
	const struct host_storvsp_counts *counts;
	struct hv_vmbus_offer offers[CHANNELS]; /* the first: the primary's */
	struct raw_channel *channels[CHANNELS];
	uint8_t *data; /* of requests */
	uint64_t data_frame;
	uint16_t version; /* agreed on */
	uint64_t id;      /* the last one used */
	unsigned violations;
};

struct answer {
	uint16_t type, flags;
	uint64_t id;
	size_t len;
	struct hv_stor packet;
};

static int
lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL || world_setup(state) != 0)
		return -1;
	lab->world = *state;
	lab->guest = raw_hv_new(lab->world, 2, NULL);
	lab->data = guest_pages(lab->world, DATA_PAGES, &lab->data_frame);
	*state = lab;
	return 0;
}

static int
lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *world = lab->world;
	unsigned violations = host_hyperv_counts(lab->guest->host)->violations;
	int result = violations == lab->violations ? 0 : -1;

	raw_hv_free(lab->guest);
	for (unsigned i = 0; i < CHANNELS; i++)
		raw_channel_free(lab->channels[i]);
	free(lab);
	return result | world_teardown(&world);
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

static uint64_t
lab_now(const struct lab *lab)
{
	return sim_now(lab->world->sim);
}

static void
lab_run(struct lab *lab, uint64_t time)
{
	pass(lab->world, time);
}

static void
fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 509);
}

/* The guest is connected and has the offer. */
static void
lab_controller(struct lab *lab, const struct host_storvsp_config *config)
{
	static const struct host_storvsp_config usual = { 0 };

	lab->stor = host_storvsp_new(lab->guest->host,
	    config != NULL ? config : &usual);
	assert_non_null(lab->stor);
	lab->counts = host_storvsp_counts(lab->stor);
	raw_hv_connect(lab->guest, HV_VMBUS_5_2);
	raw_hv_offers(lab->guest);
	assert_int_equal(lab->guest->offer_count, 1);
	lab->offers[0] = lab->guest->offers[0];
	assert_int_equal(lab->offers[0].sub_channel, 0);
}

static const struct hv_vmbus_offer *
lab_offer(const struct lab *lab)
{
	return &lab->offers[0];
}

static void
lab_open(struct lab *lab, unsigned sub)
{
	const struct hv_vmbus_offer *offer = &lab->offers[sub];

	assert_int_equal(offer->sub_channel, sub);
	assert_null(lab->channels[sub]);
	lab->channels[sub] = raw_channel_new(lab->guest, offer, RING_PAGES,
	    sub % 2);
	if (sub == 0)
		lab->version = 0;
}

static void
lab_close(struct lab *lab, unsigned sub)
{
	raw_channel_close(lab->channels[sub]);
	raw_channel_free(lab->channels[sub]);
	lab->channels[sub] = NULL;
}

/* Taken away by the host: nothing of it stays, and nothing comes. */
static void
lab_gone(struct lab *lab)
{
	struct raw_channel *channel = lab->channels[0];
	const struct hv_vmbus_rescind *rescind = raw_hv_expect(lab->guest,
	    HV_VMBUS_RESCIND);

	assert_int_equal(rescind->relid, lab->offers[0].relid);
	raw_hv_teardown(lab->guest, lab->offers[0].relid, channel->gpadl);
	raw_hv_release(lab->guest, lab->offers[0].relid);
	assert_int_equal(host_hyperv_counts(lab->guest->host)->offered, 0);
	assert_int_equal(host_hyperv_counts(lab->guest->host)->gpadls, 0);
	lab_run(lab, 10 * PV_SECOND);
	assert_false(raw_channel_take(channel));
}

/* ---- Packets ---------------------------------------------------------- */

static bool
has_room(const struct raw_channel *channel, size_t size)
{
	uint32_t used = (channel->write + channel->size - channel->out->read) %
	    channel->size;

	return used + size + HV_PACKET_TRAILER < channel->size;
}

/* Any packet; `header` is what stands between descriptor and data. */
static bool
try_bytes(struct lab *lab, unsigned sub, uint16_t type, uint16_t flags,
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

	assert_true(size <= sizeof(packet));
	if (!has_room(channel, size))
		return false;
	memcpy(packet, &descriptor, sizeof(descriptor));
	if (header_len > 0)
		memcpy(packet + sizeof(descriptor), header, header_len);
	memcpy(packet + offset, data, len);
	raw_channel_put(channel, packet, (uint32_t)size);
	raw_channel_publish(channel);
	assert_int_equal(raw_channel_signal(channel), HV_STATUS_SUCCESS);
	return true;
}

static void
put_bytes(struct lab *lab, unsigned sub, uint16_t type, uint16_t flags,
    uint64_t id, const void *header, size_t header_len, const void *data,
    size_t len)
{
	assert_true(try_bytes(lab, sub, type, flags, id, header, header_len,
	    data, len));
}

static bool
try_inband(struct lab *lab, unsigned sub, const struct hv_stor *packet,
    uint32_t size, uint64_t id)
{
	return try_bytes(lab, sub, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION,
	    id, NULL, 0, packet, size);
}

static void
put_inband(struct lab *lab, unsigned sub, const struct hv_stor *packet,
    uint32_t size, uint64_t id)
{
	assert_true(try_inband(lab, sub, packet, size, id));
}

/* With data in so many ranges, each of so many bytes from an offset on. */
static void
put_data(struct lab *lab, unsigned sub, const struct hv_stor *packet,
    uint32_t size, uint64_t id, unsigned ranges, uint64_t frame,
    uint32_t offset, uint32_t bytes)
{
	uint8_t header[2048];
	size_t len = 8;

	put_le32(header, 0);
	put_le32(header + 4, ranges);
	for (unsigned i = 0; i < ranges; i++) {
		struct hv_gpa_range range = { bytes, offset };
		uint64_t pages = (offset + bytes + 4095) / 4096;

		memcpy(header + len, &range, sizeof(range));
		len += sizeof(range);
		for (uint64_t page = 0; page < pages; page++) {
			uint64_t at = frame + page;

			memcpy(header + len, &at, sizeof(at));
			len += sizeof(at);
		}
	}
	put_bytes(lab, sub, HV_PACKET_GPA_DIRECT, HV_PACKET_FLAG_COMPLETION, id,
	    header, len, packet, size);
}

static void
put_gpa(struct lab *lab, unsigned sub, const struct hv_stor *packet,
    uint32_t size, uint64_t id, uint32_t offset, uint32_t bytes)
{
	put_data(lab, sub, packet, size, id, 1, lab->data_frame + offset / 4096,
	    offset % 4096, bytes);
}

/* Time goes by until there is a packet; false: there is none. */
static bool
try_take(struct lab *lab, unsigned sub, uint64_t time, struct answer *answer)
{
	struct raw_channel *channel = lab->channels[sub];
	uint64_t end = lab_now(lab) + time;
	const struct hv_packet *packet;
	const void *data;

	while (!raw_channel_take(channel)) {
		if (lab_now(lab) >= end)
			return false;
		lab_run(lab, 10000);
	}
	raw_channel_release(channel);
	if (channel->in->pending_send != 0)
		(void)raw_channel_signal(channel);
	packet = raw_channel_packet(channel);
	data = raw_channel_data(channel, &answer->len);
	answer->type = packet->type;
	answer->flags = packet->flags;
	answer->id = packet->id;
	memset(&answer->packet, 0, sizeof(answer->packet));
	assert_true(answer->len <= sizeof(answer->packet));
	memcpy(&answer->packet, data, answer->len);
	return true;
}

static void
take(struct lab *lab, unsigned sub, struct answer *answer)
{
	if (!try_take(lab, sub, 20 * SHORT_TIME, answer))
		fail_msg("no packet in channel %u", sub);
}

static void
takes_nothing(struct lab *lab, unsigned sub)
{
	struct answer answer;

	if (try_take(lab, sub, SHORT_TIME, &answer))
		fail_msg("a packet, id %llu, operation %u",
		    (unsigned long long)answer.id, answer.packet.operation);
}

/* ---- Questions and answers -------------------------------------------- */

static uint32_t
size_now(const struct lab *lab)
{
	return lab->version < HV_STOR_5_1 ? HV_STOR_SIZE_OLD : HV_STOR_SIZE;
}

/* One question, and what comes of it; an answer must come, and be its. */
static struct hv_stor
ask(struct lab *lab, struct hv_stor packet)
{
	struct answer answer;

	put_inband(lab, 0, &packet, size_now(lab), ++lab->id);
	take(lab, 0, &answer);
	assert_int_equal(answer.type, HV_PACKET_COMPLETION);
	assert_int_equal(answer.id, lab->id);
	assert_int_equal(answer.len, size_now(lab));
	assert_int_equal(answer.packet.operation, HV_STOR_COMPLETE_IO);
	return answer.packet;
}

static uint32_t
ask_operation(struct lab *lab, uint32_t operation)
{
	return ask(lab, (struct hv_stor){ .operation = operation }).status;
}

static uint32_t
ask_version(struct lab *lab, uint16_t version)
{
	struct hv_stor answer = ask(lab,
	    (struct hv_stor){ .operation = HV_STOR_QUERY_VERSION,
		.u.version = { version, 0 } });

	if (answer.status == HV_STOR_STATUS_SUCCESS ||
	    answer.status == HV_STOR_STATUS_REVISION)
		assert_int_equal(answer.u.version.version, version);
	if (answer.status == HV_STOR_STATUS_SUCCESS)
		lab->version = version;
	return answer.status;
}

static struct hv_stor_properties
ask_properties(struct lab *lab)
{
	struct hv_stor answer = ask(lab,
	    (struct hv_stor){ .operation = HV_STOR_QUERY_PROPERTIES });

	assert_int_equal(answer.status, HV_STOR_STATUS_SUCCESS);
	return answer.u.properties;
}

static uint32_t
ask_subs(struct lab *lab, uint16_t count)
{
	struct hv_stor answer = ask(lab,
	    (struct hv_stor){ .operation = HV_STOR_CREATE_SUB_CHANNELS,
		.u.sub_channels = count });

	for (unsigned i = 1; answer.status == 0 && i <= count; i++)
		lab->offers[i] = *raw_hv_offer(lab->guest);
	return answer.status;
}

static void
greet(struct lab *lab, uint16_t version)
{
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_version(lab, version), 0);
	(void)ask_properties(lab);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), 0);
}

/* The controller is open and through with its hello, and has one disk. */
static struct lab *
ready(struct lab *lab, const struct host_storvsp_config *config)
{
	lab_controller(lab, config);
	assert_true(host_storvsp_add(lab->stor,
	    &(struct host_lun_config){ .size = DISK_SIZE, .unmap = true },
	    false));
	fill(host_storvsp_bytes(lab->stor, 0, 0), DISK_SIZE);
	lab_open(lab, 0);
	greet(lab,
	    config != NULL && config->version_max != 0 ? config->version_max
						       : HV_STOR_6_2);
	return lab;
}

/* A request that is right: READ or WRITE 10 of blocks, or another command. */
static struct hv_stor
request(uint8_t operation, uint32_t block, uint16_t blocks)
{
	struct hv_stor packet = { .operation = HV_STOR_EXECUTE_SRB,
		.flags = HV_STOR_REQUEST_COMPLETION };
	struct hv_stor_srb *srb = &packet.u.srb;

	srb->length = HV_STOR_SRB_SIZE;
	srb->cdb_length = SCSI_CDB_10;
	srb->sense_length = HV_STOR_SENSE;
	srb->direction = operation == SCSI_WRITE_10 ? HV_STOR_OUT
	    : blocks > 0                            ? HV_STOR_IN
						    : HV_STOR_NO_DATA;
	srb->transfer = blocks * SECTOR;
	srb->u.cdb[0] = operation;
	put_be32(srb->u.cdb + SCSI_RW_10_LBA, block);
	put_be16(srb->u.cdb + SCSI_RW_10_BLOCKS, blocks);
	return packet;
}

/* Sent with its data, if it has any, in the guest's pages from `offset` on. */
static uint64_t
put_request(struct lab *lab, unsigned sub, const struct hv_stor *packet,
    uint32_t offset)
{
	uint64_t id = ++lab->id;

	if (packet->u.srb.transfer > 0)
		put_gpa(lab, sub, packet, size_now(lab), id, offset,
		    packet->u.srb.transfer);
	else
		put_inband(lab, sub, packet, size_now(lab), id);
	return id;
}

static struct hv_stor
do_request(struct lab *lab, unsigned sub, struct hv_stor packet,
    uint32_t offset)
{
	uint64_t id = put_request(lab, sub, &packet, offset);
	struct answer answer;

	take(lab, sub, &answer);
	assert_int_equal(answer.type, HV_PACKET_COMPLETION);
	assert_int_equal(answer.id, id);
	assert_int_equal(answer.packet.operation, HV_STOR_COMPLETE_IO);
	return answer.packet;
}

static void
is_good(const struct hv_stor *answer, uint32_t transfer)
{
	assert_int_equal(answer->status, HV_STOR_STATUS_SUCCESS);
	assert_int_equal(answer->u.srb.scsi_status, SCSI_STATUS_GOOD);
	assert_int_equal(answer->u.srb.srb_status, HV_SRB_SUCCESS);
	assert_int_equal(answer->u.srb.transfer, transfer);
}

static void
reads_right(struct lab *lab, unsigned sub, uint32_t block, uint16_t blocks,
    uint32_t offset)
{
	struct hv_stor answer = do_request(lab, sub,
	    request(SCSI_READ_10, block, blocks), offset);

	is_good(&answer, blocks * SECTOR);
	assert_memory_equal(lab->data + offset,
	    host_storvsp_bytes(lab->stor, 0, 0) + block * SECTOR,
	    blocks * SECTOR);
}

/* ---- The exchange ----------------------------------------------------- */

static void
test_the_exchange_in_each_version(void **state)
{
	static const uint16_t versions[] = { HV_STOR_2_0, HV_STOR_4_2,
		HV_STOR_5_1, HV_STOR_6_0, HV_STOR_6_2 };
	struct lab *lab = *state;

	lab_controller(lab,
	    &(struct host_storvsp_config){ .max_channels = 3,
		.max_transfer = 0x12345 });
	assert_true(host_storvsp_add(lab->stor,
	    &(struct host_lun_config){ .size = DISK_SIZE }, false));
	for (unsigned i = 0; i < 5; i++) {
		bool many = versions[i] >= HV_STOR_5_1;
		struct hv_stor_properties properties;

		lab_open(lab, 0);
		assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
		assert_int_equal(ask_version(lab, versions[i]), 0);
		properties = ask_properties(lab);
		assert_int_equal(properties.max_transfer, 0x12345);
		assert_int_equal(properties.flags,
		    many ? HV_STOR_MULTI_CHANNEL : 0);
		assert_int_equal(properties.channels, many ? 3 : 0);
		assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), 0);
		assert_int_equal(lab->counts->version, versions[i]);
		assert_int_equal(lab->counts->channels, 1);
		reads_right(lab, 0, 7, 2, 0);
		lab_close(lab, 0);
		assert_int_equal(lab->counts->channels, 0);
	}
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_versions_that_are_not_known(void **state)
{
	struct lab *lab = *state;

	lab_controller(lab,
	    &(struct host_storvsp_config){ .version_max = HV_STOR_5_1 });
	lab_open(lab, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_version(lab, HV_STOR_6_2),
	    HV_STOR_STATUS_REVISION);
	assert_int_equal(ask_version(lab, HV_STOR_6_0),
	    HV_STOR_STATUS_REVISION);
	assert_int_equal(ask_version(lab, 0), HV_STOR_STATUS_REVISION);
	assert_int_equal(ask_version(lab, 0x0500), HV_STOR_STATUS_REVISION);
	assert_int_equal(ask_version(lab, HV_STOR_5_1), 0);
	/* it is agreed on */
	assert_int_equal(ask_version(lab, HV_STOR_4_2),
	    HV_STOR_STATUS_INVALID_STATE);
	assert_int_equal(lab->counts->version, HV_STOR_5_1);
	assert_int_equal(lab->counts->refused, 1);
}

static void
test_versions_are_all_refused_when_told(void **state)
{
	struct lab *lab = *state;

	lab_controller(lab, NULL);
	host_storvsp_manners(lab->stor)->refuse_versions = true;
	lab_open(lab, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_version(lab, HV_STOR_6_2),
	    HV_STOR_STATUS_REVISION);
	assert_int_equal(ask_version(lab, HV_STOR_2_0),
	    HV_STOR_STATUS_REVISION);
}

static void
test_the_order_of_the_exchange_is_kept(void **state)
{
	struct lab *lab = *state;
	const uint32_t wrong = HV_STOR_STATUS_INVALID_STATE;
	struct hv_stor read = request(SCSI_READ_10, 0, 1);
	struct hv_stor answer;

	lab_controller(lab, NULL);
	lab_open(lab, 0);
	assert_int_equal(ask_version(lab, HV_STOR_6_2), wrong);
	lab->version = 0;
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), wrong);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), wrong);
	assert_int_equal(ask_operation(lab, HV_STOR_QUERY_PROPERTIES), wrong);
	assert_int_equal(ask_version(lab, HV_STOR_6_2), 0);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), wrong);
	(void)ask_properties(lab);
	assert_int_equal(ask_operation(lab, HV_STOR_QUERY_PROPERTIES), wrong);
	answer = do_request(lab, 0, read, 0);
	assert_int_equal(answer.status, wrong);
	assert_int_equal(ask_operation(lab, HV_STOR_RESET_BUS), wrong);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), wrong);
	assert_int_equal(ask_operation(lab, 99), wrong);
	assert_int_equal(lab->counts->refused, 10);
	assert_int_equal(lab->counts->commands, 0);
}

static void
test_an_answer_is_as_long_as_the_question(void **state)
{
	struct lab *lab = *state;
	struct hv_stor packet = { .operation = HV_STOR_BEGIN_INIT };
	static const uint32_t sizes[] = { 12, 13, 16, 48, 63, 64, 72, 200 };
	struct answer answer;

	lab_controller(lab, NULL);
	lab_open(lab, 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t bytes[200] = { 0 };

		memcpy(bytes, &packet, sizeof(packet));
		put_bytes(lab, 0, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION,
		    i + 1, NULL, 0, bytes, sizes[i]);
		take(lab, 0, &answer);
		assert_int_equal(answer.id, i + 1);
		/* rings have lengths in units of 8 bytes */
		assert_int_equal(answer.len,
		    sizes[i] > 64 ? 64 : (sizes[i] + 7) / 8 * 8);
	}
}

static void
test_a_closed_channel_begins_anew(void **state)
{
	struct lab *lab = ready(*state, NULL);

	lab_close(lab, 0);
	lab_open(lab, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT),
	    HV_STOR_STATUS_INVALID_STATE);
	greet(lab, HV_STOR_6_0);
	reads_right(lab, 0, 0, 1, 0);
}

/* ---- Requests --------------------------------------------------------- */

static void
test_reads_and_writes_in_pages_of_any_offset(void **state)
{
	struct lab *lab = ready(*state, NULL);
	uint8_t *disk = host_storvsp_bytes(lab->stor, 0, 0);

	for (unsigned i = 0; i < 8; i++) {
		uint32_t offset = i * 1001 & ~3u;
		uint16_t blocks = (uint16_t)(1 + i * 5);
		struct hv_stor answer;

		reads_right(lab, 0, i * 40, blocks, offset);
		for (unsigned k = 0; k < blocks * SECTOR; k++)
			lab->data[offset + k] = (uint8_t)(k * 3 + i);
		answer = do_request(lab, 0,
		    request(SCSI_WRITE_10, 500 + i * 40, blocks), offset);
		is_good(&answer, blocks * SECTOR);
		assert_memory_equal(disk + (500 + i * 40) * SECTOR,
		    lab->data + offset, blocks * SECTOR);
	}
	assert_int_equal(lab->counts->reads, 8);
	assert_int_equal(lab->counts->writes, 8);
	assert_int_equal(lab->counts->commands, 16);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_what_fails_has_sense(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor answer = do_request(lab, 0,
	    request(SCSI_READ_10, DISK_SIZE / SECTOR, 1), 0);
	const struct hv_stor_srb *srb = &answer.u.srb;

	assert_int_equal(srb->scsi_status, SCSI_STATUS_CHECK_CONDITION);
	assert_int_equal(srb->srb_status,
	    HV_SRB_INVALID_REQUEST | HV_SRB_AUTOSENSE);
	assert_int_equal(answer.status, HV_STOR_STATUS_IO_ERROR);
	assert_int_equal(srb->sense_length, HV_STOR_SENSE);
	assert_int_equal(srb->u.sense[SCSI_FIXED_KEY],
	    SCSI_KEY_ILLEGAL_REQUEST);
	assert_int_equal(get_be16(srb->u.sense + SCSI_FIXED_ASC),
	    SCSI_ASC_LBA_OUT_OF_RANGE);
	assert_int_equal(srb->transfer, 0);
	assert_int_equal(lab->counts->refused, 0);
}

static void
test_sense_of_2008(void **state)
{
	struct lab *lab = ready(*state,
	    &(struct host_storvsp_config){ .version_max = HV_STOR_4_2 });
	struct hv_stor answer = do_request(lab, 0,
	    request(SCSI_READ_10, DISK_SIZE / SECTOR, 1), 0);

	assert_int_equal(answer.u.srb.length, HV_STOR_SRB_SIZE_OLD);
	assert_int_equal(answer.u.srb.sense_length, HV_STOR_SENSE_OLD);
	assert_int_equal(get_be16(answer.u.srb.u.sense + SCSI_FIXED_ASC),
	    SCSI_ASC_LBA_OUT_OF_RANGE);
}

static void
test_disks_that_are_not_there(void **state)
{
	struct lab *lab = ready(*state, NULL);

	for (unsigned i = 0; i < 3; i++) {
		struct hv_stor packet = request(SCSI_READ_10, 0, 1), answer;

		packet.u.srb.lun = i == 0;
		packet.u.srb.target = i == 1;
		packet.u.srb.path = i == 2;
		answer = do_request(lab, 0, packet, 0);
		assert_int_equal(answer.u.srb.srb_status, HV_SRB_INVALID_LUN);
		assert_int_equal(answer.status, HV_STOR_STATUS_NO_DEVICE);
		memset(packet.u.srb.u.cdb, 0, HV_STOR_CDB);
		packet.u.srb.u.cdb[0] = SCSI_INQUIRY;
		packet.u.srb.u.cdb[4] = 36;
		packet.u.srb.transfer = 36;
		answer = do_request(lab, 0, packet, 0);
		is_good(&answer, 36);
		assert_int_equal(lab->data[0], 0x7f);
	}
}

static void
test_report_luns(void **state)
{
	struct lab *lab = ready(*state, NULL);
	static const uint8_t places[][2] = { { 0, 63 }, { 1, 5 }, { 0, 2 },
		{ 0, 200 } };
	struct hv_stor packet = request(SCSI_REPORT_LUNS, 0, 0), answer;

	for (unsigned i = 0; i < 4; i++)
		assert_true(host_storvsp_add(lab->stor,
		    &(struct host_lun_config){ .target = places[i][0],
			.lun = places[i][1],
			.size = SECTOR },
		    false));
	packet.u.srb.u.cdb[9] = 255;
	packet.u.srb.direction = HV_STOR_IN;
	packet.u.srb.transfer = 255;
	answer = do_request(lab, 0, packet, 0);
	is_good(&answer, 8 + 4 * 8);
	assert_int_equal(get_be32(lab->data), 32);
	assert_int_equal(get_be64(lab->data + 8), 0);
	assert_int_equal(lab->data[8 + 8 + 1], 2);
	assert_int_equal(lab->data[8 + 16 + 1], 63);
	assert_int_equal(lab->data[8 + 24 + 1], 200);
	packet.u.srb.target = 9;
	answer = do_request(lab, 0, packet, 0);
	is_good(&answer, 8);
	assert_int_equal(get_be32(lab->data), 0);
}

static void
test_resets_are_taken(void **state)
{
	struct lab *lab = ready(*state, NULL);

	assert_int_equal(ask_operation(lab, HV_STOR_RESET_LUN), 0);
	assert_int_equal(ask_operation(lab, HV_STOR_RESET_BUS), 0);
	assert_int_equal(ask_operation(lab, HV_STOR_RESET_ADAPTER), 0);
	assert_int_equal(lab->counts->resets, 3);
	reads_right(lab, 0, 3, 1, 0);
}

/* ---- Requests that are wrong ------------------------------------------ */

static void
test_packets_that_are_none_get_no_answer(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor packet = request(SCSI_TEST_UNIT_READY, 0, 0);

	/* too short, nothing to complete, of another type */
	put_bytes(lab, 0, HV_PACKET_INBAND, HV_PACKET_FLAG_COMPLETION, 1, NULL,
	    0, &packet, 8);
	put_bytes(lab, 0, HV_PACKET_INBAND, 0, 2, NULL, 0, &packet,
	    sizeof(packet));
	put_bytes(lab, 0, HV_PACKET_COMPLETION, HV_PACKET_FLAG_COMPLETION, 3,
	    NULL, 0, &packet, sizeof(packet));
	put_bytes(lab, 0, 0xffff, HV_PACKET_FLAG_COMPLETION, 4, NULL, 0,
	    &packet, sizeof(packet));
	takes_nothing(lab, 0);
	assert_int_equal(lab->counts->refused, 4);
	reads_right(lab, 0, 0, 1, 0);
}

static void
test_requests_that_are_wrong_are_refused(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor good = request(SCSI_READ_10, 0, 1);

	for (unsigned i = 0; i < 8; i++) {
		struct hv_stor packet = good;
		struct answer answer;

		switch (i) {
		case 0: /* an old one's size */
			put_gpa(lab, 0, &packet, HV_STOR_SIZE_OLD, 1, 0,
			    SECTOR);
			break;
		case 1: /* data without a range */
			put_inband(lab, 0, &packet, HV_STOR_SIZE, 1);
			break;
		case 2: /* more data than there is range */
			put_gpa(lab, 0, &packet, HV_STOR_SIZE, 1, 0,
			    SECTOR - 1);
			break;
		case 3: /* more than a transfer may have */
			packet.u.srb.transfer = 513 * 1024;
			put_gpa(lab, 0, &packet, HV_STOR_SIZE, 1, 0, SECTOR);
			break;
		case 4:
			packet.u.srb.cdb_length = 17;
			put_gpa(lab, 0, &packet, HV_STOR_SIZE, 1, 0, SECTOR);
			break;
		case 5:
			packet.u.srb.cdb_length = 0;
			put_gpa(lab, 0, &packet, HV_STOR_SIZE, 1, 0, SECTOR);
			break;
		case 6:
			packet.u.srb.direction = 3;
			put_gpa(lab, 0, &packet, HV_STOR_SIZE, 1, 0, SECTOR);
			break;
		case 7: /* two ranges */
			put_data(lab, 0, &packet, HV_STOR_SIZE, 1, 2,
			    lab->data_frame, 0, SECTOR);
			break;
		}
		take(lab, 0, &answer);
		assert_int_equal(answer.packet.operation, HV_STOR_COMPLETE_IO);
		assert_int_not_equal(answer.packet.status, 0);
		if (answer.len == HV_STOR_SIZE)
			assert_int_equal(answer.packet.u.srb.srb_status,
			    HV_SRB_INVALID_REQUEST);
		assert_int_equal(lab->counts->refused, i + 1);
	}
	assert_int_equal(lab->counts->commands, 0);
	reads_right(lab, 0, 0, 1, 0);
}

static void
test_data_outside_the_guests_memory(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor packet = request(SCSI_READ_10, 0, 1);
	struct answer answer;

	put_data(lab, 0, &packet, HV_STOR_SIZE, 1, 1, 0xfffffffffull, 0,
	    SECTOR);
	take(lab, 0, &answer);
	assert_int_equal(answer.packet.u.srb.scsi_status,
	    SCSI_STATUS_CHECK_CONDITION);
	assert_int_equal(lab->counts->reads, 0);
	lab->violations++;
	world_expect_violations(lab->world, 1);
	reads_right(lab, 0, 0, 1, 0);
}

/* ---- Sub-channels ----------------------------------------------------- */

static void
test_sub_channels_take_requests(void **state)
{
	struct lab *lab = ready(*state,
	    &(struct host_storvsp_config){ .max_channels = 2 });

	assert_int_equal(ask_subs(lab, 2), 0);
	lab_open(lab, 1);
	lab_open(lab, 2);
	assert_int_equal(lab->counts->channels, 3);
	for (unsigned i = 0; i < 3; i++)
		reads_right(lab, i, i * 10, 3, i * 4096);
	assert_int_equal(lab->counts->reads, 3);
	lab_close(lab, 2);
	assert_int_equal(lab->counts->channels, 2);
	reads_right(lab, 1, 99, 1, 0);
}

static void
test_sub_channels_that_are_not_to_be_had(void **state)
{
	struct lab *lab = ready(*state,
	    &(struct host_storvsp_config){ .max_channels = 2 });

	assert_int_equal(ask_subs(lab, 3), HV_STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(ask_subs(lab, UINT16_MAX),
	    HV_STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(ask_subs(lab, 0), 0);
	assert_int_equal(ask_subs(lab, 1), 0);
	assert_int_equal(ask_subs(lab, 1), HV_STOR_STATUS_INVALID_STATE);
	assert_int_equal(lab->counts->refused, 3);
	/* of the primary alone */
	lab_open(lab, 1);
	assert_int_equal(do_request(lab, 1,
			     (struct hv_stor){
				 .operation = HV_STOR_CREATE_SUB_CHANNELS },
			     0)
			     .status,
	    HV_STOR_STATUS_INVALID_STATE);
}

static void
test_no_sub_channels_before_2012(void **state)
{
	struct lab *lab = ready(*state,
	    &(struct host_storvsp_config){ .max_channels = 2,
		.version_max = HV_STOR_4_2 });

	assert_int_equal(ask_subs(lab, 1), HV_STOR_STATUS_INVALID_STATE);
}

static void
test_sub_channels_wait_for_the_end_of_the_exchange(void **state)
{
	struct lab *lab = *state;
	struct hv_stor packet = request(SCSI_TEST_UNIT_READY, 0, 0);
	struct answer answer;

	lab_controller(lab, &(struct host_storvsp_config){ .max_channels = 1 });
	assert_true(host_storvsp_add(lab->stor,
	    &(struct host_lun_config){ .size = DISK_SIZE }, false));
	lab_open(lab, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_version(lab, HV_STOR_6_2), 0);
	(void)ask_properties(lab);
	assert_int_equal(ask_subs(lab, 1), 0);
	lab_open(lab, 1);
	put_inband(lab, 1, &packet, HV_STOR_SIZE, 77);
	takes_nothing(lab, 1);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), 0);
	take(lab, 1, &answer);
	assert_int_equal(answer.id, 77);
	is_good(&answer.packet, 0);
}

/* ---- Disks that come and go ------------------------------------------- */

static void
is_told(struct lab *lab, uint32_t operation)
{
	struct answer answer;

	take(lab, 0, &answer);
	assert_int_equal(answer.type, HV_PACKET_INBAND);
	assert_int_equal(answer.flags, 0);
	assert_int_equal(answer.id, 0);
	assert_int_equal(answer.len, size_now(lab));
	assert_int_equal(answer.packet.operation, operation);
}

static void
test_disks_come_and_go(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct host_lun_config config = { .lun = 1, .size = DISK_SIZE };
	struct hv_stor packet = request(SCSI_TEST_UNIT_READY, 0, 0), answer;

	assert_true(host_storvsp_add(lab->stor, &config, true));
	is_told(lab, HV_STOR_ENUMERATE_BUS);
	assert_false(host_storvsp_add(lab->stor, &config, true));
	packet.u.srb.lun = 1;
	answer = do_request(lab, 0, packet, 0);
	is_good(&answer, 0);
	host_storvsp_remove(lab->stor, 0, 1, true);
	is_told(lab, HV_STOR_ENUMERATE_BUS);
	answer = do_request(lab, 0, packet, 0);
	assert_int_equal(answer.u.srb.srb_status, HV_SRB_INVALID_LUN);
	assert_null(host_storvsp_bytes(lab->stor, 0, 1));
	host_storvsp_remove(lab->stor, 0, 1, true);
	assert_true(host_storvsp_add(lab->stor, &config, false));
	host_storvsp_remove(lab->stor, 0, 1, false);
	takes_nothing(lab, 0);
}

static void
test_nobody_is_told_before_the_end_of_the_exchange(void **state)
{
	struct lab *lab = *state;

	lab_controller(lab, NULL);
	assert_true(host_storvsp_add(lab->stor,
	    &(struct host_lun_config){ .size = DISK_SIZE }, true));
	lab_open(lab, 0);
	host_storvsp_remove(lab->stor, 0, 0, true);
	takes_nothing(lab, 0);
	/* nor in 2008 */
	greet(lab, HV_STOR_2_0);
	assert_true(host_storvsp_add(lab->stor,
	    &(struct host_lun_config){ .size = DISK_SIZE }, true));
	takes_nothing(lab, 0);
}

static void
test_a_resize_is_told_twice_over(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor answer;

	assert_true(host_storvsp_resize(lab->stor, 0, 0, 2 * DISK_SIZE, true));
	is_told(lab, HV_STOR_ENUMERATE_BUS);
	answer = do_request(lab, 0, request(SCSI_READ_10, 0, 1), 0);
	assert_int_equal(answer.u.srb.srb_status,
	    HV_SRB_ERROR | HV_SRB_AUTOSENSE);
	assert_int_equal(answer.u.srb.u.sense[SCSI_FIXED_KEY],
	    SCSI_KEY_UNIT_ATTENTION);
	assert_int_equal(get_be16(answer.u.srb.u.sense + SCSI_FIXED_ASC),
	    SCSI_ASC_CAPACITY_CHANGED);
	reads_right(lab, 0, DISK_SIZE / SECTOR, 1, 0);
	assert_false(host_storvsp_resize(lab->stor, 1, 0, DISK_SIZE, true));
}

static void
test_unsolicited_packets_of_any_kind(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct answer answer;

	host_storvsp_unsolicited(lab->stor, HV_STOR_REMOVE_DEVICE, 0);
	is_told(lab, HV_STOR_REMOVE_DEVICE);
	host_storvsp_unsolicited(lab->stor, 0xdeadbeef, 8);
	take(lab, 0, &answer);
	assert_int_equal(answer.len, 8);
	assert_int_equal(answer.packet.operation, 0xdeadbeef);
}

static void
test_a_controller_is_taken_away(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor packet = request(SCSI_READ_10, 0, 1);

	host_storvsp_manners(lab->stor)->delay = PV_SECOND;
	put_request(lab, 0, &packet, 0);
	host_storvsp_rescind(lab->stor);
	lab_gone(lab);
}

/* ---- IDE -------------------------------------------------------------- */

static void
test_ide_has_its_place_in_the_offer(void **state)
{
	struct lab *lab = *state;
	static const struct hv_guid instance = HV_GUID(1, 1, 0x8899, 0, 0);
	struct hv_stor_offer offer;
	struct hv_stor packet = request(SCSI_READ_10, 0, 1), answer;

	lab_controller(lab,
	    &(struct host_storvsp_config){ .ide = true,
		.path = 1,
		.place = 1,
		.max_channels = 4 });
	assert_true(host_storvsp_add(lab->stor,
	    &(struct host_lun_config){ .size = DISK_SIZE }, false));
	assert_memory_equal(lab_offer(lab)->instance.bytes, instance.bytes, 16);
	memcpy(&offer, lab_offer(lab)->user_data, sizeof(offer));
	assert_int_equal(offer.path, 1);
	assert_int_equal(offer.target, 1);
	assert_int_equal(offer.flags, HV_STOR_OFFER_IDE);
	lab_open(lab, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_version(lab, HV_STOR_6_2), 0);
	assert_int_equal(ask_properties(lab).channels, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), 0);
	packet.u.srb.target = 1;
	packet.u.srb.path = 1;
	answer = do_request(lab, 0, packet, 0);
	is_good(&answer, SECTOR);
	/* which guests do not all know of */
	packet.u.srb.path = 0;
	answer = do_request(lab, 0, packet, 0);
	is_good(&answer, SECTOR);
	assert_int_equal(ask_subs(lab, 1), HV_STOR_STATUS_INVALID_PARAMETER);
}

/* ---- Manners ---------------------------------------------------------- */

static void
test_properties_lie_when_told(void **state)
{
	struct lab *lab = *state;
	struct hv_stor_properties properties;
	struct host_storvsp_manners *manners;

	lab_controller(lab, NULL);
	manners = host_storvsp_manners(lab->stor);
	manners->has_max_channels = manners->has_max_transfer = true;
	manners->max_channels = 0xffff;
	manners->max_transfer = 3;
	lab_open(lab, 0);
	assert_int_equal(ask_operation(lab, HV_STOR_BEGIN_INIT), 0);
	assert_int_equal(ask_version(lab, HV_STOR_6_2), 0);
	properties = ask_properties(lab);
	assert_int_equal(properties.channels, 0xffff);
	assert_int_equal(properties.max_transfer, 3);
	assert_int_equal(ask_operation(lab, HV_STOR_END_INIT), 0);
	assert_int_equal(ask_subs(lab, 0xffff),
	    HV_STOR_STATUS_INVALID_PARAMETER);
}

static void
test_requests_are_delayed_and_stopped(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct host_storvsp_manners *manners = host_storvsp_manners(lab->stor);
	struct hv_stor packet = request(SCSI_READ_10, 0, 1);
	struct answer answer;
	uint64_t id, began = lab_now(lab);

	manners->delay = 5 * PV_SECOND;
	id = put_request(lab, 0, &packet, 0);
	takes_nothing(lab, 0);
	take(lab, 0, &answer);
	assert_int_equal(answer.id, id);
	assert_true(lab_now(lab) - began >= 5 * PV_SECOND);
	manners->delay = 0;
	manners->stop = true;
	id = put_request(lab, 0, &packet, 0);
	takes_nothing(lab, 0);
	manners->stop = false;
	takes_nothing(lab, 0);
	host_storvsp_look(lab->stor);
	take(lab, 0, &answer);
	assert_int_equal(answer.id, id);
}

static void
test_answers_in_another_order(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct host_storvsp_manners *manners = host_storvsp_manners(lab->stor);
	struct hv_stor packet = request(SCSI_TEST_UNIT_READY, 0, 0);
	bool other = false;

	manners->reorder = true;
	for (unsigned round = 0; round < 8; round++) {
		uint64_t first = 0, seen = 0;
		struct answer answer;

		manners->stop = true;
		for (unsigned i = 0; i < 10; i++) {
			uint64_t id = put_request(lab, 0, &packet, 0);

			if (i == 0)
				first = id;
		}
		manners->stop = false;
		host_storvsp_look(lab->stor);
		for (unsigned i = 0; i < 10; i++) {
			take(lab, 0, &answer);
			assert_true(
			    answer.id >= first && answer.id < first + 10);
			other |= answer.id != first + i;
			assert_int_equal(seen >> (answer.id - first) & 1, 0);
			seen |= 1ull << (answer.id - first);
		}
	}
	assert_true(other);
}

static void
test_commands_fail_when_told(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct host_storvsp_manners *manners = host_storvsp_manners(lab->stor);
	struct hv_stor packet = request(SCSI_READ_10, 0, 1), answer;

	*manners = (struct host_storvsp_manners){ .fail_nth = 2,
		.fail_count = 2,
		.scsi_status = SCSI_STATUS_CHECK_CONDITION,
		.srb_status = HV_SRB_ERROR,
		.sense_key = SCSI_KEY_ABORTED,
		.asc = 0x44,
		.ascq = 0x01 };
	for (unsigned i = 0; i < 4; i++) {
		answer = do_request(lab, 0, packet, 0);
		if (i == 0 || i == 3) {
			is_good(&answer, SECTOR);
			continue;
		}
		assert_int_equal(answer.u.srb.srb_status,
		    HV_SRB_ERROR | HV_SRB_AUTOSENSE);
		assert_int_equal(answer.u.srb.u.sense[SCSI_FIXED_KEY],
		    SCSI_KEY_ABORTED);
		assert_int_equal(get_be16(
				     answer.u.srb.u.sense + SCSI_FIXED_ASC),
		    0x4401);
	}
	/* without sense, and without more words than that */
	*manners = (struct host_storvsp_manners){ .fail_nth = 1,
		.srb_status = HV_SRB_SELECTION_TIMEOUT };
	answer = do_request(lab, 0, packet, 0);
	assert_int_equal(answer.u.srb.srb_status, HV_SRB_SELECTION_TIMEOUT);
	assert_int_equal(answer.u.srb.scsi_status, SCSI_STATUS_GOOD);
	assert_int_equal(answer.status, HV_STOR_STATUS_NOT_CONNECTED);
	*manners = (struct host_storvsp_manners){ .fail_nth = 1 };
	answer = do_request(lab, 0, packet, 0);
	assert_int_equal(answer.u.srb.u.sense[SCSI_FIXED_KEY],
	    SCSI_KEY_MEDIUM_ERROR);
}

static void
test_answers_are_spoiled_when_told(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct host_storvsp_manners *manners = host_storvsp_manners(lab->stor);
	struct hv_stor packet = request(SCSI_READ_10, 0, 1);

	for (unsigned how = HOST_STOR_SHORT; how <= HOST_STOR_LOST; how++) {
		struct answer answer;
		uint64_t id;

		*manners = (struct host_storvsp_manners){ .bad_nth = 1,
			.bad_how = how,
			.bad_value = 40 };
		id = put_request(lab, 0, &packet, 0);
		if (how == HOST_STOR_LOST) {
			takes_nothing(lab, 0);
			continue;
		}
		take(lab, 0, &answer);
		assert_int_equal(answer.id, how == HOST_STOR_ID ? 40 : id);
		assert_int_equal(answer.len, how == HOST_STOR_SHORT ? 40 : 64);
		assert_int_equal(answer.packet.operation,
		    how == HOST_STOR_OPERATION ? 40 : HV_STOR_COMPLETE_IO);
		assert_int_equal(answer.packet.status,
		    how == HOST_STOR_STATUS ? 40 : 0);
		assert_int_equal(answer.packet.u.srb.transfer,
		    how == HOST_STOR_TRANSFER ? 40 : SECTOR);
		assert_int_equal(answer.packet.u.srb.sense_length,
		    how == HOST_STOR_SENSE ? 40 : HV_STOR_SENSE);
		if (how == HOST_STOR_TWICE) {
			take(lab, 0, &answer);
			assert_int_equal(answer.id, id);
		}
		takes_nothing(lab, 0);
		/* once */
		reads_right(lab, 0, 0, 1, 0);
	}
}

static void
test_answers_wait_for_room(void **state)
{
	struct lab *lab = ready(*state, NULL);
	struct hv_stor packet = request(SCSI_TEST_UNIT_READY, 0, 0);
	uint64_t first = lab->id + 1, next = first;
	unsigned sent = 0, got = 0;
	struct answer answer;

	/* far more than the ring to the guest has room for, and nothing taken
	 * from it */
	while (sent < 1000) {
		lab->id = first + sent - 1;
		if (!try_inband(lab, 0, &packet, HV_STOR_SIZE, first + sent)) {
			lab_run(lab, PV_SECOND);
			if (!try_inband(lab, 0, &packet, HV_STOR_SIZE,
				first + sent))
				break;
		}
		sent++;
	}
	assert_true(sent > 200 && sent < 1000);
	while (got < sent) {
		take(lab, 0, &answer);
		assert_int_equal(answer.id, next++);
		got++;
	}
	takes_nothing(lab, 0);
	lab->id = first + sent;
	reads_right(lab, 0, 0, 1, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_the_exchange_in_each_version),
		lab_test(test_versions_that_are_not_known),
		lab_test(test_versions_are_all_refused_when_told),
		lab_test(test_the_order_of_the_exchange_is_kept),
		lab_test(test_an_answer_is_as_long_as_the_question),
		lab_test(test_a_closed_channel_begins_anew),
		lab_test(test_reads_and_writes_in_pages_of_any_offset),
		lab_test(test_what_fails_has_sense),
		lab_test(test_sense_of_2008),
		lab_test(test_disks_that_are_not_there),
		lab_test(test_report_luns),
		lab_test(test_resets_are_taken),
		lab_test(test_packets_that_are_none_get_no_answer),
		lab_test(test_requests_that_are_wrong_are_refused),
		lab_test(test_data_outside_the_guests_memory),
		lab_test(test_sub_channels_take_requests),
		lab_test(test_sub_channels_that_are_not_to_be_had),
		lab_test(test_no_sub_channels_before_2012),
		lab_test(test_sub_channels_wait_for_the_end_of_the_exchange),
		lab_test(test_disks_come_and_go),
		lab_test(test_nobody_is_told_before_the_end_of_the_exchange),
		lab_test(test_a_resize_is_told_twice_over),
		lab_test(test_unsolicited_packets_of_any_kind),
		lab_test(test_a_controller_is_taken_away),
		lab_test(test_ide_has_its_place_in_the_offer),
		lab_test(test_properties_lie_when_told),
		lab_test(test_requests_are_delayed_and_stopped),
		lab_test(test_answers_in_another_order),
		lab_test(test_commands_fail_when_told),
		lab_test(test_answers_are_spoiled_when_told),
		lab_test(test_answers_wait_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
