/* SPDX-License-Identifier: ISC */
#include "pvbus/error.h"

const char *
pv_error_text(int error)
{
	switch (error) {
	case PV_OK:
		return "done";
#define PV_ERROR_TEXT(name, number, text) \
	case PV_##name:                   \
		return text;
		PV_ERRORS(PV_ERROR_TEXT)
#undef PV_ERROR_TEXT
	}
	return "unknown error";
}
