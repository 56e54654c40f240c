/* SPDX-License-Identifier: ISC */
/* A NIC whose back end does nothing by itself: the test is the back end. */
#ifndef TESTS_SUPPORT_HOSTILE_H
#define TESTS_SUPPORT_HOSTILE_H

#include <stdio.h>

#include "tests/support/vif.h"

/* A device whose back end does nothing: the test is the back end. */
static inline void
hostile_start(struct vif *vif)
{
	vif_start(vif, NULL);
	vif_run(vif, PV_MILLISECOND);
	host_netback_manners(vif->net)->stop = true;
}

static inline void
hostile_poll(struct vif *vif)
{
	pv_bus_poll(vif->world->bus, 64);
}

static inline void
hostile_is_broken(struct vif *vif, const char *why)
{
	char line[128];

	assert_true(vif_is_broken(vif));
	assert_false(vif->nic->link);
	snprintf(line, sizeof(line), "xnf0: %s; out of use", why);
	world_has_line(vif->world, line);
	/* nothing hangs in it, and nothing more is taken */
	vif_run(vif, PV_SECOND);
}

static inline void
hostile_is_not_broken(struct vif *vif)
{
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	assert_true(vif->nic->link);
}

/* One frame on its way, which nobody has answered. */
static inline void
hostile_submit(struct vif *vif, struct vif_frame *frame, size_t len)
{
	static uint8_t bytes[65535];

	vif_frame(frame, bytes, PV_NO_PHYSICAL, len);
	vif_transmit(vif, 0, frame);
	pv_nic_kick(vif->nic, 0);
}

static inline void
hostile_ended(const struct vif_frame *frame, int error)
{
	assert_int_equal(frame->done, 1);
	assert_int_equal(frame->frame.error, error);
}

/* That a good frame still comes in. */
static inline void
hostile_still_receives(struct vif *vif)
{
	unsigned before = vif->guest.count;

	vif_pattern(vif_page(vif, 0) + 2, 100, 7);
	vif_put(vif, 2, 0, 100);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, before + 1);
	assert_int_equal(ring_used(&vif_queue(vif, 0)->rx.ring), XNF_ENTRIES);
	hostile_is_not_broken(vif);
}

#endif
