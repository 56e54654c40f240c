/* SPDX-License-Identifier: ISC */
#include "host/vmm/vmmci.h"

#include <stdlib.h>

#include "wire/virtio/legacy.h"
#include "wire/vmm/vmmci.h"

_Static_assert(VMMCI_COMMAND == VIRTIO_LEGACY_CONFIG, "behind the header");

#define SECOND 1000000000ull
#define UNKNOWN 0x1000u /* the first of the commands that nobody knows */

struct host_vmmci {
	struct host_vmmci_config config;
	struct host_vmmci_manners manners;
	struct host_vmmci_counts counts;
	uint64_t wall; /* of the clock, when world.now was 0 */
	/* registers */
	uint32_t features, queue_address, command, unknown;
	uint16_t queue_select, queue_notify;
	uint8_t status, isr;
	uint64_t seconds, microseconds; /* as last taken */
	/* patience */
	bool acknowledged;
	bool asked;        /* by the guest itself */
	uint64_t deadline; /* of world.now; 0: none */
};

static uint64_t
now(const struct host_vmmci *host)
{
	return host->config.world->now(host->config.world->ctx);
}

static void
interrupt(struct host_vmmci *host, bool level)
{
	if (host->config.interrupt != NULL)
		host->config.interrupt(host->config.ctx, level);
}

/* ---- Patience --------------------------------------------------------- */

/* The world cannot be told not to call: what was put off comes here too early. */
static void
due(void *argument)
{
	struct host_vmmci *host = argument;

	if (host->deadline == 0 || now(host) < host->deadline)
		return;
	host->deadline = 0;
	if (host->manners.patient)
		return;
	host->counts.ended++;
	if (host->config.impatient != NULL)
		host->config.impatient(host->config.ctx, host->command);
}

static void
wait_for(struct host_vmmci *host, unsigned seconds)
{
	const struct host_world *world = host->config.world;

	host->deadline = now(host) + seconds * SECOND;
	world->later(world->ctx, seconds * SECOND, due, host);
}

/* A guest may write this as often as it likes: once a command it counts. */
static void
acknowledge(struct host_vmmci *host, uint32_t command)
{
	if (host->manners.deaf)
		return;
	if (command == VMMCI_SHUTDOWN && host->command == VMMCI_NONE) {
		host->counts.own_requests++;
		if (!host->asked)
			wait_for(host, VMMCI_PATIENCE);
		host->asked = true;
		return;
	}
	if (command == VMMCI_NONE || command != host->command) {
		host->counts.wrong_acks++;
		return;
	}
	host->counts.acks++;
	if (command == VMMCI_SYNCRTC) {
		host->command = VMMCI_NONE;
		return;
	}
	if (!host->acknowledged && host->deadline != 0)
		wait_for(host, VMMCI_PATIENCE_ACKNOWLEDGED);
	host->acknowledged = true;
}

/* ---- Registers -------------------------------------------------------- */

static void
take_time(struct host_vmmci *host)
{
	uint64_t wall = host->wall + now(host);

	host->counts.times++;
	host->seconds = wall / SECOND;
	host->microseconds = wall % SECOND / 1000;
	if (host->manners.restless)
		host->seconds += host->counts.times;
	if (host->manners.lies) {
		host->seconds = host->manners.seconds;
		host->microseconds = host->manners.microseconds;
	}
}

static uint32_t
read_isr(struct host_vmmci *host)
{
	uint32_t isr = host->isr;

	if (host->manners.again || host->manners.unknown)
		return VIRTIO_ISR_CONFIG;
	if (isr != 0)
		interrupt(host, false);
	host->isr = 0;
	return isr;
}

/* What is of the device's own kind is read as 32 bits or not at all. */
static uint32_t
read_config(struct host_vmmci *host, unsigned offset)
{
	switch (offset) {
	case VMMCI_COMMAND:
		if (host->manners.unknown)
			return UNKNOWN + host->unknown++;
		return host->command;
	case VMMCI_SECONDS:
		take_time(host);
		return (uint32_t)host->seconds;
	case VMMCI_SECONDS_HIGH:
		return (uint32_t)(host->seconds >> 32);
	case VMMCI_MICROSECONDS:
		return (uint32_t)host->microseconds;
	case VMMCI_MICROSECONDS_HIGH:
		return (uint32_t)(host->microseconds >> 32);
	default:
		host->counts.bad_accesses++;
		return UINT32_MAX;
	}
}

static uint32_t
read_header(struct host_vmmci *host, unsigned offset)
{
	switch (offset) {
	case VIRTIO_LEGACY_DEVICE_FEATURES:
		return host->manners.features;
	case VIRTIO_LEGACY_DRIVER_FEATURES:
		return host->features;
	case VIRTIO_LEGACY_QUEUE_ADDRESS:
		return host->queue_address;
	case VIRTIO_LEGACY_QUEUE_SIZE:
		return 0; /* there are none */
	case VIRTIO_LEGACY_QUEUE_SELECT:
		return host->queue_select;
	case VIRTIO_LEGACY_QUEUE_NOTIFY:
		return host->queue_notify;
	case VIRTIO_LEGACY_STATUS:
		return host->status;
	case VIRTIO_LEGACY_ISR:
		return read_isr(host);
	default:
		host->counts.bad_accesses++;
		return UINT32_MAX;
	}
}

uint32_t
host_vmmci_in(struct host_vmmci *host, unsigned offset, unsigned width)
{
	uint32_t value;

	host->counts.reads++;
	if (host->manners.absent)
		value = UINT32_MAX;
	else if (offset < VIRTIO_LEGACY_CONFIG)
		value = read_header(host, offset);
	else
		value = read_config(host, width == 4 ? offset : VMMCI_SIZE);
	return value & (UINT32_MAX >> (32 - 8 * width));
}

static void
set_status(struct host_vmmci *host, uint8_t status)
{
	host->status = host->manners.no_status ? 0 : status;
	if (status != 0)
		return;
	host->counts.resets++;
	host->features = 0;
	if (host->isr != 0)
		interrupt(host, false);
	host->isr = 0;
}

void
host_vmmci_out(struct host_vmmci *host, unsigned offset, unsigned width,
    uint32_t value)
{
	host->counts.writes++;
	if (host->manners.absent)
		return;
	if (offset >= VIRTIO_LEGACY_CONFIG && width != 4)
		offset = VMMCI_SIZE;
	switch (offset) {
	case VIRTIO_LEGACY_DRIVER_FEATURES:
		host->features = value & host->manners.features;
		break;
	case VIRTIO_LEGACY_QUEUE_ADDRESS:
		host->queue_address = value;
		break;
	case VIRTIO_LEGACY_QUEUE_SELECT:
		host->queue_select = (uint16_t)value;
		break;
	case VIRTIO_LEGACY_QUEUE_NOTIFY:
		host->queue_notify = (uint16_t)value;
		break;
	case VIRTIO_LEGACY_STATUS:
		set_status(host, (uint8_t)value);
		break;
	case VMMCI_COMMAND:
		acknowledge(host, value);
		break;
	default:
		host->counts.bad_accesses++;
		break;
	}
}

/* ---- The administrator ------------------------------------------------ */

enum host_vmmci_answer
host_vmmci_command(struct host_vmmci *host, uint32_t command)
{
	if ((host->status & VIRTIO_STATUS_DRIVER_OK) == 0)
		return HOST_VMMCI_NO_DRIVER;
	if (command == VMMCI_SYNCRTC &&
	    (host->features & VMMCI_FEATURE_SYNCRTC) == 0)
		return HOST_VMMCI_NOT_AGREED;
	if (command == host->command)
		return HOST_VMMCI_SENT;
	host->command = command;
	host->acknowledged = false;
	host->counts.commands++;
	host->isr = VIRTIO_ISR_CONFIG;
	interrupt(host, true);
	if (command == VMMCI_SHUTDOWN || command == VMMCI_REBOOT)
		wait_for(host, VMMCI_PATIENCE);
	return HOST_VMMCI_SENT;
}

uint32_t
host_vmmci_pending(const struct host_vmmci *host)
{
	return host->command;
}

bool
host_vmmci_acknowledged(const struct host_vmmci *host)
{
	return host->acknowledged;
}

uint32_t
host_vmmci_features(const struct host_vmmci *host)
{
	return host->features;
}

void
host_vmmci_step(struct host_vmmci *host, int64_t nanoseconds)
{
	host->wall += (uint64_t)nanoseconds;
}

/* ---- Life ------------------------------------------------------------- */

struct host_vmmci *
host_vmmci_new(const struct host_vmmci_config *config)
{
	struct host_vmmci *host = calloc(1, sizeof(*host));

	if (host == NULL)
		return NULL;
	host->config = *config;
	host->wall = config->wall;
	host->manners.features = VMMCI_FEATURES;
	return host;
}

void
host_vmmci_free(struct host_vmmci *host)
{
	free(host);
}

struct host_vmmci_manners *
host_vmmci_manners(struct host_vmmci *host)
{
	return &host->manners;
}

const struct host_vmmci_counts *
host_vmmci_counts(const struct host_vmmci *host)
{
	return &host->counts;
}
