/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device and all that can be had of it, each a thing that has an end of its
 * own; and what the rest must then still be. That is known here from which
 * thing keeps which (world.c), so a test only says which things there are and
 * in which order they end.
 *
 *	world_begin(&world, BOCHS);
 *	buffer = world_add(&world, BUFFER, 3);
 *	world_end(&world, buffer);	checks that it ends, or is refused
 *	world_check(&world);		checks all that is left
 *	world_finish(&world);		ends the rest, and nothing may be left
 *
 * Things that hold pixels show a scene: a picture of its own at a place of its
 * own in the device's memory.
 */
#ifndef TESTS_LIFETIMES_WORLD_H
#define TESTS_LIFETIMES_WORLD_H

#include "device.h"

#include <stdbool.h>

enum display {
	BOCHS,
	TEST_DISPLAY, /* with memory of pages, and dma-bufs of the vendor's */
};

enum kind {
	DEVICE,	  /* its fd, group and container */
	BAR,	  /* a mapping of the device's memory */
	MANAGER,  /* a manager fd */
	BUFFER,	  /* a dma-buf's fd */
	WRITABLE, /* the same of a writable one */
	MAPPING,  /* of a dma-buf that nobody has a fd of */
	IMPORT,	  /* a GEM handle of a dma-buf that nobody has a fd of */
	HOLDER,	  /* a process with a copy of all fds and mappings there were */
	MEMORY,	  /* what scene 1 is in; the test display makes it anew */
	MDEV,	  /* the mediated device */
	DRIVER,	  /* its module */
	VDEV,	  /* vfio_vdev */
	MGR,	  /* vfio_dmabuf_mgr */
};

/* A scene: 64x64 pixels of four bytes */
#define SCENE_LINES 64
#define SCENE_STRIDE 256
#define SCENE_SIZE (SCENE_LINES * SCENE_STRIDE)
#define SCENES 12
/* From one to the next in the same memory */
#define SCENE_STEP 65536
/* Of the test display: the scenes whose memory is the vendor's, or of pages */
#define SCENE_PAGES 1
#define SCENE_VENDOR 3

#define WORLD_THINGS 40

struct thing {
	enum kind kind;
	unsigned int scene;
	bool alive;
	int fd;		 /* or IMPORT's card, or HOLDER's socket */
	void *map;	 /* BAR, MAPPING */
	uint32_t handle; /* IMPORT */
	uint64_t inode;	 /* of the dma-buf */
	pid_t pid;	 /* HOLDER */
	uint64_t holds;	 /* HOLDER: the things it has copies of, as bits */
};

struct world {
	enum display display;
	struct device device;
	unsigned int bar; /* which is memory */
	struct thing things[WORLD_THINGS];
	unsigned int count;
	unsigned int shown; /* the scene that the primary plane shows */
	bool renewed;	    /* the memory of scene 1 is not what it was */
	bool exists;	    /* the mdev */
	bool removing;	    /* its removal waits for the device */
	pid_t remover;
	int go;		  /* eventfd: the remover may */
	int request;	  /* eventfd of the request irq */
	unsigned int fds; /* how many there were before */
};

/* world.c */

/* What the worlds of this process and its children share; once, before them */
void world_prepare(void);

/* A device of that kind, open, with all scenes drawn */
void world_begin(struct world *world, enum display display);

/* A new thing; scene is for those that show one. Returns its number. */
unsigned int world_add(struct world *world, enum kind kind, unsigned int scene);

void world_show(struct world *world, unsigned int scene);

/* End a thing. What must be refused is checked to be, and stays as it is. */
void world_end(struct world *world, unsigned int number);

void world_finish(struct world *world);

/* Is the thing there, in this process or in a holder? */
bool world_held(const struct world *world, unsigned int number);
bool world_open(const struct world *world);

/* check.c */

/* Does everything that is left do what it must? */
void world_check(const struct world *world);

/* Only: does what shows a scene still show it? */
void world_check_pictures(const struct world *world);

/* The device is closed: what does its next opener find? */
void world_check_fresh(const struct world *world);

/* No dma-buf, no module that anyone holds */
void world_check_nothing_left(void);

/* Make the pictures; once, before any is asked for */
void scene_draw_all(void);

/* The SCENE_SIZE bytes of a scene */
const unsigned char *scene_picture(const struct world *world,
				   unsigned int scene);
uint32_t scene_offset(const struct world *world, unsigned int scene);

#endif /* TESTS_LIFETIMES_WORLD_H */
