/* SPDX-License-Identifier: ISC */
/*
 * What the host asks the guest for, in control/shutdown and control/sysrq
 * (docs/misc/xenstore-paths.pandoc of Xen).  A request is taken by writing "",
 * in the transaction that reads it, as the host may take it back.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xenbus_private.h"

static const char shutdown_path[] = "control/shutdown";
static const char sysrq_path[] = "control/sysrq";

static const struct {
	const char *name;
	enum pv_request request;
} requests[] = {
	{ "poweroff", PV_REQUEST_SHUTDOWN },
	{ "halt", PV_REQUEST_SHUTDOWN },
	{ "reboot", PV_REQUEST_REBOOT },
	{ "suspend", PV_REQUEST_SUSPEND },
	{ "crash", PV_REQUEST_CRASH },
};

/* XenServer's toolstack asks only guests that have announced it. */
static const char *const features[] = { "control/feature-poweroff",
	"control/feature-reboot", "control/feature-suspend" };

#define FEATURES (sizeof(features) / sizeof(features[0]))
_Static_assert(FEATURES <= sizeof(((struct xenbus_control *)NULL)->features) /
	    sizeof(struct xs_request),
    "requests for all features");

static bool
same(const char *a, const char *b)
{
	size_t length = strlen(a);

	return strlen(b) == length && memcmp(a, b, length) == 0;
}

/* ---- Announce --------------------------------------------------------- */

static void
announced(struct xs_request *request)
{
	struct xenbus *bus = request->owner;
	size_t index = (size_t)(request - bus->control.features);

	if (request->error != PV_OK)
		xen_log(bus->xen, PV_LOG_DEBUG, "XenStore: %s: %s",
		    features[index], pv_error_text(request->error));
}

static void
announce(struct xenbus *bus)
{
	static const char yes[] = "1";

	if (bus->xen->port->request == NULL)
		return;
	for (size_t i = 0; i < FEATURES; i++) {
		struct xs_request *request = &bus->control.features[i];

		xs_cancel(xenbus_xs(bus), request);
		*request = (struct xs_request){
			.type = XEN_STORE_WRITE,
			.parts = { { features[i], strlen(features[i]) + 1 },
			    { yes, 1 } },
			.done = announced,
			.owner = bus,
		};
		(void)xs_submit(xenbus_xs(bus), request);
	}
}

/* ---- Take a request --------------------------------------------------- */

static void
act(struct xenbus *bus)
{
	const char *value = bus->control.value;

	if (bus->control.sysrq_turn) {
		xen_log(bus->xen, PV_LOG_INFO,
		    "the host sends the system request '%c'", value[0]);
		return;
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (same(value, requests[i].name)) {
			(void)pv_device_request(bus->xen->device,
			    requests[i].request, NULL);
			return;
		}
	bus->xen->stats->bad_value++;
	xen_log(bus->xen, PV_LOG_ERROR, "the host asks for \"%s\"; ignored",
	    value);
}

static void next(struct xenbus *);

static void
taken(struct xs_transaction *transaction)
{
	struct xenbus *bus = transaction->owner;

	bus->control.busy = false;
	if (transaction->error != PV_OK)
		xen_log(bus->xen, PV_LOG_ERROR, "XenStore: %s: %s",
		    bus->control.sysrq_turn ? sysrq_path : shutdown_path,
		    pv_error_text(transaction->error));
	else if (bus->control.value[0] != '\0')
		act(bus);
	next(bus);
}

static void
cleared(struct xs_request *request)
{
	struct xenbus *bus = request->owner;

	xs_transaction_end(&bus->control.transaction, request->error);
}

static void
read_done(struct xs_request *request)
{
	struct xenbus *bus = request->owner;
	struct xenbus_control *control = &bus->control;
	size_t length = request->length;
	int error = request->error;

	if (error == PV_OK && length > 0) {
		if (length >= sizeof(control->value)) {
			bus->xen->stats->bad_length++;
			length = sizeof(control->value) - 1;
		}
		memcpy(control->value, request->reply, length);
		/* a NUL in front is no request, and yet to be cleared */
		if (control->value[0] == '\0')
			control->value[0] = '?';
		control->value[length] = '\0';
		control->clear = (struct xs_request){
			.type = XEN_STORE_WRITE,
			.transaction = control->transaction.id,
			.parts = { control->read.parts[0] },
			.done = cleared,
			.owner = bus,
		};
		error = xs_submit(xenbus_xs(bus), &control->clear);
		if (error == PV_OK)
			return;
	}
	xs_transaction_end(&control->transaction,
	    error == PV_ENOENT ? PV_OK : error);
}

static void
body(struct xs_transaction *transaction)
{
	struct xenbus *bus = transaction->owner;
	struct xenbus_control *control = &bus->control;
	const char *path = control->sysrq_turn ? sysrq_path : shutdown_path;
	int error;

	control->value[0] = '\0';
	control->read = (struct xs_request){
		.type = XEN_STORE_READ,
		.transaction = transaction->id,
		.parts = { { path, strlen(path) + 1 } },
		.done = read_done,
		.owner = bus,
	};
	error = xs_submit(xenbus_xs(bus), &control->read);
	if (error != PV_OK)
		xs_transaction_end(transaction, error);
}

static void
next(struct xenbus *bus)
{
	struct xenbus_control *control = &bus->control;

	if (control->busy ||
	    (!control->shutdown_event && !control->sysrq_event))
		return;
	control->busy = true;
	control->sysrq_turn = !control->shutdown_event;
	if (control->sysrq_turn)
		control->sysrq_event = false;
	else
		control->shutdown_event = false;
	control->transaction = (struct xs_transaction){
		.body = body,
		.done = taken,
		.owner = bus,
	};
	xs_transaction_start(xenbus_xs(bus), &control->transaction);
}

static void
shutdown_event(struct xs_watch *watch)
{
	struct xenbus *bus = watch->owner;

	bus->control.shutdown_event = true;
	next(bus);
}

static void
sysrq_event(struct xs_watch *watch)
{
	struct xenbus *bus = watch->owner;

	bus->control.sysrq_event = true;
	next(bus);
}

/* ---- Open and close --------------------------------------------------- */

static void
failed(struct xs_watch *watch, int error)
{
	struct xenbus *bus = watch->owner;

	xen_log(bus->xen, PV_LOG_ERROR, "XenStore: watch of %s: %s",
	    watch == &bus->control.sysrq ? sysrq_path : shutdown_path,
	    pv_error_text(error));
}

static void
watch(struct xenbus *bus, struct xs_watch *to, const char *path,
    void (*event)(struct xs_watch *))
{
	int error;

	*to =
	    (struct xs_watch){ .event = event, .failed = failed, .owner = bus };
	error = xs_watch_add(xenbus_xs(bus), to, path, strlen(path));
	if (error != PV_OK)
		failed(to, error);
}

void
xenbus_control_open(struct xenbus *bus)
{
	announce(bus);
	watch(bus, &bus->control.shutdown, shutdown_path, shutdown_event);
	watch(bus, &bus->control.sysrq, sysrq_path, sysrq_event);
}

void
xenbus_control_close(struct xenbus *bus)
{
	struct xenbus_control *control = &bus->control;
	struct xs *xs = xenbus_xs(bus);

	xs_cancel(xs, &control->read);
	xs_cancel(xs, &control->clear);
	xs_transaction_cancel(&control->transaction);
	for (size_t i = 0; i < FEATURES; i++)
		xs_cancel(xs, &control->features[i]);
	xs_watch_remove(xs, &control->shutdown);
	xs_watch_remove(xs, &control->sysrq);
}

/* The directory is another one; the watches have been set again. */
void
xenbus_control_resume(struct xenbus *bus)
{
	if (bus->xen->privileged)
		announce(bus);
}
