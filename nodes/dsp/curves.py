"""The equalisation curves of the history of records and tapes, as their standards define them.

A cutting engineer held back the bass and lifted the treble; playing a record back means the opposite.
A curve is given by time constants: each is the corner of one resistor and one capacitor, at the
frequency 1 / (2π · time constant). All gains are those of playback, 0 dB at 1 kHz.

References
----------
P. Copeland, Manual of Analogue Sound Restoration Techniques, British Library, 2008, chapter 6.
J. R. Powell, Audiophile's guide to phonorecord playback equalizer settings, ARSC Journal 20(1), 1989.
IEC 60098, Analogue audio disk records and reproducing equipment, 1987. IEC 60094-1, Magnetic tape
sound recording and reproducing systems, 1981. NAB, Magnetic tape recording and reproducing, 1965.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["CURVES", "CurveName", "PlaybackCurve"]

_REFERENCE_HZ = 1000.0
# A curve without a bass shelf would rise for ever towards 0 Hz. Below this it goes no further (Hz):
# two octaves under the lowest note, so that what is heard is the curve itself.
_HELD_HZ = 5.0

_Values = npt.NDArray[np.float64]

CurveName = Literal[
    "flat",
    "riaa",
    "columbia_lp",
    "nab_lp",
    "aes_lp",
    "decca_78",
    "columbia_78",
    "rca_78",
    "ccir_78",
    "european_250",
    "blumlein_300",
    "turnover_500",
    "tape_nab",
    "tape_iec_15ips",
    "tape_iec_7ips",
    "cassette_type_1",
    "cassette_type_2",
]
"""Names of the curves, as users choose them."""


@dataclass(frozen=True)
class PlaybackCurve:
    """One playback equalisation.

    Parameters
    ----------
    rises_us : tuple of float
        Time constants (µs) above whose corner the gain rises by 6 dB per octave more than below it.
    falls_us : tuple of float
        Likewise where it falls.
    slope_at_0 : int
        Slope near 0 Hz in units of 6 dB per octave: −1 has no bass shelf, 1 loses the bass.
    """

    rises_us: tuple[float, ...] = ()
    falls_us: tuple[float, ...] = ()
    slope_at_0: int = 0

    def gains_db(self, hz: npt.ArrayLike) -> _Values:
        """Return the playback gain at each frequency, relative to 1 kHz."""
        return self._magnitude_db(np.asarray(hz, np.float64)) - self._magnitude_db(np.array(_REFERENCE_HZ))

    def _magnitude_db(self, hz: _Values) -> _Values:
        total = 20.0 * self.slope_at_0 * np.log10(np.maximum(hz, _HELD_HZ))
        for sign, times in ((10.0, self.rises_us), (-10.0, self.falls_us)):
            for time_us in times:
                total = total + sign * np.log10(1.0 + (2e-6 * np.pi * hz * time_us) ** 2)
        return np.asarray(total, np.float64)


def _disc(shelf_us: float | None, turnover_us: float, treble_us: float | None) -> PlaybackCurve:
    """Return a disc's curve from its usual three time constants: bass shelf, bass turnover, treble."""
    falls = tuple(time for time in (shelf_us, treble_us) if time is not None)
    return PlaybackCurve((turnover_us,), falls, slope_at_0=-1 if shelf_us is None else 0)


def _tape(bass_us: float | None, treble_us: float) -> PlaybackCurve:
    """Return a tape's curve, for a signal that is proportional to the flux on the tape."""
    if bass_us is None:
        return PlaybackCurve((treble_us,))
    return PlaybackCurve((treble_us,), (bass_us,), slope_at_0=1)


CURVES: dict[CurveName, PlaybackCurve] = {
    "flat": PlaybackCurve(),
    "riaa": _disc(3180, 318, 75),
    "columbia_lp": _disc(1590, 318, 100),
    "nab_lp": _disc(3180, 318, 100),
    "aes_lp": _disc(None, 398, 63.7),
    "decca_78": _disc(None, 531, 25),
    "columbia_78": _disc(None, 530, 100),
    "rca_78": _disc(None, 199, 36.7),
    "ccir_78": _disc(3180, 450, 50),
    "european_250": _disc(None, 636, None),
    "blumlein_300": _disc(None, 531, None),
    "turnover_500": _disc(None, 318, None),
    "tape_nab": _tape(3180, 50),
    "tape_iec_15ips": _tape(None, 35),
    "tape_iec_7ips": _tape(None, 70),
    "cassette_type_1": _tape(3180, 120),
    "cassette_type_2": _tape(3180, 70),
}
"""Every curve by its name."""
