"""`regenqc ledger witness`: have checkpoints cosigned, and cosign those of others, by file or over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import (
    HomeOption,
    Ledger,
    PolicyFile,
    open_log,
    read_file,
    read_policy,
    read_secret_key,
    seconds_now,
    write_file,
)
from regenqc.cli.ledger_screen import print_facts, print_line
from regenqc.errors import Fault

if TYPE_CHECKING:
    from regenqc.ledger import SignedCheckpoint
    from regenqc.ledger.witness import Witness

__all__ = ["app", "policy_command"]

app = typer.Typer(
    help="Two views of one log cannot both be cosigned: witnesses see to that.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

WitnessKey = Annotated[
    list[Path], typer.Option("--key", "-k", help="Secret key of the witness; several sign together.")
]
LogKey = Annotated[list[Path], typer.Option("--log", help="File with the public key of a log; several times.")]
Memory = Annotated[Path, typer.Option("--memory", help="Folder in which the witness remembers; never delete it.")]


@app.command("request")
def request_command(
    out: Annotated[Path, typer.Argument(help="File to send to the witness.")],
    old_size: Annotated[int, typer.Option("--old-size", help="Entries that the witness cosigned last.", min=0)] = 0,
    ledger: Ledger = "sqlite:///ledger.db",
) -> None:
    """Write a request to cosign the newest checkpoint.

    Example: regenqc ledger witness request to-hospital.request
    """
    from regenqc.ledger.witness_service import request_for_witness

    with open_log(ledger) as log:
        signed = log.latest_checkpoint()
        write_file(out, request_for_witness(log, signed, old_size=old_size), replace=True)
    print_line(f"A request for {signed.size:,} entries, from {old_size:,}, is written: {out}", good=True)


@app.command("answer")
def answer_command(
    request: Annotated[Path, typer.Argument(help="The request file of a log.")],
    key: WitnessKey,
    log: LogKey,
    memory: Memory,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to send back.")],
) -> None:
    """Cosign a checkpoint if it continues the last one cosigned for that log; refused otherwise, with code 5.

    Example: regenqc ledger witness answer to-hospital.request --key w.key --log log.pub --memory seen --out answer
    """
    from regenqc.errors import LedgerError

    answer = _witness(key, log, memory).answer(read_file(request), now=seconds_now())
    if answer.status == 200:
        write_file(out, answer.body, replace=True)
        print_line(f"Cosigned; the answer is written: {out}", good=True)
        return
    said = answer.body.decode(errors="replace").strip()
    is_size = answer.status == 409
    raise LedgerError(
        Fault(
            code="RQC-L070",
            what="The witness does not cosign this.",
            where=str(request),
            got=f"status {answer.status}" + ("" if is_size else f": {said}"),
            expected=f"a request from size {said}, the last one cosigned"
            if is_size
            else "a checkpoint that continues it",
            action="When it is a fork or a smaller log, keep the request as evidence and have both sides verified.",
        )
    )


@app.command("add")
def add_command(
    answer: Annotated[Path, typer.Argument(help="The answer file of a witness.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the cosigned checkpoint.")] = None,
) -> None:
    """Keep the cosignatures of an answer, beside the checkpoint that they are for.

    Example: regenqc ledger witness add from-hospital.answer --out cosigned.checkpoint
    """
    from regenqc.ledger import Log
    from regenqc.ledger.witness_service import keep_answer

    trust = read_policy(policy, home)
    with open_log(ledger):  # what is not there is not made
        pass
    with Log.open(ledger) as log:
        signed = keep_answer(log, read_file(answer), policy=trust)
    _tell(signed, out)


@app.command("ask")
def ask_command(
    url: Annotated[str, typer.Argument(help="Submission prefix of the witness, https://witness.example/.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the cosigned checkpoint.")] = None,
) -> None:
    """Have the newest checkpoint cosigned over HTTP (C2SP tlog-witness).

    Example: regenqc ledger witness ask https://witness.example/
    """
    from regenqc.ledger import Log
    from regenqc.ledger.witness_service import ask_witness

    trust = read_policy(policy, home)
    with open_log(ledger):  # what is not there is not made
        pass
    with Log.open(ledger) as log:
        signed = ask_witness(log, log.latest_checkpoint(), url, policy=trust)
    _tell(signed, out)


@app.command("serve")
def serve_command(
    key: WitnessKey,
    log: LogKey,
    memory: Memory,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 for any free one.")] = 8377,
) -> None:
    """Serve a witness over HTTP until it is stopped; put a proxy in front for TLS.

    Example: regenqc ledger witness serve --key w.key --log log.pub --memory seen
    """
    from regenqc.ledger.witness_service import WitnessServer

    witness = _witness(key, log, memory)
    with WitnessServer(witness, host=host, port=port, clock=seconds_now) as server:
        print_line(f"http://{host}:{server.server_port}/ cosigns as {', '.join(key.text for key in witness.keys)}")
        server.serve_forever()


def policy_command(
    log: Annotated[list[Path], typer.Option("--log", help="File with the public key of a log; several times.")],
    witness: Annotated[
        list[Path] | None, typer.Option("--witness", help="File with the public key of a witness; several times.")
    ] = None,
    least: Annotated[int | None, typer.Option("--least", help="How many must have cosigned; all of them.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it into this file; replaces one.")] = None,
) -> None:
    """Write down whom to believe: keys of logs, and how many of which witnesses must have cosigned.

    Example: regenqc ledger policy --log log.pub --witness hospital.pub --witness second-site.pub --least 1
    """
    from regenqc.ledger import Policy, parse_public_key

    logs, witnesses = (
        [parse_public_key(read_file(path).decode(errors="replace")) for path in paths] for paths in (log, witness or [])
    )
    text = Policy.of(logs, witnesses=witnesses, least=least).text
    if out is None:
        typer.echo(text, nl=False)
        return
    write_file(out, text.encode(), replace=True)
    print_line(f"The policy is written: {out}", good=True)


def _witness(keys: list[Path], logs: list[Path], memory: Path) -> Witness:
    from regenqc.ledger import CheckpointMemory, parse_public_key
    from regenqc.ledger.witness import Witness

    known = [parse_public_key(read_file(path).decode(errors="replace")) for path in logs]
    return Witness([read_secret_key(path) for path in keys], logs=known, memory=CheckpointMemory(memory))


def _tell(signed: SignedCheckpoint, out: Path | None) -> None:
    if out is not None:
        write_file(out, signed.encoded, replace=True)
    print_line(f"{signed.size:,} entries of {signed.origin} are cosigned.", good=True)
    print_facts([("signatures", ", ".join(found.name for found in signed.note.signatures)), ("written to", out)])
