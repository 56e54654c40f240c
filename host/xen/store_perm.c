/* SPDX-License-Identifier: ISC */
/* Who may do what: a letter and a domain each. */
#include <stdio.h>
#include <string.h>

#include "host/xen/store_private.h"

static const char letters[] = { XEN_STORE_PERM_NONE, XEN_STORE_PERM_READ,
	XEN_STORE_PERM_WRITE, XEN_STORE_PERM_BOTH };

unsigned
store_perm_bits(const struct store_conn *conn, const struct store_perm *perms,
    unsigned count)
{
	if (conn->privileged || perms[0].domain == conn->domain)
		return STORE_READ | STORE_WRITE | STORE_OWNER;
	for (unsigned i = 1; i < count; i++)
		if (perms[i].domain == conn->domain)
			return perms[i].bits;
	return perms[0].bits;
}

bool
store_perm_parse(const char *text, struct store_perm *perm)
{
	unsigned domain = 0;
	const char *digit = text + 1;

	perm->bits = 0;
	while (perm->bits < 4 && letters[perm->bits] != text[0])
		perm->bits++;
	if (perm->bits == 4 || *digit == '\0')
		return false;
	for (; *digit != '\0'; digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		domain = domain * 10 + (unsigned)(*digit - '0');
		if (domain > UINT16_MAX)
			return false;
	}
	perm->domain = (uint16_t)domain;
	return true;
}

void
store_perm_print(const struct store_perm *perm, char text[16])
{
	snprintf(text, 16, "%c%u", letters[perm->bits], perm->domain);
}
