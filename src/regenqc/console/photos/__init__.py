"""Codes out of photos, for browsers that read none themselves; no photo is kept.

`symbols` looks at a picture in a process of its own, `reading` says what the codes in it mean, `fields` puts them where they
belong in a form.
"""
