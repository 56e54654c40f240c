/* SPDX-License-Identifier: ISC */
/*
 * hvn: the network driver of Hyper-V, NetVSC with RNDIS in it.
 *
 * This is the driver as the bus sees it.  hvn_connect.c goes from an offer to a
 * NIC that runs and back, by the steps of hvn_steps.c, which ask what stands in
 * hvn_nvs.c, hvn_objects.c and hvn_hardware.c; hvn_control.c carries that.
 * hvn_queue.c is a channel; hvn_tx.c, hvn_offload.c and hvn_plan.c put frames
 * into it, hvn_tx_done.c takes the answers; hvn_rx.c and hvn_frame.c take frames
 * out.  rndis.h has the messages themselves.
 */
#include "guest/hyperv/hvn.h"
#include "guest/bus/format.h"
#include "guest/hyperv/kvp.h"

void
hvn_log(struct hvn *hvn, enum pv_log level, const char *format, ...)
{
	const struct pv_port *port = hvn->hyperv->port;
	char line[128];
	size_t len;
	va_list args;

	len = pv_format(line, sizeof(line), "%s: ", hvn->device->name);
	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	port->log(port->ctx, level, line);
}

void
hvn_changed(struct hvn *hvn)
{
	if (hvn->nic.changed != NULL)
		hvn->nic.changed(&hvn->nic, hvn->nic.owner);
}

void
hvn_gone(struct hvn *hvn)
{
	hvn->nic.gone = true;
	hvn->nic.link = false;
	hvn_changed(hvn);
	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL)
			hvn_queue_home(hvn->queues[i]);
}

/* ---- What the NIC offers ---------------------------------------------- */

static struct hvn_queue *
queue_of(struct pv_nic *nic, unsigned index)
{
	struct hvn *hvn = (struct hvn *)nic;

	return index < HVN_QUEUES ? hvn->queues[index] : NULL;
}

static void
transmit(struct pv_nic *nic, unsigned index, struct pv_frame *frame)
{
	struct hvn_queue *queue = queue_of(nic, index);

	if (queue != NULL)
		hvn_tx_submit(queue, frame);
	else
		hvn_tx_finish(frame, nic->gone ? PV_ENODEV : PV_EINVAL);
}

static void
kick(struct pv_nic *nic, unsigned index)
{
	struct hvn_queue *queue = queue_of(nic, index);

	if (queue != NULL)
		hvn_queue_kick(queue);
}

static bool
poll_queue(struct pv_nic *nic, unsigned index, unsigned budget)
{
	struct hvn_queue *queue = queue_of(nic, index);

	return queue != NULL && hvn_queue_poll(queue, budget);
}

static int
own(struct pv_nic *nic, unsigned index, unsigned cpu)
{
	struct hvn *hvn = (struct hvn *)nic;
	struct hvn_queue *queue = queue_of(nic, index);

	if (queue == NULL || cpu >= hvn->hyperv->cpus)
		return PV_EINVAL;
	return hvn_queue_own(queue, cpu);
}

static uint64_t
queue_due(struct pv_nic *nic, unsigned index)
{
	struct hvn_queue *queue = queue_of(nic, index);

	return queue != NULL ? hvn_queue_deadline(queue) : PV_NEVER;
}

static const struct pv_nic_ops operations = {
	.transmit = transmit,
	.kick = kick,
	.poll = poll_queue,
	.multicast = hvn_multicast,
	.own = own,
	.deadline = queue_due,
	.promiscuous = hvn_promiscuous,
	.set_mac = hvn_set_address,
	.set_mtu = hvn_set_size,
};

/* ---- The driver ------------------------------------------------------- */

/* One queue has found out that the host breaks the protocol. */
static void
look_for_broken(struct hvn *hvn)
{
	if (hvn->why != NULL)
		return;
	for (unsigned i = 0; i < HVN_QUEUES; i++) {
		const char *why = NULL;

		if (hvn->queues[i] != NULL)
			why = __atomic_load_n(&hvn->queues[i]->broken,
			    __ATOMIC_ACQUIRE);
		if (why != NULL) {
			hvn_break(hvn, why);
			return;
		}
	}
}

static bool
poll(struct pv_device *device, unsigned budget)
{
	struct hvn *hvn = device->softc;
	bool more = false;

	if (hvn->phase == HVN_ASLEEP)
		return false;
	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL && hvn->queues[i]->cpu == 0 &&
		    hvn_queue_poll(hvn->queues[i], budget))
			more = true;
	look_for_broken(hvn);
	hvn_step(hvn);
	return more;
}

static uint64_t
deadline(struct pv_device *device)
{
	struct hvn *hvn = device->softc;
	uint64_t first;

	if (hvn->phase == HVN_ASLEEP)
		return PV_NEVER;
	first = hvn_connect_deadline(hvn);
	for (unsigned i = 0; i < HVN_QUEUES; i++) {
		uint64_t next = PV_NEVER;

		if (hvn->queues[i] != NULL && hvn->queues[i]->cpu == 0)
			next = hvn_queue_deadline(hvn->queues[i]);
		if (next < first)
			first = next;
	}
	return first;
}

/* Nobody calls us any more. */
static void
unuse(struct hvn *hvn)
{
	struct pv_device *parent = hvn->hyperv->device;

	for (unsigned i = 0; i < HVN_QUEUES; i++) {
		struct hvn_queue *queue = hvn->queues[i];

		if (queue == NULL)
			continue;
		if (queue->channel != NULL && i > 0)
			vmbus_channel_use(queue->channel, parent, NULL, NULL);
		if (queue->channel != NULL && queue->departing)
			vmbus_depart(queue->channel);
		hvn_queue_free(queue);
	}
	vmbus_channel_use(hvn->channel, parent, NULL, NULL);
}

/* Frames may still go out, and then the host has to let go of the memory of
 * those that did not; its answers come from the poll of our parent. */
static void
say_goodbye(struct hvn *hvn)
{
	struct pv_device *parent = hvn->device->parent;
	const struct pv_port *port = hvn->hyperv->port;
	uint64_t now = pv_bus_now(hvn->device->bus), end = now + HVN_DRAIN;
	bool closed = false;

	for (; now < end; now = pv_bus_now(hvn->device->bus)) {
		uint64_t next;
		bool more = false;

		for (unsigned i = 0; i < HVN_QUEUES; i++)
			if (hvn->queues[i] != NULL)
				more |= hvn_queue_poll(hvn->queues[i], 64);
		if (!closed && hvn_rests(hvn)) {
			hvn_close(hvn);
			closed = true;
		}
		if (closed && hvn_closed(hvn, false))
			return;
		if (parent->state != PV_DEVICE_ATTACHED)
			break;
		if (parent->driver->poll(parent, 64) || more ||
		    port->wait == NULL)
			continue;
		next = parent->driver->deadline(parent);
		port->wait(port->ctx,
		    next < now + PV_MILLISECOND ? next : now + PV_MILLISECOND);
	}
	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL)
			hvn_queue_end(hvn->queues[i], PV_EINTR);
	if (!closed)
		hvn_close(hvn);
	hvn_closed(hvn, true);
}

static void
detach(struct pv_device *device)
{
	struct hvn *hvn = device->softc;
	bool away = hvn->phase == HVN_AWAY;

	if (!away) {
		hvn_gone(hvn);
		hvn_stop(hvn, PV_EINTR, HVN_DRAIN / 2);
		say_goodbye(hvn);
	} else if (!hvn->closed) {
		hvn_stop(hvn, PV_ENODEV, 0);
		hvn_close(hvn);
		hvn_closed(hvn, true);
	}
	if (hvn->hyperv->kvp != NULL)
		kvp_adapter(hvn->hyperv, &hvn->channel->offer.instance, NULL);
	unuse(hvn);
	device->nic = NULL;
	device->softc = NULL;
	pv_free(device->bus, hvn, sizeof(*hvn));
}

static int
attach(struct pv_device *device)
{
	struct vmbus_channel *channel = device->aux;
	struct hvn *hvn = pv_alloc(device->bus, sizeof(*hvn));

	if (hvn == NULL)
		return PV_ENOMEM;
	hvn->device = device;
	hvn->hyperv = channel->hyperv;
	hvn->channel = channel;
	hvn->deadline = 0;
	hvn->wanted_mtu = HVN_MTU;
	hvn->active = 1;
	hvn->nic = (struct pv_nic){ .ops = &operations,
		.mtu = HVN_MTU,
		.max_mtu = HVN_MTU_MAX,
		.features = PV_NIC_SCATTER,
		.queues = 1,
		.depth = HVN_SLOTS - HVN_SLOTS_CONTROL };
	if (hvn_queue_new(hvn, 0) == NULL) {
		pv_free(device->bus, hvn, sizeof(*hvn));
		return PV_ENOMEM;
	}
	hvn->queues[0]->channel = channel;
	vmbus_channel_use(channel, device, &hvn_user, hvn);
	device->softc = hvn;
	device->nic = &hvn->nic;
	hvn_step(hvn);
	return PV_OK;
}

const struct pv_driver pv_hvn_driver = {
	.name = "hvn",
	.attach = attach,
	.detach = detach,
	.poll = poll,
	.deadline = deadline,
};
