/* SPDX-License-Identifier: ISC */
/* Datagrams of all lengths to an echo server (RFC 862), with checksums that we
 * compute, that the host is to complete, and none at all. */
#include "programs/pvguest/nic.h"
#include "programs/pvguest/pattern.h"

#define WINDOW 32u
#define OWN_PORT 49152u
#define LOST (2 * PV_SECOND)

static struct {
	struct net_end to;
	uint64_t seed, min, range;
	uint64_t sent, oldest;
	bool back[WINDOW];
	uint64_t since[WINDOW];
	uint64_t came, damaged, lost, twice;
} run;

/* Length of datagram n; its first 4 bytes are n. */
static size_t
length_of(uint64_t n)
{
	return run.min + pattern_word(run.seed, n, 1) % run.range;
}

static uint8_t
byte_of(uint64_t n, size_t at)
{
	return at < 4 ? (uint8_t)(n >> 8 * at)
		      : (uint8_t)(pattern_word(run.seed, n,
				      2 + (unsigned)(at >> 3) % 60) >>
			    8 * (at % 8));
}

static bool
hook(struct guest_nic *nic, const struct pv_frame *frame, const uint8_t *head)
{
	struct net_packet packet;
	uint64_t n = 0;

	if (net_type(head) != NET_TYPE_IPV4 ||
	    nic_parse(frame, &packet) != NET_UDP || packet.to != nic->self.ip ||
	    packet.to_port != OWN_PORT || packet.from != run.to.ip ||
	    packet.from_port != run.to.port)
		return false;
	if (packet.payload_len < 4) {
		run.damaged++;
		return true;
	}
	for (unsigned i = 0; i < 4; i++)
		n |= (uint64_t)packet.payload[i] << 8 * i;
	if (n < run.oldest || n >= run.sent || run.back[n % WINDOW]) {
		run.twice++;
		return true;
	}
	run.back[n % WINDOW] = true;
	run.came++;
	if (packet.payload_len != length_of(n)) {
		run.damaged++;
		return true;
	}
	for (size_t i = 0; i < packet.payload_len; i++)
		if (packet.payload[i] != byte_of(n, i)) {
			run.damaged++;
			break;
		}
	return true;
}

static bool
send_next(struct guest_nic *nic)
{
	static const enum net_sum sums[] = { NET_SUM_DONE, NET_SUM_BLANK,
		NET_SUM_NONE };
	const struct net_end from = { .ip = nic->self.ip, .port = OWN_PORT };
	struct net_end self = from;
	size_t len = length_of(run.sent);
	struct nic_slot *slot = nic_slot(nic, len + 100);
	enum net_sum sum = sums[run.sent % 3];

	if (slot == NULL)
		return false;
	memcpy(self.mac, nic->self.mac, 6);
	for (size_t i = 0; i < len; i++)
		slot->memory[NET_UDP_PAYLOAD + i] = byte_of(run.sent, i);
	run.back[run.sent % WINDOW] = false;
	run.since[run.sent % WINDOW] = bare_now();
	run.sent++;
	nic_send(slot, net_udp(slot->memory, &self, &run.to, len, sum),
	    sum == NET_SUM_BLANK ? PV_FRAME_CHECKSUM_BLANK : 0);
	return true;
}

/* Past those that are back, and those that will not come any more. */
static void
advance(void)
{
	while (run.oldest < run.sent) {
		if (!run.back[run.oldest % WINDOW]) {
			if (bare_now() - run.since[run.oldest % WINDOW] < LOST)
				return;
			run.lost++;
		}
		run.oldest++;
	}
}

static bool
destination(const char *text, struct net_end *to)
{
	size_t len = 0;
	uint64_t port = 7;

	while (text[len] != '\0' && text[len] != ':')
		len++;
	if (text[len] == ':' && !number(text + len + 1, &port))
		return false;
	to->port = (uint16_t)port;
	return port <= UINT16_MAX && net_address(text, len, &to->ip);
}

/* nic NAME frames COUNT MIN MAX IP[:PORT] [SEED] */
int
nic_datagrams(struct guest_nic *nic, const char *name, int argc, char **argv)
{
	uint64_t count, max, start = bare_now();

	memset(&run, 0, sizeof(run));
	if (argc < 7 || !number(argv[3], &count) ||
	    !number(argv[4], &run.min) || !number(argv[5], &max) ||
	    !destination(argv[6], &run.to) ||
	    !number_at(argc, argv, 7, 1, &run.seed) || run.min < 4 ||
	    run.min > max || max + 28 > nic->nic->mtu)
		return fail(STATUS_USAGE,
		    "nic: expected frames COUNT MIN MAX IP[:PORT] [SEED], "
		    "payloads of 4 to %u bytes",
		    nic->nic->mtu - 28);
	run.range = max - run.min + 1;
	nic_choose_address(nic, run.to.ip);
	if (!nic_resolve(nic, &run.to))
		return fail(STATUS_FAILED,
		    "nic: %s: expected an answer to "
		    "ARP for %s, none came",
		    name, argv[6]);
	nic->hook = hook;
	while (run.oldest < count && nic->nic != NULL) {
		uint64_t before = run.came;

		while (run.sent < count && run.sent - run.oldest < WINDOW &&
		    send_next(nic))
			;
		nic_kick(nic);
		guest_poll();
		if (run.came == before)
			guest_wait(bare_now() + 10 * PV_MILLISECOND);
		advance();
	}
	nic->hook = NULL;
	if (run.came != count || run.damaged > 0)
		return fail(STATUS_FAILED,
		    "nic: %s frames: expected %lu datagrams back, got %lu, "
		    "%lu lost, %lu damaged",
		    name, count, run.came, run.lost, run.damaged);
	bare_printf("nic %s frames: %lu datagrams of %lu to %lu bytes in "
		    "%lu us, 0 lost, 0 damaged, %lu twice\n",
	    name, count, run.min, max, (bare_now() - start) / 1000, run.twice);
	return STATUS_OK;
}
