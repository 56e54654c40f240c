/* SPDX-License-Identifier: ISC */
/*
 * hvs on a host that the input plays.
 * Input: what the controller is (1 byte), its disk (1), and how it lies from the
 * beginning (1 byte, and what that needs: see lie()).  Then steps, each a byte
 * and what it needs: see step().  The model does the rest, but packets in the
 * ring are the input's where it wants that.
 */
#include "fuzz/fuzz.h"
#include "guest/hyperv/hvs.h"
#include "host/hyperv/devices.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"

#define REQUESTS 48
#define SIZE (1024 * 1024)

struct request {
	struct pv_io io;
	struct pv_segment segments[2];
	unsigned submitted, done;
};

struct run {
	struct sim *sim;
	struct sim_machine *machine;
	struct host_hyperv *host;
	struct host_storvsp *stor; /* NULL: it went */
	struct pv_bus *bus;
	struct request requests[REQUESTS];
	unsigned used;
	bool held; /* the host did not let go of its channels, for a time */
	void *pages;
	uint64_t physical;
	const uint8_t *data;
	size_t size;
};

static uint8_t
byte(struct run *run)
{
	uint8_t value;

	take(&run->data, &run->size, &value, 1);
	return value;
}

static uint64_t
word(struct run *run)
{
	uint64_t value;

	take(&run->data, &run->size, &value, sizeof(value));
	return value;
}

/* ---- The guest's owner ------------------------------------------------ */

static struct pv_device *
find(struct run *run, const char *name)
{
	const struct pv_device *device = pv_bus_devices(run->bus);

	while (device != NULL && strcmp(device->name, name) != 0)
		device = device->next;
	return (struct pv_device *)(uintptr_t)device;
}

static void
done(struct pv_io *io)
{
	struct request *request = io->owner;

	MUST(request->submitted == 1);
	MUST(++request->done == 1);
	MUST(io->error <= 0);
}

static void
submit(struct run *run)
{
	struct request *request = &run->requests[run->used];
	uint8_t how = byte(run), where = byte(run);
	struct pv_device *device = find(run, how & 128 ? "sd1" : "sd0");

	if (run->used == REQUESTS || device == NULL || device->disk == NULL)
		return;
	run->used++;
	request->segments[0] = (struct pv_segment){ (uint8_t *)run->pages +
		    (how >> 4 & 7) * 200,
		how & 8 ? PV_NO_PHYSICAL : run->physical + (how >> 4 & 7) * 200,
		(size_t)(1 + where % 16) * 512 };
	request->segments[1] = (struct pv_segment){ (uint8_t *)run->pages +
		    65536,
		run->physical + 65536, how & 4 ? 131072 : 0 };
	request->io = (struct pv_io){ .op = how & 3,
		.offset = (uint64_t)where * 4096,
		.length = 4096,
		.segments = request->segments,
		.count = 2,
		.done = done,
		.owner = request };
	request->submitted = 1;
	pv_disk_submit(device->disk, how >> 5 & 1, &request->io);
	if (how & 64)
		pv_disk_kick(device->disk, how >> 5 & 1);
}

/* Virtual time goes by; whatever the host did, this ends. */
static void
pass(struct run *run, uint64_t time)
{
	uint64_t end = sim_now(run->sim) + time;
	const struct pv_port *port = sim_machine_port(run->machine);

	for (unsigned i = 0; i < 2000 && sim_now(run->sim) < end; i++) {
		uint64_t next;

		if (pv_bus_poll(run->bus, 16))
			continue;
		next = pv_bus_deadline(run->bus);
		port->wait(port->ctx, next < end ? next : end);
	}
	pv_bus_poll(run->bus, 64);
}

/* ---- The host --------------------------------------------------------- */

static void
lie(struct run *run)
{
	struct host_storvsp_manners *manners;
	uint8_t how = byte(run);

	if (run->stor == NULL)
		return;
	manners = host_storvsp_manners(run->stor);
	switch (how % 8) {
	case 0:
	case 1:
		manners->bad_how = 1 + (how >> 3) % 8;
		manners->bad_nth = 1 + byte(run) % 16;
		manners->bad_value = word(run);
		break;
	case 2:
		manners->scsi_status = byte(run);
		manners->srb_status = byte(run);
		manners->sense_key = byte(run) & 15;
		manners->asc = byte(run);
		manners->ascq = byte(run);
		manners->fail_count = how >> 3;
		manners->fail_nth = 1 + byte(run) % 16;
		break;
	case 3:
		manners->has_max_channels = true;
		manners->max_channels = (uint16_t)word(run);
		break;
	case 4:
		manners->has_max_transfer = true;
		manners->max_transfer = (uint32_t)word(run);
		break;
	case 5:
		manners->capacity_last = word(run);
		break;
	case 6:
		manners->has_capacity_sector = true;
		manners->capacity_sector = (uint32_t)word(run);
		break;
	case 7:
		manners->delay = 1000ull << (how >> 3);
		manners->reorder = how & 8;
		break;
	}
}

/* A packet of the input's: of a request that is under way, or of any. */
static void
packet(struct run *run)
{
	struct pv_device *device = find(run, "hvs0");
	uint8_t how = byte(run), slot = byte(run);
	struct host_vmbus_channel *channel;
	struct host_vmbus_packet out = { .type = HV_PACKET_COMPLETION };
	uint8_t bytes[96] = { HV_STOR_COMPLETE_IO };
	const struct hvs *hvs;

	if (device == NULL || run->stor == NULL)
		return;
	channel = host_vmbus_channel(host_storvsp_device(run->stor), how & 1);
	hvs = device->softc;
	if (channel == NULL || (how & 1u) >= hvs->queues_count)
		return;
	if (how & 2)
		take(&run->data, &run->size, bytes, sizeof(bytes));
	if (how & 4)
		out.type = byte(run);
	out.id =
	    (uint64_t)hvs->queues[how & 1].table[slot % HVS_SLOTS].generation
		<< 32 |
	    (slot % HVS_SLOTS + 1);
	if (how & 8)
		out.id = word(run);
	out.data = bytes;
	out.len = how & 16 ? byte(run) % sizeof(bytes) : 64;
	host_vmbus_send(channel, &out);
	if (how & 32)
		host_vmbus_sent(channel);
}

static void
ring(struct run *run)
{
	struct host_ring_manners *manners;
	uint8_t how = byte(run);

	if (run->stor == NULL)
		return;
	manners = host_vmbus_manners(host_storvsp_device(run->stor), how >> 7);
	if (how & 64) {
		manners->set_write_index = true;
		manners->write_index = (uint32_t)word(run);
	} else {
		manners->bad_how = 1 + how % 7;
		manners->bad_nth = 1 + byte(run) % 4;
		manners->bad_value = word(run);
	}
}

static void
plug(struct run *run)
{
	uint8_t how = byte(run);
	struct host_lun_config config = { .target = how >> 6 & 1,
		.lun = how & 7,
		.size = SIZE,
		.cdrom = how & 8 && (how & 7) != 0,
		.sector_size = how & 8 && (how & 7) != 0 ? 2048 : 512,
		.unmap = how & 16 };

	if (run->stor == NULL)
		return;
	if (host_storvsp_bytes(run->stor, config.target, config.lun) == NULL)
		(void)host_storvsp_add(run->stor, &config, how & 32);
	else if (how & 128)
		(void)host_storvsp_resize(run->stor, config.target, config.lun,
		    SIZE + how * 512u, how & 32);
	else
		host_storvsp_remove(run->stor, config.target, config.lun,
		    how & 32);
}

static void
step(struct run *run)
{
	struct host_storvsp_manners *manners = run->stor != NULL
	    ? host_storvsp_manners(run->stor)
	    : NULL;

	switch (byte(run) % 16) {
	case 0:
	case 1:
	case 2:
		submit(run);
		break;
	case 3:
	case 4:
		packet(run);
		break;
	case 5:
	case 6:
		lie(run);
		break;
	case 7:
		ring(run);
		break;
	case 8:
		pv_bus_poll(run->bus, 1 + byte(run) % 4);
		break;
	case 9:
		pass(run, 1000ull << byte(run) % 26);
		break;
	case 10:
		pass(run, (1 + byte(run) % 32) * PV_SECOND);
		break;
	case 11:
		plug(run);
		break;
	case 12:
		if (manners != NULL)
			manners->stop = !manners->stop;
		break;
	case 13:
		if (run->stor != NULL)
			host_storvsp_unsolicited(run->stor, byte(run),
			    byte(run) % 65);
		break;
	case 14:
		pv_bus_suspend(run->bus);
		break;
	case 15:
		if (byte(run) & 3) {
			bool hold = byte(run) & 1;

			host_hyperv_manners(run->host)->gpadl_hold = hold;
			run->held |= hold;
		} else if (run->stor != NULL) {
			host_storvsp_rescind(run->stor);
			run->stor = NULL;
		}
		break;
	}
}

/* ---- A life ----------------------------------------------------------- */

static void
begin(struct run *run)
{
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		&pv_hvs_driver, &pv_sd_driver, &pv_cd_driver, NULL };
	static const uint16_t versions[] = { HV_STOR_2_0, HV_STOR_4_2,
		HV_STOR_5_1, 0 };
	uint8_t what = byte(run), disk = byte(run);

	run->stor = host_storvsp_new(run->host,
	    &(struct host_storvsp_config){ .ide = what & 1,
		.version_max = versions[what >> 1 & 3],
		.max_channels = what >> 3 & 3,
		.max_transfer = what & 32 ? 16384 : 0 });
	MUST(run->stor != NULL);
	MUST(host_storvsp_add(run->stor,
	    &(struct host_lun_config){ .size = SIZE,
		.sector_size = disk & 1 ? 4096 : 512,
		.read_only = disk & 2,
		.unmap = disk & 4,
		.no_cache = disk & 8,
		.old_inquiry = disk & 16 },
	    false));
	if (disk & 32)
		lie(run);
	if (disk & 64)
		lie(run);
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							run->machine),
			       .drivers = drivers },
		 &run->bus) == PV_OK);
}

static void
finish(struct run *run)
{
	const struct sim_counts *counts = sim_machine_counts(run->machine);

	host_hyperv_manners(run->host)->gpadl_hold = false;
	pass(run, 10 * PV_SECOND);
	pv_bus_detach(run->bus);
	for (unsigned i = 0; i < run->used; i++)
		MUST(run->requests[i].done == 1);
	sim_machine_port(run->machine)
	    ->pages_free(sim_machine_port(run->machine)->ctx, run->pages, 64);
	MUST(counts->memory == 0);
	MUST(counts->violations == 0);
	/* only a host that does not let go of its rings costs memory */
	MUST(run->held || counts->pages == 0);
	for (const char *c = sim_machine_log(run->machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run *run = calloc(1, sizeof(*run));
	const char *error;

	MUST(run != NULL);
	run->data = data;
	run->size = size;
	run->sim = sim_new(size);
	run->machine = sim_machine_new(run->sim, "hyperv", &error);
	MUST(run->machine != NULL);
	MUST(sim_machine_set_hyperv(run->machine,
	    &(struct host_hyperv_config){ .vcpus = 2 }));
	run->host = sim_machine_hyperv(run->machine);
	run->pages = sim_machine_port(run->machine)
			 ->pages_alloc(sim_machine_port(run->machine)->ctx, 64,
			     &run->physical);
	MUST(run->pages != NULL);
	begin(run);
	for (unsigned i = 0; i < 400 && run->size > 0; i++)
		step(run);
	finish(run);
	sim_machine_free(run->machine);
	sim_free(run->sim);
	free(run);
	return 0;
}
