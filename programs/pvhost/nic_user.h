/* SPDX-License-Identifier: ISC */
/* What the files of the network in user space share. */
#ifndef PVHOST_NIC_USER_H
#define PVHOST_NIC_USER_H

#include <slirp/libslirp.h>

#include "programs/pvhost/nic_pull.h"

struct user_frame {
	struct user_frame *next;
	size_t length;
	uint8_t bytes[];
};

struct user {
	struct nic *nic;
	struct machine *machine;
	Slirp *slirp;
	struct nic_pull pull;
	struct loop_source source; /* of `epoll` */
	int epoll;
	int event; /* in it: there is something to do */
	bool woken;
	bool ticking;
	/* frames for the guest, and the one that it is being given */
	struct user_frame *first, **end, *current;
	unsigned queued;
	/* libslirp's sockets: what it asks of now, what is in `epoll` */
	struct pollfd *fds;
	unsigned count, room;
	int *watched;
	unsigned watched_count;
};

/* nic_user_loop.c: for the loop, nic_pull and libslirp to call */
void user_ready(void *ctx, short revents);
bool user_next(void *self, struct nic_frame *);
void user_watch(void *self, bool wanted);
void user_free_frames(struct user *);
ssize_t user_packet(const void *bytes, size_t length, void *opaque);
/* Let the loop's thread see to it, soon. */
void user_wake(struct user *);
void *user_timer_new(SlirpTimerCb, void *argument, void *opaque);
void user_timer_free(void *timer, void *opaque);
void user_timer_set(void *timer, int64_t when, void *opaque);
int64_t user_clock(void *opaque);

#endif
