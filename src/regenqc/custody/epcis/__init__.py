"""Exchange with others in EPCIS 2.0 and CBV 2.0."""
