/* SPDX-License-Identifier: ISC */
/* The channels of the integration services: taken when they are offered, opened,
 * and asked for work. */
#include "guest/hyperv/services.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"

struct services {
	struct service *list;
	bool thaw; /* see services_thaw() */
};

/* In the order of their names, as they are printed. */
static const struct service_kind *const kinds[] = { &service_balloon,
	&service_fcopy, &service_heartbeat, &service_kvp, &service_shutdown,
	&service_timesync, &service_vss };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A ring has room for the longest message and another, in any case. */
#define RING_PAGES 9u
_Static_assert((RING_PAGES - 1) * PV_PAGE_SIZE > 2 * HV_IC_PACKET_MAX,
    "two of the longest messages in a ring");

/* An answer that found no room is tried again, though no event tells. */
#define SEND_AGAIN (100 * PV_MILLISECOND)

/* How long detaching waits for disks to thaw. */
#define THAW_MAX (5 * PV_SECOND)

/* ---- Up and down ------------------------------------------------------ */

static int
channel_open(struct service *service)
{
	return vmbus_channel_open(service->channel,
	    &(struct vmbus_open){ .out_pages = RING_PAGES,
		.in_pages = RING_PAGES,
		.packet_max = service->message_room + 64 });
}

static void
down(struct service *service)
{
	if (!service->up)
		return;
	service->up = false;
	service->framework = service->version = 0;
	service->waiting = service->unsent = service->again = false;
	if (service->kind->down != NULL)
		service->kind->down(service);
}

static void
opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct service *service = owner;

	channel->settled = true;
	if (error != PV_OK) {
		hyperv_log(service->hyperv, PV_LOG_ERROR, "%s: %s",
		    service->kind->name, pv_error_text(error));
		return;
	}
	service->up = true;
	service->again = true;
	service->broken = service->disagreed = false;
	if (service->kind->up != NULL)
		service->kind->up(service);
}

static void
service_free(struct service *service)
{
	struct service **link = &service->hyperv->services->list;
	struct pv_bus *bus = service->hyperv->bus;

	down(service);
	while (*link != service)
		link = &(*link)->next;
	*link = service->next;
	if (service->kind->close != NULL)
		service->kind->close(service);
	pv_free(bus, service->message, service->message_room);
	pv_free(bus, service, sizeof(*service));
}

static void
rescinded(void *owner)
{
	struct service *service = owner;
	struct vmbus_channel *channel = service->channel;

	service_free(service);
	vmbus_depart(channel);
}

static void
suspended(void *owner)
{
	down(owner);
}

static void
resumed(void *owner)
{
	struct service *service = owner;
	int error = channel_open(service);

	if (error != PV_OK)
		opened(service, service->channel, error);
}

/* A ring that cannot be believed: the service ends, the bus goes on. */
static void
fail(struct service *service, const char *why)
{
	if (!service->broken)
		hyperv_log(service->hyperv, PV_LOG_ERROR, "%s: %s; out of use",
		    service->kind->name, why);
	service->broken = true;
	down(service);
	vmbus_channel_close(service->channel);
}

/* ---- Offers ----------------------------------------------------------- */

static const struct service_kind *
kind_of(const struct vmbus_channel *channel)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (memcmp(&kinds[i]->type, &channel->offer.type,
			sizeof(kinds[i]->type)) == 0)
			return kinds[i];
	return NULL;
}

static struct service *
service_new(struct hyperv *hyperv, const struct service_kind *kind,
    struct vmbus_channel *channel)
{
	struct service *service = pv_alloc(hyperv->bus, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->hyperv = hyperv;
	service->kind = kind;
	service->channel = channel;
	service->message_room = ic_room(kind);
	service->message = pv_alloc(hyperv->bus, service->message_room);
	if (service->message != NULL &&
	    (kind->open == NULL || kind->open(service) == PV_OK))
		return service;
	if (service->message != NULL)
		pv_free(hyperv->bus, service->message, service->message_room);
	pv_free(hyperv->bus, service, sizeof(*service));
	return NULL;
}

bool
services_offer(struct hyperv *hyperv, struct vmbus_channel *channel)
{
	static const struct vmbus_user user = { .opened = opened,
		.rescinded = rescinded,
		.suspended = suspended,
		.resumed = resumed };
	const struct service_kind *kind = kind_of(channel);
	struct service *service, **link;
	int error;

	if (kind == NULL || hyperv->services == NULL)
		return false;
	for (service = hyperv->services->list; service != NULL;
	     service = service->next)
		if (service->kind == kind) {
			/* one of each is all that there can be */
			hyperv->stats->bad_duplicate++;
			return false;
		}
	service = service_new(hyperv, kind, channel);
	if (service == NULL)
		return false;
	link = &hyperv->services->list;
	while (*link != NULL)
		link = &(*link)->next;
	*link = service;
	vmbus_channel_use(channel, hyperv->device, &user, service);
	error = channel_open(service);
	if (error != PV_OK)
		opened(service, channel, error);
	return true;
}

int
services_open(struct hyperv *hyperv)
{
	hyperv->services = pv_alloc(hyperv->bus, sizeof(*hyperv->services));
	return hyperv->services != NULL ? PV_OK : PV_ENOMEM;
}

/* ---- What outlives a service ------------------------------------------ */

void
services_thaw(struct hyperv *hyperv)
{
	hyperv->services->thaw = true;
}

static void
thaw(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;
	int error;

	if (!hyperv->services->thaw)
		return;
	error = port->freeze(port->ctx, false);
	hyperv->services->thaw = error == PV_EAGAIN;
	if (error != PV_OK && error != PV_EAGAIN)
		hyperv_log(hyperv, PV_LOG_ERROR, "vss: thaw: %s",
		    pv_error_text(error));
}

/* The one place that waits: what is not thawed now never will be. */
static void
thaw_now(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;
	uint64_t until = pv_bus_now(hyperv->bus) + THAW_MAX;

	thaw(hyperv);
	while (hyperv->services->thaw && port->wait != NULL &&
	    pv_bus_now(hyperv->bus) < until) {
		port->wait(port->ctx,
		    pv_bus_now(hyperv->bus) + SEND_AGAIN / 10);
		thaw(hyperv);
	}
}

void
services_close(struct hyperv *hyperv)
{
	if (hyperv->services == NULL)
		return;
	while (hyperv->services->list != NULL) {
		struct vmbus_channel *channel = hyperv->services->list->channel;

		service_free(hyperv->services->list);
		vmbus_channel_close(channel);
	}
	thaw_now(hyperv);
	pv_free(hyperv->bus, hyperv->services, sizeof(*hyperv->services));
	hyperv->services = NULL;
}

/* ---- Work ------------------------------------------------------------- */

/* One that the host did not ask for is dropped when there is no room: OpenVMM
 * never looks at the answers to its time samples. */
void
service_send(struct service *service)
{
	int error = vmbus_send_data(service->channel, service->message_id, 0,
	    service->message, service->message_len);

	service->unsent = error == PV_EAGAIN && service->asked;
	if (error == PV_OK)
		vmbus_kick(service->channel);
	else if (error != PV_EAGAIN)
		fail(service, pv_error_text(error));
}

void
service_answer(struct service *service, uint32_t status, size_t body_len)
{
	if (!service->waiting)
		return;
	service->waiting = false;
	ic_answer(service, status, body_len);
	service_send(service);
	service->again = true;
}

/* True: there may be more. */
static bool
receive(struct service *service, unsigned budget)
{
	while (service->up && !service->waiting && !service->unsent) {
		struct ring_packet packet;
		int result;

		if (budget-- == 0)
			return true;
		result = vmbus_receive(service->channel, &packet);
		if (result == PV_EMSGSIZE)
			continue; /* counted, and skipped */
		if (result < 0) {
			fail(service, pv_error_text(result));
			return false;
		}
		if (result == 0) {
			if (!vmbus_done(service->channel))
				return false;
			continue;
		}
		if (packet.type != HV_PACKET_INBAND) {
			service->hyperv->stats->bad_value++;
			continue;
		}
		service->message_id = packet.id;
		if (service->kind->packet != NULL)
			service->kind->packet(service, packet.data, packet.len);
		else if (ic_take(service, packet.data, packet.len))
			service_send(service);
	}
	/* the host gets its room back, though we are not through */
	if (service->up)
		service->again |= vmbus_done(service->channel);
	return false;
}

static bool
service_poll(struct service *service, unsigned budget)
{
	bool more = false;
	uint64_t now = pv_bus_now(service->hyperv->bus);

	if (service->up && service->unsent) {
		service_send(service);
		service->again |= !service->unsent;
	}
	if (service->kind->poll != NULL)
		more = service->kind->poll(service);
	if (!service->up || service->waiting || service->unsent)
		return more;
	if (vmbus_take(service->channel) ||
	    now >= vmbus_deadline(service->channel))
		service->again = true;
	if (service->again) {
		service->again = false;
		service->again |= receive(service, budget);
	}
	return more || service->again;
}

bool
services_poll(struct hyperv *hyperv, unsigned budget)
{
	struct service *next;
	bool more = false;

	if (hyperv->services == NULL)
		return false;
	if (budget == 0)
		budget = 1;
	thaw(hyperv);
	for (struct service *service = hyperv->services->list; service != NULL;
	     service = next) {
		next = service->next;
		more |= service_poll(service, budget);
	}
	return more;
}

uint64_t
services_deadline(const struct hyperv *hyperv)
{
	uint64_t first = PV_NEVER;

	if (hyperv->services == NULL)
		return first;
	if (hyperv->services->thaw)
		first = pv_bus_now(hyperv->bus) + SEND_AGAIN / 10;
	for (const struct service *service = hyperv->services->list;
	     service != NULL; service = service->next) {
		uint64_t when = PV_NEVER;

		if (service->up && service->unsent)
			when = pv_bus_now(hyperv->bus) + SEND_AGAIN;
		else if (service->up && !service->waiting)
			when = service->again
			    ? 0
			    : vmbus_deadline(service->channel);
		first = when < first ? when : first;
		if (service->kind->deadline != NULL) {
			when = service->kind->deadline(service);
			first = when < first ? when : first;
		}
	}
	return first;
}

void
services_text(const struct hyperv *hyperv, char *to, size_t room)
{
	size_t len = 0;

	to[0] = '\0';
	for (unsigned i = 0; i < KINDS && hyperv->services != NULL; i++)
		for (const struct service *service = hyperv->services->list;
		     service != NULL; service = service->next)
			if (service->kind == kinds[i] && service->up)
				len += pv_format(to + len, room - len, "%s%s",
				    len > 0 ? ", " : "", kinds[i]->name);
}
