"""The listening panel, as a user has it: what is seen, what the mouse and the keys do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyloudnorm as pyln
import pytest

from nodegraph.audio import Audio
from nodegraph.document import Document
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.listen.output import NoDevice
from nodegraph.editor.listen.player import Player
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.look.icons import ICONS
from nodegraph.graph import Graph, Link, Node

dpg = pytest.importorskip("dearpygui.dearpygui")

from nodegraph.editor.desk.desk import Selection, Topic  # noqa: E402
from nodegraph.editor.panels.listening import ListeningPanel  # noqa: E402
from nodegraph.editor.window.window import Window  # noqa: E402

RATE = 44100
BEFORE, AFTER, REMOVED = PortRef("demo", "audio"), PortRef("declick", "audio"), PortRef("declick", "removed")


def no_device(_rate: int, _block: object) -> None:
    raise NoDevice("none in tests")


def tune(seconds: float = 10.0, channels: int = 2, clicks: bool = True) -> np.ndarray:
    """Return a chord that swells, with clicks."""
    rng = np.random.default_rng(5)
    times = np.arange(round(seconds * RATE)) / RATE
    swell = 0.25 + 0.2 * np.sin(2 * np.pi * times / 2.5)
    chord = sum(np.sin(2 * np.pi * hz * times) for hz in (220, 277.2, 329.6)) / 3
    both = np.stack([chord * swell * (1 - 0.3 * each) for each in range(channels)])
    both += rng.normal(0, 0.004, both.shape)
    if clicks:
        both[:, rng.integers(0, times.size, 40)] += 0.7
    return both.astype(np.float32)


class Rendered:
    """Sounds that are there already."""

    def __init__(self, sounds: dict[PortRef, Sound]) -> None:
        self.sounds = sounds

    def sound(self, port: PortRef) -> Sound | None:
        return self.sounds.get(port)

    def why_not(self, port: PortRef) -> str:
        return "" if port in self.sounds else "Press Run to make it."

    def listen_at(self, position_s: float) -> None:
        self.position_s = position_s


class Scene:
    """A demo recording and a node that repairs it, the panel below, and a user."""

    def __init__(self, studio, open_window) -> None:
        self.studio, self.desk = studio, studio.desk
        graph = Graph({"demo": Node("source.demo"), "declick": Node("repair.declick")})
        graph = graph.connect(Link("demo", "audio", "declick", "audio"), studio.library)
        self.desk.open(Document(graph), None)
        whole, mended = tune(), tune(clicks=False) * 0.7
        self.sounds = {
            BEFORE: Sound(Audio(whole, RATE), "before"),
            AFTER: Sound(Audio(mended, RATE), "after"),
            REMOVED: Sound(Audio(whole - mended, RATE), "removed"),
        }
        self.player = Player(no_device)
        self.panel = ListeningPanel(studio, self.player, Rendered(self.sounds))
        self.listening = self.panel.listening
        # Sounds come from here, not from runs.
        studio.prefer(live=False, tour_done=True)
        self.desk.listen_to(AFTER, None)
        self.user = open_window(Window(studio, {"bottom": self.panel}))
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being made any more."""
        self.user.frames(2)
        self.user.wait(lambda: not self.listening.busy, 20, "pictures")
        self.user.frames(3)

    @property
    def area(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the pictures on the screen."""
        left, top = dpg.get_item_rect_min("listening.glass")
        rooms = self.panel._rooms
        pictures = rooms.pictures
        return (
            left + pictures.x - rooms.glass.x,
            top + pictures.y - rooms.glass.y,
            pictures.width,
            pictures.height,
        )

    def at(self, seconds: float, share: float = 0.25) -> tuple[float, float]:
        """Return where a time is seen on the screen, so far down."""
        left, top, width, height = self.area
        return left + self.panel.span.x(seconds, width), top + share * height

    @property
    def words(self) -> str:
        """What is written over the pictures."""
        items = dpg.get_item_children(self.panel._glass._words, 2)
        texts = [dpg.get_item_configuration(each).get("text", "") for each in items]
        return " ".join(filter(None, texts))

    def press(self, name: str) -> None:
        self.user.click_item(f"listening.{name}")


@pytest.fixture
def scene(studio, open_window):
    made = []

    def make(**settings) -> Scene:
        if settings:
            studio.prefer(**settings)
        made.append(Scene(studio, open_window))
        return made[-1]

    yield make
    for each in made:
        each.panel.close()


def test_at_first_all_of_the_sound_is_seen_and_measured(scene):
    s = scene()
    assert s.panel.span.is_whole
    assert dpg.get_value("listening.length") == " / 0:10.000"
    assert s.listening.loudness.integrated_lufs == pytest.approx(-20, abs=8)


def test_a_click_seeks(scene):
    s = scene()
    s.user.click(*s.at(6.0))
    assert s.player.position_s == pytest.approx(6.0, abs=0.02)
    assert dpg.get_value("listening.position").startswith("0:0")


def test_a_drag_selects_the_passage_that_is_looped(scene):
    s = scene()
    s.user.drag(s.at(2.0), s.at(4.0))
    assert s.desk.region == pytest.approx((2.0, 4.0), abs=0.03)
    assert s.player.region == s.desk.region


def test_an_edge_of_the_passage_is_dragged(scene):
    s = scene()
    s.listening.select((2.0, 4.0))
    s.user.drag(s.at(4.0), s.at(7.0))
    assert s.desk.region == pytest.approx((2.0, 7.0), abs=0.03)


def test_a_double_click_selects_nothing_any_more(scene):
    s = scene()
    s.listening.select((2.0, 4.0))
    s.user.double_click(*s.at(8.0))
    assert s.desk.region is None
    assert s.player.region is None


def test_the_wheel_zooms_at_the_pointer(scene):
    s = scene()
    place = s.at(7.0)
    s.user.wheel(*place, 4)
    assert s.panel.span.seconds < 5
    assert s.at(7.0)[0] == pytest.approx(place[0], abs=2)


def test_the_wheel_zooms_down_to_single_samples(scene):
    s = scene()
    for _step in range(12):
        s.user.wheel(*s.at(5.0), 6)
    assert s.panel.span.seconds * RATE == pytest.approx(8, abs=0.01)
    kinds = [dpg.get_item_type(each) for each in dpg.get_item_children(s.panel._waves._axis, 1)]
    assert "mvAppItemType::mvScatterSeries" in kinds


def test_the_wheel_with_shift_scrolls(scene):
    s = scene()
    s.panel.zoom(4, 5.0)
    s.user.frames(2)
    before = s.panel.span
    s.user._hold("Shift", True)
    s.user.wheel(*s.at(5.0), -1)
    s.user._hold("Shift", False)
    assert s.panel.span.begin_s > before.begin_s
    assert s.panel.span.seconds == pytest.approx(before.seconds)


def test_the_middle_button_pulls_the_view(scene):
    s = scene()
    s.panel.zoom(4, 5.0)
    s.user.frames(2)
    begin, end = s.at(5.0), s.at(5.5)
    before = s.panel.span
    s.user.drag(begin, end, button=2)
    assert before.begin_s - s.panel.span.begin_s == pytest.approx(0.5, abs=0.05)


def test_a_click_in_the_overview_brings_a_passage_into_view(scene):
    s = scene()
    s.panel.zoom(5, 2.0)
    s.user.frames(2)
    left, top = dpg.get_item_rect_min("listening.glass")
    rooms = s.panel._rooms
    x = left + rooms.overview.x - rooms.glass.x + 0.8 * rooms.overview.width
    s.user.click(x, top + rooms.overview.height / 2)
    assert s.panel.span.begin_s < 8 < s.panel.span.end_s
    assert s.panel.span.seconds == pytest.approx(2.0)


def test_space_plays_and_pauses(scene):
    s = scene()
    s.user.key("Space")
    s.user.wait(lambda: s.player.position_s > 0.05)
    assert s.player.playing
    s.user.key("Space")
    assert not s.player.playing


def test_without_an_audio_device_it_says_so_and_the_cursor_moves_even_so(scene):
    s = scene()
    s.press("listen.play")
    s.user.wait(lambda: s.player.position_s > 0.1)
    assert s.player.device.why.startswith("No audio device")
    texts = [
        dpg.get_item_configuration(each)["text"] for each in dpg.get_item_children("listening.device", 2)
    ]
    assert " ".join(texts).startswith("No audio device")


def test_the_beginning_is_that_of_the_looped_passage(scene):
    s = scene()
    s.listening.select((2.0, 4.0))
    s.player.seek(3.0)
    s.press("listen.begin")
    assert s.player.position_s == 2.0
    s.press("listen.loop")
    s.press("listen.begin")
    assert s.player.position_s == 0.0


def test_another_port_is_heard_at_the_same_position_while_it_plays(scene):
    s = scene()
    s.player.seek(3.0)
    s.press("listen.play")
    s.user.wait(lambda: s.player.position_s > 3.02)
    s.desk.listen_to(BEFORE, None)
    s.user.frames(2)
    assert s.player.sounds[0].key == "before"
    assert s.player.playing
    assert 3.0 < s.player.position_s < 9.0


def test_b_is_what_went_in_where_nothing_else_was_chosen(scene):
    s = scene()
    assert dpg.get_item_label("listening.b") == "B: before"
    s.press("b")
    s.settle()
    assert s.desk.compare == BEFORE
    assert s.player.choice == "b"
    assert dpg.get_item_label("listening.b").startswith("B: Demo recording")


def test_the_key_switches_between_a_and_b(scene):
    s = scene()
    s.desk.listen_to(AFTER, BEFORE)
    s.settle()
    s.user.key("Grave")
    assert s.player.choice == "b"
    s.user.key("Grave")
    assert s.player.choice == "a"


def test_the_louder_one_is_lowered_and_the_panel_says_so(scene):
    s = scene()
    s.desk.listen_to(AFTER, BEFORE)
    s.settle()
    assert s.player.gains_db[1] == pytest.approx(-3.1, abs=0.6)
    words = dpg.get_item_label("listening.listen.match")
    assert words.startswith("Loudness matched: B −")
    s.press("listen.match")
    s.user.frames(2)
    assert s.player.gains_db == (0.0, 0.0)
    assert dpg.get_item_label("listening.listen.match") == "Match loudness"


def test_the_difference_is_heard_and_measured(scene):
    s = scene()
    s.desk.listen_to(AFTER, BEFORE)
    s.settle()
    before = s.listening.loudness
    s.press("difference")
    s.settle()
    assert s.player.choice == "difference"
    assert s.listening.loudness != before


def test_there_is_no_difference_of_one_sound(scene):
    scene()
    assert not dpg.get_item_configuration("listening.difference")["enabled"]
    assert "second port" in dpg.get_value("listening.difference.hint")


def test_what_was_removed_is_heard_and_left_again(scene):
    s = scene()
    s.player.seek(4.0)
    s.press("listen.removed")
    s.settle()
    assert s.desk.monitor == REMOVED
    assert s.player.position_s == 4.0
    s.user.key("R")
    s.user.frames(2)
    assert s.desk.monitor == AFTER


def test_a_selected_node_is_heard_and_compared_by_keys(scene):
    s = scene()
    s.desk.select(Selection(frozenset(["demo"])))
    s.user.key("Shift+L")
    assert (s.desk.monitor, s.desk.compare) == (AFTER, BEFORE)
    s.user.key("L")
    assert (s.desk.monitor, s.desk.compare) == (BEFORE, None)


def test_a_preview_says_how_long_it_is(scene):
    s = scene()
    part = Audio(np.ascontiguousarray(s.sounds[AFTER].audio.samples[:, : 4 * RATE]), RATE)
    s.sounds[AFTER] = Sound(part, "passage", begin_s=2.0, preview=True)
    s.desk.touch(Topic.SOUNDS)
    s.settle()
    assert "Preview of 4 s" in s.words
    assert s.panel.span.first_s == 2.0


def test_what_is_not_there_says_so(scene):
    s = scene()
    del s.sounds[AFTER]
    s.desk.touch(Topic.SOUNDS)
    s.user.frames(2)
    assert s.words
    assert s.words == s.listening.a.reason
    assert not s.studio.actions["listen.play"].enabled()


def test_without_a_port_it_tells_what_to_do(scene):
    s = scene()
    s.desk.listen_to(None, None)
    s.user.frames(2)
    assert s.words == "Click an output port to hear it."


@pytest.mark.parametrize("pictures", ["waveform", "spectrogram"])
def test_one_picture_takes_all_the_room_and_that_is_remembered(scene, pictures):
    s = scene()
    s.press(pictures)
    s.settle()
    assert s.studio.settings.pictures == pictures
    shown = s.panel._rooms.waveform, s.panel._rooms.spectrogram
    assert [each is not None for each in shown] == [pictures == "waveform", pictures == "spectrogram"]


def test_the_pointer_in_the_spectrogram_tells_time_frequency_and_level(scene):
    s = scene()
    s.user.move(*s.at(3.0, 0.9))
    assert s.panel._glass._read.startswith("0:0")
    assert "Hz" in s.panel._glass._read
    assert "dB" in s.panel._glass._read


def test_frequencies_can_stand_linearly(scene):
    s = scene()
    s.press("settings")
    s.user.frames(4)
    s.studio.prefer(frequencies="linear")
    s.settle()
    assert dpg.is_item_shown("listening.choices")


def test_theme_and_scale_may_change_while_it_is_open(scene):
    s = scene()
    s.studio.prefer(theme="light", ui_scale=1.5)
    s.settle()
    s.user.click(*s.at(6.0))
    assert s.player.position_s == pytest.approx(6.0, abs=0.03)


def test_keys_zoom_by_action(scene):
    s = scene()
    s.studio.actions.do("listen.zoom_in")
    s.user.frames(2)
    assert s.panel.span.seconds == pytest.approx(5.0)
    s.studio.actions.do("listen.zoom_all")
    assert s.panel.span.is_whole


@pytest.mark.pixels
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_and_b_have_their_colours(scene, theme, tmp_path):
    from PIL import Image

    s = scene(theme=theme)
    s.desk.listen_to(AFTER, BEFORE)
    s.settle()
    picture = np.asarray(Image.open(s.user.shot(tmp_path / "panel.png")).convert("RGB"))
    for name, colour in (("a", s.studio.colours.wave_a), ("b", s.studio.colours.wave_b)):
        left, top = dpg.get_item_rect_min(f"listening.{name}")
        width, height = dpg.get_item_rect_size(f"listening.{name}")
        button = picture[int(top) : int(top + height), int(left) : int(left + width)]
        share = float((np.abs(button.astype(int) - colour).sum(axis=2) < 12).mean())
        assert share > 0.6 if name == "a" else 0.01 < share < 0.3


def test_short_term_loudness_is_that_of_the_last_three_seconds(scene):
    s = scene()
    s.player.seek(6.0)
    s.press("listen.play")
    s.user.wait(lambda: s.player.position_s > 6.2, 20)
    s.user.frames(5)
    number = dpg.get_item_configuration(s.panel._meters._drawn[1].number)["text"]
    at = round(6.2 * RATE)
    last = s.sounds[AFTER].audio.samples[:, at - 3 * RATE : at]
    expected = pyln.Meter(RATE, block_size=2.99).integrated_loudness(last.T.astype(float))
    assert float(number.split()[0].replace("−", "-")) == pytest.approx(expected, abs=1.0)


def test_at_175_percent_no_name_covers_another_and_every_meter_is_seen_whole(scene):
    s = scene(ui_scale=1.75, window=(1440, 900))
    low = 16 * 1.75
    for sheet, names in (
        (s.panel._ground._over, {"L", "R"}),
        (s.panel._meters._list, {"Momentary", "Short-term", "Integrated", "True peak"}),
    ):
        items = [dpg.get_item_configuration(each) for each in dpg.get_item_children(sheet, 2)]
        tops = sorted(each["pos"][1] for each in items if each.get("text") in names)
        assert len(tops) == len(names)
        assert all(below - above >= low for above, below in pairwise(tops))
    assert tops[-1] + low <= dpg.get_item_height("listening.meters")


def test_buttons_with_words_become_icons_that_tell_them_beside_the_pointer(scene):
    scene(ui_scale=1.75, window=(1440, 900))
    row = [
        dpg.get_item_pos(f"listening.{name}")[1] for name in ("listen.play", "a", "listen.removed", "both")
    ]
    assert len(set(row)) == 1
    assert dpg.get_item_label("listening.listen.removed") == ICONS["ear"]
    assert "Hear what was removed" in dpg.get_value("listening.listen.removed.hint")
    right = max(
        dpg.get_item_pos(f"listening.{name}")[0] + dpg.get_item_width(f"listening.{name}")
        for name in ("listen.removed", "settings")
    )
    assert right <= 1440
