/* SPDX-License-Identifier: ISC */
#include "programs/pvhost/nic_pull.h"

#define AT_A_TIME 64u
#define MICROSECOND 1000u
#define WAIT_MIN (50u * MICROSECOND)
#define WAIT_MAX (10000u * MICROSECOND)
#define GIVE_UP (250000u * MICROSECOND)

static void try_again(void *argument);

static void
hold(struct nic_pull *pull, const struct nic_frame *frame)
{
	pull->held = *frame;
	pull->holding = true;
	pull->since = machine_now(pull->machine);
	pull->wait = WAIT_MIN;
	pull->watch(pull->self, false);
	timers_later(&pull->machine->timers, pull->wait, try_again, pull);
}

static void
let_go(struct nic_pull *pull)
{
	pull->holding = false;
	pull->watch(pull->self, true);
}

static void
try_again(void *argument)
{
	struct nic_pull *pull = argument;

	if (nic_deliver(pull->nic, &pull->held)) {
		let_go(pull);
		return;
	}
	if (machine_now(pull->machine) - pull->since >= GIVE_UP) {
		pull->stalled = true;
		pull->nic->dropped++;
		let_go(pull);
		return;
	}
	pull->wait = pull->wait < WAIT_MAX / 2 ? 2 * pull->wait : WAIT_MAX;
	timers_later(&pull->machine->timers, pull->wait, try_again, pull);
}

bool
nic_pull(struct nic_pull *pull)
{
	struct nic_frame frame;

	for (unsigned i = 0; i < AT_A_TIME; i++) {
		if (pull->holding || !pull->next(pull->self, &frame))
			return false;
		if (nic_deliver(pull->nic, &frame))
			pull->stalled = false;
		else if (pull->stalled)
			pull->nic->dropped++;
		else
			hold(pull, &frame);
	}
	return !pull->holding;
}

void
nic_pull_end(struct nic_pull *pull)
{
	timers_forget(&pull->machine->timers, pull);
}
