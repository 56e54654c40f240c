/* SPDX-License-Identifier: ISC */
/*
 * The connection, from one end to the other: open the first channel, take the
 * steps of hvn_steps.c, run; take steps again when there is news; close, and
 * begin anew where that was for a change.
 */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"
#include "guest/hyperv/kvp.h"

#define TRIES 3u

static uint64_t
now(const struct hvn *hvn)
{
	return pv_bus_now(hvn->device->bus);
}

static void
enter(struct hvn *hvn, enum hvn_phase phase, uint64_t time)
{
	hvn->phase = phase;
	hvn->deadline = time != PV_NEVER ? now(hvn) + time : PV_NEVER;
}

/* What is under way was made of what was wanted before. */
void
hvn_again(struct hvn *hvn, uint32_t steps)
{
	if (hvn->phase != HVN_TALKING && hvn->phase != HVN_RUNNING)
		return;
	hvn->todo |= steps;
	if (hvn->asked)
		hvn->redo |= steps & HVN_BIT(hvn->current);
}

/* ---- The end ---------------------------------------------------------- */

/* Queues get `time` for what is on its way; then all is closed, and begun anew
 * at `next`, or never. */
static void
shut(struct hvn *hvn, int error, uint64_t time, uint64_t next)
{
	bool told = hvn->running;

	hvn->next = next;
	hvn->reopen = false;
	hvn->closed = false;
	hvn->todo = 0;
	hvn_stop(hvn, error, time);
	enter(hvn, HVN_CLOSING, PV_NEVER);
	if (told)
		hvn_changed(hvn);
}

/* A host that says no may have its reasons for now. */
static void
fail(struct hvn *hvn, const char *why, int error)
{
	bool again = error != PV_ENOTSUP && ++hvn->tries < TRIES;

	if (hvn->tries <= 1 || !again)
		hvn_log(hvn, PV_LOG_ERROR, "%s: %s; not in use%s", why,
		    pv_error_text(error), again ? " yet" : "");
	hvn->channel->settled = true;
	shut(hvn, PV_EIO, 0, again ? now(hvn) + HVN_AGAIN : PV_NEVER);
}

void
hvn_break(struct hvn *hvn, const char *why)
{
	__atomic_store_n(&hvn->why, why, __ATOMIC_RELEASE);
	hvn->channel->settled = true;
	if (hvn->phase == HVN_AWAY)
		return;
	hvn->running = true; /* so that the owner hears of it */
	shut(hvn, PV_EPROTO, 0, PV_NEVER);
}

/* ---- The beginning ---------------------------------------------------- */

static void
begin(struct hvn *hvn)
{
	int error = hvn_area_open_send(hvn);

	hvn->version = 0;
	hvn->attempt = 0;
	hvn->active = 1;
	hvn->promised = 0;
	hvn->opened = hvn->asked = false;
	hvn->open_error = PV_OK;
	hvn->vf_said = false;
	hvn->connected = true; /* unless the host says otherwise */
	__atomic_store_n(&hvn->news, 0, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < HVN_QUEUES; i++)
		if (hvn->queues[i] != NULL)
			hvn->queues[i]->opens = 0;
	for (unsigned i = 0; i < HV_NVSP_INDIRECTION_ENTRIES; i++)
		__atomic_store_n(&hvn->table[i], i, __ATOMIC_RELAXED);
	enter(hvn, HVN_OPENING, PV_NEVER);
	if (error == PV_OK)
		error = hvn_channel_open(hvn, hvn->queues[0]);
	if (error != PV_OK)
		fail(hvn, "channel", error);
}

static bool
opening(struct hvn *hvn)
{
	if (!hvn->opened)
		return false;
	if (hvn->open_error != PV_OK) {
		fail(hvn, "channel", hvn->open_error);
		return true;
	}
	hvn_queue_talk(hvn->queues[0]);
	hvn->todo = HVN_BIT(HVN_STEPS) - 1;
	hvn->redo = 0;
	enter(hvn, HVN_TALKING, PV_NEVER);
	return true;
}

static const char *
version_text(const struct hvn *hvn)
{
	switch (hvn->version) {
	case HV_NVSP_6_1:
		return "6.1";
	case HV_NVSP_6:
		return "6.0";
	case HV_NVSP_5:
		return "5.0";
	case HV_NVSP_4:
		return "4.0";
	case HV_NVSP_2:
		return "3.2"; /* as the number has it, and as hvn(4) says it */
	default:
		return "0.2";
	}
}

static void
report(struct hvn *hvn)
{
	const uint8_t *mac = hvn->nic.mac;
	char where[32];

	pv_format(where, sizeof(where), "channel %u",
	    hvn->channel->offer.relid);
	/* a digit each, for %x has no width here */
	pv_device_describe_at(hvn->device, where,
	    "NVS %s NDIS 6.%u, address %x%x:%x%x:%x%x:%x%x:%x%x:%x%x",
	    version_text(hvn), hvn_ndis_minor(hvn), mac[0] >> 4, mac[0] & 15u,
	    mac[1] >> 4, mac[1] & 15u, mac[2] >> 4, mac[2] & 15u, mac[3] >> 4,
	    mac[3] & 15u, mac[4] >> 4, mac[4] & 15u, mac[5] >> 4, mac[5] & 15u);
	pv_device_announce(hvn->device);
}

/* What the steps have found out goes to the owner. */
static void
publish(struct hvn *hvn)
{
	struct pv_nic *nic = &hvn->nic;

	memcpy(nic->mac, hvn->mac, 6);
	nic->mtu = hvn->wanted_mtu;
	nic->link = hvn->connected;
	hvn_features(hvn);
	if (hvn->hyperv->kvp != NULL)
		kvp_adapter(hvn->hyperv, &hvn->channel->offer.instance,
		    nic->mac);
	hvn_changed(hvn);
}

static void
run(struct hvn *hvn)
{
	hvn_sections_share(hvn, hvn->active);
	hvn->nic.queues = hvn->active;
	hvn->tries = 0;
	hvn->running = true;
	for (unsigned i = 0; i < hvn->active; i++) {
		hvn->queues[i]->tx.limits = hvn->limits;
		hvn_queue_run(hvn->queues[i]);
	}
	enter(hvn, HVN_RUNNING, PV_NEVER);
	memcpy(hvn->nic.mac, hvn->mac, 6);
	report(hvn);
	hvn->channel->settled = true;
	publish(hvn);
}

/* ---- Steps ------------------------------------------------------------ */

static enum hvn_step
first_step(uint32_t todo)
{
	unsigned step = 0;

	while ((todo & HVN_BIT(step)) == 0)
		step++;
	return (enum hvn_step)step;
}

static void
step_taken(struct hvn *hvn, enum hvn_step step)
{
	hvn->todo &= ~HVN_BIT(step);
	hvn->todo |= hvn->redo & HVN_BIT(step);
	hvn->redo &= ~HVN_BIT(step);
}

/* True: there may be more to do. */
static bool
take_step(struct hvn *hvn)
{
	const char *why;
	int error;

	if (!hvn->asked)
		hvn->current = first_step(hvn->todo);
	if (hvn->current == HVN_STEP_RUN) {
		step_taken(hvn, HVN_STEP_RUN);
		if (hvn->running)
			publish(hvn);
		else
			run(hvn);
		return true;
	}
	error = hvn_take_step(hvn, hvn->current, &why);
	if (error == PV_OK) {
		step_taken(hvn, hvn->current);
		return true;
	}
	if (error == PV_EAGAIN) /* one that was answered may ask again */
		return hvn->current == HVN_STEP_INIT && !hvn->asked;
	fail(hvn, why, error);
	return true;
}

static void
take_news(struct hvn *hvn)
{
	uint32_t news;

	if (hvn->phase != HVN_RUNNING)
		return;
	news = __atomic_exchange_n(&hvn->news, 0, __ATOMIC_ACQ_REL);
	if (news & (HVN_NEWS_LINK | HVN_NEWS_NETWORK))
		hvn->todo |= HVN_BIT(HVN_STEP_LINK);
	if (news & (HVN_NEWS_SPEED | HVN_NEWS_NETWORK))
		hvn->todo |= HVN_BIT(HVN_STEP_SPEED);
	if (news & HVN_NEWS_OFFLOAD)
		hvn->todo |= HVN_BIT(HVN_STEP_OFFLOAD) |
		    HVN_BIT(HVN_STEP_PARAMETERS);
	if (news != 0 && hvn->todo != 0)
		hvn->todo |= HVN_BIT(HVN_STEP_RUN);
	if ((news & HVN_NEWS_VF) != 0 && !hvn->vf_said) {
		hvn->vf_said = true;
		hvn_log(hvn, PV_LOG_INFO,
		    "the host offers a VF, which is not used");
	}
}

static bool
running(struct hvn *hvn)
{
	if (hvn->reopen) {
		shut(hvn, PV_EIO, HVN_DRAIN, 0);
		return true;
	}
	take_news(hvn);
	return hvn->todo != 0 && take_step(hvn);
}

/* A device that is broken is not polled, so it is that when all has ended. */
static void
unusable(struct hvn *hvn)
{
	enter(hvn, HVN_UNUSABLE, PV_NEVER);
	if (hvn->why != NULL)
		pv_device_broken(hvn->device, hvn->why);
}

/* ---- Each phase ------------------------------------------------------- */

static bool
closing(struct hvn *hvn)
{
	if (!hvn_rests(hvn))
		return false;
	if (!hvn->closed) {
		hvn_close(hvn);
		hvn->closed = true;
	}
	if (!hvn_closed(hvn, false))
		return false;
	if (hvn->next == PV_NEVER)
		unusable(hvn);
	else {
		enter(hvn, HVN_IDLE, 0);
		hvn->deadline = hvn->next;
	}
	return true;
}

static bool
away(struct hvn *hvn)
{
	if (hvn->closed || !hvn_rests(hvn))
		return false;
	hvn_close(hvn);
	hvn_closed(hvn, true);
	hvn->closed = true;
	vmbus_depart(hvn->channel);
	return false;
}

static bool
step(struct hvn *hvn)
{
	if (hvn_channels_depart(hvn) && hvn->phase == HVN_RUNNING)
		hvn->reopen = true;
	switch (hvn->phase) {
	case HVN_IDLE:
		if (now(hvn) < hvn->deadline)
			return false;
		begin(hvn);
		return true;
	case HVN_OPENING:
		return opening(hvn);
	case HVN_TALKING:
		if (hvn->reopen) {
			shut(hvn, PV_EIO, 0, 0);
			return true;
		}
		return take_step(hvn);
	case HVN_RUNNING:
		return running(hvn);
	case HVN_CLOSING:
		return closing(hvn);
	case HVN_AWAY:
		return away(hvn);
	default:
		return false;
	}
}

void
hvn_step(struct hvn *hvn)
{
	if (hvn->stepping || (hvn->nic.gone && hvn->phase != HVN_AWAY))
		return;
	hvn->stepping = true;
	/* each step is taken once, if that, and so is each phase */
	for (unsigned i = 0; i < 2 * HVN_STEPS && step(hvn); i++)
		continue;
	hvn->stepping = false;
}

uint64_t
hvn_connect_deadline(const struct hvn *hvn)
{
	const struct hvn_control *control = &hvn->control;
	uint64_t deadline = hvn->deadline;

	switch (hvn->phase) {
	case HVN_TALKING:
	case HVN_RUNNING:
		if (__atomic_load_n(&hvn->news, __ATOMIC_RELAXED) != 0 &&
		    hvn->phase == HVN_RUNNING)
			return 0;
		if (!hvn->asked)
			return hvn->todo != 0 && deadline == PV_NEVER &&
				hvn->phase == HVN_RUNNING
			    ? 0
			    : deadline;
		if (__atomic_load_n(&control->state, __ATOMIC_ACQUIRE) ==
		    HVN_CONTROL_ANSWERED)
			return 0;
		/* nobody wakes us for what another CPU has received */
		if (hvn->queues[0]->cpu != 0)
			return now(hvn) + PV_MILLISECOND;
		return control->deadline;
	case HVN_CLOSING:
	case HVN_AWAY:
		return now(hvn) + PV_MILLISECOND;
	default:
		return deadline;
	}
}

/* ---- From VMBus ------------------------------------------------------- */

static void
opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct hvn *hvn = owner;

	(void)channel;
	hvn->opened = true;
	hvn->open_error = error;
	hvn->queues[0]->channel_up = error == PV_OK;
	hvn_step(hvn);
}

static void
sub(void *owner, struct vmbus_channel *channel)
{
	(void)channel; /* the steps look for all that there are */
	hvn_step(owner);
}

static void
rescinded(void *owner)
{
	struct hvn *hvn = owner;

	hvn->nic.gone = true;
	enter(hvn, HVN_AWAY, PV_NEVER);
	hvn->closed = false;
	hvn->channel->settled = true;
	hvn_stop(hvn, PV_ENODEV, 0);
	hvn_gone(hvn);
	/* what other CPUs have not ended they will not any more */
	hvn_stop(hvn, PV_ENODEV, 0);
	hvn_step(hvn);
}

static void
suspended(void *owner)
{
	struct hvn *hvn = owner;

	hvn->nic.link = false;
	/* what was taken away wakes to its end */
	if (hvn->phase != HVN_AWAY)
		enter(hvn, HVN_ASLEEP, PV_NEVER);
	hvn_forget(hvn);
}

/* Frames are not sent twice: who needs them sends them again. */
static void
resumed(void *owner)
{
	struct hvn *hvn = owner;

	hvn_changed(hvn);
	hvn->tries = 0;
	hvn->closed = true;
	hvn->next = hvn->why != NULL ? PV_NEVER : 0;
	enter(hvn, HVN_CLOSING, PV_NEVER);
	hvn_step(hvn);
}

const struct vmbus_user hvn_user = {
	.opened = opened,
	.sub = sub,
	.rescinded = rescinded,
	.suspended = suspended,
	.resumed = resumed,
};
