#!/bin/sh
# Sees to the system packages that pip can't bring: a compiler, Python's venv, the libraries of a Qt window.
#
#     system_packages.sh run|test
#
# Debian and Ubuntu: root gets them installed, anyone else is told the exact apt-get line (exit 1).
# Other Linux systems: what is missing is named by file (exit 1). Elsewhere there is nothing to do.
# SKIP_SYSTEM_CHECK=1 goes on without looking.

set -u
kind=${1:-run}
here=$(dirname "$0")
PATH=$PATH:/usr/sbin:/sbin

[ "$(uname -s)" = Linux ] || exit 0
[ -z "${SKIP_SYSTEM_CHECK:-}" ] || exit 0

# What Qt's libraries and its xcb plugin link to and PySide6 does not carry: file, Debian's package.
libraries='
libEGL.so.1              libegl1
libGL.so.1               libgl1
libX11.so.6              libx11-6
libX11-xcb.so.1          libx11-xcb1
libbrotlidec.so.1        libbrotli1
libdbus-1.so.3           libdbus-1-3
libfontconfig.so.1       libfontconfig1
libfreetype.so.6         libfreetype6
libglib-2.0.so.0         libglib2.0-0
libgssapi_krb5.so.2      libgssapi-krb5-2
libxcb.so.1              libxcb1
libxcb-cursor.so.0       libxcb-cursor0
libxcb-icccm.so.4        libxcb-icccm4
libxcb-image.so.0        libxcb-image0
libxcb-keysyms.so.1      libxcb-keysyms1
libxcb-randr.so.0        libxcb-randr0
libxcb-render.so.0       libxcb-render0
libxcb-render-util.so.0  libxcb-render-util0
libxcb-shape.so.0        libxcb-shape0
libxcb-shm.so.0          libxcb-shm0
libxcb-sync.so.1         libxcb-sync1
libxcb-util.so.1         libxcb-util1
libxcb-xfixes.so.0       libxcb-xfixes0
libxcb-xkb.so.1          libxcb-xkb1
libxkbcommon.so.0        libxkbcommon0
libxkbcommon-x11.so.0    libxkbcommon-x11-0
libzstd.so.1             libzstd1
'

missing_libraries() {
    known=" $(ldconfig -p 2>/dev/null | awk '{print $1}' | tr '\n' ' ') "
    printf '%s\n' "$libraries" | while read -r file package; do
        [ -n "$file" ] || continue
        case $known in *" $file "*) ;; *) echo "$package $file" ;; esac
    done
}

missing_commands() {
    for pair in gcc:gcc g++:g++ cmake:cmake make:make; do need_command "$pair"; done
    [ "$kind" = test ] || return 0
    for pair in Xvfb:xvfb xvfb-run:xvfb xauth:xauth xdotool:xdotool strace:strace \
        unshare:util-linux dbus-run-session:dbus-daemon gnome-keyring-daemon:gnome-keyring; do
        need_command "$pair"
    done
}

need_command() {
    command -v "${1%%:*}" >/dev/null 2>&1 || echo "${1#*:} ${1%%:*}"
}

missing_python() {
    if python=$(sh "$here/find_python.sh" 2>/dev/null); then
        "$python" -c 'import ensurepip, venv' 2>/dev/null && return
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        echo "$version-venv $version-venv"
    elif ! command -v python3 >/dev/null 2>&1; then
        echo "python3 python3"
        echo "python3-venv python3-venv"
    fi # An older python3 is find_python.sh's to explain.
}

missing_fonts() {
    for folder in /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.fonts" "${HOME:-/}/.local/share/fonts"; do
        [ -d "$folder" ] || continue
        [ -z "$(find -L "$folder" -name '*.[to]t[fc]' -print -quit 2>/dev/null)" ] || return 0
    done
    echo "fonts-dejavu-core a-font"
}

missing() {
    missing_python
    missing_commands
    missing_libraries
    missing_fonts
}

is_debian() {
    command -v apt-get >/dev/null 2>&1 && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release 2>/dev/null
}

column() {
    awk -v n="$1" '!seen[$n]++ {printf "%s%s", sep, $n; sep=" "}'
}

install_as_root() {
    echo "Installing system packages: $1"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # shellcheck disable=SC2086 # the names are words
    if ! { apt-get update && apt-get install -y --no-install-recommends $1; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

lacking=$(missing)
[ -n "$lacking" ] || exit 0

if ! is_debian; then
    echo "Inshore needs these commands and libraries, which this system does not have:" >&2
    printf '    %s\n' "$(printf '%s\n' "$lacking" | column 2)" >&2
    echo "Install them, then try again. To go on without them: make $kind SKIP_SYSTEM_CHECK=1" >&2
    exit 1
fi

packages=$(printf '%s\n' "$lacking" | column 1)
line="apt-get install -y --no-install-recommends $packages"
if [ "$(id -u)" != 0 ]; then
    cat >&2 <<EOF
Inshore needs these system packages: $packages
Install them, then try again:
    sudo $line
To go on without them: make $kind SKIP_SYSTEM_CHECK=1
EOF
    exit 1
fi

if ! install_as_root "$packages"; then
    echo "Installing them failed. Try it by hand:" >&2
    echo "    apt-get update && $line" >&2
    exit 1
fi
lacking=$(missing)
[ -z "$lacking" ] || echo "Still missing: $(printf '%s\n' "$lacking" | column 2)" >&2
