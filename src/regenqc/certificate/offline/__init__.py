"""What checks a certificate without anything of regenqc installed: the standard library and `cryptography`.

Nothing here imports the rest of regenqc but its errors and the proofs of the ledger, which keep to the same two. From
these modules the single file is put together that a hospital can keep.
"""
