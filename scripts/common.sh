# Functions that the test scripts share: `. scripts/common.sh`.

# Prints the title of a step.
step() { printf '\n== %s\n' "$*"; }

# Installs the named Debian packages, as root or through sudo. Without arguments, does nothing.
install_missing() {
    [ $# -gt 0 ] || return 0
    step "Installing $*"
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# background NAME COMMAND...: runs a command beside the following ones. `finish NAME` gets its result.
declare -A background_pids=()
background_logs=
background() {
    local name="$1"
    shift
    [ -n "$background_logs" ] || background_logs="$(mktemp -d)"
    # A process group of its own, so that `stop_background` reaches all processes of the command.
    setsid "$@" >"$background_logs/$name" 2>&1 &
    background_pids[$name]=$!
}

# finish NAME: waits for a background command, prints its output and returns its exit status.
finish() {
    local result=0
    wait "${background_pids[$1]}" || result=$?
    unset "background_pids[$1]"
    cat "$background_logs/$1"
    return "$result"
}

# Stops the background commands that were not finished, and removes the logs. For a trap on EXIT.
stop_background() {
    local pid
    for pid in "${background_pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
    [ -z "$background_logs" ] || rm -rf "$background_logs"
}
