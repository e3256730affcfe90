"""The service behind the page: HTTP on this machine only, JSON in and out.

It listens on 127.0.0.1. A page of another site that knows the port cannot use it: requests with
another name of the host (a rebound DNS name) or from another origin are refused, and what computes
wants JSON, which a form of another site cannot send.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, cast

from calcikin import __version__
from calcikin.app.answer import answer, look
from calcikin.app.composition import EntryError, command_line, controls, read
from calcikin.app.files import file_of
from calcikin.app.magnesium import Stale, magnesium_sweep
from calcikin.app.turns import Newest, Turns
from calcikin.errors import CalcikinError, InputError
from calcikin.simulate.model import Model
from calcikin.simulate.result import Result

__all__ = ["Explorer", "Server"]

LOOPBACK = "127.0.0.1"
#: A request with every input, setting and switch is about 2 kB.
MOST_BYTES = 65_536
#: Seconds after which a connection that says nothing is closed.
IDLE_S = 60
PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/explorer.css": ("explorer.css", "text/css; charset=utf-8"),
    "/explorer.js": ("explorer.js", "text/javascript; charset=utf-8"),
    "/plots.js": ("plots.js", "text/javascript; charset=utf-8"),
    "/lines.js": ("lines.js", "text/javascript; charset=utf-8"),
    "/flows.js": ("flows.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
HEADERS = {
    # plots place their tips by style attributes, and hand out pictures as blobs
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Explorer:
    """A model, and what the page may ask about it.

    Parameters
    ----------
    model : Model
    name : str
        Name or file of the model, as the command line takes it.
    """

    def __init__(self, model: Model, name: str) -> None:
        self.model, self.name = model, name
        self.turns, self.newest = Turns(), Newest()
        # The first sweep compiles the ensemble, which then makes single runs, too, in half the
        # time (T50 within 0.02 min); before that nobody shall wait for it.
        self.swift = False

    def about(self) -> dict[str, Any]:
        """What the page needs to draw itself, as plain data."""
        scenario = self.model.scenario
        return {
            "name": scenario.name,
            "title": scenario.title,
            "description": scenario.description,
            "source": scenario.source,
            "version": __version__,
            "look": look(),
            **controls(self.model),
        }

    def run(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One run, as the page shows it.

        Raises
        ------
        Stale
            When the page has asked again meanwhile.
        CalcikinError
        """
        model = read(self.model, asked)
        stale = self._ticket("run", asked)
        with self.turns.run():
            if stale():
                raise Stale
            return answer(model, self._simulate(model), self.name)

    def sweep(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """T50 over magnesium, as the page shows it.

        Raises
        ------
        Stale
        CalcikinError
        """
        model = read(self.model, asked)
        found = magnesium_sweep(model, self.turns.batch, self._ticket("sweep", asked))
        self.swift = self.swift or found is not None
        return {"sweep": found}

    def file(self, asked: Mapping[str, Any]) -> tuple[bytes, str, str]:
        """One run as a file: content, name, media type.

        Raises
        ------
        CalcikinError
        """
        model = read(self.model, asked)
        with self.turns.run():
            content, ending, media = file_of(_sound(model.simulate()), str(asked.get("kind")))
        return content, f"{self.model.name}.{ending}", media

    def command(self, asked: Mapping[str, Any]) -> str:
        """The command line of a run."""
        return command_line(read(self.model, asked), self.name)

    def _simulate(self, model: Model) -> Result:
        """A run, by the ensemble where that is ready and its run is sound.

        Raises
        ------
        CalcikinError
        """
        if self.swift:
            result = model.simulate(solver="ensemble")
            if result.ok:
                return result
        return _sound(model.simulate())

    def _ticket(self, what: str, asked: Mapping[str, Any]) -> Any:
        """A function that tells whether the page has asked for the same again."""
        page, number = asked.get("page"), asked.get("number")
        if not (isinstance(page, str) and len(page) <= 40 and isinstance(number, int)):
            return lambda: False
        for key in {f"{what} {page}", f"sweep {page}"}:  # a run gives up a sweep, too
            self.newest.came(key, number)
        key = f"{what} {page}"
        return lambda: self.newest.is_stale(key, number)


def _sound(result: Result) -> Result:
    """The result, when it can be trusted.

    Raises
    ------
    InputError
        With the reason in chemical words.
    """
    if result.ok:
        return result
    raise InputError(
        f"the run is not sound ({result.status.word}): {result.reason}",
        where="run",
        hint="come closer to usual values",
    )


class Server(ThreadingHTTPServer):
    """The page and its service on a port of this machine.

    Parameters
    ----------
    explorer : Explorer
    port : int
        0 takes a free one.

    Raises
    ------
    OSError
        When the port is taken.
    """

    daemon_threads = True

    def __init__(self, explorer: Explorer, port: int = 0) -> None:
        self.explorer = explorer
        super().__init__((LOOPBACK, port), Handler)

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    @property
    def hosts(self) -> set[str]:
        """Names under which a browser on this machine reaches the page."""
        return {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}

    def warm_up(self) -> threading.Thread:
        """Compile and run the model once in the background, so that the page need not wait."""
        thread = threading.Thread(target=self._first_run, daemon=True)
        thread.start()
        return thread

    def _first_run(self) -> None:
        # what is wrong with the model, the page says when it asks for its first run
        with self.explorer.turns.run(), suppress(CalcikinError):
            self.explorer.model.simulate()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection early is no error worth a traceback."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a browser."""

    protocol_version = "HTTP/1.1"
    server_version = f"calcikin/{__version__}"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = IDLE_S

    @property
    def _server(self) -> Server:
        return cast(Server, self.server)

    def do_GET(self) -> None:
        """Hand out the page, its parts, and what it needs to know at the start."""
        if not self._from_here():
            return
        path = self.path.partition("?")[0]
        if path in PAGE:
            name, media = PAGE[path]
            self._send(files("calcikin.app").joinpath("page", name).read_bytes(), media)
        elif path == "/api/model":
            self._json(self._server.explorer.about())
        else:
            self._json({"error": {"what": "there is no such page"}}, HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Compute."""
        if not self._from_here():
            return
        explorer = self._server.explorer
        calls = {"/api/run": explorer.run, "/api/sweep": explorer.sweep}
        try:
            asked = self._asked()
            if self.path in calls:
                self._json(calls[self.path](asked))
            elif self.path == "/api/file":
                content, name, media = explorer.file(asked)
                self._send(content, media, name=name)
            else:
                self._json({"error": {"what": "there is no such call"}}, HTTPStatus.NOT_FOUND)
        except Stale:
            self._json({"stale": True}, HTTPStatus.CONFLICT)
        except CalcikinError as error:
            said = {"what": error.what, "where": error.where, "hint": error.hint}
            said["field"] = error.field if isinstance(error, EntryError) else ""
            self._json({"error": said}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except ConnectionError:
            self.close_connection = True
        except Exception as error:
            said = {"what": f"something unexpected happened: {type(error).__name__}: {error}"}
            self._json({"error": said}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _from_here(self) -> bool:
        """Whether a request is for this page, from this page; answers it otherwise."""
        origin = self.headers.get("Origin")
        good = self.headers.get("Host") in self._server.hosts and (
            origin is None or origin.removeprefix("http://") in self._server.hosts
        )
        if not good:
            self.close_connection = True
            said = {"what": "this service answers its own page only"}
            self._json({"error": said}, HTTPStatus.FORBIDDEN)
        return good

    def _asked(self) -> dict[str, Any]:
        """The body of a request.

        Raises
        ------
        InputError
            When it is no JSON object, or too long.
        """
        length = self.headers.get("Content-Length", "")
        media = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if not length.isdecimal() or int(length) > MOST_BYTES or media != "application/json":
            self.close_connection = True  # what was not read would be taken for the next request
            raise InputError(
                "the request is not JSON of a plausible length",
                where="request",
                hint=f"application/json with a length, at most {MOST_BYTES} bytes",
            )
        body = self.rfile.read(int(length))
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise InputError("the request is no JSON", where="request") from error
        if not isinstance(asked, dict):
            raise InputError("the request is no JSON object", where="request")
        return asked

    def _json(self, content: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        body = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
        self._send(body, "application/json", status=status)

    def _send(
        self,
        body: bytes,
        media: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        name: str | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if name is not None:
            self.send_header("Content-Disposition", f'attachment; filename="{name}"')
        for header, value in HEADERS.items():
            self.send_header(header, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet."""
