/* SPDX-License-Identifier: ISC */
/*
 * A driver that does nothing but use its channels and write down what it is
 * told, and a device of the host that does nothing at all: for tests of what is
 * between them.
 */
#ifndef TESTS_SUPPORT_HYPERV_USER_H
#define TESTS_SUPPORT_HYPERV_USER_H

#include "tests/support/hyperv.h"

#define USERS 8
#define USER_SUBS 8

struct user {
	struct pv_device *device; /* NULL: detached */
	struct vmbus_channel *channel;
	struct vmbus_channel *sub[USER_SUBS];
	unsigned subs;
	unsigned attached, detached;
	unsigned opened, failed; /* ends of opens, of subs too */
	int error;
	unsigned rescinded, suspended, resumed;
};

/* What the next that are attached do. */
struct user_manners {
	bool no_open;   /* the channel stays closed */
	bool stay;      /* no vmbus_depart() when it is rescinded */
	bool no_subs;   /* they are not opened */
	bool unsettled; /* never says that it is settled */
	bool ask_subs;  /* the host has been asked for some (by the test) */
	int refuse;     /* attach ends so */
};

/* In the order in which they were attached; one that is detached keeps its
 * place. */
extern struct user users[USERS];
extern unsigned user_count;
extern struct user_manners user_manners;
/* "hvn" and hyperv0 */
extern const struct pv_driver *const user_drivers[];

/* Forget all, at the beginning of a test. */
void users_reset(void);
/* Open it, small; as its driver does. */
int user_open(struct user *, struct vmbus_channel *);

/* A device of the class of networks, which opens and is silent. */
struct host_vmbus_device *user_host(struct partition *);
/* The same of a class, and perhaps of one instance. */
struct host_vmbus_device *user_host_of(struct partition *,
    const struct hv_guid *type, const struct hv_guid *instance);
/* Of the host's devices: how often each thing happened. */
extern struct user_host_counts {
	unsigned opened, closed, freed;
	bool refuse; /* an open */
} user_host_counts;

#endif
