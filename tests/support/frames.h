/* SPDX-License-Identifier: ISC */
/* Frames of a simulated NIC, there and back. */
#ifndef TESTS_SUPPORT_FRAMES_H
#define TESTS_SUPPORT_FRAMES_H

#include "tests/support/vif.h"

#define FRAME_MAX 65535u

/* Frames that arrived are those that were sent, in order. */
static inline void
arrived_is(const struct vif_arrived *arrived, const uint8_t *bytes, size_t len,
    bool at_peer)
{
	assert_non_null(arrived);
	assert_int_equal(at_peer ? arrived->host.length : arrived->guest.length,
	    len);
	assert_memory_equal(arrived->bytes, bytes, len);
}

static inline void
goes_out(struct vif *vif, struct vif_frame *frame, const uint8_t *bytes)
{
	assert_int_equal(vif_send(vif, frame), PV_OK);
	assert_int_equal(vif->peer.count, 1);
	arrived_is(vif->peer.first, bytes, frame->frame.length, true);
	vif_forget(&vif->peer);
}

static inline void
comes_in(struct vif *vif, const uint8_t *bytes, size_t len)
{
	vif_receive(vif, &(struct host_frame){ .bytes = bytes, .length = len });
	arrived_is(vif->guest.first, bytes, len, false);
	assert_int_equal(vif->guest.first->guest.flags, 0);
	assert_int_equal(vif->guest.first->guest.segmentation, PV_SEGMENT_NONE);
	vif_forget(&vif->guest);
}

#endif
