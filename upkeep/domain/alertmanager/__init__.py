"""What Alertmanager's configuration means: matchers, routes, time intervals."""
