"""The judges, each with records made by hand: what passes, what fails, and what cannot be judged."""
