#!/bin/sh
# Prints the first Python of 3.11 or newer; says what is missing and fails when there is none.
# `PYTHON=/path/to/python` comes first when it is set.

for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
    [ -n "$candidate" ] || continue
    path=$(command -v "$candidate" 2>/dev/null) || continue
    if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        printf '%s\n' "$path"
        exit 0
    fi
done

found=$(python3 -V 2>/dev/null) || found="no python3"
cat >&2 <<EOF
Inshore needs Python 3.11 or newer; found here: $found.
Install one (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv), or name one:
    make run PYTHON=/path/to/python3.12
EOF
exit 1
