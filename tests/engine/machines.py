"""A throw-away environment with Regroove in it, and a shelf of tiny wheels instead of a network."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiny_wheels import make_environment, site_of, write_wheel

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("extras_program.py")
AT_MOST_S = 300.0

EXTRAS: list[dict[str, Any]] = [
    {"name": "tiny", "lines": ["tiny-tool==1.0"], "packages": ["tiny_tool"]},
    {"name": "both", "lines": ["tiny-tool==1.0", "other-tool==1.0"]},
    {"name": "greedy", "lines": ["greedy==1.0"]},
    {"name": "broken", "lines": ["broken==1.0"]},
    {"name": "slow", "lines": ["slow==1.0"]},
    {"name": "vast", "lines": ["tiny-tool==1.0"], "disk_bytes": 10**17},
    {"name": "future", "lines": ["tiny-tool==1.0"], "pythons": [[3, 97], [3, 98]]},
    {"name": "apart", "lines": ["tiny-tool==1.0"], "isolated": True},
    {"name": "apart_broken", "lines": ["tiny-tool==1.0", "broken==1.0"], "isolated": True},
    {"name": "apart_future", "lines": ["tiny-tool==1.0"], "isolated": True, "pythons": [[3, 97], [3, 98]]},
]


@dataclass
class Machine:
    """Runs command lines in an environment that may be broken."""

    folder: Path
    python: Path
    site: Path
    wheels: Path
    environments: Path
    overlay: Path

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "REGROOVE_ENVIRONMENTS": str(self.environments),
            "REGROOVE_OVERLAY": str(self.overlay),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.python), str(PROGRAM), str(self.folder / "extras.json"), *words],
            env=self.environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def __call__(self, *words: str, code: int = 0) -> str:
        process = self.start(*words)
        out, err = process.communicate(timeout=AT_MOST_S)
        assert process.returncode == code, out + err
        return out if code == 0 or "--json" in words else err

    def states(self) -> dict[str, Any]:
        return {each["name"]: each for each in json.loads(self("extras", "--json"))["extras"]}

    def run(self, program: str) -> str:
        return subprocess.run(
            [str(self.python), "-c", program], env=self.environ(), check=True, capture_output=True, text=True
        ).stdout.strip()


def make_machine(tmp_path: Path) -> Machine:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    write_wheel(wheels, "tiny-tool", needs=("tiny-part",))
    write_wheel(wheels, "tiny-part")
    write_wheel(wheels, "other-tool", needs=("tiny-part",))
    (tmp_path / "extras.json").write_text(json.dumps(EXTRAS))
    python = make_environment(tmp_path / "env")
    return Machine(
        tmp_path,
        python,
        site_of(tmp_path / "env"),
        wheels,
        tmp_path / "environments",
        tmp_path / "overlay",
    )
