"""What became of the patients: typed outcomes by pseudonym and dose, joined to lots, and shown so that no table points at a person.

`plan` what is to be reported by when · `records` reading · `doses` who received which lot · `follow_up` due and overdue ·
`joining` outcomes to lots · `associations` of quality attributes with outcome · `conditions` of an approval · `tables` that are
shown · `analysis` all of it · `output`, `report` files.
"""
