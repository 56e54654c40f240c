/* SPDX-License-Identifier: ISC */
/* Texts of XenStore: names of errors, numbers, paths. */
#include "guest/bus/libc.h"
#include "guest/xen/xs.h"

/* One meaning on every store: the table of pvbus_ioctl(4). */
static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "EINVAL", PV_EINVAL },
	{ "EACCES", PV_EACCES },
	{ "EEXIST", PV_EBUSY },
	{ "EISDIR", PV_EINVAL },
	{ "ENOENT", PV_ENOENT },
	{ "ENOMEM", PV_ENOMEM },
	{ "ENOSPC", PV_ENOMEM }, /* a quota */
	{ "EQUOTA", PV_ENOMEM }, /* the same, by oxenstored */
	{ "EIO", PV_EIO },
	{ "ENOTEMPTY", PV_EBUSY },
	{ "ENOSYS", PV_ENOTSUP },
	{ "EROFS", PV_EROFS },
	{ "EBUSY", PV_EBUSY },
	{ "EAGAIN", PV_EAGAIN },
	{ "EISCONN", PV_EBUSY },
	{ "E2BIG", PV_EMSGSIZE },
	{ "EPERM", PV_EACCES },
};

int
xs_error(struct xs *xs, const char *name, size_t length)
{
	if (length > 0 && name[length - 1] == '\0')
		length--;
	else
		xs->stats->bad_text++;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strlen(errors[i].name) == length &&
		    memcmp(errors[i].name, name, length) == 0)
			return errors[i].error;
	xs->stats->bad_text++;
	return PV_EIO;
}

bool
xs_number(const char *text, size_t length, uint64_t limit, uint64_t *out)
{
	uint64_t value = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		if (digit > 9 || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + digit;
		if (value > limit)
			return false;
	}
	*out = value;
	return true;
}

/* In steps of 16 bits: a 32-bit compiler calls a library to divide more. */
size_t
xs_decimal(char to[21], uint64_t value)
{
	char digits[20];
	size_t count = 0, length = 0;

	do {
		uint32_t rest = 0;
		uint64_t quotient = 0;

		for (int shift = 48; shift >= 0; shift -= 16) {
			rest = rest << 16 | (uint32_t)(value >> shift & 0xffff);
			quotient |= (uint64_t)(rest / 10) << shift;
			rest %= 10;
		}
		digits[count++] = (char)('0' + rest);
		value = quotient;
	} while (value != 0);
	while (count > 0)
		to[length++] = digits[--count];
	to[length] = '\0';
	return length;
}

static bool
in_alphabet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '@';
}

bool
xs_name_ok(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!in_alphabet(name[i]))
			return false;
	return length > 0;
}

bool
xs_path_ok(const char *path, size_t length)
{
	size_t max = length > 0 && path[0] == '/' ? XEN_STORE_ABS_PATH_MAX
						  : XEN_STORE_REL_PATH_MAX;
	bool name = true; /* a slash may begin a path */

	if (length == 1 && path[0] == '/')
		return true;
	for (size_t i = 0; i < length && i <= max; i++) {
		if (path[i] == '/' && !name)
			return false;
		if (path[i] != '/' && !in_alphabet(path[i]))
			return false;
		name = path[i] != '/';
	}
	return name && length > 0 && length <= max;
}
