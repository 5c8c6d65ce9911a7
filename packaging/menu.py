"""Puts Inshore into the applications menu of a Linux desktop, or takes it out again.

    python packaging/menu.py [--remove]

Then it is started with a double-click, and the file manager offers it for GGUF files. Only the user's own
folders are written to ($XDG_DATA_HOME, or ~/.local/share). The entry starts this folder's Inshore: after
the folder has been moved, run it again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_MIME = """<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-gguf">
    <comment>Language model</comment>
    <glob pattern="*.gguf"/>
  </mime-type>
</mime-info>
"""


def main() -> int:
    """Do what the arguments say; the exit code."""
    parser = argparse.ArgumentParser(description="Put Inshore into the applications menu.")
    parser.add_argument("--remove", action="store_true", help="take it out again")
    options = parser.parse_args()
    if not sys.platform.startswith("linux"):
        print("This is for Linux desktops; elsewhere make a shortcut to main.py.", file=sys.stderr)
        return 1
    data = data_home(os.environ)
    try:
        remove(data) if options.remove else install(data, _ROOT)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}. Mend that, and try again.", file=sys.stderr)
        return 1
    _tell_the_desktop(data)
    print("Inshore is no longer in the menu." if options.remove else "Inshore is in the applications menu.")
    return 0


def data_home(environment: os._Environ[str] | dict[str, str]) -> Path:
    """Where the desktop looks for what belongs to this user; a relative address doesn't count (XDG)."""
    named = environment.get("XDG_DATA_HOME", "")
    return Path(named) if os.path.isabs(named) else Path.home() / ".local" / "share"  # noqa: PTH117


def install(data: Path, root: Path) -> None:
    """Write the entry, the icon and the type of GGUF files. Raises OSError."""
    entry_path, icon_path, mime_path = _paths(data)
    for path in (entry_path, icon_path, mime_path):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / "resources" / "icon" / "inshore.svg", icon_path)
    mime_path.write_text(_MIME, encoding="utf-8")
    entry_path.write_text(entry(root), encoding="utf-8")


def remove(data: Path) -> None:
    """Delete what `install` wrote; it may be gone already. Raises OSError."""
    for path in _paths(data):
        path.unlink(missing_ok=True)


def entry(root: Path) -> str:
    """The desktop entry (freedesktop.org, Desktop Entry Specification 1.5)."""
    python = root / ".venv" / "bin" / "python"
    lines = {
        "Type": "Application",
        "Name": "Inshore",
        "GenericName": "Assistant",
        "Comment": "Ask models on this machine, or a gateway",
        "Exec": f"{argument(str(python))} {argument(str(root / 'main.py'))} %F",
        "TryExec": value(str(python)),
        "Path": value(str(root)),
        "Icon": "inshore",
        "Terminal": "false",
        "Categories": "Utility;",
        "Keywords": "AI;chat;assistant;LLM;GGUF;llama;",
        "MimeType": "application/x-gguf;",
        "StartupNotify": "true",
        "StartupWMClass": "Inshore",
    }
    return "[Desktop Entry]\n" + "".join(f"{key}={text}\n" for key, text in lines.items())


def value(text: str) -> str:
    """A string as the file holds it."""
    for sign, written in (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
        text = text.replace(sign, written)
    return text


def argument(text: str) -> str:
    """One argument of Exec: quoted, a percent sign doubled, and then written as any string is."""
    for sign in ("\\", '"', "`", "$"):
        text = text.replace(sign, "\\" + sign)
    return value('"' + text.replace("%", "%%") + '"')


def _paths(data: Path) -> tuple[Path, Path, Path]:
    return (
        data / "applications" / "inshore.desktop",
        data / "icons" / "hicolor" / "scalable" / "apps" / "inshore.svg",
        data / "mime" / "packages" / "inshore.xml",
    )


def _tell_the_desktop(data: Path) -> None:
    """Have the desktop's caches made anew, where its tools are there; else it notices by itself later."""
    for tool, folder in (("update-mime-database", "mime"), ("update-desktop-database", "applications")):
        if (program := shutil.which(tool)) is not None and (data / folder).is_dir():
            subprocess.run([program, str(data / folder)], check=False, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
