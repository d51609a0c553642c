"""The reviewer's console: `regenqc serve`. Pages that work without JavaScript, and the JSON interface that a LIMS calls.

`settings` says where everything lies, `application` puts it together, `access` says who may do what, `store` holds what was
judged so that a queue opens at once, `pages` has one module for each screen and `api` one for each resource. No screen judges:
what it shows comes from the files of an evaluation, the decisions, the certificates and the ledger.
"""
