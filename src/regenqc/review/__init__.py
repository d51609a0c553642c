"""The review of a product over a period: what was made, what failed, what drifts, what came back; no conclusion is drawn.

`headings` what such a review is expected to speak of · `lots` which lots, and what became of them · `failures` results outside their
limits · `after_release` what a ledger knows of their containers · `gathering` all of it · `content` as sections · `rendering` page and PDF.
"""
