"""Weights from a server, a folder or a file: whole, resumed, checked; or one clear sentence."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import engine_kinds
import filelock
import pytest

from nodegraph import models as models_module
from nodegraph.cli import run_cli
from nodegraph.errors import Cancelled, WeightsError
from nodegraph.library import Library
from nodegraph.models import fetch_weights, import_weights, model_state, remove_weights, verify_weights
from nodegraph.progress import Progress
from nodegraph.weights import Weights, WeightsFile

ONE, TWO = b"first" * 700_000, b"second" * 10


class Server(ThreadingHTTPServer):
    """Serves files, as badly as it is told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"/one.bin": ONE, "/two.bin": TWO}
        self.asked = []
        self.hang_up_after = None
        self.ranges = True

    def handle_error(self, request, client_address):
        """A client that went away is meant."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, begin = self.server, 0
        wanted = self.headers.get("Range")
        server.asked.append((self.path, wanted))
        if self.path not in server.files:
            self.send_error(404)
            return
        data = server.files[self.path]
        if wanted and server.ranges:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        self.wfile.write(data[begin:][: server.hang_up_after])

    def log_message(self, *args):
        pass


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGROOVE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models" / "m"


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def weights(server=None, *, one=ONE, size=None, published=64, **more):
    host = f"http://127.0.0.1:{server.server_address[1]}" if server else ""
    files = tuple(
        WeightsFile(
            name,
            f"{host}/{name}" if host else "",
            len(data) if size is None else size,
            hashlib.sha256(data).hexdigest()[:published],
        )
        for name, data in (("one.bin", one), ("two.bin", TWO))
    )
    return Weights("m", "Does things.", files, "MIT", "its makers", **more)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_fetched_files_are_whole_and_here_and_not_fetched_again(server, folder):
    wanted, told = weights(server), []
    assert model_state(wanted).state == "missing"
    fetched = fetch_weights(wanted, progress=Progress(report=told.append))
    assert [path.name for path in fetched] == names(folder) == ["one.bin", "two.bin"]
    assert (folder / "one.bin").read_bytes() == ONE
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3
    assert model_state(wanted).state == "here"
    asked = len(server.asked)
    assert fetch_weights(wanted) == ()
    assert len(server.asked) == asked


def test_a_download_that_broke_off_goes_on_where_it_was(server, folder):
    server.hang_up_after = 1_200_000
    with pytest.raises(WeightsError, match=r"broke off after 1 MB of 4 MB\. Run again to go on"):
        fetch_weights(weights(server))
    assert names(folder) == ["one.bin.part"]
    assert model_state(weights(server)).state == "partly"
    assert "1 MB of 4 MB" in model_state(weights(server)).reason
    server.hang_up_after = None
    fetch_weights(weights(server))
    assert server.asked[1] == ("/one.bin", "bytes=1200000-")
    assert (folder / "one.bin").read_bytes() == ONE


def test_a_server_that_cannot_go_on_begins_anew(server, folder):
    folder.mkdir(parents=True)
    (folder / "one.bin.part").write_bytes(b"x" * 1000)
    server.ranges = False
    fetch_weights(weights(server))
    assert (folder / "one.bin").read_bytes() == ONE


@pytest.mark.parametrize("rest", [b"x" * (len(ONE) + 1), ONE])
def test_a_part_that_is_too_long_or_complete_is_no_trouble(server, folder, rest):
    folder.mkdir(parents=True)
    (folder / "one.bin.part").write_bytes(rest)
    fetch_weights(weights(server))
    assert (folder / "one.bin").read_bytes() == ONE


def test_a_part_as_long_as_a_file_of_unknown_length_is_loaded_anew(server, folder):
    folder.mkdir(parents=True)
    (folder / "two.bin.part").write_bytes(TWO)
    fetch_weights(weights(server, size=0))
    assert (folder / "two.bin").read_bytes() == TWO


def test_a_cancelled_download_is_kept_and_gone_on_with(server, folder):
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        fetch_weights(weights(server), progress=Progress(report=lambda share: cancel.set(), cancel=cancel))
    kept = (folder / "one.bin.part").stat().st_size
    assert 0 < kept < len(ONE)
    fetch_weights(weights(server))
    assert server.asked[1] == ("/one.bin", f"bytes={kept}-")


def test_another_file_than_the_catalogues_is_thrown_away(server, folder):
    with pytest.raises(WeightsError, match=r"one\.bin as it was loaded is another file .*thrown away"):
        fetch_weights(weights(server, one=b"other" * 700_000))
    assert names(folder) == []


def test_as_much_of_a_digest_as_is_published_is_compared(server, folder):
    fetch_weights(weights(server, published=8))
    assert model_state(weights(server, published=8)).state == "here"
    remove_weights(weights(server))
    with pytest.raises(WeightsError, match="is another file"):
        fetch_weights(weights(server, one=b"other" * 700_000, published=8))


def test_what_the_server_lacks_is_told_with_its_address_and_a_way_out(server):
    del server.files["/one.bin"]
    with pytest.raises(WeightsError, match=r"says 404 Not Found\..*models import one\.bin"):
        fetch_weights(weights(server))


def test_without_a_network_the_way_out_is_told():
    wanted = weights()
    files = tuple(WeightsFile(f.name, "http://127.0.0.1:9/x", f.size, f.sha256) for f in wanted.files)
    with pytest.raises(WeightsError, match=r"Connection refused.*regroove models import one\.bin"):
        fetch_weights(Weights("m", "", files, "MIT", ""))


@pytest.mark.parametrize("url", ["http://example.org/a", "file:///etc/passwd", "ftp://example.org/a"])
def test_only_https_is_asked(url):
    file = WeightsFile("a", url, 1, "00")
    with pytest.raises(WeightsError, match="it is no https address"):
        fetch_weights(Weights("m", "", (file,), "MIT", ""))


def test_a_full_disk_is_told_before_anything_is_asked(server, monkeypatch):
    usage = type("Usage", (), {"free": 65 << 20})
    monkeypatch.setattr(models_module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(WeightsError, match=r"m needs 4 MB, but .* has 68 MB left\. Free some disk"):
        fetch_weights(weights(server))
    assert server.asked == []


def test_two_at_once_do_not_mix_their_files(server, folder):
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / ".lock"), pytest.raises(WeightsError, match="by another Regroove"):
        # A lock of another object, as another process would have it.
        fetch_weights(weights(server))


def test_files_are_taken_from_a_folder_by_content_whatever_their_names(tmp_path, folder):
    place = tmp_path / "stick" / "deep"
    place.mkdir(parents=True)
    (place / "renamed").write_bytes(ONE)
    (place / "two.bin").write_bytes(TWO)
    (place / "other").write_bytes(b"none of it")
    taken = import_weights([weights()], tmp_path / "stick")
    assert sorted(path.name for path in taken) == names(folder) == ["one.bin", "two.bin"]
    assert (place / "renamed").exists()
    assert import_weights([weights()], tmp_path / "stick") == ()


def test_a_wrong_file_of_the_right_name_is_refused(tmp_path, folder):
    (tmp_path / "one.bin").write_bytes(b"?" * len(ONE))
    with pytest.raises(WeightsError, match=r"one\.bin is another file .* It was not taken\."):
        import_weights([weights()], tmp_path / "one.bin")
    assert model_state(weights()).state == "missing"


def test_a_folder_with_nothing_known_names_what_is_known(tmp_path):
    with pytest.raises(WeightsError, match=r"holds none of the files that are known: one\.bin, two\.bin"):
        import_weights([weights()], tmp_path)
    with pytest.raises(WeightsError, match="is not there"):
        import_weights([weights()], tmp_path / "nowhere")


def test_weights_without_an_address_can_only_be_imported():
    with pytest.raises(WeightsError, match="only imported: get it from its makers"):
        fetch_weights(weights())


def test_a_damaged_file_is_found_set_aside_and_fetched_anew(server, folder):
    fetch_weights(weights(server))
    assert verify_weights(weights(server)) == ()
    (folder / "one.bin").write_bytes(ONE[:-1] + b"?")
    (problem,) = verify_weights(weights(server))
    assert "kept as one.bin.damaged" in problem
    assert model_state(weights(server)).state == "partly"
    assert "one.bin was damaged" in model_state(weights(server)).reason
    fetch_weights(weights(server))
    assert names(folder) == ["one.bin", "two.bin"]
    assert verify_weights(weights(server)) == ()


def test_removed_weights_are_gone(server, folder):
    fetch_weights(weights(server))
    assert remove_weights(weights(server)) >= len(ONE) + len(TWO)
    assert not folder.exists()
    assert remove_weights(weights(server)) == 0


# --- the command line --------------------------------------------------------------------------------


@pytest.fixture
def command(server, capsys, tmp_path):
    kinds = engine_kinds.make_library()
    wts = WeightsFile("a.bin", f"http://127.0.0.1:{server.server_address[1]}/a.bin", 3, "ba7816bf")
    server.files["/a.bin"] = b"abc"
    known = (Weights("wts", "Adds.", (wts,), "CC BY-NC-SA 4.0", "", commercial=False), weights(server))
    library = Library(kinds.specs.values(), extras=kinds.extras.values(), weights=known)

    def run(*arguments):
        code = run_cli(library, tmp_path, list(arguments))
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_the_list_tells_size_licence_and_state(command):
    _, out, _ = command("models")
    assert "wts" in out
    assert "CC BY-NC-SA 4.0, non-commercial" in out
    command("models", "fetch", "m")
    _, out, _ = command("models", "list", "--json")
    states = {each["name"]: each["state"] for each in json.loads(out)["models"]}
    assert states == {"wts": "missing", "m": "here"}


def test_what_a_graph_needs_is_fetched(command, tmp_path):
    graph = {
        "format": "regroove.graph",
        "version": 1,
        "nodes": {"a": {"kind": "learned", "version": 1, "params": {"model": "wts"}}},
        "links": [],
    }
    (tmp_path / "g.json").write_text(json.dumps(graph))
    code, _, err = command("models", "fetch", "--for", str(tmp_path / "g.json"))
    assert code == 0, err
    assert "not for commercial use" in " ".join(err.split())
    assert Path(err.split("→ ")[1].strip()).read_bytes() == b"abc"


def test_verify_ends_with_an_error_if_anything_is_damaged(command, folder):
    command("models", "fetch", "m")
    assert command("models", "verify")[0] == 0
    (folder / "two.bin").write_bytes(b"?" * len(TWO))
    code, out, _ = command("models", "verify", "m")
    assert code == 3
    assert "two.bin is another file" in " ".join(out.split())


def test_unknown_names_are_told_with_those_that_are_known(command):
    code, _, err = command("models", "fetch", "nothing")
    assert code == 3
    assert "There are no weights called nothing. Known are: wts, m." in err
    assert "Name the weights to fetch" in command("models", "fetch")[2]


def test_import_and_remove(command, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    assert command("models", "import", str(tmp_path / "a.bin"))[0] == 0
    assert "1 kB freed" in command("models", "remove", "wts")[1]
    assert "was not here" in command("models", "remove", "wts")[1]
