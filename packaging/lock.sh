#!/bin/sh
# Makes the locks anew from pyproject.toml: every platform, hashes, no addresses. UPGRADE=1 takes newer versions.

set -eu
uv=".venv/bin/python -m uv"
[ ! -e .venv/Scripts/python.exe ] || uv=".venv/Scripts/python.exe -m uv"

compile() {
    $uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock: uv pip compile --universal --python-version 3.11 --generate-hashes" \
        ${UPGRADE:+--upgrade} "$@"
}

compile pyproject.toml -o requirements.lock
# The versions of the first lock hold in the second, which contains it.
compile pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
echo pip | compile - -o packaging/pip.lock
# What builds llama-cpp-python: its build-system.requires, and the tools it asks for where the system has none.
printf 'scikit-build-core\ncmake\nninja\n' | compile - -o packaging/build.lock
