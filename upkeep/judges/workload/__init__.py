"""Judge the Deployment, its pods, and how they are reached."""
