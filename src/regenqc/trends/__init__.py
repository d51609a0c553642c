"""Judge a process against itself: series of results in the order of time, and what in them calls for a look.

A trend never changes a disposition. It raises a signal with a name, which a reviewer acknowledges.
"""
