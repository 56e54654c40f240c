/* SPDX-License-Identifier: ISC */
#include "tests/support/hyperv_user.h"

struct user users[USERS];
unsigned user_count;
struct user_manners user_manners;
struct user_host_counts user_host_counts;

void
users_reset(void)
{
	memset(users, 0, sizeof(users));
	memset(&user_manners, 0, sizeof(user_manners));
	memset(&user_host_counts, 0, sizeof(user_host_counts));
	user_count = 0;
}

/* ---- The driver -------------------------------------------------------- */

static void
opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct user *user = owner;

	if (channel == user->channel)
		channel->settled = !user_manners.unsettled;
	user->error = error;
	if (error == PV_OK)
		user->opened++;
	else
		user->failed++;
}

static const struct vmbus_user sub_user = { .opened = opened };

static void
sub_offered(void *owner, struct vmbus_channel *sub)
{
	struct user *user = owner;

	assert_true(user->subs < USER_SUBS);
	user->sub[user->subs++] = sub;
	vmbus_channel_use(sub, user->device, &sub_user, user);
	if (!user_manners.no_subs)
		assert_int_equal(user_open(user, sub), PV_OK);
}

static void
rescinded(void *owner)
{
	struct user *user = owner;

	user->rescinded++;
	if (!user_manners.stay)
		vmbus_depart(user->channel);
}

static void
suspended(void *owner)
{
	struct user *user = owner;

	user->suspended++;
	user->subs = 0;
}

static void
resumed(void *owner)
{
	struct user *user = owner;

	user->resumed++;
	if (!user_manners.no_open)
		assert_int_equal(user_open(user, user->channel), PV_OK);
}

static const struct vmbus_user primary_user = {
	.opened = opened,
	.sub = sub_offered,
	.rescinded = rescinded,
	.suspended = suspended,
	.resumed = resumed,
};

int
user_open(struct user *user, struct vmbus_channel *channel)
{
	static const struct vmbus_open how = { .out_pages = 2,
		.in_pages = 2,
		.packet_max = 256 };

	(void)user;
	return vmbus_channel_open(channel, &how);
}

static int
attach(struct pv_device *device)
{
	struct user *user;

	if (user_manners.refuse != 0)
		return user_manners.refuse;
	assert_true(user_count < USERS);
	user = &users[user_count++];
	user->device = device;
	user->channel = device->aux;
	user->attached++;
	device->softc = user;
	vmbus_channel_use(user->channel, device, &primary_user, user);
	if (!user_manners.no_open)
		assert_int_equal(user_open(user, user->channel), PV_OK);
	pv_device_describe(device, "used");
	return PV_OK;
}

static void
detach(struct pv_device *device)
{
	struct user *user = device->softc;

	for (unsigned i = 0; i < user->subs; i++)
		vmbus_channel_close(user->sub[i]);
	vmbus_channel_close(user->channel);
	user->detached++;
	user->device = NULL;
	user->channel = NULL;
	user->subs = 0;
}

static const struct pv_driver user_driver = {
	.name = "hvn",
	.attach = attach,
	.detach = detach,
};

const struct pv_driver *const user_drivers[] = { &pv_hyperv_driver,
	&user_driver, NULL };

/* ---- The host's -------------------------------------------------------- */

static bool
host_opened(void *self, struct host_vmbus_channel *channel, const void *bytes,
    unsigned len)
{
	struct user_host_counts *counts = self;

	(void)channel;
	(void)bytes;
	(void)len;
	if (counts->refuse)
		return false;
	counts->opened++;
	return true;
}

static void
host_closed(void *self, struct host_vmbus_channel *channel)
{
	struct user_host_counts *counts = self;

	(void)channel;
	counts->closed++;
}

static void
host_signalled(void *self, struct host_vmbus_channel *channel)
{
	(void)self;
	(void)channel;
}

static void
host_free(void *self)
{
	struct user_host_counts *counts = self;

	counts->freed++;
}

struct host_vmbus_device *
user_host_of(struct partition *partition, const struct hv_guid *type,
    const struct hv_guid *instance)
{
	struct host_vmbus_kind kind = { .type = *type,
		.opened = host_opened,
		.signalled = host_signalled,
		.closed = host_closed,
		.free = host_free };
	struct host_vmbus_device *device;

	device = host_vmbus_offer(partition->host, &kind, instance,
	    &user_host_counts);
	assert_non_null(device);
	return device;
}

struct host_vmbus_device *
user_host(struct partition *partition)
{
	static const struct hv_guid network = HV_GUID_NETWORK;

	return user_host_of(partition, &network, NULL);
}
