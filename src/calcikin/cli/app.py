"""`calcikin app`: the explorer, a page in the browser served by this machine to itself."""

from __future__ import annotations

import webbrowser

import click

from calcikin.cli import complete, options
from calcikin.cli.notes import note
from calcikin.errors import InputError

__all__ = ["command"]


@click.command("app", epilog="Such as: calcikin app, or calcikin app acp_slurry --no-browser")
@click.argument("model", metavar="[MODEL]", default="t50_serum", shell_complete=complete.models)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; else a free one."
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@options.quiet_option
@options.debug_option
def command(model: str, port: int, no_browser: bool, quiet: bool) -> None:
    """Explore MODEL in the browser: sliders, mechanisms, linked plots.

    The page is served on this machine only, to itself; nothing leaves it. Ctrl-C ends it. MODEL is
    t50_serum, unless another name from 'calcikin models' or a model file (.toml) is given.
    """
    from calcikin.app import Explorer, Server

    try:
        server = Server(Explorer(options.load_model(model), model), port)
    except OSError as error:
        raise InputError(
            f"port {port} cannot be used: {error.strerror or error}",
            where=f"--port {port}",
            hint="leave --port out, and a free one is taken",
        ) from error
    with server:
        server.warm_up()
        click.echo(server.url)
        note("Ctrl-C ends it", quiet)
        if not no_browser and not webbrowser.open(server.url):
            note("no browser could be opened: open the address yourself", quiet)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            note("ended", quiet)
