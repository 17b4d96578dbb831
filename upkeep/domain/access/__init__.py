"""What RBAC grants, who can read and who writes a Secret, and what looks like a credential."""
