/* SPDX-License-Identifier: ISC */
#include "programs/pvguest/nic.h"
#include "programs/pvguest/pattern.h"

#define ID 0x7076u

static struct {
	uint16_t sequence;
	size_t size;
	uint32_t from;
	bool came, changed;
} expected;

static uint8_t
byte_of(uint16_t sequence, size_t at)
{
	return (uint8_t)pattern_word(sequence, at, 0);
}

static bool
hook(struct guest_nic *nic, const struct pv_frame *frame, const uint8_t *head)
{
	struct net_packet packet;

	(void)nic;
	if (net_type(head) != NET_TYPE_IPV4 ||
	    nic_parse(frame, &packet) != NET_PONG || packet.id != ID ||
	    packet.from != expected.from ||
	    packet.sequence != expected.sequence)
		return false;
	expected.came = true;
	expected.changed = packet.payload_len != expected.size;
	for (size_t i = 0; i < packet.payload_len && !expected.changed; i++)
		if (packet.payload[i] != byte_of(packet.sequence, i))
			expected.changed = true;
	return true;
}

static bool
ping(struct guest_nic *nic, const struct net_end *to)
{
	struct nic_slot *slot;

	while ((slot = nic_slot(nic, expected.size + 100)) == NULL)
		guest_wait(bare_now() + PV_MILLISECOND);
	for (size_t i = 0; i < expected.size; i++)
		slot->memory[NET_PING_PAYLOAD + i] = byte_of(expected.sequence,
		    i);
	nic_send(slot,
	    net_ping(slot->memory, false, &nic->self, to, ID, expected.sequence,
		expected.size),
	    0);
	nic_kick(nic);
	return guest_await(&expected.came, bare_now() + PATIENCE);
}

/* nic NAME ping IP [COUNT [SIZE]] */
int
nic_ping(struct guest_nic *nic, const char *name, int argc, char **argv)
{
	uint64_t count, size, start, worst = 0, all = bare_now();
	struct net_end to = { .port = 0 };

	if (argc < 4 || !net_address(argv[3], strlen(argv[3]), &to.ip) ||
	    !number_at(argc, argv, 4, 1, &count) ||
	    !number_at(argc, argv, 5, 56, &size) || size + 28 > nic->nic->mtu)
		return fail(STATUS_USAGE,
		    "nic: expected ping IP [COUNT [SIZE]], up to %u bytes",
		    nic->nic->mtu - 28);
	nic_choose_address(nic, to.ip);
	if (!nic_resolve(nic, &to))
		return fail(STATUS_FAILED,
		    "nic: %s: expected an answer to "
		    "ARP for %s, none came",
		    name, argv[3]);
	nic->hook = hook;
	for (uint64_t i = 0; i < count; i++) {
		memset(&expected, 0, sizeof(expected));
		expected.sequence = (uint16_t)i;
		expected.size = size;
		expected.from = to.ip;
		start = bare_now();
		if (!ping(nic, &to) || expected.changed) {
			nic->hook = NULL;
			return fail(STATUS_FAILED,
			    "nic: %s ping %s: expected answer %lu of %lu, %s",
			    name, argv[3], i + 1, count,
			    expected.changed ? "got another one" : "none came");
		}
		if (bare_now() - start > worst)
			worst = bare_now() - start;
	}
	nic->hook = NULL;
	bare_printf("nic %s ping %s: %lu answers in %lu us, at most %lu us\n",
	    name, argv[3], count, (bare_now() - all) / 1000, worst / 1000);
	return STATUS_OK;
}
