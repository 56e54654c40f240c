/* SPDX-License-Identifier: ISC */
/*
 * A whole machine on Hyper-V: disks, a NIC, all services and the key/value
 * store, with everything that a host may do happening at any time: disks and
 * controllers that come and go, resizes, requests of the administrator, sleep,
 * jumps of time, events that are lost.  Nothing may be lost but what went away,
 * and in the end all must be well.
 */
#include <stdio.h>

#include "tests/support/hyperv.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/kvp.h"
#include "wire/hyperv/scsi.h"
#include "wire/hyperv/storvsc.h"

#define KIB 1024u
#define STEPS 150
#define PLACES 5 /* for disks: four on the first controller, one on another */
#define DISK_MIN (512 * KIB)
#define FLIGHTS 8
#define AREA (32 * KIB) /* of each disk, for one flight */
#define PAGES 5
#define FRAMES 4
#define FRAME_MIN 64u
#define FRAME_MAX 1514u
#define KEYS 6
/* Longest that anything may take: a reset follows on a timeout. */
#define PATIENCE (400 * PV_SECOND)
#define ANSWER_TIME (60 * PV_SECOND)

struct trial;

struct place {
	uint8_t target, lun;
	uint64_t size;   /* 0: no disk there */
	unsigned number; /* one more for each disk that was there */
	/* what the guest still has of the one before, until it looks */
	const struct pv_disk *old;
};

struct flight {
	struct trial *trial;
	unsigned number;
	struct pv_io io;
	struct pv_segment segment;
	uint8_t *memory;
	uint64_t physical, began;
	unsigned place, disk; /* number of the disk there */
	bool busy;
	bool may_fail; /* something is, or has gone, wrong */
};

struct sending {
	struct trial *trial;
	struct pv_frame frame;
	struct pv_segment segment;
	uint8_t *memory;
	uint64_t physical, began;
	bool busy;
};

/* A question of the administrator. */
struct question {
	bool waits;
	uint64_t asked;
	unsigned key; /* of a KVP_SET or DELETE */
	unsigned operation;
	char value[40];
};

struct trial {
	struct partition *partition;
	struct world *world;
	struct sim *sim;
	struct host_storvsp *first, *second; /* second: NULL at times */
	struct host_ic *ic;
	struct host_balloon *balloon;
	struct host_netvsp *net; /* NULL at times */
	struct place places[PLACES];
	struct flight flights[FLIGHTS];
	struct sending sendings[FRAMES];
	struct question questions[HOST_IC_COUNT];
	/* pool External as it has to be; "": no such key */
	char values[KEYS][40];
	bool value_unknown[KEYS];
	uint8_t *shadow; /* of the first disk, DISK_MIN bytes */
	struct pv_nic *nic;
	uint64_t submitted, ended, transmitted, transmitted_end, received;
	unsigned sleeps, shutdowns;
	uint64_t net_refused; /* before the last sleep */
	uint64_t calm_at;     /* when what was set on is taken back */
	unsigned cpus;
	bool failing;
};

static uint64_t
dice(struct trial *trial, uint64_t limit)
{
	return sim_random(trial->sim, limit);
}

static bool
chance(struct trial *trial, unsigned in)
{
	return dice(trial, in) == 0;
}

static uint64_t
now(const struct trial *trial)
{
	return sim_now(trial->sim);
}

/* cmocka cuts what is long. */
static void
say_log(const struct trial *trial)
{
	fprintf(stderr, "%s# %llu s, %u sleeps\n",
	    sim_machine_log(trial->world->machine),
	    (unsigned long long)(now(trial) / PV_SECOND), trial->sleeps);
}

#define fail_of(trial, ...)            \
	do {                           \
		say_log(trial);        \
		fail_msg(__VA_ARGS__); \
	} while (0)

static void
is_count(const struct trial *trial, const char *what, uint64_t want,
    uint64_t is)
{
	if (want != is)
		fail_of(trial, "%s: expected %llu, got %llu", what,
		    (unsigned long long)want, (unsigned long long)is);
}

/* ---- Disks ------------------------------------------------------------ */

static struct host_storvsp *
controller_of(const struct trial *trial, unsigned place)
{
	return place < PLACES - 1 ? trial->first : trial->second;
}

static uint8_t *
bytes_of(const struct trial *trial, unsigned place)
{
	const struct place *at = &trial->places[place];
	struct host_storvsp *stor = controller_of(trial, place);

	return stor != NULL && at->size > 0
	    ? host_storvsp_bytes(stor, at->target, at->lun)
	    : NULL;
}

/* What the guest has of it now, or NULL. */
static struct pv_disk *
find_disk(const struct trial *trial, unsigned place)
{
	const struct pv_device *device = pv_bus_devices(trial->world->bus);
	char text[40];

	snprintf(text, sizeof(text),
	    " target %u lun %u: ", trial->places[place].target,
	    trial->places[place].lun);
	for (; device != NULL; device = device->next)
		if (device->disk != NULL && !device->disk->gone &&
		    device->disk->size >= DISK_MIN &&
		    strstr(device->line, text) != NULL)
			return device->disk;
	return NULL;
}

/* Whoever is on its way to a disk may see it fail. */
static void
disturb(struct trial *trial, unsigned place)
{
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (trial->flights[i].busy &&
		    (place == PLACES || trial->flights[i].place == place))
			trial->flights[i].may_fail = true;
}

/* So may who comes after that, as long as the guest does not know, even when
 * there is another disk at the place by then. */
static void
disk_goes(struct trial *trial, unsigned place)
{
	disturb(trial, place);
	trial->places[place].old = find_disk(trial, place);
}

static void
look_at_disks(struct trial *trial)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (find_disk(trial, i) != trial->places[i].old)
			trial->places[i].old = NULL;
}

static void
flight_done(struct pv_io *io)
{
	struct flight *flight = io->owner;
	struct trial *trial = flight->trial;
	const struct place *place = &trial->places[flight->place];
	uint8_t *bytes = bytes_of(trial, flight->place);
	uint64_t at = io->offset;

	if (!flight->busy)
		fail_msg("flight %u is done twice", flight->number);
	flight->busy = false;
	trial->ended++;
	if (io->error != PV_OK && !flight->may_fail)
		fail_of(trial, "a request for disk %u failed with %d",
		    flight->place, io->error);
	if (bytes == NULL || place->number != flight->disk)
		return;
	if (io->error == PV_OK && io->op != PV_DISK_FLUSH)
		assert_memory_equal(flight->memory, bytes + at,
		    flight->segment.len);
	/* what was not written wholly may be written in part */
	if (flight->place == 0 && io->op == PV_DISK_WRITE)
		memcpy(trial->shadow + at, bytes + at, flight->segment.len);
}

static void
fly(struct trial *trial, struct flight *flight)
{
	unsigned place = (unsigned)dice(trial, PLACES);
	struct pv_disk *disk = find_disk(trial, place);
	uint64_t sectors = AREA / 512, first;
	size_t len;

	if (flight->busy || disk == NULL)
		return;
	first = dice(trial, sectors);
	len = 512 * (size_t)(1 + dice(trial, sectors - first));
	if (len > PAGES * PV_PAGE_SIZE - 512)
		len = PAGES * PV_PAGE_SIZE - 512;
	flight->place = place;
	flight->disk = trial->places[place].number;
	flight->may_fail = trial->failing || trial->places[place].size == 0 ||
	    disk == trial->places[place].old;
	flight->began = now(trial);
	flight->busy = true;
	flight->segment = (struct pv_segment){ flight->memory,
		chance(trial, 8) ? PV_NO_PHYSICAL : flight->physical, len };
	flight->io = (struct pv_io){ .op = chance(trial, 2) ? PV_DISK_READ
							    : PV_DISK_WRITE,
		.offset = flight->number * AREA + first * 512,
		.segments = &flight->segment,
		.count = 1,
		.done = flight_done,
		.owner = flight };
	if (chance(trial, 12)) {
		flight->io.op = PV_DISK_FLUSH;
		flight->io.count = 0;
		flight->io.segments = NULL;
	}
	for (size_t i = 0; i < len; i++)
		flight->memory[i] = (uint8_t)dice(trial, 256);
	trial->submitted++;
	pv_disk_submit(disk, (unsigned)dice(trial, disk->queues), &flight->io);
	for (unsigned i = 0; i < disk->queues; i++)
		pv_disk_kick(disk, i);
}

static void
add_disk(struct trial *trial, unsigned place, bool tell)
{
	struct place *at = &trial->places[place];
	struct host_storvsp *stor = controller_of(trial, place);
	uint64_t size = DISK_MIN + dice(trial, 8) * 64 * KIB;

	if (stor == NULL || at->size > 0)
		return;
	assert_true(host_storvsp_add(stor,
	    &(struct host_lun_config){ .target = at->target,
		.lun = at->lun,
		.size = size,
		.unmap = chance(trial, 2),
		.no_cache = chance(trial, 4),
		.old_inquiry = chance(trial, 4) },
	    tell));
	at->size = size;
	at->number++;
}

static void
remove_disk(struct trial *trial, unsigned place)
{
	struct place *at = &trial->places[place];

	if (at->size == 0)
		return;
	disk_goes(trial, place);
	host_storvsp_remove(controller_of(trial, place), at->target, at->lun,
	    true);
	at->size = 0;
}

/* Never smaller than what is in use. */
static void
resize_disk(struct trial *trial, unsigned place)
{
	struct place *at = &trial->places[place];
	uint64_t size = DISK_MIN + dice(trial, 8) * 64 * KIB;

	if (at->size == 0)
		return;
	assert_true(host_storvsp_resize(controller_of(trial, place), at->target,
	    at->lun, size, true));
	at->size = size;
}

static void
controller_comes(struct trial *trial)
{
	if (trial->second != NULL)
		return;
	trial->second = host_storvsp_new(trial->partition->host,
	    &(struct host_storvsp_config){
		.max_channels = (unsigned)dice(trial, 3),
		.max_transfer = chance(trial, 2) ? 64 * KIB : 0 });
	assert_non_null(trial->second);
	add_disk(trial, PLACES - 1, false);
}

static void
controller_goes(struct trial *trial)
{
	if (trial->second == NULL)
		return;
	disk_goes(trial, PLACES - 1);
	trial->places[PLACES - 1].size = 0;
	host_storvsp_rescind(trial->second);
	trial->second = NULL;
}

/* ---- The NIC ---------------------------------------------------------- */

#define HEADER 22 /* Ethernet's, a length and a seed */

static void
sending_done(struct pv_frame *frame)
{
	struct sending *sending = frame->owner;

	if (!sending->busy)
		fail_msg("a frame is done twice");
	sending->busy = false;
	sending->trial->transmitted_end++;
}

static void
received(struct pv_nic *nic, unsigned queue, const struct pv_frame *frame)
{
	struct trial *trial = nic->owner;
	uint8_t bytes[2048] = { 0 };
	size_t at = 0;
	uint32_t len;

	assert_true(queue < nic->queues);
	assert_true(frame->length >= FRAME_MIN && frame->length <= FRAME_MAX);
	for (unsigned i = 0; i < frame->count; i++) {
		memcpy(bytes + at, frame->segments[i].data,
		    frame->segments[i].len);
		at += frame->segments[i].len;
	}
	assert_int_equal(at, frame->length);
	memcpy(&len, bytes + 14, sizeof(len));
	assert_int_equal(len, frame->length);
	for (size_t i = HEADER; i < at; i++)
		assert_int_equal(bytes[i], (uint8_t)(bytes[18] + i * 3));
	trial->received++;
}

static void
find_nic(struct trial *trial)
{
	const struct pv_device *device = pv_bus_devices(trial->world->bus);

	while (device != NULL && device->nic == NULL)
		device = device->next;
	trial->nic = device != NULL && !device->nic->gone ? device->nic : NULL;
	if (trial->nic == NULL)
		return;
	trial->nic->owner = trial;
	trial->nic->receive = received;
}

static void
transmit(struct trial *trial, struct sending *sending)
{
	uint32_t len = (uint32_t)(FRAME_MIN +
	    dice(trial, FRAME_MAX - FRAME_MIN + 1));

	find_nic(trial);
	if (sending->busy || trial->nic == NULL || !trial->nic->link)
		return;
	memset(sending->memory, 0, HEADER);
	memcpy(sending->memory, trial->nic->mac, 6);
	memcpy(sending->memory + 6, trial->nic->mac, 6);
	sending->memory[12] = 0x88; /* for experiments */
	sending->memory[13] = 0xb5;
	memcpy(sending->memory + 14, &len, sizeof(len));
	sending->memory[18] = (uint8_t)dice(trial, 256);
	for (uint32_t i = HEADER; i < len; i++)
		sending->memory[i] = (uint8_t)(sending->memory[18] + i * 3);
	sending->segment = (struct pv_segment){ sending->memory,
		sending->physical, len };
	sending->frame = (struct pv_frame){ .segments = &sending->segment,
		.count = 1,
		.length = len,
		.done = sending_done,
		.owner = sending };
	sending->busy = true;
	sending->began = now(trial);
	trial->transmitted++;
	pv_nic_transmit(trial->nic, (unsigned)dice(trial, trial->nic->queues),
	    &sending->frame);
	for (unsigned i = 0; i < trial->nic->queues; i++)
		pv_nic_kick(trial->nic, i);
}

static void
nic_comes(struct trial *trial)
{
	if (trial->net != NULL)
		return;
	trial->net = host_netvsp_new(trial->partition->host,
	    &(struct host_netvsp_config){
		.mac = { 0, 0x15, 0x5d, 0, 0, (uint8_t)dice(trial, 256) },
		.max_channels = 1 + (unsigned)dice(trial, 3) });
	assert_non_null(trial->net);
}

static void
nic_goes(struct trial *trial)
{
	if (trial->net == NULL)
		return;
	host_netvsp_rescind(trial->net);
	trial->net = NULL;
	trial->net_refused = 0;
}

/* ---- The administrator ------------------------------------------------ */

static void
key_name(char *to, size_t room, unsigned key)
{
	snprintf(to, room, "k\xc3\xa4%u/x", key);
}

/* What became of a pair is to be seen in the guest's own store. */
static void
look_up(struct trial *trial, unsigned key)
{
	char name[40], wire[24], value[64];
	size_t len;
	int error;

	key_name(wire, sizeof(wire), key);
	snprintf(name, sizeof(name), "External/%s", wire);
	error = world_read(trial->world, name, value, sizeof(value), &len);
	if (error != PV_ENOENT)
		assert_int_equal(error, PV_OK);
	if (error == PV_ENOENT)
		len = 0;
	assert_true(len < sizeof(trial->values[key]));
	if (trial->value_unknown[key]) {
		memcpy(trial->values[key], value, len);
		trial->values[key][len] = '\0';
		trial->value_unknown[key] = false;
		return;
	}
	assert_int_equal(len, strlen(trial->values[key]));
	assert_memory_equal(value, trial->values[key], len);
}

static void
kvp_answered(struct trial *trial, struct question *question, uint32_t status)
{
	char *value = trial->values[question->key];
	bool was = value[0] != '\0';

	if (question->operation == HV_KVP_SET) {
		assert_int_equal(status, HV_IC_STATUS_OK);
		memcpy(value, question->value, sizeof(question->value));
	} else if (question->operation == HV_KVP_DELETE) {
		assert_true(status == HV_IC_STATUS_OK ||
		    (!was && status != HV_IC_STATUS_OK));
		value[0] = '\0';
	} else {
		assert_true(status == HV_IC_STATUS_OK ||
		    status == HV_IC_STATUS_NO_MORE);
		return;
	}
	if (!trial->value_unknown[question->key])
		look_up(trial, question->key);
	trial->value_unknown[question->key] = false;
}

static void
answered(struct trial *trial, enum host_ic_service which)
{
	const struct host_ic_answer *answer = host_ic_answer(trial->ic, which);
	struct question *question = &trial->questions[which];

	question->waits = false;
	switch (which) {
	case HOST_IC_HEARTBEAT:
		assert_int_equal(answer->status, HV_IC_STATUS_OK);
		assert_int_equal(answer->sequence % 2, 0);
		break;
	case HOST_IC_SHUTDOWN:
		trial->shutdowns++;
		break;
	case HOST_IC_KVP:
		kvp_answered(trial, question, answer->status);
		break;
	case HOST_IC_FCOPY:
		assert_int_not_equal(answer->status, HV_IC_STATUS_OK);
		break;
	default:
		assert_int_equal(answer->status, HV_IC_STATUS_OK);
		break;
	}
}

static void
look_at_answers(struct trial *trial)
{
	for (unsigned i = 0; i < HOST_IC_COUNT; i++) {
		struct question *question = &trial->questions[i];

		if (!question->waits)
			continue;
		if (host_ic_answer(trial->ic, i)->answered)
			answered(trial, i);
		else if (now(trial) - question->asked > ANSWER_TIME)
			fail_of(trial, "service %u is not answered", i);
	}
}

/* The host has forgotten what it asked; whether the guest had done it nobody
 * knows. */
static void
questions_lost(struct trial *trial)
{
	look_at_answers(trial);
	if (trial->questions[HOST_IC_KVP].waits)
		trial->value_unknown[trial->questions[HOST_IC_KVP].key] = true;
	memset(trial->questions, 0, sizeof(trial->questions));
}

static bool
ask_kvp(struct trial *trial, struct question *question)
{
	char name[24];

	question->key = (unsigned)dice(trial, KEYS);
	key_name(name, sizeof(name), question->key);
	question->operation = chance(trial, 4) ? HV_KVP_DELETE
	    : chance(trial, 4)                 ? HV_KVP_ENUMERATE
					       : HV_KVP_SET;
	if (question->operation == HV_KVP_DELETE)
		return host_ic_kvp_delete(trial->ic, HV_KVP_POOL_EXTERNAL,
		    name);
	if (question->operation == HV_KVP_ENUMERATE)
		return host_ic_kvp_enumerate(trial->ic, HV_KVP_POOL_AUTO,
		    (uint32_t)dice(trial, 12));
	memset(question->value, 0, sizeof(question->value));
	snprintf(question->value, sizeof(question->value),
	    "\xf0\x9f\x98\x80 %llu",
	    (unsigned long long)dice(trial, UINT32_MAX));
	return host_ic_kvp_set(trial->ic, HV_KVP_POOL_EXTERNAL, name,
	    HV_KVP_TYPE_STRING, question->value, strlen(question->value));
}

static void
ask(struct trial *trial)
{
	unsigned which = (unsigned)dice(trial, HOST_IC_COUNT);
	struct question *question = &trial->questions[which];
	struct question asked = { .waits = true, .asked = now(trial) };
	bool sent = false;

	if (question->waits)
		return;
	switch (which) {
	case HOST_IC_HEARTBEAT:
		sent = host_ic_heartbeat(trial->ic);
		break;
	case HOST_IC_SHUTDOWN:
		sent = chance(trial, 8) &&
		    host_ic_shutdown(trial->ic,
			chance(trial, 2) ? 0 : HV_SHUTDOWN_RESTART, 0,
			"the world");
		break;
	case HOST_IC_TIMESYNC:
		sent = host_ic_time(trial->ic,
		    HV_TIME_UNIX_EPOCH + dice(trial, 1ull << 56),
		    chance(trial, 2) ? HV_TIMESYNC_SYNC : HV_TIMESYNC_SAMPLE);
		break;
	case HOST_IC_KVP:
		sent = ask_kvp(trial, &asked);
		break;
	case HOST_IC_FCOPY:
		sent = host_ic_fcopy(trial->ic, 0);
		break;
	default:
		break;
	}
	if (sent)
		*question = asked;
}

/* ---- Sleep, and hosts that lose things -------------------------------- */

static void
asleep(void *ctx)
{
	struct trial *trial = ctx;

	if (chance(trial, 3))
		controller_goes(trial);
	if (chance(trial, 3))
		controller_comes(trial);
	if (chance(trial, 4))
		nic_goes(trial);
	if (chance(trial, 2))
		add_disk(trial, 1 + (unsigned)dice(trial, 3), false);
}

static void
calm(struct trial *trial)
{
	struct host_hyperv_manners *host = host_hyperv_manners(
	    trial->partition->host);
	struct host_ring_manners none = { 0 };

	host->lose_events = false;
	trial->failing = false;
	/* what was not signalled because of a mask is looked for */
	for (unsigned i = 0; i <= 2; i++) {
		*host_vmbus_manners(host_storvsp_device(trial->first),
		    i) = none;
		host_vmbus_look(host_storvsp_device(trial->first), i);
		if (trial->net == NULL)
			continue;
		*host_vmbus_manners(host_netvsp_device(trial->net), i) = none;
		host_vmbus_look(host_netvsp_device(trial->net), i);
	}
	*host_storvsp_manners(trial->first) =
	    (struct host_storvsp_manners){ .reorder = chance(trial, 2) };
	trial->calm_at = UINT64_MAX;
}

static void
go_to_sleep(struct trial *trial)
{
	struct sim_owner *owner = sim_machine_owner(trial->world->machine);

	calm(trial);
	questions_lost(trial);
	partition_stop_cpus(trial->partition);
	owner->asleep = asleep;
	owner->asleep_ctx = trial;
	owner->keep_vmbus = chance(trial, 3);
	owner->sleep_time = 1 + dice(trial, 100 * PV_SECOND);
	assert_int_equal(pv_bus_suspend(trial->world->bus), PV_OK);
	partition_start_cpus(trial->partition);
	questions_lost(trial);
	trial->sleeps++;
	/* what it had sent was in memory that it took back */
	if (trial->net != NULL)
		trial->net_refused = host_netvsp_counts(trial->net)->refused;
	/* time that passed unseen does not count */
	for (unsigned i = 0; i < FLIGHTS; i++)
		trial->flights[i].began = now(trial);
	for (unsigned i = 0; i < FRAMES; i++)
		trial->sendings[i].began = now(trial);
}

static void
lose_something(struct trial *trial)
{
	struct host_vmbus_device *device = host_storvsp_device(trial->first);
	struct host_storvsp_manners *stor = host_storvsp_manners(trial->first);
	struct host_ring_manners *ring;

	if (trial->net != NULL && chance(trial, 3))
		device = host_netvsp_device(trial->net);
	ring = host_vmbus_manners(device, (unsigned)dice(trial, 3));
	switch (dice(trial, 8)) {
	case 0:
		ring->never_signal = true;
		break;
	case 1:
		ring->always_masked = true;
		break;
	case 2:
		ring->full_is_size1 = true;
		break;
	case 3:
		ring->storm = 100;
		host_vmbus_look(device, 0);
		break;
	case 4:
		host_hyperv_manners(trial->partition->host)->lose_events = true;
		break;
	case 5:
		stor->delay = dice(trial, PV_SECOND);
		break;
	case 6:
		stor->reorder = true;
		stor->delay = 100000;
		break;
	case 7:
		trial->failing = true;
		disturb(trial, PLACES);
		stor->fail_nth = 1 + (unsigned)dice(trial, 20);
		stor->scsi_status = SCSI_STATUS_BUSY;
		stor->srb_status = HV_SRB_ERROR;
		break;
	}
	trial->calm_at = now(trial) + dice(trial, 3 * PV_SECOND);
}

/* ---- One step --------------------------------------------------------- */

static void
event(struct trial *trial)
{
	unsigned some = 1 + (unsigned)dice(trial, PLACES - 2);

	switch (dice(trial, 24)) {
	case 0:
		add_disk(trial, some, true);
		break;
	case 1:
		remove_disk(trial, some);
		break;
	case 2:
		resize_disk(trial, (unsigned)dice(trial, PLACES));
		break;
	case 3:
		controller_comes(trial);
		break;
	case 4:
		controller_goes(trial);
		break;
	case 5:
		nic_comes(trial);
		break;
	case 6:
		nic_goes(trial);
		break;
	case 7:
		go_to_sleep(trial);
		break;
	case 8:
		host_hyperv_jump(trial->partition->host,
		    dice(trial, 1000 * PV_SECOND) / 100 * 100);
		break;
	case 9:
	case 10:
		lose_something(trial);
		break;
	case 11:
		if (trial->net != NULL)
			host_netvsp_link(trial->net, chance(trial, 2));
		break;
	case 12:
		(void)host_balloon_ask(trial->balloon,
		    (unsigned)dice(trial, 1000));
		break;
	case 13:
		look_up(trial, (unsigned)dice(trial, KEYS));
		break;
	default:
		ask(trial);
		break;
	}
}

static void
is_well(struct trial *trial)
{
	const struct host_hyperv_counts *counts = host_hyperv_counts(
	    trial->partition->host);

	if (trial->partition->device->state != PV_DEVICE_ATTACHED)
		fail_of(trial, "hyperv0 is broken");
	is_count(trial, "violations", 0, counts->violations);
	is_count(trial, "refused by VMBus", 0, counts->refused);
	is_count(trial, "refused by storvsp", 0,
	    host_storvsp_counts(trial->first)->refused);
	if (trial->second != NULL)
		is_count(trial, "refused by the second storvsp", 0,
		    host_storvsp_counts(trial->second)->refused);
	if (trial->net != NULL)
		is_count(trial, "refused by netvsp", trial->net_refused,
		    host_netvsp_counts(trial->net)->refused);
	is_count(trial, "refused by dynamic memory", 0,
	    host_balloon_counts(trial->balloon)->refused);
	is_count(trial, "pages in the balloon", 0,
	    host_balloon_counts(trial->balloon)->ballooned);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		is_count(trial, "refused by a service", 0,
		    host_ic_counts(trial->ic, i)->refused);
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (trial->flights[i].busy &&
		    now(trial) - trial->flights[i].began > PATIENCE)
			fail_of(trial, "a request for disk %u hangs",
			    trial->flights[i].place);
	for (unsigned i = 0; i < FRAMES; i++)
		if (trial->sendings[i].busy &&
		    now(trial) - trial->sendings[i].began > PATIENCE)
			fail_of(trial, "a frame hangs");
	assert_true(trial->received <= trial->transmitted);
}

static void
step(struct trial *trial)
{
	look_at_disks(trial);
	for (unsigned i = 0; i < FLIGHTS; i++)
		if (chance(trial, 2))
			fly(trial, &trial->flights[i]);
	for (unsigned i = 0; i < FRAMES; i++)
		if (chance(trial, 2))
			transmit(trial, &trial->sendings[i]);
	if (!chance(trial, 3))
		event(trial);
	partition_run(trial->partition,
	    chance(trial, 4) ? dice(trial, 5 * PV_SECOND)
			     : dice(trial, 2000000));
	look_at_answers(trial);
	if (now(trial) >= trial->calm_at)
		calm(trial);
	is_well(trial);
}

/* ---- Beginning and end ------------------------------------------------ */

static void *
pages(struct trial *trial, uint64_t *physical)
{
	const struct pv_port *port = sim_machine_port(trial->world->machine);
	void *memory = port->pages_alloc(port->ctx, PAGES, physical);

	assert_non_null(memory);
	return memory;
}

static void
give_pages(struct trial *trial, void *memory)
{
	const struct pv_port *port = sim_machine_port(trial->world->machine);

	port->pages_free(port->ctx, memory, PAGES);
}

static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
	&pv_hvs_driver, &pv_sd_driver, &pv_cd_driver, &pv_hvn_driver, NULL };

static struct trial *
trial_new(struct partition *partition, uint32_t version, unsigned cpus)
{
	struct trial *trial = calloc(1, sizeof(*trial));
	struct host_hyperv_config config = { .version_max = version,
		.vcpus = cpus };

	trial->partition = partition;
	trial->world = partition->world;
	trial->sim = partition->world->sim;
	trial->cpus = cpus;
	config.no_monitor = chance(trial, 2);
	config.no_reference_tsc = chance(trial, 3);
	config.no_stimer = chance(trial, 3);
	config.no_auto_eoi = chance(trial, 2);
	partition_machine(partition, &config);
	trial->ic = host_ic_new(partition->host, 0);
	trial->balloon = host_balloon_new(partition->host);
	trial->first = host_storvsp_new(partition->host,
	    &(struct host_storvsp_config){
		.max_channels = (unsigned)dice(trial, 3) });
	assert_true(trial->ic != NULL && trial->balloon != NULL &&
	    trial->first != NULL);
	for (unsigned i = 0; i < PLACES; i++) {
		trial->places[i].target = i == PLACES - 1;
		trial->places[i].lun = i == PLACES - 1 ? 0 : (uint8_t)i;
	}
	add_disk(trial, 0, false);
	trial->shadow = calloc(1, DISK_MIN);
	nic_comes(trial);
	for (unsigned i = 0; i < FLIGHTS; i++) {
		trial->flights[i].trial = trial;
		trial->flights[i].number = i;
		trial->flights[i].memory = pages(trial,
		    &trial->flights[i].physical);
	}
	for (unsigned i = 0; i < FRAMES; i++) {
		trial->sendings[i].trial = trial;
		trial->sendings[i].memory = pages(trial,
		    &trial->sendings[i].physical);
	}
	trial->calm_at = UINT64_MAX;
	partition_attach(partition, drivers);
	partition_start_cpus(partition);
	return trial;
}

/* Nothing happens any more: all comes to its end, and all works. */
static void
settle(struct trial *trial)
{
	const struct pv_disk *disk;

	calm(trial);
	nic_comes(trial);
	host_netvsp_link(trial->net, true);
	/* Linux looks again when it is told, and so may we */
	host_storvsp_unsolicited(trial->first, HV_STOR_ENUMERATE_BUS, 0);
	for (unsigned i = 0; i < 100; i++) {
		partition_run(trial->partition, 5 * PV_SECOND);
		look_at_answers(trial);
		is_well(trial);
	}
	for (unsigned i = 0; i < FLIGHTS; i++)
		assert_false(trial->flights[i].busy);
	for (unsigned i = 0; i < FRAMES; i++)
		assert_false(trial->sendings[i].busy);
	assert_true(trial->ended > 50);
	assert_int_equal(trial->submitted, trial->ended);
	assert_int_equal(trial->transmitted, trial->transmitted_end);
	for (unsigned i = 0; i < PLACES; i++) {
		disk = find_disk(trial, i);
		if (trial->places[i].size == 0) {
			assert_null(disk);
			continue;
		}
		if (disk == NULL)
			fail_of(trial, "disk %u is missing", i);
		assert_true(disk->online);
		assert_int_equal(disk->size, trial->places[i].size);
	}
	for (unsigned i = 0; i < KEYS; i++)
		look_up(trial, i);
	for (unsigned i = 0; i < HOST_IC_COUNT; i++)
		assert_int_not_equal(host_ic_answer(trial->ic, i)->version, 0);
	assert_true(host_ic_heartbeat(trial->ic));
	partition_run(trial->partition, PV_SECOND);
	assert_true(host_ic_answer(trial->ic, HOST_IC_HEARTBEAT)->answered);
	find_nic(trial);
	assert_non_null(trial->nic);
	assert_true(trial->nic->link);
	assert_memory_equal(bytes_of(trial, 0), trial->shadow, DISK_MIN);
}

static void
trial_free(struct trial *trial)
{
	/* whom nobody answers any more */
	disturb(trial, PLACES);
	for (unsigned i = 0; i < FLIGHTS; i++)
		give_pages(trial, trial->flights[i].memory);
	for (unsigned i = 0; i < FRAMES; i++)
		give_pages(trial, trial->sendings[i].memory);
	free(trial->shadow);
	free(trial);
}

static void
go(struct partition *partition, uint32_t version, unsigned cpus)
{
	struct trial *trial = trial_new(partition, version, cpus);

	for (unsigned i = 0; i < STEPS; i++)
		step(trial);
	settle(trial);
	trial_free(trial);
}

static void
test_one_cpu(void **state)
{
	go(*state, HV_VMBUS_5_3, 1);
}

static void
test_four_cpus(void **state)
{
	go(*state, HV_VMBUS_5_3, 4);
}

static void
test_windows_server_2016(void **state)
{
	go(*state, HV_VMBUS_4_0, 2);
}

static void
test_windows_server_2012(void **state)
{
	go(*state, HV_VMBUS_2_4, 2);
}

static void
test_windows_server_2008(void **state)
{
	go(*state, HV_VMBUS_0_13, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		partition_test(test_one_cpu),
		partition_test(test_four_cpus),
		partition_test(test_windows_server_2016),
		partition_test(test_windows_server_2012),
		partition_test(test_windows_server_2008),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
