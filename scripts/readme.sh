#!/usr/bin/env bash
# Runs all of the README's commands in order, as one shell would, in a fresh clone of this tree. Two things are
# not as the README has them: the addresses (of the repository, and of where the installation goes), and the
# files that stand for the reader's, which are made here. A command ends with 0, or with the exit code that a
# comment behind it names.
#
# Arguments: the prefix to install to, which stays; a temporary one unless given.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
missing=()
command -v git >/dev/null || missing+=(git)
command -v make >/dev/null || missing+=(make)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v c++ >/dev/null || missing+=(g++)
command -v pkg-config >/dev/null || missing+=(pkg-config)
install_missing "${missing[@]}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
prefix="${1:-$work/p}"
mkdir -p "$prefix"
prefix="$(realpath "$prefix")"
# What is built for one build serves the others.
target="${CARGO_TARGET_DIR:-target}"
CARGO_TARGET_DIR="$(realpath -m "$target")"
export CARGO_TARGET_DIR
# A repository with what is here: committed or not, but nothing that git ignores.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
repository="$work/repository"
git init --quiet "$repository"
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard
else
    find . -type f -not -path './target/*' -print0
fi | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --create --null --files-from - | tar --extract --directory "$repository"
git -C "$repository" add --all --force
git -C "$repository" -c user.name=test -c user.email=test commit --quiet --message 'As it is'

# The blocks of commands, and before the first that needs them the files that are the reader's.
awk '/^```sh$/ { copy = 1; next } /^```$/ { copy = 0 } copy' README.md |
    sed "s|/tmp/p|$prefix|g; s|REPOSITORY|$repository|" >"$work/commands"
[ "$(wc -l <"$work/commands")" -ge 30 ] || { echo 'README.md has lost its commands' >&2; exit 1; }
{
    echo 'set -euo pipefail'
    while IFS= read -r line; do
        # Shown before it is run; a loop is shown as a whole.
        case "$line" in
            '' | ' '* | 'done'* | 'for '*) ;;
            *) printf 'printf "\\n$ %%s\\n" %q\n' "$line" ;;
        esac
        case "$line" in
            *'# exit code 1: '*)
                printf 'code=0; { %s\n} 2>message || code=$?\n' "$line"
                printf 'cat message; [ $code = 1 ]; grep -qF %q message\n' "${line##*'# exit code 1: '}"
                ;;
            *) printf '%s\n' "$line" ;;
        esac
        case "$line" in
            'cd walrus-accel')
                printf 'head -c 5000003 /dev/urandom >model.safetensors\n'
                printf 'head -c 30000000 /dev/urandom >huge.tar\n'
                printf 'head -c 10000 /dev/urandom >one.bin; head -c 20000 /dev/urandom >two.bin\n'
                # shellcheck disable=SC2016 # The quotes are awk's.
                printf '%s\n' 'awk "/^\`\`\`cpp\$/ { copy = 1; next } /^\`\`\`\$/ { copy = 0 } copy" README.md >id.cpp'
                ;;
        esac
    done <"$work/commands"
    # What came out is what went in.
    cat <<'END'
cmp model.safetensors restored.bin
cmp README.md restored
diff -r from-c from-cpp
test "$(ls from-c)" = "$(walrus-accel blob-id --no-names README.md)"
./id 2>/dev/null && exit 1
test "$(git status --porcelain --untracked-files=no)" = ""
END
} >"$work/run"
cd "$work"
bash "$work/run"
echo 'every command of the README does what it says'
