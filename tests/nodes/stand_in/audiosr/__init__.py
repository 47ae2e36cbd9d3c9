"""Stands in for kagayoi-audiosr 1.0.2 in tests: its signatures, its steps, and its levels; no model.

Its treble is noise above 6 kHz, a tenth of the sound's level: it grows with the sound.
"""

from pathlib import Path

import numpy as np


class _Network:
    def __init__(self):
        self._hooks = []

    def register_forward_hook(self, hook):
        self._hooks.append(hook)
        network = self

        class Handle:
            def remove(self):
                network._hooks.remove(hook)

        return Handle()

    def __call__(self):
        for hook in self._hooks:
            hook(self, (), None)


class _Model:
    def __init__(self):
        self.model = _Network()
        self.conditional_dry_run_finished = False


def build_model(ckpt_path=None, config=None, device=None, model_name="basic"):
    print("Loading AudioSR:", model_name)
    assert Path(ckpt_path).is_file()
    assert device in ("cpu", "cuda")
    return _Model()


def super_resolution_batch(
    latent_diffusion, waveforms_list, seed=42, ddim_steps=200, guidance_scale=3.5, lowpass_seed=None
):
    (waveform,) = waveforms_list
    assert waveform.dtype == np.float32
    assert waveform.shape == (245_760,)
    for _ in range(ddim_steps * (1 if guidance_scale == 1.0 else 2)):
        latent_diffusion.model()
    rng = np.random.default_rng(seed)
    # As in the real one: every call but a model's first draws a number more.
    if latent_diffusion.conditional_dry_run_finished:
        rng.random()
    latent_diffusion.conditional_dry_run_finished = True
    spectrum = np.fft.rfft(rng.standard_normal(waveform.size))
    spectrum[: int(6000 / 48000 * waveform.size)] = 0.0
    treble = np.fft.irfft(spectrum, waveform.size)
    made = waveform + 0.1 * np.sqrt(np.mean(waveform.astype(np.float64) ** 2)) * treble
    made = 0.5 * made / np.max(np.abs(made))
    return [np.asarray(made - made.mean(), np.float32)]
