"""Judge the installed version and its upgrade."""
