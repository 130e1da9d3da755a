# SPDX-License-Identifier: GPL-2.0-or-later
#
# The front door. Kbuild builds kernel/, meson the rest, tests/vm runs both;
# this only calls them. What is built is under build/, but for kernels, which
# scripts/kernel keeps in a cache.
#
#   make demo      a stock guest's screen as a PNG, from a fresh machine
#   make check     the tests, but for those that need a debug kernel or are run
#                  only by name; make check T=name for one, T='abi-*' for some
#   make check-debug   those that drive the kernel, in one that looks for our
#                  mistakes: KASAN, lockdep, kmemleak and more. That can take an
#                  hour; with EACH=8 of every order of ends and every place where
#                  a fault can be only each eighth is tried, in about half the time
#   make check-kcsan   those that do many things at once, in one that looks for
#                  data races
#   make coverage  which lines of the modules the tests run, and which not
#   make fuzz T=MINUTES   attack the modules with programs that nobody wrote, in
#                  the debug kernel; what they reach is kept in build/fuzz
#   make bench     what it costs, beside the kernel's own sample drivers and
#                  QEMU's screendump
#   make vm        a root shell in a VM that has the modules, vfio_bochs loaded
#   make           build the modules and user space
#   make install   install user space (DESTDIR, PREFIX)
#   make clean     remove build/
#
# KERNEL picks the kernel's series, 6.1, 6.12 or 7.3; by default it is that of this
# machine's Debian. Nothing here loads a module into this machine's own kernel.

KERNEL ?= $(shell scripts/kernel series)
export KERNEL := $(KERNEL)
PREFIX ?= /usr/local
T ?=
EACH ?= 1
export PLANEFD_EACH = $(EACH)

all: modules user

modules:
	+scripts/modules

user: build/user/build.ninja
	ninja -C build/user

guest: user
	tests/guest/initrd

build/user/build.ninja:
	meson setup build/user --werror --prefix '$(PREFIX)'

demo:
	scripts/setup demo
	scripts/demo

check:
	scripts/setup check
	tests/check '$(T)'

check-debug:
	scripts/setup debug
	KERNEL=$(KERNEL)-debug tests/check '$(T)'

check-kcsan:
	scripts/setup debug
	KERNEL=$(KERNEL)-kcsan tests/check '$(T)'

coverage:
	scripts/setup debug
	tests/coverage/run '$(T)'

fuzz:
	scripts/setup debug
	$(MAKE) --no-print-directory KERNEL=$(KERNEL)-debug modules user
	tests/fuzz/run $(T)

bench:
	scripts/setup demo
	$(MAKE) --no-print-directory modules user guest
	bench/run $(T)

vm: modules guest
	tests/vm/run --shell

install: user
	meson configure build/user --prefix '$(PREFIX)'
	meson install -C build/user

clean:
	rm -rf build

.PHONY: all modules user guest demo check check-debug check-kcsan coverage fuzz bench vm install clean
