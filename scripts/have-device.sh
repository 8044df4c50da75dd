#!/usr/bin/env bash
# Checks that a benchmark of the GPU engine has a device to measure, before the benchmark is built: looks for the
# Vulkan loader and for drivers. Exit code 1, with a message, if one is missing.
set -euo pipefail

# On other systems the drivers are part of the system.
[ "$(uname -s)" = Linux ] || exit 0

nothing() {
    echo "nothing to measure: $*" >&2
    exit 1
}

for loader in /usr/lib/*/libvulkan.so.1 /usr/lib*/libvulkan.so.1 /usr/local/lib*/libvulkan.so.1; do
    [ -e "$loader" ] && found=1
done
# The loader may be in another directory that the linker knows.
[ -n "${found:-}" ] || PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' ||
    nothing 'there is no Vulkan loader (Debian: libvulkan1)'

if [ -n "${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}" ]; then
    IFS=: read -r -a places <<<"${VK_DRIVER_FILES:-$VK_ICD_FILENAMES}"
else
    places=(/usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d /etc/vulkan/icd.d
        "${XDG_DATA_HOME:-${HOME:-}/.local/share}/vulkan/icd.d")
fi
drivers="$(for place in "${places[@]}"; do
    if [ -d "$place" ]; then ls "$place"/*.json 2>/dev/null || true; elif [ -e "$place" ]; then echo "$place"; fi
done)"
[ -n "$drivers" ] || nothing 'there is no Vulkan driver (the vendor has one for each card)'

# A software driver is measured only on request.
if [ -z "${WALRUS_ACCEL_DEVICE:-}${WALRUS_ACCEL_ALLOW_SOFTWARE:-}" ] && ! grep -qv '/lvp_icd' <<<"$drivers"; then
    nothing 'there is only a software driver; WALRUS_ACCEL_DEVICE or WALRUS_ACCEL_ALLOW_SOFTWARE=1 asks for it'
fi
