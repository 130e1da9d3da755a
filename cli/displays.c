// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds displays, and says why there are none. */
#include "displays.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MANAGER_MODULE "/sys/module/vfio_dmabuf_mgr"

static void read_name(pid_t pid, char *name, size_t size)
{
	char path[32];
	ssize_t length = 0;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, name, size - 1);
		close(fd);
	}
	if (length > 0 && name[length - 1] == '\n')
		length--;
	name[length > 0 ? length : 0] = '\0';
}

void display_finish(struct display *display)
{
	planefd_close(display->planefd);
	display->planefd = NULL;
}

void displays_finish(struct displays *displays)
{
	for (size_t i = 0; i < displays->count; i++)
		display_finish(&displays->all[i]);
	free(displays->all);
	*displays = (struct displays){ 0 };
}

/* Takes over the connections. A device that has gone meanwhile is left out. */
static int add_found(struct displays *displays, pid_t pid,
		     const struct planefd_found *found, int count)
{
	struct display *all;

	all = reallocarray(displays->all, displays->count + (size_t)count,
			   sizeof(*all));
	if (!all) {
		for (int i = 0; i < count; i++)
			planefd_close(found[i].planefd);
		return -ENOMEM;
	}
	displays->all = all;

	for (int i = 0; i < count; i++) {
		struct display *display = &all[displays->count];

		*display = (struct display){
			.pid = pid,
			.planefd = found[i].planefd,
			.fd = found[i].fd,
			.error = found[i].error,
		};
		memcpy(display->info.device, found[i].device,
		       sizeof(display->info.device));
		if (display->planefd && planefd_get_info(display->planefd,
							 &display->info) < 0) {
			planefd_close(display->planefd);
			continue;
		}
		read_name(pid, display->vmm, sizeof(display->vmm));
		displays->count++;
	}
	return 0;
}

/* Zero, or an error that ends the search */
static int add_process(struct displays *displays, pid_t pid)
{
	struct planefd_found *found;

	int count = planefd_search_process(pid, &found);
	if (count > 0) {
		int ret = add_found(displays, pid, found, count);
		free(found);
		return ret;
	}

	switch (count) {
	case -EPERM:
		displays->denied++;
		return 0;
	case -ENOTTY:
		displays->no_manager++;
		return 0;
	case -ENODEV:
	case -ESRCH:
		return 0;
	default:
		return count;
	}
}

static enum status report_error(int error)
{
	if (error == -ENOSYS)
		return fail(STATUS_ERROR, "this kernel has no pidfd_getfd; "
			    "Linux 5.6 or later is needed");
	if (error == -EMFILE)
		return fail(STATUS_ERROR, "too many open files; planefd needs "
			    "one for each display (ulimit -n)");
	return fail(STATUS_ERROR, "cannot look for displays: %s",
		    strerror(-error));
}

enum status displays_find(struct displays *displays)
{
	struct dirent *entry;
	int ret = 0;

	*displays = (struct displays){ 0 };
	DIR *proc = opendir("/proc");
	if (!proc)
		return fail(STATUS_ERROR, "cannot read /proc: %s",
			    strerror(errno));

	while (!ret && (entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);
		if (end == entry->d_name || *end || pid < 1 || pid > INT_MAX)
			continue;
		ret = add_process(displays, (pid_t)pid);
	}
	closedir(proc);

	if (ret < 0) {
		displays_finish(displays);
		return report_error(ret);
	}
	return STATUS_OK;
}

static bool module_is_loaded(void)
{
	return !access(MANAGER_MODULE, F_OK);
}

enum status displays_explain(const struct displays *displays)
{
	if (!module_is_loaded())
		return fail(STATUS_NOTHING, "no display found: the module "
			    "vfio_dmabuf_mgr is not loaded; 'modprobe "
			    "vfio_bochs' or 'modprobe vfio_virtio_gpu' loads "
			    "it with display devices");
	if (displays->denied)
		return fail(STATUS_DENIED, "no display found, but %u processes "
			    "could not be looked into; run as root or with "
			    "CAP_SYS_PTRACE", displays->denied);
	if (displays->no_manager)
		return fail(STATUS_NOTHING, "no display found: the VFIO "
			    "devices in use have no dma-buf manager; give a "
			    "VMM a vfio_bochs or vfio_virtio_gpu device");
	return fail(STATUS_NOTHING, "no display found: no running VMM has a "
		    "VFIO device open; start one with a vfio_bochs or "
		    "vfio_virtio_gpu device");
}

enum status display_report(const struct display *display, int error)
{
	const char *name = display->info.device;
	char of[192];

	if (*name)
		snprintf(of, sizeof(of), "%s of process %d (%s)", name,
			 (int)display->pid, display->vmm);
	else
		snprintf(of, sizeof(of), "fd %d of process %d (%s)",
			 display->fd, (int)display->pid, display->vmm);
	if (error == -EUSERS)
		return fail(STATUS_ERROR, "%s has as many viewers as it may "
			    "have; close some of them", of);
	return fail(STATUS_ERROR, "cannot look at %s: %s", of,
		    strerror(-error));
}

/* "DEVICE (pid 12), DEVICE (pid 14)", to be freed */
static char *name_choices(const struct displays *displays)
{
	char *text = NULL;
	size_t size;

	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	for (size_t i = 0; i < displays->count; i++) {
		const char *name = displays->all[i].info.device;

		fprintf(out, "%s%s (pid %d)", i ? ", " : "",
			*name ? name : "one without a name",
			(int)displays->all[i].pid);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static enum status report_ambiguous(const struct displays *displays)
{
	char *names = name_choices(displays);

	fail(STATUS_USAGE, "there are several displays; choose one with "
	     "--device: %s", names ? names : "see 'planefd list'");
	free(names);
	return STATUS_USAGE;
}

/* What planefd_search_process() said of the process that was named */
static enum status report_process(pid_t pid, int error)
{
	char name[64];

	read_name(pid, name, sizeof(name));
	switch (error) {
	case -ESRCH:
		return fail(STATUS_NOTHING, "there is no process %d; 'planefd "
			    "list' names those with a display", (int)pid);
	case -EPERM:
		return fail(STATUS_DENIED, "no permission to look into process "
			    "%d (%s); run as root or with CAP_SYS_PTRACE",
			    (int)pid, name);
	case -ENODEV:
		return fail(STATUS_NOTHING, "process %d (%s) has no VFIO "
			    "device open; 'planefd list' names those with a "
			    "display", (int)pid, name);
	case -ENOTTY:
		if (!module_is_loaded())
			return fail(STATUS_NOTHING, "process %d (%s) has VFIO "
				    "devices, but the module vfio_dmabuf_mgr "
				    "is not loaded; 'modprobe vfio_bochs' or "
				    "'modprobe vfio_virtio_gpu' and give it "
				    "such a device", (int)pid, name);
		return fail(STATUS_NOTHING, "process %d (%s) has VFIO devices, "
			    "but none with a dma-buf manager; give it a "
			    "vfio_bochs or vfio_virtio_gpu device", (int)pid,
			    name);
	default:
		return report_error(error);
	}
}

static enum status find_in_process(struct displays *displays, pid_t pid)
{
	struct planefd_found *found;

	*displays = (struct displays){ 0 };
	int count = planefd_search_process(pid, &found);
	if (count < 0)
		return report_process(pid, count);

	int ret = add_found(displays, pid, found, count);
	free(found);
	if (ret < 0)
		return report_error(ret);
	/* They have gone since */
	if (!displays->count)
		return report_process(pid, -ENODEV);
	return STATUS_OK;
}

/*
 * Leave one display a device, and only the named device if one is named. Of
 * those without a name there may be several for one device.
 */
static void keep_matching(struct displays *displays, const char *device)
{
	size_t kept = 0;

	for (size_t i = 0; i < displays->count; i++) {
		struct display *display = &displays->all[i];
		const char *name = display->info.device;
		bool keep = !device || !strcasecmp(name, device);

		for (size_t j = 0; keep && *name && j < kept; j++)
			keep = strcmp(displays->all[j].info.device, name) != 0;
		if (keep)
			displays->all[kept++] = *display;
		else
			display_finish(display);
	}
	displays->count = kept;
}

/* Why there is no display of the name that was given */
static enum status report_missing(const struct displays *displays,
				  const struct options *options,
				  unsigned int unnamed)
{
	const char *device = options->device;

	if (unnamed)
		return fail(STATUS_ERROR, "no display '%s' found, but %u that "
			    "cannot be looked at tell no name; see 'planefd "
			    "list'", device, unnamed);
	if (options->pid)
		return fail(STATUS_NOTHING, "process %d has no display '%s'; "
			    "'planefd list' names those it has",
			    (int)options->pid, device);
	if (displays->denied)
		return fail(STATUS_DENIED, "no display '%s' found, but %u "
			    "processes could not be looked into; run as root "
			    "or with CAP_SYS_PTRACE", device,
			    displays->denied);
	return fail(STATUS_NOTHING, "no running VMM has a display '%s'; "
		    "'planefd list' names those there are", device);
}

enum status display_choose(struct display *display,
			   const struct options *options)
{
	struct displays displays;
	unsigned int unnamed = 0;
	enum status status;

	if (options->pid)
		status = find_in_process(&displays, options->pid);
	else
		status = displays_find(&displays);
	if (status)
		return status;
	if (!displays.count)
		return displays_explain(&displays);

	for (size_t i = 0; i < displays.count; i++)
		unnamed += !*displays.all[i].info.device;
	keep_matching(&displays, options->device);
	if (!displays.count) {
		status = report_missing(&displays, options, unnamed);
	} else if (displays.count > 1) {
		status = report_ambiguous(&displays);
	} else if (displays.all[0].error) {
		status = display_report(&displays.all[0],
					displays.all[0].error);
	} else {
		*display = displays.all[0];
		displays.count = 0;
	}
	displays_finish(&displays);
	return status;
}

enum status display_check_head(const struct display *display, uint32_t head)
{
	const struct planefd_info *info = &display->info;

	if (!info->heads)
		return fail(STATUS_NOTHING, "%s has no heads", info->device);
	if (head >= info->heads)
		return fail(STATUS_NOTHING, "%s has no head %u; its heads are "
			    "0 to %u", info->device, head, info->heads - 1);
	return STATUS_OK;
}
