/* SPDX-License-Identifier: ISC */
/* A NIC of Hyper-V whose host says what it should not. */
#ifndef TESTS_SUPPORT_HV_HOSTILE_H
#define TESTS_SUPPORT_HV_HOSTILE_H

#include <stdio.h>

#include "tests/support/hv_vif.h"

/* The n-th message of that kind from now on has these bytes at `at`. */
static inline struct host_netvsp_manners *
hostile_patch(struct hv_vif *vif, int what, unsigned nth, unsigned at,
    const void *bytes, unsigned len)
{
	struct host_netvsp_manners *manners = host_netvsp_manners(vif->net);

	memset(manners->patch, 0, sizeof(manners->patch));
	manners->twice = manners->lost = manners->has_len = false;
	manners->bad_what = what;
	manners->bad_nth = nth;
	manners->patch_at = at;
	manners->patch_len = len;
	if (len > 0)
		memcpy(manners->patch, bytes, len);
	return manners;
}

static inline void
hostile_word(struct hv_vif *vif, int what, unsigned nth, unsigned at,
    uint32_t value)
{
	hostile_patch(vif, what, nth, at, &value, sizeof(value));
}

static inline void
hostile_cut(struct hv_vif *vif, int what, unsigned nth, unsigned len)
{
	struct host_netvsp_manners *manners = hostile_patch(vif, what, nth, 0,
	    NULL, 0);

	manners->has_len = true;
	manners->len = len;
}

/* Somebody was told of it, whichever counter it is. */
static inline uint64_t
hostile_counted(const struct hv_vif *vif)
{
	const struct pv_stats *stats = &vif->device->stats;

	return stats->bad_length + stats->bad_duplicate + stats->bad_state +
	    stats->bad_index + stats->bad_id + stats->bad_value;
}

static inline void
hostile_is_broken(struct hv_vif *vif, const char *why)
{
	char line[128];

	hv_vif_until(vif, hv_vif_is_broken, "broken");
	hv_vif_run(vif, PV_SECOND);
	assert_false(vif->nic->link);
	snprintf(line, sizeof(line), "hvn0: %s; out of use", why);
	world_has_line(vif->world, line);
	assert_true(hostile_counted(vif) > 0);
	/* and the host has nothing of ours any more */
	assert_int_equal(host_netvsp_counts(vif->net)->channels, 0);
}

static inline void
hostile_is_not_broken(struct hv_vif *vif)
{
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	assert_true(vif->nic->link);
	hv_vif_works(vif);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
}

/* One RNDIS message of the host's. */
static inline void
hostile_rndis(struct hv_vif *vif, const void *message, size_t size)
{
	const void *messages[] = { message };
	const size_t sizes[] = { size };

	assert_true(host_netvsp_rndis(vif->net, 0, messages, sizes, 1));
	hv_vif_run(vif, PV_MILLISECOND);
}

#endif
