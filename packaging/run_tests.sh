#!/bin/sh
# Runs every test: first without a screen, then the journeys in a real window. Arguments go to pytest.
#
# Both runs happen even when the first fails, the exit code is that of the first that failed, and the
# second reports the coverage of both. The window's screen is Xvfb, with a message bus of its own.

set -u
python=.venv/bin/python
[ ! -e .venv/Scripts/python.exe ] || python=.venv/Scripts/python.exe

# A known locale and a private runtime folder: without them Qt warns, and a warning fails a test.
case "${LC_ALL:-${LC_CTYPE:-${LANG:-}}}" in
    *[Uu][Tt][Ff]8 | *[Uu][Tt][Ff]-8) ;;
    *) export LC_ALL=C.UTF-8 ;;
esac
if [ -z "${XDG_RUNTIME_DIR:-}" ]; then
    XDG_RUNTIME_DIR=$(mktemp -d)
    chmod 700 "$XDG_RUNTIME_DIR"
    export XDG_RUNTIME_DIR
    trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
fi

in_a_window() {
    if [ "$(uname -s)" != Linux ]; then
        "$@"
    elif command -v dbus-run-session >/dev/null 2>&1; then
        QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1440x900x24" dbus-run-session -- "$@"
    else
        QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1440x900x24" "$@"
    fi
}

echo "Tests without a screen"
QT_QPA_PLATFORM=offscreen "$python" -m pytest -m "not journey" --cov --cov-report= "$@"
first=$?
case $first in 2 | 130) exit $first ;; esac
[ $first = 0 ] || echo "The tests above did not all pass; the journeys run all the same."

echo "Journeys in a real window"
in_a_window "$python" -m pytest -m journey --cov --cov-append --cov-report=term:skip-covered "$@"
second=$?

# With a selection in the arguments, one of the two runs may well have nothing to do (pytest's exit 5).
if [ $# -gt 0 ]; then
    [ $first != 5 ] || first=0
    [ $second != 5 ] || second=$first
fi
[ $first != 0 ] || exit $second
exit $first
