/* SPDX-License-Identifier: ISC */
#include "guest/kvm/oem.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/kvm/base64.h"
#include "guest/kvm/smbios.h"
#include "wire/smbios.h"

#define PREFIX "oem/"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define NUMBER_SIZE 16 /* "oem/" and ten digits */

/* Calls `take` for each OEM string.  False: the table is cut. */
static bool
each_string(struct oem *oem,
    void (*take)(struct oem *, const char *text, size_t len))
{
	struct smbios_structure structure;
	size_t at = 0, len;
	const char *text;

	while (smbios_next(oem->table, oem->table_size, &at, &structure)) {
		unsigned count;

		if (structure.type != SMBIOS_TYPE_OEM_STRINGS ||
		    structure.formatted_len <= SMBIOS_OEM_COUNT)
			continue;
		count = structure.formatted[SMBIOS_OEM_COUNT];
		for (unsigned i = 1; i <= count; i++) {
			text = smbios_string(&structure, i, &len);
			if (text == NULL)
				break;
			take(oem, text, len);
		}
	}
	return at == oem->table_size;
}

static bool
starts(const char *text, size_t len, const char *with)
{
	size_t size = strlen(with);

	return len >= size && memcmp(text, with, size) == 0;
}

/* Length of NAME in NAME=VALUE when it can be a key, else 0. */
static size_t
name_length(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '=')
			return i;
		if (c < 0x20 || c == 0x7f)
			return 0;
	}
	return 0;
}

/* First pass: how much there is. */
static void
measure(struct oem *oem, const char *text, size_t len)
{
	size_t name = name_length(text, len);

	oem->strings++;
	oem->count++;
	oem->text_size += NUMBER_SIZE;
	if (name == 0)
		return;
	oem->count++;
	oem->text_size += PREFIX_LEN + name;
	if (starts(text, len, SMBIOS_CREDENTIAL_BINARY))
		oem->text_size += (len / 4 + 1) * 3;
}

static void
add(struct oem *oem, const char *name, size_t len, struct oem_value value)
{
	oem->values[oem->count] = value;
	oem->keys[oem->count] = (struct fw_key){
		.name = name,
		.len = len,
		.source = &oem->source,
		.id = (uint32_t)oem->count,
	};
	oem->count++;
}

static struct oem_value
decode(struct oem *oem, const char *text, size_t len)
{
	uint8_t *to = (uint8_t *)oem->text + oem->text_size;
	size_t size;

	if (!base64_decode(text, len, to, &size)) {
		oem->bad++;
		return (struct oem_value){ 0 };
	}
	oem->text_size += size;
	return (struct oem_value){ to, size };
}

/* Second pass: the keys.  Numbers come first, so that they win over a NAME
 * that is a number. */
static void
take_number(struct oem *oem, const char *text, size_t len)
{
	char *name = oem->text + oem->text_size;
	size_t size = pv_format(name, NUMBER_SIZE, PREFIX "%u", ++oem->strings);

	oem->text_size += NUMBER_SIZE;
	add(oem, name, size, (struct oem_value){ (const uint8_t *)text, len });
}

static void
take_name(struct oem *oem, const char *text, size_t len)
{
	size_t name_len = name_length(text, len);
	const char *value = text + name_len + 1;
	size_t value_len = len - name_len - 1;
	char *name = oem->text + oem->text_size;

	if (name_len == 0)
		return;
	memcpy(name, PREFIX, PREFIX_LEN);
	memcpy(name + PREFIX_LEN, text, name_len);
	oem->text_size += PREFIX_LEN + name_len;
	add(oem, name, PREFIX_LEN + name_len,
	    starts(text, len, SMBIOS_CREDENTIAL_BINARY)
		? decode(oem, value, value_len)
		: (struct oem_value){ (const uint8_t *)value, value_len });
}

static void
oem_read(struct fw_source *source, uint32_t id, struct pv_kv *kv)
{
	const struct oem_value *value = &((struct oem *)source)->values[id];

	kv->constant = true;
	if (value->bytes == NULL)
		pv_kv_done(kv->bus, kv, PV_EPROTO);
	else
		fw_read_bytes(kv, value->bytes, value->len);
}

/* What the first pass counted, to be freed by the same numbers. */
struct sizes {
	size_t keys, values, text;
};

static struct sizes
sizes(const struct oem *oem)
{
	return (struct sizes){ oem->allocated * sizeof(struct fw_key),
		oem->allocated * sizeof(struct oem_value),
		oem->text_allocated };
}

void
oem_close(struct oem *oem)
{
	struct sizes size = sizes(oem);

	pv_free(oem->bus, oem->keys, size.keys);
	pv_free(oem->bus, oem->values, size.values);
	pv_free(oem->bus, oem->text, size.text);
	pv_free(oem->bus, oem->table, oem->table_size);
}

int
oem_open(struct oem *oem, const struct pv_bus *bus, uint8_t *table, size_t size)
{
	struct sizes need;

	*oem = (struct oem){ .source = { .read = oem_read },
		.bus = bus,
		.table = table,
		.table_size = size };
	oem->cut = !each_string(oem, measure);
	if (oem->count == 0)
		return PV_OK;
	oem->allocated = oem->count;
	oem->text_allocated = oem->text_size;
	need = sizes(oem);
	oem->keys = pv_alloc(bus, need.keys);
	oem->values = pv_alloc(bus, need.values);
	oem->text = pv_alloc(bus, need.text);
	if (oem->keys == NULL || oem->values == NULL || oem->text == NULL)
		return PV_ENOMEM;
	oem->count = oem->text_size = oem->strings = 0;
	each_string(oem, take_number);
	each_string(oem, take_name);
	return PV_OK;
}
