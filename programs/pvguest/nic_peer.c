/* SPDX-License-Identifier: ISC */
/* Frames of all sizes to a peer that sends them back, and as many as go
 * through, one way: labs/xen/tools/peer.c says what it understands. */
#include "programs/pvguest/nic.h"
#include "wire/endian.h"

#define WINDOW 32u /* echoes on their way */
#define HOUSEKEEPING (10 * PV_MILLISECOND)

static struct {
	bool answered;
	uint64_t number;
	uint8_t mac[6];
} asked;

/* What, size, milliseconds, number: little-endian, behind the header. */
void
peer_ask(struct guest_nic *nic, const uint8_t to[6], uint16_t what,
    uint16_t size, uint32_t ms)
{
	struct nic_slot *slot;
	uint8_t *command;

	while ((slot = nic_slot(nic, NET_SMALLEST)) == NULL)
		guest_wait(bare_now() + PV_MILLISECOND);
	memset(slot->memory, 0, NET_SMALLEST);
	net_ethernet(slot->memory, to, nic->self.mac, PEER_ASK);
	command = slot->memory + NET_ETHERNET;
	command[0] = (uint8_t)what;
	command[2] = (uint8_t)size;
	command[3] = (uint8_t)(size >> 8);
	for (unsigned i = 0; i < 4; i++)
		command[4 + i] = (uint8_t)(ms >> 8 * i);
	asked.answered = false;
	nic_send(slot, NET_SMALLEST, 0);
	nic_kick(nic);
}

bool
peer_answer(const struct pv_frame *frame, const uint8_t *head, uint64_t *number)
{
	const uint8_t *bytes;

	if (net_type(head) != PEER_ASK || frame->length < NET_ETHERNET + 16)
		return false;
	bytes = nic_bytes(frame);
	if (bytes == NULL)
		return false;
	*number = get_le32(bytes + NET_ETHERNET + 8) |
	    (uint64_t)get_le32(bytes + NET_ETHERNET + 12) << 32;
	memcpy(asked.mac, bytes + 6, 6);
	asked.answered = true;
	return true;
}

static bool
hook_answer(struct guest_nic *nic, const struct pv_frame *frame,
    const uint8_t *head)
{
	(void)nic;
	return peer_answer(frame, head, &asked.number);
}

bool
peer_find(struct guest_nic *nic, uint8_t mac[6])
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	uint64_t until = bare_now() + PATIENCE;
	bool found = false;

	nic->hook = hook_answer;
	while (!found && nic->nic != NULL && bare_now() < until) {
		peer_ask(nic, all, PEER_HOW_MANY, 0, 0);
		found = guest_await(&asked.answered, bare_now() + PV_SECOND);
	}
	nic->hook = NULL;
	memcpy(mac, asked.mac, 6);
	return found;
}

/* ---- echo ---- */

static struct {
	uint64_t min, range, back;
	bool wrong;
	char why[128];
} echo;

/* Frame n: its number, as far as it has room, and a pattern. */
static uint8_t
byte_of(uint64_t n, size_t at)
{
	return at < NET_ETHERNET + 4 ? (uint8_t)(n >> (at - NET_ETHERNET) * 8)
				     : (uint8_t)(n + at);
}

static bool
hook_echo(struct guest_nic *nic, const struct pv_frame *frame,
    const uint8_t *head)
{
	size_t want = echo.min + echo.back % echo.range;
	const uint8_t *bytes;

	if (net_type(head) != PEER_ECHO)
		return false;
	if (echo.wrong)
		return true;
	bytes = nic_bytes(frame);
	if (bytes == NULL || frame->length != want ||
	    memcmp(bytes, nic->self.mac, 6) != 0) {
		bare_format(echo.why, sizeof(echo.why),
		    "expected %lu bytes to us, got %lu", (unsigned long)want,
		    (unsigned long)frame->length);
		echo.wrong = true;
		return true;
	}
	for (size_t i = NET_ETHERNET; i < want; i++) {
		if (bytes[i] == byte_of(echo.back, i))
			continue;
		bare_format(echo.why, sizeof(echo.why),
		    "expected 0x%02x in byte %lu of %lu, got 0x%02x",
		    byte_of(echo.back, i), (unsigned long)i,
		    (unsigned long)want, bytes[i]);
		echo.wrong = true;
		return true;
	}
	echo.back++;
	return true;
}

static void
send_echoes(struct guest_nic *nic, const uint8_t peer[6], uint64_t *out,
    uint64_t count)
{
	for (; *out < count && *out - echo.back < WINDOW; ++*out) {
		size_t size = echo.min + *out % echo.range;
		struct nic_slot *slot = nic_slot(nic, size);

		if (slot == NULL)
			break;
		net_ethernet(slot->memory, peer, nic->self.mac, PEER_ECHO);
		for (size_t i = NET_ETHERNET; i < size; i++)
			slot->memory[i] = byte_of(*out, i);
		nic_send(slot, size, 0);
	}
	nic_kick(nic);
}

/* nic NAME echo COUNT MIN MAX */
int
nic_echo(struct guest_nic *nic, const char *name, int argc, char **argv)
{
	uint64_t count, max, out = 0, last, start = bare_now();
	uint8_t peer[6];

	memset(&echo, 0, sizeof(echo));
	if (argc != 6 || !number(argv[3], &count) ||
	    !number(argv[4], &echo.min) || !number(argv[5], &max) ||
	    echo.min < NET_ETHERNET || echo.min > max || max > NIC_LARGEST)
		return fail(STATUS_USAGE,
		    "nic: expected echo COUNT MIN MAX, "
		    "sizes from 14 to %u",
		    NIC_LARGEST);
	echo.range = max - echo.min + 1;
	if (!peer_find(nic, peer))
		return fail(STATUS_FAILED,
		    "nic: %s echo: expected a peer, none answers", name);
	nic->hook = hook_echo;
	last = bare_now();
	while (echo.back < count && !echo.wrong && nic->nic != NULL &&
	    bare_now() - last < PATIENCE) {
		uint64_t before = echo.back;

		send_echoes(nic, peer, &out, count);
		guest_poll();
		if (echo.back == before)
			guest_wait(bare_now() + 10 * PV_MILLISECOND);
		else
			last = bare_now();
	}
	nic->hook = NULL;
	if (echo.wrong)
		return fail(STATUS_FAILED, "nic: %s echo: frame %lu: %s", name,
		    echo.back, echo.why);
	if (echo.back < count)
		return fail(STATUS_FAILED,
		    "nic: %s echo: expected frame %lu of %lu, it did not "
		    "come; %lu were sent, %lu not: %s",
		    name, echo.back, count, out, nic->unsent,
		    pv_error_text(nic->error));
	bare_printf("nic %s echo: %lu frames of %lu to %lu bytes in %lu us\n",
	    name, count, echo.min, max, (bare_now() - start) / 1000);
	return STATUS_OK;
}

/* ---- bench ---- */

static struct {
	uint64_t frames;
	size_t size;
} bench;

static bool
hook_bench(struct guest_nic *nic, const struct pv_frame *frame,
    const uint8_t *head)
{
	if (net_type(head) != PEER_COUNT)
		return hook_answer(nic, frame, head);
	if (frame->length == bench.size)
		bench.frames++;
	return true;
}

static void
send_all(struct guest_nic *nic, const uint8_t peer[6], uint64_t until)
{
	uint64_t kept = bare_now(), now;

	while ((now = bare_now()) < until && nic->nic != NULL) {
		struct nic_slot *slot;
		bool any = false;

		while ((slot = nic_slot(nic, bench.size)) != NULL) {
			net_ethernet(slot->memory, peer, nic->self.mac,
			    PEER_COUNT);
			nic_send(slot, bench.size, 0);
			any = true;
			if (nic->busy == NIC_SLOTS / 2)
				nic_kick(nic);
		}
		nic_kick(nic);
		if (now - kept > HOUSEKEEPING) {
			kept = now;
			guest_poll();
		} else if (!pv_nic_poll(nic->nic, 0, 64) && !any) {
			uint64_t next = pv_nic_deadline(nic->nic, 0);

			bare_wait(next < until ? next : until);
		}
	}
}

static void
receive_all(struct guest_nic *nic, uint64_t until)
{
	uint64_t kept = bare_now(), now;

	while (
	    !asked.answered && nic->nic != NULL && (now = bare_now()) < until) {
		uint64_t before = bench.frames;

		if (now - kept > HOUSEKEEPING) {
			kept = now;
			guest_poll();
		} else if (!pv_nic_poll(nic->nic, 0, 64) &&
		    bench.frames == before) {
			uint64_t next = pv_nic_deadline(nic->nic, 0);

			bare_wait(next < until ? next : until);
		}
	}
}

/* nic NAME bench tx|rx SIZE MS */
int
nic_bench(struct guest_nic *nic, const char *name, int argc, char **argv)
{
	const struct pv_device *device;
	uint64_t size, ms, start, time;
	struct pv_stats before, after = { 0 };
	uint8_t peer[6];
	bool out;

	if (argc != 6 || !number(argv[4], &size) || !number(argv[5], &ms) ||
	    size < NET_ETHERNET || size > NIC_LARGEST || ms > 3600000 ||
	    (!(out = same(argv[3], "tx")) && !same(argv[3], "rx")))
		return fail(STATUS_USAGE, "nic: expected bench tx|rx SIZE MS");
	if (!peer_find(nic, peer))
		return fail(STATUS_FAILED,
		    "nic: %s bench: expected a peer, none answers", name);
	bench.size = size;
	bench.frames = 0;
	device = guest_device(name);
	if (device == NULL)
		return fail(STATUS_MISSING, "nic: %s has gone", name);
	before = device->stats;
	nic->hook = hook_bench;
	start = bare_now();
	if (out) {
		send_all(nic, peer, start + ms * PV_MILLISECOND);
		peer_ask(nic, peer, PEER_HOW_MANY, 0, 0);
		guest_await(&asked.answered, bare_now() + PATIENCE);
		bench.frames = asked.number;
	} else {
		peer_ask(nic, peer, PEER_SEND, (uint16_t)size, (uint32_t)ms);
		receive_all(nic, start + ms * PV_MILLISECOND + PV_SECOND);
	}
	time = (bare_now() - start) / 1000 + 1;
	/* the answer stands at the end of a flood, and may be lost with it */
	if (!out && !asked.answered) {
		time = ms * 1000 + 1;
		asked.answered = peer_find(nic, peer);
	}
	guest_poll(); /* what is behind the answer, and the counters */
	nic->hook = NULL;
	device = guest_device(name);
	if (device != NULL)
		after = device->stats;
	if (nic->nic == NULL || !asked.answered)
		return fail(STATUS_FAILED,
		    "nic: %s bench: expected an answer of the peer, none came",
		    name);
	bare_printf("bench nic %s %s %lu: %lu frames/s, %lu frames, %lu us, "
		    "hypercalls %lu, signals %lu, grants %lu\n",
	    name, argv[3], size, bench.frames * 1000000 / time, bench.frames,
	    time, after.hypercalls - before.hypercalls,
	    after.signals - before.signals, after.grants - before.grants);
	return STATUS_OK;
}
