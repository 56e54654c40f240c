/* SPDX-License-Identifier: ISC */
/*
 * A received frame out of its entries.  A host that errs loses that frame, up
 * to its end, and nothing else; each entry is used up all the same.
 */
#include "guest/xen/xnf_chain.h"
#include "pvbus/port.h"
#include "wire/endian.h"

#define ETHERNET_HEADER 14u

static void
spoil(struct xnf_chain *chain, uint64_t *counter)
{
	if (!chain->bad && counter != NULL)
		++*counter;
	chain->bad = true;
}

/*
 * The id is repeated where there is data, but what counts is the place: back
 * ends answer an entry in its own place (io/netif.h, "Guest receive").  One
 * that repeats another id has confused its buffers.
 */
static void
check(struct xnf_chain *chain, uint32_t place,
    const struct xen_net_rx_response *response, struct pv_stats *stats)
{
	int status = response->status;

	if (response->id != (uint16_t)place)
		spoil(chain, &stats->bad_id);
	else if (status == XEN_NET_ERROR || status == XEN_NET_DROPPED)
		spoil(chain, NULL); /* as its back end may */
	else if (status < 0)
		spoil(chain, &stats->bad_value);
	else if (status == 0 || status > (int)PV_PAGE_SIZE ||
	    response->offset > (int)PV_PAGE_SIZE - status)
		spoil(chain, &stats->bad_length);
	else if ((response->flags & XEN_NET_RX_GSO_PREFIX) != 0)
		spoil(chain, &stats->bad_value); /* we did not offer it */
	else if (chain->count == XNF_CHAIN_MAX)
		spoil(chain, &stats->bad_length);
}

static void
take_data(struct xnf_chain *chain, uint32_t place,
    const struct xen_net_rx_response *response, struct pv_stats *stats)
{
	check(chain, place, response, stats);
	chain->more = (response->flags & XEN_NET_RX_MORE_DATA) != 0;
	if (chain->bad)
		return;
	chain->pieces[chain->count++] = (struct xnf_chain_piece){
		.place = place,
		.offset = response->offset,
		.len = (uint16_t)response->status,
	};
	chain->length += (uint16_t)response->status;
}

static void
take_gso(struct xnf_chain *chain, const struct xen_net_extra *extra,
    struct pv_stats *stats)
{
	if (extra->u.gso.size == 0 ||
	    (extra->u.gso.type != XEN_NET_GSO_TCPV4 &&
		extra->u.gso.type != XEN_NET_GSO_TCPV6)) {
		spoil(chain, &stats->bad_value);
		return;
	}
	chain->gso_type = extra->u.gso.type;
	chain->gso_size = extra->u.gso.size;
}

static void
take_extra(struct xnf_chain *chain, const struct xen_net_extra *extra,
    struct pv_stats *stats)
{
	unsigned type = extra->type;

	chain->extras = (extra->flags & XEN_NET_EXTRA_FLAG_MORE) != 0;
	if (type != XEN_NET_EXTRA_GSO && type != XEN_NET_EXTRA_HASH &&
	    type != XEN_NET_EXTRA_XDP) {
		spoil(chain, &stats->bad_value);
		return;
	}
	if ((chain->seen & 1u << type) != 0) {
		spoil(chain, &stats->bad_duplicate);
		return;
	}
	chain->seen |= 1u << type;
	if (type == XEN_NET_EXTRA_GSO)
		take_gso(chain, extra, stats);
	else if (type == XEN_NET_EXTRA_HASH &&
	    extra->u.hash.algorithm != XEN_NET_HASH_ALGORITHM_NONE)
		chain->hash = get_le32(extra->u.hash.value);
	/* the headroom for XDP is in the offset already */
}

bool
xnf_chain_step(struct xnf_chain *chain, uint32_t place,
    const union xen_net_rx_entry *entry, struct pv_stats *stats)
{
	if (!chain->begun) {
		*chain = (struct xnf_chain){ .begun = true,
			.flags = entry->response.flags };
		chain->extras = (chain->flags & XEN_NET_RX_EXTRA_INFO) != 0;
		take_data(chain, place, &entry->response, stats);
	} else if (chain->extras)
		take_extra(chain, &entry->extra, stats);
	else
		take_data(chain, place, &entry->response, stats);
	if (chain->extras || chain->more)
		return false;
	chain->begun = false;
	if (chain->length < ETHERNET_HEADER || chain->length > XNF_FRAME_MAX)
		spoil(chain, &stats->bad_length);
	return true;
}
