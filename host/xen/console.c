/* SPDX-License-Identifier: ISC */
/* The console: xenconsoled, as far as to take what the guest writes. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xen_private.h"
#include "wire/xen/console.h"

#define KEPT_MAX 65536u

static struct xen_console_page *
console_page(struct host_xen *xen)
{
	if (xen->console_physical == 0)
		return NULL;
	return xen->world.map(xen->world.ctx, xen->console_physical,
	    sizeof(struct xen_console_page));
}

static void
keep(struct host_xen *xen, char byte)
{
	if (xen->console_size == KEPT_MAX)
		return;
	if (xen->console_text == NULL)
		xen->console_text = xen_alloc(KEPT_MAX + 1);
	xen->console_text[xen->console_size++] = byte;
}

static void
take(struct host_xen *xen, char byte)
{
	if (xen->config.console != NULL)
		xen->config.console(xen->config.ctx, &byte, 1);
	else
		keep(xen, byte);
}

static void
drain(void *argument)
{
	struct host_xen *xen = argument;
	struct xen_console_page *page = console_page(xen);
	uint32_t cons, prod;

	if (page == NULL)
		return;
	cons = __atomic_load_n(&page->out_cons, __ATOMIC_ACQUIRE);
	prod = __atomic_load_n(&page->out_prod, __ATOMIC_ACQUIRE);
	if (prod - cons > XEN_CONSOLE_OUT_SIZE)
		return;
	while (cons != prod)
		take(xen, (char)page->out[cons++ % XEN_CONSOLE_OUT_SIZE]);
	__atomic_store_n(&page->out_cons, cons, __ATOMIC_RELEASE);
	host_port_send(xen->console);
}

/* At the start, and after a resume. */
void
xen_console_open(struct host_xen *xen)
{
	uint32_t port = 0;

	host_port_close(xen->console);
	xen->console = host_port_offer(xen, &port, drain, xen);
	xen->params[XEN_HVM_PARAM_CONSOLE_EVTCHN] = port;
}

const char *
host_xen_console_text(const struct host_xen *xen)
{
	return xen->console_text != NULL ? xen->console_text : "";
}

size_t
host_xen_console_type(struct host_xen *xen, const char *text)
{
	struct xen_console_page *page = console_page(xen);
	size_t size = strlen(text), done = 0;
	uint32_t cons, prod;

	if (page == NULL)
		return 0;
	cons = __atomic_load_n(&page->in_cons, __ATOMIC_ACQUIRE);
	prod = __atomic_load_n(&page->in_prod, __ATOMIC_ACQUIRE);
	while (done < size && prod - cons < XEN_CONSOLE_IN_SIZE)
		page->in[prod++ % XEN_CONSOLE_IN_SIZE] = (uint8_t)text[done++];
	__atomic_store_n(&page->in_prod, prod, __ATOMIC_RELEASE);
	host_port_send(xen->console);
	return done;
}
