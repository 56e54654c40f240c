/* SPDX-License-Identifier: ISC */
/* Frames for the tests of any NIC. */
#ifndef TESTS_SUPPORT_NIC_H
#define TESTS_SUPPORT_NIC_H

#include "port/sim/sim.h"
#include "pvbus/nic.h"

/* Pages of a guest's, to be given back. */
struct vif_pages {
	struct vif_pages *next;
	void *memory;
	size_t pages;
};

/* A frame to transmit that counts its completions. */
struct vif_frame {
	struct pv_frame frame;
	struct pv_segment segments[40];
	unsigned done;
};
/* One segment; neither submitted nor kicked. */
void vif_frame(struct vif_frame *, void *data, uint64_t physical, size_t len);
/* The same memory in segments of random lengths. */
void vif_cut_by(struct sim *, struct vif_frame *, unsigned pieces);

/* A frame with an Ethernet header that is nobody's, and bytes that differ at
 * every place. */
void vif_pattern(void *to, size_t len, unsigned seed);
/* One of TCP or UDP, with the sum of the pseudo header in its place; the
 * length of its headers is returned.  `len` is that of the frame. */
size_t vif_packet(void *to, size_t len, bool ipv6, bool tcp);
void vif_blank(struct vif_frame *, bool ipv6, bool tcp);
/* What the checksum of the packet has to be. */
uint16_t vif_checksum(const uint8_t *frame, size_t len, bool ipv6, bool tcp);

#endif
