/* SPDX-License-Identifier: ISC */
/*
 * hvs on a host that breaks the rules.  Whatever it does: each request is
 * answered once, nothing of the guest's is lost or used again while the host
 * can reach it, a counter rises, and the other devices go on.
 */
#include <stdio.h>

#include "tests/support/scsi_disk.h"

#define COUNT 12

#define BAD_ANSWER "the host answered what was not asked"
#define BAD_RING "the host's ring cannot be believed"
#define CUT_SHORT "the host's answer is cut short"
#define TOO_MUCH "the host says that it did more than it was asked"

struct load {
	struct lab_io io[COUNT];
	unsigned char *data;
	uint64_t physical;
};

static struct host_storvsp_manners *
start(struct scsi *scsi)
{
	scsi_start(scsi, &(struct host_lun_config){ 0 });
	lab_pattern(scsi_bytes(scsi), 4 * MIB, 0);
	return host_storvsp_manners(scsi->stor);
}

static struct host_ring_manners *
ring(struct scsi *scsi)
{
	return host_vmbus_manners(host_storvsp_device(scsi->stor), 0);
}

/* Half of them with memory that is copied. */
static void
submit(struct scsi *scsi, struct load *load, enum pv_disk_op op)
{
	load->data = lab_pages(&scsi->lab, COUNT, &load->physical);
	for (unsigned i = 0; i < COUNT; i++)
		lab_submit(&scsi->lab, &load->io[i], op, i * 4096,
		    load->data + i * 4096,
		    i % 2 == 0 ? load->physical + i * 4096 : PV_NO_PHYSICAL,
		    4096);
}

/* All end, once, and these may be the ends. */
static unsigned
ends(struct scsi *scsi, struct load *load, int error)
{
	unsigned good = 0;

	for (unsigned i = 0; i < COUNT; i++) {
		int got = lab_wait(&scsi->lab, &load->io[i]);

		if (got == PV_OK)
			good++;
		else
			assert_int_equal(got, error);
	}
	lab_run(&scsi->lab, PV_SECOND);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(load->io[i].done, 1);
	return good;
}

static const struct pv_stats *
stats(struct scsi *scsi)
{
	return &scsi->device->stats;
}

/* One answer is so, and that is the end of the device, but not of memory: the
 * host closes the channel as it should. */
static void
breaks(struct scsi *scsi, unsigned how, uint64_t value, const char *why)
{
	static struct load load;
	struct host_storvsp_manners *manners = start(scsi);

	manners->bad_nth = 3;
	manners->bad_how = how;
	manners->bad_value = value;
	submit(scsi, &load, PV_DISK_READ);
	ends(scsi, &load, PV_EPROTO);
	scsi_is_broken(scsi, why);
	assert_int_equal(stats(scsi)->held, 0);
	/* nothing is left of it at the host */
	assert_int_equal(host_storvsp_counts(scsi->stor)->channels, 0);
}

/* ---- Ids -------------------------------------------------------------- */

static void
test_h10_id_out_of_range(void **state)
{
	breaks(*state, HOST_STOR_ID, 1ull << 32 | 500, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id, 1);
}

static void
test_h11_id_never_issued(void **state)
{
	breaks(*state, HOST_STOR_ID, 0x7000000000000001, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id, 1);
}

static void
test_h12_answered_twice(void **state)
{
	breaks(*state, HOST_STOR_TWICE, 0, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id + stats(*state)->bad_duplicate,
	    1);
}

static void
test_h16_id_of_an_earlier_request(void **state)
{
	/* of slot 0 when it was used for the first time */
	breaks(*state, HOST_STOR_ID, 1ull << 32 | 1, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id, 1);
}

static void
test_h17_id_0(void **state)
{
	breaks(*state, HOST_STOR_ID, 0, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id, 1);
}

static void
test_h17_id_all_ones(void **state)
{
	breaks(*state, HOST_STOR_ID, UINT64_MAX, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id, 1);
}

/* Ids that were right in the conversation at the beginning. */
static void
test_b3_id_of_the_beginning_again(void **state)
{
	breaks(*state, HOST_STOR_ID, 2ull << 32 | 1, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_id, 1);
}

static void
test_h15_operation_is_another(void **state)
{
	breaks(*state, HOST_STOR_OPERATION, HV_STOR_ENUMERATE_BUS, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_value, 1);
}

static void
test_h15_operation_unknown(void **state)
{
	breaks(*state, HOST_STOR_OPERATION, 0xffffffff, BAD_ANSWER);
	assert_int_equal(stats(*state)->bad_value, 1);
}

/* Of a request on another channel. */
static void
test_h13_id_of_another_queue(void **state)
{
	struct scsi *scsi = *state;
	struct lab_io io;
	unsigned char *data;
	uint64_t physical;
	struct hvs_queue *queue;

	scsi_start_channels(scsi, 2, 1);
	data = lab_pages(&scsi->lab, 1, &physical);
	host_storvsp_manners(scsi->stor)->bad_nth = 1;
	host_storvsp_manners(scsi->stor)->bad_how = HOST_STOR_ID;
	queue = &scsi->hvs->queues[0];
	/* one that is in use there, by another count of uses */
	host_storvsp_manners(scsi->stor)->bad_value =
	    (uint64_t)(queue->table[0].generation + 7) << 32 | 1;
	memset(&io, 0, sizeof(io));
	io.segment = (struct pv_segment){ data, physical, 512 };
	lab_prepare(&io, PV_DISK_READ, 0);
	pv_disk_submit(scsi->lab.disk, 1, &io.io);
	pv_disk_kick(scsi->lab.disk, 1);
	assert_int_equal(lab_wait(&scsi->lab, &io), PV_EPROTO);
	scsi_is_broken(scsi, BAD_ANSWER);
}

/* ---- Lengths ---------------------------------------------------------- */

static void
test_b3_packet_of_nothing(void **state)
{
	breaks(*state, HOST_STOR_SHORT, 0, CUT_SHORT);
	assert_int_equal(stats(*state)->bad_length, 1);
}

static void
test_b3_packet_shorter_than_its_header(void **state)
{
	breaks(*state, HOST_STOR_SHORT, 8, CUT_SHORT);
	assert_int_equal(stats(*state)->bad_length, 1);
}

static void
test_b3_packet_shorter_than_its_fields(void **state)
{
	breaks(*state, HOST_STOR_SHORT, 40, CUT_SHORT);
	assert_int_equal(stats(*state)->bad_length, 1);
}

static void
test_b3_transferred_more_than_asked(void **state)
{
	breaks(*state, HOST_STOR_TRANSFER, 4097, TOO_MUCH);
	assert_int_equal(stats(*state)->bad_length, 1);
}

static void
test_h19_transferred_4_gigabytes(void **state)
{
	breaks(*state, HOST_STOR_TRANSFER, UINT32_MAX, TOO_MUCH);
	assert_int_equal(stats(*state)->bad_length, 1);
}

/* The one ends in an error; the device goes on. */
static void
one_fails(struct scsi *scsi, unsigned how, uint64_t value, int error)
{
	static struct load load;
	struct host_storvsp_manners *manners = start(scsi);

	manners->bad_nth = 3;
	manners->bad_how = how;
	manners->bad_value = value;
	submit(scsi, &load, PV_DISK_READ);
	assert_int_equal(ends(scsi, &load, error),
	    error == PV_OK ? COUNT : COUNT - 1);
	assert_int_equal(scsi->device->state, PV_DEVICE_ATTACHED);
	scsi_works(scsi);
}

static void
test_h18_transferred_nothing(void **state)
{
	one_fails(*state, HOST_STOR_TRANSFER, 0, PV_EIO);
	assert_int_equal(stats(*state)->bad_length, 1);
}

static void
test_short_transfer_is_an_error(void **state)
{
	one_fails(*state, HOST_STOR_TRANSFER, 4095, PV_EIO);
	assert_int_equal(stats(*state)->bad_length, 1);
}

static void
test_b3_sense_longer_than_there_is_room(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners = start(scsi);
	unsigned char data[512];

	manners->fail_nth = 1;
	manners->scsi_status = SCSI_STATUS_CHECK_CONDITION;
	manners->srb_status = HV_SRB_ERROR;
	manners->sense_key = SCSI_KEY_MEDIUM_ERROR;
	manners->asc = 0x11;
	manners->bad_nth = 1;
	manners->bad_how = HOST_STOR_SENSE;
	manners->bad_value = 255;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EIO);
	lab_run(&scsi->lab, 0);
	assert_int_equal(stats(scsi)->bad_length, 1);
	scsi_works(scsi);
}

static void
test_h22_sense_of_no_length(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners = start(scsi);
	unsigned char data[512];

	manners->fail_nth = 1;
	manners->scsi_status = SCSI_STATUS_CHECK_CONDITION;
	manners->srb_status = HV_SRB_ERROR;
	manners->sense_key = SCSI_KEY_UNIT_ATTENTION;
	manners->bad_nth = 1;
	manners->bad_how = HOST_STOR_SENSE;
	manners->bad_value = 0;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EIO);
	scsi_works(scsi);
}

/* ---- Status ----------------------------------------------------------- */

static void
test_h23_status_of_the_packet_is_junk(void **state)
{
	one_fails(*state, HOST_STOR_STATUS, 0xdeadbeef, PV_EIO);
}

/* Any status of SRB and SCSI: what is asked ends, with one error or another, or
 * well, and the device is there still. */
static void
test_h23_every_status_ends(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners = start(scsi);
	unsigned char data[512];

	for (unsigned srb = 0; srb < 64; srb++)
		for (unsigned status = 0; status < 256; status += 8) {
			manners->srb_status = (uint8_t)srb;
			manners->scsi_status = (uint8_t)status;
			manners->sense_key = 0;
			manners->fail_nth = 1;
			(void)lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			    PV_NO_PHYSICAL, 512);
			manners->fail_nth = 0;
			/* a look at the disk, perhaps, which is well */
			lab_run(&scsi->lab, 50 * PV_MILLISECOND);
			assert_int_equal(scsi->device->state,
			    PV_DEVICE_ATTACHED);
		}
	lab_run(&scsi->lab, PV_SECOND);
	scsi_works(scsi);
}

static void
test_h23_every_sense_ends(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners = start(scsi);
	unsigned char data[512];

	for (unsigned key = 1; key < 16; key++)
		for (unsigned asc = 0; asc < 256; asc += 1 + asc % 4) {
			manners->srb_status = HV_SRB_ERROR;
			manners->scsi_status = SCSI_STATUS_CHECK_CONDITION;
			manners->sense_key = (uint8_t)key;
			manners->asc = (uint8_t)asc;
			manners->fail_nth = 1;
			(void)lab_do(&scsi->lab,
			    asc % 3 == 0 ? PV_DISK_READ : PV_DISK_WRITE, 0,
			    data, PV_NO_PHYSICAL, 512);
			manners->fail_nth = 0;
			/* a look at the disk, perhaps, which is well */
			lab_run(&scsi->lab, 50 * PV_MILLISECOND);
			assert_int_equal(scsi->device->state,
			    PV_DEVICE_ATTACHED);
		}
	lab_run(&scsi->lab, PV_SECOND);
	assert_true(scsi_has(scsi, "sd0"));
	scsi_works(scsi);
}

/* Said again and again: it has an end. */
static void
for_ever(struct scsi *scsi, uint8_t srb, uint8_t status, uint8_t key,
    unsigned tries)
{
	struct host_storvsp_manners *manners = start(scsi);
	uint64_t commands, since = sim_now(scsi->lab.world->sim);
	unsigned char data[512];

	lab_run(&scsi->lab, PV_SECOND);
	commands = host_storvsp_counts(scsi->stor)->commands;
	manners->srb_status = srb;
	manners->scsi_status = status;
	manners->sense_key = key;
	manners->asc = key == SCSI_KEY_NOT_READY ? 4 : 0x29;
	manners->ascq = key == SCSI_KEY_NOT_READY ? 1 : 0;
	manners->fail_nth = 1;
	manners->fail_count = 1000;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EIO);
	assert_int_equal(host_storvsp_counts(scsi->stor)->commands - commands,
	    tries);
	assert_true(sim_now(scsi->lab.world->sim) - since < 60 * PV_SECOND);
	assert_int_equal(scsi->device->state, PV_DEVICE_ATTACHED);
}

static void
test_h24_busy_for_ever(void **state)
{
	for_ever(*state, HV_SRB_BUSY, SCSI_STATUS_BUSY, 0, 1 + HVS_BUSY_MAX);
}

static void
test_h24_queue_full_for_ever(void **state)
{
	for_ever(*state, HV_SRB_ERROR, SCSI_STATUS_TASK_SET_FULL, 0,
	    1 + HVS_BUSY_MAX);
}

static void
test_h24_becoming_ready_for_ever(void **state)
{
	for_ever(*state, HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION,
	    SCSI_KEY_NOT_READY, 1 + HVS_BUSY_MAX);
}

static void
test_h24_unit_attention_for_ever(void **state)
{
	for_ever(*state, HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION,
	    SCSI_KEY_UNIT_ATTENTION, 1 + HVS_RETRIES_MAX);
}

static void
test_h24_aborted_for_ever(void **state)
{
	for_ever(*state, HV_SRB_ABORTED, SCSI_STATUS_TASK_ABORTED, 0,
	    1 + HVS_RETRIES_MAX);
}

static void
test_a_host_that_is_busy_for_a_while(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;
	struct host_storvsp_manners *manners = start(scsi);

	manners->srb_status = HV_SRB_BUSY;
	manners->scsi_status = SCSI_STATUS_BUSY;
	manners->fail_nth = 1;
	manners->fail_count = 40;
	submit(scsi, &load, PV_DISK_WRITE);
	assert_int_equal(ends(scsi, &load, PV_OK), COUNT);
}

/* ---- Not asked for ---------------------------------------------------- */

static void
test_b3_complete_io_that_was_not_asked(void **state)
{
	struct scsi *scsi = *state;

	start(scsi);
	host_storvsp_unsolicited(scsi->stor, HV_STOR_COMPLETE_IO, 0);
	lab_run(&scsi->lab, PV_SECOND);
	assert_int_equal(stats(scsi)->bad_value, 1);
	scsi_works(scsi);
}

static void
test_b3_unknown_operations(void **state)
{
	struct scsi *scsi = *state;

	start(scsi);
	for (uint32_t operation = 15; operation < 40; operation++)
		host_storvsp_unsolicited(scsi->stor, operation * 7919, 0);
	lab_run(&scsi->lab, PV_SECOND);
	assert_int_equal(stats(scsi)->bad_value, 25);
	scsi_works(scsi);
}

static void
test_h22_notice_of_every_length(void **state)
{
	struct scsi *scsi = *state;

	start(scsi);
	for (unsigned size = 1; size <= 64; size++)
		host_storvsp_unsolicited(scsi->stor, HV_STOR_ENUMERATE_BUS,
		    size);
	lab_run(&scsi->lab, PV_SECOND);
	/* padding makes them 8 bytes long, at least */
	assert_int_equal(stats(scsi)->bad_length, 0);
	scsi_works(scsi);
}

static void
test_h39_notices_without_end(void **state)
{
	struct scsi *scsi = *state;
	uint64_t commands;

	start(scsi);
	commands = host_storvsp_counts(scsi->stor)->commands;
	for (unsigned i = 0; i < 2000; i++) {
		host_storvsp_unsolicited(scsi->stor, HV_STOR_ENUMERATE_BUS, 0);
		if (i % 100 == 0)
			pv_bus_poll(scsi->lab.world->bus, 64);
	}
	lab_run(&scsi->lab, PV_SECOND);
	/* one look may be for many of them */
	assert_true(
	    host_storvsp_counts(scsi->stor)->commands - commands < 1000);
	scsi_works(scsi);
}

/* ---- The ring --------------------------------------------------------- */

/* What the ring checks itself is in its own tests; here it ends the device. */
static void
ring_breaks(struct scsi *scsi, unsigned how, uint64_t value, const char *why)
{
	static struct load load;

	start(scsi);
	ring(scsi)->bad_how = how;
	ring(scsi)->bad_value = value;
	ring(scsi)->bad_nth = 2;
	submit(scsi, &load, PV_DISK_READ);
	ends(scsi, &load, PV_EPROTO);
	scsi_is_broken(scsi, why);
	assert_int_equal(stats(scsi)->held, 0);
}

static void
test_h5_write_index_beyond_the_ring(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	start(scsi)->stop = true;
	submit(scsi, &load, PV_DISK_WRITE);
	ring(scsi)->set_write_index = true;
	ring(scsi)->write_index = 0x7ffffff8;
	host_storvsp_look(scsi->stor);
	ends(scsi, &load, PV_EPROTO);
	scsi_is_broken(scsi, BAD_RING);
}

static void
test_h20_offset_behind_the_packet(void **state)
{
	ring_breaks(*state, HOST_RING_OFFSET8, 0xffff, BAD_RING);
}

static void
test_h22_packet_longer_than_the_ring(void **state)
{
	ring_breaks(*state, HOST_RING_LENGTH8, 0xffff, BAD_RING);
}

static void
test_h11_descriptor_with_an_id_of_nobody(void **state)
{
	ring_breaks(*state, HOST_RING_ID, 0x123456789abcdef, BAD_ANSWER);
}

static void
test_h12_packet_twice(void **state)
{
	ring_breaks(*state, HOST_RING_TWICE, 0, BAD_ANSWER);
}

/* A packet of a type that we do not know is left alone, and what it answered is
 * never answered: found out in time. */
static void
test_h15_packet_of_another_type(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	start(scsi);
	ring(scsi)->bad_how = HOST_RING_TYPE;
	ring(scsi)->bad_value = 0x42;
	ring(scsi)->bad_nth = 2;
	submit(scsi, &load, PV_DISK_READ);
	assert_int_equal(ends(scsi, &load, PV_OK), COUNT);
	assert_int_equal(stats(scsi)->bad_value, 1);
	assert_int_equal(host_storvsp_counts(scsi->stor)->resets, 2);
}

static void
test_h42_no_interrupts(void **state)
{
	struct scsi *scsi = *state;

	start(scsi);
	host_hyperv_manners(scsi->partition.host)->lose_events = true;
	scsi_works(scsi);
	host_hyperv_manners(scsi->partition.host)->lose_events = false;
	ring(scsi)->never_signal = true;
	scsi_works(scsi);
}

static void
test_h39_storm(void **state)
{
	struct scsi *scsi = *state;

	start(scsi);
	ring(scsi)->storm = 1000;
	scsi_works(scsi);
	lab_run(&scsi->lab, PV_SECOND);
	scsi_works(scsi);
}

/* And so is never signalled: it looks by itself. */
static void
test_h7_host_is_always_masked(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;
	uint64_t signals;

	start(scsi);
	lab_run(&scsi->lab, 0);
	signals = stats(scsi)->signals;
	ring(scsi)->always_masked = true;
	ring(scsi)->no_features = true;
	/* its mask is set as it looks */
	host_storvsp_look(scsi->stor);
	lab_run(&scsi->lab, PV_MILLISECOND);
	submit(scsi, &load, PV_DISK_READ);
	for (unsigned i = 0; i < 20; i++) {
		host_storvsp_look(scsi->stor);
		lab_run(&scsi->lab, PV_MILLISECOND);
	}
	assert_int_equal(ends(scsi, &load, PV_OK), COUNT);
	/* one until it has looked for the first time */
	assert_true(stats(scsi)->signals - signals <= 1);
}

/* ---- The beginning ---------------------------------------------------- */

static void
begin(struct scsi *scsi, unsigned cpus, unsigned channels)
{
	scsi_machine(scsi, cpus,
	    &(struct host_storvsp_config){ .max_channels = channels });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
}

static void
test_h35_no_version_in_common(void **state)
{
	struct scsi *scsi = *state;

	begin(scsi, 1, 0);
	host_storvsp_manners(scsi->stor)->refuse_versions = true;
	scsi_attach(scsi);
	scsi_is_broken(scsi, "no protocol version in common with the host");
}

static void
test_h29_the_beginning_is_not_answered(void **state)
{
	struct scsi *scsi = *state;

	for (unsigned nth = 1; nth <= 4; nth++) {
		begin(scsi, 1, 0);
		host_storvsp_manners(scsi->stor)->bad_nth = nth;
		host_storvsp_manners(scsi->stor)->bad_how = HOST_STOR_LOST;
		scsi_attach(scsi);
		scsi_is_broken(scsi, "the host does not answer");
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

/* Each answer of the beginning and of the first scan, in each way. */
static void
test_h22_each_answer_of_the_beginning(void **state)
{
	static const struct {
		unsigned how;
		uint64_t value;
	} ways[] = { { HOST_STOR_SHORT, 0 }, { HOST_STOR_SHORT, 20 },
		{ HOST_STOR_OPERATION, 3 }, { HOST_STOR_STATUS, 0xc0000001 },
		{ HOST_STOR_TRANSFER, 0 }, { HOST_STOR_TRANSFER, 3 },
		{ HOST_STOR_TRANSFER, UINT32_MAX }, { HOST_STOR_SENSE, 255 },
		{ HOST_STOR_ID, 0 }, { HOST_STOR_TWICE, 0 },
		{ HOST_STOR_LOST, 0 } };
	struct scsi *scsi = *state;

	for (unsigned way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
		for (unsigned nth = 1; nth <= 16; nth++) {
			scsi_machine(scsi, 2,
			    &(struct host_storvsp_config){ .max_channels = 1 });
			scsi_disk(scsi,
			    &(struct host_lun_config){ .unmap = true }, false);
			host_storvsp_manners(scsi->stor)->bad_nth = nth;
			host_storvsp_manners(scsi->stor)->bad_how =
			    ways[way].how;
			host_storvsp_manners(scsi->stor)->bad_value =
			    ways[way].value;
			scsi_attach(scsi);
			lab_run(&scsi->lab, 150 * PV_SECOND);
			assert_true(scsi->hvs->phase == HVS_RUNNING ||
			    scsi->device->state == PV_DEVICE_BROKEN);
			assert_int_equal(scsi_teardown(state), 0);
			assert_int_equal(scsi_setup(state), 0);
			scsi = *state;
		}
}

static void
test_b3_max_channels_huge(void **state)
{
	struct scsi *scsi = *state;

	begin(scsi, 4, 3);
	host_storvsp_manners(scsi->stor)->has_max_channels = true;
	host_storvsp_manners(scsi->stor)->max_channels = UINT16_MAX;
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	/* as many as there are CPUs */
	assert_int_equal(scsi->lab.disk->queues, 4);
	scsi_works(scsi);
}

static void
test_b3_max_channels_0(void **state)
{
	struct scsi *scsi = *state;

	begin(scsi, 4, 2);
	host_storvsp_manners(scsi->stor)->has_max_channels = true;
	host_storvsp_manners(scsi->stor)->max_channels = 0;
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	assert_int_equal(scsi->lab.disk->queues, 1);
	scsi_works(scsi);
}

static void
test_h36_fewer_channels_than_promised(void **state)
{
	struct scsi *scsi = *state;

	begin(scsi, 4, 3);
	/* one offer of them gets lost */
	host_hyperv_manners(scsi->partition.host)->message_how =
	    HOST_MESSAGE_DROP;
	host_hyperv_manners(scsi->partition.host)->message_type =
	    HV_VMBUS_OFFER;
	host_hyperv_manners(scsi->partition.host)->message_nth = 3;
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	lab_run(&scsi->lab, 5 * PV_SECOND);
	assert_int_equal(scsi->lab.disk->queues, 3);
	scsi_works(scsi);
}

static void
test_h36_channels_that_nobody_asked_for(void **state)
{
	struct scsi *scsi = *state;

	begin(scsi, 1, 4);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	assert_true(host_vmbus_offer_subs(host_storvsp_device(scsi->stor), 4));
	lab_run(&scsi->lab, PV_SECOND);
	assert_int_equal(scsi->lab.disk->queues, 1);
	assert_int_equal(host_storvsp_counts(scsi->stor)->channels, 1);
	scsi_works(scsi);
}

static void
test_h31_max_transfer_of_any_size(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 511, 512, 4095, 4096, 4097,
		65535, 0x7fffffff, UINT32_MAX };
	struct scsi *scsi = *state;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		scsi_machine(scsi, 1,
		    &(struct host_storvsp_config){ .max_transfer = MIB });
		scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
		host_storvsp_manners(scsi->stor)->has_max_transfer = true;
		host_storvsp_manners(scsi->stor)->max_transfer = sizes[i];
		scsi_attach(scsi);
		scsi_use(scsi, "sd0");
		assert_true(scsi->lab.disk->max_transfer >= 4096);
		assert_true(scsi->lab.disk->max_transfer <= MIB);
		assert_int_equal(scsi->lab.disk->max_transfer % 512, 0);
		scsi_works(scsi);
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

static void
test_h31_sector_sizes_that_cannot_be(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 3, 513, 1u << 20 };
	struct scsi *scsi = *state;

	for (unsigned i = 0; i < 5; i++) {
		begin(scsi, 1, 0);
		host_storvsp_manners(scsi->stor)->has_capacity_sector = true;
		host_storvsp_manners(scsi->stor)->capacity_sector = sizes[i];
		scsi_attach(scsi);
		lab_run(&scsi->lab, 1000 * PV_SECOND);
		assert_false(scsi_has(scsi, "sd0"));
		assert_true(stats(scsi)->bad_value > 0);
		world_has_line(scsi->lab.world,
		    "hvs0: target 0 lun 0 does not tell its size");
		/* and it is not asked for ever */
		assert_true(host_storvsp_counts(scsi->stor)->commands < 400);
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

static void
test_h31_a_disk_of_all_sectors(void **state)
{
	struct scsi *scsi = *state;

	begin(scsi, 1, 0);
	host_storvsp_manners(scsi->stor)->capacity_last = UINT64_MAX;
	scsi_attach(scsi);
	lab_run(&scsi->lab, 10 * PV_SECOND);
	assert_true(stats(scsi)->bad_value > 0);
	assert_int_equal(scsi->device->state, PV_DEVICE_ATTACHED);
}

/* Larger than it is: what is behind its end fails, and nothing else. */
static void
test_h31_a_disk_larger_than_it_is(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[512];

	begin(scsi, 1, 0);
	host_storvsp_manners(scsi->stor)->capacity_last = 1ull << 40;
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	assert_true(scsi->lab.disk->size == ((1ull << 40) + 1) * 512);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 1ull << 48, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EIO);
	scsi_works(scsi);
}

/* ---- Memory ----------------------------------------------------------- */

/* The host never lets go: what it may have is lost, and its owner is told. */
static void
test_h45_memory_that_the_host_keeps(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners = start(scsi);
	static struct load load;
	unsigned busy = 0;

	manners->stop = true;
	submit(scsi, &load, PV_DISK_READ);
	host_hyperv_manners(scsi->partition.host)->gpadl_hold = true;
	for (unsigned i = 0; i < COUNT; i++) {
		int error = lab_wait(&scsi->lab, &load.io[i]);

		if (error == PV_EBUSY)
			busy++;
		else
			assert_int_equal(error, PV_EPROTO);
	}
	/* those whose own pages were named */
	assert_int_equal(busy, COUNT / 2);
	scsi_is_broken(scsi, "the host does not answer");
	/* and the rings */
	assert_int_equal(stats(scsi)->held, COUNT / 2 + 2 * HVS_RING_PAGES);
	partition_detach(&scsi->partition);
	scsi->partition.gpadls =
	    host_hyperv_counts(scsi->partition.host)->gpadls;
	scsi->lab.world->leaked_pages =
	    sim_machine_counts(scsi->lab.world->machine)->pages - COUNT;
}

/* Data that changes in our page after it came is not seen twice. */
static void
test_h49_data_is_copied_once(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[4096], expected[4096];

	start(scsi);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 4096, data,
			     PV_NO_PHYSICAL, 4096),
	    PV_OK);
	lab_pattern(expected, 4096, 4096);
	assert_memory_equal(data, expected, 4096);
	lab_run(&scsi->lab, 0);
	assert_int_equal(scsi->lab.device->stats.copies, 1);
}

/* Every hypercall fails once. */
static void
test_h50_each_hypercall_fails(void **state)
{
	struct scsi *scsi = *state;

	for (unsigned nth = 1; nth < 24; nth++) {
		scsi->no_monitor = true;
		begin(scsi, 2, 1);
		host_hyperv_manners(scsi->partition.host)->fail_nth = nth;
		host_hyperv_manners(scsi->partition.host)->fail_status =
		    HV_STATUS_INSUFFICIENT_BUFFERS;
		if (scsi_attach_bus(scsi) == PV_OK) {
			lab_run(&scsi->lab, 200 * PV_SECOND);
			if (scsi_has(scsi, "sd0")) {
				scsi_use(scsi, "sd0");
				scsi_works(scsi);
			}
		}
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_h10_id_out_of_range),
		scsi_test(test_h11_id_never_issued),
		scsi_test(test_h12_answered_twice),
		scsi_test(test_h16_id_of_an_earlier_request),
		scsi_test(test_h17_id_0),
		scsi_test(test_h17_id_all_ones),
		scsi_test(test_b3_id_of_the_beginning_again),
		scsi_test(test_h15_operation_is_another),
		scsi_test(test_h15_operation_unknown),
		scsi_test(test_h13_id_of_another_queue),
		scsi_test(test_b3_packet_of_nothing),
		scsi_test(test_b3_packet_shorter_than_its_header),
		scsi_test(test_b3_packet_shorter_than_its_fields),
		scsi_test(test_b3_transferred_more_than_asked),
		scsi_test(test_h19_transferred_4_gigabytes),
		scsi_test(test_h18_transferred_nothing),
		scsi_test(test_short_transfer_is_an_error),
		scsi_test(test_b3_sense_longer_than_there_is_room),
		scsi_test(test_h22_sense_of_no_length),
		scsi_test(test_h23_status_of_the_packet_is_junk),
		scsi_test(test_h23_every_status_ends),
		scsi_test(test_h23_every_sense_ends),
		scsi_test(test_h24_busy_for_ever),
		scsi_test(test_h24_queue_full_for_ever),
		scsi_test(test_h24_becoming_ready_for_ever),
		scsi_test(test_h24_unit_attention_for_ever),
		scsi_test(test_h24_aborted_for_ever),
		scsi_test(test_a_host_that_is_busy_for_a_while),
		scsi_test(test_b3_complete_io_that_was_not_asked),
		scsi_test(test_b3_unknown_operations),
		scsi_test(test_h22_notice_of_every_length),
		scsi_test(test_h39_notices_without_end),
		scsi_test(test_h5_write_index_beyond_the_ring),
		scsi_test(test_h20_offset_behind_the_packet),
		scsi_test(test_h22_packet_longer_than_the_ring),
		scsi_test(test_h11_descriptor_with_an_id_of_nobody),
		scsi_test(test_h12_packet_twice),
		scsi_test(test_h15_packet_of_another_type),
		scsi_test(test_h42_no_interrupts),
		scsi_test(test_h39_storm),
		scsi_test(test_h7_host_is_always_masked),
		scsi_test(test_h35_no_version_in_common),
		scsi_test(test_h29_the_beginning_is_not_answered),
		scsi_test(test_h22_each_answer_of_the_beginning),
		scsi_test(test_b3_max_channels_huge),
		scsi_test(test_b3_max_channels_0),
		scsi_test(test_h36_fewer_channels_than_promised),
		scsi_test(test_h36_channels_that_nobody_asked_for),
		scsi_test(test_h31_max_transfer_of_any_size),
		scsi_test(test_h31_sector_sizes_that_cannot_be),
		scsi_test(test_h31_a_disk_of_all_sectors),
		scsi_test(test_h31_a_disk_larger_than_it_is),
		scsi_test(test_h45_memory_that_the_host_keeps),
		scsi_test(test_h49_data_is_copied_once),
		scsi_test(test_h50_each_hypercall_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
