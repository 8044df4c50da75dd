#!/usr/bin/env bash
# Encodes a file of 3 GiB, deletes 666 of its 1,000 sliver pairs at random, decodes, and compares. Then computes
# the blob ID of a file of 12 GB. Fails if a result differs, or if a command takes 1.5 GiB of memory or more.
#
# WORK: directory for the files, which need 35 GB. Default: a new directory in TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$PWD/${CARGO_TARGET_DIR:-target}/release/walrus-accel
time=$(command -v /usr/bin/time) ||
    { echo '/usr/bin/time: not found, GNU time is required: apt-get install time' >&2; exit 1; }
work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

# measured NAME COMMAND...: runs the command and checks its peak memory.
measured() {
    local name=$1
    shift
    "$time" -f '%e %M' -o "$work/time" "$@"
    read -r seconds kib <"$work/time"
    printf '%s: %s s, peak memory %s KiB\n' "$name" "$seconds" "$kib"
    [ "$kib" -lt $((1536 * 1024)) ] ||
        { echo "$name: peak memory $kib KiB, the limit is 1572864 KiB" >&2; exit 1; }
}

head -c 3221225472 /dev/urandom >"$work/blob"
measured 'encode 3 GiB' "$binary" encode "$work/blob" --out "$work/out" --json >"$work/line"
cat "$work/line"
directory=$(ls -d "$work"/out/*)
for pair in $(seq -f %04g 0 999 | shuf -n 666); do
    rm "$directory/pairs/$pair".{primary,secondary}.bcs
done
ls "$directory/pairs" | wc -l
measured 'decode 3 GiB' "$binary" decode "$directory" -o "$work/restored"
cmp "$work/blob" "$work/restored"
echo 'the decoded blob equals the original'
rm -rf "$work/out" "$work/restored"

# 12 GB of random bytes.
head -c 12000000000 /dev/urandom >"$work/large"
ls -l "$work/large"
measured 'blob-id 12 GB' "$binary" blob-id "$work/large"
