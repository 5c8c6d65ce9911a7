"""The command line: the window’s services without Qt. Each command loads what it needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desktop.commands.services import Services
    from desktop.commands.terminal import Terminal

Command = Callable[[argparse.Namespace, "Services", "Terminal"], int]

_FAILED, _BAD_ARGUMENTS, _INTERRUPTED, _READER_GONE = 1, 2, 130, 141

_EXAMPLES = """\
examples:
  python main.py                       open the window
  python main.py ask "Why is the sky blue?"
  python main.py ask - < question.txt
  python main.py models add ~/Downloads/model.gguf
  python main.py key set xidao
  python main.py doctor
"""


def main(arguments: Sequence[str], services: Services | None = None) -> int:
    """Run one command and return its exit code.

    0 success, 1 an error (in one line on standard error), 2 bad arguments, 130 after Ctrl-C, 141 when
    whoever reads the output has gone. Raises SystemExit for `--help` and bad arguments.
    """
    options = _parser().parse_args(arguments)
    try:
        return _run(options.command, options, services)
    except BrokenPipeError:
        from desktop.commands.terminal import silence

        silence(sys.stdout)
        return _READER_GONE
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(command: Command, options: argparse.Namespace, services: Services | None) -> int:
    from desktop.commands.terminal import Terminal
    from models.errors import AppError

    terminal = Terminal()
    try:
        return command(options, services or _usual_services(), terminal)
    except AppError as error:
        terminal.note(error.one_line())
        return _FAILED
    except KeyboardInterrupt:
        terminal.end_lines()
        return _INTERRUPTED


def _usual_services() -> Services:
    from desktop.commands.services import services_of
    from desktop.system import crash

    services = services_of(os.environ)
    crash.install(services.paths.crash_log)
    return services


def _ask(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import ask, leaving
    from desktop.commands.flags import given
    from desktop.commands.question import Question
    from models.chat import Thinking
    from models.route import Mode, Preference
    from models.ways_on import Kind

    question = Question(
        text=options.text,
        model=options.model,
        mode=Mode(options.mode),
        privacy=leaving.CLASSES.get(options.privacy),
        thinking=Thinking(options.thinking),
        options=given(options),
        as_json=options.json,
        images=tuple(options.image),
        over_budget=Kind(options.over_budget) if options.over_budget else None,
        prefer=Preference(options.prefer) if options.prefer else None,
    )
    return ask.run(question, services, terminal)


def _list(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import library

    return library.list_models(services, terminal, as_json=options.json, everything=options.all)


def _add(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from pathlib import Path

    from desktop.commands import library

    return library.add_model(Path(options.file), options.how, services, terminal, as_json=options.json)


def _show(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import library

    return library.show_model(options.id, services, terminal, as_json=options.json)


def _remove(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import library

    return library.remove_model(options.id, services, terminal, as_json=options.json, delete=options.delete)


def _download(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import download

    wanted = download.Wanted(options.model, options.file, tuple(options.endpoint or ()), options.limit)
    return download.run(wanted, services, terminal, as_json=options.json)


def _verify(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import verify

    return verify.run(options.id, services, terminal, as_json=options.json)


def _discover(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import discover

    return discover.run(services, terminal, as_json=options.json)


def _licences(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import licences

    return licences.list_licences(services, terminal, form=options.form)


def _accept(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import licences

    return licences.accept(
        options.id, options.use, services, terminal, as_json=options.json, endpoints=options.endpoint or ()
    )


def _doctor(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import doctor

    return doctor.run(services, terminal, as_json=options.json)


def _key(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import keys

    return keys.run(options, services, terminal)


def _usage(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import usage
    from desktop.storage.usage_values import Span

    by = usage.By(options.by) if options.by else None
    wanted = usage.Wanted(Span(options.period), options.model, by, options.form)
    return usage.run(wanted, services, terminal)


def _reconcile(options: argparse.Namespace, services: Services, terminal: Terminal) -> int:
    from desktop.commands import reconcile

    asked = reconcile.Asked(
        options.file,
        options.provider,
        options.currency or "",
        tuple(options.column),
        options.window,
        options.form,
        options.settle,
    )
    return reconcile.run(asked, services, terminal)


# -- the words and their options


class _Parser(argparse.ArgumentParser):
    """Takes options by their whole names only, those of commands too: a new one must not break a script."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"allow_abbrev": False})


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="main.py",
        description="Inshore answers on your own machine first. Without a command the window opens.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_ask(commands)
    _add_models(commands)
    doctor = commands.add_parser("doctor", help="what this machine offers, what is wrong and what to do")
    _finish(doctor, _doctor)
    _add_usage(commands)
    _add_key(commands)
    return parser


def _add_ask(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from desktop.commands.flags import add_sampling

    ask = commands.add_parser("ask", help="ask one question")
    ask.add_argument("text", metavar="TEXT", type=_question, help="the question; - reads standard input")
    ask.add_argument("--model", metavar="ID", help="a model of “models list”; else your default model")
    ask.add_argument("--thinking", choices=("off", "on", "auto"), default="auto")
    ask.add_argument(
        "--thinking-budget", metavar="N", type=_whole(0, 1_000_000), help="answer after N tokens of thinking"
    )
    ask.add_argument("--mode", choices=("local", "hybrid", "cloud"), default="local")
    ask.add_argument(
        "--prefer", choices=("thrifty", "balanced", "best"), help="what counts in the hybrid mode"
    )
    ask.add_argument("--privacy", choices=("here", "ask", "out"), help="else as the settings have it")
    ask.add_argument(
        "--max-tokens", metavar="N", type=_whole(1, 1_000_000), help="end the answer after N tokens"
    )
    ask.add_argument("--temperature", metavar="T", type=_temperature, help="0 (always the likeliest) to 5")
    ask.add_argument("--seed", metavar="N", type=_whole(0, 2**32 - 1), help="the same seed, the same answer")
    ask.add_argument(
        "--image",
        metavar="FILE",
        action="append",
        default=[],
        help="a PNG or JPEG to ask about, without its metadata; can be repeated",
    )
    ask.add_argument(
        "--over-budget",
        choices=("shorten", "local", "raise"),
        help="where it does not fit into a budget: limit the answer, answer here, or pass it this once",
    )
    add_sampling(ask)
    _finish(ask, _ask)


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", help="list, add, download, show, verify and remove models")
    words = models.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = words.add_parser("list", help="all installed models, the default first")
    listing.add_argument(
        "--all", action="store_true", help="the catalogue’s, too, and how they would do here"
    )
    _finish(listing, _list)
    add = words.add_parser("add", help="use a GGUF file where it lies, or copy or move it here")
    add.add_argument("file", metavar="FILE")
    ways = add.add_mutually_exclusive_group()
    for way, text in (("copy", "copy it into Inshore’s folder"), ("move", "move it there")):
        ways.add_argument(
            f"--{way}", action="store_const", dest="how", const=way, default="in place", help=text
        )
    _finish(add, _add)
    for name, command, text in (
        ("show", _show, "what is known of a model"),
        ("remove", _remove, "forget a model; its file stays"),
        ("verify", _verify, "hash a model’s files again and compare"),
    ):
        word = words.add_parser(name, help=text)
        word.add_argument("id", metavar="ID")
        if name == "remove":
            word.add_argument(
                "--delete", action="store_true", help="delete what Inshore downloaded of it, too"
            )
        _finish(word, command)
    _add_licences(words)
    _add_download(words)
    _finish(words.add_parser("discover", help="models of other programs on this machine"), _discover)


def _add_download(words: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    download = words.add_parser("download", help="bring a model from a hub; again to go on")
    download.add_argument(
        "model",
        metavar="REPO[/FILE]",
        help="such as owner/name or owner/name/file.gguf, or an id of “list --all”",
    )
    download.add_argument(
        "--file", metavar="PATTERN", help="which of its files, such as *Q4_K_M*; with an id such as Q4_K_M"
    )
    download.add_argument(
        "--endpoint", metavar="URL", action="append", help="another hub; repeated, the next if one fails"
    )
    download.add_argument(
        "--limit", metavar="KB", type=_whole(1, 10**9), help="take no more than so many kilobytes a second"
    )
    _finish(download, _download)


def _add_licences(words: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    licences = words.add_parser("licences", help="which models, which licences, accepted when and for what")
    forms = licences.add_mutually_exclusive_group()
    for form, text in (("json", "for programs"), ("csv", "for a spreadsheet"), ("markdown", "to read")):
        forms.add_argument(f"--{form}", action="store_const", dest="form", const=form, help=text)
    licences.set_defaults(command=_licences, form="text")
    accept = words.add_parser("accept", help="show a model's licence and record that you accept it")
    accept.add_argument("id", metavar="ID", help="a model's id, or its repository at the hub")
    accept.add_argument(
        "--endpoint", metavar="URL", action="append", help="another hub, for a repository as ID"
    )
    accept.add_argument("--use", metavar="TEXT", required=True, help="what the model is to be used for")
    _finish(accept, _accept)


def _add_key(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    key = commands.add_parser("key", help="keep, show and remove the keys for gateways")
    words = key.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="word")
    given = words.add_parser("set", help="keep a key in the system's keyring; it is asked for, or piped in")
    given.add_argument("--add", action="store_true", help="beside the keys that are there, not instead")
    status = words.add_parser("status", help="whether there are keys, and where")
    clear = words.add_parser("clear", help="remove a gateway's keys from the keyring")
    for word, number in ((given, None), (status, "?"), (clear, None)):
        word.add_argument("provider", metavar="PROVIDER", nargs=number, help="such as xidao")
        if word is not status:  # to be told that a key does not belong here, without repeating it
            word.add_argument("rest", nargs="*", default=[], help=argparse.SUPPRESS)
        _finish(word, _key)


def _add_usage(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    usage = commands.add_parser("usage", help="what was used and what it cost")
    usage.add_argument("--period", choices=("today", "7days", "month", "all"), default="all")
    usage.add_argument(
        "--by", choices=("day", "model", "conversation", "place"), help="sums for each of them"
    )
    usage.add_argument("--model", metavar="ID", help="of one model only")
    _add_forms(usage)
    usage.set_defaults(command=_usage, form="text")
    words = usage.add_subparsers(title="commands", metavar="COMMAND")
    _add_reconcile(words)


def _add_reconcile(words: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    reconcile = words.add_parser("reconcile", help="compare a gateway’s own statement, a CSV file, with this")
    reconcile.add_argument("file", metavar="FILE")
    reconcile.add_argument("--provider", metavar="ID", help="the gateway it is from, such as xidao")
    reconcile.add_argument("--currency", metavar="CNY", help="of its costs, where it does not say")
    reconcile.add_argument(
        "--column",
        metavar="WHAT=HEADING",
        action="append",
        default=[],
        help="request, time, model, prompt, completion, cost or currency, where it is not guessed right",
    )
    reconcile.add_argument(
        "--window", metavar="S", type=_whole(0, 86_400), default=120, help="how far times may differ"
    )
    reconcile.add_argument(
        "--settle",
        action="store_true",
        help="enter the statement’s figures where ours are estimated or were left open by a crash",
    )
    _add_forms(reconcile)
    reconcile.set_defaults(command=_reconcile, form="text")


def _add_forms(parser: argparse.ArgumentParser) -> None:
    forms = parser.add_mutually_exclusive_group()
    for form, text in (("json", "for programs"), ("csv", "for a spreadsheet")):
        forms.add_argument(f"--{form}", action="store_const", dest="form", const=form, help=text)


def _finish(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.add_argument("--json", action="store_true", help="for programs: JSON, one object a line")
    parser.set_defaults(command=command)


def _question(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the question is empty")
    return text


def _whole(smallest: int, largest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        digits = text if text.isascii() and text.isdigit() and len(text) <= 20 else "-1"
        if not smallest <= int(digits) <= largest:
            raise argparse.ArgumentTypeError(f"give a whole number from {smallest} to {largest}")
        return int(digits)

    return number


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 5:  # also where it isn't a number
        raise argparse.ArgumentTypeError("give a number from 0 to 5")
    return value
