# Shortcuts. Everything here can be run by hand: see README.md and CONTRIBUTING.md.

.PHONY: build install install-library capi allocations test exhaustive flips fuzz fuzz-short faults kills gpu perf bench-gpu bench-capi bench-node large acceptance

# What `walrus-accel --version --verbose` tells.
export WALRUS_ACCEL_COMMIT ?= $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

build:
	cargo build --locked --release

# libwalrus_accel for C and C++, and the command with its manual pages and completions, below PREFIX
# (/usr/local unless set): see scripts/install.sh.
install:
	bash scripts/install.sh

# The library alone.
install-library:
	bash scripts/install.sh library

# The installed library from C and C++: see scripts/package.sh.
capi:
	bash scripts/package.sh

# Every allocation of 4 KiB and more of every call from C fails once, of which `make capi` tries a sample: ten
# minutes. The library is installed to a directory that is removed.
allocations:
	prefix="$$(mktemp -d)" && trap 'rm -rf "$$prefix"' EXIT && $(MAKE) install-library PREFIX="$$prefix" && \
		WALRUS_ACCEL_SAMPLE=0 $(MAKE) -C tests/c PREFIX="$$prefix" OUT="$$prefix/tests" run-memory

# Format, lints, documentation, tests, the network's encoder as a peer.
test:
	bash scripts/test.sh

# What `make test` samples, in full, by every instruction set of this machine: all 2^32 products of the
# field, the generator matrices of all committees up to 1,000, all lengths of symbols up to 4,096 in
# groups of 1 to 33. Minutes.
exhaustive:
	cargo test --locked --release --lib -- --ignored --nocapture exhaustive

# A hundred thousand single flipped bits in slivers, recovery symbols, proofs and metadata, each of which
# is to be refused; `make test` tries some thousand. Seconds, once it is built.
flips:
	cargo test --locked --release --test flips -- --ignored --nocapture

# Fuzzing of what strangers' bytes go through, by each target in fuzz/: half an hour each, as many at a time
# as there are cores. Takes a nightly toolchain.
fuzz:
	bash scripts/fuzz.sh 1800

# The same, a minute each.
fuzz-short:
	bash scripts/fuzz.sh 60

# Ten thousand runs of the command line in each of which a system call on a file fails, of which
# `make test` samples some hundreds. Linux on x86-64. Half an hour.
faults:
	cargo test --locked --release --test faults -- --ignored --nocapture every_call_fails

# Five hundred encodes that are killed, with --resume, and harm to their files in between; `make test`
# kills a dozen. Minutes.
kills:
	cargo test --locked --release --test faults -- --ignored --nocapture five_hundred_killed_encodes

# What `make test` samples of the GPU engine, in full, on the first device there is, a software driver if
# need be: every vector, and every fault at every point of eight jobs, a process each. A quarter of an
# hour.
gpu:
	WALRUS_ACCEL_REQUIRE_GPU=1 WALRUS_ACCEL_ALL_VECTORS=1 cargo test --locked --test vectors -- --nocapture
	for job in 0 1 2 3 4 5 6 7; do \
		WALRUS_ACCEL_REQUIRE_GPU=1 WALRUS_ACCEL_FAULTS=$$job \
			cargo test --locked --lib -- --nocapture every_fault || exit 1; \
	done

# Reference against CPU engine at 1 B to 1 GiB, the kernels alone, and the bound that they set, to
# benches/results/<machine>.json; about 10 minutes and 14 GB of memory.
perf:
	cargo bench --locked --features kernels --bench perf -- --discard-baseline

# GPU against CPU engine, device and transfer times apart, and what the check costs, to
# benches/results/gpu-<device>.json; minutes and 10 GB of memory.
bench-gpu:
	@bash scripts/have-device.sh
	cargo bench --locked --bench gpu

# Calls from C against calls from Rust, to benches/results/capi-<processor>.json; half a minute.
bench-capi:
	cargo bench --locked --features capi --bench capi

# What a storage node and an aggregator do, CPU against reference engine, to
# benches/results/node-<processor>.json; two minutes and 4 GB of memory.
bench-node:
	cargo bench --locked --no-default-features --bench node

# Blobs beyond 2^31 and 2^32 bytes, both engines; minutes, 5 GB of disk, 10 GB of memory.
large:
	cargo test --locked --release --test large -- --nocapture

# A real file of 3 GiB through encode, erasure and decode, and the ID of one of 12 GB, with peak
# memory; minutes, 35 GB of disk.
acceptance: build
	bash scripts/acceptance.sh
