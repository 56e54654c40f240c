/* SPDX-License-Identifier: ISC */
/* The host's time, in four registers. */
#include "guest/vmm/vmmci.h"

/* A second can end between two words; three in a row cannot. */
#define TRIES 3u
/* What a signed number of nanoseconds can say: until the year 2262. */
#define SECONDS_END ((uint64_t)INT64_MAX / PV_SECOND)
#define MICROSECONDS 1000000u

static int
read_words(struct vmmci *vmmci, unsigned offset, uint64_t *value)
{
	uint32_t low, high;
	int error = pci_bar_read(&vmmci->bar, offset, 4, &low);

	if (error == PV_OK)
		error = pci_bar_read(&vmmci->bar, offset + 4, 4, &high);
	if (error == PV_OK)
		*value = (uint64_t)high << 32 | low;
	return error;
}

/* vmd keeps the microseconds of when the seconds were read; whoever does not
 * shows it by another second afterwards. */
static int
read_time(struct vmmci *vmmci, uint64_t *wall, uint64_t *at)
{
	uint64_t seconds, microseconds, again;
	int error;

	for (unsigned i = 0; i < TRIES; i++) {
		*at = pv_bus_now(vmmci->device->bus);
		error = read_words(vmmci, VMMCI_SECONDS, &seconds);
		if (error == PV_OK)
			error = read_words(vmmci, VMMCI_MICROSECONDS,
			    &microseconds);
		if (error == PV_OK)
			error = read_words(vmmci, VMMCI_SECONDS, &again);
		if (error != PV_OK)
			return error;
		if (again != seconds)
			continue;
		if (seconds == 0 || seconds >= SECONDS_END ||
		    microseconds >= MICROSECONDS)
			break;
		*wall = seconds * PV_SECOND + microseconds * 1000;
		return PV_OK;
	}
	vmmci->stats->bad_value++;
	return PV_EPROTO;
}

int
vmmci_tell_time(struct vmmci *vmmci, enum pv_time kind)
{
	uint64_t wall, at;
	int error;

	if ((vmmci->features & VMMCI_FEATURE_TIMESYNC) == 0)
		return PV_ENOTSUP;
	error = read_time(vmmci, &wall, &at);
	return error != PV_OK
	    ? error
	    : vmmci->port->time(vmmci->port->ctx, kind, wall, at);
}
