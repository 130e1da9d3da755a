// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long it takes to have one picture of a guest's screen in this process's
 * memory: by a dma-buf of planefd's, and by QEMU's own screendump. Two guests
 * show the same, one on a mediated virtio-gpu, one on QEMU's virtio-gpu-pci.
 * Runs in the VM under bench/screendump.
 *
 * usage: frame PID QMP-SOCKET FILE
 *
 * PID is the first one's QEMU, QMP-SOCKET the other one's, and FILE where its
 * picture may be put. Prints the nanoseconds of the one and of the other, the
 * bytes that were copied to show the first one's screen since its device was
 * opened, and those of the picture.
 *
 * Exit status: 0, 1 if the pictures are not the same, 2 if there is none.
 */
#include <planefd.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct picture {
	uint32_t width;
	uint32_t height;
	size_t pitch;	      /* bytes from line to line */
	unsigned char *bytes; /* malloc()ed */
	size_t size;
	const unsigned char *pixels; /* in them */
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static _Noreturn void end(const char *what, int error)
{
	errno = -error;
	err(2, "%s", what);
}

/* -------- planefd -------- */

static int copy_out(struct planefd_buffer *buffer, struct picture *picture)
{
	const struct planefd_plane *plane = planefd_buffer_plane(buffer);
	void *pixels;
	int error;

	picture->width = plane->width;
	picture->height = plane->height;
	picture->pitch = plane->stride;
	picture->size = (size_t)plane->stride * plane->height;
	picture->bytes = malloc(picture->size);
	if (!picture->bytes)
		return -ENOMEM;
	picture->pixels = picture->bytes;
	error = planefd_buffer_map(buffer, &pixels);
	if (error)
		return error;
	error = planefd_buffer_begin_access(buffer, false);
	if (error)
		return error;
	memcpy(picture->bytes, pixels, picture->size);
	return planefd_buffer_end_access(buffer, false);
}

/* From asking for the dma-buf to having let go of it */
static uint64_t take(struct planefd *planefd, struct picture *picture)
{
	uint32_t id = planefd_plane_id(PLANEFD_PRIMARY, 0, 0);
	struct planefd_buffer *buffer;
	uint64_t start = now();
	int error;

	error = planefd_create(planefd, id, 0, &buffer);
	if (error)
		end("planefd_create()", error);
	error = copy_out(buffer, picture);
	if (error)
		end("the dma-buf", error);
	planefd_buffer_destroy(buffer);
	return now() - start;
}

static uint64_t copied(struct planefd *planefd)
{
	static const char key[] = "copied-bytes:";
	uint64_t bytes = 0;
	bool found = false;
	char line[256];
	FILE *file;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d",
		 planefd_fd(planefd));
	file = fopen(line, "re");
	if (!file)
		err(2, "%s", line);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		bytes = strtoull(line + strlen(key), NULL, 10);
		found = true;
	}
	fclose(file);
	if (!found)
		errx(2, "fdinfo does not tell what was copied");
	return bytes;
}

/* -------- QEMU -------- */

/* What it answers can be read from the file, and commands go to its fd */
static FILE *qmp_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *answers;

	if (strlen(path) >= sizeof(address.sun_path))
		errx(2, "%s: too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		err(2, "%s", path);
	answers = fdopen(fd, "r");
	if (!answers)
		err(2, "%s", path);
	return answers;
}

/* Say it, and wait for the answer; events and the greeting are none */
static void qmp(FILE *answers, const char *command)
{
	char line[1024];

	dprintf(fileno(answers), "%s\n", command);
	do {
		if (!fgets(line, sizeof(line), answers))
			errx(2, "QEMU's monitor ends");
		if (strncmp(line, "{\"error\"", 8) == 0)
			errx(2, "QEMU: %s", line);
	} while (strncmp(line, "{\"return\"", 9) != 0);
}

static void read_file(const char *path, struct picture *picture)
{
	unsigned int width, height;
	int fd, skip = 0;
	off_t size;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(2, "%s", path);
	size = lseek(fd, 0, SEEK_END);
	picture->size = (size_t)size;
	picture->bytes = malloc(picture->size + 1);
	if (!picture->bytes ||
	    pread(fd, picture->bytes, picture->size, 0) != size)
		err(2, "%s", path);
	close(fd);
	picture->bytes[picture->size] = 0;
	if (sscanf((const char *)picture->bytes, "P6\n%u %u\n255%n", &width,
		   &height, &skip) != 2 ||
	    !skip)
		errx(2, "%s is no PPM", path);
	picture->width = width;
	picture->height = height;
	picture->pitch = (size_t)width * 3;
	picture->pixels = picture->bytes + skip + 1;
}

/* From asking for the file to having read it */
static uint64_t dump(FILE *monitor, const char *path, struct picture *picture)
{
	char command[512];
	uint64_t start;

	snprintf(command, sizeof(command),
		 "{\"execute\":\"screendump\","
		 "\"arguments\":{\"filename\":\"%s\"}}",
		 path);
	start = now();
	qmp(monitor, command);
	read_file(path, picture);
	return now() - start;
}

/* XRGB8888 here, red, green and blue there */
static bool same(const struct picture *ours, const struct picture *theirs)
{
	const unsigned char *a, *b;
	uint32_t x, y;

	if (ours->width != theirs->width || ours->height != theirs->height)
		return false;
	for (y = 0; y < ours->height; y++) {
		a = ours->pixels + y * ours->pitch;
		b = theirs->pixels + y * theirs->pitch;
		for (x = 0; x < ours->width; x++, a += 4, b += 3)
			if (a[2] != b[0] || a[1] != b[1] || a[0] != b[2])
				return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct picture ours, theirs;
	struct planefd *planefd;
	uint64_t our_time, their_time;
	FILE *monitor;
	bool equal;
	int error;

	if (argc != 4) {
		fprintf(stderr, "usage: %s PID QMP-SOCKET FILE\n", argv[0]);
		return 2;
	}
	error = planefd_open_process((pid_t)strtol(argv[1], NULL, 10), NULL,
				     &planefd);
	if (error)
		end("planefd_open_process()", error);
	monitor = qmp_connect(argv[2]);
	qmp(monitor, "{\"execute\":\"qmp_capabilities\"}");
	our_time = take(planefd, &ours);
	their_time = dump(monitor, argv[3], &theirs);
	equal = same(&ours, &theirs);
	if (equal)
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n", our_time,
		       their_time, copied(planefd), ours.size);
	free(ours.bytes);
	free(theirs.bytes);
	return !equal;
}
