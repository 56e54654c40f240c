/* SPDX-License-Identifier: ISC */
/* Answers of SCSI. */
#include "guest/hyperv/scsi.h"
#include "guest/bus/libc.h"
#include "wire/endian.h"

#define BLOCK_MIN 512u
#define BLOCK_MAX 4096u

/* ---- Sense ------------------------------------------------------------ */

struct scsi_sense
scsi_parse_sense(const void *sense, size_t len)
{
	const uint8_t *bytes = sense;
	struct scsi_sense out = { 0 };
	unsigned code;

	if (len == 0)
		return out;
	code = bytes[SCSI_SENSE_CODE] & SCSI_SENSE_CODE_MASK;
	out.deferred = code == SCSI_SENSE_FIXED_DEFERRED ||
	    code == SCSI_SENSE_DESCRIPTOR_DEFERRED;
	switch (code) {
	case SCSI_SENSE_FIXED:
	case SCSI_SENSE_FIXED_DEFERRED:
		if (len <= SCSI_FIXED_KEY)
			return out;
		out.key = bytes[SCSI_FIXED_KEY] & SCSI_SENSE_KEY_MASK;
		/* a short one has a key only */
		if (len > SCSI_FIXED_ASCQ &&
		    bytes[SCSI_FIXED_ADDITIONAL] >=
			SCSI_FIXED_ASCQ - SCSI_FIXED_ADDITIONAL)
			out.asc = get_be16(bytes + SCSI_FIXED_ASC);
		break;
	case SCSI_SENSE_DESCRIPTOR:
	case SCSI_SENSE_DESCRIPTOR_DEFERRED:
		if (len <= SCSI_DESCRIPTOR_ASCQ)
			return out;
		out.key = bytes[SCSI_DESCRIPTOR_KEY] & SCSI_SENSE_KEY_MASK;
		out.asc = get_be16(bytes + SCSI_DESCRIPTOR_ASC);
		break;
	default:
		return out;
	}
	out.valid = true;
	return out;
}

/* ---- INQUIRY ---------------------------------------------------------- */

/* Blanks at the end are padding; what is not printable is not shown. */
static void
text(char *to, const uint8_t *from, size_t len)
{
	while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == 0))
		len--;
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] >= 0x20 && from[i] <= 0x7e ? (char)from[i]
							   : '?';
	to[len] = '\0';
}

/*
 * Hosts of Windows Server 2012 leave version and format 0 in an answer that is
 * good otherwise; and until 2012 R2 Microsoft's disks say SPC-2 and know the
 * pages and UNMAP of SPC-3 (OpenBSD's and FreeBSD's drivers repair both).
 */
static void
repair(struct scsi_inquiry *out, uint8_t format)
{
	if (out->version == 0 || format == 0) {
		out->version = SCSI_VERSION_SPC3;
		out->repaired = true;
	} else if (out->version == SCSI_VERSION_SPC2 &&
	    memcmp(out->vendor, SCSI_HYPERV_VENDOR, 4) == 0) {
		out->version = SCSI_VERSION_SPC3;
		out->repaired = true;
	}
}

int
scsi_parse_inquiry(const void *data, size_t len, struct scsi_inquiry *out)
{
	const uint8_t *bytes = data;

	memset(out, 0, sizeof(*out));
	if (len < SCSI_STD_ADDITIONAL + 1)
		return PV_EPROTO;
	out->type = bytes[SCSI_STD_TYPE] & SCSI_TYPE_MASK;
	out->present = out->type != SCSI_TYPE_NONE &&
	    (bytes[SCSI_STD_TYPE] & SCSI_QUALIFIER_MASK) ==
		SCSI_QUALIFIER_PRESENT;
	if (!out->present)
		return PV_OK;
	if (len < SCSI_STD_SIZE)
		return PV_EPROTO;
	out->removable = (bytes[SCSI_STD_REMOVABLE] & SCSI_REMOVABLE) != 0;
	out->version = bytes[SCSI_STD_VERSION];
	text(out->vendor, bytes + SCSI_STD_VENDOR, SCSI_STD_VENDOR_SIZE);
	text(out->product, bytes + SCSI_STD_PRODUCT, SCSI_STD_PRODUCT_SIZE);
	text(out->revision, bytes + SCSI_STD_REVISION, SCSI_STD_REVISION_SIZE);
	repair(out, bytes[SCSI_STD_FORMAT] & 0xf);
	return PV_OK;
}

/* ---- REPORT LUNS ------------------------------------------------------ */

int
scsi_parse_luns(const void *data, size_t len, struct scsi_luns *out)
{
	const uint8_t *bytes = data, *entry;
	size_t size;

	memset(out, 0, sizeof(*out));
	if (len < SCSI_LUN_LIST_HEADER)
		return PV_EPROTO;
	size = get_be32(bytes + SCSI_LUN_LIST_LENGTH);
	if (size > len - SCSI_LUN_LIST_HEADER)
		size = len - SCSI_LUN_LIST_HEADER;
	for (size_t at = 0; size - at >= SCSI_LUN_SIZE; at += SCSI_LUN_SIZE) {
		unsigned number;

		entry = bytes + SCSI_LUN_LIST_HEADER + at;
		number = get_be16(entry);
		if ((number & ~SCSI_LUN_FLAT_MASK) == SCSI_LUN_FLAT)
			number &= SCSI_LUN_FLAT_MASK;
		if (number > UINT8_MAX || get_be16(entry + 2) != 0 ||
		    get_be32(entry + 4) != 0 || scsi_has_lun(out, number)) {
			out->ignored++;
			continue;
		}
		out->bits[number / 64] |= 1ull << number % 64;
		out->count++;
	}
	return PV_OK;
}

/* ---- VPD -------------------------------------------------------------- */

/* The page's bytes that are there, its header included; 0: not that page. */
static size_t
page_length(const uint8_t *bytes, size_t len, uint8_t page)
{
	size_t says;

	if (len < SCSI_VPD_HEADER || bytes[SCSI_VPD_PAGE] != page)
		return 0;
	says = get_be16(bytes + SCSI_VPD_LENGTH) + (size_t)SCSI_VPD_HEADER;
	return says < len ? says : len;
}

int
scsi_parse_pages(const void *data, size_t len, struct scsi_pages *out)
{
	const uint8_t *bytes = data;

	memset(out, 0, sizeof(*out));
	len = page_length(bytes, len, SCSI_VPD_SUPPORTED);
	if (len == 0)
		return PV_EPROTO;
	for (size_t i = SCSI_VPD_HEADER; i < len; i++)
		switch (bytes[i]) {
		case SCSI_VPD_SERIAL:
			out->serial = true;
			break;
		case SCSI_VPD_IDENTIFIERS:
			out->identifiers = true;
			break;
		case SCSI_VPD_LIMITS:
			out->limits = true;
			break;
		case SCSI_VPD_CHARACTERISTICS:
			out->characteristics = true;
			break;
		case SCSI_VPD_PROVISIONING:
			out->provisioning = true;
			break;
		}
	return PV_OK;
}

static void
identify(struct scsi_identity *out, uint8_t rank, const uint8_t *bytes,
    size_t len)
{
	if (len == 0 || rank <= out->rank)
		return;
	if (len > SCSI_IDENTITY - 1)
		len = SCSI_IDENTITY - 1;
	memset(out, 0, sizeof(*out));
	out->rank = rank;
	out->len = (uint8_t)(len + 1);
	out->bytes[0] = rank;
	memcpy(out->bytes + 1, bytes, len);
}

int
scsi_parse_serial(const void *data, size_t len, struct scsi_identity *out)
{
	const uint8_t *bytes = data;

	len = page_length(bytes, len, SCSI_VPD_SERIAL);
	if (len == 0)
		return PV_EPROTO;
	bytes += SCSI_VPD_HEADER;
	len -= SCSI_VPD_HEADER;
	while (len > 0 && (bytes[len - 1] == ' ' || bytes[len - 1] == 0))
		len--;
	identify(out, 1, bytes, len);
	return PV_OK;
}

/* NAA before EUI-64 before T10, of the LUN and not of its port or target. */
int
scsi_parse_identifiers(const void *data, size_t len, struct scsi_identity *out)
{
	static const uint8_t ranks
	    [] = { [SCSI_ID_T10] = 2, [SCSI_ID_EUI64] = 3, [SCSI_ID_NAA] = 4 };
	const uint8_t *bytes = data;
	size_t at = SCSI_VPD_HEADER;

	len = page_length(bytes, len, SCSI_VPD_IDENTIFIERS);
	if (len == 0)
		return PV_EPROTO;
	while (len - at >= SCSI_ID_HEADER) {
		const uint8_t *id = bytes + at;
		size_t size = id[SCSI_ID_LENGTH];
		unsigned type = id[SCSI_ID_TYPE] & SCSI_ID_TYPE_MASK;

		at += SCSI_ID_HEADER;
		if (size > len - at)
			return PV_EPROTO;
		at += size;
		if ((id[SCSI_ID_TYPE] & SCSI_ID_OF_MASK) == SCSI_ID_OF_LUN &&
		    type < sizeof(ranks) && ranks[type] != 0)
			identify(out, ranks[type], id + SCSI_ID_HEADER, size);
	}
	return PV_OK;
}

int
scsi_parse_limits(const void *data, size_t len, struct scsi_limits *out)
{
	const uint8_t *bytes = data;
	uint32_t alignment;

	memset(out, 0, sizeof(*out));
	len = page_length(bytes, len, SCSI_VPD_LIMITS);
	if (len < SCSI_LIMITS_TRANSFER + 4)
		return PV_EPROTO;
	out->transfer = get_be32(bytes + SCSI_LIMITS_TRANSFER);
	/* the pages of SBC-2 end before these */
	if (len < SCSI_LIMITS_UNMAP_ALIGN + 4)
		return PV_OK;
	out->unmap = get_be32(bytes + SCSI_LIMITS_UNMAP);
	out->unmap_count = get_be32(bytes + SCSI_LIMITS_UNMAP_COUNT);
	out->granularity = get_be32(bytes + SCSI_LIMITS_UNMAP_GRANULARITY);
	alignment = get_be32(bytes + SCSI_LIMITS_UNMAP_ALIGN);
	if ((alignment & SCSI_LIMITS_UNMAP_ALIGN_VALID) != 0)
		out->alignment = alignment & ~SCSI_LIMITS_UNMAP_ALIGN_VALID;
	return PV_OK;
}

int
scsi_parse_rotation(const void *data, size_t len, uint16_t *rotation)
{
	const uint8_t *bytes = data;

	*rotation = SCSI_ROTATION_UNKNOWN;
	len = page_length(bytes, len, SCSI_VPD_CHARACTERISTICS);
	if (len < SCSI_CHARACTERISTICS_ROTATION + 2)
		return PV_EPROTO;
	*rotation = get_be16(bytes + SCSI_CHARACTERISTICS_ROTATION);
	return PV_OK;
}

int
scsi_parse_provisioning(const void *data, size_t len, bool *unmap, bool *thin)
{
	const uint8_t *bytes = data;

	*unmap = *thin = false;
	len = page_length(bytes, len, SCSI_VPD_PROVISIONING);
	if (len < SCSI_PROVISIONING_FLAGS + 1)
		return PV_EPROTO;
	*unmap = (bytes[SCSI_PROVISIONING_FLAGS] & SCSI_PROVISIONING_UNMAP) !=
	    0;
	if (len > SCSI_PROVISIONING_TYPE)
		*thin = (bytes[SCSI_PROVISIONING_TYPE] & 7) ==
		    SCSI_PROVISIONING_THIN;
	return PV_OK;
}

/* ---- Capacity and mode ------------------------------------------------ */

static int
capacity(uint64_t last, uint32_t block, struct scsi_capacity *out)
{
	if (block < BLOCK_MIN || block > BLOCK_MAX || (block & (block - 1)))
		return PV_EPROTO;
	if (last >= (uint64_t)INT64_MAX >> __builtin_ctz(block))
		return PV_EPROTO;
	out->blocks = last + 1;
	out->block = out->physical = block;
	return PV_OK;
}

int
scsi_parse_capacity10(const void *data, size_t len, struct scsi_capacity *out)
{
	const uint8_t *bytes = data;
	uint32_t last;

	memset(out, 0, sizeof(*out));
	if (len < SCSI_CAPACITY_10_SIZE)
		return PV_EPROTO;
	last = get_be32(bytes + SCSI_CAPACITY_10_LAST);
	out->more = last == SCSI_CAPACITY_10_MORE;
	return capacity(last, get_be32(bytes + SCSI_CAPACITY_10_BLOCK), out);
}

int
scsi_parse_capacity16(const void *data, size_t len, struct scsi_capacity *out)
{
	const uint8_t *bytes = data;
	unsigned exponent;
	int error;

	memset(out, 0, sizeof(*out));
	if (len < SCSI_CAPACITY_16_FLAGS + 1)
		return PV_EPROTO;
	error = capacity(get_be64(bytes + SCSI_CAPACITY_16_LAST),
	    get_be32(bytes + SCSI_CAPACITY_16_BLOCK), out);
	if (error != PV_OK)
		return error;
	exponent = bytes[SCSI_CAPACITY_16_EXPONENT] & 0xf;
	out->physical = out->block << exponent;
	out->unmap = (bytes[SCSI_CAPACITY_16_FLAGS] & SCSI_CAPACITY_16_UNMAP) !=
	    0;
	return PV_OK;
}

int
scsi_parse_mode(const void *data, size_t len, struct scsi_mode *out)
{
	const uint8_t *bytes = data;
	size_t says, at;

	memset(out, 0, sizeof(*out));
	if (len < SCSI_MODE_6_HEADER)
		return PV_EPROTO;
	out->write_protected = (bytes[SCSI_MODE_6_DEVICE] &
				   SCSI_MODE_WRITE_PROTECT) != 0;
	says = bytes[SCSI_MODE_6_LENGTH] + (size_t)1;
	if (says < len)
		len = says;
	at = SCSI_MODE_6_HEADER + (size_t)bytes[SCSI_MODE_6_BLOCKS];
	while (at + SCSI_PAGE_HEADER <= len) {
		const uint8_t *page = bytes + at;

		at += SCSI_PAGE_HEADER + (size_t)page[SCSI_PAGE_LENGTH];
		if ((page[SCSI_PAGE_CODE] & SCSI_MODE_PAGE_MASK) !=
			SCSI_MODE_PAGE_CACHING ||
		    page[SCSI_PAGE_LENGTH] < SCSI_CACHING_FLAGS - 1 ||
		    page + SCSI_CACHING_FLAGS >= bytes + len)
			continue;
		out->has_cache = true;
		out->write_cache = (page[SCSI_CACHING_FLAGS] &
				       SCSI_CACHING_WRITE) != 0;
	}
	return PV_OK;
}
