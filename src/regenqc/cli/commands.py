"""The commands of `regenqc`. A list of them needs a line of each; only the one that is named is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["COMMANDS", "Commands", "import_command"]

# Where each stands in `regenqc.cli`, and the first paragraph of its help.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "evaluate": (
        "evaluate.evaluate_command",
        "Judge every batch of an export against versioned specifications.",
    ),
    "decide": (
        "decide.decide_command",
        "Decide about a batch: exceptions first, then the checklist, then your signature.",
    ),
    "sign": (
        "decide.sign_command",
        "Give the next signature to a decision that somebody else prepared: a review, or the second release.",
    ),
    "audit": (
        "audit.audit_command",
        "Show the audit trail of a lot: decisions, signatures, results changed after entry, failed attempts.",
    ),
    "demo": (
        "demo.demo_command",
        "Judge the sample lots, decide, sign and certify, and follow one lot from donation to follow-up.",
    ),
    "simulate": (
        "simulate.simulate_command",
        "Make the export of a synthetic hiPSC-derived product with every kind of trouble planted, and the truth about it.",
    ),
    "classify": (
        "classify.classify_command",
        "Say which track and risk class the tables of five jurisdictions give for a product. Indicative only.",
    ),
    "obligations": (
        "obligations.obligations_command",
        "List retention, reports, follow-up and duties on receipt of a track. Indicative only.",
    ),
    "certify": (
        "certify.certify_command",
        "Issue a certificate for every signed decision: a sealed record (JSON) and its pages (PDF/A-3b, signed).",
    ),
    "verify": (
        "verify.verify_command",
        "Check certificates offline: signature, seal, signers, dates, ledger, standing, and the pages made again.",
    ),
    "certificate": (
        "certificate.app",
        "Keys of issuers, the single-file verifier, pictures, and what a certificate states.",
    ),
    "people": ("people.app", "People who sign: enrolment, roles, keys, attempts."),
    "console": ("accounts.app", "Accounts, keys of service accounts and the journal of the console."),
    "ledger": (
        "ledger.app",
        "Record, verify, checkpoint, prove, witness, export: a chain of custody that can be believed.",
    ),
    "trace": (
        "trace.app",
        "Answer from a ledger: what came of it, what it came from, who held it, what it went through; and prove it.",
    ),
    "reinspect": ("reinspect.app", "Re-inspect what arrives at the hospital: form, judge, decide."),
    "gate": (
        "gate.gate_command",
        "Answer go or no-go for one dose at the bedside, with every reason, from the ledger alone.",
    ),
    "aftermath": (
        "aftermath.app",
        "Whom a late failure or a recall reaches, who is told by when, which follow-up is due.",
    ),
    "trend": (
        "trend.trend_command",
        "Chart a history of results and name what calls for a look. Signals change no disposition.",
    ),
    "review": (
        "review.review_command",
        "Gather a product quality review from evaluations and trends: page and PDF. It draws no conclusion.",
    ),
    "outcomes": (
        "outcomes.app",
        "What became of the patients: lots joined to outcomes, visits due, conditions of an approval.",
    ),
    "serve": (
        "serve.serve_command",
        "Open the console for a browser: queue, lots, decisions, certificates.",
    ),
    "plan": ("plan.app", "Say how much to test, before testing: metaphases, supernatant, cells, containers."),
    "pull": ("pull.app", "Fetch results out of a LIMS."),
    "profile": ("profile.app", "Describe laboratories' exports."),
    "spec": ("spec.app", "Work on specifications."),
}


class Commands(TyperGroup):
    """All commands by name; whichever is called is imported then."""

    def __init__(self, *, commands: object = None, **settings: Any) -> None:
        """Hold a line of each command in place of `commands`."""
        del commands
        listed = {name: TyperCommand(name, help=first) for name, (_, first) in COMMANDS.items()}
        super().__init__(commands=dict(listed), **settings)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that is called, with its options."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, import_command(name) if name in COMMANDS else command, rest


def import_command(name: str) -> Any:
    """Return a command with its options.

    Args:
        name: one of `COMMANDS`.

    Example:
        >>> import_command("evaluate").name
        'evaluate'
    """
    module, _, attribute = COMMANDS[name][0].partition(".")
    found = getattr(import_module(f"regenqc.cli.{module}"), attribute)
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.callback()(lambda: None)  # with it, an app of one command stays a group
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name)(found)
    group = typer.main.get_group(app)
    return group.commands[name]
