"""`models verify`: hashes a model's files again and says whether they are what was downloaded."""

from __future__ import annotations

from desktop.commands.services import Services
from desktop.commands.terminal import Terminal
from models.plain import shown
from models.verification import Checked, verify


def run(model_id: str, services: Services, terminal: Terminal, *, as_json: bool) -> int:
    """Print each file's hash and what it means; 1 if one has changed. Raises AppError."""
    model = services.library.get(model_id)
    checked = verify(model, lambda path: terminal.status(f"Hashing {shown(path)}"))
    for each in () if as_json else checked:
        terminal.line(_words(each))
    if as_json:
        terminal.record({"id": model.id, "files": [_record(each) for each in checked]})
    return 1 if any(each.intact is False for each in checked) else 0


def _words(checked: Checked) -> str:
    path = shown(checked.path)
    if checked.intact is None:
        return f"{path}: SHA-256 {checked.sha256}. No hash is known to compare it with."
    if checked.intact:
        return f"{path}: intact. SHA-256 {checked.sha256}."
    return f"{path}: changed. Bring it here again. SHA-256 {checked.sha256} instead of {checked.expected}."


def _record(checked: Checked) -> dict[str, object]:
    return {
        "path": str(checked.path),
        "sha256": checked.sha256,
        "expected": checked.expected,
        "intact": checked.intact,
    }
