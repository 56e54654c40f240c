/* SPDX-License-Identifier: ISC */
/*
 * A guest that does anything at all, and a host that does not mind: nothing is
 * touched that was not lent, nothing is lost, and a good guest is served after
 * it.  The sanitizers judge the rest.
 */
#include "tests/support/raw_vmware.h"

#define STEPS 20000

struct chaos {
	struct sim *sim;
	struct host_vmware *host;
	struct hand_channel channels[8]; /* as some open said */
	uint8_t bytes[4096];
};

static uint32_t
pick(struct chaos *chaos, uint32_t limit)
{
	return (uint32_t)sim_random(chaos->sim, limit);
}

static uint32_t
any_number(struct chaos *chaos)
{
	static const uint32_t likely[] = { 0, 1, 2, 4, 5, 64, 0x7fffffff,
		0x80000000, UINT32_MAX, VMWARE_MESSAGE_LIMIT,
		VMWARE_MESSAGE_LIMIT + 1, VMWARE_RPCI, VMWARE_TCLO };

	return pick(chaos, 2) == 0 ? likely[pick(chaos, 13)]
				   : pick(chaos, UINT32_MAX);
}

/* A call that the host may know, with some of it wrong. */
static size_t
any_call(struct chaos *chaos)
{
	static const char *const calls[] = { "info-get guestinfo.x",
		"info-set guestinfo.x some value", "SetGuestInfo  10 ",
		"SetGuestInfo  9 ", "SetGuestInfo  3 \2", "SetGuestInfo  11 \1",
		"SetGuestDiskInfo {}", "log x", "vmbackup.eventSet req.done 0 ",
		"OK ATR toolbox", "OK ", "", "tools.os.statechange.status 1 2",
		"vmx.set_option synctime 0 1", "vmbackup.eventSet reset 0 " };
	size_t size = pick(chaos, 64);

	for (size_t i = 0; i < size; i++)
		chaos->bytes[i] = (uint8_t)pick(chaos, 4);
	if (pick(chaos, 8) > 0) {
		const char *call = calls[pick(chaos, 15)];

		/* words of 0 to 3 behind it, as XDR has them */
		if (size < strlen(call))
			size = strlen(call);
		memcpy(chaos->bytes, call, strlen(call));
		for (size_t i = strlen(call); i + 4 <= size; i += 4)
			memset(chaos->bytes + i, 0, 3);
	}
	if (pick(chaos, 4) == 0 && size > 0)
		chaos->bytes[pick(chaos, (uint32_t)size)] ^=
		    (uint8_t)pick(chaos, 256);
	return size;
}

static struct hand_channel *
any_channel(struct chaos *chaos)
{
	return &chaos->channels[pick(chaos, 8)];
}

static void
step_any(struct chaos *chaos)
{
	struct host_backdoor r = {
		.ax = pick(chaos, 8) > 0 ? VMWARE_MAGIC : any_number(chaos),
		.bx = any_number(chaos),
		.cx = pick(chaos, 8) << 16 |
		    (pick(chaos, 4) > 0 ? VMWARE_MESSAGE : pick(chaos, 128)),
		.dx = any_channel(chaos)->id << 16 |
		    (pick(chaos, 4) > 0 ? VMWARE_PORT : pick(chaos, 5)),
		.si = any_number(chaos),
		.di = any_number(chaos),
		.bp = any_number(chaos),
	};

	/* flags of a string form would make a number an address */
	if ((r.dx & 0xffff & ~VMWARE_FLAG_OUT) == VMWARE_FLAG_HIGH)
		r.si = r.di = 0;
	host_vmware_backdoor(chaos->host, &r);
}

/* One of them is forgotten now and then, open or not. */
static void
step_open(struct chaos *chaos)
{
	struct hand_channel *channel = any_channel(chaos);

	if (pick(chaos, 8) > 0)
		hand_step(channel, VMWARE_MESSAGE_CLOSE, 0, NULL);
	hand_open(chaos->host,
	    (pick(chaos, 2) == 0 ? VMWARE_RPCI : VMWARE_TCLO) |
		(pick(chaos, 4) > 0 ? VMWARE_COOKIE : 0),
	    channel);
}

static void
step_string(struct chaos *chaos)
{
	struct hand_channel channel = *any_channel(chaos);

	channel.way = pick(chaos, 4) > 0 ? VMWARE_PORT : 0;
	hand_string(&channel, pick(chaos, 2) == 0,
	    pick(chaos, 8) > 0 ? chaos->bytes : NULL,
	    pick(chaos, sizeof(chaos->bytes) + 1));
}

static void
step_message(struct chaos *chaos)
{
	struct hand_channel *channel = any_channel(chaos);
	size_t size = any_call(chaos);

	channel->strings = pick(chaos, 2) == 0;
	if (!hand_send(channel, chaos->bytes, size))
		return;
	hand_step(channel, VMWARE_MESSAGE_RECEIVE_SIZE, 0, NULL);
	for (unsigned i = pick(chaos, 20); i > 0; i--)
		hand_step(channel, VMWARE_MESSAGE_RECEIVE, pick(chaos, 8) > 0,
		    NULL);
	hand_step(channel, VMWARE_MESSAGE_RECEIVE_STATUS, pick(chaos, 2), NULL);
}

static void
step_stream(struct chaos *chaos)
{
	int stream = (int)pick(chaos, 34) - 1;
	uint8_t packet[8192];
	size_t size;

	switch (pick(chaos, 6)) {
	case 0:
		host_vmware_vsock_open(chaos->host,
		    VMWARE_VSOCK_TCLO + pick(chaos, 3), pick(chaos, 2) == 0);
		return;
	case 1:
		host_vmware_vsock_close(chaos->host, stream);
		return;
	case 2:
		host_vmware_vsock_read(chaos->host, stream, packet,
		    pick(chaos, sizeof(packet)));
		return;
	}
	size = any_call(chaos);
	size = hand_packet(packet, chaos->bytes, size, pick(chaos, 4) == 0);
	if (pick(chaos, 2) == 0)
		packet[pick(chaos, (uint32_t)size)] ^= (uint8_t)pick(chaos,
		    256);
	if (pick(chaos, 4) == 0)
		size = pick(chaos, (uint32_t)size);
	host_vmware_vsock_write(chaos->host, stream, packet, size);
}

static void
step_administrator(struct chaos *chaos)
{
	switch (pick(chaos, 5)) {
	case 0:
		host_vmware_call(chaos->host, "ping", 4);
		return;
	case 1:
		host_vmware_power(chaos->host, "OS_Reboot");
		return;
	case 2:
		host_vmware_snapshot(chaos->host, true);
		return;
	case 3:
		sim_advance(chaos->sim, sim_now(chaos->sim) + PV_SECOND);
		return;
	case 4:
		if (pick(chaos, 5) == 0)
			host_vmware_resume(chaos->host);
		return;
	}
}

static void
test_a_guest_that_does_anything(void **state)
{
	struct host_vmware_config config = { .vsock = true,
		.channels = 8,
		.message_limit = 4096,
		.info_limit = 1000 };
	struct world *world = *state;
	struct chaos *chaos = calloc(1, sizeof(*chaos));
	struct hand_channel channel;

	assert_non_null(chaos);
	chaos->sim = world->sim;
	chaos->host = raw_vmware(world, &config);
	for (unsigned i = 0; i < 8; i++)
		chaos->channels[i] = (struct hand_channel){ .host = chaos->host,
			.way = VMWARE_PORT };
	for (unsigned i = 0; i < STEPS; i++)
		switch (pick(chaos, 8)) {
		case 0:
		case 1:
			step_any(chaos);
			break;
		case 2:
			step_string(chaos);
			break;
		case 3:
			step_administrator(chaos);
			break;
		case 4:
			step_open(chaos);
			break;
		case 5:
			step_stream(chaos);
			break;
		default:
			step_message(chaos);
		}
	/* it must have got somewhere */
	assert_true(host_vmware_counts(chaos->host)->rpcs > STEPS / 100);
	assert_true(host_vmware_counts(chaos->host)->refused > STEPS / 100);
	assert_true(host_vmware_counts(chaos->host)->tclo_calls > 0);
	host_vmware_resume(chaos->host);
	for (int i = 0; i < 32; i++)
		host_vmware_vsock_close(chaos->host, i);
	assert_int_equal(host_vmware_counts(chaos->host)->channels_open, 0);
	assert_int_equal(host_vmware_counts(chaos->host)->streams_open, 0);
	assert_string_equal(hand_rpc(chaos->host, "log still there"), "1 ");
	assert_true(
	    hand_open(chaos->host, VMWARE_TCLO | VMWARE_COOKIE, &channel));
	assert_string_equal(hand_tclo(&channel, ""), "reset");
	hand_close(&channel);
	free(chaos);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_a_guest_that_does_anything),
		world_test(test_a_guest_that_does_anything),
		world_test(test_a_guest_that_does_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
