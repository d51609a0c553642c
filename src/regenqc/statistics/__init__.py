"""Statistics of release tests: pure functions over numbers and arrays, every distribution from SciPy.

`poisson` rare events in an amount tested · `binomial` proportions · `sampling` lots that are not endless · `mosaicism`
metaphases · `conformance` uncertainty and guard bands · `tolerance` tolerance factors · `capability` Ppk and its refusals ·
`control_charts` individuals, EWMA, CUSUM · `run_rules` Western Electric and Nelson · `censored` a normal distribution partly
out of sight · `comparison` groups by rank, many at once · `association` how one quantity goes with another · `disclosure` counts of
few people · `temperature` mean kinetic temperature · `endotoxin` limits and
dilutions · `planning` how much to test · `curves` the same as points to draw. What all of them ask of their arguments is said in `domain`; how they decline, in `refusal`.

The rooms are imported by name, because some functions of different rooms have one name:

>>> from regenqc.statistics import binomial, poisson
>>> round(binomial.detection_probability(0.05, trials=59), 4), round(poisson.detection_probability(0.05, amount=59), 4)
(0.9515, 0.9477)
"""
