/* SPDX-License-Identifier: ISC */
/* A NIC's outer end, whatever it is: its words, and what passes through it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "programs/pvhost/machine.h"
#include "programs/pvhost/nic_offload.h"
#include "programs/pvhost/reply.h"

#define MTU 1500u
#define MTU_MIN 68u /* RFC 791 */
#define MTU_MAX (NIC_FRAME_MAX - NIC_HEADER_MAX)
#define NIC_HEADER_MAX (NIC_ETHERNET + 8u) /* with two tags */

static const struct nic_kind *const kinds[] = { &nic_tap, &nic_user,
	&nic_peer };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- Words ------------------------------------------------------------- */

static bool
parse_mac(struct nic *nic, const char *text, struct reply *reply)
{
	unsigned bytes[6];

	if (strlen(text) != 17 ||
	    strspn(text, "0123456789abcdefABCDEF:") != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &bytes[0], &bytes[1],
		&bytes[2], &bytes[3], &bytes[4], &bytes[5]) != 6)
		return reply_no(reply,
		    "expected a MAC as 52:54:00:12:34:56, got \"%s\"", text);
	for (unsigned i = 0; i < 6; i++)
		nic->mac[i] = (uint8_t)bytes[i];
	if (nic->mac[0] & 1)
		return reply_no(reply,
		    "the MAC %s is for many receivers; the first byte of "
		    "one NIC's is even",
		    text);
	return true;
}

static bool
parse_mtu(struct nic *nic, const char *text, struct reply *reply)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < MTU_MIN ||
	    value > MTU_MAX)
		return reply_no(reply,
		    "expected an MTU from %u to %u, got \"%s\"", MTU_MIN,
		    MTU_MAX, text);
	nic->mtu = (unsigned)value;
	return true;
}

/* Those of every kind are taken out of `words`, the others stay. */
static bool
parse_common(struct nic *nic, char *words, struct reply *reply)
{
	char *to = words, *word, *next = words;

	while ((word = strsep(&next, ",")) != NULL) {
		if (strncmp(word, "mac=", 4) == 0) {
			if (!parse_mac(nic, word + 4, reply))
				return false;
		} else if (strncmp(word, "mtu=", 4) == 0) {
			if (!parse_mtu(nic, word + 4, reply))
				return false;
		} else {
			size_t length = strlen(word);

			if (to != words)
				*to++ = ',';
			memmove(to, word, length);
			to += length;
		}
	}
	*to = '\0';
	return true;
}

static const struct nic_kind *
find_kind(const char *words, size_t length)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strlen(kinds[i]->name) == length &&
		    memcmp(kinds[i]->name, words, length) == 0)
			return kinds[i];
	return NULL;
}

/* Of two machines on one network, too, each has its own; one that is alone with
 * its network always the same. */
static void
choose_mac(struct nic *nic, unsigned number)
{
	uint8_t mac[6] = { 0x52, 0x54, 0, 0x12, 0x34,
		(uint8_t)(0x56 + number) };

	if (nic->kind != &nic_user && getrandom(mac + 3, 3, 0) != 3)
		mac[3] = (uint8_t)(uintptr_t)nic;
	memcpy(nic->mac, mac, sizeof(mac));
}

static bool
open_kind(struct nic *nic, struct machine *machine, const char *words,
    unsigned number, struct reply *reply)
{
	size_t length = strcspn(words, ":,");
	char *rest;

	nic->kind = find_kind(words, length);
	if (nic->kind == NULL)
		return reply_no(reply,
		    "expected a NIC as user, tap:NAME or peer:PATH, "
		    "got \"%s\"",
		    words);
	choose_mac(nic, number);
	nic->mtu = MTU;
	rest = strdup(words[length] == '\0' ? "" : words + length + 1);
	if (rest == NULL)
		return reply_no(reply, "out of memory");
	if (parse_common(nic, rest, reply))
		nic->self = nic->kind->open(nic, machine, rest, reply);
	free(rest);
	return nic->self != NULL;
}

struct nic *
nic_open(struct machine *machine, const char *words, unsigned number,
    struct reply *reply)
{
	struct nic *nic = calloc(1, sizeof(*nic));

	if (nic == NULL) {
		reply_no(reply, "out of memory");
		return NULL;
	}
	snprintf(nic->name, sizeof(nic->name), "nic%u", number);
	if (open_kind(nic, machine, words, number, reply))
		return nic;
	free(nic);
	return NULL;
}

void
nic_close(struct nic *nic)
{
	if (nic == NULL)
		return;
	nic->kind->close(nic->self);
	free(nic);
}

/* ---- From the guest ---------------------------------------------------- */

static void
send_plain(void *ctx, const struct nic_frame *frame)
{
	struct nic *nic = ctx;

	if (frame->length > nic->mtu + NIC_HEADER_MAX)
		nic->dropped++;
	else
		nic->kind->send(nic->self, frame);
}

static void
send_completed(struct nic *nic, const struct nic_frame *frame)
{
	uint8_t bytes[NIC_FRAME_MAX];
	struct nic_frame whole = { .bytes = bytes, .length = frame->length };

	memcpy(bytes, frame->bytes, frame->length);
	nic_complete(bytes, frame->length);
	send_plain(nic, &whole);
}

void
nic_send(struct nic *nic, const struct nic_frame *frame)
{
	if (frame->length < NIC_ETHERNET || frame->length > NIC_FRAME_MAX)
		nic->dropped++;
	else if (nic->offload && frame->segment_size != 0)
		nic->kind->send(nic->self, frame);
	else if (frame->segment_size != 0) {
		if (!nic_segment(frame, send_plain, nic))
			nic->dropped++;
	} else if (frame->blank && !nic->offload)
		send_completed(nic, frame);
	else
		send_plain(nic, frame);
}

/* ---- To the guest ------------------------------------------------------ */

static bool
receive(struct nic *nic, const struct nic_frame *frame)
{
	if (!nic->receive(nic->ctx, frame))
		return false;
	nic->received++;
	return true;
}

struct parts {
	struct nic *nic;
	unsigned taken, lost;
};

/* Those behind one that found no room find none. */
static void
receive_part(void *ctx, const struct nic_frame *frame)
{
	struct parts *parts = ctx;

	if (parts->lost == 0 && receive(parts->nic, frame))
		parts->taken++;
	else
		parts->lost++;
}

/* Where not even the first had room, all can come again; else TCP sends what is
 * lost. */
static bool
receive_segments(struct nic *nic, const struct nic_frame *frame)
{
	struct parts parts = { .nic = nic };

	if (!nic_segment(frame, receive_part, &parts)) {
		nic->dropped++;
		return true;
	}
	if (parts.taken == 0)
		return false;
	nic->dropped += parts.lost;
	return true;
}

bool
nic_deliver(struct nic *nic, const struct nic_frame *frame)
{
	uint8_t bytes[NIC_FRAME_MAX];
	struct nic_frame whole = { .bytes = bytes, .length = frame->length };

	if (nic->receive == NULL || frame->length < NIC_ETHERNET ||
	    frame->length > NIC_FRAME_MAX) {
		nic->dropped++;
		return true;
	}
	if (frame->segment_size != 0 && !nic->takes_segments)
		return receive_segments(nic, frame);
	if (!frame->blank || frame->segment_size != 0 || nic->takes_blank)
		return receive(nic, frame);
	memcpy(bytes, frame->bytes, frame->length);
	whole.valid = nic_complete(bytes, frame->length);
	return receive(nic, &whole);
}
