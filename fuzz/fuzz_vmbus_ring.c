/* SPDX-License-Identifier: ISC */
/*
 * The rings of a channel, and a host that writes what the input says into the
 * memory of both, at any time and between two reads.
 * Input: pages of a ring less 2 (1 byte), where its indices begin in words of 8
 * bytes (2), then steps of what happens (1) and what to do it with (as below).
 */
#include "fuzz/fuzz.h"
#include "guest/hyperv/ring.h"

#define PAGES_MAX 9
#define ROOM 4096

enum step {
	HOST_PACKET,  /* offset8, length8 (2 each), words of data (1) */
	HOST_PUBLISH, /* how far it has written in truth */
	HOST_WORD,    /* which (1), value (4): of either control page */
	HOST_BYTES,   /* where (2), value (4): of the data to the guest */
	HOST_READ,    /* all that was published */
	FLIP,         /* how many looks (1) see another word (4) */
	JUNK,         /* whether junk stands where was copied from (1) */
	TAKE,         /* at most so many (1) */
	RELEASE,
	MASK,
	UNMASK,
	PUT, /* bytes of header by 8 (1), of data (2) */
	PUBLISH,
	ROOM_LEFT,
	STEPS
};

static _Alignas(4096) uint8_t to_host[PAGES_MAX * 4096],
    to_guest[PAGES_MAX * 4096];
static _Alignas(8) uint8_t copy[ROOM];

static struct {
	struct ring_out out;
	struct ring_in in;
	uint32_t size, write; /* the host's own */
	uint8_t flips;
	uint32_t flipped;
	bool junk;
	bool in_broken, out_broken;
} rings;

uint32_t
shared_load32(const volatile uint32_t *word)
{
	if (rings.flips > 0) {
		rings.flips--;
		return rings.flipped;
	}
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void
shared_store32(volatile uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void
shared_copy(void *to, const volatile void *from, size_t size)
{
	const uint8_t *begin = (const uint8_t *)(uintptr_t)from;

	MUST(begin >= to_guest + sizeof(struct hv_ring));
	MUST(begin + size <= to_guest + sizeof(struct hv_ring) + rings.size);
	MUST((uint8_t *)to >= copy && (uint8_t *)to + size <= copy + ROOM);
	memcpy(to, begin, size);
	if (rings.junk)
		memset((void *)(uintptr_t)from, 0xa5, size);
}

static uint16_t
take16(const uint8_t **data, size_t *size)
{
	uint8_t bytes[2];

	take(data, size, bytes, 2);
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t
take32(const uint8_t **data, size_t *size)
{
	uint32_t low = take16(data, size);

	return low | (uint32_t)take16(data, size) << 16;
}

static uint8_t
take8(const uint8_t **data, size_t *size)
{
	uint8_t byte;

	take(data, size, &byte, 1);
	return byte;
}

static void
start(const uint8_t **data, size_t *size)
{
	uint32_t pages = 2 + take8(data, size) % (PAGES_MAX - 1), at;

	memset(&rings, 0, sizeof(rings));
	memset(to_host, 0, sizeof(to_host));
	memset(to_guest, 0, sizeof(to_guest));
	ring_out_init(&rings.out, to_host, pages);
	ring_in_init(&rings.in, to_guest, pages, copy, ROOM);
	rings.size = (pages - 1) * 4096;
	at = take16(data, size) * 8u % rings.size;
	rings.write = at;
	rings.out.write = rings.out.published = rings.out.read = at;
	rings.in.read = rings.in.published = rings.in.write = at;
	rings.out.header->write = rings.out.header->read = at;
	rings.in.header->write = rings.in.header->read = at;
}

static void
host_word(uint64_t value)
{
	memcpy(to_guest + sizeof(struct hv_ring) + rings.write, &value, 8);
	rings.write = (rings.write + 8) % rings.size;
}

static void
host_packet(const uint8_t **data, size_t *size)
{
	uint64_t offset8 = take16(data, size), length8 = take16(data, size);
	uint32_t start_at = rings.write;

	host_word(HV_PACKET_INBAND | offset8 << 16 | length8 << 32);
	host_word(*size);
	for (uint8_t words = take8(data, size); words > 0; words--)
		host_word(0x0101010101010101u * words);
	host_word((uint64_t)start_at << 32);
}

static void
write_word(const uint8_t **data, size_t *size)
{
	uint8_t which = take8(data, size);
	uint8_t *page = which & 0x80 ? to_host : to_guest;

	/* write, read, mask, pending, and features with the last */
	which %= 17;
	*(uint32_t *)(void *)(page + 4 * (size_t)which) = take32(data, size);
}

static void
take_packets(uint8_t count)
{
	for (; count > 0; count--) {
		struct ring_packet packet = { 0 };
		int result = ring_take(&rings.in, &packet);

		MUST(result == 1 || !rings.in_broken || result == PV_EPROTO);
		rings.in_broken |= result == PV_EPROTO;
		if (result == PV_EMSGSIZE)
			continue;
		if (result != 1) {
			MUST(result == 0 || result == PV_EPROTO);
			return;
		}
		MUST(!rings.in_broken);
		MUST(packet.header == copy + sizeof(struct hv_packet));
		MUST(packet.data == packet.header + packet.header_len);
		MUST(packet.data + packet.len <= copy + ROOM);
	}
}

static void
put(const uint8_t **data, size_t *size)
{
	static const uint8_t bytes[65536];
	size_t header_len = take8(data, size) * (size_t)8;
	const struct ring_piece pieces[] = { { bytes, take16(data, size) },
		{ bytes, 5 } };
	const struct ring_packet_out packet = { .type = HV_PACKET_INBAND,
		.header = bytes,
		.header_len = header_len,
		.pieces = pieces,
		.count = 2 };
	int error = ring_put(&rings.out, &packet);

	MUST(error == PV_OK || error == PV_EAGAIN || error == PV_EMSGSIZE ||
	    error == PV_EPROTO);
	MUST(!rings.out_broken || error == PV_EPROTO || error == PV_EMSGSIZE);
	rings.out_broken |= error == PV_EPROTO;
}

static void
publish(void)
{
	bool signal = ring_publish(&rings.out);

	MUST(!rings.out_broken || !signal);
	rings.out_broken |= rings.out.broken;
	if (!rings.out_broken)
		MUST(rings.out.published == rings.out.write);
}

static void
step(const uint8_t **data, size_t *size)
{
	uint32_t at;

	switch ((enum step)(take8(data, size) % STEPS)) {
	case HOST_PACKET:
		host_packet(data, size);
		break;
	case HOST_PUBLISH:
		rings.in.header->write = rings.write;
		break;
	case HOST_WORD:
		write_word(data, size);
		break;
	case HOST_BYTES:
		at = take16(data, size) * 4u % rings.size;
		*(uint32_t *)(void *)(to_guest + sizeof(struct hv_ring) +
		    at) = take32(data, size);
		break;
	case HOST_READ:
		rings.out.header->read = rings.out.header->write;
		break;
	case FLIP:
		rings.flips = take8(data, size);
		rings.flipped = take32(data, size);
		break;
	case JUNK:
		rings.junk = take8(data, size) & 1;
		break;
	case TAKE:
		take_packets(take8(data, size));
		break;
	case RELEASE:
		(void)ring_release(&rings.in);
		break;
	case MASK:
		ring_mask(&rings.in);
		break;
	case UNMASK:
		(void)ring_unmask(&rings.in);
		break;
	case PUT:
		put(data, size);
		break;
	case PUBLISH:
		publish();
		break;
	case ROOM_LEFT:
	case STEPS:
		(void)ring_woken(&rings.out);
		MUST(ring_room(&rings.out) <= rings.size - 8);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start(&data, &size);
	for (unsigned i = 0; i < 4000 && size > 0; i++) {
		step(&data, &size);
		MUST(rings.in.read < rings.size && rings.in.read % 8 == 0);
		MUST(rings.in.write < rings.size && rings.in.write % 8 == 0);
		MUST(rings.out.write < rings.size && rings.out.write % 8 == 0);
		MUST(rings.out.read < rings.size && rings.out.read % 8 == 0);
		MUST(!rings.in_broken || rings.in.broken);
		MUST(!rings.out_broken || rings.out.broken);
	}
	return 0;
}
