/* SPDX-License-Identifier: ISC */
/* The life of a back end, and its state as the front end's changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/xen/backend_private.h"

/* Until the driver of domain 0 sees what the toolstack has made, and until the
 * toolstack sees that a device is closed. */
#define PROBE_TIME 50000u
#define RESTART_TIME 1000000u

/* ---- Later ------------------------------------------------------------ */

/* The world cannot be told to forget a call: what it was for may be gone by
 * then. */
struct backend_timer {
	struct backend_timer *next;
	struct backend *backend;
	void (*call)(struct backend *, unsigned);
	unsigned argument;
	const unsigned *era; /* that must not have ended */
	unsigned began;
};

static void
unlink_timer(struct backend_timer *timer)
{
	struct backend_timer **link = &timer->backend->timers;

	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
}

static void
destroy(struct backend *backend)
{
	host_xen_drop_part(backend->xen, &backend->part);
	backend_forget_lies(backend);
	while (backend->timers != NULL) {
		struct backend_timer *timer = backend->timers;

		backend->timers = timer->next;
		free(timer);
	}
	backend->kind->destroy(backend);
}

static void
timer_due(void *argument)
{
	struct backend_timer timer = *(struct backend_timer *)argument;

	unlink_timer(argument);
	free(argument);
	if (timer.backend->dead) {
		if (timer.backend->timers == NULL)
			destroy(timer.backend);
	} else if (timer.began == *timer.era) {
		timer.call(timer.backend, timer.argument);
	}
}

static void
later(struct backend *backend, uint64_t delay,
    void (*call)(struct backend *, unsigned), unsigned argument,
    const unsigned *era)
{
	struct backend_timer *timer = malloc(sizeof(*timer));

	if (timer == NULL)
		abort(); /* a world that loses an event proves nothing */
	*timer = (struct backend_timer){ backend->timers, backend, call,
		argument, era, *era };
	backend->timers = timer;
	backend->world->later(backend->world->ctx, delay, timer_due, timer);
}

void
backend_later(struct backend *backend, uint64_t delay,
    void (*call)(struct backend *, unsigned), unsigned argument)
{
	later(backend, delay, call, argument, &backend->connections);
}

void
backend_disconnect(struct backend *backend)
{
	backend->connections++;
	backend->kind->disconnect(backend);
}

/* ---- States ----------------------------------------------------------- */

void
backend_set_state(struct backend *backend, unsigned state)
{
	backend->state = state;
	if (!backend->gone)
		backend_write(backend, "state", "%u", state);
}

void
backend_force_state(struct backend *backend, unsigned state)
{
	if (state == XEN_BUS_UNKNOWN)
		host_xenstore_remove(backend->store, backend->back);
	else
		backend_write(backend, "state", "%u", state);
}

void
backend_refuse(struct backend *backend, const char *why)
{
	char path[160];

	backend->refusals++;
	snprintf(path, sizeof(path), "/local/domain/0/error/backend/%s/%u/%u",
	    backend->kind->class_name, host_xen_domain(backend->xen),
	    backend->unit);
	host_xenstore_print(backend->store, path, "%s", why);
}

static void
connect(struct backend *backend)
{
	if (backend->kind->connect(backend)) {
		backend_set_state(backend, XEN_BUS_CONNECTED);
		return;
	}
	backend_disconnect(backend);
	backend_set_state(backend, XEN_BUS_CLOSING); /* xenbus_dev_fatal() */
}

void
backend_withdraw(struct backend *backend)
{
	backend->withdrawing = true;
	backend->kind->announce(backend);
	backend->withdrawing = false;
}

static void
wait_for_front(struct backend *backend)
{
	backend->kind->announce(backend);
	backend_set_state(backend, XEN_BUS_INIT_WAIT);
}

static void
vanish(struct backend *backend, unsigned unused)
{
	(void)unused;
	backend->gone = true;
	backend_remove_directories(backend);
}

static void
close_down(struct backend *backend)
{
	backend_disconnect(backend);
	if (backend->gone)
		return;
	if (backend->state != XEN_BUS_CLOSED)
		backend_set_state(backend, XEN_BUS_CLOSED);
	if (backend->removing)
		later(backend, PROBE_TIME, vanish, 0, &backend->lives);
}

static void
front_is(struct backend *backend, unsigned front)
{
	switch (front) {
	case XEN_BUS_INITIALISING:
		if (backend->removing || backend->state == XEN_BUS_INIT_WAIT ||
		    backend->state == XEN_BUS_INITIALISING)
			break;
		backend_disconnect(backend);
		wait_for_front(backend);
		break;
	case XEN_BUS_INITIALISED:
	case XEN_BUS_CONNECTED:
		if (front < backend->kind->connects_at)
			break;
		if (backend->state == XEN_BUS_INIT_WAIT)
			connect(backend);
		else if (backend->state != XEN_BUS_CONNECTED)
			backend->early = true;
		break;
	case XEN_BUS_CLOSING:
		/* What is mapped stays so until the front end is Closed. */
		if (backend->state != XEN_BUS_CLOSED &&
		    backend->state != XEN_BUS_CLOSING)
			backend_set_state(backend, XEN_BUS_CLOSING);
		break;
	case XEN_BUS_CLOSED:
	case XEN_BUS_UNKNOWN:
		close_down(backend);
		break;
	case XEN_BUS_RECONFIGURING:
		if (backend->state == XEN_BUS_CONNECTED &&
		    backend->kind->reconfigure != NULL) {
			backend->kind->reconfigure(backend);
			backend_set_state(backend, XEN_BUS_RECONFIGURED);
			backend->state = XEN_BUS_CONNECTED;
		}
		break;
	}
}

static void
front_changed(void *ctx, const char *path)
{
	struct backend *backend = ctx;
	uint32_t front;

	(void)path;
	if (backend->gone || backend->state == XEN_BUS_INITIALISING)
		return;
	if (!backend_read(backend, "state", &front))
		front = XEN_BUS_UNKNOWN;
	front_is(backend, front);
}

/* ---- Life ------------------------------------------------------------- */

static void
watch_front(struct backend *backend)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/state", backend->front);
	backend->watch = host_xenstore_watch(backend->store, path,
	    front_changed, backend);
}

static void
unwatch_front(struct backend *backend)
{
	if (backend->watch != NULL)
		host_xenstore_unwatch(backend->watch);
	backend->watch = NULL;
}

/* The driver of domain 0 has found the directories. */
static void
probe(struct backend *backend, unsigned unused)
{
	(void)unused;
	wait_for_front(backend);
	watch_front(backend);
}

/* After a restart: only a front end that has moved since is connected to. */
static void
probe_again(struct backend *backend, unsigned unused)
{
	bool early = backend->early;

	(void)unused;
	if (backend->state != XEN_BUS_CLOSED)
		return; /* the front end came first */
	wait_for_front(backend);
	if (early)
		front_changed(backend, NULL);
}

static bool
begin(struct backend *backend)
{
	backend->state = XEN_BUS_INITIALISING;
	backend->gone = backend->removing = backend->early = false;
	if (!backend_make_directories(backend))
		return false;
	later(backend, PROBE_TIME, probe, 0, &backend->lives);
	return true;
}

/* The guest was saved and restored: its directories are new ones, its rings
 * and grants are gone. */
static void
resumed(void *argument)
{
	struct backend *backend = argument;

	backend_disconnect(backend);
	backend->lives++;
	unwatch_front(backend);
	if (backend->dead || backend->gone)
		return;
	host_xenstore_remove(backend->store, backend->back);
	begin(backend);
}

static void
let_go(struct backend *backend)
{
	unwatch_front(backend);
	if (backend->on_resume != NULL)
		host_xen_off_resume(backend->xen, backend->on_resume);
	backend->on_resume = NULL;
}

static void
part_free(void *self)
{
	struct backend *backend = self;

	backend_disconnect(backend);
	let_go(backend);
	destroy(backend);
}

bool
backend_open(struct backend *backend, const struct backend_kind *kind,
    struct host_xen *xen, unsigned unit)
{
	backend->kind = kind;
	backend->xen = xen;
	backend->store = host_xen_store(xen);
	backend->world = host_xen_world(xen);
	backend->unit = unit;
	backend->part = (struct host_part){ .free = part_free,
		.self = backend };
	host_xen_add_part(xen, &backend->part);
	backend->on_resume = host_xen_on_resume(xen, resumed, backend);
	return backend->on_resume != NULL && begin(backend);
}

void
backend_remove(struct backend *backend, bool polite)
{
	if (backend->gone)
		return;
	if (polite) {
		/* as libxl: then it is up to the front end */
		backend->removing = true;
		backend_write(backend, "online", "0");
		backend_set_state(backend, XEN_BUS_CLOSING);
		return;
	}
	backend_disconnect(backend);
	backend->lives++;
	unwatch_front(backend);
	vanish(backend, 0);
}

void
backend_free(struct backend *backend)
{
	backend_remove(backend, false);
	let_go(backend);
	backend->dead = true;
	if (backend->timers == NULL)
		destroy(backend);
}

void
backend_restart(struct backend *backend)
{
	if (backend->gone) {
		begin(backend);
		return;
	}
	backend_disconnect(backend);
	backend->lives++;
	backend_set_state(backend, XEN_BUS_CLOSING);
	backend_set_state(backend, XEN_BUS_CLOSED);
	backend->early = backend->removing = false;
	if (backend->watch == NULL)
		later(backend, RESTART_TIME, probe, 0, &backend->lives);
	else
		later(backend, RESTART_TIME, probe_again, 0, &backend->lives);
}
