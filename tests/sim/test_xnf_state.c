/* SPDX-License-Identifier: ISC */
/*
 * xnf as its back end comes, goes and changes, and as the guest is saved.  The
 * numbers are those of the list of bad inputs that each driver survives.
 */
#include <stdio.h>

#include "tests/support/vif.h"
#include "wire/xen/store.h"

static void
poll_for(struct vif *vif, uint64_t time)
{
	vif_run(vif, time);
}

static void
works(struct vif *vif)
{
	static uint8_t bytes[9000];
	struct vif_frame frame;
	size_t len = vif->nic->features & PV_NIC_SCATTER ? 9000 : 1514;

	vif_forget(&vif->peer);
	vif_forget(&vif->guest);
	vif_pattern(bytes, len, 5);
	for (unsigned queue = 0; queue < vif->nic->queues; queue++) {
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, len);
		vif_transmit(vif, queue, &frame);
		pv_nic_kick(vif->nic, queue);
		vif_wait(vif, &frame);
		assert_int_equal(frame.frame.error, PV_OK);
		assert_memory_equal(vif->peer.first->bytes, bytes, len);
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes,
			.length = len,
			.queue = queue });
		assert_memory_equal(vif->guest.first->bytes, bytes, len);
		vif_forget(&vif->peer);
		vif_forget(&vif->guest);
	}
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

static void
comes_up(struct vif *vif)
{
	vif_until(vif, vif_is_up, "up");
	works(vif);
}

/* Frames of both kinds in a ring that nobody looks at. */
static void
hang(struct vif *vif, struct vif_frame frames[2])
{
	uint64_t physical;
	void *bytes = vif_pages(vif, 3, &physical);

	host_netback_manners(vif->net)->stop = true;
	vif_frame(&frames[0], bytes, physical, 60);
	vif_frame(&frames[1], bytes, physical, 9000);
	vif_transmit(vif, 0, &frames[0]);
	vif_transmit(vif, 0, &frames[1]);
	pv_nic_kick(vif->nic, 0);
	poll_for(vif, PV_MILLISECOND);
	assert_int_equal(frames[0].done + frames[1].done, 0);
}

static void
hung(struct vif *vif, const struct vif_frame frames[2], int error)
{
	host_netback_manners(vif->net)->stop = false;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(frames[i].done, 1);
		assert_int_equal(frames[i].frame.error, error);
	}
}

static void
write_key(struct vif *vif, const char *path, const char *value)
{
	assert_true(host_xenstore_write(host_xen_store(vif->xen), path, value,
	    strlen(value)));
}

/* A back end that has announced itself, and no guest yet. */
static void
announced(struct vif *vif, const struct host_nic_config *config)
{
	vif_machine(vif, NULL);
	vif_nic(vif, config);
	sim_advance(vif->world->sim,
	    sim_now(vif->world->sim) + 10 * PV_MILLISECOND);
}

/* ---- 30: states ------------------------------------------------------- */

static void
test_30_back_end_closes_with_frames_under_way(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2], late;
	uint8_t bytes[60] = { 0 };

	vif_start(vif, NULL);
	works(vif);
	hang(vif, frames);
	host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
	vif_until(vif, vif_is_down, "down");
	hung(vif, frames, PV_EIO);
	/* what comes while there is no link is lost, too */
	vif_frame(&late, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 0, &late);
	pv_nic_kick(vif->nic, 0);
	assert_int_equal(late.done, 1);
	assert_int_equal(late.frame.error, PV_EIO);
	comes_up(vif);
}

static void
test_30_back_end_comes_back_many_times(void **state)
{
	struct vif *vif = *state;
	size_t pages, memory;

	vif_start(vif, NULL);
	works(vif);
	pages = sim_machine_counts(vif->world->machine)->pages;
	memory = sim_machine_counts(vif->world->machine)->memory;
	for (unsigned i = 0; i < 50; i++) {
		host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
		vif_until(vif, vif_is_down, "down");
		comes_up(vif);
	}
	assert_int_equal(sim_machine_counts(vif->world->machine)->pages, pages);
	assert_in_range(sim_machine_counts(vif->world->machine)->memory, memory,
	    memory + 4096);
}

static void
test_30_back_end_comes_back_with_other_features(void **state)
{
	struct vif *vif = *state;
	static const struct host_nic_config configs[] = {
		{ .no_sg = true },
		{ .split = true, .max_queues = 4 },
		{ .no_csum4 = true, .no_ipv6_csum = true },
		{ .max_queues = 2, .mtu = 9000 },
		{ .no_gso4 = true, .split = true, .max_queues = 3 },
		{ .mtu = 0 },
	};
	static const unsigned queues[] = { 1, 4, 1, 2, 3, 1 };

	vif_machine(vif,
	    &(struct host_xen_config){ .vcpus = 4,
		.domain = 7,
		.name = "guest" });
	vif_nic(vif, &configs[1]);
	vif_attach(vif);
	comes_up(vif);
	for (unsigned i = 0; i < 24; i++) {
		host_netback_restart(vif->net, &configs[i % 6]);
		vif_until(vif, vif_is_down, "down");
		comes_up(vif);
		assert_int_equal(vif->nic->queues, queues[i % 6]);
		assert_int_equal(host_netback_counts(vif->net)->queues,
		    queues[i % 6]);
		assert_int_equal(host_netback_counts(vif->net)->split,
		    configs[i % 6].split);
		assert_int_equal((vif->nic->features & PV_NIC_SCATTER) == 0,
		    configs[i % 6].no_sg);
	}
	assert_int_equal(vif->nic->mtu, 1500);
}

/* Some of these end the connection; after any of them a back end that begins
 * anew is a back end. */
static void
test_30_any_state(void **state)
{
	struct vif *vif = *state;
	static const unsigned states[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 255,
		4000000000u };

	vif_start(vif, NULL);
	for (unsigned i = 0; i < sizeof(states) / sizeof(*states); i++) {
		host_netback_state(vif->net, states[i]);
		poll_for(vif, 20 * PV_SECOND);
		assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
		host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
		poll_for(vif, 2 * PV_SECOND);
		comes_up(vif);
	}
	assert_in_range(vif->device->stats.bad_state, 4, 10);
}

static void
test_30_states_in_any_order(void **state)
{
	struct vif *vif = *state;
	struct sim *sim = vif->world->sim;

	vif_start(vif, NULL);
	for (unsigned i = 0; i < 300; i++) {
		host_netback_state(vif->net, 1 + (unsigned)sim_random(sim, 9));
		poll_for(vif, sim_random(sim, 3 * PV_MILLISECOND));
	}
	host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
	poll_for(vif, 20 * PV_SECOND);
	comes_up(vif);
}

static void
test_30_connected_twice(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	for (unsigned i = 0; i < 10; i++) {
		host_netback_state(vif->net, XEN_BUS_CONNECTED);
		poll_for(vif, PV_MILLISECOND);
		assert_true(vif->nic->link);
		works(vif);
	}
}

/* ---- 31: what it says of itself ---------------------------------------- */

static void
test_31_no_copy_no_use(void **state)
{
	struct vif *vif = *state;

	vif_machine(vif, NULL);
	vif_nic(vif, &(struct host_nic_config){ .no_copy = true });
	vif_attach(vif);
	poll_for(vif, 10 * PV_SECOND);
	assert_false(vif->nic->link);
	world_has_line(vif->world,
	    "xnf0: the back end does not copy (feature-rx-copy); not in use");
	/* another one does */
	host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
	comes_up(vif);
	world_has_line(vif->world,
	    "xnf0 at xen0 backend 0 channel 3: address 00:16:3e:01:02:03");
}

static void
test_31_no_address_no_use(void **state)
{
	struct vif *vif = *state;
	static const char *const macs[] = { "", "00:16:3e:01:02",
		"00:16:3e:01:02:03:04", "00-16-3e-01-02-03",
		"0g:16:3e:01:02:03", "01:16:3e:01:02:03" };

	announced(vif, NULL);
	for (unsigned i = 0; i < 6; i++) {
		write_key(vif, VIF_FRONT "/mac", macs[i]);
		write_key(vif, VIF_BACK "/mac", macs[5 - i]);
		if (i == 0)
			vif_attach(vif);
		else
			host_netback_restart(vif->net,
			    &(struct host_nic_config){ 0 });
		poll_for(vif, 5 * PV_SECOND);
		assert_false(vif->nic->link);
	}
	world_has_line(vif->world, "xnf0: no address; not in use");
	assert_in_range(vif->device->stats.bad_text, 12, 14);
	write_key(vif, VIF_FRONT "/mac", "02:00:00:AB:cd:EF");
	host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
	comes_up(vif);
	assert_memory_equal(vif->nic->mac, "\x02\x00\x00\xab\xcd\xef", 6);
}

static void
test_31_address_of_the_back_end(void **state)
{
	struct vif *vif = *state;

	announced(vif, NULL);
	assert_true(
	    host_xenstore_remove(host_xen_store(vif->xen), VIF_FRONT "/mac"));
	vif_attach(vif);
	comes_up(vif);
	assert_memory_equal(vif->nic->mac, "\x00\x16\x3e\x01\x02\x03", 6);
}

static void
test_31_numbers_that_are_none(void **state)
{
	struct vif *vif = *state;
	static const char *const keys[] = { "feature-gso-tcpv4",
		"feature-gso-tcpv6", "feature-no-csum-offload",
		"feature-ipv6-csum-offload", "feature-split-event-channels",
		"feature-multicast-control", "mtu" };
	static const char *const junk[] = { "", "2", "-1", "0x1",
		"99999999999999999999999999", "yes", "\n" };

	announced(vif, NULL);
	for (unsigned i = 0; i < 7; i++) {
		char path[96];

		snprintf(path, sizeof(path), VIF_BACK "/%s", keys[i]);
		write_key(vif, path, junk[i]);
	}
	vif_attach(vif);
	comes_up(vif);
	assert_int_equal(vif->nic->mtu, 1500);
	assert_in_range(vif->device->stats.bad_value, 5, 20);
}

static void
queues_said(struct vif *vif, const char *number, unsigned queues)
{
	vif_machine(vif,
	    &(struct host_xen_config){ .vcpus = 2,
		.domain = 7,
		.name = "guest" });
	vif_nic(vif, NULL);
	sim_advance(vif->world->sim,
	    sim_now(vif->world->sim) + 10 * PV_MILLISECOND);
	write_key(vif, VIF_BACK "/multi-queue-max-queues", number);
	vif_attach(vif);
	poll_for(vif, 5 * PV_SECOND);
	assert_int_equal(((struct xnf *)vif->nic)->active, queues);
}

static void
test_31_zero_queues(void **state)
{
	struct vif *vif = *state;

	queues_said(vif, "0", 1);
	comes_up(vif);
	assert_int_equal(vif->device->stats.bad_value, 1);
}

static void
test_31_billions_of_queues(void **state)
{
	struct vif *vif = *state;

	queues_said(vif, "2147483648", 2);
}

/* A feature that was promised, and then is not there: frames are refused, one
 * by one, and that is all. */
static void
test_31_promise_is_broken(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[9000] = { 0 };

	announced(vif, &(struct host_nic_config){ .no_sg = true });
	write_key(vif, VIF_BACK "/feature-sg", "1");
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	assert_int_equal(vif_send(vif, &frame), PV_EIO);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 60);
	assert_int_equal(vif_send(vif, &frame), PV_OK);
}

/* ---- The link --------------------------------------------------------- */

static void
test_link_follows_the_carrier(void **state)
{
	struct vif *vif = *state;
	unsigned changes;

	vif_start(vif, NULL);
	host_netback_carrier(vif->net, false);
	host_netback_state(vif->net, XEN_BUS_CONNECTED);
	poll_for(vif, PV_MILLISECOND);
	assert_false(vif->nic->link);
	/* from now on it is looked at now and then */
	changes = vif->changes;
	host_netback_carrier(vif->net, true);
	poll_for(vif, 3 * PV_SECOND);
	assert_true(vif->nic->link);
	assert_int_equal(vif->changes, changes + 1);
	poll_for(vif, 60 * PV_SECOND);
	assert_int_equal(vif->changes, changes + 1);
	works(vif);
}

static void
test_link_waits_for_the_scripts_of_domain_0(void **state)
{
	struct vif *vif = *state;

	vif_machine(vif, NULL);
	vif_nic(vif, NULL);
	write_key(vif, VIF_BACK "/hotplug-status", "error");
	vif_attach(vif);
	poll_for(vif, PV_SECOND);
	assert_false(vif->nic->link);
	write_key(vif, VIF_BACK "/hotplug-status", "connected");
	host_netback_state(vif->net, XEN_BUS_CONNECTED);
	comes_up(vif);
}

/* ---- Somebody was here before us --------------------------------------- */

static void
test_back_end_that_was_left_closed(void **state)
{
	struct vif *vif = *state;

	announced(vif, NULL);
	write_key(vif, VIF_FRONT "/state", "6");
	sim_advance(vif->world->sim, sim_now(vif->world->sim) + PV_SECOND);
	vif_attach(vif);
	comes_up(vif);
}

/* By a boot loader, say, which told nobody that it was done: connected to
 * memory that is ours now. */
static void
test_back_end_that_was_left_connected(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	works(vif);
	vif->device->parent->state = PV_DEVICE_BROKEN;
	pv_bus_detach(vif->world->bus);
	assert_int_equal(host_xen_counts(vif->xen)->mapped, 2);
	world_expect_leaked_pages(vif->world,
	    sim_machine_counts(vif->world->machine)->pages);
	vif_attach(vif);
	comes_up(vif);
}

/* ---- 37: unplugged ---------------------------------------------------- */

static struct {
	unsigned calls;
	bool gone;
} seen;

static void
see(struct pv_nic *nic, void *owner)
{
	(void)owner;
	seen.calls++;
	seen.gone = nic->gone;
}

static bool
has_nic(struct vif *vif)
{
	for (const struct pv_device *device = pv_bus_devices(vif->world->bus);
	     device != NULL; device = device->next)
		if (strcmp(device->name, "xnf0") == 0)
			return true;
	return false;
}

static bool
has_no_nic(struct vif *vif)
{
	return !has_nic(vif);
}

static void
test_30_back_end_vanishes(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2];

	vif_start(vif, NULL);
	hang(vif, frames);
	host_netback_state(vif->net, XEN_BUS_UNKNOWN);
	poll_for(vif, 10 * PV_SECOND);
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	host_netback_remove(vif->net, false);
	vif_until(vif, has_no_nic, "gone");
	assert_int_equal(frames[0].done, 1);
	assert_int_equal(frames[1].done, 1);
}

static void
test_37_unplugged_politely(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2];

	vif_start(vif, NULL);
	seen.gone = false;
	vif->nic->changed = see;
	hang(vif, frames);
	host_netback_remove(vif->net, true);
	vif_until(vif, has_no_nic, "gone");
	assert_true(seen.gone);
	hung(vif, frames, PV_EIO);
}

static void
test_37_torn_out(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2];

	vif_start(vif, NULL);
	seen.gone = false;
	vif->nic->changed = see;
	hang(vif, frames);
	host_netback_remove(vif->net, false);
	vif_until(vif, has_no_nic, "gone");
	assert_true(seen.gone);
	assert_int_equal(frames[0].done, 1);
	assert_int_equal(frames[1].done, 1);
}

static void
test_plugged_in(void **state)
{
	struct vif *vif = *state;
	struct host_netback *second;

	vif_start(vif, NULL);
	second = host_netback_new(vif->xen,
	    &(struct host_nic_config){ .handle = 1,
		.mac = { 2, 0, 0, 0, 0, 1 } });
	assert_non_null(second);
	poll_for(vif, PV_SECOND);
	world_has_line(vif->world,
	    "xnf1 at xen0 backend 0 channel 4: address 02:00:00:00:00:01");
	works(vif);
}

/* In the middle of each thing that is waited for. */
static void
at_each_moment(struct vif *vif, void (*happen)(struct vif *))
{
	vif_machine(vif, NULL);
	vif_nic(vif, NULL);
	vif_attach(vif);
	for (uint64_t time = 0; time < 4 * PV_MILLISECOND; time += 50000) {
		vif_until(vif, vif_is_up, "up");
		host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
		poll_for(vif, time + sim_random(vif->world->sim, 50000));
		happen(vif);
	}
}

static void
unplug_and_plug(struct vif *vif)
{
	const struct pv_device *device;

	host_netback_remove(vif->net, false);
	vif_until(vif, has_no_nic, "gone");
	host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
	vif_until(vif, has_nic, "there");
	device = pv_bus_devices(vif->world->bus);
	while (strcmp(device->name, "xnf0") != 0)
		device = device->next;
	vif->device = (struct pv_device *)(uintptr_t)device;
	vif->nic = vif->device->nic;
}

static void
test_37_torn_out_at_each_moment(void **state)
{
	struct vif *vif = *state;

	at_each_moment(vif, unplug_and_plug);
}

static void
vanish(struct vif *vif)
{
	host_netback_state(vif->net, XEN_BUS_CLOSING);
	poll_for(vif, sim_random(vif->world->sim, 50000));
	host_netback_state(vif->net, XEN_BUS_CLOSED);
	poll_for(vif, 10 * PV_SECOND);
	host_netback_restart(vif->net, &(struct host_nic_config){ 0 });
	poll_for(vif, 10 * PV_MILLISECOND);
	comes_up(vif);
}

static void
test_37_closed_at_each_moment(void **state)
{
	struct vif *vif = *state;

	at_each_moment(vif, vanish);
}

/* ---- 38: saved -------------------------------------------------------- */

static void
test_38_saved_and_restored(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2];

	vif_start(vif, NULL);
	works(vif);
	hang(vif, frames);
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
	assert_false(vif->nic->link);
	vif_until(vif, vif_is_up, "up");
	hung(vif, frames, PV_EIO);
	works(vif);
	assert_int_equal(host_xen_counts(vif->xen)->suspends, 1);
}

static void
test_38_restored_as_another_domain(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	works(vif);
	host_xen_resume_as(vif->xen, 23);
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
	comes_up(vif);
}

static void
test_38_saved_with_many_queues(void **state)
{
	struct vif *vif = *state;

	vif_machine(vif,
	    &(struct host_xen_config){ .vcpus = 4,
		.domain = 7,
		.name = "guest" });
	vif_nic(vif,
	    &(struct host_nic_config){ .max_queues = 4, .split = true });
	vif_attach(vif);
	comes_up(vif);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
		comes_up(vif);
		assert_int_equal(vif->nic->queues, 4);
	}
}

/* Nothing has changed, and what was under way goes on. */
static void
test_38_not_saved_after_all(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2];

	vif_start(vif, NULL);
	hang(vif, frames);
	host_xen_manners(vif->xen)->suspend_cancelled = true;
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_EINTR);
	assert_true(vif->nic->link);
	host_netback_manners(vif->net)->stop = false;
	host_netback_look(vif->net);
	vif_wait(vif, &frames[1]);
	hung(vif, frames, PV_OK);
	works(vif);
}

/* A back end that is about to restart may do so after this, too, and what is
 * under way then is lost, as it should be. */
static void
save(struct vif *vif)
{
	assert_int_equal(pv_bus_suspend(vif->world->bus), PV_OK);
	poll_for(vif, 10 * PV_MILLISECOND);
	comes_up(vif);
}

static void
test_38_saved_at_each_moment(void **state)
{
	struct vif *vif = *state;

	at_each_moment(vif, save);
}

static void
test_38_saved_while_the_back_end_is_away(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	host_netback_state(vif->net, XEN_BUS_CLOSING);
	vif_until(vif, vif_is_down, "down");
	save(vif);
}

/* ---- The end ---------------------------------------------------------- */

/* The back end hears that we go, and lets go of all. */
static void
test_detach_says_goodbye(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frames[2];

	vif_start(vif, NULL);
	hang(vif, frames);
	pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
	hung(vif, frames, PV_EINTR);
	assert_int_equal(host_xen_counts(vif->xen)->mapped, 0);
	assert_memory_equal(host_xenstore_read(host_xen_store(vif->xen),
				VIF_FRONT "/state", NULL),
	    "6", 2);
}

static void
test_attach_again(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	for (unsigned i = 0; i < 5; i++) {
		works(vif);
		pv_bus_detach(vif->world->bus);
		vif_attach(vif);
		vif_until(vif, vif_is_up, "up");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vif_test(test_30_back_end_closes_with_frames_under_way),
		vif_test(test_30_back_end_comes_back_many_times),
		vif_test(test_30_back_end_comes_back_with_other_features),
		vif_test(test_30_any_state),
		vif_test(test_30_states_in_any_order),
		vif_test(test_30_connected_twice),
		vif_test(test_30_back_end_vanishes),
		vif_test(test_31_no_copy_no_use),
		vif_test(test_31_no_address_no_use),
		vif_test(test_31_address_of_the_back_end),
		vif_test(test_31_numbers_that_are_none),
		vif_test(test_31_zero_queues),
		vif_test(test_31_billions_of_queues),
		vif_test(test_31_promise_is_broken),
		vif_test(test_link_follows_the_carrier),
		vif_test(test_link_waits_for_the_scripts_of_domain_0),
		vif_test(test_back_end_that_was_left_closed),
		vif_test(test_back_end_that_was_left_connected),
		vif_test(test_37_unplugged_politely),
		vif_test(test_37_torn_out),
		vif_test(test_plugged_in),
		vif_test(test_37_torn_out_at_each_moment),
		vif_test(test_37_closed_at_each_moment),
		vif_test(test_38_saved_and_restored),
		vif_test(test_38_restored_as_another_domain),
		vif_test(test_38_saved_with_many_queues),
		vif_test(test_38_not_saved_after_all),
		vif_test(test_38_saved_at_each_moment),
		vif_test(test_38_saved_while_the_back_end_is_away),
		vif_test(test_detach_says_goodbye),
		vif_test(test_attach_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
