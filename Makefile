# SPDX-License-Identifier: Apache-2.0
# hubcensus: a census of the Hugging Face Hub. `make help` lists the targets.

VERSION := 0.1.0

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
WERROR  ?= 0
ASAN    ?= 0
MPICC   ?= mpicc
CXX     ?= g++
PYTHON  ?= /usr/bin/python3
RANKS   ?= 4
RECORDED ?= ../shared/hub-recorded

ifeq ($(V),0)
Q := @
endif

# Found by pkg-config; where a cluster has modules instead, by h5pcc and by what the modules put into CPATH and LIBRARY_PATH.
pc       = $(shell pkg-config $(1) $(2) 2>/dev/null || echo $(3))
H5_CFLAGS = $(or $(shell pkg-config --cflags hdf5-openmpi 2>/dev/null),$(filter -I%,$(shell h5pcc -show 2>/dev/null)))
H5_LIBS   = $(or $(shell pkg-config --libs hdf5-openmpi 2>/dev/null),$(filter -L% -Wl% -l%,$(shell h5pcc -show 2>/dev/null)) -lhdf5)

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2
CWARN     = $(WARN) -Wstrict-prototypes -Wmissing-prototypes
# Tests of the programs at a time: they wait as much as they compute.
JOBS     ?= 7
# What each program of a test is started by, as valgrind.
WRAP     ?=
CFLAGS   ?= -O2 -g
CXXFLAGS ?= -O2 -g
CPPFLAGS := -D_GNU_SOURCE -I. -DHUBCENSUS_VERSION='"$(VERSION)"' -DHUBCENSUS_DATA='"$(PREFIX)/share/hubcensus"' $(CPPFLAGS)
LIBS      = $(H5_LIBS) $(call pc,--libs,libcurl,-lcurl) $(call pc,--libs,simdjson,-lsimdjson) \
            $(call pc,--libs,jansson,-ljansson) $(call pc,--libs,zlib,-lz) $(call pc,--libs,libcrypto,-lcrypto) -lcsv -lstdc++ -lm
SIM_LIBS  = $(call pc,--libs,libmicrohttpd,-lmicrohttpd) $(call pc,--libs,jansson,-ljansson) $(call pc,--libs,zlib,-lz) -lpthread -lm
ifneq ($(WERROR),0)
WARN += -Werror
endif
ifneq ($(ASAN),0)
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

obj       = $(patsubst %,$(BUILD)/obj/%.o,$(1))
# Recursive on purpose: expanded only when something is built, so that `make help` and `make deps` work on a bare machine.
ALL_CFLAGS = -std=c11 $(CWARN) $(CFLAGS) $(SAN) $(CPPFLAGS) $(H5_CFLAGS) $(call pc,--cflags,libcurl jansson zlib,) -MMD -MP
ALL_CXXFLAGS = -std=c++17 -fno-exceptions -fno-rtti $(WARN) $(CXXFLAGS) $(SAN) $(CPPFLAGS) $(call pc,--cflags,simdjson,) -MMD -MP

IO       := $(wildcard io/*.c) io/json.cc
CRAWLER  := $(filter-out crawler/main.c,$(wildcard crawler/*.c))
REDUCE   := $(filter-out reduce/main.c,$(wildcard reduce/*.c))
SIM      := $(wildcard tests/hub/*.c)
UNIT     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
MPI      := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/mpi/test_*.c))
# The longest first, so that no core waits for one of them at the end.
LONG     := $(patsubst %,tests/cli/test_%.py,outages users_faults users_stops two_hosts errors hostile audit signals users torture hubs)
CLI      := $(LONG) $(filter-out $(LONG),$(wildcard tests/cli/test_*.py))
C_FILES  := $(wildcard crawler/*.[ch] reduce/*.[ch] io/*.[ch] io/*.cc tests/*.h tests/*/*.[ch])
SCRIPTS  := $(wildcard jobs/census jobs/report jobs/*/*.sbatch jobs/*/*.pbs .ci/run tests/*.sh tests/*/*.sh)

PROGRAMS := $(BUILD)/hubcrawl $(BUILD)/hubreduce $(BUILD)/hubsim
MAN      := $(BUILD)/hubcrawl.1 $(BUILD)/hubreduce.1

# As root, and with more ranks than cores, Open MPI has to be told that it is meant.
export OMPI_ALLOW_RUN_AS_ROOT = 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = 1
MPIRUN   ?= mpirun --oversubscribe

.PHONY: all
all: $(PROGRAMS) $(MAN) ## build the programs and their manual pages (default)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "  variables: BUILD=$(BUILD) PREFIX=$(PREFIX) DESTDIR= MPICC=$(MPICC) CFLAGS='$(CFLAGS)' RANKS=$(RANKS) JOBS=$(JOBS) V=1 WERROR=1 ASAN=1"

.PHONY: info
info: ## print what would be used to build
	@echo "version  $(VERSION)"; echo "mpicc    $$($(MPICC) --version | head -1)"; echo "cflags   $(ALL_CFLAGS)"; echo "libs     $(LIBS)"

.PHONY: deps
deps: ## install what building and running need (Debian; root or sudo), or say what is missing
	@tests/deps.sh build

$(BUILD)/obj/%.c.o: %.c
	@mkdir -p $(@D)
	@$(if $(Q),echo "  CC   $<")
	$(Q)$(MPICC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/%.cc.o: %.cc
	@mkdir -p $(@D)
	@$(if $(Q),echo "  CXX  $<")
	$(Q)$(CXX) $(ALL_CXXFLAGS) -c -o $@ $<

define archive
	@$(if $(Q),echo "  AR   $@")
	$(Q)rm -f $@ && ar rcs $@ $^
endef
define link
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD   $@")
	$(Q)$(MPICC) $(CFLAGS) $(SAN) $(LDFLAGS) -o $@ $^ $(1)
endef

$(BUILD)/libio.a: $(call obj,$(IO)); $(archive)
$(BUILD)/libcrawler.a: $(call obj,$(CRAWLER)); $(archive)
$(BUILD)/libreduce.a: $(call obj,$(REDUCE)); $(archive)

$(BUILD)/hubcrawl: $(call obj,crawler/main.c) $(BUILD)/libcrawler.a $(BUILD)/libio.a; $(call link,$(LIBS))
$(BUILD)/hubreduce: $(call obj,reduce/main.c) $(BUILD)/libreduce.a $(BUILD)/libio.a; $(call link,$(LIBS))
$(BUILD)/hubsim: $(call obj,$(SIM)); $(call link,$(SIM_LIBS))
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.c.o $(BUILD)/libcrawler.a $(BUILD)/libreduce.a $(BUILD)/libio.a; $(call link,$(LIBS))
# The stand-in's own parts are tested with the stand-in's objects.
$(BUILD)/tests/unit/test_hub_%: $(BUILD)/obj/tests/unit/test_hub_%.c.o $(filter-out %/main.c.o,$(call obj,$(SIM))); $(call link,$(SIM_LIBS))

$(BUILD)/%.1: $(BUILD)/%
	$(Q)$< --man > $@.tmp && mv $@.tmp $@

.PHONY: install
install: all ## install into PREFIX (below DESTDIR, for packagers)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/hubcensus $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/hubcrawl $(BUILD)/hubreduce jobs/census $(DESTDIR)$(PREFIX)/bin/
	mv $(DESTDIR)$(PREFIX)/bin/census $(DESTDIR)$(PREFIX)/bin/hubcensus
	install -d $(DESTDIR)$(PREFIX)/share/hubcensus/slurm $(DESTDIR)$(PREFIX)/share/hubcensus/pbs
	install -m 644 jobs/slurm/census.sbatch jobs/slurm/snapshots.scron $(DESTDIR)$(PREFIX)/share/hubcensus/slurm/
	install -m 644 jobs/pbs/census.pbs $(DESTDIR)$(PREFIX)/share/hubcensus/pbs/
	install -m 755 jobs/report $(DESTDIR)$(PREFIX)/bin/hubcensus-report
	install -m 644 jobs/orgs.csv jobs/topics.csv $(DESTDIR)$(PREFIX)/share/hubcensus/
	install -d $(DESTDIR)$(PREFIX)/share/hubcensus/notebook/page
	install -m 644 $(filter-out %.png,$(wildcard jobs/notebook/*.*)) $(DESTDIR)$(PREFIX)/share/hubcensus/notebook/
	install -m 644 jobs/notebook/page/* $(DESTDIR)$(PREFIX)/share/hubcensus/notebook/page/
	install -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man1/

.PHONY: demo
demo: ## install what is missing, build, and take a census of the synthetic stand-in Hub
	@tests/deps.sh build
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/demo.sh

.PHONY: check
check: ## install what is missing, build, and run all tests
	@tests/deps.sh check
	@$(MAKE) --no-print-directory all check-unit check-mpi check-fuzz check-torture check-cli

.PHONY: check-unit
check-unit: $(UNIT)
	@echo "== unit tests"
	$(Q)RECORDED=$(RECORDED) prove --timer -j2 --exec '$(WRAP)' $(UNIT)

.PHONY: check-mpi
check-mpi: $(MPI)
	$(Q)for n in 1 2 3 5; do echo "== MPI tests on $$n ranks"; prove --timer --exec '$(MPIRUN) -n '$$n' $(WRAP)' $(MPI) || exit 1; done

# io/ under torture: a copy of it whose fallible calls have other names (tests/torture/calls.h), and everything linked with that copy.
TORTURED := $(BUILD)/torture/libio.a
$(BUILD)/torture/calls: tests/torture/calls.h
	@mkdir -p $(@D)
	$(Q)sed -n 's/^OWN(\(.*\))$$/\1 torture_\1/p; s/^[CM][A-Z]*([^,]*, \([A-Za-z0-9_]*\),.*/\1 torture_\1/p; s/^EVERY([^,]*, \([A-Za-z0-9_]*\),.*/\1 torture_\1/p' $< >$@
	$(Q)sed -n 's/^EVERY([^,]*, \([A-Za-z0-9_]*\),.*/torture_\1 torture_every_\1/p' $< >$@.every
# What is told in the log is not needed to go on.
$(TORTURED): $(call obj,$(IO)) $(BUILD)/torture/calls
	@$(if $(Q),echo "  AR   $@")
	$(Q)rm -rf $@ $(@D)/io && mkdir -p $(@D)/io
	$(Q)for o in $(call obj,$(IO)); do case $$o in */log.c.o) cp $$o $(@D)/io/ ;; *) objcopy --redefine-syms=$(@D)/calls $$o $(@D)/io/$${o##*/} ;; esac || exit 1; done
	$(Q)objcopy --redefine-syms=$(@D)/calls.every $(@D)/io/h5out.c.o && ar rcs $@ $(@D)/io/*.o
$(BUILD)/torture/%.o: $(BUILD)/obj/tests/torture/%.c.o
	@mkdir -p $(@D)
	$(Q)objcopy --redefine-sym free=torture_free $< $@
$(BUILD)/torture/test_torture: $(BUILD)/torture/test_torture.o $(BUILD)/torture/parts.o $(BUILD)/obj/tests/torture/torture.c.o $(BUILD)/libcrawler.a $(TORTURED); $(call link,$(LIBS))
$(BUILD)/torture/hubcrawl: $(call obj,crawler/main.c tests/torture/torture.c) $(BUILD)/libcrawler.a $(TORTURED); $(call link,$(LIBS))
$(BUILD)/torture/hubreduce: $(call obj,reduce/main.c tests/torture/torture.c) $(BUILD)/libreduce.a $(TORTURED); $(call link,$(LIBS))
TORTURE := $(BUILD)/torture/test_torture $(BUILD)/torture/hubcrawl $(BUILD)/torture/hubreduce

# Of the calls that can fail every one in `make soak`, every 23rd here.
STRIDE ?= 23
.PHONY: check-torture
check-torture: $(TORTURE)
	$(Q)for n in 1 2 3; do echo "== io/ under torture, $$n ranks"; prove --timer --exec '$(MPIRUN) -n '$$n' $(WRAP)' $(BUILD)/torture/test_torture :: $(STRIDE) || exit 1; done

.PHONY: check-cli
check-cli: $(PROGRAMS) $(TORTURE)
	@echo "== the programs against the stand-in Hub"
	$(Q)prove --timer --exec '$(PYTHON) -B' tests/hub/check.py :: $(BUILD)/hubsim $(RECORDED)
	$(Q)BUILD=$(BUILD) RECORDED=$(RECORDED) prove -j$(JOBS) --timer --exec '$(PYTHON) -B' $(CLI)

# Corpora and past crashes, under the sanitizers of the build that runs them, here none: a second build for them takes
# more than half a minute. `make fuzz` and `make asan` have them, CI runs the former; and `make fuzz` looks for new ones.
FUZZ := page hub tables opts shard warc reread census known points roll accounts
$(BUILD)/fuzz/replay-%: $(BUILD)/obj/tests/fuzz/fuzz_%.c.o $(BUILD)/obj/tests/fuzz/replay.c.o $(BUILD)/libcrawler.a $(BUILD)/libreduce.a $(BUILD)/libio.a; $(call link,$(LIBS))

.PHONY: check-fuzz
check-fuzz: $(FUZZ:%=$(BUILD)/fuzz/replay-%) $(BUILD)/tests/unit/test_shard $(BUILD)/tests/unit/test_accounts
	@echo "== the fuzzers' corpora"
	$(Q)rm -rf $(BUILD)/fuzz/seeds && $(PYTHON) -B tests/fuzz/seed.py $(BUILD)/fuzz/seeds $(RECORDED)
	$(Q)KEEP_SHARDS=$(BUILD)/fuzz/seeds/shard $(BUILD)/tests/unit/test_shard >/dev/null
	$(Q)KEEP_SHARDS=$(BUILD)/fuzz/seeds/accounts $(BUILD)/tests/unit/test_accounts >/dev/null
	$(Q)for t in $(FUZZ); do prove --timer --exec '$(WRAP)' $(BUILD)/fuzz/replay-$$t :: $(BUILD)/fuzz/seeds/$$t tests/fuzz/corpus/$$t || exit 1; done

TIME ?= 60
.PHONY: fuzz
fuzz: check-fuzz ## look for crashes in the parsers: TIME=60 seconds for each of them (clang, libFuzzer, ASan, UBSan)
	@tests/deps.sh fuzz
	OMPI_CC=clang $(MAKE) --no-print-directory BUILD=build/fuzzing CXX=clang++ CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' \
	  CXXFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' fuzz-run

.PHONY: fuzz-run
# Leaks are looked for, but not those of the HDF5 library; nor are its reads beyond the names of a forged file.
fuzz-run: export ASAN_OPTIONS = allocator_may_return_null=1:suppressions=$(CURDIR)/tests/asan.supp
fuzz-run: export LSAN_OPTIONS = suppressions=$(CURDIR)/tests/fuzz/lsan.supp:print_suppressions=0
fuzz-run: $(FUZZ:%=$(BUILD)/fuzz-%)
	$(Q)for t in $(FUZZ); do tests/fuzz/run.sh $(BUILD)/fuzz-$$t $$t $(TIME) || exit 1; done

$(BUILD)/fuzz-%: $(BUILD)/obj/tests/fuzz/fuzz_%.c.o $(BUILD)/libcrawler.a $(BUILD)/libreduce.a $(BUILD)/libio.a
	$(Q)$(MPICC) $(CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

BENCH := $(addprefix $(BUILD)/tests/bench/,bench_coordinator bench_page bench_accounts count_mpi.so)
$(BUILD)/tests/bench/%.so: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(MPICC) -std=c11 $(CWARN) $(CFLAGS) $(CPPFLAGS) -fPIC -shared -o $@ $<

# Without node a part is left out, and says so.
.PHONY: bench
bench: ## what the crawl and the reduce cost, as ratios: one table, and build/bench/bench.json (half an hour)
	@tests/deps.sh bench || tests/deps.sh check
	@$(MAKE) --no-print-directory all $(BENCH)
	@mkdir -p $(BUILD)/bench
	$(Q)BUILD=$(BUILD) $(PYTHON) -B tests/bench/bench.py --json $(BUILD)/bench/bench.json crawl cost reduce duckdb users scale

.PHONY: bench-quick
bench-quick: ## the same, small: under two minutes
	@tests/deps.sh bench || tests/deps.sh check
	@$(MAKE) --no-print-directory all $(BENCH)
	@mkdir -p $(BUILD)/bench
	$(Q)BUILD=$(BUILD) $(PYTHON) -B tests/bench/bench.py --quick --json $(BUILD)/bench/quick.json crawl cost full duckdb scale

.PHONY: bench-full
bench-full: ## the whole Hub of 2026 on this machine, crawled and reduced: seconds, CPU and memory over rows (five minutes)
	@tests/deps.sh check
	@$(MAKE) --no-print-directory all
	@mkdir -p $(BUILD)/bench
	$(Q)BUILD=$(BUILD) $(PYTHON) -B tests/bench/bench.py --json $(BUILD)/bench/full.json full

.PHONY: soak
soak: all $(TORTURE) ## longer tests: 60 kills, full disks, every fault, an outage, the whole torture, the second pass, the lower bound of users; ends with a table (one to two hours)
	$(Q)BUILD=$(BUILD) RECORDED=$(RECORDED) $(PYTHON) -B tests/cli/soak.py

.PHONY: check-report
check-report: $(PROGRAMS) ## the report in headless Chromium, Parquet, and other readers of census.h5: R, Octave (a minute; installs them)
	@tests/deps.sh report
	$(Q)BUILD=$(BUILD) RECORDED=$(RECORDED) tests/report/run.sh

.PHONY: check-clients
check-clients: $(BUILD)/hubsim ## the Hub's official JavaScript client against the stand-in (Node and npm)
	@tests/deps.sh clients
	$(Q)BUILD=$(BUILD) tests/clients/run.sh

.PHONY: check-slurm
check-slurm: ## the batch jobs on a real Slurm of one node, started for it (Debian's; root; four minutes)
	@tests/deps.sh slurm
	@$(MAKE) --no-print-directory all
	$(Q)BUILD=$(BUILD) prove --timer --exec '$(PYTHON) -B' tests/slurm/test_slurm.py

# Leaks are looked for where calls are made to fail, and by `make valgrind` in the programs: the stacks that tell ours from
# the libraries' take eight times the CPU of the rest. libfaketime comes before the sanitizer's own library, and does no harm
# there (tests/cli/test_clock.py). Cores are what test_token.py looks for. What looks for leaks crashes over the thread-local
# storage of threads that MPI has started without mpirun, unless it leaves out what dlopen() brought.
.PHONY: asan
asan: export ASAN_OPTIONS = intercept_tls_get_addr=0:disable_coredump=0:verify_asan_link_order=0:suppressions=$(CURDIR)/tests/asan.supp
asan: export LSAN_OPTIONS = suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0
asan: ## the tests again under AddressSanitizer and UBSan (20 minutes)
	@tests/deps.sh check
	ASAN_OPTIONS=$$ASAN_OPTIONS:fast_unwind_on_malloc=0 $(MAKE) --no-print-directory BUILD=build/asan ASAN=1 CFLAGS='-O1 -g' CXXFLAGS='-O1 -g' all check-unit check-mpi check-fuzz check-torture
	ASAN_OPTIONS=$$ASAN_OPTIONS:detect_leaks=0 $(MAKE) --no-print-directory BUILD=build/asan ASAN=1 CFLAGS='-O1 -g' CXXFLAGS='-O1 -g' check-cli

# Open MPI brings suppressions of its own; hwloc's word about valgrind is not one of ours.
OMPI_SUPP = $(firstword $(wildcard $(dir $(shell command -v mpirun))../share/openmpi/openmpi-valgrind.supp /usr/share/openmpi/openmpi-valgrind.supp))
VALGRIND = valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite --keep-debuginfo=yes \
  $(OMPI_SUPP:%=--suppressions=%) --suppressions=$(CURDIR)/tests/valgrind.supp
.PHONY: valgrind
valgrind: ## the tests again under valgrind (two hours)
	@tests/deps.sh valgrind
	$(MAKE) --no-print-directory BUILD=build/valgrind CFLAGS='-O1 -g' CXXFLAGS='-O1 -g' valgrind-run

# Fifteen times the CPU; what waits for a program waits twenty times as long.
.PHONY: valgrind-run
# More at once only spin: ranks that wait for one another on two cores (seven jobs took four times the CPU of one).
valgrind-run: JOBS = 2
valgrind-run: export WRAP = $(VALGRIND)
valgrind-run: export SLOW = 20
valgrind-run: export HWLOC_COMPONENTS = -x86
valgrind-run: all check-unit check-mpi check-fuzz check-torture check-cli

.PHONY: format
format: ## reformat the sources (clang-format 14)
	clang-format -i $(C_FILES)

.PHONY: check-format
check-format: ## fail if `make format` would change something
	clang-format --dry-run -Werror $(C_FILES)

.PHONY: tidy
tidy: ## clang-tidy, warnings are errors
	$(Q)printf '%s\n' $(filter %.c,$(C_FILES)) | xargs -P 2 -I{} clang-tidy --quiet {} -- -std=c11 $(CPPFLAGS) $(H5_CFLAGS) $(call pc,--cflags,ompi-c libcurl,) 2>/dev/null

.PHONY: cppcheck
cppcheck: ## cppcheck, warnings are errors
	$(Q)cppcheck --quiet --std=c11 -j 2 --error-exitcode=1 --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem \
	  --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE -DHUBCENSUS_VERSION='"0"' -DHUBCENSUS_DATA='""' -I. crawler reduce io tests

.PHONY: shellcheck
shellcheck: ## shellcheck of the scripts
	shellcheck $(SCRIPTS)

.PHONY: flake8
flake8: ## names in the Python files that nothing defines or uses
	flake8 --select=E9,F tests jobs

.PHONY: lint
lint: check-format cppcheck shellcheck flake8 tidy ## all linters

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
.SECONDARY:
