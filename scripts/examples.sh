#!/usr/bin/env bash
# The README's examples for C and C++, each compiled by its one command and run on a real file: what they
# write is what the command line writes.
#
# Arguments: where libwalrus_accel is installed, and the command line's binary.
set -euo pipefail
prefix="$(realpath "$1")" binary="$(realpath "$2")"
cd "$(dirname "$0")/.."
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The commands are the README's, but for where the library and the programs are.
mapfile -t commands < <(sed -n 's/^\(cc\|c++\) .*/&/p' README.md | sed "s|/tmp/p|$prefix|g; s|-o |-o $work/|")
[ ${#commands[@]} -ge 4 ] || { echo 'README.md has lost its commands' >&2; exit 1; }
awk '/^```cpp$/ { copy = 1; next } /^```$/ { copy = 0 } copy' README.md >"$work/id.cpp"
for command in "${commands[@]}"; do eval "${command//id.cpp/$work/id.cpp}"; done

head -c 5000003 /dev/urandom >"$work/file"
"$binary" encode "$work/file" --out "$work/expected" 2>/dev/null
id="$("$work/encode" "$work/file" "$work/found")"
diff -r "$work/expected" "$work/found"

# A third of the slivers, one of them damaged.
cp -r "$work/found/$id" "$work/some"
printf 'x' | dd of="$work/some/pairs/0777.primary.bcs" bs=1 seek=100 conv=notrunc status=none
"$work/node" "$work/some/metadata.bcs" "$work/restored" "$work"/some/pairs/0[67]??.primary.bcs \
    "$work"/some/pairs/08??.primary.bcs "$work"/some/pairs/00[0-4]?.primary.bcs
cmp "$work/file" "$work/restored"
cmp "$work/found/$id/pairs/0000.secondary.bcs" "$work/restored.0000.secondary.bcs"

"$work/event_loop" "$work/file" README.md >"$work/ids"
"$binary" blob-id "$work/file" README.md >"$work/expected-ids"
# One prints as blobs end, the other in order.
diff <(cut -d' ' -f1 "$work/ids" | sort) <(cut -d' ' -f1 "$work/expected-ids" | sort)

"$work/id" "$work/file" "$work/by-cpp" | grep -qx "$id"
diff -r "$work/expected" "$work/by-cpp"
echo 'the examples write what the command line writes'
