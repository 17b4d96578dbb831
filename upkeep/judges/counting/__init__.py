"""Count: counters over a window, quantiles, ratios and slopes. Judges of several words use it."""
