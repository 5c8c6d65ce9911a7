#!/bin/sh
# Makes sure that what `make run` or `make test` needs is installed, at once when it already is.
#
#     setup.sh run|test
#
# The stamp in .venv holds the interpreter's version and the lock that was installed; it is written last,
# so an interrupted installation, another lock or another Python is seen.

set -eu
kind=${1:-run}
case $kind in
    run) lock=requirements.lock ;;
    test) lock=requirements-dev.lock ;;
    *) echo "usage: setup.sh run|test" >&2; exit 2 ;;
esac

python=.venv/bin/python
[ ! -e .venv/Scripts/python.exe ] || python=.venv/Scripts/python.exe

installed() {
    [ -x "$python" ] && { "$python" -V && cat "$lock"; } 2>/dev/null | cmp -s - ".venv/.installed-$kind"
}

not_linked() {
    ldd .venv/lib/python*/site-packages/PySide6/Qt/plugins/platforms/libqxcb.so 2>/dev/null |
        awk '/not found/ {printf " %s", $1}'
}

! installed || exit 0

sh packaging/system_packages.sh "$kind"
base=$(sh packaging/find_python.sh)
"$base" packaging/environment.py "$kind"

absent=$(not_linked)
[ -z "$absent" ] || echo "Qt’s window plugin needs libraries that this system does not have:$absent" >&2
