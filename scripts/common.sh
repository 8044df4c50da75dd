# What the scripts that test share: `. scripts/common.sh`.

step() { printf '\n== %s\n' "$*"; }

# Installs Debian packages, if any are named.
install_missing() {
    [ $# -gt 0 ] || return 0
    step "Installing $*"
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}
