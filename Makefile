# Shortcuts for commands that README.md and CONTRIBUTING.md describe.

.PHONY: build install install-library capi allocations test exhaustive flips fuzz fuzz-short faults kills gpu gpu-counts gpu-sass perf bench-gpu bench-capi bench-node many large acceptance disk

# Commit that `walrus-accel --version --verbose` prints.
export WALRUS_ACCEL_COMMIT ?= $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

build:
	cargo build --locked --release

# Installs libwalrus_accel for C and C++, and the command with manual pages and completions, below PREFIX
# (default /usr/local): see scripts/install.sh.
install:
	bash scripts/install.sh

# Installs the library only.
install-library:
	bash scripts/install.sh library

# Tests the installed library from C and C++: see scripts/package.sh.
capi:
	bash scripts/package.sh

# Lets every allocation of 4 KiB and more of every call from C fail once. `make capi` tries a sample of them. The
# library is installed to a temporary directory. Ten minutes.
allocations:
	prefix="$$(mktemp -d)" && trap 'rm -rf "$$prefix"' EXIT && $(MAKE) install-library PREFIX="$$prefix" && \
		WALRUS_ACCEL_SAMPLE=0 $(MAKE) -C tests/c PREFIX="$$prefix" OUT="$$prefix/tests" run-memory

# Runs every check that must pass before a change is merged: see scripts/test.sh.
test:
	bash scripts/test.sh

# Tests exhaustively what `make test` samples, by every instruction set of this machine: all 2^32 products of the
# field, the generator matrices of all numbers of shards up to 1,000, and all symbol sizes up to 4,096 in groups
# of 1 to 33. Minutes.
exhaustive:
	cargo test --locked --release --lib -- --ignored --nocapture exhaustive

# Flips 100,000 single bits in slivers, recovery symbols, proofs and metadata, each of which must be rejected.
# `make test` flips several thousand. Seconds after the build.
flips:
	cargo test --locked --release --test flips -- --ignored --nocapture

# Fuzzes the code that handles untrusted bytes, by each target in fuzz/: half an hour each, as many at a time as
# there are cores. See scripts/fuzz.sh.
fuzz:
	bash scripts/fuzz.sh 1800

# Fuzzes for a minute per target.
fuzz-short:
	bash scripts/fuzz.sh 60

# Runs the command line 10,000 times. In each run a system call on a file fails. `make test` samples some hundreds.
# Linux on x86-64. Half an hour.
faults:
	cargo test --locked --release --test faults -- --ignored --nocapture every_call_fails

# Kills 600 encodes with --resume, and damages their files in between. `make test` kills 16. Minutes.
kills:
	cargo test --locked --release --test faults -- --ignored --nocapture six_hundred_killed_encodes

# Tests the GPU engine in full on the first device, which may be a software device: every vector, and every fault
# at every point of ten jobs, one process per job. `make test` samples these. A quarter of an hour.
gpu:
	WALRUS_ACCEL_REQUIRE_GPU=1 WALRUS_ACCEL_ALL_VECTORS=1 cargo test --locked --test vectors -- --nocapture
	for job in 0 1 2 3 4 5 6 7 8 9; do \
		WALRUS_ACCEL_REQUIRE_GPU=1 WALRUS_ACCEL_FAULTS=$$job \
			cargo test --locked --lib -- --nocapture every_fault || exit 1; \
	done

# Prints the instructions of every shader by kind, and its bytes of workgroup and private memory. Needs no device.
gpu-counts:
	cargo test --locked --lib -- --nocapture shaders_have_the_counts

# Counts what NVIDIA's compiler makes of the hashes and of transforms with 512 points, and writes
# src/engine/gpu/shader/sass.txt. No device is needed, but naga-cli, nvcc, cuobjdump and nvdisasm: see
# scripts/gpu-sass.py. Two minutes after the build.
gpu-sass:
	shaders="$$(mktemp -d)" && trap 'rm -rf "$$shaders"' EXIT && \
		WALRUS_ACCEL_WRITE_SHADERS="$$shaders" cargo test --locked --lib -- shaders_are_written_on_demand && \
		python3 scripts/gpu-sass.py src/engine/gpu/shader/sass.txt "$$shaders"/*" 512 "*.wgsl "$$shaders"/[cln]*.wgsl

# Measures the CPU engine against the reference engine for 1 B to 1 GiB, the kernels alone, and the bound that they
# set. Writes benches/results/<machine>.json. About 10 minutes, 14 GB of memory.
perf:
	cargo bench --locked --features kernels --bench perf -- --discard-baseline

# Measures the GPU engine against the CPU engine, with the times of device and transfers and the cost of the check.
# Writes benches/results/gpu-<device>.json. Minutes, 10 GB of memory.
bench-gpu:
	@bash scripts/have-device.sh
	cargo bench --locked --features kernels --bench gpu

# Measures calls from C against calls from Rust. Writes benches/results/capi-<processor>.json. Half a minute.
bench-capi:
	cargo bench --locked --features capi --bench capi

# Measures the work of storage nodes and aggregators, by the CPU engine against the reference engine. Writes
# benches/results/node-<processor>.json. Two minutes, 4 GB of memory.
bench-node:
	cargo bench --locked --no-default-features --bench node

# Measures the command line on many small files, against the library and against the disk: see scripts/many.sh.
# Ten minutes, 5 GB of disk.
many:
	bash scripts/many.sh

# Tests blobs of more than 2^31 and 2^32 bytes on both engines. Minutes, 5 GB of disk, 10 GB of memory.
large:
	cargo test --locked --release --test large -- --nocapture

# Encodes and decodes a file of 3 GiB with deleted slivers, and computes the ID of a file of 12 GB, with limits on
# peak memory: see scripts/acceptance.sh. Minutes, 35 GB of disk.
acceptance: build
	bash scripts/acceptance.sh

# Measures encode, decode and verify of files against the disk alone: see scripts/disk.sh. DISK_SIZES="1 3" leaves out
# the blob of 12 GiB, which needs 122 GiB of disk. Minutes per size.
disk: build
	bash scripts/disk.sh
