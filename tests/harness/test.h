/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small TAP harness. It exists because these tests crash, hang and leak fds
 * by nature: each runs in a child of its own, in a process group of its own,
 * under an alarm, so none can spoil the next.
 *
 *	TEST("a plane that is off answers 0 and all zeros")
 *	{
 *		CHECK_EQ(query(&plane), 0);
 *	}
 *
 * A test registers itself; its name is the sentence it proves. It passes when
 * its body returns, and fails at the first check that does not hold, by a
 * signal, or when its time is over. A check may also be used in a process
 * that a test has forked: it ends that process with status 1, see test_join().
 *
 * The program's optional argument runs only the tests whose sentence contains
 * it. Its status is 0 when no test failed.
 */
#ifndef TESTS_HARNESS_TEST_H
#define TESTS_HARNESS_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TEST_SECONDS 30

struct test {
	const char *sentence;
	unsigned int seconds;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *test);

#define TEST_NAME_(prefix, line) prefix##line
#define TEST_NAME(prefix, line) TEST_NAME_(prefix, line)

/* A test with a time limit of its own, in seconds of the clock of clock.h */
#define TEST_WITHIN(limit, text)                                               \
	static void TEST_NAME(test_run_, __LINE__)(void);                      \
	static struct test TEST_NAME(test_, __LINE__) = {                      \
		.sentence = (text),                                            \
		.seconds = (limit),                                            \
		.run = TEST_NAME(test_run_, __LINE__),                         \
	};                                                                     \
	__attribute__((constructor)) static void TEST_NAME(test_add_,          \
							   __LINE__)(void)     \
	{                                                                      \
		test_register(&TEST_NAME(test_, __LINE__));                    \
	}                                                                      \
	static void TEST_NAME(test_run_, __LINE__)(void)

#define TEST(text) TEST_WITHIN(TEST_SECONDS, text)

/*
 * Have cleanup called in the parent after every test, whatever became of it.
 * All processes of the test are gone by then. Call from a constructor.
 */
void test_after_each(void (*cleanup)(void));

/* End the test here, neither passed nor failed */
_Noreturn void test_skip(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* End the test here as failed */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A line of diagnostics */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Fork. Returns the pid in the parent; in the child runs body(arg) and exits
 * with 0. The parent waits for it with test_join(), which fails the test if
 * the child did not exit with 0, or kills it with test_kill().
 */
pid_t test_fork(void (*body)(void *arg), void *arg);
void test_join(pid_t pid);
void test_kill(pid_t pid);

/*
 * Wait until that process sleeps for what may never come, as in poll() or
 * pause(): it is through with all that it does before. The test fails if it
 * never is.
 */
void test_wait_asleep(pid_t pid);

/*
 * Wait until condition(arg) holds, looking often; false when the time is over. It
 * is longer in a debug kernel, and counts the clock of clock.h.
 * For what the kernel gives no event for.
 */
bool test_wait(bool (*condition)(void *arg), void *arg, unsigned int seconds);

/*
 * By how much longer everything takes than in a stock kernel: 1, or more in a
 * debug kernel. Time limits are multiplied by it already.
 */
unsigned int test_slow(void);

/* How many seconds the test that runs is given in all */
unsigned int test_limit(void);

/*
 * How often to do what is to be done @count times in the hope that something
 * happens: less often where the kernel is slow, once at the least
 */
unsigned int test_rounds(unsigned int count);

/*
 * Who walks something one by one, such as every order of some ends, is to do
 * the first and then each so manyth: 1, or more where a sample is wanted.
 */
unsigned int test_each(void);

/* How many fds this process has open */
unsigned int test_fds(void);

/* Zeroed memory that ends where memory ends: the byte after it faults */
void *test_guarded(size_t size);

/* CLOCK_MONOTONIC, nanoseconds */
uint64_t test_now(void);

/* Deterministic pseudo-random numbers; seed is the state and never 0 */
uint64_t test_random(uint64_t *seed);

/* Another seed each time, which is told; PLANEFD_SEED gives one to repeat */
uint64_t test_seed(void);

#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			test_fail(__FILE__, __LINE__, "%s does not hold",      \
				  #condition);                                 \
	} while (0)

#define CHECK_OP(a, op, b)                                                     \
	do {                                                                   \
		long long check_a_ = (long long)(a);                           \
		long long check_b_ = (long long)(b);                           \
                                                                               \
		if (!(check_a_ op check_b_))                                   \
			test_fail(__FILE__, __LINE__,                          \
				  "%s %s %s: %lld (0x%llx) and %lld (0x%llx)", \
				  #a, #op, #b, check_a_,                       \
				  (unsigned long long)check_a_, check_b_,      \
				  (unsigned long long)check_b_);               \
	} while (0)

#define CHECK_EQ(a, b) CHECK_OP(a, ==, b)
#define CHECK_NE(a, b) CHECK_OP(a, !=, b)
#define CHECK_LT(a, b) CHECK_OP(a, <, b)
#define CHECK_LE(a, b) CHECK_OP(a, <=, b)
#define CHECK_GT(a, b) CHECK_OP(a, >, b)
#define CHECK_GE(a, b) CHECK_OP(a, >=, b)

#define CHECK_STR(a, b) test_check_str(__FILE__, __LINE__, #a, (a), (b))

/* The first difference of two runs of bytes is shown by its offset */
#define CHECK_BYTES(got, expected, length)                                     \
	test_check_bytes(__FILE__, __LINE__, #got, (got), (expected), (length))

/* Every one of length bytes has this value */
#define CHECK_ALL(got, value, length)                                          \
	test_check_all(__FILE__, __LINE__, #got, (got), (value), (length))

/* A call that returns -1 and sets errno on error; its value if it worked */
#define CHECK_OK(call)                                                         \
	((errno = 0), test_check_ok(__FILE__, __LINE__, #call, (long)(call)))

/* The same call, expected to fail with this errno */
#define CHECK_ERRNO(call, expected)                                            \
	((errno = 0), test_check_errno(__FILE__, __LINE__, #call,              \
				       (long)(call), (expected)))

void test_check_str(const char *file, int line, const char *what,
		    const char *got, const char *expected);
void test_check_bytes(const char *file, int line, const char *what,
		      const void *got, const void *expected, size_t length);
void test_check_all(const char *file, int line, const char *what,
		    const void *got, unsigned char value, size_t length);
long test_check_ok(const char *file, int line, const char *what, long value);
void test_check_errno(const char *file, int line, const char *what, long value,
		      int expected);

#endif /* TESTS_HARNESS_TEST_H */
