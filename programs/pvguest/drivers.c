/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/pvguest.h"

const struct pv_driver *const guest_drivers[] = {
	&pv_pvclock_driver,
	&pv_fwcfg_driver,
	&pv_smbios_driver,
	&pv_xen_driver,
	&pv_xbf_driver,
	&pv_xnf_driver,
	&pv_hyperv_driver,
	&pv_hvs_driver,
	&pv_sd_driver,
	&pv_cd_driver,
	&pv_hvn_driver,
	&pv_vmt_driver,
	&pv_vmmci_driver,
	NULL,
};
