/* SPDX-License-Identifier: ISC */
#include <errno.h>

#include "port/linux/linux.h"

int
pv_errno(int error)
{
	switch (error) {
	case PV_OK:
		return 0;
#define PV_TO_ERRNO(name, number, text) \
	case PV_##name:                 \
		return name;
		PV_ERRORS(PV_TO_ERRNO)
#undef PV_TO_ERRNO
	}
	return EIO;
}

int
pv_error_of(int errno_value)
{
	switch (errno_value) {
	case 0:
		return PV_OK;
#define PV_OF_ERRNO(name, number, text) \
	case name:                      \
		return PV_##name;
		PV_ERRORS(PV_OF_ERRNO)
#undef PV_OF_ERRNO
	}
	return PV_EIO;
}
