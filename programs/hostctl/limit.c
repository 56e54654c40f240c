/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "limit.h"
#include "status.h"

#define OWN_TIMEOUT 10000 /* of a device */
#define SLACK 3000        /* libpvbus gives up after 2000 */
#define NEVER INT64_MAX

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void *
guard(void *argument)
{
	struct limit *l = argument;

	pthread_mutex_lock(&l->lock);
	while (l->at == NEVER || now() < l->at) {
		struct timespec ts;

		if (l->at == NEVER) {
			l->idle = true;
			pthread_cond_wait(&l->changed, &l->lock);
			l->idle = false;
			continue;
		}
		ts.tv_sec = (time_t)(l->at / 1000);
		ts.tv_nsec = (long)(l->at % 1000 * 1000000);
		pthread_cond_timedwait(&l->changed, &l->lock, &ts);
	}
	complain(NULL,
	    "no answer from the device in time"
	    " (is pvbusd stuck or stopped?)");
	_exit(STATUS_AGAIN);
}

void
limit_init(struct limit *l)
{
	pthread_condattr_t attributes;

	l->running = l->idle = false;
	l->at = NEVER;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void
set(struct limit *l, int64_t at)
{
	pthread_mutex_lock(&l->lock);
	l->at = at;
	/* Limits come one after another in time, so a thread that sleeps until
	 * an old one wakes early enough to see the new one. */
	if (l->idle)
		pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

void
limit_start(struct limit *l, unsigned timeout)
{
	pthread_attr_t attributes;
	pthread_t thread;

	set(l, now() + (timeout != 0 ? timeout : OWN_TIMEOUT) + SLACK);
	if (l->running)
		return;
	/* Without the thread all works but this last resort. */
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 65536);
	l->running = pthread_create(&thread, &attributes, guard, l) == 0;
	pthread_attr_destroy(&attributes);
}

void
limit_stop(struct limit *l)
{
	set(l, NEVER);
}
