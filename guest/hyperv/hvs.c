/* SPDX-License-Identifier: ISC */
/* hvs: a storage controller of Hyper-V, as the bus sees it. */
#include "guest/hyperv/hvs.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"

#define LOOK_SOON (10 * PV_MILLISECOND)

void
hvs_log(struct hvs *hvs, enum pv_log level, const char *format, ...)
{
	const struct pv_port *port = hvs->hyperv->port;
	char line[128];
	size_t len = pv_format(line, sizeof(line), "%s: ", hvs->device->name);
	va_list args;

	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	port->log(port->ctx, level, line);
}

void
hvs_break(struct hvs *hvs, const char *why)
{
	const char *none = NULL;
	uint32_t alive = 0;

	__atomic_compare_exchange_n(&hvs->why, &none, why, false,
	    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	__atomic_compare_exchange_n(&hvs->dead, &alive, (uint32_t)-PV_EPROTO,
	    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint64_t
hvs_now(const struct hvs *hvs)
{
	return pv_bus_now(hvs->device->bus);
}

const char *
hvs_where(const struct hvs *hvs, char *to, size_t room)
{
	pv_format(to, room, "channel %u", hvs->channel->offer.relid);
	return to;
}

/* ---- Its turn --------------------------------------------------------- */

static bool
poll_queues(struct hvs *hvs, unsigned budget)
{
	bool more = false;

	for (unsigned i = 0; i < hvs->queues_count; i++)
		if (!hvs->queues[i].taken &&
		    hvs_queue_poll(&hvs->queues[i], budget))
			more = true;
	return more;
}

/* Before there are disks the first channel is a conversation. */
static bool
converse(struct hvs *hvs, unsigned budget)
{
	struct hvs_queue *queue = &hvs->queues[0];
	bool more;

	if (hvs->phase != HVS_ASKING && hvs->phase != HVS_JOINING)
		return false;
	more = hvs_drain(queue, budget);
	hvs_take_mail(queue);
	vmbus_kick(queue->channel);
	return more || hvs_drained(queue);
}

/* No queue that the bus polls has anything under way. */
static bool
quiet(const struct hvs *hvs)
{
	if (!hvs_all_stopped(hvs, HVS_EMPTY))
		return false;
	for (unsigned i = 0; i < hvs->queues_count; i++) {
		const struct hvs_queue *queue = &hvs->queues[i];

		if (!queue->taken &&
		    (queue->lanes != NULL || queue->finished != NULL))
			return false;
	}
	return true;
}

/* What is in its ring is not answered any more. */
static void
close_all(struct hvs *hvs)
{
	struct hvs_queue *queue = &hvs->queues[0];

	hvs->closed = true;
	hvs->until = hvs_now(hvs) + HVS_CLOSE;
	/* a conversation's question; it has lent nothing */
	if (queue->stopped == HVS_EMPTY)
		hvs_queue_halt(queue, PV_EINTR, false);
	if (!hvs->rescinded)
		hvs_channels_close(hvs);
}

static void
judge(struct hvs *hvs)
{
	enum hvs_verdict verdict = hvs->rescinded ? HVS_RELEASED
						  : hvs_channels_verdict(hvs);

	if (hvs->verdict != HVS_UNKNOWN)
		return;
	if (verdict == HVS_UNKNOWN && hvs_now(hvs) >= hvs->until)
		verdict = HVS_HELD;
	__atomic_store_n(&hvs->verdict, (uint32_t)verdict, __ATOMIC_RELEASE);
}

/* The end is in steps: nothing is sent any more; the channels are closed; the
 * host has let go of them, or does not; all requests have ended. */
static void
bury(struct hvs *hvs)
{
	if (!hvs->buried) {
		hvs->buried = true;
		hvs->closed = false;
		hvs->phase = HVS_ENDING;
		hvs->until = PV_NEVER;
		hvs->channel->settled = true;
		hvs_scan_stop(hvs);
		for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
			sd_offline(sd);
	}
	if (!hvs->closed && hvs_all_stopped(hvs, HVS_STANDS))
		close_all(hvs);
	if (hvs->closed)
		judge(hvs);
	if (hvs->phase == HVS_ENDED || !quiet(hvs))
		return;
	hvs->phase = HVS_ENDED;
	hvs_subs_drop(hvs, true);
	if (hvs->rescinded)
		vmbus_depart(hvs->channel);
	else if (!hvs->detaching)
		pv_device_broken(hvs->device, hvs->why);
}

void
hvs_taken_away(struct hvs *hvs)
{
	uint32_t alive = 0;

	hvs->rescinded = true;
	hvs->channel->settled = true;
	/* no CPU is asked to answer once more */
	__atomic_compare_exchange_n(&hvs->dead, &alive, (uint32_t)-PV_ENODEV,
	    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	if (hvs->phase == HVS_ENDED) {
		vmbus_depart(hvs->channel);
		return;
	}
	/* it went while the guest slept, and wakes to its end */
	if (hvs->phase == HVS_ASLEEP)
		hvs->phase = HVS_ENDING;
	for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
		sd_gone(sd, PV_ENODEV);
}

static void
add_stats(struct hvs *hvs)
{
	for (unsigned i = 0; i < hvs->queues_count; i++)
		hvs_stats(&hvs->queues[i].stats, &hvs->queues[i].told,
		    &hvs->device->stats);
}

static bool
hvs_poll(struct pv_device *device, unsigned budget)
{
	struct hvs *hvs = device->softc;
	bool more;

	if (hvs->phase == HVS_ASLEEP)
		return false;
	more = poll_queues(hvs, budget);
	more |= converse(hvs, budget);
	hvs_step(hvs);
	/* what is asked now goes out at once */
	more |= converse(hvs, budget);
	if (hvs_dead(hvs) != PV_OK) {
		more |= poll_queues(hvs, budget);
		bury(hvs);
		more |= poll_queues(hvs, budget);
	} else if (hvs->command.state == HVS_POSTED && !hvs->queues[0].taken)
		more |= hvs_queue_poll(&hvs->queues[0], budget);
	hvs_luns_reap(hvs);
	add_stats(hvs);
	return more && device->state == PV_DEVICE_ATTACHED;
}

static uint64_t
conversation_deadline(const struct hvs *hvs)
{
	const struct hvs_queue *queue = &hvs->queues[0];
	uint64_t now = hvs_now(hvs), next, first = hvs->until;

	if (hvs->phase == HVS_ASKING || hvs->phase == HVS_JOINING) {
		next = vmbus_deadline(queue->channel);
		if (next < first)
			first = next;
		/* events are told where the queue's CPU is */
		next = now + (queue->taken ? LOOK_SOON : HVS_LOST_EVENT);
		return next < first ? next : first;
	}
	if (hvs->phase == HVS_LEAVING || hvs->phase == HVS_ENDING)
		return now + LOOK_SOON < first ? now + LOOK_SOON : first;
	return first;
}

static uint64_t
hvs_deadline(struct pv_device *device)
{
	struct hvs *hvs = device->softc;
	uint64_t first, next;

	if (hvs->phase == HVS_ASLEEP || hvs->phase == HVS_ENDED)
		return PV_NEVER;
	first = conversation_deadline(hvs);
	next = hvs_scan_deadline(hvs);
	if (next < first)
		first = next;
	next = hvs_reset_deadline(hvs);
	if (next < first)
		first = next;
	for (unsigned i = 0; i < hvs->queues_count; i++) {
		if (hvs->queues[i].taken)
			continue;
		next = hvs_queue_deadline(&hvs->queues[i]);
		if (next < first)
			first = next;
	}
	return first;
}

/* ---- The end ---------------------------------------------------------- */

static void
pass(struct hvs *hvs, uint64_t end)
{
	struct pv_device *parent = hvs->device->parent;
	const struct pv_port *port = hvs->hyperv->port;
	uint64_t next = hvs_now(hvs) + LOOK_SOON;

	if (parent->state == PV_DEVICE_ATTACHED)
		parent->driver->poll(parent, 64);
	if (port->wait != NULL)
		port->wait(port->ctx, next < end ? next : end);
}

static bool
under_way(const struct hvs *hvs)
{
	for (unsigned i = 0; i < hvs->queues_count; i++)
		if (hvs->queues[i].in_flight > 0)
			return true;
	return false;
}

/* What is under way may come to its end yet. */
static void
say_goodbye(struct hvs *hvs)
{
	uint64_t end = hvs_now(hvs) + HVS_GOODBYE;

	while (hvs->phase == HVS_RUNNING && hvs_dead(hvs) == PV_OK &&
	    under_way(hvs) && hvs_now(hvs) < end) {
		poll_queues(hvs, 64);
		if (under_way(hvs))
			pass(hvs, end);
	}
}

/* Nobody but us is left to use its queues. */
static void
let_go(struct hvs *hvs)
{
	for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
		if (!sd->disk.gone)
			sd_gone(sd, PV_OK);
	for (unsigned i = 0; i < hvs->queues_count; i++)
		hvs->queues[i].taken = 0;
}

void
hvs_end(struct hvs *hvs, int error)
{
	uint32_t alive = 0;
	uint64_t end;

	hvs->detaching = true;
	let_go(hvs);
	say_goodbye(hvs);
	__atomic_compare_exchange_n(&hvs->dead, &alive, (uint32_t)-error, false,
	    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	if (hvs->phase == HVS_ASLEEP)
		hvs->phase = HVS_ENDING;
	end = hvs_now(hvs) + HVS_GOODBYE;
	do {
		while (poll_queues(hvs, UINT32_MAX))
			continue;
		if (hvs->phase == HVS_ENDED)
			break;
		if (hvs_now(hvs) >= end && hvs->closed &&
		    hvs->verdict == HVS_UNKNOWN)
			hvs->verdict = HVS_HELD;
		bury(hvs);
		if (hvs->phase != HVS_ENDED && hvs->verdict == HVS_UNKNOWN)
			pass(hvs, end);
	} while (hvs->phase != HVS_ENDED);
	for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
		while (sd_returned(sd))
			continue;
}

static void
hvs_free(struct hvs *hvs)
{
	struct pv_device *device = hvs->device;
	const struct pv_port *port = hvs->hyperv->port;

	while (hvs->disks != NULL)
		sd_free(hvs->disks);
	for (unsigned i = 0; hvs->queues != NULL && i < hvs->queues_count; i++)
		hvs_queue_free(&hvs->queues[i]);
	if (hvs->queues != NULL)
		add_stats(hvs);
	vmbus_channel_use(hvs->channel, hvs->hyperv->device, NULL, NULL);
	if (hvs->page != NULL)
		port->pages_free(port->ctx, hvs->page, 1);
	pv_free(device->bus, hvs->queues,
	    hvs->queues_count * sizeof(*hvs->queues));
	device->softc = NULL;
	pv_free(device->bus, hvs, sizeof(*hvs));
}

static void
hvs_detach(struct pv_device *device)
{
	struct hvs *hvs = device->softc;

	if (hvs->phase != HVS_ENDED)
		hvs_end(hvs, hvs->rescinded ? PV_ENODEV : PV_EINTR);
	hvs_free(hvs);
}

/* ---- Attach ----------------------------------------------------------- */

/* Where an IDE disk is on its controller: the offer says so, and before
 * Windows Server 2012 only its instance, which is path, target, 8899. */
static void
place_of_ide(struct hvs *hvs)
{
	const struct vmbus_offer *offer = &hvs->channel->offer;
	struct hv_stor_offer says;

	memcpy(&says, offer->user, sizeof(says));
	if ((says.flags & HV_STOR_OFFER_IDE) != 0) {
		hvs->path = says.path;
		hvs->target = says.target;
	} else {
		hvs->path = offer->instance.bytes[0];
		hvs->target = offer->instance.bytes[4];
	}
}

static int
queues_new(struct hvs *hvs)
{
	unsigned count = hvs->hyperv->cpus;

	if (count > HVS_QUEUES_MAX)
		count = HVS_QUEUES_MAX;
	if (count == 0 || hvs->ide)
		count = 1;
	hvs->queues = pv_alloc(hvs->device->bus, count * sizeof(*hvs->queues));
	if (hvs->queues == NULL)
		return PV_ENOMEM;
	hvs->queues_count = count;
	for (unsigned i = 0; i < count; i++)
		hvs_queue_init(hvs, i);
	return PV_OK;
}

static int
hvs_attach(struct pv_device *device)
{
	static const struct hv_guid ide = HV_GUID_IDE;
	struct vmbus_channel *channel = device->aux;
	const struct pv_port *port = channel->hyperv->port;
	struct hvs *hvs;
	int error;

	if (port->pages_alloc == NULL || port->pages_free == NULL)
		return PV_ENOTSUP;
	hvs = pv_alloc(device->bus, sizeof(*hvs));
	if (hvs == NULL)
		return PV_ENOMEM;
	hvs->device = device;
	hvs->hyperv = channel->hyperv;
	hvs->channel = channel;
	hvs->ide = memcmp(&channel->offer.type, &ide, sizeof(ide)) == 0;
	hvs->until = hvs->scan.next = PV_NEVER;
	hvs->verdict = HVS_RELEASED;
	if (hvs->ide)
		place_of_ide(hvs);
	device->softc = hvs;
	vmbus_channel_use(channel, device, &hvs_user, hvs);
	error = queues_new(hvs);
	if (error == PV_OK) {
		hvs->page = port->pages_alloc(port->ctx, 1,
		    &hvs->page_physical);
		error = hvs->page != NULL ? PV_OK : PV_ENOMEM;
	}
	if (error != PV_OK) {
		hvs_free(hvs);
		return error;
	}
	hvs_open(hvs);
	return PV_OK;
}

const struct pv_driver pv_hvs_driver = {
	.name = "hvs",
	.attach = hvs_attach,
	.detach = hvs_detach,
	.poll = hvs_poll,
	.deadline = hvs_deadline,
};
