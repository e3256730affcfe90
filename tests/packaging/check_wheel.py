"""Build the wheel, install it into an empty environment, and use it from another folder.

Run by continuous integration as `make wheel`; needs the `build` package, and takes a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[2]


def call(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed; nothing of this checkout is on its path."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        sys.exit(f"failed with {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def data_files() -> set[str]:
    """Paths below models/ that git knows, or that it would: everything a user must get."""
    listed = call(
        *("git", "ls-files", "--cached", "--others", "--exclude-standard", "models"), cwd=ROOT
    )
    return {line.removeprefix("models/") for line in listed.splitlines()}


def main() -> None:
    """Prove the wheel, or exit with the reason."""
    with tempfile.TemporaryDirectory(prefix="calcikin-wheel-") as scratch:
        folder = Path(scratch)
        call(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("calcikin-*.whl")

        names = set(ZipFile(wheel).namelist())
        missing = {f"calcikin/_models/{name}" for name in data_files()} - names
        missing |= {"calcikin/py.typed", "calcikin/__init__.py"} - names
        if missing:
            sys.exit(f"not in {wheel.name}: {', '.join(sorted(missing))}")

        venv.create(folder / "env", with_pip=True)
        binaries = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        call(binaries / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)

        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        where = call(
            *(binaries / "python", "-c"),
            "from calcikin.paths import models_dir; print(models_dir())",
            cwd=elsewhere,
        ).strip()
        if not Path(where).is_relative_to((folder / "env").resolve()):
            sys.exit(f"the installed package reads its models from {where}")

        models = call(binaries / "calcikin", "models", cwd=elsewhere)
        if "t50_serum" not in models:
            sys.exit(f"`calcikin models` does not list t50_serum:\n{models}")
        call(binaries / "calcikin", "show", "t50_serum", cwd=elsewhere)
        if any(elsewhere.iterdir()):
            sys.exit(f"files were left behind: {[path.name for path in elsewhere.iterdir()]}")
    print(f"{wheel.name} holds {len(data_files())} data files and works from another folder")


if __name__ == "__main__":
    main()
