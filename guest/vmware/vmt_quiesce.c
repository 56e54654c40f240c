/* SPDX-License-Identifier: ISC */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt.h"

struct reader {
	const uint8_t *at;
	size_t left;
	int error;
};

static uint32_t
number(struct reader *reader)
{
	const uint8_t *at = reader->at;

	if (reader->error != PV_OK || reader->left < 4) {
		if (reader->error == PV_OK)
			reader->error = PV_EMSGSIZE;
		return 0;
	}
	reader->at += 4;
	reader->left -= 4;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static bool
truth(struct reader *reader)
{
	uint32_t value = number(reader);

	if (value > 1 && reader->error == PV_OK)
		reader->error = PV_EPROTO;
	return value == 1;
}

/* Scripts and volumes: there are no scripts here, and all is held. */
static void
skip_text(struct reader *reader, size_t limit)
{
	uint32_t len = number(reader);
	size_t padded = ((size_t)len + 3) & ~(size_t)3;

	if (reader->error != PV_OK)
		return;
	if (len > limit || padded > reader->left) {
		reader->error = PV_EMSGSIZE;
		return;
	}
	reader->at += padded;
	reader->left -= padded;
}

int
vmt_quiesce_read(const void *bytes, size_t len, struct vmt_quiesce *quiesce)
{
	struct reader reader = { .at = bytes, .left = len };
	uint32_t version = number(&reader);

	*quiesce = (struct vmt_quiesce){ .hold = false };
	if (reader.error == PV_OK && version != VMWARE_QUIESCE_V1)
		return PV_ENOTSUP;
	if (!truth(&reader) && reader.error == PV_OK)
		reader.error = PV_EPROTO; /* a pointer to nothing */
	(void)truth(&reader);             /* manifest */
	(void)truth(&reader);             /* applications: none that know how */
	quiesce->hold = truth(&reader);
	(void)truth(&reader); /* the snapshot can be written to */
	(void)truth(&reader); /* scripts */
	skip_text(&reader, VMWARE_QUIESCE_SCRIPT_MAX);
	quiesce->timeout = number(&reader);
	skip_text(&reader, VMWARE_QUIESCE_VOLUMES_MAX);
	return reader.error;
}
