"""Listening: what is heard of the desk's ports, and what is known of it: pictures, loudness, match.

It brings the ports that are listened to into the player, and has everything slow made in the background.
"""

from __future__ import annotations

from collections import OrderedDict

from nodegraph.editor.desk.desk import Region, Topic
from nodegraph.editor.desk.states import NodeState, PortRef
from nodegraph.editor.listen.background import Background
from nodegraph.editor.listen.compare import Match, Matcher
from nodegraph.editor.listen.meters import Loudness, Meters
from nodegraph.editor.listen.player import Player
from nodegraph.editor.listen.pyramid import Pyramid
from nodegraph.editor.listen.sound import Audible, Difference, Sound
from nodegraph.editor.listen.spectrogram import Spectrogram
from nodegraph.editor.listen.transport import Choice
from nodegraph.editor.work.hearing import (
    Heard,
    Sounds,
    first_audio,
    port_before,
    port_title,
    removed_port,
    why_silent,
)
from nodegraph.editor.work.studio import Studio

__all__ = ["Listening"]

# Envelopes of so many sounds are kept open.
_PYRAMIDS = 8


class Listening:
    """What is heard. Lives on the window's thread.

    Parameters
    ----------
    studio : Studio
        The desk, the cache, the settings.
    player : Player
        Plays it.
    sounds : Sounds
        Where they come from.

    Attributes
    ----------
    revision, envelopes, spectra, measures : int
        They rise when what is heard, or else its envelope, its spectrogram, its loudness has changed.
    """

    def __init__(self, studio: Studio, player: Player, sounds: Sounds) -> None:
        self.studio, self.player = studio, player
        self._sounds = sounds
        self._watch = studio.desk.watch()
        self._measuring = Background(studio.inbox.post, "measuring")
        self._outlining = Background(studio.inbox.post, "outlining")
        self._picturing = Background(studio.inbox.post, "picturing")
        self.spectrogram = Spectrogram(self._picturing, self._spectrum_changed)
        self._matcher, self._meters = Matcher(), Meters()
        self._pyramids: OrderedDict[str, Pyramid] = OrderedDict()
        self._measured: tuple[str, Region | None] | None = None
        self._matched: tuple[str, str, Region | None] | None = None
        self._back: PortRef | None = None
        self.a: Heard | None = None
        self.b: Heard | None = None
        self.match = Match()
        self.loudness: Loudness | None = None
        self.measured = 1.0
        self.looping = False
        self.revision = self.envelopes = self.spectra = self.measures = 0

    # --- what there is ---------------------------------------------------------------------------

    @property
    def chosen(self) -> Heard | None:
        """The port that is heard; A where it is the difference."""
        return self.b if self.player.choice == "b" and self.b else self.a

    @property
    def audible(self) -> Audible | None:
        """What is heard, if it is there."""
        a, b = self.player.sounds
        if self.player.choice == "difference" and a and b:
            return Difference(a, b)
        return b if self.player.choice == "b" else a

    @property
    def extent(self) -> tuple[float, float, int] | None:
        """Where the sounds begin and end, and the highest sample rate; None where there is none."""
        sounds = [sound for sound in self.player.sounds if sound is not None]
        if not sounds:
            return None
        return (
            min(sound.begin_s for sound in sounds),
            max(sound.end_s for sound in sounds),
            max(sound.sample_rate for sound in sounds),
        )

    @property
    def gain_db(self) -> float:
        """The gain with which it is heard, for the match."""
        if self.player.choice == "difference":
            return 0.0
        return self.player.gains_db[1 if self.player.choice == "b" else 0]

    def pyramid(self, source: Audible) -> Pyramid:
        """Return the envelope of a sound; made in the background where it is not there."""
        known = self._pyramids.get(source.key)
        if known is None:
            known = Pyramid(source, self.studio.cache.shelf.folder / "pictures")
            self._pyramids[source.key] = known
            if len(self._pyramids) > _PYRAMIDS:
                key, _pyramid = self._pyramids.popitem(last=False)
                self._outlining.cancel(key)
            if known.done < 1.0:
                self._build(known)
        self._pyramids.move_to_end(source.key)
        return known

    # --- what can be done -------------------------------------------------------------------------

    def choose(self, choice: Choice) -> None:
        """Hear A, B or their difference; say why where that cannot be."""
        if choice == "b" and self.b is None and self.before is not None:
            self.studio.desk.listen_to(self.studio.desk.monitor, self.before)
            self.update()
        why = self.player.choose(choice)
        if why:
            self.studio.desk.tell(why)
        self._heard_changed()

    def switch(self) -> None:
        """Hear B where A is heard, and A where B or the difference is."""
        self.choose("b" if self.player.choice == "a" else "a")

    @property
    def before(self) -> PortRef | None:
        """What feeds the node that is heard as A: the natural B."""
        desk = self.studio.desk
        return port_before(desk.document, desk.library, desk.monitor) if desk.monitor else None

    @property
    def selected(self) -> PortRef | None:
        """The first output for sound of the one selected node."""
        desk = self.studio.desk
        ids = desk.selection.nodes
        return first_audio(desk.document, desk.library, next(iter(ids))) if len(ids) == 1 else None

    def monitor_selected(self) -> None:
        """Hear the selected node as A."""
        desk = self.studio.desk
        desk.listen_to(self.selected, desk.compare if desk.compare != self.selected else None)

    def compare_selected(self) -> None:
        """Compare with the selected node: it is B."""
        desk = self.studio.desk
        desk.listen_to(desk.monitor or self.selected, self.selected if desk.monitor else None)

    @property
    def removed(self) -> PortRef | None:
        """What was removed by the node that is heard, if it tells."""
        desk = self.studio.desk
        return removed_port(desk.document, desk.library, self.chosen.ref) if self.chosen else None

    @property
    def hears_removed(self) -> bool:
        """Whether it is just what is heard."""
        return self.chosen is not None and self.chosen.ref == self.removed

    def toggle_removed(self) -> None:
        """Hear what was removed, or go back to what is left."""
        desk, heard, removed = self.studio.desk, self.chosen, self.removed
        if heard is None or removed is None:
            return
        back = self._back if self._back and self._back.node_id == heard.ref.node_id else None
        other = (
            (back or first_audio(desk.document, desk.library, heard.ref.node_id))
            if (heard.ref == removed)
            else removed
        )
        self._back = heard.ref
        if heard is self.b:
            desk.listen_to(desk.monitor, other)
        else:
            desk.listen_to(other, desk.compare)

    def select(self, region: Region | None) -> None:
        """Choose the passage that is looped; None for none."""
        self.looping = region is not None
        self.studio.desk.loop(region)

    def toggle_loop(self) -> None:
        """Play on at the end of the passage, or begin it again."""
        self.looping = not self.looping
        self._loop()
        self._touch()

    def begin(self) -> None:
        """Go to the beginning of the passage, or of the sound."""
        extent = self.extent
        region = self.studio.desk.region if self.looping else None
        self.player.seek(region[0] if region else extent[0] if extent else 0.0)

    def toggle_match(self) -> None:
        """Compare at one loudness, or as they are."""
        self.studio.prefer(match_loudness=not self.studio.settings.match_loudness)

    # --- keeping up -------------------------------------------------------------------------------

    def update(self) -> None:
        """Bring what is heard up to date: called once per frame."""
        told = self.player.poll()
        if told:
            self.studio.desk.tell(told, "warning")
            self._touch()
        self._sounds.listen_at(self.player.position_s)
        changed = self._watch.take()
        if changed & (Topic.MONITOR | Topic.SOUNDS | Topic.STATES | Topic.RUN | Topic.DOCUMENT):
            self._load()
        if changed & Topic.REGION:
            self._loop()
        if changed & (Topic.REGION | Topic.SETTINGS):
            self._match()
            self._heard_changed()

    @property
    def busy(self) -> bool:
        """Whether a picture or a measure is being made."""
        return any(each.busy for each in (self._measuring, self._outlining, self._picturing))

    def close(self) -> None:
        """End the threads and give the audio device back."""
        self.player.close()
        for background in (self._measuring, self._outlining, self._picturing):
            background.close()

    # --- inside -----------------------------------------------------------------------------------

    def _touch(self) -> None:
        self.revision += 1

    def _spectrum_changed(self) -> None:
        self.spectra += 1

    def _envelope_changed(self) -> None:
        self.envelopes += 1

    def _load(self) -> None:
        desk = self.studio.desk
        heard = self._heard(desk.monitor), self._heard(desk.compare)
        if heard == (self.a, self.b):
            return
        self.a, self.b = heard
        sounds = self.a.sound if self.a else None, self.b.sound if self.b else None
        self._touch()
        if _keys(*sounds) == _keys(*self.player.sounds):
            return
        self.player.load(*sounds, gains_db=(0.0, 0.0))
        self._loop()
        self._match()
        self._heard_changed()

    def _heard(self, ref: PortRef | None) -> Heard | None:
        if ref is None:
            return None
        desk = self.studio.desk
        sound = self._sounds.sound(ref)
        title = port_title(desk.document, ref)
        state = desk.states.get(ref.node_id, NodeState())
        reason, fraction = why_silent(state, desk.run_state, title, self._sounds.why_not(ref))
        if sound is not None and not sound.preview:
            reason, fraction = "", None
        return Heard(ref, title, sound, reason, fraction)

    def _loop(self) -> None:
        region, extent = self.studio.desk.region, self.extent
        if self.looping and extent is not None:
            self.player.loop(region or extent[:2])
        else:
            self.player.loop(None)
        self._touch()

    def _heard_changed(self) -> None:
        """Measure what is heard now."""
        self._touch()
        source, region = self.audible, self.studio.desk.region
        if source is None:
            self.loudness, self._measured = None, None
            self._measuring.cancel("loudness")
            return
        wanted = (source.key, region)
        if wanted == self._measured:
            return
        self.loudness, self.measured, self._measured = None, 0.0, wanted
        heard = source

        def done(loudness: Loudness | None) -> None:
            self.loudness, self.measured = loudness, 1.0
            self.measures += 1

        def tell(share: float) -> None:
            self.studio.inbox.post(lambda: self._progress(wanted, share), key="loudness measured")

        self._measuring.ask(
            "loudness", lambda stop: self._meters.measure(heard, region, stop, tell), done, self._failed
        )

    def _progress(self, wanted: tuple[str, Region | None], share: float) -> None:
        if wanted == self._measured and self.loudness is None:
            self.measured = share
            self.measures += 1

    def _match(self) -> None:
        a, b = self.player.sounds
        region = self.studio.desk.region
        if a is None or b is None or not self.studio.settings.match_loudness:
            self._matched = None
            self._take_match(Match())
            self._measuring.cancel("match")
            return
        wanted = (a.key, b.key, region)
        if wanted == self._matched:
            return
        self._matched = wanted
        self._measuring.ask(
            "match", lambda stop: self._matcher.match(a, b, region, stop), self._take_match, self._failed
        )

    def _take_match(self, match: Match) -> None:
        self.match = match
        if match.gains_db != self.player.gains_db:
            self.player.load(*self.player.sounds, gains_db=match.gains_db)
        self._touch()

    def _build(self, pyramid: Pyramid) -> None:
        def tell(_share: float) -> None:
            self.studio.inbox.post(self._envelope_changed, key="envelope")

        self._outlining.ask(
            pyramid.source.key,
            lambda stop: pyramid.build(stop, tell),
            lambda _nothing: self._envelope_changed(),
            self._failed,
        )

    def _failed(self, error: Exception) -> None:
        self.studio.desk.tell(str(error), "error")


def _keys(a: Sound | None, b: Sound | None) -> tuple[object, object]:
    """Return what tells sounds apart: their samples and their place."""
    return tuple((each.key, each.begin_s, each.preview) if each else None for each in (a, b))  # type: ignore[return-value]
