/* SPDX-License-Identifier: ISC */
/* What kinds of channels there are, and their words in the report. */
#include "guest/bus/libc.h"
#include "guest/hyperv/vmbus.h"

static const struct {
	struct hv_guid type;
	const char *name;
} classes[] = {
#define CLASS(guid, text) { guid, text },
	HV_CLASSES(CLASS)
#undef CLASS
};

const char *
vmbus_class_name(const struct hv_guid *type)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (memcmp(&classes[i].type, type, sizeof(*type)) == 0)
			return classes[i].name;
	return NULL;
}
