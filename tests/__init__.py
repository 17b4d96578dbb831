"""The suite's own tests: they mirror ``upkeep/``, and prove every check three ways."""
