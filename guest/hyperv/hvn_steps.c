/* SPDX-License-Identifier: ISC */
/*
 * The steps of a connection, one after the other; some of them are taken again
 * later, by themselves, when something is to be changed or has changed.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/hvn.h"

static const struct hvn_question *const questions[HVN_STEPS] = {
	[HVN_STEP_INIT] = &hvn_nvs_init,
	[HVN_STEP_CONFIG] = &hvn_nvs_config,
	[HVN_STEP_NDIS] = &hvn_nvs_ndis,
	[HVN_STEP_RX_TELL] = &hvn_nvs_receive,
	[HVN_STEP_TX_TELL] = &hvn_nvs_send,
	[HVN_STEP_INITIALIZE] = &hvn_initialize,
	[HVN_STEP_SET_MAC] = &hvn_set_mac,
	[HVN_STEP_PERMANENT] = &hvn_permanent,
	[HVN_STEP_MAC] = &hvn_mac,
	[HVN_STEP_MTU] = &hvn_mtu,
	[HVN_STEP_LINK] = &hvn_link,
	[HVN_STEP_SPEED] = &hvn_speed,
	[HVN_STEP_OFFLOAD] = &hvn_hardware,
	[HVN_STEP_PARAMETERS] = &hvn_parameters,
	[HVN_STEP_RSS] = &hvn_rss,
	[HVN_STEP_SUBS] = &hvn_nvs_subs,
	[HVN_STEP_TABLE] = &hvn_rss_table,
	[HVN_STEP_GROUPS] = &hvn_set_groups,
	[HVN_STEP_FILTER] = &hvn_set_filter,
};

/* ---- Questions -------------------------------------------------------- */

/* False: it is not to be asked. */
static bool
ask(struct hvn *hvn, const struct hvn_question *question)
{
	struct hvn_control *control = &hvn->control;
	size_t length;

	control->id++;
	length = question->ask(hvn, control->page, PV_PAGE_SIZE, control->id);
	if (length == 0)
		return false;
	hvn_control_ask(hvn, question->rndis, length, question->silent);
	hvn->asked = true;
	return true;
}

/* What an answer says of something that can be done without is that it is. */
static int
settle(struct hvn *hvn, const struct hvn_question *question, int error)
{
	if (error == PV_OK || error == PV_EAGAIN)
		return error;
	if (question->refused != NULL)
		question->refused(hvn);
	if (question->needed && !hvn->running)
		return error;
	if (error != PV_EIO)
		hvn_log(hvn, PV_LOG_ERROR, "%s: %s", question->name,
		    pv_error_text(error));
	return PV_OK;
}

static int
take_question(struct hvn *hvn, const struct hvn_question *question)
{
	const struct hvn_control *control = &hvn->control;
	int error;

	if (!hvn->asked && !ask(hvn, question))
		return PV_OK;
	error = hvn_control_answer(hvn);
	if (error == PV_EAGAIN)
		return error;
	hvn->asked = false;
	if (error == PV_OK && question->answer != NULL)
		error = question->answer(hvn, control->reply,
		    control->reply_length);
	return settle(hvn, question, error);
}

/* ---- Others ----------------------------------------------------------- */

static int
lend_receive(struct hvn *hvn)
{
	int error = PV_OK;

	if (hvn->receive.gpadl.memory == NULL)
		error = hvn_area_open_receive(hvn);
	return error == PV_OK ? hvn_area_lend(hvn, &hvn->receive) : error;
}

/* Without it frames are sent from the same memory, page by page. */
static int
lend_send(struct hvn *hvn)
{
	int error = hvn_area_lend(hvn, &hvn->send);

	return error == PV_EAGAIN ? error : PV_OK;
}

int
hvn_take_step(struct hvn *hvn, enum hvn_step step, const char **why)
{
	switch (step) {
	case HVN_STEP_RX_LEND:
		*why = "memory to receive into";
		return lend_receive(hvn);
	case HVN_STEP_TX_LEND:
		*why = "memory to send from";
		return lend_send(hvn);
	case HVN_STEP_SUBS_OPEN:
		*why = "sub-channels";
		return hvn_channels_open(hvn);
	default:
		*why = questions[step]->name;
		return take_question(hvn, questions[step]);
	}
}
