"""Chain of custody, identity and condition of every item: events, rules, and the answers that follow from them."""
