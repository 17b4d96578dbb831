"""Change pods, Services, replicas and the Deployment."""
