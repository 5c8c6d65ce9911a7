"""Takes the pictures in docs/images: the real window, the real starter model, light and dark.

xvfb-run -s "-screen 0 1440x900x24" .venv/bin/python -m tests.e2e.pictures
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write welcome-…, conversation-…, catalogue-…, comparison-…, model-…, usage-…, statement-…, hub-…, and
    download-… for each theme.

    With the name of a scenario only its pictures are taken.
    """
    pictures = _ROOT / "docs" / "images"
    pictures.mkdir(exist_ok=True)
    for theme, scenario in product(("light", "dark"), sys.argv[1:] or ("pose", "pose_hub")):
        with tempfile.TemporaryDirectory() as home:
            settings = Path(home) / "config" / "settings.json"
            settings.parent.mkdir()
            values = {"theme": theme, "temperature": 0.0, "max_tokens": 220}
            settings.write_text(json.dumps(values), encoding="utf-8")
            environment = os.environ | {"INSHORE_HOME": home, "INSHORE_TEST_PICTURES": str(pictures)}
            command = [sys.executable, "-m", "tests.e2e.driver", scenario]
            subprocess.run(command, cwd=_ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
