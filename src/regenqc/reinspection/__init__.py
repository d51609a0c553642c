"""At the hospital: what arrives is inspected again, and nothing reaches a patient that any condition forbids.

`gate` answers go or no-go from the ledger alone.
"""
