#!/usr/bin/env bash
# Measures encode, decode and verify of files against the disk alone, at the default memory limit, and prints a table.
# The disk alone writes as many bytes as the job (`dd if=/dev/zero conv=fsync`), and reads the files that the job reads
# (`cat`), in the same directory, in turns with the job. `ratio` is the job's time over the longer of the two.
# No job is faster than its CPU seconds over the number of cores.
# `cold`: with an empty page cache. `warm`: with what the job reads in the page cache, if memory holds it.
#
# DISK_DIR: directory on the disk to measure. Default: target/disk.
# DISK_SIZES: sizes of the blobs in GiB. Default: "1 3 12". Of disk space, each GiB takes 10.1 GiB at a time.
# RUNS: number of runs of each job, of which the median counts. Default: 3.
# BINARY: command to measure. Default: target/release/walrus-accel.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${BINARY:-${CARGO_TARGET_DIR:-target}/release/walrus-accel}")
parent=${DISK_DIR:-target/disk}
runs=${RUNS:-3}
read -ra sizes <<<"${DISK_SIZES:-1 3 12}"

[ -x "$binary" ] || { echo "$binary: not found, build it: make build" >&2; exit 1; }
[[ $runs =~ ^[1-9][0-9]*$ ]] || { echo "RUNS=$runs: write a number of runs, such as 3" >&2; exit 1; }
for size in "${sizes[@]}"; do
    [[ $size =~ ^[1-9][0-9]*$ ]] || { echo "DISK_SIZES: $size: write GiB, such as \"1 3 12\"" >&2; exit 1; }
done
mkdir -p "$parent"

# The blob, its slivers (4.5 times the blob), and as many bytes again while they are assembled or written by dd.
largest=$(printf '%s\n' "${sizes[@]}" | sort -n | tail -1)
needed=$((largest * 101 / 10 + 1))
free=$(($(df -Pk "$parent" | awk 'NR == 2 { print $4 }') / 1024 / 1024))
if [ "$free" -lt "$needed" ]; then
    echo "$parent: $free GiB are free, and a blob of $largest GiB needs $needed GiB; set DISK_SIZES or DISK_DIR" >&2
    exit 1
fi

work=$(mktemp -d "$parent/run.XXXXXX")
trap 'rm -rf "$work"; rmdir "$parent" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# drop FILE...: empties the page cache, as root of everything, otherwise of the files.
drop() {
    sync
    if [ -w /proc/sys/vm/drop_caches ]; then
        echo 3 >/proc/sys/vm/drop_caches
    else
        for file in "$@"; do
            dd if="$file" iflag=nocache count=0 status=none
        done
    fi
}

# timed COMMAND...: runs the command, and sets `real` and `cpu` to its seconds and its processors' seconds.
timed() {
    local TIMEFORMAT='%R %U %S' user system
    { time "$@" 2>&3; } 3>&2 2>"$work/time"
    read -r real user system <"$work/time"
    cpu=$(awk -v a="$user" -v b="$system" 'BEGIN { print a + b }')
}

median() {
    printf '%s\n' "$@" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

write_alone() {
    dd if=/dev/zero of="$work/zeros" bs=1M count="$1" iflag=count_bytes conv=fsync status=none
}

read_alone() {
    cat "$@" >/dev/null
}

job() {
    "$@" --json --no-progress >"$work/line" 2>"$work/messages" || { cat "$work/messages" >&2; exit 1; }
}

# measure LABEL WRITTEN OUTPUT COMMAND...: prints a row for the cold and the warm cache. The command writes WRITTEN bytes
# to OUTPUT, which is removed before each run, and reads the files in `reads`.
measure() {
    local label=$1 written=$2 output=$3 cache run real cpu
    shift 3
    for cache in cold warm; do
        local jobs=() cpus=() writes=() readings=() peak=0
        for ((run = 0; run < runs; run++)); do
            [ -z "$output" ] || rm -rf "$output"
            if [ "$cache" = cold ]; then drop "${reads[@]}"; else read_alone "${reads[@]}"; sync; fi
            timed job "$@"
            jobs+=("$real")
            cpus+=("$cpu")
            peak=$(sed 's/.*"peakMemory":\([0-9]*\).*/\1/; t; s/.*/0/' "$work/line")
            if [ "$written" -gt 0 ]; then
                sync
                timed write_alone "$written"
                writes+=("$real")
                rm "$work/zeros"
            fi
            if [ "$cache" = cold ]; then drop "${reads[@]}"; else read_alone "${reads[@]}"; fi
            timed read_alone "${reads[@]}"
            readings+=("$real")
        done
        local seconds write=0 reading
        seconds=$(median "${jobs[@]}")
        cpu=$(median "${cpus[@]}")
        [ "$written" -eq 0 ] || write=$(median "${writes[@]}")
        reading=$(median "${readings[@]}")
        awk -v label="$label" -v cache="$cache" -v t="$seconds" -v c="$cpu" -v w="$write" -v r="$reading" \
            -v p="$peak" 'BEGIN {
            alone = w > r ? w : r
            printf "| %s | %s | %.2f | %.2f | %.2f | ", label, cache, t, w, r
            printf "%.2f | %.2f | %d |\n", t / alone, c, p / 1048576
        }'
    done
}

echo "$("$binary" --version), $(nproc) cores, $(df -Pk "$work" | awk 'NR == 2 { print $1 }'), median of $runs;" \
    "load $(cut -d' ' -f1 /proc/loadavg) at the beginning"
[ -w /proc/sys/vm/drop_caches ] || echo 'Without root, only the pages of the files that a job reads are dropped for "cold".'
echo
echo '| job | page cache | seconds | disk writes | disk reads | ratio | CPU seconds | peak MiB |'
echo '|---|---|---|---|---|---|---|---|'
for size in "${sizes[@]}"; do
    bytes=$((size << 30))
    head -c "$bytes" /dev/urandom >"$work/blob"
    "$binary" encode "$work/blob" --out "$work/out" --no-progress >/dev/null
    directory=$(ls -d "$work"/out/*)
    written=$(du -sb "$directory" | cut -f1)
    reads=("$work/blob")
    measure "encode $size GiB" "$written" "$work/out" "$binary" encode "$work/blob" --out "$work/out"

    # 334 of the pairs at random, as hard links.
    part=$work/part/$(basename "$directory")
    mkdir -p "$part/pairs"
    ln "$directory/metadata.bcs" "$part/"
    for pair in $(seq -f %04g 0 999 | shuf -n 334); do
        ln "$directory/pairs/$pair".{primary,secondary}.bcs "$part/pairs/"
    done
    reads=("$part"/pairs/*.primary.bcs)
    for check in default skip; do
        measure "decode $size GiB, --check $check" "$bytes" "$work/back" \
            "$binary" decode "$part" -o "$work/back" --check "$check"
        cmp "$work/blob" "$work/back"
    done
    rm -rf "$work/part" "$work/back"
    reads=("$directory"/pairs/*.bcs)
    measure "verify $size GiB" 0 '' "$binary" verify "$directory"
    rm -rf "$work/out" "$work/blob"
done
