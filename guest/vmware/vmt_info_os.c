/* SPDX-License-Identifier: ISC */
/* What the guest's system is called, in one name and in detail. */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt_info.h"

/* Blanks for what would end a line or a text on a host. */
static void
one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

static void
read_fact(const struct pv_port *port, enum pv_fact which, char to[VMT_FACT])
{
	(void)vmt_fact(port, which, to, VMT_FACT);
	one_line(to);
}

void
vmt_os_read(const struct pv_port *port, struct vmt_os *os)
{
	read_fact(port, PV_FACT_OS_NAME, os->name);
	read_fact(port, PV_FACT_OS_VERSION, os->version);
	read_fact(port, PV_FACT_OS_BUILD, os->build);
	read_fact(port, PV_FACT_ARCHITECTURE, os->architecture);
	read_fact(port, PV_FACT_OS_ID, os->id);
	read_fact(port, PV_FACT_OS_PRETTY, os->pretty);
	read_fact(port, PV_FACT_OS_FAMILY, os->family);
}

/* ---- In one name ------------------------------------------------------ */

static void
put_word(struct writer *writer, const char *word)
{
	if (word[0] == '\0')
		return;
	if (writer->len > 0)
		write_text(writer, " ");
	write_text(writer, word);
}

static void
put_distribution(struct writer *writer, const struct vmt_os *os)
{
	if (os->pretty[0] != '\0') {
		put_word(writer, os->pretty);
		return;
	}
	put_word(writer, os->name);
	put_word(writer, os->version);
}

void
vmt_os_full_name(const struct vmt_os *os, char *to, size_t room)
{
	struct writer writer;

	writer_init(&writer, to, room - 1);
	put_word(&writer, os->family);
	put_word(&writer, os->build);
	put_distribution(&writer, os);
	if (writer.full) {
		writer_back(&writer, 0);
		put_distribution(&writer, os);
	}
	if (writer.full) {
		writer_back(&writer, 0);
		put_word(&writer, os->name);
	}
	to[writer.full ? 0 : writer.len] = '\0';
}

/* ---- In detail -------------------------------------------------------- */

/* key='value' with ' and \ escaped; none where there is no value. */
static void
put_detail(struct writer *writer, const char *key, const char *value)
{
	size_t len = strlen(value);

	while (len > 0 && value[len - 1] == ' ')
		len--;
	if (len == 0)
		return;
	if (writer->len > sizeof(struct osdetail))
		write_text(writer, " ");
	write_text(writer, key);
	write_text(writer, "='");
	for (size_t i = 0; i < len; i++) {
		if (value[i] == '\'' || value[i] == '\\')
			write_text(writer, "\\");
		write_bytes(writer, &value[i], 1);
	}
	write_text(writer, "'");
}

static bool
contains(const char *text, const char *part)
{
	size_t len = strlen(text), want = strlen(part);

	for (size_t i = 0; i + want <= len; i++)
		if (memcmp(text + i, part, want) == 0)
			return true;
	return false;
}

/* Keys in the order of the alphabet, as tools have them. */
static void
put_details(struct writer *writer, const struct vmt_os *os)
{
	const char *machine = os->architecture;

	/* VMware runs on no third one; what the owner says else is told as it
	 * is */
	if (contains(machine, "aarch64") || contains(machine, "arm"))
		put_detail(writer, "architecture", "Arm");
	else if (contains(machine, "86") || contains(machine, "amd64"))
		put_detail(writer, "architecture", "X86");
	else
		put_detail(writer, "architecture", machine);
	if (machine[0] != '\0')
		put_detail(writer, "bitness",
		    contains(machine, "64") ? "64" : "32");
	put_detail(writer, "distroName", os->name);
	put_detail(writer, "distroVersion", os->version);
	put_detail(writer, "familyName", os->family);
	put_detail(writer, "kernelVersion", os->build);
	put_detail(writer, "prettyName", os->pretty);
}

void
vmt_os_detailed(const struct vmt_os *os, struct writer *writer)
{
	struct osdetail header = { .version = 0 };
	struct writer details = *writer;
	uint8_t version[4];
	struct writer first;

	vmt_os_id(os, header.short_name, sizeof(header.short_name));
	vmt_os_full_name(os, header.full_name, sizeof(header.full_name));
	writer_init(&first, version, sizeof(version));
	write_le32(&first, OSDETAIL_VERSION);
	memcpy(&header.version, version, sizeof(version));
	/* lengths of its own: the text knows what of it is there */
	details.to += writer->len;
	details.room -= writer->len;
	details.len = 0;
	write_bytes(&details, &header, sizeof(header));
	put_details(&details, os);
	write_zeroes(&details, 1);
	writer->len += details.len;
	writer->full |= details.full;
}
