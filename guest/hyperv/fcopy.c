/* SPDX-License-Identifier: ISC */
/*
 * Files from the host: none are taken, as nobody here asked for them.  A version
 * is agreed on, so that the host is told so at its first question and not left
 * waiting for an answer.
 */
#include "wire/hyperv/fcopy.h"
#include "guest/hyperv/services.h"

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t versions[] = { HV_FCOPY_VERSIONS(AS_NUMBER) };
#undef AS_NUMBER

static void
request(struct service *service, struct ic_message *message)
{
	(void)service;
	message->status = HV_IC_STATUS_NOT_SUPPORTED;
}

const struct service_kind service_fcopy = {
	.name = "fcopy",
	.type = HV_GUID_FCOPY,
	.message_type = HV_IC_FCOPY,
	.versions = versions,
	.version_count = sizeof(versions) / sizeof(versions[0]),
	.body_min = sizeof(struct hv_fcopy_header),
	.body_max = sizeof(struct hv_fcopy_write),
	.request = request,
};
