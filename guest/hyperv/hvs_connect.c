/* SPDX-License-Identifier: ISC */
/*
 * hvs: the conversation with the host before there are disks.
 *
 *   open the channel
 *   BEGIN_INIT
 *   QUERY_VERSION       from the newest, until the host agrees
 *   QUERY_PROPERTIES    sub-channels, the largest transfer
 *   END_INIT
 *   CREATE_SUB_CHANNELS where there can be some; they are offered then
 *   look for disks
 *
 * Each has a deadline; a host that does not keep it, or that refuses, is left.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvs.h"

static const uint16_t versions[] = { HV_STOR_6_2, HV_STOR_6_0, HV_STOR_5_1,
	HV_STOR_4_2, HV_STOR_2_0 };
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static void
enter(struct hvs *hvs, enum hvs_phase phase, uint64_t time)
{
	hvs->phase = phase;
	hvs->until = time == PV_NEVER ? PV_NEVER : hvs_now(hvs) + time;
}

/* ---- Questions -------------------------------------------------------- */

static void
ask(struct hvs *hvs, enum hvs_question question)
{
	static const uint32_t operations[] = {
		[HVS_Q_BEGIN] = HV_STOR_BEGIN_INIT,
		[HVS_Q_VERSION] = HV_STOR_QUERY_VERSION,
		[HVS_Q_PROPERTIES] = HV_STOR_QUERY_PROPERTIES,
		[HVS_Q_END] = HV_STOR_END_INIT,
		[HVS_Q_SUBS] = HV_STOR_CREATE_SUB_CHANNELS,
	};
	struct hvs_command *command = &hvs->command;
	uint16_t number = (uint16_t)hvs->subs_wanted;

	memset(command->body, 0, sizeof(command->body));
	if (question == HVS_Q_VERSION)
		number = versions[hvs->attempt];
	if (question == HVS_Q_VERSION || question == HVS_Q_SUBS)
		memcpy(command->body, &number, sizeof(number));
	hvs->question = question;
	command->operation = operations[question];
	command->room = 0;
	command->patience = HVS_HANDSHAKE;
	hvs_post(hvs, command);
	enter(hvs, HVS_ASKING, HVS_HANDSHAKE);
}

/* What of a packet and of an SRB there is in this version. */
static void
agree(struct hvs *hvs, uint16_t version)
{
	bool old = version < HV_STOR_5_1;

	hvs->version = version;
	hvs->packet_size = old ? HV_STOR_SIZE_OLD : HV_STOR_SIZE;
	hvs->srb_size = old ? HV_STOR_SRB_SIZE_OLD : HV_STOR_SRB_SIZE;
	hvs->sense_size = old ? HV_STOR_SENSE_OLD : HV_STOR_SENSE;
}

static void
set_max_transfer(struct hvs *hvs, uint32_t max)
{
	struct pv_stats *stats = &hvs->queues[0].stats;

	if (max > HVS_TRANSFER_MAX)
		max = HVS_TRANSFER_MAX;
	if (max > 0 && max < PV_PAGE_SIZE) {
		stats->bad_value++;
		max = PV_PAGE_SIZE;
	}
	hvs->max_transfer = max > 0 ? max : HVS_TRANSFER_USUAL;
}

static void
take_properties(struct hvs *hvs)
{
	struct hv_stor_properties properties;
	unsigned most = hvs->queues_count - 1;

	memcpy(&properties, hvs->command.body, sizeof(properties));
	hvs->subs_wanted = 0;
	if (hvs->command.error != PV_OK) {
		hvs->queues[0].stats.bad_value++;
		set_max_transfer(hvs, 0);
		return;
	}
	set_max_transfer(hvs, properties.max_transfer);
	if (hvs->version >= HV_STOR_5_1 && !hvs->ide &&
	    (properties.flags & HV_STOR_MULTI_CHANNEL) != 0)
		hvs->subs_wanted = properties.channels < most
		    ? properties.channels
		    : most;
}

static void
describe(struct hvs *hvs)
{
	char where[32];

	pv_device_describe_at(hvs->device, hvs_where(hvs, where, sizeof(where)),
	    "%s, protocol %u.%u", hvs->ide ? "ide" : "scsi", hvs->version >> 8,
	    hvs->version & 0xff);
	pv_device_announce(hvs->device);
}

/* It is ready, with as many queues as there are. */
static void
go(struct hvs *hvs)
{
	describe(hvs);
	hvs_queues_start(hvs);
	hvs->opens = 0;
	hvs->lost_sub = false;
	enter(hvs, HVS_RUNNING, PV_NEVER);
	__atomic_store_n(&hvs->rescan, 1, __ATOMIC_RELEASE);
}

static void
version_answered(struct hvs *hvs)
{
	if (hvs->command.error == PV_OK) {
		agree(hvs, versions[hvs->attempt]);
		ask(hvs, HVS_Q_PROPERTIES);
	} else if (++hvs->attempt < VERSIONS)
		ask(hvs, HVS_Q_VERSION);
	else
		hvs_break(hvs, "no protocol version in common with the host");
}

static void
answered(struct hvs *hvs)
{
	bool good = hvs->command.error == PV_OK;

	switch (hvs->question) {
	case HVS_Q_BEGIN:
		if (good)
			ask(hvs, HVS_Q_VERSION);
		else
			hvs_break(hvs, "the host does not begin");
		return;
	case HVS_Q_VERSION:
		version_answered(hvs);
		return;
	case HVS_Q_PROPERTIES:
		take_properties(hvs);
		ask(hvs, HVS_Q_END);
		return;
	case HVS_Q_END:
		if (!good)
			hvs_break(hvs, "the host does not come to an end");
		else if (hvs->subs_wanted > 0)
			ask(hvs, HVS_Q_SUBS);
		else
			go(hvs);
		return;
	case HVS_Q_SUBS:
		if (good)
			enter(hvs, HVS_JOINING, HVS_SUBS_WAIT);
		else
			go(hvs);
		return;
	}
}

static void
asking(struct hvs *hvs)
{
	if (__atomic_load_n(&hvs->command.state, __ATOMIC_ACQUIRE) == HVS_DONE)
		answered(hvs);
	else if (hvs_now(hvs) >= hvs->until)
		hvs_break(hvs, "the host does not answer");
}

/* Those that come later are left alone. */
static void
joining(struct hvs *hvs)
{
	unsigned open = 0;

	hvs_subs_open(hvs);
	for (unsigned i = 1; i < hvs->queues_count; i++)
		if (hvs->queues[i].channel != NULL &&
		    hvs->queues[i].channel->state == VMBUS_OPEN)
			open++;
	if (open == hvs->subs_wanted || hvs_now(hvs) >= hvs->until)
		go(hvs);
}

/* ---- The channel ------------------------------------------------------ */

static void
failed(struct hvs *hvs, int error)
{
	hvs_log(hvs, PV_LOG_ERROR, "opening its channel: %s",
	    pv_error_text(error));
	if (++hvs->opens >= HVS_OPENS_MAX)
		hvs_break(hvs, "its channel does not open");
	enter(hvs, HVS_CLOSED, HVS_RETRY);
}

void
hvs_open(struct hvs *hvs)
{
	int error = hvs_channel_open(hvs, &hvs->queues[0], hvs->channel);

	if (error == PV_OK)
		enter(hvs, HVS_OPENING, PV_NEVER);
	else
		failed(hvs, error);
}

static void
opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct hvs *hvs = owner;

	(void)channel;
	if (hvs->phase != HVS_OPENING || hvs_dead(hvs) != PV_OK)
		return;
	if (error != PV_OK) {
		failed(hvs, error);
		return;
	}
	hvs->attempt = 0;
	agree(hvs, HV_STOR_2_0);
	ask(hvs, HVS_Q_BEGIN);
}

void
hvs_reconnect(struct hvs *hvs)
{
	__atomic_store_n(&hvs->verdict, (uint32_t)HVS_UNKNOWN,
	    __ATOMIC_RELEASE);
	hvs->closed = hvs->slept = hvs->lost_sub = false;
	hvs_scan_stop(hvs);
	hvs_queues_stop(hvs);
	for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
		sd_offline(sd);
	enter(hvs, HVS_LEAVING, PV_NEVER);
}

static void
leaving(struct hvs *hvs)
{
	enum hvs_verdict verdict;

	if (!hvs->closed && hvs_all_stopped(hvs, HVS_STANDS)) {
		hvs->closed = true;
		hvs_channels_close(hvs);
		hvs->until = hvs_now(hvs) + HVS_CLOSE;
	}
	if (!hvs->closed)
		return;
	verdict = hvs_channels_verdict(hvs);
	if ((verdict == HVS_HELD && !hvs->slept) ||
	    (verdict == HVS_UNKNOWN && hvs_now(hvs) >= hvs->until)) {
		hvs_break(hvs, "the host does not let go of its channel");
		return;
	}
	if (verdict == HVS_UNKNOWN)
		return;
	__atomic_store_n(&hvs->verdict, (uint32_t)verdict, __ATOMIC_RELEASE);
	if (!hvs_all_stopped(hvs, HVS_EMPTY))
		return;
	hvs_subs_drop(hvs, true);
	hvs_open(hvs);
}

/* ---- One step --------------------------------------------------------- */

void
hvs_step(struct hvs *hvs)
{
	enum hvs_phase before;

	do {
		if (hvs_dead(hvs) != PV_OK)
			return;
		before = hvs->phase;
		switch (before) {
		case HVS_CLOSED:
			if (hvs_now(hvs) >= hvs->until)
				hvs_open(hvs);
			break;
		case HVS_ASKING:
			asking(hvs);
			break;
		case HVS_JOINING:
			joining(hvs);
			break;
		case HVS_RUNNING:
			hvs_reset_step(hvs);
			if (hvs->phase == HVS_RUNNING && hvs->lost_sub)
				hvs_reconnect(hvs);
			if (hvs->phase == HVS_RUNNING)
				hvs_scan_step(hvs);
			break;
		case HVS_LEAVING:
			leaving(hvs);
			break;
		case HVS_OPENING:
		case HVS_ASLEEP:
		case HVS_ENDING:
		case HVS_ENDED:
			break;
		}
	} while (hvs->phase != before);
}

/* ---- Saved, restored, taken away -------------------------------------- */

/* What was sent stays as it is until it is known whether the host has forgotten
 * it; sub-channels are gone for good. */
static void
suspended(void *owner)
{
	struct hvs *hvs = owner;

	bool dead = hvs_dead(hvs) != PV_OK;

	if (hvs->phase == HVS_ASLEEP)
		return;
	for (unsigned i = 0; i < hvs->queues_count; i++) {
		struct hvs_queue *queue = &hvs->queues[i];

		/* nobody uses it now; in a conversation, we have it */
		if (!dead || queue->stopped == HVS_GOES)
			queue->stopped = HVS_STANDS;
		if (i > 0)
			queue->channel = NULL;
		queue->departs = false;
	}
	if (dead)
		return; /* it wakes to its end */
	__atomic_store_n(&hvs->verdict, (uint32_t)HVS_UNKNOWN,
	    __ATOMIC_RELEASE);
	hvs_scan_stop(hvs);
	hvs_queues_stop(hvs);
	enter(hvs, HVS_ASLEEP, PV_NEVER);
}

static void
resumed(void *owner)
{
	struct hvs *hvs = owner;

	if (hvs_dead(hvs) != PV_OK || hvs->phase != HVS_ASLEEP)
		return;
	for (struct sd *sd = hvs->disks; sd != NULL; sd = sd->next)
		sd_offline(sd);
	hvs->resetting = HVS_NO_RESET;
	hvs->closed = hvs->slept = true;
	enter(hvs, HVS_LEAVING, HVS_CLOSE);
}

static void
rescinded(void *owner)
{
	hvs_taken_away(owner);
}

const struct vmbus_user hvs_user = {
	.opened = opened,
	.rescinded = rescinded,
	.suspended = suspended,
	.resumed = resumed,
};
