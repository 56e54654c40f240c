/* SPDX-License-Identifier: ISC */
/* smbios: the OEM strings that the host gives, as keys of the store. */
#include "guest/kvm/fwcfg.h"
#include "guest/kvm/oem.h"

/* QEMU's largest table in use is some 10 KiB; SMBIOS 2 allowed 64 KiB. */
#define TABLE_MAX (1024u * 1024u)

static int
table_of_platform(struct pv_device *device, uint8_t **table, size_t *size)
{
	const struct pv_port *port = pv_bus_port(device->bus);
	long len = port->smbios(port->ctx, NULL, 0);

	if (len < 0)
		return (int)len;
	if (len == 0)
		return PV_ENODEV;
	if (len > (long)TABLE_MAX)
		return PV_EPROTO;
	*size = (size_t)len;
	*table = pv_alloc(device->bus, *size);
	if (*table == NULL)
		return PV_ENOMEM;
	if (port->smbios(port->ctx, *table, *size) == len)
		return PV_OK;
	pv_free(device->bus, *table, *size);
	return PV_EIO;
}

/* Without a platform that has mapped it, the table is a file of fw_cfg: that is
 * where QEMU's firmware takes it from. */
static int
table_of_fwcfg(struct pv_device *device, uint8_t **table, size_t *size)
{
	const struct pv_device *other = pv_bus_devices(device->bus);

	while (other != NULL && other->driver != &pv_fwcfg_driver)
		other = other->next;
	if (other == NULL || other->state != PV_DEVICE_ATTACHED)
		return PV_ENODEV;
	return fwcfg_read_file(other->softc, FWCFG_FILE_SMBIOS, TABLE_MAX,
	    table, size);
}

static void
describe(struct pv_device *device, const struct oem *oem)
{
	pv_device_describe(device, "%u OEM string%s%s%s", oem->strings,
	    oem->strings == 1 ? "" : "s",
	    oem->bad > 0 ? ", of bad ones only the text" : "",
	    oem->cut ? ", the table is cut" : "");
}

static void
smbios_detach(struct pv_device *device)
{
	oem_close(device->softc);
	pv_free(device->bus, device->softc, sizeof(struct oem));
}

static int
publish(struct pv_device *device, struct oem *oem)
{
	long repeated = fwstore_add(device->bus, device->interface, oem->keys,
	    oem->count);

	if (repeated < 0)
		return (int)repeated;
	device->stats.bad_duplicate = (uint64_t)repeated;
	device->stats.bad_text = oem->bad;
	device->stats.bad_length = oem->cut;
	return PV_OK;
}

static int
smbios_attach(struct pv_device *device)
{
	const struct pv_port *port = pv_bus_port(device->bus);
	struct oem *oem;
	uint8_t *table;
	size_t size;
	int error;

	error = port->smbios != NULL ? table_of_platform(device, &table, &size)
				     : table_of_fwcfg(device, &table, &size);
	if (error != PV_OK)
		return error == PV_ENOENT ? PV_ENODEV : error;
	oem = pv_alloc(device->bus, sizeof(*oem));
	if (oem == NULL) {
		pv_free(device->bus, table, size);
		return PV_ENOMEM;
	}
	device->softc = oem;
	error = oem_open(oem, device->bus, table, size);
	if (error == PV_OK && oem->count == 0)
		error = oem->cut ? PV_EPROTO : PV_ENODEV;
	if (error == PV_OK)
		error = publish(device, oem);
	if (error != PV_OK) {
		smbios_detach(device);
		return error;
	}
	describe(device, oem);
	return PV_OK;
}

const struct pv_driver pv_smbios_driver = {
	.name = "smbios",
	.attach = smbios_attach,
	.detach = smbios_detach,
};
