"""Where the runner remembers: one contract, an adapter per place, one suite over all."""
