"""What was judged, indexed so that a queue and a lot open at once; the files of the evaluation stay the record."""
