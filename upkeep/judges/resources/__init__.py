"""Judge usage, limits and forecasts."""
