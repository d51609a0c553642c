"""Webhooks: what happened, told to the systems that asked for it, signed, at least once, and in order for each lot.

`tables` holds subscriptions and what is to be delivered, `outbox` takes what happened, `watching` sees what happens outside the
console, `signing` signs as Standard Webhooks have it, `addresses` says whom the server may call, `sending` sends, `delivery`
does it again until it succeeds or the schedule ends.
"""
