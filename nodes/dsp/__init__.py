"""Arrays in, arrays out: the signal processing under the nodes. No node lives here."""
