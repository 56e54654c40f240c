/* SPDX-License-Identifier: ISC */
/*
 * What is mounted from disks of this machine, by proc_pid_mountinfo(5).
 *
 * A file system of a network, or of a program (FUSE), may never answer, so none
 * is touched: neither asked itself, nor passed on the way to another.  Each is
 * told once, where it was mounted first.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* A machine of containers has thousands, and bind mounts of one disk. */
#define MOUNTS 4096u
#define LINES 65536u

struct mount {
	unsigned major, minor;
	bool near; /* no network and no program behind it */
	bool disk, told;
	char type[32], path[128], source[128]; /* path "": too long */
};

struct mounts {
	struct mount *list;
	unsigned count;
};

/* \040 and the like stand for what would end a field. */
static void
decode(char *to, size_t room, const char *from)
{
	size_t len = 0;

	for (; *from != '\0' && len + 1 < room; from++) {
		char c = *from;

		if (c == '\\' && from[1] >= '0' && from[1] <= '3' &&
		    from[2] >= '0' && from[2] <= '7' && from[3] >= '0' &&
		    from[3] <= '7') {
			c = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
			    (from[3] - '0'));
			from += 3;
		}
		to[len++] = c;
	}
	to[*from == '\0' ? len : 0] = '\0';
}

static bool
among(const char *type, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(type, list[i]) == 0)
			return true;
	return false;
}

/* With a device number, or one of those on disks that have none of their own. */
static void
judge(struct mount *mount)
{
	static const char *const several[] = { "btrfs", "bcachefs", "zfs" };
	/* what is mounted on an autofs is reached without its program */
	static const char *const memory[] = { "autofs", "devtmpfs", "overlay",
		"ramfs", "rootfs", "tmpfs" };
	static const char *const images[] = { "squashfs", "iso9660", "udf",
		"erofs", "cramfs" };
	bool many = among(mount->type, several,
	    sizeof(several) / sizeof(several[0]));

	if (strncmp(mount->type, "fuse", 4) == 0)
		return;
	mount->near = mount->major != 0 || many ||
	    among(mount->type, memory, sizeof(memory) / sizeof(memory[0]));
	/* not a RAM disk (1), a loop (7), or a network block device (43) */
	mount->disk = many ||
	    (mount->major != 0 && mount->major != 1 && mount->major != 7 &&
		mount->major != 43);
	if (mount->major == 43)
		mount->near = false;
	if (among(mount->type, images, sizeof(images) / sizeof(images[0])))
		mount->disk = false;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" */
static bool
parse(struct mount *mount, char *line)
{
	char *rest = strstr(line, " - "), *path, *type, *source;
	int at = 0;

	*mount = (struct mount){ 0 };
	if (rest == NULL ||
	    sscanf(line, "%*d %*d %u:%u %*s %n", &mount->major, &mount->minor,
		&at) != 2 ||
	    at == 0)
		return false;
	*rest = '\0';
	path = strtok_r(line + at, " ", &line);
	type = strtok_r(rest + 3, " \n", &rest);
	source = strtok_r(NULL, " \n", &rest);
	if (path == NULL || type == NULL || source == NULL)
		return false;
	decode(mount->path, sizeof(mount->path), path);
	decode(mount->source, sizeof(mount->source), source);
	snprintf(mount->type, sizeof(mount->type), "%s", type);
	judge(mount);
	return true;
}

static bool
read_mounts(const struct linux_port *linux_port, struct mounts *mounts)
{
	const char *proc = linux_port->config.proc;
	char path[PATH_MAX], *line = NULL;
	unsigned lines = 0;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/self/mountinfo",
	    proc != NULL ? proc : "/proc");
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	mounts->list = calloc(MOUNTS, sizeof(*mounts->list));
	while (mounts->list != NULL && mounts->count < MOUNTS &&
	    lines++ < LINES && getline(&line, &size, file) > 0)
		if (parse(&mounts->list[mounts->count], line))
			mounts->count++;
	free(line);
	fclose(file);
	return mounts->list != NULL;
}

/* Whether the way to `path` leads to or through that of `mount`. */
static bool
on_the_way(const struct mount *mount, const char *path)
{
	size_t len = strlen(mount->path);

	if (len == 0 || strncmp(mount->path, path, len) != 0)
		return false;
	return mount->path[len - 1] == '/' || path[len] == '/' ||
	    path[len] == '\0';
}

/* Not what others hide, nor what is behind a file system that may not answer:
 * that is known from the list alone. */
static bool
reachable(const struct mounts *mounts, const struct mount *mount)
{
	for (const struct mount *m = mounts->list;
	     m < mounts->list + mounts->count; m++)
		if ((!m->near && on_the_way(m, mount->path)) ||
		    (m > mount && strcmp(m->path, mount->path) == 0))
			return false;
	return true;
}

static bool
told(const struct mounts *mounts, const struct mount *mount)
{
	for (const struct mount *m = mounts->list; m < mount; m++)
		if (m->told && m->major == mount->major &&
		    (mount->major != 0 ? m->minor == mount->minor
				       : strcmp(m->source, mount->source) == 0))
			return true;
	return false;
}

/* ---- Devices ---------------------------------------------------------- */

/* The kernel's own name, as mountinfo may have "/dev/root". */
static void
device_name(const struct linux_port *linux_port, const struct mount *mount,
    char *to, size_t room)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t len;

	linux_path(linux_port, path, "dev/block/%u:%u", mount->major,
	    mount->minor);
	len = readlink(path, target, sizeof(target) - 1);
	if (mount->major == 0 || len <= 0) {
		snprintf(to, room, "%s", mount->source);
		return;
	}
	target[len] = '\0';
	name = strrchr(target, '/');
	snprintf(to, room, "/dev/%.100s", name != NULL ? name + 1 : target);
}

/* Those that a device of the device mapper, or a RAID, is made of take its
 * place.  True: it had some. */
static bool
take_apart(const struct linux_port *linux_port, struct pv_filesystem *out,
    unsigned which)
{
	unsigned max = sizeof(out->device) / sizeof(out->device[0]);
	bool first = true;
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *directory;

	linux_path(linux_port, path, "class/block/%s/slaves",
	    out->device[which] + strlen("/dev/"));
	directory = opendir(path);
	if (directory == NULL)
		return false;
	while ((entry = readdir(directory)) != NULL) {
		unsigned place = first ? which : out->devices;

		if (entry->d_name[0] == '.' || place == max)
			continue;
		snprintf(out->device[place], sizeof(out->device[place]),
		    "/dev/%.*s", (int)sizeof(out->device[place]) - 6,
		    entry->d_name);
		out->devices += !first;
		first = false;
	}
	closedir(directory);
	return !first;
}

static void
set_devices(const struct linux_port *linux_port, const struct mount *mount,
    struct pv_filesystem *out)
{
	unsigned i = 0;

	device_name(linux_port, mount, out->device[0], sizeof(out->device[0]));
	out->devices = 1;
	/* a volume of a RAID of an encrypted partition: some layers, no more */
	for (unsigned depth = 0; i < out->devices && depth < 16; depth++)
		if (strncmp(out->device[i], "/dev/", 5) != 0 ||
		    !take_apart(linux_port, out, i))
			i++;
}

/* ---- The list --------------------------------------------------------- */

/* What is there must be what the list says: it may have been mounted over
 * meanwhile, or be hidden from this process. */
static bool
measure(const struct linux_port *linux_port, const struct mount *mount,
    struct pv_filesystem *out)
{
	struct statvfs sizes;
	struct stat status;

	if (stat(mount->path, &status) < 0 ||
	    (mount->major != 0 &&
		status.st_dev != makedev(mount->major, mount->minor)) ||
	    statvfs(mount->path, &sizes) < 0 || sizes.f_blocks == 0)
		return false;
	*out = (struct pv_filesystem){
		.size = (uint64_t)sizes.f_blocks * sizes.f_frsize,
		.free = (uint64_t)sizes.f_bavail * sizes.f_frsize,
	};
	snprintf(out->path, sizeof(out->path), "%s", mount->path);
	snprintf(out->type, sizeof(out->type), "%s", mount->type);
	set_devices(linux_port, mount, out);
	return true;
}

static int
take_list(struct linux_port *linux_port)
{
	struct mounts mounts = { 0 };

	linux_filesystem_free(linux_port);
	if (!read_mounts(linux_port, &mounts))
		return PV_EIO;
	linux_port->filesystems = calloc(LINUX_FILESYSTEMS,
	    sizeof(*linux_port->filesystems));
	if (linux_port->filesystems == NULL) {
		free(mounts.list);
		return PV_ENOMEM;
	}
	for (unsigned i = 0; i < mounts.count &&
	     linux_port->filesystem_count < LINUX_FILESYSTEMS;
	     i++) {
		struct mount *mount = &mounts.list[i];

		mount->told = mount->disk && mount->path[0] != '\0' &&
		    !told(&mounts, mount) && reachable(&mounts, mount) &&
		    measure(linux_port, mount,
			&linux_port->filesystems[linux_port->filesystem_count]);
		linux_port->filesystem_count += mount->told;
	}
	free(mounts.list);
	return PV_OK;
}

/* Asked for one by one, beginning with 0: that looks anew. */
int
linux_filesystem(void *ctx, unsigned index, struct pv_filesystem *out)
{
	struct linux_port *linux_port = ctx;
	int error = index == 0 ? take_list(linux_port) : PV_OK;

	if (error != PV_OK)
		return error;
	if (index >= linux_port->filesystem_count) {
		linux_filesystem_free(linux_port);
		return PV_ENOENT;
	}
	*out = linux_port->filesystems[index];
	return PV_OK;
}

void
linux_filesystem_free(struct linux_port *linux_port)
{
	free(linux_port->filesystems);
	linux_port->filesystems = NULL;
	linux_port->filesystem_count = 0;
}
