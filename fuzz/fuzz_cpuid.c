/* SPDX-License-Identifier: ISC */
/* Input: leaves of 20 bytes (number, EAX, EBX, ECX, EDX); leaf 1 always has the
 * hypervisor bit. */
#include "fuzz/fuzz.h"
#include "pvbus/guest.h"

struct leaves {
	const uint8_t *data;
	size_t count;
	unsigned executed;
};

static void
cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	struct leaves *leaves = ctx;
	uint32_t words[5];

	(void)subleaf;
	leaves->executed++;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < leaves->count; i++) {
		memcpy(words, leaves->data + i * sizeof(words), sizeof(words));
		if (words[0] == leaf)
			memcpy(out, words + 1, sizeof(*out));
	}
	if (leaf == 1)
		out->ecx |= 1u << 31;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct leaves leaves = { .data = data, .count = size / 20 };
	struct pv_port port = { .ctx = &leaves, .cpuid = cpuid };
	struct pv_detection detection;
	int error = pv_detect(&port, &detection);
	unsigned present = 0;

	MUST(error == PV_OK || error == PV_ENODEV);
	/* leaf 1, 256 bases, at most two more for each interface */
	MUST(leaves.executed <= 1 + 256 + 2 * PV_HV_COUNT);
	for (unsigned i = 0; i < PV_HV_COUNT; i++)
		if (detection.interface[i].present)
			MUST(detection.interface[i].unit == present++);
	MUST(present == detection.count);
	MUST((error == PV_OK) == (present > 0));
	return 0;
}
