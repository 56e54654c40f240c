/* SPDX-License-Identifier: ISC */
/* Values of guestinfo and what hosts say of them; nothing here asks a host. */
#include "guest/bus/libc.h"
#include "guest/kvm/base64.h"
#include "guest/vmware/guestinfo.h"
#include "wire/vmware/guestrpc.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
same(const char *bytes, size_t len, const char *text)
{
	if (len != strlen(text))
		return false;
	for (size_t i = 0; i < len; i++)
		if (lower(bytes[i]) != lower(text[i]))
			return false;
	return true;
}

static bool
has(const char *bytes, size_t len, const char *text)
{
	size_t need = strlen(text);

	for (size_t i = 0; need <= len && i <= len - need; i++)
		if (same(bytes + i, need, text))
			return true;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

enum guestinfo_encoding
guestinfo_encoding(const char *name, size_t len)
{
	while (len > 0 && is_space(name[len - 1]))
		len--;
	if (len == 0)
		return GUESTINFO_PLAIN;
	if (same(name, len, "base64") || same(name, len, "b64"))
		return GUESTINFO_BASE64;
	if (same(name, len, "gzip+base64") || same(name, len, "gz+b64"))
		return GUESTINFO_GZIP_BASE64;
	return GUESTINFO_UNKNOWN;
}

bool
guestinfo_is_tombstone(const char *value, size_t len)
{
	return same(value, len, GUESTINFO_TOMBSTONE);
}

/*
 * The words are the host's own, for people; those that programs compare with
 * are "No value found" and "Permission denied".  The others differ from host to
 * host, so what counts is what they speak of.
 */
int
guestinfo_refusal(const char *text, size_t len)
{
	static const char *const limits[] = { "too long", "too large",
		"too big", "limit", "exceed", "no space" };

	if (has(text, len, VMWARE_NO_VALUE))
		return PV_ENOENT;
	if (has(text, len, VMWARE_DENIED) || has(text, len, VMWARE_DISABLED))
		return PV_EACCES;
	if (has(text, len, VMWARE_UNKNOWN))
		return PV_ENOTSUP;
	if (has(text, len, VMWARE_TWO_ARGUMENTS))
		return PV_EINVAL;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (has(text, len, limits[i]))
			return PV_EMSGSIZE;
	return PV_EIO;
}

long
guestinfo_base64(char *text, size_t len)
{
	size_t used = 0, size;

	for (size_t i = 0; i < len; i++)
		if (!is_space(text[i]))
			text[used++] = text[i];
	if (!base64_decode(text, used, (uint8_t *)text, &size))
		return PV_EPROTO;
	return (long)size;
}

size_t
guestinfo_base64_len(size_t size)
{
	return (size + 2) / 3 * 4;
}

void
guestinfo_to_base64(const uint8_t *from, size_t size, char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t at = 0; at < size; at += 3) {
		size_t have = size - at < 3 ? size - at : 3;
		uint32_t bits = (uint32_t)from[at] << 16;

		if (have > 1)
			bits |= (uint32_t)from[at + 1] << 8;
		if (have > 2)
			bits |= from[at + 2];
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63u];
		*to++ = have > 1 ? digits[bits >> 6 & 63u] : '=';
		*to++ = have > 2 ? digits[bits & 63u] : '=';
	}
}

/* Measured before it is written: without room for all of it nothing of the
 * caller's is touched. */
int
guestinfo_give_packed(struct pv_kv *kv, struct inflate *inflate,
    const void *bytes, size_t size)
{
	bool partial = kv->flags & PV_KV_PARTIAL;
	int error;

	inflate->in = bytes;
	inflate->size = size;
	inflate->limit = GUESTINFO_DECODED_MAX;
	inflate->from = 0;
	inflate->to = kv->value;
	inflate->room = 0;
	error = inflate_gzip(inflate);
	if (error != PV_OK)
		return error;
	kv->actual = inflate->total;
	if (!partial && inflate->total > kv->room)
		return PV_ERANGE;
	inflate->from = partial ? kv->offset : 0;
	inflate->room = kv->room;
	error = inflate_gzip(inflate);
	if (error == PV_OK)
		kv->len = inflate->len;
	return error;
}
