"""Slow work on one thread: the latest counts, errors come home, nothing outlives its end."""

from __future__ import annotations

import queue
import threading

import pytest

from nodegraph.editor.listen.background import Background


class Home:
    """The window's thread: takes calls, notes results and errors."""

    def __init__(self) -> None:
        self.inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.background = Background(self.inbox.put)
        self.results: list[object] = []
        self.errors: list[Exception] = []

    def ask(self, name, work) -> None:
        self.background.ask(name, work, self.results.append, self.errors.append)

    def take(self) -> None:
        self.inbox.get(timeout=30)()


@pytest.fixture
def home():
    home = Home()
    yield home
    home.background.close()


def test_a_result_comes_by_the_inbox(home):
    home.ask("one", lambda _stop: threading.current_thread().name)
    home.take()
    assert home.results == ["listening"]


def test_of_what_waits_under_a_name_only_the_latest_is_done(home):
    go, done = threading.Event(), []
    home.ask("busy", lambda _stop: go.wait(5))
    for number in range(20):
        home.ask("view", lambda _stop, number=number: done.append(number) or number)
    go.set()
    home.take()
    home.take()
    assert done == [19]
    assert home.results == [True, 19]


def test_what_runs_is_told_to_stop_and_its_result_is_not_taken(home):
    began = threading.Event()

    def endless(stop) -> str:
        began.set()
        while not stop():
            pass
        return "stopped"

    home.ask("view", endless)
    began.wait(5)
    home.ask("view", lambda _stop: "new")
    home.take()
    assert home.results == ["new"]


@pytest.mark.parametrize("replaced", [True, False])
def test_a_result_in_the_inbox_is_not_taken_once_it_is_replaced_or_cancelled(home, replaced):
    home.ask("view", lambda _stop: "old")
    call = home.inbox.get(timeout=30)
    if replaced:
        home.ask("view", lambda _stop: "new")
    else:
        home.background.cancel("view")
    call()
    if replaced:
        home.take()
    assert home.results == (["new"] if replaced else [])


def test_an_error_comes_home_and_the_thread_goes_on(home):
    home.ask("bad", lambda _stop: 1 / 0)
    home.take()
    home.ask("good", lambda _stop: "done")
    home.take()
    assert isinstance(home.errors[0], ZeroDivisionError)
    assert home.results == ["done"]


def test_closing_ends_the_thread_and_takes_no_more_work(home):
    home.ask("one", lambda _stop: 1)
    home.take()
    home.background.close()
    home.ask("two", lambda _stop: 2)
    assert not home.background.busy
    assert not home.background._thread.is_alive()
