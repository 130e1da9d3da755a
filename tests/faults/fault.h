/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting every allocation and every copy from or to user space of a system
 * call fail, one after the other: the kernel's fault injection fails the nth
 * of them in this task (Documentation/fault-injection), for n = 1, 2, 3 and so
 * on until the call ends without that many. What it fails includes what can be
 * done without, so a call may also succeed.
 *
 * Words that the kernel reads by get_user(), or under one opening of user
 * memory, are not among them.
 *
 * What a virtio-gpu does in its worker's thread is walked the same way: then the
 * nth site fails in the worker of each virtio-gpu that comes to so many.
 *
 * These tests need a kernel with CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC and
 * CONFIG_FAULT_INJECTION_USERCOPY.
 */
#ifndef TESTS_FAULTS_FAULT_H
#define TESTS_FAULTS_FAULT_H

#include "test.h"

/*
 * An operation whose sites are walked. run is called and nothing else while a
 * fault is armed; the others may be NULL, and are in this order:
 *
 * set_up: once, before all.
 *
 * prepare: before each call, makes what it needs to be as if it was the first.
 *
 * run: the call itself; a value, or -1 and errno.
 *
 * reached: did that call get as far as what is to be walked? For one in which
 * much comes before that: it is walked from the last site back to the first
 * for which this is false.
 *
 * check: after a call that failed: is nothing half done?
 *
 * undo: after a call that succeeded: is it all done? And take it back.
 *
 * tear_down: once, after all.
 *
 * After a failure no fd more is open than before, and the same call, without
 * a fault, succeeds; that of a dear one only at the end.
 */
struct operation {
	void (*set_up)(void);
	void (*prepare)(void);
	long (*run)(void);
	bool (*reached)(void);
	void (*check)(void);
	void (*undo)(long result);
	void (*tear_down)(void);
	bool dear;	    /* not tried again after each failure */
	bool worker;	    /* what fails is in a device's worker */
	unsigned int first; /* site to begin with, or 0 */
	unsigned int sites; /* at least so many there must be */
	const int *errnos;  /* what it may answer, up to a 0; NULL: see .c */
};

void fault_walk(const struct operation *operation);

/* The nth site from here fails; 0: none does */
void fault_arm(unsigned int nth);

/* None any more; whether one did */
bool fault_disarm(void);

/* The same in the worker of each virtio-gpu that there is now */
void fault_arm_workers(unsigned int nth);
bool fault_disarm_workers(void);

/*
 * Nothing is allocated that nothing points to any more, as far as kmemleak
 * sees. For the end of a program.
 */
void fault_check_leaks(void);

#define WALK_SECONDS 60

#define WALK(what, ...)                                                        \
	TEST_WITHIN(WALK_SECONDS,                                              \
		    what " fails whole or not at all, whatever fails in it")   \
	{                                                                      \
		static const struct operation operation = {__VA_ARGS__};       \
                                                                               \
		fault_walk(&operation);                                        \
	}

#endif /* TESTS_FAULTS_FAULT_H */
