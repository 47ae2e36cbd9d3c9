"""The player: one cursor for A and B, no clicks, any rate, and devices that come and go."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from sounds import as_sound, noise, ramp, tone

from nodegraph.editor.listen.ears import Ears, down_mix
from nodegraph.editor.listen.output import NoDevice, Output
from nodegraph.editor.listen.player import Player
from nodegraph.editor.listen.transport import FADE_S, Mix, Transport, Wanted

RATE = 48_000
FADE = round(FADE_S * RATE)


def ears(sound, rate: int = RATE) -> Ears:
    return Ears(sound, rate)


def playing(mix: Mix, at: int = 0, loop=None) -> Transport:
    """Return a transport that plays, past its first fade."""
    transport = Transport(RATE, at - FADE)
    transport.wanted = Wanted(mix, playing=True, loop=loop)
    transport.render(FADE)
    assert transport.at == at
    return transport


def frames_of(block):
    """Return which frame of a ramp each sample is."""
    return block[:, 0] * 2**20


def switched(transport: Transport, **changes) -> None:
    wanted = transport.wanted
    mix = wanted.mix
    transport.wanted = Wanted(
        Mix(mix.a, mix.b, changes.get("gains", mix.gains), changes.get("choice", mix.choice)),
        changes.get("playing", True),
        changes.get("jump", wanted.jump),
        wanted.loop,
    )


# --- the transport, rendered without a device ----------------------------------------------------


def test_a_switch_from_a_to_b_moves_no_sample():
    transport = playing(Mix(ears(ramp()), ears(ramp(sign=-1.0))), at=1000)
    transport.render(777)
    switched(transport, choice="b")
    block = transport.render(4000)
    assert np.array_equal(frames_of(block)[FADE:], -(1777 + np.arange(FADE, 4000)))


def test_a_switch_between_equal_sounds_is_not_audible_at_all():
    sound = noise()
    transport = playing(Mix(ears(sound), ears(sound)), at=1000)
    switched(transport, choice="b")
    block = transport.render(4000)
    assert np.allclose(block, sound.audio.samples[:, 1000:5000].T, atol=1e-7)


@pytest.mark.parametrize("size", [64, 441, 2400])
def test_the_result_does_not_depend_on_how_much_the_device_asks_for(size):
    transport = playing(Mix(ears(ramp())), at=0)
    found = np.concatenate([transport.render(size) for _ in range(20)])
    assert np.array_equal(frames_of(found), np.arange(20 * size))


def test_many_switches_never_lose_the_place():
    transport = playing(Mix(ears(ramp()), ears(ramp(sign=-1.0))), at=0)
    for number in range(40):
        switched(transport, choice="ab"[number % 2])
        block = transport.render(500)
        assert abs(frames_of(block)[-1]) == 500 * number + 499


def test_the_difference_is_what_a_has_and_b_has_not():
    a, b = noise(seed=1), noise(seed=2)
    transport = playing(Mix(ears(a), ears(b), gains=(0.5, 1.0), choice="difference"), at=100)
    block = transport.render(1000)
    assert np.array_equal(block, (a.audio.samples - b.audio.samples)[:, 100:1100].T)


def test_a_pause_fades_and_stays_at_its_frame():
    transport = playing(Mix(ears(as_sound(np.full((2, RATE), 0.5), RATE))), at=20_000)
    switched(transport, playing=False)
    block = transport.render(1000)[:, 0]
    assert transport.at == 20_000
    assert transport.silent
    assert np.all(block[FADE:] == 0)
    assert np.all(np.diff(block[:FADE]) < 0)


def test_a_seek_arrives_exactly_and_without_a_click():
    sound = as_sound(np.full((2, RATE), 0.5), RATE)
    transport = playing(Mix(ears(sound)), at=1000)
    switched(transport, jump=(1, 30_000))
    block = transport.render(2000)
    assert transport.at == 32_000
    assert np.max(np.abs(np.diff(block[:, 0]))) < 0.01


def test_a_seek_goes_to_the_frame():
    transport = playing(Mix(ears(ramp())), at=1000)
    switched(transport, jump=(1, 30_000))
    block = transport.render(2000)
    assert np.array_equal(frames_of(block)[FADE:], 30_000 + np.arange(FADE, 2000))


def test_a_loop_comes_round_exactly():
    transport = playing(Mix(ears(ramp())), at=10_000, loop=(8_000, 12_000))
    block = frames_of(transport.render(10_000))
    expected = 8_000 + (2_000 + np.arange(10_000)) % 4_000
    seams = (np.arange(10_000) - 2_000) % 4_000 < FADE
    assert np.array_equal(block[~seams], expected[~seams])


def test_the_end_of_the_sound_ends_playback():
    transport = playing(Mix(ears(ramp(frames=5_000))), at=4_000)
    transport.render(5_000)
    assert not transport.playing
    assert transport.at == 5_000


def test_a_passage_is_heard_at_its_place_in_the_whole_file():
    transport = playing(Mix(ears(ramp(frames=4_000, begin=24_000))), at=23_000)
    block = frames_of(transport.render(3_000))
    assert np.all(block[:1_000] == 0)
    assert np.array_equal(block[1_000:], np.arange(24_000, 26_000))


def test_beyond_a_preview_the_time_runs_on_until_the_whole_sound_is_there():
    whole = ramp(frames=40_000)
    passage = replace(ramp(frames=4_000, begin=8_000), preview=True)
    transport = playing(Mix(ears(passage)), at=11_000)
    block = frames_of(transport.render(2_000))
    assert np.array_equal(block[:1_000], np.arange(11_000, 12_000))
    assert np.all(block[1_000:] == 0)
    transport.wanted = Wanted(Mix(ears(whole)), playing=transport.playing)
    block = frames_of(transport.render(2_000))
    assert np.array_equal(block[FADE:], np.arange(13_000 + FADE, 15_000))


# --- rates and channels -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 44_056, 47_999, 96_000])
def test_another_rate_keeps_the_time_exactly(rate):
    sound = tone(rate=rate, hz=440.0)
    block = Ears(sound, RATE).read(RATE // 4, 4_800)
    wave = 0.5 * np.sin(2 * np.pi * 440.0 * (RATE // 4 + np.arange(4_800)) / RATE)
    # 70 dB: what the nearest of 4096 phases costs; rates with few phases are exact.
    assert np.max(np.abs(block - wave[:, None])) < 0.5 * 10 ** (-70 / 20)


def test_blocks_of_a_converted_sound_fit_together():
    heard = Ears(noise(rate=44_100), RATE)
    parts = [heard.read(begin, 777) for begin in range(5_000, 5_000 + 4 * 777, 777)]
    assert np.array_equal(np.concatenate(parts), heard.read(5_000, 4 * 777))


def test_mono_comes_to_both_ears():
    sound = noise(channels=1)
    block = ears(sound).read(0, 1_000)
    assert np.array_equal(block[:, 0], block[:, 1])
    assert np.array_equal(block[:, 0], sound.audio.samples[0, :1_000])


@pytest.mark.parametrize("channels", range(1, 9))
def test_a_down_mix_cannot_clip_and_forgets_nothing_but_low_effects(channels):
    matrix = down_mix(channels)
    assert np.all(np.abs(matrix).sum(axis=1) <= 1.0 + 1e-6)
    unheard = np.flatnonzero(matrix.sum(axis=0) == 0)
    assert list(unheard) == ([3] if channels in (6, 8) else [])


# --- the player, on the silent device -----------------------------------------------------------------


class Desk:
    """A system whose audio device can be plugged in and out; the device is miniaudio's silent one."""

    def __init__(self) -> None:
        self.plugged_in = True
        self.outputs: list[Output] = []

    def __call__(self, rate, block) -> Output:
        if not self.plugged_in:
            raise NoDevice("nothing is plugged in")
        self.outputs.append(Output(rate, block, "null"))
        return self.outputs[-1]

    def pull_out(self, telling: bool) -> None:
        self.plugged_in = False
        device = self.outputs[-1]._device
        if not telling:
            device.stop_callback = None
        device.stop()


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def player(desk):
    player = Player(desk)
    yield player
    player.close()


def wait(condition, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_position_runs_while_playing_and_stays_while_paused(player):
    player.load(noise(5.0))
    player.seek(1.0)
    player.play()
    wait(lambda: player.position_s > 1.1)
    player.pause()
    wait(lambda: player._transport.silent)
    stopped = player.position_s
    assert 1.1 < stopped < 5.0
    time.sleep(0.12)
    assert player.position_s == stopped


def test_a_seek_is_seen_at_once(player):
    player.load(noise(20.0))
    player.seek(7.5)
    assert player.position_s == 7.5
    player.play()
    player.seek(12.25)
    assert 12.25 <= player.position_s < 15.0


def test_other_sounds_keep_position_and_playback(player):
    player.load(noise(5.0), noise(5.0, seed=1))
    player.seek(2.0)
    player.play()
    player.load(tone(5.0), None, (-3.0, 0.0))
    assert player.playing
    assert 2.0 <= player.position_s < 4.0


def test_a_sound_of_another_rate_keeps_position_and_playback(player):
    player.load(noise(5.0, rate=44_100))
    player.seek(2.0)
    player.load(noise(5.0, rate=96_000))
    assert player.position_s == 2.0
    player.play()
    player.load(noise(5.0, rate=22_050))
    assert player.playing
    assert 2.0 <= player.position_s < 4.0


def test_playing_from_the_end_begins_anew(player):
    player.load(noise(5.0))
    player.seek(5.0)
    player.play()
    assert player.position_s < 3.0


def test_playing_outside_of_the_loop_goes_into_it(player):
    player.load(noise(5.0))
    player.loop((2.0, 3.0))
    player.play()
    assert 2.0 <= player.position_s < 3.0


def test_nothing_plays_where_there_is_nothing(player):
    player.play()
    assert not player.playing


def test_b_and_the_difference_say_why_they_cannot_be_heard(player):
    player.load(noise(1.0))
    assert "second port" in player.choose("b")
    player.load(noise(1.0), noise(1.0, rate=44_100))
    assert "44100 Hz" in player.choose("difference")
    assert player.choice == "a"
    assert player.choose("b") == ""
    player.load(noise(1.0))
    assert player.choice == "a"


def test_more_than_two_channels_are_remarked(player):
    player.load(noise(0.1, channels=6))
    assert player.remark.startswith("6 channels are mixed down")


@pytest.mark.parametrize("telling", [True, False])
def test_a_pulled_out_device_is_told_and_the_position_kept(player, desk, telling):
    player.load(noise(30.0))
    player.seek(10.0)
    player.play()
    wait(lambda: player.position_s > 10.1)
    desk.pull_out(telling)
    told: list[str] = []
    wait(lambda: told.append(player.poll()) or told[-1])
    assert "gone" in told[-1]
    assert not player.device.available
    assert player.device.why == told[-1]
    place = player.position_s
    assert 10.1 < place < 20.0
    assert player.poll() == ""
    player.play()
    wait(lambda: player.position_s > place + 0.1)


def test_a_device_that_came_back_plays_on(player, desk):
    player.load(noise(30.0))
    player.play()
    desk.pull_out(telling=True)
    wait(player.poll)
    assert not player.reconnect().available
    desk.plugged_in = True
    assert player.reconnect().available
    player.play()
    place = player.position_s
    wait(lambda: player.position_s > place + 0.1)
    assert len(desk.outputs) == 2


def test_without_a_device_playback_keeps_the_time_and_says_so(desk):
    desk.plugged_in = False
    player = Player(desk)
    player.load(noise(5.0))
    player.play()
    assert "No audio device" in player.device.why
    wait(lambda: player.position_s > 0.1)
    player.close()


def test_a_sound_that_cannot_be_read_is_told_once_and_does_not_end_the_device(player):
    sound = noise(5.0)
    player.load(sound)
    player.play()
    good = player._transport.wanted.mix
    player._want(mix=Mix(good.a, None, ("", 1.0)))
    told: list[str] = []
    wait(lambda: told.append(player.poll()) or told[-1])
    assert "cannot be played" in told[-1]
    player.load(sound)
    place = player.position_s
    wait(lambda: player.position_s > place + 0.1)


def test_a_paused_device_is_let_rest(player, desk):
    player.load(noise(5.0))
    player.play()
    player.pause()
    wait(lambda: player.poll() == "" and player._transport.silent)
    assert desk.outputs[-1].running
    player._rests_since -= 10.0
    wait(lambda: player.poll() == "" and not desk.outputs[-1].running)
    player.play()
    assert desk.outputs[-1].running


def test_volume_is_a_gain(player):
    player.volume_db = -math.inf
    assert player._transport.wanted.volume == 0.0
    player.volume_db = 6.0
    assert player.volume_db == 0.0
