/* SPDX-License-Identifier: ISC */
/* What Xen says of itself. */
#include <string.h>

#include "host/xen/xen_private.h"

#define VERSION ((long)XEN_VERSION_MAJOR << 16 | XEN_VERSION_MINOR)

/* As a real Xen 4.17 answers a PVH guest: 0x12305. */
#define FEATURES                                                               \
	(1u << XEN_FEAT_WRITABLE_PAGE_TABLES |                                 \
	    1u << XEN_FEAT_AUTO_TRANSLATED_PHYSMAP |                           \
	    1u << XEN_FEAT_HVM_CALLBACK_VECTOR |                               \
	    1u << XEN_FEAT_HVM_SAFE_PVCLOCK | 1u << XEN_FEAT_MEMORY_OP_VNODE | \
	    1u << XEN_FEAT_NOT_DIRECT_MAPPED)

static long
text(struct host_xen *xen, uint64_t address, const char *words, size_t size)
{
	char buffer[XEN_VERSION_CAPABILITIES_SIZE] = "";

	strncpy(buffer, words, sizeof(buffer) - 1);
	return xen_give(xen, address, buffer, size);
}

static long
compile(struct host_xen *xen, uint64_t address)
{
	static const struct xen_compiled denied = { "<denied>", "<denied>",
		"<denied>", "<denied>" };

	return xen_give(xen, address, &denied, sizeof(denied));
}

static long
features(struct host_xen *xen, uint64_t address)
{
	struct xen_feature_map map;
	long result = xen_take(xen, address, &map, sizeof(map));

	if (result != 0)
		return result;
	if (map.index != 0)
		return -XEN_EINVAL;
	map.bits = FEATURES;
	if (xen->config.no_callback_vector)
		map.bits &= ~(1u << XEN_FEAT_HVM_CALLBACK_VECTOR);
	return xen_give(xen, address, &map, sizeof(map));
}

long
xen_version_op(struct host_xen *xen, const uint64_t arguments[5])
{
	uint64_t address = arguments[1], none = 0;

	switch (arguments[0]) {
	case XEN_VERSION_COMPILE:
		return compile(xen, address);
	case XEN_VERSION_PARAMETERS:
		return xen_give(xen, address, &none, sizeof(none));
	case XEN_VERSION_NUMBER:
		return VERSION;
	case XEN_VERSION_EXTRA:
		return text(xen, address, ".7", XEN_VERSION_EXTRA_SIZE);
	case XEN_VERSION_CAPABILITIES:
		return text(xen, address, "hvm-3.0-x86_32 hvm-3.0-x86_64 ",
		    XEN_VERSION_CAPABILITIES_SIZE);
	case XEN_VERSION_CHANGESET:
		return text(xen, address, "<denied>",
		    XEN_VERSION_CHANGESET_SIZE);
	case XEN_VERSION_FEATURES:
		return features(xen, address);
	case XEN_VERSION_PAGE_SIZE:
		return XEN_PAGE_SIZE;
	case XEN_VERSION_GUEST_HANDLE:
		return text(xen, address, "pvbus-model-dom", 16);
	default:
		return -XEN_ENOSYS;
	}
}
