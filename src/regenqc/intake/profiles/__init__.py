"""Import profiles: what a laboratory's own columns, codes, words, units and numbers mean, declared and never guessed."""

from regenqc.intake.profiles.loading import list_profiles, load_profile, parse_profile
from regenqc.intake.profiles.model import Profile

__all__ = ["Profile", "list_profiles", "load_profile", "parse_profile"]
