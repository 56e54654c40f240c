/* SPDX-License-Identifier: ISC */
/*
 * Volume snapshots: the host has the disks written and held still while it
 * copies them.  A guest that is never let go again is worse than a copy that
 * failed, so what was frozen thaws when the host has had its time, and when
 * the host, or the driver, goes.
 */
#include "wire/hyperv/vss.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/services.h"

/* From freeze to thaw: Windows gives its own writers a minute (VSS_E_HOLD_WRITES
 * and the timeouts of IVssBackupComponents::DoSnapshotSet). */
#define FROZEN_MAX (60 * PV_SECOND)
/* Ask again how far it is, though no event tells. */
#define STEP (10 * PV_MILLISECOND)
/* Thawing failed: again. */
#define AGAIN (1 * PV_SECOND)

#define AS_NUMBER(major, minor) IC_VERSION(major, minor),
static const uint32_t versions[] = { HV_VSS_VERSIONS(AS_NUMBER) };
#undef AS_NUMBER

struct vss {
	enum {
		IDLE,
		FREEZING,
		FROZEN,
		THAWING
	} state;
	bool asked; /* the host waits for the answer */
	uint32_t status;
	uint64_t until, step;
	bool failed; /* to thaw, and the line was printed */
};

static int
freeze(const struct service *service, bool frozen)
{
	const struct pv_port *port = service->hyperv->port;

	return port->freeze(port->ctx, frozen);
}

static void
reply(struct service *service, uint32_t status)
{
	struct vss *vss = service->softc;

	if (!vss->asked)
		return;
	vss->asked = false;
	service_answer(service, status, sizeof(struct hv_vss));
}

static void
thaw(struct service *service, uint32_t status)
{
	struct vss *vss = service->softc;

	vss->state = THAWING;
	vss->status = status;
	vss->step = 0;
}

static void
step(struct service *service)
{
	struct vss *vss = service->softc;
	uint64_t now = pv_bus_now(service->hyperv->bus);
	int error;

	if ((vss->state == FREEZING || vss->state == FROZEN) &&
	    now >= vss->until) {
		hyperv_log(service->hyperv, PV_LOG_ERROR,
		    "vss: the host has not let the disks go; they thaw");
		thaw(service, HV_IC_STATUS_FAIL);
	}
	if ((vss->state != FREEZING && vss->state != THAWING) ||
	    now < vss->step)
		return;
	error = freeze(service, vss->state == FREEZING);
	vss->step = now + STEP;
	if (error == PV_EAGAIN)
		return;
	if (vss->state == FREEZING) {
		vss->state = error == PV_OK ? FROZEN : IDLE;
		reply(service,
		    error == PV_OK ? HV_IC_STATUS_OK : HV_IC_STATUS_FAIL);
		return;
	}
	if (error == PV_OK) {
		vss->state = IDLE;
		vss->failed = false;
		reply(service, vss->status);
		return;
	}
	if (!vss->failed)
		hyperv_log(service->hyperv, PV_LOG_ERROR, "vss: thaw: %s",
		    pv_error_text(error));
	vss->failed = true;
	vss->step = now + AGAIN;
	reply(service, HV_IC_STATUS_FAIL);
}

/* ---- Requests --------------------------------------------------------- */

/* The state has been set; what is done at once is answered at once. */
static void
later(struct service *service, struct ic_message *message)
{
	struct vss *vss = service->softc;

	message->later = true;
	vss->asked = true;
	vss->step = 0;
}

static void
freeze_requested(struct service *service, struct ic_message *message)
{
	struct vss *vss = service->softc;

	if (service->hyperv->port->freeze == NULL) {
		message->status = HV_IC_STATUS_FAIL;
		return;
	}
	if (vss->state != IDLE) {
		service->hyperv->stats->bad_state++;
		message->status = HV_IC_STATUS_FAIL;
		return;
	}
	vss->state = FREEZING;
	vss->until = pv_bus_now(service->hyperv->bus) + FROZEN_MAX;
	later(service, message);
}

/* One that comes too late must not say that the copy is good. */
static void
thaw_requested(struct service *service, struct ic_message *message)
{
	struct vss *vss = service->softc;

	if (vss->state != FROZEN) {
		service->hyperv->stats->bad_state++;
		message->status = HV_IC_STATUS_FAIL;
		return;
	}
	thaw(service, HV_IC_STATUS_OK);
	later(service, message);
}

static void
set_flags(struct service *service, struct ic_message *message, uint32_t flags)
{
	if (message->len < sizeof(struct hv_vss)) {
		service->hyperv->stats->bad_length++;
		message->status = HV_IC_STATUS_INVALID;
		return;
	}
	memcpy(message->body + offsetof(struct hv_vss, flags), &flags,
	    sizeof(flags));
}

static void
request(struct service *service, struct ic_message *message)
{
	switch (message->body[0]) {
	case HV_VSS_HOT_BACKUP:
		/* yes, if there is somebody to hold the disks still */
		if (service->hyperv->port->freeze == NULL)
			message->status = HV_IC_STATUS_FAIL;
		else
			set_flags(service, message,
			    HV_VSS_FLAG_NO_AUTO_RECOVERY);
		break;
	case HV_VSS_GET_DEVICES:
		set_flags(service, message, 0);
		break;
	case HV_VSS_FREEZE:
		freeze_requested(service, message);
		break;
	case HV_VSS_THAW:
		thaw_requested(service, message);
		break;
	case HV_VSS_CREATE:
	case HV_VSS_DELETE:
	case HV_VSS_COMPLETE:
	case HV_VSS_AUTO_RECOVER:
	case HV_VSS_QUERY_CLUSTER:
		break; /* told, and nothing to be done: as Linux has it */
	default:
		service->hyperv->stats->bad_value++;
		message->status = HV_IC_STATUS_NOT_SUPPORTED;
	}
}

/* ---- The service ------------------------------------------------------ */

static bool
poll(struct service *service)
{
	step(service);
	return false;
}

static uint64_t
deadline(const struct service *service)
{
	const struct vss *vss = service->softc;

	switch (vss->state) {
	case FREEZING:
	case THAWING:
		return vss->step;
	case FROZEN:
		return vss->until;
	default:
		return PV_NEVER;
	}
}

static void
down(struct service *service)
{
	struct vss *vss = service->softc;

	vss->asked = false;
	if (vss->state != FREEZING && vss->state != FROZEN)
		return;
	thaw(service, HV_IC_STATUS_FAIL);
	step(service);
}

static int
open(struct service *service)
{
	service->softc = pv_alloc(service->hyperv->bus, sizeof(struct vss));
	return service->softc != NULL ? PV_OK : PV_ENOMEM;
}

static void
close(struct service *service)
{
	struct vss *vss = service->softc;

	if (vss->state == THAWING)
		services_thaw(service->hyperv);
	pv_free(service->hyperv->bus, vss, sizeof(*vss));
}

const struct service_kind service_vss = {
	.name = "vss",
	.type = HV_GUID_VSS,
	.message_type = HV_IC_VSS,
	.versions = versions,
	.version_count = sizeof(versions) / sizeof(versions[0]),
	.body_min = sizeof(struct hv_vss_header),
	.body_max = HV_VSS_MAX,
	.open = open,
	.close = close,
	.down = down,
	.request = request,
	.poll = poll,
	.deadline = deadline,
};
