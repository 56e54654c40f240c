/* SPDX-License-Identifier: ISC */
/*
 * The end of hostctl's patience.
 *
 * pvbusd keeps the time of each request, and libpvbus that of its socket.  But
 * a request through CUSE to a daemon that is stopped returns for nothing except
 * the end of the process: the kernel holds it through every signal that has a
 * handler.  So a second thread watches the clock and ends the process; that
 * gives the message and the exit status that alarm(3) could not.
 */
#ifndef HOSTCTL_LIMIT_H
#define HOSTCTL_LIMIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct limit {
	bool running;
	bool idle; /* the thread sleeps without end */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t at; /* of the monotonic clock, in milliseconds */
};

/* It must last as long as the process does. */
void limit_init(struct limit *);
/* From now on, a little longer than a request of `timeout` may take; 0: the
 * device's own time.  The process ends with STATUS_AGAIN. */
void limit_start(struct limit *, unsigned timeout);
void limit_stop(struct limit *);

#endif
